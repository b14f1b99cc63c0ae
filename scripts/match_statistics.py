"""How surely a hidden shared supplier is found, and how surely none is where there is none; what that costs.

Plays whole rounds of matching, every member and both dams, over networks that are made from seeds, and compares with
what a plain computation over all lists in one hand finds. `--networks` bounds it; `--into` writes the table.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the drill lies beside

from datadam import overlap
from drill import networks

DAMS = ("kr.example/log", "us.example/log")
DECOYS = 4
SILENT = 0.1  # share of firms that keep their lists to themselves, in the third kind of network


SURE = 0.95  # of what is planted is found, at least
BEGIN, END = "<!-- statistics -->", "<!-- end of statistics -->"

Send = Callable[[str, str, bytes], bytes]


class Sent(NamedTuple):
    """One message, as it leaves a process."""

    by: str
    to: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A round, and all that was said in it."""

    this: overlap.Round
    counts: dict[tuple[str, ...], int]
    readings: dict[str, tuple[overlap.Reading, ...]]
    sent: tuple[Sent, ...]


def plan_of(network: networks.Network, *, decoys: int = DECOYS, caps: tuple[int, ...] = ()) -> overlap.Plan:
    """The plan of a round into which such networks go."""
    room = 2 * decoys * sum((2, 3, 4))
    return overlap.Plan(
        standard="supply.supply-edge",
        period="2026-Q4",
        dams=DAMS,
        caps=caps or networks.caps(network.tiers, room),
        decoys=decoys,
        countries=networks.COUNTRIES,
        stages=networks.STAGES,
    )


def items_of(edges: Iterable[networks.Edge]) -> list[overlap.Item]:
    """A member's list."""
    return [
        overlap.Item(supplier=edge.supplier, country=edge.country, stage=edge.stage, essential=edge.essential)
        for edge in edges
    ]


def play(network: networks.Network, plan: overlap.Plan | None = None) -> Played:
    """One round from plan to readings: every message goes as bytes, and is kept."""
    plan = plan or plan_of(network)
    sent: list[Sent] = []

    def send(by: str, to: str, data: bytes) -> bytes:
        sent.append(Sent(by, to, data))
        return data

    secrets = [overlap.new_secret() for _ in DAMS]
    this = overlap.Round.of(plan, [overlap.part(plan, *one) for one in zip(DAMS, secrets, strict=True)])
    handed_in = {
        maker: send(maker, DAMS[place % 2], _bag(this, network, maker, 0, send))
        for place, maker in enumerate(network.makers)
    }
    seconds, finals = {}, {}
    for place, (maker, bag) in enumerate(handed_in.items()):
        own, other = place % 2, 1 - place % 2  # a maker hands its bag to its own dam, which is the first and the last
        first = send(DAMS[own], DAMS[other], overlap.mix(this, DAMS[own], secrets[own], bag))
        second = send(DAMS[other], DAMS[own], overlap.mix(this, DAMS[other], secrets[other], first))
        finals[maker] = send(DAMS[own], DAMS[other], overlap.mix(this, DAMS[own], secrets[own], second))
        seconds[maker] = second
    tokens = {}
    for maker, final in finals.items():
        both = [
            send(dam, DAMS[1 - number], overlap.shares(this, dam, secrets[number], final, seconds[maker]))
            for number, dam in enumerate(DAMS)
        ]
        tokens[maker] = overlap.tokens(this, final, both)
    found = overlap.found(tokens)
    readings = {}
    for maker in network.makers:
        kept = overlap.new_reader()
        reader = overlap.Reader(maker=maker, key=overlap.check_reader(this, maker, overlap.reader(this, maker, kept)))
        both = [
            send(dam, maker, overlap.handed(this, dam, secret, reader, found, finals))
            for dam, secret in zip(DAMS, secrets, strict=True)
        ]
        readings[maker] = overlap.readings(this, kept, both)
    return Played(this=this, counts=found.counts(), readings=readings, sent=tuple(sent))


def _bag(this: overlap.Round, network: networks.Network, firm: str, tier: int, send: Send) -> bytes:
    """A firm's bag for one customer, made of its own list and of its suppliers' bags for it."""
    edges = network.suppliers[firm]
    below = [edge.supplier for edge in edges if edge.supplier in network.suppliers and tier + 1 < network.tiers]
    received = [send(supplier, firm, _bag(this, network, supplier, tier + 1, send)) for supplier in below]
    return overlap.bag(this, tier, items_of(edges), received)


def plain(network: networks.Network) -> dict[tuple[str, ...], int]:
    """What all lists in one hand would show."""
    found: dict[tuple[str, ...], int] = {}
    for makers in network.shared().values():
        found[makers] = found.get(makers, 0) + 1
    return dict(sorted(found.items()))


class Outcome(NamedTuple):
    """What one network showed."""

    kind: str
    as_plain: bool  # the same as all lists in one hand
    found: bool  # what was planted, by just those that depend on it, who read its code
    alarms: int  # suppliers that were called shared and are not
    between_dams: int  # bytes
    all_bytes: int
    cpu_s: float
    wall_s: float


def judge(kind: str, seed: int) -> Outcome:
    """Play one round of a kind and compare."""
    network = networks.network(seed, planted=kind != "none")
    if kind == "silent":
        network = network.without(networks.some_firms(network, seed, SILENT))
    cpu, wall = time.process_time(), time.perf_counter()
    played = play(network)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    truth, hidden = plain(network), network.planted
    reads = (
        set()
        if hidden is None
        else {
            maker
            for maker, readings in played.readings.items()
            if [(one.country, one.stage, one.essential, one.makers) for one in readings]
            == [(hidden.country, hidden.stage, hidden.essential, len(network.dependent))]
        }
    )
    return Outcome(
        kind=kind,
        as_plain=played.counts == truth,
        found=bool(network.dependent) and played.counts == {network.dependent: 1} and reads == set(network.dependent),
        alarms=sum(max(0, count - truth.get(makers, 0)) for makers, count in played.counts.items()),
        between_dams=sum(len(one.data) for one in played.sent if {one.by, one.to} == set(DAMS)),
        all_bytes=sum(len(one.data) for one in played.sent),
        cpu_s=cpu,
        wall_s=wall,
    )


KINDS = {
    "planted": "one hidden supplier, all take part",
    "none": "no hidden supplier, all take part",
    "silent": f"one hidden supplier, {SILENT:.0%} of the firms below the makers keep silent",
}


def table(outcomes: list[Outcome]) -> str:
    """What was found, as Markdown."""
    lines = [
        "| networks | n | as all lists in one hand show | found | false alarms | bytes | between dams | CPU s |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for kind, name in KINDS.items():
        some = [one for one in outcomes if one.kind == kind]
        if not some:
            continue
        told = numbers(some)[kind]
        lines.append(
            f"| {name} | {told['n']} | {told['as_plain']} "
            f"| {'' if kind == 'none' else told['found']} | {told['alarms']} "
            f"| {told['bytes']:,.0f} | {told['between']:,.0f} | {told['cpu']:.2f} |"
        )
    return "\n".join(lines)


def numbers(outcomes: list[Outcome]) -> dict[str, dict[str, float]]:
    """What was found of each kind: how many, and the means of what it took."""
    return {
        kind: {
            "n": len(some),
            "as_plain": sum(one.as_plain for one in some),
            "found": sum(one.found for one in some),
            "alarms": sum(one.alarms for one in some),
            "bytes": sum(one.all_bytes for one in some) / len(some),
            "between": sum(one.between_dams for one in some) / len(some),
            "cpu": sum(one.cpu_s for one in some) / len(some),
        }
        for kind in KINDS
        if (some := [one for one in outcomes if one.kind == kind])
    }


def main() -> int:
    """Play, print, write; 1 where less is found than is claimed, or anything that is not there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=100, help="of each kind")
    parser.add_argument("--into", type=Path, help="a page with a place for the table")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS), help="which; default: all")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="at a time")
    parser.add_argument("--json", type=Path, help="a file for the numbers")
    asked = parser.parse_args()
    jobs = [(kind, 1000 + seed) for kind in asked.kinds for seed in range(asked.networks)]
    begun = time.perf_counter()
    if asked.processes == 1:  # no child, which somebody who ends this would leave behind
        outcomes = [judge(*job) for job in jobs]
    else:
        with ProcessPoolExecutor(asked.processes) as pool:
            outcomes = list(pool.map(judge, *zip(*jobs, strict=True)))
    text = table(outcomes)
    print(text)
    print(f"{len(jobs)} rounds in {time.perf_counter() - begun:.0f} s on {os.cpu_count()} cores")
    if asked.json:
        asked.json.write_text(json.dumps(numbers(outcomes), indent=1), encoding="utf-8")
    if asked.into:
        page = asked.into.read_text(encoding="utf-8")
        head, _, rest = page.partition(BEGIN)
        asked.into.write_text(f"{head}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    planted = [one.found for one in outcomes if one.kind == "planted"]
    return int(sum(planted) < SURE * len(planted) or any(one.alarms for one in outcomes))


if __name__ == "__main__":
    sys.exit(main())
