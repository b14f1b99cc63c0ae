"""Models as members see them: draft, sign and read disclosures; commit to bytes, and check bytes against that."""

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from datadam import disclosure, seal
from datadam.client.answers import part
from datadam.client.home import write_private
from datadam.client.trusting import Trusting
from datadam.errors import Invalid, NotFound, Refused, Untrusted
from datadam.formats import ml_bom, model_card
from datadam.model import Json, Kind

CHUNK: Final = 1 << 20  # bytes
SALT: Final = 32  # bytes: as hard to guess as the hash is to turn around
OPENING: Final = ".opening"  # ends the name of the file with the salt
_SAME: Final = ("release", "index", "share_version", "decision")


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosed:
    """A model of the register, proven by its receipt."""

    id: str
    index: int
    origin: str
    body: Json
    withdrawn: Sequence[Json] | None  # of its training set, since; None where that is not for the caller


class Disclosing(Trusting):
    """What a member can do about models."""

    def models(self, member: str | None = None) -> list[Json]:
        """The register of models, of one provider or of all, in the order of the log."""
        params: dict[str, Any] = {"member": member} if member else {}
        return list(self._get("/api/models", **params)["items"])

    def model(self, id: str) -> Disclosed:
        """One model of the register, checked against the log."""
        told = self._get(f"/api/models/{part(id)}", as_member=self._key is not None)
        sent = self._get(f"/api/receipts/{part(id)}")
        proven = self._proven(sent)
        if proven.statement.id != id or proven.statement.kind is not Kind.MODEL:
            raise Untrusted("model.draft-other", model=id[:64])
        origin = proven.checkpoint.origin
        body = proven.statement.body
        return Disclosed(id=id, index=proven.index, origin=origin, body=body, withdrawn=told["withdrawn"])

    def draft_model(self, text: str) -> Json:
        """What to sign of a model card, YAML: nothing but the card, and what the caller took to train on."""
        card = model_card.read(text)
        body: Json = self._ask("POST", "/api/models/draft", content=text.encode()).json()["body"]
        taken = self._get("/api/releases", as_member=True)["items"]
        own = [{**one, "release": one["id"]} for one in taken if one["action"] == disclosure.TRAIN]
        wanted = [{name: one[name] for name in _SAME} for one in own]
        training = [{name: one.get(name) for name in _SAME} for one in body["training"]]
        said = {"member": self.member, **disclosure.told(card)}
        if training != wanted or any(body.get(name) != value for name, value in said.items()):
            raise Untrusted("model.draft-other", model=f"{card.name} {card.version}")
        return body

    def sign_model(self, body: Json) -> Json:
        """Sign a draft and register it: the model as the register has it."""
        statement = self._sign(Kind.MODEL, body)
        found: Json = self._ask("POST", "/api/models", content=seal.envelope(statement)).json()
        return found

    def model_bom(self, id: str) -> dict[str, Any]:
        """A model as a CycloneDX 1.7 ML-BOM, made here of what the log proves."""
        found = self.model(id)
        return ml_bom.bom(found.body, id=id, origin=found.origin, index=found.index)

    def check_commitment(self, file: Path, opening: Path, id: str) -> str:
        """Which part of a model a file is: `code` or `weights`, as its provider committed itself. Else `Untrusted`."""
        wanted, salt = read_opening(opening)
        body = self.model(id).body
        title = f"{body['name']} {body['version']}"
        digests = {str(one["part"]): str(one["digest"]) for one in body["commitments"]}
        if wanted not in digests:
            raise NotFound("model.no-commitment", model=title, part=wanted)
        if digest(file, salt) != digests[wanted]:
            raise Untrusted("model.bytes-other", file=file.name, model=title)
        return wanted


def commit(file: Path, part_of: str) -> tuple[str, Path]:
    """Commit to a file as `code` or `weights` of a model: the digest for its card, and the opening, kept beside it.

    The opening is for whoever may check the file one day. Without it the digest proves nothing, to anybody.
    """
    chosen = _part(part_of)
    into = file.with_name(file.name + OPENING)
    if into.exists():
        raise Refused("file.exists", path=str(into))
    salt = secrets.token_bytes(SALT)
    committed = digest(file, salt)
    write_private(into, {"part": chosen, "salt": salt.hex(), "digest": committed})
    return committed, into


def digest(file: Path, salt: bytes) -> str:
    """SHA-256 of the salt and then the file, as `cat salt file | sha256sum` tells it."""
    running = hashlib.sha256(salt)
    try:
        with file.open("rb") as stream:
            while piece := stream.read(CHUNK):
                running.update(piece)
    except OSError as error:
        raise Invalid("file.unreadable", path=str(file), why=error.strerror or "") from error
    return running.hexdigest()


def _part(name: str) -> str:
    if name not in list(disclosure.Part):
        raise Invalid("model.word-unknown", field="part", value=name[:60], known=", ".join(disclosure.Part))
    return name


def read_opening(path: Path) -> tuple[str, bytes]:
    """The part and the salt that an opening tells."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        salt = bytes.fromhex(told["salt"])
        if isinstance(told, Mapping) and len(salt) == SALT:
            return _part(str(told["part"])), salt
    except (OSError, UnicodeError, ValueError, KeyError, TypeError) as error:
        raise Invalid("model.opening-malformed", path=str(path)) from error
    raise Invalid("model.opening-malformed", path=str(path))
