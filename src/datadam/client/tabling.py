"""Checked tables as anybody sees them: which there are, and each as the log proves it."""

from typing import Any

from datadam.client.answers import part
from datadam.client.trusting import Trusting
from datadam.errors import Untrusted
from datadam.formats.statements import shaped
from datadam.model import Json, Kind


class Tabling(Trusting):
    """What anybody can read of reservoirs that publish checked tables. None of it is differentially private."""

    def tables(self, standard: str | None = None) -> list[Json]:
        """The periods whose tables are published, of one reservoir or of all."""
        params: dict[str, Any] = {} if standard is None else {"standard": standard}
        return list(self._get("/api/tables", **params)["items"])

    def table(self, standard: str, period: str) -> Json:
        """The tables of one period as they were signed, proven by the statement's receipt; else `Untrusted`."""
        told = self._get(f"/api/tables/{part(standard)}/{part(period)}")
        id = str(told["statement"])
        statement = shaped(self._proven(self._get(f"/api/receipts/{part(id)}")).statement)
        about = (statement.id, statement.kind, statement.body.get("standard"), statement.body.get("period"))
        if about != (id, Kind.TABLES, standard, period):
            raise Untrusted("table.other", standard=standard, period=period, statement=id[:64])
        return statement.body
