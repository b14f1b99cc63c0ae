"""Standards: check, publish, list, show."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from datadam.cli import evolving, gates
from datadam.cli.manners import HERE, KeyFile, Of, Url, open_terminal, operated, reach, read_text

if TYPE_CHECKING:
    from datadam.edges.terminal import Terminal
    from datadam.model import Standard

app = typer.Typer(name="standard", no_args_is_help=True, help="Standards: check, publish, compare, align, deprecate.")
app.add_typer(evolving.app)
app.add_typer(gates.of_standards)


@app.command("check")
def standard_check(
    file: Annotated[str, typer.Argument(help="An ODCS YAML file, or the id of a packaged standard.")],
    against: Annotated[
        str | None,
        typer.Option(help="A version that it would follow: a file, or an id: the dam's own, else the packaged one."),
    ] = None,
    sample: Annotated[
        Path | None, typer.Option(help="Rows as contributors send them: what would be kept of them. They stay here.")
    ] = None,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Explain every fault of a standard at once, what its protections cost, and the terms that nothing enforces yet."""
    from datadam import coarsening, texts
    from datadam import standard as rules
    from datadam.errors import Faults
    from datadam.formats import codelists, odcs
    from datadam.privacy import declaring
    from datadam.terms import PURPOSES

    found = odcs.read(codelists.packaged_standards().get(file) or read_text(Path(file)))
    faults = rules.check(found, codelists.packaged())
    if faults:
        raise Faults("standard.faulty", faults, standard=found.id)
    terminal = open_terminal()
    terminal.line(f"{found.id} {found.version}", style="bold green")
    for notice in rules.notices(found):
        terminal.line(f"  • {texts.say(notice.code, terminal.language, **notice.facts)}")
    for column in found.columns:
        if (reason := coarsening.said(column)) is not None:
            terminal.line(f"  • {column.name}: {texts.say(reason.code, terminal.language, **reason.facts)}")
    for reason in declaring.explained(found, codelists.packaged()):
        terminal.line(f"  • {texts.say(reason.code, terminal.language, **reason.facts)}")
    for purpose in found.purposes:
        if purpose not in PURPOSES:
            terminal.line(f"  • {texts.say('ui.purpose-of-none', terminal.language, purpose=purpose)}")
    if against is not None:
        evolving.show_changes(found, against, url, key)
    if sample is not None:
        _show_kept(terminal, found, sample)


def _show_kept(terminal: "Terminal", standard: "Standard", sample: Path) -> None:
    """What of a sample counts in private answers, and what is in groups that do not leave, if it were one period's."""
    import tempfile

    from datadam import wiring
    from datadam.cli.choosing import Choices
    from datadam.cli.prepare import at_home, refusal
    from datadam.ports import SampleOrder

    gates, unit = standard.gates, standard.bounds.unit
    order = SampleOrder(
        unit=None if unit == "contributor" else unit,
        rows=standard.bounds.rows,
        clips={column.name: column.clip for column in standard.columns if column.clip is not None},
        identifying=gates.identifying if gates is not None else (),
        least=gates.units if gates is not None else None,
    )
    with tempfile.TemporaryDirectory(prefix="datadam-") as folder:
        done, _ = at_home(None, standard, sample, Choices(yes=True), (Path(folder), Path(folder) / "sample.parquet"))
        if done.file is None:
            raise refusal(done)
        counted = wiring.local_sampler().sampled(Path(done.file.path), order)
    terminal.say("ui.sample-kept", rows=counted.rows, units=counted.units, kept=counted.kept)
    for name, clipped in counted.clipped.items():
        terminal.say("ui.sample-clipped", column=name, clipped=clipped, rows=counted.rows)
    if order.least is not None:
        terminal.say("ui.sample-small", small=counted.small, rows=counted.rows, least=order.least)


@app.command("publish")
def standard_publish(
    file: Annotated[str, typer.Argument(help="An ODCS YAML file, or the id of a packaged standard.")], dam: Of = HERE
) -> None:
    """Sign and log a standard; its reservoir is made with it."""
    from datadam.formats import codelists

    text = codelists.packaged_standards().get(file) or read_text(Path(file))
    done = operated(dam, "publish", text=text)
    open_terminal().say("ui.published", standard=done["standard"], version=done["version"], index=done["index"])


@app.command("packaged")
def standard_packaged() -> None:
    """The standards that come with data dam."""
    from datadam.formats import codelists, odcs

    terminal = open_terminal()
    found = [odcs.read(text) for text in codelists.packaged_standards().values()]
    rows = [(one.id, one.version, one.tier, one.titles.get(terminal.language, "")) for one in found]
    terminal.table(("ui.reservoir", "ui.version", "ui.tier", "ui.title"), rows)


@app.command("show")
def standard_show(id: str, url: Url = None, key: KeyFile = None) -> None:
    """A published standard as it was signed; and in words what the parties are in law, as it declares that."""
    from datadam.formats import legal_text, odcs

    terminal, text = open_terminal(), reach(url, key).standard_text(id)
    terminal.line(text.rstrip("\n"))
    for line in legal_text.lines(odcs.read(text), terminal.language):
        terminal.line(f"# {line}")
