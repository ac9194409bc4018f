"""Federated learning: sites compute on their own records, and only sums over sites are ever seen by anyone else."""
