"""What leaves a host of its actions: under every shell, of an image the same, and what may not be read is told."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from secops.hosts.evidence import Status, judge
from secops.hosts.image import Image
from secops.hosts.polkit.collected import ACTIONS, ACTIONS_FOLDER, actions_of_image, policies
from tests.hosts.tables.live_kit import Shell, run, shells

MATTERS = """<policyconfig>
  <action id="org.libvirt.unix.manage">
    <description xml:lang="zh_CN">管理</description>
    <message>A message
      of two lines</message>
  </action>
</policyconfig>
"""
LEFT = MATTERS.replace('    <description xml:lang="zh_CN">管理</description>', "")
PKEXEC = '<annotate key="org.freedesktop.policykit.exec.path">/bin/x</annotate>'

FILES = {
    "a.policy": MATTERS,
    ".hidden.policy": PKEXEC + "\n",
    "-E b.policy": f"{PKEXEC}\n",
    "other.policy": MATTERS.replace("org.libvirt.unix.manage", "org.libvirt.unix.monitor"),
    "a.policy.bak": MATTERS,
    "empty.policy": "",
}


@pytest.fixture
def root() -> Iterator[Path]:
    """An image with these files, and with a folder and a dangling link of such a name, where nobody finds it."""
    with tempfile.TemporaryDirectory() as directory:
        _fill(Path(directory))
        yield Path(directory)


def _fill(root: Path) -> None:
    folder = root / ACTIONS_FOLDER.lstrip("/")
    folder.mkdir(parents=True)
    for name, content in FILES.items():
        (folder / name).write_text(content)
    (folder / "d.policy").mkdir()
    (folder / "gone.policy").symlink_to("nowhere")
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)


def live(root: Path, shell: Shell, *, as_nobody: bool = False) -> tuple[bytes, int]:
    """What the command prints when the folder is that of the image, by the names that it has there."""
    here = str(root / ACTIONS_FOLDER.lstrip("/"))
    data, code = run(ACTIONS.script.replace(ACTIONS_FOLDER, here), shell, as_nobody=as_nobody)
    return data.replace(here.encode(), ACTIONS_FOLDER.encode()), code


@pytest.mark.parametrize("shell", shells(), ids=lambda shell: shell.name)
def test_what_matters_leaves_a_host_and_an_image_alike(root: Path, shell: Shell) -> None:
    data, code = live(root, shell)
    assert code == 0
    assert {path.rpartition("/")[2]: text.decode() for path, text in policies(data)} == {
        "a.policy": LEFT, ".hidden.policy": FILES[".hidden.policy"], "-E b.policy": FILES["-E b.policy"],
    }  # fmt: skip
    image = Image(str(root))
    try:
        assert actions_of_image(image, ACTIONS).data == data
    finally:
        image.close()


@pytest.mark.parametrize("shell", shells(), ids=lambda shell: shell.name)
def test_without_actions_there_is_nothing(tmp_path: Path, shell: Shell) -> None:
    assert live(tmp_path, shell) == (b"", 0)
    (tmp_path / ACTIONS_FOLDER.lstrip("/")).mkdir(parents=True)
    assert live(tmp_path, shell) == (b"", 0)
    assert actions_of_image(Image(str(tmp_path)), ACTIONS).status is Status.EMPTY


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes nobody")
@pytest.mark.parametrize("shell", shells(), ids=lambda shell: shell.name)
def test_what_may_not_be_read_is_told(root: Path, shell: Shell) -> None:
    (root / ACTIONS_FOLDER.lstrip("/") / "other.policy").chmod(0o600)
    data, code = live(root, shell, as_nobody=True)
    assert judge(ACTIONS, "", data, code).status is Status.DENIED
    assert len(list(policies(data))) == 3
    (root / ACTIONS_FOLDER.lstrip("/")).chmod(0o700)
    assert live(root, shell, as_nobody=True) == (b"", 65)


def test_a_name_of_two_lines_is_no_silent_loss(root: Path) -> None:
    (root / ACTIONS_FOLDER.lstrip("/") / "a\nb.policy").write_text(PKEXEC)
    assert live(root, shells()[0])[1] == 1


@pytest.mark.parametrize("data", [b"a", b"a\0", b"a\0b", b"a\0b\0c\0"])
def test_what_is_cut_off_is_told(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - it says no more
        list(policies(data))
