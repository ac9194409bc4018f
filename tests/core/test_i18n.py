"""Which language is spoken, and by whose word."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from secops.core.errors import UsageError
from secops.core.i18n import _, language, ngettext, set_language, speaking


def _language_under(**env: str) -> str:
    code = "from secops.core.i18n import language; print(language())"
    kept = {"PATH": os.environ["PATH"]}
    return subprocess.run(
        [sys.executable, "-c", code], env=kept | env, capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_TW.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "CITYWALL_LANG": "en"}, "en"),
        ({"LC_ALL": "en_US.UTF-8", "CITYWALL_LANG": "zh"}, "zh"),
    ],
)
def test_the_environment_names_the_language(env: dict[str, str], expected: str) -> None:
    assert _language_under(**env).strip() == expected


def test_a_chosen_language_beats_the_environment_and_only_for_its_block() -> None:
    before = language()
    with speaking("zh"):
        assert (language(), _("critical")) == ("zh", "严重")
        with speaking("en"):
            assert _("critical") == "critical"
        assert language() == "zh"
    assert language() == before


def test_a_block_that_fails_gives_the_language_back() -> None:
    before = language()
    with pytest.raises(ZeroDivisionError), speaking("zh"):
        raise ZeroDivisionError
    assert language() == before


def test_a_language_we_do_not_speak_is_refused() -> None:
    with pytest.raises(UsageError, match="fr"):
        set_language("fr")


def test_counted_things() -> None:
    with speaking("en"):
        assert [ngettext("{n} host", "{n} hosts", n).format(n=n) for n in (0, 1, 2)] == ["0 hosts", "1 host", "2 hosts"]
    with speaking("zh"):
        assert [ngettext("{n} host", "{n} hosts", n).format(n=n) for n in (1, 2)] == ["1 台主机", "2 台主机"]


def test_importing_language_and_rendering_is_light() -> None:
    code = (
        "import sys, secops.core.i18n, secops.core.inert; heavy = {'msgspec', 'gettext', 'rich'} & set(sys.modules);"
        "import secops.core.render; print(sorted(heavy | ({'rich', 'msgspec', 'gettext'} & set(sys.modules))))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_what_the_system_said_of_a_file_in_an_image_is_said_in_chinese() -> None:
    from secops.core.render.reasons import reason

    with speaking("zh"):
        assert reason("/etc/passwd: Too many levels of symbolic links") == "/etc/passwd: 符号链接层数过多"


@pytest.mark.parametrize("text", ["net.core.bpf_jit_harden cannot be read", "sysctl: kernel.x cannot be read"])
def test_a_value_that_only_root_may_read_asks_for_root(text: str) -> None:
    from secops.core.render.reasons import advice

    assert advice(text) == "run as root or with sudo"
    assert advice("/var/lib/rpm/Packages cannot be read") == ""
