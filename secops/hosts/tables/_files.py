"""What several tables do with files: leave out what must not travel, and judge their status."""

from __future__ import annotations

from collections.abc import Container
from posixpath import normpath

from secops.hosts.evidence import Evidence, Problem, summarise
from secops.hosts.masking import HIDDEN as HIDDEN
from secops.hosts.section import Files, Rewrite

#: Comments are no facts, and old passwords rest in them: they stay on the host. Blank lines keep the numbering.
WITHOUT_COMMENTS: Rewrite = (("^[ \t]*#.*$", ""), ("^(.*)$", r"\1"))


def without_values(key: str, value: str, *, inside: str = ".", end: str = "(.*)") -> Rewrite:
    """Rules that hide the values of at most four keys on a line: one rule replaces a line once.

    `key` is a pattern with exactly one group, `inside` a character before it, `end` what follows the last value.
    """
    return tuple(
        (
            f"^{f'({inside}*{key}){value}' * times}{end}$",
            "".join(f"\\{2 * n + 1}{HIDDEN}" for n in range(times)) + f"\\{2 * times + 1}",
        )
        for times in (4, 3, 2, 1)
    )


def files_problem(evidence: Evidence, section: Files, ignored: Container[str]) -> Problem | None:
    """Why these files are not whole, when paths in `ignored` (directories that a glob met) do not count.

    For sections in `extra_sections`: a directory among the files is a fault to the framework, but its program skips it.
    """
    seen = evidence[section.name]
    if seen != summarise(section, seen.items):
        return evidence.problem(section)  # cut off: what was not seen may be anything
    kept = summarise(section, (item for item in seen.items if item.path not in ignored))
    return Evidence(evidence.carrier, evidence.label, evidence.uid, {section.name: kept}).problem(section)


def one_path(path: str) -> str:
    """One spelling for each path: `//x` and `/y/../x` are `/x`."""
    return "/" + normpath(path).lstrip("/")
