"""How many identifiers are found in the blind sets of tests/identifiers, and how much is taken for one that is none.

The sets were written before the finders and without sight of them. Half of each, chosen by the SHA-256 of the text, was
looked at once while the finders were mended; the other half was not. Both are told. With `--write` the table between
the marks in docs/identifiers.md is written anew; a test holds it to what is measured.
"""

import hashlib
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from datadam.privacy.identifier_forms import Kind
from datadam.privacy.identifiers import kinds_in

ROOT: Final = Path(__file__).parent.parent
PAGE: Final = ROOT / "docs" / "identifiers.md"
BEGIN: Final = "<!-- measured by scripts/identifier_rates.py -->"
END: Final = "<!-- end -->"
LANGUAGES: Final = ("en", "ko")


@dataclass(slots=True)
class Rates:
    """Of one half of one language."""

    there: Counter[str] = field(default_factory=Counter)  # kind → lines that hold one
    found: Counter[str] = field(default_factory=Counter)  # kind → of those, lines in which it was found
    any_kind: int = 0  # of those, lines in which something was found
    hard: int = 0  # lines whose writer did not want to be found
    hard_found: int = 0
    nothing: int = 0  # lines that hold none
    wrong: int = 0  # of those, lines in which something was found
    wrong_kinds: Counter[str] = field(default_factory=Counter)

    @property
    def recall(self) -> float:
        """The share of lines with an identifier in which one was found, of whatever kind; hard ones are told apart."""
        return self.any_kind / max(1, self.there.total())

    @property
    def false_positives(self) -> float:
        """The share of lines without one in which one was found."""
        return self.wrong / max(1, self.nothing)


def lines(language: str) -> Iterator[Mapping[str, Any]]:
    """The lines of one set."""
    with (ROOT / "tests" / "identifiers" / f"{language}.jsonl").open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def half(text: str) -> str:
    """Which half a text is in."""
    return "looked at" if hashlib.sha256(text.encode()).digest()[0] % 2 == 0 else "held out"


def measured() -> Mapping[tuple[str, str], Rates]:
    """(language, half) → what was found."""
    rates: dict[tuple[str, str], Rates] = defaultdict(Rates)
    for language in LANGUAGES:
        for line in lines(language):
            one, kind, found = rates[language, half(line["text"])], line["kind"], kinds_in(line["text"])
            if kind is None:
                one.nothing += 1
                one.wrong += bool(found)
                one.wrong_kinds.update(found)
            elif line.get("hard"):
                one.hard += 1
                one.hard_found += bool(found)
            else:
                one.there[kind] += 1
                one.found[kind] += kind in found
                one.any_kind += bool(found)
    return rates


def table() -> str:
    """The figures as Markdown: all in all, then found per kind in the half that was held out."""
    rates = measured()
    rows = [
        "| language, half | lines with one | found | written to be missed | found | lines with none | taken for one |",
        "|---|---|---|---|---|---|---|",
    ]
    for (language, part), one in sorted(rates.items()):
        rows.append(
            f"| {language}, {part} | {one.there.total()} | {one.recall:.1%} | {one.hard} |"
            f" {one.hard_found / max(1, one.hard):.1%} | {one.nothing} | {one.false_positives:.1%} |"
        )
    rows += ["", "Found as what they are, in the half that was held out:", ""]
    rows += ["| kind | en | ko | lines without any that were taken for it, en | ko |", "|---|---|---|---|---|"]
    for kind in Kind:
        parts = [rates[language, "held out"] for language in LANGUAGES]
        told = [f"{one.found[kind]} of {one.there[kind]}" if one.there[kind] else "–" for one in parts]
        wrong = [f"{one.wrong_kinds[kind]} of {one.nothing}" for one in parts]
        rows.append(f"| `{kind}` | {' | '.join(told)} | {' | '.join(wrong)} |")
    return "\n".join(rows)


def page(text: str) -> str:
    """The page with the table between its marks."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    if "--write" in sys.argv:
        PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    if "--missed" in sys.argv:  # of the half that may be looked at, and of no other
        for name in LANGUAGES:
            for one in lines(name):
                seen = kinds_in(one["text"])
                if half(one["text"]) == "looked at" and (one["kind"] not in seen if one["kind"] else seen):
                    print(name, one["kind"], "hard" if one.get("hard") else "", seen, one["column"], one["text"])
    print(table())
