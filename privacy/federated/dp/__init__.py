"""Differential privacy of people: sums over sites that hold noise enough, and the budget that they cost."""
