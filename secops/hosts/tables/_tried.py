"""What trying words says of a password: columns that the tables of accounts and of services share."""

from __future__ import annotations

from secops.hosts.tables import Column

TRIED = (
    Column(
        "result",
        "text",
        "guessed; not_guessed (none of the `tried` words fits); not_tried (the time was up); unknown (`reason`)",
    ),
    Column("tried", "integer", "words tried, the likeliest first, with those of earlier runs", "words"),
    Column("because", "text", "the group of words that the guessed password is in, such as user-year"),
    Column("because_en", "text", "that group in English"),
    Column("because_zh", "text", "that group in Chinese"),
    Column("reason", "text", "why no words could be tried"),
)
