"""Declarations as members see them: what one's own person answers for; for auditors, what everybody's does."""

import json
from collections.abc import Mapping

from datadam import seal
from datadam.client.line import Line
from datadam.formats import person
from datadam.model import Json, Kind


class Declaring(Line):
    """What a member declares where no program can see it."""

    def declare(self, said: Mapping[str, object], *, name: str, office: str) -> Json:
        """Sign what a named person answers for: `{row, standard, subject, applies, countries, days, words, until}`.

        The name and the office go along in a body of their own, and stay out of the log.
        """
        body = person.write(name, office)
        facts = {**said, "member": self.member, "person": seal.digest(body)}
        statement = self._sign(Kind.DECLARATION, facts)
        sent = {"statement": json.loads(seal.envelope(statement)), "person": body.decode()}
        found: Json = self._ask("POST", "/api/declarations", json=sent).json()
        return found

    def declarations(self) -> list[Json]:
        """What is declared, in the order of the log: to auditors all of it, to others their own."""
        return list(self._get("/api/declarations", as_member=True)["items"])
