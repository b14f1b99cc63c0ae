"""What happened, for whoever has two minutes: told while it happens, and written in two languages beside the evidence.

Every number in it was measured in this run; the sentences are in `story.en.toml` and `story.ko.toml`.
"""

import csv
import html
import textwrap
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from demo.shell import WIDTH, bold

LANGUAGES: Final = ("en", "ko")
SHORTEST: Final = 3  # letters of a name that is no abbreviation
_PAGE: Final = """<!doctype html>
<html lang="{language}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>body{{font:17px/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}}
body{{word-break:keep-all}}h1{{font-size:1.7rem}}h2{{font-size:1.15rem;margin-top:2rem}}li{{margin:.2rem 0}}</style>
{body}
</html>
"""


def words(language: str) -> dict[str, Any]:
    """All sentences of a language."""
    return tomllib.loads(Path(__file__).with_name(f"story.{language}.toml").read_text(encoding="utf-8"))


WORDS: Final = {language: words(language) for language in LANGUAGES}
Lines = list[tuple[str, str]]
"""Kind (h2, p or li) and text."""


@dataclass
class Story:
    """Chapters of short paragraphs, in every language at once; it is printed in one of them."""

    language: str = "en"
    lines: Mapping[str, Lines] = field(default_factory=lambda: {language: [] for language in LANGUAGES})

    def chapter(self, code: str, **facts: object) -> None:
        """A new heading, and what it is about."""
        number = sum(kind == "h2" for kind, _ in self.lines["en"]) + 1
        for language in LANGUAGES:
            told = WORDS[language]["chapters"][code]
            self.lines[language].append(("h2", f"{number}. {told['title']}"))
            self.lines[language].append(("p", told["says"].format(**facts)))
        here = self.lines[self.language]
        print(f"\n{bold(here[-2][1])}")
        _print(here[-1][1], "    ")
        print(flush=True)

    def fact(self, code: str, **facts: object) -> None:
        """Something that this run measured. What is itself told in words is a `Told`."""
        for language in LANGUAGES:
            self.lines[language].append(("li", told(language, code, facts)))
        print()
        _print(self.lines[self.language][-1][1], "    → ")
        print(flush=True)

    def markdown(self, language: str) -> str:
        """The story as Markdown."""
        marks = {"h2": "## ", "p": "", "li": "- "}
        parts, lines = [f"# {WORDS[language]['title']}"], self.lines[language]
        for (kind, text), (before, _) in zip(lines, [("", ""), *lines], strict=False):
            gap = "\n" if kind == before == "li" else "\n\n"
            parts.append(f"{gap}{marks[kind]}{text}")
        return "".join(parts) + "\n"

    def page(self, language: str) -> str:
        """The same as a page that needs nothing else."""
        title, lines = html.escape(WORDS[language]["title"]), self.lines[language]
        parts = [f"<h1>{title}</h1>"]
        for (kind, text), (before, _) in zip(lines, [("", ""), *lines], strict=False):
            if (kind == "li") != (before == "li"):
                parts.append("<ul>" if kind == "li" else "</ul>")
            parts.append(f"<{kind}>{html.escape(text)}</{kind}>")
        if lines and lines[-1][0] == "li":
            parts.append("</ul>")
        return _PAGE.format(language=language, title=title, body="\n".join(parts))

    def write(self, folder: Path) -> None:
        """`story.md` and `story.html`, and the same with `.ko` before the dot."""
        for language in LANGUAGES:
            name = "story" if language == "en" else f"story.{language}"
            (folder / f"{name}.md").write_text(self.markdown(language), encoding="utf-8")
            (folder / f"{name}.html").write_text(self.page(language), encoding="utf-8")


@dataclass(frozen=True)
class Word:
    """A word that each language has its own of."""

    code: str


@dataclass(frozen=True)
class Place:
    """A country, by its three letters."""

    code: str


@cache
def countries(language: str) -> Mapping[str, str]:
    """What countries are called."""
    text = (resources.files("datadam.standards") / "codes" / "iso3166-alpha3.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {row["code"]: _whole(row[language].split("|")) for row in rows}


def _whole(names: Sequence[str]) -> str:
    return next(one for one in names if not (one.isascii() and len(one) < SHORTEST))


@dataclass(frozen=True)
class Told:
    """Words within a sentence: one of those that there are, or several, joined."""

    code: str
    facts: Mapping[str, object] = field(default_factory=dict)


def told(language: str, code: str, facts: Mapping[str, object]) -> str:
    """A sentence in a language."""

    def said(fact: object) -> object:
        match fact:
            case Told():
                return told(language, fact.code, fact.facts)
            case Word():
                return WORDS[language]["words"][fact.code]
            case Place():
                return countries(language)[fact.code]
            case list():
                mark = ", " if all(isinstance(one, Place) for one in fact) else "; "
                return mark.join(str(said(one)) for one in fact)
            case _:
                return fact

    text: str = WORDS[language]["facts"][code]
    return text.format(**{name: said(one) for name, one in facts.items()})


def _print(text: str, first: str) -> None:
    for part in textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=" " * len(first)):
        print(part, flush=True)
