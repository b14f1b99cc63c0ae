"""Every address of the dam, asked by everybody: who gets what, how a refusal looks, and what hostile bodies do."""

import itertools
import json
import re
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import served
from cards import CARD
from datadam import seal
from datadam.dam import decide, dispute, grant, login, offer, publish, steward
from datadam.dam.steward import Standing
from datadam.disputes import DisputeState
from datadam.edges import app, incoming
from datadam.edges.manners import MAX_BODY
from datadam.errors import Untrusted
from datadam.formats import odrl, person
from datadam.governance import About
from datadam.model import Ask, Job, Kind, MemberId, Release, StandardId, instant
from served import STANDARD, Served, published, serving
from signed import agreed, an_offer, drafted, ending, signing
from worlds import GOOD, Person, fit_of, standard_text

BAD_ROW = b"meter,amount\nB1,5\nB2,many\n"
TABLE = "/sharing/shares/dam/schemas/test/tables/reading"
WHO = ("none", "wrong", "profile", "other", "right")
HOSTILE_SECRET = "Secret Works of Busan"


@dataclass
class Scene:
    """A served dam, its people and their tokens."""

    dam: Served
    people: dict[str, Person] = field(default_factory=dict)
    deposit: str = ""  # alice's, committed, with one reject
    announced: str = ""  # alice's, waiting for its file
    decision: str = ""  # alice's, a yes
    profiles: dict[str, str] = field(default_factory=dict)  # member → the token of its last share profile

    def token(self, who: str, right: str = "alice") -> str | None:
        """The token that `who` shows."""
        match who:
            case "none":
                return None
            case "wrong":
                return "nonsense"
            case "profile":
                return self._profile(self.people[right].id)
            case "other":
                return self.dam.token(self.people["bob"])
        return self.dam.token(self.people[right])

    def _profile(self, member: MemberId) -> str:
        """A share profile's: the last one again while it lives, for a member has only so many."""
        with suppress(KeyError, Untrusted):
            login.caller(self.dam.world, self.profiles[member])
            return self.profiles[member]
        self.profiles[member] = login.issue_profile(self.dam.world, member, STANDARD).token
        return self.profiles[member]

    def statement(self, kind: Kind, who: str, **facts: object) -> bytes:
        """A statement signed by somebody, as it is sent."""
        return seal.envelope(self.people[who].states(kind, facts))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One dam for all tests of this file."""
    with serving(tmp_path_factory.mktemp("api") / "dam") as dam:
        published(dam.world)
        made = Scene(dam)
        for name in ("alice", "bob", "rotater", "leaver", "taker"):
            made.people[name] = dam.person(HOSTILE_SECRET if name == "alice" else name)
        alice = made.people["alice"]
        grant.grant(dam.world, alice.id, STANDARD)
        made.deposit = alice.deposits(dam.world, STANDARD, BAD_ROW).id
        made.announced = announce(made, "alice", GOOD)
        made.decision = str(decide.decide(dam.world, Ask(member=alice.id, standard=StandardId(STANDARD)))[1])
        yield made


def announce(scene: Scene, who: str, data: bytes, **changes: object) -> str:
    """Announce a deposit over HTTP; its id."""
    person = scene.people[who]
    manifest = person.manifest(fit_of(scene.dam.world, STANDARD, data), data, **changes)  # type: ignore[arg-type]  # any field
    sent = scene.dam.ask("POST", "/api/deposits", scene.token("right", who), content=seal.envelope(manifest))
    assert sent.status_code == 202, sent.text
    return str(sent.json()["id"])


def finished(scene: Scene, who: str, id: str) -> dict[str, Any]:
    """Wait for the end of a deposit."""
    token = scene.token("right", who)
    while (job := scene.dam.ask("GET", f"/api/deposits/{id}", token).json())["stage"] not in {"committed", "refused"}:
        time.sleep(0.02)
    return dict(job)


# --- who gets what ----------------------------------------------------------------------------------------------------

EVERYBODY = (200, 200, 200, 200, 200)
PUBLIC_BUT_NO_LIES = (200, 401, 200, 200, 200)
MEMBERS = (401, 401, 401, 200, 200)
ONLY_MINE = (401, 401, 401, 404, 200)
SHARED = (401, 401, 200, 403, 200)


@dataclass(frozen=True)
class Try:
    """How an address is asked in earnest, and what each of `WHO` gets."""

    expected: tuple[int, ...]
    path: Callable[[Scene], str] | None = None
    more: Callable[[Scene], dict[str, Any]] = lambda _: {}
    right: str = "alice"


def _manifest(scene: Scene) -> dict[str, Any]:
    alice, data = scene.people["alice"], b"meter,amount\nC1,1\n"
    return {"content": seal.envelope(alice.manifest(fit_of(scene.dam.world, STANDARD, data), data))}


def _new_key(scene: Scene) -> dict[str, Any]:
    old, new = scene.people["rotater"], seal.new_key()
    facts = {"member": old.id, "key": seal.public(new), "replaces": seal.thumbprint(old.key)}
    return {"content": seal.envelope(seal.countersign(old.states(Kind.KEY, facts), new))}


def _exit(scene: Scene) -> dict[str, Any]:
    facts = {"member": scene.people["leaver"].id, "reason": "moved", "signed_by_member": True}
    return {"content": scene.statement(Kind.EXIT, "leaver", **facts)}


def _objection(scene: Scene) -> dict[str, Any]:
    facts = {"recovery": "0" * 64, "member": scene.people["alice"].id}
    return {"content": scene.statement(Kind.OBJECTION, "alice", **facts)}


def _application(_: Scene) -> dict[str, Any]:
    person = Person("Applicant")
    profile = person.profile()
    return {"json": {"statement": json.loads(seal.envelope(person.accession(profile))), "profile": profile.decode()}}


def _login(scene: Scene) -> dict[str, Any]:
    bob, now = scene.people["bob"], int(time.time())
    assertion = seal.login_assertion(bob.key, member=bob.id, audience=scene.dam.url, now=now)
    names = {"grant_type": "client_credentials", "client_assertion_type": login.ASSERTION_TYPE}
    return {"data": {**names, "client_assertion": assertion}}


def _file(scene: Scene) -> str:
    token = scene.token("right")
    lines = scene.dam.ask("POST", f"{TABLE}/query", token, json={}).text.splitlines()
    return str(json.loads(lines[2])["file"]["url"]).removeprefix(scene.dam.url)


def _profile(scene: Scene) -> str:
    login.issue_profile(scene.dam.world, scene.people["alice"].id, STANDARD)
    return "/api/profiles/" + login.profiles(scene.dam.world, scene.people["alice"].id)[-1].hash[:12]


def _withdrawal(scene: Scene) -> dict[str, Any]:
    taker = scene.people["taker"]
    job = taker.deposits(scene.dam.world, STANDARD, f"meter,amount\nT{next(NUMBERS)},1\n".encode())
    return {"content": scene.statement(Kind.WITHDRAWAL, "taker", **_taking(taker, job.id))}


def _taking(person: Person, id: str, replaced_by: str | None = None) -> dict[str, object]:
    return {"contributor": person.id, "deposits": [id], "replaced_by": replaced_by, "reason": "ended"}


def _amendment(scene: Scene) -> dict[str, Any]:
    alice, data = scene.people["alice"], f"meter,amount\nT{next(NUMBERS)},1\n".encode()
    manifest = alice.manifest(fit_of(scene.dam.world, STANDARD, data), data)
    told = scene.statement(Kind.WITHDRAWAL, "alice", **_taking(alice, scene.deposit, manifest.id))
    return {"json": {"manifest": json.loads(seal.envelope(manifest)), "withdrawal": json.loads(told)}}


def _unsealed(scene: Scene) -> str:
    return "/api/deposits/" + announce(scene, "alice", f"meter,amount\nT{next(NUMBERS)},1".encode())


def _signed_for(scene: Scene) -> str:
    """A standard of its own, with an offer that the dam signs at once."""
    id = "test.signed"
    text = standard_text().replace(STANDARD, id).replace("test_reading", "test_signed")
    publish.publish(scene.dam.world, text)
    offer.publish(scene.dam.world, odrl.write(an_offer(standard=id)))
    return id


def _drafting(scene: Scene) -> dict[str, Any]:
    wish = {"standard": _signed_for(scene), "purposes": ["research"], "destination": "KR", "level": None}
    return {"json": wish}


def _acceptance(scene: Scene) -> dict[str, Any]:
    alice = scene.people["alice"]
    return {"content": seal.envelope(signing(alice, drafted(scene.dam.world, alice, _signed_for(scene))))}


def _agreement(scene: Scene) -> str:
    return agreed(scene.dam.world, scene.people["alice"], _signed_for(scene)).id


def _ending(scene: Scene) -> dict[str, Any]:
    return {"content": ending(scene.people["alice"], _agreement(scene))}


def _stewarded(scene: Scene) -> tuple[str, Standing]:
    """The text of a standard whose steward is alice, and the proposal of it, new each time."""
    said = (
        f"  - {{vendor: datadam, property: stewards, value: [{scene.people['alice'].id}]}}\n"
        "  - {vendor: datadam, property: quorum, value: 1}\nschema:\n"
    )
    text = standard_text().replace("test.reading", "test.governed").replace("schema:\n", said, 1)
    return text, steward.propose(scene.dam.world, None, About.STANDARD, text, comments="talk@example.org")


def _proposal(scene: Scene) -> str:
    return _stewarded(scene)[1].proposal.id


def _proposing(scene: Scene) -> dict[str, Any]:
    """A first version, which the operator alone proposes."""
    return {"json": {"about": "standard", "text": _stewarded(scene)[0], "days": None, "comments": "talk@example.org"}}


def _signature(scene: Scene) -> dict[str, Any]:
    alice = scene.people["alice"]
    shown = seal.opened(steward.motion(scene.dam.world, alice.caller, _proposal(scene)))
    return {"content": seal.envelope(seal.countersign(replace(shown, signatures=()), alice.key))}


def _comment(scene: Scene) -> dict[str, Any]:
    said = {"proposal": _proposal(scene), "member": scene.people["alice"].id, "text": "no"}
    return {"content": scene.statement(Kind.COMMENT, "alice", **said)}


def _disputing(scene: Scene) -> dict[str, Any]:
    alice = scene.people["alice"]
    for one in dispute.every(scene.dam.world, alice.caller):  # a member has few at a time
        if one.dispute.state is DisputeState.OPEN:
            dispute.stepped(scene.dam.world, alice.caller, _taken_back(scene, one.dispute.id))
    facts = {"standard": STANDARD, "subject": "row", "deposit": None, "row": {"meter": "A1"}, "statement": None}
    more = {"member": alice.id, "outsider": None, "reason": "x", "measure": "annotate"}
    now = instant(scene.dam.clock())
    said = seal.state(Kind.DISPUTE, {**facts, **more, **dispute.days(scene.dam.world)}, issued=now, key=alice.key)
    return {"content": seal.envelope(said)}


def _dispute(scene: Scene) -> str:
    made = dispute.raised(scene.dam.world, scene.people["alice"].caller, _disputing(scene)["content"])
    return made.dispute.id


def _taken_back(scene: Scene, id: str) -> bytes:
    said = {"dispute": id, "event": "withdraw", "member": scene.people["alice"].id, "text": "x"}
    return scene.statement(Kind.DISPUTE_STEP, "alice", **said)


def _dispute_step(scene: Scene) -> dict[str, Any]:
    return {"content": _taken_back(scene, _dispute(scene))}


def _declaration(scene: Scene) -> dict[str, Any]:
    alice, body = scene.people["alice"], person.write("Kim", "Office")
    facts = {"row": 43, "member": alice.id, "standard": STANDARD, "subject": None, "applies": True, "countries": []}
    more = {"days": None, "words": "ours", "person": seal.digest(body), "until": "2999-01-01"}
    statement = alice.states(Kind.DECLARATION, {**facts, **more})
    return {"json": {"statement": json.loads(seal.envelope(statement)), "person": body.decode()}}


NUMBERS = itertools.count()


def _announced(part: str, number: int) -> Callable[[Scene], str]:
    """The address of a file that only alice announced, one of its own for each number."""
    return lambda scene: (
        f"/api/deposits/{announce(scene, 'alice', f'meter,amount{chr(10)}U{number},1'.encode())}/{part}"
    )


def _piece(_: Scene) -> dict[str, Any]:
    headers = {"Upload-Complete": "?0", "Upload-Offset": "0", "Content-Type": "application/partial-upload"}
    return {"content": b"meter", "headers": headers}


def _waiting(scene: Scene) -> str:
    with scene.dam.world.store.read() as rows:
        return next(one.id for one in rows.find(Job, stage="announced"))


TRIES = {
    "GET /": Try((307,) * 5),
    "GET /api/openapi.json": Try(EVERYBODY),
    "GET /log/{path:path}": Try(EVERYBODY, lambda _: "/log/checkpoint"),
    "HEAD /log/{path:path}": Try(EVERYBODY, lambda _: "/log/checkpoint"),
    "GET /api": Try(EVERYBODY),
    "GET /healthz": Try(EVERYBODY),
    "GET /metrics": Try(EVERYBODY),
    "GET /api/log/cosigned": Try((404,) * 5),
    "GET /api/log/consistency": Try(EVERYBODY, lambda _: "/api/log/consistency?old=1&new=2"),
    "GET /api/log/bodies": Try(PUBLIC_BUT_NO_LIES, lambda _: "/api/log/bodies?start=0"),
    "GET /api/bodies/{id}": Try((404, 401, 404, 404, 200), lambda scene: f"/api/bodies/{scene.deposit}"),
    "GET /api/receipts/{id}": Try((404, 401, 404, 404, 200), lambda scene: f"/api/receipts/{scene.deposit}"),
    "GET /api/accession": Try(EVERYBODY),
    "GET /api/reservations": Try(EVERYBODY),
    "GET /api/members": Try(EVERYBODY),
    "GET /api/tables": Try(EVERYBODY),
    "GET /api/tables/{standard}/{period}": Try((404,) * 5, lambda _: f"/api/tables/{STANDARD}/2026-Q3"),
    "GET /api/tables/{standard}/{period}/{table}.csv": Try(
        (404,) * 5, lambda _: f"/api/tables/{STANDARD}/2026-Q3/x.csv"
    ),
    "POST /api/reservations": Try((401, 401, 401, 400, 400), more=lambda _: {"content": b"{}"}),
    "GET /api/countries": Try(EVERYBODY),
    "GET /api/law": Try(EVERYBODY),
    "GET /api/log/keys": Try(EVERYBODY),
    "GET /api/log/cosignatures": Try(EVERYBODY),
    "GET /api/peers": Try(EVERYBODY),
    "GET /api/federation/identity": Try(EVERYBODY),
    "GET /api/federation/{rest:path}": Try((401,) * 5, lambda _: "/api/federation/batch?old=0"),
    "POST /api/federation/{rest:path}": Try(
        (401,) * 5, lambda _: "/api/federation/batch", more=lambda _: {"content": b"{}"}
    ),
    "GET /api/recoveries": Try(EVERYBODY),
    "POST /api/objections": Try((401, 401, 401, 400, 400), more=_objection),
    "GET /api/notices": Try(MEMBERS),
    "POST /api/applications": Try((202,) * 5, more=_application),
    "GET /api/applications/{id}": Try((404,) * 5, lambda _: "/api/applications/" + "0" * 64),
    "POST /api/token": Try(EVERYBODY, more=_login),
    "GET /api/me": Try(MEMBERS),
    "POST /api/keys": Try((401, 401, 401, 400, 200), more=_new_key, right="rotater"),
    "POST /api/exit": Try((401, 401, 401, 400, 200), more=_exit, right="leaver"),
    "GET /api/standards": Try(EVERYBODY),
    "GET /api/standards/{id}": Try(EVERYBODY, lambda _: f"/api/standards/{STANDARD}"),
    "GET /api/standards/{id}/versions": Try(EVERYBODY, lambda _: f"/api/standards/{STANDARD}/versions"),
    "GET /api/reservoirs": Try(PUBLIC_BUT_NO_LIES),
    "GET /api/reservoirs/{id}": Try(PUBLIC_BUT_NO_LIES, lambda _: f"/api/reservoirs/{STANDARD}"),
    "GET /api/releases": Try(MEMBERS),
    "GET /api/answers/schema": Try(EVERYBODY),
    "GET /api/reservoirs/{id}/questions": Try(
        (400, 401, 400, 400, 400), lambda _: f"/api/reservoirs/{STANDARD}/questions"
    ),
    "GET /api/reservoirs/{id}/dummy": Try((400,) * 5, lambda _: f"/api/reservoirs/{STANDARD}/dummy"),
    "POST /api/answers/preview": Try((400,) * 5, more=lambda _: {"json": {"standard": STANDARD}}),
    "POST /api/answers": Try((401, 401, 401, 400, 400), more=lambda _: {"json": {"standard": STANDARD}}),
    "GET /api/spent": Try(MEMBERS),
    "POST /api/caps": Try((401, 401, 401, 400, 400), more=lambda _: {"content": b"{}"}),
    "POST /api/asks": Try(MEMBERS, more=lambda _: {"json": {"action": "read", "standard": STANDARD}}),
    "POST /api/asks/everybody": Try(
        (401, 401, 401, 403, 403), more=lambda _: {"json": {"action": "read", "standard": STANDARD}}
    ),
    "POST /api/decisions": Try(
        (401, 401, 401, 201, 201), more=lambda _: {"json": {"action": "read", "standard": STANDARD}}
    ),
    "GET /api/decisions": Try(MEMBERS),
    "GET /api/decisions/{id}": Try((401, 401, 401, 404, 200), lambda scene: f"/api/decisions/{scene.decision}"),
    "GET /api/issuers": Try(EVERYBODY),
    "GET /api/catalogue": Try(PUBLIC_BUT_NO_LIES),
    "GET /api/catalogue/{id}": Try((404, 401, 404, 404, 404), lambda _: f"/api/catalogue/{STANDARD}"),
    "GET /api/guests/draft": Try((404,) * 5, lambda _: "/api/guests/draft?home=x.example&accession=0"),
    "POST /api/guests": Try((400,) * 5, more=lambda _: {"content": b"{}"}),
    "GET /api/rounds": Try(EVERYBODY),
    "POST /api/commitments": Try((401, 401, 401, 400, 400), more=lambda _: {"content": b"{}"}),
    "POST /api/rounds/{id}/bag": Try(
        (401, 401, 401, 404, 404), lambda _: "/api/rounds/" + "0" * 64 + "/bag", more=lambda _: {"content": b"bag"}
    ),
    "GET /api/rounds/{id}/result": Try((401, 401, 401, 404, 404), lambda _: "/api/rounds/" + "0" * 64 + "/result"),
    "GET /api/rounds/{id}/showings": Try((401, 401, 401, 404, 404), lambda _: "/api/rounds/" + "0" * 64 + "/showings"),
    "POST /api/rounds/{id}/showings": Try(
        (401, 401, 401, 400, 400), lambda _: "/api/rounds/" + "0" * 64 + "/showings", more=lambda _: {"content": b"{}"}
    ),
    "POST /api/rounds/{id}/shown": Try((401, 401, 401, 404, 404), lambda _: "/api/rounds/" + "0" * 64 + "/shown"),
    "POST /api/showings/{id}/consent": Try(
        (401, 401, 401, 400, 400), lambda _: "/api/showings/" + "0" * 64 + "/consent", more=lambda _: {"content": b"{}"}
    ),
    "GET /api/credentials": Try(MEMBERS),
    "GET /api/credentials/{id}/evidence": Try(
        (401, 401, 401, 404, 404), lambda _: "/api/credentials/" + "0" * 64 + "/evidence"
    ),
    "GET /api/proposals": Try(EVERYBODY),
    "GET /api/proposals/{id}": Try(EVERYBODY, lambda scene: f"/api/proposals/{_proposal(scene)}"),
    "POST /api/proposals": Try((401, 401, 401, 403, 403), more=_proposing),
    "GET /api/proposals/{id}/motion": Try(MEMBERS, lambda scene: f"/api/proposals/{_proposal(scene)}/motion"),
    "POST /api/proposals/signatures": Try((401, 401, 401, 403, 200), more=_signature),
    "DELETE /api/proposals/{id}/signature": Try(
        (401, 401, 401, 404, 404), lambda scene: f"/api/proposals/{_proposal(scene)}/signature"
    ),
    "POST /api/comments": Try((401, 401, 401, 400, 201), more=_comment),
    "GET /api/disputes": Try(MEMBERS),
    "GET /api/disputes/{id}": Try(ONLY_MINE, lambda scene: f"/api/disputes/{_dispute(scene)}"),
    "POST /api/disputes": Try((401, 401, 401, 400, 201), more=_disputing),
    "POST /api/disputes/steps": Try((401, 401, 401, 400, 201), more=_dispute_step),
    "POST /api/disputes/{id}/rulings": Try(
        (401, 401, 401, 404, 403),
        lambda scene: f"/api/disputes/{_dispute(scene)}/rulings",
        lambda _: {"json": {"event": "measure", "measure": "none", "reasons": "x"}},
    ),
    "GET /api/rulings/{id}": Try((401, 401, 401, 404, 404), lambda _: "/api/rulings/" + "0" * 64),
    "POST /api/rulings/signatures": Try((401, 401, 401, 400, 400), more=lambda _: {"content": b"{}"}),
    "GET /api/models": Try(EVERYBODY),
    "GET /api/models/{id}": Try((404, 401, 404, 404, 404), lambda _: "/api/models/" + "0" * 64),
    "GET /api/models/{id}/ml-bom": Try((404,) * 5, lambda _: "/api/models/" + "0" * 64 + "/ml-bom"),
    "POST /api/models/draft": Try((401, 401, 401, 400, 400), more=lambda _: {"content": CARD.encode()}),
    "POST /api/models": Try((401, 401, 401, 400, 400), more=lambda _: {"content": b"{}"}),
    "GET /api/models/{id}/openings": Try((401, 401, 401, 404, 404), lambda _: "/api/models/" + "0" * 64 + "/openings"),
    "POST /api/models/{id}/openings": Try(
        (401, 401, 401, 404, 404), lambda _: "/api/models/" + "0" * 64 + "/openings", more=lambda _: {"content": b"{}"}
    ),
    "GET /api/openings/{id}": Try((401, 401, 401, 404, 404), lambda _: "/api/openings/" + "0" * 64),
    "GET /api/declarations": Try(MEMBERS),
    "POST /api/declarations": Try((401, 401, 401, 400, 201), more=_declaration),
    "GET /api/profiles": Try(MEMBERS),
    "POST /api/profiles": Try((401, 401, 401, 201, 201), more=lambda _: {"json": {"standard": STANDARD}}),
    "DELETE /api/profiles/{profile}": Try((401, 401, 401, 404, 204), _profile),
    "GET /api/fits/{standard}": Try(MEMBERS, lambda _: f"/api/fits/{STANDARD}"),
    "POST /api/deposits": Try((401, 401, 401, 400, 202), more=_manifest),
    "PUT /api/deposits/{id}/file": Try(
        (401, 401, 401, 404, 202), lambda scene: f"/api/deposits/{scene.announced}/file", lambda _: {"content": GOOD}
    ),
    "OPTIONS /api/deposits/{id}/file": Try((204,) * 5, lambda _: "/api/deposits/x/file"),
    "POST /api/deposits/{id}/file": Try((401, 401, 401, 404, 201), _announced("file", 1), _piece),
    "HEAD /api/deposits/{id}/upload": Try((401, 401, 401, 404, 204), _announced("upload", 2)),
    "PATCH /api/deposits/{id}/upload": Try((401, 401, 401, 404, 204), _announced("upload", 3), _piece),
    "DELETE /api/deposits/{id}/upload": Try((401, 401, 401, 404, 204), _announced("upload", 4)),
    "GET /api/deposits": Try(MEMBERS),
    "GET /api/deposits/{id}": Try(ONLY_MINE, lambda scene: f"/api/deposits/{scene.deposit}"),
    "GET /api/deposits/{id}/report.html": Try(ONLY_MINE, lambda scene: f"/api/deposits/{scene.deposit}/report.html"),
    "GET /api/deposits/{id}/statistics": Try(ONLY_MINE, lambda scene: f"/api/deposits/{scene.deposit}/statistics"),
    "GET /api/deposits/{id}/rejects": Try(ONLY_MINE, lambda scene: f"/api/deposits/{scene.deposit}/rejects"),
    "POST /api/withdrawals": Try((401, 401, 401, 400, 202), more=_withdrawal, right="taker"),
    "GET /api/withdrawals": Try(MEMBERS),
    "GET /api/withdrawals/{id}": Try((401, 401, 401, 404, 404), lambda _: "/api/withdrawals/" + "0" * 64),
    "POST /api/amendments": Try((401, 401, 401, 400, 202), more=_amendment),
    "DELETE /api/deposits/{id}": Try((401, 401, 401, 404, 204), _unsealed),
    "GET /api/editions": Try(PUBLIC_BUT_NO_LIES),
    "GET /api/offers": Try(EVERYBODY),
    "GET /api/offers/{standard}": Try(EVERYBODY, lambda scene: f"/api/offers/{_signed_for(scene)}"),
    "POST /api/agreements/draft": Try(MEMBERS, more=_drafting),
    "POST /api/agreements": Try((401, 401, 401, 400, 201), more=_acceptance),
    "GET /api/agreements": Try(MEMBERS),
    "GET /api/agreements/{id}": Try(ONLY_MINE, lambda scene: f"/api/agreements/{_agreement(scene)}"),
    "POST /api/agreements/end": Try((401, 401, 401, 400, 200), more=_ending),
    "GET /api/agreements/{id}/credential": Try(
        ONLY_MINE, lambda scene: f"/api/agreements/{_agreement(scene)}/credential"
    ),
    "GET /sharing/shares": Try((401, 401, 200, 200, 200)),
    "GET /sharing/shares/{share}": Try(EVERYBODY, lambda _: "/sharing/shares/dam"),
    "GET /sharing/shares/{share}/schemas": Try((401, 401, 200, 200, 200), lambda _: "/sharing/shares/dam/schemas"),
    "GET /sharing/shares/{share}/schemas/{schema}/tables": Try(
        (401, 401, 200, 404, 200), lambda _: "/sharing/shares/dam/schemas/test/tables"
    ),
    "GET /sharing/shares/{share}/all-tables": Try(
        (401, 401, 200, 200, 200), lambda _: "/sharing/shares/dam/all-tables"
    ),
    "HEAD /sharing/shares/{share}/schemas/{schema}/tables/{table}": Try(SHARED, lambda _: TABLE),
    "GET /sharing/shares/{share}/schemas/{schema}/tables/{table}/version": Try(SHARED, lambda _: f"{TABLE}/version"),
    "GET /sharing/shares/{share}/schemas/{schema}/tables/{table}/metadata": Try(SHARED, lambda _: f"{TABLE}/metadata"),
    "POST /sharing/shares/{share}/schemas/{schema}/tables/{table}/query": Try(
        SHARED, lambda _: f"{TABLE}/query", lambda _: {"json": {}}
    ),
    "GET /sharing/shares/{share}/schemas/{schema}/tables/{table}/changes": Try(
        (401, 401, 400, 403, 400), lambda _: f"{TABLE}/changes"
    ),
    "POST /sharing/shares/{share}/schemas/{schema}/tables/{table}/temporary-table-credentials": Try(
        (401, 401, 400, 403, 400), lambda _: f"{TABLE}/temporary-table-credentials"
    ),
    "GET /sharing/files/{member}/{standard}/{recipient}/{version}/{name}": Try(EVERYBODY, _file),
    "HEAD /sharing/files/{member}/{standard}/{recipient}/{version}/{name}": Try(EVERYBODY, _file),
}


def routes(routed: Any, prefix: str = "") -> Iterator[str]:
    """Every `METHOD path` that an app answers; HEAD where it is a route of its own."""
    for route in routed.routes:
        if inner := getattr(route, "original_router", None):
            yield from routes(inner, prefix + route.include_context.prefix)
        else:
            methods = route.methods - {"HEAD"} or route.methods
            yield from (f"{method} {prefix}{route.path}" for method in methods)


def test_every_address_is_tried(scene: Scene) -> None:
    """A new route fails here until this file says who may ask it."""
    assert sorted(routes(scene.dam.app)) == sorted(TRIES)


@pytest.mark.parametrize("address", TRIES)
def test_each_gets_what_is_theirs_and_nothing_else(scene: Scene, address: str) -> None:
    """No token, a wrong one, a share profile's, another member's, the right one: the status that each may expect."""
    tried, method = TRIES[address], address.split(maxsplit=1)[0]
    path = tried.path(scene) if tried.path else address.split()[1]
    more = tried.more(scene)
    given = []
    for who in WHO:
        token = scene.token(who, tried.right)
        body = tried.more(scene) if "content" not in more else more  # one-time things anew, the same deed for all
        answer = scene.dam.ask(method, path, token, **body)
        given.append(answer.status_code)
        if answer.status_code >= 400 and method != "HEAD":
            refuses_well(answer)
            if token:
                assert token not in answer.text
        if who not in {"right", "profile"} and tried.right == "alice":
            assert HOSTILE_SECRET not in answer.text
    assert tuple(given) == tried.expected


def refuses_well(answer: httpx.Response) -> None:
    """A refusal in the house's manners: all the fields, no trace of how we work inside."""
    told = answer.json()
    if "errorCode" in told:  # Delta Sharing's own form
        assert told["message"]
    else:
        assert answer.headers["content-type"] == "application/problem+json"
        assert {"type", "title", "status", "detail", "code", "facts", "faults"} <= set(told)
        assert told["status"] == answer.status_code
        assert told["title"] != told["code"]
    assert not re.search(r"Traceback|\.py\b|/tmp|/home|/root|site-packages|sqlite", answer.text)
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/api/nothing", 404),
        ("PUT", "/api", 405),
        ("DELETE", "/log/checkpoint", 405),
        ("GET", "/api/standards/no.such", 404),
        ("GET", "/api/standards/%00", 400),
        ("GET", "/api/standards/%ff%fe", 404),
        ("GET", "/api/accession?language=xx", 404),
        ("GET", "/api/log/consistency?old=x&new=2", 400),
        ("GET", f"/api/log/consistency?old=1&new={10**40}", 400),
        ("GET", "/api/log/bodies?start=-1", 400),
        ("GET", "/api/log/bodies?start=0&count=501", 400),
        ("GET", "/api/bodies/" + "%00" * 9, 404),
        ("GET", "/api/me", 401),
    ],
)
@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_refusal_speaks_the_language_asked_for(
    scene: Scene, method: str, path: str, status: int, language: str
) -> None:
    """Also where the framework refuses before we do: unknown addresses, methods and parameters."""
    answer = scene.dam.ask(method, path, headers={"Accept-Language": f"{language}, xx;q=0.1"})
    assert answer.status_code == status
    refuses_well(answer)
    assert bool(re.search(r"[가-힣]", answer.json()["title"])) is (language == "ko")
    assert bool(re.search(r"[가-힣]", answer.json()["detail"])) is (language == "ko")
    if status == 405:
        assert answer.headers["allow"]
    if status == 401:
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_what_breaks_is_told_as_no_more_than_that(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """A fault of ours is a 500 in our manners without its cause, which the server's log has."""
    world = scene.dam.world
    broken = type("Broken", (), {"__getattr__": lambda *_: 1 / 0})()
    scene.dam.app.state.world = broken
    try:
        answer = scene.dam.ask("GET", "/api")
    finally:
        scene.dam.app.state.world = world
    assert answer.status_code == 500
    assert answer.json()["code"] == "request.broke"
    refuses_well(answer)
    assert "division" not in answer.text
    ends = time.monotonic() + 30
    while "ZeroDivisionError" not in caplog.text and time.monotonic() < ends:  # the answer goes out before the line
        time.sleep(0.01)
    assert "ZeroDivisionError" in caplog.text


# --- hostile bodies ---------------------------------------------------------------------------------------------------

DEEP = b"[" * 200_000
NESTED = b'{"a":' * 50_000
HOSTILE = {
    "nothing": b"",
    "not JSON": b"<xml/>",
    "not UTF-8": b"\xff\xfe",
    "a key twice": b'{"standard": "a", "standard": "b"}',
    "deep": DEEP,
    "deep objects": NESTED,
    "not a number": b'{"standard": NaN}',
    "half a surrogate pair": b'{"standard": "\\ud800", "statement": {}, "profile": "\\ud800"}',
    "half a pair where text should be": b'{"statement": {}, "profile": "\\ud800"}',
    "a list": b"[]",
    "a huge number": b'{"standard": 1' + b"0" * 5000 + b"}",
    "an endless number": b'{"standard": 1e999, "statement": 1e999, "profile": "x"}',
    "NUL": b'{"standard": "\\u0000"}',
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize(
    "path",
    [
        "/api/applications",
        "/api/keys",
        "/api/exit",
        "/api/profiles",
        "/api/deposits",
        "/api/agreements",
        "/api/agreements/draft",
        "/api/agreements/end",
    ],
)
def test_hostile_bodies_are_refused_with_a_reason(scene: Scene, path: str, body: bytes) -> None:
    """Whatever is sent where JSON is expected: a 4xx that says what is wrong."""
    answer = scene.dam.ask("POST", path, scene.token("other"), content=body)
    assert answer.status_code in {400, 404}
    refuses_well(answer)


WEIRD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=40)
@given(statement=WEIRD, profile=WEIRD)
def test_no_json_breaks_an_application(scene: Scene, statement: object, profile: object) -> None:
    """Any JSON in the right fields is a 400, never a 500."""
    answer = scene.dam.ask("POST", "/api/applications", json={"statement": statement, "profile": profile})
    assert answer.status_code == 400
    refuses_well(answer)


def _pieces(size: int) -> Iterator[bytes]:
    piece = b"a" * 65_536
    for _ in range(size // len(piece) + 1):
        yield piece


@pytest.mark.parametrize("chunked", [False, True], ids=["told", "chunked"])
def test_a_body_too_large_is_cut_off(scene: Scene, *, chunked: bool) -> None:
    """Whether its size is told beforehand or not."""
    content = _pieces(MAX_BODY) if chunked else b"".join(_pieces(MAX_BODY))
    answer = scene.dam.ask("POST", "/api/applications", content=content)
    assert answer.status_code == 413
    refuses_well(answer)


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data; boundary=x", b"--x\r\nbroken"),
        ("multipart/form-data", b"no boundary"),
        ("application/x-www-form-urlencoded", b"grant_type=" + b"a" * 2_000_000),
        ("application/x-www-form-urlencoded", b"&".join(b"a=1" for _ in range(20_000))),
        ("application/x-www-form-urlencoded", b"grant_type=%ff&client_assertion_type=a&client_assertion=b"),
        ("text/plain", b"hello"),
    ],
)
def test_a_login_in_the_wrong_form_is_refused(scene: Scene, media: str, body: bytes) -> None:
    """JSON, broken multipart, endless fields: told in our manners."""
    answer = scene.dam.ask("POST", "/api/token", content=body, headers={"Content-Type": media})
    assert answer.status_code in {400, 401, 413}
    refuses_well(answer)


def test_a_login_form_too_large_is_cut_off_like_any_other(scene: Scene) -> None:
    """The framework reads forms itself; what our guard says there is still what the caller hears."""
    media = {"Content-Type": "multipart/form-data; boundary=x"}
    start = b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'

    def content() -> Iterator[bytes]:
        yield start
        yield from _pieces(MAX_BODY)

    answer = scene.dam.ask("POST", "/api/token", content=content(), headers=media)
    assert answer.status_code == 413, answer.text
    refuses_well(answer)


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "bearer nonsense", "Bearer a b", "a\x7fb"])
def test_odd_authorisations_are_refused(scene: Scene, header: str) -> None:
    """A scheme that is not ours, or no token behind it: 401, and how to log in."""
    answer = scene.dam.ask("GET", "/api/me", headers={"Authorization": header})
    assert answer.status_code == 401
    refuses_well(answer)


# --- the log's files --------------------------------------------------------------------------------------------------

TRICKS = [
    "../settings.toml",
    "..%2fsettings.toml",
    "%2e%2e/settings.toml",
    "tile/../../settings.toml",
    "tile/%2e%2e/%2e%2e/settings.toml",
    "tile/..%2f..%2fsettings.toml",
    "tile/..%5c..%5csettings.toml",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "tile//etc/passwd",
    "tile/%00",
    "checkpoint%00",
    "checkpoint/",
    "tile",
    "tile/",
    "tile/0",
    "tile/" + "a" * 300,
    "tile/" + "a/" * 3000,
    "",
    "lock",
]


def raw(dam: Served, request: bytes) -> bytes:
    """Send bytes as they are, without a client that would tidy the path up; the whole answer."""
    host, port = dam.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(request)
        answer = b""
        while piece := connection.recv(65_536):
            answer += piece
    return answer


@pytest.mark.parametrize("trick", TRICKS)
def test_no_path_leads_out_of_the_log(scene: Scene, trick: str) -> None:
    """Dots, escapes, absolute paths, NUL, endless names: 404, never a file of ours, never a 500."""
    request = f"GET /log/{trick} HTTP/1.1\r\nHost: dam\r\nConnection: close\r\n\r\n"
    answer = raw(scene.dam, request.encode())
    assert answer.startswith(b"HTTP/1.1 404"), answer[:200]
    assert b"problem+json" in answer


def test_the_logs_files_take_head_and_ranges(scene: Scene) -> None:
    """HEAD tells the size, a range gives its bytes, one beyond the end is a 416, a heap of ranges costs nothing."""
    whole = scene.dam.ask("GET", "/log/checkpoint")
    head = scene.dam.ask("HEAD", "/log/checkpoint")
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) == len(whole.content)
    part = scene.dam.ask("GET", "/log/checkpoint", headers={"Range": "bytes=2-5"})
    assert (part.status_code, part.content) == (206, whole.content[2:6])
    beyond = scene.dam.ask("GET", "/log/checkpoint", headers={"Range": "bytes=100000-"})
    assert beyond.status_code == 416
    started = time.process_time()
    heap = ",".join(f"{n}-" for n in range(5_000))
    many = scene.dam.ask("GET", "/log/checkpoint", headers={"Range": f"bytes={heap}"})
    assert many.status_code in {200, 206, 400, 416, 431}
    assert time.process_time() - started < 5
    assert scene.dam.ask("GET", "/log/checkpoint").headers["cache-control"] == "no-cache"


# --- files that come in -----------------------------------------------------------------------------------------------


def rows(letter: str, count: int = 3) -> bytes:
    """A deposit of its own."""
    return b"meter,amount\n" + b"".join(f"{letter}{n},{n % 1000}\n".encode() for n in range(count))


def left(scene: Scene, id: str) -> list[str]:
    """What lies in the spool of one deposit."""
    folder = scene.dam.folder / "spool" / id
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def cut(scene: Scene, id: str, data: bytes, *, told: int) -> None:
    """Send part of a file and hang up."""
    host, port = scene.dam.url.removeprefix("http://").split(":")
    token = scene.token("right")
    head = (
        f"PUT /api/deposits/{id}/file HTTP/1.1\r\nHost: dam\r\n"
        f"Authorization: Bearer {token}\r\nContent-Length: {told}\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(head.encode() + data)
        time.sleep(0.3)


def until(true: Callable[[], bool], seconds: float = 15) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.02)


def test_an_upload_that_breaks_off_leaves_nothing_and_can_be_sent_again(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """The client hangs up in the middle: no byte stays, no trace is logged, and the next transfer is taken."""
    data = rows("cut", 1000)
    id = announce(scene, "alice", data)
    cut(scene, id, data[:5000], told=len(data))
    until(lambda: left(scene, id) == [])
    assert "Traceback" not in caplog.text
    path = f"/api/deposits/{id}/file"

    def sent() -> bool:
        return scene.dam.ask("PUT", path, scene.token("right"), content=data).status_code == 202

    until(sent)
    assert finished(scene, "alice", id)["tally"]["admitted"] == 1000


def test_an_upload_that_falls_silent_is_given_up(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody holds a thread for ever by sending nothing."""
    monkeypatch.setattr(incoming, "SILENT_SECONDS", 0.5)
    data = rows("silent", 10)
    id = announce(scene, "alice", data)
    request = (
        f"PUT /api/deposits/{id}/file HTTP/1.1\r\nHost: dam\r\nConnection: close\r\n"
        f"Authorization: Bearer {scene.token('right')}\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    answer = raw(scene.dam, request.encode() + data[:20])
    assert answer.startswith(b"HTTP/1.1 503")
    assert b"deposit.transfer-broken" in answer
    assert left(scene, id) == []


def test_an_upload_that_dribbles_is_given_up(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then is never silent, and would hold a thread for ever."""
    monkeypatch.setattr(incoming, "SILENT_SECONDS", 0.5)
    data = rows("dribble", 10)
    id = announce(scene, "alice", data)
    host, port = scene.dam.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(
            f"PUT /api/deposits/{id}/file HTTP/1.1\r\nHost: dam\r\nAuthorization: Bearer {scene.token('right')}\r\n"
            f"Content-Length: {len(data)}\r\n\r\n".encode()
        )
        sent = 0
        while sent < len(data) and not select.select([connection], [], [], 0.05)[0]:
            sent += connection.send(data[sent : sent + 1])
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 503")
    assert sent < len(data)
    until(lambda: left(scene, id) == [])


def test_slow_uploads_do_not_keep_others_waiting(scene: Scene) -> None:
    """As many uploads that dribble as there are worker threads in all: the dam still answers everybody else."""
    data = rows("slow", 10)
    ids = [announce(scene, "alice", data, name=f"{n}.csv") for n in range(45)]
    host, port = scene.dam.url.removeprefix("http://").split(":")
    token, connections = scene.token("right"), []
    try:
        for id in ids:
            connection = socket.create_connection((host, int(port)), timeout=20)
            connections.append(connection)
            connection.sendall(
                f"PUT /api/deposits/{id}/file HTTP/1.1\r\nHost: dam\r\nAuthorization: Bearer {token}\r\n"
                f"Content-Length: {len(data)}\r\n\r\nm".encode()
            )
        time.sleep(0.5)
        started = time.monotonic()
        assert scene.dam.ask("GET", "/api/standards").status_code == 200
        assert time.monotonic() - started < 10
    finally:
        for connection in connections:
            connection.close()
    until(lambda: all(left(scene, id) == [] for id in ids))


@pytest.mark.parametrize(
    ("sent", "code"),
    [(rows("other", 4), "spool.file-too-large"), (rows("xther", 3), "deposit.file-other"), (b"", "deposit.file-other")],
    ids=["longer", "as long", "nothing"],
)
def test_other_bytes_than_the_manifest_names_are_refused(scene: Scene, sent: bytes, code: str) -> None:
    """Nothing of them stays, and the right ones can still come."""
    data = rows("other", 3)[: -len(str(len(sent)))] + str(len(sent)).encode()  # each case is a deposit of its own
    id = announce(scene, "alice", data)
    answer = scene.dam.ask("PUT", f"/api/deposits/{id}/file", scene.token("right"), content=sent)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    refuses_well(answer)
    assert left(scene, id) == []
    assert scene.dam.ask("PUT", f"/api/deposits/{id}/file", scene.token("right"), content=data).status_code == 202
    assert finished(scene, "alice", id)["stage"] == "committed"


def test_two_uploads_of_one_deposit_at_once_are_one(scene: Scene) -> None:
    """One is taken, the other is told that it is busy or gets the same deposit; the rows come in once."""
    data = rows("twice", 2000)
    id = announce(scene, "alice", data)
    token, answers = scene.token("right"), []

    def send() -> None:
        pieces = (data[at : at + 512] for at in range(0, len(data), 512))
        answer = httpx.put(
            f"{scene.dam.url}/api/deposits/{id}/file",
            content=pieces,
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        )
        answers.append((answer.status_code, answer.json().get("code")))

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers) <= {(202, None), (503, "deposit.busy")}
    assert (202, None) in answers
    assert finished(scene, "alice", id)["tally"]["admitted"] == 2000
    again = scene.dam.ask("PUT", f"/api/deposits/{id}/file", token, content=b"whatever")
    assert (again.status_code, again.json()["stage"]) == (202, "committed")


def test_members_deposit_side_by_side(scene: Scene) -> None:
    """Eight firms at once: each gets its own rows in, and sees only its own deposit."""
    people = [scene.dam.person(f"Firm {n}") for n in range(8)]
    done: list[tuple[int, list[Any]]] = []

    def work(number: int) -> None:
        scene.people[f"firm{number}"] = people[number]
        data = rows(f"F{number}x", 20 + number)
        id = announce(scene, f"firm{number}", data)
        with httpx.Client() as own:
            headers = {"Authorization": f"Bearer {scene.token('right', f'firm{number}')}"}
            own.put(f"{scene.dam.url}/api/deposits/{id}/file", content=data, headers=headers)
        job = finished(scene, f"firm{number}", id)
        token = scene.token("right", f"firm{number}")
        own_ids = [one["id"] for one in scene.dam.ask("GET", "/api/deposits", token).json()["items"]]
        done.append((job["tally"]["admitted"] - number, [own_ids == [id], job["stage"]]))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [(20, [True, "committed"])] * 8


def test_the_same_file_sent_anew_while_the_first_is_judged_is_one_deposit(scene: Scene) -> None:
    """A lost answer makes a client sign a second manifest for the same file: it gets the deposit under way."""
    data = rows("again", 5)
    first = announce(scene, "alice", data)
    assert announce(scene, "alice", data) == first
    works, scene.dam.app.state.works = scene.dam.app.state.works, _Idle()
    try:
        scene.dam.ask("PUT", f"/api/deposits/{first}/file", scene.token("right"), content=data)
        assert announce(scene, "alice", data) == first
    finally:
        scene.dam.app.state.works = works
    with scene.dam.world.store.read() as held:
        job = held.get(Job, first)
    assert job is not None
    works.submit(job)
    assert finished(scene, "alice", first)["stage"] == "committed"
    assert announce(scene, "alice", data) == first


class _Idle:
    """Works that have not come round to anything yet."""

    def submit(self, job: Job) -> None:
        """Leave it."""

    def progress(self, id: str) -> None:
        """Nothing yet."""


# --- the pace of strangers --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def paced_dam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A dam that takes six requests a minute of a stranger."""
    with serving(tmp_path_factory.mktemp("paced") / "dam", requests_per_minute=6) as dam:
        published(dam.world)
        alice = dam.person("Alice")
        grant.grant(dam.world, alice.id, STANDARD)
        alice.deposits(dam.world, STANDARD, GOOD)
        yield Scene(dam, {"alice": alice, "bob": alice})


ADDRESSES = itertools.count(2)


@pytest.fixture
def paced(paced_dam: Scene) -> Iterator[Scene]:
    """The same dam, asked from an address of the test's own: all of 127.0.0.0/8 is this machine."""
    address = f"127.0.0.{next(ADDRESSES)}"
    with httpx.Client(transport=httpx.HTTPTransport(local_address=address), timeout=30) as http:
        yield replace(paced_dam, dam=replace(paced_dam.dam, http=http))


@pytest.mark.parametrize("path", ["/api", "/api/me", "/nothing"])
@pytest.mark.parametrize("header", [None, "Bearer nonsense", "Basic nonsense"])
def test_strangers_are_paced_whatever_they_show(paced: Scene, path: str, header: str | None) -> None:
    """A token that does not hold is no way around the pace, also where nobody looks at it."""
    headers = {"Authorization": header} if header else {}
    given = [paced.dam.ask("GET", path, headers=headers).status_code for _ in range(12)]
    assert given[6:] == [429] * 6, given
    assert 429 not in given[:6]
    refusal = paced.dam.ask("GET", path, headers=headers)
    refuses_well(refusal)
    member = paced.token("right")
    if header is None:  # who shows a token that holds is not kept waiting by a stranger beside it
        assert paced.dam.ask("GET", "/api/me", member).status_code == 200


def test_members_and_holders_of_an_address_are_not_paced(paced: Scene) -> None:
    """A login or a signed file address is no stranger's, however often it is used."""
    token, file = paced.token("right"), _file(paced)
    assert {paced.dam.ask("GET", "/api/me", token).status_code for _ in range(20)} == {200}
    assert {paced.dam.ask("GET", file).status_code for _ in range(20)} == {200}
    with paced.dam.world.store.read() as held:
        assert len(held.find(Release)) == 1


def test_a_login_that_holds_is_no_strangers_request(paced: Scene) -> None:
    """Every command of a member begins with one, and many members may stand behind one address; what fails counts."""
    given = [paced.dam.ask("POST", "/api/token", **_login(paced)).status_code for _ in range(12)]
    assert given == [200] * 12
    forged: dict[str, Any] = {"data": {**_login(paced)["data"], "client_assertion": "e30.e30.e30"}}
    given = [paced.dam.ask("POST", "/api/token", **forged).status_code for _ in range(12)]
    assert 429 not in given[:6]
    assert given[6:] == [429] * 6


@pytest.mark.parametrize("header", [None, "Bearer nonsense"])
def test_the_logs_files_are_for_everybody_as_fast_as_they_come(paced: Scene, header: str | None) -> None:
    """An auditor reads thousands of tiles; and what it shows there is not held against it elsewhere."""
    headers = {"Authorization": header} if header else {}
    given = {paced.dam.ask("GET", "/log/checkpoint", headers=headers).status_code for _ in range(20)}
    assert given == {200}
    assert paced.dam.ask("GET", "/api", headers=headers).status_code == 200


def test_the_openapi_names_every_address(scene: Scene) -> None:
    """What the framework documents is what is there."""
    paths = scene.dam.ask("GET", "/api/openapi.json").json()["paths"]
    named = {address.split()[1].replace(":path", "") for address in TRIES if "/api/" in address}
    assert named - set(paths) == {"/api/openapi.json"}


def test_what_counts_as_an_upload_is_only_a_deposits_file() -> None:
    """Only one address takes bodies of any size."""
    assert app._is_upload("/api/deposits/x/file")
    assert app._is_upload("/api/deposits/x/upload")
    assert not app._is_upload("/api/deposits")
    assert served.STANDARD == STANDARD
