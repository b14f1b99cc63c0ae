"""One catalogue: parts of a reservoir in several dams, from what was followed, and what is in whose way."""

from pathlib import Path

import pytest

import peered_dams as two_dams
from datadam import texts
from datadam.dam import catalogue, edition, follow, grant, join, peer, publish, state
from datadam.dam.catalogue import Part
from datadam.dam.login import Caller
from datadam.model import Kind
from guests import enters
from peered_dams import KR, US, Pair, pair
from signed import offered
from worlds import Person, answers_text, refused, standard_text

STANDARD = "test.reading"
STRANGER = Caller()


def both(folder: Path, *texts_of: str, **changes: object) -> Pair:
    """Two dams that peer on changed terms, each with a standard published; the Korean one heard the other."""
    made = two_dams.two(folder)
    peer.add(made.kr, made.us.settings.public_url, terms=two_dams.terms(STANDARD, **changes))
    peer.add(made.us, made.kr.settings.public_url)
    for world, text in zip(made.worlds, texts_of or (standard_text(),) * 2, strict=True):
        if text:
            publish.publish(world, text)
    follow.look(made.kr, made.of(made.kr).id)
    return made


def theirs(dams: Pair, caller: Caller = STRANGER) -> Part:
    """The American part, as the Korean dam tells it."""
    return next(one for one in catalogue.find(dams.kr, caller, STANDARD).parts if not one.here)


def codes(part: Part) -> list[str]:
    """What is in the way, each said in both languages."""
    for one in part.reasons:
        for language in texts.LANGUAGES:
            assert "{" not in texts.explain(one, language).what
    return [one.code for one in part.reasons]


def test_a_part_tells_its_dam_its_version_and_its_offer(tmp_path: Path) -> None:
    """Ours first, theirs from what was followed: nobody is asked for it."""
    dams = both(tmp_path)
    offered(dams.us)
    follow.look(dams.kr, dams.of(dams.kr).id)
    dams.cut(dams.us)
    member = Person("Busan").joins(dams.kr)
    (held,) = catalogue.held(dams.kr, member.caller)
    ours, other = held.parts
    assert (held.id, held.first, ours.origin, ours.here, ours.reading) == (STANDARD, ours, KR, True, "same")
    assert (ours.offer, [one.code for one in ours.reasons]) == (None, ["ask.no-grant"])
    assert (other.origin, other.url, other.here, other.reading) == (US, dams.us.settings.public_url, False, "same")
    assert (other.log, other.digest, other.versions) == (dams.us.ledger.vkey, ours.digest, ("1.0.0",))
    assert other.offer is not None
    assert other.offer[0] == 1
    assert (other.guest, codes(other)) == (False, ["catalogue.not-guest"])
    grant.grant(dams.kr, member.id, STANDARD)
    assert catalogue.find(dams.kr, member.caller, STANDARD).first.reasons == ()


def test_who_is_a_guest_there_has_nothing_in_the_way_as_far_as_is_known(tmp_path: Path) -> None:
    """The statement by which it became one was followed; gone again, that is known too."""
    dams = both(tmp_path)
    member = Person("Busan").joins(dams.kr)
    enters(dams, dams.us, member)
    follow.look(dams.kr, dams.of(dams.kr).id)
    found = theirs(dams, member.caller)
    assert (found.guest, codes(found)) == (True, [])
    join.expel(dams.us, member.id, "over")
    follow.look(dams.kr, dams.of(dams.kr).id)
    assert codes(theirs(dams, member.caller)) == ["catalogue.not-guest"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"directions": [{"from": KR, "to": US}]}, "catalogue.direction"),
        ({"classes": ["public"]}, "catalogue.class"),
        ({"guests": False}, "catalogue.no-guests"),
    ],
    ids=["direction", "class", "guests"],
)
def test_what_the_peering_does_not_let_cross_is_said_before_anybody_is_asked(
    tmp_path: Path, changes: dict[str, object], told: str
) -> None:
    """The direction, the class of data, that no guests are taken: each is a reason of its own."""
    dams = both(tmp_path, **changes)
    member = Person("Busan").joins(dams.kr)
    assert codes(theirs(dams, member.caller)) == [told, "catalogue.not-guest"]


def test_strangers_guests_of_ours_and_open_reservoirs(tmp_path: Path) -> None:
    """A stranger is not vouched for; a guest has its own home; what is open to all is open through any dam."""
    dams = both(tmp_path / "members")
    assert codes(theirs(dams)) == ["catalogue.stranger"]
    visitor = Person("Ohio Motors", jurisdiction="US").joins(dams.us)
    enters(dams, dams.kr, visitor)
    assert codes(theirs(dams, visitor.caller)) == []  # there it is at home
    opened = both(tmp_path / "open", *[standard_text(tier="open")] * 2, classes=["public"])
    assert codes(theirs(opened)) == []
    shut = pair(tmp_path / "shut", "test.energy")
    for world in shut.worlds:
        publish.publish(world, answers_text())
    follow.look(shut.kr, shut.of(shut.kr).id)
    (_, there) = catalogue.find(shut.kr, Person("Busan").joins(shut.kr).caller, "test.energy").parts
    assert codes(there) == ["catalogue.no-rows"]


def test_a_profile_sees_its_own_reservoir_only(tmp_path: Path) -> None:
    """A share profile for one standard is told of that one, as a stranger to other dams."""
    dams = both(tmp_path)
    member = Person("Busan").joins(dams.kr)
    assert catalogue.held(dams.kr, Caller(member=member.id, standard="test.other")) == []
    assert codes(theirs(dams, Caller(member=member.id, standard=STANDARD))) == ["catalogue.stranger"]


def changed(old: str, new: str, version: str = "1.1.0") -> str:
    """The small standard, changed, under that version."""
    text = standard_text()
    assert old in text
    return text.replace("version: 1.0.0", f"version: {version}").replace(old, new)


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        (changed("maximum: 1000", "maximum: 500"), "same"),
        (changed("name: amount", "name: quantity"), "aligned"),
        (changed("logicalType: integer", "logicalType: number"), "differs"),
        (changed("What was read.", "Something else.", version="1.0.0"), "differs"),
        (standard_text(tier="open").replace("version: 1.0.0", "version: 1.0.1"), "same"),
    ],
    ids=["within-limits", "renamed", "other-type", "one-number-two-texts", "other-tier"],
)
def test_standards_that_differ_under_one_id_are_named_and_not_read(tmp_path: Path, text: str, reading: str) -> None:
    """Read as ours where nothing is lost; else the part stands there with the reason."""
    dams = both(tmp_path, standard_text(), text)
    member = Person("Busan").joins(dams.kr)
    found = theirs(dams, member.caller)
    assert found.reading == reading
    assert ("peer.standard-differs" in codes(found)) is (reading == "differs")


def test_a_standard_that_only_one_dam_has_is_told_too(tmp_path: Path) -> None:
    """Theirs alone is read as it is; ours alone has one part; what nobody has is not in the catalogue."""
    alone = both(tmp_path / "theirs", "", standard_text())
    (only,) = catalogue.find(alone.kr, STRANGER, STANDARD).parts
    assert (only.here, only.reading) == (False, "alone")
    ours = both(tmp_path / "ours", standard_text(), "")
    assert [one.here for one in catalogue.find(ours.kr, STRANGER, STANDARD).parts] == [True]
    none = both(tmp_path / "none", "", "")
    refused("catalogue.none", lambda: catalogue.find(none.kr, STRANGER, STANDARD))


def test_a_peer_that_contradicted_itself_is_believed_no_more(tmp_path: Path) -> None:
    """Its part stays named, with that as the reason; when the peering ends it is gone."""
    dams = both(tmp_path)
    facts = {"peer": dams.of(dams.kr).id, "fault": "forked", "evidence": {"shown": "x"}}
    state.record(dams.kr, state.statement(dams.kr, Kind.PEER_FAULT, facts))
    assert codes(theirs(dams))[0] == "catalogue.distrusted"
    peer.end(dams.kr, US, "over")
    refused("catalogue.none", lambda: catalogue.find(dams.kr, STRANGER, STANDARD))


def test_all_names_no_edition(tmp_path: Path) -> None:
    """What stands for all dams cannot be frozen under that name."""
    dams = pair(tmp_path)
    publish.publish(dams.kr, standard_text())
    refused("edition.name-malformed", lambda: edition.freeze(dams.kr, f"{STANDARD}@all"))
