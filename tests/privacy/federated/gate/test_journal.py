"""What a site answered stands on the disk before it is sent: no crash, restart or second process answers it again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from privacy.federated import journal, wire
from privacy.federated.gate import Gate
from privacy.federated.journal import Entry, Journal
from secops.core.errors import RefusedError, UsageError
from tests.privacy.federated.gate import killed
from tests.privacy.federated.gate.kit import World, check_sums, finished, signer
from tests.privacy.federated.gate.lying import ANEW, agree, anew, done, last, masked, refused, started
from tests.privacy.federated.gate.made_up import FEDAVG, NAMES, NEWTON, STATISTICS, A, B, C, D, job

JOB = f"sha256:{'a' * 64}"
ENTRY = Entry("compute", ANEW, 1, "moments 1", "digest")
OTHER = Entry("agree", ANEW, 1, survivors=(A, B, C))


def path_of(folder: Path, of: str = JOB) -> Path:
    return folder / f"{of.replace(':', '-')}.jsonl"


def _killed(folder: Path, step: str) -> World:
    """The sites as they stand after the process that served them was killed."""
    root = Path(__file__).parents[4]
    command = [sys.executable, killed.__file__, str(folder), step]
    ended = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(root)}, check=False, capture_output=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    return World(folder, job(STATISTICS))


def test_killed_with_a_signature_written_but_not_sent(tmp_path: Path) -> None:
    """The round is over at that site, whoever asks; the others, who signed nothing, go on without it."""
    world = _killed(tmp_path, "agree")
    hub = world.hub()
    standing = finished(hub)
    check_sums(world, hub, standing)
    assert standing.rounds[0].sites == (B, C, D)
    assert hub.faults[A] == "answered"


def test_killed_with_a_vector_written_but_not_sent(tmp_path: Path) -> None:
    """That round was cut: its masks are gone, and it may be asked in a new set-up."""
    world = _killed(tmp_path, "compute")
    hub = world.hub()
    standing = finished(hub)
    check_sums(world, hub, standing)
    assert standing.rounds[0].sites == NAMES


def test_a_line_that_was_cut_off_counts_for_nothing(tmp_path: Path) -> None:
    kept = Journal(tmp_path, JOB)
    kept.write(ENTRY)
    kept.close()
    whole = path_of(tmp_path).read_bytes()
    path_of(tmp_path).write_bytes(whole + msgspec.json.encode(OTHER)[:20])
    again = Journal(tmp_path, JOB)
    assert again.entries == [ENTRY]
    again.write(OTHER)
    again.close()
    assert path_of(tmp_path).read_bytes() == whole + msgspec.json.encode(OTHER) + b"\n"


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw.replace(b"compute", b'com"ute'),
        lambda raw: raw.replace(b'"number":1', b'"number":"1"'),
        lambda raw: raw.replace(b'"step"', b'"stop"'),
        lambda raw: b"\n" + raw,
        lambda raw: raw.replace(b"\n", b"\n\n"),
        lambda raw: b"\xff" + raw,
        lambda raw: raw[:20] + b"\n" + raw[20:],
        lambda raw: raw + b"[]\n",
    ],
)
def test_a_journal_that_was_changed_ends_the_job(tmp_path: Path, change) -> None:  # type: ignore[no-untyped-def]
    kept = Journal(tmp_path, JOB)
    kept.write(ENTRY)
    kept.close()
    changed = change(path_of(tmp_path).read_bytes())
    path_of(tmp_path).write_bytes(changed)
    with pytest.raises(RefusedError, match="does not parse"):
        Journal(tmp_path, JOB)
    assert path_of(tmp_path).read_bytes() == changed


def test_a_full_journal_takes_nothing_more_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub that begins set-ups without end fills it: what was signed still stands there."""
    monkeypatch.setattr(journal, "_MAX_BYTES", 4000)
    world = World(tmp_path, job(STATISTICS))
    started(world)
    order = last(world, wire.Compute)
    for number in range(60):
        keys = wire.Keys(job=world.job.digest, setup=f"{number:032x}", first=1, rounds=1, bits=64)
        answer = world.say(A, keys)
    refused(answer, "answered")
    world.restart(A)
    refused(world.say(A, order), "order")
    assert world.gates[A]._journal.is_over(1, "statistics 1")


def test_a_journal_that_is_too_long_ends_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Journal(tmp_path, JOB)
    kept.write(ENTRY)
    kept.write(OTHER)
    kept.close()
    before = path_of(tmp_path).read_bytes()
    monkeypatch.setattr(journal, "_MAX_BYTES", len(before) - 5)
    with pytest.raises(RefusedError, match="does not parse"):
        Journal(tmp_path, JOB)
    assert path_of(tmp_path).read_bytes() == before


def test_one_process_serves_a_job(tmp_path: Path) -> None:
    world = World(tmp_path, job(STATISTICS))
    held = [world.job, world.sites[A], signer(A), world.members, lambda: world.records[A], world.places(A)]
    with pytest.raises(RefusedError, match="another process"):
        Gate(*held)
    script = (
        "import sys; from pathlib import Path; from privacy.federated.journal import Journal\n"
        "from secops.core.errors import RefusedError\n"
        "try: Journal(Path(sys.argv[1]), sys.argv[2])\n"
        "except RefusedError: sys.exit(7)\n"
    )
    command = [sys.executable, "-c", script, str(world.places(A).journals), world.job.digest]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])}
    assert subprocess.run(command, env=env, check=False).returncode == 7
    world.gates[A].close()
    assert subprocess.run(command, env=env, check=False).returncode == 0
    Gate(*held).close()


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be kept"):
        Journal(tmp_path / "file", JOB)


def test_the_same_is_written_once(tmp_path: Path) -> None:
    kept = Journal(tmp_path, JOB)
    kept.write(ENTRY)
    with pytest.raises(RefusedError):
        kept.write(ENTRY)
    kept.close()


def test_where_a_signature_cannot_be_written_the_set_up_is_over(tmp_path: Path) -> None:
    """A full disk: what is not known to be signed must not be told, not even with the others' signatures."""
    world = World(tmp_path, job(STATISTICS))
    _hub, setup = masked(world)
    gate, whole = world.gates[A], world.gates[A]._journal._file

    class Full:
        def __getattr__(self, name: str) -> object:
            return getattr(whole, name)

        def flush(self) -> None:
            raise OSError(28, "No space left on device")

    gate._journal._file = Full()  # type: ignore[assignment]
    refused(world.say(A, agree(world, setup, *NAMES)), "internal")
    gate._journal._file = whole
    signatures = {site: done(world.say(site, agree(world, setup, *NAMES))).text for site in (B, C, D)}
    refused(world.say(A, wire.Reveal(job=world.job.digest, setup=setup, number=1, signatures=signatures)), "order")


@pytest.mark.parametrize("method", [NEWTON, FEDAVG], ids=["newton", "fedavg"])
def test_taken_up_again_it_comes_to_the_same(tmp_path: Path, method: dict[str, object]) -> None:
    """New gates over the same journals, a new hub that has nothing but where the job stood."""
    whole, cut = World(tmp_path / "whole", job(method)), World(tmp_path / "cut", job(method))
    expected = finished(whole.hub())
    at = cut.hub().begin()
    while (after := cut.hub().step(at)) is not None:
        at = after
        cut.restart(*NAMES)
    assert at.rounds == expected.rounds
    assert {name: value.tolist() for name, value in at.state.items()} == {
        name: value.tolist() for name, value in expected.state.items()
    }
    cut.check_sealed()


def test_a_round_that_failed_is_asked_again_in_a_new_set_up(tmp_path: Path) -> None:
    """By a hub that has forgotten that it ever tried, and by the one whose set-up that has ended."""
    world = World(tmp_path, job(NEWTON))
    hub, standing = started(world)
    deaf = world.hub(lambda _site, order: None if isinstance(order, wire.Agree) else order)
    for failing in (deaf, deaf, world.hub(late=lambda *_: True), hub):
        with pytest.raises(RefusedError):
            failing.step(standing)
    end = finished(hub, standing)
    check_sums(world, hub, end)
    assert end.rounds[-1].sites == NAMES


def test_a_round_that_was_signed_is_not_asked_again(tmp_path: Path) -> None:
    """The hub lost what it was told. Nobody gives it again: there is no model, not another one."""
    world = World(tmp_path, job(NEWTON))
    hub, standing = started(world)
    hub.step(standing)
    fresh = world.hub()
    with pytest.raises(RefusedError, match="0 sites are left"):
        fresh.step(standing)
    assert set(fresh.faults.values()) == {"answered"}
    world.check_sealed()


def test_a_list_is_held_against_the_last_one_also_after_a_restart(tmp_path: Path) -> None:
    world = World(tmp_path, job(NEWTON))
    hub, standing = started(world)
    ask = hub.method.ask(standing.state)
    world.restart(*NAMES)
    anew(world, first=2)
    order = wire.Compute(
        job=world.job.digest, setup=ANEW, number=2, stage=ask.stage, round=ask.round, given=wire.packed(ask.given)
    )
    for site in NAMES:
        done(world.say(site, order))
    refused(world.say(A, agree(world, ANEW, A, B, C, number=2)), "masks")
    done(world.say(A, agree(world, ANEW, *NAMES, number=2)))
