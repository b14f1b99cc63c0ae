"""The dam's own keys change: who trusted the former one follows by its own signature, and nobody else is followed."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

import served
from datadam import client, ledger, seal, succession, wiring, witness
from datadam.adapters.key_files import FORMER, NEXT, KeyFiles
from datadam.adapters.witness_files import WitnessFiles
from datadam.adapters.witness_http import HttpLog
from datadam.audit import audit
from datadam.client import trusting
from datadam.dam import found, join, prove, rotate, state, witnessed
from datadam.dam.world import World
from datadam.edges import operator, server, witnessing
from datadam.errors import Invalid, NotFound, Refused, Unavailable, Untrusted
from datadam.formats import cosignature, note
from datadam.formats.cosignature import Submission
from datadam.ledger import Ledger
from datadam.model import Json, Kind, Statement
from worlds import Person, a_world, forward


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A dam with a member."""
    made = a_world(tmp_path)
    Person("A").joins(made)
    return made


def ids(world: World) -> list[str]:
    """Every statement, in order."""
    return [id for _, id in world.ledger.entries()]


def receipts(world: World) -> list[Json]:
    """A receipt of every statement under the last checkpoint."""
    return [prove.receipt_of(world, world.ledger.statement(id)) for id in ids(world)]


def over(world: World, use: str = "log") -> None:
    """Rotate, and retire the former key when its time is over."""
    rotate.rotate(world, use, "yearly")
    forward(world, days=31)
    rotate.retire(world, use, "yearly")


# --- the log's key ----------------------------------------------------------------------------------------------------


def test_both_keys_sign_until_the_former_is_retired(world: World) -> None:
    """Old clients and new ones read the same checkpoint; afterwards only the new key signs."""
    old = world.ledger.vkey
    index = rotate.rotate(world, "log", "yearly")
    new = world.ledger.vkey
    assert new != old
    assert new.partition("+")[0] == old.partition("+")[0]
    for vkey in (old, new):
        assert note.open_checkpoint(world.ledger.checkpoint(), vkey).size == index + 1
    Person("B").joins(world)
    assert note.open_checkpoint(world.ledger.checkpoint(), old).size == index + 2
    forward(world, days=31)
    rotate.retire(world, "log", "yearly")
    assert note.open_checkpoint(world.ledger.checkpoint(), new).size == index + 3
    with pytest.raises(Untrusted, match=r"note\.unsigned"):
        note.open_checkpoint(world.ledger.checkpoint(), old)
    assert world.secrets.former_key("log") is None


def test_receipts_verify_under_the_key_of_their_time_and_under_the_new_one(world: World) -> None:
    """An old receipt stays as it is; a new one of an old statement tells how the log came to its key."""
    old, before = world.ledger.vkey, receipts(world)
    rotate.rotate(world, "log", "yearly")
    between = receipts(world)
    forward(world, days=31)
    rotate.retire(world, "log", "yearly")
    rotate.rotate(world, "dam", "yearly")
    over(world)
    Person("B").joins(world)
    for receipt in before:
        assert ledger.verify_receipt(json.dumps(receipt), vkey=old).logs == (old,)
    for receipt in between:  # signed by both
        for vkey in (old, receipt["log"]):
            assert ledger.verify_receipt(json.dumps(receipt), vkey=vkey).logs == (old, receipt["log"])
    for receipt in receipts(world):
        verified = ledger.verify_receipt(json.dumps(receipt), vkey=world.ledger.vkey)
        assert (len(verified.logs), verified.logs[0], verified.logs[-1]) == (3, old, world.ledger.vkey)
        with pytest.raises(Untrusted, match=r"receipt\.other-log"):
            ledger.verify_receipt(json.dumps(receipt), vkey=old)


def test_who_trusts_a_former_key_is_led_to_the_new_one(world: World) -> None:
    """In one step or in several, also long after; from an unknown key nobody is led anywhere."""
    first = world.ledger.vkey
    assert rotate.succession(world) == []
    rotate.rotate(world, "log", "yearly")
    second = world.ledger.vkey
    now, formers = succession.follow(rotate.succession(world), vkey=first)
    assert (now, [former.vkey for former in formers]) == (second, [first])
    forward(world, days=31)
    rotate.retire(world, "log", "yearly")
    over(world)
    steps = rotate.succession(world)
    assert succession.follow(steps, vkey=first)[0] == world.ledger.vkey
    assert succession.follow(steps, vkey=second)[0] == world.ledger.vkey
    stranger = note.vkey(world.settings.name, seal.new_key())
    assert succession.follow(steps, vkey=stranger) == (stranger, [])
    assert succession.follow(["odd"], vkey=first) == (first, [])  # type: ignore[list-item]  # what a server may say


def test_nobody_is_led_by_anything_but_a_rotation_that_the_former_key_signed(world: World, tmp_path: Path) -> None:
    """A receipt of something else, one of another log, one with another key in it."""
    first = world.ledger.vkey
    with pytest.raises(Untrusted, match=r"key\.succession-wrong"):
        succession.follow([world.ledger.receipt(1)], vkey=first)
    rotate.rotate(world, "dam", "yearly")
    with pytest.raises(Untrusted, match=r"key\.succession-wrong"):
        succession.follow([world.ledger.receipt(2)], vkey=first)
    rotate.rotate(world, "log", "yearly")
    (step,) = rotate.succession(world)
    thief = a_world(tmp_path / "thief")
    rotate.rotate(thief, "log", "mine now")
    (other,) = rotate.succession(thief)
    for forged in ({**other, "log": first}, {**step, "statement": other["statement"]}, {**step, "keys": []}):
        with pytest.raises(Untrusted):
            succession.follow([forged], vkey=first)


def test_a_former_key_that_signs_a_larger_log_later_is_not_believed(world: World) -> None:
    """Whoever finds the old key after its time cannot go on with the log where it ended."""
    first, old = world.ledger.vkey, world.secrets.private_key("log")
    over(world)
    _, formers = succession.follow(rotate.succession(world), vkey=first)
    receipt: dict[str, Any] = dict(world.ledger.receipt(1))
    body, _, _ = world.ledger.checkpoint().partition("\n\n")
    signature = note.key_id(world.settings.name, seal.raw_public(old)) + seal.sign_bytes(old, f"{body}\n".encode())
    forged = {**receipt, "checkpoint": f"{body}\n\n{note.line(world.settings.name, signature)}"}
    found = ledger.verify_receipt(json.dumps(forged), vkey=first)  # all that the key alone can tell
    with pytest.raises(Untrusted, match=r"receipt\.key-former"):
        succession.within(found, first, formers)
    fine = ledger.verify_receipt(json.dumps(receipt), vkey=world.ledger.vkey)
    assert succession.within(fine, world.ledger.vkey, formers) is fine


def test_one_key_after_the_other(world: World) -> None:
    """No second rotation before the first is over, no retirement without one or before its time; `now` if stolen."""
    for use in ("dam", "log"):
        with pytest.raises(Refused, match=r"keys\.nothing-to-retire"):
            rotate.retire(world, use, "r")
        rotate.rotate(world, use, "yearly")
        with pytest.raises(Refused, match=r"keys\.rotating"):
            rotate.rotate(world, use, "again")
    with pytest.raises(Refused, match=r"keys\.overlap"):
        rotate.retire(world, "log", "r")
    rotate.retire(world, "log", "stolen", now=True)
    rotate.retire(world, "dam", "r")
    with pytest.raises(Invalid, match=r"keys\.use-unknown"):
        rotate.rotate(world, "url", "r")
    told = [(one.use, one.until is None, one.vkey is None) for one in rotate.keys(world)]
    assert told == [("dam", False, True), ("log", False, False), ("dam", True, True), ("log", True, False)]


# --- the dam's key ----------------------------------------------------------------------------------------------------


def test_what_the_former_key_signed_in_time_is_taken_until_it_is_retired(world: World) -> None:
    """Nothing that is under way breaks at a rotation; a retired key signs nothing."""
    person = Person("B").joins(world)
    early = state.statement(world, Kind.MEMBER_CHANGE, {"member": person.id, "state": "suspended", "reason": "r"})
    late = state.statement(world, Kind.ERASURE, {"body": "0" * 64, "member": None, "reason": "r"})
    rotate.rotate(world, "dam", "yearly")
    state.record(world, early)
    join.resume(world, person.id, "r")
    rotate.retire(world, "dam", "yearly")
    with pytest.raises(Untrusted, match=r"signature\.key-unknown"):
        state.record(world, late)
    assert all(ledger.verify_receipt(json.dumps(one), vkey=world.ledger.vkey) for one in receipts(world))


def said(world: World, kind: Kind, *keys: seal.Jwk, **facts: object) -> Statement:
    """A statement of the dam, with more signatures."""
    made = state.statement(world, kind, facts)
    for key in keys:
        made = seal.countersign(made, key)
    return made


def test_nobody_else_rotates_or_retires(world: World) -> None:
    """Not without the former key, not another's key, not a key that is not the last, none that signs its own end."""
    sign, log, new, eve = (
        world.secrets.private_key("sign"),
        world.secrets.private_key("log"),
        seal.new_key(),
        seal.new_key(),
    )
    facts = {"key": seal.public(new), "reason": "r"}
    wrong = [
        said(world, Kind.ROTATION, new, **facts, use="log", replaces=log["kid"]),
        said(world, Kind.ROTATION, new, eve, **facts, use="log", replaces=eve["kid"]),
        said(world, Kind.ROTATION, new, log, **facts, use="log", replaces=sign["kid"]),
        said(world, Kind.ROTATION, new, log, **facts, use="dam", replaces=sign["kid"]),
        said(world, Kind.ROTATION, new, **facts, use="dam", replaces=log["kid"]),
        said(world, Kind.RETIREMENT, use="dam", key=sign["kid"], checkpoint=None, reason="r"),
        said(world, Kind.RETIREMENT, use="log", key=log["kid"], checkpoint=world.ledger.checkpoint(), reason="r"),
    ]
    for one in wrong:
        with pytest.raises(Untrusted):
            state.record(world, one)
    rotate.rotate(world, "log", "r")
    published = world.ledger.checkpoint()
    good = {"use": "log", "key": log["kid"], "reason": "r"}
    stale = Ledger(world.ledger._log, world.bodies, key=log, origin=world.settings.name)  # reads, and writes nothing
    small = note.sign_checkpoint(note.unsigned_checkpoint(published), world.settings.name, eve)
    for checkpoint in (None, small):
        with pytest.raises(Untrusted):
            state.record(world, said(world, Kind.RETIREMENT, **good, checkpoint=checkpoint))
    with pytest.raises(Untrusted):
        state.record(
            world,
            said(
                world, Kind.RETIREMENT, **{**good, "key": world.secrets.private_key("log")["kid"]}, checkpoint=published
            ),
        )
    assert stale.size == world.ledger.size
    state.record(world, said(world, Kind.RETIREMENT, **good, checkpoint=published))


# --- crashes, folders, audits -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("use", ["dam", "log"])
def test_a_crash_between_log_and_keys_is_mended_at_the_start(tmp_path: Path, use: str) -> None:
    """The rotation is logged, the files are as they were: the next start moves them; and so it is with a retirement."""
    folder = served.made(tmp_path / "dam")
    with wiring.world(folder) as world:
        old, new = world.secrets.private_key(rotate.FILES[use]), world.secrets.next_key(rotate.FILES[use])
        told = said(
            world,
            Kind.ROTATION,
            new,
            *([old] if use == "log" else []),
            use=use,
            key=seal.public(new),
            replaces=old["kid"],
            reason="r",
        )
        state.record(world, told)
    with wiring.world(folder) as world:
        assert world.secrets.private_key(rotate.FILES[use])["kid"] == new["kid"]
        assert (world.secrets.former_key(rotate.FILES[use]) or {})["kid"] == old["kid"]
        Person("A").joins(world)
        published = world.ledger.checkpoint()
        facts = {"use": use, "key": old["kid"], "checkpoint": published if use == "log" else None, "reason": "r"}
        state.record(world, said(world, Kind.RETIREMENT, **facts))
    with wiring.world(folder) as world:
        assert world.secrets.former_key(rotate.FILES[use]) is None
        Person("B").joins(world)
        assert operator.perform(world, "check", {"rebuild": "yes"}, check=wiring.checker(world))["faults"] == []
    assert {path.name for path in (folder / "keys").glob("*.jwk")} == {"sign.jwk", "log.jwk"}


def test_a_dam_whose_keys_are_not_the_logs_does_not_start(tmp_path: Path) -> None:
    """Keys of before a rotation, from an old copy: neither the key nor the one to come is what the log names."""
    folder = served.made(tmp_path / "dam")
    kept = {path.name: path.read_bytes() for path in (folder / "keys").iterdir()}
    with wiring.world(folder) as world:
        rotate.rotate(world, "dam", "r")
    for path in (folder / "keys").glob("*.jwk"):
        path.unlink()
    for name, data in kept.items():
        (folder / "keys" / name).write_bytes(data)
        (folder / "keys" / name).chmod(0o600)
    with pytest.raises(Unavailable, match=r"secret\.not-the-logs"), wiring.world(folder):
        pass


def test_a_half_moved_key_is_moved_on(tmp_path: Path) -> None:
    """Whatever of `advance` was done before a crash, doing it again ends the same way."""
    held = KeyFiles.create(tmp_path / "keys")
    old, new = held.private_key("log"), held.next_key("log")
    assert held.next_key("log") == new
    (tmp_path / "keys" / "log.jwk").write_bytes((tmp_path / "keys" / f"log{NEXT}.jwk").read_bytes())
    held.advance("log", new["kid"])
    assert not (tmp_path / "keys" / f"log{NEXT}.jwk").exists()
    assert not (tmp_path / "keys" / f"log{FORMER}.jwk").exists()
    with pytest.raises(Unavailable, match=r"secret\.not-the-logs"):
        held.advance("log", old["kid"])
    KeyFiles(tmp_path / "keys").drop_former("log")


def test_an_audit_follows_and_a_log_of_another_key_is_none(world: World) -> None:
    """The whole log under its last key with every body; under a key that it never had, or has no more, not."""
    first, old, eve = world.ledger.vkey, world.secrets.private_key("log"), seal.new_key()
    other = note.vkey(world.settings.name, eve)
    over(world)
    over(world, "dam")
    Person("B").joins(world)
    found.found(world)

    def read(name: str) -> bytes:
        return served_files(world, name)

    def body(id: str) -> bytes:
        return world.bodies.get(id)

    done = audit(read, vkey=world.ledger.vkey, bodies=body)
    assert (done.bodies, done.unjudged) == (world.ledger.size, 0)
    with pytest.raises(Untrusted, match=r"note\.unsigned"):
        audit(read, vkey=first, bodies=body)
    stolen = note.sign_checkpoint(done.checkpoint, world.settings.name, old)

    def found_key(name: str) -> bytes:
        return stolen.encode() if name == "checkpoint" else read(name)

    with pytest.raises(Untrusted, match=r"key\.succession-wrong"):
        audit(found_key, vkey=first, bodies=body)
    assert audit(found_key, vkey=first, bodies=None).entries == world.ledger.size  # without bodies nobody can tell
    own = note.sign_checkpoint(done.checkpoint, world.settings.name, eve)
    with pytest.raises(Untrusted, match=r"dam\.other-log"):
        audit(lambda name: own.encode() if name == "checkpoint" else read(name), vkey=other, bodies=body)


def served_files(world: World, name: str) -> bytes:
    """A log in memory as the files of a small one."""
    from datadam.formats import tiles

    if name == tiles.CHECKPOINT:
        return world.ledger.checkpoint().encode()
    entries = list(world.ledger._log.entries())
    if name.startswith("tile/entries"):
        return tiles.bundled(entries)
    return b"".join(world.ledger._log.leaf_hash(index) for index in range(len(entries)))


def test_a_world_without_log_keys_in_its_tables_gets_them(world: World) -> None:
    """Tables that an older version folded know no log key: they are completed from the first statement."""
    from datadam.model import Key

    with world.store.transaction() as rows:
        for key in rows.find(Key, owner="log"):
            rows.remove(key)
    with pytest.raises(Unavailable, match=r"secret\.not-the-logs"):
        rotate.settle(world)
    state.claim(world)
    rotate.settle(world)
    rotate.rotate(world, "log", "yearly")
    state.claim(world)
    other = replace(world, ledger=a_world(world.settings.folder / "other").ledger)
    with pytest.raises(Unavailable, match=r"state\.others"):
        state.claim(other)


# --- served -----------------------------------------------------------------------------------------------------------


def test_clients_follow_and_keep_what_they_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who pinned the first key goes on after two rotations; old receipts verify offline; a swapped key is refused."""
    with served.serving(tmp_path / "dam") as dam:
        person = dam.person("A")
        monkeypatch.setenv("DATADAM_HOME", str(tmp_path / "old"))
        with dam.client(person) as here:
            first = here.trust()["vkey"]
            id = next(id for _, id in dam.world.ledger.entries())
            receipt = json.dumps(here.receipt(id))
            rotate.rotate(dam.world, "log", "yearly")
            assert here.trust()["vkey"] == dam.world.ledger.vkey
            rotate.retire(dam.world, "log", "yearly", now=True)
            rotate.rotate(dam.world, "log", "yearly")
            rotate.retire(dam.world, "log", "yearly", now=True)
            assert here.trust()["vkey"] == dam.world.ledger.vkey
            assert here.follow(first) == dam.world.ledger.vkey
            json.dumps(here.receipt(id))
        assert len(HttpLog(dam.url).rotations()) == 2
        assert client.check_receipt(receipt).checkpoint.size == 2
        assert client.check_receipt(receipt, first).index == 0
        monkeypatch.setenv("DATADAM_HOME", str(tmp_path / "new"))
        with dam.client(person) as here:
            here.trust()
        assert client.check_receipt(receipt).index == 0
        pins = json.loads((tmp_path / "new" / "pins.json").read_text())
        pins[dam.url]["vkey"] = note.vkey(dam.world.settings.name, seal.new_key())
        (tmp_path / "new" / "pins.json").write_text(json.dumps(pins))
        with dam.client(person) as here, pytest.raises(Untrusted, match=r"note\.unsigned"):
            here.trust()


# --- witnesses --------------------------------------------------------------------------------------------------------


def submission(world: World, kept: WitnessFiles) -> bytes:
    """What a dam sends to have its checkpoint cosigned."""
    watched = kept.find(world.settings.name)
    old = witness.last_of(watched).size if watched else 0
    proof = world.ledger.consistency(old, world.ledger.size) if old else ()
    return cosignature.request(Submission(old=old, proof=tuple(proof), note=world.ledger.checkpoint()))


def test_a_witness_follows_and_cosigns_on(world: World, tmp_path: Path) -> None:
    """Looking or asked: by what the key that it watches signed, and by nothing else."""
    kept = WitnessFiles.create(tmp_path / "witness", "witness.example/w1")
    watched = witness.watch(kept, "http://127.0.0.1:1", world.ledger.checkpoint(), vkey=world.ledger.vkey)
    now = int(world.clock().timestamp())
    witness.look(kept, watched, world.ledger.checkpoint(), world.ledger.consistency, now=now)
    over(world)
    told: list[list[Json]] = [[], [{"log": "somebody else's"}]]
    for steps in told:
        same = witness.follow(kept, watched, world.ledger.checkpoint(), steps.copy)
        assert same == watched
        with pytest.raises(Untrusted, match=r"note\.unsigned"):
            witness.look(kept, same, world.ledger.checkpoint(), world.ledger.consistency, now=now)
    app = witnessing.witness_app(kept, clock=lambda: now + 5, rotations=lambda _: rotate.succession(world))
    with server.bound("127.0.0.1", 0) as listener, served.running(app, listener):
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/add-checkpoint"
        assert httpx.post(address, content=submission(world, kept)).status_code == 200
        Person("B").joins(world)
        assert httpx.post(address, content=submission(world, kept)).status_code == 200
    after = kept.find(world.settings.name)
    assert after is not None
    assert (after.vkey, witness.last_of(after).size) == (world.ledger.vkey, world.ledger.size)
    assert witness.follow(kept, after, world.ledger.checkpoint(), lambda: [1 / 0]) is after  # type: ignore[list-item]  # not asked


class Beside:
    """A witness in this process."""

    def __init__(self, kept: WitnessFiles, world: World) -> None:
        """Cosign what this dam shows."""
        self._kept, self._world = kept, world

    @property
    def vkey(self) -> str:
        """Its key."""
        return cosignature.vkey(self._kept.name, self._kept.key)

    def add_checkpoint(self, request: bytes) -> str:
        """Cosign."""
        asked = cosignature.read_request(request)
        watched = self._kept.find(self._world.settings.name)
        assert watched is not None
        witness.follow(self._kept, watched, asked.note, lambda: rotate.succession(self._world))
        return witness.cosign(self._kept, asked, now=int(self._world.clock().timestamp()))


def test_what_was_cosigned_is_shown_with_the_key_of_its_time(world: World, tmp_path: Path) -> None:
    """The newest cosigned checkpoint may be one of the former key, or of both."""
    kept = WitnessFiles.create(tmp_path / "witness", "witness.example/w1")
    witness.watch(kept, "http://127.0.0.1:1", world.ledger.checkpoint(), vkey=world.ledger.vkey)
    seen = replace(world, witnesses=[Beside(kept, world)])
    old = world.ledger.vkey
    assert witnessed.renew(seen) == []
    rotate.rotate(seen, "log", "yearly")
    assert note.open_checkpoint(witnessed.cosigned(seen), old).size == 2
    assert witnessed.renew(seen) == []
    for vkey in (old, world.ledger.vkey):
        assert note.open_checkpoint(witnessed.cosigned(seen), vkey).size == 3
    rotate.retire(seen, "log", "stolen", now=True)
    assert witnessed.renew(seen) == []
    shown = witnessed.cosigned(seen)
    assert note.open_checkpoint(shown, world.ledger.vkey).size == 4
    assert cosignature.cosigned(shown, seen.witnesses[0].vkey)[0].size == 4


# --- what a dam may say -----------------------------------------------------------------------------------------------


class Told(trusting.Trusting):
    """A client of a dam that answers this."""

    def __init__(self, answer: object) -> None:
        """Answer so, whatever is asked."""
        super().__init__("http://127.0.0.1:1", None, None)
        self._answer = answer

    def _get(self, *_: object, **__: object) -> Any:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def test_an_odd_answer_about_rotations_leads_nowhere(world: World) -> None:
    """No list, no objects: refused. None, as of a dam of before, or none that lead to the key shown: no former keys."""
    answers: list[object] = [[], {}, {"rotations": 5}, {"rotations": ["x"]}]
    for odd in answers:
        with pytest.raises(Unavailable, match=r"client\.answer-odd"), Told(odd) as dam:
            dam.follow(world.ledger.vkey)
    with Told(NotFound("client.answer-odd", status=404)) as dam:
        assert dam.follow(world.ledger.vkey) == world.ledger.vkey
        assert dam._formers(world.ledger.vkey) == []
    first = world.ledger.vkey
    over(world)
    steps = {"rotations": rotate.succession(world)}
    with Told(steps) as dam:
        assert [one.vkey for one in dam._formers(world.ledger.vkey)] == [first]
        assert dam._formers(note.vkey(world.settings.name, seal.new_key())) == []


def test_pins_that_tell_odd_former_keys_are_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with the rest of what was pinned: to start anew would be to trust anybody."""
    monkeypatch.setenv("DATADAM_HOME", str(tmp_path))
    formers: list[object] = [[{}], [5], [{"vkey": "x", "size": "many"}], 7]
    for odd in formers:
        (tmp_path / "pins.json").write_text(json.dumps({"u": {"vkey": "v", "checkpoint": "c", "formers": odd}}))
        with pytest.raises(Untrusted, match=r"client\.pins-broken"):
            client.pinned_keys()
