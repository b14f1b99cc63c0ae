"""How every command behaves: who speaks and in which language, which dam it means, how it reads and prints."""

import json
import os
import unicodedata
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from datadam.errors import Invalid, NotFound, Refused, Unavailable

if TYPE_CHECKING:
    from datadam.client import Dam
    from datadam.edges.terminal import Terminal

FOLDER_VARIABLE: Final = "DATADAM_FOLDER"
HERE: Final = Path()
DIGITS: Final = 12  # of an id in a list
OPEN: Final = ExitStack()  # dams that the command speaks to

Folder = Annotated[Path, typer.Argument(help="The dam's folder.", envvar=FOLDER_VARIABLE)]
Of = Annotated[Path, typer.Option("--dam", help="The dam's folder.", envvar=FOLDER_VARIABLE)]
Operated = Annotated[Path | None, typer.Option("--dam", help="Operator: of everybody, from the dam's folder.")]
Url = Annotated[str | None, typer.Option("--url", help="The dam's address; default: the saved profile.")]
KeyFile = Annotated[Path | None, typer.Option("--key", help="Your key file; default: the saved profile.")]
Json = Annotated[bool, typer.Option("--json")]
Force = Annotated[bool, typer.Option("--force", help="Write over a file that is there.")]


def chosen_language() -> str:
    """What the person reads: `DATADAM_LANG`, else the terminal's language."""
    from datadam import texts

    chosen = os.environ.get("DATADAM_LANG")
    return chosen if chosen in texts.LANGUAGES else texts.spoken(os.environ)


def open_terminal() -> "Terminal":
    """The terminal, in the person's language."""
    from datadam.edges.terminal import Terminal

    return Terminal(chosen_language())


def reach(url: str | None, key: Path | None) -> "Dam":
    """The dam that a command speaks to, its log checked against what was pinned before."""
    from datadam import client

    if url is None:
        profile = client.default_profile()
        dam = closing(client.connect(profile.url, key=key or profile.key, member=None if key else profile.member))
    else:
        dam = closing(client.connect(url, key=key))
    if dam.trust()["first"]:
        open_terminal().say("ui.pinned", url=dam.url, vkey=dam.vkey)
    return dam


def closing(dam: "Dam") -> "Dam":
    """The same, to be closed when the command ends."""
    OPEN.callback(dam.close)
    return dam


def operated(folder: Path, verb: str, **args: str | None) -> dict[str, Any]:
    """Do an operator's verb: here when the folder is free, else by the server that holds it."""
    from datadam import wiring
    from datadam.edges import operator

    try:
        with wiring.world(folder, rolled=verb != "check") as world:
            return dict(operator.perform(world, verb, args, check=wiring.checker(world)))
    except Unavailable as error:
        if error.code != "folder.locked":
            raise
        try:
            return dict(operator.over_socket(wiring.places(folder).socket, verb, args))
        except ConnectionError:
            raise error from None


def read_text(file: Path) -> str:
    """A file that the person named, UTF-8."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise Invalid("file.unreadable", path=str(file), why=str(error)[:200]) from error


def profile_of(name: str, numbers: Iterable[str], contact: str | None, certificate: Path | None) -> dict[str, Any]:
    """What an organisation says of itself, in a body that can be erased; `numbers` are `register:digits`."""
    from datadam import registers

    parted = (one.partition(":") for one in numbers)
    profile: dict[str, Any] = {
        "legal_name": name,
        "numbers": {register: registers.check(register, digits) for register, _, digits in parted},
    }
    profile |= {"contact": contact} if contact else {}
    return profile | ({"certificate": read_text(certificate).strip()} if certificate else {})


def free(path: Path, *, force: bool) -> None:
    """Refuse to write over what is there, unless that was said: it may be somebody's work."""
    if path.exists() and not force:
        raise Refused("file.exists", path=str(path))


def whole_id(start: str, ids: Iterable[str], code: str, fact: str) -> str:
    """The one id that begins so; none or several are `NotFound` with this code, the id as this fact."""
    found = {id for id in ids if id.startswith(start)}
    if len(found) != 1 or not start:
        raise NotFound(code, **{fact: start[:64]})
    return found.pop()


def print_json(value: object) -> None:
    """Print JSON for a person or a program: the same value, with nothing in it that moves a terminal's cursor."""
    text = json.dumps(value, ensure_ascii=False, indent=1)  # escapes only the controls below U+0020
    odd = {letter for letter in text if letter != "\n" and unicodedata.category(letter)[0] == "C"}
    typer.echo(text.translate({ord(letter): json.dumps(letter)[1:-1].replace("\x7f", "\\u007f") for letter in odd}))
