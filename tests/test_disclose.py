"""Models: their training sets are what the log says was taken to train on, and withdrawals find them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from cards import CARD, card
from datadam import ledger, seal
from datadam.adapters.memory.store import MemoryStore
from datadam.dam import agree, disclose, edition, grant, join, notice, prove, publish, release, state, withdraw
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.disclosure import Model, may_hold
from datadam.errors import Faults, Invalid, NotFound, Refused, Untrusted
from datadam.model import Decided, Deposit, DepositId, Edition, Json, Kind, Release, Share, Statement, Withdrawal
from datadam.terms import Action, AgreementState
from signed import agreed, offered, permission
from worlds import GOOD, Person, a_world, forward, standard_text

ID = "test.reading"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A dam whose one standard may be read and trained on for research."""
    made = a_world(tmp_path, share_refresh_seconds=0)
    publish.publish(made, standard_text())
    offered(made, permission(actions=(Action.READ, Action.TRAIN)))
    return made


def trains(world: World, person: Person, id: str = ID) -> Share:
    """A member takes what there is, to train on it."""
    return release.open_share(world, replace(person.caller, action="train"), id)


def releases(world: World, person: Person) -> list[Release]:
    """A member's releases, in the order of the log."""
    with world.store.read() as rows:
        return sorted(rows.find(Release, member=person.id), key=lambda one: one.index)


# --- what is taken to train on ----------------------------------------------------------------------------------------


def test_what_is_done_with_rows_is_decided_and_logged_apart(world: World) -> None:
    """The same share to read and to train on is two releases, each by a decision of its own, and no more."""
    person = Person("A").joins(world)
    person.deposits(world, ID, GOOD)
    agreed(world, person)
    for _ in range(2):
        release.open_share(world, person.caller, ID)
        trains(world, person)
    read, train = releases(world, person)
    assert (read.action, train.action, read.share_version) == ("read", "train", train.share_version)
    with world.store.read() as rows:
        decided = rows.get(Decided, str(train.decision))
    assert decided is not None
    assert (decided.action, decided.allowed, decided.index < train.index) == ("train", True, True)


def test_who_may_read_may_not_train_unless_the_offer_says_so(tmp_path: Path) -> None:
    """A grant is for reading; an offer names each action."""
    world = a_world(tmp_path)
    publish.publish(world, standard_text())
    person = Person("A").joins(world)
    grant.grant(world, person.id, ID)
    assert release.open_share(world, person.caller, ID).rows == 0
    with pytest.raises(Refused, match="ask.grant-reads-only"):
        trains(world, person)
    offered(world)
    agreed(world, person)
    with pytest.raises(Refused):
        trains(world, person)
    assert [one.action for one in releases(world, person)] == ["read"]


@pytest.mark.parametrize("change", ["other", "denied", "unknown"])
def test_a_release_rests_on_its_own_members_yes(world: World, change: str) -> None:
    """One that names another's decision, a no, or none that there is does not enter the log."""
    person, other = Person("A").joins(world), Person("B").joins(world)
    agreed(world, person)
    trains(world, person)
    with pytest.raises(Refused):
        trains(world, other)
    with world.store.read() as rows:
        (denied,) = rows.find(Decided, member=other.id)
    (held,) = releases(world, person)
    body = world.ledger.statement(held.id).body
    facts = {name: value for name, value in body.items() if name not in {"v", "kind", "salt", "issued"}}
    wrong: dict[str, Json] = {
        "other": {"member": other.id},
        "denied": {"member": other.id, "decision": denied.id},
        "unknown": {"decision": "0" * 64},
    }
    with pytest.raises(Untrusted, match="release.decision-wrong"):
        state.record(world, state.statement(world, Kind.RELEASE, {**facts, **wrong[change]}))


def test_strangers_do_not_train(world: World) -> None:
    """Who has no key has no agreement either."""
    with pytest.raises(Refused):
        release.open_share(world, Caller(action="train"), ID)


# --- the register -----------------------------------------------------------------------------------------------------


@pytest.fixture
def person(world: World) -> Person:
    """A member that may train, and took what there is to do so."""
    made = Person("A").joins(world)
    agreed(world, made)
    made.deposits(world, ID, GOOD)
    trains(world, made)
    return made


def drafted(world: World, person: Person, text: str = CARD) -> Json:
    """What a member would sign."""
    return disclose.draft(world, person.caller, text)


def signs(person: Person, body: Json, **changes: object) -> Statement:
    """A member's half of a model statement."""
    return person.states(Kind.MODEL, {**body, **changes})


def registers(world: World, person: Person, text: str = CARD) -> Model:
    """Draft, sign and send."""
    return disclose.register(world, person.caller, seal.envelope(signs(person, drafted(world, person, text))))


def is_sound(world: World) -> bool:
    """Whether a check of everything, which folds the log anew, finds nothing."""
    return prove.check(world, MemoryStore, lambda: None).faults == []


def test_a_training_set_is_what_was_taken_to_train_on(world: World, person: Person) -> None:
    """Each release, with its decision, in the log's order; what was only read is not in it. Both signed, all read."""
    release.open_share(world, person.caller, ID)
    person.deposits(world, ID, b"meter,amount\nB1,1\n")
    forward(world, seconds=1)
    trains(world, person)
    trained = [one for one in releases(world, person) if one.action == "train"]
    made = registers(world, person)
    body = world.ledger.statement(made.id).body
    assert len(trained) == 2
    assert [one["release"] for one in body["training"]] == [one.id for one in trained]
    for told, held in zip(body["training"], trained, strict=True):
        logged = world.ledger.statement(held.id).body
        assert (told["decision"], told["deposits_digest"]) == (logged["decision"], logged["deposits_digest"])
        assert (told["standard"], told["version"], told["edition"]) == (ID, "1.0.0", None)
        assert (told["index"], told["share_version"]) == (held.index, logged["share_version"])
        assert world.ledger.statement(told["decision"]).body["facts"]["action"] == "train"
    assert prove.body(world, Caller(), made.id).id == made.id  # strangers read it
    receipt = prove.receipt_of(world, world.ledger.statement(made.id))
    proven = ledger.verify_receipt(seal.canonical(receipt), vkey=world.ledger.vkey)
    assert set(proven.signers.values()) == {person.id, "dam"}
    assert is_sound(world)
    state.rebuild(world)
    assert disclose.every(world) == [made]


def test_a_later_version_follows_the_last_and_none_comes_twice(world: World, person: Person) -> None:
    """The same statement again is the same model; another of that version is refused; names have lines of their own."""
    sent = seal.envelope(signs(person, drafted(world, person)))
    first = disclose.register(world, person.caller, sent)
    assert disclose.register(world, person.caller, sent) == first
    with pytest.raises(Invalid, match="model.version-there"):
        drafted(world, person)
    second = registers(world, person, card(version="1.1.0"))
    other = registers(world, person, card(name="copper-forecast"))
    assert (first.replaces, second.replaces, other.replaces) == (None, first.id, None)
    assert disclose.every(world, member=person.id) == [first, second, other]
    assert disclose.every(world, member="m-" + "0" * 20) == []
    assert disclose.find(world, second.id) == second
    with pytest.raises(NotFound, match="model.unknown"):
        disclose.find(world, "0" * 64)


def test_who_took_nothing_to_train_on_has_nothing_to_disclose(world: World) -> None:
    """Reading is not training. Strangers and share profiles draft nothing at all."""
    person = Person("A").joins(world)
    agreed(world, person)
    release.open_share(world, person.caller, ID)
    with pytest.raises(Invalid, match="model.nothing-trained"):
        drafted(world, person)
    for caller in (Caller(), Caller(member=person.id, standard=ID)):
        with pytest.raises(Refused, match="ask.login-needed"):
            disclose.draft(world, caller, CARD)


CHANGES: Mapping[str, Mapping[str, object]] = {
    "model.draft-other": {"replaces": "0" * 64},
    "model.synthetic-wrong": {"synthetic": True},
    "model.faulty": {"contact": "nobody"},
}


@pytest.mark.parametrize("code", CHANGES)
def test_what_was_bent_after_the_draft_is_refused(world: World, person: Person, code: str) -> None:
    """Whatever it is, nothing enters the log."""
    size = world.ledger.size
    sent = seal.envelope(signs(person, drafted(world, person), **CHANGES[code]))
    with pytest.raises((Invalid, Untrusted), match=code):
        disclose.register(world, person.caller, sent)
    assert world.ledger.size == size


def test_nothing_can_be_left_out_of_a_training_set_nor_put_into_it(world: World, person: Person) -> None:
    """Not by its provider, and not by a dam that signs with it: a rebuild would refuse it too."""
    body = drafted(world, person)
    other = Person("B").joins(world)
    agreed(world, other)
    trains(world, other)
    (one,) = body["training"]
    (foreign,) = releases(world, other)
    bent: list[list[Json]] = [[], [one, one], [{**one, "share_version": 9}], [one, {**one, "release": foreign.id}]]
    for training in bent:
        statement = signs(person, body, training=training)
        with pytest.raises(Untrusted, match="model.training-other"):
            disclose.register(world, person.caller, seal.envelope(statement))
        whole = seal.countersign(statement, world.secrets.private_key("sign"))
        with pytest.raises(Untrusted, match="model.training-other"):
            state.record(world, whole)


def test_a_draft_that_was_overtaken_is_refused(world: World, person: Person) -> None:
    """Who takes more to train on between draft and signature signs anew."""
    old = signs(person, drafted(world, person))
    person.deposits(world, ID, b"meter,amount\nB1,1\n")
    forward(world, seconds=1)
    trains(world, person)
    with pytest.raises(Untrusted, match="model.training-other"):
        disclose.register(world, person.caller, seal.envelope(old))
    registers(world, person)


def test_the_fold_refuses_what_no_register_could_hold(world: World, person: Person) -> None:
    """A version twice, a line that does not follow, a member who left: also where the dam signs it."""
    made = registers(world, person)
    body = {**drafted(world, person, card(version="2")), "replaces": made.id}
    dam = world.secrets.private_key("sign")
    for changes, code in (
        ({"version": "1.0.0"}, "model.version-there"),
        ({"replaces": None}, "model.replaces-other"),
    ):
        with pytest.raises(Untrusted, match=code):
            state.record(world, seal.countersign(signs(person, body, **changes), dam))
    join.expel(world, person.id, "gone")
    with pytest.raises(Untrusted):
        state.record(world, seal.countersign(signs(person, body), dam))


def test_only_its_provider_registers_a_model(world: World, person: Person) -> None:
    """Another member's login, another's key, no signature: refused."""
    other = Person("B").joins(world)
    body = drafted(world, person)
    with pytest.raises(Untrusted, match="model.not-yours"):
        disclose.register(world, other.caller, seal.envelope(signs(person, body)))
    for forged in (signs(other, body), seal.countersign(signs(person, body), other.key)):
        with pytest.raises(Untrusted):
            disclose.register(world, person.caller, seal.envelope(forged))
    with pytest.raises(Invalid, match="statement.kind-unexpected"):
        disclose.register(world, person.caller, seal.envelope(person.states(Kind.EXIT, {"member": person.id})))


def test_a_member_that_lost_its_leave_still_discloses(world: World, person: Person) -> None:
    """Ending an agreement takes no duty away: what was trained on stays in the set."""
    (held,) = agree.own(world, person.caller)
    agree.change(world, held.id, AgreementState.ENDED, "over")
    assert len(world.ledger.statement(registers(world, person).id).body["training"]) == 1


def test_synthetic_data_is_said_where_there_is_some_and_nowhere_else(tmp_path: Path) -> None:
    """By an outside source that says so, or by a reservoir whose standard does."""
    world = a_world(tmp_path)
    text = standard_text().replace(
        "customProperties:\n", "customProperties:\n  - {vendor: datadam, property: synthetic, value: true}\n", 1
    )
    publish.publish(world, text)
    offered(world, permission(actions=(Action.TRAIN,)))
    person = Person("A").joins(world)
    agreed(world, person)
    trains(world, person)
    with pytest.raises(Invalid, match="model.synthetic-wrong"):
        drafted(world, person)
    assert drafted(world, person, card(synthetic=True))["synthetic"] is True


def test_synthetic_sources_from_outside_count_too(world: World, person: Person) -> None:
    """The flag follows from the sources; it is no opinion."""
    outside = [{"name": "made up", "origin": "synthetic"}]
    with pytest.raises(Invalid, match="model.synthetic-wrong"):
        drafted(world, person, card(outside=outside))
    assert drafted(world, person, card(outside=outside, synthetic=True))["outside"][0]["reference"] is None


def test_the_register_has_room_for_so_many(world: World, person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a member's models and versions, and of releases in one statement; then the operator is asked."""
    registers(world, person)
    monkeypatch.setattr(disclose, "MOST_MODELS", 1)
    with pytest.raises(Refused, match="model.too-many"):
        drafted(world, person, card(version="2"))
    monkeypatch.setattr(disclose, "MOST_MODELS", 2)
    monkeypatch.setattr(disclose, "MOST_RELEASES", 0)
    with pytest.raises(Refused, match="model.too-many-releases"):
        drafted(world, person, card(version="2"))


def test_the_largest_training_set_fits_a_statement(world: World, person: Person) -> None:
    """As many releases as a draft takes, of the longest names: the envelope is opened, by both."""
    body = drafted(world, person)
    (one,) = body["training"]
    longest = {**one, "standard": ".".join(["a" * 60] * 3), "edition": "b" * 63, "index": 2**40}
    whole = seal.countersign(signs(person, body, training=[longest] * disclose.MOST_RELEASES), person.key)
    assert seal.opened(seal.envelope(whole)).id == whole.id


def test_a_card_that_is_none_is_refused_with_every_fault(world: World, person: Person) -> None:
    """At the draft, before anything is signed."""
    with pytest.raises(Faults) as caught:
        drafted(world, person, card(name="Not A Name", limits=None))
    assert {one.code for one in caught.value.faults} == {"model.field-wrong", "model.field-missing"}


# --- withdrawals find the models --------------------------------------------------------------------------------------


def withdraws(world: World, person: Person, *deposits: str) -> str:
    """A member takes deposits back: the withdrawal's id."""
    facts = {"contributor": person.id, "deposits": list(deposits), "replaced_by": None, "reason": "r"}
    return withdraw.withdraw(world, person.caller, seal.envelope(person.states(Kind.WITHDRAWAL, facts)))


def test_a_withdrawal_lists_the_models_and_tells_their_providers(world: World, person: Person) -> None:
    """Registered before or after it; who trained before the rows came, or after they left, is not on the list."""
    giver, early, late = (Person(name).joins(world) for name in ("giver", "early", "late"))
    for one in (early, late):
        agreed(world, one)
    trains(world, early)
    deposit = giver.deposits(world, ID, b"meter,amount\nC1,1\n").id
    forward(world, seconds=1)
    trains(world, person)
    first, before = registers(world, person), registers(world, early)
    id = withdraws(world, giver, deposit)
    trains(world, late)
    after = registers(world, late)
    (told,) = notice.own(world, person.caller)
    assert told.notice.facts["models"] == f"iron-forecast 1.0.0 ({first.id[:12]})"
    assert not [one for one in (early, late) if notice.own(world, one.caller)]
    second = registers(world, person, card(version="1.1.0"))
    assert disclose.of_withdrawal(world, id) == [first, second]
    withdraw.purge(world, id)
    standing = withdraw.standing(world, giver.caller, id)
    assert standing.models == (first, second)
    assert standing.purge is not None
    assert standing.purge.body["beyond"]["models"] == [first.id, second.id]
    left = disclose.withdrawn(world, person.caller, first)
    assert [one.statement for one in left or ()] == [id]
    assert disclose.withdrawn(world, early.caller, before) == []
    assert disclose.withdrawn(world, late.caller, after) == []
    for caller in (Caller(), giver.caller, Caller(member=person.id, standard=ID)):
        assert disclose.withdrawn(world, caller, first) is None
    auditor = Person("auditor", roles=("auditor",)).joins(world)
    assert disclose.withdrawn(world, auditor.caller, first) == left
    assert is_sound(world)


def test_the_log_tells_by_its_order_whose_rows_a_release_had(
    world: World, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that are withdrawn while they are about to be released are not: the release has a share without them."""
    giver, other = Person("giver").joins(world), Person("other").joins(world)
    agreed(world, other)
    deposit = giver.deposits(world, ID, b"meter,amount\nC1,1\n").id
    forward(world, seconds=1)
    current, shares = release._current, []

    def slow(*given: Any) -> Share:
        share = current(*given)
        shares.append(share)
        if len(shares) == 1:
            withdraws(world, giver, deposit)
        return share

    monkeypatch.setattr(release, "_current", slow)
    taken = trains(world, other)
    assert [deposit in share.deposits for share in shares] == [True, False]
    assert taken == shares[1]
    assert len(releases(world, other)) == 1
    with world.store.read() as rows:
        (left,) = rows.find(Withdrawal)
    assert left.index < releases(world, other)[0].index
    assert disclose.of_withdrawal(world, left.statement) == []
    assert [one.action for one in releases(world, person)] == ["train"]


def test_who_takes_its_own_rows_back_finds_its_own_model(world: World, person: Person) -> None:
    """Listed for itself; nobody needs to be told by notice what it did itself."""
    with world.store.read() as rows:
        (deposit,) = rows.find(Deposit, contributor=person.id)
    made = registers(world, person)
    id = withdraws(world, person, deposit.id)
    assert disclose.of_withdrawal(world, id) == [made]
    assert notice.own(world, person.caller) == []


def test_a_model_of_an_edition_has_what_was_frozen(world: World, person: Person) -> None:
    """What came after the edition is not in its models, whenever they were trained."""
    name = f"{ID}@2026.11"
    edition.freeze(world, name)
    later = person.deposits(world, ID, b"meter,amount\nD1,1\n").id
    with world.store.read() as rows:
        earlier = next(one.id for one in rows.find(Deposit) if one.id != later)
    other = Person("B").joins(world)
    agreed(world, other)
    trains(world, other, name)
    made = registers(world, other)
    (told,) = world.ledger.statement(made.id).body["training"]
    assert (told["standard"], told["edition"]) == (ID, "2026.11")
    assert disclose.of_withdrawal(world, withdraws(world, person, later)) == []
    assert disclose.of_withdrawal(world, withdraws(world, person, earlier)) == [made]


A_RELEASE = Release(id="r", member="m", standard=ID, share_version=0, index=0, action="train")
A_DEPOSIT = Deposit(
    id=DepositId("d"),
    contributor="c",
    standard=ID,
    version="1.0.0",
    file_digest="f",
    fit_digest="f",
    outcome="o",
    index=0,
    tag="t",
    admitted=1,
    rejected=0,
    files=(),
)
INDEX = st.integers(0, 9)


@given(came=INDEX, taken=INDEX, left=st.none() | INDEX, purged=st.none() | INDEX, replaced=st.booleans())
def test_rows_may_be_in_a_release_between_their_coming_and_their_going(
    came: int, taken: int, left: int | None, purged: int | None, replaced: bool
) -> None:
    """The rule in other words: visible is from the outcome to the withdrawal, or to the purge of what was replaced."""
    gone = None
    if left is not None:
        gone = Withdrawal(
            deposit=DepositId("d"),
            contributor="c",
            standard=ID,
            statement="w",
            index=left,
            issued="",
            replaced_by="n" if replaced else None,
            purged=purged,
        )
    end = None if left is None else purged if replaced else left
    visible = range(came + 1, 11 if end is None else end)
    release_, deposit = replace(A_RELEASE, index=taken), replace(A_DEPOSIT, index=came)
    assert may_hold(release_, deposit, gone, None) is (taken in visible)
    assert not may_hold(release_, replace(deposit, standard="test.other"), gone, None)


@given(came=INDEX, upto=INDEX, taken=INDEX)
def test_rows_may_be_in_an_edition_that_was_frozen_after_they_came(came: int, upto: int, taken: int) -> None:
    """And in no release of the reservoir's own by that, nor the other way about."""
    frozen = Edition(standard=ID, name="e", version="1.0.0", upto=upto, batch=1, digest="", statement="", index=upto)
    release_, deposit = replace(A_RELEASE, index=taken, standard=f"{ID}@e"), replace(A_DEPOSIT, index=came)
    assert may_hold(release_, deposit, None, frozen) is (came < min(upto, taken))
    assert not may_hold(release_, deposit, None, None)
    assert not may_hold(replace(release_, standard=ID), deposit, None, frozen)


@contextmanager
def small_world() -> Iterator[World]:
    """A dam that lives as long as one example."""
    with TemporaryDirectory() as folder:
        made = a_world(Path(folder), share_refresh_seconds=0)
        publish.publish(made, standard_text())
        offered(made, permission(actions=(Action.READ, Action.TRAIN)))
        yield made


STEPS = st.lists(st.sampled_from(["give", "take back", "one trains", "two trains", "one discloses"]), max_size=9)


@limits(max_examples=12, deadline=None)
@given(steps=STEPS)
def test_every_model_that_saw_withdrawn_rows_is_found(steps: list[str]) -> None:
    """Against the shares themselves: whose rows were in what a provider took is known here, and all of it is listed."""
    with small_world() as world:
        giver, providers = Person("giver").joins(world), {name: Person(name).joins(world) for name in ("one", "two")}
        for person in providers.values():
            agreed(world, person)
        saw: dict[str, set[str]] = {name: set() for name in providers}
        withdrawals: dict[str, str] = {}
        given_: list[str] = []
        for count, step in enumerate([*steps, "one trains", "two trains"]):
            forward(world, seconds=1)
            who, _, what = step.partition(" ")
            if step == "give":
                given_.append(giver.deposits(world, ID, f"meter,amount\nX{count},1\n".encode()).id)
            elif step == "take back" and given_:
                deposit = given_.pop()
                withdrawals[deposit] = withdraws(world, giver, deposit)
            elif what == "trains":
                saw[who] |= set(trains(world, providers[who]).deposits)
            elif what == "discloses" and saw[who]:
                registers(world, providers[who], card(version=f"0.{count}"))
        last = {name: registers(world, person).id for name, person in providers.items()}
        for deposit, id in withdrawals.items():
            found = {one.id for one in disclose.of_withdrawal(world, id)}
            assert {name for name in providers if last[name] in found} == {
                name for name in providers if deposit in saw[name]
            }
        assert is_sound(world)
