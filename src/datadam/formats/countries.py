"""The code of a country as a person types it, or a refusal that names the nearest; and what a code is the name of."""

import csv
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Final

from datadam import registers
from datadam.errors import Invalid
from datadam.formats import codelists
from datadam.model import fold

_LIST: Final = "iso3166-alpha2"
_ABBREVIATION: Final = 3  # letters: UK, US, UAE are no names for a text that is signed
_MOST: Final = 3  # codes that may be meant; more would be guesses


def assigned(text: str) -> str:
    """The code, if it is one; `Invalid` names those that may be meant: by a name of the country or its beginning."""
    try:
        return registers.jurisdiction(text)
    except Invalid:
        near = nearest(text)
        if not near:
            raise
    raise Invalid("register.country-near", country=text[:20], near=", ".join(near))


def nearest(text: str) -> list[str]:
    """The codes whose country is called so, else those with a name that begins so, if they are few."""
    names, wanted = codelists.packaged()[_LIST].aliases, fold(text)
    if not wanted or wanted in names:
        return [names[wanted]] if wanted else []
    found = sorted({code for name, code in names.items() if name.startswith(wanted)})
    return found if len(found) <= _MOST else []


def name(code: str, language: str) -> str:
    """What the country is called in a language (a column of the list); the code where the list has none."""
    return _names(language).get(code, code)


@cache
def _names(language: str) -> Mapping[str, str]:
    """Of each code the first name that is none of its abbreviations."""
    text = (resources.files("datadam") / "standards" / "codes" / f"{_LIST}.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    names: dict[str, str] = {}
    for row in rows:
        written = [part.strip() for part in row[language].split("|")]
        longer = [part for part in written if len(part) > _ABBREVIATION or not part.isascii()]
        names[row["code"]] = (longer or written)[0]
    return names
