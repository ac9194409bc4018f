"""Killed at any step, or on a full disk: what was recorded has happened, and nothing else has."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from privacy.ledger import files
from privacy.ledger.verify import verify
from privacy.release import places, requests
from secops.core.errors import CitywallError, RefusedError
from tests.privacy.ledger.test_crash import in_child
from tests.privacy.release.kit import World

#: What changes the disk, step by step.
STEPS = ((os, "replace"), (os, "rename"), (os, "fsync"), (files, "_write"))


@contextmanager
def counted(patch: pytest.MonkeyPatch, at: int, act: Callable[[], None], *, before: bool) -> Iterator[None]:
    """`act` at the `at`-th step, before or after it is taken."""
    calls = iter(range(10_000))

    def stepped(plain: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **more: Any) -> Any:
            now = next(calls) == at
            if now and before:
                act()
            result = plain(*arguments, **more)
            if now and not before:
                act()
            return result

        return step

    with patch.context() as patched:
        for module, name in STEPS:
            patched.setattr(module, name, stepped(getattr(module, name)))
        yield


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def whole(world: World) -> None:
    """The ledger verifies, its history is there, and out/ holds what it says has left, and nothing else."""
    assert verify(world.exchange.folder / "ledger", [], [], world.exchange.keeper_keys()) == []
    state = world.exchange.state()
    places.history_of(places.of_dataset(world.exchange.folder, "flu", "2026-06"), state.datasets["flu", "2026-06"])
    for release in state.releases.values():
        place = world.exchange.folder / "out/rita" / release.number
        assert place.exists() <= (release.stage == "published")


@pytest.mark.parametrize("before", [True, False])
def test_killed_at_any_step_of_publishing(world: World, before: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    path = world.count_file()
    for at in range(200):
        number = world.request(method="counts", fields=["district"], result=path).number
        world.approve(number, "ann", "bo")
        with counted(monkeypatch, at, die, before=before):
            ended = in_child(lambda number=number: world.publish(number))  # type: ignore[misc]
        whole(world)
        place = world.publish(number)
        whole(world)
        assert (place / "result.csv").read_bytes().startswith(b"district,count")
        assert sorted(path.name for path in place.iterdir()) == ["about.json", "result.csv"]
        entries = [entry for entry in world.exchange.ledger.entries() if entry["type"] == "release"]
        assert [entry["release"] for entry in entries].count(number) == 1
        if ended == 0:
            break
        assert ended == -signal.SIGKILL
    else:
        raise AssertionError("it never came to an end")
    assert at > 10
    histories = places.of_dataset(world.exchange.folder, "flu", "2026-06").glob("history-*")
    assert len(list(histories)) == 1


@pytest.mark.parametrize("before", [True, False])
def test_killed_at_any_step_of_a_request(world: World, before: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    path = world.count_file()
    for at in range(200):
        signed = world.signed(world.asked(method="counts", fields=["district"]), path)

        def submit(signed: Any = signed) -> str:
            with world.desk() as desk:
                return requests.submit(desk, signed, path).number

        with counted(monkeypatch, at, die, before=before):
            ended = in_child(submit)
        whole(world)
        number = submit()
        release = world.exchange.state().release(number)
        assert release.stage == "checked"
        if ended == 0:
            break
    else:
        raise AssertionError("it never came to an end")
    state = world.exchange.state()
    assert len({release.signed.digest for release in state.releases.values()}) == len(state.releases) == at + 1


def full() -> None:
    raise OSError(28, "No space left on device")


def test_a_disk_that_is_full_at_any_step(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused with the reason, or complete: never in between."""
    path, refused = world.count_file(), 0
    for at in range(200):
        number = world.request(method="counts", fields=["district"], result=path).number
        world.approve(number, "ann", "bo")
        world.publish("r0001") if number != "r0001" else None
        why = ""
        try:
            with counted(monkeypatch, at, full, before=True):
                world.publish(number)
        except RefusedError as error:
            why = str(error)
        done, refused = not why, refused + bool(why)
        assert done or "space" in why or "disk is full" in why
        assert (world.exchange.state().release(number).stage == "published") == done
        whole(world)
        if not done:
            assert not (world.exchange.folder / "out/rita" / number).exists()
            assert not list((world.exchange.folder / "requests").glob("*/ready"))
        assert (world.publish(number) / "result.csv").is_file()
        if at > 30:
            break
    assert refused > 5


def test_a_lost_history_is_an_error_and_not_an_empty_one(world: World) -> None:
    world.leave()
    folder = places.of_dataset(world.exchange.folder, "flu", "2026-06")
    for path in folder.glob("history-*"):
        path.unlink()
    with pytest.raises(CitywallError, match="cannot be read"):
        world.request(["sex"])
    assert world.exchange.state().release("r0002").stage == "requested"


def test_a_history_of_before_is_not_the_one_that_counts(world: World) -> None:
    folder = places.of_dataset(world.exchange.folder, "flu", "2026-06")
    (old,) = folder.glob("history-*")
    kept = old.read_bytes()
    world.leave()
    (new,) = folder.glob("history-*")
    new.write_bytes(kept)
    with pytest.raises(CitywallError, match="not the history that the ledger names"):
        world.request(["sex"])


def test_two_who_write_at_once(world: World) -> None:
    path, begun, start = world.count_file(), time.monotonic(), world.clock()
    world.exchange.clock = lambda: start + timedelta(seconds=int(time.monotonic() - begun))
    signed = [world.signed(world.asked(method="counts", fields=["district"]), path) for _ in range(6)]
    children = []
    for one in signed:
        child = os.fork()
        if child == 0:
            try:
                with world.desk() as desk:
                    requests.submit(desk, one, path)
            except BaseException:
                os._exit(1)
            os._exit(0)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 6
    releases = world.exchange.state().releases
    assert sorted(releases) == [f"r{number:04}" for number in range(1, 7)]
    assert {release.stage for release in releases.values()} == {"checked"}
    assert verify(world.exchange.folder / "ledger", [], [], world.exchange.keeper_keys()) == []
