"""`python -m secops` is `citywall`."""

import signal


def main() -> None:
    """Entry point: run a command and leave with its exit code."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C while this is loaded: nothing has begun
    from secops.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
