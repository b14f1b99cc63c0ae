"""A contributor's answers to what was proposed, made a fit; what is still open is said, never guessed. Pure."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Final

from datadam.errors import DamError, Faults, Invalid
from datadam.mapping import fit_faults
from datadam.model import DateForm, Feed, Fit, Layout, NumberForm, Standard
from datadam.proposing import OPEN_READINGS, Doubt, Proposal, Suggestion, Why

UNITS: Final = frozenset({Doubt.UNIT_MISSING, Doubt.UNIT_UNKNOWN})
_ASKED: Final = (
    (frozenset({Doubt.NUMBERS}), "mapping.numbers-ambiguous"),
    (frozenset({Doubt.DATES}), "mapping.dates-ambiguous"),
    (UNITS, "mapping.unit-asked"),
)  # doubts that no yes settles


def declare(suggestion: Suggestion, forms: Mapping[str, NumberForm | DateForm]) -> Suggestion:
    """The suggestion with what the contributor said of how columns are written: that question is answered."""

    def said(p: Proposal) -> Proposal:
        form = forms.get(p.feed.column)
        if form is None:
            return p
        doubts = tuple(doubt for doubt in p.doubts if doubt not in {*OPEN_READINGS, Doubt.READING})
        feed = replace(p.feed, dates=form) if isinstance(form, DateForm) else replace(p.feed, number=form)
        return replace(p, feed=feed, doubts=doubts, options=())

    return _sorted(suggestion, forms, said)


def measure(suggestion: Suggestion, units: Mapping[str, str]) -> Suggestion:
    """The suggestion with the units that the contributor says its columns are in: that question is answered."""

    def said(p: Proposal) -> Proposal:
        unit = units.get(p.feed.column)
        if unit is None:
            return p
        doubts = tuple(doubt for doubt in p.doubts if doubt not in UNITS)
        return replace(p, feed=replace(p.feed, unit=unit, unit_source=None), doubts=doubts, unit_text=None)

    return _sorted(suggestion, units, said)


def _sorted(suggestion: Suggestion, names: Iterable[str], said: Callable[[Proposal], Proposal]) -> Suggestion:
    """The suggestion with what was `said` of the columns `names`: certain is now what has no doubt left."""
    told = [said(p) for p in (*suggestion.certain, *suggestion.asked)]
    unknown = [name for name in names if name not in {p.feed.column for p in told}]
    if unknown:
        raise Invalid("mapping.column-missing", column=unknown[0])
    return replace(
        suggestion,
        certain=tuple(p for p in told if p.certain),
        asked=tuple(p for p in told if not p.certain),
    )


def confirm(
    suggestion: Suggestion,
    standard: Standard,
    layout: Layout,
    *,
    answers: Iterable[Feed] = (),
    declined: Collection[str] = (),
    dropped: Collection[str] = (),
) -> Fit:
    """Make the fit that the contributor stands for; `Faults` names everything that is still open.

    `answers` are feeds for what was asked, or in place of what was certain; `declined` are standard columns that get
    nothing; `dropped` are source columns that the contributor leaves out by name.
    """
    given = {feed.column: feed for feed in answers}
    certain = {p.feed.column: p.feed for p in suggestion.certain}
    feeds = {name: feed for name, feed in {**certain, **given}.items() if name not in declined}
    unanswered = [p for p in suggestion.asked if p.feed.column not in feeds and p.feed.column not in declined]
    open_questions: list[DamError] = [one for p in unanswered for one in _questions(p, standard)]
    wide = suggestion.unpivot
    folded = feeds.get(wide.values_to) if wide is not None else None
    wide = wide if folded is not None and folded.source is None and folded.constant is None else None
    order = [column.name for column in standard.columns]
    chosen = sorted(feeds.values(), key=lambda f: order.index(f.column) if f.column in order else len(order))
    fit = Fit(standard=standard.id, version=standard.version, feeds=tuple(chosen), dropped=tuple(dropped), unpivot=wide)
    asked = {p.feed.column for p in unanswered}
    if suggestion.unpivot is not None and suggestion.unpivot.values_to in asked:
        asked.add(suggestion.unpivot.names_to)
    waiting = {source for p in unanswered for source in (p.others if p.why is Why.WIDE else (p.feed.source,))}
    faults = [
        f
        for f in fit_faults(fit, standard, layout)
        if not (f.code == "mapping.column-missing" and f.facts["column"] in asked)
        and not (f.code == "mapping.source-left-over" and f.facts["source"] in waiting)
    ]
    if open_questions or faults:
        raise Faults("mapping.faults", [*open_questions, *faults])
    return fit


def accepted(suggestion: Suggestion) -> tuple[Feed, ...]:
    """The feeds of every question, answered with yes: for a contributor who looked at them and agrees.

    A unit that nobody knows, and an order of day and month that nothing proves, are never agreed to by a yes: those
    feeds are left out.
    """
    return tuple(p.feed for p in suggestion.asked if not {Doubt.UNIT_UNKNOWN, *OPEN_READINGS} & {*p.doubts})


def _questions(p: Proposal, standard: Standard) -> list[Invalid]:
    """What is still to be said of a proposal, as errors that carry the answers there are."""
    facts = {"column": p.feed.column, "source": p.feed.source or ", ".join(p.others), "options": " | ".join(p.options)}
    facts["known"] = ", ".join(unit.symbol for unit in standard.column(p.feed.column).units)
    found = [Invalid("mapping.wide-asked", **facts)] if p.why is Why.WIDE else []
    found += [Invalid(code, **facts) for doubts, code in _ASKED if doubts & {*p.doubts}]
    return found or [Invalid("mapping.not-answered", **facts)]
