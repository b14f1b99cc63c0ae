"""Presidio beside our own forms, in an environment of its own (`make text`): offline, in Korean text, and how well."""

import json
import os
import subprocess
from pathlib import Path

import pytest

import identifier_rates
from datadam.privacy.identifiers import kinds_in

ROOT = Path(__file__).parents[1]
TEXT = Path(os.environ.get("DATADAM_TEXT", ROOT / ".venv-text"))
SCRIPT = Path(__file__).parent / "foreign" / "look_through.py"
KOREAN = "담당자 주민번호는 900101-1234568입니다. 카드 4111 1111 1111 1111 결제."
LINES = [line for language in identifier_rates.LANGUAGES for line in identifier_rates.lines(language)]
FREE = [line for line in LINES if line["column"] == "free"]


@pytest.fixture(scope="module")
def hits() -> list[list[list[str]]]:
    """What is found in a few texts, then in all lines of the blind sets that are sentences."""
    python = TEXT / "bin" / "python"
    if not python.exists():
        assert not os.environ.get("CI"), "Presidio has to be there: make text"
        pytest.skip(f"no Presidio in {TEXT}: make text installs it")
    texts = [
        KOREAN,
        "fiscal code RSSMRA85T10A562S",
        "Bob Smith lives in Seoul, licence D1234567",
        *(one["text"] for one in FREE),
    ]
    traced = (
        ["-m", "coverage", "run", "-p", f"--rcfile={ROOT / 'pyproject.toml'}"]
        if os.environ.get("COVERAGE_PROCESS_CONFIG")
        else []
    )
    done = subprocess.run(
        [python, "-W", "ignore", *traced, SCRIPT],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: list[list[list[str]]] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_korean_numbers_and_cards_are_found_in_korean_text_without_a_network(hits: list[list[list[str]]]) -> None:
    """Both are switched off, or of English alone, as Presidio comes; what it fetches for e-mail is not needed."""
    assert [kind for kind, _ in hits[0]] == ["kr-rrn", "credit-card"]
    assert hits[0][0][1] == "900101-1234568"


def test_numbers_of_more_countries_are_found_and_names_are_not(hits: list[list[list[str]]]) -> None:
    """An Italian fiscal code is one; a name needs a model, and a word with digits is no American licence."""
    assert hits[1] == [["it-fiscal-code", "RSSMRA85T10A562S"]]
    assert hits[2] == []


def test_what_it_adds_and_what_it_takes_for_one_is_bounded(hits: list[list[list[str]]]) -> None:
    """Of the sentences of the blind sets, beside what our own forms find: the figures that the page tells."""
    added = wrong = there = nothing = 0
    for line, found in zip(FREE, hits[3:], strict=True):
        new = bool(found) and not kinds_in(line["text"])
        there, nothing = there + bool(line["kind"]), nothing + (line["kind"] is None)
        added, wrong = added + (new and bool(line["kind"])), wrong + (new and line["kind"] is None)
    told = (
        f"of {there:,} sentences with an identifier it finds one in {added} more,"
        f" and takes {wrong} of {nothing} others for one"
    )
    assert told in identifier_rates.PAGE.read_text(encoding="utf-8").replace("\n", " "), told
