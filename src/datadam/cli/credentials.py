"""Credentials: whom a dam recognises as an issuer, and what its members hold."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from datadam.cli.manners import (
    DIGITS,
    HERE,
    Json,
    KeyFile,
    Of,
    Operated,
    Url,
    open_terminal,
    operated,
    print_json,
    reach,
    read_text,
    whole_id,
)
from datadam.errors import Invalid

app = typer.Typer()
credential_app = typer.Typer(
    name="credential", no_args_is_help=True, help="What members hold that offers ask for, and who gave it."
)
app.add_typer(credential_app)


@credential_app.command("recognise")
def credential_recognise(
    issuer: Annotated[str, typer.Argument(help="The issuer as its credentials name it: a URI, did:web:… for one.")],
    title: Annotated[str, typer.Option(help="What people call it.")],
    name: Annotated[
        list[str] | None,
        typer.Option(help="A credential that it is believed in, as offers name it, or name=Type; none: it is not any."),
    ] = None,
    issuer_key: Annotated[
        list[Path] | None,
        typer.Option(help="A public JWK of it; without any you attest what you saw, and the log says so."),
    ] = None,
    dam: Of = HERE,
) -> None:
    """Operator: recognise an issuer. Said again, it replaces what was said of it before."""
    keys = [_key(file) for file in issuer_key or ()]
    names = ",".join(name or ())
    done = operated(dam, "recognise-issuer", issuer=issuer, title=title, names=names, keys=json.dumps(keys))
    open_terminal().say("ui.issuer-recognised", issuer=done["id"], names=sorted(done["names"]), index=done["index"])


def _key(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(read_text(file))
    except ValueError as error:
        raise Invalid("file.unreadable", path=str(file), why=str(error)[:200]) from error
    if not isinstance(found, dict):
        raise Invalid("key.malformed", field="kty")
    return {name: value for name, value in found.items() if name != "d"}  # a private part is nobody else's


@credential_app.command("issuers")
def credential_issuers(url: Url = None, as_json: Json = False) -> None:
    """Whose credentials the dam recognises."""
    found = reach(url, None).issuers()
    if as_json:
        print_json(found)
        return
    terminal = open_terminal()
    rows = [
        (one["id"], one["title"], sorted(one["names"]), terminal.word("ui.yes" if one["keys"] else "ui.no"))
        for one in found
    ]
    terminal.table(("ui.issuer", "ui.title", "ui.credentials", "ui.signs"), rows)


@credential_app.command("add")
def credential_add(
    file: Annotated[Path, typer.Argument(help="The member's credential: a JWT; or the paper that you saw.")],
    member: Annotated[str, typer.Option(help="Whose it is: a member id.")],
    name: Annotated[str, typer.Option(help="Its name, as offers ask for it.")],
    issuer: Annotated[str, typer.Option(help="Who gave it, as recognised.")],
    standard: Annotated[
        list[str] | None, typer.Option(help="It counts for these standards only; default: all.")
    ] = None,
    attested: Annotated[
        bool, typer.Option("--attested", help="A paper of an issuer without keys: on your word, digest in the log.")
    ] = False,
    expires: Annotated[str | None, typer.Option(help="With --attested: until when, ISO 8601 with its offset.")] = None,
    dam: Of = HERE,
) -> None:
    """Operator: record that a member holds a credential."""
    from datadam import seal

    known = {"member": member, "name": name, "issuer": issuer, "scope": ",".join(standard or ()) or None}
    if attested:
        if expires is None:
            raise Invalid("credential.endless")
        evidence = seal.digest(_bytes(file))
        done = operated(dam, "add-credential", **known, evidence=evidence, expires=expires)
    else:
        done = operated(dam, "add-credential", **known, token=read_text(file))
    terminal = open_terminal()
    said = terminal.word(f"ui.form-{done['form'].partition('+')[0]}")
    terminal.say("ui.credential-added", credential=done["id"], name=name, form=said, expires=done["expires"])
    if done["listed"]:
        terminal.say("ui.credential-listed")


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Invalid("file.unreadable", path=str(file), why=error.strerror or "") from error


@credential_app.command("show")
def credential_show(dam: Operated = None, url: Url = None, key: KeyFile = None, as_json: Json = False) -> None:
    """Your credentials; with --dam everybody's."""
    found = operated(dam, "credentials")["items"] if dam else reach(url, key).credentials()
    if as_json:
        print_json(found)
        return
    terminal = open_terminal()
    rows = [
        (
            one["id"][:DIGITS],
            *([one["member"]] if dam else []),
            one["name"],
            one["issuer"],
            terminal.word(f"ui.form-{one['form'].partition('+')[0]}"),
            one["scope"] or "*",
            one["expires"],
            terminal.word("ui.yes" if one["counts"] else "ui.no"),
        )
        for one in found
    ]
    who = ("ui.member",) if dam else ()
    terminal.table(
        ("ui.id", *who, "ui.credential", "ui.issuer", "ui.rests-on", "ui.counts-for", "ui.until", "ui.counts"), rows
    )


@credential_app.command("token")
def credential_token(
    credential: Annotated[str, typer.Argument(help="The credential: its whole id.")],
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """The signed token that a credential rests on, for its holder and for auditors."""
    typer.echo(reach(url, key).credential_token(credential))


@credential_app.command("revoke")
def credential_revoke(
    credential: Annotated[str, typer.Argument(help="The credential: its id, or the first digits.")],
    reason: Annotated[str, typer.Option(help="Why; it stands in the signed statement.")],
    dam: Of = HERE,
) -> None:
    """Operator: end a credential before its time."""
    known = (str(one["id"]) for one in operated(dam, "credentials")["items"])
    id = whole_id(credential, known, "credential.unknown", "credential")
    done = operated(dam, "revoke-credential", id=id, reason=reason)
    open_terminal().say("ui.logged", index=done["index"])
