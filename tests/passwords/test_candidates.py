"""Candidates: the likeliest first, each once, no work before it is asked for, a million words dilute themselves."""

from __future__ import annotations

import time
from itertools import islice, pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secops.core.errors import UsageError
from secops.passwords import words
from secops.passwords.candidates import Account, Candidates, Slice
from secops.passwords.wordlists import load, load_words

SHIPPED = Candidates(load(), 2026)
ZHANG = Account("zhangwei", "张伟,信息中心,,", ("db01.health.gov.cn",))


def first(count: int, *accounts: Account, candidates: Candidates = SHIPPED) -> list[str]:
    stream = (word for part in candidates.of(accounts) for word in part.words)
    return list(islice(stream, count))


@pytest.mark.parametrize(
    ("account", "word", "within"),
    [
        (ZHANG, "zhangwei", 5),
        (ZHANG, "Zhangwei@123", 50),
        (ZHANG, "zw123456", 200),
        (ZHANG, "Zhangwei2025", 600),
        (ZHANG, "P@ssw0rd", 50),
        (ZHANG, "1qaz@WSX", 50),
        (ZHANG, "123456", 20),
        (ZHANG, "Admin@123", 50),
        (ZHANG, "woaini1314", 500),
        (ZHANG, "Db01@123", 2000),
        (ZHANG, "zhangwei1990", 5000),
        (Account("root"), "Root@123", 20),
        (Account("root"), "root2026", 300),
        (Account("oracle"), "oracle", 3),
        (Account("u1", "李晓燕"), "lixiaoyan123", 400),
        (Account("u1", "李晓燕"), "Lxy@2024", 1500),
        (Account("wangxiaofang"), "wxf123456", 300),
        (Account("u2", "Wei Zhang"), "zhangwei123", 400),
    ],
)
def test_what_an_experienced_tester_tries_first(account: Account, word: str, within: int) -> None:
    assert word in first(within, account)


def test_no_word_comes_twice_and_the_chance_never_rises() -> None:
    parts = list(islice(SHIPPED.of([ZHANG]), 4000))
    every = [word for part in parts for word in part.words]
    assert len(every) == len(set(every))
    assert all(a.chance >= b.chance for a, b in pairwise(parts))


def test_every_group_can_be_told_in_both_languages() -> None:
    groups = {part.group for part in SHIPPED.of([ZHANG])}
    assert groups <= set(SHIPPED.titles)
    assert all(SHIPPED.titles[group].en and SHIPPED.titles[group].zh for group in groups)


def test_shares_are_parts_of_a_whole() -> None:
    content = load()
    assert sum(group.share for group in (*content.lists, *content.patterns)) == pytest.approx(100)
    masses = sum(part.chance * len(part.words) for part in SHIPPED.of([ZHANG]))
    assert 0.5 < masses <= 1.0  # what duplicates and absent sources (no organisation) take away


def test_an_organisations_words_come_early_in_pinyin_and_initials() -> None:
    own = Candidates(load(["重庆市大数据局", "yukuaiban"]), 2026)
    tried = first(3000, Account("svc"), candidates=own)
    assert {"Yukuaiban@2026", "cqsdsjj@123", "yukuaiban123"} <= set(tried)
    assert not {"Yukuaiban@2026", "cqsdsjj@123"} & set(first(50_000, Account("svc")))


def test_a_million_words_cost_no_more_than_themselves() -> None:
    started = time.process_time()
    big = Candidates(load([f"word{number}" for number in range(1_000_000)]), 2026)
    early = first(500, ZHANG, candidates=big)
    assert not any(word.startswith("word") and word != "word" for word in early[:100])
    assert "Zhangwei@123" in early
    assert time.process_time() - started < 60  # linear: a hang would be minutes


def test_hosts_that_share_a_hash_do_not_make_it_dearer() -> None:
    clones = [Account("root", "", (f"node{number}",)) for number in range(500)]
    assert sum(1 for _ in SHIPPED.of(clones)) < 2 * sum(1 for _ in SHIPPED.of(clones[:8])) + 1


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=80))
def test_hostile_names_break_nothing(user: str, gecos: str, host: str) -> None:
    for part in islice(SHIPPED.of([Account(user, gecos, (host,))]), 300):
        assert isinstance(part, Slice)
        for word in part.words:
            assert word
            assert b"\0" not in word.encode()


def test_words_of_people_and_hosts() -> None:
    assert words.of_user("li.ming2")[:4] == ["li.ming2", "li.ming", "li", "ming2"]
    assert "zw" in words.of_user("zhangwei07")
    assert words.of_text("张晓伟,信息中心,,")[:3] == ["zhangxiaowei", "zxw", "zhangxw"]
    assert words.of_text("Deng Jianjun")[:4] == ["dengjianjun", "djj", "dengjj", "jianjun"]
    assert words.of_text("John Smith")[:2] == ["johnsmith", "smithjohn"]
    assert words.of_gecos("Li Ming,Room 301,88880000")[:3] == ["liming", "lm", "lim"]
    assert "limingroom" not in words.of_gecos("Li Ming,Room,")
    assert words.of_host(["db01.health.gov.cn", "localhost"])[:2] == ["db01", "db"]
    assert words.syllables("wangxiaofang") == ["wang", "xiao", "fang"]
    assert words.syllables("oracle") == []


def test_word_files(tmp_path: Path) -> None:
    plain = tmp_path / "words.txt"
    plain.write_text("\ufeff# ours\n重庆\n\n  liangjiang \n", encoding="utf-8")
    assert load_words(plain) == ["重庆", "liangjiang"]
    assert load_words(Path("rules/passwords/organisation.example.yml"))


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.txt", "重庆\n政务".encode("gb18030"), "is not UTF-8"),
        ("a.yml", b"words: [a, 1]\n", "Expected `str`"),
        ("b.yml", b"word: [a]\n", "unknown field"),
        ("c.yml", b"words: [a\n", "expected"),
    ],
)
def test_word_files_that_cannot_be_used(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UsageError, match=says) as error:
        load_words(path)
    assert str(path) in error.value.where
    with pytest.raises(UsageError, match="cannot be read"):
        load_words(tmp_path / "absent.txt")
