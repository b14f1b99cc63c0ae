"""Declarations as members see them: what one's own person answers for; for auditors, what everybody's does."""

import json
from collections.abc import Mapping

from datadam import seal
from datadam.client.line import Line
from datadam.errors import Untrusted
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
        """What is declared, in the order of the log: to auditors all of it, to others their own.

        `named` is who answers for it, as the statement's digest says; None where that was erased.
        """
        items = self._get("/api/declarations", as_member=True)["items"]
        return [{**one, "named": _named(one)} for one in items]

    def persons(self) -> dict[str, bytes]:
        """The bodies with who answers for declarations, by the digest that their statements have; unchecked."""
        items = self._get("/api/declarations", as_member=True)["items"]
        return {str(one["person"]): str(one["body"]).encode() for one in items if one["body"] is not None}


def _named(one: Json) -> Mapping[str, str] | None:
    """Who answers for a declaration, if the body is the one that was hashed."""
    if one["body"] is None:
        return None
    body = str(one["body"]).encode()
    if seal.digest(body) != one["person"]:
        raise Untrusted("declaration.person-other", declaration=str(one["id"])[:64])
    return person.read(body)
