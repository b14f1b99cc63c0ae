"""What came of a round, shown to somebody who took no part: only when every maker signed, and nothing else of it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import matches
from bundles import reader
from datadam import overlap, seal
from datadam.client.showing import BLOCK, read_sheet, together, written
from datadam.dam import contact, order, round, rounding, showing, state  # noqa: A004  (the noun)
from datadam.dam.login import Caller
from datadam.errors import Invalid, Refused, Untrusted
from datadam.model import Json, Kind, Statement, instant
from datadam.obligations import showings
from datadam.obligations.view import View, look
from datadam.overlap import Reading
from datadam.rounds import TERMS
from guests import enters
from matches import Maker, a_maker, item
from peered_dams import Pair
from worlds import START, Person, forward, rebuilds, refused

UNTIL = "2026-12-31T00:00:00Z"
FOUND = Reading("CHN", matches.GRAPHITE, 2, 2)


@dataclass
class Scene:
    """A round that is over, its makers, and a ministry of the Korean dam with the key that it reads with."""

    made: Pair
    this: overlap.Round
    makers: tuple[Maker, Maker, Maker]
    ministry: Person
    key: seal.Jwk

    @property
    def id(self) -> str:
        """The round's id."""
        return self.this.id.hex()

    def asks(self, by: Person | None = None, **changes: object) -> Statement:
        """The terms, signed by who asks."""
        who = by or self.ministry
        facts: Json = {"member": who.id, "round": self.id, "purpose": "supply-chain-resilience", "until": UNTIL}
        facts = {**facts, "terms": list(TERMS), "reader": seal.reading_key(self.key), **changes}
        return seal.state(Kind.SHOWING, facts, issued=instant(self.made.kr.clock()), key=who.key)

    def requested(self) -> str:
        """Ask; the id."""
        told = showing.request(self.made.kr, self.ministry.caller, self.id, seal.envelope(self.asks()))
        return str(told["showing"])

    def consents(self, maker: Maker, asked: str) -> Json:
        """A maker signs and seals what it read: the last one shares nothing."""
        read = () if maker is self.makers[-1] else (FOUND,)
        sheet = seal.sealed(written(asked, read), seal.reading_key(self.key))
        return showing.consent(self.made.kr, maker.person.caller, asked, sending(maker.person, asked, sheet))

    def sees(self) -> tuple[Json, list[tuple[Reading, ...]]]:
        """Be shown it: what the dam says, and what each sheet has."""
        told = showing.view(self.made.kr, self.ministry.caller, self.id)
        asked = told["receipt"]["statement"]
        body = seal.opened(seal.canonical(asked)).body
        return body, [read_sheet(body["showing"], seal.unsealed(one, self.key)) for one in told["sheets"]]


def sending(person: Person, asked: str, sheet: str, *, digest: str | None = None) -> bytes:
    """What a maker sends: its signature under the terms, and the sealed sheet."""
    facts = {"member": person.id, "showing": asked, "sheet": digest or seal.digest(sheet.encode())}
    statement = seal.state(Kind.CONSENT, facts, issued=instant(START), key=person.key)
    return seal.canonical({"consent": seal.parse(seal.envelope(statement)), "sheet": sheet})


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """Two of three makers of two dams depend on one supplier; the American one is a guest in Korea.

    That they do the Korean log says; `test_rounds_served` goes all the way there.
    """
    made = matches.two(tmp_path)
    this = matches.opened(made)
    makers = (
        a_maker(made.kr, "One", [item(1)]),
        a_maker(made.us, "Two", [item(2)], jurisdiction="US"),
        a_maker(made.kr, "Three", [item(3)]),
    )
    named = [{"member": one.id, "dam": one.world.settings.name} for one in makers]
    over: Json = {"round": this.id.hex(), "member": None, "state": "found", "reason": None, "makers": named}
    over = {**over, "shared": [], "handed": [], "shows": 0, "commitment": None}
    state.record(made.kr, state.statement(made.kr, Kind.MATCH, over))
    matches.know(made)
    enters(made, made.kr, makers[1].person)
    ministry = Person("Ministry", roles=("consumer",)).joins(made.kr)
    return Scene(made=made, this=this, makers=makers, ministry=ministry, key=seal.new_reading_key())


def logged(scene: Scene) -> list[dict[str, Any]]:
    """What the dam's log says of every time that the ministry wanted to see it."""
    found = (scene.made.kr.ledger.statement(id) for _, id in scene.made.kr.ledger.entries())
    return [dict(one.body) for one in found if one.kind is Kind.SHOWN]


# --- every maker signs ------------------------------------------------------------------------------------------------


def test_nothing_is_shown_before_every_maker_signed_and_each_no_is_logged(scene: Scene) -> None:
    """No terms, then one, then two of three makers: refused with the reason; with the third it is shown."""
    view = (scene.made.kr, scene.ministry.caller, scene.id)
    none = refused("showing.none", lambda: showing.view(*view))
    assert none.facts["statement"] == scene.made.kr.ledger.entry(scene.made.kr.ledger.size - 1)[1]
    asked = scene.requested()
    for signed, maker in enumerate(scene.makers):
        error = refused("showing.unsigned", lambda: showing.view(*view))
        assert (error.facts["signed"], error.facts["makers"]) == (signed, 3)
        scene.consents(maker, asked)
    body, sheets = scene.sees()
    assert sorted(sheets) == [(), (FOUND,), (FOUND,)]
    assert together(sheets) == ((FOUND,), True)
    assert (body["makers"], len(body["sheets"])) == (3, 3)
    answers = [(one["allowed"], one["reasons"]) for one in logged(scene)]
    assert answers == [(False, ["showing.none"]), *[(False, ["showing.unsigned"])] * 3, (True, [])]
    rebuilds(scene.made.kr)


def test_whose_sheet_is_whose_is_told_to_nobody_but_auditors(scene: Scene) -> None:
    """Sheets have one size and come in the order of their digests; signatures under terms are the makers' to read."""
    asked = scene.requested()
    for maker in scene.makers:
        scene.consents(maker, asked)
    told = showing.view(scene.made.kr, scene.ministry.caller, scene.id)
    assert len({len(one) for one in told["sheets"]}) == 1
    digests = [seal.digest(one.encode()) for one in told["sheets"]]
    assert digests == sorted(digests)
    text = seal.canonical(told).decode()
    assert not any(maker.id in text for maker in scene.makers)
    assert all(maker.id not in seal.canonical(one).decode() for one in logged(scene) for maker in scene.makers)


def test_a_maker_sees_who_asks_and_what_for_before_it_signs(scene: Scene) -> None:
    """Makers of both dams see it proven; whoever is none of them sees nothing."""
    asked = scene.requested()
    for maker in scene.makers:
        (one,) = showing.listed(scene.made.kr, maker.person.caller, scene.id)["items"]
        assert (one["showing"], one["member"], one["jurisdiction"]) == (asked, scene.ministry.id, "KR")
        assert (one["signed"], one["makers"], one["by_you"]) == (0, 3, False)
    scene.consents(scene.makers[0], asked)
    (one,) = showing.listed(scene.made.kr, scene.makers[0].person.caller, scene.id)["items"]
    assert (one["signed"], one["by_you"]) == (1, True)
    other = Person("Other").joins(scene.made.kr)
    assert showing.listed(scene.made.kr, other.caller, scene.id) == {"items": []}


def test_the_same_again_is_the_same(scene: Scene) -> None:
    """An answer may be lost: terms and consents that are sent again change nothing."""
    sent = seal.envelope(scene.asks())
    first = showing.request(scene.made.kr, scene.ministry.caller, scene.id, sent)
    size = scene.made.kr.ledger.size
    assert showing.request(scene.made.kr, scene.ministry.caller, scene.id, sent)["showing"] == first["showing"]
    maker, asked = scene.makers[0], str(first["showing"])
    sheet = seal.sealed(written(asked, ()), seal.reading_key(scene.key))
    data = sending(maker.person, asked, sheet)
    for _ in range(2):
        showing.consent(scene.made.kr, maker.person.caller, asked, data)
    assert scene.made.kr.ledger.size == size + 1
    refused("showing.consented", lambda: scene.consents(maker, asked))


def test_a_consent_that_was_cut_short_is_said_again(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dam that stops between keeping a sheet and logging its consent: what is sealed anew differs and is taken."""
    asked = scene.requested()

    def stops(*_: object) -> int:
        raise OSError

    with monkeypatch.context() as cut:
        cut.setattr(state, "record", stops)
        with pytest.raises(OSError, match="^$"):
            scene.consents(scene.makers[0], asked)
    for maker in scene.makers:
        scene.consents(maker, asked)
    assert sorted(scene.sees()[1]) == [(), (FOUND,), (FOUND,)]


# --- what ends it -----------------------------------------------------------------------------------------------------


def test_an_order_or_silence_or_the_end_of_its_time_stops_it(scene: Scene) -> None:
    """Whatever would stop rows of the standard stops this too; after its day it takes new terms."""
    asked = scene.requested()
    for maker in scene.makers:
        scene.consents(maker, asked)
    world, view = scene.made.kr, (scene.made.kr, scene.ministry.caller, scene.id)
    stop = order.suspend(world, ["confidential"], ["KR"], standard=matches.STANDARD, reason="r", ground="g")
    refused("ask.order", lambda: showing.view(*view))
    order.lift(world, stop.id, "over")
    assert scene.sees()
    scene.made.cut(scene.made.us)
    forward(world, days=60)
    contact.settle(world)
    refused("showing.over", lambda: showing.view(*view))
    assert logged(scene)[-1]["reasons"] == ["showing.over", "ask.peer-silent"]


def test_when_the_operator_forgot_what_was_kept_nothing_is_shown(scene: Scene) -> None:
    """Closing a round that is over forgets the sheets with the rest."""
    asked = scene.requested()
    for maker in scene.makers:
        scene.consents(maker, asked)
    rounding.close(scene.made.kr, scene.id, "fetched")
    refused("showing.sheets-gone", scene.sees)


def test_whoever_asks_too_often_fills_no_log(scene: Scene) -> None:
    """Refusals of a member and day are bounded, as those of decisions are."""
    world = scene.made.kr
    most = world.settings.member_refusals_per_day
    for _ in range(most):
        assert world.decisions.may_deny(scene.ministry.id, instant(world.clock())[:10], most)
    size = world.ledger.size
    refused("ask.too-many", scene.sees)
    assert world.ledger.size == size


# --- what is refused --------------------------------------------------------------------------------------------------


def test_terms_that_are_none_are_refused_before_anything_is_logged(scene: Scene) -> None:
    """Another's name, a maker, somebody who takes no rows, a day that is over or far off, a key that reads nothing."""
    world, caller = scene.made.kr, scene.ministry.caller
    size = world.ledger.size

    def ask(statement: Statement, by: Caller = caller, id: str = scene.id) -> Json:
        return showing.request(world, by, id, seal.envelope(statement))

    maker, plain = scene.makers[0].person, Person("Plain", roles=("contributor",)).joins(world)
    size += 1
    refused("showing.not-yours", lambda: ask(scene.asks(), maker.caller))
    refused("showing.not-yours", lambda: ask(scene.asks(round="1" * 64)))
    refused("round.unknown", lambda: ask(scene.asks(round="1" * 64), id="1" * 64))
    refused("showing.own", lambda: ask(scene.asks(maker), maker.caller))
    refused("ask.not-consumer", lambda: ask(scene.asks(plain), plain.caller))
    refused("ask.login-needed", lambda: ask(scene.asks(), Caller()))
    for until in ("2026-11-01T00:00:00Z", "2028-01-01T00:00:00Z"):
        refused("showing.until-wrong", lambda until=until: ask(scene.asks(until=until)))  # type: ignore[misc]
    weak = {"kty": "OKP", "crv": "X25519", "x": seal.encode(bytes(32))}
    refused("key.point-weak", lambda: ask(scene.asks(reader=weak)))
    old = seal.state(Kind.SHOWING, facts_of(scene.asks()), issued="2026-01-01T00:00:00Z", key=scene.ministry.key)
    refused("round.not-fresh", lambda: ask(old))
    forged = seal.state(Kind.SHOWING, facts_of(scene.asks()), issued=instant(START), key=maker.key)
    with pytest.raises(Untrusted):
        ask(forged)
    assert world.ledger.size == size
    scene.requested()
    refused("showing.repeated", lambda: ask(scene.asks()))


def facts_of(statement: Statement) -> dict[str, object]:
    """What a statement says."""
    return {name: value for name, value in statement.body.items() if name not in {"v", "kind", "salt", "issued"}}


def test_only_makers_agree_and_only_for_themselves(scene: Scene) -> None:
    """Another member, another's name, another sheet than the one signed for, one that is too large, nothing asked."""
    world, asked = scene.made.kr, scene.requested()
    maker, other = scene.makers[0].person, Person("Other").joins(world)
    sheet = seal.sealed(written(asked, ()), seal.reading_key(scene.key))

    def agree(by: Person, data: bytes, id: str = asked) -> Json:
        return showing.consent(world, by.caller, id, data)

    refused("showing.not-maker", lambda: agree(other, sending(other, asked, sheet)))
    refused("showing.not-yours", lambda: agree(other, sending(maker, asked, sheet)))
    refused("showing.not-yours", lambda: agree(maker, sending(maker, asked, sheet), "1" * 64))
    refused("showing.unknown", lambda: agree(maker, sending(maker, "1" * 64, sheet), "1" * 64))
    refused("showing.sheet-other", lambda: agree(maker, sending(maker, asked, sheet, digest="1" * 64)))
    refused("showing.sheet-large", lambda: agree(maker, sending(maker, asked, "x" * (seal.MAX_SEALED + 1))))
    refused("showing.sheet-large", lambda: agree(maker, b" " * (3 * seal.MAX_SEALED)))
    refused("request.malformed", lambda: agree(maker, b"{}"))
    refused("ask.login-needed", lambda: showing.consent(world, Caller(), asked, sending(maker, asked, sheet)))


def test_a_round_without_a_result_is_shown_to_nobody(tmp_path: Path) -> None:
    """While it runs there is nothing to ask for."""
    made = matches.two(tmp_path)
    id = matches.opened(made).id.hex()
    person = Person("Ministry", roles=("consumer",)).joins(made.kr)
    assert showing.listed(made.kr, person.caller, id) == {"items": []}
    refused("round.no-result", lambda: showing.view(made.kr, person.caller, id))
    assert showing.makers(made.kr, round.find(made.kr, id)) == frozenset()


@pytest.mark.parametrize(
    ("kind", "changes", "code"),
    [
        (Kind.SHOWN, {"allowed": True}, "showing.shown-wrong"),  # without a sheet of each maker
        (Kind.SHOWN, {"allowed": True, "showing": None, "makers": 0}, "showing.shown-wrong"),
        (Kind.SHOWN, {"allowed": True, "reasons": ["showing.none"]}, "showing.shown-wrong"),
        (Kind.SHOWN, {"sheets": ["1" * 64], "reasons": ["showing.none"]}, "showing.shown-wrong"),
        (Kind.SHOWING, {"round": "1" * 64}, "showing.wrong"),
        (Kind.SHOWING, {}, "showing.repeated"),
        (Kind.CONSENT, {"showing": "1" * 64}, "showing.consent-wrong"),
    ],
)
def test_a_log_cannot_say_what_was_not_agreed(scene: Scene, kind: Kind, changes: Json, code: str) -> None:
    """What a dam must not log it cannot: folding it anew refuses it."""
    asked, member = scene.requested(), scene.ministry.id
    facts: dict[Kind, Json] = {
        Kind.SHOWN: {"showing": asked, "allowed": False, "reasons": [], "makers": 3, "sheets": [], "round": scene.id},
        Kind.SHOWING: facts_of(scene.asks()),
        Kind.CONSENT: {"showing": asked, "sheet": "1" * 64},
    }
    told, issued = {"member": member, **facts[kind], **changes}, instant(START)
    key = scene.made.kr.secrets.private_key("sign") if kind is Kind.SHOWN else scene.ministry.key
    refused(code, lambda: state.record(scene.made.kr, seal.state(kind, told, issued=issued, key=key)))


# --- what a log proves of it ------------------------------------------------------------------------------------------


def seen(scene: Scene, *kinds: Kind) -> View:
    """The Korean log as it is shown to somebody from whom bodies of these kinds are kept."""
    world = scene.made.kr

    def bodies(id: str) -> bytes | None:
        data = world.bodies.get(id)
        return None if seal.opened(data).kind in kinds else data

    return look(reader(world), vkey=world.ledger.vkey, bodies=bodies, now=world.clock())


def told(scene: Scene) -> str:
    """Ask, be refused twice, be shown it twice; the id of the terms."""
    asked = scene.requested()
    for maker in scene.makers:
        if maker is not scene.makers[0]:
            refused("showing.unsigned", scene.sees)
        scene.consents(maker, asked)
    scene.sees()
    scene.sees()
    return asked


def test_a_log_proves_that_all_makers_signed(scene: Scene) -> None:
    """Once, with the refusals before; to whom makers' signatures are not shown, it is told that they were not."""
    told(scene)
    (whole,) = showings.shown(seen(scene))
    assert (whole.round, whole.member, whole.makers) == (scene.id, scene.ministry.id, 3)
    assert (whole.refused, whole.whole) == (2, True)
    for kinds in ((Kind.CONSENT,), (Kind.MATCH,), (Kind.SHOWING,), (Kind.CONSENT, Kind.SHOWING, Kind.MATCH)):
        (part,) = showings.shown(seen(scene, *kinds))
        assert not part.whole


def other(view: View, kind: Kind, place: int = 0, **changes: object) -> View:
    """The same log in which one statement of a kind says something else."""
    which = view.of(kind)[place]
    changed = replace(which, statement=replace(which.statement, body={**which.body, **changes}))
    return replace(view, logged=tuple(changed if one is which else one for one in view.logged))


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        (Kind.SHOWN, {"allowed": False}),
        (Kind.SHOWN, {"reasons": ["showing.none"]}),
        (Kind.SHOWN, {"makers": 2}),
        (Kind.SHOWN, {"sheets": ["1" * 64]}),
        (Kind.SHOWN, {"showing": "1" * 64}),
        (Kind.SHOWN, {"member": "m-" + "1" * 20}),
        (Kind.SHOWING, {"until": "2026-01-01T00:00:00Z"}),
        (Kind.CONSENT, {"sheet": "1" * 64}),
        (Kind.CONSENT, {"showing": "1" * 64}),
        (Kind.CONSENT, {"member": "m-" + "1" * 20}),
        (Kind.MATCH, {"makers": []}),
        (Kind.MATCH, {"state": "ended"}),
    ],
    ids=range(12),
)
def test_a_log_that_shows_more_than_was_signed_is_found(scene: Scene, kind: Kind, changes: dict[str, object]) -> None:
    """A yes without all signatures, other sheets than those signed for, terms that were over or another's."""
    told(scene)
    view = other(seen(scene), kind, -1, **changes)
    refused("bundle.shown-other", lambda: list(showings.shown(view)))


# --- sheets -----------------------------------------------------------------------------------------------------------

readings = st.lists(
    st.builds(
        Reading, st.sampled_from(["CHN", "KOR"]), st.sampled_from(["250410", "380110"]), st.integers(0, 2), st.just(2)
    ),
    max_size=5,
)


@given(readings)
def test_put_together_each_supplier_is_told_once(shared: list[Reading]) -> None:
    """Two of three makers share all of them: what is put together is what they share, in one order."""
    found, agreed = together([shared, list(reversed(shared)), []])
    assert agreed
    assert sorted(found) == sorted(shared)


def test_makers_that_read_otherwise_are_told_apart() -> None:
    """One supplier, of which two networks said another band: both lines are told, and that they differ."""
    other = Reading("CHN", matches.GRAPHITE, 1, 2)
    assert together([[FOUND], [other]]) == ((other, FOUND), False)


@pytest.mark.parametrize(
    ("sheets", "told"),
    [
        ([[FOUND, FOUND], [], []], 2),  # as many lines as two makers would have
        ([[FOUND] * 10, [], []], 10),
        ([[FOUND] * 3, [FOUND], []], 3),
        ([[Reading("CHN", matches.GRAPHITE, 2, 9)] * 9, [], []], 9),  # more makers than there are
    ],
)
def test_one_maker_cannot_speak_for_two(sheets: list[list[Reading]], told: int) -> None:
    """A supplier that k makers share stands on k sheets, once on each: said again on one, it is not agreed."""
    found, agreed = together(sheets)
    assert (len(found), agreed) == (told, False)


@given(st.lists(st.tuples(st.sampled_from([FOUND, Reading("KOR", "380110", 1, 3)]), st.permutations(range(4)))))
def test_what_honest_makers_share_is_always_agreed(shared: list[tuple[Reading, list[int]]]) -> None:
    """Whichever makers share whichever suppliers, also some that read alike."""
    sheets: list[list[Reading]] = [[], [], [], []]
    for one, places in shared:
        for place in places[: one.makers]:
            sheets[place].append(one)
    found, agreed = together(sheets)
    assert agreed
    assert sorted(found) == sorted(one for one, _ in shared)


@given(readings)
def test_a_sheet_is_read_by_whom_it_is_for_alone_and_has_one_size(shared: list[Reading]) -> None:
    """Another key, another showing, a changed letter: nothing; and its size tells nothing of a short list."""
    key, text = seal.new_reading_key(), written("1" * 64, shared)
    sheet = seal.sealed(text, seal.reading_key(key))
    assert len(text) == BLOCK
    assert read_sheet("1" * 64, seal.unsealed(sheet, key)) == tuple(shared)
    refused("sealed.wrong", lambda: seal.unsealed(sheet, seal.new_reading_key()))
    refused("sealed.wrong", lambda: seal.unsealed(sheet[:-9] + "AAAAAAAAA", key))
    refused("sealed.wrong", lambda: read_sheet("2" * 64, text))


@pytest.mark.parametrize(
    "told",
    [
        [],
        {"showing": "x", "readings": 1, "fill": ""},
        {"showing": "x", "readings": [[]] * 10_001, "fill": ""},
        {"showing": "x", "readings": [["CHN", "250410", 2, 1]], "fill": ""},
        {"showing": "x", "readings": [["CHN", "250410", "2", 2]], "fill": ""},
        {"showing": "x", "readings": ["CHN"], "fill": ""},
        {"showing": "x", "readings": []},
    ],
    ids=range(7),
)
def test_a_sheet_that_is_none_is_not_read(told: object) -> None:
    """Whatever a maker sealed that is no list of what it shares."""
    refused("sealed.wrong", lambda: read_sheet("x", seal.canonical(told)))


def test_what_is_sealed_goes_one_way_alone() -> None:
    """Keys of another kind, points that would make a secret everybody's, other methods, what is too long."""
    key = seal.new_reading_key()
    for wrong in ({**key, "crv": "Ed25519"}, {**key, "x": None}, seal.new_key()):
        refused("key.kind-unknown", lambda wrong=wrong: seal.sealed(b"x", wrong))  # type: ignore[misc]
    for point in (bytes(32), b"\x01" + bytes(31), b"short"):
        weak = {**key, "x": seal.encode(point)}
        refused("key.point-weak", lambda weak=weak: seal.sealed(b"x", weak))  # type: ignore[misc]
    for text in ("", "a.b.c.d.e", "x" * (seal.MAX_SEALED + 1)):
        refused("sealed.wrong", lambda text=text: seal.unsealed(text, key))  # type: ignore[misc]
    with pytest.raises((Refused, Invalid, Untrusted)):
        seal.unsealed(seal.sealed(b"x", key), {**key, "d": "AA"})
