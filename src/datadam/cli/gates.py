"""Gates: whether a reservoir is open, and how coarse columns would have to be for groups of rows to leave."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from datadam.cli.choosing import Choices
from datadam.cli.manners import HERE, KeyFile, Of, Url, open_terminal, operated, reach, read_text
from datadam.cli.prepare import at_home, refusal
from datadam.errors import Invalid

if TYPE_CHECKING:
    from datadam.edges.terminal import Terminal
    from datadam.model import FileFact, Standard

app = typer.Typer()
gates_app = typer.Typer(name="gates", no_args_is_help=True, help="Gates: when rows leave, and how coarse they must be.")
app.add_typer(gates_app)
of_standards = typer.Typer()
Most = Annotated[str | None, typer.Option("--suppress", help="The share of rows that may stay suppressed: 0.05.")]


@gates_app.command("show")
def gates_show(reservoir: str, url: Url = None, key: KeyFile = None) -> None:
    """What a reservoir's gates declare, whether it is open, and for how many contributors it waits."""
    terminal = open_terminal()
    one = reach(url, key).open(reservoir).info
    if (gates := one.get("gates")) is None:  # also a dam of an earlier version
        terminal.say("ui.gates-none", reservoir=one["id"])
        return
    terminal.say("ui.gates-declared", gates=gates["declared"])
    terminal.say("ui.gates-open" if gates["open"] else "ui.gates-shut", reservoir=one["id"])
    facts = {"needed": gates["needed"], "there": gates["there"], "ends": gates["ends"]}
    terminal.say("ui.gates-waiting", **facts)


@gates_app.command("suggest")
def gates_suggest(reservoir: str, suppress: Most = None, dam: Of = HERE) -> None:
    """Operator: how coarse a reservoir's identifying columns would have to be. The answer rests on all its rows."""
    _show(open_terminal(), operated(dam, "suggest-coarser", standard=reservoir, most=suppress))


@of_standards.command("coarsen")
def standard_coarsen(
    file: Path,
    sample: Annotated[Path, typer.Option(help="A file of rows as contributors send them; it stays on this machine.")],
    suppress: Most = None,
) -> None:
    """How coarse identifying columns must be for the standard's gates, by a sample: the least there is, and its loss.

    Where the contributor is the unit, each row of the sample counts as another one's.
    """
    from datadam import standard as rules
    from datadam.dam.gates import proposals
    from datadam.edges import gate_verbs
    from datadam.errors import Faults
    from datadam.formats import codelists, odcs
    from datadam.privacy import grouping

    found = odcs.read(read_text(file))
    if faults := rules.check(found, codelists.packaged()):
        raise Faults("standard.faulty", faults, standard=found.id)
    if found.gates is None or not grouping.by_groups(found.gates):
        raise Invalid("gate.no-groups", standard=found.id)
    most = gate_verbs.share(suppress)
    with tempfile.TemporaryDirectory(prefix="datadam-") as folder:
        places = (Path(folder), Path(folder) / "sample.parquet")
        done, _ = at_home(None, found, sample, Choices(yes=True), places)
        if done.file is None:
            raise refusal(done)
        told = _gathered(found, done.file, lambda groups, order: proposals(groups, order, codelists.packaged(), most))
    _show(open_terminal(), gate_verbs.told(told))


def _gathered(standard: "Standard", file: "FileFact", then: Any) -> Any:  # noqa: ANN401  (whatever that gives)
    """Do something with the rows of a prepared file, gathered by what they share."""
    from datadam import wiring
    from datadam.ports import GroupOrder, SharePart
    from datadam.prepare import at_home as raw

    columns = raw(standard).columns  # identifiers as they are: nobody but us sees the file
    unit = standard.bounds.unit
    part = SharePart(path=Path(file.path), tag="", sequence=0, contributor="", country="", own=True, columns=columns)
    order = GroupOrder(
        gates=standard.gates,  # type: ignore[arg-type]  # who calls has seen that there are some
        unit=None if unit == "contributor" else unit,
        columns=columns,
        files=(part,),
    )
    return then(wiring.local_groups(), order)


def _show(terminal: "Terminal", told: Mapping[str, Any]) -> None:
    """Proposals as a table, those that lose least first."""
    if not told["items"]:
        terminal.say("ui.gates-no-way")
        return
    rows = [
        (
            ", ".join(f"{name}: {how}" for name, how in one["columns"].items()) or terminal.word("ui.gates-as-it-is"),
            f"{float(one['suppressed']):.2%}",
        )
        for one in told["items"]
    ]
    terminal.table(("ui.gates-coarser", "ui.gates-suppressed"), rows)
