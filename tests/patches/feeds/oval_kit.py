"""OVAL documents in the making."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr


class Oval:
    """A document in the making. Tests are named by the words of the criterion that refers to them."""

    def __init__(self) -> None:
        self.definitions: list[str] = []
        self.tests: list[str] = []
        self.things: dict[str, str] = {}

    def package(self, words: str, package: str, *fields: str, test: str = "", kind: str = "rpminfo") -> str:
        """A criterion with a test of a package; fields of its state are XML."""
        key = f"t{len(self.tests)}"
        self.things[f"o-{package}"] = f'<{kind}_object id="o-{package}"><name>{package}</name></{kind}_object>'
        state = f'<state state_ref="s-{key}"/>' if fields else ""
        self.tests.append(
            f'<{kind}_test id="{key}" check="at least one" {test}>'
            f'<object object_ref="o-{package}"/>{state}</{kind}_test>'
        )
        if fields:
            self.things[f"s-{key}"] = f'<{kind}_state id="s-{key}">{"".join(fields)}</{kind}_state>'
        return f'<criterion comment={quoteattr(words)} test_ref="{key}"/>'

    def earlier(self, package: str, version: str, *more: str, kind: str = "rpminfo") -> str:
        evr = f'<evr datatype="evr_string" operation="less than">{escape(version)}</evr>'
        return self.package(f"{package} is earlier than {version}", package, *more, evr, kind=kind)

    def other(self, words: str, kind: str, check: str = "at least one", state: str = "") -> str:
        """A criterion with a test that is not of packages."""
        key = f"t{len(self.tests)}"
        self.things[f"s-{key}"] = f'<{kind}_state id="s-{key}"><version>{state}</version></{kind}_state>'
        self.tests.append(f'<{kind}_test id="{key}" check="{check}"><state state_ref="s-{key}"/></{kind}_test>')
        return f'<criterion comment={quoteattr(words)} test_ref="{key}"/>'

    def release(self, name: str, state: str = "") -> str:
        return self.other(f"{name} is installed", "rpmverifyfile", state=state)

    def define(self, criteria: str, *, group: str = "patch", advisory: str = "", key: str = "def:1") -> None:
        self.definitions.append(f"""<definition class="{group}" id="{key}"><metadata>
<title>RHSA-2022:4765: firefox security update (Critical)</title>
<reference ref_id="RHSA-2022:4765" ref_url="https://x/RHSA-2022:4765" source="RHSA"/>
<reference ref_id="CVE-2022-1529" ref_url="https://x/CVE-2022-1529" source="CVE"/>
<advisory><severity>Important</severity><issued date="2022-05-27"/>
<cve cvss3="8.8/CVSS:3.1/AV:N">CVE-2022-1529</cve><cve cvss3="9.1/x">CVE-2022-1802</cve>{advisory}</advisory>
</metadata>{criteria}</definition>""")

    def __bytes__(self) -> bytes:
        return f"""<?xml version="1.0"?>
<oval_definitions xmlns="http://oval.mitre.org/XMLSchema/oval-definitions-5">
<generator><timestamp>2022-08-17T00:34:31</timestamp></generator>
<definitions>{"".join(self.definitions)}</definitions><tests>{"".join(self.tests)}</tests>
<objects>{"".join(self.things.values())}</objects></oval_definitions>""".encode()


def both(*criteria: str) -> str:
    return f'<criteria operator="AND">{"".join(criteria)}</criteria>'


def either(*criteria: str) -> str:
    return f'<criteria operator="OR">{"".join(criteria)}</criteria>'


def defined(document: Oval, criteria: str, **more: str) -> bytes:
    document.define(criteria, **more)
    return bytes(document)
