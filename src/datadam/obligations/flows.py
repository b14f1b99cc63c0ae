"""What a log says came in, went out, left again and was trained: the same records as a dam's tables, read off it."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from datadam import disclosure, restriction
from datadam.disclosure import TRAIN, Model, may_hold
from datadam.duties import Incident
from datadam.errors import DamError
from datadam.formats import own_terms
from datadam.ledger import carried
from datadam.model import Deposit, DepositId, Edition, Json, Kind, Release, Withdrawal
from datadam.obligations import past
from datadam.obligations.view import Logged, View

_KEPT: Final = 4  # views whose records are kept at hand; an audit looks at one


@lru_cache(maxsize=_KEPT)
def deposits(view: View) -> dict[str, Deposit]:
    """Every deposit that came in, by the id of its manifest."""
    return {
        str(one.body["manifest"]): Deposit(
            id=DepositId(one.body["manifest"]),
            outcome=one.id,
            index=one.index,
            files=tuple(one.body["files"]),
            **{name: one.body[name] for name in _OF_OUTCOMES},
        )
        for one in reversed(view.of(Kind.OUTCOME))
    }


_OF_OUTCOMES: Final = (
    "contributor",
    "standard",
    "version",
    "file_digest",
    "fit_digest",
    "tag",
    "admitted",
    "rejected",
)


@lru_cache(maxsize=_KEPT)
def withdrawals(view: View) -> dict[str, Withdrawal]:
    """Every deposit that was taken back, by its id, and where the log says that it was erased."""
    purged = {str(one.body["withdrawal"]): one for one in reversed(view.of(Kind.PURGE))}
    found: dict[str, Withdrawal] = {}
    for one in view.of(Kind.WITHDRAWAL):
        purge = purged.get(one.id)
        for id in one.body["deposits"]:
            held = deposits(view).get(id)
            found.setdefault(
                id,
                Withdrawal(
                    deposit=DepositId(id),
                    contributor=one.body["contributor"],
                    standard=held.standard if held else "",
                    statement=one.id,
                    index=one.index,
                    issued=one.issued,
                    replaced_by=one.body["replaced_by"],
                    purge=purge.id if purge else None,
                    purged=purge.index if purge else None,
                ),
            )
    return found


@lru_cache(maxsize=_KEPT)
def editions(view: View) -> dict[str, Edition]:
    """Every edition as it was frozen, by its id."""
    found: dict[str, Edition] = {}
    for one in view.of(Kind.EDITION):
        names = ("standard", "name", "version", "upto", "batch", "digest", "replaces")
        told = {name: one.body[name] for name in names}
        made = Edition(statement=one.id, index=one.index, **told)
        found.setdefault(made.id, made)
    return found


@lru_cache(maxsize=_KEPT)
def releases(view: View) -> tuple[Release, ...]:
    """Every release, in log order; what it was taken for, its decision says."""
    return tuple(_release(view, one) for one in view.of(Kind.RELEASE))


def release(view: View, id: str) -> Release:
    """The release of that id, which there is."""
    return _releases_by_id(view)[id]


@lru_cache(maxsize=_KEPT)
def _releases_by_id(view: View) -> dict[str, Release]:
    return {one.id: one for one in releases(view)}


def _release(view: View, one: Logged) -> Release:
    body = one.body
    decided = past.deed(view, body.get("decision"))
    return Release(
        id=one.id,
        member=body["member"],
        standard=f"{body['standard']}@{body['edition']}" if "edition" in body else body["standard"],
        share_version=body["share_version"],
        index=one.index,
        version=body["version"] if decided else None,
        decision=decided.entry.id if decided else None,
        action=str(decided.action) if decided else None,
        deposits_digest=body["deposits_digest"] if decided else None,
        basis=body["basis"],
    )


def trained_abroad(view: View, member: str, index: int) -> list[dict[str, Any]]:
    """What a member took at peers to train on, as far as the log has it before a place (`disclosure.taken_there`)."""
    found = []
    for one in view.of(Kind.CLOSED_ADOPTION):
        inner = carried(one.statement)[-1]
        taken = inner.kind is Kind.RELEASE and inner.body["member"] == member and inner.body.get("action") == TRAIN
        if taken and one.index < index:
            peer, place = str(one.body["peer"]), int(one.body["index"])
            found.append(disclosure.taken_there(inner.body, peer=peer, release=inner.id, index=place))
    return found


def trained(view: View, member: str, before: int) -> list[Release]:
    """What a member took to train on, before a place in the log."""
    return [one for one in releases(view) if (one.member, one.action) == (member, TRAIN) and one.index < before]


@lru_cache(maxsize=_KEPT)
def models(view: View) -> tuple[Model, ...]:
    """Every version of a model that was disclosed, in log order."""
    return tuple(
        Model(
            id=one.id,
            index=one.index,
            releases=tuple(each["release"] for each in one.body["training"]),
            **{name: one.body[name] for name in ("member", "name", "version", "replaces")},
        )
        for one in view.of(Kind.MODEL)
    )


@lru_cache(maxsize=_KEPT)
def contributors(view: View) -> dict[tuple[str, str], int]:
    """Who has handed in rows to which reservoir, and where in the log it did first."""
    found: dict[tuple[str, str], int] = {}
    for one in sorted(deposits(view).values(), key=lambda each: each.index):
        found.setdefault((one.contributor, one.standard), one.index)
    return found


@lru_cache(maxsize=_KEPT)
def _by_reservoir(view: View) -> dict[str, list[tuple[str, Deposit]]]:
    """The deposits of each reservoir, the last one first, each with when its outcome was signed."""
    found: dict[str, list[tuple[str, Deposit]]] = {}
    for one in sorted(deposits(view).values(), key=lambda each: -each.index):
        outcome = view.find(one.outcome)
        found.setdefault(one.standard, []).append((outcome.issued if outcome is not None else "", one))
    return found


def within(view: View, release: Release, *, since: str = "") -> Iterator[Deposit]:
    """The deposits of which rows may have been in a release: all that were, and perhaps some that were not.

    The last one first; `since` leaves out those that were signed at that instant or before it.
    """
    for sealed, one in _by_reservoir(view).get(release.standard.partition("@")[0], ()):
        if sealed > since and _held(view, release, one, view.checkpoint.size):
            yield one


def _held(view: View, release: Release, deposit: Deposit, at: int) -> bool:
    """Whether rows of a deposit may have been in a release, by what the log said before the place `at`."""
    frozen = editions(view).get(release.standard) if "@" in release.standard else None
    held = may_hold(release, deposit, withdrawals(view).get(deposit.id), frozen)
    return held and let_out(view, release, deposit, at)


def let_out(view: View, release: Release, deposit: Deposit, at: int) -> bool:
    """Whether what restricts a deposit let rows of it into a release, as `dam.restricted` says it."""
    deed, outcome = past.deed(view, release.decision), view.find(deposit.outcome)
    if deed is None or outcome is None:
        return True
    reserved, since = _reserved(view, deposit.contributor, at)
    said = [outcome.body["own_terms"]] if "own_terms" in outcome.body else []
    said += reserved if max(since, deposit.index) < release.index else []
    taker = past.members(view).get(release.member)
    try:
        looked = restriction.looked_at(deed.facts)
        asker = restriction.asker(deed.action, looked, str(taker.body["jurisdiction"]) if taker else "")
        return restriction.cut([own_terms.read(one) for one in said], asker, now=str(looked["now"])) is not None
    except DamError:  # a restriction that cannot be read is no reason to believe that it kept anything back
        return True


def _reserved(view: View, firm: str, at: int) -> tuple[list[Json], int]:
    """What the country under which a firm stands said last before a place in the log, and where."""
    member = past.members(view).get(firm)
    country = member.body["under"] if member is not None else None
    said, since = list[Json](), -1
    for one in view.of(Kind.MEMBER, Kind.RESERVATION) if country is not None else ():
        if one.body["member"] == country and "restrictions" in one.body and one.index < at:
            said, since = list(one.body["restrictions"]), one.index
    return said, since


def touched(view: View, withdrawal: str, at: int) -> list[tuple[Model, Release]]:
    """The models in whose training sets rows of a withdrawal may be, each with the first release that had them.

    As the log told it before the place `at`.
    """
    known, held = _releases_by_id(view), deposits(view)
    left = (one.deposit for one in withdrawals(view).values() if one.statement == withdrawal)
    gone = [held[id] for id in left if id in held]
    holding = {
        one.id for one in releases(view) if one.action == TRAIN and any(_held(view, one, each, at) for each in gone)
    }
    firsts = ((model, next((id for id in model.releases if id in holding), None)) for model in models(view))
    return [(model, known[id]) for model, id in firsts if id is not None]


def incident(one: Logged) -> Incident:
    """An incident as its statement tells it."""
    told = {name: one.body[name] for name in ("event", "persons", "at", "what", "law")}
    classes, countries = tuple(one.body["classes"]), tuple(one.body["countries"])
    return Incident(id=one.id, index=one.index, classes=classes, countries=countries, **told)
