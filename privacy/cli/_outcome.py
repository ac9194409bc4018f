"""What a job gave, for people and as files: in the folder of its run, where it stays until it is released."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from secops.core.i18n import _

if TYPE_CHECKING:
    from privacy.cli._running import Ended
    from privacy.federated.job.job import Job
    from privacy.federated.report.outcome import Outcome

#: In the folder of a run.
OUTCOME, _CARD, _DOOR = "outcome.json", "card", "release"


def show(ended: Ended, folder: Path, dataset: str, version: str) -> None:
    """Write all that a job asked for, and tell what came out."""
    from privacy.federated import building
    from privacy.federated.report.making import outcome

    hub = ended.hub
    found = outcome(hub.job, hub.method, ended.standing, building.noise(hub.job))
    _write(hub.job, found, folder, dataset, version)
    _tell(hub.job, found, folder)


def _write(job: Job, found: Outcome, folder: Path, dataset: str, version: str) -> None:
    from privacy.disclosure.write import packed
    from privacy.federated.report import card, door, outcome, page, plots, raster
    from privacy.federated.report.drawing import svg
    from secops.core.folder import writing
    from secops.core.render import write_whole

    write_whole(folder / OUTCOME, outcome.dump(found))
    with writing(folder):
        (folder / _DOOR).mkdir(exist_ok=True)
    for name, raw in door.results(job, found, dataset, version).items():
        write_whole(folder / _DOOR / f"{name}.npz", packed(raw))
    if "card" in job.outputs:
        made = card.card(job, found)
        write_whole(folder / f"{_CARD}.html", page.html(made).encode())
        write_whole(folder / f"{_CARD}.md", page.markdown(made).encode())
    if {"card", "plots"} & set(job.outputs):
        for name, picture in plots.pictures(found).items():
            write_whole(folder / f"{name}.svg", svg(picture).encode())
        for name, content in raster.pictures(found).items():
            write_whole(folder / f"{name}.png", content)


def _tell(job: Job, found: Outcome, folder: Path) -> None:
    from privacy.federated.report import lines as shown
    from privacy.federated.report import terminal
    from privacy.federated.secagg.terms import tolerates
    from secops.core.say import say

    lines = [terminal.course(found), *terminal.coefficients(found), *shown.statistics(found)]
    measured = found.evaluation and (found.evaluation.classified or found.evaluation.errors)
    if measured:
        lines += ["", *terminal.measures(measured)]
    for line in lines:
        say(line)
    say()
    say(_("sites in it: {sites}").format(sites=", ".join(found.sites)))
    if job.aggregation.by == "masks":
        say(str(tolerates(len(job.parties.sites), job.minimum.sites)))
    if job.privacy:
        text = _("epsilon {epsilon}, delta {delta} for each person; there are no standard errors")
        say(text.format(epsilon=job.privacy.epsilon, delta=job.privacy.delta))
    text = _("{folder} holds what the hub knows. What leaves it goes through `citywall release check`.")
    say(text.format(folder=folder))
