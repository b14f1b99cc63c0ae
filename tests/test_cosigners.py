"""Cosigners: k of those who were named, by distinct keys, over one log or none; and a client that asks for them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam import client, cosigners, seal
from datadam.adapters.memory.bodies import MemoryBodies
from datadam.adapters.memory.log import MemoryLog
from datadam.client.home import home, read_pins, write_private
from datadam.cosigners import Quorum
from datadam.dam import follow, peer, proposals, prove, push, witnessed
from datadam.errors import DamError, Untrusted
from datadam.formats import cosignature, note
from datadam.ledger import Ledger
from datadam.model import Kind, instant
from datadam.peers import Followed
from peered_dams import KR, Pair, pair
from served import Served, serving
from worlds import START, Person, refused

Closing = Callable[[client.Dam], client.Dam]
NAMES = ("one.example/w", "two.example/w", "three.example/w")


class Growing:
    """A log that grows, and three who may cosign what it shows."""

    def __init__(self) -> None:
        """An empty one."""
        self.key = seal.new_key()
        self.ledger = Ledger(MemoryLog(), MemoryBodies(), key=self.key, origin=KR)
        self.keys = {name: seal.new_key() for name in NAMES}

    def grow(self, by: int = 1) -> None:
        """More entries."""
        facts = {"reason": "x"}
        self.ledger.append([seal.state(Kind.DECLINE, facts, issued=instant(START), key=self.key) for _ in range(by)])

    def cosigned(self, *names: str) -> str:
        """The checkpoint as it is now, cosigned by these."""
        text = self.ledger.checkpoint()
        return text + "".join(cosignature.cosign(text, name, self.keys[name], now=9) for name in names)

    def quorum(self, least: int, *names: str) -> Quorum:
        """So many of these."""
        return Quorum(keys=tuple(cosignature.vkey(one, self.keys[one]) for one in names or NAMES), least=least)

    def believed(self, least: int, notes: Sequence[str]) -> int:
        """The size that is believed."""
        quorum = self.quorum(least)
        return cosigners.vouched(notes, quorum, vkey=self.ledger.vkey, prove=self.ledger.consistency).size


@given(sizes=st.lists(st.integers(1, 12), min_size=3, max_size=3), least=st.integers(1, 3))
def test_what_is_believed_is_the_largest_that_enough_of_them_saw(sizes: list[int], least: int) -> None:
    """Each vouches for its checkpoint and all before: the law, for any three of any sizes."""
    log = Growing()
    notes = {}
    for size in range(1, 13):
        log.grow()
        for name, wanted in zip(NAMES, sizes, strict=True):
            if wanted == size:
                notes[name] = log.cosigned(name)
    assert log.believed(least, list(notes.values())) == sorted(sizes, reverse=True)[least - 1]


def test_too_few_are_not_enough_and_one_key_counts_once() -> None:
    """Two notes by one key are one; a key under two names is refused where it is named."""
    log = Growing()
    log.grow()
    first = log.cosigned(NAMES[0])
    log.grow()
    refused("quorum.too-few", lambda: log.believed(2, [first, log.cosigned(NAMES[0])]))
    refused("quorum.too-few", lambda: log.believed(1, [log.ledger.checkpoint()]))
    assert log.believed(2, [first, log.cosigned(NAMES[0], NAMES[1])]) == 2
    key = seal.new_key()
    refused("quorum.key-twice", lambda: Quorum(keys=tuple(cosignature.vkey(one, key) for one in NAMES[:2]), least=1))
    for least in (0, 4):
        refused("quorum.least-wrong", lambda least=least: log.quorum(least))  # type: ignore[misc]


def test_cosigners_of_two_histories_are_not_added_up() -> None:
    """A log that shows one of them another history than the other: no quorum, however many there are."""
    log, other = Growing(), Growing()
    other.key, other.keys = log.key, log.keys
    other.ledger = Ledger(MemoryLog(), MemoryBodies(), key=log.key, origin=KR)
    log.grow(3)
    other.grow(4)
    with pytest.raises(Untrusted):
        log.believed(2, [log.cosigned(NAMES[0]), other.cosigned(NAMES[1])])


def test_a_cosignature_that_does_not_hold_is_no_silence() -> None:
    """Somebody forged one: that is told, not passed over."""
    log = Growing()
    log.grow()
    forged = dict(log.keys)
    text = log.ledger.checkpoint()
    line = cosignature.cosign(text, NAMES[0], forged[NAMES[0]], now=9)
    raw = bytearray(note.unbase64(line.split()[-1]) or b"")
    raw[-1] ^= 1
    refused("note.signature-wrong", lambda: log.believed(1, [text + note.line(NAMES[0], bytes(raw))]))


def test_a_receipts_checkpoint_must_be_part_of_what_they_saw() -> None:
    """Not yet seen, of another history, and right."""
    log = Growing()
    log.grow(2)
    before = note.unsigned_checkpoint(log.ledger.checkpoint())
    log.grow()
    after = note.unsigned_checkpoint(log.ledger.checkpoint())
    cosigners.under(before, after, log.ledger.consistency)
    refused("quorum.not-yet", lambda: cosigners.under(after, before, log.ledger.consistency))

    def none(_old: int, _new: int) -> Sequence[bytes]:
        raise Untrusted("x")

    with pytest.raises(DamError):
        cosigners.under(before, after, none)


# --- a client ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def dam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A served dam, and a home of one's own."""
    monkeypatch.setenv("DATADAM_HOME", str(tmp_path / "home"))
    with serving(tmp_path / "dam") as served:
        yield served


def _seen(dam: Served, key: seal.Jwk, name: str) -> str:
    """Somebody cosigns the dam's log as it stands now, and the dam keeps it; the verifier key."""
    text = dam.world.ledger.checkpoint()
    line = cosignature.cosign(text, name, key, now=9)
    with dam.world.store.transaction() as rows:
        rows.put(Followed(peer=f"p-{name[:3]}", follower="", checkpoint="", size=0, cosignature=text + line))
    return cosignature.vkey(name, key)


@pytest.fixture
def closing() -> Iterator[Closing]:
    """Closes at the end of a test what it opened."""
    with ExitStack() as stack:

        def opened(one: client.Dam) -> client.Dam:
            stack.callback(one.close)
            return one

        yield opened


def test_a_client_believes_a_log_only_as_far_as_enough_cosigners_saw_it(dam: Served, closing: Closing) -> None:
    """Asked once, it is asked each time: less than before, or too few, is refused; what nobody saw is not believed."""
    keys = {name: seal.new_key() for name in NAMES}
    vkeys = [_seen(dam, keys[name], name) for name in NAMES[:2]]
    size = dam.world.ledger.size
    reached = closing(client.connect(dam.url))
    assert reached.pinned_quorum == ()
    assert reached.require(vkeys, 2)["size"] == size
    assert reached.pinned_quorum == tuple(vkeys)
    Person("later").joins(dam.world)
    assert dam.world.ledger.size > size
    assert reached.trust()["size"] == size
    _seen(dam, keys[NAMES[0]], NAMES[0])
    assert reached.trust()["size"] == size
    _seen(dam, keys[NAMES[1]], NAMES[1])
    assert reached.trust()["size"] == dam.world.ledger.size
    other = cosignature.vkey(NAMES[2], keys[NAMES[2]])
    refused("quorum.too-few", lambda: reached.require([*vkeys, other], 3))
    assert reached.pinned_quorum == tuple(vkeys)  # what could not be had changed nothing
    assert reached.require([], 0)["size"] == dam.world.ledger.size
    assert reached.pinned_quorum == ()


def test_a_receipt_is_held_against_what_cosigners_saw(dam: Served, closing: Closing) -> None:
    """Where that is asked: its checkpoint must be part of it."""
    key = seal.new_key()
    person = dam.person("member")
    reached = closing(dam.client(person))
    reached.trust()
    vkey = _seen(dam, key, NAMES[0])
    asked = Quorum(keys=(vkey,), least=1)

    first = dam.world.ledger.statement(dam.world.ledger.entry(0)[1])
    found = reached._proven(prove.receipt_of(dam.world, first))
    reached.vouched_for(found, asked)
    dam.person("another")
    later = reached._proven(prove.receipt_of(dam.world, first))
    refused("quorum.not-yet", lambda: reached.vouched_for(later, asked))


@pytest.mark.parametrize("field", ["quorum", "vouched"])
def test_pins_that_were_spoilt_are_no_reason_to_trust_anybody(dam: Served, closing: Closing, field: str) -> None:
    """A quorum or a checkpoint that cannot be read: refused, not forgotten."""
    vkey = _seen(dam, seal.new_key(), NAMES[0])
    reached = closing(client.connect(dam.url))
    reached.require([vkey], 1)
    pins = read_pins()
    write_private(home() / "pins.json", {dam.url: {**pins[dam.url], field: {"keys": 1}}})
    refused("client.pins-broken", reached.trust)


def test_peers_count_as_cosigners(tmp_path: Path) -> None:
    """What each dam cosigns of the other is what a client there may ask for."""
    dams: Pair = pair(tmp_path)
    follow.look(dams.us, dams.of(dams.us).id)
    push.tell(dams.kr, dams.of(dams.kr).id)

    (held,) = witnessed.cosignatures(dams.kr)
    assert witnessed.cosigned(dams.kr) == held
    quorum = Quorum(keys=(proposals.cosigner(dams.us),), least=1)
    ledger = dams.kr.ledger
    assert cosigners.vouched([held], quorum, vkey=ledger.vkey, prove=ledger.consistency).size == ledger.size
    assert peer.cosigner_of(dams.kr, dams.of(dams.kr).id) == proposals.cosigner(dams.us)
