"""Joining: who may, under which country, with which profile; keys change, members leave and are forgotten."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from datadam import registers, seal
from datadam.adapters.memory.store import MemoryStore
from datadam.dam import deposit, grant, join, login, prove, publish, state
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.errors import DamError, Invalid, NotFound, Refused, Untrusted
from datadam.ledger import verify_receipt
from datadam.model import Application, Kind, Member, MemberId, Statement
from worlds import GOOD, Person, a_world, forward, standard_text
from worlds import chunks as pieces


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A dam without members."""
    return a_world(tmp_path)


def apply(world: World, person: Person, *, profile: bytes | None = None, **changes: Any) -> join.Standing:
    """Apply, with changes to the accession."""
    named = person.profile() if profile is None else profile
    return join.apply(world, seal.envelope(person.accession(named, **changes)), named)


def accedes(world: World, jurisdiction: str = "KR", *, effective: str | None = "2026-01-01", **changes: Any) -> Person:
    """A country joins."""
    country = Person(f"Republic of {jurisdiction}", jurisdiction=jurisdiction, roles=())
    return country.joins(
        world, **{"member_kind": "country", "authority": "A ministry", "effective": effective, **changes}
    )


def code(wanted: str, kind: type[DamError] = Invalid) -> Any:
    """Refused with exactly this code."""
    return pytest.raises(kind, match=f"^{wanted.replace('.', '[.]')}( |$)")


# --- apply, approve, decline ------------------------------------------------------------------------------------------


def test_an_applicant_is_no_member_until_approved(world: World) -> None:
    """Pending, then in the log; the id of the application tells how it stands."""
    person = Person("A")
    applied = apply(world, person)
    assert applied.status == "pending"
    with code("member.unknown", NotFound):
        join.known(world, person.id)
    (waiting, told), *rest = join.waiting(world)
    assert (waiting.id, told["profile"]["legal_name"], rest) == (applied.id, "A", [])
    index = join.approve(world, applied.id)
    assert join.known(world, person.id).since == index
    assert join.standing(world, applied.id) == replace(applied, status="approved")
    assert join.waiting(world) == []
    assert [profile["legal_name"] for _, profile in join.members(world)] == ["A"]


def test_the_same_application_twice_is_one(world: World) -> None:
    """A client that did not hear the answer asks again."""
    person = Person("A")
    profile = person.profile()
    envelope = seal.envelope(person.accession(profile))
    assert join.apply(world, envelope, profile) == join.apply(world, envelope, profile)
    assert len(join.waiting(world)) == 1


def test_approving_twice_gives_the_same_place(world: World) -> None:
    """One member, one entry, also where a crash left the application behind."""
    person = Person("A")
    applied = apply(world, person)
    with world.store.read() as rows:
        left = rows.get(Application, applied.id)
    index = join.approve(world, applied.id)
    assert join.approve(world, applied.id) == index
    with world.store.transaction() as rows:
        rows.put(left)  # as after a crash between the log and this table
    assert join.waiting(world) == []
    with code("application.unknown", NotFound):
        join.decline(world, applied.id, "late")
    size = world.ledger.size
    assert join.approve(world, applied.id) == index
    assert world.ledger.size == size
    with world.store.read() as rows:
        assert rows.get(Application, applied.id) is None


def test_two_applications_of_one_key_make_one_member(world: World) -> None:
    """The second cannot be approved, only declined."""
    person = Person("A")
    first, second = apply(world, person), apply(world, person)
    join.approve(world, first.id)
    with code("member.known", Refused):
        join.approve(world, second.id)
    join.decline(world, second.id, "a member already")
    with code("member.known", Refused):
        apply(world, person)
    assert len(join.members(world)) == 1


def test_a_declined_one_is_told_why_and_may_apply_again(world: World) -> None:
    """The decline is in the log; the profile is kept nowhere."""
    person = Person("A")
    profile = person.profile()
    envelope = seal.envelope(person.accession(profile))
    applied = join.apply(world, envelope, profile)
    join.decline(world, applied.id, "no such firm")
    assert (join.standing(world, applied.id).status, join.standing(world, applied.id).reason) == (
        "declined",
        "no such firm",
    )
    assert join.apply(world, envelope, profile).status == "declined"
    with code("application.unknown", NotFound):
        join.approve(world, applied.id)
    with code("application.unknown", NotFound):
        join.decline(world, applied.id, "again")
    with world.store.read() as rows:
        assert [held.profile for held in rows.find(Application)] == ["{}"]
    assert seal.digest(profile) not in set(world.bodies.ids())
    join.approve(world, apply(world, person).id)
    assert join.known(world, person.id).until is None


def test_an_unknown_application_is_not_found(world: World) -> None:
    """Neither standing nor approval."""
    with code("application.unknown", NotFound):
        join.standing(world, "0" * 64)
    with code("application.unknown", NotFound):
        join.approve(world, "0" * 64)


def test_applications_that_wait_are_limited(tmp_path: Path) -> None:
    """Strangers may not fill the disk; an answered one makes room."""
    world = a_world(tmp_path, max_applications_pending=2)
    first = apply(world, Person("A"))
    apply(world, Person("B"))
    with code("application.too-many", Refused):
        apply(world, Person("C"))
    join.decline(world, first.id, "no")
    apply(world, Person("C"))


def test_an_accession_is_signed_by_its_key_alone(world: World) -> None:
    """Not by another key, not by one more, not with another member's id, not altered afterwards."""
    person, other = Person("A"), Person("B")
    profile = person.profile()
    good = person.accession(profile)
    for wrong in (
        seal.countersign(good, other.key),
        replace(good, signatures=other.accession(profile).signatures),
        replace(good, signatures=()),
    ):
        with pytest.raises(DamError, match="signature|statement.malformed"):
            join.apply(world, seal.envelope(wrong), profile)
    with code("member.id-wrong", Untrusted):
        apply(world, person, member=other.id)
    with pytest.raises(Untrusted, match="signature"):
        apply(world, person, member=other.id, key=seal.public(other.key))
    assert join.waiting(world) == []


def test_another_text_than_the_one_in_force_is_not_signed(world: World) -> None:
    """The digests of what was read, of every language, and the language itself, must be ours."""
    terms = join.accession_terms()
    text: dict[str, Any] = {"version": terms["version"], "language": "ko", "digests": dict(terms["digests"])}
    for wrong in (
        {**text, "version": "0"},
        {**text, "digests": {**text["digests"], "ko": "0" * 64}},
        {**text, "digests": {"en": text["digests"]["en"]}},
    ):
        with code("accession.text-other"):
            apply(world, Person("A"), text=wrong)
    with code("accession.language-unknown"):
        apply(world, Person("A"), text={**text, "language": "fr"})
    assert apply(world, Person("A"), text=text).status == "pending"


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"roles": []}, "accession.roles-wrong"),
        ({"roles": ["consumer", "consumer"]}, "accession.roles-wrong"),
        ({"roles": ["operator"]}, "statement.shape"),
        ({"authority": "A ministry"}, "accession.not-country"),
        ({"effective": "2026-01-01"}, "accession.not-country"),
        ({"reservations": ["none of mine"]}, "accession.not-country"),
        ({"jurisdiction": "XX"}, "register.country-unknown"),
        ({"jurisdiction": "kr"}, "statement.shape"),
        ({"under": "m-" + "0" * 20}, "accession.under-wrong"),
    ],
)
def test_an_organisation_accedes_as_one(world: World, changes: dict[str, Any], wanted: str) -> None:
    """Roles, a real jurisdiction, nothing that only countries say."""
    with code(wanted):
        apply(world, Person("A"), **changes)


# --- countries --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"authority": None}, "accession.country-incomplete"),
        ({"effective": None}, "accession.country-incomplete"),
        ({"roles": ["consumer"]}, "accession.country-incomplete"),
        ({"under": "m-" + "0" * 20}, "accession.country-incomplete"),
        ({"effective": "2026-02-30"}, "text.date-malformed"),
        ({"effective": "2026-1-1"}, "statement.shape"),
        ({"authority": "Min\u202eistry"}, "statement.shape"),
        ({"reservations": ["a\nb"]}, "statement.shape"),
    ],
)
def test_a_country_says_who_accedes_and_from_when(world: World, changes: dict[str, Any], wanted: str) -> None:
    """Authority, effective date, no roles, nobody above it, plain text throughout."""
    with code(wanted):
        accedes(world, **changes)


def test_a_country_accedes_once_also_when_its_date_is_still_to_come(world: World) -> None:
    """A second accession may not slip in before the first takes effect; after an exit the country may return."""
    country = accedes(world, effective="2027-06-01")
    for effective in ("2026-01-01", "2027-06-01", "2028-01-01"):
        with code("accession.country-known", Refused):
            accedes(world, effective=effective)
    accedes(world, "DE")
    join.expel(world, country.id, "renounced")
    accedes(world, effective="2027-01-01")


def test_reservations_are_kept_as_signed(world: World) -> None:
    """They are terms: in order, to the letter."""
    country = accedes(world, reservations=["Not for defence.", "방위 목적은 제외합니다."])
    member = join.known(world, country.id)
    assert member.reservations == ("Not for defence.", "방위 목적은 제외합니다.")
    assert (member.authority, member.effective, member.roles) == ("A ministry", "2026-01-01", frozenset())


def test_an_organisation_joins_under_its_country_from_the_effective_date_on(world: World) -> None:
    """Before it under nobody, from it on under the country; whoever joined earlier stays as it signed."""
    early = Person("Early").joins(world)
    country = accedes(world, effective="2026-11-23")
    with code("accession.under-wrong"):
        apply(world, Person("A"), under=country.id)
    waiting = apply(world, Person("Waiting"))
    forward(world, days=1)
    with code("accession.under-wrong"):  # the world has moved since it signed
        join.approve(world, waiting.id)
    with code("accession.under-wrong"):
        apply(world, Person("B"))
    late = Person("Late").joins(world, under=country.id)
    elsewhere = Person("Elsewhere", jurisdiction="DE").joins(world)
    assert [join.known(world, one.id).under for one in (early, late, elsewhere)] == [None, country.id, None]
    join.expel(world, country.id, "renounced")
    assert join.country_of(world, "KR", at="2027-01-01") is None
    Person("After").joins(world)


# --- profiles ---------------------------------------------------------------------------------------------------------


LEI = "529900T8BM49AURSDO55"


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"legal_name": ""}, "profile.malformed"),
        ({"legal_name": " \t "}, "profile.malformed"),
        ({"legal_name": "x" * 1001}, "profile.malformed"),
        ({"legal_name": 7}, "profile.malformed"),
        ({"legal_name": "Acme\nLimited"}, "profile.malformed"),
        ({"legal_name": "Acme\x1b[2J"}, "profile.malformed"),
        ({"legal_name": "Acme\u202egpj.exe"}, "profile.malformed"),
        ({"legal_name": "Ac\u00adme"}, "profile.malformed"),
        ({"legal_name": "Ac\u2060me"}, "profile.malformed"),
        ({"legal_name": "Acme\u2028Limited"}, "profile.malformed"),
        ({"legal_name": "Acme\U000e0041"}, "profile.malformed"),
        ({"contact": ["a"]}, "profile.malformed"),
        ({"website": "http://x\x00"}, "profile.malformed"),
        ({"salt": "AAAAAAAAAAA"}, "profile.malformed"),
        ({"salt": "short"}, "text.base64-malformed"),
        ({"salt": None}, "profile.malformed"),
        ({"salt": "!" * 22}, "text.base64-malformed"),
        ({"owner": "somebody"}, "profile.malformed"),
        ({"numbers": ["lei"]}, "profile.malformed"),
        ({"numbers": {"lei": 5}}, "profile.malformed"),
        ({"numbers": {"tax": "5"}}, "register.unknown"),
        ({"numbers": {"lei": LEI[:-1] + "6"}}, "register.number-checksum"),
        ({"numbers": {"lei": LEI.lower()}}, "profile.number-not-normal"),
        ({"numbers": {"lei": LEI[:-1]}}, "register.number-length"),
    ],
)
def test_a_profile_is_plain_text_and_its_numbers_add_up(world: World, changes: dict[str, Any], wanted: str) -> None:
    """Nothing that is not seen, nothing unknown, nothing huge, a salt that hides the digest."""
    person = Person("A")
    with code(wanted):
        apply(world, person, profile=person.profile(**changes))


def test_a_profile_with_everything_is_taken() -> None:
    """Names in any script, a number that holds, an address."""
    profile = Person("물 주식회사").profile(
        numbers={"lei": LEI}, contact="물@example.kr", address="서울", website="https://example.kr"
    )
    assert join.check_profile(profile)["numbers"] == {"lei": registers.check("lei", LEI)}


@pytest.mark.parametrize(
    ("profile", "wanted"),
    [
        (b"[]", "profile.malformed"),
        (b"{", "json.malformed"),
        (b"\xff\xfe", "json.malformed"),
        (b'{ "legal_name":"A"}', "profile.malformed"),
        (b'{"legal_name":"A","legal_name":"B"}', "json.malformed"),
        (b'{"legal_name":"\\ud800"}', "json.not-canonical"),
        (b"[" * 60_000, "json.malformed"),
        (b'"' + b"x" * 70_000 + b'"', "profile.too-large"),
    ],
)
def test_what_is_no_canonical_object_is_no_profile(world: World, profile: bytes, wanted: str) -> None:
    """One set of bytes a profile, or its digest would not name it."""
    with code(wanted):
        apply(world, Person("A"), profile=profile)


def test_the_profile_is_the_one_that_was_signed(world: World) -> None:
    """Another one under the same accession is refused."""
    person = Person("A")
    with code("profile.digest-wrong", Untrusted):
        join.apply(world, seal.envelope(person.accession(person.profile())), person.profile())


# --- keys, exits, erasure ---------------------------------------------------------------------------------------------


def rotation(member: str, old: seal.Jwk, new: seal.Jwk) -> bytes:
    """A key statement, signed by both."""
    facts = {"member": member, "key": seal.public(new), "replaces": seal.thumbprint(old)}
    statement = seal.state(Kind.KEY, facts, issued="2026-11-22T09:00:00Z", key=old)
    return seal.envelope(seal.countersign(statement, new))


def test_receipts_hold_under_each_of_five_keys(world: World) -> None:
    """A key that was replaced still proves what it signed while it counted; no dam is needed to see that."""
    publish.publish(world, standard_text(repeat="keep"))
    person = Person("A").joins(world)
    member, key = person.id, person.key
    deposits: list[str] = []
    for turn in range(5):
        data = b"meter,amount\nA1,%d\n" % turn
        job = _deposit_with(world, person, member, key, data)
        deposits.append(job)
        if turn < 4:
            new = seal.new_key()
            join.rotate(world, rotation(member, key, new))
            key = new
    for id in deposits:
        receipt = seal.canonical(prove.receipt(world, Caller(member=member), id))
        verified = verify_receipt(receipt, vkey=world.ledger.vkey)
        assert verified.statement.id == id
        assert set(verified.signers.values()) == {member}
    assert not prove.check(world, MemoryStore, lambda: None).faults


def _deposit_with(world: World, person: Person, member: MemberId, key: seal.Jwk, data: bytes) -> str:
    from worlds import fit_of

    manifest = person.manifest(fit_of(world, "test.reading", data), data, contributor=member)
    facts = {name: value for name, value in manifest.body.items() if name not in {"v", "kind", "salt", "issued"}}
    resigned = seal.state(Kind.MANIFEST, facts, issued="2026-11-22T09:00:00Z", key=key)
    caller = Caller(member=member)
    job = deposit.announce(world, caller, seal.envelope(resigned))
    deposit.receive(world, caller, job.id, pieces(data))
    assert deposit.process(world, job.id, lambda *_: None).stage == "committed"
    return job.id


def leaving(person: Person, **changes: object) -> Statement:
    """A signed exit."""
    return person.states(Kind.EXIT, {"member": person.id, "reason": "moved", "signed_by_member": True, **changes})


def test_who_leaves_signs_it_and_is_gone(world: World) -> None:
    """From its log index on neither key nor token counts."""
    person = Person("A").joins(world)
    assertion = seal.login_assertion(person.key, member=person.id, audience="x", now=int(world.clock().timestamp()))
    token = login.login(world, assertion, audiences=["x"]).token
    index = join.leave(world, seal.envelope(leaving(person)))
    assert join.known(world, person.id).until == index
    with code("login.token-unknown", Untrusted):
        login.caller(world, token)
    with pytest.raises(Untrusted):
        join.leave(world, seal.envelope(leaving(person)))
    with code("member.left", Refused):
        grant.grant(world, person.id, "test.reading")
    with code("member.known", Refused):
        apply(world, person)


def test_nobody_signs_anothers_exit(world: World) -> None:
    """Neither a member nor a stranger; and an exit that a member sends says that the member signs."""
    person, other = Person("A").joins(world), Person("B").joins(world)
    for thief in (other, Person("C")):
        with pytest.raises(Untrusted, match="signature"):
            join.leave(world, seal.envelope(thief.states(Kind.EXIT, dict(_exit(person)))))
    with code("member.exit-unsigned"):
        join.leave(world, seal.envelope(leaving(person, signed_by_member=False)))
    assert join.known(world, person.id).until is None


def _exit(person: Person) -> dict[str, object]:
    return {"member": person.id, "reason": "r", "signed_by_member": True}


def test_a_dam_may_end_a_membership_once(world: World) -> None:
    """The reason is in the log; twice is refused, and so is nobody."""
    person = Person("A").joins(world)
    index = join.expel(world, person.id, "broke the rules")
    assert join.known(world, person.id).until == index
    with code("member.left", Refused):
        join.expel(world, person.id, "again")
    with code("member.unknown", NotFound):
        join.expel(world, "m-" + "0" * 20, "who")


def test_a_forgotten_profile_is_gone_for_good_and_nothing_is_amiss(world: World) -> None:
    """The body goes, the entry stays, a check is silent, and the member still is one."""
    person = Person("A")
    profile = person.profile()
    join.approve(world, join.apply(world, seal.envelope(person.accession(profile)), profile).id)
    join.forget(world, person.id, "asked")
    with pytest.raises(NotFound):
        world.bodies.get(seal.digest(profile))
    assert join.members(world)[0][1] == {}
    findings = prove.check(world, MemoryStore, lambda: None)
    assert (findings.faults, findings.erased) == ([], 1)
    state.rebuild(world)
    assert join.profile_of(world, join.known(world, person.id)) == {}
    assert join.known(world, person.id).until is None


def test_forgetting_reaches_what_a_crash_left(world: World) -> None:
    """An application that outlived its approval holds the profile too."""
    person = Person("A")
    applied = apply(world, person)
    with world.store.read() as rows:
        left = rows.get(Application, applied.id)
    join.approve(world, applied.id)
    with world.store.transaction() as rows:
        rows.put(left)
    join.forget(world, person.id, "asked")
    with world.store.read() as rows:
        assert rows.find(Application) == []


def test_there_is_nothing_to_forget_of_nobody(world: World) -> None:
    """An unknown member is not found; a member without a profile has none."""
    with code("member.unknown", NotFound):
        join.forget(world, "m-" + "0" * 20, "asked")
    person = Person("A").joins(world)
    with world.store.transaction() as rows:
        member = rows.get(Member, person.id)
        assert member is not None
        rows.put(replace(member, profile=None))
    with code("member.no-profile", NotFound):
        join.forget(world, person.id, "asked")
    assert join.profile_of(world, replace(member, profile=None)) == {}


def test_a_manifest_is_announced_only_by_its_member(world: World) -> None:
    """What joins is what deposits: an applicant does not yet."""
    publish.publish(world, standard_text())
    person = Person("A")
    apply(world, person)
    with code("member.unknown", NotFound):
        person.deposits(world, "test.reading", GOOD)
