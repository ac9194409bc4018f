"""Words of `roles.yml` that nothing in a run fits: typos, or hosts that were not asked. Notes of the report."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from secops.core.i18n import _
from secops.privilege.roles.posts import Roles, Word

#: Words, and names of hosts, that a note tells.
_MOST = 10


def notes(roles: Roles, hosts: Mapping[str, Collection[str] | None]) -> list[str]:
    """What is taken for a host or an account, and is none. `hosts` has the logins of each host of the run, None where
    not all of them are known: who is meant there may be one of those.
    """
    nowhere = [word for word in roles.words if not any(host in word.hosts for host in hosts)]
    accounts = [word for word in roles.words if word.account and _is_missing(word, hosts)]
    told = {
        _("{file}: taken for hosts, and no host of this run is called so: {words}. Its hosts: {hosts}"): [
            f"{word.written} ({word.place})" for word in nowhere if not word.account
        ],
        _(
            "{file}: taken for a login on a host, and no host of this run is called so: {words}. A login that holds an"
            " @ is written {{login: …}}. Its hosts: {hosts}"
        ): [
            _("{word} (host {host}, {place})").format(word=word.written, host=word.host, place=word.place)
            for word in nowhere
            if word.host
        ],
        _("{file}: taken for logins, and no host of this run on which they are meant has such an account: {words}"): [
            f"{word.written} ({word.place})" for word in accounts
        ],
    }
    return [
        text.format(file=roles.source, words=_some(words), hosts=_some(hosts)) for text, words in told.items() if words
    ]


def _is_missing(word: Word, hosts: Mapping[str, Collection[str] | None]) -> bool:
    """Whether an account is on none of the hosts on which it is meant, of which one is in the run."""
    meant = [logins for host, logins in hosts.items() if host in word.hosts]
    found = [word.account.is_among(logins) for logins in meant if word.account and logins is not None]
    return bool(meant) and len(found) == len(meant) and not any(found)


def _some(words: Iterable[str]) -> str:
    """The first of some words, each once."""
    unique = list(dict.fromkeys(words))
    return ", ".join(unique[:_MOST]) + (", …" if len(unique) > _MOST else "")
