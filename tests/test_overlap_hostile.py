"""Rounds and comparisons under attack: altered, replayed, foreign, unpadded, oversized; nothing of it is taken."""

import dataclasses
import itertools
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datadam import overlap, seal
from datadam.errors import DamError, Invalid, Untrusted
from datadam.overlap import wire
from datadam.seal import group

PLAN = overlap.Plan(
    standard="supply.supply-edge",
    period="2026-Q4",
    dams=("kr.example/log", "us.example/log"),
    caps=(8, 3, 2),
    decoys=0,
    countries=("CHN", "KOR"),
    stages=("mining", "processing"),
)
FIRST, SECOND = PLAN.dams


def items(*numbers: int) -> list[overlap.Item]:
    """A list of suppliers."""
    return [
        overlap.Item(supplier=f"BRN:KR:{number:07d}", country="CHN", stage="mining", essential=1) for number in numbers
    ]


class Stage(NamedTuple):
    """A whole round, message by message."""

    this: overlap.Round
    secrets: tuple[overlap.Secret, overlap.Secret]
    deep: bytes
    bags: dict[str, bytes]
    firsts: dict[str, bytes]
    seconds: dict[str, bytes]
    finals: dict[str, bytes]
    shares: dict[str, tuple[bytes, bytes]]
    found: overlap.Found
    reader: bytes
    handed: tuple[bytes, bytes]


def dealt(plan: overlap.Plan) -> tuple[overlap.Round, tuple[overlap.Secret, overlap.Secret]]:
    """A round of a plan, and both dams' secrets."""
    secrets = overlap.new_secret(), overlap.new_secret()
    return overlap.Round.of(plan, [overlap.part(plan, *one) for one in zip(plan.dams, secrets, strict=True)]), secrets


@cache
def stage() -> Stage:
    """A round of two makers that share one supplier."""
    this, secrets = dealt(PLAN)
    deep = overlap.bag(this, 2, items(9), [])
    bags = {name: overlap.bag(this, 0, items(number), []) for name, number in (("one", 9), ("two", 9))}
    firsts = {name: overlap.mix(this, FIRST, secrets[0], data) for name, data in bags.items()}
    seconds = {name: overlap.mix(this, SECOND, secrets[1], data) for name, data in firsts.items()}
    finals = {name: overlap.mix(this, FIRST, secrets[0], data) for name, data in seconds.items()}
    shares = {
        name: (
            overlap.shares(this, FIRST, secrets[0], data, seconds[name]),
            overlap.shares(this, SECOND, secrets[1], data, seconds[name]),
        )
        for name, data in finals.items()
    }
    found = overlap.found({name: overlap.tokens(this, data, shares[name]) for name, data in finals.items()})
    reader = overlap.new_reader()
    to = overlap.Reader(maker="one", key=group.public_of(reader))
    handed = tuple(
        overlap.handed(this, dam, secret, to, found, finals) for dam, secret in zip(PLAN.dams, secrets, strict=True)
    )
    return Stage(this, secrets, deep, bags, firsts, seconds, finals, shares, found, reader, (handed[0], handed[1]))


def take_bag(at: Stage, data: bytes) -> object:
    """A customer takes a bag."""
    return overlap.bag(at.this, 1, [], [data])


def take_first(at: Stage, data: bytes) -> object:
    """The second dam takes the first one's mix."""
    return overlap.mix(at.this, SECOND, at.secrets[1], data)


def take_second(at: Stage, data: bytes) -> object:
    """The first dam takes the second one's mix."""
    return overlap.mix(at.this, FIRST, at.secrets[0], data)


def take_last(at: Stage, data: bytes) -> object:
    """The second dam takes what the first one raised."""
    return overlap.shares(at.this, SECOND, at.secrets[1], data, at.seconds["one"])


def take_shares(at: Stage, data: bytes) -> object:
    """A dam takes the other's shares."""
    return overlap.tokens(at.this, at.finals["one"], (data, at.shares["one"][1]))


def take_handed(at: Stage, data: bytes) -> object:
    """A maker takes what a dam handed it."""
    return overlap.readings(at.this, at.reader, (data, at.handed[1]))


TAKEN: dict[str, tuple[Callable[[Stage], bytes], Callable[[Stage, bytes], object]]] = {
    "first": (lambda at: at.firsts["one"], take_first),
    "second": (lambda at: at.seconds["one"], take_second),
    "last": (lambda at: at.finals["one"], take_last),
    "shares": (lambda at: at.shares["one"][0], take_shares),
    "handed": (lambda at: at.handed[0], take_handed),
}


@pytest.mark.parametrize("name", ["second", "last", "shares", "handed"])
def test_what_is_proven_cannot_be_altered(name: str) -> None:
    """One bit anywhere, header, row or proof: refused. Every 7th byte, and each bit position."""
    at = stage()
    get, take = TAKEN[name]
    data = get(at)
    take(at, data)
    own = 32 if name in {"second", "last"} else 0  # by which its maker knows it again; others do not read it
    for place in range(0, len(data) - own, 7):
        altered = data[:place] + bytes([data[place] ^ (1 << place % 8)]) + data[place + 1 :]
        with pytest.raises(DamError):
            take(at, altered)


@pytest.mark.parametrize("name", [*TAKEN, "bag"])
def test_messages_are_taken_whole_or_not_at_all(name: str) -> None:
    """Cut, lengthened, empty, headless, of another number of rows, of another form."""
    at = stage()
    get, take = TAKEN.get(name, (lambda at: at.deep, take_bag))
    data = get(at)
    more = data[:12] + (int.from_bytes(data[12:16], "big") + 1).to_bytes(4, "big") + data[16:]
    other = at.handed[0] if name != "handed" else at.bags["one"]
    filled = data[:11] + b"\1" + data[12:]  # a byte that says nothing
    for wrong in (b"", data[:10], data[:48], data[:-1], data + b"\0", data[48:], more, filled, bytes(len(data)), other):
        with pytest.raises(DamError):
            take(at, wrong)


@pytest.mark.parametrize("name", [*TAKEN, "bag"])
def test_a_message_of_another_round_is_refused(name: str) -> None:
    """Also where another round has the same plan."""
    at = stage()
    get, take = TAKEN.get(name, (lambda at: at.deep, take_bag))
    this, secrets = dealt(PLAN)
    with pytest.raises(Untrusted, match=r"overlap\.round"):
        take(at._replace(this=this, secrets=secrets), get(at))


@pytest.mark.parametrize(
    "point", [bytes(32), b"\xff" * 32, (1).to_bytes(32, "little")], ids=["identity", "beyond", "-"]
)
@pytest.mark.parametrize("place", range(6))
def test_a_bag_with_the_identity_or_with_no_point_is_refused(point: bytes, place: int) -> None:
    """Wherever in a row; the identity would make of an unknown plaintext a known one."""
    at = stage()
    begin = wire.HEADER.size + 32 * place
    wrong = at.deep[:begin] + point + at.deep[begin + 32 :]
    with pytest.raises(Untrusted, match=r"overlap\.point"):
        take_bag(at, wrong)
    with pytest.raises(Untrusted, match=r"overlap\.point"):
        overlap.check_bag(at.this, 2, wrong)
    if place < 4:
        wrong = at.bags["one"][:begin] + point + at.bags["one"][begin + 32 :]
        with pytest.raises(Untrusted, match=r"overlap\.point"):
            overlap.mix(at.this, FIRST, at.secrets[0], wrong)


def test_a_bag_that_is_not_filled_up_is_refused() -> None:
    """Its size would tell how many suppliers are behind it; of another tier, too."""
    at = stage()
    rows = wire.cut(at.deep[wire.HEADER.size :], 192)[:1]
    short = wire.write(wire.Head(form=wire.Form.BAG, round_id=at.this.id, rows=1, tier=2), *rows)
    with pytest.raises(Invalid, match=r"overlap\.unpadded"):
        overlap.check_bag(at.this, 2, short)
    with pytest.raises(Invalid, match=r"overlap\.unpadded"):
        overlap.check_bag(at.this, 1, at.deep)
    with pytest.raises(Invalid, match=r"overlap\.unpadded"):
        overlap.mix(at.this, FIRST, at.secrets[0], at.deep)
    overlap.check_bag(at.this, 2, at.deep)
    overlap.check_bag(at.this, 0, at.bags["one"])


def test_a_bag_counts_once() -> None:
    """Given twice, it would fill a bag of two customers' room."""
    at = stage()
    this, _ = dealt(dataclasses.replace(PLAN, caps=(16, 8, 2)))
    deep = overlap.bag(this, 2, items(9), [])
    with pytest.raises(Invalid, match=r"overlap\.repeated"):
        overlap.bag(this, 1, [], [deep, deep])
    with pytest.raises(Invalid, match=r"overlap\.tier"):
        overlap.bag(at.this, 2, [], [at.deep])
    with pytest.raises(Invalid, match=r"overlap\.tier"):
        overlap.bag(at.this, 3, [], [])
    with pytest.raises(Invalid, match=r"overlap\.tier"):
        overlap.bag(at.this, -1, [], [])


def test_nothing_is_left_out_silently() -> None:
    """What does not go into the cap is refused, with what there is."""
    at = stage()
    with pytest.raises(Invalid, match=r"overlap\.cap") as caught:
        overlap.bag(at.this, 1, items(1, 2), [at.deep])
    assert caught.value.facts == {"tier": 1, "have": 4, "cap": 3}
    tight = dataclasses.replace(PLAN, caps=(20, 3, 2), decoys=1)
    with pytest.raises(Invalid, match=r"overlap\.cap") as caught:
        overlap.bag(dealt(tight)[0], 0, items(1, 2, 3), [])
    assert caught.value.facts["cap"] == 2  # room for decoys is kept, however few are drawn


def test_a_million_made_up_ids_are_refused() -> None:
    """A probe is as large as the public cap, not as its maker likes."""
    with pytest.raises(Invalid, match=r"overlap\.cap") as caught:
        overlap.bag(stage().this, 0, items(*range(1_000_000)), [])
    assert caught.value.facts["have"] == 1_000_000
    pair = pair_of("members")
    probes = [f"{number}" for number in range(1_000_000)]
    with pytest.raises(Invalid, match=r"overlap\.cap"):
        overlap.ask(pair, probes)
    with pytest.raises(Invalid, match=r"overlap\.cap"):
        overlap.answer(pair, probes, b"")


@pytest.mark.parametrize(
    ("field", "value"), [("country", "USA"), ("stage", "cell"), ("essential", 3), ("essential", -1)]
)
def test_a_code_out_of_the_table_is_refused_at_home(field: str, value: Any) -> None:
    """Before anything is encrypted."""
    item = dataclasses.replace(items(1)[0], **{field: value})
    with pytest.raises(Invalid, match=r"overlap\.code"):
        overlap.bag(stage().this, 0, [item], [])


@pytest.mark.parametrize(
    "supplier", ["Hanbit Graphite Co.", "", "BRN:KR:", "brn:kr:123", "BRN:KR:1\n", "LEI:한빛", "A:B"]
)
def test_names_are_never_matched(supplier: str) -> None:
    """A register and a number, written in one way; the error does not repeat what was given."""
    with pytest.raises(Invalid, match=r"overlap\.supplier") as caught:
        overlap.Item(supplier=supplier, country="CHN", stage="mining", essential=1)
    assert caught.value.facts == {}


# --- dams that do what is not theirs ----------------------------------------------------------------------------------


def test_each_dam_takes_its_own_steps() -> None:
    """Neither its own message again, nor a stranger's, nor what is through."""
    at = stage()
    for wrong, number in ((at.firsts["one"], 0), (at.seconds["one"], 1)):
        with pytest.raises(Invalid, match=r"overlap\.dam"):
            overlap.mix(at.this, PLAN.dams[number], at.secrets[number], wrong)
    with pytest.raises(Invalid, match=r"overlap\.dam"):
        overlap.mix(at.this, "jp.example/log", at.secrets[0], at.bags["one"])
    with pytest.raises(Invalid, match=r"overlap\.malformed"):
        overlap.mix(at.this, FIRST, at.secrets[0], at.finals["one"])
    steps = (at.bags["one"], at.firsts["one"], at.seconds["one"], at.finals["one"])
    for before, data in itertools.pairwise(steps):
        overlap.check_mixed(at.this, data, before)


def test_raising_by_another_exponent_is_refused() -> None:
    """An exponent of its own for one maker would let a dam hide what that maker shares, or mark its tokens."""
    at = stage()
    others = [overlap.Secret(secret.opening, group.random_scalar()) for secret in at.secrets]
    with pytest.raises(Untrusted, match=r"overlap\.proof"):
        take_second(at, overlap.mix(at.this, SECOND, others[1], at.firsts["one"]))
    wrong = overlap.mix(at.this, FIRST, others[0], at.seconds["one"])
    with pytest.raises(Untrusted, match=r"overlap\.proof"):
        take_last(at, wrong)
    with pytest.raises(Untrusted, match=r"overlap\.proof"):
        overlap.check_mixed(at.this, wrong, at.seconds["one"])
    stranger = overlap.Secret(group.random_scalar(), at.secrets[0].raising)
    last = overlap.mix(at.this, FIRST, stranger, at.seconds["one"])
    wrong = overlap.shares(at.this, FIRST, stranger, last, at.seconds["one"])
    with pytest.raises(Untrusted, match=r"overlap\.proof"):
        overlap.tokens(at.this, last, (wrong, overlap.shares(at.this, SECOND, at.secrets[1], last, at.seconds["one"])))


def forged_last(at: Stage, number: int, rows: list[bytes]) -> bytes:
    """A LAST in the name of a dam, of rows of somebody's choice, without that dam's tag."""
    head = wire.Head(form=wire.Form.LAST, round_id=at.this.id, rows=len(rows), dam=number)
    source = wire.digest(at.bags["one"])
    base = group.random_point()
    return wire.write(head, source, wire.digest(at.seconds["one"]), base, *rows, bytes(64), bytes(32))


def test_no_dam_decrypts_what_the_other_likes() -> None:
    """Rows of a bag in place of what was raised would be opened to H(id), to try all numbers of a register on."""
    at = stage()
    rows = wire.cut(at.bags["two"][wire.HEADER.size :], 128)
    for number, (dam, secret) in enumerate(zip(PLAN.dams, at.secrets, strict=True)):
        for name in (0, 1):
            with pytest.raises(DamError):
                overlap.shares(at.this, dam, secret, forged_last(at, name, rows), at.seconds["one"])
        own = (at.finals if number == 0 else at.seconds)["one"]
        untagged = own[:-1] + bytes([own[-1] ^ 1])
        with pytest.raises(Untrusted, match=r"overlap\.before"):
            overlap.shares(
                at.this,
                dam,
                secret,
                untagged if number == 0 else at.finals["one"],
                at.seconds["one"] if number == 0 else untagged,
            )
    # a LAST and a SECOND that are both of the other dam: this one would add nothing of its own
    other = overlap.mix(at.this, SECOND, at.secrets[1], overlap.mix(at.this, FIRST, at.secrets[0], at.bags["one"]))
    last = overlap.mix(at.this, FIRST, at.secrets[0], other)
    with pytest.raises(Untrusted, match=r"overlap\.before"):
        overlap.shares(at.this, SECOND, at.secrets[1], last, at.seconds["one"])
    backwards = overlap.mix(at.this, FIRST, at.secrets[0], overlap.mix(at.this, SECOND, at.secrets[1], at.bags["one"]))
    with pytest.raises(Untrusted, match=r"overlap\.before"):
        overlap.shares(at.this, SECOND, at.secrets[1], at.finals["one"], backwards)


def test_messages_of_one_bag_do_not_serve_another() -> None:
    """Steps of another bag, shares of another last: told by the digests that they carry."""
    at = stage()
    for data, before in (
        (at.finals["two"], at.seconds["one"]),
        (at.seconds["two"], at.firsts["one"]),
        (at.firsts["two"], at.bags["one"]),
    ):
        with pytest.raises(Untrusted, match=r"overlap\.before"):
            overlap.check_mixed(at.this, data, before)
    with pytest.raises(Untrusted, match=r"overlap\.before"):
        take_shares(at, at.shares["two"][0])
    with pytest.raises(Invalid, match=r"overlap\.malformed"):
        take_shares(at, at.shares["one"][1])
    with pytest.raises(Invalid, match=r"overlap\.malformed"):
        overlap.tokens(at.this, at.finals["one"], at.shares["one"][:1])
    this, secrets = dealt(PLAN)
    foreign = overlap.mix(this, SECOND, secrets[1], overlap.mix(this, FIRST, secrets[0], overlap.bag(this, 0, [], [])))
    with pytest.raises(Untrusted, match=r"overlap\.round"):
        overlap.check_mixed(at.this, at.finals["one"], foreign)


def test_codes_are_for_one_reader_and_from_both_dams() -> None:
    """One dam's message twice, another reader's, messages that differ."""
    at = stage()
    assert overlap.readings(at.this, at.reader, at.handed) == (overlap.Reading("CHN", "mining", 1, 2),)
    with pytest.raises(Invalid, match=r"overlap\.malformed"):
        overlap.readings(at.this, at.reader, (at.handed[0], at.handed[0]))
    with pytest.raises(Invalid, match=r"overlap\.malformed"):
        overlap.readings(at.this, at.reader, at.handed[:1])
    with pytest.raises(Untrusted, match=r"overlap\.reader"):
        overlap.readings(at.this, overlap.new_reader(), at.handed)
    to = overlap.Reader(maker="one", key=group.public_of(at.reader))
    none = overlap.handed(at.this, SECOND, at.secrets[1], to, overlap.Found(()), at.finals)
    with pytest.raises(Untrusted, match=r"overlap\.before"):
        overlap.readings(at.this, at.reader, (at.handed[0], none))
    other = overlap.mix(at.this, FIRST, at.secrets[0], at.seconds["two"])
    position = wire.HEADER.size + 64
    mixed = {**at.finals, "two": other[:position] + group.random_point() + other[position + 32 :]}
    with pytest.raises(Untrusted, match=r"overlap\.before"):
        overlap.handed(at.this, FIRST, at.secrets[0], to, at.found, mixed)


def test_a_reading_key_must_be_its_makers_own() -> None:
    """Else a maker could hand in another's, and codes would be turned to it."""
    at = stage()
    told = overlap.reader(at.this, "one", at.reader)
    assert overlap.check_reader(at.this, "one", told) == group.public_of(at.reader)
    with pytest.raises(Untrusted, match=r"overlap\.proof"):
        overlap.check_reader(at.this, "two", told)
    with pytest.raises(Untrusted, match=r"overlap\.proof"):
        overlap.check_reader(dealt(PLAN)[0], "one", told)
    for wrong in (None, {}, {**told, "more": ""}, {**told, "key": 1}, {**told, "proof": None}):
        with pytest.raises(Invalid, match=r"overlap\.malformed"):
            overlap.check_reader(at.this, "one", wrong)
    with pytest.raises(Untrusted, match=r"overlap\.point"):
        overlap.check_reader(at.this, "one", {**told, "key": seal.encode(bytes(32))})


# --- plans and parts --------------------------------------------------------------------------------------------------


def test_a_round_is_read_as_it_was_written() -> None:
    """Through JSON; its id rests on all of it."""
    at = stage()
    read = overlap.Round.from_json(seal.parse(seal.canonical(at.this.to_json())))
    assert (read, read.id, read.key) == (at.this, at.this.id, at.this.key)
    assert dealt(PLAN)[0].id != at.this.id
    secret = at.secrets[0]
    assert overlap.Secret.from_bytes(secret.to_bytes()) == secret
    assert secret.opening.hex() not in repr(secret)
    for wrong in (b"", bytes(64), secret.to_bytes()[:-1], secret.to_bytes() + b"\0"):
        with pytest.raises(Untrusted, match=r"overlap\.scalar"):
            overlap.Secret.from_bytes(wrong)


@pytest.mark.parametrize(
    "change",
    [
        {"standard": ""},
        {"period": "x" * 81},
        {"standard": 1},
        {"dams": [FIRST]},
        {"dams": [SECOND, FIRST]},
        {"dams": [FIRST, FIRST]},
        {"dams": [FIRST, 1]},
        {"caps": [8]},
        {"caps": []},
        {"caps": [8, 0]},
        {"caps": [8, True]},
        {"caps": [8, 100_001]},
        {"caps": [1] * 7},
        {"decoys": -1},
        {"decoys": 101},
        {"decoys": True},
        {"decoys": 1},
        {"countries": []},
        {"countries": ["KOR", "CHN"]},
        {"stages": [f"s{number:05d}" for number in range(11_000)]},
        {"stages": "mining"},
        {"more": 1},
    ],
    ids=str,
)
def test_a_plan_that_is_none_is_refused(change: dict[str, Any]) -> None:
    """Each field by itself; `true` is no number; decoys that fill a maker's bag leave no room."""
    with pytest.raises(Invalid, match=r"overlap\.plan"):
        overlap.Plan.from_json({**PLAN.to_json(), **change})


def test_a_plan_is_an_object_of_its_fields() -> None:
    """Nothing else, and none missing."""
    told = PLAN.to_json()
    assert overlap.Plan.from_json(told) == PLAN
    wrongs: list[object] = [None, [], {name: told[name] for name in told if name != "caps"}]
    for wrong in wrongs:
        with pytest.raises(Invalid, match=r"overlap\.plan"):
            overlap.Plan.from_json(wrong)


def test_a_part_that_proves_nothing_is_refused() -> None:
    """Of another plan or dam, a rogue key, keys that cancel one another, a dam missing or twice."""
    secrets = [overlap.new_secret() for _ in range(2)]
    first, second = (overlap.part(PLAN, dam, secret) for dam, secret in zip(PLAN.dams, secrets, strict=True))
    later = overlap.part(dataclasses.replace(PLAN, period="2027-Q1"), SECOND, secrets[1])
    cancelling = group.subtract(group.random_point(), group.public_of(secrets[0].opening))
    for wrong in (
        later,
        {**second, "raising": second["opening"]},
        {**second, "opening": seal.encode(cancelling)},
        {**second, "proofs": second["proofs"][::-1]},
        {**first, "dam": SECOND},
    ):
        with pytest.raises(Untrusted, match=r"overlap\.proof"):
            overlap.Round.of(PLAN, [first, wrong])
    for parts in ([first], [first, first], [first, overlap.part(PLAN, "jp.example/log", secrets[1])]):
        with pytest.raises(Invalid, match=r"overlap\.plan"):
            overlap.Round.of(PLAN, parts)
    shapeless: list[object] = [
        {**second, "proofs": second["proofs"][:1]},
        {**second, "proofs": [1, 2]},
        {"dam": SECOND},
    ]
    for part in shapeless:
        with pytest.raises(Invalid, match=r"overlap\.plan"):
            overlap.Round.of(PLAN, [first, part])
    with pytest.raises(Untrusted, match=r"overlap\.point"):
        overlap.Round.of(PLAN, [first, {**second, "opening": seal.encode(bytes(32))}])


def test_keys_that_cancel_open_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if both dams agreed on it: under the identity everything would be in clear."""
    secret = overlap.new_secret()
    negative = (group.ORDER - int.from_bytes(secret.opening, "little")).to_bytes(32, "little")
    parts = [overlap.part(PLAN, FIRST, secret), overlap.part(PLAN, SECOND, overlap.Secret(negative, secret.raising))]
    with pytest.raises(Untrusted, match=r"overlap\.point"):
        overlap.Round.of(PLAN, parts)
    monkeypatch.undo()


@pytest.mark.parametrize("nonce", [b"", bytes(31), bytes(33)])
def test_a_commitment_needs_a_whole_nonce(nonce: bytes) -> None:
    """With a short one, whoever knows the suppliers of a country could try them all."""
    with pytest.raises(Invalid, match=r"overlap\.nonce"):
        overlap.commitment(stage().this, items(1), nonce)


# --- two parties ------------------------------------------------------------------------------------------------------


def pair_of(what: str, **facts: Any) -> overlap.Pair:
    """Two parties who compare."""
    told = {"asker": "m-1", "holder": "m-2", "about": "cti.indicator", "period": "2026-11", "asks": 5, "holds": 8}
    return overlap.Pair(**{**told, "what": what, **facts})


values = st.sets(st.sampled_from([f"192.0.2.{number}" for number in range(12)]), max_size=8)


@settings(max_examples=15, deadline=None)
@given(asks=values, holds=values)
def test_two_parties_learn_what_a_plain_comparison_shows(asks: set[str], holds: set[str]) -> None:
    """How many, or which; and both messages have one size, whatever is in them."""
    asks = set(sorted(asks)[:5])
    for what in ("size", "members"):
        pair = pair_of(what)
        kept, message = overlap.ask(pair, asks)
        answered = overlap.answer(pair, holds, message)
        assert (len(message), len(answered)) == (48 + 5 * 32, 48 + 13 * 32 + 96)
        kept = overlap.Asked.from_bytes(kept.to_bytes())
        if what == "size":
            assert overlap.overlap_size(pair, kept, answered) == len(asks & holds)
        else:
            assert overlap.known(pair, kept, answered) == tuple(sorted(asks & holds))
        told = message + answered
        points = [group.hashed(pair.id + value.encode(), b"datadam/match/value/v1") for value in asks | holds]
        assert not [one for one in points if one in told]
        assert b"192.0.2" not in told


def test_how_many_does_not_say_which() -> None:
    """What comes back is shuffled: over 64 runs the one hit is not always in the row that was sent."""
    pair = pair_of("size")
    moved = 0
    for _ in range(64):
        kept, message = overlap.ask(pair, ["a", "b"])
        answered = overlap.answer(pair, ["a"], message)
        given = [group.multiply(group.inverse(kept.secret), one) for one in wire.cut(answered[48 : 48 + 160], 32)]
        held = wire.cut(answered[48 + 160 : -96], 32)
        moved += [one in held for one in given].index(True) != kept.values.index("a")
    assert moved > 32  # four of five are expected; 32 or fewer come once in a million


def test_an_answer_cannot_be_altered() -> None:
    """Members: what came back is proven. Size: only that its maker held an exponent, and for this question."""
    pair = pair_of("members")
    kept, message = overlap.ask(pair, ["a", "b"])
    answered = overlap.answer(pair, ["b"], message)
    for place in [*range(0, 48 + 160, 5), *range(len(answered) - 96, len(answered), 5)]:
        altered = answered[:place] + bytes([answered[place] ^ 1]) + answered[place + 1 :]
        with pytest.raises(DamError):
            overlap.known(pair, kept, altered)
    for wrong in (answered[:-1], answered + b"\0", b"", message, answered[:48] + bytes(32) + answered[80:]):
        with pytest.raises(DamError):
            overlap.known(pair, kept, wrong)
    other, _ = overlap.ask(pair, ["a", "b"])
    with pytest.raises(Untrusted, match=r"overlap\.proof"):
        overlap.known(pair, other, answered)
    sized = pair_of("size")
    kept, message = overlap.ask(sized, ["a"])
    answered = overlap.answer(sized, ["a"], message)
    with pytest.raises(Untrusted, match=r"overlap\.proof"):
        overlap.overlap_size(sized, overlap.ask(sized, ["a"])[0], answered)
    with pytest.raises(Invalid, match=r"overlap\.plan"):
        overlap.known(sized, kept, answered)


def test_a_question_cannot_be_altered_or_moved() -> None:
    """Of another pair, unpadded, with the identity, with an empty value."""
    pair = pair_of("members")
    _, message = overlap.ask(pair, ["a"])
    with pytest.raises(Untrusted, match=r"overlap\.round"):
        overlap.answer(pair_of("members", period="2026-12"), ["a"], message)
    with pytest.raises(Untrusted, match=r"overlap\.round"):
        overlap.answer(pair_of("size"), ["a"], message)
    short = wire.write(wire.Head(form=wire.Form.ASKED, round_id=pair.id, rows=4), message[48 : 48 + 128])
    with pytest.raises(Invalid, match=r"overlap\.unpadded"):
        overlap.answer(pair, ["a"], short)
    with pytest.raises(Untrusted, match=r"overlap\.point"):
        overlap.answer(pair, ["a"], message[:-32] + bytes(32))
    with pytest.raises(Invalid, match=r"overlap\.malformed"):
        overlap.ask(pair, [""])


@pytest.mark.parametrize(
    "change",
    [
        {"asker": ""},
        {"asker": "m-2"},
        {"what": "names"},
        {"asks": 0},
        {"asks": True},
        {"holds": 100_001},
        {"holds": "8"},
        {"period": "x" * 81},
        {"more": 1},
    ],
    ids=str,
)
def test_a_comparison_that_is_none_is_refused(change: dict[str, Any]) -> None:
    """Each field by itself."""
    told = pair_of("size").to_json()
    assert overlap.Pair.from_json(told) == pair_of("size")
    with pytest.raises(Invalid, match=r"overlap\.plan"):
        overlap.Pair.from_json({**told, **change})


def test_both_parties_commit_to_their_lists() -> None:
    """As in a round: order does not matter, everything else does."""
    pair, nonce = pair_of("size"), bytes(32)
    digest = overlap.pair_commitment(pair, ["b", "a"], nonce)
    assert overlap.pair_commitment(pair, ["a", "b", "a"], nonce) == digest
    others = {
        overlap.pair_commitment(pair, ["a"], nonce),
        overlap.pair_commitment(pair, ["a", "b"], b"\1" * 32),
        overlap.pair_commitment(pair_of("members"), ["a", "b"], nonce),
    }
    assert len(others | {digest}) == 4
