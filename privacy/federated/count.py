"""Whether a job is worth asking for: how many people would take part at a site, rounded down as its floor demands."""

from __future__ import annotations

import msgspec

from privacy.federated.check.profile import floored
from privacy.federated.job.features import labels_of
from privacy.federated.job.job import Job
from privacy.federated.site import floors
from privacy.federated.site.data import Local, Records, chosen, refusals
from privacy.federated.site.mapping import Site
from privacy.reason import Reason


class Feasible(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """People at a site that would take part, in training and in the test, and of all of them by label of the target.

    Each is rounded down to a multiple of `base`, the site's floor: 0 is fewer than that. `refused`: why the site would
    not take part, whoever asks.
    """

    job: str
    site: str
    base: int
    training: int
    test: int
    labels: dict[str, int]
    refused: tuple[Reason, ...] = ()


def count(job: Job, site: Site, local: Local) -> Feasible:
    """What a site tells whoever asks whether a job could be done there."""
    base = site.policy.floor.cell
    records = chosen(job, local)
    training, test = records.part(held=False), records.part(held=True)
    people = [floored(floors.how_many(part.people), base) for part in (training, test)]
    return Feasible(
        job=job.digest,
        site=site.site,
        base=base,
        training=people[0],
        test=people[1],
        labels=_labels(job, records, base),
        refused=tuple(refusals(job, site, records)),
    )


def _labels(job: Job, records: Records, base: int) -> dict[str, int]:
    if job.target is None or not (labels := labels_of(job.features[job.target])):
        return {}
    counts = floors.of_labels(records.design.column(job.target), len(labels), records.people)
    return {label: floored(int(count), base) for label, count in zip(labels, counts, strict=True)}
