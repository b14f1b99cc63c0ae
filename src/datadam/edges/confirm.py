"""Confirm with a person, in a terminal, how a file's columns fit a standard."""

from dataclasses import replace

import typer

from datadam import confirming, mapping, proposing, texts
from datadam.edges.terminal import Terminal
from datadam.errors import Invalid
from datadam.formats import fits
from datadam.model import DateForm, Feed, Fit, Layout, NumberForm, Standard, Type, date_form, number_form
from datadam.proposing import Proposal, Suggestion


def show(terminal: Terminal, suggestion: Suggestion) -> None:
    """What fits what, on what that rests, and what is open."""
    rows = [
        (
            proposal.feed.column,
            proposal.feed.source or ", ".join(proposal.others),
            proposal.feed.unit or proposal.feed.unit_source or "",
            f"{proposal.confidence:.0%}",
            _because(terminal, proposal),
        )
        for proposal in (*suggestion.certain, *suggestion.asked)
    ]
    terminal.table(("ui.column", "ui.from", "ui.unit", "ui.confidence", "ui.why"), rows)
    if suggestion.missing:
        terminal.say("ui.columns-missing", columns=suggestion.missing)
    if suggestion.unused:
        terminal.say("ui.columns-unused", columns=suggestion.unused)


def _because(terminal: Terminal, proposal: Proposal) -> str:
    return " ".join(texts.say(reason.code, terminal.language, **reason.facts) for reason in proposal.reasons)


def ask(terminal: Terminal, suggestion: Suggestion, standard: Standard, layout: Layout) -> Fit:
    """Put every open question to the person who sits there, then the whole; the fit that they stand for."""
    answers: list[Feed] = []
    declined: list[str] = []
    for proposal in suggestion.asked:
        feed = proposal.feed
        facts = {"column": feed.column, "source": feed.source or ", ".join(proposal.others)}
        if not typer.confirm(texts.say("ui.ask-fit", terminal.language, **facts)):
            declined.append(feed.column)
        elif proposing.Doubt.UNIT_MISSING in proposal.doubts or proposing.Doubt.UNIT_UNKNOWN in proposal.doubts:
            known = [unit.symbol for unit in standard.column(feed.column).units]
            unit = typer.prompt(texts.say("ui.ask-unit", terminal.language, **facts, units=known))
            answers.append(_read(terminal, proposal, replace(feed, unit=unit, unit_source=None)))
        else:
            answers.append(_read(terminal, proposal, feed))
    wide = suggestion.unpivot
    if wide is not None and wide.values_to in declined:
        suggestion = replace(suggestion, unused=(*suggestion.unused, *wide.columns), unpivot=None)
        declined.append(wide.names_to)
    needed = {*suggestion.missing, *(name for name in declined if standard.column(name).required)}
    for column in (one.name for one in standard.columns if one.name in needed):
        value = typer.prompt(texts.say("ui.ask-missing", terminal.language, column=column))
        constant = value.removeprefix(":") if value.startswith(":") else None
        answers.append(Feed(column=column, source=None if constant is not None else value, constant=constant))
    declined = [name for name in declined if name not in needed]
    used = {feed.source for feed in answers}
    left = [name for name in suggestion.unused if name not in used]
    left += [p.feed.source for p in suggestion.asked if p.feed.source and p.feed.source not in {*used, *left}]
    if left:
        typer.confirm(texts.say("ui.ask-drop", terminal.language, columns=left), abort=True)
    fit = confirming.confirm(suggestion, standard, layout, answers=answers, declined=declined, dropped=left)
    typer.confirm(terminal.word("ui.confirm-mapping"), abort=True)
    return fit


def _read(terminal: Terminal, proposal: Proposal, feed: Feed) -> Feed:
    """Let the person say how numbers or dates are written, where the values do not."""
    facts = {"source": feed.source or ", ".join(proposal.others), "options": proposal.options}
    if proposing.Doubt.NUMBERS in proposal.doubts:
        feed = replace(feed, number=number_form(typer.prompt(texts.say("ui.ask-reading", terminal.language, **facts))))
    if proposing.Doubt.DATES in proposal.doubts:
        feed = replace(feed, dates=date_form(typer.prompt(texts.say("ui.ask-reading", terminal.language, **facts))))
    return feed


def given(text: str) -> Feed:
    """Read `column=Header` (a column of the file) or `column:=value` (one value for the whole file)."""
    column, _, value = text.partition("=")
    column = column.strip()
    if not column.strip(":") or not value:
        raise Invalid("mapping.given-malformed", given=text[:120])
    if column.endswith(":"):
        return Feed(column=column[:-1], constant=value)
    return Feed(column=column, source=value)


def reading(text: str, standard: Standard) -> tuple[str, NumberForm | DateForm]:
    """Read `production=1.234,5` or `as_of=dmy`: a column, and how its values are written."""
    column, _, form = text.partition("=")
    if not column or not form:
        raise Invalid("mapping.read-malformed", given=text[:120])
    dated = standard.column(column).type in {Type.DATE, Type.TIMESTAMP}
    return column, date_form(form) if dated else number_form(form)


def unit(text: str, standard: Standard) -> tuple[str, str]:
    """Read `production=kt`: a column, and the unit that its values are in."""
    column, _, symbol = text.partition("=")
    if not column or not symbol:
        raise Invalid("mapping.unit-malformed", given=text[:120])
    standard.column(column)
    return column, symbol


def read(text: str, standard: Standard, layout: Layout) -> Fit:
    """An edited mapping, if it fits the standard, or an earlier version of it that meant the same, and the file."""
    return mapping.checked(mapping.carried(fits.read(text), standard), standard, layout)
