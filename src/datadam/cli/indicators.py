"""Indicators: what they are worth by all who reported them, files for the tools that act on them, who is exposed."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from datadam.cli.deciding import Purpose, To
from datadam.cli.manners import Force, Json, KeyFile, Url, free, open_terminal, print_json, reach
from datadam.errors import Invalid

if TYPE_CHECKING:
    from datadam.client.frames import Reservoir
    from datadam.domains.cyber.exploited import Use
    from datadam.domains.cyber.reliability import Vote
    from datadam.edges.terminal import Terminal

indicators_app = typer.Typer(name="indicators", no_args_is_help=True, help="Indicators that several reported.")
app = typer.Typer()
app.add_typer(indicators_app)

SHOWN: Final = 20
NAMES: Final = {"blocklist": "blocklist.txt", "suricata": "datadam.rules", "stix": "indicators.json"}
_FORMATS: Final = ", ".join(NAMES)
Audience = Annotated[str, typer.Option(help="Who will see or act on it: own, clients, community or public.")]
Votes = Annotated[
    Path | None, typer.Option(help="CSV of what readers found out: by, contributor, type, value, verdict (hit, false).")
]


@indicators_app.command()
def show(
    reservoir: Annotated[str, typer.Argument(help="Such as cti.indicator, or cti.indicator@all for all dams.")],
    audience: Audience = "own",
    top: Annotated[int, typer.Option(min=1, help="How many, the highest scores first.")] = SHOWN,
    votes: Votes = None,
    purpose: Purpose = None,
    to: To = None,
    url: Url = None,
    key: KeyFile = None,
    as_json: Json = False,
) -> None:
    """What indicators are worth, each explained in one sentence; shown so that nothing takes them for an address."""
    from datadam.domains.cyber.reports import defanged

    opened = reach(url, key).open(reservoir, purpose=purpose, to=to)
    found = opened.indicators(votes=_votes(votes)).scores(audience=audience).assessed()
    terminal = open_terminal()
    _missing(terminal, opened)
    rows = [
        (one.type, defanged(one.value), one.score, one.explained(found.now, terminal.language))
        for one in found.values[:top]
    ]
    if as_json:
        print_json([dict(zip(("type", "value", "score", "explanation"), row, strict=True)) for row in rows])
        return
    terminal.table(("ui.indicator-kind", "ui.indicator", "ui.score", "ui.explanation"), rows)
    if found.values:
        terminal.line(found.values[0].believed(terminal.language))
    terminal.say("ui.indicators-left", left=_left(terminal, {str(why): count for why, count in found.left.items()}))


@indicators_app.command()
def export(
    reservoir: Annotated[str, typer.Argument(help="Such as cti.indicator, or cti.indicator@all for all dams.")],
    format: Annotated[str, typer.Option(help=f"One of {_FORMATS}.")] = "blocklist",
    audience: Audience = "own",
    min_score: Annotated[int, typer.Option(help="Leave out what is worth less, 0 to 100.")] = 0,
    top: Annotated[int | None, typer.Option(help="At most so many, the highest scores first.")] = None,
    kind: Annotated[
        list[str] | None, typer.Option(help="Only this kind, such as domain or ipv4; may be repeated.")
    ] = None,
    into: Annotated[Path | None, typer.Option(help="The file to write.")] = None,
    votes: Votes = None,
    purpose: Purpose = None,
    to: To = None,
    force: Force = False,
    url: Url = None,
    key: KeyFile = None,
) -> None:
    """Write a blocklist, Suricata rules or a STIX bundle; what is decayed or not for its audience is left out."""
    path = into or Path(NAMES.get(format, "indicators.txt"))
    free(path, force=force)
    opened = reach(url, key).open(reservoir, purpose=purpose, to=to)
    found = opened.indicators(votes=_votes(votes))
    written = found.write(format, audience=audience, min_score=min_score, top=top, kinds=kind)
    written.save(path)
    terminal = open_terminal()
    _missing(terminal, opened)
    count, left = written.written.count, _left(terminal, written.left)
    terminal.say("ui.indicators-written", count=count, audience=audience, path=str(path), left=left)


@indicators_app.command()
def exposed(
    reservoir: Annotated[str, typer.Argument(help="Such as cti.exploited-vulnerability.")],
    uses: Annotated[Path, typer.Argument(help="CSV of your own: supplier, vendor and, where known, product.")],
    purpose: Purpose = None,
    to: To = None,
    url: Url = None,
    key: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Which of your suppliers have software that is being exploited. Your list never leaves this machine."""
    from datadam.client.indicators import exposed as exposure_of

    known = list(_uses(uses))
    opened = reach(url, key).open(reservoir, purpose=purpose, to=to)
    found = exposure_of(opened, known)
    _missing(open_terminal(), opened)
    if as_json:
        touched = [{"supplier": one.supplier, "by": [each.cve_id for each in one.by]} for one in found.touched]
        print_json({"touched": touched, "unknown": list(found.unknown)})
        return
    terminal = open_terminal()
    if found.touched:
        rows = [(one.supplier, ", ".join(each.cve_id for each in one.by)) for one in found.touched]
        terminal.table(("ui.supplier", "ui.vulnerabilities"), rows)
    else:
        terminal.say("ui.nobody-exposed")
    if found.unknown:
        terminal.say("ui.vendors-unknown", names=list(found.unknown))


def _missing(terminal: "Terminal", opened: "Reservoir") -> None:
    """Name each dam that was not read: what is known of an indicator there is in no score."""
    for part in getattr(opened, "missing", ()):
        terminal.warn("ui.part-missing", dam=part.origin, why=part.why)


def _left(terminal: "Terminal", left: Mapping[str, int]) -> str:
    from datadam import texts

    told = [texts.say(f"ui.left-{why}", terminal.language, count=count) for why, count in left.items()]
    return ", ".join(told) or terminal.word("ui.indicators-nothing-left")


def _votes(path: Path | None) -> "Iterator[Vote]":
    from datadam.domains.cyber.reliability import Vote

    names = ("by", "contributor", "type", "value", "verdict")
    for number, row in _rows(path, names, "indicators.votes-malformed") if path else ():
        if row["verdict"] not in {"hit", "false"}:
            raise Invalid("indicators.votes-malformed", name=str(path), row=number)
        told = {name: row[name] for name in names[:-1]}
        yield Vote(hit=row["verdict"] == "hit", **told)


def _uses(path: Path) -> "Iterator[Use]":
    from datadam.domains.cyber.exploited import Use

    for _, row in _rows(path, ("supplier", "vendor"), "indicators.uses-malformed"):
        yield Use(supplier=row["supplier"], vendor=row["vendor"], product=row.get("product") or None)


def _rows(path: Path, names: tuple[str, ...], code: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows of a small CSV of the reader's own, counted as a person does; `Invalid` with that code."""
    number = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            read = csv.DictReader(file, strict=True)
            if not set(names) <= set(read.fieldnames or ()):
                raise Invalid(code, name=path.name, row=number)
            for number, row in enumerate(read, start=2):
                if any(not (row.get(name) or "").strip() for name in names) or None in row:
                    raise Invalid(code, name=path.name, row=number)
                yield number, {name: (value or "").strip() for name, value in row.items()}
    except (UnicodeDecodeError, csv.Error) as error:
        raise Invalid(code, name=path.name, row=number) from error
