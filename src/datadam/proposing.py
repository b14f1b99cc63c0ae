"""Propose where a Standard's columns come from in a contributor's file: what is certain, and what must be asked. Pure.

A column is certain only when its header *is* a name, title or synonym of one standard column (case, width, blanks and
punctuation aside; in two languages, both parts are), no other comes near it, its values do not speak against it, its
unit is known, and its numbers and dates can be read in one way only. All else is a question: what `matching` finds
alike, values that look right, a missing unit or an order of day and month never map by themselves.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, TypeAlias

from datadam import matching, readings, wide
from datadam.headers import (
    ENOUGH,
    Header,
    are_units,
    beyond,
    claimants,
    code_share,
    feeds,
    header_of,
    looks_right,
    share,
    unit_columns,
    unit_named,
)
from datadam.mapping import feed_faults
from datadam.model import (
    CodeList,
    Column,
    DateForm,
    Feed,
    Fit,
    Layout,
    Reason,
    Standard,
    StandardId,
    Type,
    Unpivot,
)

MARGIN: Final = 0.1  # by which another column must be likelier for a header, else it stands beside the one so named
NAMED: Final = 0.4  # likeness of names from which on a suggestion rests on them and not on the values


class Why(StrEnum):
    """On what a proposal rests; each has a sentence `mapping.why-…`."""

    NAME = "name"  # the header is the column's name, title or synonym
    UNIT_HEADER = "unit-header"  # the header is nothing but one of the column's units
    LIKE_NAME = "like-name"
    VALUES = "values"  # the values are codes of the column's list, or have its pattern
    REMEMBERED = "remembered"  # the contributor confirmed it before, for another layout with this column
    WIDE = "wide"  # several headers are years or codes, their values quantities


class Doubt(StrEnum):
    """Why a proposal is asked about; each has a sentence `mapping.doubt-…`."""

    NOT_EXACT = "not-exact"  # the header only resembles
    SEVERAL = "several"  # more than one source column answers to this name
    VAGUE = "vague"  # the header is one of the column's names, but may well mean something else
    VALUES = "values"  # most sample values would be refused
    UNIT_UNKNOWN = "unit-unknown"  # the header names a unit that the standard does not take
    UNIT_MISSING = "unit-missing"  # the column takes several units and the file names none
    NUMBERS = "numbers"  # its numbers can be read in two ways, or in none: `options` settle it
    DATES = "dates"  # so can its dates
    READING = "reading"  # its first values are written in another way than ours; the others were not looked at


OPEN_READINGS: Final = frozenset({Doubt.NUMBERS, Doubt.DATES})


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One standard column and where its values seem to come from."""

    feed: Feed
    why: Why
    confidence: float  # 0 to 1, for ordering and display; what is certain has no doubts
    doubts: tuple[Doubt, ...] = ()
    unit_text: str | None = None  # the unit as the header writes it, where it is unknown
    others: tuple[str, ...] = ()  # source columns that might be meant as well
    options: tuple[str, ...] = ()  # ways of reading its numbers or dates, of which one is to be declared

    @property
    def certain(self) -> bool:
        """Whether it needs no answer."""
        return not self.doubts

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why this source, and then why it is asked about, to be put into words."""
        facts = {"column": self.feed.column, "source": self.feed.source or "", "unit": self.unit_text or ""}
        facts["others"] = ", ".join(self.others)
        reading = self.feed.dates or (self.feed.number.example if self.feed.number else "")
        facts["options"] = " | ".join(self.options) or str(reading)
        doubts = [Reason(f"mapping.doubt-{doubt}", facts) for doubt in self.doubts]
        return (Reason(f"mapping.why-{self.why}", facts), *doubts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """What a layout says about itself, before its owner confirms."""

    standard: StandardId
    version: str
    certain: tuple[Proposal, ...]
    asked: tuple[Proposal, ...]
    missing: tuple[str, ...]  # required columns that nothing answers to
    unused: tuple[str, ...]  # source columns that nobody wants: drop them by name, or map them by hand
    unpivot: Unpivot | None = None  # columns that seem to be one laid out in breadth: always to be confirmed


# --- suggest ----------------------------------------------------------------------------------------------------------


Profile: TypeAlias = Mapping[str, readings.Counts]
"""What was counted over *all* values of each source column; without it only samples are known, which prove nothing."""


def suggest(
    standard: Standard,
    layout: Layout,
    codes: Mapping[str, CodeList],
    profile: Profile | None = None,
    remembered: Fit | None = None,
) -> Suggestion:
    """Propose a source for every standard column that one can be found for; what is certain and what must be asked.

    `remembered` is what this contributor confirmed for a layout that has changed since: what it says of columns that
    are still there stands, and only the rest is looked for.
    """
    headers = [header_of(layout, number, standard) for number in range(len(layout.columns))]
    units = unit_columns(headers, standard, codes)
    headers = [replace(h, role=role) for h, role in zip(headers, matching.roles(layout.columns), strict=True)]
    by_text = {header.text: header for header in headers}
    free = [h for h in headers if h.text not in units]
    kept = _kept(remembered, standard, layout)
    free = [h for h in free if h.text not in {p.feed.source for p in kept}]
    still_open = {c.name for c in standard.columns} - {p.feed.column for p in kept}
    named = [p for p in _by_name(standard, free, codes) if p.feed.column in still_open]
    sure = [*kept, *(p for p in named if Doubt.VALUES not in p.doubts or _of_its_kind(p, standard, by_text))]
    taken = {p.feed.source for p in sure} | {other for p in sure for other in p.others}
    left = [h for h in free if h.text not in taken]
    open_columns = [c for c in standard.columns if c.name not in {p.feed.column for p in sure}]
    unpivot = wide.wide(standard, open_columns, [_candidate(h) for h in left], codes)
    if unpivot is not None:
        left = [h for h in left if h.text not in unpivot.columns]
        open_columns = [c for c in open_columns if c.name not in {unpivot.names_to, unpivot.values_to}]
    found = [*sure, *_by_likeness(open_columns, left, codes, {p.feed.column: p for p in named})]
    found = [p if p.why is Why.REMEMBERED else _near(p, free, standard, codes) for p in found]
    if unpivot is not None:
        found.append(_unfolded(unpivot))
    found = [
        p
        if p.why is Why.REMEMBERED
        else _with_reading(
            _with_unit(p, standard.column(p.feed.column), by_text, units),
            standard.column(p.feed.column),
            by_text,
            unpivot,
            profile,
        )
        for p in found
    ]
    order = {column.name: number for number, column in enumerate(standard.columns)}
    found.sort(key=lambda p: order[p.feed.column])
    mapped = {p.feed.column for p in found} | ({unpivot.names_to} if unpivot else set())
    used = (
        {p.feed.source for p in found} | {p.feed.unit_source for p in found} | set(unpivot.columns if unpivot else ())
    )
    return Suggestion(
        standard=standard.id,
        version=standard.version,
        certain=tuple(p for p in found if p.certain),
        asked=tuple(p for p in found if not p.certain),
        missing=tuple(c.name for c in standard.columns if c.required and c.name not in mapped),
        unused=tuple(text for text in layout.columns if text not in used),
        unpivot=unpivot,
    )


def _kept(remembered: Fit | None, standard: Standard, layout: Layout) -> list[Proposal]:
    """What was confirmed before of columns that are still there and still make sense under this standard."""
    if remembered is None:
        return []
    columns = {column.name: column for column in standard.columns}
    return [
        Proposal(feed=feed, why=Why.REMEMBERED, confidence=1.0)
        for feed in remembered.feeds
        if feed.column in columns
        and feed.source in layout.columns
        and not any(feed_faults(feed, columns[feed.column], layout, unfolded=False))
    ]


def _candidate(header: Header) -> matching.Candidate:
    return matching.Candidate(header=header.text, samples=header.samples, role=header.role, unit=header.unit)


def _unfolded(unpivot: Unpivot) -> Proposal:
    """The question about a wide table, put once, for the column of its values."""
    feed = Feed(column=unpivot.values_to)
    return Proposal(feed=feed, why=Why.WIDE, confidence=0.8, doubts=(Doubt.NOT_EXACT,), others=tuple(unpivot.columns))


def _near(p: Proposal, headers: list[Header], standard: Standard, codes: Mapping[str, CodeList]) -> Proposal:
    """A name is certain only if it can mean nothing else, and nothing else in the layout may be meant by the column."""
    if not p.certain:
        return p
    column, source = standard.column(p.feed.column), p.feed.source
    rivals = [
        h.text
        for h in headers
        if h.text != source and not claimants(h, standard) and _may_be(column, _candidate(h), standard, codes)
    ]
    if rivals:
        return replace(p, doubts=(Doubt.SEVERAL,), others=tuple(rivals))
    vague = any(matching.vague(column, _candidate(h), codes) for h in headers if h.text == source)
    return replace(p, doubts=(Doubt.VAGUE,)) if vague else p


def _may_be(column: Column, candidate: matching.Candidate, standard: Standard, codes: Mapping[str, CodeList]) -> bool:
    """Whether a header would be suggested for this column before all others."""
    best = max((matching.score(other, candidate, codes) for other in standard.columns), key=lambda m: m.score)
    own = matching.score(column, candidate, codes).score
    return own >= matching.SUGGEST and own > best.score - MARGIN


def _with_reading(
    p: Proposal, column: Column, headers: Mapping[str, Header], unpivot: Unpivot | None, profile: Profile | None
) -> Proposal:
    """Declare how a column's numbers or dates are written if all its values prove it; else ask, and say the options."""
    prove = _PROOFS.get(column.type)
    if prove is None or column.codes is not None or column.values:
        return p
    sources = [p.feed.source] if p.feed.source is not None else list(unpivot.columns) if unpivot else []
    whole = profile is not None and all(source in profile for source in sources)
    found = prove(_counts(sources, headers, profile if whole else None))
    written_so = looks_right(column, sources, headers) and not beyond(column, sources, headers)
    doubts = tuple(doubt for doubt in p.doubts if doubt is not Doubt.VALUES or not written_so)
    dated = column.type in {Type.DATE, Type.TIMESTAMP}
    if isinstance(found, readings.Open):
        doubt = Doubt.DATES if dated else Doubt.NUMBERS
        return replace(p, doubts=(*doubts, doubt), options=found.options)
    if found.form is None:
        return replace(p, doubts=doubts)
    form = found.form
    feed = replace(p.feed, dates=form) if isinstance(form, DateForm) else replace(p.feed, number=form)
    return replace(p, feed=feed, doubts=doubts if whole else (*doubts, Doubt.READING))


_PROOFS: Final[Mapping[Type, Callable[[readings.Counts], readings.Proven | readings.Open]]] = {
    Type.INTEGER: readings.numbers,
    Type.DECIMAL: readings.numbers,
    Type.NUMBER: readings.numbers,
    Type.DATE: readings.dates,
    Type.TIMESTAMP: readings.dates,
}


def _counts(sources: Iterable[str], headers: Mapping[str, Header], profile: Profile | None) -> readings.Counts:
    counts: dict[str, int] = {}
    for source in sources:
        held = profile[source] if profile is not None else readings.count(headers[source].samples)
        counts = {probe: counts.get(probe, 0) + number for probe, number in held.items()}
    return counts or readings.count(())


def _of_its_kind(p: Proposal, standard: Standard, headers: Mapping[str, Header]) -> bool:
    """Whether a header that bears a column's name holds numbers or dates as that does, be they in bounds or not."""
    column = standard.column(p.feed.column)
    return column.type in _PROOFS and p.feed.source is not None and looks_right(column, [p.feed.source], headers)


def _by_name(standard: Standard, headers: list[Header], codes: Mapping[str, CodeList]) -> list[Proposal]:
    """Whoever bears a name of exactly one column; where several do, the best is proposed and asked about."""
    claims: dict[str, list[Header]] = {}
    for header in headers:
        claimed = claimants(header, standard)
        if len(claimed) == 1:
            claims.setdefault(claimed[0].name, []).append(header)
    found = []
    for name, bearers in claims.items():
        column = standard.column(name)
        best = max(
            bearers,
            key=lambda h: (
                code_share(column, h, codes),
                share(column, h, codes) or 0,
                matching.nearness(h.text, column),
            ),
        )
        held = share(column, best, codes)
        doubts = [Doubt.SEVERAL] if len(bearers) > 1 else []
        doubts += [Doubt.VALUES] if (held is not None and held < ENOUGH) or not feeds(best, column) else []
        others = tuple(h.text for h in bearers if h is not best)
        feed = Feed(column=name, source=best.text)
        confidence = 1.0 if held is None else round((1 + held) / 2, 2)
        found.append(Proposal(feed=feed, why=Why.NAME, confidence=confidence, doubts=tuple(doubts), others=others))
    return found


def _by_likeness(
    columns: list[Column], headers: list[Header], codes: Mapping[str, CodeList], named: Mapping[str, Proposal]
) -> list[Proposal]:
    """Questions for the columns still open: by names taken apart, by values, or by a bare unit as header."""
    by_text = {header.text: header for header in headers}
    matches, possible = matching.match(columns, [_candidate(h) for h in headers], codes)
    found: list[Proposal] = []
    for one in matches:
        others = tuple(sorted(m.header for m in possible if m.column == one.column and m.header != one.header))
        held = named.get(one.column)
        if held is not None and held.feed.source == one.header:
            found.append(held)
            continue
        column = next(c for c in columns if c.name == one.column)
        fitting = share(column, by_text[one.header], codes)
        doubts = [Doubt.NOT_EXACT]
        doubts += [Doubt.VALUES] if (fitting or 0) < ENOUGH and fitting is not None else []
        why = Why.LIKE_NAME if one.name >= NAMED else Why.VALUES
        confidence = min(0.99, round(one.score, 2))
        feed = Feed(column=one.column, source=one.header)
        found.append(Proposal(feed=feed, why=why, confidence=confidence, doubts=tuple(doubts), others=others))
    filled, used = {p.feed.column for p in found}, {p.feed.source for p in found}
    for column in columns:  # a name that its values speak against is still a question, if nothing better is there
        spoken = named.get(column.name)
        if spoken is None or spoken.feed.source not in by_text:
            continue
        score = matching.score(column, _candidate(by_text[spoken.feed.source]), codes).score
        if column.name not in filled and spoken.feed.source not in used and score >= matching.LEAST_NAMED:
            found.append(spoken)
            filled.add(column.name)
            used.add(spoken.feed.source)
    for column in columns:
        bare = [h for h in headers if h.text not in used and unit_named(column, h.text) is not None]
        if column.units and column.name not in filled and bare:
            feed = Feed(column=column.name, source=bare[0].text)
            found.append(Proposal(feed=feed, why=Why.UNIT_HEADER, confidence=0.8, doubts=(Doubt.NOT_EXACT,)))
            used.add(bare[0].text)
    return found


def _with_unit(p: Proposal, column: Column, headers: Mapping[str, Header], unit_columns: list[str]) -> Proposal:
    """Find the unit that a proposed column arrives in: from its header, from a column of units, or ask."""
    written = {headers[text].unit for text in ((p.feed.source,) if p.feed.source is not None else p.others)}
    if p.why is Why.UNIT_HEADER:
        written = {p.feed.source}
    if len(written) == 1 and (unit := next(iter(written))) is not None:
        return _with_written(p, column, unit)
    if len(column.units) > 1 and len(unit_columns) == 1 and are_units(column, headers[unit_columns[0]]):
        return replace(p, feed=replace(p.feed, unit_source=unit_columns[0]))
    if len(column.units) > 1:
        return replace(p, feed=replace(p.feed, unit=column.unit), doubts=(*p.doubts, Doubt.UNIT_MISSING))
    if column.units and any(not are_units(column, headers[text]) for text in unit_columns):
        return replace(p, doubts=(*p.doubts, Doubt.UNIT_MISSING))  # a column of other units: weeks, perhaps
    return p


def _with_written(p: Proposal, column: Column, written: str) -> Proposal:
    if column.unit is None:  # a remark in brackets: it may say that something else is meant
        return replace(p, doubts=tuple(dict.fromkeys((*p.doubts, Doubt.NOT_EXACT))))
    known = unit_named(column, written)
    if known is None:  # what it is called is not what it would be read as
        return replace(p, doubts=(*p.doubts, Doubt.UNIT_UNKNOWN), unit_text=written)
    return replace(p, feed=replace(p.feed, unit=known))


def to_prove(suggestion: Suggestion, standard: Standard) -> tuple[str, ...]:
    """The source columns whose numbers or dates all values should be counted of."""
    found: list[str] = []
    for p in (*suggestion.certain, *suggestion.asked):
        column = standard.column(p.feed.column)
        if p.why is not Why.REMEMBERED and column.type in _PROOFS and column.codes is None and not column.values:
            found += [p.feed.source] if p.feed.source is not None else p.others
    return tuple(dict.fromkeys(found))
