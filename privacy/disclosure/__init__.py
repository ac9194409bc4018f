"""The one door out: a raw result becomes a cleared one, or the list of reasons why not (docs/disclosure.md)."""
