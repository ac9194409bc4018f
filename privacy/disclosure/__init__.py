"""The one door out: a raw result becomes a cleared one, or a list of findings (docs/disclosure.md)."""
