"""Headers come apart into words, and words into meanings, in three languages and however they are typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam.matching import likeness
from datadam.words import abbreviates, bare_words, words


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("협력사 국적", "seller's country"),
        ("供給者の国", "Supplier country"),
        ("SPLR_CTRY", "supplier country"),
        ("supplierCountry", "공급자 국가"),
        ("3. Supplier country", "supplier_country"),
        ("공급국 Supplier country", "供給国"),
    ],
)
def test_headers_of_one_meaning_are_alike_in_every_language(left: str, right: str) -> None:
    """Words are compared by what they mean, whatever the script, the case or the numbering."""
    assert likeness(words(left), words(right)) > 0.9


def test_unknown_loanwords_are_one_word() -> None:
    """Katakana that nobody knows stays whole, and a single sign before an unknown one is none of the known words."""
    assert [word.text for word in words("ヌヌネノ値")] == ["ヌヌネノ", "値"]
    assert words("数　量") == words("数量")
    assert not any("year" in word.meanings for word in words("해꿹"))


@given(st.text(max_size=300))
def test_any_header_can_be_taken_apart(header: str) -> None:
    """No text breaks the splitter, and likeness stays between 0 and 1."""
    said = words(header)
    assert all(word.weight > 0 for word in said)
    assert 0 <= likeness(said, words("supplier country")) <= 1
    assert 0 <= likeness(said, said) <= 1 + 1e-9


@pytest.mark.parametrize(
    ("header", "meant"),
    [
        ("ｺｳﾃｲ", "工程"),  # kana of half width, as systems without kanji write
        ("ｾｲｻﾝﾘﾖｳ", "生産量"),  # and without small kana
        ("zaiko_nissu", "在庫日数"),
        ("seisan_ryou", "seisanryo"),
        ("gukga", "국가"),
        ("gwangjong_gubun", "광종 구분"),
        ("インディケーター", "インジケータ"),
        ("信", "信頼度"),  # one sign for a word
        ("ATCKR_GRP_NM", "공격 그룹명"),  # the abbreviations of public bodies
        ("% of purchases", "share of purchases"),
    ],
)
def test_what_a_word_sounds_like_is_read_too(header: str, meant: str) -> None:
    """Kana, Latin letters, other spellings and abbreviations mean what the word means."""
    assert likeness(words(header), words(meant)) > 0.75


def test_what_is_a_word_already_is_not_read_as_a_sound() -> None:
    """`data` is English before it is anything else, and a reading must fill its word without rest."""
    assert words("kuni")[0].meanings == {"country"}
    assert not any("country" in word.meanings for word in words("kunigunde"))


@pytest.mark.parametrize(
    ("short", "word", "holds"),
    [("prod", "product", True), ("ctry", "country", True), ("c", "country", False), ("cuy", "country", False)],
)
def test_a_word_is_shortened_to_its_beginning_or_to_consonants(short: str, word: str, holds: bool) -> None:
    """The beginning, or the first letter and consonants in order."""
    assert abbreviates(short, word) is holds


def test_bare_words_are_latin_alone() -> None:
    """A header in other signs has none."""
    assert bare_words("ThrAct_no") == ("thr", "act", "no")
    assert bare_words("국가 code") == ()
