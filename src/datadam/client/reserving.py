"""Reservations as members see them: what countries ask of their firms' deposits; a country signs its own."""

from collections.abc import Sequence

from datadam import seal
from datadam.client.trusting import Trusting
from datadam.model import Json, Kind


class Reserving(Trusting):
    """What can be asked about reservations, and what a country can do."""

    def reservations(self) -> list[Json]:
        """What each country asks of all that its firms deposit, for machines to read."""
        return list(self._get("/api/reservations")["items"])

    def reserve(self, restrictions: Sequence[Json]) -> Json:
        """Sign what holds from now on for all that the country's firms deposit; nothing lifts what held before."""
        statement = self._sign(Kind.RESERVATION, {"member": self.member, "restrictions": list(restrictions)})
        found: Json = self._ask("POST", "/api/reservations", content=seal.envelope(statement)).json()
        return found
