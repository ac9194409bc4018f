"""Files of actions, read as polkitd reads them."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.polkit.actions import PolicyError, read

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE policyconfig PUBLIC "x" "http://example.org/x.dtd">\n'
ONE = """<policyconfig>
  <vendor>V</vendor>
  <action id="org.a">
    <description xml:lang="zh_CN">é</description>
    <defaults><allow_any>auth_admin</allow_any><allow_active>yes</allow_active></defaults>
    <annotate key="org.freedesktop.policykit.exec.path">/usr/bin/vim</annotate>
    <annotate key="org.freedesktop.policykit.imply">org.b org.c</annotate>
  </action>
</policyconfig>"""


def test_an_action() -> None:
    (action,) = read((HEAD + ONE).encode(), "/x.policy")
    assert (action.id, action.source, action.line) == ("org.a", "/x.policy", 5)
    assert action.defaults == {"allow_any": "auth_admin", "allow_inactive": "no", "allow_active": "yes"}
    assert (action.program, action.argument, action.implies) == ("/usr/bin/vim", None, ["org.b", "org.c"])


@pytest.mark.parametrize(
    ("inner", "allow"),
    [
        ("<defaults><allow_any>yes</allow_any></defaults>", "yes"),
        ("<x><defaults><allow_any>yes</allow_any></defaults></x>", "no"),
        ("<defaults><x><allow_any>yes</allow_any></x></defaults>", "no"),
        ("<!-- <defaults><allow_any>yes</allow_any></defaults> -->", "no"),
        ("<defaults><allow_any>yes</allow_any><allow_any>no</allow_any></defaults>", "no"),
        ("<defaults><allow_any>y&#101;s</allow_any></defaults>", None),
        ("<defaults><allow_any> yes</allow_any></defaults>", None),
        ("<defaults><allow_any>\nyes</allow_any></defaults>", None),
        ("<defaults><allow_any>maybe</allow_any></defaults>", None),
        ('<annotate id="x">y</annotate>', None),
        ("<defaults>", None),
    ],
)
def test_defaults(inner: str, allow: str | None) -> None:
    text = f'<policyconfig><action id="before"></action>\n<action id="a">{inner}</action></policyconfig>'
    if allow is None:
        with pytest.raises(PolicyError, match="line") as error:
            read(text.encode(), "f")
        assert [action.id for action in error.value.actions] == ["before"]
    else:
        assert read(text.encode(), "f")[-1].defaults["allow_any"] == allow


def test_entities_are_refused() -> None:
    bomb = "".join(f'<!ENTITY e{n} "&e{n - 1};&e{n - 1};">' for n in range(1, 40))
    for declared in (f'<!ENTITY e0 "x">{bomb}', '<!ENTITY e39 SYSTEM "file:///etc/passwd">'):
        text = f'<!DOCTYPE policyconfig [{declared}]><policyconfig><action id="a">&e39;</action></policyconfig>'
        with pytest.raises(PolicyError):
            read(text.encode(), "f")
    with pytest.raises(PolicyError):
        read(b"<policyconfig>" * 100_000, "f")


@given(
    st.one_of(
        st.binary(max_size=200),
        st.text(alphabet='<>/action="policyconfgdesult_yny &;!-[', max_size=200).map(str.encode),
    )
)
def test_nothing_breaks_it(data: bytes) -> None:
    for text in (data, b"<policyconfig>" + data + b"</policyconfig>"):
        with suppress(PolicyError):
            read(text, "f")
