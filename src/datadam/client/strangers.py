"""What a stranger is given of what is open to everybody, asked as one: without a key, and without a member's login."""

from collections.abc import Iterable

from datadam.client.dam import connect
from datadam.errors import DamError


def as_stranger(url: str, ids: Iterable[str]) -> dict[str, str]:
    """Ask the dam at `url` for the files of each reservoir: empty where they are given, else the refusal's code."""
    wanted, met = tuple(ids), dict[str, str]()
    if not wanted:
        return met
    dam = connect(url)
    try:
        for id in wanted:
            try:
                dam.files(dam.open(id).info["table"])
                met[id] = ""
            except DamError as error:
                met[id] = error.code
    finally:
        dam.close()
    return met
