"""Standard output and standard error that break no command: a reader may leave, and a disk may be full."""

from __future__ import annotations

import os
from io import BufferedWriter, FileIO, TextIOWrapper
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Sink(FileIO):
    """A descriptor that takes everything. After the first write that fails, for `fault`, nothing more is written."""

    fault: OSError | None = None

    def write(self, data: ReadableBuffer) -> int:
        if not self.fault:
            try:
                return super().write(data)
            except OSError as error:
                self.fault = error
        return memoryview(data).nbytes


class Output(TextIOWrapper):
    """A text stream on the descriptor of `stream`; where that was closed by the caller, there is nobody to tell.

    Text that the terminal cannot show is escaped.
    """

    def __init__(self, stream: TextIO | None) -> None:
        where = stream.fileno() if stream else os.open(os.devnull, os.O_WRONLY)
        self._sink = _Sink(where, "w", closefd=False)
        encoding = stream.encoding if stream else "utf-8"
        by_line = isinstance(stream, TextIOWrapper) and stream.line_buffering
        super().__init__(BufferedWriter(self._sink), encoding, "backslashreplace", line_buffering=by_line)

    def fault(self) -> OSError | None:
        """Why something did not go out, unless it is that the reader (head, less) has left."""
        self.flush()
        return None if isinstance(self._sink.fault, BrokenPipeError) else self._sink.fault
