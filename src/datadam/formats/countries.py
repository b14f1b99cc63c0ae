"""The code of a country as a person types it: one that ISO 3166-1 assigns, or a refusal that names the nearest."""

from typing import Final

from datadam import registers
from datadam.errors import Invalid
from datadam.formats import codelists
from datadam.model import fold

_LIST: Final = "iso3166-alpha2"
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
