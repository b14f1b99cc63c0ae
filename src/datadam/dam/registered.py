"""What statements about models say, as tables; and which models a withdrawal concerns.

A model enters the log only with the training set that the log itself comes to, so nobody can leave anything out of it,
nor put anything into it: not its provider, and not the dam.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from datadam import disclosure
from datadam.dam import restricted
from datadam.disclosure import TRAIN, Model, Opening, Part, may_hold
from datadam.duties import Answer, Demand
from datadam.errors import Untrusted
from datadam.model import Deposit, Edition, Json, Kind, Member, Release, Withdrawal
from datadam.peers import PeerRelease, PeerWithdrawal
from datadam.ports import Rows

RECORDS: Final = (Model, Opening)
"""The tables."""


def training(rows: Rows, member: str) -> list[dict[str, Any]]:
    """What a member took to train on, up to now."""
    return disclosure.training(rows.find(Release, member=member, action=TRAIN))


def elsewhere(rows: Rows, member: str) -> list[dict[str, Any]]:
    """What it took at peers, as their guest, to train on, as far as this log has it; `index` is of their log."""
    found = rows.find(PeerRelease, member=member, action=TRAIN)
    return [
        disclosure.taken_there(asdict(one), peer=one.peer, release=one.id, index=one.place)
        for one in sorted(found, key=lambda one: one.index)
    ]


def last(rows: Rows, member: str, name: str) -> Model | None:
    """The last version of a member's model."""
    held = rows.find(Model, member=member, name=name)
    return max(held, key=lambda one: one.index, default=None)


def _fold_model(rows: Rows, index: int, id: str, body: Json) -> None:
    """Its training set is the log's own, and it follows the version before; a version is told once."""
    member, name, version = rows.get(Member, body["member"]), body["name"], body["version"]
    before = last(rows, body["member"], name)
    if member is None or member.until is not None:
        raise Untrusted("model.member-wrong", member=body["member"], statement=id)
    if body["replaces"] != (before.id if before else None):
        raise Untrusted("model.replaces-other", model=f"{name} {version}", statement=id)
    if rows.find(Model, member=member.id, name=name, version=version):
        raise Untrusted("model.version-there", name=name, version=version)
    there = elsewhere(rows, member.id)
    if (body["training"], body.get("elsewhere", [])) != (training(rows, member.id), there):
        raise Untrusted("model.training-other", model=f"{name} {version}")
    rows.put(
        Model(
            id=id,
            member=member.id,
            name=name,
            version=version,
            replaces=body["replaces"],
            releases=tuple(one["release"] for one in body["training"]),
            elsewhere=tuple(one["release"] for one in there),
            index=index,
        )
    )


def _fold_opening(rows: Rows, index: int, id: str, body: Json) -> None:
    """By the provider of the model, on a demand that names it and was not refused; each part once for a demand."""
    model, demand = rows.get(Model, body["model"]), rows.get(Demand, body["demand"])
    member = rows.get(Member, body["member"])
    if member is None or member.until is not None or model is None or model.member != member.id:
        raise Untrusted("model.member-wrong", member=body["member"], statement=id)
    if demand is None or demand.model != model.id or demand.answer is Answer.REFUSED:
        raise Untrusted("model.opening-wrong", demand=body["demand"], statement=id)
    if rows.find(Opening, model=model.id, demand=demand.id, part=Part(body["part"])):
        raise Untrusted("statement.repeated", statement=id)
    told = {name: body[name] for name in ("member", "model", "demand", "digest", "size")}
    rows.put(Opening(id=id, part=Part(body["part"]), index=index, **told))


FOLDS: Final[Mapping[Kind, Callable[[Rows, int, str, Json], None]]] = {
    Kind.MODEL: _fold_model,
    Kind.OPENING: _fold_opening,
}
"""How a statement about a model changes the tables."""


# --- what was withdrawn of a training set -----------------------------------------------------------------------------


def withdrawn_of(rows: Rows, releases: Iterable[Release]) -> list[Withdrawal]:
    """Of what was withdrawn, all that may have been in one of these releases, in the order of the log."""
    found: dict[str, Withdrawal] = {}
    for release in releases:
        frozen = _frozen(rows, release)
        for left in rows.find(Withdrawal, standard=release.standard.partition("@")[0]):
            deposit = rows.get(Deposit, left.deposit)
            if deposit is not None and may_hold(release, deposit, left, frozen) and _let_out(rows, release, deposit):
                found[left.deposit] = left
    return sorted(found.values(), key=lambda one: (one.index, one.deposit))


def touched(rows: Rows, held: Sequence[Withdrawal]) -> list[Model]:
    """The models in whose training sets one of these withdrawn deposits may be, in the order of the log."""
    found = holding(rows, held)
    models = [one for one in rows.find(Model) if not found.isdisjoint(one.releases)] if found else []
    return sorted(models, key=lambda one: one.index)


def holding(rows: Rows, held: Sequence[Withdrawal]) -> frozenset[str]:
    """The releases to train on in which one of these withdrawn deposits may be."""
    deposits = [(one, given) for one in held if (given := rows.get(Deposit, one.deposit)) is not None]
    releases = {one.id: (one, _frozen(rows, one)) for one in rows.find(Release, action=TRAIN)} if deposits else {}
    return frozenset(
        id
        for id, (release, frozen) in releases.items()
        if any(may_hold(release, given, left, frozen) and _let_out(rows, release, given) for left, given in deposits)
    )


def touched_abroad(rows: Rows, left: PeerWithdrawal, place: int, member: str | None = None) -> list[Model]:
    """Models of our members that may have been trained on rows which a contributor of a peer took back there.

    All that was taken there to train on before: `place` is where that log has the withdrawal. Of one member, or of all.
    """
    mine = {} if member is None else {"member": member}
    taken = rows.find(PeerRelease, peer=left.peer, standard=left.standard, action=TRAIN, **mine)
    before = {one.id for one in taken if one.place < place}
    return sorted((one for one in rows.find(Model) if not before.isdisjoint(one.elsewhere)), key=lambda one: one.index)


def _let_out(rows: Rows, release: Release, deposit: Deposit) -> bool:
    """Whether what restricts a deposit let it into a release: whoever never got rows is not told that they left."""
    return restricted.may_hold(rows, release, deposit.id)


def _frozen(rows: Rows, release: Release) -> Edition | None:
    reservoir, mark, name = release.standard.partition("@")
    return rows.get(Edition, reservoir, name) if mark else None
