"""`python -m secops` is `citywall`."""

from secops.cli.main import main

main()
