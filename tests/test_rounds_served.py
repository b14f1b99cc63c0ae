"""Rounds by command over two served dams, with every byte recorded that leaves anybody: no name, id or hash of one."""

import base64
import csv
import hashlib
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import pytest

from datadam import client, ledger, overlap, seal, wiring
from datadam.client.pairs import read_values
from datadam.client.rounds import SUPPLY, SupplierList, read_bag
from datadam.dam import follow, peer, publish, round, rounding  # noqa: A004  (the noun)
from datadam.errors import Invalid, NotFound, Untrusted
from datadam.formats import codelists
from datadam.model import Kind, instant
from datadam.overlap.bags import id_point
from machines import NAMES as ALL_NAMES
from machines import Machine, a_machine
from peered_dams import terms
from served import Served, serving
from worlds import Person, refused

NAMES = ("kr.example/log", "us.example/log")
GIVEN = ("--drop", "Supplier title", "--set", "as_of:=2026-11-01", "--set", "supplier_id=Supplier no", "--yes")
CLOSES = "2999-01-01T00:00:00Z"
DEEP = "BRN:KR:990-88-77665"
PLAN = {
    "standard": SUPPLY,
    "period": "2026-Q4",
    "caps": [24, 8, 3],
    "decoys": 0,
    "countries": ["CHN", "KOR", "USA"],
    "stages": ["380110", "850760"],
}


@dataclass
class Recorder:
    """Every byte that was written to a socket of this process, in the order in which each socket sent them."""

    streams: dict[int, bytearray] = field(default_factory=dict)
    files: list[bytes] = field(default_factory=list)  # what was handed over otherwise

    def watch(self, patch: pytest.MonkeyPatch) -> None:
        """Record from now on."""
        numbers: WeakKeyDictionary[socket.socket, int] = WeakKeyDictionary()

        def recording(name: str) -> Callable[..., Any]:
            plain = getattr(socket.socket, name)

            def sent(one: socket.socket, data: Any, *more: Any) -> Any:
                done = plain(one, data, *more)
                parts = list(data) if name == "sendmsg" else [data]
                whole = b"".join(bytes(part) for part in parts)
                number = numbers.setdefault(one, len(self.streams))
                self.streams.setdefault(number, bytearray()).extend(whole[: done if done is not None else len(whole)])
                return done

            return sent

        for name in ("send", "sendall", "sendmsg"):
            patch.setattr(socket.socket, name, recording(name))

    @property
    def everything(self) -> list[bytes]:
        """All that left."""
        return [*map(bytes, self.streams.values()), *self.files]

    def holds(self, needle: bytes) -> bool:
        """Whether something of it left, in whichever letters."""
        return any(needle in one or needle.lower() in one.lower() for one in self.everything)


def disguises(value: str) -> Iterator[bytes]:
    """A value as it could leave: itself, in common codes, and under every usual hash that needs no key."""
    raw = value.encode()
    digests = [hashlib.new(name, raw).digest() for name in ("md5", "sha1", "sha256", "sha512", "sha3_256", "blake2b")]
    for one in (raw, *digests):
        yield one
        yield one.hex().encode()
        for coded in (base64.b64encode(one), base64.urlsafe_b64encode(one)):
            yield coded.rstrip(b"=")


@dataclass
class Firm:
    """A member on its own computer: a file in its own layout, and a key."""

    person: Person
    dam: Served
    suppliers: tuple[str, ...]

    @property
    def name(self) -> str:
        """What its files are called."""
        return self.person.name.lower().replace(" ", "-")

    @property
    def speaks(self) -> tuple[object, ...]:
        """Who speaks to which dam."""
        return ("--url", self.dam.url, "--key", f"{self.name}.key")

    @property
    def listed(self) -> str:
        """Its prepared list."""
        return f"{self.name}.list"

    def sits_down(self) -> None:
        """Write its key and its file."""
        Path(f"{self.name}.key").write_text(json.dumps(self.person.key))
        heads = ("Supplier no", "Supplier title", "supplier country", "customer no", "customer country", "HS code")
        with Path(f"{self.name}.csv").open("w", newline="") as file:
            write = csv.writer(file)
            write.writerow((*heads, "purchase share", "essential"))
            for id in self.suppliers:
                for plant in ("BRN:KR:111-22-33333", "BRN:KR:111-22-44444"):
                    write.writerow((id, secret_name(id), "CHN", plant, "KOR", "380110", "25-50%", 2))


def secret_name(id: str) -> str:
    """A name that only its customers' files have."""
    return f"Zephyr Graphite {id[-5:]} GmbH"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Machine:
    """A computer with nothing of ours on it but the program."""
    return a_machine(tmp_path, monkeypatch, capsys)


@pytest.fixture
def dams(tmp_path: Path) -> Iterator[tuple[Served, Served]]:
    """Two dams that are served and peer about supply links."""
    with ExitStack() as stack:
        made = []
        for name, country in zip(NAMES, ("KR", "US"), strict=True):
            folder = tmp_path / country
            wiring.init(folder, name=name, jurisdiction=country)
            made.append(stack.enter_context(serving(folder, peer_pull_seconds=3600)))
        kr, us = made
        for one in made:
            publish.publish(one.world, codelists.packaged_standard(SUPPLY))
        agreed = terms(SUPPLY, classes=["public", "business", "confidential"])
        peer.add(kr.world, us.url, terms=agreed)
        assert peer.add(us.world, kr.url)["state"] == "peered"
        yield kr, us


def know(dams: tuple[Served, Served]) -> None:
    """Each dam reads the other's log."""
    for one, other in (dams, dams[::-1]):
        follow.look(one.world, peer.find(one.world, other.world.settings.name).id)


def prepared(machine: Machine, firm: Firm) -> None:
    """A file in its own layout becomes a list, at home."""
    firm.sits_down()
    done = machine("match", "list", f"{firm.name}.csv", "--to", firm.listed, *GIVEN, *firm.speaks)
    assert "(1 said again)" in done.out


def test_a_round_by_command_and_nothing_that_tells_an_edge_leaves_anybody(
    machine: Machine, dams: tuple[Served, Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six firms, two dams, three tiers: found, read by whom it is for, and the record of all bytes has no id in it."""
    kr, us = dams
    recorder = Recorder()
    recorder.watch(monkeypatch)
    deep = Firm(Person("Deep").joins(kr.world), kr, (DEEP,))
    first = Firm(Person("First").joins(kr.world), kr, ("BRN:KR:100-00-00011",))
    second = Firm(Person("Second", jurisdiction="US").joins(us.world), us, ("BRN:KR:100-00-00012",))
    one = Firm(Person("One").joins(kr.world), kr, ("BRN:KR:100-00-00001",))
    two = Firm(Person("Two", jurisdiction="US").joins(us.world), us, ("BRN:KR:100-00-00002",))
    other = Firm(Person("Other").joins(kr.world), kr, ("BRN:KR:100-00-00003",))
    firms, makers = (deep, first, second, one, two, other), (one, two, other)
    for firm in firms:
        prepared(machine, firm)
    Path("plan.json").write_text(json.dumps(PLAN))
    opening = ("plan.json", "--closes", CLOSES, "--dam")
    assert "other dam" in machine("match", "open", NAMES[1], *opening, kr.folder).out
    assert "is open" in machine("match", "open", NAMES[0], *opening, us.folder).out
    (told,) = json.loads(machine("match", "status", "--json", *one.speaks).out)
    id = told["round"]
    assert "open" in machine("match", "status", *one.speaks).out
    for firm in firms:
        role = "maker" if firm in makers else "supplier"
        machine("match", "commit", "2026-Q4", firm.listed, "--as", role, *firm.speaks)
    for again in (one.listed, two.listed):  # refused, and what was committed to first is read as before
        machine("match", "commit", "2026-Q4", again, "--as", "maker", *one.speaks, code=3)
    for customer in ("first", "second"):  # a bag for each
        machine("match", "pass", id[:9], deep.listed, "--to", f"deep-{customer}.bag", *deep.speaks)
    for middle in (first, second):
        to = f"{middle.name}.bag"
        machine("match", "pass", id, middle.listed, "--from", f"deep-{middle.name}.bag", "--to", to, *middle.speaks)
    for maker, received in ((one, ("--from", "first.bag")), (two, ("--from", "second.bag")), (other, ())):
        machine("match", "hand-in", id, maker.listed, *received, *maker.speaks)
    machine("match", "hand-in", id, one.listed, *one.speaks)  # an answer may be lost: the same bag is sent again
    assert machine("match", "result", id, *one.speaks, code=4).error
    know(dams)
    for dam in dams:
        assert machine("match", "run", id[:9], "--dam", dam.folder).out
    over(dams, id)
    expected = [{"country": "CHN", "stage": "380110", "essential": 2, "makers": 2}]
    for maker, found in ((one, expected), (two, expected), (other, [])):
        assert json.loads(machine("match", "result", id, "--json", *maker.speaks).out) == found
    assert "Nothing" in machine("match", "result", id, *other.speaks).out
    machine("match", "result", id, "--to", "shown.json", *one.speaks)
    assert one.person.id in machine("match", "check", "shown.json", "--vkey", kr.world.ledger.vkey).out
    no_result_is_taken_for_one(machine, kr)
    assert machine("match", "result", id, *deep.speaks, code=3).error
    shown_to_a_ministry(machine, dams, id, makers)
    inside = machine("match", "status", "--dam", kr.folder).out
    assert "1 suppliers are shared" in inside
    assert "round.not-signed" in inside
    machine("match", "close", id, "--reason", "fetched", "--dam", kr.folder)
    machine("match", "result", id, *one.speaks, code=4)
    compare(machine, one, two, other)
    assert {name for name in ALL_NAMES if name.startswith("match ")} <= machine.ran
    recorder.files += [file.read_bytes() for file in Path().iterdir() if file.suffix in {".bag", ".json"}]
    unread(recorder, firms, overlap.Round.from_json({name: told[name] for name in ("plan", "parts")}))


def no_result_is_taken_for_one(machine: Machine, kr: Served) -> None:
    """Whoever is shown a file that somebody altered is told so, whatever stands in it."""
    told = json.loads(Path("shown.json").read_text())
    none = {"handed": (1, [1], ["é"], ["*"]), "reader": (1, "AA", "A" * 43, "_" * 43), "v": (2,), "round": ([],)}
    for name, values in none.items():
        for value in values:
            Path("odd.json").write_text(json.dumps({**told, name: value}))
            machine("match", "check", "odd.json", "--vkey", kr.world.ledger.vkey, code=2)


def shown_to_a_ministry(machine: Machine, dams: tuple[Served, Served], id: str, makers: tuple[Firm, ...]) -> None:
    """Refused until every maker signed; then it reads what they share, and not who shares it."""
    kr, us = dams
    ministry = Firm(Person("Ministry", roles=("consumer",)).joins(kr.world), kr, ())
    Path("ministry.key").write_text(json.dumps(ministry.person.key))
    assert "no agreement" in machine("match", "see", id, *ministry.speaks, code=3).error
    wish = ("--purpose", "supply-chain-resilience", "--until")
    machine("match", "ask-to-see", id, *wish, "2999-01-01T00:00:00Z", *ministry.speaks, code=2)
    until = instant(datetime.now(UTC) + timedelta(days=30))
    assert "nobody tries" in machine("match", "ask-to-see", id, *wish, until, *ministry.speaks).out
    for signed, maker in enumerate(makers):
        assert f"{signed} of the 3" in machine("match", "see", id, *ministry.speaks, code=3).error
        machine("match", "result", id, "--to", f"{maker.name}-shown.json", *maker.speaks)
        here = ("--url", kr.url, "--key", f"{maker.name}.key")
        if maker.dam is us:
            machine("join", "--as-guest", "--home", us.url, "--yes", *here)
        (asked,) = json.loads(machine("match", "asked", id, "--json", *here).out)
        assert asked["member"] == ministry.person.id
        assert ministry.person.id in machine("match", "asked", id, *here).out
        if maker is not makers[0]:  # a sheet is sealed once: another's would stay
            machine("match", "let-see", asked["showing"][:9], f"{makers[0].name}-shown.json", *here, code=5)
        machine("match", "let-see", asked["showing"][:9], f"{maker.name}-shown.json", *here)
        machine("match", "let-see", "0" * 9, f"{maker.name}-shown.json", *here, code=4)
    done = machine("match", "see", id, "--to", "seen.json", *ministry.speaks)
    assert "All 3 makers" in done.out
    assert not any(maker.person.id in done.out for maker in makers)
    found = json.loads(machine("match", "see", id, "--json", *ministry.speaks).out)
    assert found == [{"country": "CHN", "stage": "380110", "essential": 2, "makers": 2}]
    statement = ledger.verify_receipt(Path("seen.json").read_bytes(), vkey=kr.world.ledger.vkey).statement
    assert (statement.kind, statement.body["allowed"], statement.body["makers"]) == (Kind.SHOWN, True, 3)
    nothing_else_is_believed(kr, ministry.person, id)


def nothing_else_is_believed(kr: Served, ministry: Person, id: str) -> None:
    """A dam that tells other terms than were signed, or hands over other sheets, is caught; a key may be gone."""
    with client.connect(kr.url, key=ministry.key) as dam:
        (asked,), real = dam.showings(id), dam._ask
        other = {"items": [{**asked, "purpose": "research"}]}

        def lying(told: dict[str, Any]) -> Callable[..., Any]:
            def ask(method: str, path: str, **more: Any) -> Any:
                answer = real(method, path, **more)
                return _Said({**answer.json(), **told}) if path.endswith(("/showings", "/shown")) else answer

            return ask

        with pytest.MonkeyPatch.context() as lies:
            lies.setattr(dam, "_ask", lying(other))
            with pytest.raises(Untrusted, match=r"client\.answer-other"):
                dam.showings(id)
            changes: tuple[dict[str, Any], ...] = ({"sheets": []}, {"receipt": asked["receipt"]})
            for changed in changes:
                lies.setattr(dam, "_ask", lying(changed))
                with pytest.raises((Invalid, Untrusted)):
                    dam.view_round(id)
        with pytest.MonkeyPatch.context() as elsewhere:
            elsewhere.setenv("DATADAM_HOME", str(Path("elsewhere").absolute()))
            with pytest.raises(NotFound, match=r"match\.key-missing"):
                dam.view_round(id)
        with pytest.raises(Invalid, match=r"match\.result-malformed"):
            dam.consent_showing(asked["showing"], {"v": 1})


class _Said:
    """An answer over HTTP, as far as it is read."""

    def __init__(self, told: object) -> None:
        """What it says."""
        self._told = told

    def json(self) -> object:
        """It."""
        return self._told


def over(dams: tuple[Served, Served], id: str) -> None:
    """Both dams go on by themselves; here they are not waited for, but asked to."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        for dam in dams:
            rounding.advance_all(dam.world)
        if {str(round.find(dam.world, id).state) for dam in dams} == {"found"}:
            return
    raise AssertionError


def compare(machine: Machine, one: Firm, two: Firm, other: Firm) -> None:
    """Two members by files: how large the overlap is, and which values the other knows; each once a period."""
    Path("mine.txt").write_text("bad.example\nworse.example\nmine.example\n")
    Path("theirs.txt").write_text("worse.example\nbad.example\ntheirs.example\n")
    run = ("--about", "cti.indicator", "--period", "2026-11", "--asks", 8, "--holds", 8)
    for name, holder, said in (("overlap", two, "2 values"), ("known", other, "worse.example")):
        machine("match", name, holder.person.id, "mine.txt", *run, "--to", f"{name}.json", *one.speaks)
        machine("match", name, holder.person.id, "theirs.txt", *run, "--to", "again.json", *one.speaks, code=3)
        machine("match", "answer", f"{name}.json", "theirs.txt", "--to", f"{name}-back.json", *holder.speaks)
        assert said in machine("match", "learn", f"{name}-back.json", *one.speaks).out
        machine("match", "learn", f"{name}-back.json", "--json", *one.speaks)
        machine("match", "answer", f"{name}.json", "theirs.txt", "--to", "x.json", *holder.speaks, code=3)
        machine("match", "answer", f"{name}.json", "theirs.txt", "--to", "x.json", *one.speaks, code=3)
    machine("match", "learn", "known.json", *one.speaks, code=5)  # a question is no answer


def unread(recorder: Recorder, firms: tuple[Firm, ...], this: overlap.Round) -> None:
    """Nothing that left names a supplier; and the record is one that would show it."""
    assert recorder.holds(b"/api/federation/rounds/step")
    assert recorder.holds(this.id.hex().encode())
    assert sum(b"ddmatch" in one for one in recorder.everything) >= 5  # bags, by file and by wire
    assert recorder.holds(firms[3].person.id.encode())  # who takes part is known: that is no edge
    ids = [id for firm in firms for id in firm.suppliers]
    values = [*ids, *(id.partition(":")[2] for id in ids), *map(secret_name, ids), "Zephyr"]
    values += ["bad.example", "worse.example", "mine.example", "theirs.example"]
    looked = 0
    for value in values:
        for needle in disguises(value):
            looked += 1
            assert not recorder.holds(needle), value
    for id in ids:  # and the public hash of this round, which anybody can work out
        point = id_point(this, id)
        for needle in (point, point.hex().encode(), seal.encode(point).encode()):
            looked += 1
            assert not recorder.holds(needle), id
    assert looked > 400
    recorder.files.append(hashlib.sha256(DEEP.encode()).digest())
    assert any(recorder.holds(needle) for needle in disguises(DEEP))


def test_lists_and_files_that_are_none_are_refused_before_anything_is_sent(
    machine: Machine, dams: tuple[Served, Served]
) -> None:
    """A name in place of a number, another list than the one committed to, bags that are none, plans that lack it."""
    kr, us = dams
    firm = Firm(Person("One").joins(kr.world), kr, ("BRN:KR:100-00-00001", "Zephyr Graphite GmbH"))
    firm.sits_down()
    done = machine("match", "list", "one.csv", "--to", firm.listed, *GIVEN, *firm.speaks, code=3)
    assert "4" in done.out + done.error  # the rows that name it are named
    assert not Path(firm.listed).exists()
    firm.suppliers = firm.suppliers[:1]
    prepared(machine, firm)
    machine("match", "list", "one.csv", "--to", "none.list", "--stage", "850760", *GIVEN, *firm.speaks, code=2)
    item = overlap.Item(supplier="BRN:KR:777", country="KOR", stage="850760", essential=0)
    many = (replace(item, supplier=f"BRN:KR:{at}00") for at in range(1, 26))
    SupplierList.of(many).write(Path("long.list"))
    SupplierList.of([replace(item, country="JPN")]).write(Path("far.list"))
    for dam, name in ((kr, NAMES[1]), (us, NAMES[0])):
        round.open_round(dam.world, name, {**PLAN, "dams": list(NAMES)}, CLOSES)
    commits = ("match", "commit", "2026-Q4")
    machine(*commits, "long.list", "--as", "maker", *firm.speaks, code=2)
    machine(*commits, "far.list", *firm.speaks, code=2)
    machine(*commits, firm.listed, "--as", "maker", "--unsigned", *firm.speaks)
    machine("match", "pass", "2026-Q4", "long.list", *firm.speaks, code=3)
    machine("match", "hand-in", "2026-Q4", firm.listed, *firm.speaks, code=3)
    Path("odd.bag").write_bytes(b"ddmatch\x01")
    machine("match", "pass", "2026-Q4", firm.listed, "--from", "odd.bag", "--tier", "1", *firm.speaks, code=2)
    Path("odd.list").write_text("{}")
    Path("old.list").write_text(json.dumps({"v": 1, "standard": SUPPLY, "nonce": "AA", "items": []}))
    Path("wrong.list").write_text(json.dumps({"v": 1, "standard": SUPPLY, "nonce": "A" * 43, "items": [["x"]]}))
    for name in ("odd.list", "old.list", "wrong.list"):
        refused("match.list-malformed", lambda name=name: SupplierList.read(Path(name)))  # type: ignore[misc]
    refused("file.unreadable", lambda: read_bag(Path("no.bag")))
    Path("latin").write_bytes("é".encode("latin-1"))
    Path("empty").write_text("\n")
    Path("long").write_text("x" * 3000)
    for name, code in (
        ("latin", "match.list-malformed"),
        ("empty", "match.list-size"),
        ("long", "match.list-malformed"),
    ):
        refused(code, lambda name=name: read_values(Path(name)))  # type: ignore[misc]
    assert read_values(Path(firm.listed)) == firm.suppliers
    with client.connect(kr.url, key=firm.person.key) as me:
        me.trust()
        refused("match.message-malformed", lambda: me.learn_overlap(b"{}"))
        refused("round.unknown", lambda: me.round_of("0" * 64))
