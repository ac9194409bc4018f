"""What counts as an approval, and what does not: each case has its twin that counts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from privacy.canonical import time_text
from privacy.parties import changes
from privacy.parties.approval import Approval, Case, Quorum, approve, check, weigh
from privacy.parties.keys import Signer
from privacy.parties.roster import Roster
from privacy.parties.signed import Signed, dump, parse, sign
from secops.core.errors import RefusedError, UsageError
from secops.core.i18n import speaking
from tests.privacy.parties.kit import DAY, NOW, VALID, Commission, card

SUBJECT = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64
LATER = NOW + DAY

replace = msgspec.structs.replace


def _by(commission: Commission, name: str, **values: Any) -> Signed[Approval]:
    asked: dict[str, Any] = {
        "subject": SUBJECT, "purpose": "release", "requester": "rita", "now": NOW, "until": NOW + 7 * DAY,
    }  # fmt: skip
    return approve(commission.roster, commission.keys[name], **(asked | values))


def _codes(approvals: list[Signed[Approval]], roster: Roster, **values: Any) -> list[str]:
    asked: dict[str, Any] = {
        "subject": SUBJECT, "purpose": "release", "requester": "rita", "rule": Quorum(), "used": {}, "now": LATER,
    }  # fmt: skip
    return [reason.code for reason in check(approvals, roster, **(asked | values))]


def test_two_checkers_are_enough(commission: Commission) -> None:
    both = [_by(commission, "ann"), _by(commission, "bo")]
    assert _codes(both, commission.roster) == []
    again = [parse(dump(one), Approval, "x") for one in both]
    assert _codes(again, commission.roster) == []
    assert _codes(both[:1], commission.roster) == ["approval-few"]
    assert _codes([], commission.roster) == ["approval-few"]


#: what Bo's approval is, how the case is asked → the reason why it does not count beside Ann's
BAD: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "another subject": ({"subject": OTHER}, {}, "approval-subject"),
    "another purpose": ({"purpose": "contract"}, {}, "approval-purpose"),
    "another requester": ({"requester": "owen"}, {}, "approval-other"),
    "out of date": ({"until": LATER}, {}, "approval-expired"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_does_not_count(case: str, commission: Commission) -> None:
    values, asked, code = BAD[case]
    ann, bo = _by(commission, "ann"), _by(commission, "bo", **values)
    assert _codes([ann, bo], commission.roster, **asked) == [code, "approval-few"]
    assert _codes([ann, bo, _by(commission, "bo")], commission.roster, **asked) == []


def test_a_clock_before_the_approval(commission: Commission) -> None:
    """The clock of who checks went back, or that of the approver is fast."""
    ann, bo = _by(commission, "ann"), _by(commission, "bo", now=NOW + 2 * DAY)
    assert _codes([ann, bo], commission.roster) == ["approval-clock", "approval-few"]
    assert _codes([ann, bo], commission.roster, now=NOW + 2 * DAY) == []
    assert "approval-roster" in _codes([ann, bo], commission.roster, now=NOW - DAY)


def test_the_requester_approves_nothing(commission: Commission) -> None:
    with pytest.raises(RefusedError, match="own request"):
        _by(commission, "ann", requester="ann")
    ann, bo = _by(commission, "ann", requester="bo"), _by(commission, "bo", requester="rita")
    assert _codes([ann, bo], commission.roster, requester="bo") == ["approval-own", "approval-few"]
    own = sign(replace(bo.body, requester="bo"), commission.keys["bo"])  # signed without our help
    assert _codes([ann, own], commission.roster, requester="bo") == ["approval-own", "approval-few"]


def test_the_requester_is_enrolled(commission: Commission) -> None:
    both = [_by(commission, name, requester="eve") for name in ("ann", "bo")]
    assert _codes(both, commission.roster, requester="eve") == ["approval-requester"]
    both = [_by(commission, name) for name in ("ann", "bo")]
    revoked = changes.revoke(commission.roster, "rita", "left", now=NOW, valid=VALID)
    assert _codes(both, revoked) == ["approval-requester"]


def test_one_party_counts_once(commission: Commission) -> None:
    twice = [_by(commission, "ann"), _by(commission, "ann")]
    assert _codes(twice, commission.roster) == ["approval-twice", "approval-few"]
    assert _codes(twice, commission.roster, rule=Quorum(distinct=False)) == []
    same = [twice[0], twice[0]]
    assert _codes(same, commission.roster, rule=Quorum(distinct=False)) == ["approval-twice", "approval-few"]


def test_only_kinds_that_may(commission: Commission) -> None:
    ann, owen = _by(commission, "ann"), _by(commission, "owen")
    assert _codes([ann, owen], commission.roster) == ["approval-kind", "approval-few"]
    assert _codes([ann, owen], commission.roster, rule=Quorum(kinds=("checker", "owner"))) == []
    assert _codes([ann, owen], commission.roster, rule=Quorum(count=1, kinds=("owner",))) == []


def test_used_up(commission: Commission) -> None:
    ann, bo = _by(commission, "ann", uses=2), _by(commission, "bo", uses=2)
    assert _codes([ann, bo], commission.roster, used={ann.digest: 1, bo.digest: 1}) == []
    assert _codes([ann, bo], commission.roster, used={bo.digest: 2}) == ["approval-used", "approval-few"]
    signed_again = sign(bo.body, commission.keys["bo"])
    assert _codes([ann, signed_again], commission.roster, used={bo.digest: 2}) == ["approval-used", "approval-few"]


def test_a_revoked_key_counts_no_more(commission: Commission) -> None:
    both = [_by(commission, "ann"), _by(commission, "bo")]
    roster = changes.revoke(commission.roster, "bo", "lost", now=LATER, valid=VALID)
    assert _codes(both, roster) == ["approval-key-revoked", "approval-few"]
    new = Signer.new()
    roster = changes.renew(roster, "bo", now=LATER, until=VALID, valid=VALID, card=card("bo", new))
    assert _codes(both, roster) == ["approval-signature", "approval-few"]
    again = approve(roster, new, subject=SUBJECT, purpose="release", requester="rita", now=LATER, until=LATER + DAY)
    assert _codes([both[0], again], roster) == []
    early = sign(replace(again.body, issued=time_text(NOW)), new)
    assert _codes([both[0], early], roster) == ["approval-key-later", "approval-few"]


def test_keys_in_their_time(commission: Commission) -> None:
    until = NOW + 300 * DAY
    both = [_by(commission, "ann", until=until), _by(commission, "bo", until=until)]
    late = _codes(both, commission.roster, now=NOW + 200 * DAY)
    assert late == ["approval-requester", "approval-key-expired", "approval-key-expired", "approval-few"]
    assert "approval-roster" in _codes(both, commission.roster, now=VALID)
    eve = Signer.new()
    roster = changes.enrol(commission.roster, card("eve", eve), ["checker"], now=LATER, until=VALID, valid=VALID)
    early = sign(replace(both[1].body, approver="eve"), eve)
    assert "approval-key-early" in _codes([early], roster, now=NOW)


def test_not_enrolled(commission: Commission) -> None:
    ann, stranger = _by(commission, "ann"), Signer.new()
    with pytest.raises(RefusedError, match="not in the roster"):
        approve(commission.roster, stranger, subject=SUBJECT, purpose="x", requester="rita", now=NOW, until=LATER)
    eve = sign(replace(ann.body, approver="eve"), stranger)
    assert _codes([ann, eve], commission.roster) == ["approval-unknown", "approval-few"]
    as_bo = sign(replace(ann.body, approver="bo"), stranger)
    assert _codes([ann, as_bo], commission.roster) == ["approval-signature", "approval-few"]


def _stolen(commission: Commission, change: Callable[[Approval], Approval]) -> Signed[Approval]:
    bo = _by(commission, "bo", subject=OTHER)
    return Signed(change(bo.body), bo.key_id, bo.signature)


@pytest.mark.parametrize(
    "change",
    [
        lambda body: replace(body, subject=SUBJECT),
        lambda body: replace(body, subject=SUBJECT, uses=1000),
        lambda body: replace(body, subject=SUBJECT, approver="ann"),
        lambda body: replace(body, subject=SUBJECT, until="2099-01-01T00:00:00Z"),
    ],
)
def test_a_stolen_signature_is_false(change: Callable[[Approval], Approval], commission: Commission) -> None:
    ann, stolen = _by(commission, "ann"), _stolen(commission, change)
    assert _codes([ann, stolen], commission.roster) == ["approval-signature", "approval-few"]


def test_a_bad_one_takes_nothing_from_the_good(commission: Commission) -> None:
    good = [_by(commission, "ann"), _by(commission, "bo")]
    bad = [_stolen(commission, lambda body: body), _by(commission, "bo", subject=OTHER), good[0]]
    case = Case(commission.roster, SUBJECT, "release", "rita", Quorum(), {}, LATER)
    weighed = weigh([bad[0], good[0], bad[1], bad[2], good[1]], case)
    assert weighed.enough
    assert weighed.counted == tuple(good)
    assert [reason.code for reason in weighed.reasons] == ["approval-subject", "approval-subject", "approval-twice"]
    spent = weigh(good, Case(commission.roster, SUBJECT, "release", "rita", Quorum(count=1), {}, LATER))
    assert spent.counted == (good[0],)


def test_what_is_no_approval(commission: Commission) -> None:
    for values in ({"uses": 0}, {"until": NOW}, {"subject": "abc"}, {"purpose": "A b"}):
        with pytest.raises(UsageError, match="gives no approval"):
            _by(commission, "ann", **values)
    with pytest.raises(RefusedError, match="not valid now"):
        _by(commission, "ann", now=NOW + 100 * DAY, until=VALID)


def test_reasons_are_in_both_languages_and_inert(commission: Commission) -> None:
    both = [_by(commission, name, requester="rita") for name in ("ann", "bo")]
    reason = check(
        both, commission.roster, subject=SUBJECT, purpose="release", requester="ev\x1b[2Je", rule=Quorum(), used={},
        now=LATER,
    )[0]  # fmt: skip
    assert str(reason) == "the requester ev\\x1b[2Je has no valid key"
    with speaking("zh"):
        assert str(reason) == "申请方 ev\\x1b[2Je 没有有效密钥"


_NAMES = st.sampled_from(["ann", "bo", "owen", "rita"])
_WHEN = st.integers(-3, 9).map(lambda days: NOW + days * DAY)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    given_=st.lists(
        st.tuples(_NAMES, _NAMES, st.sampled_from([SUBJECT, OTHER]), st.sampled_from(["release", "job"]), _WHEN,
                  st.integers(1, 5), st.booleans()),
        max_size=5,
    ),
    requester=_NAMES, now=_WHEN, spent=st.integers(0, 1), revoked=st.none() | _NAMES,
)  # fmt: skip
def test_enough_only_when_two_true_ones_are_there(
    commission: Commission,
    given_: list[tuple[Any, ...]],
    requester: str,
    now: datetime,
    spent: int,
    revoked: str | None,
) -> None:
    """The rules written down a second time, over approvals of any kind."""
    roster = changes.revoke(commission.roster, revoked, "x", now=NOW, valid=VALID) if revoked else commission.roster
    approvals, true = [], set()
    for number, (name, asker, subject, purpose, issued, days, stolen) in enumerate(given_):
        until = issued + days * DAY
        body = Approval(purpose, subject, name, asker, time_text(issued), time_text(until), 1, f"{number:032x}")
        signed = sign(body, commission.keys["ann" if stolen else name])
        approvals.append(signed)
        right = (subject, purpose, asker) == (SUBJECT, "release", requester) and name != requester
        timely = issued <= now < until and issued >= NOW and now >= NOW
        if right and timely and name in ("ann", "bo") and signed.key_id == commission.keys[name].key_id:
            true |= {name} - {revoked}
    used = {signed.digest: spent for signed in approvals}
    enough = _codes(approvals, roster, requester=requester, now=now, used=used) == []
    assert enough == (len(true) == 2 and spent == 0 and requester != revoked)
