"""Agreements: offers published and read, signed for, held up and ended."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from datadam.cli.manners import (
    DIGITS,
    HERE,
    Json,
    KeyFile,
    Of,
    Operated,
    Url,
    chosen_language,
    open_terminal,
    operated,
    print_json,
    reach,
    whole_id,
)
from datadam.cli.terms import OfferFile, offer_app, read_offer
from datadam.errors import Invalid

if TYPE_CHECKING:
    from datadam.client.agreeing import Draft

app = typer.Typer()
agreements_app = typer.Typer(
    name="agreements", no_args_is_help=True, help="What was signed: see it, hold it up, end it."
)
app.add_typer(agreements_app)

Agreed = Annotated[str, typer.Argument(help="The agreement: its id, or the first digits.")]
Reason = Annotated[str, typer.Option(help="Why; it stands in the signed statement.")]
Read = Annotated[str | None, typer.Option(help="en or ko; default: your terminal's.")]


# --- offers -----------------------------------------------------------------------------------------------------------


@offer_app.command("publish")
def offer_publish(file: OfferFile, dam: Of = HERE) -> None:
    """Operator: sign and log an offer for a published standard. The dam gives it its number."""
    from datadam.formats import odrl

    done = operated(dam, "publish-offer", text=odrl.write(read_offer(file)))
    open_terminal().say("ui.offer-published", **{name: done[name] for name in ("standard", "number", "index")})


@offer_app.command("list")
def offer_list(url: Url = None, as_json: Json = False) -> None:
    """The offer in force of each standard that has one."""
    found = reach(url, None).offers()
    if as_json:
        print_json(found)
        return
    terminal = open_terminal()
    rows = [
        (
            one["standard"],
            one["number"],
            one["actions"],
            terminal.word("ui.yes" if one["automatic"] else "ui.no"),
            one["issued"],
        )
        for one in found
    ]
    terminal.table(("ui.standard", "ui.number", "ui.actions", "ui.signed-at-once", "ui.published-at"), rows)


@offer_app.command("show")
def offer_show(
    standard: str,
    language: Read = None,
    number: Annotated[int | None, typer.Option(help="An earlier one; default: the one in force.")] = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Read an offer: the text that whoever agrees signs, checked against the log."""
    found = reach(url, None).offer(standard, number)
    if as_json:
        print_json(found)
        return
    open_terminal().line(_text(found["text"], language))


def _text(texts: dict[str, str], language: str | None) -> str:
    chosen = language or chosen_language()
    if chosen not in texts:
        raise Invalid("agreement.language-unknown", language=chosen[:20], known=", ".join(sorted(texts)))
    return texts[chosen]


# --- signing ----------------------------------------------------------------------------------------------------------


@app.command()
def agree(
    standard: str,
    purpose: Annotated[list[str], typer.Option(help="What for; several are possible: `datadam terms words`.")],
    to: Annotated[str, typer.Option(help="Where you keep what you take: ISO 3166-1 alpha-2.")],
    level: Annotated[
        str | None, typer.Option(help="simple, advanced, qualified; default: what the offer asks for.")
    ] = None,
    language: Read = None,
    yes: Annotated[bool, typer.Option("--yes", help="You have read the text and sign it.")] = False,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Read a standard's offer and sign it, for purposes and a country of yours."""
    from datadam.formats import countries

    dam, terminal = reach(url, key), open_terminal()
    draft = dam.draft_agreement(standard, purposes=purpose, destination=countries.assigned(to), level=level)
    chosen = language or terminal.language
    terminal.line(_text(dict(draft.texts), chosen))
    terminal.line()
    terminal.say("ui.agreement-asked", **_asked(draft))
    terminal.say("ui.agreement-text", digest=draft.body["texts"][chosen])
    if not yes:
        if not sys.stdin.isatty():
            raise Invalid("agreement.unconfirmed")
        typer.confirm(terminal.word("ui.sign-agreement"), abort=True)
    told = dam.sign_agreement(draft, language=chosen)
    terminal.say(f"ui.agreement-{told['state']}", agreement=told["id"], index=told["since"])


def _asked(draft: "Draft") -> dict[str, Any]:
    body = draft.body
    return {
        "purposes": body["purposes"],
        "destination": body["destination"],
        "level": body["level"],
        "expires": body["expires"],
    }


# --- what was signed --------------------------------------------------------------------------------------------------


@agreements_app.command("list")
def agreements_list(dam: Operated = None, url: Url = None, key: KeyFile = None, as_json: Json = False) -> None:
    """Your agreements; with --dam everybody's."""
    found = operated(dam, "agreements")["items"] if dam else reach(url, key).agreements()
    if as_json:
        print_json(found)
        return
    terminal = open_terminal()
    rows = [
        (
            one["id"][:DIGITS],
            *([one["member"]] if dam else []),
            one["standard"],
            one["offer"],
            terminal.word(f"ui.state-{one['state']}"),
            one["purposes"],
            one["destination"],
            one["lapses"] or one["expires"],
        )
        for one in found
    ]
    who = ("ui.member",) if dam else ()
    headings = ("ui.agreement", *who, "ui.standard", "ui.offer", "ui.state", "ui.purposes", "ui.to", "ui.until")
    terminal.table(headings, rows)


@agreements_app.command("show")
def agreements_show(
    agreement: Agreed,
    vc: Annotated[
        bool, typer.Option("--vc", help="As a W3C Verifiable Credential, a JWT that the dam signed.")
    ] = False,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """One of your agreements, as JSON or as a credential to show elsewhere."""
    dam = reach(url, key)
    id = _whole(agreement, dam.agreements())
    if vc:
        typer.echo(dam.agreement_credential(id))
    else:
        print_json(dam.agreement(id))


@agreements_app.command("end")
def agreements_end(
    agreement: Agreed, reason: Reason, dam: Operated = None, url: Url = None, key: KeyFile = None
) -> None:
    """End an agreement of yours, or with --dam anybody's. Nothing is given out on it from then on."""
    if dam:
        _change(dam, agreement, "ended", reason)
        return
    mine = reach(url, key)
    done = mine.end_agreement(_whole(agreement, mine.agreements()), reason=reason)
    terminal = open_terminal()
    if done["index"] is None:
        terminal.say("ui.agreement-taken-back")
    else:
        terminal.say("ui.logged", index=done["index"])


@agreements_app.command("suspend")
def agreements_suspend(agreement: Agreed, reason: Reason, dam: Of = HERE) -> None:
    """Operator: hold an agreement up. Nothing is given out on it until it is resumed."""
    _change(dam, agreement, "suspended", reason)


@agreements_app.command("resume")
def agreements_resume(agreement: Agreed, reason: Reason, dam: Of = HERE) -> None:
    """Operator: put an agreement that was suspended in force again."""
    _change(dam, agreement, "finalised", reason)


@agreements_app.command("approve")
def agreements_approve(agreement: Agreed, dam: Of = HERE) -> None:
    """Operator: countersign and log what a member signed and what waits for you."""
    done = operated(dam, "approve-agreement", id=_whole(agreement, operated(dam, "agreements")["items"]))
    open_terminal().say("ui.logged", index=done["index"])


@agreements_app.command("decline")
def agreements_decline(agreement: Agreed, reason: Reason, dam: Of = HERE) -> None:
    """Operator: decline what a member signed and what waits for you; the member can read why."""
    id = _whole(agreement, operated(dam, "agreements")["items"])
    open_terminal().say("ui.declined", index=operated(dam, "decline-agreement", id=id, reason=reason)["index"])


def _change(dam: Path, agreement: str, state: str, reason: str) -> None:
    id = _whole(agreement, operated(dam, "agreements")["items"])
    done = operated(dam, "change-agreement", id=id, state=state, reason=reason)
    open_terminal().say("ui.logged", index=done["index"])


def _whole(start: str, items: Iterable[Any]) -> str:
    return whole_id(start, (str(one["id"]) for one in items), "agreement.unknown", "agreement")
