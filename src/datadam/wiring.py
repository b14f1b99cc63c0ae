"""Settings to a ready dam: the only place that names concrete adapters.

Heavy libraries are imported inside the functions that need them, so that the light client never pays for them.
"""

import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from datadam import seal
from datadam import settings as choices
from datadam.errors import Invalid, NotFound, Unavailable, Untrusted
from datadam.formats import note
from datadam.settings import Settings

if TYPE_CHECKING:
    from datadam.adapters.backup_files import Backup
    from datadam.adapters.folder import Folder
    from datadam.adapters.key_files import KeyFiles
    from datadam.adapters.sql_store import SqlStore
    from datadam.adapters.upgrades import Step
    from datadam.adapters.witness_files import WitnessFiles
    from datadam.adapters.witness_http import HttpLog
    from datadam.dam.prove import Findings
    from datadam.dam.world import World
    from datadam.ledger import Ledger
    from datadam.ports import Engine, Groups, Profiler, Sampler, Witness
    from datadam.prepare import Desk


def read_settings(path: Path, **given: object) -> Settings:
    """The settings of the dam in the folder `path`: command line before environment before file."""
    from datadam.adapters.folder import Folder

    file = Folder.open(path).settings
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise Unavailable("settings.unreadable", path=str(file), why=error.strerror or "") from error
    except ValueError as error:
        raise Invalid("settings.malformed", path=str(file), why=str(error)) from error
    return choices.read(table, os.environ, folder=path.absolute(), **given)


def init(path: Path, **given: object) -> Settings:
    """Make a dam in the folder `path`: keys, settings, and its first statement."""
    from datadam.adapters.folder import Folder
    from datadam.adapters.key_files import KeyFiles

    settings = choices.read({}, os.environ, folder=path.absolute(), **given)
    folder = Folder.create(path)
    KeyFiles.create(folder.keys)
    folder.settings.write_text(choices.to_toml(settings), encoding="utf-8")
    folder.settings.chmod(0o600)
    with world(path):
        return settings


@contextmanager
def world(path: Path, given: Mapping[str, object] | None = None, *, rolled: bool = True) -> "Iterator[World]":
    """The dam in `path`, held alone: nobody else writes while this lasts.

    `rolled` rolls the tables forward to the log first; a check looks before anything is changed.
    """
    from datadam.adapters.folder import Folder

    settings = read_settings(path, **(given or {}))
    folder = Folder.open(path)
    with folder.lock(), _world(folder, settings) as made:
        from datadam.dam import found, rotate, state

        state.claim(made)
        if rolled:
            found.found(made)
            state.catch_up(made)
            rotate.settle(made)
        yield made


@contextmanager
def _world(folder: "Folder", settings: Settings) -> "Iterator[World]":
    from datadam.adapters.backup_files import BackupFiles
    from datadam.adapters.body_files import BodyFiles
    from datadam.adapters.delta_lake import DeltaLake
    from datadam.adapters.edition_files import EditionFiles
    from datadam.adapters.highs_solver import HighsSolver
    from datadam.adapters.key_files import KeyFiles
    from datadam.adapters.opendp_noise import OpenDpNoise
    from datadam.adapters.peer_http import HttpPeerLink
    from datadam.adapters.polars_groups import PolarsGroups
    from datadam.adapters.polars_quality import PolarsSurveyor
    from datadam.adapters.polars_share import PolarsShareWriter
    from datadam.adapters.polars_sums import PolarsSums
    from datadam.adapters.polars_twin import PolarsTwins
    from datadam.adapters.spool_files import SpoolFiles
    from datadam.adapters.tile_log import TileLog
    from datadam.adapters.trust_files import TrustFiles
    from datadam.dam.world import World
    from datadam.ledger import Ledger

    secrets = KeyFiles(folder.keys)
    keys = _log_keys(secrets)
    bodies, log, link = BodyFiles(folder.bodies), TileLog(folder.log), HttpPeerLink()

    def opened() -> "Ledger":
        return Ledger(log, bodies, key=keys[0], also=keys[1:], origin=settings.name)

    try:
        store = _store(folder, settings)
        try:
            yield World(
                settings=settings,
                ledger=_ledger(folder, settings, opened),
                bodies=bodies,
                store=store,
                lake=DeltaLake(folder.reservoirs),
                engine=local_engine(),
                surveyor=PolarsSurveyor(),
                shares=PolarsShareWriter(folder.shares),
                editions=EditionFiles(folder.editions),
                groups=PolarsGroups(),
                sums=PolarsSums(),
                solver=HighsSolver(),
                twins=PolarsTwins(folder.twins),
                noise=OpenDpNoise(),
                spool=SpoolFiles(folder.spool, max_bytes=settings.max_spool_bytes),
                secrets=secrets,
                clock=_now,
                witnesses=_witnesses(settings),
                peers=link,
                trust=TrustFiles(settings.trust_list) if settings.trust_list else None,
                archive=BackupFiles(folder, state=store.copy_into if settings.store else None),
            )
        finally:
            store.close()
    finally:
        link.close()
        log.close()
        bodies.close()


def _log_keys(secrets: "KeyFiles") -> list[dict[str, str]]:
    """The keys that the log may have been signed with: in the middle of a rotation it is not settled which one."""
    former = secrets.former_key("log")
    return [secrets.private_key("log"), *([former] if former else [])]


def _store(folder: "Folder", settings: Settings) -> "SqlStore":
    """The Store in the folder, or in PostgreSQL; there it takes over what the folder had before."""
    from datadam.adapters.sql_store import SqlStore

    if not settings.store:
        return SqlStore(folder.state)
    from datadam.adapters.postgres_base import PostgresBase

    store = SqlStore(PostgresBase(settings.store, password=settings.store_password, ca=settings.store_ca))
    try:
        if folder.state.exists():
            store.move_in(folder.state)
    except BaseException:  # however it ends, nobody else would let go of the database
        store.close()
        raise
    return store


def _ledger(folder: "Folder", settings: Settings, made: "Callable[[], Ledger]") -> "Ledger":
    """The ledger; a log that was signed under another name or key is told as what it is, another dam's."""
    try:
        return made()
    except Untrusted as error:
        if error.code != "note.unsigned":
            raise
        with (folder.log / "checkpoint").open(encoding="utf-8") as note:
            raise Unavailable("dam.other", origin=note.readline().strip(), name=settings.name) from error


def _witnesses(settings: Settings) -> "list[Witness]":
    """The witnesses that the settings name; one key under two names would be counted twice."""
    from datadam.adapters.witness_http import HttpWitness

    found = [HttpWitness(*text.split(" ", maxsplit=1)) for text in settings.witnesses]
    if len({seal.thumbprint(note.read_vkey(one.vkey, note.WITNESS_KEY)[2]) for one in found}) != len(found):
        raise Invalid("witness.repeated")
    return list(found)


def witness_folder(path: Path, *, name: str | None = None) -> "WitnessFiles":
    """The witness in the folder `path`; with a name, a new one."""
    from datadam.adapters.witness_files import WitnessFiles

    return WitnessFiles(path) if name is None else WitnessFiles.create(path, name)


def watched_log(url: str) -> "HttpLog":
    """The log of the dam at `url`, as a witness reads it."""
    from datadam.adapters.witness_http import HttpLog

    return HttpLog(url)


def restored(backup: Path, folder: Path, *, keys: Path | None = None) -> "tuple[Backup, bool]":
    """A dam's folder made of a backup, or of the newest in a folder of them; which it was, and whether it has keys.

    With its keys, what the backup caught between log and table is rolled forward, as every start does; unless the state
    goes into a database, which may still be that of the dam that was backed up.
    """
    from datadam.adapters import backup_files
    from datadam.dam import deposit, withdraw

    found = backup_files.find(backup)
    with_keys = backup_files.restore(found, folder, keys=keys)
    if with_keys and not read_settings(folder).store:
        with world(folder) as made:
            deposit.recover(made)
            withdraw.recover(made)
    return found, with_keys


def upgraded(path: Path, *, dry_run: bool = False) -> "tuple[dict[str, int], list[Step]]":
    """The format versions of the folder `path` as they were, and the steps that were done, or would be."""
    from datadam.adapters import upgrades
    from datadam.adapters.folder import Folder

    folder = Folder(path)
    found = upgrades.versions(folder)
    return found, upgrades.planned(found) if dry_run else upgrades.upgrade(folder)


def _now() -> datetime:
    return datetime.now(UTC)


def places(path: Path) -> "Folder":
    """Where the parts of the dam in `path` lie."""
    from datadam.adapters.folder import Folder

    return Folder.open(path)


def local_engine() -> "Engine":
    """The engine of a dam, and by which a contributor prepares a file on its own machine (extra `local`)."""
    from datadam.adapters.polars_engine import PolarsEngine

    if find_spec("presidio_analyzer") is None:
        return PolarsEngine()
    from datadam.adapters.presidio_text import PresidioText  # extra `text`

    return PolarsEngine(finder=PresidioText())


def local_desk() -> "Desk":
    """All that a contributor prepares a file with on its own machine (extra `local`)."""
    from datadam.adapters.polars_prepared import PolarsPreparedWriter
    from datadam.adapters.polars_quality import PolarsSurveyor
    from datadam.prepare import Desk

    return Desk(engine=local_engine(), surveyor=PolarsSurveyor(), writer=PolarsPreparedWriter())


def local_profiler() -> "Profiler":
    """What looks at every value of a contributor's file, on its own machine (extra `local`)."""
    from datadam.adapters.polars_profile import PolarsProfiler

    return PolarsProfiler()


def local_groups() -> "Groups":
    """What tells how coarse a sample must be, on a steward's own machine (extra `local`)."""
    from datadam.adapters.polars_groups import PolarsGroups

    return PolarsGroups()


def local_sampler() -> "Sampler":
    """What counts what protections would keep of a sample, on a steward's own machine (extra `local`)."""
    from datadam.adapters.polars_sample import PolarsSampler

    return PolarsSampler()


def checker(made: "World", *, patience: float = 0.0) -> "Callable[[], Findings]":
    """What looks the whole folder of a dam over; with `patience` seconds for what is under way, where it is served."""
    from datadam.adapters.memory.store import MemoryStore
    from datadam.audit import audit
    from datadam.dam import prove

    def read(name: str) -> bytes:
        try:
            return made.settings.folder.joinpath("log", *name.split("/")).read_bytes()
        except OSError as error:
            raise NotFound("log.path-unknown", path=name) from error

    return lambda: prove.check(
        made, MemoryStore, lambda: audit(read, vkey=made.ledger.vkey, bodies=None), patience=patience
    )
