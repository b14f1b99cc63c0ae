"""Confirm with a person, in a terminal, how a file's columns fit a standard."""

import typer

from datadam import mapping, texts
from datadam.edges.terminal import Terminal
from datadam.errors import Invalid
from datadam.formats import fits
from datadam.mapping import Proposal, Suggestion
from datadam.model import Feed, Fit, Layout, Standard


def show(terminal: Terminal, suggestion: Suggestion) -> None:
    """What fits what, on what that rests, and what is open."""
    rows = [
        (
            proposal.feed.column,
            proposal.feed.source,
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
        feed, facts = proposal.feed, {"column": proposal.feed.column, "source": proposal.feed.source}
        if not typer.confirm(texts.say("ui.ask-fit", terminal.language, **facts)):
            declined.append(feed.column)
        elif mapping.Doubt.UNIT_MISSING in proposal.doubts or mapping.Doubt.UNIT_UNKNOWN in proposal.doubts:
            known = [unit.symbol for unit in standard.column(feed.column).units]
            unit = typer.prompt(texts.say("ui.ask-unit", terminal.language, **facts, units=known))
            answers.append(Feed(column=feed.column, source=feed.source, unit=unit))
        else:
            answers.append(feed)
    for column in suggestion.missing:
        value = typer.prompt(texts.say("ui.ask-missing", terminal.language, column=column))
        constant = value.removeprefix(":") if value.startswith(":") else None
        answers.append(Feed(column=column, source=None if constant is not None else value, constant=constant))
    used = {feed.source for feed in answers}
    left = [name for name in suggestion.unused if name not in used]
    left += [p.feed.source for p in suggestion.asked if p.feed.column in declined and p.feed.source]
    if left:
        typer.confirm(texts.say("ui.ask-drop", terminal.language, columns=left), abort=True)
    fit = mapping.confirm(suggestion, standard, layout, answers=answers, declined=declined, dropped=left)
    typer.confirm(terminal.word("ui.confirm-mapping"), abort=True)
    return fit


def given(text: str) -> Feed:
    """Read `column=Header` (a column of the file) or `column:=value` (one value for the whole file)."""
    column, _, value = text.partition("=")
    column = column.strip()
    if not column.strip(":") or not value:
        raise Invalid("mapping.given-malformed", given=text[:120])
    if column.endswith(":"):
        return Feed(column=column[:-1], constant=value)
    return Feed(column=column, source=value)


def read(text: str, standard: Standard, layout: Layout) -> Fit:
    """An edited mapping, if it fits the standard and the file."""
    return mapping.checked(fits.read(text), standard, layout)
