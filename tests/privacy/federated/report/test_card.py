"""Model cards: all that a reader must know is on them, in both forms, and nothing of them is markup or a way out."""

from __future__ import annotations

import re

import msgspec
import pytest

from privacy.federated.job.job import Aggregation
from privacy.federated.report import card, page
from privacy.federated.report.page import Items, Page, Section, Table
from privacy.federated.secagg.terms import tolerates
from secops.core.content import Text
from secops.core.i18n import speaking
from tests.privacy.federated.report import runs

EVIL = "<script>x</script> | [a](http://b) `c` \u202e"


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    texts = {
        "logistic": runs.JOB,
        "ridge": runs.JOB.replace("name: logistic", "name: logistic, ridge: 1"),
        "network": runs.JOB.replace("name: logistic", "name: fedavg, hidden: [2]"),
        "statistics": runs.STATISTICS_JOB,
        "noisy": runs.NOISY,
        "linear": runs.PRESSURE.replace("name: logistic", "name: linear"),
    }
    return {name: runs.done(tmp_path_factory.mktemp("job"), text) for name, text in texts.items()}


def sections(done):
    made = card.card(done.job, done.outcome)
    return {section.title: section.blocks for section in made.sections}


@pytest.mark.parametrize("name", ["logistic", "ridge", "network", "noisy", "linear"])
def test_what_stands_on_every_card(found, name):
    done = found[name]
    blocks = sections(done)
    assert list(blocks)[:6] == ["Purpose", "Parties", "Records and features", "Method", "Aggregation", "Privacy"]
    assert list(blocks)[-4:] == [
        "How good it is", "What it must not be used for", "What it does not protect from", "Digests",
    ]  # fmt: skip
    text = page.markdown(card.card(done.job, done.outcome))
    for fact in ("clinic-2026", "risk", "institute", "east, north, west", done.job.digest, done.job.parties.roster):
        assert fact in text
    assert "| pressure | decimal number | mmHg | 60 … 260 |" in text
    assert "docs/differential-privacy.md" in text
    assert str(tolerates(3, 3)) in text
    assert "docs/secure-aggregation.md" in text


def test_a_regression_has_its_numbers(found):
    text = page.markdown(card.card(found["logistic"].job, found["logistic"].outcome))
    row = next(row for row in found["logistic"].outcome.result.coefficients if row.term == "age")
    assert f"| age | {row.value:.4g} | {row.ratio:.4g} | " in text
    assert "![ROC curve](roc.svg)" in text
    assert "they are too small" in text
    assert "no p-values" not in text
    assert "no p-values" in page.markdown(card.card(found["ridge"].job, found["ridge"].outcome))


def test_what_is_not_told_is_said(found):
    blocks = sections(found["noisy"])
    assert any("no standard errors" in block for block in blocks["Privacy"])
    assert "epsilon 1 at delta 0.0001" in blocks["Privacy"][0]
    assert blocks["How good it is"] == ("It was not measured.",)
    uses = next(block for block in blocks["What it must not be used for"] if isinstance(block, Items))
    assert any("not measured" in use for use in uses.items)
    measured = sections(found["logistic"])["What it must not be used for"][0]
    assert not any("not measured" in use for use in measured.items)
    assert "nothing bounds" in sections(found["logistic"])["Privacy"][0]
    assert sections(found["network"])["Result"][1] == "A model by descent has no standard errors."


def test_plain_sums_are_not_called_secure(found):
    done = found["logistic"]
    job = msgspec.structs.replace(done.job, aggregation=Aggregation(by="plain"))
    text = page.markdown(card.card(job, done.outcome))
    assert "The hub saw the numbers of each site" in text
    assert "The hub: it saw the numbers of each site." in text
    assert "secure aggregation" not in text
    assert "withstands" not in text


def test_rounds_over_other_sites_are_told(found):
    done = found["logistic"]
    rounds = list(done.outcome.rounds)
    rounds[2] = msgspec.structs.replace(rounds[2], sites=("east", "west"))
    outcome = msgspec.structs.replace(done.outcome, rounds=tuple(rounds))
    assert "Rounds whose sums were not over all of these sites: 1." in page.markdown(card.card(done.job, outcome))
    assert "were not over all" not in page.markdown(card.card(done.job, done.outcome))


def test_statistics_have_a_section_each(found):
    done = found["statistics"]
    blocks = sections(done)
    table = next(block for block in blocks["Counts: grade × ill"] if isinstance(block, Table))
    part = next(part for part in done.outcome.result.parts if getattr(part, "columns", None) == ("grade", "ill"))
    assert table.heads == ("grade \\ ill", "false", "true")
    assert [int(cell) for row in table.rows for cell in row[1:]] == list(part.counts)
    assert list(card.card(done.job, done.outcome).pictures()) == ["histogram-4", "histogram-5", "survival-8"]


def test_html_loads_and_runs_nothing(found):
    for done in found.values():
        text = page.html(card.card(done.job, done.outcome))
        assert "default-src 'none'" in text
        assert not re.search(r"<(script|img|link|iframe|object|a)\b", text)
        assert not re.search(r"\b(src|href|on\w+)=", text)
        assert text.count("<svg") == len(card.card(done.job, done.outcome).pictures())


def test_nothing_is_markup():
    made = Page(EVIL, (Section(EVIL, (EVIL, Items((EVIL,)), Table((EVIL, "b"), ((EVIL, "d"),)))),))
    html = page.html(made)
    assert "<script>" not in html
    assert "\u202e" not in html
    text = page.markdown(made)
    assert "<script" not in text.replace("\\<", "")
    assert not re.search(r"(?<!\\)\]\(", text)
    assert "\u202e" not in text
    row = next(line for line in text.splitlines() if line.endswith("| d |"))
    assert len(re.findall(r"(?<!\\)\|", row)) == 3


def test_titles_follow_the_language(found):
    done = found["logistic"]
    with speaking("zh"):
        made = card.card(done.job, done.outcome)
        assert '<html lang="zh">' in page.html(made)
    assert "门诊" in made.title
    evil = msgspec.structs.replace(done.job, title=Text("a\nb", "c"))
    assert page.markdown(card.card(evil, done.outcome)).startswith("# Model card: a\\\\x0ab\n")
