"""Fit a contributor's columns to a Standard: suggest, confirm, remember. Pure.

A column is certain only when its header *is* a name, title or synonym of one standard column (case, width, blanks and
punctuation aside; in two languages, both parts are), no other comes near it, its values do not speak against it, its
unit is known, and its numbers and dates can be read in one way only. All else is a question: what `matching` finds
alike, values that look right, a missing unit or an order of day and month never map by themselves.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, TypeAlias

from datadam import matching, readings, seal, wide, words
from datadam.errors import DamError, Faults, Invalid
from datadam.model import (
    CodeList,
    Column,
    DateForm,
    Feed,
    Fit,
    Json,
    Layout,
    NumberForm,
    Reason,
    Standard,
    StandardId,
    Type,
    Unpivot,
    date_form,
    fold,
    number_form,
    standard_id,
)
from datadam.standard import bears, plain, resolve

MARGIN: Final = 0.1  # by which another column must be likelier for a header, else it stands beside the one so named
NAMED: Final = 0.4  # likeness of names from which on a suggestion rests on them and not on the values
ENOUGH: Final = 0.5  # share of sample values that must fit, else a matching name is asked about
MAX_HEADER: Final = 200  # characters; a longer header is no name
MAX_TEXT: Final = 2000  # characters of a name in a fit
VERSION: Final = 1  # of the fit's JSON form

UNIT_HEADERS: Final = frozenset(
    map(plain, ("unit", "units", "uom", "unit of measure", "measure", "단위", "単位", "unité", "unidad"))
)

_PARTS: Final = re.compile(r"[/|()\[\]（）［］\n]+")
_SCRIPTS: Final = re.compile(r"[가-힣][가-힣\s]*|[々一-鿿぀-ヿー]+|[^가-힣々一-鿿぀-ヿー]+")
_BRACKETED: Final = re.compile(r"(.+?)\s*[(\[（［]([^()\[\]（）［］]+)[)\]）］]\s*")
_SEPARATOR: Final = re.compile(r"[\s,/|:_–-]+(?:in\s+)?")
# What a physical type may feed without a question; a name that is not here says nothing.
_PHYSICAL: Final[tuple[tuple[str, frozenset[Type]], ...]] = (
    ("bool", frozenset({Type.BOOLEAN})),
    ("timestamp", frozenset({Type.TIMESTAMP, Type.DATE})),
    ("datetime", frozenset({Type.TIMESTAMP, Type.DATE})),
    ("date", frozenset({Type.TIMESTAMP, Type.DATE})),
    ("int", frozenset({Type.INTEGER, Type.DECIMAL, Type.NUMBER, Type.TEXT})),
    ("float", frozenset({Type.DECIMAL, Type.NUMBER})),
    ("double", frozenset({Type.DECIMAL, Type.NUMBER})),
    ("decimal", frozenset({Type.DECIMAL, Type.NUMBER, Type.INTEGER})),
)
_FORMS: Final[Mapping[Type, re.Pattern[str]]] = {
    Type.INTEGER: re.compile(r"[+-]?[0-9]+"),
    Type.DECIMAL: re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?"),
    Type.NUMBER: re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?"),
    Type.BOOLEAN: re.compile(r"true|false|0|1|yes|no", re.IGNORECASE),
    Type.DATE: re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]00:00:00(\.0+)?Z?)?"),
    Type.TIMESTAMP: re.compile(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
    ),
}


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
_ASKED: Final = (
    (frozenset({Doubt.NUMBERS}), "mapping.numbers-ambiguous"),
    (frozenset({Doubt.DATES}), "mapping.dates-ambiguous"),
    (frozenset({Doubt.UNIT_MISSING, Doubt.UNIT_UNKNOWN}), "mapping.unit-asked"),
)  # doubts that no yes settles


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


@dataclass(frozen=True, slots=True)
class _Header:
    """A source column, its header taken apart."""

    text: str
    base: str  # without its unit
    unit: str | None
    samples: tuple[str, ...]
    physical: str = "text"
    role: str | None = None  # whose column it is, by itself or by its neighbours


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
    headers = [_header(layout, number, standard) for number in range(len(layout.columns))]
    unit_columns = _unit_columns(headers, standard, codes)
    headers = [replace(h, role=role) for h, role in zip(headers, matching.roles(layout.columns), strict=True)]
    by_text = {header.text: header for header in headers}
    free = [h for h in headers if h.text not in unit_columns]
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
            _with_unit(p, standard.column(p.feed.column), by_text, unit_columns),
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
        and not any(_feed_faults(feed, columns[feed.column], layout, unfolded=False))
    ]


def _unit_columns(headers: list["_Header"], standard: Standard, codes: Mapping[str, CodeList]) -> list[str]:
    """The columns that name units row by row; where several say so, those whose values are units that we know."""
    named = [h for h in headers if _names_units(h) and not _claimants(h, standard)]
    named = [h for h in named if not any(_code_share(c, h, codes) == 1 for c in standard.columns if h.samples)]
    known = [h for h in named if h.samples and any(_are_units(c, h) for c in standard.columns if c.units)]
    return [h.text for h in (known if len(named) > 1 and known else named)]


def _names_units(header: "_Header") -> bool:
    """Whether a header says that its column holds units, in one language or in two."""
    said = [word for word in words.words(header.text) if word.meanings]
    return plain(header.text) in UNIT_HEADERS or (bool(said) and all(w.meanings == {"measure-unit"} for w in said))


def _candidate(header: "_Header") -> matching.Candidate:
    return matching.Candidate(header=header.text, samples=header.samples, role=header.role)


def _unfolded(unpivot: Unpivot) -> Proposal:
    """The question about a wide table, put once, for the column of its values."""
    feed = Feed(column=unpivot.values_to)
    return Proposal(feed=feed, why=Why.WIDE, confidence=0.8, doubts=(Doubt.NOT_EXACT,), others=tuple(unpivot.columns))


def _near(p: Proposal, headers: list["_Header"], standard: Standard, codes: Mapping[str, CodeList]) -> Proposal:
    """A name is certain only if it can mean nothing else, and nothing else in the layout may be meant by the column."""
    if not p.certain:
        return p
    column, source = standard.column(p.feed.column), p.feed.source
    rivals = [
        h.text
        for h in headers
        if h.text != source and not _claimants(h, standard) and _may_be(column, _candidate(h), standard, codes)
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
    p: Proposal, column: Column, headers: Mapping[str, "_Header"], unpivot: Unpivot | None, profile: Profile | None
) -> Proposal:
    """Declare how a column's numbers or dates are written if all its values prove it; else ask, and say the options."""
    prove = _PROOFS.get(column.type)
    if prove is None or column.codes is not None or column.values:
        return p
    sources = [p.feed.source] if p.feed.source is not None else list(unpivot.columns) if unpivot else []
    whole = profile is not None and all(source in profile for source in sources)
    found = prove(_counts(sources, headers, profile if whole else None))
    written_so = _looks_right(column, sources, headers) and not _beyond(column, sources, headers)
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


def _counts(sources: Iterable[str], headers: Mapping[str, "_Header"], profile: Profile | None) -> readings.Counts:
    counts: dict[str, int] = {}
    for source in sources:
        held = profile[source] if profile is not None else readings.count(headers[source].samples)
        counts = {probe: counts.get(probe, 0) + number for probe, number in held.items()}
    return counts or readings.count(())


def _of_its_kind(p: Proposal, standard: Standard, headers: Mapping[str, "_Header"]) -> bool:
    """Whether a header that bears a column's name holds numbers or dates as that does, be they in bounds or not."""
    column = standard.column(p.feed.column)
    return column.type in _PROOFS and p.feed.source is not None and _looks_right(column, [p.feed.source], headers)


def _looks_right(column: Column, sources: Iterable[str], headers: Mapping[str, "_Header"]) -> bool:
    """Whether most samples are numbers or dates, however they are written."""
    found = readings.count(value for source in sources for value in headers[source].samples)
    like = found["date" if column.type in {Type.DATE, Type.TIMESTAMP} else "number"]
    possible = all(_feeds(headers[source], column) for source in sources)
    return possible and bool(like) and like >= ENOUGH * found[readings.PRESENT]


def _beyond(column: Column, sources: Iterable[str], headers: Mapping[str, "_Header"]) -> bool:
    """Whether plain numbers lie out of the column's bounds: in another unit, say, or of something else."""
    values = (value for source in sources for value in headers[source].samples)
    return any(_FORMS[column.type].fullmatch(value) and not _in_bounds(column, value) for value in values)


def _samples(layout: Layout, number: int) -> tuple[str, ...]:
    held = layout.samples[number] if number < len(layout.samples) else ()
    return tuple(text for text in (value.strip() for value in held) if text)


def _header(layout: Layout, number: int, standard: Standard) -> _Header:
    """Split a unit off, but only if it stands in brackets or is one that the standard knows."""
    text = layout.columns[number]
    physical = layout.types[number] if number < len(layout.types) else "text"
    whole = _Header(text, text if len(text) <= MAX_HEADER else "", None, _samples(layout, number), physical.lower())
    if _claimants(whole, standard):  # `essential (0-2)` is a name, not a unit
        return whole
    bracketed = _BRACKETED.fullmatch(whole.base)
    if bracketed:
        return replace(whole, base=bracketed.group(1), unit=bracketed.group(2).strip())
    for found in _SEPARATOR.finditer(whole.base):
        rest = text[found.end() :]
        if found.start() and any(column.units and unit_named(column, rest) for column in standard.columns):
            return replace(whole, base=text[: found.start()], unit=rest)
    return whole


def unit_named(column: Column, text: str) -> str | None:
    """The symbol of the column's unit that `text` means, or None. Symbols count to the letter: a Mg is not a mg."""
    for unit in column.units:
        if text.strip() == unit.symbol or fold(text) in map(fold, unit.synonyms):
            return unit.symbol
    return column.unit if column.unit is not None and text.strip() == column.unit else None


def _claimants(header: _Header, standard: Standard) -> list[Column]:
    """The columns that a header names: as a whole, or in two languages with both of its parts."""
    keys = [plain(header.base)]
    found = _known(keys[0], standard)
    for split in (_PARTS.split, _SCRIPTS.findall):
        keys = [key for part in split(header.base) if (key := plain(part))]
        if not found and len(keys) > 1:
            each = [_known(key, standard) for key in keys]
            found = [column for column in each[0] if all(column in others for others in each)]
    return found


def _known(key: str, standard: Standard) -> list[Column]:
    return [column for column in standard.columns if key and bears(column, key)]


def _by_name(standard: Standard, headers: list[_Header], codes: Mapping[str, CodeList]) -> list[Proposal]:
    """Whoever bears a name of exactly one column; where several do, the best is proposed and asked about."""
    claims: dict[str, list[_Header]] = {}
    for header in headers:
        claimed = _claimants(header, standard)
        if len(claimed) == 1:
            claims.setdefault(claimed[0].name, []).append(header)
    found = []
    for name, bearers in claims.items():
        column = standard.column(name)
        best = max(bearers, key=lambda h: (_code_share(column, h, codes), _share(column, h, codes) or 0))
        share = _share(column, best, codes)
        doubts = [Doubt.SEVERAL] if len(bearers) > 1 else []
        doubts += [Doubt.VALUES] if (share is not None and share < ENOUGH) or not _feeds(best, column) else []
        others = tuple(h.text for h in bearers if h is not best)
        feed = Feed(column=name, source=best.text)
        confidence = 1.0 if share is None else round((1 + share) / 2, 2)
        found.append(Proposal(feed=feed, why=Why.NAME, confidence=confidence, doubts=tuple(doubts), others=others))
    return found


def _by_likeness(
    columns: list[Column], headers: list[_Header], codes: Mapping[str, CodeList], named: Mapping[str, Proposal]
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
        share = _share(column, by_text[one.header], codes)
        doubts = [Doubt.NOT_EXACT]
        doubts += [Doubt.VALUES] if (share or 0) < ENOUGH and share is not None else []
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


def _feeds(header: _Header, column: Column) -> bool:
    """Whether a column of this physical type (Parquet's; CSV is all text) may feed the standard column unasked."""
    for word, kinds in _PHYSICAL:
        if word in header.physical:
            return column.type in kinds
    return True


def _share(column: Column, header: _Header, codes: Mapping[str, CodeList]) -> float | None:
    """Share of the sample values that the column could take; None if there are no samples."""
    if not header.samples:
        return None
    return sum(_takes(column, value, codes) for value in header.samples) / len(header.samples)


def _code_share(column: Column, header: _Header, codes: Mapping[str, CodeList]) -> float:
    """Share of values that are codes as they stand: a column of codes is a better source than one of names."""
    listed = codes[column.codes].codes if column.codes is not None and column.codes in codes else frozenset[str]()
    return sum(value in listed for value in header.samples) / max(1, len(header.samples))


def _takes(column: Column, value: str, codes: Mapping[str, CodeList]) -> bool:
    if column.type in _FORMS:
        return _FORMS[column.type].fullmatch(value) is not None and _in_bounds(column, value)
    listed = codes.get(column.codes) if column.codes is not None else None
    return (
        (listed is None or resolve(listed, value) is not None)
        and (not column.values or fold(value) in map(fold, column.values))
        and (column.min_length is None or len(value) >= column.min_length)
        and (column.max_length is None or len(value) <= column.max_length)
        and (column.pattern is None or listed is not None or _has_pattern(column.pattern, value))
    )


def _in_bounds(column: Column, value: str) -> bool:
    """Whether a plain number is one that the column takes; texts and dates are not weighed here."""
    if column.type not in {Type.INTEGER, Type.DECIMAL, Type.NUMBER}:
        return True
    low, high = column.minimum, column.maximum
    return (low is None or Decimal(value) >= Decimal(str(low))) and (
        high is None or Decimal(value) <= Decimal(str(high))
    )


def _has_pattern(pattern: str, value: str) -> bool:
    """Whether a checked pattern holds; Python before 3.14 lacks its end anchor, and `fullmatch` needs neither."""
    return re.fullmatch(pattern.removeprefix(r"\A").removesuffix(r"\z"), value) is not None


def _with_unit(p: Proposal, column: Column, headers: Mapping[str, _Header], unit_columns: list[str]) -> Proposal:
    """Find the unit that a proposed column arrives in: from its header, from a column of units, or ask."""
    written = {headers[text].unit for text in ((p.feed.source,) if p.feed.source is not None else p.others)}
    if p.why is Why.UNIT_HEADER:
        written = {p.feed.source}
    if len(written) == 1 and (unit := next(iter(written))) is not None:
        return _with_written(p, column, unit)
    if len(column.units) > 1 and len(unit_columns) == 1 and _are_units(column, headers[unit_columns[0]]):
        return replace(p, feed=replace(p.feed, unit_source=unit_columns[0]))
    if len(column.units) > 1:
        return replace(p, feed=replace(p.feed, unit=column.unit), doubts=(*p.doubts, Doubt.UNIT_MISSING))
    if column.units and any(not _are_units(column, headers[text]) for text in unit_columns):
        return replace(p, doubts=(*p.doubts, Doubt.UNIT_MISSING))  # a column of other units: weeks, perhaps
    return p


def _with_written(p: Proposal, column: Column, written: str) -> Proposal:
    if column.unit is None:  # a remark in brackets: it may say that something else is meant
        return replace(p, doubts=tuple(dict.fromkeys((*p.doubts, Doubt.NOT_EXACT))))
    known = unit_named(column, written)
    if known is None:  # what it is called is not what it would be read as
        return replace(p, doubts=(*p.doubts, Doubt.UNIT_UNKNOWN), unit_text=written)
    return replace(p, feed=replace(p.feed, unit=known))


def _are_units(column: Column, header: _Header) -> bool:
    return all(unit_named(column, value) is not None for value in header.samples)


def to_prove(suggestion: Suggestion, standard: Standard) -> tuple[str, ...]:
    """The source columns whose numbers or dates all values should be counted of."""
    found: list[str] = []
    for p in (*suggestion.certain, *suggestion.asked):
        column = standard.column(p.feed.column)
        if p.why is not Why.REMEMBERED and column.type in _PROOFS and column.codes is None and not column.values:
            found += [p.feed.source] if p.feed.source is not None else p.others
    return tuple(dict.fromkeys(found))


def declare(suggestion: Suggestion, forms: Mapping[str, NumberForm | DateForm]) -> Suggestion:
    """The suggestion with what the contributor said of how columns are written: that question is answered."""

    def said(p: Proposal) -> Proposal:
        form = forms.get(p.feed.column)
        if form is None:
            return p
        doubts = tuple(doubt for doubt in p.doubts if doubt not in {*OPEN_READINGS, Doubt.READING})
        feed = replace(p.feed, dates=form) if isinstance(form, DateForm) else replace(p.feed, number=form)
        return replace(p, feed=feed, doubts=doubts, options=())

    told = [said(p) for p in (*suggestion.certain, *suggestion.asked)]
    unknown = [name for name in forms if name not in {p.feed.column for p in told}]
    if unknown:
        raise Invalid("mapping.column-missing", column=unknown[0])
    return replace(
        suggestion,
        certain=tuple(p for p in told if p.certain),
        asked=tuple(p for p in told if not p.certain),
    )


# --- confirm ----------------------------------------------------------------------------------------------------------


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How a layout differs from the one that a mapping was confirmed for."""

    added: tuple[str, ...]  # columns of the file that the mapping does not know
    gone: tuple[str, ...]  # columns that the mapping knows and the file has no more


def difference(fit: Fit, layout: Layout) -> Difference:
    """What changed since this mapping was confirmed; the order of columns does not count."""
    named = [feed.source for feed in fit.feeds] + [feed.unit_source for feed in fit.feeds]
    wide = () if fit.unpivot is None else tuple(fit.unpivot.columns)
    known = dict.fromkeys(name for name in (*named, *wide, *fit.dropped) if name is not None)
    return Difference(
        added=tuple(name for name in layout.columns if name not in known),
        gone=tuple(name for name in known if name not in layout.columns),
    )


def carried(fit: Fit, standard: Standard) -> Fit:
    """The same fit for a later version that keeps what every column means; for any other it is given back as it is.

    A standard's versions keep that as long as their first number stays: `evolution` holds publishers to it.
    """
    was, now = ([int(part) for part in version.split(".")] for version in (fit.version, standard.version))
    keeps = fit.standard == standard.id and was[:1] == now[:1] and was < now
    return replace(fit, version=standard.version) if keeps else fit


def checked(fit: Fit, standard: Standard, layout: Layout) -> Fit:
    """Give the fit back if it fits; else `Faults` with everything that does not."""
    faults = tuple(fit_faults(fit, standard, layout))
    if faults:
        raise Faults("mapping.faults", faults)
    return fit


def fit_faults(fit: Fit, standard: Standard, layout: Layout) -> Iterator[DamError]:
    """Find everything wrong with a fit: unknown, doubled or missing columns, units, source columns left in the dark."""
    if (fit.standard, fit.version) != (standard.id, standard.version):
        yield Invalid(
            "mapping.other-standard", fit=f"{fit.standard} {fit.version}", standard=f"{standard.id} {standard.version}"
        )
    columns = {column.name: column for column in standard.columns}
    yield from _unpivot_faults(fit, columns, layout)
    wide = fit.unpivot
    fed: set[str] = set()
    used: set[str] = set(wide.columns) if wide else set()
    unfolded = {wide.names_to, wide.values_to} if wide else set[str]()
    for feed in fit.feeds:
        if feed.column not in columns:
            yield Invalid("mapping.column-unknown", column=feed.column, standard=standard.id)
            continue
        if feed.column in fed:
            yield Invalid("mapping.column-twice", column=feed.column)
        fed.add(feed.column)
        if feed.source is not None:
            if feed.source in used:  # two columns cannot both be what one column says
                yield Invalid("mapping.source-twice", source=feed.source)
            used.add(feed.source)
        yield from _feed_faults(feed, columns[feed.column], layout, unfolded=feed.column in unfolded)
    fed |= unfolded
    for column in standard.columns:
        if column.required and column.name not in fed:
            yield Invalid("mapping.column-missing", column=column.name)
    units = {feed.unit_source for feed in fit.feeds if feed.unit_source is not None}
    yield from _leftover_faults(fit, layout, used | units)


def _unpivot_faults(fit: Fit, columns: Mapping[str, Column], layout: Layout) -> Iterator[DamError]:
    """Find what is wrong with a wide table's description."""
    wide = fit.unpivot
    if wide is None:
        return
    for name in (wide.names_to, wide.values_to):
        if name not in columns:
            yield Invalid("mapping.column-unknown", column=name, standard=fit.standard)
    if not wide.columns or wide.names_to == wide.values_to:
        yield Invalid("mapping.unpivot-empty", names=wide.names_to, values=wide.values_to)
    for name in wide.columns:
        if name not in layout.columns:
            yield Invalid("mapping.source-unknown", column=wide.values_to, source=name)
    quantity = columns.get(wide.values_to)
    if quantity is not None and len(quantity.units) > 1 and all(feed.column != wide.values_to for feed in fit.feeds):
        known = ", ".join(unit.symbol for unit in quantity.units)
        yield Invalid("mapping.unit-missing", column=wide.values_to, known=known)


def _feed_faults(feed: Feed, column: Column, layout: Layout, *, unfolded: bool) -> Iterator[DamError]:
    if unfolded and (feed.source is not None or feed.constant is not None):
        yield Invalid("mapping.unpivot-twice", column=feed.column)
    elif not unfolded and (feed.source is None) == (feed.constant is None):
        yield Invalid("mapping.source-or-constant", column=feed.column)
    for name in (feed.source, feed.unit_source):
        if name is not None and name not in layout.columns:
            yield Invalid("mapping.source-unknown", column=feed.column, source=name)
    known = ", ".join(unit.symbol for unit in column.units)
    if feed.unit is not None and feed.unit_source is not None:
        yield Invalid("mapping.unit-twice", column=feed.column)
    if feed.unit is not None and unit_named(column, feed.unit) is None:
        yield Invalid("mapping.unit-unknown", column=feed.column, unit=feed.unit, known=known)
    if not _may_declare(feed, column):
        yield Invalid("plan.reading-needless", column=feed.column, type=str(column.type))
    if feed.unit_source is not None and not column.units:
        yield Invalid("mapping.unit-unused", column=feed.column)
    if len(column.units) > 1 and feed.unit is None and feed.unit_source is None:
        yield Invalid("mapping.unit-missing", column=feed.column, known=known)


def _may_declare(feed: Feed, column: Column) -> bool:
    listed = column.codes is not None or bool(column.values)
    serial = feed.dates in readings.SYSTEMS
    dated = {Type.DATE} if serial else {Type.DATE, Type.TIMESTAMP}
    numbers = feed.number is None or (column.type in {Type.INTEGER, Type.DECIMAL, Type.NUMBER} and not listed)
    return numbers and (feed.dates is None or (column.type in dated and not listed))


def _leftover_faults(fit: Fit, layout: Layout, used: set[str]) -> Iterator[DamError]:
    for name in fit.dropped:
        if name not in layout.columns:
            yield Invalid("mapping.dropped-unknown", source=name)
        elif name in used:
            yield Invalid("mapping.dropped-used", source=name)
    for name in layout.columns:
        if name not in used and name not in fit.dropped:
            yield Invalid("mapping.source-left-over", source=name)


# --- remember ---------------------------------------------------------------------------------------------------------

_FEED_FIELDS: Final = ("source", "constant", "unit", "unit_source", "number", "dates")
_UNPIVOT_FIELDS: Final = ("names_to", "values_to", "columns")


def fit_to_json(fit: Fit) -> Json:
    """The fit as JSON: what a manifest's mapping digest is of, and what a contributor may keep and edit."""
    feeds: dict[str, Any] = {}
    for feed in fit.feeds:
        feeds[feed.column] = feed_to_json(feed)
    found: dict[str, Any] = {
        "v": VERSION,
        "standard": fit.standard,
        "version": fit.version,
        "feeds": feeds,
        "dropped": list(fit.dropped),
    }
    return found if fit.unpivot is None else {**found, "unpivot": unpivot_to_json(fit.unpivot)}


def feed_to_json(feed: Feed) -> dict[str, str]:
    """A feed's parts that are there, as texts; a form of numbers by its example."""
    number = None if feed.number is None else feed.number.example
    dates = None if feed.dates is None else str(feed.dates)
    parts = {name: getattr(feed, name) for name in _FEED_FIELDS} | {"number": number, "dates": dates}
    return {name: value for name, value in parts.items() if value is not None}


def unpivot_to_json(unpivot: Unpivot) -> dict[str, Any]:
    """A wide table's columns, and what they are turned into."""
    return {"names_to": unpivot.names_to, "values_to": unpivot.values_to, "columns": dict(unpivot.columns)}


def fit_from_json(found: object) -> Fit:
    """Read a fit strictly: an unknown field, another version or a wrong type is `Invalid`."""
    fields = {"v", "standard", "version", "feeds", "dropped"}
    if (
        not isinstance(found, dict)
        or set(found) - {"unpivot"} != fields
        or found["v"] != VERSION
        or isinstance(found["v"], bool)
    ):
        raise Invalid("mapping.fit-malformed", field=", ".join(sorted(fields)))
    feeds, dropped = found["feeds"], found["dropped"]
    if not isinstance(feeds, dict) or not isinstance(dropped, list) or not all(map(_is_text, dropped)):
        raise Invalid("mapping.fit-malformed", field="feeds, dropped")
    if not _is_text(found["standard"]) or not _is_text(found["version"]):
        raise Invalid("mapping.fit-malformed", field="standard, version")
    for name, parts in feeds.items():
        if not isinstance(parts, dict) or not set(parts) <= set(_FEED_FIELDS) or not all(map(_is_text, parts.values())):
            raise Invalid("mapping.fit-malformed", field=f"feeds.{name}"[:120])
    return Fit(
        standard=standard_id(found["standard"]),
        version=found["version"],
        feeds=tuple(_feed_from_json(name, parts) for name, parts in feeds.items()),
        dropped=tuple(dropped),
        unpivot=_unpivot_from_json(found["unpivot"]) if "unpivot" in found else None,
    )


def _feed_from_json(name: str, parts: Mapping[str, str]) -> Feed:
    plain_parts = {field: text for field, text in parts.items() if field not in {"number", "dates"}}
    number = number_form(parts["number"]) if "number" in parts else None
    return Feed(
        column=name, **plain_parts, number=number, dates=date_form(parts["dates"]) if "dates" in parts else None
    )


def _unpivot_from_json(found: object) -> Unpivot:
    if not isinstance(found, dict) or set(found) != set(_UNPIVOT_FIELDS) or not isinstance(found["columns"], dict):
        raise Invalid("mapping.fit-malformed", field="unpivot")
    told = [found["names_to"], found["values_to"], *found["columns"], *found["columns"].values()]
    if not all(map(_is_text, told)):
        raise Invalid("mapping.fit-malformed", field="unpivot")
    return Unpivot(names_to=found["names_to"], values_to=found["values_to"], columns=found["columns"])


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= MAX_TEXT


def layout_digest(layout: Layout) -> str:
    """SHA-256 of the header in order: under this a confirmed fit is remembered."""
    return seal.digest(layout.digest_text.encode())


def fit_digest(fit: Fit) -> str:
    """SHA-256 of the fit's RFC 8785 JSON: what the manifest says of the mapping. The order of feeds does not count."""
    return seal.digest(seal.canonical(fit_to_json(replace(fit, dropped=tuple(sorted(fit.dropped))))))
