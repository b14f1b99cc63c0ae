"""Checked tables: published once for each period that is over, from the rows that stand then, and never changed.

1. take     the deposits that were sealed in the period and are still there; what is under terms of its own, or held up
            by a dispute, is in no table, because a table goes to everybody
2. sum      each place of all dimensions, and each contributor in it, exactly
3. compare  with every earlier period: a group that differs from an earlier one by too few is not told again
4. suppress what may not be told, and what else it takes that nobody works it out
5. sign     one public statement for all tables of the period

What is withdrawn later stays in the numbers that were published: they are public, and a second version of them would
tell what it was.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from datadam.dam import cap, lineage, pool, publish, state
from datadam.dam.world import World
from datadam.disputes import Dispute
from datadam.errors import DamError, Invalid, NotFound, Refused, Unavailable, Untrusted
from datadam.formats import codelists
from datadam.model import Deposit, Json, Kind, Repeat, Standard, Tier, Withdrawal
from datadam.ports import SumOrder, SumPart
from datadam.privacy import recipes, suppression, tables
from datadam.privacy.recipe import Key
from datadam.privacy.tables import Group, Held, Layout, Place, PublishedTables
from datadam.restriction import Reservation, Restricted

_PUBLISHING: Final = threading.Lock()  # a period at a time: the next is compared with it


def publish_due(world: World) -> int:
    """Publish the tables of every period that is old enough, the oldest first; of how many periods.

    Where one cannot be now, the others of its reservoir wait, and all else goes on.
    """
    made, wrong = 0, list[DamError]()
    for one in publish.all_published(world):
        try:
            for period in waiting(world, one.id):
                publish_tables(world, one.id, period)
                made += 1
        except DamError as error:
            wrong.append(error)
    if wrong:
        raise Unavailable("table.put-off", why=wrong[0].code) from wrong[0]
    return made


def waiting(world: World, id: str) -> list[str]:
    """The periods of a reservoir with deposits that are old enough and have no tables yet, the oldest first."""
    standard = publish.current(world, id)
    if standard.tier is not Tier.TABLES:
        return []
    done = {one.period for one in of_reservoir(world, id)}
    found = {period for period, _ in _deposits(world, standard)} - done
    return sorted(period for period in found if tables.due(standard, period) <= world.clock())


def publish_tables(world: World, id: str, period: str) -> PublishedTables:
    """Publish a period's tables; where they are published already, those."""
    standard = publish.current(world, id)
    if standard.tier is not Tier.TABLES:
        raise Invalid("table.other-tier", tier=str(standard.tier))
    with _PUBLISHING:
        held = _published(world, standard.id, period)
        if held is not None:
            return held
        if tables.due(standard, period) > world.clock():
            due = tables.due(standard, period).date()
            raise Refused("table.too-young", standard=standard.id, period=period, due=due.isoformat())
        layout, taken = layout_of(standard), list(_deposits(world, standard))
        summed = held_in(world, standard, layout, period)
        if not summed:
            raise NotFound("table.nobody", standard=standard.id, period=period)
        earlier = [one for one in of_reservoir(world, id) if one.period != period]
        changed = _changed(world, standard, layout, summed, earlier)
        left_out = suppression.left_out(layout, summed, world.solver, changed)
        body = _body(standard, layout, period, tables.gathered(layout, summed), left_out)
        with world.lock:  # what leaves from here on left after the tables
            if list(_deposits(world, standard)) != taken:
                raise Unavailable("table.pending", standard=standard.id, period=period)
            state.record(world, state.statement(world, Kind.TABLES, body))
    return find(world, id, period)


def of_reservoir(world: World, id: str) -> list[PublishedTables]:
    """What was published of a reservoir, by period."""
    with world.store.read() as rows:
        return rows.find(PublishedTables, standard=id)


def every(world: World) -> list[PublishedTables]:
    """What was published of all reservoirs, by reservoir and period."""
    with world.store.read() as rows:
        return rows.find(PublishedTables)


def find(world: World, id: str, period: str) -> PublishedTables:
    """The tables of one period, or `NotFound`."""
    found = _published(world, id, period)
    if found is None:
        raise NotFound("table.unknown", standard=id[:200], period=period[:20])
    return found


def _published(world: World, id: str, period: str) -> PublishedTables | None:
    with world.store.read() as rows:
        return rows.get(PublishedTables, id, period)


def body_of(world: World, one: PublishedTables) -> Json:
    """What was published, as it was signed."""
    return world.ledger.statement(one.statement).body


def unlike(world: World) -> Iterator[DamError]:
    """Published tables that do not tell what the rows hold, as far as these still are what they were."""
    for one in every(world):
        known = lineage.versions(world, one.standard)
        standard = next(each.standard for each in known if each.standard.version == one.version)
        if known[-1].standard.version != one.version or _moved(world, one):
            continue
        layout = layout_of(standard)
        sums = tables.gathered(layout, held_in(world, standard, layout, one.period))
        told = dict(_values(standard, body_of(world, one)))
        held = {_named(layout, group, measure): of for group, parts in sums.items() for measure, of in enumerate(parts)}
        for named, value in told.items():
            of = held.get(named, {})
            if value != sum(of.values()) or not layout.rules.tells(of):
                yield Untrusted("table.differs", standard=one.standard, period=one.period, statement=one.statement)
                break


def _moved(world: World, one: PublishedTables) -> bool:
    """Whether rows of a reservoir have come to leave tables, or to be in them, since some were published."""
    with world.store.read() as rows:
        left = [each.index for each in rows.find(Withdrawal, standard=one.standard)]
        left += [each.index for each in rows.find(Reservation)]
        return bool(rows.find(Dispute, standard=one.standard)) or any(index > one.index for index in left)


# --- 1. take and 2. sum -----------------------------------------------------------------------------------------------


def layout_of(standard: Standard) -> Layout:
    """All tables that a standard declares, with the public keys of their dimensions."""
    lists = codelists.packaged()
    used = {name for table in standard.tables for name in table.by}
    keys = {column.name: recipes.public_keys(column, lists) or () for column in standard.columns if column.name in used}
    return tables.layout(standard, keys)


def _deposits(world: World, standard: Standard) -> Iterator[tuple[str, Deposit]]:
    """Each deposit that stands and may be in tables, with the period that it counts in, in the order of the log."""
    with world.store.read() as rows:
        gone = {one.deposit for one in rows.find(Withdrawal, standard=str(standard.id))}
        under = {one.deposit for one in rows.find(Restricted, standard=str(standard.id))}
        logged = pool.in_order(rows, str(standard.id))
    left = {*gone, *under, *pool.disputed_deposits(world, str(standard.id))}
    return ((cap.period_of(world, standard, one), one) for one in logged if one.id not in left)


def held_in(world: World, standard: Standard, layout: Layout, period: str) -> Held:
    """What stands of a period: place → contributor → a sum for each measure."""
    lying: dict[str, list[Path]] = {}
    for file in lineage.files(world, standard.id):
        lying.setdefault(file.path.stem, []).append(file.path)
    parts = list[SumPart]()
    for of, deposit in _deposits(world, standard):
        if of != period:
            continue
        if deposit.files and deposit.id not in lying:
            raise Unavailable("table.pending", standard=standard.id, period=period)
        view = lineage.view(world, standard.id, deposit.version)
        parts += [
            SumPart(
                path=path,
                contributor=deposit.contributor,
                sequence=deposit.index,
                columns=view.columns,
                steps=view.steps,
            )
            for path in lying.get(deposit.id, ())
        ]
    order = SumOrder(
        columns=standard.columns,
        by=layout.dimensions,
        measures=layout.measures,
        parts=tuple(parts),
        supersede=standard.repeat is Repeat.SUPERSEDE,
    )
    places = [{key: place for place, key in enumerate(keys)} for keys in layout.keys]
    found: dict[Place, Mapping[str, Sequence[int | None]]] = {}
    for keys, summed in world.sums.sums(order).items():
        if not all(key in place for key, place in zip(keys, places, strict=True)):
            raise Unavailable("table.key-unknown", standard=standard.id, period=period)
        found[tuple(place[key] for key, place in zip(keys, places, strict=True))] = summed
    return found


# --- 3. compare -------------------------------------------------------------------------------------------------------

_Named = tuple[str, str | None, frozenset[tuple[str, Key]]]
"""A group as any table names it: what is worked out, of which column, and its keys."""


def _changed(
    world: World, standard: Standard, layout: Layout, summed: Held, earlier: Iterable[PublishedTables]
) -> suppression.Changes:
    """The groups that are not to be told, because too few differ from an earlier table: how much each of them does."""
    now, found = tables.gathered(layout, summed), dict[tuple[Group, int], Mapping[str, int]]()
    for one in earlier:
        told = dict(_values(standard, body_of(world, one)))
        before = tables.gathered(layout, held_in(world, standard, layout, one.period))
        for group, sums in now.items():
            for measure in {table.measure for table in layout.tables}:
                value = told.get(_named(layout, group, measure))
                if value is None:
                    continue
                parts = before[group][measure] if group in before else {}
                withdrawn = value - sum(parts.values())
                if not layout.rules.tells_change(sums[measure], parts, withdrawn):
                    moved = tables.changes(sums[measure], parts, withdrawn)
                    held = found.get((group, measure), {})
                    found[group, measure] = {
                        name: max(moved.get(name, 0), held.get(name, 0)) for name in {*moved, *held}
                    }
    return found


def _named(layout: Layout, group: Group, measure: int) -> _Named:
    keys = frozenset(
        (name, keys[place])
        for name, keys, place in zip(layout.dimensions, layout.keys, group, strict=True)
        if place is not None
    )
    column = layout.measures[measure]
    return ("count" if column is None else "sum", column, keys)


def _values(standard: Standard, body: Json) -> Iterator[tuple[_Named, int]]:
    """Every number that a statement tells, in the units that sums are worked out in."""
    for table in body["tables"]:
        name = table["column"]
        column = None if name is None else next((one for one in standard.columns if one.name == name), None)
        for keys, value in tables.cells(table):
            if value is not None:
                named = frozenset((by, key) for by, key, is_total in keys if not is_total)
                yield (table["aggregate"], name, named), tables.scaled(column, Decimal(value))


# --- 5. sign ----------------------------------------------------------------------------------------------------------


def _body(
    standard: Standard,
    layout: Layout,
    period: str,
    sums: Mapping[Group, Sequence[Mapping[str, int]]],
    left_out: frozenset[Group],
) -> dict[str, Any]:
    rules = layout.rules
    return {
        "standard": standard.id,
        "version": standard.version,
        "period": period,
        "label": tables.LABEL,
        "rules": {
            "contributors": rules.contributors,
            "largest": rules.largest,
            "largest_share": tables.decimal(rules.share),
            "p_percent": tables.decimal(rules.percent * 100),
            "months": rules.months,
        },
        "tables": [
            {
                "name": one.name,
                "aggregate": "count" if layout.measures[one.measure] is None else "sum",
                "column": layout.measures[one.measure],
                "unit": _unit(standard, layout.measures[one.measure]),
                "by": [{"column": layout.dimensions[at], "keys": list(layout.keys[at])} for at in one.by],
                "values": [
                    _value(standard, layout, one.measure, sums[group][one.measure])
                    if group in sums and group not in left_out
                    else None
                    for group in layout.groups(one)
                ],
            }
            for one in layout.tables
        ],
    }


def _unit(standard: Standard, name: str | None) -> str | None:
    return None if name is None else standard.column(name).unit


def _value(standard: Standard, layout: Layout, measure: int, parts: Mapping[str, int]) -> str:
    name = layout.measures[measure]
    return tables.unscaled(None if name is None else standard.column(name), sum(parts.values()))
