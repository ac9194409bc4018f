"""Weak passwords, found offline: what is stored, what is likely, and the engine that tries one against the other."""
