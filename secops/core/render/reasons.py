"""Reasons in the reader's language. Evidence, verdicts and the JSON report keep them in English; here they are said.

What collection and judging give is `place: reason`, often of several parts. A test holds this list against the code.
"""

from __future__ import annotations

import re
from functools import cache

from secops.core.i18n import N_, SYSTEM, _

#: Why something was not seen or not judged. `{n}` is a number, `{reason}` again a reason, the rest is any text.
REASONS = (
    # a section or a file
    N_("permission denied"),
    N_("needs more privilege"),
    N_("no such file"),
    N_("not a regular file"),
    N_("a link to nowhere inside the image"),
    N_("empty"),
    N_("absent"),
    N_("denied"),
    N_("failed"),
    N_("timeout"),
    N_("truncated"),
    N_("not collected"),
    N_("the tool for it is not installed"),
    N_("took longer than {n} s"),
    N_("larger than {n} bytes"),
    N_("exit code {n}"),
    N_("{n} directories could not be read"),
    N_("not everything could be read: {names}"),
    N_("{path} cannot be read"),
    N_("cannot be read"),
    N_("asked of images only"),
    N_("needs a running host"),
    N_("a mounted image runs no kernel"),
    N_("a mounted image runs nothing"),
    N_("sshd has too many Match blocks or patterns for so many accounts to be worked out"),
    N_("sshd has too many Match blocks for every combination to be worked out"),
    # addresses
    N_("the kernel does not tell its IPv4 addresses"),
    N_("more than {n} addresses"),
    # passwords
    N_("the password hashes were not asked for"),
    N_("the credential files were not asked for"),
    N_("passwords were not tried"),
    N_("credentials were not read"),
    N_("sealed: give the private key with --key"),
    N_("one word takes more than {n} s"),
    N_("trying words on it ended the process, twice"),
    N_("this machine's OpenSSL has no SM3"),
    N_("is a malformed hash"),
    N_("is no hash that this machine's libcrypt knows, or asks for more than {n} GiB"),
    N_("the time was up after {n} of at least {least} words"),
    N_("{reason} (and {n} more)"),
    # a whole answer
    N_("stopped before its end"),
    N_("the evidence ends early"),
    N_("section missing from the evidence"),
    N_("a frame of an unknown kind"),
    N_("the bundle is larger than {n} MiB"),
    N_("the bundle is cut off"),
    N_("connection lost: {detail}"),
    N_("time-out after {n} s"),
    N_("the answer is larger than {n} MiB"),
    N_("the collector ended with exit code {n}"),
    N_("cannot seal: openssl with CMS is not there"),
    N_("cannot seal: openssl ended with exit code {n}"),
    # any table
    N_("cannot be parsed ({error})"),
    N_("cannot be worked out ({error})"),
    N_("{place}: whether it is for {user} here is not known"),
    N_("{place}: what this program does is not known"),
    N_("{place}: whether it is in use is not known"),
    N_("{column} is out of range"),
    N_("a record of the listing does not parse"),
    N_("{place} is not a passwd entry"),
    N_("{place} is not a group entry"),
    N_("{place} is not a shadow entry"),
    N_("{place}: {n} lines are not cron entries, the first is {line}"),
    N_("mode and owner of the file are not seen"),
    N_("not known whether shadow-utils read it here"),
    # mounts, kernels, the walk
    N_("{place} is not a mount"),
    N_("{place} is not an entry"),
    N_("no /etc/fstab: what a start would mount is not known"),
    N_("more than {n} patterns are configured"),
    N_("the running values are not whole"),
    N_("the walk gave no output"),
    N_("/proc/self/mountinfo does not name the root file system (chroot?)"),
    N_("/etc/passwd or /etc/group names no id"),
    N_("the walk ended early"),
    N_("a record of the walk does not parse"),
    N_("getcap is not installed"),
    N_("a line of getcap does not parse"),
    N_("accounts of a directory own files too, and are not listed"),
    # special files, control sockets
    N_("more than {n} files are SUID or SGID or carry capabilities, or their paths are long"),
    N_("whether an access control list opens it to others is not known"),
    N_("accounts of a directory may be among those whom it lets"),
    N_("the list of sockets and disks is not whole"),
    N_("{path} is a link to {target}, which is not looked at"),
    N_("on which disks the mounted file systems lie is not known"),
    # processes, sockets, services
    N_("/proc hides the processes of others (hidepid)"),
    N_("an entry of /proc cannot be parsed"),
    N_("process {n} runs without a first thread"),
    N_("no process was listed"),
    N_("the list of executables is not whole"),
    N_("the list of socket holders is not whole"),
    N_("the kernel's tables of sockets are not whole"),
    N_("line {n} is not a socket"),
    N_("no package manager was found"),
    N_("the database of {name} does not answer"),
    N_("no systemd, OpenRC, SysV or inetd services are there"),
    N_("neither systemd nor OpenRC runs here and can be asked"),
    N_("systemctl list-units: line {n} does not parse"),
    N_("{path} includes {other}, which was not collected"),
    N_("includes {other}, which was not collected"),
    # code that runs, restarts, live patches, support
    N_("the list of mapped files is not whole"),
    N_("no process maps a file"),
    N_("processes in other file systems, as those of containers, are not looked into: {n}"),
    N_("more than {n} files are mapped as code"),
    N_("the boot of a container is not that of the machine"),
    N_("the time of the boot is not known"),
    N_("{path} is neither 0 nor 1"),
    N_("syscare list: a line is not a patch"),
    N_("the release of the distribution is not told"),
    N_("until when {name} is supported is not known"),
    # packages
    N_("no dpkg, rpm or apk database lists a package"),
    N_("the entry of {name} runs into the next one"),
    N_("the entry of {name} has no status"),
    N_("the entry of {name} has no version"),
    N_("an entry has no {field}"),
    N_("{path} is there, but no rpm command to read it"),
    N_("rpm -qa: line {n} is not a package"),
    N_("there are two different rpm databases"),
    N_("{path} is an rpm database in {kind} format: scan the running host instead"),
    N_("{n} package headers cannot be read, the first because {reason}"),
    N_("not an SQLite database"),
    N_("SQLite: {detail}"),
    N_("it holds more rows than its size allows"),
    N_("it has no table {name}"),
    N_("a row of Packages is not a header"),
    N_("the header is too short"),
    N_("the header's counts do not fit its size"),
    N_("the header has no name, version or release"),
    N_("tag {n} is not a number"),
    N_("tag {n} is not text"),
    # entries of OSV, secdb, KEV, EPSS and tables that count for nothing; files that are no documents
    N_("is not JSON, or is cut off"),
    N_("a link, which is not followed"),
    N_("a hidden file or folder"),
    N_("is no entry of OSV"),
    N_("withdrawn by its publisher"),
    N_("a notice of live patches, which no package is told by"),
    N_("names no package"),
    N_("one of its packages is not as OSV has them"),
    N_("no package of a distribution that is known here"),
    N_("its versions are commits"),
    N_("names no versions"),
    N_("its range ends in a limit, which is no fix"),
    N_("its range has both fixed and last_affected"),
    N_("a version of its range is not valid: {reason}"),
    N_("an event of its range is not one of introduced, fixed, last_affected, limit"),
    N_("its range is mended before it begins"),
    N_("its range is mended where it begins"),
    N_("is no package of the database"),
    N_("names no flaw"),
    N_("is no entry of the catalogue"),
    N_("does not say since when it is exploited"),
    N_("stands in the catalogue twice"),
    N_("the last line has no end: it may be cut off"),
    N_("has more or fewer fields than there are columns"),
    N_("a number is not between 0 and 1"),
    N_("stands in the list twice"),
    N_("its quotation marks do not match"),
    N_("holds bytes that are no characters"),
    N_("no release of a system"),
    N_("no name of a system"),
    N_("does not say whether its packages are of dpkg, rpm or apk"),
    N_("has neither a fixed version nor a status that is known"),
    N_("a field is neither yes nor no"),
    # PAM, sshd, keys
    N_("{place} is not a PAM rule"),
    N_("the PAM stacks are too large to be read"),
    N_("{place} includes {other}, which was not found"),
    N_("{place} includes {other} in itself or too deeply"),
    N_("configuration of a PAM module, which was not collected"),
    N_("checks passwords by rules that are not known"),
    N_("cannot read {setting}"),
    N_("reads {path}, which was not collected"),
    N_("has defaults that hang on its version: {reason}"),
    N_("pam_unix takes the hash from login.defs: {reason}"),
    N_("included in itself or too deeply"),
    N_("the configuration is too large to be read"),
    N_("{program} refuses this line (no argument, or an open quote)"),
    N_("{program} refuses these Match criteria"),
    N_("sshd refuses {keyword} inside a Match block"),
    N_("sshd refuses {keyword} with this value"),
    N_("neither the configuration nor sshd told {key}"),
    N_("the options that sshd starts with: {reason}"),
    N_("{path} is there, but no sshd_config was found"),
    N_("the configuration of a second sshd is not read"),
    N_("where sshd reads keys from is not known: {reason}"),
    N_("sshd reads keys from {place}, which is not collected"),
    N_("more than {n} keys and accounts"),
    N_("{place}: {n} lines are not public keys, the first is {line}"),
    # private keys and the ssh client
    N_("files changed while they were listed"),
    N_("more than {n} settings and accounts"),
    # sudo
    N_("sudo is installed, but its sudoers file is missing or empty"),
    N_("sudo rules of a directory (nsswitch.conf: sudoers) are not seen"),
    N_("/etc/sudo.conf loads another policy plugin than sudoers"),
    N_("/etc/sudo.conf takes the policy from another file than /etc/sudoers"),
    N_("/etc/sudo.conf gives the policy plugin settings of its own"),
    N_("{path} is not root's alone: sudo refuses the whole policy"),
    N_("{path} is a link: who may write its target is not seen"),
    N_("the file ends in a continued line: sudo refuses the whole policy"),
    N_("the file ends in a continued line"),
    N_("sudo before 1.9.3 refuses all requests while a line is broken: a newer one would do as told here"),
    N_("whether {name} is set here is not known"),
    N_("the policy expands to more than {n} rows"),
    N_("the policy takes more than {n} steps to expand"),
    N_("the Defaults expand to more than {n} rows"),
    N_("{name} is not defined"),
    N_("{name} is defined by itself"),
    N_("{name} is already defined"),
    N_("include without a path"),
    N_("text after an include"),
    N_("{path} is included, but the host's name is not known"),
    N_("files of {path} are included but were not collected"),
    N_("{path} is included but was not collected or does not exist"),
    N_("{path} is included in a loop or too often"),
    N_("unexpected character"),
    N_("unexpected end of the entry"),
    N_("unexpected {token}"),
    N_("empty group"),
    N_("empty string"),
    N_("a string without an end"),
    N_("a keyword on a continued line"),
    N_("not an IPv6 address"),
    N_("sudo loses {name}, as a Windows line end stands behind it"),
    N_("unterminated regular expression"),
    N_("not a value of {name}"),
    N_("not a {name} digest"),
    N_("{path} is not an absolute path"),
    N_("not a Defaults setting"),
    # ways
    N_("more than {n} ways"),
    # roles
    N_("no roles are declared"),
    N_("accounts of a directory are not listed"),
    N_("there are too many sudo rules and accounts to be graded"),
    N_("{place}: whose password is asked is not known"),
    N_("what {person} holds on {host} is not known"),
    N_("{table}: the record does not reach back {n} days"),
    N_("more than {n} gaps"),
    # use of accounts and rights
    N_("no log of logins is there"),
    N_("what is on record begins {n} days ago, not {least}"),
    N_("the newest line on record is {n} days old"),
    N_("without PAM nothing tells of logins at the console"),
    N_("sshd is set to log no logins"),
    N_("{path} holds lines of other hosts"),
    N_("sudo is set to log in a way that is not read here"),
    N_("of accounts with large numbers lastlog was asked for {n} only"),
    N_("{path} holds records that this machine does not write"),
    # trusted files
    N_("the list of trusted paths does not parse"),
    N_("the list of trusted paths ends early"),
    N_("was not read to its end"),
    N_("was not looked at"),
    N_("as whom it runs {path} is not known"),
    N_("a name with a newline is left out"),
    N_("nothing here reads access lists"),
    N_("its access list is not known"),
    N_("more than {n} ways to change trusted files"),
    N_("too many accounts may change too much for all of it to be worked out"),
    N_("{n} may be an account or a group of a directory"),
    # doas, polkit
    N_("which policy it reads is not known"),
    N_("not known whether doas reads it here"),
    N_("{place} was left out: it is too long, or seems to hold a secret"),
    N_("not known whether polkit reads it here"),
    N_("{place} is not understood, and what follows it"),
    N_("{place} is not understood, nor the file with it"),
    N_("{place} is not understood: polkit may allow more by it"),
    N_("the list of polkit's actions is not whole"),
    N_("polkit's version is not known"),
    # known flaws
    N_("no feed is imported"),
    N_("no feed is imported for {release}"),
    N_("only single advisories that concern {release} are imported"),
    N_("feeds were not looked at"),
    N_("which release of which distribution it is, is not known"),
    N_("the feeds tell of flaws that are mended alone"),
    N_("no list of exploited flaws (KEV) is imported"),
    N_("no EPSS scores are imported"),
    N_("the same advisory stands in another document"),
    N_("built for another service pack"),
    N_("mended by a live patch"),
    # versions of packages
    N_("an empty version"),
    N_("a version with blanks inside"),
    N_("a version with an empty revision"),
    N_("a version with an empty release"),
    N_("a version with a hyphen inside"),
    N_("a version with two dots in a row"),
    N_("a version that does not begin with a digit"),
    N_("a version that begins with neither letter nor digit"),
    N_("a character that no version may have"),
    N_("an epoch that is no number"),
    N_("an epoch that is too large"),
    N_("an epoch without a version"),
    N_("not what apk takes for a version"),
    # entries of feeds that count for nothing
    N_("no release of a distribution that is known here"),
    N_("statuses that exclude each other"),
    N_("a status that says nothing of a flaw"),
    N_("names no product"),
    N_("is not named like a hot patch"),
    N_("is not in the product tree"),
    N_("no rpm package"),
    N_("stands for two releases"),
    N_("no vulnerability of CSAF"),
    N_("no name of a package"),
    N_("no id of a flaw"),
    N_("no id of an advisory"),
    N_("no name of a module and its stream"),
    N_("no name of an architecture"),
    N_("a build for another release"),
    N_("a module's build whose stream is not named"),
    N_("both mended in a version and affected up to one"),
    N_("mended no later than it began"),
    N_("mended, but in no version"),
    N_("mended in a version, and yet not mended"),
    N_("stands twice in the document"),
    N_("no object of flaws, or a flaw stands in it twice"),
    N_("no object of releases, or a key stands in it twice"),
    N_("no object, or a key stands in it twice"),
    N_("a word that is no text"),
    N_("a status and a version that do not go together"),
    N_("its criteria come to more than {n} cases"),
    N_("criteria that hold on no host"),
    N_("criteria that ask for no release, or for several at once"),
    N_("criteria that ask for no package, or for several at once"),
    N_("criteria with an operator that is not understood"),
    N_("extends a definition that is not understood"),
    N_("refers to a test that is not there"),
    N_("refers to a state that is not there"),
    N_("refers to what is there twice"),
    N_("a test that names no package"),
    N_("a test {kind} that is not understood"),
    N_("says of no version whether it is affected"),
    N_("words that name another release than the test"),
    # pending updates: apt
    N_("of {kind} packages it is not known what is pending"),
    N_("apt keeps no indexes: apt update never ran"),
    N_("no index of {path} is kept: apt update has not read it"),
    N_("the indexes of apt were not read to their end"),
    N_("cannot be unpacked to its end"),
    N_("has entries without a name"),
    N_("no source of packages is configured"),
    N_("the option {name} is not followed"),
    N_("entry {n} is no source"),
    N_("more than {n} sources"),
    N_("more than {n} indexes are configured"),
    N_("more than {n} versions"),
    N_("more than {n} settings"),
    N_("more than {n} patterns"),
    N_("the architecture of dpkg is not known"),
    N_("{name} of apt.conf names another place than the usual one"),
    N_("APT::Sources::With of apt.conf is not followed"),
    N_("a block starts with no name"),
    N_("extra junk at the end of the file"),
    N_("extra junk after a value"),
    N_("#clear names nothing"),
    N_("{name} is not followed"),
    N_("record {n} names no package"),
    N_("record {n} has no priority that is one"),
    N_("the preferences of apt cannot be worked out: {reason}"),
    N_("a pattern that cannot be told"),
    N_("no source has the release {name} of APT::Default-Release"),
    # judging
    N_("it cannot be told whether the rule applies"),
    N_("the rule did not run"),
    N_("the host was not asked"),
    N_("the host was not reached: {reason}"),
    N_("seen in part: {reason}"),
    N_("more than {n} violations; the first ones are kept"),
    N_("took more than {n} s"),
    N_("broke the judging process"),
    N_("needs too much memory"),
    N_("the judging process ended or took too long"),
    N_("the query gives no column {name}"),
    N_("the query gives more than {n} rows"),
    N_("gives more than {n} MiB"),
    N_("the query names hosts that it was not given"),
    # what a rule's author reads
    N_("is no SQL: {detail}"),
    N_("must be a SELECT"),
    N_("must be one SELECT, not {n} statements"),
    N_("must be one expression"),
    N_("reads {table}, which is not in its needs"),
    N_("may not name a WITH query {name}, as a table is"),
    N_("may not call the table function {name}"),
    N_("use lower-case words joined by hyphens"),
    N_("name the columns that tell one finding from another"),
    N_("there is no table {table}"),
    N_("the table {table} has no part {part}"),
    N_("the table {table} has no column {column}"),
    N_("name the tables that the query reads"),
    N_("the query does not read {table}"),
    N_("give it in English and in Chinese"),
    N_("the two languages name different columns"),
    N_("{family} is none of {families}"),
    N_("give the commands, by distribution family or for `any`"),
    N_("{remark}: write a remark as `# English // 中文`"),
    N_("show at least one case that fails"),
    N_("show at least one case that passes"),
    N_("name at least one source (attack, cis, mlps, cve, doc)"),
    N_("a row of this query could be wrong when rows are missing"),
    N_("test {n} ({name}): {reason}"),
    N_("test {n}: {reason}"),
    N_("neither expect nor verdict"),
    N_("expected {verdict}, got {other}"),
    N_("no violation has {row}"),
    N_("not expected: {row}"),
    N_("{column} is {type}, not {value}"),
    N_("there is no {need} to be incomplete"),
)

#: What msgspec says of a document that does not fit: rules, inventories, lists of words.
MSGSPEC = (
    N_("{reason} - at `{place}`"),
    N_("Object missing required field `{name}`"),
    N_("Object contains unknown field `{name}`"),
    N_("Expected `{type}`, got `{other}`"),
    N_("Invalid enum value {value}"),
    N_("Invalid RFC3339 encoded date"),
)

#: Reasons that a reader may lift by looking with more rights.
_NEED_PRIVILEGE = ("permission denied", "needs more privilege", "denied", "(hidepid)")

#: A kernel value that the kernel shows to root only.
_ROOT_ONLY = re.compile(r"(.*: )?(abi|dev|fs|kernel|net|user|vm)\.\S+ cannot be read")

#: Longer ones hold much that a host said and nothing that we did.
_LONGEST = 1_000
_PLACES = 6  # `place: ` that may stand before a reason


def reason(text: str) -> str:
    """A reason in the language in use; what is not known stays as it was said."""
    if len(text) > _LONGEST:
        return text
    rest, begun = text, 0
    for _place in range(_PLACES):
        if said := _said(rest):
            return text[:begun] + said
        at = rest.find(": ")
        if at < 0:
            break
        rest, begun = rest[at + 2 :], begun + at + 2
    return text


def advice(text: str, *, as_root: bool = False) -> str:
    """What would let Citywall see it; empty when a reader cannot change it. `as_root`: root could not see it either."""
    if not (text.endswith(_NEED_PRIVILEGE) or _ROOT_ONLY.fullmatch(text)):
        return ""
    if not as_root:
        return _("run as root or with sudo")
    return _("root is not enough here: in a container, scan the machine below it; else look for SELinux denials")


def _said(text: str) -> str:
    """The text as a whole, when it is one of the reasons; else empty. A host's text is a value, never the template."""
    for phrase, parts, pattern in _patterns():
        if all(part in text for part in parts) and (found := pattern.fullmatch(text)):
            values = {name: reason(value) if name == "reason" else value for name, value in found.groupdict().items()}
            return _(phrase).format(**values)
    return ""


@cache
def _patterns() -> list[tuple[str, list[str], re.Pattern[str]]]:
    """Each phrase, what must stand in a text for it, and the whole of it as a pattern."""
    return [(phrase, re.split(r"\{\w+\}", phrase), _pattern(phrase)) for phrase in (*REASONS, *MSGSPEC, *SYSTEM)]


def _pattern(phrase: str) -> re.Pattern[str]:
    pieces = re.split(r"\{(\w+)\}", phrase)  # text, name, text, name, text
    named = (f"(?P<{name}>{r'[0-9]{1,12}' if name == 'n' else '.+'})" for name in pieces[1::2])
    texts = map(re.escape, pieces[::2])
    return re.compile(next(texts) + "".join(name + text for name, text in zip(named, texts, strict=True)), re.DOTALL)
