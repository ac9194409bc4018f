"""A job of which the process is killed: `killed.py FOLDER STEP` dies when the first site has written that step down."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from privacy.federated.journal import Entry, Journal
from tests.privacy.federated.gate.kit import World, finished
from tests.privacy.federated.gate.made_up import STATISTICS, job


def main(folder: str, step: str) -> None:
    """Between what stands on the disk and what is sent there is nothing but this."""
    write = Journal.write

    def deadly(journal: Journal, entry: Entry) -> None:
        write(journal, entry)
        if entry.step == step:
            os.kill(os.getpid(), signal.SIGKILL)

    Journal.write = deadly  # type: ignore[method-assign]
    finished(World(Path(folder), job(STATISTICS)).hub())


if __name__ == "__main__":
    main(*sys.argv[1:])
