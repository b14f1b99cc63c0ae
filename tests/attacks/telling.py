"""Attacks on what a dam tells beside answers: verdicts on deposits, time, pseudonyms, the order of served rows."""

import hashlib
import hmac
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import anyio
import numpy as np

from attacks import naive
from attacks.book import Outcome, attack
from attacks.pools import COUNT, ENERGY
from datadam import seal
from datadam.dam import ask, grant, join, publish, release, report
from datadam.edges.private import held_back
from datadam.errors import DamError
from datadam.model import Statement
from test_no_oracle import MINE, OTHERS, worked
from test_share import pooled, read
from test_share_secrecy import agreement, copied, evidence, shared, stored
from worlds import Person, a_world, answers_text, energy, fit_of, forward, standard_text

STANDARD: Final = "test.reading"


@attack("deposit feedback", "refuses keys that others hold, warns of values above theirs", few=3)
def feedback(folder: Path, tries: int) -> Outcome:
    """Deposit guesses, and read from verdicts, warnings, gates and work done what others hold."""
    plain = naive.OneKeyOnce()
    plain.deposit(["A1", "A2"])
    keys = plain.deposit(["A1", "B7"])
    pool, low, high = naive.AgainstThePool([17, 623, 88]), 0, 1000
    steps = 0
    while low < high:
        middle, steps = (low + high) // 2, steps + 1
        low, high = (middle + 1, high) if not pool.outlier(middle + 1) else (low, middle)
    me, other = Person("Me"), Person("Other")
    seen, manifests = [], list[Statement]()
    for name, files in list(OTHERS.items())[:tries]:
        world = a_world(folder / name[:3])
        publish.publish(world, standard_text(repeat="refuse"))
        for person in (me, other):
            person.joins(world)
        for data in files:
            other.deposits(world, STANDARD, data)
        manifests = manifests or [me.manifest(fit_of(world, STANDARD, data), data) for data in MINE]
        work = worked(world, me, [seal.envelope(one) for one in manifests], MINE)
        told = [report.overview(world, me.caller, one.id, limit=100) for one in manifests]
        seen.append((work, [(one.job.stage, one.job.fault, one.found, one.survey) for one in told]))
    return Outcome(
        naive=f"who holds a key after one deposit; the largest value of all others after {steps}",
        ours=f"the same verdicts by the same {len(seen[0][0])} steps of work, whatever others hold",
        n=len(seen) * len(MINE),
        won=keys == ["A1"] and low == 623,
        held=all(one == seen[0] for one in seen) and len(seen[0][0]) > 50,
    )


@attack("response time", "answers as soon as it can", few=16, many=64)
def times(_: Path, tries: int) -> Outcome:
    """One pool takes 2 ms to ask and the other, in which the target has many rows, 60 ms."""
    quantum = 0.5

    async def lasting(seconds: float, step: float) -> float:
        start = time.monotonic()
        await held_back(lambda: anyio.sleep(seconds), step)
        return time.monotonic() - start

    async def all_of(step: float) -> list[list[float]]:
        found: list[list[float]] = [[], []]

        async def one(pool: int, seconds: float) -> None:
            found[pool].append(await lasting(seconds, step))

        async with anyio.create_task_group() as group:
            for _ in range(tries):
                for pool, seconds in enumerate((0.002, 0.06)):
                    group.start_soon(one, pool, seconds)
        return found

    plain, ours = (anyio.run(all_of, step) for step in (0.0, quantum))
    classes = [{int(seconds / quantum) for seconds in pool} for pool in ours]
    return Outcome(
        naive="whichever is slow is the one with the target's rows",
        ours="every answer came in the first step of half a second",
        n=2 * tries,
        won=sorted(plain[0])[tries // 2] < min(plain[1]),
        held=classes == [{1}, {1}],
    )


@attack("sybils round one target", "counts accounts that anybody may make", few=10)
def sybils(folder: Path, tries: int) -> Outcome:
    """One attacker under many names, so that a gate opens on the target alone."""
    rows = [{"firm": n, "energy": 1} for n in range(tries)]
    naively = naive.known_enough([{"firm": "target", "energy": 77}, *rows], "energy", 5)
    world = a_world(folder)
    publish.publish(world, answers_text(contributors=3))
    target, attacker = Person("Target").joins(world), Person("Attacker").joins(world)
    asker = Person("Asker", roles=("consumer",)).joins(world)
    grant.grant(world, asker.id, ENERGY)
    target.deposits(world, ENERGY, energy(1))
    for n in range(tries):
        attacker.deposits(world, ENERGY, energy(1, first=1 + n))
    names = [_code(lambda n=n: _unverified(world, n)) for n in range(tries)]  # type: ignore[misc]  # bound now
    forward(world, days=60)
    told = _code(lambda: ask.answer(world, asker.caller, COUNT))
    return Outcome(
        naive=f"the target's value: {(naively or 0) - tries}",
        ours=f"accounts that nobody verified hand in nothing; {tries} deposits of one member are one contributor",
        n=tries,
        won=(naively or 0) - tries == 77,
        held=told == "private.period-closed" and "committed" not in names,
    )


def _unverified(world: object, n: int) -> str:
    person = Person(f"Sybil {n}")
    profile = person.profile()
    join.apply(world, seal.envelope(person.accession(profile)), profile)  # type: ignore[arg-type]  # a World
    return str(person.deposits(world, ENERGY, energy(1, first=100 + n)).stage)  # type: ignore[arg-type]  # a World


def _code(do: Callable[[], object]) -> str:
    try:
        return str(do())
    except DamError as error:
        return error.code


# --- pseudonyms -------------------------------------------------------------------------------------------------------

HASHES: Final[tuple[Callable[[bytes], bytes], ...]] = (
    lambda text: hashlib.sha256(text).digest(),
    lambda text: hashlib.sha256(text).hexdigest().encode(),
    lambda text: hashlib.sha512(text).digest(),
    lambda text: hashlib.blake2b(text).digest(),
    lambda text: hashlib.sha1(text, usedforsecurity=False).digest(),
    lambda text: hashlib.md5(text, usedforsecurity=False).digest(),
    lambda text: hmac.digest(b"", text, "sha256"),
    lambda text: hmac.digest(STANDARD.encode(), text, "sha256"),
)


@attack("dictionary of pseudonyms", "hashes numbers without a key", few=2000, many=200_000)
def dictionary(folder: Path, tries: int) -> Outcome:
    """Hash every number that there can be, by every common hash, once and twice, and look each up."""
    numbers = [f"M{n % 3}x{n}" for n in range(tries)]
    world, reader, _ = pooled(folder, units=True, attribution="none")
    served = set(read(world, release.open_share(world, reader.caller, STANDARD))["meter"])
    held = [f"M{number}x{row}" for number in range(3) for row in range(5)]
    plain = {naive.plain_hash(number) for number in held}
    found = len(plain & set(map(naive.plain_hash, {*numbers, *held})))
    hits = 0
    for number in {*numbers, *held}:
        for hashed in HASHES:
            once = hashed(number.encode())
            hits += sum(one.hex()[:32] in served for one in (once, hashed(once), hashed(once[:16].hex().encode())))
    return Outcome(
        naive=f"{found} of {len(held)} pseudonyms are named",
        ours=f"{hits} of {len(served)}",
        n=len({*numbers, *held}) * len(HASHES) * 3,
        won=found == len(held),
        held=hits == 0 and len(served) == len(held),
    )


@attack("chosen identifiers", "one key for own rows and for others'", few=15)
def chosen(folder: Path, tries: int) -> Outcome:
    """Deposit rows under guessed numbers, read the pseudonyms of one's own rows, and look for them in others'."""
    guesses = [f"M{number}x{row}" for number in (1, 2) for row in range(5)][:tries]
    key = bytes(32)
    mine, theirs = ({naive.one_key(number, key) for number in numbers} for numbers in (guesses, guesses))
    world, _, people = pooled(folder, units=True)
    attacker = people[0]
    rows = "".join(f"{number},{900 + n}\n" for n, number in enumerate(guesses))
    assert attacker.deposits(world, STANDARD, f"meter,amount\n{rows}".encode()).stage == "committed"
    grant.grant(world, attacker.id, STANDARD)
    forward(world, hours=1)
    share = read(world, release.open_share(world, attacker.caller, STANDARD))
    own = set(share.filter(share["amount"] >= 900)["meter"])
    others = set(share.filter(share["amount"] < 900)["meter"])
    return Outcome(
        naive=f"{len(mine & theirs)} of {len(guesses)} guesses are found in others' rows",
        ours=f"{len(own & others)} of {len(own)}",
        n=len(guesses),
        won=len(mine & theirs) == len(guesses),
        held=len(own) == len(guesses) and len(others) >= 10 and not own & others,
    )


@attack("two recipients join their shares", "one key for all recipients", few=15)
def joined(folder: Path, _: int) -> Outcome:
    """Two who were given rows put them beside each other by their pseudonyms."""
    world, reader, _people = pooled(folder, units=True, attribution="none")
    second = Person("Second", roles=("consumer",)).joins(world)
    grant.grant(world, second.id, STANDARD)
    shares = [set(read(world, release.open_share(world, who.caller, STANDARD))["meter"]) for who in (reader, second)]
    plain = [{naive.one_key(f"M{n}x{r}", bytes(32)) for n in range(3) for r in range(5)} for _ in range(2)]
    return Outcome(
        naive=f"{len(plain[0] & plain[1])} of {len(plain[0])} firms are the same",
        ours=f"{len(shares[0] & shares[1])} of {len(shares[0])}",
        n=len(shares[0]),
        won=plain[0] == plain[1],
        held=not shares[0] & shares[1] and len(shares[0]) == len(shares[1]) == 15,
    )


@attack("served rows clustered by contributor", "copies stored files", few=999)
def clustered(folder: Path, tries: int) -> Outcome:
    """How often neighbours in a share are of one contributor, against so many true shuffles."""
    rounds, draws, told = stored(folder), np.random.default_rng(11), []
    for served in (copied(folder, rounds), shared(folder, rounds)):
        _, who, _ = evidence(served)
        held = agreement(who)
        told.append((held, (sum(agreement(draws.permutation(who)) >= held for _ in range(tries)) + 1) / (tries + 1)))
    return Outcome(
        naive=f"neighbours are of one contributor in {told[0][0]:.1%}",
        ours=f"in {told[1][0]:.1%}, as after a shuffle (p = {told[1][1]:.2f})",
        n=tries,
        won=told[0][1] <= 1 / tries,
        held=told[1][1] > 0.001,
    )
