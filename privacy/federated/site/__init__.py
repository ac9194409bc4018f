"""A site's own side: where its records are, what they become in a job, and what it lets a job have."""
