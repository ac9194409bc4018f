"""Use of accounts and of rights, as logs and records of logins tell it: when, and how far back they reach."""
