"""What law asks: law files, orders, demands and incidents for the operator, notices for members. No legal advice."""

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from datadam.cli.manners import HERE, Json, KeyFile, Of, Url, open_terminal, operated, print_json, reach, read_text
from datadam.cli.manners import whole_id as whole

if TYPE_CHECKING:
    from datadam.edges.terminal import Terminal

app = typer.Typer()
law_app = typer.Typer(name="law", no_args_is_help=True, help="Corridors and clocks: the law that a dam goes by.")
order_app = typer.Typer(name="order", no_args_is_help=True, help="Operator: stop classes of data on their way out.")
demand_app = typer.Typer(name="demand", no_args_is_help=True, help="Operator: what governments demand.")
incident_app = typer.Typer(name="incident", no_args_is_help=True, help="Operator: incidents and what is due of them.")
for _part in (law_app, order_app, demand_app, incident_app):
    app.add_typer(_part)

Classes = Annotated[
    list[str], typer.Option("--class", "--classes", help="public, business, confidential or personal; repeat it.")
]
Reason = Annotated[str, typer.Option(help="Why; everybody can read it.")]


def _caution() -> None:
    open_terminal().say("ui.not-legal-advice")


def _noted(items: object) -> None:
    print_json({"items": items, "note": open_terminal().word("ui.not-legal-advice")})


def _list(
    items: list[Any], headings: tuple[str, ...], row: Callable[[Any], tuple[object, ...]], *, as_json: bool
) -> None:
    """Items as a table, or as JSON; either way with what they are not."""
    if as_json:
        _noted(items)
        return
    open_terminal().table(headings, [row(one) for one in items])
    _caution()


def _joined(texts: list[str] | None) -> str | None:
    return ",".join(texts) if texts else None


# --- law files --------------------------------------------------------------------------------------------------------


@law_app.command("lint")
def law_lint(
    file: Annotated[Path | None, typer.Argument(help="A law file; default: those that the package ships.")] = None,
) -> None:
    """Look a law file over: every fault at once, or how well its rows were checked."""
    from datetime import UTC, datetime

    from datadam.errors import Faults
    from datadam.formats import law_files
    from datadam.formats.law import Certainty

    for text in _texts(file):
        if faults := law_files.lint(text, today=datetime.now(UTC).date()):
            raise Faults("law.faulty", faults)
        found = law_files.read(text)
        counted = Counter(row.law.certainty for row in found.rows)
        told = {one.value: counted[one] for one in Certainty}
        open_terminal().say("ui.law-linted", name=found.name, version=found.version, rows=len(found.rows), **told)
    _caution()


def _texts(file: Path | None) -> list[str]:
    from datadam.formats import law_files

    return [read_text(file)] if file is not None else list(law_files.packaged().values())


@law_app.command("adopt")
def law_adopt(
    file: Annotated[Path | None, typer.Argument(help="A law file; default: those that the package ships.")] = None,
    dam: Of = HERE,
) -> None:
    """Take law files into use: you answer for them from now on. Logged, and public."""
    for text in _texts(file):
        done = operated(dam, "adopt-law", text=text)
        open_terminal().say("ui.law-adopted", name=done["name"], version=done["version"], index=done["index"])
    _caution()


@law_app.command("show")
def law_show(dam: Of = HERE, as_json: Json = False) -> None:
    """Which law files are in use, and how well their rows were checked."""
    items = operated(dam, "law")["items"]
    if as_json:
        _noted(items)
        return
    if not items:
        open_terminal().say("ui.law-none")
    rows = [
        (
            one["name"],
            one["version"],
            one["index"],
            one["rows"],
            ", ".join(f"{k} {v}" for k, v in one["certainty"].items()),
        )
        for one in items
    ]
    open_terminal().table(("ui.law", "ui.version", "ui.log-entry", "ui.rows", "ui.certainty"), rows)
    _caution()


@law_app.command("basis")
def law_basis(
    destination: Annotated[str, typer.Argument(help="Country, ISO 3166-1 alpha-2.")],
    data_class: Annotated[str, typer.Option("--class", help="public, business, confidential or personal.")],
    dam: Of = HERE,
    as_json: Json = False,
) -> None:
    """On what basis a class of data may go from this dam to a country today."""
    done = operated(dam, "basis", destination=destination, data_class=data_class)
    if as_json:
        _noted([done])
        return
    terminal, row = open_terminal(), done["row"] or {}
    code = "ui.basis" if row else "ui.basis-none" if done["basis"] is None else "ui.basis-home"
    terminal.say(code, **{name: done[name] for name in ("home", "destination", "data_class")}, **_shown(row, done))
    for one in (*row.get("safeguards", ()), row.get("remark")):
        if one:
            terminal.line(f"  {one}")
    _caution()


def _shown(row: dict[str, Any], done: dict[str, Any]) -> dict[str, object]:
    names = ("instrument", "article", "certainty")
    return {"row": done["basis"], **{name: row.get(name) for name in names}}


# --- orders -----------------------------------------------------------------------------------------------------------


@order_app.command("suspend")
def order_suspend(
    classes: Classes,
    to: Annotated[list[str], typer.Option("--to", help="Country, ISO 3166-1 alpha-2; repeat it.")],
    reason: Reason,
    ground: Annotated[str, typer.Option(help="The law or decision that it rests on.")],
    standard: Annotated[str | None, typer.Option(help="Only of this reservoir.")] = None,
    dam: Of = HERE,
) -> None:
    """Let no rows of a class of data, or of a stricter one, go to a country, from the next request on."""
    done = operated(
        dam,
        "order",
        classes=_joined(classes),
        destinations=_joined(to),
        standard=standard,
        reason=reason,
        ground=ground,
    )
    open_terminal().say("ui.order-made", order=done["id"], index=done["index"])
    _caution()


@order_app.command("lift")
def order_lift(
    order: Annotated[str, typer.Argument(help="The order: its id, or the first digits.")],
    reason: Reason,
    dam: Of = HERE,
) -> None:
    """End an order; it binds from its log index on."""
    ids = [one["id"] for one in operated(dam, "orders")["items"]]
    done = operated(dam, "lift-order", id=whole(order, ids, "order.unknown", "order"), reason=reason)
    open_terminal().say("ui.logged", index=done["index"])
    _caution()


@order_app.command("list")
def order_list(dam: Of = HERE, as_json: Json = False) -> None:
    """Every order, lifted ones too."""
    headings = ("ui.order", "ui.classes", "ui.destination", "ui.reservoir", "ui.reason", "ui.ground", "ui.ended-at")

    def row(one: Any) -> tuple[object, ...]:  # noqa: ANN401  (JSON)
        classes, places = ", ".join(one["classes"]), ", ".join(one["destinations"])
        return (one["id"][:12], classes, places, one["standard"], one["reason"], one["ground"], one["lifted"])

    _list(operated(dam, "orders")["items"], headings, row, as_json=as_json)


# --- demands ----------------------------------------------------------------------------------------------------------


@demand_app.command("record")
def demand_record(
    authority: Annotated[str, typer.Option(help="Who demands.")],
    country: Annotated[str, typer.Option(help="Its country, ISO 3166-1 alpha-2.")],
    ground: Annotated[str, typer.Option(help="The law or decision that it names.")],
    what: Annotated[str, typer.Option(help="What is demanded; no personal data here.")],
    received: Annotated[str, typer.Option(help="When it came: ISO 8601 with its offset.")],
    answer: Annotated[str, typer.Option(help="pending, refused or complied.")] = "pending",
    contributor: Annotated[list[str] | None, typer.Option(help="A member whom it concerns; repeat it.")] = None,
    standard: Annotated[str | None, typer.Option(help="Everybody who has rows in this reservoir.")] = None,
    model: Annotated[
        str | None, typer.Option(help="A model whose code or weights it is for: its whole id. It may then be opened.")
    ] = None,
    dam: Of = HERE,
) -> None:
    """Record a government's demand for data; every contributor whom it concerns is told at once."""
    told = {"authority": authority, "country": country, "ground": ground, "what": what, "received": received}
    whom = {"contributors": _joined(contributor), "standard": standard, "model": model}
    done = operated(dam, "demand", **told, answer=answer, **whom)
    open_terminal().say("ui.demand-recorded", demand=done["id"], count=len(done["contributors"]))
    _caution()


@demand_app.command("list")
def demand_list(dam: Of = HERE, as_json: Json = False) -> None:
    """Every demand, with how many contributors were told."""
    headings = ("ui.demand", "ui.received", "ui.authority", "ui.jurisdiction", "ui.what", "ui.ground")
    facts = ("received", "authority", "country", "what", "ground")

    def row(one: Any) -> tuple[object, ...]:  # noqa: ANN401  (JSON)
        answer = open_terminal().word(f"ui.answer-{one['answer']}")
        return (one["id"][:12], *(one[name] for name in facts), answer, len(one["contributors"]))

    _list(operated(dam, "demands")["items"], (*headings, "ui.answer", "ui.told"), row, as_json=as_json)


# --- incidents --------------------------------------------------------------------------------------------------------


@incident_app.command("report")
def incident_report(
    kind: Annotated[str, typer.Option(help="What happened: an event of the clocks in use, such as breach.")],
    persons: Annotated[int, typer.Option(help="How many persons it concerns; estimate it if need be.")],
    at: Annotated[str, typer.Option(help="Since when the dam knows of it: ISO 8601 with its offset.")],
    what: Annotated[str, typer.Option(help="In a few words; no personal data here.")],
    classes: Annotated[
        list[str] | None, typer.Option("--class", "--classes", help="Classes of the data concerned; repeat it.")
    ] = None,
    country: Annotated[
        list[str] | None, typer.Option("--in", help="Whose law looks at it; repeat it. Default: the dam's country.")
    ] = None,
    dam: Of = HERE,
    as_json: Json = False,
) -> None:
    """Log an incident, and see every notice that is due with its deadline."""
    done = operated(
        dam,
        "incident",
        event=kind,
        persons=str(persons),
        at=at,
        what=what,
        classes=_joined(classes),
        countries=_joined(country),
    )
    if as_json:
        _noted([done])
        return
    open_terminal().say("ui.incident-logged", incident=done["id"], index=done["index"])
    _show_owed(done)
    _caution()


def _show_owed(one: dict[str, Any]) -> None:
    terminal = open_terminal()
    if not one["owed"]:
        terminal.say("ui.incident-nothing-due")
        return
    rows = [
        (
            each["clock"],
            each["deadline"],
            terminal.word(f"ui.progress-{each['progress']}"),
            each["given"],
            each["recipient"],
            f"{each['instrument']} {each['article']}",
            each["certainty"],
        )
        for each in one["owed"]
    ]
    headings = ("ui.clock", "ui.deadline", "ui.progress", "ui.given", "ui.recipient", "ui.law", "ui.certainty")
    terminal.table(headings, rows)


@incident_app.command("list")
def incident_list(dam: Of = HERE, as_json: Json = False) -> None:
    """Every incident, newest first: which notices are open, done or overdue."""
    items = operated(dam, "incidents")["items"]
    if as_json:
        _noted(items)
        return
    for one in items:
        countries = ", ".join(one["countries"])
        open_terminal().line(f"{one['id'][:12]}  {one['at']}  {one['event']}  {countries}  {one['what']}", style="bold")
        _show_owed(one)
    _caution()


@incident_app.command("noticed")
def incident_noticed(
    incident: Annotated[str, typer.Argument(help="The incident: its id, or the first digits.")],
    clock: Annotated[str, typer.Option(help="Which notice it was, as the list names it.")],
    at: Annotated[str, typer.Option(help="When it was given: ISO 8601 with its offset.")],
    dam: Of = HERE,
) -> None:
    """Log that a notice was given."""
    ids = [one["id"] for one in operated(dam, "incidents")["items"]]
    found = whole(incident, ids, "incident.unknown", "incident")
    done = operated(dam, "incident-noticed", incident_id=found, clock=clock, at=at)
    progress = open_terminal().word(f"ui.progress-{done['progress']}")
    open_terminal().say("ui.noticed", clock=done["clock"], given=done["given"], progress=progress)
    _caution()


# --- notices ----------------------------------------------------------------------------------------------------------


@app.command()
def notices(url: Url = None, key: KeyFile = None, as_json: Json = False) -> None:
    """What you were told: of demands for your data, withdrawn rows that you were given, disputes, agreements."""
    from datadam.duties import Topic

    found = reach(url, key).notices()
    if as_json:
        _noted(found)
        return
    terminal = open_terminal()
    if not found:
        terminal.say("ui.notices-none")
    for one in found:
        terminal.line(f"{one['id'][:12]}  {one['issued']}", style="bold")
        facts = dict.fromkeys(("standards", "authority", "country", "what", "ground", "received"), "") | one["facts"]
        if one["topic"] == Topic.DISPUTE:
            _told_of_dispute(terminal, facts)
            continue
        if one["topic"] == Topic.AGREEMENT:
            _told_of_agreement(terminal, facts)
            continue
        answer = {"answer": terminal.word(f"ui.answer-{facts['answer']}")} if "answer" in facts else {}
        left = "ui.notice-withdrawal-abroad" if "dam" in facts else "ui.notice-withdrawal"
        terminal.say("ui.notice-demand" if answer else left, **{**facts, **answer})
        if "models" in facts:
            terminal.say("ui.notice-models", models=facts["models"])
    _caution()


def _told_of_agreement(terminal: "Terminal", facts: Mapping[str, str]) -> None:
    """What the dam made of an agreement, and why."""
    what = {"agreement": facts["agreement"][:12], "standard": facts["standard"], "reason": facts["reason"]}
    terminal.say("ui.notice-agreement", **what, state=terminal.word(f"ui.state-{facts['state']}"))


def _told_of_dispute(terminal: "Terminal", facts: Mapping[str, str]) -> None:
    """What happened to a dispute, and how to see it: the notice itself names neither party nor words."""
    terminal.say("ui.notice-dispute", dispute=facts["dispute"][:12], event=terminal.word(f"ui.event-{facts['event']}"))
