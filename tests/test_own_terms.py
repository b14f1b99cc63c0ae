"""A contributor's own terms, countries' reservations, markings: what leaves for whom, and what nobody can tell."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from datadam import seal
from datadam.adapters.memory.store import MemoryStore
from datadam.dam import (
    decide,
    deposit,
    dispute,
    grant,
    narrow,
    notice,
    prove,
    publish,
    release,
    reserve,
    state,
    withdraw,
)
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.errors import DamError, Faults, Refused, Untrusted
from datadam.formats import odrl
from datadam.model import Allow, Ask, Decided, Deny, Job, Json, Kind, Release, StandardId
from datadam.terms import Action, Constraint, Operand, Operator
from signed import agreed, offered, permission
from worlds import GOOD, Person, a_world, chunks, fit_of, forward, standard_text

ID = StandardId("test.reading")
MARK = """\
      - name: mark
        businessName: Mark
        description: How widely the row may go.
        logicalType: string
        classification: business
        enum: [{value: green}, {value: amber}, {value: red}]
        customProperties:
          - {vendor: datadam, property: titles, value: {ko: 표시}}
          - {vendor: datadam, property: descriptions, value: {ko: 행의 공유 범위입니다.}}
          - {vendor: datadam, property: markings, value: [green, amber, red]}
"""
NOTE = """\
      - name: note
        businessName: Note
        description: What else there is to say.
        logicalType: string
        logicalTypeOptions: {maxLength: 40}
        classification: confidential
        customProperties:
          - {vendor: datadam, property: titles, value: {ko: 비고}}
          - {vendor: datadam, property: descriptions, value: {ko: 그 밖의 내용입니다.}}
"""
HOME_ONLY: Json = {"constraint": [{"leftOperand": "jurisdiction", "operator": "isAnyOf", "rightOperand": ["KR"]}]}
OTHER = b"meter,amount,mark,note\nB1,1,green,b\n"


def term(operand: str, operator: str, value: Any) -> Json:
    """Terms of one constraint."""
    return {"constraint": [{"leftOperand": operand, "operator": operator, "rightOperand": value}]}


def marked_text(**said: str) -> str:
    """The small standard, with a marking and a confidential note."""
    return standard_text(**said) + MARK + NOTE


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A dam whose rows tell who contributed them, so that they are shown at once."""
    made = a_world(tmp_path)
    publish.publish(made, marked_text())
    return made


def deposits(world: World, person: Person, data: bytes, own: Json | None = None) -> Job:
    """Deposit a CSV under terms of one's own."""
    more: dict[str, Any] = {} if own is None else {"own_terms": own}
    manifest = person.manifest(fit_of(world, ID, data), data, **more)
    job = deposit.announce(world, person.caller, seal.envelope(manifest))
    deposit.receive(world, person.caller, job.id, chunks(data))
    done = deposit.process(world, job.id, lambda *_: None)
    assert done.stage == "committed", done.fault
    return done


def served(world: World, caller: Caller, id: str = ID) -> list[tuple[Any, ...]]:
    """All rows that a caller gets, sorted: meter, amount, mark, note."""
    share = release.open_share(world, caller, id)
    paths = [world.shares.path(share.standard, share.recipient, share.version, str(f["name"])) for f in share.files]
    if not paths:
        return []
    rows = pl.read_parquet(paths, glob=False)
    return sorted(rows.select("meter", "amount", "mark", "note").rows(), key=str)


def meters(world: World, person: Person) -> list[str]:
    """Of which meters a member gets rows."""
    forward(world, hours=2)
    return sorted(row[0] for row in served(world, person.caller))


def reader(world: World, jurisdiction: str = "KR", **more: Any) -> Person:
    """A member who may read."""
    person = Person("Reader", jurisdiction=jurisdiction, roles=("consumer",), **more).joins(world)
    grant.grant(world, person.id, ID)
    return person


def sound(world: World) -> None:
    """A whole check finds nothing."""
    assert prove.check(world, MemoryStore, lambda: None).faults == []


def test_rows_under_terms_of_their_own_go_only_to_whom_these_let_in(world: World) -> None:
    """The others get all else; nobody else's rows are touched."""
    one, other = Person("A").joins(world), Person("B").joins(world)
    deposits(world, one, GOOD, HOME_ONLY)
    deposits(world, other, OTHER)
    here, abroad = reader(world), reader(world, "JP")
    assert meters(world, here) == ["A1", "A2", "A3", "B1"]
    assert meters(world, abroad) == ["B1"]
    sound(world)


# --- what each term does ----------------------------------------------------------------------------------------------


def test_each_term_keeps_from_whom_it_says(world: World) -> None:
    """Actions, roles, places and time; who is a stranger to one of them gets nothing, whichever way it is put."""
    person, abroad = reader(world), reader(world, "JP")
    for number, (own, gets) in enumerate(
        [
            ({"action": ["read"]}, True),
            ({"action": ["train"]}, False),
            (term("recipient", "isAnyOf", ["consumer"]), True),
            (term("recipient", "isNoneOf", ["consumer"]), False),
            (term("jurisdiction", "isNoneOf", ["JP"]), True),
            (term("jurisdiction", "isNoneOf", ["KR"]), False),
            (term("purpose", "isAnyOf", ["research"]), False),  # a grant asks for no purpose, and so none is known
            (term("spatial", "isNoneOf", ["JP"]), False),
            (term("dateTime", "lt", "2026-11-24T00:00:00Z"), True),
        ]
    ):
        one = Person(f"C{number}").joins(world)
        deposits(world, one, b"meter,amount,mark,note\nM%d,1,green,\n" % number, odrl.spelled_out(own))
        assert (f"M{number}" in meters(world, person)) is gets, own
    assert "M4" not in meters(world, abroad)
    forward(world, days=2)
    assert "M8" not in meters(world, person)  # its time is over
    sound(world)


def test_several_restrictions_hold_together_and_the_strictest_wins(world: World) -> None:
    """A column above the lower class is empty in these rows, a row above the lower marking is not there."""
    one, person = Person("A").joins(world), reader(world)
    own = {
        "constraint": [
            *term("sensitivity", "lteq", "business")["constraint"],
            *term("marking", "lteq", "amber")["constraint"],
        ]
    }
    deposits(world, one, b"meter,amount,mark,note\nA1,1,green,x\nA2,2,amber,x\nA3,3,red,x\nA4,4,,x\n", own)
    deposits(world, Person("B").joins(world), b"meter,amount,mark,note\nB1,1,red,x\nB2,2,,y\n")
    assert served(world, person.caller) == [
        ("A1", 1, "green", None),
        ("A2", 2, "amber", None),
        ("B1", 1, "red", "x"),
        ("B2", 2, None, "y"),
    ]
    sound(world)


def test_rows_without_a_column_that_they_must_have_do_not_leave_at_all(world: World) -> None:
    """What is withheld looks like what was never told; a required value never is that."""
    one, person = Person("A").joins(world), reader(world)
    with pytest.raises(Faults) as caught:
        deposits(world, one, GOOD, term("sensitivity", "lteq", "public"))
    assert [fault.code for fault in caught.value.faults] == ["restriction.nothing-left"]
    country = land(world)
    reserves(world, country, term("sensitivity", "lteq", "public"))
    deposits(world, under(world, country), OTHER)
    deposits(world, one, GOOD)
    assert meters(world, person) == ["A1", "A2", "A3"]


# --- countries --------------------------------------------------------------------------------------------------------


def land(world: World, jurisdiction: str = "KR", **more: Any) -> Person:
    """A country that acceded."""
    country = Person("Land", jurisdiction=jurisdiction, roles=())
    told = {"member_kind": "country", "authority": "A ministry", "effective": "2026-01-01", **more}
    return country.joins(world, **told)


def under(world: World, country: Person, name: str = "Firm") -> Person:
    """A firm under a country."""
    return Person(name, jurisdiction=country.jurisdiction).joins(world, under=country.id)


def reserves(world: World, country: Person, *said: Json) -> None:
    """Sign what holds for all that its firms deposit."""
    statement = country.states(Kind.RESERVATION, {"member": country.id, "restrictions": list(said)})
    reserve.reserve(world, country.caller, seal.envelope(statement))


def test_what_a_country_reserves_binds_its_firms_deposits_on_the_next_request(world: World) -> None:
    """Those that came before, too; a word that takes it back lets them out again, and other countries' are free."""
    country = land(world)
    firm, free = under(world, country), Person("Free", jurisdiction="JP").joins(world)
    abroad = reader(world, "JP")
    deposits(world, firm, GOOD)
    deposits(world, free, OTHER)
    assert meters(world, abroad) == ["A1", "A2", "A3", "B1"]
    reserves(world, country, HOME_ONLY)
    assert [row[0] for row in served(world, abroad.caller)] == ["B1"]
    reserves(world, country)
    assert meters(world, abroad) == ["A1", "A2", "A3", "B1"]
    sound(world)


def test_a_country_may_reserve_as_it_accedes(world: World) -> None:
    """For machines to read, beside what it says in its own words, which binds no machine."""
    country = land(world, reservations=["No export."], restrictions=[HOME_ONLY])
    firm = under(world, country)
    deposits(world, firm, GOOD, {"action": ["read"]})
    assert meters(world, reader(world, "JP")) == []
    assert {one.country for one in reserve.every(world).values()} == {country.id}
    sound(world)


def test_what_an_accession_reserves_is_judged_before_it_waits_for_anybody(world: World) -> None:
    """A firm reserves nothing, and a country nothing that nobody here reads."""
    with pytest.raises(DamError) as caught:
        Person("A").joins(world, restrictions=[HOME_ONLY])
    assert caught.value.code == "accession.not-country"
    with pytest.raises(Faults):
        land(world, restrictions=[{"action": ["fly"]}])


def test_only_a_country_reserves_and_only_for_itself(world: World) -> None:
    """A firm may not, nor may anybody for another; and what is no restriction never enters the log."""
    country, firm = land(world), Person("A", jurisdiction="JP").joins(world)
    for person, named, said, code in (
        (firm, firm, HOME_ONLY, "reservation.not-country"),
        (firm, country, HOME_ONLY, "reservation.not-yours"),
        (country, country, {"action": ["fly"]}, "restriction.faulty"),
    ):
        statement = person.states(Kind.RESERVATION, {"member": named.id, "restrictions": [said]})
        with pytest.raises(DamError) as caught:
            reserve.reserve(world, person.caller, seal.envelope(statement))
        assert caught.value.code == code
    first = country.states(Kind.RESERVATION, {"member": country.id, "restrictions": [HOME_ONLY]})
    reserve.reserve(world, country.caller, seal.envelope(first))
    reserve.reserve(world, country.caller, seal.envelope(first))  # the same again is the same
    reserves(world, country)
    with pytest.raises(Untrusted):  # an old word must not undo a newer one
        reserve.reserve(world, country.caller, seal.envelope(first))


# --- offers' markings -------------------------------------------------------------------------------------------------


def test_an_offers_ceiling_keeps_rows_that_are_marked_more_strictly(world: World) -> None:
    """And those without a marking; whoever the offer gives more gets more, from other files."""
    one = Person("A").joins(world)
    deposits(world, one, b"meter,amount,mark,note\nA1,1,green,\nA2,2,amber,\nA3,3,red,\nA4,4,,\n")
    ceiling = Constraint(operand=Operand.MARKING, operator=Operator.AT_MOST, value="green")
    offered(world, permission(ceiling), permission(actions=(Action.TRAIN,)))
    person = Person("R", roles=("consumer",)).joins(world)
    agreed(world, person)
    assert [row[0] for row in served(world, person.caller)] == ["A1"]
    trains = replace(person.caller, action="train")
    assert [row[0] for row in served(world, trains)] == ["A1", "A2", "A3", "A4"]
    for wrong in ("TLP:GREEN", "blue"):
        with pytest.raises(Faults):
            offered(world, permission(replace(ceiling, value=wrong)))
    sound(world)


def test_a_row_that_does_not_leave_supersedes_none_that_does(world: World) -> None:
    """A marking is its row's: whoever wants the earlier row gone too replaces or withdraws that."""
    one, person = Person("A").joins(world), reader(world)
    ceiling = term("marking", "lteq", "green")
    deposits(world, one, b"meter,amount,mark,note\nA1,1,green,\nA2,2,green,\n", ceiling)
    deposits(world, one, b"meter,amount,mark,note\nA1,9,red,\nA2,8,green,\n", ceiling)
    assert served(world, person.caller) == [("A1", 1, "green", None), ("A2", 8, "green", None)]


# --- depositing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "codes"),
    [
        ({"action": ["fly"]}, ["offer.value-unknown"]),
        ({"duty": []}, ["offer.field-unknown"]),
        ({}, ["restriction.empty"]),
        ({"action": []}, ["offer.empty"]),
        (term("marking", "lteq", "blue"), ["offer.marking-unknown"]),
        (term("reciprocity", "gteq", 5), ["offer.value-near"]),
        (term("dateTime", "lt", {"@type": "xsd:dateTime", "@value": "2020-01-01T00:00:00Z"}), ["restriction.over"]),
        (term("jurisdiction", "isAnyOf", ["XX", "KR", "KR"]), ["offer.country", "offer.repeated"]),
    ],
)
def test_terms_that_nobody_here_reads_are_refused_before_anything_is_stored(
    world: World, own: Json, codes: list[str]
) -> None:
    """With every fault at once."""
    one = Person("A").joins(world)
    with pytest.raises(DamError) as caught:
        deposits(world, one, GOOD, own)
    faults = getattr(caught.value, "faults", (caught.value,))
    assert [fault.code for fault in faults] == codes or caught.value.code == "statement.shape"


def test_the_same_file_under_other_terms_is_an_amendment(world: World) -> None:
    """Else what was to be kept back would stand beside itself, as free as before."""
    one, abroad = Person("A").joins(world), reader(world, "JP")
    first = deposits(world, one, GOOD)
    assert meters(world, abroad) == ["A1", "A2", "A3"]
    with pytest.raises(Refused) as caught:
        deposits(world, one, GOOD, HOME_ONLY)
    assert caught.value.code == "restriction.deposited-otherwise"
    manifest = one.manifest(fit_of(world, ID, GOOD), GOOD, own_terms=HOME_ONLY)
    taken = {"contributor": one.id, "deposits": [first.id], "replaced_by": manifest.id, "reason": "terms"}
    told = one.states(Kind.WITHDRAWAL, taken)
    job = withdraw.amend(world, one.caller, seal.envelope(manifest), seal.envelope(told))
    deposit.receive(world, one.caller, job.id, chunks(GOOD))
    assert deposit.process(world, job.id, lambda *_: None).stage == "committed"
    withdraw.retract(world, told.id)
    withdraw.purge(world, told.id)
    assert meters(world, abroad) == []
    assert meters(world, reader(world)) == ["A1", "A2", "A3"]
    assert reserve.over(world, job) == {"own_terms": [HOME_ONLY]}
    sound(world)


def test_the_log_says_the_terms_that_the_contributor_signed(world: World) -> None:
    """A dam that drops or loosens them is found out."""
    one = Person("A").joins(world)
    manifest = one.manifest(fit_of(world, ID, GOOD), GOOD, own_terms=HOME_ONLY)
    job = deposit.announce(world, one.caller, seal.envelope(manifest))
    deposit.receive(world, one.caller, job.id, chunks(GOOD))
    whole = state.statement

    def loosened(world: World, kind: Kind, facts: Json, **more: Any) -> Any:
        return whole(world, kind, {name: value for name, value in facts.items() if name != "own_terms"}, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(state, "statement", loosened)
        deposit.process(world, job.id, lambda *_: None)
    codes = [fault.code for fault in prove.check(world, MemoryStore, lambda: None).faults]
    assert codes == ["deposit.terms-other"]


# --- what is given out already ----------------------------------------------------------------------------------------


def test_an_address_that_was_given_out_holds_while_all_in_it_is_the_askers(world: World) -> None:
    """Others' new terms do not break it; a country's word that takes rows back does, on the next request."""
    country = land(world)
    firm, one, abroad = under(world, country), Person("A", jurisdiction="JP").joins(world), reader(world, "JP")
    deposits(world, firm, GOOD)
    share = release.open_share(world, abroad.caller, ID)
    release.refuse_other(world, abroad.caller, ID, share.recipient)
    deposits(world, one, OTHER, {"action": ["read"]})  # lets the asker in: another share from now on
    release.refuse_other(world, abroad.caller, ID, share.recipient)
    assert release.open_share(world, abroad.caller, ID).recipient != share.recipient
    reserves(world, country, {"action": ["read"]})
    reserves(world, country, HOME_ONLY)
    with pytest.raises(Refused):
        release.refuse_other(world, abroad.caller, ID, share.recipient)
    assert [row[0] for row in served(world, abroad.caller)] == ["B1"]


def test_a_decision_says_what_was_narrowed_to_a_check_and_to_nobody_else(world: World) -> None:
    """A keyed digest, which is there whether anything is restricted or not; another one is found out."""
    one, abroad = Person("A").joins(world), reader(world, "JP")
    deposits(world, one, GOOD, HOME_ONLY)
    served(world, abroad.caller)
    with world.store.read() as rows:
        (decided,) = rows.find(Decided)
    statement = world.ledger.statement(decided.id)
    assert len(statement.body["narrowing"]) == 64
    with world.store.transaction() as rows:
        assert decide.unlike(world, rows, statement.body) == []
        assert decide.unlike(world, rows, {**statement.body, "narrowing": "0" * 64}) == ["narrowing"]
        bare = {name: value for name, value in statement.body.items() if name != "narrowing"}
        assert decide.unlike(world, rows, bare) == ["narrowing"]


def test_a_release_of_rows_that_were_not_the_askers_is_found_out(world: World) -> None:
    """A dam that gives what its decision did not let it give has it in its log, as long as the share is there."""
    one, abroad = Person("A").joins(world), reader(world, "JP")
    deposits(world, one, GOOD, HOME_ONLY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(narrow.Narrowing, "piece", lambda _self, _deposit: narrow.Piece())
        assert len(served(world, abroad.caller)) == 3
    assert [fault.code for fault in prove.check(world, MemoryStore, lambda: None).faults] == [
        "decision.not-so",
        "release.outside",
    ]


def test_only_rows_that_would_leave_count_for_reciprocity(world: World) -> None:
    """Who keeps its own rows back has given nothing that it could ask for."""
    asks = Constraint(operand=Operand.RECIPROCITY, operator=Operator.AT_LEAST, value=2)
    marked = Constraint(operand=Operand.MARKING, operator=Operator.AT_MOST, value="green")
    offered(world, permission(asks, marked))
    one = Person("A").joins(world)
    agreed(world, one)
    ask = Ask(member=one.id, standard=ID)

    def refused() -> bool:
        return isinstance(decide.trial(world, ask), Deny)

    deposits(world, one, b"meter,amount,mark,note\nA1,1,green,\nA2,2,green,\n", {"action": ["train"]})
    deposits(world, one, b"meter,amount,mark,note\nB1,1,red,\nB2,2,,\nB3,3,green,\n")
    assert refused()
    deposits(world, one, b"meter,amount,mark,note\nC1,1,red,\nC2,2,green,\n", HOME_ONLY)
    assert not refused()


def test_rows_that_their_contributor_froze_count_for_no_reciprocity(world: World) -> None:
    """A dispute about one's own deposit holds it back at once and for ever: else nothing need be given for rows."""
    asks = Constraint(operand=Operand.RECIPROCITY, operator=Operator.AT_LEAST, value=2)
    offered(world, permission(asks))
    one = Person("A").joins(world)
    agreed(world, one)
    ask = Ask(member=one.id, standard=ID)
    made = deposits(world, one, GOOD)
    assert isinstance(decide.decide(world, ask)[0], Allow)
    facts: dict[str, object] = {
        "standard": ID,
        "subject": "deposit",
        "deposit": made.id,
        "row": {},
        "statement": None,
        "member": one.id,
    }
    facts |= {"outsider": None, "reason": "wrong", "measure": "freeze", **dispute.days(world)}
    raised = dispute.raised(world, one.caller, seal.envelope(one.states(Kind.DISPUTE, facts)))
    assert isinstance(decide.decide(world, ask)[0], Deny)
    taken = {"dispute": raised.dispute.id, "event": "withdraw", "member": one.id, "text": "it was right"}
    dispute.stepped(world, one.caller, seal.envelope(one.states(Kind.DISPUTE_STEP, taken)))
    assert isinstance(decide.decide(world, ask)[0], Allow)


def test_a_dispute_does_not_find_out_what_is_kept_from_its_raiser(world: World) -> None:
    """Ids of deposits stand in the log that everybody reads, and into which reservoir one came does not."""
    one, here, abroad = Person("A").joins(world), reader(world), reader(world, "JP")
    made = deposits(world, one, GOOD, HOME_ONLY)
    for person in (here, abroad):
        served(world, person.caller)

    def raises(person: Person, id: str) -> str:
        facts: dict[str, object] = {"standard": ID, "subject": "deposit", "deposit": id, "row": {}, "statement": None}
        told = {**facts, "member": person.id, "outsider": None, "reason": "r", "measure": "annotate"}
        signed = person.states(Kind.DISPUTE, {**told, **dispute.days(world)})
        return dispute.raised(world, person.caller, seal.envelope(signed)).dispute.state

    refusals = []
    for id in (made.id, "ab" * 32):
        with pytest.raises(DamError) as refused:
            raises(abroad, id)
        refusals.append((type(refused.value), refused.value.code))
    assert len(set(refusals)) == 1
    assert raises(here, made.id) == raises(one, made.id) == "open"
    assert dispute.told(world, ID) == ()
    deposits(world, Person("B").joins(world), OTHER)
    forward(world, days=1)
    for person, many in ((here, 2), (abroad, 0)):
        served(world, person.caller)
        with world.store.read() as rows:
            last = max(rows.find(Release, member=person.id), key=lambda each: each.index)
        assert len(world.ledger.statement(last.id).body.get("disputes", ())) == many


def test_who_never_had_the_rows_is_not_told_that_they_left(world: World) -> None:
    """A notice would say that there had been some; who had them is told."""
    one, here, abroad = Person("A").joins(world), reader(world), reader(world, "JP")
    made = deposits(world, one, GOOD, HOME_ONLY)
    deposits(world, Person("B").joins(world), OTHER)
    for person in (here, abroad):
        served(world, person.caller)
    taken = {"contributor": one.id, "deposits": [made.id], "replaced_by": None, "reason": "r"}
    told = one.states(Kind.WITHDRAWAL, taken)
    withdraw.withdraw(world, one.caller, seal.envelope(told))
    withdraw.retract(world, told.id)
    withdraw.purge(world, told.id)
    assert [len(notice.own(world, person.caller)) for person in (here, abroad)] == [1, 0]
    sound(world)


def test_terms_that_change_hands_leave_no_stale_share(world: World) -> None:
    """One deposit comes under what another is under already: what was made before is served to nobody any more."""
    country = land(world)
    firm, other, person = under(world, country), Person("B", jurisdiction="JP").joins(world), reader(world, "DE")
    lower = term("sensitivity", "lteq", "business")
    deposits(world, firm, b"meter,amount,mark,note\nA1,1,green,x\n")
    deposits(world, other, b"meter,amount,mark,note\nB1,1,green,y\n", lower)
    share = release.open_share(world, person.caller, ID)
    assert [row[3] for row in served(world, person.caller)] == ["x", None]
    reserves(world, country, lower)
    with pytest.raises(Refused):
        release.refuse_other(world, person.caller, ID, share.recipient)
    assert [row[3] for row in served(world, person.caller)] == [None, None]
    reserves(world, country)
    assert [row[3] for row in served(world, person.caller)] == ["x", None]
    sound(world)
