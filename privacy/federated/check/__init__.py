"""Whether a job suits the records of a site, and whether those of all sites are of one kind: from counts of people."""
