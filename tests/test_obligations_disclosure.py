"""Rows 23 to 30 of the obligations: a log that nothing breaks, one that something does, and the entry that is named."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from datadam import decisions, seal
from datadam.errors import NotFound, Unavailable
from datadam.model import Kind, Statement, instant
from datadam.obligations import disclosure
from datadam.obligations.table import Status, row, run
from datadam.obligations.view import Logged
from logs import HEX, Book, broken
from trades import ID, discloses, hands_in, purges, takes, to_train, trains, withdraws
from worlds import START, Person, standard_text


@dataclass
class Trade:
    """A contributor, and a firm that trains on what it gave."""

    book: Book
    giver: Person
    firm: Person
    offer: Statement
    agreement: Statement


@pytest.fixture
def trade() -> Trade:
    """Rows are there, and there is leave to train on them."""
    book = Book()
    book.publishes()
    giver, firm = book.joins(Person("Giver")), book.joins(Person("Firm"))
    offer = book.offers(to_train())
    return Trade(book=book, giver=giver, firm=firm, offer=offer, agreement=book.agrees(firm, offer))


def train(trade: Trade, **changes: object) -> Statement:
    """Take rows to train on."""
    return trains(trade.book, trade.firm, trade.offer, trade.agreement, **changes)


# --- 23 ---------------------------------------------------------------------------------------------------------------


def test_what_was_prepared_as_signed_passes(trade: Trade) -> None:
    """Row 23: an outcome of a manifest, rows that add up, a standard that says what for."""
    hands_in(trade.book, trade.giver)
    train(trade)
    done = trade.book.audits(23)
    assert (done.status, done.looked) == (Status.PASSED, 2)


@pytest.mark.parametrize(
    ("signs", "changes"),
    [
        ({}, {"fit_digest": HEX}),
        ({"fit_digest": HEX}, {"fit_digest": HEX}),
        ({"fit": {"feeds": [1]}}, {}),
        ({"fit": {"feeds": [], "dropped": "x"}}, {}),
        ({}, {"file_digest": "ab" * 32}),
        ({}, {"version": "1.0.1"}),
        ({}, {"admitted": 3}),
    ],
)
def test_what_was_prepared_otherwise_is_named(
    trade: Trade, signs: dict[str, object], changes: dict[str, object]
) -> None:
    """Row 23: another fit, file, version, or rows that nobody counted."""
    hands_in(trade.book, trade.giver)
    wrong = hands_in(trade.book, trade.giver, signs=signs, **changes)
    assert broken(trade.book.audits(23)) == [(wrong.id, "obligation.preparation-other")]
    assert trade.book.audits(23).found[0].who == trade.giver.id


def test_an_outcome_of_nothing_is_named(trade: Trade) -> None:
    """Row 23: of no manifest, or of one that came later; one that was withdrawn and erased is passed over."""
    held = hands_in(trade.book, trade.giver)
    lost = hands_in(trade.book, trade.giver, manifest=HEX)
    withdraws(trade.book, trade.giver, held.body["manifest"])
    other = hands_in(trade.book, trade.giver, manifest=trade.offer.id)
    code = "obligation.manifest-unknown"
    assert broken(trade.book.audits(23)) == [(lost.id, code), (other.id, code)]


def test_training_on_what_says_not_what_for_is_named(trade: Trade) -> None:
    """Row 23: a standard without purposes; a version that was never published."""
    text = standard_text().replace("value: [research]", "value: []").replace("version: 1.0.0", "version: 1.0.1")
    trade.book.publishes(text)
    silent, unknown = train(trade, version="1.0.1"), train(trade, version="9.0.0")
    assert broken(trade.book.audits(23)) == [
        (silent.id, "obligation.card-lacks"),
        (unknown.id, "obligation.standard-unknown"),
    ]


# --- 24 to 26 ---------------------------------------------------------------------------------------------------------


def test_a_model_of_all_that_was_taken_passes(trade: Trade) -> None:
    """Rows 24 to 26: the training set is the log's own, and every reference of it resolves."""
    train(trade)
    takes(trade.book, trade.firm, trade.book.decides(trade.firm, trade.offer, agreement=trade.agreement.id))
    first = discloses(trade.book, trade.firm)
    train(trade, share_version=1)
    discloses(trade.book, trade.firm, version="2", replaces=first.id)
    assert [trade.book.audits(row).status for row in (24, 25, 26)] == [Status.PASSED] * 3
    assert trade.book.audits(24).looked == 2


def test_a_model_that_leaves_something_out_is_named(trade: Trade) -> None:
    """Row 24: one release of two; or one of another member."""
    first = train(trade)
    train(trade, share_version=1)
    whole = discloses(trade.book, trade.firm).body["training"]
    partial = discloses(trade.book, trade.firm, version="2", training=whole[:1])
    empty = discloses(trade.book, trade.giver, training=whole)
    found = trade.book.audits(24).found
    assert [one.id for one in found] == [partial.id, empty.id]
    assert found[0].what.facts == {"missing": whole[1]["release"][:12], "surplus": "–"}
    assert first.id[:12] in str(found[1].what.facts["surplus"])


def test_a_long_list_is_cut(trade: Trade) -> None:
    """Row 24: a few ids and how many more."""
    for version in range(7):
        train(trade, share_version=version)
    nothing = discloses(trade.book, trade.firm, training=[])
    (found,) = trade.book.audits(24).found
    assert found.id == nothing.id
    assert str(found.what.facts["missing"]).endswith(" + 2")


def test_synthetic_data_that_is_not_called_so_is_named(trade: Trade) -> None:
    """Row 25: a synthetic reservoir or source makes a model that says so; and nothing else does."""
    made_up = "  - {vendor: datadam, property: synthetic, value: true}\nschema:"
    trade.book.publishes(standard_text().replace("schema:", made_up).replace("version: 1.0.0", "version: 1.0.1"))
    train(trade, version="1.0.1")
    silent = discloses(trade.book, trade.firm)
    outside = [{"name": "made up", "origin": "synthetic", "reference": None}]
    discloses(trade.book, trade.firm, version="2", synthetic=True)
    other = discloses(trade.book, trade.giver, outside=outside)
    loud = discloses(trade.book, trade.giver, version="2", synthetic=True)
    named = [(one.id, "obligation.synthetic-other") for one in (silent, other, loud)]
    assert broken(trade.book.audits(25)) == named


def test_a_card_that_tells_nothing_is_named(trade: Trade) -> None:
    """Row 26: blanks are no limits, no criteria and no contact; another version's heir is none."""
    blank = discloses(trade.book, trade.firm, limits=[" "], contact="   ")
    loose = discloses(trade.book, trade.firm, version="2")
    assert broken(trade.book.audits(26)) == [
        (blank.id, "obligation.card-lacks"),
        (loose.id, "obligation.model-unlinked"),
    ]


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("release", HEX, "release"),
        ("version", "2.0.0", "version, standard"),
        ("edition", "2026", "edition"),
        ("index", 0, "index"),
        ("decision", HEX, "decision"),
    ],
)
def test_a_reference_that_leads_nowhere_is_named(trade: Trade, field: str, value: object, told: str) -> None:
    """Row 26: release, version, edition, place and decision are looked up one by one."""
    train(trade)
    (one,) = discloses(trade.book, trade.firm).body["training"]
    wrong = discloses(trade.book, trade.firm, name="other", training=[{**one, field: value}])
    found = trade.book.audits(26).found
    assert [each.id for each in found] == [wrong.id]
    assert found[0].what.facts["fields"] == told


def test_an_edition_that_is_there_resolves(trade: Trade) -> None:
    """Row 26: rows that were taken of a frozen state."""
    frozen = {"standard": ID, "version": "1.0.0", "name": "a", "upto": 0, "batch": 1, "digest": HEX, "replaces": None}
    trade.book.says(Kind.EDITION, frozen)
    train(trade, edition="a")
    discloses(trade.book, trade.firm)
    assert [trade.book.audits(row).status for row in (24, 26)] == [Status.PASSED] * 2


# --- 27 ---------------------------------------------------------------------------------------------------------------

CONTENT = b"s" * 32 + b"weights"
PROMISED = [{"part": "weights", "digest": seal.digest(CONTENT)}]


def demanded(trade: Trade, model: Statement, *, notice: bool = True, **changes: object) -> Statement:
    """A demand that names a model; its provider is told."""
    asked = {"authority": "a", "country": "KR", "ground": "g", "what": "w", "received": instant(START)}
    facts = {**asked, "contributors": [trade.firm.id], "answer": "pending", "model": model.id, **changes}
    made = trade.book.says(Kind.DEMAND, facts)
    if notice:
        told(trade, made, trade.firm, topic="demand")
    return made


def opens(trade: Trade, model: Statement, demand: Statement, **changes: object) -> Statement:
    """The provider opens what it promised."""
    facts: dict[str, object] = {"member": trade.firm.id, "model": model.id, "demand": demand.id, "part": "weights"}
    facts |= {"digest": seal.digest(CONTENT), "size": len(CONTENT) - 32, **changes}
    return trade.book.says(Kind.OPENING, facts, trade.firm.key, trade.book.key)


def test_what_was_promised_and_demanded_is_opened(trade: Trade) -> None:
    """Row 27: a promise that nobody asked for, and one that was opened as it was promised."""
    model = discloses(trade.book, trade.firm, commitments=PROMISED)
    assert trade.book.audits(27).looked == 1
    opening = opens(trade, model, demanded(trade, model))
    view = trade.book.view()
    held = replace(view, opened=disclosure.opened(view, lambda _: CONTENT))
    assert held.opened == {opening.id: 7}
    (done,) = run(held, [row(27)])
    assert (done.status, done.looked) == (Status.PASSED, 2)


def test_what_was_opened_otherwise_is_named(trade: Trade) -> None:
    """Row 27: undemanded, on a refused demand, for another model, another part or digest, untold; or other bytes."""
    twice = [*PROMISED, {"part": "weights", "digest": HEX}]
    double = discloses(trade.book, trade.firm, name="double", commitments=twice)
    model, other = (discloses(trade.book, trade.firm, name=name, commitments=PROMISED) for name in ("one", "two"))
    demand = demanded(trade, model)
    nobody = opens(trade, model, model)
    refused = opens(trade, model, demanded(trade, model, answer="refused"))
    elsewhere = opens(trade, other, demand)
    code = opens(trade, model, demand, part="code")
    swapped = opens(trade, model, demand, digest=HEX)
    untold = opens(trade, model, demanded(trade, model, notice=False))
    foreign = opens(trade, discloses(trade.book, trade.giver, commitments=PROMISED), demand)
    short = opens(trade, model, demand, size=6)
    lost = opens(trade, model, demand)
    assert broken(trade.book.audits(27)) == [
        (double.id, "obligation.promised-twice"),
        (nobody.id, "obligation.not-demanded"),
        (refused.id, "obligation.not-demanded"),
        (elsewhere.id, "obligation.not-demanded"),
        (code.id, "obligation.not-promised"),
        (swapped.id, "obligation.not-promised"),
        (untold.id, "obligation.opened-untold"),
        (foreign.id, "obligation.not-promised"),
        (foreign.id, "obligation.not-demanded"),
    ]
    contents = {short.id: CONTENT, lost.id: b"other", nobody.id: None}

    def content(one: Logged) -> bytes | None:
        if one.id not in contents:
            raise NotFound("statement.unknown", statement=one.id)
        return contents[one.id]

    view = trade.book.view()
    (found,) = run(replace(view, opened=disclosure.opened(view, content)), [row(27)])
    assert [one.id for one in found.found if one.what.code == "obligation.opened-other"] == [short.id, lost.id]


# --- 28 ---------------------------------------------------------------------------------------------------------------


def told(trade: Trade, about: Statement, person: Person, *, topic: str = "withdrawal") -> None:
    """A notice of a withdrawal, or of a demand."""
    facts = {"topic": topic, "about": about.id, "member": person.id, "facts": {"standards": ID}}
    trade.book.says(Kind.NOTICE, {**facts, **dict.fromkeys(("clock", "given", "due"))})


def test_an_erasure_that_names_its_models_passes(trade: Trade) -> None:
    """Row 28: the model that had the rows, and its provider was told before they were erased."""
    deposit = hands_in(trade.book, trade.giver).body["manifest"]
    train(trade)
    model = discloses(trade.book, trade.firm)
    withdrawal = withdraws(trade.book, trade.giver, deposit)
    told(trade, withdrawal, trade.firm)
    late = discloses(trade.book, trade.firm, version="2", replaces=model.id)
    purges(trade.book, withdrawal, model.id, late.id)
    done = trade.book.audits(28)
    assert (done.status, done.looked) == (Status.PASSED, 1)


def test_an_erasure_that_forgets_a_model_or_its_provider_is_named(trade: Trade) -> None:
    """Row 28: none named, one that never had the rows, nobody told, of no withdrawal at all."""
    first, second = (hands_in(trade.book, trade.giver).body["manifest"] for _ in range(2))
    train(trade)
    model = discloses(trade.book, trade.firm)
    silent = purges(trade.book, withdraws(trade.book, trade.giver, first))
    withdrawal = withdraws(trade.book, trade.giver, second)
    told(trade, withdrawal, trade.firm)
    wrong = purges(trade.book, withdrawal, model.id, HEX)
    lost = purges(trade.book, withdrawal, withdrawal=HEX)
    assert broken(trade.book.audits(28)) == [
        (silent.id, "obligation.models-other"),
        (silent.id, "obligation.provider-untold"),
        (wrong.id, "obligation.models-other"),
        (lost.id, "obligation.withdrawal-unknown"),
    ]


# --- 29 ---------------------------------------------------------------------------------------------------------------


def test_a_release_that_leads_to_its_terms_and_rows_passes(trade: Trade) -> None:
    """Row 29: decision, agreement, offer and deposit."""
    hands_in(trade.book, trade.giver)
    train(trade)
    done = trade.book.audits(29)
    assert (done.status, done.looked) == (Status.PASSED, 1)


def test_a_chain_that_breaks_is_named(trade: Trade) -> None:
    """Row 29: rows of nobody, an agreement that is another's or not there, texts that nobody offered, another basis."""
    book = trade.book
    rowless = train(trade)
    hands_in(book, trade.giver)
    other = book.agrees(trade.giver, trade.offer)
    foreign = trains(book, trade.firm, trade.offer, other)
    lost = takes(book, trade.firm, book.decides(trade.firm, trade.offer, action="train", agreement=HEX))
    retold = trains(book, trade.firm, trade.offer, book.agrees(trade.firm, trade.offer, texts={"en": "ab" * 32}))
    swapped = train(trade, basis=other.id)
    links = [(one.id, one.what.facts["link"]) for one in book.audits(29).found]
    assert links == [
        (rowless.id, "deposit"),
        (foreign.id, "basis"),
        (lost.id, "basis"),
        (retold.id, "offer"),
        (swapped.id, "decision"),
    ]


# --- 30 ---------------------------------------------------------------------------------------------------------------


def test_refusals_with_every_reason_pass(trade: Trade) -> None:
    """Row 30: what the rules come to, and a sentence for each."""
    trade.book.decides(trade.firm, trade.offer, purpose="statistics", left=True, agreement=trade.agreement.id)
    trade.book.decides(trade.firm)
    done = trade.book.audits(30)
    assert (done.status, done.looked) == (Status.PASSED, 2)


def test_refusals_that_keep_a_reason_back_are_named(trade: Trade) -> None:
    """Row 30: one reason of two, none at all, one without words, one by terms that are not there."""
    asks: dict[str, Any] = {"purpose": "statistics", "left": True, "agreement": trade.agreement.id}
    whole = trade.book.decides(trade.firm, trade.offer, **asks)
    part = trade.book.decides(trade.firm, trade.offer, said={"reasons": whole.body["reasons"][:1]}, **asks)
    none = trade.book.decides(trade.firm, trade.offer, said={"reasons": []}, **asks)
    mute = trade.book.decides(trade.firm, trade.offer, said={"reasons": [{"code": "ask.because", "facts": {}}]}, **asks)
    lost = trade.book.decides(trade.firm, trade.offer, said={"offer": HEX}, **asks)
    assert broken(trade.book.audits(30)) == [
        (part.id, "decision.not-so"),
        (none.id, "obligation.reason-none"),
        (none.id, "decision.not-so"),
        (mute.id, "obligation.reason-wordless"),
        (mute.id, "decision.not-so"),
        (lost.id, "decision.not-so"),
    ]


def test_what_was_not_shown_breaks_nothing(trade: Trade) -> None:
    """Rows 23, 24, 26, 28 and 29 follow one statement to others: an auditor who is not shown all is told nothing."""
    hands_in(trade.book, trade.giver, manifest=HEX)
    train(trade, basis="open")
    discloses(trade.book, trade.firm, training=[], limits=[" "])
    purges(trade.book, withdraws(trade.book, trade.giver, HEX), HEX)
    model = discloses(trade.book, trade.firm, name="other", commitments=PROMISED)
    opens(trade, model, model)
    numbers = (23, 24, 26, 28, 29)
    assert trade.book.audits(27).found
    assert all(trade.book.audits(number).found for number in numbers)
    results = run(replace(trade.book.view(), whole=False), [row(number) for number in numbers])
    assert [one.status for one in results] == [Status.NOT_YET] * len(numbers)
    assert run(replace(trade.book.view(), whole=False), [row(27)])[0].found == ()


def test_what_decisions_are_made_with_is_needed(trade: Trade, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 30: where no engine is installed, nothing is said, instead of everything being called broken."""

    def lacking(*_: object) -> None:
        raise Unavailable("client.library-missing", library="cedarpy", extra="server")

    trade.book.decides(trade.firm)
    monkeypatch.setattr(decisions, "replay", lacking)
    with pytest.raises(Unavailable):
        trade.book.audits(30)
