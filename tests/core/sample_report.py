"""One fixed report for the tests of every format: three hosts, hostile names, waivers, gaps, and a rule in error."""

from __future__ import annotations

import shlex
from typing import Any

from secops.core.finding import Finding, RuleVerdict, Severity, Verdict
from secops.core.report import Coverage, FeedUse, HostReport, Os, Report, Rules, Run

WEB, HMC, DB = "3f2a9c41d8e04b7f9a1c5e6d7b8f0a12", "卫健委-前置机", "db1.gov.example"

#: What somebody who controls a name on a host would try.
HOSTILE = (
    "$(touch x)",
    "=cmd|' /C calc'!A0",
    "\x1b]0;owned\x07",
    "<script>alert(1)</script>",
    "{{7*7}}",
    "[bold red]root[/]",
    "ops\u202etxt.exe\u2066\u200b",
    "eve\nCRITICAL  forged line",
)

_Texts = dict[str, tuple[str, str]]

#: rule → title, why, fix in (English, Chinese)
_RULES: dict[str, _Texts] = {
    "sudo-nopasswd-all": {
        "title": ("Account may run everything as root without a password", "账户可免密以 root 身份执行任意命令"),
        "why": (
            "Whoever gets at this account, by a stolen key or an open session, owns the host at once. No password is "
            "asked, so nothing slows them down and nothing shows in the log but the account's own name.",
            "攻击者一旦通过密钥泄露或未锁定会话获得该账户，即可直接控制整台主机；由于无需口令，既没有任何阻拦，审计日志中也只会留下该账户本身的名称。",
        ),
        "fix": (
            "Ask for the password, and name the commands the account really needs.",
            "取消 NOPASSWD，并仅授予该账户确需使用的命令。",
        ),
    },
    "weak-password": {
        "title": ("Password can be guessed", "账户口令为弱口令"),
        "why": (
            "It is among the first few hundred guesses that every attacker makes.",
            "该口令属于攻击者最先尝试的数百个常见口令之一，极易被猜解。",
        ),
        "fix": ("Set a new password and let it expire now.", "立即更换口令，并要求该账户下次登录时修改。"),
    },
    "sshd-root-login": {
        "title": ("root may log in over SSH with a password", "允许 root 使用口令通过 SSH 登录"),
        "why": (
            "root exists everywhere, so an attacker has to guess one thing instead of two.",
            "root 账户名众所周知，攻击者只需猜解口令即可获得最高权限。",
        ),
        "fix": (
            "Set PermitRootLogin to prohibit-password or no.",
            "将 PermitRootLogin 设置为 prohibit-password 或 no。",
        ),
    },
    "kernel-outdated": {
        "title": ("The running kernel has known holes with public exploits", "运行中的内核存在已公开利用代码的漏洞"),
        "why": ("A local account becomes root in seconds.", "本地普通用户可在数秒内提权为 root。"),
        "fix": ("Install the newer kernel and restart.", "安装新版内核并重启主机。"),
    },
    "password-never-expires": {
        "title": ("Password never expires", "口令永不过期"),
        "why": ("A leaked password works for years.", "口令泄露后可被长期利用。"),
        "fix": ("Limit the age of passwords to 90 days.", "将口令最长使用期限设置为 90 天。"),
    },
    "motd-shows-version": {
        "title": ("The login banner tells the version of the system", "登录提示信息泄露系统版本"),
        "why": ("It saves an attacker a step.", "便于攻击者选择利用代码。"),
        "fix": ("Take \\r and \\m out of /etc/issue.", "删除 /etc/issue 中的 \\r 与 \\m。"),
    },
}


def sample_report(lang: str = "en") -> Report:
    """The report in one of the two languages, as the pipeline would have made it."""
    zh = lang == "zh"
    hosts = [
        HostReport(
            host=WEB,
            name="web1",
            carrier="ssh",
            label="ops@web1",
            as_root=True,
            os=Os("debian", "12", "Debian GNU/Linux 12 (bookworm)"),
            score=34,
            score_without_waivers=30,
            coverage=Coverage(91, 92, 150),
            counts={Verdict.PASS: 86, Verdict.FAIL: 4, Verdict.WAIVED: 1, Verdict.ERROR: 1, Verdict.NOT_APPLICABLE: 58},
        ),
        HostReport(
            host=HMC,
            name="hmc-app",
            carrier="ssh",
            label="scan@10.0.4.7",
            os=Os("kylin", "V10", "Kylin Linux Advanced Server V10"),
            score=41,
            score_without_waivers=41,
            coverage=Coverage(40, 92, 150),
            counts={
                Verdict.PASS: 38,
                Verdict.FAIL: 2,
                Verdict.UNKNOWN: 51,
                Verdict.ERROR: 1,
                Verdict.NOT_APPLICABLE: 58,
            },
            not_seen={
                "shadow_meta": "/etc/shadow: permission denied",
                "weak_passwords": "/etc/shadow: permission denied",
                "authorized_keys": "/home/\x1b[2Jeve/.ssh/authorized_keys: permission denied",
                "special_files": "took longer than 120 s",
            },
        ),
        HostReport(
            host=DB,
            name=DB,
            label="ops@db1.gov.example",
            unreachable="ssh: connect to host db1.gov.example port 22: Connection timed out",
        ),
    ]
    run = Run(
        id="20261122T093000Z-7f3a",
        started="2026-11-22T09:30:00Z",
        finished="2026-11-22T09:31:12Z",
        version="0.1.0",
        lang=lang,
        rules=Rules(150, "9c1f" * 16),
        feeds=[FeedUse("debian-security", "2026-11-01", 21, True)],
        profile="mlps-3",
    )
    note = (
        "豁免 W-3 已于 2026-11-01 到期：1 个问题重新生效。"
        if zh
        else "The waiver W-3 ended on 2026-11-01: 1 finding is open again."
    )
    return Report(run=run, hosts=hosts, findings=_findings(zh), verdicts=_verdicts(), notes=[note])


def _finding(zh: bool, rule: str, host: str, severity: Severity, message: tuple[str, str], **more: Any) -> Finding:
    texts = {name: both[zh] for name, both in _RULES[rule].items()}
    fields: dict[str, Any] = {"status": Verdict.FAIL, "evidence": dict(more.get("key", {})), **texts, **more}
    return Finding(rule=rule, host=host, severity=severity, message=message[zh], **fields)


def _findings(zh: bool) -> list[Finding]:
    found = [
        _finding(
            zh,
            "sudo-nopasswd-all",
            WEB,
            Severity.CRITICAL,
            (
                f"{name} may become root without a password (/etc/sudoers.d/90-ops:{line})",
                f"{name} 可免密切换为 root（/etc/sudoers.d/90-ops:{line}）",
            ),
            key={"user": name},
            commands="visudo -f /etc/sudoers.d/90-ops",
            refs={"attack": ["T1548.003"], "cis": ["5.2.4"], "mlps": ["8.1.4.2"]},
            first_seen="2026-10-01T08:00:00Z",
        )
        for line, name in enumerate(HOSTILE, 3)
    ]
    found += [
        _finding(
            zh,
            "weak-password",
            WEB,
            Severity.CRITICAL,
            (f"the password of {name} matches: user name and year", f"{name} 的口令符合规律：用户名加年份"),
            key={"user": name},
            commands=f"passwd {shlex.quote(name)}\nchage -d 0 {shlex.quote(name)}",
            refs={"mlps": ["8.1.4.1"]},
        )
        for name in ("nginx", HOSTILE[6])
    ]
    for host, commands in (
        (WEB, "apt-get install --only-upgrade linux-image-amd64\nsystemctl reboot"),
        (HMC, "dnf upgrade kernel\nsystemctl reboot"),
    ):
        found.append(
            _finding(
                zh,
                "kernel-outdated",
                host,
                Severity.HIGH,
                ("the running kernel lacks the fix of CVE-2024-1086", "运行中的内核未修复 CVE-2024-1086"),
                key={"cve": "CVE-2024-1086"},
                commands=commands,
                refs={"cve": ["CVE-2024-1086", "CVE-2023-32233", "CVE-2023-0386", "CVE-2022-0847", "CVE-2022-2588"]},
            )
        )
    found.append(
        _finding(
            zh,
            "sshd-root-login",
            WEB,
            Severity.HIGH,
            ("PermitRootLogin is yes (/etc/ssh/sshd_config:12)", "PermitRootLogin 为 yes（/etc/ssh/sshd_config:12）"),
            key={"source": "/etc/ssh/sshd_config"},
            status=Verdict.WAIVED,
            waiver=("W-7, approved by Li Ming, until 2027-01-31", "W-7，批准人：李明，有效期至 2027-01-31")[zh],
        )
    )
    found += [
        _finding(
            zh,
            "password-never-expires",
            HMC,
            Severity.MEDIUM,
            (f"the password of {name} never expires", f"{name} 的口令永不过期"),
            key={"user": name},
            commands=f"chage -M 90 {name}",
        )
        for name in ("oracle", "ftpuser", "backup")
    ]
    found.append(
        _finding(
            zh,
            "motd-shows-version",
            WEB,
            Severity.LOW,
            ("/etc/issue shows \\r", "/etc/issue 中包含 \\r"),
            key={"path": "/etc/issue"},
        )
    )
    return found


def _verdicts() -> list[RuleVerdict]:
    reasons = (
        [("shadow_meta", "/etc/shadow: permission denied")] * 12
        + [("authorized_keys", "/home/\x1b[2Jeve/.ssh/authorized_keys: permission denied")] * 9
        + [("special_files", "took longer than 120 s")] * 30
    )
    broken = "Conversion Error: Could not convert string '[red]n/a[/]' to INT32"
    return [
        *(RuleVerdict(f"rule-{n:03}", WEB, Verdict.PASS) for n in range(86)),
        *(
            RuleVerdict(f"rule-{n:03}", HMC, Verdict.UNKNOWN, f"{table}: {reason}")
            for n, (table, reason) in enumerate(reasons)
        ),
        RuleVerdict("sshd-weak-mac", WEB, Verdict.ERROR, broken),
        RuleVerdict("sshd-weak-mac", HMC, Verdict.ERROR, broken),
        *(RuleVerdict(rule, WEB, Verdict.FAIL) for rule in ("sudo-nopasswd-all", "weak-password", "kernel-outdated")),
        RuleVerdict("motd-shows-version", WEB, Verdict.FAIL),
        RuleVerdict("sshd-root-login", WEB, Verdict.WAIVED),
        RuleVerdict("kernel-outdated", HMC, Verdict.FAIL),
        RuleVerdict("password-never-expires", HMC, Verdict.FAIL),
    ]
