"""How many decisions a second: by the policy alone, logged, over HTTP; and how long one takes that was made before.

The policy alone is facts in, decision out, on one core. Logged is what a served dam does: gather facts, decide, sign,
make the statement durable, fold it into the tables; many at once. Over HTTP the same with a server of its own: one ask
a request, and many; what sends them does no more than write and read bytes, since it has the same cores. Those are
noes. A yes also works out what leaves and seals that: yeses are measured logged, in this process, of a reservoir with
deposits under terms of their own.
"""

import argparse
import asyncio
import itertools
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Final

import measure
import small_deposits
import upload
from datadam import client, seal, wiring
from datadam.client.home import read_key
from datadam.dam import agree, decide, offer
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.formats import codelists, odrl
from datadam.model import Allow, Ask, Json, Kind, MemberId, PrivacyClass, Role, StandardId, Tier, instant
from datadam.policy import Facts, Policy, compile_offer, decide_on
from datadam.terms import (
    PURPOSES,
    Action,
    AgreementState,
    Constraint,
    Level,
    Offer,
    Operand,
    Operator,
    Permission,
    Prohibition,
)

BAR: Final = 3000  # decisions a second and core, with full reasons
BAR_HTTP: Final = 1500  # a second on two cores, each a durable statement
BAR_AGAIN_US: Final = 50.0
DEFAULT: Final = 10_000  # more asks tell no more
AT_ONCE: Final = 250  # asks that are answered together without HTTP
LINES: Final = 64  # connections, each with one request under way
MANY: Final = 100  # asks in a request
MANY_LINES: Final = 8
MOST_LOGGED: Final = 4000  # of each sort: there are not many more asks of which each is another one
TURNS: Final = 5
HERE: Final = StandardId("bench.reading")
NOW: Final = datetime(2026, 11, 22, tzinfo=UTC)
COUNTRIES: Final = ("KR", "US", "JP", "SG", "DE")
ID_DIGITS: Final = 64
RESTRICTED: Final = 20  # deposits, each under terms that let everybody here read and train, and nobody export
MOST_ALLOWED: Final = 2000
AGREED: Final = ("research", "security")
TAKEN: Final = (Action.READ, Action.QUERY, Action.DERIVE, Action.TRAIN)
OWN_TERMS: Final[Json] = {
    "action": ["read", "query", "derive", "train"],
    "constraint": [{"leftOperand": "jurisdiction", "operator": "isAnyOf", "rightOperand": ["KR"]}],
}
SHARE_MENDED: Final = 0.5  # of askers, at whom nothing is wrong but what is drawn


def an_offer() -> Offer:
    """Terms of every kind: two permissions with all that can be asked for, two prohibitions."""
    strict = (
        Constraint(operand=Operand.PURPOSE, operator=Operator.ANY_OF, value=PURPOSES[:6]),
        Constraint(operand=Operand.RECIPIENT, operator=Operator.ANY_OF, value=(Role.CONSUMER,)),
        Constraint(operand=Operand.JURISDICTION, operator=Operator.ANY_OF, value=COUNTRIES),
        Constraint(operand=Operand.DESTINATION, operator=Operator.ANY_OF, value=COUNTRIES),
        Constraint(operand=Operand.SENSITIVITY, operator=Operator.AT_MOST, value=PrivacyClass.CONFIDENTIAL),
        Constraint(operand=Operand.RECIPROCITY, operator=Operator.AT_LEAST, value=100, days=30),
        Constraint(operand=Operand.LEVEL, operator=Operator.AT_LEAST, value=Level.ADVANCED),
        Constraint(operand=Operand.CREDENTIAL, operator=Operator.ALL_OF, value=("audited",)),
        Constraint(operand=Operand.EXPIRY, operator=Operator.BEFORE, value="2027-11-22T00:00:00Z"),
    )
    return Offer(
        standard=HERE,
        number=1,
        permissions=(
            Permission(actions=(Action.READ, Action.QUERY), constraints=strict),
            Permission(actions=(Action.TRAIN,), constraints=strict[:3]),
        ),
        prohibitions=(
            Prohibition(actions=(Action.EXPORT,)),
            Prohibition(
                actions=(Action.TRAIN,),
                constraints=(Constraint(operand=Operand.DESTINATION, operator=Operator.ANY_OF, value=("SG",)),),
            ),
        ),
    )


def askers(rows: int) -> list[Facts]:
    """As many asks: half of them by members whom all fits, half with several things wrong."""
    draw = random.Random(0)
    return [_good(draw, number) if draw.random() < SHARE_MENDED else _poor(draw, number) for number in range(rows)]


def _good(draw: random.Random, number: int) -> Facts:
    return Facts(
        action=Action.READ,
        standard=HERE,
        purpose=draw.choice(PURPOSES[:3]),
        destination=None,
        member=f"m-{number:020x}",
        known=True,
        left=False,
        suspended=False,
        kind="organisation",
        roles=frozenset({Role.CONSUMER, Role.CONTRIBUTOR}),
        jurisdiction=draw.choice(COUNTRIES),
        credentials=frozenset({"audited"}),
        agreement=f"{number:064x}",
        state=AgreementState.FINALISED,
        agreed_purposes=frozenset(PURPOSES[:3]),
        agreed_destination=draw.choice(COUNTRIES),
        agreed_level=Level.QUALIFIED,
        agreement_expires="2027-01-01T00:00:00Z",
        offer_current=True,
        tier=Tier.AGREEMENT,
        home="KR",
        sensitivity=draw.randrange(3),
        live_rows=draw.randrange(100, 10_000),
        corridor="corridor-1",
        ordered=(),
        frozen=(),
        crossing=(),
        silent=(),
        now=instant(NOW + timedelta(seconds=number)),
    )


def _poor(draw: random.Random, number: int) -> Facts:
    return replace(
        _good(draw, number),
        action=draw.choice(list(Action)),
        purpose=draw.choice(PURPOSES),
        jurisdiction=draw.choice(("FR", "BR")),
        agreed_destination=draw.choice(("SG", "FR")),
        state=draw.choice((AgreementState.SUSPENDED, AgreementState.FINALISED)),
        sensitivity=3,
        live_rows=draw.randrange(200),
        corridor=None,
    )


def fresh(asks: list[Facts], policy: Policy) -> tuple[float, float, int, int]:
    """Decide each ask: CPU seconds, wall seconds, how many were allowed, how many reasons were told."""
    cpu, wall = time.process_time(), time.perf_counter()
    decisions = [decide_on(one, policy) for one in asks]
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    allowed = sum(isinstance(one, Allow) for one in decisions)
    return cpu, wall, allowed, sum(0 if isinstance(one, Allow) else len(one.reasons) for one in decisions)


def wishes(member: str, count: int) -> list[Ask]:
    """So many asks, each another one."""
    places = sorted(codelists.packaged()["iso3166-alpha2"].codes)
    drawn = islice(itertools.product(places, PURPOSES, Action), count)
    return [
        Ask(
            member=MemberId(member),
            standard=StandardId(upload.STANDARD),
            purpose=purpose,
            action=action,
            destination=to,
        )
        for to, purpose, action in drawn
    ]


def logged(folder: Path, count: int) -> tuple[float, float, float]:
    """Decisions in this process, durable: how many a CPU second and a second; microseconds of one asked again."""
    upload.found(folder / "dam", folder / "key.json")
    member = seal.member_id(read_key(folder / "key.json"))
    with wiring.world(folder / "dam", {}) as world:
        offer.publish(world, odrl.packaged()[upload.STANDARD])
        asks = wishes(member, count)
        decide.decide_all(world, wishes(member, count + 10)[count:])  # whatever is read once
        cpu, wall = time.process_time(), time.perf_counter()
        made = [one for at in range(0, count, AT_ONCE) for one in decide.decide_all(world, asks[at : at + AT_ONCE])]
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        begun = time.process_time()
        repeated = [decide.decide(world, one) for one in asks]
        again = (time.process_time() - begun) / count * 1e6
        assert repeated == made
    return count / cpu, count / wall, again


def allowed_logged(folder: Path, count: int) -> tuple[float, float, int]:
    """Yeses in this process, durable: how many a CPU second and a second; and how many there were."""
    upload.found(folder / "dam", folder / "giver.json")
    with wiring.world(folder / "dam", {}) as world:
        fit, giver = small_deposits.fit_for(world), read_key(folder / "giver.json")
        for number in range(RESTRICTED):
            small_deposits.hand_in(world, giver, fit, small_deposits.file_of(number), OWN_TERMS)
        offer.publish(world, odrl.packaged()[upload.STANDARD])
        kinds = [(purpose, action, to) for purpose in AGREED for action in TAKEN for to in (None, "KR")]
        members = [_asker(world, folder / f"{number}.json") for number in range(-(-(count + 1) // len(kinds)))]
        asks = [
            Ask(member=member, standard=StandardId(upload.STANDARD), purpose=purpose, action=action, destination=to)
            for member in members
            for purpose, action, to in kinds
        ]
        decide.decide_all(world, asks[count : count + AT_ONCE])  # whatever is read once
        cpu, wall = time.process_time(), time.perf_counter()
        made = [one for at in range(0, count, AT_ONCE) for one in decide.decide_all(world, asks[at:count][:AT_ONCE])]
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        assert all(not isinstance(one, Exception) and isinstance(one[0], Allow) for one in made)
    return count / cpu, count / wall, len(made)


def _asker(world: World, file: Path) -> MemberId:
    """A new member that agreed to what is asked for, at home."""
    upload.admit(world, file, "consumer")
    key = read_key(file)
    member = seal.member_id(key)
    draft = agree.draft(
        world, Caller(member=member), upload.STANDARD, purposes=list(AGREED), destination="KR", level=None
    )
    issued = str(draft.body["credential"]["validFrom"])
    signed = seal.state(Kind.AGREEMENT, {**draft.body, "language": "en"}, issued=issued, key=key)
    agree.accept(world, Caller(member=member), seal.envelope(signed))
    return member


@dataclass(frozen=True, kw_only=True)
class Served:
    """What asking over HTTP came to."""

    rate: float  # decisions a second
    server_ms: float  # CPU of the dam's process a decision
    sender_ms: float  # and of who asked


def over_http(folder: Path, count: int) -> tuple[Served, Served]:
    """Decisions that a served dam gives, one a request and many: each a statement in its log, none asked before."""
    dam, key = folder / "dam", folder / "key.json"
    asks = wishes(seal.member_id(read_key(key)), 3 * count + 10)[count + 10 :]
    told = [
        {"action": a.action, "standard": a.standard, "purpose": a.purpose, "destination": a.destination} for a in asks
    ]
    command = [sys.executable, "-m", "datadam.cli", "serve", str(dam), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as serving:
        try:
            assert serving.stdout is not None
            url = next(word for word in serving.stdout.readline().split() if word.startswith("http")).rstrip(".")
            threading.Thread(target=serving.stdout.read, daemon=True).start()  # so that it never waits to be read
            line = client.connect(url, key=key)
            where = Where(process=serving.pid, address=url.removeprefix("http://"), token=line._login())  # noqa: SLF001  (as the client shows it)
            one = asyncio.run(_sent(where, [json.dumps(each).encode() for each in told[:count]], LINES, count))
            groups = [told[at : at + MANY] for at in range(count, 2 * count, MANY)]
            many = asyncio.run(_sent(where, [json.dumps(each).encode() for each in groups], MANY_LINES, count))
            return one, many
        finally:
            serving.terminate()


@dataclass(frozen=True, kw_only=True)
class Where:
    """A served dam, and who speaks to it."""

    process: int
    address: str
    token: str


async def _sent(where: Where, bodies: list[bytes], lines: int, count: int) -> Served:
    """Send all over so many connections, and count the statements that come back."""
    wall, server, own = time.perf_counter(), _cpu(where.process), time.process_time()
    found = sum(await asyncio.gather(*(_on_one_line(where, bodies[start::lines]) for start in range(lines))))
    wall, server, own = time.perf_counter() - wall, _cpu(where.process) - server, time.process_time() - own
    assert found == count
    return Served(rate=count / wall, server_ms=server / count * 1e3, sender_ms=own / count * 1e3)


async def _on_one_line(where: Where, bodies: list[bytes]) -> int:
    host, _, port = where.address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    known = f"POST /api/decisions HTTP/1.1\r\nHost: {where.address}\r\nAuthorization: Bearer {where.token}\r\n"
    found = 0
    for body in bodies:
        writer.write(f"{known}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        answer = json.loads(await reader.readexactly(length))
        assert head.startswith("http/1.1 201"), answer
        found += sum(len(one["id"]) == ID_DIGITS for one in answer.get("items", [answer]))
    writer.close()
    return found


def _cpu(process: int) -> float:
    """CPU seconds of a process so far."""
    told = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure both several times, and print the median of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=DEFAULT, help="asks")
    rows = min(parser.parse_args().rows, DEFAULT)
    policy, asks = compile_offer(an_offer()), askers(rows)
    fresh(asks[:100], policy)
    turns = sorted(fresh(asks, policy) for _ in range(TURNS))
    with tempfile.TemporaryDirectory(prefix="datadam-bench-") as name:
        os.environ["DATADAM_HOME"] = name
        count = min(rows, MOST_LOGGED)
        per_cpu, per_second, again_us = logged(Path(name), count)
        one, many = over_http(Path(name), count)
        yes_per_cpu, yes_per_second, yeses = allowed_logged(Path(name) / "yes", min(count, MOST_ALLOWED))
    cpu, wall, allowed, reasons = turns[TURNS // 2]
    per_denial = reasons / max(1, rows - allowed)
    print(f"{rows} asks, {allowed} allowed, {per_denial:.1f} reasons a no, {len(policy.rules)} rules: {cpu:.2f} CPU s")
    print(f"logged: {per_cpu:.0f} a CPU second, {per_second:.0f} a second")
    print(f"{yeses} yeses, {RESTRICTED} restricted deposits: {yes_per_cpu:.0f} a CPU second, {yes_per_second:.0f} a s")
    for asked, told in ((f"{MANY} asks", many), ("one ask", one)):
        print(f"over HTTP, {asked} a request: {told.rate:.0f} a second, {told.server_ms:.2f} CPU ms each in the dam")
    print(f"asked again: {again_us:.1f} µs")
    measure.say(
        name="decision",
        rate=round(rows / cpu),
        bar=BAR,
        per_core=round(rows / cpu),
        cpu_s=cpu,
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        wall_s=wall,
        rows=rows,
        rules=len(policy.rules),
        allowed=allowed / rows,
        reasons_a_no=per_denial,
        logged_per_cpu_s=round(per_cpu),
        logged_per_s=round(per_second),
        allowed_per_cpu_s=round(yes_per_cpu),
        allowed_per_s=round(yes_per_second),
        allowed_restricted=RESTRICTED,
        with_http=round(many.rate),
        with_http_one=round(one.rate),
        bar_with_http=BAR_HTTP,
        http_server_ms=many.server_ms,
        http_server_ms_one=one.server_ms,
        http_sender_ms=many.sender_ms,
        http_sender_ms_one=one.sender_ms,
        again_us=again_us,
        bar_again_us=BAR_AGAIN_US,
    )


if __name__ == "__main__":
    main()
