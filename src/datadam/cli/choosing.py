"""How a file fits a standard, as a person says it: by options, by a mapping file, from memory, or when asked."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from datadam.cli.manners import open_terminal, read_text
from datadam.cli.options import spread
from datadam.cli.reading import FOUND, declared, show_reading
from datadam.errors import Faults, Invalid
from datadam.formats.dialects import Declared

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from datadam.client import Dam
    from datadam.edges.terminal import Terminal
    from datadam.model import Feed, Fit, Layout, Standard
    from datadam.proposing import Suggestion


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the command line says of a mapping, and of how the file is read."""

    mapping: Path | None = None
    given: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    yes: bool = False
    declared: Declared = FOUND
    read: tuple[str, ...] = ()
    units: tuple[str, ...] = ()


@spread(declared)
def choices(
    mapping: Annotated[Path | None, typer.Option(help="A mapping file, as `datadam map` writes it.")] = None,
    given: Annotated[
        list[str] | None, typer.Option("--set", help="column=Header, or column:=one value for all.")
    ] = None,
    drop: Annotated[list[str] | None, typer.Option(help="A column of the file to leave out.")] = None,
    read: Annotated[
        list[str] | None,
        typer.Option(help="How a column's values are written: production=1.234,5 or as_of=dmy or as_of=excel-1900."),
    ] = None,
    units: Annotated[
        list[str] | None, typer.Option("--unit", help="The unit that a column's values are in: production=kt.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: take the mapping if all of it is certain.")] = False,
    declared: Declared = FOUND,
) -> Choices:
    """How a file fits a standard and how it is read, as far as it is said."""
    return Choices(
        mapping=mapping,
        given=tuple(given or ()),
        drop=tuple(drop or ()),
        yes=yes,
        declared=declared,
        read=tuple(read or ()),
        units=tuple(units or ()),
    )


def changed(terminal: "Terminal", held: "Sequence[Mapping[str, object]]", layout: "Layout") -> "Fit | None":
    """The newest mapping confirmed before, if the layout has changed since; what changed is shown."""
    from datadam import mapping

    if not held:
        return None
    fit = mapping.fit_from_json(held[0])
    found = mapping.difference(fit, layout)
    if not (found.added or found.gone) or set(found.added) == set(layout.columns):
        return None
    terminal.say("ui.layout-changed", added=found.added or "-", gone=found.gone or "-")
    return fit


def suggested(
    standard: "Standard", file: Path, layout: "Layout", said: "Declared", remembered: "Fit | None"
) -> "Suggestion":
    """A suggestion that rests on all values of the columns that can be read in several ways, where they can be had."""
    from datadam import client, proposing
    from datadam.formats import codelists

    codes = codelists.packaged()
    first = proposing.suggest(standard, layout, codes, None, remembered)
    wanted = proposing.to_prove(first, standard)
    profile: Mapping[str, Mapping[str, int]] = {}
    if wanted:
        try:
            from datadam.wiring import local_profiler

            profile = local_profiler().profile(client.source(file, said), wanted)
        except ImportError:  # the light client counts by itself
            profile = client.count_values(file, said, wanted)
    return proposing.suggest(standard, layout, codes, profile, remembered)


def chosen_fit(dam: "Dam | None", standard: "Standard", file: Path, chosen: "Choices") -> "Fit":
    """The confirmed mapping: the file given, else one confirmed before for this layout, else asked for now.

    Rejects that were handed back and corrected have the layout that they were sent in, and their reasons behind it.
    """
    from datadam import client, confirming, mapping
    from datadam.edges import confirm

    terminal, layout = open_terminal(), client.look(file, chosen.declared)
    show_reading(terminal, layout)
    if chosen.mapping is not None:
        return confirm.read(read_text(chosen.mapping), standard, layout)
    before = [] if dam is None or chosen.given or chosen.drop or chosen.read or chosen.units else dam.fits(standard.id)
    for held in before:
        confirmed = mapping.fit_from_json(held)
        for fit in _also_corrected(mapping.carried(confirmed, standard), layout):
            if not any(mapping.fit_faults(fit, standard, layout)):
                terminal.say("ui.mapping-remembered")
                if fit.version != confirmed.version:
                    terminal.say("ui.mapping-carried", old=confirmed.version, new=fit.version)
                return fit
    suggestion = suggested(standard, file, layout, chosen.declared, changed(terminal, before, layout))
    suggestion = confirming.declare(suggestion, dict(confirm.reading(one, standard) for one in chosen.read))
    answers = [confirm.given(one) for one in chosen.given]
    suggestion, answers = _measured(suggestion, answers, dict(confirm.unit(one, standard) for one in chosen.units))
    if chosen.yes:
        try:
            return confirming.confirm(suggestion, standard, layout, answers=answers, dropped=chosen.drop)
        except Faults:
            confirm.show(terminal, suggestion)  # what is asked, and on what it rests
            raise
    confirm.show(terminal, suggestion)
    if not sys.stdin.isatty():
        raise Invalid("mapping.unconfirmed")
    return confirm.ask(terminal, suggestion, standard, layout)


def _measured(
    suggestion: "Suggestion", answers: "list[Feed]", units: "Mapping[str, str]"
) -> "tuple[Suggestion, list[Feed]]":
    """What was suggested and what was said of columns, each in the unit that was said of it."""
    from datadam import confirming

    said = [replace(feed, unit=units.get(feed.column)) for feed in answers]
    answered = {feed.column for feed in answers}
    left = {column: unit for column, unit in units.items() if column not in answered}
    return confirming.measure(suggestion, left), said


def _also_corrected(fit: "Fit", layout: "Layout") -> "list[Fit]":
    from datadam.prepare import corrected_fit

    corrected = corrected_fit(fit, layout.columns)
    return [fit] if corrected is None else [fit, corrected]
