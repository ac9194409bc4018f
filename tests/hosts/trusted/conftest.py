"""Fixtures of the tests of trusted files."""

from tests.hosts.carriers.conftest import wire as wire
