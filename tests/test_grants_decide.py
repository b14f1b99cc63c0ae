"""Who may take what out: only by an open tier, or by a standing grant of the asker's own."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam.decisions import granted, judge
from datadam.formats import odcs
from datadam.model import (
    Allow,
    Ask,
    Decision,
    Deny,
    Grant,
    Member,
    MemberId,
    MemberKind,
    Role,
    Standard,
    StandardId,
    Tier,
    instant,
)
from worlds import START, standard_text

HERE = odcs.read(standard_text())
IDS = [MemberId(f"m-{digit * 20}") for digit in "abc"]
STANDARDS = [StandardId("test.reading"), StandardId("test.other")]


def a_member(id: MemberId = IDS[0], *, roles: frozenset[str] = frozenset({Role.CONSUMER}), **more: object) -> Member:
    """A member of the log."""
    facts: dict[str, object] = {"kind": MemberKind.ORGANISATION, "jurisdiction": "KR", "under": None, "profile": None}
    return Member(id=id, roles=roles, statement="s", since=1, **{**facts, **more})  # type: ignore[arg-type]  # any field


def a_grant(**changes: object) -> Grant:
    """A grant that stands, of the first member."""
    return replace(Grant(id="g", member=IDS[0], standard=HERE.id, since=2, expires=None), **changes)  # type: ignore[arg-type]  # any field


def decide(ask: Ask, standard: Standard, member: Member | None, grants: Iterable[Grant], *, now: datetime) -> Decision:
    """Gather the facts and judge by them."""
    return judge(granted(ask, standard, member, grants, now), None).decision


def codes(decision: Decision) -> list[str]:
    """The reasons of a no."""
    assert isinstance(decision, Deny)
    return [reason.code for reason in decision.reasons]


MEMBERS = st.builds(
    a_member,
    st.sampled_from(IDS),
    roles=st.frozensets(st.sampled_from(list(Role))),
    until=st.none() | st.integers(1, 9),
)
GRANTS = st.builds(
    Grant,
    id=st.sampled_from("vwxyz"),
    member=st.sampled_from(IDS),
    standard=st.sampled_from(STANDARDS),
    since=st.integers(0, 9),
    expires=st.none() | st.integers(-3, 3).map(lambda days: instant(START + timedelta(days=days))),
    until=st.none() | st.integers(1, 9),
)


@given(
    tier=st.sampled_from(list(Tier)),
    asker=st.none() | st.sampled_from(IDS),
    member=st.none() | MEMBERS,
    grants=st.lists(GRANTS, max_size=6),
    now=st.integers(-4, 4).map(lambda days: START + timedelta(days=days)),
)
def test_nothing_is_allowed_without_an_open_tier_or_a_standing_grant_of_the_asker(
    tier: Tier, asker: MemberId | None, member: Member | None, grants: list[Grant], now: datetime
) -> None:
    """The law of the dam: each Allow rests on the tier, or names a grant that covers the ask; each no says why."""
    standard: Standard = replace(HERE, tier=tier)
    decision = decide(Ask(member=asker, standard=standard.id), standard, member, grants, now=now)
    match decision:
        case Allow(basis="open"):
            assert tier is Tier.OPEN
        case Allow(basis=basis):
            assert tier is Tier.AGREEMENT
            assert member is not None
            assert (member.id, member.until) == (asker, None)
            assert Role.CONSUMER in member.roles
            assert any(
                (grant.id, grant.member, grant.standard, grant.until) == (basis, asker, standard.id, None)
                and (grant.expires is None or instant(now) < grant.expires)
                for grant in grants
            )
        case Deny(reasons):
            assert reasons


@given(theirs=st.lists(GRANTS.filter(lambda grant: grant.member != IDS[0]), max_size=5), member=MEMBERS)
def test_grants_of_others_change_nothing(theirs: list[Grant], member: Member) -> None:
    """Neither the answer nor its reasons depend on what somebody else may do."""
    asker, own = replace(member, id=IDS[0]), [a_grant()]
    ask = Ask(member=IDS[0], standard=HERE.id)
    assert decide(ask, HERE, asker, [*theirs, *own], now=START) == decide(ask, HERE, asker, own, now=START)
    assert decide(ask, HERE, asker, theirs, now=START) == decide(ask, HERE, asker, [], now=START)


@pytest.mark.parametrize("tier", [Tier.TABLES, Tier.ANSWERS])
def test_a_tier_without_rows_gives_none_not_even_to_a_grant(tier: Tier) -> None:
    """Tables and answers are the strict tiers: a grant of rows is void there."""
    decision = decide(
        Ask(member=IDS[0], standard=HERE.id), replace(HERE, tier=tier), a_member(), [a_grant()], now=START
    )
    assert codes(decision) == ["ask.tier-without-rows"]


def test_an_open_reservoir_is_for_strangers_too() -> None:
    """Nobody needs to be known there."""
    open_one = replace(HERE, tier=Tier.OPEN)
    assert decide(Ask(member=None, standard=HERE.id), open_one, None, [], now=START) == Allow(basis="open")


def test_who_is_not_in_the_log_is_a_stranger() -> None:
    """No id, an id without a member, and an id with somebody else's member are all strangers."""
    for asker, member in ((None, None), (IDS[0], None), (IDS[0], a_member(IDS[1])), (None, a_member())):
        decision = decide(Ask(member=asker, standard=HERE.id), HERE, member, [a_grant()], now=START)
        assert codes(decision) == ["ask.stranger"]


def test_every_reason_is_told_at_once() -> None:
    """Left, not a consumer, no grant: mended together, not one after the other."""
    gone = a_member(roles=frozenset({Role.CONTRIBUTOR}), until=7)
    decision = decide(Ask(member=gone.id, standard=HERE.id), HERE, gone, [a_grant(until=5)], now=START)
    assert codes(decision) == ["ask.member-left", "ask.not-consumer", "ask.no-grant"]


def test_a_grant_ends_at_its_instant_not_after_it() -> None:
    """At the very second of `expires` it is over."""
    ask, grant = Ask(member=IDS[0], standard=HERE.id), a_grant(expires=instant(START))
    assert isinstance(decide(ask, HERE, a_member(), [grant], now=START - timedelta(seconds=1)), Allow)
    assert codes(decide(ask, HERE, a_member(), [grant], now=START)) == ["ask.no-grant"]


def test_the_newest_standing_grant_is_the_basis() -> None:
    """A release names the leave that was given last."""
    grants = [a_grant(id="new", since=9), a_grant(id="old", since=3), a_grant(id="ended", since=11, until=12)]
    assert decide(Ask(member=IDS[0], standard=HERE.id), HERE, a_member(), grants, now=START) == Allow(basis="new")
