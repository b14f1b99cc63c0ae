"""Being a guest as members see it: their home vouches for them at a dam that peers with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from datadam import seal
from datadam.client.federated import refuse_namesakes
from datadam.client.trusting import Trusting
from datadam.errors import Untrusted
from datadam.formats import note
from datadam.model import Json, Kind, Role

_SAME: Final = ("member", "accession", "jurisdiction", "roles")


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestDraft:
    """What is to be read and signed to be a guest: checked against what home says of its member."""

    body: Json  # of the statement, but for the language
    texts: Json  # language → the text that its digest in the body is of
    terms: Json  # of the peering: what may cross


class Visiting(Trusting):
    """What a member of another dam can do to take part here."""

    def me(self) -> Json:
        """The caller as the log has it."""
        found: Json = self._get("/api/me", as_member=True)
        return found

    def peers(self) -> Json:
        """The dams that this one peers with, how each stands, and its own keys."""
        found: Json = self._get("/api/peers")
        return found

    def draft_guest(self, home: "Visiting", *, roles: Sequence[str] = (Role.CONSUMER,)) -> GuestDraft:
        """What this dam would have a member of `home` sign: nothing but what it is there, with its own key."""
        key, own = self._needed_key(), home.me()
        origin = note.read_vkey(home.vkey)[0]
        known = [one["log"] for one in home.peers()["items"] if str(one["url"]).rstrip("/") == self.url]
        self.trust(told=str(known[-1]) if known else None)
        refuse_namesakes([(note.read_vkey(self.vkey)[0], self.url, self.vkey), (origin, home.url, home.vkey)])
        asked = {"home": origin, "accession": own["statement"], "role": list(roles)}
        told: Json = self._get("/api/guests/draft", **asked)
        body = told["body"]
        wanted = {"member": home.member, "accession": own["statement"], "jurisdiction": own["jurisdiction"]}
        same = all(body.get(name) == {**wanted, "roles": list(roles)}[name] for name in _SAME)
        if not same or body.get("key") != seal.public(key):
            raise Untrusted("guest.draft-other", fields=", ".join(_SAME))
        return GuestDraft(body=body, texts=told["texts"], terms=told["terms"])

    def join_as_guest(self, home: "Visiting", *, language: str, draft: GuestDraft | None = None) -> Json:
        """Sign what was read in `language`, and be a guest of this dam: `{member, home, roles, statement, index}`.

        `home` is the dam that the caller is a member of; the key is the same.
        """
        draft = draft or self.draft_guest(home)
        read = dict(draft.body["text"])
        if read["digests"].get(language) != seal.digest(str(draft.texts.get(language)).encode()):
            raise Untrusted("guest.draft-other", fields="text")
        statement = self._sign(Kind.GUEST, {**draft.body, "text": {**read, "language": language}})
        found: Json = self._ask("POST", "/api/guests", as_member=False, content=seal.envelope(statement)).json()
        return found
