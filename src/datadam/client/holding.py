"""Credentials as members see them: whose count at a dam, and which the caller holds there."""

from datadam.client.answers import part
from datadam.client.line import Line
from datadam.model import Json


class Holding(Line):
    """What a member holds."""

    def issuers(self) -> list[Json]:
        """Whose credentials the dam recognises: `{id, title, names, keys, statement, index}`."""
        return list(self._get("/api/issuers")["items"])

    def credentials(self) -> list[Json]:
        """The caller's credentials, in the order of the log; `counts` says whether one counts now."""
        return list(self._get("/api/credentials", as_member=True)["items"])

    def credential_token(self, id: str) -> str:
        """The token that a credential rests on, for its holder and for auditors."""
        return self._ask("GET", f"/api/credentials/{part(id)}/evidence").text
