"""Where the exchange keeps what belongs to a version of a data set and to a request."""

from __future__ import annotations

from pathlib import Path

import msgspec

from privacy.data.schema import Schema
from privacy.disclosure.differencing import History
from privacy.release.state import Dataset
from secops.core.errors import CitywallError, RefusedError, UsageError
from secops.core.folder import writing
from secops.core.i18n import _
from secops.core.render import write_whole


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`datasets/NAME/VERSION/place.json`: where the data is on this machine, and how it is read."""

    path: str
    schema: Schema


def of_dataset(folder: Path, dataset: str, version: str) -> Path:
    """The folder of a registered version."""
    return folder / "datasets" / dataset / version


def of_request(folder: Path, number: str) -> Path:
    """The folder of a request."""
    return folder / "requests" / number


def there(place: Path) -> Path:
    """The folder, which is there from now on."""
    with writing(place):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


def keep(folder: Path, place: Place) -> None:
    """Remember where the data of a version is."""
    write_whole(folder / "place.json", msgspec.json.encode(place) + b"\n")


def place_of(folder: Path) -> Place:
    """Where the data of a version is. Raises `CitywallError` when that was lost."""
    where = folder / "place.json"
    try:
        return msgspec.json.decode(where.read_bytes(), type=Place)
    except (OSError, msgspec.DecodeError):
        pass
    hint = _("`citywall data register` with the same file tells it again.")
    raise CitywallError(_("nobody knows where the data is"), where=str(where), hint=hint)


def data_of(folder: Path, dataset: Dataset) -> tuple[Path, Schema]:
    """The registered data and its schema. Raises `RefusedError` when the file is not what was registered."""
    from privacy.data.table import file_digest

    place, registered = place_of(folder), dataset.signed.body
    path = Path(place.path)
    if not path.is_file():
        hint = _("`citywall data register` with the same file tells where it is now.")
        raise UsageError(_("the registered data is not there"), where=str(path), hint=hint)
    if file_digest(path) != registered.digest or place.schema.digest != registered.schema:
        hint = _("Bring the file back, or register what is there as another version.")
        raise RefusedError(_("is not the data that was registered"), where=str(path), hint=hint)
    return path, place.schema


def history_path(folder: Path, digest: str) -> Path:
    """The history of that digest. Each state has a file of its own, and the ledger says which one counts."""
    return folder / f"history-{digest.partition(':')[2]}"


def history_of(folder: Path, dataset: Dataset) -> History:
    """The history of releases that the ledger names. Raises `CitywallError` for any other."""
    path = history_path(folder, dataset.history)
    history = History.load(path)
    if history.digest() != dataset.history:
        hint = _("Without it, differences between releases cannot be seen: restore it from a copy.")
        raise CitywallError(_("is not the history that the ledger names"), where=str(path), hint=hint)
    return history
