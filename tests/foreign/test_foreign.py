"""Verifiers that share no code with us agree: Go's transparency log library, npm `jose`, and npm `cedar-wasm`."""

import base64
import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Final

import pytest
from foreign_tools import Absent, built, node, noded, run

from datadam import seal
from datadam.adapters.memory.bodies import MemoryBodies
from datadam.adapters.tile_log import TileLog
from datadam.formats import cosignature, credential, note
from datadam.ledger import Ledger
from datadam.model import Deny, Kind, Statement
from datadam.policy import PERMIT, SCHEMA, Facts, Policy, compile_offer, decide_on, request
from policies import any_facts, any_offer

HERE: Final = Path(__file__).parent
ORIGIN: Final = "dam.example/log"
WITNESS: Final = "witness.example/w1"
ISSUED: Final = "2026-11-22T00:00:00Z"
KEY, KIM = seal.new_key(), seal.new_key()
ASKS: Final = 2000  # of cedar-wasm
MORE: Final = 700  # entries: three bundles, two levels of tiles


def absent(what: str) -> None:
    """Skip where a foreign tool is not installed; in CI that is a failure."""
    message = f"{what} is not installed: run scripts/system_packages.sh"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def there(make: Callable[[], Path]) -> Path:
    """What a foreign tool is run from, or its absence."""
    try:
        return make()
    except Absent as error:
        absent(str(error))
        raise


# --- Go ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The verifier of logs, built with Debian's packages and without a network."""
    return there(lambda: built("verify", tmp_path_factory.mktemp("go")))


@pytest.fixture(scope="module")
def cosigned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The verifier of cosigned checkpoints."""
    return there(lambda: built("cosigned", tmp_path_factory.mktemp("cosigned")))


@pytest.fixture
def log(tmp_path: Path) -> Iterator[tuple[Path, str, Path]]:
    """A log on disk, its verifier key, and a file of proofs that the dam gives."""
    folder = tmp_path / "log"
    made = TileLog(folder)
    ledger = Ledger(made, MemoryBodies(), key=KEY, origin=ORIGIN)
    facts = {"origin": ORIGIN, "log": ledger.vkey, "key": seal.public(KEY)}
    ledger.append([seal.state(Kind.DAM, facts, issued=ISSUED, key=KEY)])
    roots = {1: made.root}
    for size in (2, 3, 200, 256, 257, 512, MORE):
        ledger.append([seal.state(Kind.OUTCOME, {}, issued=ISSUED, key=KEY) for _ in range(size - made.size)])
        roots[size] = made.root
    proofs = {
        "inclusion": [
            {"index": i, "entry": coded(made.entry(i)), "proof": ledger.receipt(i)["proof"]}
            for i in (0, 1, 255, 256, 511, MORE - 1)
        ],
        "consistency": [
            {"old": old, "root": coded(root), "proof": [coded(hash) for hash in ledger.consistency(old, MORE)]}
            for old, root in roots.items()
        ],
    }
    (tmp_path / "proofs.json").write_text(json.dumps(proofs))
    yield folder, ledger.vkey, tmp_path / "proofs.json"
    made.close()


def coded(data: bytes) -> str:
    """Standard base64."""
    return base64.b64encode(data).decode()


def test_go_verifies_checkpoint_tiles_entries_and_proofs(go: Path, log: tuple[Path, str, Path]) -> None:
    """Go's own library opens the checkpoint, makes the same tiles of the entries, and the same inclusion proofs."""
    done = run(go, *log)
    assert (done.returncode, done.stdout.strip()) == (0, str(MORE)), done.stderr


def test_go_verifies_a_log_whose_key_is_rotated(go: Path, log: tuple[Path, str, Path]) -> None:
    """While both keys sign under either, afterwards under the new one only; the tree is the same."""
    folder, old, proofs = log
    held, new = TileLog(folder), seal.new_key()
    ledger = Ledger(held, MemoryBodies(), key=KEY, origin=ORIGIN)
    ledger.use([new, KEY])
    for vkey in (old, ledger.vkey):
        done = run(go, folder, vkey, proofs)
        assert (done.returncode, done.stdout.strip()) == (0, str(MORE)), done.stderr
    ledger.use([new])
    held.close()
    assert run(go, folder, ledger.vkey, proofs).returncode == 0
    done = run(go, folder, old, proofs)
    assert done.returncode == 1
    assert "checkpoint" in done.stderr


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("checkpoint", "checkpoint"),
        ("tile/0/000", "tile"),
        ("tile/0/002.p/188", "tile"),
        ("tile/1/000.p/2", "tile"),
        ("tile/entries/001", "bundle"),
    ],
)
def test_go_rejects_a_log_that_was_tampered_with(go: Path, log: tuple[Path, str, Path], name: str, told: str) -> None:
    """One flipped bit in any file."""
    path = log[0] / name
    data = bytearray(path.read_bytes())
    data[30] ^= 1
    path.write_bytes(data)
    done = run(go, *log)
    assert done.returncode == 1
    assert told in done.stderr


@pytest.mark.parametrize("what", ["inclusion", "consistency"])
def test_go_rejects_a_proof_that_was_tampered_with(go: Path, log: tuple[Path, str, Path], what: str) -> None:
    """One flipped bit in one hash of a proof."""
    proofs = json.loads(log[2].read_text())
    proof = proofs[what][1]["proof"]
    first = bytearray(base64.b64decode(proof[0]))
    first[0] ^= 1
    proof[0] = coded(bytes(first))
    log[2].write_text(json.dumps(proofs))
    done = run(go, *log)
    assert done.returncode == 1
    assert f"{what}: " in done.stderr


def test_go_rejects_another_logs_key(go: Path, log: tuple[Path, str, Path]) -> None:
    """The checkpoint is nothing under a key that did not sign it."""
    done = run(go, log[0], note.vkey(ORIGIN, KIM), log[2])
    assert done.returncode == 1
    assert "checkpoint: " in done.stderr


@pytest.mark.parametrize("spoilt", [False, True])
def test_go_opens_a_cosigned_checkpoint(cosigned: Path, log: tuple[Path, str, Path], *, spoilt: bool) -> None:
    """Go's note reader finds the log's signature and the witness's, dated; with another time it finds neither whole."""
    checkpoint = (log[0] / "checkpoint").read_text()
    line = cosignature.cosign(checkpoint, WITNESS, KIM, now=1_800_000_000)
    if spoilt:
        name, id, jwk = note.read_vkey(cosignature.vkey(WITNESS, KIM), note.WITNESS_KEY)
        raw = note.signed_by(checkpoint + line, name, id)[1]
        assert jwk
        line = note.line(name, id + (1_800_000_001).to_bytes(8, "big") + raw[8:])
    (log[0] / "cosigned").write_text(checkpoint + line)
    done = run(cosigned, log[0] / "cosigned", log[1], cosignature.vkey(WITNESS, KIM))
    assert (done.returncode, done.stdout.strip()) == ((1, "") if spoilt else (0, "1800000000")), done.stderr


# --- npm --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def npm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with our programs for Node, and what they need, pinned."""
    return there(lambda: noded(tmp_path_factory.mktemp("npm")))


# --- npm jose ---------------------------------------------------------------------------------------------------------


def two_party() -> Statement:
    """An accession, signed by the member and the dam."""
    facts = {"member": seal.member_id(KIM), "key": seal.public(KIM), "title": "데이터댐"}
    return seal.countersign(seal.state(Kind.MEMBER, facts, issued=ISSUED, key=KIM), KEY)


def asked(folder: Path, envelope: bytes, *keys: seal.Jwk) -> subprocess.CompletedProcess[str]:
    """What `jose` says of an envelope and the keys of all its parties."""
    public = [seal.public(key) for key in keys]
    (folder / "asked.json").write_text(json.dumps({"envelope": json.loads(envelope), "keys": public}))
    return run("node", "verify.mjs", "asked.json", cwd=folder)


def test_jose_verifies_both_parties_of_a_statement(npm: Path) -> None:
    """The same payload, to the byte, under either party's key."""
    statement = two_party()
    done = asked(npm, seal.envelope(statement), KIM, KEY)
    assert (done.returncode, done.stdout) == (0, statement.payload.decode()), done.stderr


def test_jose_misses_a_party_whose_signature_was_stripped(npm: Path) -> None:
    """Asked once per party, the foreign library finds what one question for all would not."""
    whole = json.loads(seal.envelope(two_party()))
    stripped = json.dumps({**whole, "signatures": whole["signatures"][:1]}).encode()
    assert asked(npm, stripped, KIM).returncode == 0
    done = asked(npm, stripped, KIM, KEY)
    assert done.returncode == 1
    assert "ERR_JWS_SIGNATURE_VERIFICATION_FAILED" in done.stderr


def test_jose_rejects_another_payload(npm: Path) -> None:
    """The signatures of one statement under the payload of another."""
    one, other = (json.loads(seal.envelope(two_party())) for _ in range(2))
    done = asked(npm, json.dumps({**one, "payload": other["payload"]}).encode(), KIM)
    assert done.returncode == 1
    assert "ERR_JWS_SIGNATURE_VERIFICATION_FAILED" in done.stderr


def test_jose_opens_an_exported_agreement(npm: Path) -> None:
    """A JWT with the type `vc+jwt`, under the dam's key and no other; nothing in it can be changed."""
    offer = {"standard": "cti.indicator", "number": 1, "digest": "0" * 64, "offer": {"@type": "Offer", "law": "KR"}}
    terms = {"offer": "0" * 64, "purposes": ["research"], "destination": "KR", "level": "simple", "expires": None}
    parties = credential.Parties(origin=ORIGIN, member=seal.member_id(KIM))
    claims = credential.credential(parties, offer, {**terms, "texts": {"ko": "0" * 64}}, begins=ISSUED)
    token = credential.secured(claims, KEY)

    def opened(token: str, key: seal.Jwk) -> subprocess.CompletedProcess[str]:
        (npm / "credential.json").write_text(json.dumps({"token": token, "key": seal.public(key)}))
        return run("node", "credential.mjs", "credential.json", cwd=npm)

    done = opened(token, KEY)
    assert (done.returncode, done.stdout) == (0, seal.canonical(claims).decode()), done.stderr
    assert opened(token, KIM).returncode == 1
    header, payload, signature = token.split(".")
    other = seal.encode(seal.decode(payload).replace(b"research", b"rESEARCH"))
    assert opened(f"{header}.{other}.{signature}", KEY).returncode == 1


# --- npm cedar-wasm ---------------------------------------------------------------------------------------------------


def drawn(seed: int) -> tuple[dict[str, Policy], list[tuple[str, Facts]]]:
    """Random policies by digest, and who asks under which of them; the same from the same seed."""
    draw, compiled, asks = Random(seed), {}, []
    for _ in range(ASKS // 10):
        about = any_offer(draw)
        policy = compile_offer(about)
        compiled[policy.digest] = policy
        asks += [(policy.digest, any_facts(draw, about)) for _ in range(10)]
    return compiled, asks


def decided(folder: Path, texts: Mapping[str, str], asks: list[tuple[str, Facts]]) -> list[tuple[str, list[str]]]:
    """What `cedar-wasm` decides, and on which rules."""
    told = [{"policy": name, "request": request(facts)} for name, facts in asks]
    (folder / "asks.json").write_text(json.dumps({"schema": SCHEMA, "policies": texts, "asks": told}))
    done = node(folder, "decide.mjs", "asks.json")
    assert done.returncode == 0, done.stderr
    return [(one["decision"], one["rules"]) for one in json.loads(done.stdout)]


def expected(facts: Facts, policy: Policy) -> tuple[str, list[str]]:
    """What we decide, in the same form."""
    match decide_on(facts, policy):
        case Deny(reasons):
            return "deny", [str(reason.facts["rule"]) for reason in reasons]
        case _:
            return "allow", [PERMIT]


def test_cedar_wasm_decides_as_we_do_for_the_same_reasons(npm: Path) -> None:
    """2,000 random asks under 200 random policies: the same answer, rule for rule, some of each."""
    policies, asks = drawn(seed=5)
    ours = [expected(facts, policies[name]) for name, facts in asks]
    assert decided(npm, {name: one.text for name, one in policies.items()}, asks) == ours
    assert len(ours) == ASKS
    allowed = sum(answer == "allow" for answer, _ in ours)
    assert ASKS / 20 < allowed < ASKS / 2


def test_cedar_wasm_finds_a_rule_that_was_taken_out(npm: Path) -> None:
    """The comparison can fail: without the rule about purposes some get a yes that we refuse."""
    policies, asks = drawn(seed=6)
    cut = {name: without(one.text, "no-purpose") for name, one in policies.items()}
    theirs = decided(npm, cut, asks)
    ours = [expected(facts, policies[name]) for name, facts in asks]
    differs = [(here, there) for here, there in zip(ours, theirs, strict=True) if here != there]
    assert differs
    assert all("no-purpose" in here[1] for here, _ in differs)


def without(text: str, id: str) -> str:
    """A policy text without one of its rules."""
    rules = text.split("\n\n")
    kept = [rule for rule in rules if not rule.startswith(f'@id("{id}")')]
    assert len(kept) == len(rules) - 1
    return "\n\n".join(kept)


# --- what is pinned ---------------------------------------------------------------------------------------------------


def test_the_lock_file_names_no_registry() -> None:
    """Whoever runs the tests uses their own registry; versions and digests are pinned."""
    lock = (HERE / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    for name in ("jose", "@cedar-policy/cedar-wasm"):
        assert json.loads(lock)["packages"][f"node_modules/{name}"]["integrity"].startswith("sha512-")
