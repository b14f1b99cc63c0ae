"""Opening models: a provider opens what it promised to an authority that demanded it, an auditor takes it over."""

from pathlib import Path
from typing import Annotated

import typer

from datadam.cli.manners import DIGITS, Force, Json, KeyFile, Url, free, open_terminal, print_json, reach, whole_id
from datadam.cli.models import Registered, model_app, whole_model

app = typer.Typer()


@model_app.command("open")
def model_open(
    model: Registered,
    file: Annotated[list[Path], typer.Argument(help="What you are committed to; its opening lies beside each.")],
    order: Annotated[str, typer.Option(help="The demand that names the model: its id, or the first digits.")],
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Open code or weights that you only promised, on a demand: for auditors and the authority, nobody else."""
    from datadam.client import disclosing
    from datadam.errors import Refused

    dam, terminal = reach(url, key), open_terminal()
    id = whole_model(dam, model)
    demands = dam.demands_for(id)
    if not demands:
        raise Refused("model.no-order", model=id)
    demand = whole_id(order, demands, "order.unknown", "order")
    for one in file:
        done = dam.open_model(id, demand, one, one.with_name(one.name + disclosing.OPENING))
        told = {name: done[name] for name in ("part", "size", "index")}
        terminal.say("ui.model-opened", **told, demand=demand[:DIGITS])


@model_app.command("opened")
def model_opened(
    model: Registered,
    into: Annotated[Path | None, typer.Option(help="A folder: write what was opened there, checked again.")] = None,
    force: Force = False,
    url: Url = None,
    key: KeyFile = None,
    as_json: Json = False,
) -> None:
    """What was opened of a model, for its provider and for auditors."""
    dam, terminal = reach(url, key), open_terminal()
    id = whole_model(dam, model)
    found = dam.openings(id)
    if as_json:
        print_json(found)
    else:
        rows = [(one["id"][:DIGITS], one["part"], one["size"], one["demand"][:DIGITS], one["index"]) for one in found]
        terminal.table(("ui.opening", "ui.part", "ui.size", "ui.demand", "ui.log-entry"), rows)
    for one in found if into is not None else ():
        path = (into or Path()) / f"{id[:DIGITS]}.{one['part']}"
        free(path, force=force)
        terminal.say("ui.opening-written", path=str(dam.opened(one, path)))
