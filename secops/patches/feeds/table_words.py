"""The words of a table of advisories, in English and Chinese: names of columns, of systems, of statuses.

docs/feeds-csv.md describes them to people; a test holds the two against each other.
"""

from __future__ import annotations

from secops.patches.statement import Kind, Severity, Status

#: Our name of each column, and the others it may have. Case, blanks, `_` and `-` do not count.
COLUMNS: dict[str, tuple[str, ...]] = {
    "advisory": ("advisory id", "公告编号", "公告号", "安全公告编号"),
    "flaws": ("flaw", "cve", "cves", "cve id", "漏洞编号", "漏洞号", "cve编号"),
    "system": ("os", "distribution", "系统", "操作系统", "系统名称"),
    "release": ("os version", "版本", "系统版本", "操作系统版本", "发行版本"),
    "type": ("package type", "包格式", "包类型", "软件包类型"),
    "package": ("package name", "软件包", "软件包名", "软件包名称", "包名"),
    "source": ("source package", "源码包", "是否源码包"),
    "arch": ("architecture", "架构", "体系架构", "cpu架构"),
    "module": ("module stream", "模块", "模块流"),
    "introduced": ("introduced in", "引入版本", "起始版本"),
    "fixed": ("fixed version", "fixed in", "修复版本", "修复后版本", "已修复版本"),
    "last_affected": ("last affected version", "最高受影响版本", "最后受影响版本"),
    "status": ("状态", "修复状态", "漏洞状态"),
    "severity": ("严重程度", "严重等级", "危害等级", "漏洞等级", "风险等级"),
    "score": ("cvss", "cvss score", "cvss评分", "cvss分数"),
    "published": ("date", "published on", "发布日期", "发布时间", "公告日期"),
    "hot": ("hot patch", "热补丁", "是否热补丁"),
    "title": ("标题", "公告标题", "公告名称", "漏洞名称"),
    "url": ("link", "链接", "公告链接", "网址"),
}

#: Columns without which a table says nothing; of each group, one.
NEEDED = (("system",), ("release",), ("package",), ("flaws", "advisory"), ("fixed", "status"))

#: IDs of os-release by their Chinese names. Any other ID stands for itself.
SYSTEMS = {
    "麒麟": "kylin", "银河麒麟": "kylin", "统信": "uos", "统信uos": "uos", "欧拉": "openeuler", "龙蜥": "anolis",
    "深度": "deepin", "红帽": "rhel",
}  # fmt: skip

#: What packages a system has, where it has one kind only. Kylin and UOS have dpkg on desktops and rpm on servers.
KINDS_OF_SYSTEMS: dict[str, Kind] = {
    "debian": "dpkg", "ubuntu": "dpkg", "deepin": "dpkg", "alpine": "apk", "openeuler": "rpm", "anolis": "rpm",
    "rhel": "rpm", "centos": "rpm", "almalinux": "rpm", "rocky": "rpm", "ol": "rpm", "sles": "rpm",
    "opensuse-leap": "rpm",
}  # fmt: skip

KINDS: dict[str, Kind] = {"deb": "dpkg", "dpkg": "dpkg", "rpm": "rpm", "apk": "apk"}

STATUSES: dict[str, Status] = {
    "fixed": "fixed", "已修复": "fixed", "已发布": "fixed",
    "affected": "affected", "受影响": "affected", "未修复": "affected", "待修复": "affected", "修复中": "affected",
    "will-not-fix": "will-not-fix", "will not fix": "will-not-fix", "不修复": "will-not-fix",
    "不予修复": "will-not-fix", "暂不修复": "will-not-fix",
    "not-affected": "not-affected", "not affected": "not-affected", "不受影响": "not-affected",
    "unknown": "unknown", "under investigation": "unknown", "未知": "unknown", "分析中": "unknown", "待分析": "unknown",
}  # fmt: skip

SEVERITIES: dict[str, Severity] = {
    "紧急": "critical", "严重": "critical", "超危": "critical", "高危": "high", "高": "high", "重要": "high",
    "中危": "medium", "中": "medium", "中等": "medium", "低危": "low", "低": "low", "轻微": "low",
}  # fmt: skip

ANSWERS = {
    "": False, "no": False, "false": False, "0": False, "否": False,
    "yes": True, "true": True, "1": True, "是": True,
}  # fmt: skip

#: Words that stand for every architecture.
EVERY_ARCH = ("all", "any", "noarch", "全部", "所有")
