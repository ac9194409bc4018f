"""The command line: the only layer that knows all others. One thin module per verb, each holding `command`."""
