"""Agreeing as members see it: read an offer, sign for it, end it. What is signed is what was shown, or nothing is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from datadam import ledger, seal
from datadam.client.answers import part
from datadam.client.trusting import Trusting
from datadam.errors import Untrusted
from datadam.formats import credential
from datadam.model import Json, Kind
from datadam.terms import AgreementState

_SAME: Final = ("member", "standard", "purposes", "destination")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An agreement to be read and signed: checked against the offer that the log has, and against what was asked."""

    body: Json  # of the statement, but for the language
    texts: Json  # language → the text that its digest in the body is of
    automatic: bool  # the dam signs at once


class Agreeing(Trusting):
    """What a member can do with offers."""

    def offers(self) -> list[Json]:
        """The offer in force of each standard that has one."""
        return list(self._get("/api/offers")["items"])

    def offer(self, standard: str, number: int | None = None) -> Json:
        """An offer with its terms and its text in each language; the one in force unless another is named.

        Terms and texts are those of the offer's own statement in the log, else they are `Untrusted`.
        """
        params: dict[str, Any] = {} if number is None else {"number": number}
        found: Json = self._get(f"/api/offers/{part(standard)}", **params)
        logged = self._logged(found["statement"], standard, found["text"]).statement.body
        if found["offer"] != logged["offer"] or (number is not None and number != logged["number"]):
            raise Untrusted("agreement.text-other", standard=standard)
        return found

    def _logged(self, id: str, standard: str, texts: Json) -> ledger.Verified:
        """An offer as the log has it, if the texts that were told are its own."""
        receipt = self._get(f"/api/receipts/{part(id)}")
        proven = self._proven(receipt)
        statement = proven.statement
        same = statement.id == id and statement.kind is Kind.OFFER and statement.body["standard"] == standard
        read = {language: seal.digest(str(text).encode()) for language, text in texts.items()}
        if not same or read != statement.body["texts"]:
            raise Untrusted("agreement.text-other", standard=standard)
        return proven

    def draft_agreement(
        self, standard: str, *, purposes: Sequence[str], destination: str, level: str | None = None
    ) -> Draft:
        """What to sign for an offer: nothing but what was asked, of an offer that is in the log, with its texts."""
        asked = {"standard": standard, "purposes": list(purposes), "destination": destination, "level": level}
        told: Json = self._ask("POST", "/api/agreements/draft", json=asked).json()
        body = told["body"]
        proven = self._logged(body["offer"], standard, told["texts"])
        logged = proven.statement.body
        wanted = {**asked, "member": self.member, "purposes": list(dict.fromkeys(purposes))}
        same = all(body[name] == wanted[name] for name in _SAME) and level in {None, body["level"]}
        parties = credential.Parties(origin=proven.checkpoint.origin, member=str(self.member))
        expected = credential.credential(parties, logged, body, begins=body["credential"]["validFrom"])
        if not same or body["texts"] != logged["texts"] or body["credential"] != expected:
            raise Untrusted("agreement.draft-other", standard=standard)
        return Draft(body=body, texts=told["texts"], automatic=bool(told["automatic"]))

    def sign_agreement(self, draft: Draft, *, language: str) -> Json:
        """Sign what was read in `language`, and send it: in force at once, or waiting for the stewards."""
        facts = {**draft.body, "language": language}
        shown = seal.digest(str(draft.texts[language]).encode())
        if facts["texts"].get(language) != shown:
            raise Untrusted("agreement.text-other", standard=str(facts["standard"]))
        statement = self._sign(Kind.AGREEMENT, facts)
        found: Json = self._ask("POST", "/api/agreements", content=seal.envelope(statement)).json()
        return found

    def agree(
        self,
        standard: str,
        *,
        purposes: Sequence[str],
        destination: str,
        language: str,
        read: Callable[[Draft], bool],
    ) -> Json | None:
        """Draft, have `read` show the text and say whether it is signed, then sign; None where it was not."""
        draft = self.draft_agreement(standard, purposes=purposes, destination=destination)
        return self.sign_agreement(draft, language=language) if read(draft) else None

    def agreements(self) -> list[Json]:
        """The caller's agreements, also those that wait, were declined or have ended."""
        return list(self._get("/api/agreements", as_member=True)["items"])

    def agreement(self, id: str) -> Json:
        """One of the caller's agreements."""
        found: Json = self._get(f"/api/agreements/{part(id)}", as_member=True)
        return found

    def end_agreement(self, id: str, *, reason: str) -> Json:
        """End an agreement by a signed statement; nothing is given out on it from the returned log index on."""
        facts = {"agreement": id, "member": self.member, "state": str(AgreementState.ENDED)}
        statement = self._sign(Kind.AGREEMENT_CHANGE, {**facts, "by_member": True, "reason": reason})
        found: Json = self._ask("POST", "/api/agreements/end", content=seal.envelope(statement)).json()
        return found

    def agreement_credential(self, id: str) -> str:
        """An agreement in force as a verifiable credential, `application/vc+jwt`."""
        return self._ask("GET", f"/api/agreements/{part(id)}/credential").text
