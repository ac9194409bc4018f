"""Privilege: who can become root, by which way, and which single change takes the most of it away."""
