"""Why paths over the fleet are not whole: every reason of a host is handed on, each once, and not without end."""

from __future__ import annotations

from secops.hosts.evidence import Problem, Status
from secops.privilege.fleet.fleet import _lacking
from tests.privilege.fleet_kit import host, made


def _problems(count: int) -> list[Problem]:
    return [Problem(Status.FAILED, f"reason {number}") for number in range(count)]


def test_all_reasons_of_a_host_are_handed_on_once() -> None:
    graph = made(web1=host(), web2=host())
    found = _lacking(graph, {"web1": _problems(5) * 2, "web2": []})
    assert found == {"web1": _problems(5), "web2": []}


def test_there_are_not_more_than_can_be_read() -> None:
    assert _lacking(made(web1=host()), {"web1": _problems(1_000)}) == {"web1": _problems(20)}
