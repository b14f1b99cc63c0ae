"""Logs of whatever statements, really signed, around every dam that would refuse them: what audits look at."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from datadam import decisions, merkle, seal, texts
from datadam.adapters.memory.bodies import MemoryBodies
from datadam.adapters.memory.log import MemoryLog
from datadam.errors import Invalid, NotFound
from datadam.formats import odrl, tiles
from datadam.ledger import Ledger
from datadam.model import Json, Kind, Statement, instant
from datadam.obligations.table import Result, Status, row, run
from datadam.obligations.view import View, look
from datadam.policy import Facts
from datadam.terms import Offer
from signed import an_offer
from worlds import START, Person, standard_text

ORIGIN = "test.example/log"
HEX = "cd" * 32
PERSONAL = standard_text().replace("classification: business", "classification: personal", 1)
"""The small standard, whose first column is about persons."""


@dataclass
class Book:
    """A log that takes any statement."""

    home: str = "KR"
    log_key: seal.Jwk = field(default_factory=seal.new_key)
    key: seal.Jwk = field(default_factory=seal.new_key)  # the dam's
    log: MemoryLog = field(default_factory=MemoryLog)
    bodies: MemoryBodies = field(default_factory=MemoryBodies)
    now: datetime = START  # what signers say the time is
    other_log: str | None = None  # the log's key as the dam's first statement names it, where it is another

    def __post_init__(self) -> None:
        """The dam's own statement comes first."""
        self.ledger = Ledger(self.log, self.bodies, key=self.log_key, origin=ORIGIN)
        facts = {"origin": ORIGIN, "title": "Test", "jurisdiction": self.home, "key": seal.public(self.key)}
        self.says(Kind.DAM, {**facts, "log": self.other_log or self.ledger.vkey})

    def puts(self, *statements: Statement) -> Statement:
        """Log statements as they are; the last of them."""
        self.ledger.append(statements)
        return statements[-1]

    def says(self, kind: Kind, facts: Mapping[str, Any], *signers: seal.Jwk) -> Statement:
        """Log a statement that the dam signed, or whoever is named."""
        return self.puts(self.drafts(kind, facts, *(signers or (self.key,))))

    def drafts(self, kind: Kind, facts: Mapping[str, Any], *signers: seal.Jwk) -> Statement:
        """A statement that is signed and not logged."""
        made = seal.state(kind, facts, issued=instant(self.now), key=signers[0])
        for key in signers[1:]:
            made = seal.countersign(made, key)
        return made

    def view(self, *, now: datetime | None = None) -> View:
        """The log as an auditor sees it who is shown everything."""
        return look(self.read, vkey=self.ledger.vkey, bodies=self.body, now=now or self.now.astimezone(UTC))

    def body(self, id: str) -> bytes | None:
        """A body, or nothing."""
        try:
            return self.bodies.get(id)
        except (Invalid, NotFound):  # nobody asks a dam for what no entry names
            return None

    def read(self, path: str) -> bytes:
        """The log's files, made from its entries."""
        if path == tiles.CHECKPOINT:
            return self.ledger.checkpoint().encode()
        return files(list(self.log.entries(0)))[path]

    def audits(self, number: int, *, now: datetime | None = None) -> Result:
        """How one obligation stands."""
        (found,) = run(self.view(now=now), [row(number)])
        return found

    # --- what is said often ---

    def joins(self, person: Person, **changes: Any) -> Person:
        """A member joins."""
        terms = {language: seal.digest(texts.accession(language).encode()) for language in texts.LANGUAGES}
        facts: dict[str, object] = {
            "member": person.id,
            "member_kind": "organisation",
            "key": seal.public(person.key),
            "jurisdiction": person.jurisdiction,
            "roles": list(person.roles),
            "under": None,
            "profile": HEX,
            "text": {"version": "1", "language": "en", "digests": terms},
            "authority": None,
            "effective": None,
            "reservations": [],
        }
        self.says(Kind.MEMBER, {**facts, **changes}, person.key, self.key)
        return person

    def publishes(self, text: str | None = None) -> str:
        """A standard."""
        text = text or standard_text()
        id = re.search(r"^id: (\S+)$", text, re.MULTILINE)
        version = re.search(r"^version: (\S+)$", text, re.MULTILINE)
        assert id is not None
        assert version is not None
        facts = {"standard": id[1], "version": version[1], "text": text, "digest": seal.digest(text.encode())}
        self.says(Kind.STANDARD, facts)
        return id[1]

    def offers(self, offer: Offer | None = None) -> Statement:
        """An offer."""
        body = seal.parse(odrl.write(offer or an_offer()))
        digest = seal.digest(seal.canonical(body))
        facts = {"standard": (offer or an_offer()).standard, "number": 1, "offer": body, "digest": digest}
        return self.says(Kind.OFFER, {**facts, "texts": {"en": HEX, "ko": HEX}})

    def agrees(self, person: Person, offer: Statement, /, **changes: Any) -> Statement:
        """An agreement of both."""
        facts: dict[str, object] = {
            "member": person.id,
            "standard": offer.body["standard"],
            "offer": offer.id,
            "purposes": ["research"],
            "destination": person.jurisdiction,
            "level": "simple",
            "expires": None,
            "language": "en",
            "texts": offer.body["texts"],
            "credential": dict.fromkeys(("@context", "credentialSubject", "issuer", "type", "validFrom"), "x"),
        }
        return self.says(Kind.AGREEMENT, {**facts, **changes}, person.key, self.key)

    def decides(
        self, person: Person, offer: Statement | None = None, *, said: Json | None = None, **facts: Any
    ) -> Statement:
        """A decision as its facts and its offer make it; `said` is what the dam states beside them."""
        told = self.facts(person, offer, **facts)
        text = seal.canonical(offer.body["offer"]).decode() if offer is not None else None
        judged = decisions.judge(told, decisions.policy_of(text) if text is not None else None)
        body = decisions.told(told, judged, offer.id if offer is not None else None)
        return self.says(Kind.DECISION, {**body, **(said or {})})

    def releases(self, decision: Statement, /, **changes: Any) -> Statement:
        """Rows are given out on a decision."""
        facts: dict[str, object] = {
            **{name: decision.body[name] for name in ("member", "standard", "basis")},
            "version": "1.0.0",
            "decision": decision.id,
            "share_version": 0,
            "rows": 3,
            "files": [HEX],
            "deposits_digest": HEX,
        }
        facts |= changes
        return self.says(Kind.RELEASE, {name: value for name, value in facts.items() if value is not None})

    def notices(self, topic: str, about: str, member: str | None, **changes: Any) -> Statement:
        """Somebody is told."""
        told: dict[str, object] = {"topic": topic, "about": about, "member": member, "facts": {}}
        return self.says(Kind.NOTICE, {**told, "clock": None, "given": None, "due": None, **changes})

    def grants(self, person: Person, standard: str = "test.reading") -> Statement:
        """Leave to read without an offer."""
        return self.says(Kind.GRANT, {"member": person.id, "standard": standard, "expires": None})

    def reads(self, person: Person, grant: Statement, **facts: Any) -> Statement:
        """A decision on a grant."""
        return self.decides(person, grants=[{"id": grant.id, "since": 1, "expires": None}], **facts)

    def deposits(self, person: Person, **changes: Any) -> tuple[Statement, Statement]:
        """A manifest and its outcome, of which some facts may be others."""
        facts: dict[str, object] = {
            "contributor": person.id,
            "standard": "test.reading",
            "version": "1.0.0",
            "fit": {},
            "fit_digest": HEX,
            "file": {"name": "f.csv", "format": "csv", "digest": HEX, "size": 1},
            "terms": [],
        }
        manifest = self.says(Kind.MANIFEST, facts, person.key)
        told: dict[str, object] = {
            **{name: facts[name] for name in ("contributor", "standard", "version", "fit_digest")},
            "manifest": manifest.id,
            "file_digest": HEX,
            "rows": 3,
            "admitted": 3,
            "rejected": 0,
            "faults": {},
            "tag": "0" * 16,
            "files": [],
        }
        return manifest, self.says(Kind.OUTCOME, {**told, **changes})

    def withdraws(self, person: Person, manifest: Statement, **changes: Any) -> Statement:
        """The contributor takes a deposit back."""
        facts: dict[str, object] = {"contributor": person.id, "deposits": [manifest.id], "replaced_by": None}
        return self.says(Kind.WITHDRAWAL, {**facts, "reason": "r", **changes}, person.key)

    def purges(self, withdrawal: Statement, *, recipients: int = 0, **reached: Any) -> Statement:
        """The dam erases what was withdrawn, manifests too, and says so."""
        for id in withdrawal.body["deposits"]:
            self.bodies.erase(id)
        counts: dict[str, object] = {"rows": 3, "files": 0, "bodies": 1, "journal": 1, "editions": []}
        beyond: Json = {"backups_until": None, "recipients": recipients, "strangers": False, "models": []}
        facts = {"contributor": withdrawal.body["contributor"], "withdrawal": withdrawal.id, "beyond": beyond}
        return self.says(Kind.PURGE, {**facts, "reached": {**counts, **reached}})

    def facts(self, person: Person, offer: Statement | None = None, **changes: Any) -> dict[str, object]:
        """The facts of an ask to read for research at home, by a member that may."""
        told: dict[str, object] = {
            "action": "read",
            "standard": offer.body["standard"] if offer is not None else "test.reading",
            "purpose": "research",
            "destination": None,
            "member": person.id,
            "tier": "agreement",
            "known": True,
            "left": False,
            "suspended": False,
            "roles": sorted(person.roles),
            "ordered": [],
            "now": instant(self.now),
        }
        if offer is None:
            return {**told, "grants": [], **changes}
        agreed: dict[str, object] = {
            "kind": "organisation",
            "jurisdiction": person.jurisdiction,
            "agreement": HEX,
            "state": "finalised",
            "agreed_purposes": ["research"],
            "agreed_destination": person.jurisdiction,
            "agreed_level": "simple",
            "offer_current": True,
            "home": self.home,
            "sensitivity": 1,
            "live_rows": 0,
            "corridor": "",
        }
        named = [one for one in fields(Facts) if one.name not in {"crossing", "silent"}]  # told where there are any
        blank = {one.name: _BLANK.get(getattr(one.type, "__name__", ""), None) for one in named}
        return {**blank, **told, **agreed, **changes}


_BLANK: Mapping[str, object] = {"frozenset": [], "tuple": [], "bool": False, "int": 0, "str": ""}
"""A fact that nobody has said, by its type; all others may lack."""


def files(entries: Sequence[bytes]) -> dict[str, bytes]:
    """A log's files, for fewer entries than fill one."""
    size = len(entries)
    assert size <= tiles.WIDTH
    hashes = b"".join(merkle.leaf_hash(entry) for entry in entries)
    return {
        tiles.path(0, 0, size): hashes,
        tiles.path(tiles.ENTRIES, 0, size): tiles.bundled(entries),
    }


def broken(result: Result) -> list[tuple[str, str]]:
    """The entries that an audit names, and what it says of them."""
    assert (result.status is Status.FAILED) == bool(result.found)
    for one in result.found:
        assert texts.say(one.what.code, **dict(one.what.facts))
    return [(one.id, one.what.code) for one in result.found]
