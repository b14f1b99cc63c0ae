"""Section B, rows 7 to 12: what crosses borders, what may stop it, and what travels along."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from datadam import decisions, seal
from datadam.duties import STRICTNESS, Order, Topic
from datadam.errors import DamError, Unavailable
from datadam.formats import law
from datadam.formats.law import Corridors, Effect
from datadam.model import Json, Kind, MemberKind, PrivacyClass, Reason
from datadam.obligations import past
from datadam.obligations.checking import Check, Checked, both, checked
from datadam.obligations.past import Deed, allowed, checked_deeds, deeds, orders
from datadam.obligations.view import Logged, View
from datadam.policy.deciding import OPEN
from datadam.terms import Operand

RESIDENCY: Final = 8
"""The row under which a person of a country declares on what ground it reserves where data goes."""
_STOPS: Final = frozenset(
    {
        "ask.no-corridor",
        "ask.order",
        "ask.destination-not-allowed",
        "ask.destination-excluded",
        "ask.destination-not-agreed",
    }
)
"""Reasons of a no that are about where data goes."""


# --- 7: every refused transfer names its ground -----------------------------------------------------------------------


def grounds(view: View) -> Checked:
    """Every no to a transfer names its ground, and the log has it: a law in use, an order in force, an offer."""
    stopped = [one for one in deeds(view) if not one.allowed and any(each["code"] in _STOPS for each in _reasons(one))]
    return checked_deeds(stopped, lambda one: _groundless(view, one))


def _reasons(one: Deed) -> list[Json]:
    found: list[Json] = one.entry.body["reasons"]
    return found


def _groundless(view: View, one: Deed) -> Iterator[Reason]:
    for each in _reasons(one):
        if each["code"] in _STOPS and not _grounded(view, one, each):
            yield Reason("obligation.no-ground", {"reason": each["code"]})


def _grounded(view: View, one: Deed, reason: Json) -> bool:
    index = one.entry.index
    match reason["code"]:
        case "ask.no-corridor":
            return past.corridors(view, index) is not None
        case "ask.order":
            named = reason["facts"].get("orders") or reason["facts"].get("ordered") or one.facts.get("ordered", ())
            known = {each.id for each in orders(view) if _in_force(each, index)}
            return bool(named) and set(named) <= known
        case "ask.destination-not-agreed":
            return view.find(one.facts.get("agreement")) is not None
        case _:
            return one.offer is not None


# --- 8: no residency rule without a ground ----------------------------------------------------------------------------


def residency(view: View) -> Checked:
    """Whatever keeps data at home says on what ground, and every decision knows where home is."""
    countries = [one for one in view.of(Kind.MEMBER) if one.body["member_kind"] == MemberKind.COUNTRY]
    files = [one for one in view.of(Kind.LAW) if one.body["name"] == law.NAMES[0]]
    reserved = [one for one in view.of(Kind.MEMBER, Kind.RESERVATION) if one.body.get("restrictions")]
    placed = [one.entry for one in deeds(view) if "home" in one.facts]
    return both(
        checked(view.of(Kind.ORDER), _wordless_order),
        checked(files, _wordless_rows),
        checked([one for one in countries if one.body["reservations"]], _wordless_reservations),
        checked([one for one in reserved if _places(one)], lambda one: _unexplained(view, one)),
        checked(placed, lambda one: _elsewhere(view, one)),
    )


def _said(text: object) -> bool:
    """Whether there is a word in it."""
    return any(letter.isalpha() for letter in str(text))


def _wordless_order(one: Logged) -> Iterator[Reason]:
    if not _said(one.body["ground"]):
        yield Reason("obligation.rule-groundless", {"rule": one.id[:12]})


def _wordless_rows(one: Logged) -> Iterator[Reason]:
    held = past.read_law(one)
    if not isinstance(held, Corridors):
        yield Reason("obligation.law-unreadable", {"version": one.body["version"]})
        return
    for row in held.rows:
        if row.effect is Effect.RESTRICTS and not (_said(row.ground) and _said(row.law.instrument)):
            yield Reason("obligation.rule-groundless", {"rule": row.id})


def _wordless_reservations(one: Logged) -> Iterator[Reason]:
    for number, text in enumerate(one.body["reservations"], start=1):
        if not _said(text):
            yield Reason("obligation.rule-groundless", {"rule": f"{one.body['member']} {number}"})


def _places(one: Logged) -> bool:
    """Whether what a country reserves, in words that a machine reads, is about where its firms' data goes."""
    terms = [each for rule in one.body["restrictions"] for each in rule.get("constraint", ())]
    return any(each.get("leftOperand") in {Operand.DESTINATION, Operand.JURISDICTION} for each in terms)


def _unexplained(view: View, one: Logged) -> Iterator[Reason]:
    """Its ground stands in the words of the accession, or in what a person of the country declared of this row."""
    country = one.body["member"]
    held = past.members(view).get(country)
    texts = list(held.body["reservations"]) if held is not None else []
    today = view.now.date().isoformat()
    declared = (each.body for each in view.of(Kind.DECLARATION) if each.body["until"] >= today)
    texts += [each["words"] for each in declared if (each["row"], each["member"]) == (RESIDENCY, country)]
    if not any(map(_said, texts)):
        yield Reason("obligation.rule-groundless", {"rule": one.id[:12]})


def _elsewhere(view: View, one: Logged) -> Iterator[Reason]:
    if one.body["facts"]["home"] != view.home:
        yield Reason("obligation.home-other", {"home": one.body["facts"]["home"], "expected": view.home})


# --- 9: a basis for every transfer ------------------------------------------------------------------------------------


def bases(view: View) -> Checked:
    """Every yes to data leaving the country rests on a row of the corridors then in use, and that row holds."""
    crossing = [one for one in allowed(view) if _abroad(view, one) not in {None, view.home}]
    return checked_deeds(crossing, lambda one: _baseless(view, one))


def _abroad(view: View, one: Deed) -> str | None:
    """Where rows go: as was said or agreed, else to where their recipient is. What is open to all goes nowhere."""
    if one.basis == OPEN and not one.personal:
        return None
    return one.destination or str(past.jurisdiction(view, one.member) or "") or None


def _baseless(view: View, one: Deed) -> Iterator[Reason]:
    destination, held = str(_abroad(view, one)), past.corridors(view, one.entry.index)
    day = datetime.fromisoformat(str(one.facts["now"])).date()
    named = one.facts.get("corridor")
    if named:
        row = held.row(str(named)) if held is not None else None
        if row is None or row.effect is not Effect.ALLOWS or not row.holds(view.home, destination, day):
            yield Reason("obligation.basis-wrong", {"row": named, "destination": destination})
    needed = one.personal or "corridor" in one.facts
    if needed and law.corridor(view.home, destination, one.strictest, day, law=held) is None:
        yield Reason("obligation.no-basis", {"destination": destination, "data_class": str(one.strictest)})


# --- 10: orders bind --------------------------------------------------------------------------------------------------


def obeyed(view: View) -> Checked:
    """Nothing that an order in force stops was allowed or released after it."""
    first = min((one.index for one in orders(view)), default=None)
    if first is None:
        return Checked(looked=0)
    later = [one for one in allowed(view) if one.entry.index > first]
    taken = [one for one in view.of(Kind.RELEASE) if one.index > first]
    return both(
        checked_deeds(later, lambda one: _disobeyed(view, one, one.entry.index)),
        checked(taken, lambda one: _taken_against(view, one)),
    )


def _taken_against(view: View, one: Logged) -> Iterable[Reason]:
    by = past.deed(view, one.body.get("decision"))
    return _disobeyed(view, by, one.index) if by is not None else ()


def _disobeyed(view: View, one: Deed, index: int) -> Iterator[Reason]:
    for order in orders(view):
        if _in_force(order, index) and _stops(order, one):
            yield Reason("obligation.order-broken", {"order": order.id[:12], "index": order.index})


def _in_force(order: Order, index: int) -> bool:
    return order.index < index and (order.lifted is None or index <= order.lifted)


def _stops(order: Order, one: Deed) -> bool:
    """Whether an order is about what left. Who does not say where rows go may take them anywhere."""
    least = min(STRICTNESS[PrivacyClass(each)] for each in order.classes)
    there = one.destination is None or one.destination in order.destinations
    about = order.standard in {None, one.entry.body["standard"]}
    in_scope = order.scope is None or one.entry.body["standard"] in order.scope  # of another dam's
    return there and least <= STRICTNESS[one.strictest] and about and in_scope


# --- 11: holders hear of demands --------------------------------------------------------------------------------------


def demands(view: View) -> Checked:
    """Every contributor whom a government's demand concerns was told of it."""
    told = {
        (one.body["about"], one.body["member"]) for one in view.of(Kind.NOTICE) if one.body["topic"] == Topic.DEMAND
    }
    return checked(
        view.of(Kind.DEMAND),
        lambda one: (
            Reason("obligation.not-told", {"member": each})
            for each in one.body["contributors"]
            if (one.id, each) not in told
        ),
    )


# --- 12: terms travel with the data -----------------------------------------------------------------------------------


def travelling(view: View) -> Checked:
    """Every release names its decision and basis; that decision allowed it, by a policy that its offer really gives."""
    return checked(view.of(Kind.RELEASE), lambda one: _untied(view, one))


def _untied(view: View, one: Logged) -> Iterator[Reason]:
    by = past.deed(view, one.body.get("decision"))
    if by is None or by.entry.index > one.index:
        yield Reason("obligation.release-undecided")
        return
    same = (by.member, by.entry.body["standard"], by.basis) == tuple(
        one.body[name] for name in ("member", "standard", "basis")
    )
    if not by.allowed or not same:
        yield Reason("obligation.release-other", {"decision": by.entry.id[:12]})
    if _policy(view, by) != by.entry.body["policy"]:
        yield Reason("obligation.policy-other", {"decision": by.entry.id[:12]})


def _policy(view: View, one: Deed) -> str | None:
    """The digest of the policy that a decision's offer compiles to; None where there is no such offer, or none can."""
    id = one.entry.body["offer"]
    if id is None:
        return decisions.GRANTS
    offer = view.find(id)
    if offer is None or offer.kind is not Kind.OFFER:
        return None
    try:
        return decisions.policy_of(seal.canonical(offer.body["offer"]).decode()).digest
    except Unavailable:  # what compiles policies is not installed here: nothing is wrong with the release
        raise
    except DamError:
        return None


CHECKS: Final[Mapping[int, Check]] = {
    7: grounds,
    RESIDENCY: residency,
    9: bases,
    10: obeyed,
    11: demands,
    12: travelling,
}
