"""The audit: the hashes of all hosts, each distinct one tried once, and what that says of every account.

Pure but for the engine it runs: hashes come in, rows without any secret go out.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import msgspec

from secops.hosts.credentials import Credential
from secops.hosts.held import Stored
from secops.hosts.tables import Row
from secops.passwords.candidates import Account, Candidates
from secops.passwords.engine import Trial, run
from secops.passwords.portions import Feed

#: Words that must have been tried before "not guessed" means something.
LEAST = 100

#: Words that a plain text is compared with: further ones are no likelier than any other.
MOST_COMPARED = 20_000

#: Accounts named in a row as having the same hash or password.
_NAMED = 20


class Past(msgspec.Struct, frozen=True):
    """What earlier runs know of a hash: the words tried, and the group of the one that fits, if one does.

    `plan` tells whether its candidates and their order are the same still.
    """

    plan: str
    tried: int
    group: str = ""


class Mac:
    """HMACs under a local key: what is kept between runs cannot be held against a hash without that key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, *parts: bytes) -> str:
        message = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Holder:
    """One account that has a hash, on the host of this identity; with `credential`, a service's."""

    host: str
    stored: Stored
    credential: Credential | None = None

    @property
    def name(self) -> str:
        """The account as other rows name it."""
        return f"{self.stored.user}@{self.host}" + (f" ({self.credential.service})" if self.credential else "")


class Audit:
    """Every distinct hash of the hosts as one trial, with its holders; a plain text is compared with the words.

    `recall` gives what is known of hashes by their MACs. After `run`, also after a Ctrl-C in it, `results` and `known`
    say what came of it.
    """

    def __init__(
        self,
        holders: Iterable[Holder],
        candidates: Candidates,
        mac: Mac,
        recall: Callable[[Iterable[str]], Mapping[str, Past]] = lambda _: {},
    ) -> None:
        self._holders: dict[bytes, list[Holder]] = {}
        self._plain: dict[Holder, Trial] = {}
        for holder in holders:
            if holder.credential and holder.credential.form != "hash":
                self._plain[holder] = Trial(
                    holder.stored.hash.reveal(), Feed(partial(candidates.of, _accounts([holder])))
                )
            else:
                self._holders.setdefault(holder.stored.hash.reveal(), []).append(holder)
        self._holders = _in_turn(self._holders)
        self._candidates = candidates
        self._macs = {stored: mac.of(stored) for stored in self._holders}
        self._plans = {
            stored: mac.of(candidates.digest.encode(), *(repr(account).encode() for account in _accounts(own)))
            for stored, own in self._holders.items()
        }
        past = recall(self._macs.values())
        self._trials = {stored: self._trial(stored, past.get(name)) for stored, name in self._macs.items()}

    def _trial(self, stored: bytes, past: Past | None) -> Trial:
        if past and past.group in self._candidates.titles:
            return Trial(stored, Feed(lambda: iter(()), past.tried), group=past.group)
        accounts = _accounts(self._holders[stored])
        skip = past.tried if past and past.plan == self._plans[stored] else 0
        return Trial(stored, Feed(lambda: self._candidates.of(accounts), skip))

    def run(self, seconds: float, *, workers: int = 0, on_progress: Callable[[int], None] = lambda _: None) -> None:
        """Try words for so long, or until there is nothing left to try."""
        until = time.monotonic() + seconds
        for trial in self._plain.values():
            if time.monotonic() < until:
                _compare(trial)
        left = until - time.monotonic()
        run(list(self._trials.values()), seconds=left, workers=workers, on_progress=on_progress)

    def known(self) -> dict[str, Past]:
        """What a next run can build on, by MAC of the hash."""
        return {
            self._macs[stored]: Past(self._plans[stored], trial.tried if trial.group else trial.feed.done, trial.group)
            for stored, trial in self._trials.items()
            if trial.group or trial.feed.done
        }

    def results(self) -> Iterator[tuple[Holder, Row]]:
        """What came of each holder, without any secret: columns of `password_audit`."""
        by_mark: dict[int, list[Holder]] = {}
        for stored, trial in self._trials.items():
            if trial.mark:
                by_mark.setdefault(trial.mark, []).extend(self._holders[stored])
        for stored, own in self._holders.items():
            trial = self._trials[stored]
            for holder in own:
                same = {
                    "same_hash": _others(own, holder),
                    "same_password": _others(by_mark.get(trial.mark, own), holder),
                }
                yield holder, {**self._row(trial), **same}
        for holder, trial in self._plain.items():
            yield holder, self._row(trial)

    def _row(self, trial: Trial) -> Row:
        title = self._candidates.titles.get(trial.group)
        return {
            "result": _result(trial),
            "tried": trial.tried,
            "because": trial.group or None,
            "because_en": title.en if title else None,
            "because_zh": title.zh if title else None,
            "reason": trial.error or _too_few(trial) or None,
        }


def _in_turn(holders: Mapping[bytes, list[Holder]]) -> dict[bytes, list[Holder]]:
    """The hashes in the order in which they are first tried: one of each host before the second of any.

    A host with thousands of hashes that take long then keeps the others waiting for one word only.
    """
    count: Counter[str] = Counter()
    turn = {}
    for stored, own in holders.items():
        hosts = {holder.host for holder in own}
        count.update(hosts)
        turn[stored] = min(count[host] for host in hosts)
    return {stored: holders[stored] for stored in sorted(holders, key=turn.__getitem__)}


def _compare(trial: Trial) -> None:
    """Look for a plain text among its first `MOST_COMPARED` words."""
    while trial.feed.chance and trial.fresh < MOST_COMPARED:
        portion = trial.feed.take(MOST_COMPARED)
        trial.feed.settle(portion)
        if trial.hash in portion.words:
            place = portion.words.index(trial.hash)
            trial.fresh, trial.group = trial.fresh + place + 1, portion.groups[place]
            return
        trial.fresh += len(portion.words)


def _result(trial: Trial) -> str:
    if trial.group:
        return "guessed"
    if trial.error:
        return "unknown"
    return "not_tried" if _too_few(trial) else "not_guessed"


def _too_few(trial: Trial) -> str:
    """Why "not guessed" would say too much; empty when it would not."""
    if trial.group or trial.feed.exhausted or trial.tried >= LEAST:
        return ""
    return f"the time was up after {trial.tried} of at least {LEAST} words"


def _others(holders: Sequence[Holder], own: Holder) -> list[str]:
    """The other holders, sorted, at most so many that a row stays small."""
    return sorted(other.name for other in holders if other != own)[:_NAMED]


def _accounts(holders: Sequence[Holder]) -> list[Account]:
    """What is known of a hash's accounts, each only once and in an order that does not hang on the hosts' order."""
    accounts = {Account(h.stored.user, h.stored.gecos, h.stored.names) for h in holders}
    return sorted(accounts, key=lambda account: (account.user, account.gecos, account.hosts))
