"""Persons are apart by contributor: only a designated institution that shows its credential has them as one."""

from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam.dam import agree, combine, credential, edition, grant, offer, publish, release
from datadam.dam.credential import Of
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.errors import Faults, Refused
from datadam.formats import odrl
from datadam.model import Ask, Deposit, DepositId, StandardId
from datadam.terms import Action, AgreementState, Constraint, Operand, Operator
from signed import agreed, an_offer, permission
from worlds import Person, a_world, forward, standard_text

ID = "test.reading"
NAME = "specialised-institution"
AGENCY = "urn:agency:1"
NEEDED = Constraint(operand=Operand.CREDENTIAL, operator=Operator.ALL_OF, value=(NAME,))
ROLES = """\
  - vendor: datadam
    property: legalRoles
    value:
      - {class: personal, space: KR, contributor: personal-information-controller, dam: consignee,
         consumer: combining-institution, basis: combination}
      - {class: personal, space: EU, contributor: controller, dam: processor, consumer: recipient, basis: research}
      - {class: personal, space: US, contributor: covered-entity, dam: business-associate, consumer: third-party,
         basis: limited-data-set}
"""


def a_text(*combining: str, version: str = "1.0.0", person: str = "personal", **more: str) -> str:
    """The small standard, its meters persons that are told apart by pseudonyms."""
    named = "{vendor: datadam, property: titles, value: {ko: 계량기}}"
    protected = "{vendor: datadam, property: protection, value: unit-id}"
    domain = "{vendor: datadam, property: domain, value: person}"
    text = standard_text(**more)
    text = text.replace(f"- {named}", f"- {named}\n          - {protected}\n          - {domain}", 1)
    head, mark, tail = text.partition("      - name: meter\n")
    tail = tail.replace("classification: business", f"classification: {person}", 1)
    named_ones = f"  - {{vendor: datadam, property: combining, value: [{', '.join(combining)}]}}\n" if combining else ""
    whole = (head + mark + tail).replace("schema:\n", f"{ROLES}{named_ones}schema:\n", 1)
    return whole.replace("version: 1.0.0", f"version: {version}")


@pytest.fixture
def institution() -> Person:
    """Who combines."""
    return Person("Institution", roles=("consumer",))


@pytest.fixture
def world(tmp_path: Path, institution: Person) -> World:
    """Two firms that know the same three persons, and an institution that the standard names."""
    return pooled(a_world(tmp_path), a_text(institution.id), institution)


def put(world: World, text: str) -> None:
    """Publish a version of the standard, and the offer for it."""
    publish.publish(world, text)
    both = permission(actions=(Action.READ, Action.DERIVE)), permission(NEEDED, actions=(Action.COMBINE,))
    offer.publish(world, odrl.write(an_offer(*both)))


def pooled(world: World, text: str, *people: Person) -> World:
    """A dam with that standard, an offer of it, and rows of two firms; the people joined and agreed."""
    put(world, text)
    for number in range(2):
        add(world, Person(f"Firm {number}").joins(world), number)
    credential.recognise(world, AGENCY, "An agency", [NAME])
    for person in people:
        person.joins(world)
        signed_up(world, person)
    return world


def add(world: World, firm: Person, number: int) -> None:
    """The same persons with each firm, and amounts that tell whose rows they are."""
    rows = "".join(f"person-{one},{100 * number + one}\n" for one in range(3))
    assert firm.deposits(world, ID, f"meter,amount\n{rows}".encode()).stage == "committed"


def signed_up(world: World, person: Person) -> None:
    """Agree; who lacks a credential waits for the operator."""
    standing = agreed(world, person)
    if standing.state == AgreementState.ACCEPTED:
        agree.approve(world, standing.id)


def certified(world: World, person: Person) -> str:
    """Give a person the credential."""
    of = Of(member=person.id, name=NAME, issuer=AGENCY)
    return credential.attest(world, of, "ab" * 32, expires="2027-01-01T00:00:00Z").credential.id


def served(world: World, person: Person, action: str = "read") -> pl.DataFrame:
    """The rows that somebody gets for an action."""
    share = release.open_share(world, Caller(member=person.id, action=action), ID)
    paths = [release.file(world, share.standard, share.recipient, share.version, one["name"]) for one in share.files]
    return pl.read_parquet(paths, glob=False)


def persons(rows: pl.DataFrame) -> dict[int, set[str]]:
    """Person → the pseudonyms that it has in the rows; the last digit of an amount tells which person it is."""
    found: dict[int, set[str]] = {}
    for meter, amount in rows.select("meter", "amount").iter_rows():
        found.setdefault(amount % 100, set()).add(meter)
    return found


def are_one(rows: pl.DataFrame) -> bool:
    """Whether each person has one pseudonym in the rows of all firms; false: in none is anybody the same."""
    sizes, firms = {len(ids) for ids in persons(rows).values()}, rows.select(pl.col("amount") // 100).n_unique()
    assert sizes in ({1}, {firms})
    return sizes == {1}


def test_the_same_person_is_another_in_each_contributors_rows(world: World, institution: Person) -> None:
    """Whoever reads, also for any action but combine, also the institution with its credential."""
    reader = Person("Reader", roles=("consumer",)).joins(world)
    signed_up(world, reader)
    certified(world, institution)
    for who, action in ((reader, "read"), (reader, "derive"), (institution, "read"), (institution, "derive")):
        assert not are_one(served(world, who, action))
    apart = {frozenset(served(world, who).get_column("meter")) for who in (reader, institution)}
    assert len(frozenset.union(*apart)) == 12  # and others for each recipient


def test_combine_is_refused_without_the_credential(world: World, institution: Person) -> None:
    """Named in the standard or not: before it is held, and from its revocation on."""
    with pytest.raises(Refused, match=r"ask\.credentials-needed"):
        served(world, institution, "combine")
    id = certified(world, institution)
    assert are_one(served(world, institution, "combine"))
    credential.revoke(world, id, "struck off")
    with pytest.raises(Refused, match=r"ask\.credentials-needed"):
        served(world, institution, "combine")


def test_a_credential_alone_joins_nobody(world: World) -> None:
    """Combine is allowed to who holds it, but whom the standard does not name gets persons apart."""
    other = Person("Other", roles=("consumer",)).joins(world)
    signed_up(world, other)
    certified(world, other)
    assert not are_one(served(world, other, "combine"))


def test_the_files_of_one_way_are_never_given_in_the_other(world: World, institution: Person) -> None:
    """The addresses of a combined share die with the credential; those of the other share open nothing of it."""
    id = certified(world, institution)
    reads, combines = Caller(member=institution.id), Caller(member=institution.id, action="combine")
    joined = release.open_share(world, combines, ID)
    apart = release.open_share(world, reads, ID)
    assert joined.recipient != apart.recipient
    release.refuse_other(world, combines, ID, joined.recipient)
    release.refuse_other(world, reads, ID, apart.recipient)
    for caller, recipient in ((reads, joined.recipient), (combines, apart.recipient), (reads, institution.id)):
        with pytest.raises(Refused, match=r"agreement\.cut-off"):
            release.refuse_other(world, caller, ID, recipient)
    credential.revoke(world, id, "struck off")
    with pytest.raises(Refused, match=r"ask\.credentials-needed"):
        release.refuse_other(world, combines, ID, joined.recipient)


def test_nothing_but_the_ids_tells_that_two_rows_are_of_one_person(world: World, institution: Person) -> None:
    """Attack by files, order and statistics: what a reader gets of both firms has nothing in common by person."""
    certified(world, institution)
    share = release.open_share(world, Caller(member=institution.id), ID)
    joined = release.open_share(world, Caller(member=institution.id, action="combine"), ID)
    assert all("meter" not in str(one["statistics"]) for one in (*share.files, *joined.files))
    apart, combined = served(world, institution), served(world, institution, "combine")
    ids = Counter(apart.get_column("meter"))
    assert set(ids.values()) == {1}
    assert set(ids).isdisjoint(combined.get_column("meter"))
    starts = Counter(id[:4] for id in ids)  # no part of an id is of the person alone
    assert max(starts.values()) == 1


def test_the_order_of_a_combined_share_is_not_that_of_the_other(tmp_path: Path, institution: Person) -> None:
    """Else the rows of one would name the persons of the other, line by line."""
    world = pooled(a_world(tmp_path), a_text(institution.id), institution)
    certified(world, institution)
    for number in range(2, 10):
        add(world, Person(f"Firm {number}").joins(world), number)
    forward(world, hours=2)
    one, other = (served(world, institution, action).get_column("amount").to_list() for action in ("read", "combine"))
    assert sorted(one) == sorted(other)
    assert one != other


def test_who_contributed_rows_cannot_read_others_persons_by_its_own(world: World, institution: Person) -> None:
    """A contributor that is named stays apart in its own rows, of which it knows the names, even when it combines."""
    firm = Person("Insider")
    publish.publish(world, a_text(institution.id, firm.id, version="2.0.0"))
    offer.publish(world, odrl.write(an_offer(permission(NEEDED, actions=(Action.COMBINE,)))))
    firm.joins(world)
    signed_up(world, firm)
    certified(world, firm)
    for number in (5, 6):
        add(world, Person(f"Late {number}").joins(world), number)
    add(world, firm, 7)
    rows = served(world, firm, "combine").with_columns(whose=pl.col("amount") // 100)
    own, others = (set(rows.filter(which).get_column("meter")) for which in (pl.col("whose") == 7, pl.col("whose") < 7))
    assert len(own) == 3
    assert own.isdisjoint(others)


def test_rows_are_joined_only_if_their_own_version_named_the_institution(tmp_path: Path, institution: Person) -> None:
    """Who deposited before it was named consented to nothing: those rows stay apart, later ones are one."""
    world = pooled(a_world(tmp_path), a_text(), institution)
    certified(world, institution)
    assert not are_one(served(world, institution, "combine"))
    put(world, a_text(institution.id, version="2.0.0"))
    signed_up(world, institution)
    for number in (5, 6):
        add(world, Person(f"Late {number}").joins(world), number)
    forward(world, hours=2)
    rows = served(world, institution, "combine")
    assert not are_one(rows.filter(pl.col("amount") < 200))
    assert are_one(rows.filter(pl.col("amount") >= 500))
    assert not are_one(served(world, institution))
    put(world, a_text(version="3.0.0"))  # and from where it is named no more, none are
    signed_up(world, institution)
    assert not are_one(served(world, institution, "combine"))


def test_firms_that_are_no_persons_keep_one_pseudonym(tmp_path: Path, institution: Person) -> None:
    """What is about firms is joined as ever: there is no such law about them."""
    world = a_world(tmp_path)
    publish.publish(world, a_text(person="business"))
    for number in range(2):
        add(world, Person(f"Firm {number}").joins(world), number)
    institution.joins(world)
    grant.grant(world, institution.id, ID)
    assert are_one(served(world, institution))


def test_what_was_personal_when_it_came_stays_apart(tmp_path: Path, institution: Person) -> None:
    """A lower class in a later version takes nothing back of what was promised for rows that are there."""
    world = a_world(tmp_path)
    publish.publish(world, a_text())
    for number in range(2):
        add(world, Person(f"Firm {number}").joins(world), number)
    publish.publish(world, a_text(version="2.0.0", person="business"))
    institution.joins(world)
    grant.grant(world, institution.id, ID)
    assert not are_one(served(world, institution))


def test_an_open_reservoir_tells_nobody_who_is_the_same(tmp_path: Path) -> None:
    """Strangers share one set of files, and persons are apart in it too."""
    world = a_world(tmp_path)
    publish.publish(world, a_text(tier="open"))
    for number in range(2):
        add(world, Person(f"Firm {number}").joins(world), number)
    share = release.open_share(world, Caller(member=None), ID)
    paths = [release.file(world, share.standard, share.recipient, share.version, one["name"]) for one in share.files]
    assert not are_one(pl.read_parquet(paths, glob=False))


def test_an_edition_keeps_persons_apart_and_joins_them_for_the_institution_alone(
    world: World, institution: Person
) -> None:
    """What was frozen is given out as the reservoir is."""
    edition.freeze(world, f"{ID}@first")
    certified(world, institution)
    for action, one in (("read", False), ("derive", False), ("combine", True)):
        share = release.open_share(world, Caller(member=institution.id, action=action), f"{ID}@first")
        paths = [
            release.file(world, share.standard, share.recipient, share.version, file["name"]) for file in share.files
        ]
        assert are_one(pl.read_parquet(paths, glob=False)) is one


def test_no_offer_lets_persons_be_combined_without_a_credential(world: World) -> None:
    """It is refused at publication; and where none asked for one, nobody is joined."""
    with pytest.raises(Faults) as refused:
        offer.publish(world, odrl.write(an_offer(permission(actions=(Action.COMBINE,)))))
    assert [fault.code for fault in refused.value.faults] == ["offer.combine-credential"]


def test_an_offer_of_before_there_were_persons_joins_nobody(tmp_path: Path, institution: Person) -> None:
    """Combine was offered to all while nobody was in it; then a version tells persons apart, and names who combines."""
    world = a_world(tmp_path)
    publish.publish(world, a_text(person="business"))
    offer.publish(world, odrl.write(an_offer(permission(actions=(Action.COMBINE,), notice=90))))
    for number in range(2):
        add(world, Person(f"Firm {number}").joins(world), number)
    institution.joins(world)
    signed_up(world, institution)
    assert are_one(served(world, institution, "combine"))
    publish.publish(world, a_text(institution.id, version="2.0.0"))
    for number in (5, 6):
        add(world, Person(f"Late {number}").joins(world), number)
    forward(world, hours=2)
    ask = Ask(member=institution.id, standard=StandardId(ID), action="combine")
    assert not combine.joins(world, ask)


# --- the law ----------------------------------------------------------------------------------------------------------

WHO = "m-" + "0" * 20
FIRMS = ("m-" + "1" * 20, "m-" + "2" * 20, WHO)
VERSIONS = ("1.0.0", "2.0.0")  # only the second names WHO


@pytest.fixture(scope="module")
def lineage_of_two(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A dam whose standard names an institution from its second version on."""
    world = a_world(tmp_path_factory.mktemp("law"))
    publish.publish(world, a_text())
    publish.publish(world, a_text(WHO, version="2.0.0"))
    return world


def came(contributor: str, version: str) -> Deposit:
    """A deposit of which only whose it is and under what it came matters."""
    return Deposit(
        id=DepositId("d"),
        contributor=contributor,
        standard=ID,
        version=version,
        file_digest="",
        fit_digest="",
        outcome="",
        index=1,
        tag="",
        admitted=1,
        rejected=0,
        files=(),
    )


@given(
    firms=st.tuples(st.sampled_from(FIRMS), st.sampled_from(FIRMS)),
    under=st.tuples(st.sampled_from(VERSIONS), st.sampled_from(VERSIONS)),
    who=st.sampled_from((WHO, "m-" + "3" * 20, "*")),
    joined=st.booleans(),
)
def test_two_deposits_have_one_key_for_persons_only_if_both_may_be_joined_or_one_firm_gave_both(
    lineage_of_two: World, firms: tuple[str, str], under: tuple[str, str], who: str, *, joined: bool
) -> None:
    """For whatever recipient: never across contributors but for whom both versions named; rows of its own, never."""
    columns = publish.current(lineage_of_two, ID).columns
    of = combine.keys(lineage_of_two, ID, columns, who, joined=joined)
    one, other = (of(came(firm, version)) for firm, version in zip(firms, under, strict=True))
    for keys, firm in zip((one, other), firms, strict=True):
        assert set(keys) == (set() if firm == who else {"meter"})
    if not one or not other:
        return
    together = [joined and who == WHO and version == "2.0.0" for version in under]
    same = all(together) or (firms[0] == firms[1] and not any(together))
    assert (one == other) is same
