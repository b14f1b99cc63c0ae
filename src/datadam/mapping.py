"""Fit a contributor's columns to a Standard: suggest, confirm, remember. Pure.

A column is certain only when its header *is* a name, title or synonym of one standard column (case, width, blanks and
punctuation aside), nobody else claims either side, its values do not speak against it, and its unit is known. All else
is a question: a likeness of names, values that look right, or a missing unit never map by themselves.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any, Final

from datadam import seal
from datadam.errors import DamError, Faults, Invalid
from datadam.model import (
    CodeList,
    Column,
    Feed,
    Fit,
    Json,
    Layout,
    Reason,
    Standard,
    StandardId,
    Type,
    fold,
    standard_id,
)
from datadam.standard import known_as, plain, resolve

LIKE: Final = 0.75  # similarity of two names from which on it is worth asking
ENOUGH: Final = 0.5  # share of sample values that must fit, else a matching name is asked about
MIN_SAMPLES: Final = 3  # distinct values that must all be known before values alone are worth a question
MAX_HEADER: Final = 200  # characters; a longer header is no name, and comparing it would cost its square
MAX_TEXT: Final = 2000  # characters of a name in a fit
VERSION: Final = 1  # of the fit's JSON form

UNIT_HEADERS: Final = frozenset(
    map(plain, ("unit", "units", "uom", "unit of measure", "measure", "단위", "unité", "unidad"))
)

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


class Doubt(StrEnum):
    """Why a proposal is asked about; each has a sentence `mapping.doubt-…`."""

    NOT_EXACT = "not-exact"  # the header only resembles
    SEVERAL = "several"  # more than one source column answers to this name
    VALUES = "values"  # most sample values would be refused
    UNIT_UNKNOWN = "unit-unknown"  # the header names a unit that the standard does not take
    UNIT_MISSING = "unit-missing"  # the column takes several units and the file names none


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One standard column and where its values seem to come from."""

    feed: Feed
    why: Why
    confidence: float  # 0 to 1, for ordering and display; what is certain has no doubts
    doubts: tuple[Doubt, ...] = ()
    unit_text: str | None = None  # the unit as the header writes it, where it is unknown
    others: tuple[str, ...] = ()  # source columns that might be meant as well

    @property
    def certain(self) -> bool:
        """Whether it needs no answer."""
        return not self.doubts

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why this source, and then why it is asked about, to be put into words."""
        facts = {"column": self.feed.column, "source": self.feed.source or "", "unit": self.unit_text or ""}
        facts["others"] = ", ".join(self.others)
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


@dataclass(frozen=True, slots=True)
class _Header:
    """A source column, its header taken apart."""

    text: str
    base: str  # without its unit
    unit: str | None
    samples: tuple[str, ...]
    physical: str = "text"


# --- suggest ----------------------------------------------------------------------------------------------------------


def suggest(standard: Standard, layout: Layout, codes: Mapping[str, CodeList]) -> Suggestion:
    """Propose a source for every standard column that one can be found for; what is certain and what must be asked."""
    headers = [_header(layout, number, standard) for number in range(len(layout.columns))]
    unit_columns = [h.text for h in headers if plain(h.text) in UNIT_HEADERS and not _claimants(h, standard)]
    free = [h for h in headers if h.text not in unit_columns]
    found = _by_name(standard, free, codes)
    taken = {p.feed.source for p in found} | {other for p in found for other in p.others}
    found += _by_likeness(standard, [h for h in free if h.text not in taken], codes, {p.feed.column for p in found})
    by_text = {h.text: h for h in headers}
    found = [_with_unit(p, standard.column(p.feed.column), by_text, unit_columns) for p in found]
    order = {column.name: number for number, column in enumerate(standard.columns)}
    found.sort(key=lambda p: order[p.feed.column])
    mapped = {p.feed.column for p in found}
    used = {p.feed.source for p in found} | {p.feed.unit_source for p in found}
    return Suggestion(
        standard=standard.id,
        version=standard.version,
        certain=tuple(p for p in found if p.certain),
        asked=tuple(p for p in found if not p.certain),
        missing=tuple(c.name for c in standard.columns if c.required and c.name not in mapped),
        unused=tuple(text for text in layout.columns if text not in used),
    )


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
    key = plain(header.base)
    return [c for c in standard.columns if key and key in {plain(text) for text in known_as(c)}]


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
    standard: Standard, headers: list[_Header], codes: Mapping[str, CodeList], mapped: Collection[str]
) -> list[Proposal]:
    """Questions for the columns still open: by likeness of names, by a bare unit as header, or by their values."""
    scored: list[tuple[float, str, str, Why]] = []
    for column in standard.columns:
        if column.name not in mapped:
            for header in headers:
                why, score = _score(column, header, codes)
                if score > 0:
                    scored.append((score, column.name, header.text, why))
    found: list[Proposal] = []
    columns, sources = set(mapped), set[str]()
    for score, name, text, why in sorted(scored, key=lambda s: (-s[0], s[1], s[2])):
        if name not in columns and text not in sources:
            columns.add(name)
            sources.add(text)
            feed = Feed(column=name, source=text)
            others = tuple(sorted({s[2] for s in scored if s[1] == name and s[2] != text}))
            found.append(Proposal(feed=feed, why=why, confidence=score, doubts=(Doubt.NOT_EXACT,), others=others))
    return found


def _score(column: Column, header: _Header, codes: Mapping[str, CodeList]) -> tuple[Why, float]:
    """How much a header that bears no name of the column still speaks for it, 0 to below 1."""
    share = _share(column, header, codes)
    if (share is not None and share < ENOUGH) or not _feeds(header, column):
        return Why.VALUES, 0.0
    if column.units and unit_named(column, header.text) is not None:
        return Why.UNIT_HEADER, 0.8
    like = max(_likeness(plain(header.base), plain(text)) for text in known_as(column))
    if like >= LIKE:
        return Why.LIKE_NAME, round(0.9 * like * (1 if share is None else (1 + share) / 2), 2)
    telling = column.codes is not None or column.values or column.pattern is not None
    enough = share == 1 and len(set(header.samples)) >= MIN_SAMPLES
    return Why.VALUES, 0.6 if telling and enough else 0.0


def _likeness(left: str, right: str) -> float:
    """How alike two plain names are, 0 to 1; what is below `LIKE` counts as nothing."""
    if not left or not right:
        return 0.0
    match = SequenceMatcher(None, left, right, autojunk=False)
    if match.real_quick_ratio() < LIKE or match.quick_ratio() < LIKE:  # upper bounds, much cheaper than the ratio
        return 0.0
    return match.ratio()


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
        return _FORMS[column.type].fullmatch(value) is not None
    listed = codes.get(column.codes) if column.codes is not None else None
    return (
        (listed is None or resolve(listed, value) is not None)
        and (not column.values or fold(value) in map(fold, column.values))
        and (column.min_length is None or len(value) >= column.min_length)
        and (column.max_length is None or len(value) <= column.max_length)
        and (column.pattern is None or listed is not None or _has_pattern(column.pattern, value))
    )


def _has_pattern(pattern: str, value: str) -> bool:
    """Whether a checked pattern holds; Python before 3.14 lacks its end anchor, and `fullmatch` needs neither."""
    return re.fullmatch(pattern.removeprefix(r"\A").removesuffix(r"\z"), value) is not None


def _with_unit(p: Proposal, column: Column, headers: Mapping[str, _Header], unit_columns: list[str]) -> Proposal:
    """Find the unit that a proposed column arrives in: from its header, from a column of units, or ask."""
    header = headers[p.feed.source or ""]
    written = header.unit if header.unit is not None else header.text if p.why is Why.UNIT_HEADER else None
    if written is not None:
        return _with_written(p, column, written)
    if len(column.units) > 1 and len(unit_columns) == 1 and _are_units(column, headers[unit_columns[0]]):
        return replace(p, feed=replace(p.feed, unit_source=unit_columns[0]))
    if len(column.units) > 1:
        return replace(p, feed=replace(p.feed, unit=column.unit), doubts=(*p.doubts, Doubt.UNIT_MISSING))
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
    open_questions: list[DamError] = [
        Invalid("mapping.not-answered", column=p.feed.column, source=p.feed.source)
        for p in suggestion.asked
        if p.feed.column not in feeds and p.feed.column not in declined
    ]
    order = [column.name for column in standard.columns]
    chosen = sorted(feeds.values(), key=lambda f: order.index(f.column) if f.column in order else len(order))
    fit = Fit(standard=standard.id, version=standard.version, feeds=tuple(chosen), dropped=tuple(dropped))
    asked = {str(fault.facts["column"]) for fault in open_questions}
    faults = [
        f
        for f in fit_faults(fit, standard, layout)
        if f.code != "mapping.column-missing" or f.facts["column"] not in asked
    ]
    if open_questions or faults:
        raise Faults("mapping.faults", [*open_questions, *faults])
    return fit


def accepted(suggestion: Suggestion) -> tuple[Feed, ...]:
    """The feeds of every question, answered with yes: for a contributor who looked at them and agrees.

    A unit that nobody knows is never agreed to by a yes: that feed is left out.
    """
    return tuple(p.feed for p in suggestion.asked if Doubt.UNIT_UNKNOWN not in p.doubts)


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
    fed: set[str] = set()
    used: set[str] = set()
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
        yield from _feed_faults(feed, columns[feed.column], layout)
    for column in standard.columns:
        if column.required and column.name not in fed:
            yield Invalid("mapping.column-missing", column=column.name)
    units = {feed.unit_source for feed in fit.feeds if feed.unit_source is not None}
    yield from _leftover_faults(fit, layout, used | units)


def _feed_faults(feed: Feed, column: Column, layout: Layout) -> Iterator[DamError]:
    if (feed.source is None) == (feed.constant is None):
        yield Invalid("mapping.source-or-constant", column=feed.column)
    for name in (feed.source, feed.unit_source):
        if name is not None and name not in layout.columns:
            yield Invalid("mapping.source-unknown", column=feed.column, source=name)
    known = ", ".join(unit.symbol for unit in column.units)
    if feed.unit is not None and feed.unit_source is not None:
        yield Invalid("mapping.unit-twice", column=feed.column)
    if feed.unit is not None and unit_named(column, feed.unit) is None:
        yield Invalid("mapping.unit-unknown", column=feed.column, unit=feed.unit, known=known)
    if feed.unit_source is not None and not column.units:
        yield Invalid("mapping.unit-unused", column=feed.column)
    if len(column.units) > 1 and feed.unit is None and feed.unit_source is None:
        yield Invalid("mapping.unit-missing", column=feed.column, known=known)


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

_FEED_FIELDS: Final = ("source", "constant", "unit", "unit_source")


def fit_to_json(fit: Fit) -> Json:
    """The fit as JSON: what a manifest's mapping digest is of, and what a contributor may keep and edit."""
    feeds: dict[str, Any] = {}
    for feed in fit.feeds:
        parts = {name: getattr(feed, name) for name in _FEED_FIELDS}
        feeds[feed.column] = {name: value for name, value in parts.items() if value is not None}
    return {
        "v": VERSION,
        "standard": fit.standard,
        "version": fit.version,
        "feeds": feeds,
        "dropped": list(fit.dropped),
    }


def fit_from_json(found: object) -> Fit:
    """Read a fit strictly: an unknown field, another version or a wrong type is `Invalid`."""
    fields = {"v", "standard", "version", "feeds", "dropped"}
    if not isinstance(found, dict) or set(found) != fields or found["v"] != VERSION or isinstance(found["v"], bool):
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
        feeds=tuple(Feed(column=name, **parts) for name, parts in feeds.items()),
        dropped=tuple(dropped),
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= MAX_TEXT


def layout_digest(layout: Layout) -> str:
    """SHA-256 of the header in order: under this a confirmed fit is remembered."""
    return seal.digest(layout.digest_text.encode())


def fit_digest(fit: Fit) -> str:
    """SHA-256 of the fit's RFC 8785 JSON: what the manifest says of the mapping. The order of feeds does not count."""
    return seal.digest(seal.canonical(fit_to_json(replace(fit, dropped=tuple(sorted(fit.dropped))))))
