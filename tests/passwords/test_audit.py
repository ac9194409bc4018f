"""The audit: distinct hashes once, every holder told, nothing secret in what it gives, resumed where it stopped."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from secops.core.database import Database, StoreError
from secops.core.errors import CitywallError
from secops.core.progress import Progress
from secops.core.secret import Secret
from secops.hosts.credentials import Credential
from secops.hosts.evidence import Problem, Status
from secops.hosts.held import Held, Stored
from secops.hosts.listing import Entry
from secops.hosts.tables import Facts, Row
from secops.passwords.audit import Audit, Holder, Mac, Past
from secops.passwords.auditor import Auditor, facts
from secops.passwords.candidates import Candidates
from secops.passwords.memory import Memory, local_key
from secops.passwords.wordlists import load

from .hash_kit import PUBLIC, make

CANDIDATES = Candidates(load(), 2026)
KEY = Mac(b"k" * 32)
QUIET = Progress(quiet=True)


def rows(audit: Audit) -> dict[str, dict[str, Row]]:
    """What came of each account: host → user → row."""
    found: dict[str, dict[str, Row]] = {}
    for holder, row in audit.results():
        found.setdefault(holder.host, {})[holder.stored.user] = row
    return found


def table(auditor: Auditor, held: Held, progress: Progress = QUIET) -> Facts:
    """The accounts of one host."""
    return auditor({"h1": held}, progress)["h1"]["password_audit"]


def holder(host: str, user: str, stored: bytes, gecos: str = "") -> Holder:
    return Holder(host, Stored(user, Secret(stored), gecos, (host,)))


def test_guessed_accounts_say_why_and_nothing_else() -> None:
    fast = make("descrypt", "x9!q$Lw2")
    audit = Audit([holder("h1", "wang", make("md5crypt", "Wang@123")), holder("h1", "li", fast)], CANDIDATES, KEY)
    audit.run(20)
    wang, li = rows(audit)["h1"].values()
    assert (wang["result"], wang["because"], li["result"], li["because"]) == (
        "guessed",
        "user-digits",
        "not_guessed",
        None,
    )
    assert wang["because_zh"] == CANDIDATES.titles["user-digits"].zh
    assert li["tried"] > 10_000
    assert "Wang@123" not in repr(rows(audit))
    shown = repr((rows(audit), audit.known(), audit._trials.values(), Stored("u", Secret(b"$1$x"))))
    assert "$1$" not in shown
    assert fast.decode() not in shown


def test_clones_cost_what_their_distinct_hashes_cost() -> None:
    """100 hosts, 300 hashes, of which 30 % are clones of one image: the words tried are those of 211 hashes."""
    cloned = make("md5crypt", "no-one-guesses-this-one")
    own = [make("md5crypt", f"no-one-guesses-{number}") for number in range(210)]
    holders = [holder(f"h{n % 100}", f"u{n}", own[n]) for n in range(210)]
    holders += [holder(f"h{n % 100}", f"c{n}", cloned) for n in range(90)]
    audit = Audit(holders, CANDIDATES, KEY)
    words = []
    audit.run(1.5, on_progress=words.append)
    assert len(audit._trials) == 211
    everyone = {user: row for own in rows(audit).values() for user, row in own.items()}
    tried = {user: row["tried"] for user, row in everyone.items()}
    assert sum(words) == sum(trial.fresh for trial in audit._trials.values())
    assert len({tried[f"c{n}"] for n in range(90)}) == 1
    assert all(len(row["same_hash"]) == 20 for user, row in everyone.items() if user.startswith("c"))


def test_a_host_with_many_hashes_does_not_keep_the_others_waiting() -> None:
    many = [holder("hostile", f"u{n}", b"$6$rounds=999999999$salt%d$" % n + b"a" * 86) for n in range(500)]
    one = holder("h2", "wang", make("md5crypt", "Wang@123"))
    audit = Audit([*many, one], CANDIDATES, KEY)
    assert list(audit._trials).index(one.stored.hash.reveal()) == 1


def test_same_password_under_different_salts() -> None:
    audit = Audit(
        [
            holder(h, u, make("md5crypt", p))
            for h, u, p in (("h1", "a", "admin123"), ("h2", "b", "admin123"), ("h2", "c", "root123"))
        ],
        CANDIDATES,
        KEY,
    )
    audit.run(20)
    seen = {**rows(audit)["h1"], **rows(audit)["h2"]}
    assert seen["a"]["same_password"] == ["b@h2"]
    assert seen["b"]["same_password"] == ["a@h1"]
    assert seen["c"]["same_password"] == []
    assert seen["a"]["same_hash"] == []


def test_a_next_audit_goes_on_and_remembers_what_was_found(tmp_path: Path) -> None:
    memory = Memory(Database(f"sqlite:///{tmp_path}/s.db"))
    key = local_key(tmp_path)
    people = [
        holder("h1", "wang", make("md5crypt", "Wang@123")),
        holder("h1", "li", make("sha512crypt", "x9!q$", count=5000)),
    ]
    one = Audit(people, CANDIDATES, key, memory.recall)
    one.run(1.5)
    memory.keep(one.known())
    tried = rows(one)["h1"]["li"]["tried"]
    assert 0 < tried < 50_000
    two = Audit(people, CANDIDATES, key, memory.recall)
    assert rows(two)["h1"]["wang"]["result"] == "guessed"
    two.run(1.5)
    assert rows(two)["h1"]["li"]["tried"] > tried
    changed = Audit([holder("h9", "li", people[1].stored.hash.reveal())], CANDIDATES, key, memory.recall)
    assert rows(changed)["h9"]["li"]["tried"] == 0  # other words are likely now: from the start


def test_what_is_remembered_is_of_no_use_without_the_key(tmp_path: Path) -> None:
    stored = make("md5crypt", "Wang@123")
    memory = Memory(Database(f"sqlite:///{tmp_path}/s.db"))
    audit = Audit([holder("h1", "wang", stored)], CANDIDATES, local_key(tmp_path), memory.recall)
    audit.run(20)
    memory.keep(audit.known())
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("s.db*"))
    assert b"user-digits" in kept
    for part in (stored, stored.split(b"$")[3], b"Wang@123", b"wang"):
        assert part not in kept
    assert (tmp_path / "passwords.key").stat().st_mode & 0o777 == 0o600
    other = tmp_path / "other"
    other.mkdir()
    strange = Audit([holder("h1", "wang", stored)], CANDIDATES, local_key(other), memory.recall)
    assert rows(strange)["h1"]["wang"]["result"] == "not_tried"


def test_of_two_audits_at_once_the_further_one_counts(tmp_path: Path) -> None:
    memory = Memory(Database(f"sqlite:///{tmp_path}/s.db"))
    memory.keep({"m": Past("plan", 500)})
    memory.keep({"m": Past("plan", 20)})
    assert memory.recall(["m"])["m"].tried == 500
    memory.keep({"m": Past("another", 20)})
    assert memory.recall(["m"])["m"] == Past("another", 20)
    memory.keep({"m": Past("another", 10, "user")})
    assert memory.recall(["m"])["m"].group == "user"
    keys = []
    threads = [threading.Thread(target=lambda: keys.append(local_key(tmp_path).of(b"x"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(keys)) == 1
    assert len(list(tmp_path.glob("*passwords.key*"))) == 1


def test_a_damaged_key_is_said(tmp_path: Path) -> None:
    (tmp_path / "passwords.key").write_bytes(b"short")
    with pytest.raises(CitywallError, match="damaged"):
        local_key(tmp_path)


def test_too_few_words_are_not_tried() -> None:
    seen = table(Auditor(lambda: CANDIDATES, 0, KEY), Held([Stored("li", Secret(PUBLIC))]))
    assert seen.rows[0]["result"] == "not_tried"
    assert seen.problems["tried"] == [Problem(Status.TIMEOUT, "li: the time was up after 0 of at least 100 words")]
    assert not seen.problems[""]


def test_what_cannot_be_remembered_counts_all_the_same() -> None:
    def full(_: Mapping[str, Past]) -> None:
        raise StoreError("the disk is full")

    auditor = Auditor(lambda: CANDIDATES, 20, KEY, keep=full)
    seen = table(auditor, Held([Stored("wang", Secret(make("md5crypt", "Wang@123")))]))
    assert seen.rows[0]["result"] == "guessed"
    assert str(auditor.lost) == "the disk is full"


def test_what_is_no_hash_is_unknown_by_name() -> None:
    seen = table(Auditor(lambda: CANDIDATES, 5, KEY), Held([Stored("li", Secret(b"$zz$what"))]))
    assert seen.rows[0]["result"] == "unknown"
    assert "li: is no hash that this machine's libcrypt knows" in seen.problems["tried"][0].reason


def test_hashes_that_were_not_seen_make_the_table_not_whole() -> None:
    lack = Problem(Status.DENIED, "permission denied")
    seen = table(Auditor(lambda: pytest.fail("nothing to try"), 5, KEY), Held(hashes_lack=[lack]))
    assert seen.problems == {"": [lack], "tried": [lack]}
    assert facts([], []).problems == {"": [], "tried": []}


class Interrupting(Progress):
    """Ctrl-C after a second of trying."""

    def step(self, text: str, *, total: int = 0) -> None:  # noqa: ARG002 - its signature
        if "so far" in text:
            raise KeyboardInterrupt


@pytest.mark.parametrize("patient", [False, True])
def test_ctrl_c_keeps_what_is_known(patient: bool) -> None:
    kept: dict[str, Past] = {}
    auditor = Auditor(lambda: CANDIDATES, 30, KEY, keep=kept.update, patient=patient)
    held = Held([Stored("li", Secret(make("yescrypt", "x9!q$Lw2", count=5)))])
    if patient:
        assert table(auditor, held, Interrupting(quiet=True)).rows[0]["tried"] > 0
    else:
        with pytest.raises(KeyboardInterrupt):
            table(auditor, held, Interrupting(quiet=True))
    assert next(iter(kept.values())).tried > 0


def test_credentials_of_services_are_judged_too() -> None:
    """Plain texts by comparison, hashes by trying; what cannot be read by others is told from what can."""

    def one(service: str, account: str, form: str, value: bytes, path: str = "/etc/x") -> Credential:
        return Credential(service, path, 3, account, form, Secret(value))  # type: ignore[arg-type]

    found = [
        one("redis", "default", "plain", b"foobared"), one("netrc", "deploy", "plain", b"q8$Zr!xW2kQ9"),
        one("htpasswd", "web", "hash", b"{SHA}" + base64.b64encode(hashlib.sha1(b"Web@123").digest())),  # noqa: S324
        one("vnc", "", "obfuscated", b"admin123", "/root/.vnc/passwd"), one("tomcat", "robot", "plain", b""),
        one("htpasswd", "odd", "hash", b"{SHA}broken"),
    ]  # fmt: skip
    files = {"/etc/x": Entry("/etc/x", "f", 0o644, 0, 0, 1, 1), "/root/.vnc/passwd": Entry("", "f", 0o600, 0, 0, 1, 1)}
    late = Auditor(lambda: CANDIDATES, 30, KEY)({"h1": Held(credentials=found, files=files)}, QUIET)["h1"]
    seen = {(row["service"], row["account"]): row for row in late["service_credentials"].rows}
    assert {key: row["result"] for key, row in seen.items()} == {
        ("redis", "default"): "guessed", ("netrc", "deploy"): "not_guessed", ("htpasswd", "web"): "guessed",
        ("vnc", ""): "guessed", ("tomcat", "robot"): "not_guessed", ("htpasswd", "odd"): "unknown",
    }  # fmt: skip
    assert seen["tomcat", "robot"]["form"] == "empty"
    assert seen["htpasswd", "web"]["because"] == "user-digits"
    assert (seen["redis", "default"]["others_read"], seen["vnc", ""]["others_read"]) == (True, False)
    assert not late["password_audit"].rows
    assert "odd" in late["service_credentials"].problems["tried"][0].reason
    assert not any(secret in repr(late) for secret in ("foobared", "q8$Zr", "Web@123", "admin123"))
