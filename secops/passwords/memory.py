"""What audits remember: in the store, by HMAC of each hash under a key that stays in Citywall's folder."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from sqlalchemy import Connection, delete, insert, select

from secops.core.database import Database
from secops.core.errors import CitywallError
from secops.core.i18n import _
from secops.core.schema import password_trials
from secops.passwords.audit import Mac, Past

_KEY_BYTES = 32

#: Values in one statement: databases limit its parameters.
_AT_ONCE = 500


def local_key(folder: Path) -> Mac:
    """The key in `folder`, made on first use for its owner alone. Raises `CitywallError` when it cannot be."""
    path = folder / "passwords.key"
    try:
        if not path.exists():
            _make(path)
        key = path.read_bytes()
    except OSError as error:
        raise CitywallError(_("cannot be used: {reason}").format(reason=error.strerror), where=str(path)) from error
    if len(key) != _KEY_BYTES:
        hint = _("Move it away: the next audit makes a new one and starts from the first word.")
        raise CitywallError(_("is damaged"), where=str(path), hint=hint)
    return Mac(key)


def _make(path: Path) -> None:
    """Whole or not at all, and never over the key of another audit that starts at the same moment."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    file = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(file, secrets.token_bytes(_KEY_BYTES))
        os.fsync(file)
        os.link(partial, path)
    except FileExistsError:
        pass
    finally:
        os.close(file)
        partial.unlink()


class Memory:
    """The trials of earlier audits. `recall` and `keep` are one transaction each."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def recall(self, macs: Iterable[str]) -> dict[str, Past]:
        """What is known of hashes, by their MACs."""
        with self._db.read() as con:
            return _kept(con, list(macs))

    def keep(self, known: Mapping[str, Past]) -> None:
        """Remember trials. Of two audits at once the one that came further counts."""
        with self._db.write() as con:
            before = _kept(con, list(known))
            rows = [
                {"mac": mac, "plan": past.plan, "tried": past.tried, "word_group": past.group}
                for mac, past in known.items()
                if _further(past, before.get(mac))
            ]
            for at in range(0, len(rows), _AT_ONCE):
                part = rows[at : at + _AT_ONCE]
                con.execute(delete(password_trials).where(password_trials.c.mac.in_([row["mac"] for row in part])))
                con.execute(insert(password_trials), part)


def _kept(con: Connection, macs: Sequence[str]) -> dict[str, Past]:
    known: dict[str, Past] = {}
    t = password_trials.c
    for at in range(0, len(macs), _AT_ONCE):
        query = select(t.mac, t.plan, t.tried, t.word_group).where(t.mac.in_(macs[at : at + _AT_ONCE]))
        known.update({mac: Past(plan, tried, group) for mac, plan, tried, group in con.execute(query)})
    return known


def _further(now: Past, before: Past | None) -> bool:
    if before is None or before.plan != now.plan:
        return True
    return bool(now.group and not before.group) or now.tried > before.tried
