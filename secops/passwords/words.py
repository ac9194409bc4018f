"""The words a password is built around: of an account, of its host, of its organisation. Chinese becomes pinyin."""

from __future__ import annotations

import re
from collections.abc import Iterable

#: Words of one account or host that are used; GECOS fields and host names may be hostile.
_MOST_WORDS, _LONGEST = 12, 40

_HAN = re.compile(r"[\u3400-\u9fff]{1,40}")
_LATIN = re.compile(r"[A-Za-z][A-Za-z0-9]*|[0-9]{3,}")
#: What may stand before the vowel of a pinyin syllable; the longer ones first.
_SYLLABLE = re.compile(
    r"(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?"
    r"(?:iang|iong|uang|ang|eng|ing|ong|iao|ian|uai|uan|ai|ei|ao|ou|an|en|in|un|ia|ie|iu|ua|ue|ui|uo|er|[aeiouv])"
)


def of_user(name: str) -> list[str]:
    """A login name, without its digits, its parts; of pinyin also initials and given name: `zhangwei` → zw, wei."""
    low = name.lower()
    bare = re.sub(r"[0-9]+$", "", low)
    spoken = syllables(bare)
    pinyin = ["".join(s[0] for s in spoken), "".join(spoken[1:])] if spoken else []
    return _distinct([low, bare, *re.split(r"[^a-z0-9]+", low), *pinyin])


def of_gecos(text: str) -> list[str]:
    """The words of a comment field: the person's name, then room, telephone and the like."""
    return _distinct(word for field in text[:200].split(",") for word in of_text(field))


def of_text(text: str) -> list[str]:
    """The words of a person's or an organisation's name: Latin ones, and Chinese as pinyin and its initials."""
    found: list[str] = []
    for han in _HAN.findall(text[:200]):
        found += of_chinese(han)
    latin = [word.lower() for word in _LATIN.findall(text[:200])]
    if 1 < len(latin) < 4:  # a person's name: both orders
        given = [syllable for word in latin[1:] for syllable in syllables(word, least=1)]
        spoken = "".join(given) == "".join(latin[1:]) and syllables(latin[0], least=1)
        found += _of_name(latin[0], given) if spoken else ["".join(latin), "".join(reversed(latin))]
    return _distinct([*found, *latin])


def of_phrase(text: str) -> list[str]:
    """A word of an organisation: pinyin and its initials of a Chinese one, a Latin one as it is."""
    han = [form for each in _HAN.findall(text[:200]) for form in of_chinese(each)[:2]]
    return _distinct(han or _LATIN.findall(text[:200].lower()))


def of_chinese(text: str) -> list[str]:
    """The pinyin of a name or a word, in the forms that stand in passwords."""
    from pypinyin import Style, lazy_pinyin  # heavy: only where there is Chinese

    first, *given = lazy_pinyin(text, style=Style.NORMAL, v_to_u=False, errors="ignore") or [""]
    return _of_name(first, given)


def _of_name(first: str, given: list[str]) -> list[str]:
    """Full pinyin, its initials, surname with initials, given name: 张晓伟 → zhangxiaowei zxw zhangxw xiaowei."""
    letters = "".join(s[0] for s in given)
    words = [first + "".join(given), first[:1] + letters, first + letters]
    if len(given) in (1, 2):  # may be a person's name
        words += ["".join(given), "".join(given) + first, letters + first]
    return _distinct(words)


def of_host(names: Iterable[str]) -> list[str]:
    """The host's own name and its parts, without numbers: `db01.health.gov.cn` → db01, db, health."""
    found: list[str] = []
    for name in names:
        first, *rest = name.lower().split(".")[:3]
        found += [first, re.sub(r"[0-9]+$", "", first), *re.split(r"[^a-z]+", first), *rest]
    return _distinct(word for word in found if word not in ("localhost", "localdomain", "com", "gov", "org", "net"))


def syllables(word: str, *, least: int = 2) -> list[str]:
    """The syllables of a word that is pinyin through and through (`least` to 6 of them); else none."""
    found = _SYLLABLE.findall(word)
    return found if least <= len(found) <= 6 and "".join(found) == word else []


def _distinct(words: Iterable[str]) -> list[str]:
    usable = (word for word in words if 2 <= len(word) <= _LONGEST and word.isprintable())
    return list(dict.fromkeys(usable))[:_MOST_WORDS]
