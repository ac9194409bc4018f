"""The verbs of the privacy half, named by string from `secops.cli.main`; thin, and light to import."""
