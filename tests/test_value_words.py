"""Values are known by how others write them."""

import pytest

from datadam.value_words import SAID, says, spoken


@pytest.mark.parametrize(
    ("meaning", "value", "holds"),
    [
        ("flag", "速報値", True),
        ("flag", "추정치", True),
        ("flag", "Estimated by USGS", True),
        ("method", "외부 피드", True),
        ("method", "商用フィードX", True),
        ("type", "IP 주소", True),
        ("sector", "금융", True),
        ("sector", "an attack on a bank in the south that nobody had seen coming", False),
        ("tlp", "TLP:GREEN", True),
        ("pap", "TLP:GREEN", False),
        ("flag", "", False),
        ("nobody knows", "e", False),
    ],
)
def test_a_value_says_what_it_is(meaning: str, value: str, holds: bool) -> None:
    """A word of the list, or little else; a sentence with such a word in it is none."""
    assert says(meaning, value) is holds


def test_single_letters_prove_little() -> None:
    """Only the marks of yearbooks do, and not one alone."""
    assert spoken("flag", ["e", "p"]) == 1
    assert spoken("flag", ["e"]) == spoken("tlp", ["g", "a"]) == spoken("flag", []) == 0


def test_every_word_is_folded() -> None:
    """What is compared is folded, and so the list must be."""
    assert all(term == term.casefold() and term.strip() == term for terms in SAID.values() for term in terms)
