"""Deciding together: proposals that stewards sign and members comment on, and disputes with what came of them."""

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
    Url,
    open_terminal,
    operated,
    print_json,
    reach,
    read_text,
    whole_id,
)
from datadam.cli.terms import OfferFile, read_offer
from datadam.errors import Invalid

app = typer.Typer()
proposal_app = typer.Typer(
    name="proposal", no_args_is_help=True, help="What stewards are to sign: versions of their standard, and offers."
)
dispute_app = typer.Typer(
    name="dispute", no_args_is_help=True, help="Disputes about rows, deposits, decisions, standards and offers."
)
app.add_typer(proposal_app)
app.add_typer(dispute_app)

Operated = Annotated[Path | None, typer.Option("--dam", help="Operator: in the dam's folder, not as a member.")]
Proposed = Annotated[str, typer.Argument(help="The proposal: its id, or the first digits.")]
Disputed = Annotated[str, typer.Argument(help="The dispute: its id, or the first digits.")]
Days = Annotated[int | None, typer.Option("--days", help="Of notice; default: as many as the standard promises.")]
Comments = Annotated[str, typer.Option(help="A web or mail address to which others send what they think of it.")]
Said = Annotated[str, typer.Option("--text", help="What you say; it stands in the signed statement.")]


# --- proposals --------------------------------------------------------------------------------------------------------


@proposal_app.command("standard")
def proposal_standard(
    file: Annotated[str, typer.Argument(help="An ODCS YAML file, or the id of a packaged standard.")],
    comments: Comments,
    days: Days = None,
    dam: Operated = None,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Propose a version to the stewards of a standard, as one of them; with --dam as the operator."""
    from datadam.formats import codelists

    text = codelists.packaged_standards().get(file) or read_text(Path(file))
    _propose("standard", text, comments, days, (dam, url, key))


@proposal_app.command("offer")
def proposal_offer(
    file: OfferFile,
    comments: Comments,
    days: Days = None,
    dam: Operated = None,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Propose an offer to the stewards of a standard, as one of them; with --dam as the operator."""
    from datadam.formats import odrl

    _propose("offer", odrl.write(read_offer(file)), comments, days, (dam, url, key))


def _propose(
    about: str, text: str, comments: str, days: int | None, where: tuple[Path | None, str | None, Path | None]
) -> None:
    dam, url, key = where
    if dam is not None:
        given = None if days is None else str(days)
        done = operated(dam, "propose", about=about, text=text, comments=comments, days=given)
    else:
        done = dict(reach(url, key).propose(about, text, comments=comments, days=days))
    open_terminal().say("ui.proposed", proposal=done["id"], **_counted(done))


def _counted(one: dict[str, Any]) -> dict[str, Any]:
    return {"effective": one["effective"], "lapses": one["lapses"], "quorum": one["quorum"]}


@proposal_app.command("list")
def proposal_list(
    standard: Annotated[str | None, typer.Option(help="Of this standard only.")] = None,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """Every proposal, and how it stands."""
    from datadam.governance import LIVE

    found = reach(url, None).proposals(standard)
    if as_json:
        print_json(found)
        return
    terminal = open_terminal()
    rows = [
        (
            one["id"][:DIGITS],
            one["standard"],
            terminal.word(f"ui.about-{one['about']}"),
            terminal.word(f"ui.proposal-{one['state']}"),
            f"{len(one['signed'])} / {one['quorum']}" if one["state"] in LIVE else "–",
            one["effective"],
            one["lapses"],
        )
        for one in found
    ]
    headings = ("ui.proposal", "ui.standard", "ui.about", "ui.state", "ui.signed", "ui.effective", "ui.lapses")
    terminal.table(headings, rows)


@proposal_app.command("show")
def proposal_show(proposal: Proposed, url: Url = None, as_json: Json = False) -> None:
    """One proposal, checked against the log: what would be published, its stewards, and what members say of it."""
    dam = reach(url, None)
    found = dam.proposal(_whole(proposal, dam.proposals()))
    if as_json:
        print_json(found)
        return
    _show(dict(found))


def _show(found: dict[str, Any]) -> None:
    from datadam.governance import LIVE

    terminal = open_terminal()
    state = terminal.word(f"ui.proposal-{found['state']}")
    terminal.line(f"{found['standard']} · {terminal.word('ui.about-' + found['about'])} · {state}", style="bold")
    terminal.say("ui.proposal-clock", **_counted(found), comments=found["comments"])
    content = found["content"]
    if found["about"] == "standard":
        terminal.line(content["text"].rstrip("\n"))
    else:
        terminal.line(found["text"].get(terminal.language, "").rstrip("\n"))
    rows = [
        (
            one,
            terminal.word("ui.yes" if one in found["able"] else "ui.no"),
            terminal.word("ui.yes" if one in found["signed"] else "ui.no"),
        )
        for one in found["stewards"]
    ]
    if found["state"] in LIVE:  # afterwards nobody's signature waits any more
        terminal.table(("ui.steward", "ui.can-sign", "ui.signed"), rows)
    if found["stuck"]:
        terminal.say("ui.proposal-stuck", able=len(found["able"]), quorum=found["quorum"])
    for said in found["said"]:
        terminal.line(f"  {said['member']}: {said['text']}")


@proposal_app.command("sign")
def proposal_sign(
    proposal: Proposed,
    yes: Annotated[bool, typer.Option("--yes", help="You have read it and sign it.")] = False,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Read a proposal and sign it as one of the stewards."""
    dam = reach(url, key)
    found = dam.proposal(_whole(proposal, dam.proposals()))
    _show(dict(found))
    if not yes:
        typer.confirm(open_terminal().word("ui.sign-proposal"), abort=True)
    _tell_signed(dict(dam.sign_proposal(found)))


@proposal_app.command("unsign")
def proposal_unsign(proposal: Proposed, url: Url = None, key: KeyFile = None) -> None:
    """Take your signature back while nothing is published."""
    dam = reach(url, key)
    _tell_signed(dict(dam.take_back_signature(_whole(proposal, dam.proposals()))))


def _tell_signed(done: dict[str, Any]) -> None:
    open_terminal().say("ui.proposal-signed", signed=len(done["signed"]), **_counted(done))


@proposal_app.command("comment")
def proposal_comment(proposal: Proposed, text: Said, url: Url = None, key: KeyFile = None) -> None:
    """Say what you think of a proposal, as a member: signed, public, three times at most. No personal data in it."""
    dam = reach(url, key)
    done = dam.comment(_whole(proposal, dam.proposals()), text)
    open_terminal().say("ui.logged", index=done["index"])


@proposal_app.command("publish")
def proposal_publish(proposal: Proposed, dam: Of = HERE) -> None:
    """Operator: publish what is due and signed, at once; the served dam does it by itself within the hour."""
    open_terminal().say("ui.logged", index=operated(dam, "publish-proposal", id=proposal)["index"])


def _whole(start: str, items: list[Any]) -> str:
    return whole_id(start, (str(one["id"]) for one in items), "proposal.unknown", "proposal")


# --- disputes ---------------------------------------------------------------------------------------------------------


@dispute_app.command("raise")
def dispute_raise(
    standard: Annotated[str, typer.Argument(help="The standard that it is about.")],
    reason: Annotated[str, typer.Option(help="What is wrong; it stands in the signed statement.")],
    row: Annotated[list[str] | None, typer.Option(help="A row by its key, column=value; repeat it.")] = None,
    deposit: Annotated[
        str | None,
        typer.Option(help="A deposit, or the one that the row is of: its id; of your own the first digits will do."),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            help="decision=ID, standard=ID or offer=ID, each the id of its statement; "
            "of a decision about you the first digits will do."
        ),
    ] = None,
    freeze: Annotated[
        bool, typer.Option("--freeze", help="Ask that it leaves no more meanwhile; at once only for your own deposit.")
    ] = False,
    outsider: Annotated[str | None, typer.Option(help="Operator, with --dam: for whom, who is no member.")] = None,
    dam: Operated = None,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Dispute a row, a deposit, a decision, a version or an offer."""
    named, statement = _pairs(row or []), _against(against)
    measure = "freeze" if freeze else "annotate"
    if dam is None:
        asked = reach(url, key)
        deposit = None if deposit is None else asked.whole_id(deposit)
        statement = None if statement is None else (statement[0], asked.whole_id(statement[1]))
        done = dict(
            asked.raise_dispute(
                standard, reason=reason, row=named, deposit=deposit, statement=statement, measure=measure
            )
        )
    else:
        subject = statement[0] if statement else "row" if named else "deposit"
        done = operated(
            dam,
            "dispute",
            outsider=outsider or "",
            standard=standard,
            subject=subject,
            reason=reason,
            measure=measure,
            deposit=deposit,
            statement=statement[1] if statement else None,
            row=json.dumps(named),
        )
    _tell(done)


def _pairs(texts: list[str]) -> dict[str, str]:
    found = [text.partition("=") for text in texts]
    for column, mark, value in found:
        if not (column and mark and value):
            raise Invalid("dispute.row-malformed", value=f"{column}{mark}{value}"[:80])
    return {column: value for column, _, value in found}


def _against(text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    what, _, id = text.partition("=")
    if what not in {"decision", "standard", "offer"} or not id:
        raise Invalid("dispute.against-malformed", value=text[:80])
    return what, id


@dispute_app.command("list")
def dispute_list(dam: Operated = None, url: Url = None, key: KeyFile = None, as_json: Json = False) -> None:
    """The disputes that concern you; with --dam all of them."""
    found = _all(dam, url, key)
    if as_json:
        print_json(found)
        return
    terminal = open_terminal()
    rows = [
        (
            one["id"][:DIGITS],
            one["standard"],
            terminal.word(f"ui.subject-{one['subject']}"),
            terminal.word(f"ui.dispute-{one['state']}"),
            terminal.word(f"ui.measure-{one['holds']}"),
            terminal.word(f"ui.outcome-{one['outcome'] or 'none'}"),
            one["decide_until"] if one["outcome"] is None else one["appeal_until"],
        )
        for one in found
    ]
    headings = ("ui.dispute", "ui.standard", "ui.subject", "ui.state", "ui.measure", "ui.outcome", "ui.until")
    terminal.table(headings, rows)


@dispute_app.command("show")
def dispute_show(
    dispute: Disputed, dam: Operated = None, url: Url = None, key: KeyFile = None, as_json: Json = False
) -> None:
    """One dispute, its clocks, and what happened to it."""
    found = _all(dam, url, key)
    id = _dispute(dispute, found)
    one = next(dict(each) for each in found if each["id"] == id)
    if as_json:
        print_json(one)
    else:
        _tell(one)


def _all(dam: Path | None, url: str | None, key: Path | None) -> list[Any]:
    return list(operated(dam, "disputes")["items"]) if dam is not None else reach(url, key).disputes()


def _dispute(start: str, found: list[Any]) -> str:
    return whole_id(start, (str(one["id"]) for one in found), "dispute.unknown", "dispute")


def _tell(one: dict[str, Any]) -> None:
    terminal = open_terminal()
    what, state = terminal.word(f"ui.subject-{one['subject']}"), terminal.word(f"ui.dispute-{one['state']}")
    terminal.line(f"{one['id'][:DIGITS]} · {one['standard']} · {what} · {state}", style="bold")
    terminal.line(one["reason"])
    clocks = {name: one[name] for name in ("answer_until", "decide_until", "appeal_until")}
    measure = terminal.word(f"ui.measure-{one['holds']}")
    terminal.say("ui.dispute-clocks", **clocks, measure=measure, until=one["until"])
    terminal.say("ui.dispute-stewards" if one["quorum"] else "ui.dispute-operator", quorum=one["quorum"])
    for step in one["steps"]:
        said = terminal.word(f"ui.event-{step['event']}"), terminal.word(f"ui.party-{step['party']}")
        terminal.line(f"  {step['issued']} {said[1]}: {said[0]}. {step['text']}")
    for waiting in one["motions"]:
        terminal.say("ui.ruling-waits", ruling=waiting)


@dispute_app.command("answer")
def dispute_answer(dispute: Disputed, text: Said, url: Url = None, key: KeyFile = None) -> None:
    """Answer a dispute about a deposit of yours."""
    _step("answer", dispute, text, (None, url, key))


@dispute_app.command("appeal")
def dispute_appeal(dispute: Disputed, text: Said, dam: Operated = None, url: Url = None, key: KeyFile = None) -> None:
    """Appeal, once and in time, to others than who decided."""
    _step("appeal", dispute, text, (dam, url, key))


@dispute_app.command("withdraw")
def dispute_withdraw(dispute: Disputed, text: Said, dam: Operated = None, url: Url = None, key: KeyFile = None) -> None:
    """Take a dispute of yours back before it is decided."""
    _step("withdraw", dispute, text, (dam, url, key))


def _step(event: str, start: str, text: str, where: tuple[Path | None, str | None, Path | None]) -> None:
    dam, url, key = where
    id = _dispute(start, _all(dam, url, key))
    if dam is not None:
        _tell(operated(dam, "dispute-step", id=id, event=event, text=text))
    else:
        _tell(dict(reach(url, key).step_dispute(id, event, text)))


@dispute_app.command("rule")
def dispute_rule(
    dispute: Disputed,
    reasons: Annotated[str, typer.Option(help="Why; it stands in the signed statement.")],
    outcome: Annotated[
        str | None, typer.Option(help="upheld, dismissed or settled; without it only a measure is taken for now.")
    ] = None,
    measure: Annotated[str, typer.Option(help="none, annotate or freeze.")] = "none",
    scope: Annotated[str | None, typer.Option(help="Of a freeze: deposit or reservoir.")] = None,
    deposit: Annotated[str | None, typer.Option(help="The deposit, where the dispute named none.")] = None,
    until: Annotated[str | None, typer.Option(help="When the measure ends, ISO 8601 with its offset.")] = None,
    dam: Operated = None,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Rule as the operator (--dam), or draw up a ruling that you and other stewards then sign."""
    from datadam.model import instant, moment

    wish = {
        "event": "decide" if outcome else "measure",
        "measure": measure,
        "reasons": reasons,
        "outcome": outcome,
        "scope": scope,
        "deposit": deposit,
        "until": None if until is None else instant(moment(until)),
    }
    id = _dispute(dispute, _all(dam, url, key))
    if dam is not None:
        _tell(operated(dam, "rule-dispute", id=id, **wish))
    else:
        _tell(dict(reach(url, key).draft_ruling(id, wish)))


@dispute_app.command("sign")
def dispute_sign(
    ruling: Annotated[str, typer.Argument(help="The ruling's id, as `datadam dispute show` tells it.")],
    yes: Annotated[bool, typer.Option("--yes", help="You have read it and sign it.")] = False,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Read a ruling and sign it as one of the stewards who decide."""
    dam = reach(url, key)
    shown = dam.ruling(ruling)
    print_json({name: value for name, value in shown.body.items() if name not in {"v", "kind", "salt"}})
    if not yes:
        typer.confirm(open_terminal().word("ui.sign-ruling"), abort=True)
    _tell(dict(dam.sign_ruling(shown)))
