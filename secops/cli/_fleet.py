"""The graph of a run's hosts, for the verbs of `citywall privilege`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from secops.core.errors import UsageError
from secops.core.i18n import N_, _
from secops.core.say import complain

if TYPE_CHECKING:
    from secops.privilege.fleet.graph import At, Graph

_Hosts = Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]]  # host → table → rows

#: Without these, and their parts, a way may be missing. (Those of account_ways are those of root_ways.)
_WAYS = frozenset({"root_ways", "key_trust"})

run_option = click.option(
    "--run", "run_id", default="last", show_default=True, metavar="RUN", help=N_("A run of `citywall history`.")
)


class Fleet(NamedTuple):
    """The graph of a run, the accounts of each host, and what ways hang on and was not seen: (host, table, reason)."""

    graph: Graph
    users: Mapping[str, frozenset[str]]
    unseen: Sequence[tuple[str, str, str]]

    @classmethod
    def of(cls, run_id: str) -> Fleet:
        """Raises `UsageError` when the tables of the run are not here."""
        from secops.cli._run import Tables
        from secops.privilege.fleet.building import NEEDED, build

        run = Tables(run_id)
        asked = {**NEEDED, "collection": ("table_name", "part", "reasons", "whole")}
        hosts: dict[str, dict[str, list[dict[str, Any]]]] = {
            host: {table: [] for table in asked} for host in run.index.hosts
        }
        for table, row in run.rows(asked):
            hosts[row["host"]][table].append(row)
        users = {host: frozenset(row["user_name"] for row in tables["users"]) for host, tables in hosts.items()}
        return cls(build(hosts), users, sorted(_unseen(hosts)))

    def account(self, asked: tuple[str, str]) -> At:
        """The account that is meant. Raises `UsageError` for a host or account that the run does not have."""
        from secops.core.command import did_you_mean
        from secops.privilege.fleet.graph import At

        user, name = asked
        names = self.graph.names
        host = next((host for host in names if name in (host, names[host])), None)
        if host is None:
            raise UsageError(
                _("the run has no such host"), where=name, hint=did_you_mean(name, [*names, *names.values()])
            )
        if user not in self.users[host]:
            raise UsageError(
                _("{host} has no such account").format(host=name), where=user, hint=did_you_mean(user, self.users[host])
            )
        return At(user, host)

    def warn(self) -> None:
        """Say on stderr what was not seen: where no way is shown there may be one."""
        from secops.core.render.reasons import reason

        told: dict[tuple[str, str], list[str]] = {}
        for host, table, why in self.unseen:
            told.setdefault((table, why), []).append(self.graph.names.get(host, host))
        for (table, why), hosts in told.items():
            text = _("{table}: not seen whole on {hosts}, so ways may be missing: {reason}")
            who = hosts[0] if len(hosts) == 1 else _("{count} hosts").format(count=len(hosts))
            complain(text.format(table=table, hosts=who, reason=reason(why)))


def _unseen(hosts: _Hosts) -> Iterator[tuple[str, str, str]]:
    """What ways hang on and was not seen; of a table that is not whole not its parts too."""
    for host, tables in hosts.items():
        lacking = [row for row in tables["collection"] if not row["whole"] and row["table_name"] in _WAYS]
        bare = {row["table_name"] for row in lacking if not row["part"]}
        for row in lacking:
            if not row["part"] or row["table_name"] not in bare:
                place = ".".join(filter(None, (row["table_name"], row["part"])))
                yield from ((host, place, reason) for reason in row["reasons"])


class Account(click.ParamType):  # type: ignore[type-arg]
    """USER@HOST, of which the host is an identity or a name."""

    name = "USER@HOST"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        user, at, host = str(value).rpartition("@")  # a login may hold an @ itself
        if not (user and at and host):
            self.fail(_("{value!r} is no USER@HOST").format(value=value), param, ctx)
        return user, host
