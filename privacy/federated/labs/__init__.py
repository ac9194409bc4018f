"""Labs: jobs that can be tried at once, with their sites, and what makes or checks the records of each."""
