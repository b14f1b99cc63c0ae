"""Compile an offer into Cedar: one broad permit, then a forbid for everything that must not be. Pure.

The same offer gives the same bytes, in whatever order its terms were said. What a forbid is, who asked for it and with
which words it is explained stands beside it as annotations: an auditor needs the text alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from typing import Final

from datadam import seal
from datadam.errors import Invalid
from datadam.model import PrivacyClass
from datadam.policy import engine
from datadam.policy.cedar import SCHEMA, Forbid, Rule, permit, rendered, strings
from datadam.policy.facts import OPERATOR, seconds
from datadam.terms import FORCE, LEVELS, OPERATORS, Action, AgreementState, Constraint, Force, Offer, Operand, Operator

MAX_TERMS: Final = 330
"""Permissions, prohibitions and what narrows them: more than `formats.odrl` reads, 6 of 11 conditions and 50 of 4.
Each is judged at every decision."""
MAX_VALUES: Final = 512  # names that a term lists; there are 249 countries
MAX_TEXT: Final = 200  # characters of a name
_MOST: Final = 2**53 - 1  # what JSON carries exactly


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """An offer, compiled."""

    standard: str
    text: str  # Cedar
    digest: str  # SHA-256 of the text
    rules: Mapping[str, Rule]  # by id, in the order of the text
    schema: str = SCHEMA
    instants: tuple[int, ...] = ()  # at which an answer may change with nothing else changed


# --- what holds of every offer ----------------------------------------------------------------------------------------

_OPEN: Final = 'context.tier == "open" && action == Action::"read"'
"""Reading an open reservoir is for everybody, so nothing that asks who somebody is, or what was signed, binds it."""
_NOT_YET: Final = sorted(set(AgreementState) - {"finalised", "suspended", "ended"})
_AGREED: Final = "context has agreement && "


def _always(code: str, law: str, when: str, *, even_open: bool = False) -> Forbid:
    rule = Rule(code=code, law=law, force=Force.ENFORCED)
    return Forbid(id=code.removeprefix("ask."), rule=rule, when=when, unless=None if even_open else _OPEN)


def _house(offer: Offer) -> list[Forbid]:
    """The rules that every policy has; `law` names the paper of this dam that says so."""
    terms = _law(offer)
    return [
        _always(
            "ask.operator",
            "accession 6",
            f'context.kind == "{OPERATOR}" || context.roles.contains("{OPERATOR}")',
            even_open=True,
        ),
        _always("ask.stranger", "accession", "!context.known"),
        _always("ask.member-left", "accession 8", "context.left"),
        _always("ask.member-suspended", "accession", "context.suspended"),
        _always("ask.not-consumer", "accession", 'context.known && !context.roles.contains("consumer")'),
        _always("ask.no-agreement", terms, "!(context has agreement)"),
        _always(
            "ask.agreement-pending", "agreement", f"{_AGREED}{strings(_NOT_YET)}.contains(context.agreement.state)"
        ),
        _always("ask.agreement-suspended", "agreement", f'{_AGREED}context.agreement.state == "suspended"'),
        _always("ask.agreement-ended", "agreement", f'{_AGREED}context.agreement.state == "ended"'),
        _always(
            "ask.agreement-expired",
            "agreement",
            f"{_AGREED}context.agreement has expires && context.agreement.expires <= context.now",
        ),
        _always("ask.offer-not-current", terms, f"{_AGREED}!context.agreement.current"),
        _always("ask.no-purpose", "accession 4", "!(context has purpose)"),
        _always(
            "ask.purpose-not-agreed",
            "agreement",
            f"{_AGREED}context has purpose && !context.agreement.purposes.contains(context.purpose)",
        ),
        _always(
            "ask.destination-not-agreed",
            "agreement",
            f"{_AGREED}context has destination && context.destination != context.agreement.destination",
        ),
        _always(
            "ask.tier-without-rows",
            "standard",
            'context.tier == "tables" || context.tier == "answers" && action != Action::"query"',
            even_open=True,
        ),
        _always("ask.no-corridor", "corridors", "context has destination && !(context has corridor)"),
        _always("ask.order", "order", "!context.orders.isEmpty()", even_open=True),
        _always("ask.frozen", "dispute", "!context.frozen.isEmpty()", even_open=True),
    ]


_SILENT: Final = _always("ask.peer-silent", "peering", "context has silent", even_open=True)


def silenced(policy: Policy) -> Policy:
    """The policy while a peer is silent: one rule of the house more. At all other times no policy has it.

    So the policy of an offer is to the byte what it was before there were peers, and so is its digest in old decisions.
    """
    return _with(policy, _SILENT)


_CROSSING: Final = tuple(
    _always(f"ask.peer-{what}", "peering", f'context has crossing && context.crossing.contains("{what}")')
    for what in ("class", "direction", "standard")
)


def confined(policy: Policy) -> Policy:
    """The policy for a guest who asks for what the peering with its home does not cover: rules of the house more.

    Nobody else's policy has them. Where strangers may read, a guest may too.
    """
    return _with(policy, *_CROSSING)


def _with(policy: Policy, *more: Forbid) -> Policy:
    text = "\n".join([policy.text, *map(rendered, more)])
    rules = {**policy.rules, **{one.id: one.rule for one in more}}
    return replace(policy, text=text, digest=seal.digest(text.encode()), rules=rules)


# --- what the offer says ----------------------------------------------------------------------------------------------

_CODES: Final[Mapping[tuple[Operand, Operator], str]] = {
    (Operand.PURPOSE, Operator.ANY_OF): "ask.purpose-not-allowed",
    (Operand.RECIPIENT, Operator.ANY_OF): "ask.role-needed",
    (Operand.RECIPIENT, Operator.NONE_OF): "ask.role-excluded",
    (Operand.JURISDICTION, Operator.ANY_OF): "ask.jurisdiction-not-allowed",
    (Operand.JURISDICTION, Operator.NONE_OF): "ask.jurisdiction-excluded",
    (Operand.DESTINATION, Operator.ANY_OF): "ask.destination-not-allowed",
    (Operand.DESTINATION, Operator.NONE_OF): "ask.destination-excluded",
    (Operand.SENSITIVITY, Operator.AT_MOST): "ask.too-sensitive",
    (Operand.RECIPROCITY, Operator.AT_LEAST): "ask.reciprocity",
    (Operand.LEVEL, Operator.AT_LEAST): "ask.level-too-low",
    (Operand.CREDENTIAL, Operator.ALL_OF): "ask.credentials-needed",
    (Operand.CREDENTIAL, Operator.ANY_OF): "ask.credential-needed",
    (Operand.EXPIRY, Operator.BEFORE): "ask.offer-expired",
}
_NARROWING: Final = frozenset({Operand.MARKING, Operand.VERSION})
"""What asks nothing of the asker: what they do not let out is not in what leaves."""
_SETS: Final = {Operand.RECIPIENT: "context.roles", Operand.CREDENTIAL: "context.credentials"}
_SINGLE: Final = {
    Operand.PURPOSE: "purpose",
    Operand.JURISDICTION: "jurisdiction",
    Operand.DESTINATION: "destination",
}
_WEAKER: Final = (Force.ENFORCED, Force.ATTESTED, Force.LEGAL)
_ELSEWHERE: Final = frozenset({Operand.PURPOSE, Operand.DESTINATION})
_NUMBERS: Final = {
    Operand.SENSITIVITY: "context.sensitivity",
    Operand.RECIPROCITY: "context.rows",
    Operand.LEVEL: "context.agreement.level",
    Operand.EXPIRY: "context.now",
}
_COMPARED: Final = {Operator.AT_MOST: "<=", Operator.AT_LEAST: ">=", Operator.BEFORE: "<"}
_RANKS: Final[Mapping[Operand, Sequence[str]]] = {Operand.SENSITIVITY: tuple(PrivacyClass), Operand.LEVEL: LEVELS}


def compile_offer(offer: Offer) -> Policy:
    """The Policy of an offer; `Invalid` where it says what no policy can hold, or too much."""
    _bounded(offer)
    forbids = sorted(chain(_house(offer), _permitted(offer), _prohibited(offer)), key=lambda one: one.id)
    text = "\n".join([permit(offer.standard, _law(offer)), *map(rendered, forbids)])
    fault = engine.fault(text)
    if fault is not None:
        raise Invalid("policy.not-valid", standard=offer.standard, why=fault)
    return Policy(
        standard=offer.standard,
        text=text,
        digest=seal.digest(text.encode()),
        rules={one.id: one.rule for one in forbids},
        instants=_instants(offer),
    )


def _instants(offer: Offer) -> tuple[int, ...]:
    terms = chain.from_iterable(one.constraints for one in offer.permissions)
    return tuple(sorted({_number(one) for one in terms if one.operand is Operand.EXPIRY}))


def _bounded(offer: Offer) -> None:
    """Refuse a bomb before any of it is looked at."""
    said = [one.constraints for one in offer.permissions[: MAX_TERMS + 1]]
    said += [one.constraints for one in offer.prohibitions[: MAX_TERMS + 1]]
    count = sum(1 + len(constraints) for constraints in said)
    if count > MAX_TERMS:
        raise Invalid("policy.too-large", standard=offer.standard, count=count, most=MAX_TERMS)
    repeated = [action for action in Action if sum(action in one.actions for one in offer.permissions) > 1]
    if repeated:
        raise Invalid("policy.action-repeated", standard=offer.standard, action=repeated)


def _permitted(offer: Offer) -> Iterable[Forbid]:
    """A forbid for the actions that nothing permits, and one for each constraint of each permission."""
    without = tuple(action for action in Action if offer.permission(action) is None)
    if without:
        rule = Rule(code="ask.not-permitted", law=_law(offer), force=Force.ENFORCED)
        yield Forbid(id="not-permitted", rule=rule, when="true", actions=without, unless=_lifted(without))
    for permission in offer.permissions:
        actions = _ordered(permission.actions)
        for one in _once(permission.constraints):
            if one.operand in _NARROWING:
                continue
            rule = Rule(
                code=_CODES[one.operand, one.operator],
                law=f"{_law(offer)}, permission {_joined(actions)}",
                force=FORCE[one.operand],
                facts={"terms": _values(one)} | ({} if one.days is None else {"days": one.days}),
            )
            yield Forbid(
                id=f"term/{_joined(actions)}/{one.operand}",
                rule=rule,
                when=f"!({_holds(one)})",
                actions=actions,
                unless=_lifted(actions),
                term=_said([one]),
            )


def _prohibited(offer: Offer) -> Iterable[Forbid]:
    """A forbid for each prohibition; none is lifted for anybody."""
    said = {(_ordered(one.actions), _said(_once(one.constraints))): one for one in offer.prohibitions}
    counts: dict[tuple[Action, ...], int] = {}
    for (actions, term), one in sorted(said.items(), key=lambda pair: pair[0]):
        counts[actions] = counts.get(actions, 0) + 1
        rule = Rule(
            code="ask.prohibited-where" if term else "ask.prohibited",
            law=f"{_law(offer)}, prohibition {_joined(actions)}",
            force=max((FORCE[action] for action in actions), key=_WEAKER.index),
            facts={"terms": [_said([part]) for part in _once(one.constraints)]} if term else {},
        )
        yield Forbid(
            id=f"prohibition/{_joined(actions)}/{counts[actions]:03}",
            rule=rule,
            when=" && ".join(f"({_may_hold(part)})" for part in _once(one.constraints)) or "true",
            actions=actions,
            term=term,
        )


def _law(offer: Offer) -> str:
    return f"offer {offer.number}"


def _ordered(actions: Iterable[Action]) -> tuple[Action, ...]:
    return tuple(sorted(set(actions)))


def _joined(actions: Iterable[Action]) -> str:
    return "+".join(actions)


def _lifted(actions: Iterable[Action]) -> str | None:
    return _OPEN if Action.READ in actions else None


# --- terms as Cedar ---------------------------------------------------------------------------------------------------


def _once(constraints: Iterable[Constraint]) -> list[Constraint]:
    """What a rule says, in the order of its operands; `Invalid` where the profile cannot say it, or says it twice."""
    found = sorted(constraints, key=lambda one: one.operand)
    for one in found:
        if not _sayable(one):
            raise Invalid("policy.term-unsayable", operand=one.operand)
    for one, after in pairwise(found):
        if one.operand == after.operand:
            raise Invalid("policy.term-repeated", operand=one.operand)
    return found


def _sayable(one: Constraint) -> bool:
    if one.operator not in OPERATORS[one.operand]:
        return False
    if one.operand in _RANKS:
        return one.value in _RANKS[one.operand]
    if one.operand is Operand.MARKING:
        return isinstance(one.value, str) and 0 < len(one.value) <= MAX_TEXT
    if one.operand is Operand.EXPIRY:
        return _is_instant(one.value)
    if one.operand is Operand.RECIPROCITY:
        return type(one.value) is int and 0 <= one.value <= _MOST  # a bool is none here
    names = one.value if isinstance(one.value, tuple) else ()
    return 0 < len(names) <= MAX_VALUES and all(len(name) <= MAX_TEXT for name in names)


def _is_instant(value: object) -> bool:
    with suppress(TypeError, ValueError):
        return abs(seconds(str(value))) <= _MOST
    return False


def _holds(one: Constraint) -> str:
    """Cedar that is true where a term of a permission holds; what is not known does not hold.

    A purpose that was not said, and a place where nothing was agreed on any, are refused by rules of their own.
    """
    if one.operand in _ELSEWHERE:
        return _may_hold(one)
    if one.operand in _SINGLE:
        return f"context has {_SINGLE[one.operand]} && {_among(one)}"
    if one.operand in _SETS:
        return _among(one)
    guard = _AGREED if one.operand is Operand.LEVEL else ""
    return f"{guard}{_NUMBERS[one.operand]} {_COMPARED[one.operator]} {_number(one)}"


def _may_hold(one: Constraint) -> str:
    """Cedar that is true where a term of a prohibition holds; what is not known counts as what is prohibited."""
    if one.operand in _SINGLE:
        return f"if context has {_SINGLE[one.operand]} then {_among(one)} else true"
    if one.operand is Operand.RECIPIENT:
        return _among(one)
    raise Invalid("policy.term-unsayable", operand=one.operand)  # the others would read as their own opposite


def _among(one: Constraint) -> str:
    """A fact, or a set of them, held against the names of a term."""
    names, sign = strings(_values(one)), "!" if one.operator is Operator.NONE_OF else ""
    if one.operand in _SINGLE:
        return f"{sign}{names}.contains(context.{_SINGLE[one.operand]})"
    how = "containsAll" if one.operator is Operator.ALL_OF else "containsAny"
    return f"{sign}{_SETS[one.operand]}.{how}({names})"


def _values(one: Constraint) -> list[str]:
    """What a term compares with, as people read it: names each once and sorted."""
    return sorted(set(one.value)) if isinstance(one.value, tuple) else [str(one.value)]


def _number(one: Constraint) -> int:
    """What a term compares with: a rank, an instant in seconds, or a count."""
    if one.operand in _RANKS:
        return _RANKS[one.operand].index(str(one.value))
    return seconds(str(one.value)) if one.operand is Operand.EXPIRY else int(str(one.value))


def _said(constraints: Iterable[Constraint]) -> str:
    """Terms in ODRL's words."""
    return "; ".join(f"{one.operand} {one.operator} {', '.join(_values(one))}" for one in constraints)
