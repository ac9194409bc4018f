"""The ledger: an append-only log whose signed heads show every later change to whoever holds an earlier one."""
