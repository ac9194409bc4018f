"""Reading sshd_config files."""

import time

from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.evidence import Item, Status
from secops.hosts.sshd_config import covers, criteria, directive, glob_matches, parse, split_words

COLLECTED = ("/etc/ssh/sshd_config", "/etc/ssh/*.conf", "/etc/ssh/sshd_config.d/*")
MAIN = "/etc/ssh/sshd_config"


def read(**texts: str | Status) -> tuple[list[tuple[str, str, str]], list[str]]:
    """(context, keyword, value) of each setting, and the problems. A file `a` is sshd_config.d/a.conf."""
    files = {}
    for name, text in texts.items():
        path = MAIN if name == "main" else f"/etc/ssh/sshd_config.d/{name}.conf"
        if isinstance(text, Status):
            files[path] = Item(path, status=text, reason="lost")
        else:
            files[path] = Item(path, text.encode())
    parsed = parse(MAIN, files, COLLECTED)
    found = [(setting.context, setting.keyword, " ".join(setting.words)) for setting in parsed.settings]
    return found, [problem.reason for problem in parsed.problems]


def test_lines_are_split_as_openssh_splits_them() -> None:
    assert directive("  PermitRootLogin = no ") == ("permitrootlogin", "no")
    assert directive("Port=22") == ("port", "22")
    assert directive('"Port" 22\r') == ("port", "22")
    assert directive("# Port 22") == directive(" \t") == ("", "")
    assert directive("Port") is None
    assert directive("= 22") is None
    assert split_words("a  b\tc # d") == ["a", "b", "c"]
    assert split_words("a#b") == ["a#b"]
    assert split_words('"a b" \'c "d\' e\\ f \\x # g') == ["a b", 'c "d', "e f", "\\x"]
    assert split_words('"" x') == ["", "x"]
    assert split_words('"open') is None


def test_match_criteria_have_one_form() -> None:
    assert criteria(["User", "root", "Address", "10.0.0.0/8"]) == "user root address 10.0.0.0/8"
    assert criteria(["user=root"]) == "user root"
    assert criteria(["Group", "domain users"]) == 'group "domain users"'
    assert criteria(["ALL"]) == "all"
    assert criteria(["invalid-user"]) == "invalid-user"
    for refused in ([], ["all", "user", "x"], ["user"], ["user="], ["shoe", "size"]):
        assert criteria(refused) is None


def test_includes_are_read_in_place_and_in_order() -> None:
    assert read(main="Include sshd_config.d/*.conf\nPort 1\n", b="Port 3\n", a="Port 2\n") == (
        [("", "port", "2"), ("", "port", "3"), ("", "port", "1")],
        [],
    )


def test_a_match_ends_with_its_file_and_adds_to_the_match_around_the_include() -> None:
    settings, problems = read(
        main="Match User x\nInclude sshd_config.d/a.conf\nBanner none\n", a="Port 1\nMatch Host h\nPort 2\n"
    )
    assert problems == []
    assert settings == [("user x", "port", "1"), ("user x host h", "port", "2"), ("user x", "banner", "none")]


def test_match_all_ends_a_block_but_not_the_block_around_its_file() -> None:
    settings, _ = read(main="Match User x\nInclude sshd_config.d/a.conf\nMatch all\nPort 3\n", a="Match all\nPort 1\n")
    assert settings == [("user x", "port", "1"), ("all", "port", "3")]


def test_what_was_not_collected_is_a_problem_and_what_is_not_there_is_not() -> None:
    assert read(main="Include sshd_config.d/none.conf other.conf\n")[1] == []
    for pattern in ("/opt/x.conf", "~/x.conf", "sshd_config.d/.x.conf", "sshd_config.d/*/x.conf", "../passwd.d/*"):
        assert read(main=f"Include {pattern}\n")[1] == [f"{MAIN}:1: includes {pattern}, which was not collected"]


def test_an_unreadable_file_counts_only_when_it_is_included() -> None:
    assert read(main="Port 1\n", a=Status.DENIED) == ([("", "port", "1")], [])
    assert read(main="Include sshd_config.d/a.conf\n", a=Status.DENIED)[1] == ["/etc/ssh/sshd_config.d/a.conf: lost"]


def test_a_directory_that_could_not_be_listed_is_a_problem_of_what_includes_it() -> None:
    denied = Item("/etc/ssh/sshd_config.d/*", status=Status.DENIED, reason="permission denied")
    main = Item(MAIN, b"Include /etc/ssh/sshd_config.d/*.conf\n")
    problems = parse(MAIN, {main.path: main, denied.path: denied}, COLLECTED).problems
    assert [(problem.status, problem.reason) for problem in problems] == [
        (Status.DENIED, "/etc/ssh/sshd_config.d/*: permission denied")
    ]


def test_loops_end_and_are_told() -> None:
    settings, problems = read(main="Include sshd_config.d/a.conf\nPort 1\n", a="Include sshd_config.d/*.conf\nPort 2\n")
    assert settings == [("", "port", "2"), ("", "port", "1")]
    assert problems == ["/etc/ssh/sshd_config.d/a.conf: included in itself or too deeply"]


def test_lines_that_sshd_refuses_are_told() -> None:
    _, problems = read(main='Port\nBanner "x\nMatch\nMatch user\nInclude #\n')
    assert [problem.split(":")[1] for problem in problems] == ["1", "2", "3", "4", "5"]


def test_patterns() -> None:
    assert covers("/a/*", "/a/x*.conf")
    assert covers("/a/*.conf", "/a/*.conf")
    assert covers("/a/x", "/a/x")
    assert not covers("/a/*.conf", "/a/*")
    assert not covers("/a/*", "/a/b/x")
    assert not covers("/a/*", "/a*/x")
    assert glob_matches("/a/*.conf", "/a/b.conf")
    assert not glob_matches("/a/*.conf", "/a/.b.conf")
    assert not glob_matches("/a/*", "/a/b/c")


def test_hostile_files_stay_cheap() -> None:
    start = time.process_time()
    deep = {f"f{i}": f"Include sshd_config.d/f{i + 1}.conf\n" * 50 for i in range(14)}
    assert "too large" in " ".join(read(main="Include sshd_config.d/f0.conf\n", **deep)[1])
    read(main="Include sshd_config.d/" + "*a" * 2000 + "\n", **{"a" * 200: ""})
    read(main="Banner " + '"' * 1_000_000)
    read(main="Include " + "x " * 400_000)
    read(main="Match " + "user x " * 100_000 + "\n" + "Port 1\n" * 50_000)
    read(main=" " * 1_000_000 + "=" * 1_000_000)
    assert time.process_time() - start < 20


@given(st.text(alphabet="aPort \"'\\#=*?[]\n\tMatchuserIncludeall./", max_size=300), st.binary(max_size=200))
def test_any_text_parses_without_raising(text: str, raw: bytes) -> None:
    item, other = Item(MAIN, text.encode()), Item("/etc/ssh/a.conf", raw)
    parse(MAIN, {MAIN: item, other.path: other}, COLLECTED)
