"""The job as data: what is computed by whom over which columns, and one digest over all of it."""
