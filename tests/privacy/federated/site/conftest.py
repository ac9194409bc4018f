"""A PostgreSQL server of our own, as the store's tests start it."""

from tests.core.conftest import postgres, postgres_url

__all__ = ["postgres", "postgres_url"]
