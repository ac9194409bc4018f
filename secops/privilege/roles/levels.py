"""Levels of rights: the three administrators whom MLPS keeps apart (三员), operators, viewers."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum

from secops.core.content import Text


class Level(StrEnum):
    """What somebody may do on a host, the most first. Content may name them in Chinese, see `SYNONYMS`."""

    SYSTEM = "system"
    SECURITY = "security"
    AUDIT = "audit"
    OPERATOR = "operator"
    VIEWER = "viewer"

    @classmethod
    def _missing_(cls, value: object) -> Level | None:
        return SYNONYMS.get(str(value))

    @property
    def text(self) -> Text:
        """The level as people call it."""
        return _TEXTS[self]


#: A pair of duties that one person must not hold.
Pair = frozenset[Level]

SYNONYMS = {
    "系统管理员": Level.SYSTEM, "系统管理": Level.SYSTEM,
    "安全管理员": Level.SECURITY, "安全管理": Level.SECURITY, "安全保密管理员": Level.SECURITY,
    "审计管理员": Level.AUDIT, "审计管理": Level.AUDIT, "安全审计员": Level.AUDIT, "审计员": Level.AUDIT,
    "操作员": Level.OPERATOR, "运维员": Level.OPERATOR,
    "查看员": Level.VIEWER, "只读用户": Level.VIEWER,
}  # fmt: skip

_TEXTS = {
    Level.SYSTEM: Text("system administrator", "系统管理员"),
    Level.SECURITY: Text("security administrator", "安全管理员"),
    Level.AUDIT: Text("audit administrator", "审计管理员"),
    Level.OPERATOR: Text("operator", "操作员"),
    Level.VIEWER: Text("viewer", "查看员"),
}

#: 三员分立: GB/T 22239-2019, 8.1.5.1 to 8.1.5.3, knows three administrators; no two of them are one person.
SEPARATE = frozenset(
    {
        frozenset({Level.SYSTEM, Level.SECURITY}),
        frozenset({Level.SYSTEM, Level.AUDIT}),
        frozenset({Level.SECURITY, Level.AUDIT}),
    }
)


def in_order(levels: Iterable[Level]) -> list[Level]:
    """Each level once, the most first."""
    given = set(levels)
    return [level for level in Level if level in given]


def covers(levels: Collection[Level], wanted: Level) -> bool:
    """Whether who has these levels may do what `wanted` may: root may do everything, and everybody may look."""
    return wanted in levels or Level.SYSTEM in levels or (wanted is Level.VIEWER and bool(levels))


def named(levels: Iterable[Level]) -> Text:
    """The levels as people read them."""
    texts = [level.text for level in in_order(levels)]
    return Text(", ".join(text.en for text in texts), "、".join(text.zh for text in texts))
