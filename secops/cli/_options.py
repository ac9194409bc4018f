"""Options that several verbs share, so that they mean the same everywhere."""

from __future__ import annotations

import click

from secops.core.i18n import N_

ssh_config_option = click.option(
    "--ssh-config", default="", metavar="FILE", help=N_("An ssh_config to use instead of yours.")
)
