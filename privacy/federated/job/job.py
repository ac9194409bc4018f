"""`job.yml`: a federated computation as data, as docs/jobs.md describes it. Its digest covers all that it says.

A job is written by the researcher, read by every site, and public among the parties. So it holds no value of data, and
what it does not know how to say is an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import msgspec

from privacy import canonical
from privacy.data.schema import Bound, NumberField, entry_faults, number_of
from privacy.federated.design import Column
from privacy.federated.job import features, methods
from privacy.federated.job.features import Feature
from privacy.federated.job.methods import Method
from privacy.parties.signed import Digest, Name, as_value
from secops.core import yaml
from secops.core.content import Text, convert, read_as
from secops.core.errors import UsageError
from secops.core.i18n import _
from secops.core.inert import printable

#: Every site has a mask with every other.
MOST_SITES = 100

#: Columns of one job; a matrix of all pairs of them is summed.
MOST_FEATURES = 500

_Rows = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=MOST_SITES)]


class Parties(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who takes part, by the ids of one version of the roster: `roster` is its digest."""

    roster: Digest
    researcher: Name
    hub: Name
    sites: Annotated[tuple[Name, ...], msgspec.Meta(min_length=2, max_length=MOST_SITES)]


class HashSplit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="by", tag="hash"):
    """So many percent of the people of each site are held back for the test, by a hash of who, or of the record."""

    percent: Annotated[int, msgspec.Meta(ge=1, le=90)]
    seed: Annotated[int, msgspec.Meta(ge=0, le=canonical.LARGEST)] = 0


class SiteSplit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="by", tag="site"):
    """Each site has a column that says which records are held back for the test."""


class Aggregation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`masks`: nobody sees one site's numbers, unless more than `colluding` sites lie together with the hub.
    `plain`: the hub sees each site's.
    """

    by: Literal["masks", "plain"] = "masks"
    colluding: _Count = 1


class Privacy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Differential privacy of one person, who adds a vector of at most the length `clip` in every round."""

    epsilon: Bound
    delta: Bound
    clip: Bound
    unit: Literal["person"] = "person"


class Minimum(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The fewest sites of which a sum may be seen, and the fewest records with which a site takes part."""

    sites: Annotated[int, msgspec.Meta(ge=2, le=MOST_SITES)]
    rows: _Rows = 1


class Maximum(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The most records of one site: what bounds its sums before anybody has seen them."""

    rows: _Rows = 1_000_000


#: What may become of it.
Output = Literal["coefficients", "statistics", "evaluation", "model", "card", "plots"]


class Job(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One computation over the records of several sites. `contract` and `purpose` say what allows it."""

    CONTEXT: ClassVar[str] = "citywall-job/1"

    id: Name
    title: Text
    contract: Name
    purpose: Name
    parties: Parties
    features: Annotated[dict[str, Feature], msgspec.Meta(min_length=1, max_length=MOST_FEATURES)]
    target: str | None = None
    split: HashSplit | SiteSplit | None = None
    method: Method
    rounds: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    aggregation: Aggregation = Aggregation()
    privacy: Privacy | None = None
    minimum: Minimum
    maximum: Maximum = Maximum()
    outputs: Annotated[tuple[Output, ...], msgspec.Meta(min_length=1)]

    def __post_init__(self) -> None:
        """Features have one order, however the file is laid out: that of columns at every site and at the hub."""
        msgspec.structs.force_setattr(self, "features", dict(sorted(self.features.items())))

    @property
    def digest(self) -> str:
        """Of all that it says, the defaults among it, however the file is laid out."""
        return canonical.digest(as_value(self))

    def columns(self) -> tuple[Column, ...]:
        """The columns that every site's records have."""
        return tuple(features.column(name, feature) for name, feature in self.features.items())


def load(path: Path) -> Job:
    """The job in a file. Raises `UsageError` with the line of what is wrong."""
    hint = _("docs/jobs.md describes the format; put decimals in quotes.")
    for place, fault in entry_faults(yaml.load(path), "features", Feature):
        raise yaml_error(path, place, fault, hint)
    job = read_as(path, Job, hint=hint)
    for place, fault in faults(job):
        raise yaml_error(path, place, fault, hint)
    return job


def parse(raw: bytes, where: str) -> Job:
    """The job of these canonical bytes, as it is sent. Raises `UsageError` for any others."""
    if len(raw) > yaml.MAX_BYTES:
        raise UsageError(_("is larger than {n} MiB").format(n=yaml.MAX_BYTES >> 20), where=where)
    try:
        job = convert(canonical.decode(raw), Job)
    except ValueError as error:  # msgspec's errors are some
        raise UsageError(_("is no job: {reason}").format(reason=_one_line(str(error))), where=where) from error
    check(job, where)
    return job


def check(job: Job, where: str) -> None:
    """Raise `UsageError` for a job, of whatever origin, that undoes itself."""
    for place, fault in faults(job):
        raise UsageError(fault, where=_one_line(f"{where}:{place}"))


def _one_line(text: str) -> str:
    return " ".join(printable(text).split())


def dump(job: Job) -> bytes:
    """The bytes that `parse` reads, and that the digest is over."""
    return canonical.encode(as_value(job))


def yaml_error(path: Path, place: str, fault: str, hint: str) -> UsageError:
    """The error of a place in a YAML file, with its line."""
    line = yaml.line_of(path, place)
    return UsageError(fault, where=f"{path}:{line}" if line else str(path), hint=hint)


def faults(job: Job) -> Iterator[tuple[str, str]]:
    """Where and what: names that stand for nothing or twice, ranges without values, numbers that undo each other."""
    for name, feature in job.features.items():
        yield from features.faults(f"$.features.{name}", name, feature)
    if job.target is not None and job.target not in job.features:
        yield "$.target", _("{name} is none of the features").format(name=printable(job.target))
    yield from methods.faults(job.method, job.features, job.target)
    if job.target in job.features and job.features[job.target].missing != "drop":
        yield f"$.features.{job.target}.missing", _("a record without the target cannot take part")
    for place, names in (("$.parties.sites", job.parties.sites), ("$.outputs", job.outputs)):
        for number, name in enumerate(names):
            if name in names[:number]:
                yield f"{place}[{number}]", _("{name} stands twice").format(name=name)
    if "evaluation" in job.outputs and job.split is None and not isinstance(job.method, methods.Statistics):
        yield "$.outputs", _("an evaluation needs records that are held back: `split` has to say which")
    yield from _sum_faults(job)
    yield from _privacy_faults(job)


def _sum_faults(job: Job) -> Iterator[tuple[str, str]]:
    sites, least, colluding = len(job.parties.sites), job.minimum.sites, job.aggregation.colluding
    if least > sites:
        yield "$.minimum.sites", _("there are only {n} sites").format(n=sites)
    if job.aggregation.by == "masks" and colluding > sites - 2:
        yield "$.aggregation.colluding", _("leaves no two honest sites")
    if job.aggregation.by == "masks" and 2 * least <= sites + colluding:
        what = _("of {n} sites, {colluding} of them dishonest, masks need {least} or more")
        yield "$.minimum.sites", what.format(n=sites, colluding=colluding, least=(sites + colluding) // 2 + 1)
    if job.minimum.rows > job.maximum.rows:
        yield "$.maximum.rows", _("is below the minimum")


def _privacy_faults(job: Job) -> Iterator[tuple[str, str]]:
    if (job.privacy is not None) != isinstance(job.method, methods.Gradient):
        yield "$.method", _("`privacy` and the method `gradient` need each other")
    if job.privacy is None:
        return
    numbers = {key: number_of(NumberField(), getattr(job.privacy, key)) for key in ("epsilon", "delta", "clip")}
    for key, number in numbers.items():
        if number is None or number <= 0 or (key == "delta" and number >= 1):
            yield f"$.privacy.{key}", _("is no number that is allowed here")
    if job.aggregation.by != "masks":
        yield "$.privacy", _("each site adds only its share of the noise: that needs masks")
    if "evaluation" in job.outputs:
        yield "$.outputs", _("an evaluation is not covered by the noise: leave it out")
    for name, feature in job.features.items():
        if feature.missing == "mean":
            yield f"$.features.{name}.missing", _("the mean of all sites is not covered by the noise")
