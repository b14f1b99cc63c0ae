"""Disputes: who may do what when, what is held up meanwhile, and that nobody decides about themselves."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from datadam import disputes, seal
from datadam.adapters.memory.store import MemoryStore
from datadam.dam import (
    decide,
    deposit,
    dispute,
    edition,
    grant,
    join,
    notice,
    pool,
    prove,
    publish,
    release,
    state,
    steward,
    withdraw,
)
from datadam.dam.dispute import Standing, Wish
from datadam.dam.world import World
from datadam.disputes import TABLE, DisputeState, Event, Measure, Outcome, Party
from datadam.errors import DamError
from datadam.governance import About
from datadam.ledger import verify_receipt
from datadam.model import Allow, Ask, Deny, Kind, StandardId, Statement, instant
from worlds import GOOD, Person, a_world, chunks, fit_of, forward, rebuilds, refused, standard_text

READING = StandardId("test.reading")


def says(world: World, person: Person, **changes: object) -> Statement:
    """What a person signs to dispute something: the rows A1, unless it is said otherwise."""
    facts: dict[str, object] = {
        "standard": READING,
        "subject": "row",
        "deposit": None,
        "row": {"meter": "A1"},
        "statement": None,
        "member": person.id,
        "outsider": None,
        "reason": "wrong by a factor of ten",
        "measure": "annotate",
        **dispute.days(world),
        **changes,
    }
    return seal.state(Kind.DISPUTE, facts, issued=instant(world.clock()), key=person.key)


def raises(world: World, person: Person, **changes: object) -> Standing:
    """Raise a dispute."""
    return dispute.raised(world, person.caller, seal.envelope(says(world, person, **changes)))


def steps(world: World, person: Person, id: str, event: str, text: str = "because") -> Standing:
    """Answer, appeal or take back."""
    facts = {"dispute": id, "event": event, "member": person.id, "text": text}
    signed = seal.state(Kind.DISPUTE_STEP, facts, issued=instant(world.clock()), key=person.key)
    return dispute.stepped(world, person.caller, seal.envelope(signed))


def rules(world: World, id: str, event: str = "decide", *, by: Person | None = None, **more: str) -> Standing:
    """Rule, as the operator unless somebody is named."""
    wish = {"measure": "none", "reasons": "so it is", **({"outcome": "upheld"} if event == "decide" else {}), **more}
    return dispute.rule(world, by.caller if by else None, id, Wish(event=event, **wish))


def signs(world: World, person: Person, standing: Standing) -> Standing:
    """Sign the one ruling that waits."""
    (waiting,) = dispute.find(world, standing.dispute.id, person.caller).motions
    shown = seal.opened(dispute.motion(world, person.caller, waiting))
    signed = seal.countersign(replace(shown, signatures=()), person.key)
    return dispute.sign(world, person.caller, seal.envelope(signed))


def _facts(statement: Statement) -> dict[str, object]:
    return {name: value for name, value in statement.body.items() if name not in {"v", "kind", "salt", "issued"}}


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A dam with a reservoir whose rows tell who contributed them."""
    made = a_world(tmp_path)
    publish.publish(made, standard_text())
    return made


@pytest.fixture
def kim(world: World) -> Person:
    """Contributes."""
    return Person("kim").joins(world)


@pytest.fixture
def lee(world: World) -> Person:
    """Takes rows."""
    found = Person("lee").joins(world)
    grant.grant(world, found.id, READING)
    return found


@pytest.fixture
def given(world: World, kim: Person) -> str:
    """A deposit of Kim's."""
    return kim.deposits(world, READING, GOOD).id


def leaves(world: World, person: Person) -> bool:
    """Whether rows leave for a person."""
    ask = Ask(member=person.id, standard=READING, purpose="research")
    return isinstance(decide.trial(world, ask), Allow)


def shown(world: World) -> set[str]:
    """The deposits that leave now."""
    return {one.id for one in pool.deposits(world, pool.find(world, READING))[0]}


# --- who may do what when ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [None, *DisputeState])
@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("party", Party)
def test_nothing_happens_but_what_the_table_has(before: DisputeState | None, event: Event, party: Party) -> None:
    """All of the 126 steps: thirteen are possible, each for those whom the table names."""
    who, after = TABLE.get((before, event), (frozenset(), None))
    if party in who:
        assert disputes.step(before, event, party) is after
    else:
        told = refused("dispute.step-impossible", lambda: disputes.step(before, event, party))
        assert str(event) not in str(told.facts["possible"]).split()


def test_what_is_over_stays_over() -> None:
    """Nothing leads out of a state in which a dispute ends; a measure may still be lifted."""
    assert {(at, after) for (at, _), (_, after) in TABLE.items() if at in disputes.OVER} == {
        (DisputeState.FINAL, DisputeState.FINAL)
    }


def test_a_dispute_goes_from_its_raising_to_an_appeal(world: World, kim: Person, lee: Person, given: str) -> None:
    """Raised, answered, decided by the operator: without stewards nobody else is there to appeal to."""
    one = raises(world, lee, deposit=given)
    assert (one.dispute.state, one.measure) == (DisputeState.OPEN, Measure.ANNOTATE)
    refused("dispute.unheard", lambda: rules(world, one.dispute.id))
    steps(world, kim, one.dispute.id, "answer")
    done = rules(world, one.dispute.id, outcome="dismissed")
    assert (done.dispute.state, done.dispute.outcome) == (DisputeState.DECIDED, Outcome.DISMISSED)
    assert (done.over, done.appeal_until) == (True, None)
    refused("dispute.no-appeal", lambda: steps(world, lee, one.dispute.id, "appeal"))
    rebuilds(world)


def test_who_does_not_answer_is_decided_about_after_the_time_for_it(world: World, lee: Person, given: str) -> None:
    """Silence holds nothing up for long."""
    one = raises(world, lee, deposit=given)
    forward(world, days=14)
    assert rules(world, one.dispute.id).dispute.state is DisputeState.DECIDED


def test_each_hears_of_it_and_not_who_the_other_is(world: World, kim: Person, lee: Person, given: str) -> None:
    """The contributor is told; neither learns from it who the other party is; others find no such dispute."""
    one = raises(world, lee, deposit=given)
    choi, audit = Person("choi").joins(world), Person("audit", roles=("auditor",)).joins(world)
    (told,) = notice.own(world, kim.caller)
    assert (told.notice.about, told.notice.facts["event"]) == (one.dispute.id, "raise")
    assert dispute.find(world, one.dispute.id, kim.caller).dispute.raiser is None
    assert dispute.find(world, one.dispute.id, lee.caller).dispute.respondent is None
    assert dispute.find(world, one.dispute.id, audit.caller).dispute.respondent == kim.id
    refused("dispute.unknown", lambda: dispute.find(world, one.dispute.id, choi.caller))
    assert dispute.every(world, choi.caller) == []
    steps(world, kim, one.dispute.id, "answer")
    assert [told.notice.facts["event"] for told in notice.own(world, lee.caller)] == ["answer"]


# --- what is held up --------------------------------------------------------------------------------------------------


def test_ones_own_deposit_is_frozen_at_once(world: World, kim: Person, lee: Person, given: str) -> None:
    """It is out of what leaves before anybody decided; taking the dispute back lets it leave again."""
    assert shown(world) == {given}
    one = raises(world, kim, subject="deposit", row={}, deposit=given, measure="freeze")
    assert (shown(world), leaves(world, lee)) == (set(), True)
    steps(world, kim, one.dispute.id, "withdraw")
    assert shown(world) == {given}
    rebuilds(world)


def test_nobody_holds_up_others_by_disputing(world: World, lee: Person, given: str) -> None:
    """A freeze of what others gave takes a ruling, and its end is set with it."""
    one = raises(world, lee, subject="deposit", row={}, deposit=given, measure="freeze")
    assert (one.measure, shown(world)) == (Measure.NONE, {given})
    freeze = partial(rules, world, one.dispute.id, "measure", measure="freeze", scope="deposit")
    refused("dispute.interim-long", freeze)
    late = disputes.after_days(instant(world.clock()), 91)
    refused("dispute.interim-long", lambda: freeze(until=late))
    until = disputes.after_days(instant(world.clock()), 30)
    freeze(until=until)
    assert shown(world) == set()
    forward(world, days=30)
    assert shown(world) == {given}
    rebuilds(world)


def test_a_frozen_reservoir_leaves_for_nobody_on_the_next_request(world: World, lee: Person, given: str) -> None:
    """The one decision says no, names the dispute, and says yes again when the measure is over."""
    one = raises(world, lee, deposit=given)
    ask = Ask(member=lee.id, standard=READING, purpose="research")
    assert isinstance(decide.decide(world, ask)[0], Allow)
    until = disputes.after_days(instant(world.clock()), 10)
    rules(world, one.dispute.id, "measure", measure="freeze", scope="reservoir", until=until)
    decision, logged = decide.decide(world, ask)
    assert isinstance(decision, Deny)
    assert [(reason.code, reason.facts["frozen"]) for reason in decision.reasons] == [("ask.frozen", [one.dispute.id])]
    assert logged is not None
    forward(world, days=10)
    assert isinstance(decide.decide(world, ask)[0], Allow)
    rebuilds(world)


def test_a_freeze_takes_the_rows_out_of_files_that_are_there(
    world: World, lee: Person, kim: Person, given: str
) -> None:
    """Who has addresses of a share with the deposit in it gets nothing of it any more."""
    share = release.open_share(world, lee.caller, READING)
    assert share.deposits == (given,)
    name = share.files[0]["name"]
    assert release.file(world, READING, share.recipient, share.version, name).exists()
    raises(world, kim, subject="deposit", row={}, deposit=given, measure="freeze")
    with pytest.raises(DamError):
        release.file(world, READING, share.recipient, share.version, name)
    assert release.open_share(world, lee.caller, READING).deposits == ()


def test_a_check_finds_a_release_of_what_was_frozen(
    world: World, lee: Person, kim: Person, given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log has dispute and release: whoever reads both sees that the rows should not have left."""
    raises(world, kim, subject="deposit", row={}, deposit=given, measure="freeze")
    with monkeypatch.context() as patch:
        patch.setattr(pool, "disputed_deposits", lambda _world, _standard: frozenset())
        assert release.open_share(world, lee.caller, READING).deposits == (given,)
    assert [fault.code for fault in prove.check(world, MemoryStore, lambda: None).faults] == ["release.outside"]


def test_who_puts_right_what_is_frozen_gives_the_rows_at_once(world: World, kim: Person, lee: Person) -> None:
    """One wrong row freezes its deposit; an amendment takes the deposit away, and the freeze holds nothing else."""
    wrong = kim.deposits(world, READING, GOOD).id
    one = raises(world, lee, deposit=wrong)
    until = disputes.after_days(instant(world.clock()), 5)
    rules(world, one.dispute.id, "measure", measure="freeze", scope="deposit", until=until)
    assert shown(world) == set()
    data = b"meter,amount\nA1,2\n"
    facts = {"contributor": kim.id, "deposits": [wrong], "replaced_by": None, "reason": "a factor of ten"}
    manifest = kim.manifest(fit_of(world, READING, data), data)
    told = kim.states(Kind.WITHDRAWAL, {**facts, "replaced_by": manifest.id})
    job = withdraw.amend(world, kim.caller, seal.envelope(manifest), seal.envelope(told))
    deposit.receive(world, kim.caller, job.id, chunks(data))
    assert deposit.process(world, job.id, lambda *_: None).stage == "committed"
    assert shown(world) == {job.id}
    rebuilds(world)


def test_what_is_disputed_is_told_with_the_rows(world: World, lee: Person, given: str) -> None:
    """A release names the disputes; so does whoever shows the reservoir."""
    one = raises(world, lee, deposit=given)
    assert dispute.told(world, READING) == (one.dispute.id,)
    release.open_share(world, lee.caller, READING)
    logged = [world.ledger.statement(id) for _, id in world.ledger.entries()]
    (released,) = [one for one in logged if one.kind is Kind.RELEASE]
    assert released.body["disputes"] == [one.dispute.id]


def test_a_dispute_about_a_row_alone_names_its_deposit_later(
    world: World, kim: Person, lee: Person, given: str
) -> None:
    """Who takes rows does not know whose they are: the ruling finds out, and only then somebody has to answer."""
    one = raises(world, lee)
    until = disputes.after_days(instant(world.clock()), 30)
    refused("dispute.scope-wrong", lambda: rules(world, one.dispute.id, "measure", measure="freeze", until=until))
    refused("dispute.scope-wrong", lambda: rules(world, one.dispute.id, deposit=given))
    rules(world, one.dispute.id, "measure", measure="freeze", scope="deposit", deposit=given, until=until)
    assert shown(world) == set()
    refused("dispute.unheard", lambda: rules(world, one.dispute.id, deposit=given))
    assert dispute.find(world, one.dispute.id, lee.caller).dispute.deposit is None
    steps(world, kim, one.dispute.id, "answer")
    done = rules(world, one.dispute.id, measure="freeze", scope="deposit")
    assert (done.measure, done.dispute.until) == (Measure.FREEZE, None)
    forward(world, days=400)
    assert shown(world) == set()
    rebuilds(world)


def test_disputes_are_bounded_and_about_something(world: World, kim: Person, lee: Person, given: str) -> None:
    """Five at a time of one member; nothing that is not there; in nobody else's name; with the dam's own clocks."""
    refused("dispute.nothing-such", lambda: raises(world, lee, subject="deposit", row={}, deposit="ab" * 32))
    refused("dispute.nothing-such", lambda: raises(world, lee, subject="decision", row={}, statement=given))
    refused("dispute.nothing-such", lambda: raises(world, lee, standard="test.other"))
    refused("dispute.nothing-such", lambda: raises(world, lee, row={}))
    early = seal.state(Kind.DISPUTE, _facts(says(world, lee)), issued="2026-11-08T09:00:00Z", key=lee.key)
    refused("dispute.issued-when", lambda: dispute.raised(world, lee.caller, seal.envelope(early)))
    refused("dispute.days-other", lambda: raises(world, lee, appeal_days=1))
    stolen = seal.envelope(says(world, lee, member=kim.id))
    refused("dispute.not-yours", lambda: dispute.raised(world, lee.caller, stolen))
    forged = replace(says(world, kim), signatures=says(world, lee).signatures)
    refused("signature.wrong", lambda: dispute.raised(world, kim.caller, seal.envelope(forged)))
    ids = [raises(world, lee).dispute.id for _ in range(disputes.MAX_OPEN)]
    refused("dispute.too-many", lambda: raises(world, lee))
    steps(world, lee, ids[0], "withdraw")
    raises(world, lee)
    refused("dispute.unknown", lambda: steps(world, lee, raises(world, kim).dispute.id, "appeal"))


def test_what_was_frozen_for_good_is_let_go_when_it_is_mended(
    world: World, kim: Person, lee: Person, given: str
) -> None:
    """Who decided last may lift a measure, and nothing else: what is decided is not decided again."""
    one = raises(world, lee, deposit=given)
    steps(world, kim, one.dispute.id, "answer")
    rules(world, one.dispute.id, measure="freeze", scope="deposit")
    until = disputes.after_days(instant(world.clock()), 1)
    freeze = partial(rules, world, one.dispute.id, "measure", measure="freeze", scope="deposit", until=until)
    refused("dispute.only-lift", freeze)
    refused("dispute.step-impossible", lambda: rules(world, one.dispute.id))
    assert shown(world) == set()
    rules(world, one.dispute.id, "measure", measure="annotate")
    assert shown(world) == {given}
    rebuilds(world)


def test_a_member_raises_a_few_a_day(world: World, lee: Person) -> None:
    """Also if it takes them back: each stays in the log."""
    for _ in range(disputes.MAX_A_DAY):
        steps(world, lee, raises(world, lee).dispute.id, "withdraw")
    refused("dispute.too-many-today", lambda: raises(world, lee))
    forward(world, days=1)
    raises(world, lee)


def test_an_outsider_disputes_through_the_operator(world: World, lee: Person) -> None:
    """Its name is in the operator's hand; nothing is told or held up before somebody ruled."""
    facts = {
        "standard": READING,
        "subject": "row",
        "deposit": None,
        "row": {"meter": "A1"},
        "statement": None,
        "reason": "that is my meter",
        "measure": "annotate",
    }
    one = dispute.raise_for(world, "an association of tenants", facts)
    assert (one.dispute.raiser, one.measure) == (None, Measure.NONE)
    refused("dispute.unknown", lambda: steps(world, lee, one.dispute.id, "withdraw"))
    refused("dispute.event-unknown", lambda: dispute.step_for(world, one.dispute.id, "decide", "so"))
    assert dispute.step_for(world, one.dispute.id, "withdraw", "settled").over
    rebuilds(world)


def test_who_was_ruled_about_can_prove_it(world: World, kim: Person, lee: Person, given: str) -> None:
    """The parties read the ruling and have its receipt; others do not, nor does it name them."""
    one = raises(world, lee, deposit=given)
    rules(world, one.dispute.id, "measure")
    id = dispute.find(world, one.dispute.id, None).steps[-1].id
    for person in (kim, lee):
        proven = verify_receipt(seal.canonical(prove.receipt(world, person.caller, id)), vkey=world.ledger.vkey)
        assert proven.statement.body["reasons"] == "so it is"
        assert not {kim.id, lee.id} & set(map(str, proven.statement.body.values()))
    refused("statement.unknown", lambda: prove.receipt(world, Person("choi").joins(world).caller, id))


def test_a_check_of_all_finds_nothing_wrong_with_a_frozen_deposit(world: World, kim: Person, lee: Person) -> None:
    """Frozen is neither withdrawn nor lost: log, tables, files and shares agree; editions lack its rows too."""
    given = kim.deposits(world, READING, GOOD).id
    release.open_share(world, lee.caller, READING)
    made = edition.freeze(world, f"{READING}@first")
    raises(world, kim, subject="deposit", row={}, deposit=given, measure="freeze")
    assert release.open_share(world, lee.caller, READING).rows == 0
    assert release.open_share(world, lee.caller, made.id).rows == 0
    assert prove.check(world, MemoryStore, lambda: None).faults == []


def test_what_a_crash_left_of_a_frozen_deposit_goes_at_the_next_start(world: World, kim: Person, lee: Person) -> None:
    """The log says that it is frozen; the files of before go when the dam starts."""
    given = kim.deposits(world, READING, GOOD).id
    share = release.open_share(world, lee.caller, READING)
    name = share.files[0]["name"]
    signed = says(world, kim, subject="deposit", row={}, deposit=given, measure="freeze")
    state.record(world, seal.countersign(signed, world.secrets.private_key("sign")))
    assert release.file(world, READING, share.recipient, share.version, name).exists()
    dispute.hold(world)
    with pytest.raises(DamError):
        release.file(world, READING, share.recipient, share.version, name)


# --- stewards ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def stewards(world: World) -> list[Person]:
    """Three of them, of whom two decide about the reservoir."""
    found = [Person(name).joins(world) for name in ("park", "choi", "jung")]
    said = (
        f"  - {{vendor: datadam, property: stewards, value: [{', '.join(one.id for one in found)}]}}\n"
        "  - {vendor: datadam, property: quorum, value: 2}\nschema:\n"
    )
    text = standard_text().replace("schema:\n", said, 1).replace("version: 1.0.0", "version: 2.0.0")
    one = steward.propose(world, None, About.STANDARD, text, comments="x@example.org")
    for person in found[:2]:
        shown = seal.opened(steward.motion(world, person.caller, one.proposal.id))
        signed = seal.countersign(replace(shown, signatures=()), person.key)
        steward.sign(world, person.caller, seal.envelope(signed))
    steward.enact(world, one.proposal.id)
    return found


def test_two_of_three_stewards_rule_and_an_appeal_goes_to_the_operator(
    world: World, kim: Person, lee: Person, given: str, stewards: list[Person]
) -> None:
    """The operator cannot rule in their place, one alone cannot, and nobody rules twice."""
    one = raises(world, lee, deposit=given)
    assert [told.notice.facts["event"] for told in notice.own(world, stewards[0].caller)] == ["raise"]
    steps(world, kim, one.dispute.id, "answer")
    refused("dispute.stewards-decide", lambda: rules(world, one.dispute.id))
    refused("dispute.not-bench", lambda: rules(world, one.dispute.id, by=kim))
    rules(world, one.dispute.id, by=stewards[0], measure="freeze", scope="deposit")
    for _ in range(2):
        assert signs(world, stewards[0], one).dispute.state is DisputeState.ANSWERED
    assert signs(world, stewards[2], one).dispute.state is DisputeState.DECIDED
    assert shown(world) == set()
    steps(world, kim, one.dispute.id, "appeal")
    refused("dispute.not-bench", lambda: rules(world, one.dispute.id, by=stewards[1]))
    done = rules(world, one.dispute.id, outcome="dismissed")
    assert (done.dispute.state, done.dispute.outcome) == (DisputeState.FINAL, Outcome.DISMISSED)
    assert shown(world) == {given}
    refused("dispute.step-impossible", lambda: steps(world, kim, one.dispute.id, "appeal"))
    rebuilds(world)


def test_an_appeal_comes_in_time(world: World, kim: Person, lee: Person, given: str, stewards: list[Person]) -> None:
    """After the days for it what was decided stays."""
    one = raises(world, lee, deposit=given)
    steps(world, kim, one.dispute.id, "answer")
    rules(world, one.dispute.id, by=stewards[0])
    for person in stewards[:2]:
        signs(world, person, one)
    forward(world, days=14)
    assert not dispute.find(world, one.dispute.id, None).over
    forward(world, days=dispute.MOTION_DAYS)
    assert dispute.find(world, one.dispute.id, None).over
    refused("dispute.appeal-late", lambda: steps(world, lee, one.dispute.id, "appeal"))


def test_nobody_decides_about_themselves(world: World, given: str, lee: Person, stewards: list[Person]) -> None:
    """A steward who is a party does not sit; with too few left, and about what stewards made, the operator does."""
    one = raises(world, stewards[0], deposit=given)
    assert dispute.find(world, one.dispute.id, None).bench == (stewards[1].id, stewards[2].id)
    refused("dispute.not-bench", lambda: rules(world, one.dispute.id, "measure", by=stewards[0]))
    join.suspend(world, stewards[1].id, "why")
    assert dispute.find(world, one.dispute.id, None).bench == ()
    rules(world, one.dispute.id, "measure")
    made = publish.published(world, READING).statement
    theirs = raises(world, lee, subject="standard", row={}, statement=made)
    assert theirs.quorum == 0
    rules(world, theirs.dispute.id)
    refused("dispute.no-appeal", lambda: steps(world, lee, theirs.dispute.id, "appeal"))
    rebuilds(world)


def test_a_ruling_that_too_few_signed_is_refused_by_the_log(
    world: World, given: str, lee: Person, stewards: list[Person]
) -> None:
    """The dam's key alone rules nothing where stewards decide; signatures of other rulings are no help."""
    one = raises(world, lee, deposit=given)
    rules(world, one.dispute.id, "measure", by=stewards[0])
    (waiting,) = dispute.find(world, one.dispute.id, stewards[0].caller).motions
    shown = seal.opened(dispute.motion(world, stewards[0].caller, waiting))
    refused("signature.quorum", lambda: state.record(world, shown))
    once = seal.countersign(shown, stewards[0].key)
    refused("signature.quorum", lambda: state.record(world, once))
    twice = replace(once, signatures=(*once.signatures, once.signatures[-1]))
    refused("signature.repeated", lambda: state.record(world, twice))
    facts = {name: shown.body[name] for name in shown.body if name not in {"v", "kind", "salt", "issued"}}
    alone = state.statement(world, Kind.RULING, {**facts, "stewards": [], "quorum": 0})
    refused("dispute.bench-other", lambda: state.record(world, alone))
    signs(world, stewards[0], one)
    forward(world, days=dispute.MOTION_DAYS)
    assert dispute.find(world, one.dispute.id, stewards[1].caller).motions == ()
    again = seal.envelope(seal.countersign(replace(shown, signatures=()), stewards[1].key))
    refused("dispute.motion-unknown", lambda: dispute.sign(world, stewards[1].caller, again))


def test_stewards_who_sign_late_leave_as_much_time_for_an_appeal(
    world: World, given: str, lee: Person, stewards: list[Person]
) -> None:
    """Else a ruling that was drawn up days ago would be out before either party had seen it."""
    changed = replace(world, settings=replace(world.settings, dispute_appeal_days=3))
    one = raises(changed, lee, deposit=given)
    forward(changed, days=world.settings.dispute_answer_days)
    rules(changed, one.dispute.id, by=stewards[0])
    signs(changed, stewards[0], one)
    forward(changed, days=dispute.MOTION_DAYS - 1)
    assert signs(changed, stewards[1], one).dispute.state is DisputeState.DECIDED
    forward(changed, days=3)
    assert steps(changed, lee, one.dispute.id, "appeal").dispute.state is DisputeState.APPEALED
    rebuilds(changed)


# --- what the log itself refuses --------------------------------------------------------------------------------------


def logs(world: World, statement: Statement) -> int:
    """Log what a member signed, as a dam would that looks at nothing else."""
    return state.record(world, seal.countersign(statement, world.secrets.private_key("sign")))


def by_dam(world: World, kind: Kind, statement: Statement, **changes: object) -> Statement:
    """The same facts, changed, signed by the dam alone."""
    return state.statement(world, kind, {**_facts(statement), **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"member": None},
        {"outsider": "an office"},
        {"standard": "test.other"},
        {"subject": "row", "row": {}},
        {"deposit": "ab" * 32},
        {"subject": "deposit"},
        {"subject": "offer", "row": {}, "statement": "ab" * 32},
        {"subject": "standard", "row": {}, "statement": "ab" * 32},
        {"subject": "decision", "row": {}, "statement": "ab" * 32},
    ],
    ids=str,
)
def test_the_log_refuses_disputes_about_nothing_or_by_nobody(
    world: World, lee: Person, changes: dict[str, object]
) -> None:
    """Whatever the dam signs."""
    told = says(world, lee, **changes)
    forged = by_dam(world, Kind.DISPUTE, told) if told.body["member"] is None else None
    refused("dispute.wrong", lambda: state.record(world, forged) if forged else logs(world, told))


def test_the_log_takes_each_step_once_by_whose_turn_it_is(world: World, kim: Person, lee: Person, given: str) -> None:
    """Repeated, by somebody else, of no dispute, about what lies elsewhere, with an outcome too many: refused."""
    publish.publish(world, standard_text().replace("test.reading", "test.other").replace("test_reading", "test_other"))
    elsewhere = kim.deposits(world, "test.other", GOOD).id
    told = says(world, lee, deposit=given)
    logs(world, told)
    refused("statement.repeated", lambda: logs(world, told))
    refused("dispute.wrong", lambda: logs(world, says(world, lee, deposit=elsewhere)))

    def step(person: Person, event: str, dispute: str = told.id) -> Statement:
        facts = {"dispute": dispute, "event": event, "member": person.id, "text": "x"}
        return seal.state(Kind.DISPUTE_STEP, facts, issued=instant(world.clock()), key=person.key)

    refused("dispute.wrong", lambda: logs(world, step(Person("choi").joins(world), "answer")))
    refused("dispute.wrong", lambda: logs(world, step(lee, "withdraw", "ab" * 32)))
    refused("dispute.step-impossible", lambda: logs(world, step(lee, "answer")))
    answer = step(kim, "answer")
    logs(world, answer)
    refused("dispute.wrong", lambda: logs(world, answer))
    refused("dispute.wrong", lambda: logs(world, step(lee, "appeal")))
    facts: dict[str, object] = {
        "dispute": told.id,
        "standard": READING,
        "event": "measure",
        "outcome": None,
        "measure": "annotate",
        "scope": None,
        "deposit": given,
        "until": None,
        "reasons": "x",
        "stewards": [],
        "quorum": 0,
    }

    def ruling(**changes: object) -> Statement:
        return state.statement(world, Kind.RULING, {**facts, **changes})

    refused("dispute.wrong", lambda: state.record(world, ruling(dispute="ab" * 32)))
    refused("dispute.wrong", lambda: state.record(world, ruling(outcome="upheld")))
    refused("dispute.wrong", lambda: state.record(world, ruling(event="decide")))
    refused("dispute.bench-other", lambda: state.record(world, ruling(standard="test.other")))
    refused("dispute.scope-wrong", lambda: state.record(world, ruling(deposit=elsewhere)))
    refused("dispute.scope-wrong", lambda: state.record(world, ruling(scope="reservoir")))
    once = ruling()
    state.record(world, once)
    refused("dispute.wrong", lambda: state.record(world, once))
    alone = logs(world, bare := says(world, lee))
    assert alone
    at_all = {"dispute": bare.id, "measure": "freeze", "until": disputes.after_days(instant(world.clock()), 1)}
    for place in (None, elsewhere):
        wrong = ruling(**at_all, scope="deposit", deposit=place)
        refused("dispute.scope-wrong", partial(state.record, world, wrong))
    join.expel(world, lee.id, "why")
    rebuilds(world)


def test_who_left_disputes_nothing(world: World, lee: Person) -> None:
    """Nor does a share profile, nor anybody in another's name; what is sent twice is done once."""
    one = raises(world, lee)
    stolen = {"dispute": one.dispute.id, "event": "withdraw", "member": lee.id, "text": "x"}
    signed = seal.envelope(lee.states(Kind.DISPUTE_STEP, stolen))
    choi = Person("choi").joins(world)
    refused("dispute.not-yours", lambda: dispute.stepped(world, choi.caller, signed))
    profile = replace(lee.caller, standard=READING)
    refused("ask.login-needed", lambda: dispute.every(world, profile))
    dispute.stepped(world, lee.caller, signed)
    again = dispute.stepped(world, lee.caller, signed)
    assert [step.event for step in again.steps] == ["withdraw"]
    refused("dispute.motion-unknown", lambda: dispute.motion(world, lee.caller, "ab" * 32))
    told = says(world, lee)
    join.expel(world, lee.id, "why")
    refused("signature.key-unknown", lambda: dispute.raised(world, lee.caller, seal.envelope(told)))


def test_outsiders_have_so_many_disputes_together(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator's hand is a bottleneck on purpose, and has an end."""
    monkeypatch.setattr(disputes, "MAX_OUTSIDE", 1)
    facts = {"standard": READING, "subject": "row", "deposit": None, "row": {"meter": "A1"}, "statement": None}
    more = {"reason": "x", "measure": "none"}
    dispute.raise_for(world, "an office", {**facts, **more})
    refused("dispute.too-many", lambda: dispute.raise_for(world, "an office", {**facts, **more}))


def test_a_second_draft_of_a_ruling_takes_the_place_of_the_first(
    world: World, given: str, lee: Person, stewards: list[Person]
) -> None:
    """Of the same steward; those of others stay. A signature by who does not sit is refused."""
    one = raises(world, lee, deposit=given)
    for person in (stewards[0], stewards[0], stewards[1]):
        rules(world, one.dispute.id, "measure", by=person)
    motions = dispute.find(world, one.dispute.id, stewards[0].caller).motions
    assert len(motions) == 2
    shown = seal.opened(dispute.motion(world, stewards[0].caller, motions[0]))
    by_lee = seal.envelope(seal.countersign(replace(shown, signatures=()), lee.key))
    refused("dispute.not-bench", lambda: dispute.sign(world, lee.caller, by_lee))
    join.suspend(world, stewards[2].id, "why")
    refused("dispute.unknown", lambda: dispute.find(world, one.dispute.id, stewards[2].caller))
