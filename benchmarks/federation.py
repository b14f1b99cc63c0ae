"""What two dams cost each other: `--part follow` is how many statements of a peer's log a second are believed.

A log is made beforehand and goes over as batches, as it does on the wire. Measured is from those bytes to statements
that are proven to stand in the log and to be signed by their parties, in one thread, in CPU seconds; beside it the bare
floor, which checks as many Ed25519 signatures over the same bytes and does nothing else. Three logs: accessions alone,
which have two signatures each; a registry as dams have it (accessions, next keys, standards, orders); and a busy dam,
where nine of ten entries are decisions that are none of the reader's business and go over as their ids.
"""

import argparse
import gc
import json
import resource
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

import match_round
from datadam import seal
from datadam.adapters.memory.bodies import MemoryBodies
from datadam.adapters.memory.log import MemoryLog
from datadam.federation import Batch, Follower, Source, stretch
from datadam.formats import note
from datadam.ledger import Ledger
from datadam.model import Class, Kind, Statement, StatementId

ORIGIN: Final = "there.example/log"
ISSUED: Final = "2026-11-22T09:00:00Z"
HEX: Final = "ab" * 32
BAR: Final = 5000  # statements a second, of a registry as dams have it
TURNS: Final = 5
MOST: Final = 10_000  # entries of a log
BOUNDED: Final = 2_000  # where a larger number was meant for rows


# --- following --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A dam's log as it goes over the wire, and who it is."""

    batches: tuple[bytes, ...]
    peer: str
    vkey: str
    entries: int
    bodies: tuple[Statement, ...]
    keys: Mapping[str, seal.Jwk]

    def begin(self) -> Follower:
        """Nothing of it was taken yet."""
        return Follower.begin(peer=self.peer, origin=ORIGIN, vkey=self.vkey)


def signed(kind: Kind, facts: Mapping[str, Any], *keys: seal.Jwk) -> Statement:
    """A statement by all of them."""
    made = seal.state(kind, facts, issued=ISSUED, key=keys[0])
    for key in keys[1:]:
        made = seal.countersign(made, key)
    return made


def accession(dam: seal.Jwk, key: seal.Jwk) -> Statement:
    """A firm accedes."""
    facts = {
        "member": seal.member_id(key),
        "member_kind": "organisation",
        "key": seal.public(key),
        "jurisdiction": "JP",
        "roles": ["contributor", "consumer"],
        "under": None,
        "profile": HEX,
        "text": {"version": "1", "language": "en", "digests": {"en": HEX, "ko": HEX}},
        "authority": None,
        "effective": None,
        "reservations": [],
    }
    return signed(Kind.MEMBER, facts, key, dam)


def accessions(dam: seal.Jwk) -> Iterator[Statement]:
    """Nothing but accessions."""
    while True:
        yield accession(dam, seal.new_key())


def registry(dam: seal.Jwk) -> Iterator[Statement]:
    """Of twenty statements ten accessions, three next keys, one standard with its whole text, six orders and lifts."""
    text = resources.files("datadam.standards").joinpath("cti.indicator.yaml").read_text(encoding="utf-8")
    order = {"classes": ["personal"], "destinations": ["US"], "standard": None, "reason": "r", "ground": "art. 1"}
    number = 0
    while True:
        keys = [seal.new_key() for _ in range(10)]
        yield from (accession(dam, key) for key in keys)
        for key in keys[:3]:
            new = seal.new_key()
            facts = {"member": seal.member_id(key), "key": seal.public(new), "replaces": seal.thumbprint(key)}
            yield signed(Kind.KEY, facts, key, new)
        number += 1
        facts = {"standard": "cti.indicator", "version": f"1.{number}.0", "text": text, "digest": HEX}
        yield signed(Kind.STANDARD, facts, dam)
        for _ in range(3):
            yield (said := signed(Kind.ORDER, order, dam))
            yield signed(Kind.LIFT, {"order": said.id, "reason": "over"}, dam)


def busy(dam: seal.Jwk) -> Iterator[Statement]:
    """Of a hundred statements five accessions, five changes that the reader sees, ninety decisions that it does not."""
    decision = {"member": "m-" + "0" * 20, "standard": "cti.indicator", "allowed": True, "facts": {"now": ISSUED}}
    while True:
        for _ in range(5):
            key = seal.new_key()
            yield accession(dam, key)
            yield signed(Kind.MEMBER_CHANGE, {"member": seal.member_id(key), "state": "suspended", "reason": "r"}, dam)
            for _ in range(18):
                yield signed(Kind.DECISION, decision, dam)


def made(entries: int, of: Callable[[seal.Jwk], Iterator[Statement]]) -> Made:
    """A log of so many entries, cut into batches."""
    dam, log, bodies = seal.new_key(), seal.new_key(), MemoryBodies()
    ledger = Ledger(MemoryLog(), bodies, key=log, origin=ORIGIN)
    facts = {"origin": ORIGIN, "title": "t", "jurisdiction": "JP", "key": seal.public(dam), "log": ledger.vkey}
    first = signed(Kind.DAM, facts, dam)
    rest = of(dam)
    held = [first, *(next(rest) for _ in range(entries - 1))]
    ledger.append(held)
    shown = {one.id: (seal.envelope(one).decode(), None) for one in held if one.kind is not Kind.DECISION}

    def body(_index: int, _clazz: Class, id: StatementId) -> tuple[str, None] | None:
        return shown.get(id)

    source = Source(
        origin=ORIGIN,
        checkpoint=ledger.checkpoint(),
        entries=ledger.entries,
        shown=body,
        proof=ledger.consistency,
    )
    batches, old = [], 0
    while old < entries:
        batch = stretch(source, old)
        batches.append(batch.write())
        old = batch.end
    said = [one for one in held if one.id in shown]
    keys = {seal.thumbprint(one.body["key"]): seal.public(one.body["key"]) for one in said if "key" in one.body}
    return Made(
        batches=tuple(batches),
        peer=seal.peer_id(dam),
        vkey=note.vkey(ORIGIN, log),
        entries=entries,
        bodies=tuple(said),
        keys=keys,
    )


def followed(log: Made) -> float:
    """Believe all of it: CPU seconds."""
    follower, seen = log.begin(), 0
    start = time.process_time()
    for data in log.batches:
        follower, shown = follower.take(Batch.read(data))
        seen += len(shown)
    spent = time.process_time() - start
    assert (follower.size, seen) == (log.entries, len(log.bodies))
    return spent


def floor(log: Made) -> float:
    """Check as many signatures over the same bytes, with keys that were read before: CPU seconds."""
    signs = [
        (
            Ed25519PublicKey.from_public_bytes(seal.raw_public(log.keys[kid])),
            seal.decode(signature["signature"]),
            f"{signature['protected']}.{seal.encode(one.payload)}".encode(),
        )
        for one in log.bodies
        for kid, signature in zip(seal.kids(one), one.signatures, strict=True)
    ]
    start = time.process_time()
    for key, signature, message in signs:
        key.verify(signature, message)
    return time.process_time() - start


def follow(rows: int) -> dict[str, object]:
    """Follow the three logs; the bar is of the registry."""
    rows = rows if rows <= MOST else BOUNDED
    told: dict[str, object] = {}
    for name, of in (("accessions", accessions), ("registry", registry), ("busy", busy)):
        log = made(rows, of)
        gc.freeze()  # what the other dam made is none of the follower's memory to look through
        spent = statistics.median(followed(log) for _ in range(TURNS))
        bare = statistics.median(floor(log) for _ in range(TURNS))
        signatures = sum(len(one.signatures) for one in log.bodies)
        print(
            f"{name}: {rows} entries, {len(log.bodies)} bodies, {signatures} signatures, "
            f"{sum(map(len, log.batches)) / 1e6:.1f} MB: {spent:.2f} CPU s, {rows / spent:.0f} a second; "
            f"signatures alone {bare:.2f} s, ratio {spent / bare:.2f}"
        )
        told |= {f"{name}_rate": round(rows / spent), f"{name}_ratio": round(spent / bare, 2)}
        if name == "registry":
            told |= {"rate": round(rows / spent), "cpu_s": round(spent, 3)}
    return {"bar": BAR, **told, "rows": rows}


# --- orders -----------------------------------------------------------------------------------------------------------


def orders(rows: int) -> dict[str, object]:
    """How soon an order binds in two served dams under load: see `federation_orders`."""
    import federation_orders  # noqa: PLC0415  (it needs all of a dam, and what `follow` takes would be more by that)

    return federation_orders.measured(min(rows, federation_orders.MOST))


# --- matching ---------------------------------------------------------------------------------------------------------


def match(rows: int) -> dict[str, object]:
    """A round of matching over both dams, of at most so many rows for each maker and tier as `match_round.py` takes."""
    return match_round.measured(min(rows, match_round.ROWS))


# --- reading ----------------------------------------------------------------------------------------------------------


def read(rows: int) -> dict[str, object]:
    """What reading over two dams costs against two reads, so many rows in all: see `federated_read`."""
    import federated_read  # noqa: PLC0415  (it needs all of a dam)

    return federated_read.compared(rows)


# --- all --------------------------------------------------------------------------------------------------------------

PARTS: Final[Mapping[str, Callable[[int], dict[str, object]]]] = {
    "follow": follow,
    "match": match,
    "orders": orders,
    "read": read,
}


def main() -> None:
    """Measure a part, and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=sorted(PARTS), default="follow")
    parser.add_argument("--rows", type=int, default=8000, help="entries of a log")
    asked = parser.parse_args()
    figures = {
        "name": f"federation-{asked.part}",
        **PARTS[asked.part](asked.rows),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
