"""`site.yml`: where a site's records are, and what its columns, codes and units are in the words of jobs.

It stays at the site, and one file serves many jobs. docs/jobs.md describes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from privacy.data import csv_blocks
from privacy.data.schema import Bound, entry_faults
from privacy.federated.job import units
from privacy.federated.job.features import Feature, IntegerFeature, NumberFeature, labels_of
from privacy.federated.job.job import Job, SiteSplit, yaml_error
from privacy.federated.job.methods import Named
from privacy.parties.signed import Name
from secops.core import yaml
from secops.core.content import read_as
from secops.core.i18n import _
from secops.core.inert import printable

_Word = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
_Codes = Annotated[tuple[Bound, ...], msgspec.Meta(max_length=1000)]


class FileSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="file"):
    """A CSV or Parquet file, beside `site.yml` where `path` is relative. `header`: for a CSV without its names."""

    path: _Word
    header: Annotated[tuple[_Word, ...], msgspec.Meta(max_length=csv_blocks.COLUMNS)] = ()
    encoding: Literal["utf-8", "gb18030"] = "utf-8"


class DatabaseSource(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag="postgresql"
):
    """A table or view of PostgreSQL. `url` is the name of the environment variable that holds the address."""

    url: Annotated[str, msgspec.Meta(pattern=r"\A[A-Z_][A-Z0-9_]{0,63}\Z")]
    table: Annotated[str, msgspec.Meta(min_length=1, max_length=63)]
    schema: Annotated[str, msgspec.Meta(min_length=1, max_length=63)] = "public"


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a column becomes. `codes`: what stands for a label; numbers are compared as numbers, text as it is written.
    `missing`: what stands for no value; an empty one always does.
    """

    column: _Word
    unit: _Word | None = None
    codes: Annotated[dict[Bound, str | bool], msgspec.Meta(min_length=1, max_length=1000)] | None = None
    missing: _Codes = ()

    def label(self, code: Bound) -> str:
        """The label of a code; those of booleans are `false` and `true`."""
        label = (self.codes or {})[code]
        return str(label).lower() if isinstance(label, bool) else label


class Held(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The column, and the codes in it of records that are held back for the test, for jobs that split by site."""

    column: _Word
    codes: Annotated[tuple[Bound, ...], msgspec.Meta(min_length=1, max_length=1000)]


class Floor(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """No job is computed over fewer people than `rows`, or with a label that 1 to `cell` - 1 people have.

    Why 8: as the disclosure checks have it (privacy/disclosure/min_cell.py).
    """

    rows: Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)] = 20
    cell: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 8


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the site lets jobs have. `survivors_may_change`: sums of two rounds may be over different sites, whose
    difference is what one of them sent.
    """

    methods: Annotated[tuple[Named, ...], msgspec.Meta(min_length=1)]
    aggregation: Annotated[tuple[Literal["masks", "plain"], ...], msgspec.Meta(min_length=1)] = ("masks",)
    floor: Floor = Floor()
    survivors_may_change: bool = False


class Site(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A site. `person`: the column that says whose a record is; null where each is another person's."""

    site: Name
    dataset: Name
    source: FileSource | DatabaseSource
    person: _Word | None
    features: Annotated[dict[str, Rule], msgspec.Meta(min_length=1)]
    held: Held | None = None
    policy: Policy


def load(path: Path) -> Site:
    """The site in a file. Raises `UsageError` with the line of what is wrong."""
    for place, fault in entry_faults(yaml.load(path), "features", Rule):
        raise yaml_error(path, place, fault, _hint())
    site = read_as(path, Site, hint=_hint())
    for place, fault in faults(site):
        raise yaml_error(path, place, fault, _hint())
    return site


def fit(path: Path, site: Site, job: Job) -> None:
    """Raise `UsageError`, with the line in the site's file, unless it says all that the job needs."""
    for place, fault in job_faults(site, job):
        raise yaml_error(path, place, fault, _hint())


def _hint() -> str:
    return _("docs/jobs.md describes the format; put decimals, and codes that are decimals, in quotes.")


def faults(site: Site) -> Iterator[tuple[str, str]]:
    """Where and what of a mapping by itself: columns that stand twice, codes that mean two things."""
    places = [("$.person", site.person), ("$.held.column", site.held.column if site.held else None)]
    places += [(f"$.features.{name}.column", rule.column) for name, rule in site.features.items()]
    yield from _twice(places)
    if isinstance(site.source, FileSource):
        yield from _twice((f"$.source.header[{number}]", name) for number, name in enumerate(site.source.header))
    for name, rule in site.features.items():
        yield from _code_faults(f"$.features.{name}", rule)
    if site.held and len({type(code) for code in site.held.codes}) > 1:
        yield "$.held.codes", _("codes are numbers or text, not both; numbers in quotes are text")


def _twice(places: Iterable[tuple[str, str | None]]) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for place, name in places:
        if name in seen:
            yield place, _("{name} stands twice").format(name=printable(name))
        seen |= {name} if name is not None else set()


def _code_faults(place: str, rule: Rule) -> Iterator[tuple[str, str]]:
    if len({type(code) for code in rule.codes or ()}) > 1:
        yield f"{place}.codes", _("codes are numbers or text, not both; numbers in quotes are text")
    both = {str(code) for code in rule.codes or ()} & {str(code) for code in rule.missing}
    if both:
        what = _("{name} is a code, and stands for a missing value too")
        yield f"{place}.codes", what.format(name=printable(repr(min(both))))


def job_faults(site: Site, job: Job) -> Iterator[tuple[str, str]]:
    """Where and what the site's file lacks for a job."""
    for name, feature in job.features.items():
        rule = site.features.get(name)
        if rule is None:
            yield "$.features", _("{name} is a feature of the job, and has no column here").format(name=printable(name))
        elif isinstance(feature, NumberFeature | IntegerFeature):
            yield from _number_faults(f"$.features.{name}", rule, feature)
        else:
            yield from _label_faults(f"$.features.{name}", rule, feature)
    if isinstance(job.split, SiteSplit) and site.held is None:
        yield "$", _("the job leaves it to the site which records are held back: `held` has to say")


def _number_faults(place: str, rule: Rule, feature: NumberFeature | IntegerFeature) -> Iterator[tuple[str, str]]:
    if rule.codes is not None:
        yield f"{place}.codes", _("is a number in the job, and has no labels")
    if (rule.unit is None) != (feature.unit is None):
        here = f"{place}.unit" if rule.unit else place
        unit = printable(feature.unit or rule.unit or "")
        yield here, _("its unit ({unit}) has to stand here and in the job, or in neither").format(unit=unit)
    elif rule.unit is not None and feature.unit is not None:
        yield from _unit_faults(f"{place}.unit", rule.unit, feature)


def _unit_faults(place: str, unit: str, feature: NumberFeature | IntegerFeature) -> Iterator[tuple[str, str]]:
    shown, wanted = printable(repr(unit)), printable(feature.unit or "")
    if unit not in units.UNITS:
        yield place, _("{unit} is no unit that is known").format(unit=shown)
    elif units.conversion(unit, feature.unit or "", feature.substance) is None:
        yield place, _("nothing makes {wanted} of {unit}").format(wanted=wanted, unit=shown)
    elif unit != feature.unit and isinstance(feature, IntegerFeature):
        yield place, _("whole numbers stay whole in {wanted} alone: the job may make it a number").format(wanted=wanted)


def _label_faults(place: str, rule: Rule, feature: Feature) -> Iterator[tuple[str, str]]:
    if rule.unit is not None:
        yield f"{place}.unit", _("has labels in the job, and no unit")
    for code in rule.codes or ():
        if rule.label(code) not in labels_of(feature):
            what = _("{name} is none of the labels of the job").format(name=printable(repr(rule.label(code))))
            yield f"{place}.codes.{code}", what
