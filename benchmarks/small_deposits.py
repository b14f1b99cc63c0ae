"""Many small deposits into one reservoir, from announcement to commit, and how the cost of one grows with their number.

`--rows` is the number of deposits, of 100 rows each. The dam is a real folder, its verbs are called in this process,
and CPU seconds are those of all its threads. The ratio is what the last deposits cost to what the tenth did, both the
medians of the deposits around them.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import measure
import upload
from datadam import seal, wiring
from datadam.client.home import read_key
from datadam.confirming import confirm
from datadam.dam import deposit, publish
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.formats import codelists
from datadam.mapping import fit_digest, fit_to_json
from datadam.model import Fit, Json, Kind, Layout, Stage, instant
from datadam.proposing import suggest

ROWS = 100
DEFAULT = 1000
BOUNDED = 300  # where a larger number was meant for rows
AROUND = 10  # deposits on both sides of the tenth; and twice as many at the end
BAR = 1.5
HEADER = "type,value,tlp,confidence"


def file_of(number: int) -> bytes:
    """A hundred rows that no other file has."""
    addresses = (f"10.{number // 250}.{number % 250}.{row}" for row in range(ROWS))
    return "\n".join([HEADER, *(f"ipv4,{address},GREEN,50" for address in addresses), ""]).encode()


def fit_for(world: World) -> Fit:
    """How such a file fits the standard."""
    standard = publish.current(world, upload.STANDARD)
    columns = tuple(HEADER.split(","))
    layout = Layout(columns=columns, types=("text",) * len(columns), samples=((),) * len(columns))
    return confirm(suggest(standard, layout, codelists.packaged()), standard, layout)


def hand_in(world: World, key: seal.Jwk, fit: Fit, data: bytes, terms: Json | None = None) -> None:
    """One deposit from its manifest to its end, under terms of its own or none."""
    caller = Caller(member=seal.member_id(key))
    facts: Json = {
        "contributor": caller.member,
        "standard": fit.standard,
        "version": fit.version,
        "fit": fit_to_json(fit),
        "fit_digest": fit_digest(fit),
        "file": {"name": "file.csv", "format": "csv", "digest": seal.digest(data), "size": len(data)},
        "terms": [],
        **({} if terms is None else {"own_terms": terms}),
    }
    manifest = seal.state(Kind.MANIFEST, facts, issued=instant(world.clock()), key=key)
    job = deposit.announce(world, caller, seal.envelope(manifest))
    deposit.receive(world, caller, job.id, iter([data]))
    done = deposit.process(world, job.id, lambda *_: None)
    assert done.stage == Stage.COMMITTED, done.fault


def main() -> None:
    """Hand in all, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=DEFAULT, help="number of deposits")
    asked = parser.parse_args().rows
    count = asked if 4 * AROUND <= asked <= 10 * DEFAULT else BOUNDED
    costs: list[float] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder, held = Path(temporary) / "dam", Path(temporary) / "key.json"
        upload.found(folder, held)
        key = read_key(held)
        with wiring.world(folder) as world:
            fit = fit_for(world)
            for number in range(count):
                begun = time.process_time()
                hand_in(world, key, fit, file_of(number))
                costs.append(time.process_time() - begun)
    first, last = statistics.median(costs[: 2 * AROUND]), statistics.median(costs[-2 * AROUND :])
    measure.say(
        name="small_deposits",
        ratio=last / first,
        bar=BAR,
        cpu_s=sum(costs),
        peak_mb=upload.peak_mb(),
        deposits=count,
        rows_each=ROWS,
        tenth_ms=first * 1000,
        last_ms=last * 1000,
    )


if __name__ == "__main__":
    main()
