"""A host between what is declared for it and what its accounts hold, and gaps between the two: rows of `role_gaps`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from secops.core.content import Text
from secops.hosts.evidence import Problem
from secops.hosts.tables import Row
from secops.privilege.roles.holdings import Held, Holdings, Proof
from secops.privilege.roles.levels import Level, in_order
from secops.privilege.roles.posts import Names, Post, Roles

_WAYS = {
    "group": Text("group", "用户组"),
    "login": Text("login with", "可登录，shell 为"),
    "uid0": Text("uid", "UID"),
}


@dataclass
class Place:
    """One host on one day. `lacks` are the reasons why rows may be missing, by part of the table."""

    host: str
    today: date
    roles: Roles
    holdings: Holdings
    posts: Sequence[Post] = ()
    lacks: dict[str, list[Problem]] = field(default_factory=dict)
    _by_login: dict[str, list[Post]] = field(default_factory=lambda: defaultdict(list))
    _by_glob: list[tuple[Names, Post]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.posts = list(self.roles.posts(self.host, self.today))
        self.lacks = {part: list(lacks) for part, lacks in self.holdings.lacks.items()}
        for post in self.posts:
            for account in post.accounts:
                if account.is_glob:
                    self._by_glob.append((account.login, post))
                else:
                    self._by_login[account.written].append(post)

    @property
    def is_whole(self) -> bool:
        """Whether it is known of every account what it holds."""
        return not (self.lacks[""] or self.lacks["rights"])

    def held(self) -> Iterator[Held]:
        yield from self.holdings.accounts.values()

    def posts_of(self, user: str) -> list[Post]:
        """The posts whose account this is."""
        return [*self._by_login.get(user, ()), *(post for names, post in self._by_glob if user in names)]

    def is_kept(self, user: str) -> bool:
        """Whether the account is one for emergencies, which may be root and unused."""
        return any(post.holder.kind == "break_glass" and post.levels for post in self.posts_of(user))

    def people(self, user: str) -> list[str]:
        """The people who are declared to use an account."""
        return list(dict.fromkeys(post.holder.name for post in self.posts_of(user) if post.holder.kind == "person"))

    def accounts_of(self, post: Post) -> list[Held]:
        """The accounts of a post that are there."""
        known = self.holdings.accounts
        users = [account.written for account in post.accounts if not account.is_glob and account.written in known]
        globs = [account.login for account in post.accounts if account.is_glob]
        users += [user for user in known if any(user in names for names in globs)] if globs else []
        return [known[user] for user in dict.fromkeys(users)]


@dataclass(frozen=True)
class Gap:
    """One difference. `proof` is the row that shows it; None for what is only declared."""

    gap: str
    user: str | None
    detail: Text
    level: Level | None = None
    person: str | None = None
    declared: Collection[Level] = ()
    held: Collection[Level] = ()
    proof: Proof | None = None
    conflicts_with: Level | None = None

    def row(self, roles: Roles) -> Row:
        return {
            "user_name": self.user, "person": self.person, "gap": self.gap,
            "level": self.level and self.level.value,
            "conflicts_with": self.conflicts_with and self.conflicts_with.value,
            "declared": ", ".join(in_order(self.declared)) or None, "held": ", ".join(in_order(self.held)) or None,
            "way": self.proof.way if self.proof else None,
            "detail_en": self.detail.en, "detail_zh": self.detail.zh,
            "source": self.proof.source if self.proof else roles.source,
            "line": self.proof.line if self.proof else None,
        }  # fmt: skip


def said(proof: Proof) -> Text:
    """The evidence as people read it."""
    way = _WAYS.get(proof.way, Text(proof.way, proof.way))
    place = proof.source if proof.line is None else f"{proof.source}:{proof.line}"
    more = Text(f" and {proof.more} more", f"，另有 {proof.more} 项") if proof.more else Text("", "")
    return Text(f"{way.en} {proof.thing} ({place}){more.en}", f"{way.zh} {proof.thing}（{place}）{more.zh}")
