"""The operator's verbs about law: adopt files, order and lift, record demands and incidents. No legal advice."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Final

from datadam.dam import incident, law, order
from datadam.dam.world import World
from datadam.duties import LawFile, Order
from datadam.errors import Invalid
from datadam.formats.law import NAMES, Certainty
from datadam.formats.law_files import read
from datadam.model import Json, PrivacyClass


def _adopt(world: World, text: str) -> Json:
    return _file(law.adopt(world, text))


def _law(world: World) -> Json:
    return {"items": [_file(held) for name in NAMES if (held := law.in_use(world, name)) is not None]}


def _file(held: LawFile) -> Json:
    rows = read(held.text).rows
    counted = Counter(row.law.certainty for row in rows)
    told = {name: getattr(held, name) for name in ("name", "version", "digest", "statement", "index")}
    return {**told, "rows": len(rows), "certainty": {one.value: counted[one] for one in Certainty}}


def _basis(world: World, destination: str, data_class: str) -> Json:
    (to,), (asked,) = order.read_countries([destination]), order.read_classes([data_class])
    found = law.corridor(world, to, PrivacyClass(asked))
    corridors = law.corridors(world)
    row = corridors.row(found) if corridors is not None and found else None
    told = {"home": world.settings.jurisdiction, "destination": to, "data_class": asked, "basis": found}
    if row is None:
        return {**told, "row": None}
    shown = {name: getattr(row.law, name) for name in ("instrument", "article", "source", "certainty", "remark")}
    return {**told, "row": {**shown, "basis": row.basis, "safeguards": list(row.safeguards)}}


def _order(world: World, args: Mapping[str, str | None]) -> Json:
    made = order.suspend(
        world,
        _split(args["classes"]),
        _split(args["destinations"]),
        standard=args["standard"],
        reason=str(args["reason"]),
        ground=str(args["ground"]),
    )
    return _ordered(made)


def _ordered(one: Order) -> Json:
    return asdict(one)


def _split(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def _lift(world: World, id: str, reason: str) -> Json:
    return {"index": order.lift(world, id, reason)}


def _orders(world: World) -> Json:
    return {"items": [_ordered(one) for one in order.orders(world)]}


def _demand(world: World, args: Mapping[str, str | None]) -> Json:
    told = order.Asked(**{name: str(args[name]) for name in _ASKED})
    known = {"standard": args["standard"], "model": args["model"]}
    made = order.demand(world, told, contributors=_split(args["contributors"]), **known)
    return asdict(made)


def _demands(world: World) -> Json:
    return {"items": [asdict(one) for one in order.demands(world)]}


def _incident(world: World, args: Mapping[str, str | None]) -> Json:
    persons = str(args["persons"])
    if not (persons.isascii() and persons.isdecimal()):
        raise Invalid("incident.persons-wrong", persons=persons[:20])
    told = incident.Report(
        event=str(args["event"]),
        classes=_split(args["classes"]),
        persons=int(persons[:20]),
        countries=_split(args["countries"]),
        at=str(args["at"]),
        what=str(args["what"]),
    )
    return _stands(incident.report(world, told))


def _stands(one: incident.Standing) -> Json:
    return {**asdict(one.incident), "owed": [_owed(owed) for owed in one.owed]}


def _owed(owed: incident.Owed) -> Json:
    source = owed.clock.law
    return {
        "clock": owed.clock.id,
        "recipient": owed.clock.recipient,
        "deadline": owed.deadline,
        "given": owed.given,
        "progress": owed.progress,
        "instrument": source.instrument,
        "article": source.article,
        "certainty": source.certainty,
    }


def _incidents(world: World) -> Json:
    return {"items": [_stands(one) for one in incident.incidents(world)]}


def _noticed(world: World, incident_id: str, clock: str, at: str) -> Json:
    return _owed(incident.noticed(world, incident_id, clock, at))


def _of_many(does: Callable[[World, Mapping[str, str | None]], Json]) -> Callable[..., Json]:
    """A verb whose arguments come as they are, because they are many."""
    return lambda world, **args: does(world, args)


_ASKED: Final = ("authority", "country", "ground", "what", "received", "answer")
_REPORTED: Final = ("event", "persons", "at", "what", "classes?", "countries?")

VERBS: Final[Mapping[str, tuple[tuple[str, ...], Callable[..., Json]]]] = {
    "law": ((), _law),
    "adopt-law": (("text",), _adopt),
    "basis": (("destination", "data_class"), _basis),
    "order": (("classes", "destinations", "reason", "ground", "standard?"), _of_many(_order)),
    "lift-order": (("id", "reason"), _lift),
    "orders": ((), _orders),
    "demand": ((*_ASKED, "contributors?", "standard?", "model?"), _of_many(_demand)),
    "demands": ((), _demands),
    "incident": (_REPORTED, _of_many(_incident)),
    "incidents": ((), _incidents),
    "incident-noticed": (("incident_id", "clock", "at"), _noticed),
}
"""Each verb with the arguments that it takes; one that may be absent ends in a question mark."""
