"""Found a dam: its first statement names it, its country and its keys; everything later is signed under them."""

from datadam import seal
from datadam.dam import state
from datadam.dam.world import World
from datadam.errors import Unavailable
from datadam.formats import note
from datadam.formats.statements import shaped
from datadam.ledger import LOG
from datadam.model import Key, Kind


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
        if first["origin"] != world.settings.name or not _signs(world):
            raise Unavailable("dam.other", origin=first["origin"], name=world.settings.name)


def _signs(world: World) -> bool:
    """Whether the key that signs the log is one that the log itself names: its first one, or one that came after it."""
    state.catch_up(world)
    with world.store.read() as rows:
        key = rows.get(Key, seal.thumbprint(note.read_vkey(world.ledger.vkey)[2]))
    return key is not None and key.owner == LOG
