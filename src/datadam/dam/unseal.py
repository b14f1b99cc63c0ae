"""Unseal: a model's provider opens bytes that it is committed to, to an authority whose demand the log has.

1. demand   the operator records it, naming the model; its provider is told (`dam.order`)
2. open     the provider signs an opening that names demand, part and commitment, and sends the salt and the bytes
3. check    SHA-256 over salt and bytes is the commitment itself, so the bytes lie among the bodies under that digest
4. log      the opening, signed by both: that it was opened, not what. The bytes are for auditors and the provider alone

Nobody is asked for code or weights otherwise, and nothing is opened without a demand that names it: there is no other
way in. An authority is no member; an auditor hands over what it asked for.
"""

from typing import Final

from datadam import seal
from datadam.dam import state
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.disclosure import MOST_OPENED, Model, Opening, Part
from datadam.duties import Answer, Demand
from datadam.errors import Invalid, NotFound, Refused, Untrusted
from datadam.formats.statements import shaped
from datadam.model import Json, Kind, Member, Role, Statement
from datadam.ports import Rows

SALT: Final = 32  # bytes, before the opened ones


def may_send(world: World, caller: Caller, model: str) -> None:
    """Refuse before anything is read, unless a demand names the caller's own model."""
    with world.store.read() as rows:
        _own(rows, caller, model)
        if not rows.find(Demand, model=model):
            raise Refused("model.no-order", model=model[:64])


def _own(rows: Rows, caller: Caller, model: str) -> Model:
    if caller.member is None or caller.standard is not None:
        raise Refused("ask.login-needed")
    found = rows.get(Model, model)
    if found is None or found.member != caller.member:
        raise NotFound("model.unknown", model=model[:64])
    return found


def unseal(world: World, caller: Caller, envelope: bytes, content: bytes) -> Opening:
    """Take a signed `opening` and the salt and bytes that it is about; a part that was opened gives what there is."""
    statement = shaped(seal.opened(envelope), Kind.OPENING)
    body = statement.body
    with world.lock:
        with world.store.read() as rows:
            model = _own(rows, caller, body["model"])
            if body["member"] != caller.member:
                raise Untrusted("model.not-yours", member=body["member"])
            state.believe(rows, statement, by=[body["member"]])
            _demanded(rows, body)
            done = rows.find(Opening, model=model.id, demand=body["demand"], part=Part(body["part"]))
        if done:  # whoever did not hear the answer sends it again
            return done[0]
        _check(world, model, statement, content)
        world.bodies.put_all([(body["digest"], content)])
        state.record(world, seal.countersign(statement, world.secrets.private_key("sign")))
        with world.store.read() as rows:
            return next(one for one in rows.find(Opening, model=model.id) if one.id == statement.id)


def _demanded(rows: Rows, body: Json) -> None:
    """A demand in the log names the model, and was not refused."""
    demand = rows.get(Demand, body["demand"])
    if demand is None or demand.model != body["model"]:
        raise Refused("model.no-order", model=body["model"])
    if demand.answer is Answer.REFUSED:
        raise Refused("model.order-refused", demand=demand.id)


def _check(world: World, model: Model, statement: Statement, content: bytes) -> None:
    body = statement.body
    promised = {one["part"]: one["digest"] for one in world.ledger.statement(model.id).body["commitments"]}
    if promised.get(body["part"]) != body["digest"]:
        raise NotFound("model.no-commitment", model=model.title, part=body["part"])
    if len(content) > MOST_OPENED + SALT:
        raise Invalid("model.opening-too-large", limit=MOST_OPENED)
    if len(content) != body["size"] + SALT or seal.digest(content) != body["digest"]:
        raise Untrusted("model.bytes-other", file=body["part"], model=model.title)


# --- asking -----------------------------------------------------------------------------------------------------------


def openings(world: World, caller: Caller, model: str) -> list[Opening]:
    """What was opened of a model, in the order of the log: for its provider and for auditors, to others there is none.

    That something was opened is nobody else's to know: an inquiry may be under way.
    """
    with world.store.read() as rows:
        found = rows.get(Model, model)
        if found is None or not _may_see(rows, caller, found.member):
            raise NotFound("model.unknown", model=model[:64])
        return sorted(rows.find(Opening, model=model), key=lambda one: one.index)


def content(world: World, caller: Caller, id: str) -> bytes:
    """The salt and the bytes of an opening, for its provider and for auditors."""
    with world.store.read() as rows:
        found = rows.get(Opening, id)
        if found is None or not _may_see(rows, caller, found.member):
            raise NotFound("model.opening-unknown", opening=id[:64])
    held = world.bodies.get(found.digest)
    if seal.digest(held) != found.digest:
        raise Untrusted("body.digest-wrong", id=found.digest)
    return held


def _may_see(rows: Rows, caller: Caller, owner: str) -> bool:
    if caller.member is None or caller.standard is not None:
        return False
    asker = rows.get(Member, caller.member)
    if asker is None or asker.until is not None:
        return False
    return asker.id == owner or (Role.AUDITOR in asker.roles and not asker.suspended)
