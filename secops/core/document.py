"""A document for programs, that is also safe to look at."""

from __future__ import annotations

import json
import sys
from typing import Any


def show_document(value: Any) -> None:
    """Print a value as indented JSON; characters that a terminal would obey or hide are escaped as JSON allows."""
    import msgspec

    from secops.core.inert import replace_hidden

    text = msgspec.json.format(msgspec.json.encode(value, order="deterministic"), indent=1).decode()
    sys.stdout.write(replace_hidden(text, lambda char: json.dumps(char)[1:-1]) + "\n")
