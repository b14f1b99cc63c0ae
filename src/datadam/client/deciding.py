"""Decisions as members see them: what the answer would be, and why it was what it was."""

from collections.abc import Mapping, Sequence
from typing import Final

from datadam import decisions
from datadam.client.answers import part
from datadam.client.trusting import Trusting
from datadam.errors import Untrusted
from datadam.model import Decision, Json, Kind

ASKS: Final = 500  # that one request carries: as many as a dam answers in one


class Deciding(Trusting):
    """What may be asked of a dam, and how its answers are checked."""

    def can(
        self,
        action: str,
        standard: str,
        *,
        purpose: str | None = None,
        destination: str | None = None,
        member: str | None = None,
    ) -> Json:
        """What the answer would be now: {member, allowed, basis, reasons}. Nothing moves, nothing is logged.

        `destination` is an ISO 3166-1 alpha-2 code; another `member` than oneself is for auditors and stewards.
        """
        found: Json = self._ask("POST", "/api/asks", json=_ask(action, standard, purpose, destination, member)).json()
        return found

    def who_can(
        self, action: str, standard: str, *, purpose: str | None = None, destination: str | None = None
    ) -> list[Json]:
        """The same for every member, for auditors and stewards: who could get this, and why not."""
        asked = _ask(action, standard, purpose, destination, None)
        return list(self._ask("POST", "/api/asks/everybody", json=asked).json()["items"])

    def decide(self, action: str, standard: str, *, purpose: str | None = None, destination: str | None = None) -> Json:
        """Ask, and be answered by a logged statement: {id, member, allowed, basis, reasons}; `why` explains it."""
        sent = _ask(action, standard, purpose, destination, None)
        found: Json = self._ask("POST", "/api/decisions", json=sent).json()
        return found

    def decide_all(self, asks: Sequence[Json]) -> list[Json]:
        """The same for many asks at once, each `{action, standard, purpose, destination}`, answered in their order.

        In place of one that was refused stands `{id: None, member, problem}`; for any number of asks.
        """
        found: list[Json] = []
        for start in range(0, len(asks), ASKS):
            sent = [dict(one) for one in asks[start : start + ASKS]]
            found += self._ask("POST", "/api/decisions", json=sent).json()["items"]
        return found

    def decisions(self, standard: str | None = None) -> list[Json]:
        """The caller's logged decisions, oldest first."""
        params = {"standard": standard} if standard else {}
        return list(self._get("/api/decisions", as_member=True, **params)["items"])

    def why(self, decision: str) -> tuple[Json, Decision]:
        """A decision, checked against the pinned key and made again here: what was logged of it, and the answer.

        `Untrusted` where it does not follow from its own facts.
        """
        found = self._get(f"/api/decisions/{part(decision)}", as_member=True)
        receipt = self._proven(found["receipt"])
        body = receipt.statement.body
        if receipt.statement.id != decision or receipt.statement.kind is not Kind.DECISION:
            raise Untrusted("decision.not-so", fields="id")
        offer = self._offer(found["offer"], body["offer"])
        return {**body, "id": decision, "index": receipt.index}, decisions.replay(body, offer)

    def _offer(self, told: Json | None, id: str | None) -> Json | None:
        """The body of the offer that a decision names, by its receipt."""
        if told is None or id is None:
            return None
        statement = self._proven(told).statement
        if statement.id != id or statement.kind is not Kind.OFFER:
            raise Untrusted("decision.not-so", fields="offer")
        return statement.body


def _ask(
    action: str, standard: str, purpose: str | None, destination: str | None, member: str | None
) -> Mapping[str, str]:
    sent = {"action": action, "standard": standard, "purpose": purpose, "destination": destination, "member": member}
    return {name: value for name, value in sent.items() if value is not None}
