"""No oracle: two dams that differ in others' rows alone tell a contributor the same, to the byte, for the same work.

What may differ is random by design: salts, signatures, hashes, partition tags, and what the clock says. Their places
and lengths may not. Others deposit equally often in both dams, because how often is public: the log shows it.
"""

import json
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from datadam import seal
from datadam.adapters import polars_quality
from datadam.dam import deposit, prove, publish, report
from datadam.dam.world import World
from served import STANDARD, Served, made, serving
from worlds import Person, a_world, chunks, fit_of, standard_text

MINE = (
    b"meter,amount\n" + b"".join(b"A%d,%d\n" % (n, 10 + n % 3) for n in range(40)),
    b"meter,amount\nA1,11\nB1,many\n,7\nB2,5\nB2,5\nA2,1001\n=1+1,5\nB3,1\nB4,1\nB5,1\nB6,1\n",
    b"meter,amount\nA1,12\nB1,12\nX1,3\n",  # the corrected rejects, and a key that the others have
    b"meter,amount\nA1,900\nX2,1\n",
    b"meter,amount\nC1,x\nC2,y\n",  # refused whole
)
OTHERS = {
    "strangers to mine": [b"meter,amount\nZ1,1\n", b"meter,amount\nZ2,2\n"],
    "the same keys, other values": [
        b"meter,amount\n" + b"".join(b"A%d,%d\n" % (n, 990 - n) for n in range(300)),
        b"meter,amount\nB1,1\nB2,1\nX1,999\nC1,1\nC2,2\n",
    ],
    "my own file, to the byte": [MINE[0], MINE[2]],
}
NAMES = list(OTHERS)


def nameless(text: str) -> str:
    """The text with everything random in it masked, length kept."""
    text = re.sub(r"127\.0\.0\.1:[0-9]+", "dam", text)
    text = re.sub(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z", "INSTANT", text)
    text = re.sub(r"[0-9a-f]{64}|[0-9a-f]{16}", lambda found: "h" * len(found[0]), text)
    return re.sub(r"[A-Za-z0-9+/_-]{22,}=*", lambda found: "b" * len(found[0]), text)


# --- over HTTP --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def people() -> tuple[Person, Person]:
    """Me and somebody else."""
    return Person("Me"), Person("Other")


@pytest.fixture(scope="module", params=["refuse", "supersede"])
def founded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, people: Any) -> Path:
    """A dam with its members, from which each of the two is copied: the same keys, the same log so far."""
    folder = made(tmp_path_factory.mktemp("founded") / "dam")
    with serving(folder) as dam:
        publish.publish(dam.world, standard_text(repeat=request.param))
        for person in people:
            person.joins(dam.world)
        envelopes = [seal.envelope(people[0].manifest(fit_of(dam.world, STANDARD, data), data)) for data in MINE]
    folder.with_suffix(".manifests").write_bytes(b"\n".join(envelopes))
    return folder


def told(dam: Served, me: Person, envelopes: list[bytes]) -> list[tuple[str, str]]:
    """Everything that a dam answers me while I deposit my files and look at what became of them."""
    token, answers = dam.token(me), list[tuple[str, str]]()

    def ask(method: str, path: str, *, keep: bool = True, language: str = "en", **more: object) -> str:
        answer = dam.ask(method, path, token, headers={"Accept-Language": language}, **more)
        kept = {name: value for name, value in answer.headers.items() if name not in {"date", "last-modified", "etag"}}
        what = f"{answer.status_code} {json.dumps(kept, sort_keys=True)}\n{answer.text}"
        if keep:
            answers.append((f"{method} {nameless(path)} {language}", nameless(what)))
        return answer.text

    for data, envelope in zip(MINE, envelopes, strict=True):
        dam.clock.by += timedelta(seconds=2)  # what comes in one second is listed in no order
        id = json.loads(ask("POST", "/api/deposits", content=envelope))["id"]
        ask("PUT", f"/api/deposits/{id}/file", keep=False, content=data)
        while json.loads(ask("GET", f"/api/deposits/{id}", keep=False))["stage"] not in {"committed", "refused"}:
            time.sleep(0.02)
        for language in ("en", "ko"):
            for part in ("", "/statistics", "/report.html", "/rejects"):
                ask("GET", f"/api/deposits/{id}{part}", language=language)
        job = json.loads(ask("GET", f"/api/deposits/{id}"))
        for statement in filter(None, (id, job.get("outcome"))):
            ask("GET", f"/api/receipts/{statement}")
            ask("GET", f"/api/bodies/{statement}")
    for path in ("/api/deposits", f"/api/fits/{STANDARD}", "/api/me", f"/api/reservoirs/{STANDARD}", "/api/standards"):
        ask("GET", path)
    return answers


def test_every_answer_is_the_same_whatever_others_deposited(
    founded: Path, people: tuple[Person, Person], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bodies, headers, sizes, codes: reports as JSON and page, statistics, rejects, receipts, in both languages."""
    monkeypatch.setattr(polars_quality, "POINTS", 3)  # so that so few deposits have a history
    envelopes = founded.with_suffix(".manifests").read_bytes().split(b"\n")
    found: dict[str, list[tuple[str, str]]] = {}
    for name, files in list(OTHERS.items())[:2]:
        folder = tmp_path / name[:3]
        shutil.copytree(founded, folder)
        with serving(folder) as dam:
            for data in files:
                assert people[1].deposits(dam.world, STANDARD, data).stage == "committed"
            found[name] = told(dam, people[0], envelopes)
    first = found[NAMES[0]]
    assert len(first) > 40
    assert sum("quality." in answer for _, answer in first) > 0  # there were warnings to compare
    for one, other in zip(first, found[NAMES[1]], strict=True):
        assert one == other


# --- the work done ----------------------------------------------------------------------------------------------------


class Counted:
    """A port that notes each call of a method: which, and how many things it was given or gave."""

    def __init__(self, port: object, name: str, calls: list[tuple[object, ...]]) -> None:
        """Note the calls of `port`."""
        self._port, self._name, self._calls = port, name, calls

    def __getattr__(self, method: str) -> Any:
        """The port's own, noted."""
        found = getattr(self._port, method)
        if not callable(found):
            return found

        def called(*args: Any, **more: Any) -> Any:
            result = found(*args, **more)
            own = [len(arg.held) for arg in args if hasattr(arg, "held")]
            self._calls.append((self._name, method, len(args), *own))
            return result

        return called


@contextmanager
def files_read(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The name of every Parquet file that is opened within this."""
    read: list[str] = []
    scan = pl.scan_parquet

    def noted(source: Any, *args: Any, **more: Any) -> pl.LazyFrame:
        read.append(Path(source).name)
        return scan(source, *args, **more)

    with monkeypatch.context() as patch:
        patch.setattr(pl, "scan_parquet", noted)
        yield read


@pytest.mark.parametrize("repeat", ["refuse", "supersede", "keep"])
def test_the_same_work_is_done_whatever_others_deposited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, people: tuple[Person, Person], repeat: str
) -> None:
    """Every call of every port, in order, and every file that is opened: time cannot tell what work does not."""
    found = {}
    manifests: list[bytes] = []
    for name, files in OTHERS.items():
        world = a_world(tmp_path / name[:3])
        publish.publish(world, standard_text(repeat=repeat))
        for person in people:
            person.joins(world)
        theirs = {people[1].deposits(world, STANDARD, data).id for data in files}
        manifests = manifests or [
            seal.envelope(people[0].manifest(fit_of(world, STANDARD, data), data)) for data in MINE
        ]
        with files_read(monkeypatch) as read:
            found[name] = worked(world, people[0], manifests, MINE), sorted(read)
        assert not {Path(path).stem for path in read} & theirs  # nobody else's file was opened
    assert len(found[NAMES[0]][0]) > 50
    for name in NAMES[1:]:
        assert found[name] == found[NAMES[0]]


def worked(world: World, me: Person, manifests: list[bytes], files: Sequence[bytes]) -> list[tuple[object, ...]]:
    """The calls of my deposits and of looking at them."""
    calls: list[tuple[object, ...]] = []
    ports = ("store", "lake", "engine", "surveyor", "spool", "bodies", "secrets", "twins")
    counted: dict[str, Any] = {name: Counted(getattr(world, name), name, calls) for name in ports}
    watched = replace(world, **counted)
    for data, envelope in zip(files, manifests, strict=True):
        job = deposit.announce(watched, me.caller, envelope)
        deposit.receive(watched, me.caller, job.id, chunks(data))
        job = deposit.process(watched, job.id, lambda *_: None)
        seen = report.overview(watched, me.caller, job.id, limit=100)
        if seen.found:
            report.rejects(watched, me.caller, job.id, str)
        if job.stage == "committed":
            prove.receipt(watched, me.caller, job.id)
    return calls
