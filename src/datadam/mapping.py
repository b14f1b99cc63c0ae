"""A contributor's columns fitted to a Standard: what is wrong with a fit, how it changes, and its JSON. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from datadam import readings, seal
from datadam.errors import DamError, Faults, Invalid
from datadam.headers import unit_named
from datadam.model import Column, Feed, Fit, Json, Layout, Standard, Type, Unpivot, date_form, number_form, standard_id

MAX_TEXT: Final = 2000  # characters of a name in a fit
VERSION: Final = 1  # of the fit's JSON form


# --- check ------------------------------------------------------------------------------------------------------------


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
        yield from feed_faults(feed, columns[feed.column], layout, unfolded=feed.column in unfolded)
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


def feed_faults(feed: Feed, column: Column, layout: Layout, *, unfolded: bool) -> Iterator[DamError]:
    """Find what is wrong with one feed: whence it comes, its unit, how it is read."""
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


def fit_digest(fit: Fit) -> str:
    """SHA-256 of the fit's RFC 8785 JSON: what the manifest says of the mapping. The order of feeds does not count."""
    return seal.digest(seal.canonical(fit_to_json(replace(fit, dropped=tuple(sorted(fit.dropped))))))
