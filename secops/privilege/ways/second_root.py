"""Accounts that are root by their number."""

from __future__ import annotations

from collections.abc import Iterator

from secops.core.content import Text
from secops.hosts.tables import Built
from secops.privilege.way import Kind, View, Way

_HOW = Text("its uid is 0", "其 UID 为 0")


def find(view: View, built: Built) -> Iterator[Way]:  # noqa: ARG001 - a `Kind`
    for row in view.rows("users"):
        if row["uid"] == 0 and row["user_name"] != view.root.name:
            yield Way(row["user_name"], view.root.name, "uid0", "0", "shell", _HOW, "/etc/passwd", row["line"])


KIND = Kind("", (), find)
