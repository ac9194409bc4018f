"""A lab is laid out whole in a new folder, or not at all; all that it ships fits together."""

from __future__ import annotations

import re

import pytest

from privacy.federated import local
from privacy.federated.job import job as jobs
from privacy.federated.labs import lab
from privacy.federated.site import mapping
from secops.core.errors import UsageError

LABS = pytest.mark.parametrize("name", lab.LABS)


@LABS
def test_each_job_loads_and_fits_each_of_its_sites(name):
    folder = lab.content(name)
    found = sorted(folder.glob("*.yml"))
    assert folder / "job.yml" in found
    for path in found:
        job = jobs.load(path)
        sites = local.sites(job, folder / "sites")
        assert set(sites) == {site.stem for site in (folder / "sites").glob("*.yml")}
        assert all(site.policy.aggregation == ("masks",) for site in sites.values())


@LABS
def test_only_the_hospitals_that_need_it_have_a_floor_below_the_usual_one(name):
    for path in lab.content(name).rglob("sites*/*.yml"):
        cell = mapping.load(path).policy.floor.cell
        assert cell == 8 or (
            name == "heart" and path.parent.name == "sites" and "These records are public" in path.read_text("utf-8")
        )


@LABS
def test_both_pages_run_the_same_jobs_and_tell_of_all(name):
    folder = lab.content(name)
    english, chinese = ((folder / page).read_text("utf-8") for page in ("README.md", "README.zh.md"))
    commands = [re.findall(r"^(?:citywall|for) [^#\n]*", page, re.M) for page in (english, chinese)]
    assert [line.strip() for line in commands[0]] == [line.strip() for line in commands[1]]
    assert len(commands[0]) >= 2
    for path in folder.glob("*.yml"):
        assert f"`{path.name}`" in english
        assert f"`{path.name}`" in chinese
    assert re.findall(r"\d?\.\d{2,3}\b", english) == re.findall(r"\d?\.\d{2,3}\b", chinese), "the same figures"


@pytest.mark.parametrize("name", ["tumour", "flu-early-warning"])
def test_it_is_laid_out_with_a_file_of_records_for_each_site_always_the_same(name, tmp_path):
    for folder in (tmp_path / "one", tmp_path / "two"):
        lab.lay(name, folder)
    one = {path.relative_to(tmp_path / "one"): path.read_bytes() for path in (tmp_path / "one").rglob("*.*")}
    two = {path.relative_to(tmp_path / "two"): path.read_bytes() for path in (tmp_path / "two").rglob("*.*")}
    assert one == two
    sites = {path.stem for path in (tmp_path / "one/sites").glob("*.yml")}
    assert sites == {path.stem for path in (tmp_path / "one/data").glob("*.csv")}
    assert (tmp_path / "one/README.zh.md").exists()


def test_what_is_there_already_is_left_alone(tmp_path):
    (tmp_path / "mine").write_text("kept")
    with pytest.raises(UsageError, match="is there already"):
        lab.lay("tumour", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_name_that_is_no_lab_says_which_there_are(tmp_path):
    with pytest.raises(UsageError, match="flu-early-warning, heart, tumour"):
        lab.lay("../rules", tmp_path / "new")


@pytest.mark.parametrize("name", ["tumour", "flu-early-warning"])
def test_a_lab_that_makes_its_records_takes_none(name, tmp_path):
    with pytest.raises(UsageError, match="needs no folder of data"):
        lab.lay(name, tmp_path / "new", tmp_path)
    assert not (tmp_path / "new").exists()


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be written"):
        lab.lay("tumour", tmp_path / "file" / "lab")


def test_nothing_is_left_of_a_lab_that_could_not_be_written(tmp_path, monkeypatch):
    monkeypatch.setitem(lab.LABS, "tumour", lambda _: {"east.csv": b"", "no/such/folder.csv": b""})
    with pytest.raises(UsageError, match="cannot be written"):
        lab.lay("tumour", tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


def test_scikit_learn_is_asked_for_where_it_is_missing(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sklearn.datasets", None)
    with pytest.raises(UsageError, match="this lab needs scikit-learn") as caught:
        lab.lay("tumour", tmp_path / "new")
    assert "citywall[federated]" in str(caught.value.hint)
