"""`citywall`: the table of commands, and how every error ends: a message, a hint, an exit code."""

from __future__ import annotations

import os
import sys

import click

from secops import __version__
from secops.core.errors import CitywallError, Exit
from secops.core.inert import printable
from secops.core.lazy import Entry, LazyGroup

_LOOK, _KNOW, _KEEP = "Look", "Know", "Keep"

COMMANDS = {
    "scan": Entry("secops.cli.scan", "judge hosts and print what matters first", _LOOK),
    "collect": Entry("secops.cli.collect", "gather evidence, also on air-gapped hosts", _LOOK),
    "sql": Entry("secops.cli.sql", "ask the collected tables", _LOOK),
    "rules": Entry("secops.cli.rules", "list, show, lint and test rules", _KNOW),
    "history": Entry("secops.cli.history", "earlier runs", _KEEP),
    "diff": Entry("secops.cli.diff", "what two runs tell apart: new, fixed, still open", _KEEP),
    "report": Entry("secops.cli.report", "print the report of an earlier run again", _KEEP),
    "waive": Entry("secops.cli.waive", "accept a finding, with a reason and an end", _KEEP),
}

_HELP = """Citywall (城垣): who can get in, how, and what to do about it.

\b
Examples:
  citywall scan                        judge this machine
  citywall scan --ssh ops@web1 --ssh ops@db1
  citywall sql "select user_name from users where uid = 0"
"""


@click.command(cls=LazyGroup, table=COMMANDS, help=_HELP, no_args_is_help=True)
@click.version_option(__version__, "--version", prog_name="citywall", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, envvar="CITYWALL_DEBUG", help="Show the traceback of an error.")
@click.pass_context
def cli(ctx: click.Context, debug: bool) -> None:
    ctx.obj = {"debug": debug}


def main(args: list[str] | None = None) -> None:
    """Entry point: run a command and leave with its exit code."""
    sys.exit(run(args))


def run(args: list[str] | None = None) -> int:
    """Run a command and return its exit code; whatever goes wrong is one message on stderr."""
    debug = "--debug" in (sys.argv if args is None else args) or bool(os.environ.get("CITYWALL_DEBUG"))
    try:
        result = cli.main(args, prog_name="citywall", standalone_mode=False)
        return int(result) if isinstance(result, int) else int(Exit.CLEAN)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else "")
        return int(Exit.CLEAN)
    except click.ClickException as error:
        error.show()
        return int(Exit.USAGE)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted. Nothing half-done was kept.", err=True)
        return 130
    except BrokenPipeError:
        # the reader (head, less) has left: nothing more to say, also not at interpreter shutdown
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(Exit.CLEAN)
    except CitywallError as error:
        if debug:
            raise
        _complain(str(error), error.hint)
        return int(error.exit_code)
    except Exception as error:
        if debug:
            raise
        _complain(
            f"internal error: {type(error).__name__}: {error}", "Run again with --debug and report the traceback."
        )
        return int(Exit.INTERNAL)


def _complain(what: str, hint: str) -> None:
    click.echo(f"citywall: {printable(what)}", err=True)
    if hint:
        click.echo(f"  {printable(hint)}", err=True)


if __name__ == "__main__":
    main()
