"""Decisions: what one could get, what was decided, and why."""

from typing import Annotated

import typer

from datadam.cli.manners import KeyFile, Url, open_terminal, reach

app = typer.Typer()

Purpose = Annotated[str | None, typer.Option(help="What for; default: the purpose of your agreement.")]
To = Annotated[str | None, typer.Option(help="Where it is taken, ISO 3166-1 alpha-2; default: as agreed.")]
EVERYBODY = "everybody"
MYSELF = "me"


@app.command()
def can(
    member: Annotated[str, typer.Argument(help="`me`; for auditors and stewards also a member's id, or `everybody`.")],
    action: Annotated[str, typer.Argument(help="read, train, combine, export, derive or query.")],
    reservoir: str,
    purpose: Purpose = None,
    to: To = None,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Whether somebody could do this now, and all that stands in the way. Nothing moves, nothing is logged."""
    terminal, dam = open_terminal(), reach(url, key)
    if member == EVERYBODY:
        found = dam.who_can(action, reservoir, purpose=purpose, destination=to)
        rows = [
            (
                one["member"],
                one["jurisdiction"],
                terminal.word("ui.yes" if one["allowed"] else "ui.no"),
                " ".join(reason["what"] for reason in one["reasons"]),
            )
            for one in found
        ]
        terminal.table(("ui.member", "ui.jurisdiction", "ui.allowed", "ui.reasons"), rows)
        return
    asked = None if member == MYSELF else member
    one = dam.can(action, reservoir, purpose=purpose, destination=to, member=asked)
    terminal.say("ui.can" if one["allowed"] else "ui.cannot", action=action, reservoir=reservoir)
    for reason in one["reasons"]:
        terminal.line(f"  • {reason['what']} {reason['remedy']}".rstrip())


@app.command()
def decisions(
    standard: Annotated[str | None, typer.Option(help="Those on one reservoir.")] = None,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """What was decided about what you asked for; `why` explains one."""
    terminal = open_terminal()
    rows = [
        (one["id"][:12], one["standard"], one["action"], terminal.word("ui.yes" if one["allowed"] else "ui.no"))
        for one in reach(url, key).decisions(standard)
    ]
    terminal.table(("ui.decision", "ui.reservoir", "ui.action", "ui.allowed"), rows)


@app.command()
def why(
    decision: Annotated[str, typer.Argument(help="Its id, or the first digits as listed.")],
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Explain a decision: fetched with its proof, checked against the log, and made again on this machine."""
    from datadam import texts

    terminal, dam = open_terminal(), reach(url, key)
    body, answer = dam.why(dam.whole_id(decision))
    facts = body["facts"]
    terminal.say(
        "ui.decided" if body["allowed"] else "ui.refused",
        action=facts["action"],
        reservoir=body["standard"],
        issued=body["issued"],
        index=body["index"],
    )
    for reason in getattr(answer, "reasons", ()):
        told = texts.told({"code": reason.code, "facts": dict(reason.facts)}, terminal.language)
        terminal.line(f"  • {told['what']} {told['remedy']}".rstrip())
    known = [(name, _shown(value)) for name, value in sorted(facts.items()) if value not in (None, [], "")]
    terminal.table(("ui.fact", "ui.value"), known)
    terminal.say("ui.decision-again", policy=str(body["policy"])[:16])


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
