"""Citywall (城垣): security posture for government clouds."""

__version__ = "0.1.0"
