"""What is wrong with a document that is not strictly JSON, in plain words out of those of the parsers."""

from __future__ import annotations

import re
from json import JSONDecodeError

NOT_JSON = "is not JSON"
CUT_OFF = "is cut off"
NOT_UTF8 = "is not in UTF-8"
GOES_ON = "goes on after its end"
TOO_DEEP = "is nested too deeply"
NO_NUMBER = "holds a number that is none"
TOO_LARGE = "holds a number that is too large"
HALF = "holds half a character"

#: What yajl says, and what that means.
_OF_YAJL = (
    (re.compile(r"premature EOF|Incomplete JSON"), CUT_OFF),
    (re.compile(r"invalid bytes in UTF8|codec can't decode"), NOT_UTF8),
    (re.compile(r"overflow|digits"), TOO_LARGE),
    (re.compile(r"trailing garbage|Additional data"), GOES_ON),
    (re.compile(r"invalid char in json text(?s:.)*(?:NaN|Infinity)"), NO_NUMBER),
)


class NotStrictError(ValueError):
    """JSON that could be read in two ways, or not at all.

    Its text is a reason in plain words, of which there are few; `what` may say more of this document.
    """

    def __init__(self, reason: str, what: str = "") -> None:
        super().__init__(reason)
        self.what = what or reason


def of_yajl(error: Exception) -> str:
    """Why a stream ended early; yajl shows what stands there."""
    return next((fault for pattern, fault in _OF_YAJL if pattern.search(str(error))), NOT_JSON)


def of_json(error: Exception) -> str:
    """Why a text could not be loaded."""
    match error:
        case RecursionError():
            return TOO_DEEP
        case UnicodeDecodeError():
            return NOT_UTF8
        case UnicodeEncodeError():
            return HALF
        case JSONDecodeError():
            if error.msg.startswith("Extra data"):
                return GOES_ON
            ended = error.msg.startswith("Unterminated string") or not error.doc[error.pos :].strip()
            return CUT_OFF if ended and error.doc.strip() else NOT_JSON
    return TOO_LARGE  # Python's limit of digits


def twice(key: str) -> NotStrictError:
    """That a key stands twice in one object."""
    return NotStrictError("has a key twice", f"has the key {key[:40]} twice")
