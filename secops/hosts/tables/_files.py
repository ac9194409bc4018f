"""What several tables need to know about the files of a section beyond their content."""

from __future__ import annotations

from collections.abc import Container

from secops.hosts.evidence import Evidence, Problem, summarise
from secops.hosts.section import Files


def files_problem(evidence: Evidence, section: Files, ignored: Container[str]) -> Problem | None:
    """Why these files are not whole, when paths in `ignored` (directories that a glob met) do not count.

    For sections in `extra_sections`: a directory among the files is a fault to the framework, but its program skips it.
    """
    seen = evidence[section.name]
    if seen != summarise(section, seen.items):
        return evidence.problem(section)  # cut off: what was not seen may be anything
    kept = summarise(section, (item for item in seen.items if item.path not in ignored))
    return Evidence(evidence.carrier, evidence.label, evidence.uid, {section.name: kept}).problem(section)
