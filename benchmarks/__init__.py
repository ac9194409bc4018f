"""Benchmarks: each prints a ratio against a rival or a limit measured in the same run."""
