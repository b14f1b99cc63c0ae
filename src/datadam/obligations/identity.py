"""Section A, rows 1 to 6: electronic signatures, identity, membership, equal treatment."""

from collections.abc import Iterator, Mapping
from typing import Final

from datadam import agreement, decisions, seal
from datadam.errors import DamError, Unavailable
from datadam.model import Json, Kind, MemberKind, Reason, Role
from datadam.obligations import past
from datadam.obligations.checking import Check, Checked, checked, found, unbelieved
from datadam.obligations.past import Deed, checked_deeds, members
from datadam.obligations.view import Logged, View
from datadam.policy.deciding import OPEN
from datadam.terms import LEVELS, Level

_OF_KEYS: Final = frozenset(
    {
        "dam.not-first",
        "dam.other-log",
        "key.repeated",
        "key.rotation-wrong",
        "member.id-wrong",
        "signature.key-unknown",
        "signature.key-unproven",
    }
)
"""What is wrong with who a key belongs to and when it counted, not with a signature that it made."""
_NO_STATEMENT: Final = frozenset({"log.entry-malformed", "statement.shape"})
"""What is no statement at all is row 20's to tell."""


# --- 1: signatures hold, and go on holding ----------------------------------------------------------------------------


def signatures(view: View) -> Checked:
    """Every statement carries exactly its parties' signatures, by keys in force where the log has it."""
    wrong = [(one, one.fault) for one in view.unbelieved if one.fault is not None and _of_signatures(one.fault)]
    return Checked(looked=len(view.logged) + len(wrong), found=tuple(unbelieved(one, fault) for one, fault in wrong))


def _of_signatures(fault: DamError) -> bool:
    return fault.code not in _NO_STATEMENT


# --- 2: as strong as the terms ask for --------------------------------------------------------------------------------


def levels(view: View) -> Checked:
    """Every agreement states at least the level of signature that its offer asks for, and none that nobody can tell."""
    return checked(view.of(Kind.AGREEMENT), lambda one: _too_weak(view, one))


def _too_weak(view: View, one: Logged) -> Iterator[Reason]:
    terms, level = past.offer(view, one.body["offer"]), Level(one.body["level"])
    if terms is None:
        yield Reason("obligation.offer-unreadable", {"offer": one.body["offer"]})
        return
    least = agreement.required(terms)
    if LEVELS.index(level) < LEVELS.index(least):
        yield Reason("obligation.level-low", {"level": str(level), "least": str(least)})
    if LEVELS.index(level) > LEVELS.index(agreement.PROVABLE):
        yield Reason("obligation.level-unproven", {"level": str(level), "provable": str(agreement.PROVABLE)})


# --- 3: whose key it was, from the log alone --------------------------------------------------------------------------


def keys(view: View) -> Checked:
    """The key of every signature was introduced before it, was not retired, and is its owner's; so the log says."""
    wrong = [(one, one.fault) for one in view.unbelieved if one.fault is not None and one.fault.code in _OF_KEYS]
    nameless = [
        found(one, Reason("obligation.member-nameless", {"member": one.body["member"]}))
        for one in view.of(Kind.MEMBER)
        if one.body["member_kind"] == MemberKind.ORGANISATION and not one.body["profile"]
    ]
    together = [*(unbelieved(one, fault) for one, fault in wrong), *nameless]
    return Checked(looked=len(view.logged) + len(wrong), found=tuple(sorted(together, key=lambda one: one.index)))


# --- 4: members in good standing --------------------------------------------------------------------------------------


def membership(view: View) -> Checked:
    """Whoever took, gave or agreed was a member in good standing there, in the role that it needs."""
    kinds = (Kind.DECISION, Kind.RELEASE, Kind.OUTCOME, Kind.AGREEMENT)
    acts = [one for one in view.of(*kinds) if one.kind is not Kind.DECISION or one.body["allowed"]]
    return checked(acts, lambda one: _no_member(view, one))


def _no_member(view: View, one: Logged) -> Iterator[Reason]:
    if one.body.get("basis") == OPEN:  # for everybody, members or not
        return
    id = one.body["contributor" if one.kind is Kind.OUTCOME else "member"]
    held = members(view).get(id)
    needed = Role.CONTRIBUTOR if one.kind is Kind.OUTCOME else Role.CONSUMER
    if held is None:
        yield Reason("obligation.member-unknown", {"member": id})
        return
    if not held.stood(one.index):
        yield Reason("obligation.member-not-standing", {"member": id})
    if needed not in held.body["roles"]:
        yield Reason("obligation.member-role", {"member": id, "role": str(needed)})
    facts = one.body.get("facts", {})
    for name in ("jurisdiction", "roles"):
        told = sorted(held.body[name]) if name == "roles" else held.body[name]
        if name in facts and facts[name] != told:
            yield Reason("obligation.register-differs", {"member": id, "field": name})


# --- 5: certificates --------------------------------------------------------------------------------------------------


def certificates(view: View) -> Checked:
    """Every yes that rests on credentials rests on ones that the member held then, of an issuer recognised then."""
    asked = [one for one in past.allowed(view) if one.facts.get("credentials") or past.asked_credentials(one)]
    return checked_deeds(asked, lambda one: _uncertified(view, one))


def _uncertified(view: View, one: Deed) -> Iterator[Reason]:
    named = frozenset(map(str, one.facts.get("credentials", ())))
    held = past.credentials(view, one.member, str(one.entry.body["standard"]), one.entry.index, str(one.facts["now"]))
    for name in sorted(named - held):
        yield Reason("obligation.credential-not-held", {"member": one.member, "credential": name})
    if past.asked_credentials(one) and not named:
        yield Reason("obligation.credential-not-shown", {"member": one.member})


# --- 6: the same for comparable members -------------------------------------------------------------------------------

_NOBODY: Final = "m-" + "0" * 20


def equality(view: View) -> Checked:
    """Decisions look at attributes, never at who asks: each is the same for another member with the same ones."""
    return checked(view.of(Kind.DECISION), lambda one: _unequal(view, one))


def _unequal(view: View, one: Logged) -> Iterator[Reason]:
    if _swapped(view, one) != _outcome(one.body):
        yield Reason("obligation.decided-by-name", {"member": one.body["member"]})


def _outcome(body: Json) -> tuple[bool, tuple[str, ...]]:
    return bool(body["allowed"]), tuple(str(one["code"]) for one in body["reasons"])


def _swapped(view: View, one: Logged) -> tuple[bool, tuple[str, ...]] | None:
    """What is decided where somebody else asks, with the same attributes; None where nothing can be."""
    told = one.body["facts"]
    facts = {**told, "member": _NOBODY}
    if told.get("agreement"):
        facts["agreement"] = _NOBODY
    offer = view.find(one.body["offer"]) if one.body["offer"] else None
    if (offer is None) is not (one.body["offer"] is None):
        return None
    try:
        terms = decisions.policy_of(seal.canonical(offer.body["offer"]).decode()) if offer is not None else None
        return _outcome(decisions.outcome(decisions.judge(facts, terms).decision))
    except Unavailable:  # what decisions are made with is not installed here: nothing is wrong with them
        raise
    except (DamError, LookupError, TypeError, ValueError):
        return None


CHECKS: Final[Mapping[int, Check]] = {
    1: signatures,
    2: levels,
    3: keys,
    4: membership,
    5: certificates,
    6: equality,
}
