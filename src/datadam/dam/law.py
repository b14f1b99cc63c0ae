"""Adopt law files, and ask the one in use whether a transfer has a basis. Not legal advice.

Nothing is in use until the operator adopts it: whoever runs a dam answers for the law that it goes by, and a file that
came with a program is nobody's word. Until then nothing leaves the country, and no clock is known to run.
"""

from datadam import seal
from datadam.dam import state
from datadam.dam.world import World
from datadam.duties import LawFile
from datadam.errors import DamError, Faults, Invalid, Refused
from datadam.formats import law, law_files
from datadam.formats.law import Clocks, Corridors
from datadam.model import Kind, PrivacyClass


def adopt(world: World, text: str) -> LawFile:
    """Take a law file into use, from its log index on. One that is faulty or not newer is refused.

    The same text again is the same adoption.
    """
    if faults := law_files.lint(text, today=world.clock().date()):
        raise Faults("law.faulty", faults)
    new, digest = law_files.read(text), seal.digest(text.encode())
    with world.lock:
        last = in_use(world, new.name)
        if last is not None and last.digest == digest:
            return last
        if last is not None and _ordered(new.version) <= _ordered(last.version):
            raise Invalid("law.not-newer", name=new.name, version=new.version, last=last.version)
        facts = {"name": new.name, "version": new.version, "text": text, "digest": digest}
        statement = state.statement(world, Kind.LAW, facts)
        index = state.record(world, statement)
    return LawFile(statement=statement.id, index=index, **facts)


def _ordered(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def in_use(world: World, name: str, *, at: int | None = None) -> LawFile | None:
    """The law file of that name that was adopted last; or that was in use for what the log has `at` an index."""
    with world.store.read() as rows:
        found = [held for held in rows.find(LawFile, name=name) if at is None or held.index < at]
    return max(found, key=lambda held: held.index, default=None)


def corridors(world: World) -> Corridors | None:
    """The corridors in use, None while none were adopted."""
    held = in_use(world, law.NAMES[0])
    found = law_files.read(held.text) if held is not None else None
    return found if isinstance(found, Corridors) else None


def clocks(world: World) -> tuple[Clocks, str]:
    """The clocks in use, and the statement that adopted them; `Refused` while none were."""
    held = in_use(world, law.NAMES[1])
    found = law_files.read(held.text) if held is not None else None
    if held is None or not isinstance(found, Clocks):
        raise Refused("law.none-adopted", name=law.NAMES[1])
    return found, held.statement


def corridor(world: World, destination: str, data_class: PrivacyClass) -> str | None:
    """The row in use that is a basis for taking a class of data from this dam to a country today.

    Empty where it stays at home, None where there is no basis.
    """
    home, today = world.settings.jurisdiction, world.clock().date()
    try:
        return law.corridor(home, destination, data_class, today, law=corridors(world))
    except DamError:  # a file that this version reads no more is no basis
        return "" if home == destination else None
