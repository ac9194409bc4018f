"""What becomes of a job that is done: its outcome as data, model card, plots, predictions, files for the door."""
