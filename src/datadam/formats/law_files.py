"""Law files as YAML: read with every fault at once. A row that means two things, or nothing, is refused.

`read` takes a file that has no fault, `lint` tells all that is wrong with one. What a file's words are, `law` says.
"""

import difflib
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Final, TypeVar

from datadam.errors import DamError, Faults, Invalid
from datadam.formats import codelists, countries, strict_yaml
from datadam.formats.law import (
    NAMES,
    STARTS,
    Certainty,
    Clock,
    Clocks,
    Corridor,
    Corridors,
    Duration,
    Duty,
    Effect,
    Law,
    Source,
    duration,
)
from datadam.model import PrivacyClass

MAX_ROWS: Final = 1000  # of a file; the first set has a few dozen, and rows are compared with one another
MAX_GROUPS: Final = 100
MAX_TEXT: Final = 1000  # characters of a value
ANY: Final = "any"  # every country

_ID: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+){0,12}")
_GROUP: Final = re.compile(r"[A-Z][A-Za-z0-9-]{1,30}")
_VERSION: Final = re.compile(r"[0-9]{4}\.[0-9]{2}\.[0-9]{2}(\.[1-9][0-9]{0,2})?")
_Row = TypeVar("_Row", Corridor, Clock)


@cache
def packaged() -> Mapping[str, str]:
    """The text of each law file that the package ships, by name."""
    folder = resources.files("datadam") / "law"
    return {name: (folder / f"{name}.yaml").read_text(encoding="utf-8") for name in NAMES}


@lru_cache(maxsize=16)
def read(text: str) -> Law:
    """The law that a file holds, if nothing is wrong with it; else `Faults` with all that is."""
    faults: list[DamError] = []
    law = _read(text, faults)
    if faults or law is None:
        raise Faults("law.faulty", faults)
    return law


def lint(text: str, *, today: date | None = None) -> list[DamError]:
    """Everything that is wrong with a file; `today` finds rows that say they were checked later."""
    faults: list[DamError] = []
    law = _read(text, faults)
    if law is not None and today is not None:
        checked = ((row.id, row.law.checked_on) for row in law.rows)
        later = ((id, day.isoformat()) for id, day in checked if day is not None and day > today)
        faults += [Invalid("law.checked-later", row=id, day=day) for id, day in later]
    return faults


_HEAD: Final = frozenset({"law", "version", "note", "groups", "rows"})
_OF_CORRIDORS: Final = frozenset({"needs"})
_OF_CLOCKS: Final = frozenset({"events"})


def _read(text: str, faults: list[DamError]) -> Law | None:
    """The law in a file, None when there is none to speak of; what is wrong is added to `faults`."""
    try:
        told = strict_yaml.read(text)
    except Invalid as error:
        faults.append(error)
        return None
    if not isinstance(told, dict) or told.get("law") not in NAMES:
        faults.append(Invalid("law.name-wrong", known=", ".join(NAMES)))
        return None
    head = _Cells(told, "–", faults)
    is_corridors = told["law"] == NAMES[0]
    head.only(_HEAD | (_OF_CORRIDORS if is_corridors else _OF_CLOCKS))
    version, note = head.matching("version", _VERSION, "2026.11.22"), head.text("note")
    groups = _groups(told.get("groups"), faults)
    sent = told.get("rows")
    if not isinstance(sent, list) or not sent:
        faults.append(Invalid("law.rows-missing"))
        sent = []
    if len(sent) > MAX_ROWS:
        faults.append(Invalid("law.rows-many", count=len(sent), limit=MAX_ROWS))
        sent = []
    if is_corridors:
        needs = _needs(told.get("needs"), faults)
        corridors = list(_rows(sent, faults, lambda cells: _corridor(cells, groups)))
        faults += _contradictions(corridors)
        return Corridors(version=version, note=note, rows=tuple(corridors), needs=needs)
    events = _events(told.get("events"), faults)
    clocks = list(_rows(sent, faults, lambda cells: _clock(cells, groups, events)))
    faults += _loose_starts(clocks)
    return Clocks(version=version, note=note, rows=tuple(clocks), events=events)


def _groups(told: object, faults: list[DamError]) -> Mapping[str, frozenset[str]]:
    """The file's own names for several countries, and `any`."""
    found = {ANY: frozenset(codelists.packaged()["iso3166-alpha2"].codes)}
    if told is None:
        return found
    if not isinstance(told, dict) or len(told) > MAX_GROUPS:
        faults.append(Invalid("law.groups-wrong", limit=MAX_GROUPS))
        return found
    for name, members in told.items():
        if not _GROUP.fullmatch(name) or name in found[ANY]:
            faults.append(Invalid("law.group-name", group=name[:40]))
        listed = members if isinstance(members, list) and members else [members]
        codes = [_country(one, f"groups.{name[:40]}", {}, faults) for one in listed]
        found[name] = frozenset().union(*codes)
        if len(found[name]) < len(listed) and all(codes):
            faults.append(Invalid("law.group-repeats", group=name[:40]))
    return found


def _country(told: object, row: str, groups: Mapping[str, frozenset[str]], faults: list[DamError]) -> frozenset[str]:
    """The countries that a code or a group's name stands for; none, and a fault, where it stands for none."""
    name = str(told)[:40]
    if name in groups:
        return groups[name]
    try:
        return frozenset({countries.assigned(name)})
    except Invalid as error:
        near = [*difflib.get_close_matches(name, groups, n=1), *error.facts.get("near", "").split(", ")]  # type: ignore[attr-defined]  # a text
        faults.append(Invalid("law.country-unknown", row=row, country=name, near=", ".join(one for one in near if one)))
        return frozenset()


def _needs(told: object, faults: list[DamError]) -> Mapping[PrivacyClass, Certainty]:
    """How well a row of each class must have been checked; every class is named."""
    if (
        not isinstance(told, dict)
        or set(told) != set(PrivacyClass)
        or not set(map(str, told.values())) <= set(Certainty)
    ):
        faults.append(Invalid("law.needs-wrong", classes=", ".join(PrivacyClass), known=", ".join(Certainty)))
        return dict.fromkeys(PrivacyClass, Certainty.READ)
    return {PrivacyClass(one): Certainty(least) for one, least in told.items()}


def _events(told: object, faults: list[DamError]) -> Mapping[str, str]:
    """What may happen, by name, with what each is."""
    right = isinstance(told, dict) and all(_ID.fullmatch(name) and isinstance(what, str) for name, what in told.items())
    if not isinstance(told, dict) or not told or not right or len(told) > MAX_ROWS:
        faults.append(Invalid("law.events-wrong"))
        return {}
    return told


def _rows(sent: Sequence[object], faults: list[DamError], make: Callable[["_Cells"], _Row]) -> Iterator[_Row]:
    """Each row that has no fault."""
    seen: set[str] = set()
    for number, told in enumerate(sent, start=1):
        if not isinstance(told, dict):
            faults.append(Invalid("law.row-wrong", row=f"#{number}"))
            continue
        id = told.get("id")
        place = id if isinstance(id, str) and _ID.fullmatch(id) else f"#{number}"
        if place in seen:
            faults.append(Invalid("law.id-repeated", row=place))
        seen.add(place)
        before = len(faults)
        row = make(_Cells(told, place, faults))
        if len(faults) == before:
            yield row


# --- one row ----------------------------------------------------------------------------------------------------------


class _Cells:
    """The cells of one row: each is read as what it must be, or becomes a fault with its place."""

    def __init__(self, told: Mapping[str, Any], row: str, faults: list[DamError]) -> None:
        self.told, self.row, self.faults = told, row, faults

    def only(self, known: Collection[str]) -> None:
        """Refuse cells of other names; the nearest one is told."""
        for name in self.told:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                self.faults.append(
                    Invalid("law.field-unknown", row=self.row, field=name[:40], near=near[0] if near else "")
                )

    def wrong(self, name: str, expected: str) -> None:
        """One cell that is not what it must be."""
        value = self.told.get(name)
        if value is None:
            self.faults.append(Invalid("law.field-missing", row=self.row, field=name, expected=expected))
        else:
            shown = str(value)[:60]
            self.faults.append(Invalid("law.field-wrong", row=self.row, field=name, value=shown, expected=expected))

    def text(self, name: str, *, needed: bool = True) -> str:
        """A text of some length."""
        value = self.told.get(name)
        if value is None and not needed:
            return ""
        if isinstance(value, str) and 0 < len(value.strip()) <= MAX_TEXT:
            return value.strip()
        self.wrong(name, '"…"')
        return ""

    def matching(self, name: str, form: re.Pattern[str], example: str) -> str:
        """A text of a form."""
        value = self.told.get(name)
        if isinstance(value, str) and form.fullmatch(value):
            return value
        self.wrong(name, example)
        return ""

    def one_of(self, name: str, known: Collection[str]) -> str:
        """One of a closed list; the first of it where it is none of them."""
        value = self.told.get(name)
        if isinstance(value, str) and value in known:
            return value
        self.wrong(name, ", ".join(known))
        return next(iter(known), "")

    def day(self, name: str) -> date | None:
        """A day, or null."""
        value = self.told.get(name)
        if value is None:
            return None
        try:
            if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
                return date.fromisoformat(value)
        except ValueError:
            pass
        self.wrong(name, "2026-11-22")
        return None

    def days(self, first: str, last: str) -> tuple[date | None, date | None]:
        """From when to when; the first must be said, null where it is not in force, and not come after the last."""
        if first not in self.told:
            self.wrong(first, "2026-11-22, null")
        start, end = self.day(first), self.day(last)
        if end is not None and (start is None or end < start):
            self.faults.append(Invalid("law.dates-reversed", row=self.row, start=start, end=end.isoformat()))
        return start, end

    def classes(self, name: str, *, needed: bool) -> frozenset[PrivacyClass]:
        """Classes of data, each once."""
        value = self.told.get(name)
        if value is None and not needed:
            return frozenset()
        known = set(PrivacyClass)
        if not isinstance(value, list) or not value or not all(isinstance(one, str) and one in known for one in value):
            self.wrong(name, "[" + ", ".join(PrivacyClass) + "]")
            return frozenset()
        return frozenset(map(PrivacyClass, value))

    def places(self, name: str, groups: Mapping[str, frozenset[str]]) -> frozenset[str]:
        """Countries: codes or groups, one or a list."""
        value = self.told.get(name)
        listed = value if isinstance(value, list) else [value]
        if not listed or not all(isinstance(one, str) for one in listed):
            self.wrong(name, "KR, [KR, EU], any")
            return frozenset()
        return frozenset().union(*(_country(one, self.row, groups, self.faults) for one in listed))

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts, or nothing."""
        value = self.told.get(name)
        if value is None:
            return ()
        if isinstance(value, list) and all(isinstance(one, str) and 0 < len(one) <= MAX_TEXT for one in value):
            return tuple(value)
        self.wrong(name, '["…"]')
        return ()

    def count(self, name: str) -> int:
        """A number from 0 on; 0 where it is absent."""
        value = self.told.get(name, 0)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        self.wrong(name, "1000")
        return 0

    def source(self) -> Source:
        """Where the row is from. What was checked says when and by whom; what was not, must not."""
        certainty = Certainty(self.one_of("certainty", tuple(Certainty)))
        checked_on, checked_by = self.day("checked_on"), self.text("checked_by", needed=False)
        checked = (checked_on is not None, bool(checked_by))
        if checked != (certainty is not Certainty.MEMORY,) * 2:
            self.faults.append(Invalid("law.unchecked", row=self.row, certainty=certainty.value))
        return Source(
            instrument=self.text("instrument"),
            article=self.text("article"),
            source=self.text("source"),
            certainty=certainty,
            checked_on=checked_on,
            checked_by=checked_by or None,
            remark=self.text("remark", needed=False),
        )


_OF_SOURCE: Final = frozenset(
    {"id", "instrument", "article", "source", "certainty", "checked_on", "checked_by", "remark"}
)
_OF_CORRIDOR: Final = _OF_SOURCE | {
    "from", "to", "data_class", "effect", "basis", "valid_from", "valid_to", "safeguards", "ground",
}  # fmt: skip
_OF_CLOCK: Final = _OF_SOURCE | {
    "event", "duty", "where", "data_class", "persons", "starts_at", "limit", "recipient", "applies_from", "applies_to",
}  # fmt: skip


def _corridor(cells: _Cells, groups: Mapping[str, frozenset[str]]) -> Corridor:
    cells.only(_OF_CORRIDOR)
    effect = Effect(cells.one_of("effect", tuple(Effect)))
    start, end = cells.days("valid_from", "valid_to")
    row = Corridor(
        id=cells.matching("id", _ID, "kr-eu-personal"),
        origins=cells.places("from", groups),
        destinations=cells.places("to", groups),
        classes=cells.classes("data_class", needed=True),
        effect=effect,
        basis=cells.matching("basis", _ID, "adequacy"),
        valid_from=start,
        valid_to=end,
        law=cells.source(),
        safeguards=cells.texts("safeguards"),
        ground=cells.text("ground", needed=effect is Effect.RESTRICTS),
    )
    if effect is Effect.ALLOWS and row.ground:
        cells.faults.append(Invalid("law.ground-unneeded", row=cells.row))
    return row


def _clock(cells: _Cells, groups: Mapping[str, frozenset[str]], events: Mapping[str, str]) -> Clock:
    cells.only(_OF_CLOCK)
    start, end = cells.days("applies_from", "applies_to")
    return Clock(
        id=cells.matching("id", _ID, "eu-gdpr-33"),
        event=cells.one_of("event", tuple(events)),
        duty=Duty(cells.one_of("duty", tuple(Duty))),
        countries=cells.places("where", groups),
        classes=cells.classes("data_class", needed=False),
        persons=cells.count("persons"),
        starts_at=cells.matching("starts_at", _ID, ", ".join(STARTS)),
        limit=_limit(cells),
        recipient=cells.text("recipient"),
        applies_from=start,
        applies_to=end,
        law=cells.source(),
    )


def _limit(cells: _Cells) -> Duration:
    value = cells.told.get("limit")
    try:
        return duration(value if isinstance(value, str) else "")
    except Invalid:
        cells.wrong("limit", "PT72H, P1M, P10D")
        return Duration(text="", months=0, rest=timedelta())


# --- rows beside one another ------------------------------------------------------------------------------------------


def _contradictions(rows: Sequence[Corridor]) -> Iterator[DamError]:
    """An allowing and a restricting row for the same way, class and day, where neither is the other's exception.

    A restriction is an exception where its countries are part of the allowing row's, and not all of them.
    """
    allowing = [row for row in rows if row.effect is Effect.ALLOWS]
    for no in (row for row in rows if row.effect is Effect.RESTRICTS):
        for yes in allowing:
            if yes.classes.isdisjoint(no.classes) or not _meet(yes, no):
                continue
            inside = no.origins <= yes.origins and no.destinations <= yes.destinations
            same = (no.origins, no.destinations) == (yes.origins, yes.destinations)
            if same or not inside:
                yield Invalid("law.rows-contradict", row=no.id, other=yes.id)


def _meet(one: Corridor, other: Corridor) -> bool:
    """Whether some way and some day are of both rows."""
    if one.origins.isdisjoint(other.origins) or one.destinations.isdisjoint(other.destinations):
        return False
    if one.valid_from is None or other.valid_from is None:
        return False
    ends = [end for end in (one.valid_to, other.valid_to) if end is not None]
    return max(one.valid_from, other.valid_from) <= min(ends, default=date.max)


def _loose_starts(rows: Sequence[Clock]) -> Iterator[DamError]:
    """Clocks that start at a clock that there is not, or, in the end, at themselves."""
    starts = {row.id: row.starts_at for row in rows}
    for row in rows:
        seen, at = {row.id}, row.starts_at
        while at in starts and at not in seen:
            seen.add(at)
            at = starts[at]
        if at not in STARTS:
            yield Invalid("law.start-unknown", row=row.id, start=at)
