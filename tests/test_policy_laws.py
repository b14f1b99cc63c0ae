"""What Cedar decides is what a slow and obvious reading of the same offer decides, reason for reason; and its laws."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from datadam.model import Allow, Deny, PrivacyClass
from datadam.policy import Facts, Policy, compile_offer, decide_on
from datadam.terms import LEVELS, OPERATORS, Action, Constraint, Offer, Operand, Operator, Permission
from policies import HERE, NOBODY, any_facts, any_offer, any_prohibition, facts, offer, stranger

RANDOMS = st.randoms(use_true_random=False)
HOUSE = {
    "accession": ("ask.stranger", "ask.member-suspended", "ask.not-consumer"),
    "accession 4": ("ask.no-purpose",),
    "accession 6": ("ask.operator",),
    "accession 8": ("ask.member-left",),
    "agreement": (
        "ask.agreement-pending",
        "ask.agreement-suspended",
        "ask.agreement-ended",
        "ask.agreement-expired",
        "ask.purpose-not-agreed",
        "ask.destination-not-agreed",
    ),
    "corridors": ("ask.no-corridor",),
    "order": ("ask.order",),
    "dispute": ("ask.frozen",),
    "standard": ("ask.tier-without-rows",),
}


# --- the obvious reading ----------------------------------------------------------------------------------------------


def obvious(asked: Facts, about: Offer) -> Counter[tuple[str, str]]:
    """Every rule that fails, as its code and law; nothing of it is taken from the module that it judges."""
    law = {code: where for where, codes in HOUSE.items() for code in codes}
    found = Counter((code, law.get(code, f"offer {about.number}")) for code in of_the_house(asked))
    found.update(of_the_offer(asked, about))
    return found


def of_the_house(asked: Facts) -> Iterator[str]:
    """What holds whatever an offer says."""
    if asked.kind == "operator" or "operator" in asked.roles:
        yield "ask.operator"
    if asked.ordered:
        yield "ask.order"
    if asked.frozen:
        yield "ask.frozen"
    if asked.tier == "tables" or (asked.tier == "answers" and asked.action != "query"):
        yield "ask.tier-without-rows"
    if asked.tier == "open" and asked.action == "read":
        return
    yield from of_the_member(asked)
    if asked.corridor is None and (asked.destination or asked.agreed_destination):
        yield "ask.no-corridor"
    if not asked.purpose:
        yield "ask.no-purpose"
    if asked.agreement is None:
        yield "ask.no-agreement"
    else:
        yield from of_the_agreement(asked)


def of_the_member(asked: Facts) -> Iterator[str]:
    """Who is no member in good standing."""
    if not asked.known:
        yield "ask.stranger"
    if asked.left:
        yield "ask.member-left"
    if asked.suspended:
        yield "ask.member-suspended"
    if asked.known and "consumer" not in asked.roles:
        yield "ask.not-consumer"


def of_the_agreement(asked: Facts) -> Iterator[str]:
    """What a signature does not cover."""
    if asked.state in {"suspended", "ended"}:
        yield f"ask.agreement-{asked.state}"
    elif asked.state != "finalised":
        yield "ask.agreement-pending"
    if asked.agreement_expires is not None and asked.agreement_expires <= asked.now:
        yield "ask.agreement-expired"
    if not asked.offer_current:
        yield "ask.offer-not-current"
    if asked.purpose and asked.purpose not in asked.agreed_purposes:
        yield "ask.purpose-not-agreed"
    if asked.destination and asked.destination != asked.agreed_destination:
        yield "ask.destination-not-agreed"


def of_the_offer(asked: Facts, about: Offer) -> Iterator[tuple[str, str]]:
    """What the stewards did not permit, or prohibited."""
    for said in {(frozenset(one.actions), frozenset(map(normal, one.constraints))) for one in about.prohibitions}:
        if asked.action in said[0] and all(possible(one, asked) for one in said[1]):
            code = "ask.prohibited-where" if said[1] else "ask.prohibited"
            yield code, f"offer {about.number}, prohibition {'+'.join(sorted(said[0]))}"
    if asked.tier == "open" and asked.action == "read":
        return
    permission = about.permission(asked.action)
    if permission is None:
        yield "ask.not-permitted", f"offer {about.number}"
        return
    for one in permission.constraints:
        unsaid = one.operand in {Operand.PURPOSE, Operand.DESTINATION} and fact_of(one, asked) is None
        if not unsaid and not certain(one, asked):
            yield code_of(one), f"offer {about.number}, permission {'+'.join(sorted(permission.actions))}"


def normal(one: Constraint) -> Constraint:
    """The same term, whatever the order and number of its names."""
    return replace(one, value=tuple(sorted(set(one.value)))) if isinstance(one.value, tuple) else one


def fact_of(one: Constraint, asked: Facts) -> str | None:
    """What the asker says of the one thing that a term is about."""
    where = asked.destination or asked.agreed_destination
    return {"purpose": asked.purpose, "jurisdiction": asked.jurisdiction, "spatial": where}[one.operand] or None


def certain(one: Constraint, asked: Facts) -> bool:
    """Whether a term holds for sure."""
    if one.operand is Operand.VERSION:
        return True  # it is about what leaves, and asks nothing of whoever asks
    if not isinstance(one.value, tuple):
        return compared(one.operand, str(one.value), asked)
    if one.operand in {Operand.RECIPIENT, Operand.CREDENTIAL}:
        held = asked.roles if one.operand is Operand.RECIPIENT else asked.credentials
        if one.operator is Operator.ALL_OF:
            return set(one.value) <= held
        return bool(held & set(one.value)) == (one.operator is Operator.ANY_OF)
    fact = fact_of(one, asked)
    return fact is not None and (fact in one.value) == (one.operator is Operator.ANY_OF)


def compared(operand: Operand, value: str, asked: Facts) -> bool:
    """Whether a fact is on the right side of a value."""
    if operand is Operand.SENSITIVITY:
        return asked.sensitivity <= list(PrivacyClass).index(PrivacyClass(value))
    if operand is Operand.RECIPROCITY:
        return asked.live_rows >= int(value)
    if operand is Operand.MARKING:
        return True  # it is about rows, and asks nothing of whoever asks
    if operand is Operand.EXPIRY:
        return asked.now < value
    levels = list(map(str, LEVELS))
    return asked.agreed_level is not None and levels.index(asked.agreed_level) >= levels.index(value)


def possible(one: Constraint, asked: Facts) -> bool:
    """Whether a term may hold, as far as anybody knows."""
    return certain(one, asked) or (one.operand is not Operand.RECIPIENT and fact_of(one, asked) is None)


def code_of(one: Constraint) -> str:
    """How a term that does not hold is told."""
    listed, none, every = (one.operator is kind for kind in (Operator.ANY_OF, Operator.NONE_OF, Operator.ALL_OF))
    return {
        Operand.PURPOSE: "ask.purpose-not-allowed",
        Operand.RECIPIENT: "ask.role-excluded" if none else "ask.role-needed",
        Operand.JURISDICTION: "ask.jurisdiction-excluded" if none else "ask.jurisdiction-not-allowed",
        Operand.DESTINATION: "ask.destination-not-allowed" if listed else "ask.destination-excluded",
        Operand.SENSITIVITY: "ask.too-sensitive",
        Operand.RECIPROCITY: "ask.reciprocity",
        Operand.LEVEL: "ask.level-too-low",
        Operand.CREDENTIAL: "ask.credentials-needed" if every else "ask.credential-needed",
        Operand.EXPIRY: "ask.offer-expired",
    }[one.operand]


def reasons(asked: Facts, about: Offer, policy: Policy | None = None) -> Counter[tuple[str, str]]:
    """What Cedar says failed, as the obvious reading says it; nothing is a yes."""
    match decide_on(asked, policy or compile_offer(about)):
        case Allow(basis=basis):
            reading = asked.tier == "open" and asked.action == "read"
            assert basis == ("open" if reading else asked.agreement)
            return Counter()
        case Deny(found):
            assert found
            assert [one.facts["rule"] for one in found] == sorted({str(one.facts["rule"]) for one in found})
            return Counter((one.code, str(one.facts["law"])) for one in found)


@given(draw=RANDOMS)
def test_cedar_says_what_the_obvious_reading_says(draw: Random) -> None:
    """The same yes or no, and the same rules failed, no more and no fewer."""
    about = any_offer(draw)
    policy = compile_offer(about)
    for _ in range(4):
        asked = any_facts(draw, about)
        assert reasons(asked, about, policy) == obvious(asked, about)


def test_the_random_askers_are_worth_asking() -> None:
    """Of 2,000 seeded ones, many get a yes, every rule that there is fails for somebody, and Cedar says so of each."""
    yes, codes = 0, set()
    draw = Random(4)
    for _ in range(400):
        about = any_offer(draw)
        policy = compile_offer(about)
        for asked in (any_facts(draw, about) for _ in range(5)):
            failed = obvious(asked, about)
            assert reasons(asked, about, policy) == failed
            yes += not failed
            codes |= {code for code, _ in failed}
    assert yes > 200
    told = {code for group in HOUSE.values() for code in group}
    leave_out = {Operand.MARKING, Operand.VERSION}  # rows, and nobody
    judged = {a: few for a, few in OPERATORS.items() if a not in leave_out}
    terms = {code_of(Constraint(operand=a, operator=b, value="")) for a, few in judged.items() for b in few}
    others = {
        "ask.no-agreement",
        "ask.offer-not-current",
        "ask.not-permitted",
        "ask.prohibited",
        "ask.prohibited-where",
    }
    assert codes == told | terms | others


# --- laws -------------------------------------------------------------------------------------------------------------


@given(draw=RANDOMS)
def test_a_prohibition_never_makes_a_no_a_yes(draw: Random) -> None:
    """It only takes away; all that failed before fails still."""
    about = any_offer(draw)
    asked = any_facts(draw, about)
    stricter = replace(about, prohibitions=(*about.prohibitions, any_prohibition(draw)))
    assert reasons(asked, about) <= reasons(asked, stricter)


@given(draw=RANDOMS)
def test_a_permission_dropped_never_makes_a_no_a_yes(draw: Random) -> None:
    """What nothing permits is not done."""
    about = any_offer(draw)
    asked = any_facts(draw, about)
    less = replace(about, permissions=tuple(one for one in about.permissions if asked.action not in one.actions))
    assert reasons(asked, about) == Counter() or reasons(asked, less)


@given(draw=RANDOMS)
def test_without_an_agreement_nobody_gets_anything_but_open_reading(draw: Random) -> None:
    """The law of the dam."""
    about = any_offer(draw)
    asked = replace(any_facts(draw, about), **NOBODY)
    if (asked.tier, asked.action) != ("open", Action.READ):
        assert reasons(asked, about)["ask.no-agreement", f"offer {about.number}"] == 1


@given(draw=RANDOMS)
def test_only_an_agreement_that_stands_is_a_basis(draw: Random) -> None:
    """Each yes points at a finalised agreement of a member in good standing, and it covers the ask."""
    about = any_offer(draw)
    asked = any_facts(draw, about)
    match decide_on(asked, compile_offer(about)):
        case Allow(basis=basis) if basis != "open":
            assert (basis, asked.state, asked.known) == (asked.agreement, "finalised", True)
            assert not any((asked.left, asked.suspended, asked.ordered, asked.frozen))
            assert asked.purpose in asked.agreed_purposes
            assert asked.destination in {None, asked.agreed_destination}
            assert asked.agreement_expires is None or asked.now < asked.agreement_expires
        case _:
            pass


def test_an_open_tier_lets_strangers_read_and_do_nothing_else() -> None:
    """Everything permitted: reading is for everybody, all else is for who agreed."""
    policy = compile_offer(offer(actions=tuple(Action)))
    for action in Action:
        decision = decide_on(stranger(tier="open", action=action), policy)
        assert (decision == Allow(basis="open")) == (action is Action.READ)


@given(draw=RANDOMS)
def test_comparable_members_get_the_same_answer(draw: Random) -> None:
    """Another member with the same facts: the same decision, rule for rule. No rule looks at who it is."""
    about = any_offer(draw)
    asked = any_facts(draw, about)
    if asked.member is not None:
        assert reasons(replace(asked, member="m-somebody-else"), about) == reasons(asked, about)


@given(draw=RANDOMS)
def test_an_order_makes_no_no_a_yes_and_its_lift_restores(draw: Random) -> None:
    """With an order everything is a no; without it, all is as before."""
    about = any_offer(draw)
    asked = replace(any_facts(draw, about), ordered=())
    ordered = reasons(replace(asked, ordered=("order-1",)), about)
    assert ordered == reasons(asked, about) + Counter({("ask.order", "order"): 1})


def test_a_policy_is_for_its_own_reservoir() -> None:
    """Facts about another one are undecidable under it, not allowed by its broad permit."""
    policy = compile_offer(Offer(standard=HERE, number=1, permissions=(Permission(actions=tuple(Action)),)))
    assert decide_on(facts(), policy) == Allow(basis="agreement-1")
    match decide_on(facts(standard="test.other"), policy):
        case Deny((reason,)):
            assert reason.code == "ask.undecidable"
        case other:
            raise AssertionError(other)
