"""Numbers of any length, as text in the order of their values."""

from __future__ import annotations


def number(digits: str) -> str:
    """The order of a run of ASCII digits: its length without leading zeros, then the digits. No digits are a zero.

    It begins with one of `1` … `9`, or for ten digits and more with `:`, which comes next in ASCII.
    """
    digits = digits.lstrip("0") or "0"
    length = str(len(digits))
    return ":" * (len(length) - 1) + length + digits
