"""Who has what across dams: guests who took rows, models at their homes that rest on them, and who is told of it there.

Where rows are withdrawn, the contributor hears which guests of which dams were given them, and which models those dams'
registers name that rest on such releases. The guests' homes adopt the withdrawal, and tell their own members; whom it
concerns the dam that gave the rows says, by its notices, so that nobody hears of rows that it never had.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from datadam import seal
from datadam.dam import notice, peered, registered, state
from datadam.dam.world import World
from datadam.disclosure import Model
from datadam.duties import Notice, Topic
from datadam.model import Json, Kind, Member, Statement, Withdrawal
from datadam.peers import Adopted, Peer, PeerBody, PeerWithdrawal
from datadam.ports import Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelThere:
    """A model in a peer's register."""

    id: str  # the model statement in the peer's log
    name: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """What of withdrawn rows went to one other dam."""

    peer: str
    origin: str
    guests: tuple[str, ...]  # members of that dam who were told
    models: tuple[ModelThere, ...]


def of_withdrawal(rows: Rows, id: str) -> list[Reached]:
    """The dams whose members were given rows of a withdrawal here, or whose registers rest on them, by origin."""
    told = [one.member for one in rows.find(Notice, about=id, topic=Topic.WITHDRAWAL) if one.member is not None]
    guests = [held for member in told if (held := rows.get(Member, member)) is not None and held.home is not None]
    taken = registered.holding(rows, rows.find(Withdrawal, statement=id))
    found = []
    for peer in sorted(rows.find(Peer), key=lambda one: one.origin):
        theirs = tuple(sorted(str(one.id) for one in guests if one.home == peer.id))
        models = tuple(_models(rows, peer, taken)) if taken else ()
        if theirs or models:
            found.append(Reached(peer=peer.id, origin=peer.origin, guests=theirs, models=models))
    return found


def _models(rows: Rows, peer: Peer, taken: frozenset[str]) -> Iterator[ModelThere]:
    """What a peer's register, as it was followed, says was trained on one of these releases of ours."""
    own = peered.own_id(rows)
    for held in sorted(rows.find(PeerBody, peer=peer.id, kind=str(Kind.MODEL)), key=lambda one: one.place):
        body = seal.opened(held.envelope).body
        if any(one["peer"] == own and one["release"] in taken for one in body.get("elsewhere", ())):
            yield ModelThere(id=held.id, name=str(body["name"]), version=str(body["version"]))


def beyond(rows: Rows, id: str) -> list[Json]:
    """The same as a `purge` tells it, which peers in scope may read: how many guests, not which."""
    return [
        {"peer": one.peer, "recipients": len(one.guests), "models": [model.id for model in one.models]}
        for one in of_withdrawal(rows, id)
    ]


def tell(world: World, peer: str) -> int:
    """Tell our members of withdrawals at a peer of rows that they were given there; how many were told now."""
    with world.lock:
        with world.store.read() as rows:
            found = [one for left in rows.find(PeerWithdrawal, peer=peer) for one in _untold(world, rows, left)]
        if found:
            state.record(world, *found)
    return len(found)


def _untold(world: World, rows: Rows, left: PeerWithdrawal) -> Iterator[Statement]:
    """A notice for each member whom that dam told of the withdrawal and we did not yet."""
    told = {one.member for one in rows.find(Notice, about=left.id)}
    peer, adopted = rows.get(Peer, left.peer), rows.get(Adopted, left.id)
    for member in sorted({_member(one) for one in _notices(rows, left)} - told):
        ours = rows.get(Member, member)
        if ours is None or ours.home is not None or peer is None or adopted is None:
            continue
        models = registered.touched_abroad(rows, left, adopted.place, member)
        facts = {"dam": peer.origin, **notice.left_from([left.standard], models)}
        yield notice.to_member(world, Topic.WITHDRAWAL, left.id, member, facts)


def _notices(rows: Rows, left: PeerWithdrawal) -> Sequence[Json]:
    held = (seal.opened(one.envelope).body for one in rows.find(PeerBody, peer=left.peer, kind=str(Kind.NOTICE)))
    return [one for one in held if (one["topic"], one["about"]) == (Topic.WITHDRAWAL, left.id)]


def _member(body: Json) -> str:
    return str(body["member"])


def touched(world: World, id: str) -> list[Model]:
    """Our members' models that may have been trained on rows which were withdrawn at a peer by that statement."""
    with world.store.read() as rows:
        left, adopted = rows.get(PeerWithdrawal, id), rows.get(Adopted, id)
        return [] if left is None or adopted is None else registered.touched_abroad(rows, left, adopted.place)
