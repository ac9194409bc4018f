"""`citywall`: the table of commands, and how every error ends: a message, a hint, an exit code."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

import click

from secops import __version__
from secops.core.command import language_asked
from secops.core.errors import CitywallError, Exit
from secops.core.i18n import N_, _, because, lend_to_gettext, set_language
from secops.core.inert import printable
from secops.core.lazy import Entry, LazyGroup
from secops.core.output import Output

_LOOK, _KNOW, _KEEP, _SHARE = N_("Look"), N_("Know"), N_("Keep"), N_("Share")

COMMANDS = {
    "scan": Entry("secops.cli.scan", N_("judge hosts and print what matters first"), _LOOK),
    "collect": Entry("secops.cli.collect", N_("gather evidence, also on air-gapped hosts"), _LOOK),
    "passwords": Entry("secops.cli.passwords", N_("try likely passwords on the stored hashes"), _LOOK),
    "patches": Entry("secops.cli.patches", N_("known flaws in packages, by feeds from files"), _LOOK),
    "privilege": Entry("secops.cli.privilege", N_("who can become root, how, and what to take away"), _LOOK),
    "sql": Entry("secops.cli.sql", N_("ask the collected tables"), _LOOK),
    "rules": Entry("secops.cli.rules", N_("list, show, lint and test rules"), _KNOW),
    "history": Entry("secops.cli.history", N_("earlier runs"), _KEEP),
    "diff": Entry("secops.cli.diff", N_("what two runs tell apart: new, fixed, still open"), _KEEP),
    "report": Entry("secops.cli.report", N_("print the report of an earlier run again"), _KEEP),
    "waive": Entry("secops.cli.waive", N_("accept a finding, with a reason and an end"), _KEEP),
    "party": Entry("privacy.cli.party", N_("who takes part in sharing data, with which key"), _SHARE),
    "data": Entry("privacy.cli.data", N_("register data sets, share them by contract"), _SHARE),
    "fl": Entry("privacy.cli.fl", N_("learn together; records stay where they are"), _SHARE),
    "release": Entry("privacy.cli.release", N_("let results leave: checked, approved, published"), _SHARE),
    "ledger": Entry("privacy.cli.ledger", N_("what happened to shared data, and proofs of it"), _SHARE),
}

_HELP = N_("""Citywall (城垣): who can get in, how, and what to do about it.

Examples:
  citywall scan                        judge this machine
  citywall scan --ssh ops@web1 --ssh ops@db1
  citywall sql "select user_name from users where uid = 0"
""")


@click.command(cls=LazyGroup, table=COMMANDS, help=_HELP, no_args_is_help=True)
@click.version_option(
    __version__, prog_name="citywall", message="%(prog)s %(version)s", help=N_("Show the version and exit.")
)
@click.option("--debug", is_flag=True, envvar="CITYWALL_DEBUG", help=N_("Show the traceback of an error."))
def cli(debug: bool) -> None:
    if debug:
        os.environ["CITYWALL_DEBUG"] = "1"  # the judging process, too


#: What ends a command before its end: Ctrl-C, the stop of a service, a terminal that is closed.
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


#: The signals that have ended the command.
_ended: list[int] = []


def main(args: list[str] | None = None) -> None:
    """Entry point: run a command and leave with its exit code."""
    try:
        _at_the_end(_end)
        sys.stdout, sys.stderr = Output(sys.stdout), Output(sys.stderr)
        code = run(args)
    except KeyboardInterrupt as error:  # before the command, or after it
        code = _interrupted(error)
    if code > 128:
        os._exit(code)  # not sys.exit: it would wait for the threads that still read an image or wait for a host
    _at_the_end(signal.SIG_DFL)
    sys.exit(code)


def _at_the_end(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    """What a signal that ends a command does, unless the caller wants it ignored (nohup)."""
    for sign in _ENDING:
        if signal.getsignal(sign) is not signal.SIG_IGN:
            signal.signal(sign, handler)


def _end(sign: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of a handler
    """End as on Ctrl-C. Only once: who stops a service may signal twice, and the cleaning up must come to its end."""
    _ended.append(sign)
    if len(_ended) == 1:  # not by ignoring the others: Python complains of one that has come by then
        raise KeyboardInterrupt(sign)


def _interrupted(error: BaseException) -> int:
    click.echo(_("Interrupted. Nothing half-done was kept."), err=True)
    return 128 + (error.args[0] if error.args else signal.SIGINT)


def run(args: list[str] | None = None) -> int:
    """Run a command and return its exit code; whatever goes wrong is one message on stderr."""
    code = _outcome(args)
    if isinstance(sys.stdout, Output) and (fault := sys.stdout.fault()):
        _complain(_("standard output: {reason}").format(reason=because(fault)))
        code = max(code, Exit.INTERNAL)  # 128 and more: it was ended anyhow, and a closed terminal takes nothing
    return int(code)


def _outcome(args: list[str] | None) -> int:
    args = list(sys.argv[1:] if args is None else args)
    if lang := language_asked(args):
        set_language(lang)
    lend_to_gettext()
    debug = "--debug" in args or bool(os.environ.get("CITYWALL_DEBUG"))
    try:
        # not cli.main(): it answers any broken pipe with exit code 1, which would say that there are findings
        with cli.make_context("citywall", args) as ctx:
            result = cli.invoke(ctx)
        return result if isinstance(result, int) else Exit.CLEAN
    except click.exceptions.Exit as error:  # after --help and --version
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else "")
        return Exit.CLEAN
    except click.ClickException as error:
        error.show()
        return Exit.USAGE
    except (click.Abort, KeyboardInterrupt) as error:
        return _interrupted(error)
    except CitywallError as error:
        _complain(str(error), error.hint, debug=debug)
        return error.exit_code
    except Exception as error:
        what = _("internal error: {error}").format(error=f"{type(error).__name__}: {error}")
        _complain(what, _("Run again with --debug and report the traceback."), debug=debug)
        return Exit.INTERNAL


def _complain(what: str, hint: str = "", *, debug: bool = False) -> None:
    """Say what went wrong and what to do; with `debug` also where, as the exit code stays the same."""
    from secops.core.render.reasons import reason

    lines = [f"citywall: {printable(reason(what))}", *([f"  {printable(hint)}"] if hint else [])]
    if debug:
        from traceback import format_exc

        lines.insert(0, printable(format_exc()))
    click.echo("\n".join(lines), err=True)


if __name__ == "__main__":
    main()
