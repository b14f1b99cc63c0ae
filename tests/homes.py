"""Files that are prepared at home, handed in, and what a dam stores of them; and the law that all of it keeps."""

import secrets
from pathlib import Path

import polars as pl

from datadam import seal, wiring
from datadam.dam import deposit, publish
from datadam.dam.world import World
from datadam.formats import codelists, odcs
from datadam.model import Fit, Job, Source, Stage, Standard
from datadam.prepare import Home, Prepared, prepare_at_home
from worlds import Person, a_world


def at_home(standard: Standard, fit: Fit, folder: Path, text: str, *, into: str = "prepared.csv") -> Prepared:
    """Prepare a file with the engine that the `local` extra brings."""
    file = folder / "mine.csv"
    file.write_text(text, encoding="utf-8")
    home = Home(
        standard=standard,
        fit=fit,
        codes=codelists.packaged(),
        source=Source(path=str(file), format="csv", name=file.name),
        folder=folder,
        into=folder / into,
        key_secret=secrets.token_bytes(32),
    )
    return prepare_at_home(wiring.local_desk(), home, lambda *_: None)


def handed_in(world: World, person: Person, fit: Fit, data: bytes, name: str = "prepared.csv") -> Job:
    """Deposit a file that is signed as prepared."""
    file = {"name": name, "format": name.rsplit(".", maxsplit=1)[1], "digest": seal.digest(data), "size": len(data)}
    manifest = person.manifest(fit, data, prepared=True, file=file)
    job = deposit.announce(world, person.caller, seal.envelope(manifest))
    deposit.receive(world, person.caller, job.id, iter([data]))
    return deposit.process(world, job.id, lambda *_: None)


def stored(world: World, job: Job) -> pl.DataFrame:
    """What the table has of a deposit, but for where its rows came from."""
    (path,) = (file.path for file in world.lake.files(job.standard) if file.path.stem == job.id)
    return pl.read_parquet(path).drop("_deposit", "_row")


def hold_the_law(standard: Standard, fit: Fit, folder: Path, text: str, *, into: str) -> None:
    """Hold that a dam stores of the prepared file what it stores of the file, and refuses what cannot be prepared."""
    done = at_home(standard, fit, folder, text, into=into)
    world = a_world(folder / "dam")
    publish.publish(world, odcs.write(standard))
    person = Person("A").joins(world)
    raw = person.deposits(world, standard.id, text.encode(), fit)
    if done.file is None:
        assert raw.stage == Stage.REFUSED
        return
    job = handed_in(world, person, done.fit, (folder / into).read_bytes(), into)
    assert (job.stage, job.facts["tally"]["rejected"]) == (Stage.COMMITTED, 0)
    assert stored(world, job).equals(stored(world, raw))
