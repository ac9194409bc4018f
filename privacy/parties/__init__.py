"""Who takes part, with which key, who has approved what, and what was agreed on sharing."""
