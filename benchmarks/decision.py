"""How many decisions a second one core makes, with every reason, and how long one takes that was made before.

What is measured is the policy alone: facts in, decision out. How facts are gathered and answers logged is not in it.
"""

import argparse
import random
import resource
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import measure
from datadam.model import Allow, PrivacyClass, Role, StandardId, Tier, instant
from datadam.policy import Decider, Facts, Policy, compile_offer, decide_on
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
BAR_AGAIN_US: Final = 50.0
TURNS: Final = 5
HERE: Final = StandardId("bench.reading")
NOW: Final = datetime(2026, 11, 22, tzinfo=UTC)
COUNTRIES: Final = ("KR", "US", "JP", "SG", "DE")
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


def again(asks: list[Facts], policy: Policy) -> float:
    """Decide what was decided already, a second later each: CPU microseconds a decision."""
    decider = Decider(size=len(asks))
    for one in asks:
        decider.decide(one, policy)
    later = [replace(one, now=instant(NOW + timedelta(days=1, seconds=number))) for number, one in enumerate(asks)]
    cpu = time.process_time()
    decided = [decider.decide(one, policy).again for one in later]
    cpu = time.process_time() - cpu
    assert all(decided)
    return cpu / len(asks) * 1e6


def main() -> None:
    """Measure both several times, and print the median of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000, help="asks")
    rows = min(parser.parse_args().rows, 100_000)
    policy, asks = compile_offer(an_offer()), askers(rows)
    fresh(asks[:100], policy)
    turns = sorted(fresh(asks, policy) for _ in range(TURNS))
    repeats = sorted(again(asks, policy) for _ in range(TURNS))
    cpu, wall, allowed, reasons = turns[TURNS // 2]
    per_denial = reasons / max(1, rows - allowed)
    print(f"{rows} asks, {allowed} allowed, {per_denial:.1f} reasons a no, {len(policy.rules)} rules: {cpu:.2f} CPU s")
    print(f"asked again: {repeats[TURNS // 2]:.1f} µs")
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
        again_us=repeats[TURNS // 2],
        bar_again_us=BAR_AGAIN_US,
    )


if __name__ == "__main__":
    main()
