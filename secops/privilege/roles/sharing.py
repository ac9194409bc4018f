"""Accounts that several people use, as far as it shows: declared so, by the keys that open them, or by their name."""

from __future__ import annotations

from collections.abc import Iterator

from secops.core.content import Text
from secops.hosts.tables import Row
from secops.privilege.roles.duties import is_generic
from secops.privilege.roles.holdings import Held, Proof
from secops.privilege.roles.levels import Level
from secops.privilege.roles.place import Gap, Place

_ADMINISTRATORS = frozenset({Level.SYSTEM, Level.SECURITY, Level.AUDIT})

#: Key comments shown of one account.
_SHOWN = 5


def found(place: Place) -> Iterator[Gap]:
    """One gap for each way in which it shows that an account is shared, unless that is declared."""
    for held in place.held():
        if place.is_kept(held.user) or place.roles.may_share(held.user, place.host, place.today):
            continue
        people = place.people(held.user)
        if len(people) > 1 and (held.levels or held.is_root):
            yield _gap(held, None, Text(f"declared for {', '.join(people)}", f"声明由{'、'.join(people)}共同使用"))
        if held.is_root or held.levels.keys() & _ADMINISTRATORS:
            yield from _by_keys(held)
        if held.can_login and not place.posts_of(held.user) and is_generic(held.user):
            proof = held.levels.get(Level.VIEWER)
            yield _gap(held, proof, Text("its name belongs to nobody", "账户名称为公用名称，不属于特定人员"))


def _by_keys(held: Held) -> Iterator[Gap]:
    """Different keys whose comments name different people. A key that only runs one command opens no session."""
    owners: dict[str, Row] = {}
    for key in held.keys:
        if key["comment"].strip() and not (key["forced_command"] or key["cert_authority"]):
            owners.setdefault(_owner(key["comment"].strip()), key)
    if len({key["fingerprint"] for key in owners.values()}) > 1:
        first = next(iter(owners.values()))
        names = ", ".join(list(owners)[:_SHOWN]) + (", …" if len(owners) > _SHOWN else "")
        text = Text(f"opened by keys of {len(owners)}: {names}", f"可由 {len(owners)} 人的密钥登录：{names}")
        yield _gap(held, Proof("key", "", first["path"], first["line"]), text)


def _owner(comment: str) -> str:
    """Whose key it is: the user of `user@host`, unless that name belongs to nobody."""
    user = comment.partition("@")[0].lower()
    return comment if user == "root" or is_generic(user) else user


def _gap(held: Held, proof: Proof | None, how: Text) -> Gap:
    text = Text(f"{held.user} is used by several people: {how.en}", f"{held.user} 由多人共用：{how.zh}")
    return Gap("shared", held.user, text, held=held.levels, proof=proof)
