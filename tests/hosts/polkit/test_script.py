"""Which shapes of rules are read; what they mean, `tests/privilege/test_polkit_oracle.py` asks polkit itself."""

from __future__ import annotations

import pytest

from secops.hosts.polkit.script import ScriptError, Subject, read
from secops.hosts.polkit.values import UNDEFINED, UNKNOWN

RULE = "polkit.addRule(function(action, subject) {{ {} }});"
ASKED = Subject("org.a.one", {"unit": "app.service"}, "alice", ("alice", "wheel"))
ANYONE = Subject("org.a.one", {}, UNKNOWN, UNKNOWN)

#: What distributions and their packages ship, in these shapes.
SHIPPED = [
    """/* -*- mode: js -*- */
// default
polkit.addAdminRule(function(action, subject) {
    return ["unix-group:wheel"];
});
""",
    """polkit.addRule(function(action, subject) {
    if ((action.id == "org.a.upgrade" ||
         action.id == "org.a.one") &&
        subject.active == true && subject.local == true &&
        subject.isInGroup("sudo")) {
            return polkit.Result.YES;
    }
});""",
    "polkit.addRule(function(action, subject) { if (action.id == 'org.b' && subject.user === 'svc') return 'yes' })",
    """polkit.addRule(function(action, subject) {
    var permitted = ["org.a.two", "org.a.three"];
    if (!subject.isInGroup("netdev") || subject.groups.indexOf("x") >= 0)
        return polkit.Result.NOT_HANDLED;
    if (permitted.indexOf(action.id) !== -1) { polkit.log("granting " + action.id + " to " + subject.user); }
    else if (/^org\\.a\\.(two|three)$/.test(action.id)) { return polkit.Result.AUTH_ADMIN_KEEP; }
    return null;
});""",
    """var GROUP = "wheel";
polkit.addRule(function(a, s) {
    if (s.isInGroup(GROUP) && a.id.match("^org.b")) return polkit.Result.NO;
});""",
]


@pytest.mark.parametrize("text", SHIPPED)
def test_what_is_shipped_is_read(text: str) -> None:
    script = read(text)
    assert len(script.functions) == 1
    assert script.functions[0](ASKED).value in (UNDEFINED, polkit_null(), ("unix-group:wheel",))


_LINES = """
polkit.addRule(function(action, subject) {
    if (action.id == "org.a.none") return "no";
    if (action.id.indexOf("org.a.") == 0) {
        var seen = 1;
    }
    if (action.id ==
        "org.a.one") {
        if (%s)
            return "yes";
        else
            return "auth_self";
    }
    return "auth_admin";
});
"""


@pytest.mark.parametrize(
    ("condition", "asked", "line"),
    [
        ('subject.user == "alice"', ASKED, 9),
        ('subject.user == "bob"', ASKED, 7),
        ('subject.user == "alice"', ANYONE, 9),
        ("true", Subject("org.b", {}, "alice", ()), 2),
    ],
    ids=["the inner condition", "where it does not hold the outer one", "one not known", "none"],
)
def test_the_line_is_that_of_the_condition(condition: str, asked: Subject, line: int) -> None:
    (function,) = read(_LINES % condition).functions
    assert function(asked).line == line


def polkit_null() -> object:
    return read(RULE.format("return null;")).functions[0](ASKED).value


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ('if (subject.isInGroup("wheel")) return polkit.Result.YES;', "yes"),
        ('if (action.lookup("unit") == "app.service") { return polkit.Result.AUTH_SELF }', "auth_self"),
        ("if (subject.local || subject.active) return polkit.Result.YES;", UNDEFINED),
        ("return\n polkit.Result.YES;", UNDEFINED),
        ("return polkit.Result.yes;", UNDEFINED),
        ('var u = subject.user; if (!!u && u.endsWith("ce") && -1 < 0) return "no";', "no"),
        ('if (subject.isInNetGroup("x")) return polkit.Result.YES;', UNKNOWN),
        ('if (subject.isInNetGroup("x") && action.id == "org.b") return polkit.Result.YES;', UNDEFINED),
        ('if (subject.isInNetGroup("x") || subject.isInGroup("wheel")) return polkit.Result.YES;', "yes"),
        ('if (subject.seat == "seat0") return polkit.Result.YES;', UNKNOWN),
        ('if (action.lookup("other") == "x") return polkit.Result.YES;', UNKNOWN),
        ("if (/(a+)+$/.test(action.id)) return polkit.Result.YES;", UNKNOWN),
        ('if (action.id.includes("one")) return polkit.Result.YES;', UNKNOWN),
        ("if (subject.user == 1) return polkit.Result.YES;", UNKNOWN),
    ],
)
def test_what_a_rule_returns(body: str, value: object) -> None:
    assert read(RULE.format(body)).functions[0](ASKED).value == value


def test_what_hangs_on_nobody_is_told_of_anyone() -> None:
    answers = {
        'if (action.id == "org.a.one") return polkit.Result.YES;': "yes",
        'if (action.id == "org.b" && subject.user == "x") return polkit.Result.YES;': UNDEFINED,
        'if (subject.isInGroup("x")) return polkit.Result.YES;': UNKNOWN,
        'if (subject.user.indexOf("x") == 0) return polkit.Result.YES;': UNKNOWN,
    }
    assert {body: read(RULE.format(body)).functions[0](ANYONE).value for body in answers} == answers


@pytest.mark.parametrize(
    "text",
    [
        "polkit.spawn(['/bin/true']);",
        RULE.format("return polkit.spawn(['/bin/true']);"),
        RULE.format("for (var i = 0; i < 2; i++) {}"),
        RULE.format("while (true);"),
        RULE.format("x = 1;"),
        RULE.format("var action = 1;"),
        RULE.format("eval('1');"),
        RULE.format("return subject.user ? 1 : 2;"),
        RULE.format("polkit.log(subject);"),
        RULE.format("action.id = 'x';"),
        RULE.format("return `yes`;"),
        RULE.format("return this;"),
        "polkit.addRule((action, subject) => { return 'yes'; });",
        "polkit.addRule(handler);",
        "function handler(action, subject) { return 'yes'; }",
        "polkit.addRule = function() {};",
        "polkit._adminRuleFuncs = [];",
        "var polkit = {};",
        "polkit.addRule(function(action, subject) { return 'yes'; }",
        "// a line that ends\u2028polkit.addRule(handler);",
        RULE.format("if (" + "(" * 100 + "true" + ")" * 100 + ") return 'yes';"),
        RULE.format("if (true) " * 100 + ";"),
        "é",
        "\x00",
        '"an open text',
        "/* an open remark",
    ],
)
def test_what_is_not_read(text: str) -> None:
    with pytest.raises(ScriptError, match="line "):
        read(text)


def test_a_script_is_read_in_proportion_to_its_length() -> None:
    conditions = " || ".join(f'action.id == "org.a.{n}"' for n in range(1_000))
    (function,) = read(RULE.format(f"if ({conditions}) return polkit.Result.YES;")).functions
    assert function(ASKED).value is UNDEFINED
    for hostile in (
        "/*" * 100_000,
        '"' + "\\" * 100_001,
        "/" + "[" * 100_000,
        "!" * 40_000,
        "(" * 40_000,
        "/**" * 90_000,
    ):
        with pytest.raises(ScriptError):
            read(hostile)
