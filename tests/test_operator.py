"""The operator's verbs: the same answers in process and through the running server, the same refusals too."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from datadam import cli, recovery, seal, wiring
from datadam.dam import join, steward
from datadam.dam.world import World
from datadam.edges import operator
from datadam.edges.terminal import Terminal
from datadam.errors import DamError, Invalid, NotFound, Refused, Unavailable
from datadam.formats import law_files, odrl
from datadam.model import instant
from served import STANDARD, Served, serving
from signed import agreed, an_offer
from worlds import GOOD, Person, standard_text

Perform = Callable[..., Any]
ID, MEMBER = re.compile(r"\b[0-9a-f]{64}\b"), re.compile(r"\bm-[0-9a-f]{20}\b")


@pytest.fixture(scope="module", params=["in process", "over the socket"])
def way(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Perform]]:
    """A dam, and one of the two ways to its verbs."""
    with serving(tmp_path_factory.mktemp("operator") / "dam") as dam:
        if request.param == "in process":
            check = wiring.checker(dam.world)
            yield dam.world, lambda verb, **args: operator.perform(dam.world, verb, args, check=check)
        else:
            socket = wiring.places(dam.folder).socket
            yield dam.world, lambda verb, **args: operator.over_socket(socket, verb, args)


def applied(world: World, name: str) -> tuple[Person, str]:
    """Somebody who waits to join."""
    person = Person(name)
    profile = person.profile()
    return person, join.apply(world, seal.envelope(person.accession(profile)), profile).id


def test_every_verb_does_its_work(way: tuple[World, Perform]) -> None:
    """One dam's life as its operator leads it, each verb at least once."""
    world, perform = way
    done: set[str] = set()

    def does(verb: str, **args: object) -> Any:
        done.add(verb)
        return perform(verb, **args)

    assert does("publish", text=standard_text())["standard"] == STANDARD
    assert does("deprecate", standard=STANDARD, version="1.0.0", until="2999-12-31")["index"] > 0
    person, id = applied(world, "Firm")
    _, unwanted = applied(world, "Another")
    (first, second) = does("applications")["items"]
    assert {first["id"], second["id"]} == {id, unwanted}
    assert first["profile"]["legal_name"] in {"Firm", "Another"}
    assert does("approve", id=id)["member"] == person.id
    assert does("decline", id=unwanted, reason="not now")["index"] > 0
    assert join.standing(world, unwanted).reason == "not now"
    grant = does("grant", member=person.id, standard=STANDARD, expires="2999-01-01")["grant"]
    assert [one["id"] for one in does("grants", member=person.id)["items"]] == [grant]
    assert does("grants")["items"][0]["expires"] == "2999-01-01T00:00:00Z"
    assert does("receipt", id=grant)["log"] == world.ledger.vkey
    assert does("revoke", grant_id=grant)["index"] > 0
    deposit = person.deposits(world, STANDARD, GOOD)
    assert does("receipt", id=deposit.id)
    assert does("freeze", id=f"{STANDARD}@2026")["id"] == f"{STANDARD}@2026"
    go_by_law(does, person)
    declare(does, person)
    go_by_agreements(world, does, person)
    assert does("status")["reservoirs"] == [{"id": STANDARD, "version": "1.0.0", "deposits": 1, "rows": 3}]
    assert does("publish-tables") == {"published": 0}
    with pytest.raises(Refused, match=r"gate\.no-groups"):
        does("suggest-coarser", standard=STANDARD)
    asks_in_vain(does)
    assert does("tidy") == {"tokens": 0, "deposits": 0, "shares": 0}
    decide_together(world, does, person)
    recognise(does, person)
    keep_keys(world, does)
    go_by_peers(does)
    backups = world.settings.folder.parent / "backups"
    assert does("backup", into=str(backups), keep="1")["entries"] == world.ledger.size
    assert does("backup", into=str(backups), with_keys="yes")["keys"] is True
    with pytest.raises(Invalid, match="backup.keep-wrong"):
        does("backup", into=str(backups), keep="few")
    assert does("expel", member=person.id, reason="over")["index"] > 0
    assert does("forget", member=person.id, reason="asked for")["index"] > 0
    (member,) = [one for one in does("members")["items"] if one["id"] == person.id]
    assert (member["profile"], member["until"] is None) == ({}, False)
    found = does("check")
    assert (found["faults"], found["rebuilt"], found["erased"]) == ([], None, 3)  # a name, a profile, a proof
    assert does("check", rebuild="yes")["rebuilt"] == world.ledger.size
    assert done == set(operator.VERBS) | {"check"}


def go_by_agreements(world: World, does: Perform, person: Person) -> None:
    """An offer, a signature that is declined and one that is approved, held up, resumed, ended; a member too."""
    made = does("publish-offer", text=odrl.write(an_offer(automatic=False)))
    assert (made["standard"], made["number"]) == (STANDARD, 1)
    unwanted = agreed(world, person).id
    assert does("decline-agreement", id=unwanted, reason="not now")["index"] > made["index"]
    id = agreed(world, person).id
    assert does("approve-agreement", id=id)["index"] > made["index"]
    for wanted in ("suspended", "finalised", "ended"):
        assert does("change-agreement", id=id, state=wanted, reason="r")["index"] > made["index"]
    told = {one["id"]: one["state"] for one in does("agreements")["items"]}
    assert told == {unwanted: "declined", id: "ended"}
    with pytest.raises(Invalid, match=r"request\.malformed"):
        does("change-agreement", id=id, state="verified", reason="r")
    assert does("suspend", member=person.id, reason="inquiry")["index"] > 0
    (member,) = [one for one in does("members")["items"] if one["id"] == person.id]
    assert member["suspended"] is True
    assert does("resume", member=person.id, reason="cleared")["index"] > 0


def decide_together(world: World, does: Perform, person: Person) -> None:
    """A version that its first steward signs; an outsider's dispute, ruled on, taken back."""
    said = f"  - {{vendor: datadam, property: stewards, value: [{person.id}]}}\n"
    said += "  - {vendor: datadam, property: quorum, value: 1}\nschema:\n"
    text = standard_text().replace(STANDARD, "test.governed").replace("test_reading", "test_governed")
    made = does(
        "propose", about="standard", text=text.replace("schema:\n", said, 1), comments="x@example.org", days="0"
    )
    assert (made["state"], list(made["stewards"]), made["by"]) == ("due", [person.id], None)
    with pytest.raises(Refused, match=r"proposal\.unsigned-by-enough"):
        does("publish-proposal", id=made["id"])
    shown = seal.opened(steward.motion(world, person.caller, made["id"]))
    steward.sign(world, person.caller, seal.envelope(seal.countersign(replace(shown, signatures=()), person.key)))
    assert does("publish-proposal", id=made["id"])["index"] > made["index"]
    for wrong in ({"days": "-1"}, {"about": "law"}):
        with pytest.raises(Invalid, match=r"request\.malformed"):
            does("propose", **{"about": "standard", "text": text, "comments": "x", **wrong})
    told = {"outsider": "an office", "standard": STANDARD, "subject": "row", "row": '{"meter":"A1"}'}
    raised = does("dispute", **told, reason="wrong", measure="annotate")
    assert (raised["state"], raised["holds"], raised["row"]) == ("open", "none", {"meter": "A1"})
    ruled = does("rule-dispute", id=raised["id"], event="measure", measure="annotate", reasons="for now")
    assert ruled["holds"] == "annotate"
    assert does("dispute-step", id=raised["id"], event="withdraw", text="settled")["over"] is True
    assert [one["state"] for one in does("disputes")["items"]] == ["withdrawn"]


def asks_in_vain(does: Perform) -> None:
    """A reservoir that gives rows gives no private answers, to the operator neither."""
    question = f'{{"standard": "{STANDARD}"}}'
    for verb, args in (
        ("questions", {"standard": STANDARD}),
        ("ask", {"question": question}),
        ("preview", {"question": question}),
    ):
        with pytest.raises(Invalid, match=r"private\.no-answers"):
            does(verb, **args)


def recognise(does: Perform, person: Person) -> None:
    """An issuer, a credential of it on the operator's word, its end."""
    issuer = "https://chamber.example"
    assert does("recognise-issuer", issuer=issuer, title="A chamber", names="good-standing")["id"] == issuer
    assert [one["title"] for one in does("issuers")["items"]] == ["A chamber"]
    held = {"member": person.id, "name": "good-standing", "issuer": issuer}
    with pytest.raises(Invalid, match=r"request\.malformed"):
        does("add-credential", **held)
    with pytest.raises(Invalid, match=r"request\.malformed"):
        does("recognise-issuer", issuer=issuer, title="A chamber", keys="{}")
    made = does("add-credential", **held, evidence="0" * 64, expires="2999-01-01T00:00:00Z", scope=STANDARD)
    assert (made["member"], made["counts"], list(made["scope"])) == (person.id, True, [STANDARD])
    assert does("revoke-credential", id=made["id"], reason="struck off")["index"] > 0
    assert [one["counts"] for one in does("credentials", member=person.id)["items"]] == [False]


def keep_keys(world: World, does: Perform) -> None:
    """Two operators and the recovery of a lost key that waits, forgotten; the dam's own keys, rotated and retired."""
    now, operators = instant(world.clock()), [seal.new_key(), seal.new_key()]
    for key in operators:
        text = seal.envelope(recovery.introduced(key, issued=now)).decode()
        assert does("add-operator", text=text)["index"] > 0
    named = [seal.operator_id(key) for key in operators]
    assert {one["operator"] for one in does("operators")["items"]} == set(named)
    lost, profile = Person("Lost").joins(world), {"legal_name": "Lost", "numbers": {}}
    until = instant(world.clock() + timedelta(days=30))
    text = json.dumps(recovery.draft(lost.id, seal.new_key(), named, profile, until=until, issued=now))
    for key in operators:
        text = json.dumps(recovery.vouched(text, key))
    begun = does("begin-recovery", text=text)
    assert begun["until"] == until
    with pytest.raises(Refused, match=r"recovery\.waits"):
        does("finish-recovery", id=begun["recovery"])
    assert [one["profile"]["legal_name"] for one in does("recoveries")["items"]] == ["Lost"]
    assert does("forget-recovery", id=begun["recovery"], reason="asked for")["index"] > begun["index"]
    assert does("remove-operator", operator=named[0], reason="left")["index"] > begun["index"]
    for use in ("log", "dam"):
        former = world.ledger.vkey
        made = does("rotate-key", use=use, reason="yearly")
        assert (made["vkey"] == former) is (use == "dam")
        assert does("retire-key", use=use, reason="stolen", now="yes")["index"] > made["index"]
    assert {one["use"] for one in does("keys")["items"]} == {"log", "dam"}


def go_by_peers(does: Perform) -> None:
    """Nobody to peer with: who is not there is told as that, and so is whom nobody knows."""
    url = "http://127.0.0.1:1"
    for verb, args in (("look-peer", {"url": url}), ("add-peer", {"url": url})):
        with pytest.raises(Unavailable, match=r"peer\.unreachable"):
            does(verb, **args)
    for verb, args in (("peer", {"id": "p-0"}), ("end-peer", {"id": "p-0", "reason": "x"})):
        with pytest.raises(NotFound, match=r"peer\.unknown"):
            does(verb, **args)
    assert does("peers")["items"] == []
    assert does("pull-peers") == {"items": []}
    assert does("rounds") == {"items": []}
    for verb, args in (("run-round", {}), ("close-round", {"reason": "x"})):
        with pytest.raises(NotFound, match=r"round\.unknown"):
            does(verb, id="0" * 64, **args)
    with pytest.raises(NotFound, match=r"peer\.unknown"):
        does("open-round", peer_id="p-0", plan="{}", closes="2999-01-01T00:00:00Z")


def declare(does: Perform, person: Person) -> None:
    """What a person answers for, with an age and countries and without; and that person's name, erased."""
    said = {"words": "w", "name": "Kim", "office": "Counsel", "until": "2999-01-01"}
    made = does("declare", row="39", **said, standard=STANDARD, countries="JP, KR", days="90")
    assert (list(made["countries"]), made["days"], made["applies"]) == (["JP", "KR"], 90, True)
    assert does("declare", row="41", **said, subject=person.id, applies="no")["applies"] is False
    with pytest.raises(Invalid, match=r"declaration\.number-malformed"):
        does("declare", row="-1", **said)
    assert does("forget-declaration", id=made["id"], reason="asked")["index"] > made["index"]
    assert [one["named"] for one in does("declarations")["items"]] == [None, {"name": "Kim", "office": "Counsel"}]


def go_by_law(does: Perform, person: Person) -> None:
    """The law files, an order and its end, a demand, an incident and its notice."""
    assert does("law") == {"items": []}
    assert does("basis", destination="DE", data_class="personal")["basis"] is None
    for name, text in law_files.packaged().items():
        adopted = does("adopt-law", text=text)
        assert (adopted["name"], sum(adopted["certainty"].values())) == (name, adopted["rows"])
    assert [one["name"] for one in does("law")["items"]] == ["corridors", "clocks"]
    row = does("basis", destination="DE", data_class="personal")["row"]
    assert (row["basis"], row["article"]) == ("equivalence", "28-8")
    assert does("basis", destination="KR", data_class="personal")["basis"] == ""
    order = does("order", classes="personal", destinations="US, JP", standard=STANDARD, reason="r", ground="g")
    assert (list(order["classes"]), list(order["destinations"])) == (["personal"], ["JP", "US"])
    assert does("lift-order", id=order["id"], reason="over")["index"] > order["index"]
    (listed,) = does("orders")["items"]
    assert listed["lifted"] is not None
    told = {"authority": "Court", "country": "US", "ground": "g", "what": "w", "received": "2026-11-22T00:00:00Z"}
    demand = does("demand", **told, answer="refused", contributors=person.id, standard=STANDARD)
    assert list(demand["contributors"]) == [person.id]
    assert does("demands")["items"][0]["answer"] == "refused"
    facts = {"event": "breach", "persons": "1000", "at": "2026-11-22T00:00:00+09:00", "what": "lost"}
    incident = does("incident", **facts, classes="personal", countries="KR")
    assert [one["clock"] for one in incident["owed"]] == ["kr-pipa-34"]
    assert incident["owed"][0]["deadline"] == "2026-11-24T15:00:00Z"
    given = does("incident-noticed", incident_id=incident["id"], clock="kr-pipa-34", at="2026-11-22T01:00:00Z")
    assert given["progress"] == "done"
    assert does("incidents")["items"][0]["owed"][0]["given"] == "2026-11-22T01:00:00Z"


WRONG: list[tuple[str, dict[str, Any], type[DamError], str]] = [
    ("adopt-law", {"text": "law: none"}, Invalid, "law.faulty"),
    ("basis", {"destination": "DE", "data_class": "secret"}, Invalid, "order.class-unknown"),
    ("order", {"classes": "personal", "destinations": "US", "reason": "x"}, Invalid, "request.malformed"),
    ("lift-order", {"id": "0" * 64, "reason": "x"}, NotFound, "order.unknown"),
    ("nothing", {}, NotFound, "operator.verb-unknown"),
    ("status", {"more": "x"}, Invalid, "request.malformed"),
    ("approve", {}, Invalid, "request.malformed"),
    ("approve", {"id": None}, Invalid, "request.malformed"),
    ("approve", {"id": 7}, Invalid, "request.malformed"),
    ("approve", {"id": "0" * 64}, NotFound, "application.unknown"),
    ("decline", {"id": "0" * 64}, Invalid, "request.malformed"),
    ("decline", {"id": "0" * 64, "reason": "x"}, NotFound, "application.unknown"),
    ("expel", {"member": "m-0", "reason": "x"}, NotFound, "member.unknown"),
    ("forget", {"member": "m-0", "reason": "x"}, NotFound, "member.unknown"),
    ("publish", {}, Invalid, "request.malformed"),
    ("publish", {"text": "a: ["}, Invalid, "yaml."),
    ("publish", {"text": "kind: DataContract"}, Invalid, "odcs."),
    ("grant", {"member": "m-0", "standard": STANDARD}, NotFound, "member.unknown"),
    ("revoke", {"grant_id": "0" * 64}, NotFound, "grant.unknown"),
    ("receipt", {"id": "0" * 64}, NotFound, "body.unknown"),
    ("check", {"rebuild": 1}, Invalid, "request.malformed"),
    ("check", {"more": "x"}, Invalid, "request.malformed"),
]


@pytest.mark.parametrize(("verb", "args", "kind", "code"), WRONG, ids=[f"{one[0]}-{one[1]}" for one in WRONG])
def test_a_refusal_is_the_same_on_both_ways(
    way: tuple[World, Perform], verb: str, args: dict[str, Any], kind: type[DamError], code: str
) -> None:
    """Branch, code and sentences: the exit code of a command does not depend on whether a server runs."""
    _, perform = way
    with pytest.raises(kind) as refused:
        perform(verb, **args)
    assert refused.value.code.startswith(code)
    told = Terminal("en")
    assert told.refuse(refused.value) == {Invalid: 2, NotFound: 4, Refused: 3}[kind]


def test_arguments_that_are_no_object_are_refused(tmp_path: Path) -> None:
    """The socket takes JSON objects only, and an unknown method is told in our manners."""
    import httpx

    with serving(tmp_path / "dam") as dam:
        transport = httpx.HTTPTransport(uds=str(wiring.places(dam.folder).socket))
        with httpx.Client(transport=transport) as http:
            for body in (b"[]", b"{", b'"x"', b"\xff"):
                answer = http.post("http://dam/status", content=body)
                assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
            assert http.get("http://dam/status").json()["code"] == "request.method-unknown"
            assert http.post("http://dam/status", content=b"").status_code == 200


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Person]:
    """A dam that nobody serves."""
    folder = tmp_path_factory.mktemp("quiet") / "dam"
    with serving(folder) as dam:
        operator.perform(dam.world, "publish", {"text": standard_text()}, check=wiring.checker(dam.world))
        return folder, dam.person("Firm")


COMMANDS = [
    ("status",),
    ("status", "--json"),
    ("check",),
    ("member", "list"),
    ("member", "list", "--json"),
    ("member", "applications"),
    ("member", "approve", "00"),
    ("member", "expel", "m-0", "--reason", "x"),
    ("grant", "list"),
    ("grant", "add", "m-0", STANDARD),
    ("grant", "revoke", "00"),
    ("standard", "publish", STANDARD),
]


@pytest.mark.parametrize("command", COMMANDS, ids=[" ".join(one) for one in COMMANDS])
@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_command_says_the_same_with_and_without_a_server(
    quiet: tuple[Path, Person],
    served_too: Served,
    command: tuple[str, ...],
    language: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Letter for letter, and by its exit code."""
    monkeypatch.setenv("DATADAM_LANG", language)
    told = []
    for folder in (quiet[0], served_too.folder):
        place = [str(folder)] if command[0] in {"status", "check"} else ["--dam", str(folder)]
        monkeypatch.setattr("sys.argv", ["datadam", *command, *place])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, error = capsys.readouterr()
        told.append((ended.value.code, _masked(out, served_too), _masked(error, served_too)))
    assert told[0] == told[1]


@pytest.fixture(scope="module")
def served_too(quiet: tuple[Path, Person], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The same dam, copied and served."""
    import shutil

    copy = Path(shutil.copytree(quiet[0], tmp_path_factory.mktemp("served") / "dam"))
    with serving(copy) as dam:
        yield dam


def _masked(text: str, dam: Served) -> str:
    """Without what must differ: the address with the port that was free."""
    text = text.replace(dam.url, "URL").replace("http://127.0.0.1:8420", "URL")
    try:
        return json.dumps(json.loads(text), sort_keys=True)
    except ValueError:
        return " ".join(text.split())
