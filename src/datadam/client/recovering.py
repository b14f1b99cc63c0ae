"""Recoveries of members' keys as members and strangers see them: what is open, and how to stop one's own."""

from datadam import seal
from datadam.client.line import Line
from datadam.model import Json, Kind


class Recovering(Line):
    """What a member can do when somebody says that it lost its key."""

    def recoveries(self) -> list[Json]:
        """Every recovery: `{id, member, kid, operators, proof, until, index, closed, outcome}`."""
        return list(self._get("/api/recoveries")["items"])

    def object(self, recovery: str) -> Json:
        """Stop a recovery of the caller's own key, signed with the key that it has."""
        statement = self._sign(Kind.OBJECTION, {"recovery": recovery, "member": self.member})
        found: Json = self._ask("POST", "/api/objections", content=seal.envelope(statement)).json()
        return found
