"""Progress on stderr for what takes over two seconds. Library code says what it does, never how to show it."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import Self

#: Seconds of quiet at the start, and between lines where there is no terminal.
PATIENCE = 2.0
_LINE_EVERY = 15.0


class Progress:
    """What is being done, how many of how many, for how long. A context manager; silent when `quiet`."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._text, self._done, self._total = "", 0, 0
        self._quiet = quiet
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._show, daemon=True)

    def __enter__(self) -> Self:
        if not self._quiet:
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._ended.set()
        if not self._quiet:
            self._thread.join()

    def step(self, text: str, *, total: int = 0) -> None:
        """A new step begins, of `total` parts (0: not counted)."""
        self._text, self._done, self._total = text, 0, total

    def advance(self) -> None:
        """One part of the step is done."""
        self._done += 1

    def _line(self, seconds: float) -> str:
        count = f" {self._done}/{self._total}" if self._total > 1 else ""
        return f"{self._text}{count} · {seconds:.0f} s"

    def _show(self) -> None:
        started = time.monotonic()
        if self._ended.wait(PATIENCE):
            return
        if not sys.stderr.isatty():
            while not self._ended.wait(_LINE_EVERY):
                print(self._line(time.monotonic() - started), file=sys.stderr)  # noqa: T201 - this is its job
            return
        from rich.console import Console
        from rich.status import Status

        with Status("", console=Console(stderr=True)) as status:
            while not self._ended.wait(0.2):
                status.update(self._line(time.monotonic() - started))
