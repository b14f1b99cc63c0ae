"""Make a small dam with a bit of everything, and keep its folder as a fixture: later versions must open it as it is.

    python scripts/make_fixture.py tests/fixtures/dam-0.1.0.tar.gz

Run it with the version that the fixture is to be of, once, when that version is released. Its keys guard nothing.
"""

import io
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from datadam import seal, wiring
from datadam.dam import deposit, grant, join, login, publish, release
from datadam.dam.world import World
from datadam.model import Kind
from worlds import Person, chunks, fit_of, standard_text

STANDARD = "test.reading"
GOOD = b"meter,amount\nA1,5\nA2,7\nA3,1000\n"
MIXED = b"meter,amount\nB1,1\nB2,many\nB3,2\n"
BAD = b"meter,amount\nC1,few\nC2,many\n"


@contextmanager
def a_dam(folder: Path) -> Iterator[World]:
    """A new dam in `folder`."""
    wiring.init(folder, name="fixture.example/log", jurisdiction="KR", title="Fixture")
    with wiring.world(folder) as world:
        yield world


def fill(world: World) -> None:
    """Members, a standard, deposits at every end, a grant, a release, a new key, an exit, one who waits."""
    publish.publish(world, standard_text())
    alice, bob, carol = (Person(name).joins(world) for name in ("Alice", "Bob", "Carol"))
    for person, data, end in ((alice, GOOD, "committed"), (bob, MIXED, "committed"), (bob, BAD, "refused")):
        if person.deposits(world, STANDARD, data).stage != end:
            sys.exit(f"a deposit did not end {end}")
    for data in (b"meter,amount\nA9,9\n", b"meter,amount\nA8,8\n"):
        waiting = alice.manifest(fit_of(world, STANDARD, data), data)
        job = deposit.announce(world, alice.caller, seal.envelope(waiting))
    deposit.receive(world, alice.caller, job.id, chunks(data))  # received, not judged; the other one only announced
    held = grant.grant(world, bob.id, STANDARD)
    release.open_share(world, bob.caller, STANDARD)
    grant.revoke(world, held)
    grant.grant(world, carol.id, STANDARD, expires="2036-01-01T00:00:00Z")
    login.issue_profile(world, carol.id, STANDARD)
    new = seal.new_key()
    facts = {"member": bob.id, "key": seal.public(new), "replaces": seal.thumbprint(bob.key)}
    join.rotate(world, seal.envelope(seal.countersign(bob.states(Kind.KEY, facts), new)))
    dave = Person("Dave").joins(world)
    join.expel(world, dave.id, "a fixture")
    join.forget(world, dave.id, "a fixture")
    eve = Person("Eve")
    profile = eve.profile()
    join.apply(world, seal.envelope(eve.accession(profile)), profile)


def packed(folder: Path) -> bytes:
    """The folder as a tar.gz, with its modes and nothing of this machine."""

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
        entry.uid = entry.gid = entry.mtime = 0
        entry.uname = entry.gname = ""
        return None if entry.name == "lock" else entry

    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz", compresslevel=9) as file:
        for path in sorted(folder.iterdir()):
            file.add(path, arcname=path.name, filter=plain)
    return stream.getvalue()


def main() -> None:
    """Make it and write it."""
    with tempfile.TemporaryDirectory() as parent:
        with a_dam(Path(parent) / "dam") as world:
            fill(world)
        target = Path(sys.argv[1])
        target.write_bytes(packed(Path(parent) / "dam"))
        print(target, target.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
