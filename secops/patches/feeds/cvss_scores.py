"""Base scores of CVSS vectors (https://www.first.org/cvss/), of versions 2, 3 and 4."""

from __future__ import annotations

from functools import lru_cache

_LONGEST = 200


@lru_cache(1 << 14)  # many packages share one vector
def base(vector: str) -> float | None:
    """The base score of a vector; None when it is none."""
    from cvss import CVSS2, CVSS3, CVSS4
    from cvss.exceptions import CVSSError

    if len(vector) > _LONGEST:
        return None
    kind = CVSS4 if vector.startswith("CVSS:4") else CVSS3 if vector.startswith("CVSS:3") else CVSS2
    try:
        return float(kind(vector).base_score)
    except CVSSError:
        return None
