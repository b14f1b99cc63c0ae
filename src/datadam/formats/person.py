"""Who answers for a declaration: a name and an office, in a body of their own that can be erased."""

import unicodedata
from collections.abc import Mapping
from typing import Final

from datadam import seal
from datadam.errors import Invalid

MAX_BYTES: Final = 2000
MAX_TEXT: Final = 200  # characters of a name or an office
_FIELDS: Final = ("name", "office", "salt")


def write(name: str, office: str) -> bytes:
    """The body with who a person is; its salt keeps the digest in the log from being guessed."""
    _check(name, office)
    return seal.canonical({"salt": seal.salt(), "name": name.strip(), "office": office.strip()})


def read(body: bytes) -> Mapping[str, str]:
    """`{name, office}` of a body that has these, a salt and nothing else; without letters that nobody sees."""
    if len(body) > MAX_BYTES:
        raise Invalid("declaration.person-malformed", field="(top)")
    told = seal.parse(body)
    right = isinstance(told, dict) and set(told) == {*_FIELDS} and all(isinstance(one, str) for one in told.values())
    if not right or seal.canonical(told) != body:
        raise Invalid("declaration.person-malformed", field=", ".join(_FIELDS))
    if len(seal.decode(told["salt"])) != seal.SALT_BYTES:
        raise Invalid("declaration.person-malformed", field="salt")
    _check(told["name"], told["office"])
    return {name: str(told[name]) for name in ("name", "office")}


def _check(name: str, office: str) -> None:
    for field, text in (("name", name), ("office", office)):
        seen = all(unicodedata.category(letter)[0] != "C" for letter in text)
        if not 0 < len(text.strip()) <= MAX_TEXT or not seen:
            raise Invalid("declaration.person-malformed", field=field)
