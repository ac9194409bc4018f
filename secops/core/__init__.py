"""Shared kernel: light at import, and it imports nothing else of ours."""
