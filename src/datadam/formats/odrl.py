"""Offers as ODRL 2.2 in JSON-LD ↔ `terms.Offer`: a closed profile, with every fault at once.

What the profile does not have is refused, never passed over: a term that nobody here reads would be a promise that
nobody keeps. ODRL's own words stand for what ODRL has, ours (`odrl_words.OURS`) for the rest, and the context names
both, so that an ODRL reader elsewhere understands the file without asking us. ODRL carries terms; `policy` decides.

| terms.Offer | ODRL 2.2 |
|---|---|
| standard, number | target, uid (`urn:datadam:…`); the assigner is the standard's stewards |
| permissions, prohibitions | permission, prohibition; of several that hold, the prohibition wins (`conflict`) |
| actions, constraints | action, constraint: leftOperand, operator, rightOperand; ours: minimumAge |
| duties | duty: action, and a constraint over elapsedTime (delete) or ours: noticePeriod (inform) |
| clauses, automatic, law | ours, of the same names |
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from datadam import seal
from datadam.agreement import PROVABLE
from datadam.errors import DamError, Faults, Invalid
from datadam.formats import strict_yaml
from datadam.formats.odrl_judge import DAYS, FIXED, INSTANT, TARGET, Judge, assigner
from datadam.formats.odrl_words import DUTY_PERIODS, WORDS
from datadam.model import PrivacyClass, Protection, Standard, Tier
from datadam.terms import (
    FORCE,
    LEVELS,
    Action,
    Constraint,
    Duty,
    Level,
    Offer,
    Operand,
    Operator,
    Permission,
    Prohibition,
)

__all__ = ["FORCE", "check", "from_yaml", "packaged", "read", "write"]

MAX_BYTES: Final = 64 * 1024  # the packaged offers have about 3 kB


# --- writing ----------------------------------------------------------------------------------------------------------


def write(offer: Offer) -> str:
    """The offer as RFC 8785 JSON: equal offers have equal bytes, and `read` gives the same offer back."""
    found: dict[str, Any] = {
        **FIXED,
        "uid": f"urn:datadam:offer:{offer.standard}:{offer.number}",
        "target": f"urn:datadam:standard:{offer.standard}",
        "assigner": assigner(offer.standard),
        "permission": [_permission(one) for one in offer.permissions],
        "clauses": dict(offer.clauses),
        "automatic": offer.automatic,
        "law": offer.law,
    }
    if offer.prohibitions:
        found["prohibition"] = [_rule(one) for one in offer.prohibitions]
    return seal.canonical(found).decode()


def _rule(rule: Permission | Prohibition) -> dict[str, Any]:
    found: dict[str, Any] = {"action": [str(action) for action in rule.actions]}
    if rule.constraints:
        found["constraint"] = [constraint_json(one) for one in rule.constraints]
    return found


def _permission(permission: Permission) -> dict[str, Any]:
    found = _rule(permission)
    if permission.duties:
        found["duty"] = [_duty(one) for one in permission.duties]
    return found


def constraint_json(one: Constraint) -> dict[str, Any]:
    """One condition, as it is written."""
    value: Any = list(one.value) if isinstance(one.value, tuple) else one.value
    if one.operand is Operand.EXPIRY:
        value = _typed("xsd:dateTime", str(value))
    found = {"leftOperand": str(one.operand), "operator": str(one.operator), "rightOperand": value}
    return found if one.days is None else {**found, "minimumAge": _period(one.days)}


def _duty(duty: Duty) -> dict[str, Any]:
    found: dict[str, Any] = {"action": str(duty.kind)}
    if duty.days is not None:
        operand, operator = DUTY_PERIODS[duty.kind]
        period = {"leftOperand": operand, "operator": str(operator), "rightOperand": _period(duty.days)}
        found["constraint"] = [period]
    return found


def _typed(kind: str, value: str) -> dict[str, str]:
    return {"@type": kind, "@value": value}


def _period(days: int) -> dict[str, str]:
    return _typed("xsd:duration", f"P{days}D")


# --- reading ----------------------------------------------------------------------------------------------------------


def read(text: str | bytes) -> Offer:
    """Read one JSON-LD object. `Faults` carries everything that is wrong with its form; its sense is for `check`."""
    size = len(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text)
    if size > MAX_BYTES:
        raise Faults("offer.faulty", [Invalid("offer.too-large", size=size, limit=MAX_BYTES)])
    try:
        return _judged(seal.parse(text))
    except Faults:
        raise
    except Invalid as error:
        raise Faults("offer.faulty", [error]) from error


def from_yaml(text: str) -> Offer:
    """The same object in YAML, without what is the same in every offer, and with periods and instants as plain words.

    `@context`, `@type`, `profile`, `conflict` and `assigner` may be left out.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise Faults("offer.faulty", [Invalid("offer.too-large", size=size, limit=MAX_BYTES)])
    try:
        found = strict_yaml.read(text)
    except Invalid as error:
        raise Faults("offer.faulty", [error]) from error
    if not isinstance(found, dict):
        return _judged(found)
    target = TARGET.fullmatch(str(found.get("target")))
    return _judged({**FIXED, "assigner": assigner(target[1] if target else ""), **spelled_out(found)})


def spelled_out(value: Any) -> Any:  # noqa: ANN401  (a node of YAML)
    """The value with the types written at its instants and periods, which YAML has as plain words."""
    if isinstance(value, list):
        return [spelled_out(part) for part in value]
    if not isinstance(value, dict):
        return value
    found = {name: spelled_out(part) for name, part in value.items()}
    for name in ("rightOperand", "minimumAge"):
        word = found.get(name)
        if isinstance(word, str) and INSTANT.fullmatch(word):
            found[name] = _typed("xsd:dateTime", word)
        elif isinstance(word, str) and DAYS.fullmatch(word):
            found[name] = _typed("xsd:duration", word)
    return found


def _judged(value: Any) -> Offer:  # noqa: ANN401  (a node of JSON)
    judge = Judge()
    offer = judge.offer(value)
    if judge.faults or offer is None:
        raise Faults("offer.faulty", judge.faults)
    return offer


@cache
def packaged() -> Mapping[str, str]:
    """The offers that the package ships, as JSON, by the id of their standard."""
    folder = resources.files("datadam") / "offers"
    found = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".json")), key=lambda entry: entry.name)
    return MappingProxyType({e.name.removesuffix(".json"): e.read_text(encoding="utf-8") for e in found})


# --- sense ------------------------------------------------------------------------------------------------------------


def check(offer: Offer, standard: Standard, *, now: str | None = None) -> list[DamError]:
    """What is wrong with an offer for the standard that it is about; all at once, none if it may be published.

    `now` is the instant that expiries are judged by; without one they are not.
    """
    faults: list[DamError] = []
    if offer.standard != standard.id:
        faults.append(Invalid("offer.other-standard", path="$.target", target=offer.standard, standard=standard.id))
    if not offer.permissions:
        faults.append(Invalid("offer.empty", path="$.permission"))
    personal = any(column.privacy_class is PrivacyClass.PERSONAL for column in standard.columns)
    for number, permission in enumerate(offer.permissions):
        path = f"$.permission[{number}]"
        faults += _hollow(permission, path)
        faults += _purpose_faults(permission, path, standard, personal=personal)
        faults += _reach_faults(permission, path, standard)
        if personal and Action.COMBINE in permission.actions and _of(permission, Operand.CREDENTIAL) is None:
            faults.append(Invalid("offer.combine-credential", path=path))
        faults += marking_faults(permission.constraints, path, standard)
        level = _of(permission, Operand.LEVEL)
        if level is not None and LEVELS.index(Level(str(level.value))) > LEVELS.index(PROVABLE):
            faults.append(Invalid("offer.level-unproven", path=path, level=str(level.value), provable=str(PROVABLE)))
        expiry = _of(permission, Operand.EXPIRY)
        if now is not None and expiry is not None and str(expiry.value) <= now:
            faults.append(Invalid("offer.expired", path=path, instant=str(expiry.value), now=now))
    for number, prohibition in enumerate(offer.prohibitions):
        path = f"$.prohibition[{number}]"
        faults += _hollow(prohibition, path)
        faults += _contradictions(offer, prohibition, path)
    return faults


def _of(rule: Permission | Prohibition, operand: Operand) -> Constraint | None:
    return next((one for one in rule.constraints if one.operand is operand), None)


def _hollow(rule: Permission | Prohibition, path: str) -> Iterator[DamError]:
    """A rule without an action, and a set that holds nothing or shuts everybody out."""
    if not rule.actions:
        yield Invalid("offer.empty", path=f"{path}.action")
    for number, one in enumerate(rule.constraints):
        place = f"{path}.constraint[{number}].rightOperand"
        if one.value == ():
            yield Invalid("offer.empty", path=place)
        closed = WORDS.get(one.operand)
        if one.operator is Operator.NONE_OF and closed and isinstance(one.value, tuple) and set(closed) <= {*one.value}:
            yield Invalid("offer.nobody", path=place, operand=str(one.operand))


def _purpose_faults(rule: Permission, path: str, standard: Standard, *, personal: bool) -> Iterator[DamError]:
    purposes = _of(rule, Operand.PURPOSE)
    allowed = ", ".join(standard.purposes)
    if purposes is None:
        if standard.purposes:
            yield Invalid("offer.purpose-missing", path=path, allowed=allowed)
        elif personal:
            yield Invalid("offer.purpose-personal", path=path)
        return
    beyond = [word for word in _names(purposes) if standard.purposes and word not in standard.purposes]
    for word in beyond:
        yield Invalid("offer.purpose-beyond", path=path, purpose=word, allowed=allowed)


def _reach_faults(rule: Permission, path: str, standard: Standard) -> Iterator[DamError]:
    """What can never be had: rows of a tier that gives none, columns that are all above the class allowed."""
    if standard.tier in {Tier.TABLES, Tier.ANSWERS}:
        for action in rule.actions:
            if action is not Action.QUERY:
                yield Invalid("offer.tier", path=path, action=str(action), tier=str(standard.tier))
    if standard.tier is Tier.ANSWERS and _of(rule, Operand.RECIPROCITY) is not None:
        yield Invalid("offer.reciprocity-answers", path=path)  # decisions would tell how many rows somebody has
    ceiling = _of(rule, Operand.SENSITIVITY)
    stored = [column for column in standard.columns if column.protection is not Protection.DROP]
    ranks = list(PrivacyClass)
    if ceiling is not None:
        most = ranks.index(PrivacyClass(str(ceiling.value)))
        if all(ranks.index(column.privacy_class) > most for column in stored):
            yield Invalid("offer.nothing-left", path=path, level=str(ceiling.value))


def marking_faults(constraints: Sequence[Constraint], path: str, standard: Standard) -> Iterator[DamError]:
    """A ceiling of markings that the standard's rows cannot be held against."""
    for number, one in enumerate(constraints):
        place, column = f"{path}.constraint[{number}].rightOperand", standard.marking
        if one.operand is Operand.MARKING and column is None:
            yield Invalid("offer.marking-without", path=place, standard=standard.id)
        elif one.operand is Operand.MARKING and column is not None and one.value not in column.markings:
            known = ", ".join(column.markings)
            yield Invalid("offer.marking-unknown", path=place, value=str(one.value), standard=standard.id, known=known)


def _contradictions(offer: Offer, prohibition: Prohibition, path: str) -> Iterator[DamError]:
    """Actions that a permission gives and this prohibition takes back whenever the permission holds."""
    for action in prohibition.actions:
        permission = offer.permission(action)
        if permission is not None and all(_always(permission, one) for one in prohibition.constraints):
            yield Invalid("offer.contradiction", path=path, action=str(action))


def _always(permission: Permission, one: Constraint) -> bool:
    """Whether a condition of a prohibition holds for everybody whom the permission lets in."""
    given = _of(permission, one.operand)
    if given is None or given.operator is not Operator.ANY_OF:
        return given is not None and (given.operator, set(_names(given))) == (one.operator, set(_names(one)))
    let_in, named = set(_names(given)), set(_names(one))
    if one.operand is Operand.RECIPIENT:  # a member has several roles: only the very same words say the same
        return one.operator is Operator.ANY_OF and let_in <= named
    return let_in <= named if one.operator is Operator.ANY_OF else not let_in & named


def _names(one: Constraint) -> tuple[str, ...]:
    return one.value if isinstance(one.value, tuple) else (str(one.value),)
