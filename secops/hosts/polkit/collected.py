"""What leaves a host of polkit's configuration, and the same read from an image.

There may be hundreds of .policy files, of a megabyte: only those leave that hold an action of which something is
known, or that let pkexec run a program, and they without their translated texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from secops.hosts.evidence import Item, Status, readable
from secops.hosts.image import Image
from secops.hosts.section import Command, Files, Listing

ACTIONS_FOLDER = "/usr/share/polkit-1/actions"
RULES_FOLDERS = ("/etc/polkit-1/rules.d", "/usr/share/polkit-1/rules.d")
STORES = ("/var/lib/polkit-1/localauthority", "/etc/polkit-1/localauthority")
ADMINISTRATORS_FOLDER = "/etc/polkit-1/localauthority.conf.d"

#: Read by polkit 126 and later: that something is there is told.
_NEWER = (
    *(f"{folder}/polkit-1/actions/*.policy" for folder in ("/etc", "/run", "/usr/local/share")),
    *(f"{folder}/polkit-1/rules.d/*.rules" for folder in ("/run", "/usr/local/share")),
)
_PKEXEC = ("/usr/bin/pkexec", "/bin/pkexec", "/usr/local/bin/pkexec")

#: Actions that `rules/privilege/polkit-actions.yml` knows.
KNOWN_ACTIONS = (
    "io.snapcraft.snapd.manage", "org.debian.apt.install-file", "org.freedesktop.accounts.user-administration",
    "org.freedesktop.machine1.host-shell", "org.freedesktop.packagekit.package-install-untrusted",
    "org.freedesktop.policykit.exec", "org.freedesktop.systemd1.manage-unit-files",
    "org.freedesktop.systemd1.manage-units", "org.freedesktop.systemd1.set-environment",
    "org.freedesktop.udisks2.modify-system-configuration", "org.freedesktop.udisks2.open-device-system",
    "org.libvirt.unix.manage",
)  # fmt: skip
_WANTED = "|".join(re.escape(name).replace("\\-", "-") for name in KNOWN_ACTIONS)
_TEXTS = "^[ \t]*<(description|message)( [^<>]*)?>[^<]*</(description|message)>[ \t]*$"

ACTIONS = Command(
    "polkit_actions",
    rf"""d={ACTIONS_FOLDER}
[ -d "$d" ] || exit 0
cd "$d" 2>/dev/null && [ -r . ] || exit 65
closed=
for f in ./.*.policy ./*.policy; do [ ! -f "$f" ] || [ -r "$f" ] || closed=1; done
grep -lsE '{_WANTED}' ./.*.policy ./*.policy | while IFS= read -r f; do
  [ -f "$f" ] || exit 1
  printf '%s\0' "$d/${{f#./}}"
  sed -E 's~{_TEXTS}~~' "$f" && printf '\0'
done || exit 1
[ -z "$closed" ] || exit 65
""",
    required=False,
    raw=True,
    image=True,
)
RULES = Files(
    "polkit_rules",
    tuple(f"{folder}/{name}.rules" for folder in RULES_FOLDERS for name in ("*", ".*")),
    rewrite=(("^[ \t]*//[^*]*$", ""), ("^(.*)$", r"\1")),  # without comments, but for what may end another one
)
LOCAL_AUTHORITY = Files(
    "polkit_local_authority",
    (*(f"{store}/*/*.pkla" for store in STORES), f"{ADMINISTRATORS_FOLDER}/*.conf"),
    rewrite=(("^[ \t]*#.*$", ""), ("^(.*)$", r"\1")),
)
PATHS = Listing("polkit_paths", (*_PKEXEC, *_NEWER))


def policies(data: bytes) -> Iterator[tuple[str, bytes]]:
    """(path, content) of each .policy file that left the host. Raises `ValueError` when that is no whole number."""
    fields = data.split(b"\0")
    if len(fields) % 2 == 0 or fields[-1]:
        raise ValueError
    for at in range(0, len(fields) - 1, 2):
        yield readable(fields[at]), fields[at + 1]


def actions_of_image(image: Image, command: Command) -> Item:
    """What `ACTIONS` gives on a running host."""
    folder, out, closed = ACTIONS_FOLDER.encode(), bytearray(), False
    try:
        paths = [path for name in (b".*.policy", b"*.policy") for path in image.glob(folder + b"/" + name)]
    except PermissionError:
        return Item("", b"", Status.DENIED, "needs more privilege")
    for path in paths:
        try:
            content = image.read(path, command.limit + 1) or b""
        except PermissionError:
            closed = True
            continue
        except OSError:  # a link to nowhere
            continue
        if re.search(_WANTED.encode(), content):
            out += (
                path + b"\0" + b"\n".join(re.sub(_TEXTS.encode(), b"", line) for line in content.split(b"\n")) + b"\0"
            )
        if len(out) > command.limit:
            return Item("", bytes(out[: command.limit]), Status.TRUNCATED, f"larger than {command.limit} bytes")
    if closed:
        return Item("", bytes(out), Status.DENIED, "needs more privilege")
    return Item("", bytes(out), Status.OK if out else Status.EMPTY, "" if out else "empty")
