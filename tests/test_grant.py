"""Grants: a leave for one member, in force from its place in the log until its end."""

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from datadam.dam import grant, join, release
from datadam.dam.world import World
from datadam.errors import Invalid, NotFound, Refused
from worlds import GOOD, Person, forward, granted

ID = "test.reading"


def test_a_grant_opens_one_reservoir_to_one_member(world: World) -> None:
    """Nobody else, and not before; revoked, it is closed at once."""
    one, other = Person("A").joins(world), Person("B").joins(world)
    one.deposits(world, ID, GOOD)
    with pytest.raises(Refused, match="ask.no-grant"):
        release.open_share(world, other.caller, ID)
    with granted(world, other, ID):
        assert release.open_share(world, other.caller, ID).rows == 3
        with pytest.raises(Refused, match="ask.no-grant"):
            release.open_share(world, one.caller, ID)
    with pytest.raises(Refused, match="ask.no-grant"):
        release.open_share(world, other.caller, ID)


def test_a_suspended_member_is_told_no_and_not_that_something_broke(world: World) -> None:
    """With a grant or without: in the list of reservoirs and where it asks for rows; why shows nowhere."""
    person = Person("A").joins(world)
    granted_one = grant.grant(world, person.id, ID)
    join.suspend(world, person.id, "a reason that is nobody's to know")
    (listed,) = release.reservoirs(world, person.caller)
    assert [(one.code, one.facts) for one in listed.reasons] == [("ask.others-facts", {"standard": ID})]
    with pytest.raises(Refused, match="ask.others-facts"):
        release.open_share(world, person.caller, ID)
    grant.revoke(world, granted_one)
    (listed,) = release.reservoirs(world, person.caller)
    assert [one.code for one in listed.reasons] == ["ask.no-grant", "ask.others-facts"]


def test_grants_are_told_of_one_or_of_all(world: World) -> None:
    """Ended ones too."""
    one, other = Person("A").joins(world), Person("B").joins(world)
    first = grant.grant(world, one.id, ID)
    second = grant.grant(world, other.id, ID, expires="2027-01-01T09:00:00+09:00")
    index = grant.revoke(world, first)
    (held,) = grant.grants(world, one.id)
    assert (held.id, held.until) == (first, index)
    assert {one.id: one.expires for one in grant.grants(world)} == {first: None, second: "2027-01-01T00:00:00Z"}


def test_a_grant_ends_by_itself(world: World) -> None:
    """At its instant, without anybody doing anything."""
    person = Person("A").joins(world)
    grant.grant(world, person.id, ID, expires="2026-11-22T10:00:00")
    assert release.open_share(world, person.caller, ID).rows == 0
    forward(world, hours=1)
    with pytest.raises(Refused, match="ask.no-grant"):
        release.open_share(world, person.caller, ID)


@pytest.mark.parametrize(
    ("expires", "wanted"),
    [
        ("2026-11-22T09:00:00Z", "grant.already-over"),
        ("1999-01-01", "grant.already-over"),
        ("tomorrow", "text.instant-malformed"),
        ("", "text.instant-malformed"),
        ("2027-02-30", "text.instant-malformed"),
        ("0001-01-01T00:00:00+14:00", "text.instant-malformed"),
        ("9999-12-31T23:59:59-14:00", "text.instant-malformed"),
    ],
)
def test_an_end_is_an_instant_to_come(world: World, expires: str, wanted: str) -> None:
    """One that is over, or no instant at all, is refused and nothing is logged."""
    person = Person("A").joins(world)
    size = world.ledger.size
    with pytest.raises(Invalid, match=wanted):
        grant.grant(world, person.id, ID, expires=expires)
    assert world.ledger.size == size


def test_grants_are_for_members_and_standards_that_there_are(world: World) -> None:
    """Nobody, one who left, and no standard."""
    person, gone = Person("A").joins(world), Person("B").joins(world)
    join.expel(world, gone.id, "rules")
    with pytest.raises(NotFound, match="member.unknown"):
        grant.grant(world, "m-" + "0" * 20, ID)
    with pytest.raises(Refused, match="member.left"):
        grant.grant(world, gone.id, ID)
    with pytest.raises(NotFound, match="standard.unknown"):
        grant.grant(world, person.id, "test.other")


def test_a_grant_is_revoked_once(world: World) -> None:
    """An ended one is as unknown as none."""
    id = grant.grant(world, Person("A").joins(world).id, ID)
    grant.revoke(world, id)
    for unknown in (id, "0" * 64, "x" * 500):
        with pytest.raises(NotFound, match="grant.unknown") as caught:
            grant.revoke(world, unknown)
        assert len(str(caught.value.facts["grant"])) <= 64


@limits(max_examples=200)
@given(st.text(max_size=30) | st.datetimes().map(str))
def test_any_text_is_an_instant_or_refused(text: str) -> None:
    """Nothing makes the reader fall over; what comes out is in the one form."""
    try:
        told = grant._instant(text)
    except Invalid:
        return
    assert told.endswith("Z")
