"""Queries: tables of a registered data set, computed where the data is (docs/queries.md)."""
