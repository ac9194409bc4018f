"""Evidence in a file: written by `citywall collect -o`, or by the printed script on a host without a network."""

from __future__ import annotations

import gzip
import os
from dataclasses import dataclass
from pathlib import Path

from secops.core.errors import IncompleteError, UsageError
from secops.core.i18n import _, because
from secops.hosts.bundle_format import unpack
from secops.hosts.carriers.process import MAX_ANSWER
from secops.hosts.evidence import MAGIC, Evidence, decode, readable
from secops.hosts.manifest import manifest
from secops.hosts.unseal import opened


@dataclass
class Bundle:
    """One host's evidence in the file `path`, plain or gzip'ed. `key` opens its sealed hashes."""

    path: Path
    name: str = ""
    key: Path | None = None

    @property
    def label(self) -> str:
        return f"bundle:{readable(os.fsencode(self.path))}"

    def collect(self) -> Evidence:
        """The evidence in the file. What a cut-off file lacks is `failed`.

        Raises `UsageError` when the file cannot be opened, `IncompleteError` when it is damaged or no bundle.
        """
        try:
            stream, cut = unpack(self.path, MAX_ANSWER)
        except gzip.BadGzipFile as error:
            raise IncompleteError(
                _("the bundle is damaged: {reason}").format(reason=error),
                where=str(self.path),
                hint=_("Copy it from the host again."),
            ) from error
        except OSError as error:
            raise UsageError(
                _("cannot be read: {reason}").format(reason=because(error)),
                where=str(self.path),
                hint=_("Name a file that `citywall collect -o` or the collector script has written."),
            ) from error
        if stream.count(MAGIC) > 1:
            raise IncompleteError(
                _("holds {n} runs of the collector").format(n=stream.count(MAGIC)),
                where=str(self.path),
                hint=_("Keep one file for each host and run."),
            )
        evidence = decode(stream, manifest("sealed"), carrier="bundle", label=self.label, cut=cut)
        return opened(evidence, self.key)
