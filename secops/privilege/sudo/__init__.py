"""sudo: its policy asked as sudo asks it."""
