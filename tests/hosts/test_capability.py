"""File capabilities: what getcap prints and what the kernel keeps say the same, as the tools themselves take it."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.capability import FileCapabilities, from_attribute, from_text
from tests.testroot import TestHost

#: Text of setcap(8) → permitted or inheritable, permitted, in force from the start.
TEXTS = {
    "cap_net_raw=ep": (["cap_net_raw"], ["cap_net_raw"], True),
    "cap_setuid+p": (["cap_setuid"], ["cap_setuid"], False),
    "cap_setuid=i": (["cap_setuid"], [], False),
    "cap_setuid=ei": (["cap_setuid"], [], False),
    "cap_chown=ep cap_setuid+ei": (["cap_chown", "cap_setuid"], ["cap_chown"], True),
    "cap_chown,cap_kill=eip": (["cap_chown", "cap_kill"], ["cap_chown", "cap_kill"], True),
    "=ep": (["all"], ["all"], True),
    "all=p": (["all"], ["all"], False),
    "= cap_net_raw+eip cap_net_raw-e": (["cap_net_raw"], ["cap_net_raw"], False),
}


@pytest.mark.parametrize("text", TEXTS)
def test_clauses_are_read_as_cap_from_text_does(text: str) -> None:
    assert from_text(text) == FileCapabilities(*TEXTS[text])


def test_what_the_tools_set_is_read_alike_from_getcap_and_from_the_kernel(test_host: TestHost) -> None:
    for number, (text, wanted) in enumerate(TEXTS.items()):
        path = test_host.write(f"/srv/{number}", b"", 0o755)
        test_host.run(["setcap", text.removeprefix("= "), f"/srv/{number}"], check=True)
        printed = test_host.run(["getcap", "-n", f"/srv/{number}"]).stdout.decode().strip()
        assert from_text(printed.removeprefix(f"/srv/{number}")) == FileCapabilities(*wanted), text
        assert from_attribute(os.getxattr(path, "security.capability")) == FileCapabilities(*wanted), text


def test_all_but_one_is_not_all() -> None:
    found = from_text("=ep cap_setuid-ep")
    assert found
    assert "cap_setuid" not in found.permitted
    assert "cap_chown" in found.permitted
    assert found.effective


def test_what_counts_only_in_a_user_namespace_is_not_permitted(test_host: TestHost) -> None:
    """Any user can make such a file."""
    path = test_host.write("/srv/own", b"", 0o755)
    test_host.run(["setcap", "-n", "1000", "cap_setuid=ep", "/srv/own"], check=True)
    printed = test_host.run(["getcap", "-n", "/srv/own"]).stdout.decode().strip()
    nothing = FileCapabilities(["cap_setuid"], [], False)
    assert printed == "/srv/own cap_setuid=ep [rootid=1000]"
    assert from_text(printed.removeprefix("/srv/own")) == nothing
    assert from_attribute(os.getxattr(path, "security.capability")) == nothing
    assert from_text(" cap_setuid=ep [rootid=0]") == FileCapabilities(["cap_setuid"], ["cap_setuid"], True)


@pytest.mark.parametrize("text", ["", " ", "ep", "cap_setuid", " (Invalid argument)", "=x", "cap_setuid=ep [rootid=x]"])
def test_other_text_is_none(text: str) -> None:
    assert from_text(text) is None


def test_an_attribute_of_the_first_revision_is_read() -> None:
    assert from_attribute(bytes.fromhex("010000010020000000000000")).permitted == ["cap_net_raw"]


@given(st.binary(max_size=40))
def test_any_attribute_is_read(raw: bytes) -> None:
    found = from_attribute(raw)
    assert found.names == sorted(found.names)
    assert set(found.permitted) <= set(found.names)


@given(st.one_of(st.text(max_size=60), st.text("cap_setuid,=+-eip [rootd]019", max_size=60)))
def test_any_text_is_read(text: str) -> None:
    found = from_text(text)
    assert found is None or set(found.permitted) <= set(found.names)
