"""Disclose a model: the dam works out what it was trained on here, its provider says the rest, both sign.

1. draft      the provider's card, and the training set that the log comes to: each release that it took to train on
2. register   the same, signed by the provider, is worked out anew, signed by the dam and logged for everybody to read

Code and weights are never asked for. The provider commits itself to their bytes; who opens them to whom, and on what
demand, is between those two, and the commitment says whether the bytes are the ones.
"""

from typing import Final

from datadam import disclosure, seal
from datadam.dam import publish, registered, state
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.disclosure import Card, Model, Origin
from datadam.errors import Invalid, NotFound, Refused, Untrusted
from datadam.formats import model_card, strict_yaml
from datadam.formats.statements import shaped
from datadam.model import Json, Kind, Release, Role, Standard, Withdrawal
from datadam.model import Member as MemberRecord
from datadam.peers import PeerBody
from datadam.ports import Rows

MOST_RELEASES: Final = 4000  # in a training set: its statement, base64 twice, stays below `seal.MAX_ENVELOPE`
MOST_MODELS: Final = 1000  # versions of all models of a member: everybody carries the register


def draft(world: World, caller: Caller, text: str) -> Json:
    """What a provider would sign of a card, YAML: the card, the training set, and the version that it follows."""
    card = model_card.read(text)
    with world.lock, world.store.read() as rows:
        body = _body(rows, _member(caller), card)
    _check(world, card, body)
    return body


def _member(caller: Caller) -> str:
    if caller.member is None or caller.standard is not None:
        raise Refused("ask.login-needed")
    return caller.member


def _body(rows: Rows, member: str, card: Card) -> Json:
    before = registered.last(rows, member, card.name)
    held = rows.find(Model, member=member)
    if any((one.name, one.version) == (card.name, card.version) for one in held):
        raise Invalid("model.version-there", name=card.name, version=card.version)
    if len(held) >= MOST_MODELS:
        raise Refused("model.too-many", limit=MOST_MODELS)
    return {
        "member": member,
        "replaces": before.id if before else None,
        "training": registered.training(rows, member),
        **({"elsewhere": there} if (there := registered.elsewhere(rows, member)) else {}),
        **disclosure.told(card),
    }


def _check(world: World, card: Card, body: Json) -> None:
    """Something was taken to train on, not too often to be told; and synthetic data is said to be in it if it is."""
    there = body.get("elsewhere", [])
    if not body["training"] and not there:
        raise Invalid("model.nothing-trained")
    if (count := len(body["training"]) + len(there)) > MOST_RELEASES:
        raise Refused("model.too-many-releases", count=count, limit=MOST_RELEASES)
    used = {(one["standard"], one["version"]) for one in body["training"]}
    synthetic = any(one.origin is Origin.SYNTHETIC for one in card.outside)
    synthetic = synthetic or any(_standard(world, id, version).synthetic for id, version in used)
    synthetic = synthetic or any(_is_synthetic_there(world, one) for one in there)
    if card.synthetic is not synthetic:
        raise Invalid("model.synthetic-wrong", synthetic=str(synthetic).lower())


def _standard(world: World, id: str, version: str) -> Standard:
    return publish.parsed(publish.published(world, id, version).text)


def _is_synthetic_there(world: World, taken: Json) -> bool:
    """Whether a peer's standard says that its rows are synthetic; what was not followed says nothing."""
    with world.store.read() as rows:
        held = rows.find(PeerBody, peer=taken["peer"], kind=str(Kind.STANDARD), standard=taken["standard"])
    said = (seal.opened(one.envelope).body for one in held)
    return any(publish.parsed(str(one["text"])).synthetic for one in said if one["version"] == taken["version"])


def register(world: World, caller: Caller, envelope: bytes) -> Model:
    """Take a signed `model` statement: countersigned and logged. The same again gives what there is."""
    statement = shaped(seal.opened(envelope), Kind.MODEL)
    member = _member(caller)
    if statement.body["member"] != member:
        raise Untrusted("model.not-yours", member=statement.body["member"])
    card = model_card.read(strict_yaml.write({name: statement.body[name] for name in model_card.FIELDS}))
    with world.lock:
        with world.store.read() as rows:
            held = rows.get(Model, statement.id)
            state.believe(rows, statement, by=[member])
        if held is not None:
            return held
        with world.store.read() as rows:
            body = _body(rows, member, card)
        _check(world, card, body)
        drafted = {"elsewhere": [], **body}
        if wrong := sorted(name for name, value in drafted.items() if statement.body.get(name, []) != value):
            code = "model.training-other" if {*wrong} <= {"training", "elsewhere"} else "model.draft-other"
            raise Untrusted(code, model=f"{card.name} {card.version}")
        state.record(world, seal.countersign(statement, world.secrets.private_key("sign")))
    return find(world, statement.id)


# --- asking -----------------------------------------------------------------------------------------------------------


def every(world: World, *, member: str | None = None) -> list[Model]:
    """The register, of one provider or of all, in the order of the log."""
    mine = {} if member is None else {"member": member}
    with world.store.read() as rows:
        return sorted(rows.find(Model, **mine), key=lambda one: one.index)


def find(world: World, id: str) -> Model:
    """A model of the register."""
    with world.store.read() as rows:
        found = rows.get(Model, id)
    if found is None:
        raise NotFound("model.unknown", model=id[:64])
    return found


def withdrawn(world: World, caller: Caller, model: Model) -> list[Withdrawal] | None:
    """What was withdrawn since of a model's training set, for its provider and for auditors; None to all others."""
    with world.store.read() as rows:
        asker = rows.get(MemberRecord, caller.member) if caller.member and caller.standard is None else None
        standing = asker is not None and asker.until is None and not asker.suspended
        audits = asker is not None and standing and Role.AUDITOR in asker.roles
        if asker is None or not (audits or asker.id == model.member):
            return None
        releases = [found for id in model.releases if (found := rows.get(Release, id)) is not None]
        return registered.withdrawn_of(rows, releases)


def of_withdrawal(world: World, id: str) -> list[Model]:
    """The models in whose training sets the rows of a withdrawal may be; the register is public, and so is this."""
    with world.store.read() as rows:
        return registered.touched(rows, rows.find(Withdrawal, statement=id))
