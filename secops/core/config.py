"""Where Citywall keeps its things. Two variables decide: CITYWALL_HOME (files) and CITYWALL_DATABASE (the store)."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

from secops.core.errors import UsageError
from secops.core.i18n import _, because


def home() -> Path:
    """Citywall's folder: $CITYWALL_HOME, else $XDG_DATA_HOME/citywall, else ~/.local/share/citywall.

    Made on first use, for its owner alone: it holds what is weak on which host. Raises `UsageError` if it cannot be.
    """
    try:
        place = _named()
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    except RuntimeError as error:  # neither $HOME nor an account
        raise UsageError(_("you have no home folder"), hint=_("Set CITYWALL_HOME to a folder of yours.")) from error
    except OSError as error:
        what = _("cannot be Citywall's folder: {reason}").format(reason=because(error))
        raise UsageError(what, where=str(place), hint=_("Set CITYWALL_HOME to a folder of yours.")) from error
    return place


def _named() -> Path:
    if own := os.environ.get("CITYWALL_HOME"):
        return Path(own).expanduser().absolute()
    shared = os.environ.get("XDG_DATA_HOME", "")
    if not os.path.isabs(shared):  # the XDG specification: a relative path is ignored
        shared = str(Path.home() / ".local/share")
    return Path(shared) / "citywall"


def database_url() -> str:
    """The store: $CITYWALL_DATABASE, else the SQLite file `citywall.db` in Citywall's folder."""
    return os.environ.get("CITYWALL_DATABASE") or f"sqlite:///{quote(str(home() / 'citywall.db'))}"


def runs_dir() -> Path:
    """The folder of the snapshots, one folder per run. Made by the first scan."""
    return home() / "runs"


def feeds_dir() -> Path:
    """The folder of the imported feeds of patches. Made by the first import."""
    return home() / "feeds"
