"""Policies that leave the environment of a command to the caller, or its root directory, and near misses that do not.

Each is one that the real sudo answers in `test_freedoms_real.py`, and that is judged in `test_freedoms.py`. `e` runs
`cat` as root, with a library of its own: LD_PRELOAD has its absolute path.
"""

from __future__ import annotations

CAT = "/usr/bin/cat"
_RULE = f"e ALL=(root) NOPASSWD: {CAT} /proc/self/maps"


def _with(options: str, rule: str = _RULE) -> str:
    return f"Defaults {options}\n{rule}"


#: By what a way is told: the entry's own command, or a setting.
PRELOADED = {
    "tag": (_RULE.replace("NOPASSWD:", "NOPASSWD: SETENV:"), CAT),
    "tag with NOEXEC": (_RULE.replace("NOPASSWD:", "NOPASSWD: NOEXEC: SETENV:"), CAT),
    "wildcard": ("e ALL=(root) NOPASSWD: SETENV: /usr/bin/ca[t] /proc/self/maps", "/usr/bin/ca[t]"),
    "regex": ("e ALL=(root) NOPASSWD: SETENV: ^/usr/bin/c[a]t$ /proc/self/maps", "^/usr/bin/c[a]t$"),
    "NOEXEC of all": ("e ALL=(root) NOPASSWD: NOEXEC: ALL", "ALL"),
    "setenv": (_with("setenv"), "Defaults setenv"),
    "setenv for the user": (f"Defaults:e setenv\n{_RULE}", "Defaults setenv"),
    "setenv for the host": (f"Defaults@testhost setenv\n{_RULE}", "Defaults setenv"),
    "setenv for the target": (f"Defaults>root setenv\n{_RULE}", "Defaults setenv"),
    "setenv for the command": (f"Defaults!{CAT} setenv\nDefaults !setenv\n{_RULE}", "Defaults setenv"),
    "kept": (_with("env_keep += LD_PRELOAD"), "Defaults env_keep"),
    "kept for the command": (f"Defaults!{CAT} env_keep += LD_PRELOAD\nDefaults env_keep = X\n{_RULE}",
                             "Defaults env_keep"),
    "kept by a wildcard": (_with('env_keep += "X LD_*"'), "Defaults env_keep"),
    "kept by an odd wildcard": (_with('env_keep = "L*O*D"'), "Defaults env_keep"),
    "kept by a star": (_with("env_keep += *"), "Defaults env_keep"),
    "kept with a value": (_with('env_keep += "LD_PRELOAD=/home/*"'), "Defaults env_keep"),
    "another taken away": (_with("env_keep += LD_*, env_keep -= LD_PRELOAD"), "Defaults env_keep"),
    "no reset, none deleted": (_with("!env_reset, !env_delete"), "Defaults env_reset"),
    "no reset, this not deleted": (_with("!env_reset, env_delete -= LD_*"), "Defaults env_reset"),
    "no reset, others deleted": (_with('!env_reset, env_delete = "LD_PRELOAD=/x X"'), "Defaults env_reset"),
}  # fmt: skip

REFUSED = {
    "nothing": _RULE,
    "NOSETENV": _with("setenv", _RULE.replace("NOPASSWD:", "NOPASSWD: NOSETENV:")),
    "setenv for another": f"Defaults:root setenv\n{_RULE}",
    "setenv elsewhere": f"Defaults@other setenv\n{_RULE}",
    "setenv for another target": f"Defaults>daemon setenv\n{_RULE}",
    "setenv for another command": f"Defaults!/usr/bin/id setenv\n{_RULE}",
    "setenv taken back": _with("setenv") + "\nDefaults !setenv",
    "implied for ALL alone": f"e ALL=(root) NOPASSWD: !ALL, {CAT} /proc/self/maps",
    "later entry": _RULE.replace("NOPASSWD:", "NOPASSWD: SETENV:") + "\n" + _RULE,
    "forbidden": _RULE.replace("NOPASSWD:", "NOPASSWD: SETENV:") + f", !{CAT}",
    "kept for another": f"Defaults:root env_keep += LD_PRELOAD\n{_RULE}",
    "no longer kept": _with("env_keep += LD_PRELOAD, env_keep -= LD_PRELOAD"),
    "list set anew": _with("env_keep += LD_PRELOAD, env_keep = X"),
    "list emptied": _with("env_keep += LD_PRELOAD, !env_keep"),
    "list of the command": f"Defaults!{CAT} env_keep = X\nDefaults env_keep += LD_PRELOAD\n{_RULE}",
    "a value alone": _with('env_keep += "LD_PRELOAD=/usr/lib/x.so"'),
    "no wildcard to sudo": _with('env_keep += "?D_PRELOAD"'),
    "checked": _with("env_check += LD_PRELOAD, env_keep += LD_PRELOAD"),
    "no reset, but deleted": _with("!env_reset"),
    "no reset, only named otherwise": _with("!env_reset, env_delete -= LD_PRELOAD"),
    "no reset, deleted by another name": _with('!env_reset, env_delete = "*PRELOAD LD_A* LD_L*"'),
    "reset again": _with("!env_reset, !env_delete, env_reset"),
}

#: Roots of the caller's own: /home/e/r, in which `id` is a program of e's.
_ID = "e ALL=(root) {}NOPASSWD: /usr/bin/id"
ROOTED = {
    "any": (_ID.format("CHROOT=* "), "/usr/bin/id"),
    "any, NOEXEC": (_ID.format("CHROOT=* ").replace("NOPASSWD:", "NOPASSWD: NOEXEC:"), "/usr/bin/id"),
    "any, of a wildcard": ("e ALL=(root) CHROOT=* NOPASSWD: /usr/bin/i[d]", "/usr/bin/i[d]"),
    "one of e's": (_ID.format("CHROOT=/home/e/r "), "/usr/bin/id"),
    "set to any": (f"Defaults runchroot=*\n{_ID.format('')}", "Defaults runchroot"),
    "set to one of e's": (f"Defaults:e runchroot=/home/e/r\n{_ID.format('')}", "Defaults runchroot"),
    "set to one for the command": (f"Defaults!/usr/bin/id runchroot=/home/e/r\n{_ID.format('')}",
                                   "Defaults runchroot"),
}  # fmt: skip
UNROOTED = {
    "none": _ID.format(""),
    "the host's own": _ID.format("CHROOT=/ "),
    "the entry's own before the setting": f"Defaults runchroot=*\n{_ID.format('CHROOT=/ ')}",
    "set for another": f"Defaults:root runchroot=*\n{_ID.format('')}",
    "set back": f"Defaults runchroot=*, !runchroot\n{_ID.format('')}",
    "later entry": f"{_ID.format('CHROOT=* ')}\n{_ID.format('')}",
    "a directory to work in": _ID.format("CWD=* "),
    "set to a directory to work in": f"Defaults runcwd=*\n{_ID.format('')}",
}
