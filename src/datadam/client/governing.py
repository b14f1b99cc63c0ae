"""Deciding together as members see it: propose, sign, comment; dispute, answer, rule. What is signed was shown."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from datadam import seal
from datadam.client.answers import part
from datadam.client.trusting import Trusting
from datadam.errors import Untrusted
from datadam.formats.statements import shaped
from datadam.model import Json, Kind, Statement

_SAME: Final = ("standard", "digest", "stewards", "quorum")


class Governing(Trusting):
    """What a member can do where stewards decide, and about what it disputes."""

    # proposals

    def proposals(self, standard: str | None = None) -> list[Json]:
        """Every proposal, of one standard or of all, in the order of the log."""
        params: dict[str, Any] = {} if standard is None else {"standard": standard}
        return list(self._get("/api/proposals", **params)["items"])

    def proposal(self, id: str) -> Json:
        """One proposal with what it would publish: as the log has it, else it is `Untrusted`."""
        found: Json = self._get(f"/api/proposals/{part(id)}")
        logged = self._logged_proposal(id)
        same = all(found[name] == logged[name] for name in (*_SAME, "effective", "replaces", "about"))
        read = {language: seal.digest(str(text).encode()) for language, text in found["text"].items()}
        if not same or found["content"] != logged["content"] or read != logged["content"].get("texts", {}):
            raise Untrusted("proposal.other", proposal=id, statement=str(found.get("id"))[:64])
        return found

    def _logged_proposal(self, id: str) -> Json:
        """A proposal's statement, proven by its receipt; its digest is of its content."""
        statement = self._proven(self._get(f"/api/receipts/{part(id)}")).statement
        if statement.id != id or statement.kind is not Kind.PROPOSAL:
            raise Untrusted("proposal.other", proposal=id, statement=statement.id)
        if seal.digest(seal.canonical(statement.body["content"])) != statement.body["digest"]:
            raise Untrusted("proposal.other", proposal=id, statement=statement.id)
        return statement.body

    def propose(self, about: str, text: str, *, comments: str, days: int | None = None) -> Json:
        """Propose a version (`standard`) or an `offer` as one of the stewards."""
        sent = {"about": about, "text": text, "days": days, "comments": comments}
        found: Json = self._ask("POST", "/api/proposals", json=sent).json()
        return found

    def sign_proposal(self, shown: Json) -> Json:
        """Sign a proposal that was shown: what the dam hands out is signed if it is about that and nothing else."""
        id = str(shown["id"])
        logged = self._logged_proposal(id)
        motion = self._motion(f"/api/proposals/{part(id)}/motion", Kind.APPROVAL)
        same = all(motion.body[name] == logged[name] == shown[name] for name in _SAME)
        if not same or motion.body["proposal"] != id:
            raise Untrusted("proposal.other", proposal=id, statement=motion.id)
        found: Json = self._ask("POST", "/api/proposals/signatures", content=self._also(motion)).json()
        return found

    def take_back_signature(self, id: str) -> Json:
        """Take a signature of a proposal back while nothing is published."""
        found: Json = self._ask("DELETE", f"/api/proposals/{part(id)}/signature").json()
        return found

    def comment(self, id: str, text: str) -> Json:
        """Say something of a proposal, signed and public."""
        statement = self._sign(Kind.COMMENT, {"proposal": id, "member": self.member, "text": text})
        found: Json = self._ask("POST", "/api/comments", content=seal.envelope(statement)).json()
        return found

    def _motion(self, path: str, kind: Kind) -> Statement:
        return shaped(seal.opened(self._ask("GET", path).content), kind)

    def _also(self, motion: Statement) -> bytes:
        """An envelope with one's own signature alone."""
        return seal.envelope(seal.countersign(replace(motion, signatures=()), self._needed_key()))

    # disputes

    def disputes(self) -> list[Json]:
        """The disputes that concern the caller."""
        return list(self._get("/api/disputes", as_member=True)["items"])

    def dispute(self, id: str) -> Json:
        """One of them."""
        found: Json = self._get(f"/api/disputes/{part(id)}", as_member=True)
        return found

    def raise_dispute(  # each is said by name
        self,
        standard: str,
        *,
        reason: str,
        row: Mapping[str, str] | None = None,
        deposit: str | None = None,
        statement: tuple[str, str] | None = None,
        measure: str = "annotate",
    ) -> Json:
        """Dispute a row by its key, a deposit, or a statement (`decision`, `standard` or `offer`, and its id)."""
        subject = statement[0] if statement else "row" if row else "deposit"
        facts: dict[str, Any] = {
            "standard": standard,
            "subject": subject,
            "deposit": deposit,
            "row": dict(row or {}),
            "statement": statement[1] if statement else None,
            "member": self.member,
            "outsider": None,
            "reason": reason,
            "measure": measure,
            **self._get("/api/disputes", as_member=True)["days"],
        }
        found: Json = self._ask("POST", "/api/disputes", content=seal.envelope(self._sign(Kind.DISPUTE, facts))).json()
        return found

    def step_dispute(self, id: str, event: str, text: str) -> Json:
        """Answer, appeal, or withdraw."""
        facts = {"dispute": id, "event": event, "member": self.member, "text": text}
        signed = seal.envelope(self._sign(Kind.DISPUTE_STEP, facts))
        found: Json = self._ask("POST", "/api/disputes/steps", content=signed).json()
        return found

    def draft_ruling(self, id: str, wish: Mapping[str, str | None]) -> Json:
        """Draw up a ruling as one of the stewards who decide; it is not signed by that."""
        found: Json = self._ask("POST", f"/api/disputes/{part(id)}/rulings", json=dict(wish)).json()
        return found

    def ruling(self, motion: str) -> Statement:
        """A ruling that waits for signatures."""
        found = self._motion(f"/api/rulings/{part(motion)}", Kind.RULING)
        if found.id != motion:
            raise Untrusted("dispute.motion-other", motion=motion)
        return found

    def sign_ruling(self, shown: Statement) -> Json:
        """Sign a ruling that was shown."""
        found: Json = self._ask("POST", "/api/rulings/signatures", content=self._also(shown)).json()
        return found
