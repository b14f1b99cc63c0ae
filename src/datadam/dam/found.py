"""Found a dam: its first statement names it, its country and its keys; everything later is signed under them."""

from datadam import seal
from datadam.dam import state
from datadam.dam.world import World
from datadam.errors import Unavailable
from datadam.formats.statements import shaped
from datadam.model import Kind


def found(world: World) -> None:
    """Log the dam's own first statement, if the log is still empty; otherwise see that this is the same dam."""
    with world.lock:
        if world.ledger.size == 0:
            facts = {
                "origin": world.settings.name,
                "title": world.settings.title,
                "jurisdiction": world.settings.jurisdiction,
                "key": seal.public(world.secrets.private_key("sign")),
                "log": world.ledger.vkey,
            }
            state.record(world, state.statement(world, Kind.DAM, facts))
            return
        _, id = world.ledger.entry(0)
        first = shaped(world.ledger.statement(id), Kind.DAM).body
        if (first["origin"], first["log"]) != (world.settings.name, world.ledger.vkey):
            raise Unavailable("dam.other", origin=first["origin"], name=world.settings.name)
