"""Being a member: keys, the default dam, joining, changing keys, leaving."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from datadam.cli.manners import KeyFile, Url, chosen_language, closing, open_terminal, print_json, profile_of, reach
from datadam.cli.own_terms import own_terms, show
from datadam.errors import Invalid

app = typer.Typer()


@app.command()
def keygen(
    file: Annotated[Path, typer.Argument(help="Where to write it; must not exist.")] = Path("datadam.key"),
) -> None:
    """Make your key. Keep it: it is who you are, and nobody can make it again."""
    from datadam import client, seal

    key = client.new_key(file)
    open_terminal().say("ui.key-made", path=str(file), member=seal.member_id(key))


@app.command()
def connect(
    url: str,
    key: Annotated[Path | None, typer.Option("--key")] = None,
    member: Annotated[str | None, typer.Option(help="Your id, if this is not your first key.")] = None,
) -> None:
    """Make a dam your default one and pin its log's key."""
    from datadam import client

    absolute = key.absolute() if key else None
    dam = closing(client.connect(url, key=absolute, member=member))
    pinned = dam.trust()
    client.save_profile(client.Profile(url=dam.url, key=absolute, member=dam.member))
    open_terminal().say("ui.connected", url=dam.url, vkey=pinned["vkey"], size=pinned["size"])


@app.command()
def accession(
    language: Annotated[str | None, typer.Option(help="en or ko; default: your terminal's.")] = None, url: Url = None
) -> None:
    """Read what joining means, before signing it."""
    open_terminal().line(reach(url, None).accession(language or chosen_language())["text"])


@app.command()
def join(
    name: Annotated[
        str | None, typer.Option(help="Legal name of the firm or body; for a country, of the authority.")
    ] = None,
    jurisdiction: Annotated[str | None, typer.Option(help="ISO 3166-1 alpha-2.")] = None,
    role: Annotated[
        list[str] | None, typer.Option(help="contributor, consumer, auditor; several are possible.")
    ] = None,
    number: Annotated[list[str] | None, typer.Option(help="register:number, like lei:… or kr-brn:….")] = None,
    contact: Annotated[str | None, typer.Option(help="Whom to write to; erasable.")] = None,
    country: Annotated[bool, typer.Option("--country", help="Accede as a country.")] = False,
    effective: Annotated[str | None, typer.Option(help="Countries: ISO date from which it holds.")] = None,
    reservation: Annotated[list[str] | None, typer.Option(help="Countries: a term that binds firms under it.")] = None,
    restriction: Annotated[
        list[Path] | None,
        typer.Option(help="Countries: YAML that binds deposits of firms under it: docs/own-terms.md."),
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option(help="What datadam certify wrote: proof of the organisation; erasable.")
    ] = None,
    language: Annotated[str | None, typer.Option(help="In which you read the accession text.")] = None,
    as_guest: Annotated[
        bool, typer.Option("--as-guest", help="Take part as a member of a dam that peers with this one.")
    ] = False,
    home: Annotated[str | None, typer.Option(help="Guests: their own dam; default: the saved profile.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="You have read the accession text and sign it.")] = False,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Sign the accession and apply for membership; or take part as a guest, for whom the own dam vouches."""
    from datadam.formats import countries

    if as_guest:
        _as_guest(url, home, key, language, yes=yes)
        return
    if name is None or jurisdiction is None:
        raise Invalid("join.incomplete")
    dam, terminal = reach(url, key), open_terminal()
    facts: dict[str, object] = {"jurisdiction": countries.assigned(jurisdiction), "roles": role or []}
    chosen = language or terminal.language
    reserved = [found for file in restriction or () if (found := own_terms(file)) is not None]
    show(terminal, reserved)
    if not yes:
        if not sys.stdin.isatty():
            raise Invalid("join.unconfirmed")
        terminal.line(dam.accession(chosen)["text"])
        typer.confirm(terminal.word("ui.sign-accession"), abort=True)
    profile = profile_of(name, number or (), contact, certificate)
    if country:
        reservations = reservation or []
        facts |= {"member_kind": "country", "authority": name, "effective": effective, "reservations": reservations}
    if reserved:
        facts["restrictions"] = reserved
    applied = dam.join(profile, facts, language=chosen)
    terminal.say("ui.applied", application=applied["id"], member=applied["member"])


def _as_guest(url: str | None, home: str | None, key: Path | None, language: str | None, *, yes: bool) -> None:
    """Read and sign what a guest signs, at `url`, as a member of the dam at `home`."""
    from datadam import client

    if url is None:
        raise Invalid("join.guest-where")
    own, terminal = reach(home, key), open_terminal()
    dam = closing(own.elsewhere(url))
    draft, chosen = dam.draft_guest(own), language or terminal.language
    terms = draft.terms
    if not yes:
        if not sys.stdin.isatty():
            raise Invalid("join.unconfirmed")
        terminal.line(str(draft.texts.get(chosen, "")))
    terminal.say("ui.guest-scope", standards=terms["standards"], classes=terms["classes"])
    if not yes:
        typer.confirm(terminal.word("ui.sign-guest"), abort=True)
    done = dam.join_as_guest(own, language=chosen, draft=draft)
    own_key = key or client.default_profile().key
    terminal.say("ui.guest-joined", dam=dam.url, index=done["index"], url=dam.url, key=str(own_key))


@app.command()
def application(id: str, url: Url = None) -> None:
    """How an application stands."""
    told = reach(url, None).standing(id)
    open_terminal().say(f"ui.application-{told['status']}", member=told["member"], reason=told["reason"] or "")


@app.command()
def me(url: Url = None, key: KeyFile = None) -> None:
    """You, as the log has it: roles, keys, what you may take."""
    print_json(reach(url, key).me())


@app.command()
def rotate(
    new: Annotated[Path, typer.Argument(help="Where to write the new key; must not exist.")],
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Change to a new key. The old one counts no more from then on."""
    from datadam import client

    dam = reach(url, key)
    done = dam.rotate(client.new_key(new))
    if url is None:
        client.save_profile(client.Profile(url=dam.url, key=new.absolute(), member=dam.member))
    open_terminal().say("ui.rotated", path=str(new), index=done["index"])


@app.command()
def leave(reason: Annotated[str, typer.Option()], url: Url = None, key: KeyFile = None) -> None:
    """Leave the dam, by a statement that you sign."""
    open_terminal().say("ui.logged", index=reach(url, key).leave(reason)["index"])
