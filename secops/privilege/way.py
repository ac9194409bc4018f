"""A way: one thing by which an account becomes another, or as good as it. The rows of `root_ways`, `account_ways`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from secops.core.content import Text
from secops.hosts.evidence import Evidence
from secops.hosts.tables import Built, Facts, Row
from secops.hosts.tables.groups import group_lines
from secops.privilege.accounts import Account, accounts, root_of
from secops.privilege.files import Files, Ground
from secops.privilege.techniques import Power, major_versions

#: Who may go a way that every local account may go.
EVERYONE = "*"

ROOT = "root"

#: How the name of a group begins that an account may choose by sudo, as a step between accounts.
STEP = "-g "


@dataclass(frozen=True, slots=True)
class Way:
    """One way on one host. `thing` is what is to be changed to close it, `source` and `line` are where it stands.

    `user` is a login name, or `EVERYONE`; `becomes` the account whose power it gives. `certain` is false when it hangs
    on what is not known, which `doubt` may say.
    """

    user: str
    becomes: str
    way: str
    thing: str
    gives: Power
    how: Text
    source: str
    line: int | None = None
    program: str | None = None
    password: str = "none"  # noqa: S105 - whose password is asked
    besides_all: bool = False
    certain: bool = True
    doubt: str = ""

    @property
    def row(self) -> Row:
        return {
            "user_name": self.user, "way": self.way, "thing": self.thing, "program": self.program, "gives": self.gives,
            "how_en": self.how.en, "how_zh": self.how.zh, "password": self.password, "besides_all": self.besides_all,
            "certain": self.certain, "source": self.source, "line": self.line,
        }  # fmt: skip


def besides(ways: list[Way]) -> list[Way]:
    """The ways of one account by one program, each with whether another of them lets it do everything."""
    everything = any(way.program is None and way.certain for way in ways)
    return [replace(way, besides_all=everything and way.program is not None) for way in ways]


@dataclass(frozen=True)
class View:
    """What ways are worked out from: one host's evidence and tables, its accounts by name, and who of them is root.

    `chosen` are groups that an account may choose for itself (sudo -g), each as an account of its own. Ways by sudo put
    them there; the other kinds, which come later, ask for their ways too.
    """

    evidence: Evidence
    tables: Mapping[str, Facts]
    accounts: Mapping[str, Account]
    root: Account
    memberships: Sequence[Row] = ()  # of groups, also of those that can take them on
    chosen: dict[str, Account] = field(default_factory=dict)

    @classmethod
    def of(cls, evidence: Evidence, tables: Mapping[str, Facts]) -> View:
        more = ({**row, "is_primary": False} for row in tables["gshadow_members"].rows if row["can_take"])
        taken = [*tables["group_members"].rows, *more]
        known = accounts(tables["users"].rows, taken, tables["groups"].rows)
        return cls(evidence, tables, known, root_of(known), taken)

    @cached_property
    def files(self) -> Files:
        return Files(self.evidence, self.root.name)

    @cached_property
    def ground(self) -> Ground:
        """What is known of the host's packages and files."""
        return Ground(major_versions(self.tables["packages"].rows), self.files)

    def rows(self, table: str) -> list[Row]:
        return list(self.tables[table].rows)

    @property
    def has_directory(self) -> bool:
        """Whether accounts may also come from a directory: also where that is not known."""
        return any(row["directory_accounts"] is not False for row in self.rows("hosts"))

    def members(self, gid: int) -> Iterator[Account]:
        """The accounts in a group, but not root's."""
        return (one for one in self.accounts.values() if gid in one.gids and one.uid != 0)

    def names_of(self, uid: int) -> list[str]:
        """The accounts of a number: more than one may have it."""
        return [one.name for one in self.accounts.values() if one.uid == uid]

    def group_name(self, gid: int) -> str:
        """The group's name, else its number."""
        named = (fields[0] for _, fields in group_lines(self.evidence) if fields[2] == str(gid))
        return next(named, str(gid))


@dataclass(frozen=True)
class Kind:
    """One kind of way. `part` of the tables is whole when all that it `needs` is: tables, or parts as `table.part`.

    What `find` itself cannot see it tells to `Built`, whose rows it leaves alone.
    """

    part: str
    needs: tuple[str, ...]
    find: Callable[[View, Built], Iterator[Way]]
