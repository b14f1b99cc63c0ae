"""Kana and hangul in Latin letters, in the ways that headers are typed."""

import pytest

from datadam.field_names import READINGS
from datadam.romanisation import romaja, romaji


@pytest.mark.parametrize(
    ("kana", "typed"),
    [
        ("コウテイ", {"koutei", "kotei"}),
        ("ヒリツ", {"hiritsu", "hiritu"}),
        ("シュベツ", {"shubetsu", "syubetu"}),
        ("ショウニン", {"shounin", "shonin", "syounin", "syonin"}),
        ("ザイコニッスウ", {"zaikonissuu", "zaikonissu"}),
        ("データ", {"deta"}),
        ("ジュウヨウド", {"juuyoudo", "juyodo", "zyuuyoudo", "zyuyodo"}),
    ],
)
def test_kana_are_typed_in_several_ways(kana: str, typed: set[str]) -> None:
    """Hepburn and Kunrei, long vowels written or not."""
    assert romaji(kana) == typed


@pytest.mark.parametrize(
    ("hangul", "typed"),
    [
        ("국가", {"gukga", "gugga"}),
        ("금액", {"geumaek", "geumaeg"}),
        ("연도", {"yeondo"}),
        ("업종", {"eopjong", "eobjong"}),
    ],
)
def test_hangul_are_typed_letter_by_letter(hangul: str, typed: set[str]) -> None:
    """Stops at the end of a syllable as they are spoken and as they are spelt."""
    assert romaja(hangul) == typed


def test_a_stop_before_a_vowel_is_voiced() -> None:
    """`직업` is jigeop."""
    assert "jigeop" in romaja("직업")


def test_every_reading_can_be_typed() -> None:
    """No reading has a sign that is not kana."""
    for line in READINGS.replace("|\n", "|").strip().splitlines():
        for term in line.partition(": ")[2].split("|"):
            if term.strip():
                assert all(way.isalpha() and way.isascii() for way in romaji(term.strip()))
