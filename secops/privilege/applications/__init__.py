"""Accounts of applications: exports of their users, reviewed for accounts and roles that should not be there."""
