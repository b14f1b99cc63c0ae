"""The answers tier between the lines: two dams whose one contributor's rows differ look the same to all others.

The two differ in what one member deposited: other firms, other values, more rows, rejects where the other file has
none, a larger file. Everybody else looks at everything that there is to look at: strangers, a consumer, another
contributor, an auditor, whoever reads the metrics, the request log or a backup's summary, the operator.
Each address, each of the operator's verbs and each command stands in a table below, or the tests fail.

What may differ is random by design (salts, signatures, tags, keyed hashes) or the clock's; its places and lengths may
not. That somebody deposited, when, and that it was admitted is public.
"""

import json
import logging
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar

import pytest

from datadam import client, seal, wiring
from datadam.cli import wayback
from datadam.dam import ask, dispute, grant, offer, prove, publish, withdraw
from datadam.edges import health, operator
from datadam.edges.journal import REQUESTS, JsonLines
from datadam.errors import DamError, NotFound, kept
from datadam.formats import odrl
from datadam.model import Deposit, Job, Kind, Statement, instant
from datadam.obligations import table
from datadam.obligations.view import look
from datadam.privacy import periods
from datadam.terms import Action, Constraint, Operand, Operator
from machines import NAMES, a_machine
from served import Served, made, serving
from signed import agreed, an_offer, permission
from test_api import routes
from test_no_oracle import Counted, files_read, worked
from worlds import Person, a_world, answers_text, energy, fit_of, forward

ANSWERS: Final = "test.energy"
DATES: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z")

FEW: Final = energy(5)
MANY: Final = energy(400, first=3, plants=4) + b"P0-0,F1,nowhere,food,5\nP0-1,F1,north,food,many\n"
THEIRS: Final = {"few": (FEW, energy(1, first=5)), "many": (MANY, energy(90, first=600))}
OTHERS: Final = energy(30, first=2)  # some firms and plants that the first file has, some that the second has
QUICK: Final = {"answer_quantum_ms": 5}  # how long an answer is held back is another test's
Seen = TypeVar("Seen")
WHO: Final = ("stranger", "reader", "other", "auditor")


def opened(text: str) -> str:
    """The text with all that is signed in it unpacked, so that two numbers of equal length are told apart.

    Noisy values are left out with the lengths that follow from them: that they differ is what was paid for.
    """

    def payload(found: re.Match[str]) -> str:
        return f'"payload":{seal.decode(found[1]).decode()}'

    shown = re.sub(r'"payload": ?"([A-Za-z0-9_-]+)"', payload, text)
    plain, noisy = re.subn(r'"(value|low|high)": ?"-?[0-9.]+"', r'"\1":"NOISY"', shown)
    return re.sub(r'"content-length": "[0-9]+"', '"content-length": "OF NOISE"', plain) if noisy else plain


def nameless(text: str) -> str:
    """The text with everything random in it masked, length kept; instants too."""
    text = re.sub(r"127\.0\.0\.1:[0-9]+", "dam", opened(text))
    text = DATES.sub("INSTANT", text)
    text = re.sub(r"[0-9a-f]{64}|[0-9a-f]{32}|[0-9a-f]{16}|\b[0-9a-f]{12}\b", lambda found: "h" * len(found[0]), text)
    return re.sub(r"[A-Za-z0-9+/_-]{22,}=*", lambda found: "b" * len(found[0]), text)


@dataclass
class Scene:
    """One of the two dams, and what happened in it."""

    dam: Served
    people: Mapping[str, Person]
    deposits: list[str] = field(default_factory=list)  # of the one whose rows differ: kept, withdrawn, refused
    manifest: Statement | None = None  # the other contributor's, in both dams the same
    own: str = ""  # its deposit
    period: str = ""
    lines: list[str] = field(default_factory=list)  # of the request log
    tokens: dict[str, str] = field(default_factory=dict)
    digests: set[str] = field(default_factory=set)  # of what was handed in, and of what was kept of it
    since: int = 0  # the log's size when the dams were alike
    until: int = 0  # and when people began to look

    def token(self, who: str) -> str | None:
        """How somebody is logged in; a stranger is not."""
        if who != "stranger" and who not in self.tokens:
            self.tokens[who] = self.dam.token(self.people[who])
        return self.tokens.get(who)

    @property
    def statements(self) -> Sequence[str]:
        """What was logged since both dams went their own ways, until people looked at them."""
        return [id for _, id in self.dam.world.ledger.entries(self.since)][: self.until - self.since]

    def of(self, kind: Kind) -> Sequence[str]:
        """Those of one kind."""
        return [id for id in self.statements if self.kind(id) is kind]

    def kind(self, id: str) -> Kind | None:
        """What a statement is; None where it was erased."""
        return None if id == self.deposits[1] else self.dam.world.ledger.statement(id).kind


def handed_in(scene: Scene, who: str, data: bytes, manifest: Statement | None = None) -> Job:
    """Deposit a file over HTTP, and wait for its end without asking."""
    dam, person = scene.dam, scene.people[who]
    manifest = manifest or person.manifest(fit_of(dam.world, ANSWERS, data), data)
    token = dam.token(person)
    sent = dam.ask("POST", "/api/deposits", token, content=seal.envelope(manifest))
    assert sent.status_code == 202, sent.text
    assert dam.ask("PUT", f"/api/deposits/{manifest.id}/file", token, content=data).status_code == 202
    while True:
        with dam.world.store.read() as rows:
            job = rows.get(Job, manifest.id)
        if job is not None and job.stage in {"committed", "refused"}:
            return job
        time.sleep(0.01)


def question(scene: Scene, rho: str = "0.05") -> dict[str, Any]:
    """How many rows each region has, of the period in which everything was handed in."""
    return {"standard": ANSWERS, "aggregate": "count", "by": ["region"], "periods": [scene.period], "rho": rho}


def lived(scene: Scene, name: str) -> Scene:
    """What happens in both dams.

    One deposits twice and once in vain, another deposits; the period ends; somebody asks, one deposit is taken back,
    and somebody asks again.
    """
    scene.period = periods.of(scene.dam.clock(), "quarter")
    world, changed, reader = scene.dam.world, scene.people["changed"], scene.people["reader"]
    for data in THEIRS[name]:
        scene.dam.clock.by += timedelta(seconds=2)
        job = handed_in(scene, "changed", data)
        assert job.stage == "committed"
        scene.deposits.append(job.id)
    refused = handed_in(scene, "changed", b"plant,firm,region,sector,energy\n" + b"P,F,x,y,z\n" * len(name))
    assert refused.stage == "refused"
    scene.deposits.append(refused.id)
    scene.own = handed_in(scene, "other", OTHERS, scene.manifest).id
    scene.dam.clock.by += timedelta(days=100)
    agreed(world, reader, ANSWERS)
    ask.answer(world, reader.caller, question(scene))
    facts = {"contributor": changed.id, "deposits": [scene.deposits[1]], "replaced_by": None, "reason": "ended"}
    taken = changed.states(Kind.WITHDRAWAL, facts)
    withdraw.purge(world, withdraw.withdraw(world, changed.caller, seal.envelope(taken)))
    ask.answer(world, reader.caller, question(scene))
    return scene


# --- two dams ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def people() -> dict[str, Person]:
    """Whose rows differ, and everybody else."""
    both = ("contributor", "consumer")
    roles = {"changed": both, "other": both, "reader": ("consumer",), "newcomer": both, "auditor": ("auditor",)}
    return {name: Person(name, roles=one) for name, one in roles.items()}


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory, people: dict[str, Person]) -> Iterator[dict[str, Scene]]:
    """Both dams, copied from one: the same keys, members and standards."""
    folder = made(tmp_path_factory.mktemp("answers") / "dam")
    with serving(folder) as dam:
        for person in people.values():
            person.joins(dam.world)
        publish.publish(dam.world, answers_text())
        offer.publish(dam.world, odrl.write(an_offer(permission(actions=(Action.QUERY,)), standard=ANSWERS)))
        manifest = people["other"].manifest(fit_of(dam.world, ANSWERS, OTHERS), OTHERS)
        for name in ("unit-firm", "rows", "share"):  # else each dam makes its own, and equal rows lie otherwise
            dam.world.secrets.secret(name)
    copies = {name: tmp_path_factory.mktemp(name) / "dam" for name in THEIRS}
    for copy in copies.values():
        shutil.copytree(folder, copy)
    logger, held = logging.getLogger(REQUESTS), logging.getLogger(REQUESTS).level
    with serving(copies["few"], **QUICK) as few, serving(copies["many"], **QUICK) as many:
        found = {}
        for name, dam in (("few", few), ("many", many)):
            handler = Lines()
            logger.addHandler(handler)
            logger.setLevel(logging.INFO)
            size = dam.world.ledger.size
            found[name] = lived(Scene(dam, people, lines=handler.lines, since=size, manifest=manifest), name)
            found[name].until = dam.world.ledger.size
            found[name].digests = digests(found[name], name)
            logger.removeHandler(handler)
            logger.setLevel(held)
        yield found


def digests(scene: Scene, name: str) -> set[str]:
    """Plain SHA-256 by which one who guesses the rows could see that the guess is right."""
    with scene.dam.world.store.read() as rows:
        kept = [one for one in rows.find(Deposit) if one.contributor == scene.people["changed"].id]
    files = {str(file["digest"]) for one in kept for file in one.files}
    twins = [path for path in scene.dam.folder.rglob("*.parquet") if "twin" in path.as_posix()]
    assert twins
    return {*files, *map(seal.digest, THEIRS[name]), *(seal.digest(path.read_bytes()) for path in twins)}


class Lines(logging.Handler):
    """Keeps what is logged, as it is written for machines."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        self.lines.append(JsonLines().format(record))


# --- every address ----------------------------------------------------------------------------------------------------

SENT: Final = "takes what the caller sends, and tells of nothing else"
NONE: Final = "0" * 64


def posted(path: str, *bodies: dict[str, Any]) -> tuple[tuple[str, dict[str, Any]], ...]:
    """One address, asked with each of these JSON bodies."""
    return tuple((path, {"json": body}) for body in bodies)


def gotten(*paths: str) -> tuple[tuple[str, dict[str, Any]], ...]:
    """Addresses without a body; `{theirs}`, `{own}`, `{statement}` and the like stand for each that there is."""
    return tuple((path, {}) for path in paths)


ACTIONS: Final = tuple({"action": str(action), "standard": ANSWERS} for action in (Action.READ, Action.QUERY))
TABLE: Final = "/sharing/shares/dam/schemas/test/tables/energy"
EITHER: Final = ("{theirs}", "{own}")
TOLD: Final = ("{theirs}", "{outcome}", "{purge}")  # of all others the stretch of the log shows the bodies at once

ADDRESSES: Final[Mapping[str, str | tuple[tuple[str, dict[str, Any]], ...]]] = {
    "GET /": gotten("/"),
    "GET /api/openapi.json": gotten("/api/openapi.json"),
    "GET /log/{path:path}": gotten("/log/{file}"),
    "HEAD /log/{path:path}": gotten("/log/{file}"),
    "GET /api": gotten("/api"),
    "GET /healthz": gotten("/healthz"),
    "GET /metrics": "looked at line by line below",
    "GET /api/log/cosigned": gotten("/api/log/cosigned"),
    "GET /api/log/consistency": gotten("/api/log/consistency?old=1&new=9"),
    "GET /api/log/bodies": gotten("/api/log/bodies?start=0"),
    "GET /api/bodies/{id}": gotten(*(f"/api/bodies/{one}" for one in TOLD)),
    "GET /api/receipts/{id}": gotten(*(f"/api/receipts/{one}" for one in TOLD)),
    "GET /api/accession": gotten("/api/accession"),
    "GET /api/reservations": gotten("/api/reservations"),
    "POST /api/reservations": SENT,
    "GET /api/countries": gotten("/api/countries"),
    "GET /api/law": gotten("/api/law"),
    "GET /api/log/keys": gotten("/api/log/keys"),
    "GET /api/log/cosignatures": gotten("/api/log/cosignatures"),
    "GET /api/peers": gotten("/api/peers"),
    "GET /api/federation/identity": gotten("/api/federation/identity"),
    "GET /api/federation/{rest:path}": gotten("/api/federation/batch?old=0"),
    "POST /api/federation/{rest:path}": SENT,
    "GET /api/recoveries": gotten("/api/recoveries"),
    "POST /api/objections": SENT,
    "GET /api/notices": gotten("/api/notices"),
    "POST /api/applications": SENT,
    "GET /api/applications/{id}": SENT,
    "POST /api/token": SENT,
    "GET /api/me": gotten("/api/me"),
    "GET /api/members": gotten("/api/members"),
    "POST /api/keys": SENT,
    "POST /api/exit": SENT,
    "GET /api/standards": gotten("/api/standards"),
    "GET /api/standards/{id}": gotten(f"/api/standards/{ANSWERS}"),
    "GET /api/standards/{id}/versions": gotten(f"/api/standards/{ANSWERS}/versions"),
    "GET /api/reservoirs": gotten("/api/reservoirs"),
    "GET /api/reservoirs/{id}": gotten(f"/api/reservoirs/{ANSWERS}"),
    "GET /api/releases": gotten("/api/releases"),
    "POST /api/asks": posted("/api/asks", *ACTIONS),
    "POST /api/asks/everybody": posted("/api/asks/everybody", *ACTIONS),
    "POST /api/decisions": posted("/api/decisions", *ACTIONS),
    "GET /api/decisions": gotten("/api/decisions"),
    "GET /api/decisions/{id}": gotten("/api/decisions/{decision}"),
    "GET /api/issuers": gotten("/api/issuers"),
    "GET /api/catalogue": gotten("/api/catalogue"),
    "GET /api/catalogue/{id}": gotten(f"/api/catalogue/{ANSWERS}"),
    "GET /api/guests/draft": gotten("/api/guests/draft?home=x.example&accession=0"),
    "POST /api/guests": SENT,
    "GET /api/rounds": gotten("/api/rounds"),
    "POST /api/commitments": SENT,
    "POST /api/rounds/{id}/bag": SENT,
    "GET /api/rounds/{id}/result": SENT,
    "GET /api/rounds/{id}/showings": SENT,
    "POST /api/rounds/{id}/showings": SENT,
    "POST /api/rounds/{id}/shown": SENT,
    "POST /api/showings/{id}/consent": SENT,
    "GET /api/credentials": gotten("/api/credentials"),
    "GET /api/credentials/{id}/evidence": SENT,
    "GET /api/proposals": gotten("/api/proposals"),
    "GET /api/proposals/{id}": SENT,
    "POST /api/proposals": SENT,
    "GET /api/proposals/{id}/motion": SENT,
    "POST /api/proposals/signatures": SENT,
    "DELETE /api/proposals/{id}/signature": SENT,
    "POST /api/comments": SENT,
    "GET /api/disputes": gotten("/api/disputes"),
    "GET /api/disputes/{id}": gotten("/api/disputes/{theirs}"),
    "POST /api/disputes": "raised about rows that are there and that are not, below",
    "POST /api/disputes/steps": SENT,
    "POST /api/disputes/{id}/rulings": SENT,
    "GET /api/rulings/{id}": gotten("/api/rulings/{theirs}"),
    "POST /api/rulings/signatures": SENT,
    "GET /api/models": gotten("/api/models"),
    "GET /api/models/{id}": SENT,
    "GET /api/models/{id}/ml-bom": SENT,
    "POST /api/models/draft": SENT,
    "POST /api/models": SENT,
    "GET /api/models/{id}/openings": SENT,
    "POST /api/models/{id}/openings": SENT,
    "GET /api/openings/{id}": gotten("/api/openings/{theirs}"),
    "GET /api/declarations": gotten("/api/declarations"),
    "POST /api/declarations": SENT,
    "GET /api/profiles": gotten("/api/profiles"),
    "POST /api/profiles": posted("/api/profiles", {"standard": ANSWERS}),
    "DELETE /api/profiles/{profile}": SENT,
    "GET /api/fits/{standard}": gotten(f"/api/fits/{ANSWERS}"),
    "POST /api/deposits": "another's file announced as one's own, below",
    "PUT /api/deposits/{id}/file": gotten("/api/deposits/{theirs}/file"),
    "OPTIONS /api/deposits/{id}/file": gotten("/api/deposits/{theirs}/file"),
    "POST /api/deposits/{id}/file": gotten("/api/deposits/{theirs}/file"),
    "HEAD /api/deposits/{id}/upload": gotten("/api/deposits/{theirs}/upload"),
    "PATCH /api/deposits/{id}/upload": gotten("/api/deposits/{theirs}/upload"),
    "DELETE /api/deposits/{id}/upload": gotten("/api/deposits/{theirs}/upload"),
    "GET /api/deposits": gotten("/api/deposits"),
    "GET /api/deposits/{id}": gotten(*(f"/api/deposits/{one}" for one in EITHER)),
    "GET /api/deposits/{id}/report.html": gotten(*(f"/api/deposits/{one}/report.html" for one in EITHER)),
    "GET /api/deposits/{id}/statistics": gotten(*(f"/api/deposits/{one}/statistics" for one in EITHER)),
    "GET /api/deposits/{id}/rejects": gotten(*(f"/api/deposits/{one}/rejects" for one in EITHER)),
    "POST /api/withdrawals": SENT,
    "GET /api/withdrawals": gotten("/api/withdrawals"),
    "GET /api/withdrawals/{id}": gotten("/api/withdrawals/{withdrawal}"),
    "POST /api/amendments": SENT,
    "DELETE /api/deposits/{id}": gotten("/api/deposits/{theirs}"),
    "GET /api/editions": gotten("/api/editions"),
    "GET /api/offers": gotten("/api/offers"),
    "GET /api/offers/{standard}": gotten(f"/api/offers/{ANSWERS}"),
    "POST /api/agreements/draft": posted(
        "/api/agreements/draft", {"standard": ANSWERS, "purposes": ["research"], "destination": "KR", "level": None}
    ),
    "POST /api/agreements": SENT,
    "GET /api/agreements": gotten("/api/agreements"),
    "GET /api/agreements/{id}": gotten("/api/agreements/{agreement}"),
    "POST /api/agreements/end": SENT,
    "GET /api/agreements/{id}/credential": gotten("/api/agreements/{agreement}/credential"),
    "GET /api/tables": gotten("/api/tables"),
    "GET /api/tables/{standard}/{period}": gotten(f"/api/tables/{ANSWERS}/2026-Q4"),
    "GET /api/tables/{standard}/{period}/{table}.csv": gotten(f"/api/tables/{ANSWERS}/2026-Q4/any.csv"),
    "GET /api/answers/schema": gotten("/api/answers/schema"),
    "GET /api/reservoirs/{id}/questions": gotten(f"/api/reservoirs/{ANSWERS}/questions"),
    "GET /api/reservoirs/{id}/dummy": gotten(f"/api/reservoirs/{ANSWERS}/dummy?rows=20&seed=1"),
    "POST /api/answers/preview": posted("/api/answers/preview", {"QUESTION": "0.05"}, {"QUESTION": "0"}),
    "POST /api/answers": posted("/api/answers", {"QUESTION": "0.05"}, {"QUESTION": "0.04"}, {"QUESTION": "9"}),
    "GET /api/spent": gotten("/api/spent"),
    "POST /api/caps": SENT,
    "GET /sharing/shares": gotten("/sharing/shares"),
    "GET /sharing/shares/{share}": gotten("/sharing/shares/dam"),
    "GET /sharing/shares/{share}/schemas": gotten("/sharing/shares/dam/schemas"),
    "GET /sharing/shares/{share}/schemas/{schema}/tables": gotten("/sharing/shares/dam/schemas/test/tables"),
    "GET /sharing/shares/{share}/all-tables": gotten("/sharing/shares/dam/all-tables"),
    "HEAD /sharing/shares/{share}/schemas/{schema}/tables/{table}": gotten(TABLE),
    "GET /sharing/shares/{share}/schemas/{schema}/tables/{table}/version": gotten(f"{TABLE}/version"),
    "GET /sharing/shares/{share}/schemas/{schema}/tables/{table}/metadata": gotten(f"{TABLE}/metadata"),
    "POST /sharing/shares/{share}/schemas/{schema}/tables/{table}/query": posted(
        f"{TABLE}/query", {}, {"limitHint": 1, "version": 0}
    ),
    "GET /sharing/shares/{share}/schemas/{schema}/tables/{table}/changes": gotten(f"{TABLE}/changes?startingVersion=0"),
    "POST /sharing/shares/{share}/schemas/{schema}/tables/{table}/temporary-table-credentials": posted(
        f"{TABLE}/temporary-table-credentials", {}
    ),
    "GET /sharing/files/{member}/{standard}/{recipient}/{version}/{name}": SENT,
    "HEAD /sharing/files/{member}/{standard}/{recipient}/{version}/{name}": SENT,
}
"""How each address is looked at, or why it need not be."""


def test_every_address_stands_in_the_table(scenes: dict[str, Scene]) -> None:
    """A new route fails here until somebody says what it tells of the rows of the answers tier."""
    assert sorted(routes(scenes["few"].dam.app)) == sorted(ADDRESSES)


def meant(scene: Scene, path: str) -> Iterator[tuple[str, str]]:
    """Every address that a path with a placeholder stands for, and a name of it that both dams share."""
    log = scene.dam.folder / "log"
    files = (file.relative_to(log).as_posix() for file in sorted(log.rglob("*")) if file.is_file())
    there: dict[str, Iterable[str]] = {
        "{theirs}": scene.deposits,
        "{own}": [scene.own],
        "{statement}": scene.statements,
        "{decision}": scene.of(Kind.DECISION),
        "{withdrawal}": scene.of(Kind.WITHDRAWAL),
        "{outcome}": scene.of(Kind.OUTCOME),
        "{purge}": scene.of(Kind.PURGE),
        "{agreement}": scene.of(Kind.AGREEMENT),
        "{file}": files,
    }
    for placeholder, values in there.items():
        if placeholder in path:
            for number, value in enumerate(values):
                name = value if placeholder == "{file}" else f"{placeholder} {number}"
                yield path.replace(placeholder, value), path.replace(placeholder, name)
            return
    yield path, path


def told(scene: Scene, who: str, address: str) -> Iterator[tuple[str, str]]:
    """All that somebody is answered at an address: status, headers, body, without what is random."""
    asked, method, token = ADDRESSES[address], address.partition(" ")[0], scene.token(who)
    assert not isinstance(asked, str)
    for path, more in asked:
        for real, name in meant(scene, path):
            rho = more.get("json", {}).get("QUESTION")
            given = more if rho is None else {"json": question(scene, rho)}
            answer = scene.dam.ask(method, real, token, **given)
            unlike = {"date", "last-modified"}
            headers = {key: value for key, value in answer.headers.items() if key not in unlike}
            content = answer.content.decode("latin-1")
            if "tile/" in name and "tile/entries" not in name:
                content = f"{len(content)} bytes of hashes"
            text = f"{answer.status_code} {json.dumps(headers, sort_keys=True)}\n{content}"
            assert not scene.digests & set(re.findall("[0-9a-f]{64}", opened(text)))
            yield f"{who} {method} {name} {more}", nameless(text)


LOOKED_AT: Final = [address for address, asked in ADDRESSES.items() if not isinstance(asked, str)]


def both(scenes: dict[str, Scene], seen: Callable[[Scene], Seen]) -> tuple[Seen, Seen]:
    """What is seen of each dam."""
    return seen(scenes["few"]), seen(scenes["many"])


def unlike(few: Sequence[tuple[str, str]], many: Sequence[tuple[str, str]]) -> list[str]:
    """Where two lists of answers differ, a little of what stands there: whole, they would be too long to read."""
    found = (
        [name for name, _ in set(few) ^ set(many)] if [name for name, _ in few] != [name for name, _ in many] else []
    )
    for (name, one), (_, other) in zip(few, many, strict=False):
        at = next((at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), None)
        if one != other:
            start = max((min(len(one), len(other)) if at is None else at) - 60, 0)
            found.append(f"{name}: …{one[start : start + 120]!r} / {other[start : start + 120]!r}")
    return found


@pytest.mark.parametrize("address", LOOKED_AT)
def test_nobody_but_its_contributor_sees_a_difference(scenes: dict[str, Scene], address: str) -> None:
    """Every byte of every answer, to a stranger, a consumer, another contributor and an auditor."""
    for who in WHO[:1] if "/log/{" in address else WHO:  # files of the log are the same for everybody
        few, many = (list(told(scenes[name], who, address)) for name in ("few", "many"))
        assert unlike(few, many) == []
        assert few


def test_the_contributor_itself_sees_its_own(scenes: dict[str, Scene]) -> None:
    """Else two dams that tell nobody anything would pass."""
    one, other = (scene.dam.ask("GET", "/api/deposits", scene.token("changed")).json() for scene in scenes.values())
    assert [job.get("tally") for job in one["items"]] != [job.get("tally") for job in other["items"]]


def test_the_same_is_logged_in_the_same_order(scenes: dict[str, Scene]) -> None:
    """How often something is logged follows from what is public."""
    few, many = ([scene.kind(id) for id in scene.statements] for scene in scenes.values())
    assert few == many
    assert {Kind.OUTCOME, Kind.TWIN, Kind.CHARGE, Kind.ANSWER, Kind.WITHDRAWAL, Kind.PURGE, Kind.DECISION} <= set(few)


# --- what is sent -----------------------------------------------------------------------------------------------------


def test_a_dispute_does_not_tell_whether_there_is_such_a_row(scenes: dict[str, Scene]) -> None:
    """One about a row that only one of the dams has, and one about a row of neither."""

    def raised(scene: Scene) -> list[tuple[int, str]]:
        reader, now = scene.people["reader"], instant(scene.dam.clock())
        answers = []
        for plant in ("P300-1", "P-none"):
            facts = {"standard": ANSWERS, "subject": "row", "deposit": None, "row": {"plant": plant}, "statement": None}
            more = {"member": reader.id, "outsider": None, "reason": "x", "measure": "annotate"}
            body = {**facts, **more, **dispute.days(scene.dam.world)}
            sent = seal.envelope(seal.state(Kind.DISPUTE, body, issued=now, key=reader.key))
            answer = scene.dam.ask("POST", "/api/disputes", scene.token("reader"), content=sent)
            answers.append((answer.status_code, nameless(answer.text)))
        return answers

    few, many = both(scenes, raised)
    assert few == many


def test_a_file_that_somebody_else_deposited_is_as_new(scenes: dict[str, Scene]) -> None:
    """To announce another's very file, or any other, is answered the same."""

    def announced(scene: Scene) -> list[str]:
        newcomer, answers = scene.people["newcomer"], []
        for data in (FEW, MANY):
            manifest = newcomer.manifest(fit_of(scene.dam.world, ANSWERS, data), data)
            answer = scene.dam.ask("POST", "/api/deposits", scene.token("newcomer"), content=seal.envelope(manifest))
            assert answer.status_code == 202
            answers.append(nameless(answer.text))
        return answers

    few, many = both(scenes, announced)
    assert few == many


# --- the operator and its machines ------------------------------------------------------------------------------------

CHANGES: Final = "changes what it is told to, and tells no more than the log's index of that"
NOTHING: Final[Mapping[str, str | None]] = MappingProxyType({})
VERBS: Final[Mapping[str, str | Mapping[str, str | None]]] = {
    **dict.fromkeys(
        ("approve", "decline", "expel", "suspend", "resume", "forget", "publish", "publish-offer"), CHANGES
    ),
    **dict.fromkeys(("approve-agreement", "decline-agreement", "change-agreement", "deprecate", "grant"), CHANGES),
    **dict.fromkeys(("revoke", "adopt-law", "order", "lift-order", "demand", "incident", "incident-noticed"), CHANGES),
    **dict.fromkeys(("rotate-key", "retire-key", "add-operator", "remove-operator", "begin-recovery"), CHANGES),
    **dict.fromkeys(("finish-recovery", "forget-recovery", "propose", "publish-proposal", "dispute"), CHANGES),
    **dict.fromkeys(("dispute-step", "rule-dispute", "declare", "forget-declaration", "recognise-issuer"), CHANGES),
    **dict.fromkeys(("add-credential", "revoke-credential"), CHANGES),
    **dict.fromkeys(("add-peer", "end-peer", "pull-peers"), CHANGES),
    **dict.fromkeys(("peers", "peer", "look-peer"), NOTHING),
    **dict.fromkeys(("open-round", "run-round", "close-round"), CHANGES),
    **dict.fromkeys(("rounds",), NOTHING),
    **dict.fromkeys(("status", "tidy", "applications", "members", "agreements", "orders", "demands"), NOTHING),
    **dict.fromkeys(("incidents", "keys", "operators", "recoveries", "disputes", "declarations", "issuers"), NOTHING),
    "check": {"rebuild": None},
    "grants": {"member": None},
    "credentials": {"member": None},
    "law": {"name": None},
    "basis": {"destination": "KR", "sensitivity": "business", "standard": None},
    "publish-tables": {"standard": ANSWERS, "period": None},
    "suggest-coarser": {"standard": ANSWERS, "most": None},
    "questions": {"standard": ANSWERS},
    "receipt": "of each statement, below",
    "freeze": {"id": f"{ANSWERS}@first"},
    "backup": {"into": "backups", "with_keys": None, "keep": None},
    "ask": {"question": "QUESTION"},
    "preview": {"question": "QUESTION"},
}
"""How each of the operator's verbs is looked at, or why it need not be."""


def test_every_verb_of_the_operator_stands_in_the_table() -> None:
    """A new verb fails here until somebody says what it tells."""
    assert sorted([*operator.VERBS, "check"]) == sorted(VERBS)


def done(scene: Scene, verb: str, args: Mapping[str, str | None]) -> str:
    """What the operator is told, without what is random."""
    world = scene.dam.world
    try:
        found = operator.perform(world, verb, args, check=wiring.checker(world))
    except DamError as error:
        found = kept(error)
    text = json.dumps(found, sort_keys=True).replace(str(scene.dam.folder.parent), "FOLDER")
    assert not scene.digests & set(re.findall("[0-9a-f]{64}", opened(text)))
    return nameless(text)


@pytest.mark.parametrize("verb", [verb for verb, args in VERBS.items() if not isinstance(args, str)])
def test_the_operators_tools_tell_no_difference(scenes: dict[str, Scene], verb: str) -> None:
    """Status, check, backup and all the others; who opens the folder's files can see more, and is the operator."""
    args = VERBS[verb]
    assert not isinstance(args, str)

    def seen(scene: Scene) -> str:
        meant = {"backups": str(scene.dam.folder.parent / "backups"), "QUESTION": json.dumps(question(scene))}
        return done(scene, verb, {name: meant.get(str(one), one) for name, one in args.items()})

    few, many = both(scenes, seen)
    assert few == many


def test_the_operators_receipts_tell_no_difference(scenes: dict[str, Scene]) -> None:
    """Of each statement; what holds a contributor's counts is refused."""
    few, many = both(scenes, lambda scene: [done(scene, "receipt", {"id": id}) for id in scene.statements])
    assert few == many
    assert "statement.contributors-alone" in str(few)


RANDOM_FIGURES: Final = ("datadam_start_time_seconds", "datadam_cpu_seconds_total", "datadam_disk_free_bytes")


def test_the_metrics_tell_no_difference(scenes: dict[str, Scene]) -> None:
    """Requests are counted; what under a deposit's address moved, and how long it took, is not."""

    def seen(scene: Scene) -> list[str]:
        lines = scene.dam.ask("GET", "/metrics").text.splitlines()
        timed = re.compile(r"datadam_request_seconds_(sum|bucket)|" + "|".join(RANDOM_FIGURES))
        return [line.rpartition(" ")[0] if timed.match(line) else line for line in lines]

    few, many = both(scenes, seen)
    assert few == many
    assert not [line for line in seen(scenes["few"]) if "seconds" in line and "/api/deposits" in line]
    assert "datadam_rows_kept 0" in seen(scenes["few"])
    free = scenes["few"].dam.ask("GET", "/metrics").text.partition("\ndatadam_disk_free_bytes ")[2].split()[0]
    assert int(free) % health.FREE_STEP == 0


def test_the_log_of_requests_tells_no_difference(scenes: dict[str, Scene]) -> None:
    """While files of other sizes came in and other rows were judged."""

    def seen(scene: Scene) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in scene.lines]
        return [{name: value for name, value in line.items() if name not in {"time", "seconds"}} for line in lines]

    few, many = both(scenes, seen)
    assert few == many
    uploads = [line for line in seen(scenes["few"]) if line.get("route") == "/api/deposits/{id}/file"]
    assert len(uploads) == 4
    assert not [line for line in uploads if {"received", "sent", "seconds"} & set(line)]


def test_what_is_not_counted_is_told_as_not_counted(
    scenes: dict[str, Scene], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No zero, which would be a number: an empty cell, a null, a sentence; and a refusal where there would be more."""
    scene = scenes["many"]
    machine = a_machine(tmp_path, monkeypatch, capsys)
    (held,) = json.loads(machine("status", scene.dam.folder, "--json").out)["reservoirs"]
    assert held == {"id": ANSWERS, "version": "1.0.0", "deposits": 2, "rows": None}
    assert re.search(rf"{ANSWERS} +1\.0\.0 +2 *$", machine("status", scene.dam.folder).out, re.MULTILINE)
    (taken,) = scene.dam.ask("GET", "/api/withdrawals", scene.token("changed")).json()["items"]
    assert taken["purge"]["reached"] == {"rows": None, "files": 1, "bodies": 1, "journal": 1, "editions": []}
    wayback._tell(taken)
    assert "Rows are not counted" in capsys.readouterr().out
    assert "edition.tier-without-rows" in done(scene, "freeze", {"id": f"{ANSWERS}@first"})
    asks = permission(
        Constraint(operand=Operand.RECIPROCITY, operator=Operator.AT_LEAST, value=1, days=1), actions=(Action.QUERY,)
    )
    faults = odrl.check(an_offer(asks, standard=ANSWERS), publish.current(scene.dam.world, ANSWERS))
    assert [fault.code for fault in faults] == ["offer.reciprocity-answers"]


# --- every command ----------------------------------------------------------------------------------------------------

HOME: Final = "works on its own machine, or asks another program's"
ASKED: Final = "a member's: asks the addresses above, and has nothing else"
VERB: Final = "the operator's: does one of the verbs above"
FILES: Final = "reads the files of a folder, below"

COMMANDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("init", "keygen", "standard check", "standard packaged", "standard align", "terms count"), HOME),
    **dict.fromkeys(("terms words", "terms roles", "offer check", "offer text", "map", "prepare", "law lint"), HOME),
    **dict.fromkeys(("model commit", "signer", "certify", "verify", "operator apply", "recover apply"), HOME),
    **dict.fromkeys(("recover vouch", "witness init", "witness watch", "witness look", "witness list"), HOME),
    **dict.fromkeys(("witness serve",), HOME),
    **dict.fromkeys(("connect", "accession", "join", "application", "me", "rotate", "leave", "deposit"), ASKED),
    **dict.fromkeys(("deposits", "report", "rejects", "reservation sign", "reservation list", "withdraw"), ASKED),
    **dict.fromkeys(("withdrawals", "amend", "editions", "agree", "agreements list", "agreements show"), ASKED),
    **dict.fromkeys(("agreements end", "ls", "show", "get", "profile new", "profile list", "profile revoke"), ASKED),
    **dict.fromkeys(("can", "decisions", "why", "proposal list", "proposal show", "proposal sign"), ASKED),
    **dict.fromkeys(("proposal unsign", "proposal comment", "dispute sign", "notices", "model register"), ASKED),
    **dict.fromkeys(("model list", "model show", "model commit-check", "model export", "model open"), ASKED),
    **dict.fromkeys(("model opened", "credential issuers", "credential token", "recover object", "receipt"), ASKED),
    **dict.fromkeys(("evidence collect",), ASKED),
    **dict.fromkeys(("standard show", "standard versions", "offer list", "offer show"), ASKED),
    **dict.fromkeys(("serve", "status", "check", "member applications", "member approve", "member decline"), VERB),
    **dict.fromkeys(("member list", "member expel", "member suspend", "member resume", "member forget"), VERB),
    **dict.fromkeys(("grant add", "grant revoke", "grant list", "standard publish", "standard deprecate"), VERB),
    **dict.fromkeys(("offer publish", "freeze", "agreements suspend", "agreements resume"), VERB),
    **dict.fromkeys(("agreements approve", "agreements decline", "proposal standard", "proposal offer"), VERB),
    **dict.fromkeys(("proposal publish", "dispute raise", "dispute list", "dispute show", "dispute answer"), VERB),
    **dict.fromkeys(("dispute appeal", "dispute withdraw", "dispute rule", "law adopt", "law show"), VERB),
    **dict.fromkeys(("law basis", "order suspend", "order lift", "order list", "demand record"), VERB),
    **dict.fromkeys(("demand list", "incident report", "incident list", "incident noticed"), VERB),
    **dict.fromkeys(("credential recognise", "credential add", "credential show", "credential revoke"), VERB),
    **dict.fromkeys(("keys list", "keys rotate", "keys retire", "operator add", "operator remove"), VERB),
    **dict.fromkeys(("operator list", "recover begin", "recover finish", "recover forget", "recover list"), VERB),
    **dict.fromkeys(("declare", "declaration list", "declaration forget", "backup"), VERB),
    **dict.fromkeys(("standard coarsen",), HOME),
    **dict.fromkeys(("ask", "dummy", "spent", "cap", "gates show", "tables", "table"), ASKED),
    **dict.fromkeys(("indicators show", "indicators export", "indicators exposed"), ASKED),
    **dict.fromkeys(("gates suggest", "publish-tables"), VERB),
    **dict.fromkeys(("peer add", "peer list", "peer show", "peer end", "peer terms", "peer pull"), VERB),
    **dict.fromkeys(("match open", "match run", "match close"), VERB),
    **dict.fromkeys(("match list", "match check"), HOME),
    **dict.fromkeys(("match commit", "match pass", "match hand-in", "match result", "match status"), ASKED),
    **dict.fromkeys(("match overlap", "match known", "match answer", "match learn"), ASKED),
    **dict.fromkeys(("match ask-to-see", "match asked", "match let-see", "match see"), ASKED),
    **dict.fromkeys(("trust",), ASKED),
    **dict.fromkeys(("log verify", "audit", "records", "restore", "upgrade"), FILES),
}
"""Where each command gets what it prints; some take it from a member's dam or do a verb, as they are told."""


def test_every_command_stands_in_the_table() -> None:
    """A new command fails here until somebody says where it gets what it prints."""
    assert sorted(NAMES) == sorted(COMMANDS)


def test_what_reads_a_folder_tells_no_difference(
    scenes: dict[str, Scene], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The audit of the whole log, its record of processing, and a backup that is brought back and checked."""
    machine = a_machine(tmp_path, monkeypatch, capsys)

    def seen(scene: Scene) -> list[tuple[str, str]]:
        vkey, folder = ("--vkey", scene.dam.world.ledger.vkey), scene.dam.folder
        audited = machine.run("audit", folder, *vkey)
        machine("records", folder, *vkey, "--into", "records.json", "--force")
        verified = machine("log", "verify", folder / "log", *vkey)
        done(scene, "backup", {"into": str(folder.parent / "kept")})
        again = folder.parent / "again"
        restored = machine("restore", folder.parent / "kept", again, "--keys", folder / "keys")
        upgraded = machine("upgrade", again)
        told = (audited.out, Path("records.json").read_text(), verified.out, restored.out, upgraded.out)
        return [(str(one)[:20], nameless(one.replace(str(folder.parent), "FOLDER"))) for one in told]

    assert unlike(*(seen(scene) for scene in scenes.values())) == []


def test_an_auditor_misses_nothing_that_it_would_have_to_find(scenes: dict[str, Scene]) -> None:
    """What is for contributors alone makes no obligation look broken, and none kept that the folder shows is not."""
    scene = scenes["few"]
    world, auditor = scene.dam.world, scene.people["auditor"].caller

    def shown(id: str) -> bytes | None:
        try:
            return seal.envelope(prove.body(world, auditor, id))
        except NotFound:
            return None

    read = client.folder_reader(scene.dam.folder / "log")
    with client.folder_bodies(scene.dam.folder / "bodies") as bodies:
        broken = []
        for one in (shown, bodies):
            view = look(read, vkey=world.ledger.vkey, bodies=one, now=world.clock())
            view = replace(view, served=one is shown)
            broken.append({row.row.number: row.found for row in table.run(view, None) if row.found})
            unseen = view.unseen
    assert broken[0] == broken[1]
    assert unseen < 3


# --- what a deposit tells its contributor -----------------------------------------------------------------------------

MINE: Final = (
    energy(6),
    b"plant,firm,region,sector,energy\nP0-0,F0,north,food,1\nP900-1,F1,south,steel,2\n",
    b"plant,firm,region,sector,energy\nP0-1,F0,nowhere,food,1\n",
)


@pytest.mark.parametrize("unit", ["firm", "contributor"])
def test_a_deposit_is_judged_by_the_same_work_whatever_others_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, people: dict[str, Person], unit: str
) -> None:
    """Every call of every port, in order, and every file that is opened: neither verdict nor time is an oracle."""
    found, manifests, me = [], list[bytes](), people["other"]
    for name, files in THEIRS.items():
        world = a_world(tmp_path / name)
        publish.publish(world, answers_text(unit=unit))
        for person in (people["changed"], me):
            person.joins(world)
        theirs = {people["changed"].deposits(world, ANSWERS, data).id for data in files}
        manifests = manifests or [seal.envelope(me.manifest(fit_of(world, ANSWERS, data), data)) for data in MINE]
        with files_read(monkeypatch) as read:
            found.append((worked(world, me, manifests, MINE), sorted(read)))
        assert not {Path(path).stem for path in read} & theirs
    assert found[0] == found[1]
    assert len(found[0][0]) > 30


# --- what an answer tells by its time ---------------------------------------------------------------------------------


def test_an_answer_is_drawn_by_the_same_work_whether_a_firm_is_there_or_not(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    """The same calls of every port in both dams, within one step of the time at which replies are sent."""
    found = []
    for name, first in (("there", 0), ("not", 500)):  # the first firm is F0, or another in its place
        world = a_world(tmp_path / name)
        publish.publish(world, answers_text())
        for who in ("changed", "other", "reader"):
            people[who].joins(world)
        people["changed"].deposits(world, ANSWERS, energy(1, first=first))
        people["other"].deposits(world, ANSWERS, OTHERS)
        grant.grant(world, people["reader"].id, ANSWERS)
        asked = {"standard": ANSWERS, "aggregate": "count", "by": ["region"], "periods": ["2026-Q4"]}
        forward(world, days=60)
        calls: list[tuple[object, ...]] = []
        ports = ("store", "lake", "bodies", "secrets", "twins", "noise")
        counted: dict[str, Any] = {port: Counted(getattr(world, port), port, calls) for port in ports}
        watched, began = replace(world, **counted), time.process_time()
        for rho in ("0.05", "0.02", "0.05"):  # fresh, of a twin that is there, stored
            ask.answer(watched, people["reader"].caller, {**asked, "rho": rho})
        assert time.process_time() - began < 3 * world.settings.answer_quantum_ms / 1000
        found.append(calls)
    assert found[0] == found[1]
    assert {"twins", "noise"} <= {str(call[0]) for call in found[0]}
