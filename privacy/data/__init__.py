"""Registered data: what its fields are, and its records read by that (docs/queries.md)."""
