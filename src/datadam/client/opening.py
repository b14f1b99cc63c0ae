"""Openings as members see them: a provider opens what it is committed to, an auditor reads it and checks it again."""

from pathlib import Path
from typing import Final

from datadam import seal
from datadam.client import disclosing
from datadam.client.answers import part
from datadam.client.disclosing import Disclosing
from datadam.client.home import write_private
from datadam.client.noticed import Noticed
from datadam.disclosure import MOST_OPENED
from datadam.errors import Invalid, Untrusted
from datadam.model import Json, Kind

DEMAND: Final = "demand"  # the topic of the notice by which a provider hears of one


class Opening(Disclosing, Noticed):
    """What a provider and an auditor can do with bytes that were only promised."""

    def open_model(self, id: str, demand: str, file: Path, opening: Path) -> Json:
        """Open a file that the caller is committed to, on a demand that names the model: the opening as logged.

        The file is held against the commitment here first; what is not the promised bytes never leaves.
        """
        chosen = self.check_commitment(file, opening, id)
        size = file.stat().st_size
        if size > MOST_OPENED:
            raise Invalid("model.opening-too-large", limit=MOST_OPENED)
        _, salt = disclosing.read_opening(opening)
        digest = disclosing.digest(file, salt)
        facts = {"member": self.member, "model": id, "demand": demand, "part": chosen, "digest": digest, "size": size}
        envelope = seal.envelope(self._sign(Kind.OPENING, facts))
        sent = envelope + b"\n" + salt + file.read_bytes()
        found: Json = self._ask("POST", f"/api/models/{part(id)}/openings", content=sent).json()
        return found

    def demands_for(self, model: str) -> list[str]:
        """The demands that name a model of the caller's, by the notices that it has of them."""
        told = (one for one in self.notices() if one["topic"] == DEMAND)
        return [str(one["about"]) for one in told if one["facts"].get("model") == model]

    def openings(self, id: str) -> list[Json]:
        """What was opened of a model, for its provider and for auditors."""
        return list(self._get(f"/api/models/{part(id)}/openings", as_member=True)["items"])

    def opened_content(self, id: str) -> bytes:
        """The salt and the bytes of an opening as the dam has them, for its provider and for auditors; unchecked."""
        return self._ask("GET", f"/api/openings/{part(id)}").content

    def opened(self, one: Json, into: Path) -> Path:
        """Write opened bytes to `into`, with the opening beside them; `Untrusted` if they are not what was promised."""
        content = self.opened_content(str(one["id"]))
        if seal.digest(content) != one["digest"]:
            raise Untrusted("model.bytes-other", file=into.name, model=str(one["model"]))
        salt, whole = content[: disclosing.SALT], content[disclosing.SALT :]
        into.write_bytes(whole)
        told = {"part": str(one["part"]), "salt": salt.hex(), "digest": str(one["digest"])}
        write_private(into.with_name(into.name + disclosing.OPENING), told)
        return into
