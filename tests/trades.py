"""What goes in and out of a `logs.Book`: deposits, rows taken, models, withdrawals; and how a dam's log is seen."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from cards import CARD
from datadam import disclosure, seal
from datadam.dam.world import World
from datadam.errors import NotFound
from datadam.formats import model_card, note, tiles
from datadam.model import Kind, Statement
from datadam.obligations import flows
from datadam.obligations.view import View, look
from datadam.terms import Action, Offer, Operand
from logs import HEX, Book, files
from signed import an_offer, any_of, permission
from worlds import Person

ID = "test.reading"
FIT: Mapping[str, Any] = {"standard": ID, "version": "1.0.0", "feeds": [], "dropped": ["b", "a"]}
FIT_DIGEST = seal.digest(seal.canonical({**FIT, "dropped": ["a", "b"]}))


def to_train(*purposes: str) -> Offer:
    """An offer by which rows may be read and trained on."""
    constraint = any_of(Operand.PURPOSE, *(purposes or ("research",)))
    return an_offer(permission(constraint, actions=(Action.READ, Action.TRAIN)))


def hands_in(book: Book, person: Person, *, signs: Mapping[str, Any] = {}, **changes: object) -> Statement:
    """A deposit of three rows, two of them good; the outcome."""
    file = {"name": "f.csv", "format": "csv", "digest": HEX, "size": 1}
    facts = {"contributor": person.id, "standard": ID, "version": "1.0.0", "fit": FIT, "fit_digest": FIT_DIGEST}
    manifest = book.says(Kind.MANIFEST, {**facts, "file": file, "terms": [], **signs}, person.key)
    told = {
        "manifest": manifest.id,
        "contributor": person.id,
        "standard": ID,
        "version": "1.0.0",
        "file_digest": HEX,
        "fit_digest": FIT_DIGEST,
        "rows": 3,
        "admitted": 2,
        "rejected": 1,
        "faults": {"meter.required": 1},
        "tag": "0" * 16,
        "files": [],
    }
    return book.says(Kind.OUTCOME, {**told, **changes})


def takes(book: Book, person: Person, decision: Statement | None, **changes: object) -> Statement:
    """A release on a decision."""
    facts = {
        "member": person.id,
        "standard": ID,
        "version": "1.0.0",
        "basis": decision.body["basis"] if decision is not None and decision.body["basis"] else "open",
        "share_version": 0,
        "rows": 2,
        "files": [HEX],
        "deposits_digest": HEX,
    }
    named = {"decision": decision.id} if decision is not None else {}
    return book.says(Kind.RELEASE, {**facts, **named, **changes})


def trains(book: Book, person: Person, offer: Statement, agreement: Statement, **changes: object) -> Statement:
    """A yes to train, and the release on it."""
    decision = book.decides(person, offer, action="train", agreement=agreement.id)
    assert decision.body["allowed"], decision.body["reasons"]
    return takes(book, person, decision, **changes)


def discloses(book: Book, person: Person, **changes: object) -> Statement:
    """A model with the training set that the log comes to."""
    card = disclosure.told(model_card.read(CARD))
    training = disclosure.training(flows.trained(book.view(), person.id, book.ledger.size))
    facts = {"member": person.id, "replaces": None, "training": training, **card}
    return book.says(Kind.MODEL, {**facts, **changes}, person.key, book.key)


def withdraws(book: Book, person: Person, *deposits: str, **changes: object) -> Statement:
    """A withdrawal; the manifests are erased with it."""
    facts = {"contributor": person.id, "deposits": list(deposits), "replaced_by": None, "reason": "r"}
    made = book.says(Kind.WITHDRAWAL, {**facts, **changes}, person.key)
    for one in deposits:
        book.bodies.erase(one)
    return made


def purges(book: Book, of: Statement, *models: str, **changes: object) -> Statement:
    """What the dam tells of the erasure."""
    reached = {**dict.fromkeys(("rows", "files", "bodies", "journal"), 1), "editions": []}
    beyond = {"backups_until": None, "recipients": 0, "strangers": False, "models": list(models)}
    facts = {"contributor": of.body["contributor"], "withdrawal": of.id, "reached": reached}
    return book.says(Kind.PURGE, {**facts, "beyond": beyond, **changes})


def declares(book: Book, row: int, member: Person | None = None, **changes: object) -> Statement:
    """A named person's word, the dam's or a member's."""
    facts: dict[str, object] = {
        "row": row,
        "member": member.id if member else None,
        "standard": ID,
        "subject": None,
        "applies": True,
        "countries": [],
        "days": None,
        "words": "w",
        "person": HEX,
        "until": "2027-11-22",
    }
    signers = (member.key, book.key) if member else (book.key,)
    return book.says(Kind.DECLARATION, {**facts, **changes}, *signers)


def seen(world: World) -> View:
    """The log of a real dam as an auditor sees it who is shown everything."""
    entries = [note.entry(clazz, id) for clazz, id in world.ledger.entries()]

    def read(path: str) -> bytes:
        return world.ledger.checkpoint().encode() if path == tiles.CHECKPOINT else files(entries)[path]

    def body(id: str) -> bytes | None:
        try:
            return world.bodies.get(id)
        except NotFound:
            return None

    return look(read, vkey=world.ledger.vkey, bodies=body, now=world.clock().astimezone(UTC))
