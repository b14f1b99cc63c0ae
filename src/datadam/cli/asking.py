"""Private answers: ask, try for nothing, see what was spent on your rows, and cap it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from datadam.cli.manners import Force, Json, KeyFile, Operated, Url, free, open_terminal, operated, print_json, reach
from datadam.errors import Invalid

if TYPE_CHECKING:
    from datadam.client.private import Answer, Private
    from datadam.edges.terminal import Terminal

app = typer.Typer()

_COMPARED: Final = (">=", "<=", "=")
_MOST: Final = 100_000


@app.command()
def ask(
    reservoir: str,
    aggregate: Annotated[str, typer.Argument(help="count, distinct, sum, mean, quantiles or histogram.")],
    column: Annotated[str | None, typer.Argument(help="Of sum, mean, quantiles and histogram.")] = None,
    by: Annotated[list[str] | None, typer.Option(help="A column to go by; repeat it for more.")] = None,
    where: Annotated[list[str] | None, typer.Option(help="`column=a,b`, `column>=3` or `column<=9`; all hold.")] = None,
    at: Annotated[list[str] | None, typer.Option(help="A quantile between 0 and 1; repeat it for more.")] = None,
    edge: Annotated[list[str] | None, typer.Option(help="Where a bin begins; the last one ends.")] = None,
    period: Annotated[list[str] | None, typer.Option(help="Like 2026-Q3; default: the last one that is open.")] = None,
    rho: Annotated[str | None, typer.Option(help="What it may cost; default: a tenth of your share.")] = None,
    epsilon: Annotated[str | None, typer.Option(help="The same as an epsilon.")] = None,
    purpose: Annotated[str | None, typer.Option(help="What for; default: as agreed.")] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Only how near and how dear it would be. Free.")] = False,
    dummy: Annotated[bool, typer.Option("--dummy", help="Answer from rows that are nobody's. Free.")] = False,
    as_json: Json = False,
    dam: Operated = None,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Ask a private question: values with 95 % intervals, what they cost, and what is claimed. Charged once."""
    options: dict[str, Any] = {
        "column": column,
        "by": by or [],
        "where": [_condition(text) for text in where or ()],
        "at": at or [],
        "edges": edge or [],
        "periods": period or [],
        "rho": rho,
        "epsilon": epsilon,
    }
    terminal = open_terminal()
    if dam is not None:
        if dummy:
            raise Invalid("client.dummy-operator")
        told = {"standard": reservoir, "aggregate": aggregate, **options}
        _ask_operator(terminal, dam, told, preview=preview, as_json=as_json)
        return
    asked = reach(url, key).open(reservoir).private(purpose=purpose)
    if dummy:
        asked = asked.dummy()
    if preview:
        _foretell(terminal, asked.preview(aggregate, **options), as_json=as_json)
        return
    _show(terminal, asked, asked.ask(aggregate, **options), as_json=as_json)


def _condition(text: str) -> tuple[str, str, Any]:
    """A condition as it is typed."""
    for op in _COMPARED:
        column, mark, value = text.partition(op)
        if mark and column:
            return column.strip(), op, [one.strip() for one in value.split(",")] if op == "=" else value.strip()
    raise Invalid("client.condition-unknown", op=text[:20], known=", ".join(_COMPARED))


def _foretell(terminal: "Terminal", told: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(told)
        return
    terminal.say("ui.answer-preview", half=told["half_width"], values="–" if told["cells"] is None else told["cells"])
    terminal.say("ui.answer-cost", rho=told["rho"], epsilon=told["epsilon"], delta=told["delta"])
    share = float(told["share_of_yours"])
    terminal.say("ui.answer-share", share=f"{share:.1%}")


def _show(terminal: "Terminal", asked: "Private", found: "Answer", *, as_json: bool) -> None:
    if as_json:
        print_json(_plain(found))
        return
    _table(terminal, asked.recipe.keys, found)
    terminal.say("ui.answer-cost", rho=found.rho, epsilon=found.epsilon, delta=found.delta)
    if found.stored:
        terminal.say("ui.answer-stored")
    if found.left:
        terminal.say("ui.answer-left", **found.left)
    terminal.line(str(found.claims.get(terminal.language, "")))
    if found.id:
        terminal.say("ui.answer-signed", id=found.id, twins=", ".join(found.twins))


def _table(terminal: "Terminal", keys: Mapping[str, object], found: "Answer") -> None:
    heads = {"value": "ui.value", "low": "ui.low", "high": "ui.high", "at": "ui.quantile", "bin": "ui.bin"}
    names = list(found.rows[0]) if found.rows else []
    rows = [tuple(_cell(row[name]) for name in names) for row in found.rows[:_MOST]]
    terminal.table(tuple(heads.get(name, name) if name not in keys else name for name in names), rows)


def _cell(value: object) -> str:
    if isinstance(value, tuple):
        return " … ".join(f"{edge:f}" for edge in value)
    return "–" if value is None else str(value)


def _plain(found: "Answer") -> dict[str, Any]:
    rows = [{name: _as_json(value) for name, value in row.items()} for row in found.rows]
    told = {"id": found.id, "question": found.question, "rows": rows, "scale": found.scale, "claim": found.claims}
    cost = {"rho": str(found.rho), "epsilon": str(found.epsilon), "delta": str(found.delta)}
    return {**told, **cost, "stored": found.stored, "left": found.left, "twins": list(found.twins)}


def _as_json(value: object) -> object:
    if isinstance(value, tuple):
        return [_as_json(one) for one in value]
    return value if value is None or isinstance(value, str | int) else f"{value:f}"


def _ask_operator(terminal: "Terminal", dam: Path, options: dict[str, Any], *, preview: bool, as_json: bool) -> None:
    """The operator's own question, on the reserve: in the words of the wire, for it has the folder and no login."""
    import json

    where = [
        {"column": name, "operator": "in" if op == "=" else op, "values": value if op == "=" else [value]}
        for name, op, value in options["where"]
    ]
    sent = {name: value for name, value in {**options, "where": where}.items() if value not in (None, [])}
    if "periods" not in sent or not {"rho", "epsilon"} & set(sent):
        about = operated(dam, "questions", standard=str(sent["standard"]))
        cost = {} if {"rho", "epsilon"} & set(sent) else {"rho": about["usual_rho"]}
        last = {"periods": about["open"][-1:]} if about["open"] else {}
        sent = {**last, **sent, **cost}
    if preview:
        _foretell(terminal, operated(dam, "preview", question=json.dumps(sent)), as_json=as_json)
        return
    if "periods" not in sent:
        raise Invalid("private.none-open-operator", standard=sent["standard"])
    told = operated(dam, "ask", question=json.dumps(sent))
    if as_json:
        print_json(told)
        return
    body = told["answer"]
    heads = (*body["result"]["by"], "ui.value", "ui.low", "ui.high")
    cells = [(*one["keys"], one["value"], one["low"], one["high"]) for one in body["result"]["estimates"]]
    terminal.table(heads, [tuple(map(_cell, row)) for row in cells])
    terminal.line(str(body["claim"].get(terminal.language, "")))


@app.command()
def dummy(
    reservoir: str,
    rows: Annotated[int, typer.Option(help="How many.")] = 100,
    seed: Annotated[int, typer.Option(help="Other ones with another number.")] = 0,
    into: Annotated[Path | None, typer.Option(help="A CSV file to write; default: the terminal.")] = None,
    force: Force = False,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Rows that are nobody's, drawn from the standard alone: to try out what you will ask. Free."""
    found = reach(url, key).dummy_rows(reservoir, rows, seed=seed)
    if into is None:
        typer.echo(found, nl=False)
        return
    free(into, force=force)
    into.write_text(found, encoding="utf-8")
    open_terminal().say("ui.dummy-written", path=str(into), rows=rows)


@app.command()
def spent(as_json: Json = False, url: Url = None, key: KeyFile = None) -> None:
    """What private answers have cost your own rows, by reservoir and period; it tells nothing of the answers."""
    terminal, found = open_terminal(), reach(url, key).spent()
    if as_json:
        print_json(found)
        return
    rows = [
        (one["standard"], period, rho, one["life"], one["allowed"], one["cap"] or "–")
        for one in found
        for period, rho in one["periods"].items() or [("–", "0")]
    ]
    heads = ("ui.reservoir", "ui.period", "ui.rho-spent", "ui.rho-life", "ui.rho-allowed", "ui.rho-cap")
    terminal.table(heads, rows)
    for one in found:
        if one["left_out"]:
            terminal.say("ui.cap-left-out", standard=one["standard"], periods=", ".join(one["left_out"]))


@app.command()
def cap(
    reservoir: str,
    rho: Annotated[str | None, typer.Option(help="How much rho may be spent on your rows over their life.")] = None,
    no_cap: Annotated[bool, typer.Option("--none", help="No cap of your own any more.")] = False,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Cap what may be spent on your rows. Once it is, they are left out of all periods that begin later."""
    if (rho is None) is not no_cap:
        raise Invalid("client.rho-wrong", rho=rho or "–")
    told = reach(url, key).cap(reservoir, rho)
    code = "ui.cap-none" if no_cap else "ui.cap-signed"
    open_terminal().say(code, standard=reservoir, rho=rho or "", index=told["index"])
