"""A member that lost its key gets the next one: by two operators, after a time in which the old key may stop it."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from datadam import ledger, recovery, seal
from datadam.dam import deposit, join, login, prove, publish, recover, rotate, state
from datadam.errors import DamError, Invalid, NotFound, Refused, Untrusted
from datadam.model import Key, Kind, instant
from test_ledger import founding, joining, say
from test_state import from_scratch, projection
from worlds import GOOD, START, Person, a_world, fit_of, forward, standard_text

URL = "http://127.0.0.1:8420"


class Scene:
    """A dam with two operators and a member that lost its key."""

    def __init__(self, folder: Path) -> None:
        """Have the operators added and the member joined."""
        self.world = a_world(folder)
        self.ops = [seal.new_key() for _ in range(3)]
        for key in self.ops:
            recover.add_operator(self.world, seal.envelope(recovery.introduced(key, issued=instant(START))))
        self.member, self.new = Person("Kim").joins(self.world), seal.new_key()

    def draft(self, *, days: float = 30, new: seal.Jwk | None = None, member: str | None = None) -> dict[str, str]:
        """What the member asks for, not yet vouched."""
        now = self.world.clock()
        named = [seal.operator_id(key) for key in self.ops[:2]]
        until = instant(now + timedelta(days=days))
        profile = {"legal_name": "Kim", "numbers": {}}
        return recovery.draft(
            member or self.member.id, new or self.new, named, profile, until=until, issued=instant(now)
        )

    def vouched(self, *by: seal.Jwk, **how: object) -> str:
        """The same, signed by operators."""
        drafted = json.dumps(self.draft(**how))  # type: ignore[arg-type]  # as `draft` takes it
        for key in by or self.ops[:2]:
            drafted = json.dumps(recovery.vouched(drafted, key))
        return drafted

    def begin(self, drafted: str | None = None) -> str:
        """Have it logged."""
        told, proof = recovery.read(drafted or self.vouched())
        return recover.begin(self.world, seal.envelope(told), proof)[0]

    def token(self, key: seal.Jwk) -> str:
        """Log in with a key."""
        now = int(self.world.clock().timestamp())
        assertion = seal.login_assertion(key, member=self.member.id, audience=URL, now=now)
        return login.login(self.world, assertion, audiences=[URL]).token

    def objection(self, id: str, key: seal.Jwk | None = None) -> bytes:
        """What the member signs to stop it."""
        facts = {"recovery": id, "member": self.member.id}
        return seal.envelope(seal.state(Kind.OBJECTION, facts, issued=instant(START), key=key or self.member.key))


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A fresh one."""
    return Scene(tmp_path)


def test_a_member_goes_on_with_its_new_key_and_nothing_of_the_old_one_counts(scene: Scene) -> None:
    """Until the time is over all is as it was; then logins, share profiles and what the old key signs end at once."""
    world = scene.world
    publish.publish(world, standard_text(tier="open"))
    scene.member.deposits(world, "test.reading", GOOD)
    token = scene.token(scene.member.key)
    profile = login.issue_profile(world, scene.member.id, "test.reading").token
    id = scene.begin()
    assert recover.known(world, id).closed is None
    assert login.caller(world, token).member == scene.member.id
    with pytest.raises(Untrusted, match=r"login\.key-unknown"):
        scene.token(scene.new)
    with pytest.raises(Refused, match=r"recovery\.waits"):
        recover.finish(world, id)
    forward(world, days=30)
    profile = login.issue_profile(world, scene.member.id, "test.reading").token
    token = scene.token(scene.member.key)
    recover.finish(world, id)
    for gone in (token, profile):
        with pytest.raises(Untrusted, match=r"login\.token-unknown"):
            login.caller(world, gone)
    with pytest.raises(Untrusted, match=r"login\.key-unknown"):
        scene.token(scene.member.key)
    assert login.caller(world, scene.token(scene.new)).member == scene.member.id
    late = scene.member.manifest(fit_of(world, "test.reading", GOOD), GOOD + b"A9,1\n")
    with pytest.raises(DamError):
        deposit.announce(world, scene.member.caller, seal.envelope(late))
    again = replace(scene.member, key=scene.new)
    fresh = again.manifest(fit_of(world, "test.reading", GOOD), GOOD + b"A9,1\n", contributor=scene.member.id)
    assert deposit.announce(world, scene.member.caller, seal.envelope(fresh)).stage == "announced"
    with pytest.raises(Refused, match=r"recovery\.closed"):
        recover.finish(world, id)
    assert projection(world.store) == from_scratch(world)


def test_the_old_key_stops_it_and_the_new_one_never_counts(scene: Scene) -> None:
    """One signature is enough; nobody else's is; afterwards a new recovery takes a new key."""
    world, id = scene.world, scene.begin()
    for key in (scene.new, scene.ops[0], Person("Eve").joins(world).key):
        with pytest.raises(Untrusted):
            recover.objected(world, scene.objection(id, key))
    recover.objected(world, scene.objection(id))
    forward(world, days=31)
    with pytest.raises(Refused, match=r"recovery\.closed"):
        recover.finish(world, id)
    with pytest.raises(Untrusted, match=r"recovery\.wrong"):
        recover.objected(world, scene.objection(id))
    with pytest.raises(Untrusted, match=r"key\.repeated"):
        scene.begin()
    other = scene.begin(scene.vouched(new=seal.new_key()))
    assert [one.outcome for one in recover.recoveries(world)] == ["objected", None]
    join.expel(world, scene.member.id, "gone")
    assert recover.known(world, other).outcome == "left"
    with pytest.raises(Refused, match=r"member\.left"):
        scene.begin(scene.vouched(new=seal.new_key()))


@pytest.mark.parametrize("signers", ["one", "same", "other", "none", "old key too"])
def test_it_takes_exactly_two_operators_and_the_new_key(scene: Scene, signers: str) -> None:
    """One operator, one twice, one that it does not name, none, or the old key beside the new one: all refused."""
    told, proof = recovery.read(json.dumps(scene.draft()))
    by = {
        "one": scene.ops[:1],
        "same": [scene.ops[0], scene.ops[0]],
        "other": scene.ops[1:],
        "none": [],
        "old key too": [*scene.ops[:2], scene.member.key],
    }[signers]
    for key in by:
        told = seal.countersign(told, key)
    with pytest.raises(Untrusted):
        recover.begin(scene.world, seal.envelope(told), proof)
    assert not recover.recoveries(scene.world)


def test_operators_are_asked_only_for_what_names_them(scene: Scene) -> None:
    """A file that is none, another's, or signed by them already is not signed."""
    drafted = json.dumps(scene.draft())
    once = json.dumps(recovery.vouched(drafted, scene.ops[0]))
    for key in (scene.ops[0], scene.ops[2]):
        with pytest.raises(Invalid, match=r"recovery\.not-yours"):
            recovery.vouched(once, key)
    held = json.loads(drafted)
    odd: list[object] = [[], {"statement": 1, "proof": "x"}, {**held, "more": 1}, {**held, "proof": "{}"}]
    for wrong in odd:
        with pytest.raises(Invalid):
            recovery.read(json.dumps(wrong))


def test_an_operator_that_left_vouches_no_more(scene: Scene) -> None:
    """From the exit on; and nobody is one by saying so."""
    world, drafted = scene.world, scene.vouched()
    gone = seal.operator_id(scene.ops[1])
    recover.remove_operator(world, gone, "left the ministry")
    assert [one.until is None for one in recover.operators(world)] == [True, False, True]
    with pytest.raises(Untrusted, match=r"signature\.key-unknown"):
        scene.begin(drafted)
    with pytest.raises(Untrusted, match=r"operator\.exit-wrong"):
        recover.remove_operator(world, gone, "again")
    eve = seal.new_key()
    facts = {"operator": "o-" + "0" * 20, "key": seal.public(eve)}
    lie = seal.state(Kind.OPERATOR, facts, issued=instant(START), key=eve)
    with pytest.raises(Untrusted, match=r"operator\.id-wrong"):
        recover.add_operator(world, seal.envelope(lie))
    signed = seal.countersign(lie, world.secrets.private_key("sign"))
    with pytest.raises(Untrusted, match=r"operator\.id-wrong"):
        state.record(world, signed)


def test_the_old_key_has_its_time(scene: Scene) -> None:
    """A recovery that leaves less than the dam's days, or whose proof is another, is not begun."""
    with pytest.raises(Refused, match=r"recovery\.too-soon"):
        scene.begin(scene.vouched(days=13))
    told, proof = recovery.read(scene.vouched())
    with pytest.raises(Untrusted, match=r"profile\.digest-wrong"):
        recover.begin(scene.world, seal.envelope(told), proof + b" ")
    with pytest.raises(NotFound, match=r"member\.unknown"):
        scene.begin(scene.vouched(member="m-" + "0" * 20))
    with pytest.raises(NotFound, match=r"recovery\.unknown"):
        recover.finish(scene.world, "0" * 64)


def test_nobody_skips_the_wait(scene: Scene) -> None:
    """Not even the dam: the log refuses an end before the day that the operators signed, of another key or member."""
    world = scene.world
    other = Person("B").joins(world)
    id = scene.begin()
    good: dict[str, object] = {"recovery": id, "member": scene.member.id, "key": seal.public(scene.new)}
    changed: list[dict[str, object]] = [
        {},
        {"key": seal.public(other.key)},
        {"member": other.id},
        {"recovery": "0" * 64},
    ]
    for days, wrong in zip((0, 30, 0, 0), changed, strict=True):
        forward(world, days=days)
        with pytest.raises(Untrusted, match=r"recovery\.wrong"):
            state.record(world, state.statement(world, Kind.RECOVERED, {**good, **wrong}))
    state.record(world, state.statement(world, Kind.RECOVERED, good))


def test_the_proof_can_be_erased(scene: Scene) -> None:
    """The log keeps its digest; a check tells a proof that is missing from one that was erased."""
    world, id = scene.world, scene.begin()
    held = recover.known(world, id)
    assert recover.proof_of(world, held)["legal_name"] == "Kim"
    recover.forget(world, id, "not needed any more")
    assert recover.proof_of(world, held) == {}


def test_receipts_tell_of_it_and_verify_offline(scene: Scene) -> None:
    """Of the recovery, its end, what the new key signs, and what the old one signed before; after rotations too."""
    world = scene.world
    publish.publish(world, standard_text(tier="open"))
    scene.member.deposits(world, "test.reading", GOOD)
    id = scene.begin()
    forward(world, days=31)
    recover.finish(world, id)
    again = Person("Kim", key=scene.new)
    fresh = again.manifest(fit_of(world, "test.reading", GOOD), GOOD + b"A9,1\n", contributor=scene.member.id)
    state.record(world, fresh)
    rotate.rotate(world, "log", "yearly")
    for _, found in list(world.ledger.entries()):
        receipt = prove.receipt_of(world, world.ledger.statement(found))
        verified = ledger.verify_receipt(json.dumps(receipt), vkey=world.ledger.vkey)
        bare = world.ledger.receipt(verified.index)
        assert [one["index"] for one in bare["keys"]] == [one["index"] for one in receipt["keys"]]
    kinds = [seal.opened(json.dumps(one["statement"])).kind for one in prove.receipt_of(world, fresh)["keys"]]
    assert {Kind.RECOVERY, Kind.RECOVERED} <= set(kinds)
    with world.store.read() as rows:
        assert rows.find(Key, owner=scene.member.id, until=None)[0].kid == seal.thumbprint(scene.new)


def test_nobody_is_asked_to_sign_what_no_dam_takes(scene: Scene) -> None:
    """Ids that are none, one operator, or the same one twice: refused while it is drafted, on the spot."""
    good = [seal.operator_id(key) for key in scene.ops[:2]]
    issued = instant(scene.world.clock())
    for member, named in (
        (scene.member.id, ["o-1", good[0]]),
        (scene.member.id, good[:1]),
        (scene.member.id, [good[0]] * 2),
        (scene.member.id, [scene.member.id, good[0]]),
        ("Kim", good),
    ):
        with pytest.raises(Invalid, match=r"statement\.shape"):
            recovery.draft(member, scene.new, named, {"legal_name": "Kim"}, until=issued, issued=issued)


# --- the ring that auditors and receipts judge by ---------------------------------------------------------------------

KIM, NEXT, DAM_KEY, EVE = (seal.new_key() for _ in range(4))
OPS = [seal.new_key() for _ in range(2)]


def ring_of(*more: object) -> None:
    """Have an auditor's ring take them all, in order."""
    from test_ledger import MEMBER, ORIGIN, VKEY

    assert MEMBER
    ring = ledger.KeyRing(ORIGIN, VKEY)
    for index, one in enumerate([founding(), joining(), *more]):
        ring.admit(one, index)  # type: ignore[arg-type]  # statements


def test_an_auditors_ring_is_as_strict_as_the_tables() -> None:
    """Early, unknown, objected, left: a recovery that did not go its way ends the audit, whoever runs the dam."""
    from test_ledger import DAM_KEY as DAM
    from test_ledger import ISSUED, MEMBER
    from test_ledger import KIM as OLD

    named = [seal.operator_id(key) for key in OPS]
    ops = [say(Kind.OPERATOR, {"operator": seal.operator_id(key), "key": seal.public(key)}, key, DAM) for key in OPS]
    facts = {"member": MEMBER, "key": seal.public(NEXT), "operators": named, "proof": "0" * 64, "until": ISSUED}
    begun = say(Kind.RECOVERY, facts, NEXT, *OPS)
    ended = say(Kind.RECOVERED, {"recovery": begun.id, "member": MEMBER, "key": seal.public(NEXT)}, DAM)
    stopped = say(Kind.OBJECTION, {"recovery": begun.id, "member": MEMBER}, OLD)
    elsewhere = say(Kind.OBJECTION, {"recovery": "0" * 64, "member": MEMBER}, OLD)
    left = say(Kind.EXIT, {"member": MEMBER}, DAM)
    signed = say(Kind.MANIFEST, {"contributor": MEMBER}, NEXT)
    ring_of(*ops, begun, elsewhere, ended, signed)
    later = say(Kind.RECOVERY, {**facts, "until": "2999-01-01T00:00:00Z"}, NEXT, *OPS)
    never = say(Kind.RECOVERED, {"recovery": later.id, "member": MEMBER, "key": seal.public(NEXT)}, DAM)
    fewer = say(Kind.RECOVERY, {**facts, "operators": named[:1]}, NEXT, OPS[0])
    both = say(Kind.RECOVERY, {**facts, "operators": [named[0]] * 2}, NEXT, OPS[0])
    dam = say(Kind.RECOVERY, {**facts, "operators": ["dam", named[0]]}, NEXT, OPS[0], DAM)
    old_too = say(Kind.RECOVERY, facts, NEXT, OLD, *OPS)
    exit_ = say(Kind.OPERATOR_EXIT, {"operator": named[0]}, DAM)
    lie = say(Kind.OPERATOR, {"operator": named[0], "key": seal.public(EVE)}, EVE, DAM)
    for wrong in (
        [*ops, ended],
        [*ops, begun, stopped, ended],
        [*ops, begun, left, ended],
        [*ops, later, never],
        [*ops, begun, signed],
        [*ops, begun, begun],
        [*ops, begun, ended, stopped],
        [*ops, fewer],
        [*ops, both],
        [*ops, dam],
        [*ops, old_too],
        [*ops, exit_, begun],
        [begun],
        [lie],
    ):
        with pytest.raises((Untrusted, Invalid)):
            ring_of(*wrong)
