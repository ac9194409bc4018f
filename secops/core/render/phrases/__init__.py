"""Reasons as they are written in the code, by the room that gives them. `{n}` is a number, `{reason}` again a reason,
the rest is any text. A test holds them against the code.
"""

from secops.core.render.phrases import hosts, judging, patches, privilege

#: Why something was not seen or not judged.
REASONS = (*hosts.PHRASES, *privilege.PHRASES, *patches.PHRASES, *judging.PHRASES)
