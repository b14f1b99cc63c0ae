"""The test sets of identifiers are whole: what the program makes, enough of each kind, enough of nothing."""

import json
import runpy
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent / "identifiers"
KINDS = {
    *("rrn", "frn", "brn", "corporate", "passport-kr", "licence-kr", "phone"),
    *("card", "iban", "email", "ip", "ssn", "my-number"),
}
LANGUAGES = ("en", "ko")


def lines(language: str) -> list[dict[str, Any]]:
    """The lines of one set."""
    return [json.loads(line) for line in (FOLDER / f"{language}.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def invent() -> dict[str, Any]:
    """The program that invents the sets."""
    return runpy.run_path(str(FOLDER / "invent.py"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_set_is_what_its_program_makes(language: str, invent: dict[str, Any]) -> None:
    """Nobody has changed a line by hand so that a finder might look better."""
    assert lines(language) == list(invent["lines"](language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_set_has_enough_of_each_kind_and_of_nothing(language: str) -> None:
    """A share that is published stands on thirty and more of a kind, and on look-alikes."""
    kinds = Counter(line["kind"] for line in lines(language))
    assert set(kinds) == {*KINDS, None}
    assert min(kinds.values()) >= 30
    assert kinds[None] >= 0.4 * kinds.total() >= 0.4 * 600


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_line_says_what_it_is_and_comes_once(language: str) -> None:
    """A line without a name could not be counted by what set it off."""
    texts = Counter(line["text"] for line in lines(language))
    assert max(texts.values()) == 1
    for line in lines(language):
        assert line["column"] in {"structured", "free"}
        assert line["text"].strip()
        assert line["is"]
        assert line.get("hard", True) is True


@pytest.mark.parametrize(
    ("rule", "payload", "check"),
    [
        ("business_check", "124810099", "8"),  # printed on every invoice of a large firm
        ("corporate_check", "130111000624", "6"),  # and in its yearly report
        ("my_number_check", "12345678901", "8"),  # the ministry's example
        ("luhn_check", "411111111111111", "1"),  # the issuers' test card
        ("ean_check", "400638133393", "1"),
        ("isbn_check", "030640615", "2"),
    ],
)
def test_check_digits_are_those_of_public_examples(rule: str, payload: str, check: str, invent: dict[str, Any]) -> None:
    """A positive with a wrong check digit would blame finders that are right."""
    assert invent[rule](payload) == check


def test_the_check_digits_of_an_iban_are_those_of_the_register(invent: dict[str, Any]) -> None:
    """GB82 WEST 1234 5698 7654 32 is the standard's own example."""
    assert invent["iban_check"]("GB", "WEST12345698765432") == "82"
