"""Witnesses: the cosignature's bytes, what a witness refuses, and a dam that does not start behind what it saw."""

import json
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import served
from datadam import cli, merkle, seal, wiring, witness
from datadam.adapters.memory.bodies import MemoryBodies
from datadam.adapters.memory.log import MemoryLog
from datadam.adapters.witness_files import WitnessFiles
from datadam.adapters.witness_http import HttpLog, HttpWitness
from datadam.dam import witnessed
from datadam.edges import server, witnessing
from datadam.errors import DamError, Invalid, NotFound, Refused, Unavailable, Untrusted
from datadam.formats import cosignature, note
from datadam.formats.cosignature import Submission
from datadam.ledger import Ledger
from datadam.model import Kind
from datadam.ports import Watched
from served import serving
from worlds import Person, a_world, forward

NAME = "witness.example/w1"
ORIGIN = "dam.example/log"
KEY = seal.new_key()
NOW = 1_800_000_000

# A checkpoint of a public log of certificates (static CT, staging) with the cosignature of a witness run by somebody
# else: github.com/transparency-dev/formats and github.com/C2SP know its key. Facts that were published, May 2026.
REMORA = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
ARCHE = (
    "arche2025h1.staging.ct.transparency.dev\n"
    "1432088532\n"
    "U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=\n"
    "\n"
    "— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8E"
    "i59RA23oHP7Ry1k3ZFWwQ=\n"
    "— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4Ascyl"
    "P3v7sEodkRAErumC2q44vdgJY096st5BQ==\n"
    "— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0D"
    "rAWfBw==\n"
)


# --- the bytes --------------------------------------------------------------------------------------------------------


def test_a_cosignature_of_the_real_world_verifies() -> None:
    """Key id, message and signature are what another implementation made of the specification."""
    checkpoint, at = cosignature.cosigned(ARCHE, REMORA)
    assert (checkpoint.origin, checkpoint.size) == ("arche2025h1.staging.ct.transparency.dev", 1432088532)
    assert at == 0x6A122120
    name, _, jwk = note.read_vkey(REMORA, note.WITNESS_KEY)
    assert cosignature.vkey(name, jwk) == REMORA


@given(st.integers(0, len(ARCHE.encode()) - 1), st.integers(0, 7))
def test_no_changed_text_is_cosigned(at: int, bit: int) -> None:
    """A flipped bit in the text, or in the witness's own line, is refused; other people's lines are theirs."""
    changed = bytearray(ARCHE.encode())
    changed[at] ^= 1 << bit
    theirs = ARCHE.encode().index(b"\n\n") + 2
    own = ARCHE.encode().index("— remora".encode())
    if at < theirs or at >= own:
        with pytest.raises(Untrusted):
            cosignature.cosigned(bytes(changed), REMORA)


@pytest.mark.parametrize("seconds", [0, -1, 2**63])
def test_a_time_that_cannot_be_is_not_signed(seconds: int) -> None:
    """The field has 63 bits, and zero says that there is no time."""
    with pytest.raises(Invalid, match="witness.time-malformed"):
        cosignature.cosign(ARCHE, NAME, KEY, now=seconds)
    with pytest.raises(Invalid, match="note.name-malformed"):
        cosignature.cosign(ARCHE, "no name", KEY, now=NOW)


def test_a_cosignature_of_no_time_is_not_believed() -> None:
    """Signed by the right key, dated zero, and one that breaks off."""
    id = note.key_id(NAME, seal.raw_public(KEY), note.WITNESS_KEY)
    text = note.text_of(ARCHE)
    zero = bytes(8) + seal.sign_bytes(KEY, f"cosignature/v1\ntime 0\n{text}".encode())
    for raw in (zero, zero[:20], b"\1"):
        with pytest.raises(Untrusted, match="note.signature-wrong"):
            cosignature.cosigned(ARCHE + note.line(NAME, id + raw), cosignature.vkey(NAME, KEY))


@given(st.integers(0, 2**63 - 1), st.lists(st.binary(min_size=32, max_size=32), max_size=63))
def test_a_submission_reads_back_as_it_was_written(old: int, proof: list[bytes]) -> None:
    """Old size, proof and note survive the way."""
    sent = Submission(old=old, proof=tuple(proof), note=ARCHE)
    assert cosignature.read_request(cosignature.request(sent)) == sent


def test_the_published_example_of_a_submission_reads() -> None:
    """The request body that the specification prints (C2SP tlog-witness)."""
    body = (
        "old 20852014\n"
        "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"
        "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n"
        "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n"
        "/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n"
        "\n" + ARCHE
    )
    read = cosignature.read_request(body.encode())
    assert (read.old, len(read.proof), read.note) == (20852014, 4, ARCHE)
    assert cosignature.request(read).decode() == body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 1",
        b"old 01\n\nx",
        b"old -1\n\nx",
        b"new 1\n\nx",
        b"old 9223372036854775808\n\nx",
        b"old 1\nAAAA\n\nx",
        b"old 1\n!\n\nx",
        b"\xff\n\n",
        b"old 1\n" + b"A" * 43 + b"=\n" * 64 + b"\nx",
        b"old 1\n\n" + b"x" * cosignature.MAX_REQUEST,
    ],
)
def test_any_other_spelling_of_a_submission_is_refused(body: bytes) -> None:
    """Nothing is guessed."""
    with pytest.raises(Invalid, match="witness.request-malformed"):
        cosignature.read_request(body)


# --- what a witness does ----------------------------------------------------------------------------------------------


@dataclass
class Memory:
    """What a witness keeps, in memory."""

    name: str = NAME
    key: dict[str, str] = field(default_factory=lambda: dict(KEY))
    held: dict[str, Watched] = field(default_factory=dict)

    def find(self, origin: str) -> Watched | None:
        """The log of that origin."""
        return self.held.get(origin)

    def logs(self) -> list[Watched]:
        """Every log."""
        return [self.held[origin] for origin in sorted(self.held)]

    def keep(self, watched: Watched) -> None:
        """Keep it."""
        self.held[watched.origin] = watched


LOG_KEY, DAM_KEY = seal.new_key(), seal.new_key()


class History:
    """A log that a test lets grow, and what it would send to a witness."""

    def __init__(self, key: seal.Jwk = LOG_KEY, origin: str = ORIGIN) -> None:
        """Begin it."""
        self.ledger = Ledger(MemoryLog(), MemoryBodies(), key=key, origin=origin)

    def grow(self, count: int = 1) -> "History":
        """So many more entries."""
        facts = {"n": count}
        stated = [seal.state(Kind.OUTCOME, facts, issued="2026-11-22T00:00:00Z", key=DAM_KEY) for _ in range(count)]
        self.ledger.append(stated)
        return self

    def submission(self, old: int) -> Submission:
        """The present checkpoint with the proof that it extends `old`."""
        proof = self.ledger.consistency(old, self.ledger.size) if old <= self.ledger.size else ()
        return Submission(old=old, proof=proof, note=self.ledger.checkpoint())


def watching(history: History) -> Memory:
    """A witness that watches that log and has cosigned nothing."""
    kept = Memory()
    witness.watch(kept, "https://dam.example", history.ledger.checkpoint(), vkey=history.ledger.vkey)
    return kept


def test_a_log_that_grows_is_cosigned_at_every_size() -> None:
    """From nothing on, each time the present time; the same checkpoint again too, to show that somebody still looks."""
    history = History()
    kept = watching(history)
    old = 0
    for step, count in enumerate((0, 3, 253, 1, 0, 300)):
        if count:
            history.grow(count)
        line = witness.cosign(kept, history.submission(old), now=NOW + step)
        checkpoint, at = cosignature.cosigned(history.ledger.checkpoint() + line, cosignature.vkey(NAME, KEY))
        assert (checkpoint.size, at) == (history.ledger.size, NOW + step)
        old = history.ledger.size
        watched = kept.held[ORIGIN]
        assert watched.note is not None
        assert witness.last_of(watched).size == old
        assert note.open_checkpoint(watched.note, history.ledger.vkey).size == old  # the log's own signature is kept


def test_what_is_not_the_log_that_grew_is_not_cosigned() -> None:
    """Unknown, unsigned, a wrong old size, a wrong proof, another history, an older clock: each by its own name."""
    history = History().grow(5)
    kept = watching(history)
    witness.cosign(kept, history.submission(0), now=NOW)
    before = kept.held[ORIGIN]
    history.grow(4)
    fork, other = History().grow(9), History(origin="other.example/log").grow(2)
    right = history.submission(5)
    refused: list[tuple[Submission, int, type[DamError], str]] = [
        (other.submission(0), NOW, NotFound, "witness.log-unknown"),
        (replace(right, note=History(key=KEY).grow(9).ledger.checkpoint()), NOW, Untrusted, "note.unsigned"),
        (replace(right, note="x"), NOW, Untrusted, "note.malformed"),
        (replace(right, old=10), NOW, Invalid, "witness.old-larger"),
        (replace(right, old=4), NOW, Refused, "witness.other-size"),
        (replace(right, proof=()), NOW, Untrusted, "proof.consistency-wrong"),
        (fork.submission(5), NOW, Untrusted, "proof.consistency-wrong"),
        (right, NOW - 1, Unavailable, "witness.clock"),
    ]
    for submission, now, kind, code in refused:
        with pytest.raises(kind, match=code):
            witness.cosign(kept, submission, now=now)
        assert kept.held[ORIGIN] == before
    witness.cosign(kept, right, now=NOW)


def test_a_stranger_makes_no_evidence_against_an_honest_log() -> None:
    """Its public checkpoint with a junk proof, of the same size or a larger one, is refused and changes nothing."""
    history = History().grow(5)
    kept = watching(history)
    witness.cosign(kept, history.submission(0), now=NOW)
    before, junk = kept.held[ORIGIN], (bytes(32),)
    for count in (0, 4):
        if count:
            history.grow(count)
        with pytest.raises(Untrusted, match="proof.consistency-wrong"):
            witness.cosign(kept, replace(history.submission(5), proof=junk), now=NOW)
        assert kept.held[ORIGIN] == before
    witness.cosign(kept, history.submission(5), now=NOW)


def test_a_log_that_forked_is_refused_for_good_and_the_two_notes_prove_it() -> None:
    """Neither history is cosigned again, whatever is sent; the first evidence stays, without a stranger's lines."""
    history, forks = History().grow(5), [History().grow(5) for _ in range(2)]
    kept = watching(history)
    witness.cosign(kept, history.submission(0), now=NOW)
    stranger = note.line("stranger.example", b"1234" + bytes(64))
    shown = replace(forks[0].submission(5), proof=())
    with pytest.raises(Untrusted, match="witness.forked"):
        witness.cosign(kept, replace(shown, note=shown.note + stranger), now=NOW)
    proved = kept.held[ORIGIN]
    assert proved.note is not None
    assert proved.evidence == shown.note
    one, two = (note.open_checkpoint(each, history.ledger.vkey) for each in (proved.note, proved.evidence))
    assert one.size == two.size
    assert one.root != two.root
    later = [
        history.submission(5),
        history.grow(2).submission(5),
        history.submission(0),
        replace(history.submission(5), proof=(bytes(32),)),
        replace(forks[1].submission(5), proof=()),
        forks[0].grow(2).submission(5),
    ]
    for submission in later:
        with pytest.raises(Untrusted, match="witness.forked"):
            witness.cosign(kept, submission, now=NOW)
        assert kept.held[ORIGIN] == proved
    with pytest.raises(Untrusted, match="witness.forked"):
        witness.look(kept, proved, history.ledger.checkpoint(), history.ledger.consistency, now=NOW)
    with pytest.raises(Untrusted, match="note.unsigned"):  # who cannot sign for the log is told no more than before
        witness.cosign(kept, replace(shown, note=History(key=KEY).grow(5).ledger.checkpoint()), now=NOW)
    assert kept.held[ORIGIN] == proved


def test_a_log_is_watched_once_and_under_its_own_key() -> None:
    """A second time is refused, and a key that did not sign its checkpoint."""
    history = History().grow()
    kept = watching(history)
    with pytest.raises(Invalid, match="witness.log-known"):
        witness.watch(kept, "https://dam.example", history.ledger.checkpoint(), vkey=history.ledger.vkey)
    with pytest.raises(Untrusted):
        witness.watch(Memory(), "https://x", history.ledger.checkpoint(), vkey=note.vkey(ORIGIN, KEY))


def test_a_log_that_shrank_is_told_when_it_is_looked_at() -> None:
    """It is no evidence: an older checkpoint of an honest log looks like that too, and a newer one is cosigned."""
    history = History().grow(5)
    kept = watching(history)
    watched = kept.held[ORIGIN]
    witness.look(kept, watched, history.ledger.checkpoint(), history.ledger.consistency, now=NOW)
    witness.look(kept, kept.held[ORIGIN], history.grow(3).ledger.checkpoint(), history.ledger.consistency, now=NOW)
    with pytest.raises(Untrusted, match="checkpoint.smaller"):
        witness.look(kept, kept.held[ORIGIN], History().grow(5).ledger.checkpoint(), lambda *_: (), now=NOW)
    assert kept.held[ORIGIN].evidence is None
    assert witness.last_of(kept.held[ORIGIN]).size == 8
    witness.look(kept, kept.held[ORIGIN], history.grow(1).ledger.checkpoint(), history.ledger.consistency, now=NOW)


@given(st.lists(st.integers(0, 5), max_size=6), st.lists(st.booleans(), max_size=6))
def test_whatever_is_sent_what_was_cosigned_is_one_history(steps: list[int], forks: list[bool]) -> None:
    """The law of a witness: of any sequence of submissions, those cosigned are prefixes of one another."""
    honest, forged = History(), History()
    kept = watching(honest)
    cosigned: list[tuple[int, bytes]] = []
    for step, fork in zip(steps, forks, strict=False):
        for one in (honest, forged):
            if step:
                one.grow(step)
        chosen = forged if fork else honest
        old = witness.last_of(kept.held[ORIGIN]).size
        try:
            witness.cosign(kept, chosen.submission(min(old, chosen.ledger.size)), now=NOW)
            cosigned.append((chosen.ledger.size, note.unsigned_checkpoint(chosen.ledger.checkpoint()).root))
        except DamError:
            continue
    roots = {True: honest, False: forged}
    assert any(
        all(size == 0 or merkle_root(history, size) == root for size, root in cosigned) for history in roots.values()
    )


def merkle_root(history: History, size: int) -> bytes:
    """The root of the first entries of a log."""
    return merkle.Frontier(history.ledger._log.leaf_hash(index) for index in range(size)).root


# --- its folder -------------------------------------------------------------------------------------------------------


def test_a_witness_keeps_its_key_to_itself_and_what_it_cosigned_for_good(tmp_path: Path) -> None:
    """Made once, opened with the same key; every file is for its owner alone."""
    made = WitnessFiles.create(tmp_path / "w", NAME)
    history = History().grow(2)
    witness.watch(made, "https://dam.example", history.ledger.checkpoint(), vkey=history.ledger.vkey)
    witness.cosign(made, history.submission(0), now=NOW)
    opened = WitnessFiles(tmp_path / "w")
    assert (opened.name, opened.key) == (NAME, made.key)
    assert opened.logs() == made.logs()
    assert witness.last_of(opened.logs()[0]).size == 2
    assert opened.find("another") is None
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "w").rglob("*")} == {0}
    with pytest.raises(Invalid, match="folder.not-empty"):
        WitnessFiles.create(tmp_path / "w", NAME)
    with pytest.raises(Invalid, match="note.name-malformed"):
        WitnessFiles.create(tmp_path / "other", "no name")
    with pytest.raises(NotFound, match="witness.folder-missing"):
        WitnessFiles(tmp_path / "none")


def test_a_witness_that_cannot_read_what_it_cosigned_does_not_cosign(tmp_path: Path) -> None:
    """Damaged state, another format, two processes at once."""
    made = WitnessFiles.create(tmp_path / "w", NAME)
    history = History().grow(2)
    witness.watch(made, "https://dam.example", history.ledger.checkpoint(), vkey=history.ledger.vkey)
    (kept,) = (tmp_path / "w" / "logs").glob("*.json")
    for damaged in (b"{", b"[]", b'{"origin":"x"}'):
        kept.write_bytes(damaged)
        with pytest.raises(Unavailable, match="witness.state-broken"):
            witness.cosign(made, history.submission(0), now=NOW)
    with (
        made.lock(),
        pytest.raises(Unavailable, match="witness.locked"),
        WitnessFiles(tmp_path / "w").lock(),
    ):
        pass
    (tmp_path / "w" / "witness.json").write_text('{"format": 2, "name": "x"}')
    with pytest.raises(Unavailable, match="witness.format-unknown"):
        WitnessFiles(tmp_path / "w")


# --- over HTTP --------------------------------------------------------------------------------------------------------


@dataclass
class Serving:
    """A witness that is served, with a clock that a test may stop."""

    kept: WitnessFiles
    url: str
    clock: Callable[[], float] = time.time

    def now(self) -> float:
        """The time, as the test has it now."""
        return self.clock()

    @property
    def setting(self) -> str:
        """As a dam's settings name it."""
        return f"{cosignature.vkey(self.kept.name, self.kept.key)} {self.url}"


@pytest.fixture
def a_witness(tmp_path: Path) -> Iterator[Serving]:
    """A witness behind a real server."""
    kept = WitnessFiles.create(tmp_path / "witness", NAME)
    with server.bound("127.0.0.1", 0) as listener:
        made = Serving(kept, f"http://127.0.0.1:{listener.getsockname()[1]}")
        with served.running(witnessing.witness_app(kept, clock=made.now), listener):
            yield made


def test_a_witness_answers_in_the_words_of_the_specification(a_witness: Serving) -> None:
    """Each refusal by the status that C2SP tlog-witness gives it, the size with its own media type."""
    history = History().grow(5)
    add, url = f"{a_witness.url}/add-checkpoint", a_witness.url
    digest = seal.digest(ORIGIN.encode())

    def sent(submission: Submission) -> httpx.Response:
        return httpx.post(add, content=cosignature.request(submission))

    assert sent(history.submission(0)).status_code == 404
    witness.watch(a_witness.kept, "https://dam.example", history.ledger.checkpoint(), vkey=history.ledger.vkey)
    assert httpx.get(f"{url}/{digest}/checkpoint").status_code == 404
    answer = sent(history.submission(0))
    assert answer.status_code == 200
    cosignature.cosigned(history.ledger.checkpoint() + answer.text, cosignature.vkey(NAME, a_witness.kept.key))
    history.grow(2)
    conflict = sent(replace(history.submission(5), old=3))
    assert (conflict.status_code, conflict.text) == (409, "5\n")
    assert conflict.headers["content-type"] == "text/x.tlog.size"
    assert sent(replace(history.submission(5), proof=())).status_code == 422
    assert sent(replace(history.submission(5), old=8)).status_code == 400
    assert sent(replace(history.submission(5), note=History(key=KEY).grow(7).ledger.checkpoint())).status_code == 403
    assert httpx.post(add, content=b"nonsense").status_code == 400
    assert httpx.post(add, content=b"x" * (cosignature.MAX_REQUEST + 1)).status_code == 413
    a_witness.clock = lambda: 1
    assert sent(history.submission(5)).status_code == 503
    forked = sent(replace(History().grow(5).submission(5), proof=()))
    assert (forked.status_code, forked.text) == (409, "witness.forked\n")
    a_witness.clock = time.time
    refused = sent(history.submission(5))
    assert (refused.status_code, refused.text) == (409, "witness.forked\n")
    shown = httpx.get(f"{url}/{digest}/checkpoint").text
    assert cosignature.cosigned(shown, cosignature.vkey(NAME, a_witness.kept.key))[0].size == 5
    told = httpx.get(url).json()
    assert (told["name"], told["logs"][0]["size"]) == (NAME, 5)


def test_a_witness_is_not_asked_without_end(a_witness: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """One address has its pace."""
    monkeypatch.setattr(witnessing, "PER_MINUTE", 1)
    with server.bound("127.0.0.1", 0) as listener, served.running(witnessing.witness_app(a_witness.kept), listener):
        add = f"http://127.0.0.1:{listener.getsockname()[1]}/add-checkpoint"
        assert [httpx.post(add, content=b"x").status_code for _ in range(2)] == [400, 429]


def test_two_submissions_at_once_are_cosigned_one_after_the_other(a_witness: Serving) -> None:
    """Eight that all name the same old size: one history, and whoever comes late is told the size."""
    history = History().grow(5)
    witness.watch(a_witness.kept, "https://dam.example", history.ledger.checkpoint(), vkey=history.ledger.vkey)
    submissions = [history.grow().submission(0) for _ in range(8)]
    statuses: list[int] = []

    def send(one: Submission) -> None:
        statuses.append(httpx.post(f"{a_witness.url}/add-checkpoint", content=cosignature.request(one)).status_code)

    threads = [threading.Thread(target=send, args=(one,)) for one in submissions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [409] * 7


@pytest.mark.parametrize("url", ["http://witness.example", "ftp://x", "", "https://", "http://[x"])
def test_an_address_that_others_could_answer_at_is_refused(url: str) -> None:
    """https, or this machine."""
    with pytest.raises(Invalid, match="witness.url-open"):
        HttpWitness(cosignature.vkey(NAME, KEY), url)
    with pytest.raises(Invalid, match="witness.url-open"):
        HttpLog(url)


ANSWERS: dict[str, tuple[int, bytes, type[DamError]]] = {
    "no size": (409, b"five\n", Untrusted),
    "refused": (422, b"", Untrusted),
    "broken": (500, b"", Unavailable),
    "too long": (200, b"x" * 20_000, Unavailable),
    "no text": (200, b"\xff", Unavailable),
    "unknown": (404, b"", NotFound),
    "behind": (409, b"7\n", Refused),
}


@pytest.fixture
def odd() -> Iterator[tuple[str, dict[str, tuple[int, bytes]]]]:
    """A server that answers anything at all."""
    answers: dict[str, tuple[int, bytes]] = {}

    async def application(scope: dict[str, object], _: object, send: Callable[..., object]) -> None:
        if scope["type"] == "http":
            status, body = answers[str(scope["path"])]
            await send({"type": "http.response.start", "status": status, "headers": []})  # type: ignore[misc]  # ASGI's own types say less
            await send({"type": "http.response.body", "body": body})  # type: ignore[misc]  # ASGI's own types say less

    with server.bound("127.0.0.1", 0) as listener, served.running(application, listener):
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", answers


@pytest.mark.parametrize("what", ANSWERS)
def test_an_odd_answer_of_a_witness_is_a_refusal(odd: tuple[str, dict[str, tuple[int, bytes]]], what: str) -> None:
    """Never an exception of somebody else's, never a cosignature."""
    status, body, kind = ANSWERS[what]
    odd[1]["/add-checkpoint"] = status, body
    with pytest.raises(kind):
        HttpWitness(cosignature.vkey(NAME, KEY), odd[0]).add_checkpoint(b"")


def test_an_odd_answer_of_a_dam_is_a_refusal_too(odd: tuple[str, dict[str, tuple[int, bytes]]]) -> None:
    """No key, no JSON, no proof, nobody there."""
    log = HttpLog(odd[0])
    for body in (b"{}", b'{"log": []}', b'{"log": {"vkey": 1}}', b"{", b"[]"):
        odd[1]["/api"] = 200, body
        with pytest.raises(Unavailable, match="witness.unreachable"):
            log.vkey()
    odd[1]["/log/checkpoint"] = 500, b""
    with pytest.raises(Unavailable, match="witness.unreachable"):
        log.checkpoint()
    for body in (b'{"proof": ["!"]}', b'{"proof": [1]}'):
        odd[1]["/api/log/consistency"] = 200, body
        with pytest.raises(Untrusted, match="proof.consistency-wrong"):
            log.proof(1, 2)
    odd[1]["/api/log/consistency"] = 200, b'{"proof": null}'
    assert log.proof(1, 2) == []
    with pytest.raises(Unavailable, match="witness.unreachable"):
        HttpLog("http://127.0.0.1:1").checkpoint()


# --- a dam and its witnesses ------------------------------------------------------------------------------------------


@dataclass
class InProcess:
    """A witness port without a network."""

    kept: Memory
    silent: bool = False
    answer: str | None = None

    @property
    def vkey(self) -> str:
        """Its verifier key."""
        return cosignature.vkey(self.kept.name, self.kept.key)

    def add_checkpoint(self, request: bytes) -> str:
        """Cosign, unless it is made to do otherwise."""
        if self.silent:
            raise Unavailable("witness.unreachable", witness=self.kept.name, why="test")
        return self.answer or witness.cosign(self.kept, cosignature.read_request(request), now=NOW)


def test_a_dam_is_witnessed_and_says_so(tmp_path: Path) -> None:
    """Two witnesses, one of them silent for a while: whoever answers is enough, and both lines stand in the note."""
    world = a_world(tmp_path)
    one, two = (InProcess(Memory(name=f"{name}.example", key=seal.new_key())) for name in ("one", "two"))
    world = replace(world, witnesses=(one, two))
    with pytest.raises(NotFound, match="witness.nothing-cosigned"):
        witnessed.cosigned(world)
    with pytest.raises(NotFound, match="witness.log-unknown"):
        witnessed.settle(world)
    for each in (one, two):
        witness.watch(each.kept, "https://dam.example", world.ledger.checkpoint(), vkey=world.ledger.vkey)
    two.silent = True
    witnessed.settle(world)
    assert [standing.size for standing in witnessed.standings(world)] == [1, 0]
    Person("Alice").joins(world)
    faults = witnessed.renew(world)
    assert [fault.code for fault in faults] == ["witness.unreachable"]
    two.silent = False
    assert witnessed.renew(world) == []
    assert [standing.size for standing in witnessed.standings(world)] == [2, 2]
    shown = witnessed.cosigned(world)
    for each in (one, two):
        assert cosignature.cosigned(shown, each.vkey)[0].size == 2
    assert note.open_checkpoint(shown, world.ledger.vkey).size == 2
    forward(world, hours=1e6)
    assert witnessed.renew(world) == []  # nothing new, but it shows that somebody still looks


def test_without_any_witness_a_dam_starts_only_when_told_to(tmp_path: Path) -> None:
    """All are silent: fail closed, unless the operator said so."""
    world = a_world(tmp_path)
    silent = InProcess(Memory(), silent=True)
    world = replace(world, witnesses=(silent,))
    with pytest.raises(Unavailable, match="witness.all-silent"):
        witnessed.settle(world)
    witnessed.settle(world, alone=True)
    witnessed.settle(replace(world, witnesses=()))


def test_a_cosignature_that_does_not_hold_is_not_taken(tmp_path: Path) -> None:
    """A witness that answers with another's line, or with anything."""
    world = a_world(tmp_path)
    liar = InProcess(Memory())
    world = replace(world, witnesses=(liar,))
    for answer in ("nonsense\n", ARCHE.rpartition("\n\n")[2]):
        liar.answer = answer
        with pytest.raises(Untrusted):
            witnessed.settle(world)
    assert witnessed.standings(world)[0].size == 0


def test_a_witness_that_saw_another_history_or_more_of_it_stops_the_start(tmp_path: Path) -> None:
    """More entries than the log has, the same number with another root, fewer that are not its beginning."""
    world = a_world(tmp_path)
    key = world.secrets.private_key("log")
    for others, code in ((3, "witness.ahead"), (1, "witness.refused")):
        fork = History(key=key, origin=world.settings.name).grow(others)
        kept = watching(fork)
        witness.cosign(kept, fork.submission(0), now=NOW)
        with pytest.raises(Untrusted, match=code) if others > 1 else pytest.raises(Untrusted):
            witnessed.settle(replace(world, witnesses=(InProcess(kept),)))


class Restless(InProcess):
    """Says another size each time that it is asked."""

    def add_checkpoint(self, request: bytes) -> str:
        """One more than was asked from."""
        raise Refused("witness.other-size", size=cosignature.read_request(request).old and 9)


def test_a_witness_that_never_agrees_on_a_size_is_given_up(tmp_path: Path) -> None:
    """No endless talk."""
    world = a_world(tmp_path)
    with pytest.raises(Untrusted, match="witness.refused"):
        witnessed.settle(replace(world, witnesses=(Restless(Memory()),)))

    class Ahead(InProcess):
        sizes = iter((1, 9))

        def add_checkpoint(self, request: bytes) -> str:
            del request
            raise Refused("witness.other-size", size=next(self.sizes))

    with pytest.raises(Untrusted, match="witness.ahead"):
        witnessed.settle(replace(world, witnesses=(Ahead(Memory()),)))


def test_one_key_is_one_witness(tmp_path: Path) -> None:
    """Under two names it would be counted twice."""
    setting = f"{cosignature.vkey(NAME, KEY)} https://w.example"
    other = f"{cosignature.vkey('other.example', KEY)} https://w.example"
    folder = served.made(tmp_path / "dam")
    with pytest.raises(Invalid, match="witness.repeated"), wiring.world(folder, {"witnesses": [setting, other]}):
        pass


@pytest.mark.usefixtures("home")
def test_a_folder_restored_from_before_a_withdrawal_is_noticed(tmp_path: Path, a_witness: Serving) -> None:
    """Real processes: the dam is served, witnessed, rolled back as a whole, and refuses to start; nothing is served."""
    folder = served.made(tmp_path / "dam", witnesses=[a_witness.setting])
    with wiring.world(folder) as world:
        witness.watch(a_witness.kept, "http://127.0.0.1:1", world.ledger.checkpoint(), vkey=world.ledger.vkey)
        member = Person("Alice").joins(world).id
    with served.process(folder) as running:
        seen = until(lambda: witness.last_of(a_witness.kept.logs()[0]).size == 2)
        assert seen
        running.ends(signal.SIGTERM)
    shutil.copytree(folder, tmp_path / "before")
    with served.process(folder) as running:
        done = served.run("member", "expel", member, "--reason", "withdrew", "--dam", folder)
        assert done.returncode == 0, done.stderr
        assert until(lambda: witness.last_of(a_witness.kept.logs()[0]).size == 3)
        cosigned = httpx.get(f"{running.url}/api/log/cosigned").text
        assert cosignature.cosigned(cosigned, a_witness.setting.split(" ")[0])[0].size >= 2
        running.ends(signal.SIGTERM)
    refused = served.run("serve", tmp_path / "before", "--port", 0, "--unwitnessed")
    assert refused.returncode == 5
    assert "3" in refused.stderr
    with served.process(folder) as running:  # the right one is served as ever
        assert running.ends(signal.SIGTERM) < 20


def until(true: Callable[[], bool], seconds: float = 30) -> bool:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.05)
    return False


# --- the commands -----------------------------------------------------------------------------------------------------


@pytest.fixture
def say(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Run a command in this process: its exit code and what it said."""
    del home

    def run(*words: object) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["datadam", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out + told.err

    return run


def test_a_witnesss_life_on_the_command_line(tmp_path: Path, say: Callable[..., tuple[int, str]]) -> None:
    """Made, set to watch a served dam, looks again and again, and tells when the log is not what it was."""
    own = tmp_path / "witness"
    assert say("witness", "init", own, "--name", NAME)[0] == 0
    with serving(tmp_path / "dam") as dam:
        code, told = say("witness", "watch", own, dam.url)
        assert code == 0
        assert dam.world.ledger.vkey in told.replace("\n", "")
        dam.person("Alice")
        assert say("witness", "look", own)[0] == 0
        assert say("witness", "look", own)[0] == 0
        (item,) = json.loads(say("witness", "list", own, "--json")[1])
        assert (item["size"], item["forked"]) == (2, False)
        assert served.ORIGIN in say("witness", "list", own)[1]
        kept = WitnessFiles(own)
        (watched,) = kept.logs()
        for others, forked in ((7, False), (2, True)):
            other = History(key=dam.world.secrets.private_key("log"), origin=served.ORIGIN).grow(others)
            shown = other.ledger.checkpoint()
            kept.keep(replace(watched, note=shown + cosignature.cosign(shown, NAME, kept.key, now=NOW)))
            assert say("witness", "look", own)[0] == 2
            (item,) = json.loads(say("witness", "list", own, "--json")[1])
            assert item["forked"] is forked
        assert say("witness", "look", own)[0] == 2
        (item,) = json.loads(say("witness", "list", own, "--json")[1])
        assert item["forked"] is True
        assert say("witness", "list", own)[0] == 0
    assert say("witness", "serve", own, "--host", "0.0.0.0")[0] == 2


def test_a_witness_is_served_as_a_process(tmp_path: Path) -> None:
    """It says where it listens, answers, and ends on a signal."""
    own = tmp_path / "witness"
    assert served.run("witness", "init", own, "--name", NAME).returncode == 0
    with served.process_of("witness", "serve", own, "--port", 0) as running:
        assert httpx.get(running.url).json()["name"] == NAME
        assert running.ends(signal.SIGTERM) < 20
        assert (running.process.returncode, running.error()) == (0, "")
