"""Checked tables: which are published, what they tell, and publishing them. None is differentially private."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from datadam.cli.manners import HERE, Force, Json, KeyFile, Of, Url, free, open_terminal, operated, print_json, reach
from datadam.errors import Invalid

app = typer.Typer()


@app.command()
def tables(
    reservoir: Annotated[str | None, typer.Argument(help="Only those of this reservoir.")] = None,
    url: Url = None,
    key: KeyFile = None,
    as_json: Json = False,
) -> None:
    """The periods whose checked tables are published."""
    found = reach(url, key).tables(reservoir)
    if as_json:
        print_json(found)
        return
    terminal = open_terminal()
    rows = [(one["standard"], one["period"], one["version"], one["statement"][:12]) for one in found]
    terminal.table(("ui.reservoir", "ui.period", "ui.version", "ui.receipt"), rows)
    terminal.say("ui.tables-label")


@app.command()
def table(
    reservoir: str,
    period: Annotated[str, typer.Argument(help="As `datadam tables` shows it, such as 2026-Q3.")],
    name: Annotated[
        str | None, typer.Option("--table", help="Which of its tables; needed where there are more.")
    ] = None,
    into: Annotated[Path | None, typer.Option("--csv", help="Write it there as CSV; `-` writes it out.")] = None,
    force: Force = False,
    url: Url = None,
    key: KeyFile = None,
    as_json: Json = False,
) -> None:
    """A period's checked tables, believed only where the log proves them. A group that is not told is left empty."""
    from datadam.formats import checked_table

    body = reach(url, key).table(reservoir, period)
    if as_json:
        print_json(body)
        return
    names = [one["name"] for one in body["tables"]]
    if name is None and len(names) > 1:
        raise Invalid("table.which", period=period, known=", ".join(names))
    chosen = checked_table.named(body, name or names[0])
    if into is None:
        _show(body, chosen)
    elif str(into) == "-":
        sys.stdout.write(checked_table.write(body, chosen))
    else:
        free(into, force=force)
        into.write_text(checked_table.write(body, chosen), encoding="utf-8")
        open_terminal().say("ui.table-written", path=str(into))


def _show(body: Any, chosen: Any) -> None:  # noqa: ANN401  (JSON)
    from datadam.privacy.tables import cells

    terminal, rules = open_terminal(), body["rules"]
    all_of_them, hidden = terminal.word("ui.all-keys"), terminal.word("ui.not-told")
    rows = [
        (
            " · ".join(all_of_them if is_total else "–" if key is None else str(key) for _, key, is_total in keys),
            hidden if value is None else value,
        )
        for keys, value in cells(chosen)
    ]
    unit = f" ({chosen['unit']})" if chosen["unit"] else ""
    value = f"{chosen['column']}{unit}" if chosen["column"] else terminal.word("ui.rows")
    terminal.line(f"{chosen['name']}: {value} · {' · '.join(one['column'] for one in chosen['by'])}")
    terminal.table(("ui.group", "ui.value"), rows)
    terminal.say(
        "ui.table-rules",
        contributors=rules["contributors"],
        share=rules["largest_share"],
        largest=rules["largest"],
        percent=rules["p_percent"],
    )
    terminal.say("ui.tables-label")


@app.command("publish-tables")
def publish_tables(
    reservoir: Annotated[str | None, typer.Argument(help="Only those of this reservoir.")] = None,
    period: Annotated[str | None, typer.Argument(help="Only this period.")] = None,
    dam: Of = HERE,
) -> None:
    """Operator: publish the checked tables that are due; a served dam does so by itself, every hour."""
    done = operated(dam, "publish-tables", standard=reservoir, period=period)
    open_terminal().say("ui.tables-published", count=done["published"])
