"""The tables say what the log says: however it came about, and only what its parties signed with keys in force."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

import peerings
from cards import CARD
from datadam import seal
from datadam.adapters.memory.store import MemoryStore
from datadam.dam import found, grant, join, peered, publish, rounded, state
from datadam.dam.world import World
from datadam.disclosure import told
from datadam.errors import DamError, Invalid, Unavailable, Untrusted
from datadam.formats import law_files, model_card
from datadam.model import Deposit, Entry, Grant, Job, Key, Kind, Member, PublishedStandard, Stage, Statement, instant
from datadam.ports import Store
from datadam.rounds import TERMS
from pools import tables_text
from worlds import START, Person, a_world, answers_text, standard_text

HEX = "cd" * 32


def projection(store: Store) -> dict[str, object]:
    """Everything that the log says, as the tables have it."""
    with store.read() as rows:
        tables: dict[str, object] = {kind.__name__: rows.find(kind) for kind in state.PROJECTED}
        return {**tables, state.APPLIED: rows.noted(state.APPLIED)}


def from_scratch(world: World) -> dict[str, object]:
    """The same, folded into an empty store."""
    fresh = MemoryStore()
    with fresh.transaction() as rows:
        state.fold_all(world, rows, 0)
    return projection(fresh)


def next_key(person: Person, new: seal.Jwk, *, signers: tuple[seal.Jwk, ...] | None = None, **changes: object) -> bytes:
    """A key statement of a person, signed by the key in force and the new one if nothing else is said."""
    facts = {"member": person.id, "key": seal.public(new), "replaces": seal.thumbprint(person.key), **changes}
    return seal.envelope(signed(Kind.KEY, facts, *(signers or (person.key, new))))


def signed(kind: Kind, facts: dict[str, Any], *keys: seal.Jwk) -> Statement:
    """A statement that these keys signed."""
    statement = seal.state(kind, facts, issued=instant(START), key=keys[0])
    for key in keys[1:]:
        statement = seal.countersign(statement, key)
    return statement


def outcome(manifest: Statement, **changes: object) -> dict[str, Any]:
    """What a dam would say of a deposit."""
    return {
        "manifest": manifest.id,
        "contributor": manifest.body["contributor"],
        "standard": "test.reading",
        "version": "1.0.0",
        "file_digest": HEX,
        "fit_digest": HEX,
        "rows": 3,
        "admitted": 3,
        "rejected": 0,
        "faults": {},
        "tag": "0" * 16,
        "files": [],
        **changes,
    }


def a_manifest(person: Person, key: seal.Jwk | None = None) -> Statement:
    """A manifest whose fit nobody looks at here."""
    facts = {
        "contributor": person.id,
        "standard": "test.reading",
        "version": "1.0.0",
        "fit": {},
        "fit_digest": HEX,
        "file": {"name": "f.csv", "format": "csv", "digest": HEX, "size": 1},
        "terms": [],
    }
    return signed(Kind.MANIFEST, facts, key or person.key)


# --- one log, one state -----------------------------------------------------------------------------------------------


class Town:
    """People of a dam who do one thing after the other, in whatever order a test draws."""

    def __init__(self, world: World) -> None:
        """Nobody lives here yet."""
        self.world = world
        self.people: list[tuple[Person, seal.Jwk]] = []  # with the key in force
        self.grants: list[str] = []

    def does(self, verb: str, which: int) -> None:
        """One verb, by or about one of the people; where nobody can do it now, nothing happens."""
        if verb == "join" or not self.people:
            one = Person(f"Firm {which}").joins(self.world)
            self.people.append((one, one.key))
            return
        place = which % len(self.people)
        person, key = self.people[place]
        verbs: dict[str, Callable[[], object]] = {
            "rotate": lambda: self.rotate(place, person, key),
            "leave": lambda: self.leave(place, person, key),
            "expel": lambda: self.expel(place, person),
            "forget": lambda: join.forget(self.world, person.id, "asked"),
            "decline": self.decline,
            "grant": lambda: self.grants.append(grant.grant(self.world, person.id, "test.reading")),
            "revoke": lambda: self.revoke(which),
            "deposit": lambda: self.deposit(person, key),
        }
        verbs[verb]()

    def rotate(self, place: int, person: Person, key: seal.Jwk) -> None:
        """The next key."""
        new = seal.new_key()
        facts = {"member": person.id, "key": seal.public(new), "replaces": seal.thumbprint(key)}
        join.rotate(self.world, seal.envelope(signed(Kind.KEY, facts, key, new)))
        self.people[place] = (person, new)

    def leave(self, place: int, person: Person, key: seal.Jwk) -> None:
        """The member's own exit."""
        facts = {"member": person.id, "reason": "moved", "signed_by_member": True}
        join.leave(self.world, seal.envelope(signed(Kind.EXIT, facts, key)))
        self.people.pop(place)

    def expel(self, place: int, person: Person) -> None:
        """The dam's exit for a member."""
        join.expel(self.world, person.id, "rules")
        self.people.pop(place)

    def decline(self) -> None:
        """An application that comes to nothing."""
        stranger = Person("Stranger")
        profile = stranger.profile()
        applied = join.apply(self.world, seal.envelope(stranger.accession(profile)), profile)
        join.decline(self.world, applied.id, "unknown")

    def revoke(self, which: int) -> None:
        """The end of a grant, if any stands."""
        if self.grants:
            grant.revoke(self.world, self.grants.pop(which % len(self.grants)))

    def deposit(self, person: Person, key: seal.Jwk) -> None:
        """A sealed deposit."""
        manifest = a_manifest(person, key)
        state.record(self.world, manifest, state.statement(self.world, Kind.OUTCOME, outcome(manifest)))


VERBS = ["join", "rotate", "leave", "expel", "forget", "decline", "grant", "revoke", "deposit"]


@limits(max_examples=25)
@given(acts=st.lists(st.tuples(st.sampled_from(VERBS), st.integers(0, 5)), max_size=12), cut=st.integers(0, 40))
def test_tables_rolled_forward_rebuilt_or_folded_from_scratch_are_the_same(
    acts: list[tuple[str, int]], cut: int
) -> None:
    """Whatever happened in whatever order, there is one state of one log; a store that is behind catches up to it."""
    with TemporaryDirectory() as folder:
        world = a_world(Path(folder))
        publish.publish(world, standard_text())
        town = Town(world)
        for verb, which in acts:
            town.does(verb, which)
        told = projection(world.store)
        assert told == from_scratch(world)
        behind = MemoryStore()
        with behind.transaction() as rows:
            for index, (_, id) in enumerate(world.ledger.entries()):
                if index >= cut:
                    break
                state.fold(rows, Entry(index=index, statement=world.ledger.statement(id)))
                rows.note(state.APPLIED, str(index + 1))
        older = replace(world, store=behind)
        assert state.catch_up(older) == max(0, world.ledger.size - cut)
        assert projection(behind) == told
        assert state.rebuild(world) == world.ledger.size
        assert projection(world.store) == told
        assert state.catch_up(world) == 0


def test_rebuilding_keeps_what_waits_and_works(tmp_path: Path) -> None:
    """Applications and deposits under way are no projections: they are in no log yet."""
    world = a_world(tmp_path)
    person = Person("A")
    profile = person.profile()
    applied = join.apply(world, seal.envelope(person.accession(profile)), profile)
    state.rebuild(world)
    assert join.standing(world, applied.id).status == "pending"


def test_tables_newer_than_the_log_are_refused(tmp_path: Path) -> None:
    """A log that was cut or put back is not silently believed."""
    world = a_world(tmp_path)
    with world.store.transaction() as rows:
        rows.note(state.APPLIED, "2")
    with pytest.raises(Untrusted, match="state.newer-than-log"):
        state.catch_up(world)


def test_an_entry_of_the_wrong_class_is_refused(tmp_path: Path) -> None:
    """The class decides who may read a body, so it must be that of the kind."""
    world = a_world(tmp_path)
    statement = state.statement(world, Kind.ERASURE, {"body": HEX, "member": None, "reason": "r"})
    forged = Statement(
        id=statement.id,
        kind=Kind.GRANT,
        body=statement.body,
        payload=statement.payload,
        signatures=statement.signatures,
    )
    world.ledger.append([forged])  # as an activity entry
    with pytest.raises(Untrusted, match="log.class-wrong"):
        state.catch_up(world)


def test_threads_that_record_at_once_lose_nothing(tmp_path: Path) -> None:
    """Eight threads, one log, one state."""
    world = a_world(tmp_path)

    def work() -> None:
        for _ in range(5):
            state.record(world, state.statement(world, Kind.ERASURE, {"body": HEX, "member": None, "reason": "r"}))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert world.ledger.size == 41
    assert projection(world.store) == from_scratch(world)


def test_nothing_enters_the_log_that_a_rebuild_would_refuse(tmp_path: Path) -> None:
    """The trial comes first, and one bad statement of several takes the others with it."""
    world = a_world(tmp_path)
    good = state.statement(world, Kind.ERASURE, {"body": HEX, "member": None, "reason": "r"})
    bad = state.statement(world, Kind.REVOCATION, {"grant": HEX, "member": "m-" + "0" * 20})
    before = projection(world.store)
    with pytest.raises(Untrusted, match="grant.revocation-wrong"):
        state.record(world, good, bad)
    assert world.ledger.size == 1
    assert projection(world.store) == before


def test_a_crash_between_log_and_tables_is_rolled_forward(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in the log is true, also where the tables do not have it yet."""
    world = a_world(tmp_path)
    person = Person("A").joins(world)
    publish.publish(world, standard_text())
    with monkeypatch.context() as patch:
        patch.setattr(state, "_apply", crash)
        with pytest.raises(Crash):
            grant.grant(world, person.id, "test.reading")
    assert not grant.grants(world)
    assert state.catch_up(world) == 1
    assert len(grant.grants(world)) == 1


class Crash(BaseException):
    """The process ends here."""


def crash(*_: object) -> None:
    """End."""
    raise Crash


# --- signatures -------------------------------------------------------------------------------------------------------


def refused(world: World, statement: Statement) -> str:
    """The code with which a statement is refused, by the trial and by a fold alike; nothing of it stays."""
    before, size = projection(world.store), world.ledger.size
    with pytest.raises(DamError) as caught:
        state.record(world, statement)
    assert (projection(world.store), world.ledger.size) == (before, size)
    return caught.value.code


def test_a_key_change_without_the_old_key_takes_over_no_account(tmp_path: Path) -> None:
    """A thief who knows only public things signs with a key of its own: the member keeps its key."""
    world = a_world(tmp_path)
    victim, thief = Person("A").joins(world), seal.new_key()
    for signers in ((thief,), (thief, Person("B").joins(world).key), (victim.key,)):
        with pytest.raises(Untrusted):
            join.rotate(world, next_key(victim, thief, signers=signers))
    with world.store.read() as rows:
        assert [key.jwk for key in rows.find(Key, owner=victim.id)] == [seal.public(victim.key)]


def test_a_key_change_names_the_key_in_force_and_a_new_one(tmp_path: Path) -> None:
    """Neither another member's key, nor one that is gone, nor one that is there already."""
    world = a_world(tmp_path)
    one, other = Person("A").joins(world), Person("B").joins(world)
    first, second = one.key, seal.new_key()
    with pytest.raises(Untrusted):
        join.rotate(world, next_key(one, second, replaces=seal.thumbprint(other.key)))
    with pytest.raises(Untrusted, match="key.rotation-wrong"):  # a key that replaces itself needs nobody else
        join.rotate(world, next_key(one, second, signers=(second,), replaces=seal.thumbprint(second)))
    with pytest.raises(Untrusted):
        join.rotate(world, next_key(one, other.key, signers=(one.key, other.key)))
    join.rotate(world, next_key(one, second))
    with pytest.raises(Untrusted, match="key.repeated"):  # back to a key that may be stolen by now
        join.rotate(world, next_key(one, first, signers=(second, first), replaces=seal.thumbprint(second)))
    third = seal.new_key()
    with pytest.raises(Untrusted):
        join.rotate(world, next_key(one, third, signers=(first, third), replaces=seal.thumbprint(first)))


def test_only_the_first_entry_founds_a_dam(tmp_path: Path) -> None:
    """A second founding brings its own key, so anybody could sign it and be the dam."""
    world = a_world(tmp_path)
    key = seal.new_key()
    facts = {"origin": "o", "title": "t", "jurisdiction": "KR", "key": seal.public(key), "log": "l"}
    assert refused(world, signed(Kind.DAM, facts, key)) == "dam.not-first"


def test_a_replaced_key_founds_no_member(tmp_path: Path) -> None:
    """A key that somebody once had stays theirs in the log, also when it counts no longer."""
    world = a_world(tmp_path)
    person = Person("A").joins(world)
    second, third = seal.new_key(), seal.new_key()
    join.rotate(world, next_key(person, second))
    join.rotate(world, next_key(person, third, signers=(second, third), replaces=seal.thumbprint(second)))
    thief = Person("Thief", key=second)
    profile = thief.profile()
    accession = seal.countersign(thief.accession(profile), world.secrets.private_key("sign"))
    assert refused(world, accession) == "key.repeated"


def test_an_accession_brings_the_key_that_its_id_follows_from(tmp_path: Path) -> None:
    """Nobody takes an id that belongs to another key, and the key's holder has signed."""
    world = a_world(tmp_path)
    dam = world.secrets.private_key("sign")
    one, other = Person("A"), Person("B")
    accession = one.accession(one.profile(), member=other.id)
    assert refused(world, seal.countersign(accession, dam)) == "member.id-wrong"
    assert refused(world, signed(Kind.MEMBER, facts_of(one.accession(one.profile())), dam)) == "signature.parties"
    stolen = facts_of(one.accession(one.profile(), key=seal.public(other.key)))
    assert refused(world, signed(Kind.MEMBER, stolen, one.key, dam)) == "signature.key-unknown"


def facts_of(statement: Statement) -> dict[str, Any]:
    """What a statement adds to its envelope."""
    return {name: value for name, value in statement.body.items() if name not in {"v", "kind", "salt", "issued"}}


def an_agreement(person: Person, offer: Statement) -> dict[str, Any]:
    """What a person signs for an offer."""
    return {
        "member": person.id,
        "standard": offer.body["standard"],
        "offer": offer.id,
        "purposes": ["research"],
        "destination": "KR",
        "level": "simple",
        "expires": None,
        "language": "en",
        "texts": offer.body["texts"],
        "credential": {
            "@context": [],
            "credentialSubject": {},
            "issuer": "i",
            "type": [],
            "validFrom": "2026-11-22T00:00:00Z",
        },
    }


def a_declaration(**changes: object) -> dict[str, Any]:
    """What somebody answers for."""
    facts: dict[str, Any] = {
        "row": 39,
        "member": None,
        "standard": "test.reading",
        "subject": None,
        "applies": True,
        "countries": [],
    }
    return {**facts, "days": 90, "words": "w", "person": HEX, "until": "2027-01-01", **changes}


def an_opening(world: World, one: Person, card: dict[str, Any]) -> dict[str, Any]:
    """What is opened of a model, on a demand that names it."""
    model = one.states(Kind.MODEL, {"member": one.id, **card, "name": "opened"})
    state.record(world, seal.countersign(model, world.secrets.private_key("sign")))
    asked = {"authority": "a", "country": "US", "ground": "g", "what": "w", "received": instant(START)}
    demand = {**asked, "contributors": [one.id], "answer": "pending", "model": model.id}
    made = state.statement(world, Kind.DEMAND, demand)
    state.record(world, made)
    return {"member": one.id, "model": model.id, "demand": made.id, "part": "code", "digest": HEX, "size": 1}


def of_credentials(world: World, one: Person) -> dict[Kind, dict[str, Any]]:
    """One valid statement of each kind that is about credentials."""
    facts: dict[str, Any] = {"issuer": "urn:office:1", "title": "t", "names": {"good": "Good"}, "keys": []}
    state.record(world, state.statement(world, Kind.ISSUER, facts))
    stretch = {"begins": instant(START), "expires": "2999-12-31T00:00:00Z"}
    proof: dict[str, Any] = {"form": "attested", "kid": None, "evidence": HEX, "scope": []}
    held = {"member": one.id, "name": "good", "issuer": "urn:office:1", **stretch, **proof}
    made = state.statement(world, Kind.CREDENTIAL, held)
    state.record(world, made)
    end = {"credential": made.id, "member": one.id, "reason": "r"}
    return {Kind.ISSUER: facts, Kind.CREDENTIAL: held, Kind.CREDENTIAL_END: end}


def of_law(world: World, one: Person) -> dict[Kind, dict[str, Any]]:
    """One valid statement of each kind that is about law."""
    text = law_files.packaged()["clocks"]
    law = {"name": "clocks", "version": "2026.11.22", "text": text, "digest": seal.digest(text.encode())}
    order = {"classes": ["personal"], "destinations": ["US"], "standard": None, "reason": "r", "ground": "g"}
    asked = {"authority": "a", "country": "US", "ground": "g", "what": "w", "received": instant(START)}
    demand = {**asked, "contributors": [one.id], "answer": "refused"}
    held = [state.statement(world, *said) for said in ((Kind.LAW, law), (Kind.ORDER, order), (Kind.DEMAND, demand))]
    state.record(world, *held)
    happened = {"event": "breach", "classes": ["personal"], "persons": 1, "countries": ["KR"], "at": instant(START)}
    notice = {"topic": "demand", "about": held[2].id, "member": one.id, "facts": {}}
    return {
        Kind.LAW: law,
        Kind.ORDER: order,
        Kind.LIFT: {"order": held[1].id, "reason": "r"},
        Kind.DEMAND: demand,
        Kind.INCIDENT: {**happened, "what": "w", "law": held[0].id},
        Kind.NOTICE: {**notice, **dict.fromkeys(("clock", "given", "due"))},
    }


def of_keys(world: World, one: Person) -> dict[Kind, tuple[dict[str, Any], tuple[seal.Jwk, ...]]]:
    """One valid statement of each kind that is about keys, with the keys that have to sign it."""
    dam, log = world.secrets.private_key("sign"), world.secrets.private_key("log")
    ops = [seal.new_key() for _ in range(3)]
    ids = [seal.operator_id(key) for key in ops]
    for key, id in zip(ops[:2], ids[:2], strict=True):
        state.record(world, signed(Kind.OPERATOR, {"operator": id, "key": seal.public(key)}, key, dam))
    new, lost, next_log, next_dam = (seal.new_key() for _ in range(4))
    recovery = {"member": one.id, "operators": ids[:2], "proof": HEX, "until": instant(START)}
    begun = signed(Kind.RECOVERY, {**recovery, "key": seal.public(lost)}, lost, *ops[:2])
    rotated = {"use": "log", "key": seal.public(next_log), "replaces": seal.thumbprint(log), "reason": "r"}
    state.record(world, begun, signed(Kind.ROTATION, rotated, dam, log, next_log))
    former = {"use": "log", "key": seal.thumbprint(log), "checkpoint": world.ledger.checkpoint(), "reason": "r"}
    rotation = {"use": "dam", "key": seal.public(next_dam), "replaces": seal.thumbprint(dam), "reason": "r"}
    ended = {"recovery": begun.id, "member": one.id}
    return {
        Kind.OPERATOR: ({"operator": ids[2], "key": seal.public(ops[2])}, (ops[2], dam)),
        Kind.OPERATOR_EXIT: ({"operator": ids[0], "reason": "r"}, (dam,)),
        Kind.ROTATION: (rotation, (dam, next_dam)),
        Kind.RETIREMENT: (former, (dam,)),
        Kind.RECOVERY: ({**recovery, "key": seal.public(new)}, (new, *ops[:2])),
        Kind.OBJECTION: (ended, (one.key,)),
        Kind.RECOVERED: ({**ended, "key": seal.public(lost)}, (dam,)),
    }


def of_governance(world: World, one: Person) -> dict[Kind, tuple[dict[str, Any], tuple[seal.Jwk, ...]]]:
    """One valid statement of each kind by which people decide together, with the keys that have to sign it."""
    dam = world.secrets.private_key("sign")
    said = f"  - {{vendor: datadam, property: stewards, value: [{one.id}]}}\n"
    said += "  - {vendor: datadam, property: quorum, value: 1}\nschema:\n"
    text = standard_text().replace("test.reading", "test.governed").replace("schema:\n", said, 1)
    content = {"standard": "test.governed", "version": "1.0.0", "text": text, "digest": seal.digest(text.encode())}
    deciding = {"standard": "test.governed", "stewards": [one.id], "quorum": 1}
    when = {"effective": instant(START), "lapses": "2999-01-01T00:00:00Z"}
    digest = seal.digest(seal.canonical(content))
    told = {"about": "standard", "content": content, "replaces": None, "by": None, "comments": "x@example.org", **when}
    proposed = state.statement(world, Kind.PROPOSAL, {**deciding, "digest": digest, **told})
    about = {"standard": "test.reading", "subject": "row", "deposit": None, "row": {"meter": "A1"}, "statement": None}
    days = {"answer_days": 14, "decide_days": 30, "appeal_days": 14}
    dispute = {**about, "member": one.id, "outsider": None, "reason": "r", "measure": "annotate", **days}
    raised = signed(Kind.DISPUTE, dispute, one.key, dam)
    state.record(world, proposed, raised)
    ruling = {"dispute": raised.id, "standard": "test.reading", "event": "measure", "outcome": None, "measure": "none"}
    nothing: dict[str, Any] = {"scope": None, "deposit": None, "until": None, "stewards": [], "quorum": 0}
    step = {"dispute": raised.id, "event": "withdraw", "member": one.id, "text": "t"}
    approval = {**deciding, "digest": digest, "proposal": proposed.id}
    return {
        Kind.PROPOSAL: ({**deciding, "digest": digest, **told}, (dam,)),
        Kind.APPROVAL: (approval, (one.key, dam)),
        Kind.COMMENT: ({"proposal": proposed.id, "member": one.id, "text": "t"}, (one.key,)),
        Kind.DISPUTE: (dispute, (one.key, dam)),
        Kind.DISPUTE_STEP: (step, (one.key, dam)),
        Kind.RULING: ({**ruling, "reasons": "r", **nothing}, (dam,)),
    }


def of_answers(world: World, one: Person) -> dict[Kind, tuple[dict[str, Any], tuple[seal.Jwk, ...]]]:
    """One valid statement of each kind that is about private answers, with the keys that have to sign it."""
    dam, text = world.secrets.private_key("sign"), answers_text()
    named: dict[str, Any] = {"standard": "test.energy", "version": "1.0.0"}
    published = {**named, "text": text, "digest": seal.digest(text.encode())}
    keyed = {"recipe": HEX, "deposits": HEX, "commitment": HEX}
    made = {**named, "period": "2026-Q3", "name": "2026-Q3.1", **keyed}
    charge = {**named, "member": one.id, "decision": None, "periods": ["2026-Q3"], "twins": ["2026-Q3.1"]}
    asked = {"aggregate": "count"}
    charge |= {"question": seal.digest(seal.canonical(asked)), "rho": 50_000}
    charged = state.statement(world, Kind.CHARGE, charge)
    state.record(
        world, state.statement(world, Kind.STANDARD, published), state.statement(world, Kind.TWIN, made), charged
    )
    told = {**named, "charge": charged.id, "question": asked, "rho": 50_000}
    told |= {"twins": [{"twin": "2026-Q3.1", "commitment": HEX}], "epsilon": "1.5", "delta": "0.000001"}
    told |= {"result": {"cells": []}, "claim": {"en": "c"}, "left": {"period": 8, "life": 9}}
    return {
        Kind.TWIN: ({**made, "name": "2026-Q3.2"}, (dam,)),
        Kind.CHARGE: (charge, (dam,)),
        Kind.ANSWER: (told, (dam,)),
        Kind.CAP: ({"member": one.id, "standard": "test.energy", "rho": 100_000}, (one.key,)),
    }


def of_tables(world: World) -> dict[str, Any]:
    """What a statement of checked tables says, of a standard that is in the log."""
    text = tables_text().replace("id: test.energy", "id: test.pool")
    named: dict[str, Any] = {"standard": "test.pool", "version": "1.0.0"}
    published = {**named, "text": text, "digest": seal.digest(text.encode())}
    state.record(world, state.statement(world, Kind.STANDARD, published))
    by = [{"column": "region", "keys": ["north", "south"]}, {"column": "sector", "keys": ["food", "steel", "wood"]}]
    table = {"name": "by-place", "aggregate": "sum", "column": "energy", "unit": None, "by": by, "values": [None] * 12}
    rules = {"contributors": 3, "largest": 1, "largest_share": "0.6", "p_percent": "10", "months": 0}
    told = {"tables": [table, {**table, "name": "plants", "aggregate": "count", "column": None}], "rules": rules}
    return {**named, "period": "2026-Q3", "label": "not differentially private", **told}


def of_peers(world: World, one: Person) -> dict[Kind, tuple[dict[str, Any], tuple[seal.Jwk, ...]]]:
    """One valid statement of each kind that is about peers, with the keys that have to sign it."""
    dam = world.secrets.private_key("sign")
    known, new = (a_world(world.settings.folder / name, name=f"{name}/log", jurisdiction="JP") for name in ("a", "b"))
    ways: dict[str, Any] = {"directions": [{"from": "a/log", "to": "test.example/log"}], "corridors": []}
    terms = peerings.terms(between=peerings.between(world, known), **ways)
    state.record(world, peerings.peering(world, known, terms=terms))
    ways["directions"] = [{"from": "b/log", "to": "test.example/log"}]
    wanted = peerings.peering_facts(new, terms=peerings.terms(between=peerings.between(world, new), **ways))
    first, second = (Person(name, jurisdiction="JP").joins(known) for name in ("First", "Second"))
    state.record(world, peerings.guest(world, known, first))
    stop = {"member": first.id, "state": "suspended", "reason": "r"}
    held = peerings.logged(known, Kind.MEMBER_CHANGE, stop)
    order = {"classes": ["business"], "destinations": ["JP"], "standard": None, "reason": "r", "ground": "g"}
    ordered = peerings.logged(known, Kind.ORDER, order)
    peer = peerings.peer_of(known)
    return {
        Kind.PEERING: (wanted, (new.secrets.private_key("sign"), dam)),
        Kind.PEERING_END: ({"peer": peer, "reason": "r"}, (dam,)),
        Kind.PEER_CONTACT: ({"peer": peer, "state": "silent", "since": instant(START)}, (dam,)),
        Kind.PEER_FAULT: ({"peer": peer, "fault": "scope", "evidence": {}}, (dam,)),
        Kind.ADOPTION: (facts_of(peerings.adoption(world, known, ordered)), (dam,)),
        Kind.CLOSED_ADOPTION: (facts_of(peerings.adoption(world, known, held)), (dam,)),
        Kind.GUEST: (peerings.guest_facts(known, second), (second.key, dam)),
        **of_rounds(world, one, peer),
    }


def of_rounds(world: World, one: Person, peer: str) -> dict[Kind, tuple[dict[str, Any], tuple[seal.Jwk, ...]]]:
    """One valid statement of each kind that is about rounds of matching with a peer, with the keys that sign it."""
    dam = world.secrets.private_key("sign")
    dams = ["a/log", "test.example/log"]
    plan: dict[str, Any] = {"standard": "test.reading", "period": "2026-Q3", "dams": dams, "caps": [2, 1], "decoys": 0}
    plan |= {"countries": ["KOR"], "stages": ["mining"]}
    parts = [{"dam": name} for name in dams]
    told = {"peer": peer, "round": HEX, "plan": plan, "parts": parts, "closes": "2026-12-01T00:00:00Z"}
    state.record(world, state.statement(world, Kind.ROUND, told))
    shown = of_showings(world, one, {**told, "plan": {**plan, "period": "2026-Q1"}})
    listed = {"member": one.id, "round": HEX, "role": "supplier", "digest": HEX, "reader": None, "pair": None}
    over: dict[str, Any] = {"round": HEX, "member": None, "state": "ended", "reason": "round.too-few", "makers": []}
    return {
        Kind.ROUND: ({**told, "round": HEX[::-1], "plan": {**plan, "period": "2026-Q4"}}, (dam,)),
        Kind.COMMITMENT: (listed, (one.key,)),
        Kind.MATCH: ({**over, "shared": [], "handed": [], "shows": 0, "commitment": None}, (dam,)),
        **shown,
    }


def of_showings(
    world: World, one: Person, told: dict[str, Any]
) -> dict[Kind, tuple[dict[str, Any], tuple[seal.Jwk, ...]]]:
    """One valid statement of each kind by which what came of a round is shown to others."""
    dam, id = world.secrets.private_key("sign"), "7" * 64
    state.record(world, state.statement(world, Kind.ROUND, {**told, "round": id}))
    makers = [{"member": one.id, "dam": "a/log"}]
    over: dict[str, Any] = {"round": id, "member": None, "state": "found", "reason": None, "makers": makers}
    none: dict[str, Any] = {"shared": [], "handed": [], "shows": 0, "commitment": None}
    state.record(world, state.statement(world, Kind.MATCH, {**over, **none}))
    asks, first = (Person(name, roles=("consumer",)).joins(world) for name in ("Asks", "Asked"))
    terms: dict[str, Any] = {"round": id, "purpose": "research", "until": "2026-12-01T00:00:00Z", "terms": list(TERMS)}
    terms["reader"] = seal.reading_key(seal.new_reading_key())
    asked = first.states(Kind.SHOWING, {**terms, "member": first.id})
    state.record(world, asked)
    no = {"member": first.id, "round": id, "showing": None, "allowed": False, "reasons": ["showing.none"], "makers": 1}
    return {
        Kind.SHOWING: ({**terms, "member": asks.id}, (asks.key,)),
        Kind.CONSENT: ({"member": one.id, "showing": asked.id, "sheet": HEX}, (one.key,)),
        Kind.SHOWN: ({**no, "sheets": []}, (dam,)),
    }


def cases(world: World, one: Person) -> dict[Kind, tuple[dict[str, Any], tuple[seal.Jwk, ...]]]:
    """One valid statement of each kind that can follow, with the keys that have to sign it."""
    dam, new = world.secrets.private_key("sign"), Person("New")
    land = Person("Land", jurisdiction="JP", roles=())
    land.joins(world, member_kind="country", authority="A ministry", effective="2026-01-01")
    manifest = a_manifest(one)
    leave = grant.grant(world, one.id, "test.reading")
    rotation = seal.new_key()
    text = standard_text().replace("1.0.0", "1.0.1")
    held = a_manifest(one)
    state.record(world, held, state.statement(world, Kind.OUTCOME, outcome(held)))
    taken = {"contributor": one.id, "deposits": [held.id], "replaced_by": None, "reason": "r"}
    reached = {**dict.fromkeys(("rows", "files", "bodies", "journal"), 1), "editions": []}
    beyond = {"backups_until": None, "recipients": 0, "strangers": False}
    frozen = {"standard": "test.reading", "version": "1.0.0", "name": "a", "upto": 0, "batch": 1, "digest": HEX}
    offered = {"@type": "Offer", "permission": [], "target": "t", "uid": "u"}
    offer = {"standard": "test.reading", "offer": offered, "digest": seal.digest(seal.canonical(offered))}
    first = state.statement(world, Kind.OFFER, {**offer, "number": 1, "texts": {"en": HEX}})
    signs = an_agreement(one, first)
    agreed = signed(Kind.AGREEMENT, signs, one.key, dam)
    state.record(world, first, agreed)
    card = told(model_card.read(CARD))
    change = {"agreement": agreed.id, "member": one.id, "state": "ended", "by_member": True, "reason": "r"}
    return {
        Kind.MEMBER_CHANGE: ({"member": one.id, "state": "suspended", "reason": "r"}, (dam,)),
        Kind.OFFER: ({**offer, "number": 2, "texts": {"en": HEX}}, (dam,)),
        Kind.AGREEMENT: (signs, (one.key, dam)),
        Kind.AGREEMENT_CHANGE: (change, (one.key, dam)),
        Kind.MEMBER: (facts_of(new.accession(new.profile())), (new.key, dam)),
        Kind.DECLINE: ({"application": HEX, "member": new.id, "reason": "r"}, (dam,)),
        Kind.KEY: (
            {"member": one.id, "key": seal.public(rotation), "replaces": seal.thumbprint(one.key)},
            (one.key, rotation),
        ),
        Kind.EXIT: ({"member": one.id, "reason": "r", "signed_by_member": True}, (one.key, dam)),
        Kind.RESERVATION: ({"member": land.id, "restrictions": [{"action": ["read"]}]}, (land.key, dam)),
        Kind.STANDARD: (
            {"standard": "test.reading", "version": "1.0.1", "text": text, "digest": seal.digest(text.encode())},
            (dam,),
        ),
        Kind.MANIFEST: (facts_of(manifest), (one.key,)),
        Kind.OUTCOME: (outcome(manifest), (dam,)),
        Kind.GRANT: ({"member": one.id, "standard": "test.reading", "expires": None}, (dam,)),
        Kind.REVOCATION: ({"grant": leave, "member": one.id}, (dam,)),
        Kind.RELEASE: (
            {
                "member": one.id,
                "standard": "test.reading",
                "version": "1.0.0",
                "basis": "open",
                "share_version": 0,
                "rows": 0,
                "files": [],
                "deposits_digest": HEX,
            },
            (dam,),
        ),
        Kind.DECISION: (
            {
                "member": one.id,
                "standard": "test.reading",
                "allowed": True,
                "basis": "open",
                "reasons": [],
                "facts": {"action": "read"},
                "offer": None,
                "policy": "grants",
            },
            (dam,),
        ),
        Kind.ERASURE: ({"body": HEX, "member": None, "reason": "r"}, (dam,)),
        Kind.DEPRECATION: ({"standard": "test.reading", "version": "1.0.0", "until": "2999-12-31"}, (dam,)),
        Kind.WITHDRAWAL: (taken, (one.key,)),
        Kind.PURGE: ({"contributor": one.id, "withdrawal": HEX, "reached": reached, "beyond": beyond}, (dam,)),
        Kind.EDITION: ({**frozen, "replaces": None}, (dam,)),
        **{kind: (facts, (dam,)) for kind, facts in of_law(world, one).items()},
        Kind.MODEL: ({"member": one.id, "replaces": None, "training": [], **card}, (one.key, dam)),
        Kind.DECLARATION: (a_declaration(member=one.id), (one.key, dam)),
        **{kind: (facts, (dam,)) for kind, facts in of_credentials(world, one).items()},
        Kind.OPENING: (an_opening(world, one, {"replaces": None, "training": [], **card}), (one.key, dam)),
        **of_keys(world, one),
        **of_governance(world, one),
        **of_answers(world, one),
        Kind.TABLES: (of_tables(world), (dam,)),
    }


def missing(statement: Statement, _other: seal.Jwk) -> Statement:
    """One signature stripped; what is left still verifies."""
    return replace(statement, signatures=statement.signatures[1:])


def last_missing(statement: Statement, _other: seal.Jwk) -> Statement:
    """The last one stripped."""
    return replace(statement, signatures=statement.signatures[:-1])


def surplus(statement: Statement, other: seal.Jwk) -> Statement:
    """One more, by somebody whom it does not concern."""
    return seal.countersign(statement, other)


def twice(statement: Statement, _other: seal.Jwk) -> Statement:
    """The same one twice."""
    return replace(statement, signatures=(*statement.signatures, statement.signatures[0]))


def stolen(statement: Statement, other: seal.Jwk) -> Statement:
    """A signature of another statement by the same key."""
    later = {**facts_of(statement), "reason": "x"}
    elsewhere = seal.state(statement.kind, later, issued=instant(START), key=other)
    header = statement.signatures[0]["protected"]
    moved = {"protected": header, "signature": elsewhere.signatures[0]["signature"]}
    return replace(statement, signatures=(moved, *statement.signatures[1:]))


def swapped(statement: Statement, other: seal.Jwk) -> Statement:
    """Another member's signature in the place of the first."""
    theirs = seal.countersign(replace(statement, signatures=()), other).signatures
    return replace(statement, signatures=(*theirs, *statement.signatures[1:]))


PEERS = {*peered.FOLDS, *rounded.FOLDS}
ATTACKS: list[Callable[[Statement, seal.Jwk], Statement]] = [missing, last_missing, surplus, twice, stolen, swapped]


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.DAM])
def test_exactly_the_parties_sign_each_kind(
    tmp_path: Path, kind: Kind, attack: Callable[[Statement, seal.Jwk], Statement]
) -> None:
    """One signature too few, too many, twice, of other words or of somebody else: none is ever folded."""
    world = a_world(tmp_path)
    one, other = Person("A").joins(world), Person("B").joins(world)
    publish.publish(world, standard_text())
    facts, keys = (of_peers(world, one) if kind in PEERS else cases(world, one))[kind]
    good = signed(kind, facts, *keys)
    assert refused(world, attack(good, other.key)).startswith(("signature.", "key."))
    state.record(world, good)


@pytest.mark.parametrize("kind", [Kind.MANIFEST, Kind.KEY, Kind.EXIT])
def test_a_key_that_was_replaced_signs_nothing(tmp_path: Path, kind: Kind) -> None:
    """A signature is judged where it is included, whatever time it claims."""
    world = a_world(tmp_path)
    one = Person("A").joins(world)
    publish.publish(world, standard_text())
    facts, keys = cases(world, one)[kind]
    early = signed(kind, facts, *keys)  # signed while the key was in force
    join.rotate(world, next_key(one, seal.new_key()))
    assert refused(world, early) == "signature.key-unknown"


@pytest.mark.parametrize("kind", [Kind.MANIFEST, Kind.KEY, Kind.EXIT])
def test_who_left_signs_nothing(tmp_path: Path, kind: Kind) -> None:
    """Keys end with the membership."""
    world = a_world(tmp_path)
    one = Person("A").joins(world)
    publish.publish(world, standard_text())
    facts, keys = cases(world, one)[kind]
    join.expel(world, one.id, "rules")
    assert refused(world, signed(kind, facts, *keys)) == "signature.key-unknown"


# --- what is said stays said ------------------------------------------------------------------------------------------


def test_nothing_is_said_twice(tmp_path: Path) -> None:
    """A grant that comes again after its revocation, a second outcome, a standard's version once more: refused."""
    world = a_world(tmp_path)
    one = Person("A").joins(world)
    publish.publish(world, standard_text())
    leave = world.ledger.statement(grant.grant(world, one.id, "test.reading"))
    grant.revoke(world, leave.id)
    assert refused(world, leave) == "statement.repeated"
    manifest = a_manifest(one)
    state.record(world, manifest, state.statement(world, Kind.OUTCOME, outcome(manifest)))
    again = state.statement(world, Kind.OUTCOME, outcome(manifest, admitted=2))
    assert refused(world, again) == "statement.repeated"
    with world.store.read() as rows:
        published = rows.get(PublishedStandard, "test.reading", "1.0.0")
        assert published is not None
        assert [held.admitted for held in rows.find(Deposit)] == [3]
        assert [held.until is None for held in rows.find(Grant)] == [False]
    assert refused(world, world.ledger.statement(published.statement)) == "statement.repeated"


def test_a_dam_does_not_say_what_is_not_so(tmp_path: Path) -> None:
    """Exits of nobody, or twice; a digest of another text; a revocation of a grant of somebody else."""
    world = a_world(tmp_path)
    one, other = Person("A").joins(world), Person("B").joins(world)
    publish.publish(world, standard_text())
    leave = grant.grant(world, one.id, "test.reading")

    def said(kind: Kind, **facts: object) -> str:
        return refused(world, state.statement(world, kind, facts))

    nobody = "m-" + "0" * 20
    assert said(Kind.EXIT, member=nobody, reason="r", signed_by_member=False) == "member.exit-wrong"
    assert said(Kind.REVOCATION, grant=leave, member=other.id) == "grant.revocation-wrong"
    text = {"standard": "test.reading", "version": "1.0.1", "text": "x", "digest": HEX}
    assert said(Kind.STANDARD, **text) == "standard.digest-wrong"
    join.expel(world, one.id, "rules")
    assert said(Kind.EXIT, member=one.id, reason="r", signed_by_member=False) == "member.exit-wrong"
    assert said(Kind.RELEASE, member=one.id) == "statement.shape"


def test_a_folder_of_another_dam_does_not_start(tmp_path: Path) -> None:
    """The first entry names the dam; settings or keys of another one are refused."""
    world = a_world(tmp_path)
    found.found(world)
    assert world.ledger.size == 1
    other = replace(world, settings=replace(world.settings, name="other.example/log"))
    with pytest.raises(Unavailable, match="dam.other"):
        found.found(other)


def test_a_log_that_begins_with_something_else_is_no_dam(tmp_path: Path) -> None:
    """What comes first must be the founding."""
    world = a_world(tmp_path)
    strange = a_world(tmp_path / "other")
    erasure = state.statement(world, Kind.ERASURE, {"body": HEX, "member": None, "reason": "r"})
    strange.ledger._bodies.put(erasure.id, seal.envelope(erasure))
    empty = replace(strange, ledger=_beginning_with(strange, erasure))
    with pytest.raises(Invalid, match="statement.kind-unexpected"):
        found.found(empty)


def _beginning_with(world: World, statement: Statement) -> Any:
    from datadam.adapters.memory.log import MemoryLog
    from datadam.ledger import Ledger

    ledger = Ledger(MemoryLog(), world.bodies, key=world.secrets.private_key("log"), origin=world.settings.name)
    ledger.append([statement])
    return ledger


def test_members_are_as_their_accession_says(tmp_path: Path) -> None:
    """Kind, roles, jurisdiction and place in the log come from the statement."""
    world = a_world(tmp_path)
    person = Person("A", jurisdiction="DE", roles=("auditor",)).joins(world)
    with world.store.read() as rows:
        member = rows.get(Member, person.id)
        assert not rows.find(Job, stage=Stage.SEALED)
    assert member is not None
    assert (member.jurisdiction, member.roles, member.since, member.until) == ("DE", frozenset({"auditor"}), 1, None)
