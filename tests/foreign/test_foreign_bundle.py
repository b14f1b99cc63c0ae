"""Go's transparency log library, npm `jose` and `cedar-wasm` verify an evidence bundle alone, and find changes."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from foreign_tools import Absent, built, noded, over_bundle

from bundles import Story, told, whole
from datadam import seal
from datadam.client import bundles
from datadam.formats import bundle, note

GO, JOSE, CEDAR = range(3)


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The three verifiers; in CI they must be there."""
    try:
        return built("bundle", tmp_path_factory.mktemp("go")), noded(tmp_path_factory.mktemp("npm"))
    except Absent as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(f"{error} is not installed: run scripts/system_packages.sh")


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Two dams after their story."""
    return told(tmp_path_factory.mktemp("story"))


@pytest.fixture(scope="module")
def files(story: Story) -> dict[str, bytes]:
    """The files of their bundle."""
    return story.files()


def judged(tools: tuple[Path, Path], story: Story, files: dict[str, bytes], folder: Path) -> list[tuple[int, str]]:
    """What each of the three says of a bundle of these files, whose manifest fits."""
    shutil.rmtree(folder, ignore_errors=True)
    bundles.write(files, folder)
    vkeys = [story.here.ledger.vkey, story.there.ledger.vkey]
    return [(done.returncode, done.stdout + done.stderr) for done in over_bundle(*tools, folder, vkeys)]


def test_all_three_verify_the_bundle_alone(
    tools: tuple[Path, Path], story: Story, files: dict[str, bytes], tmp_path: Path
) -> None:
    """Every log, statement, receipt, cosignature, signature and decision of both dams."""
    found = judged(tools, story, files, tmp_path / "bundle")
    assert [code for code, _ in found] == [0, 0, 0], found
    sizes = [story.here.ledger.size, story.there.ledger.size]
    assert [f"{size} entries" in found[GO][1] for size in sizes] == [True, True]
    assert found[CEDAR][1].splitlines() == ["kr: 1 yes, 1 no, 1 policies", "us: 2 yes, 1 no, 1 policies"]


def flipped(data: bytes, at: int) -> bytes:
    """One bit of it turned."""
    spoilt = bytearray(data)
    spoilt[at] ^= 1
    return bytes(spoilt)


def resigned(data: bytes) -> bytes:
    """A statement with a signature of which one byte is another."""
    told = json.loads(data)
    one = told["signatures"][0]
    one["signature"] = seal.encode(flipped(seal.decode(one["signature"]), 5))
    return seal.canonical(told)


def repaid(data: bytes) -> bytes:
    """A statement that says something else under its old signatures."""
    told = json.loads(data)
    told["payload"] = seal.encode(seal.decode(told["payload"]).replace(b"2026", b"2027"))
    return seal.canonical(told)


def asked_otherwise(data: bytes) -> bytes:
    """A question with other circumstances than the decision names."""
    told = json.loads(data)
    told["request"]["context"]["suspended"] = True
    return seal.canonical(told)


def unproven(data: bytes) -> bytes:
    """A receipt with one hash of its proof turned."""
    told = json.loads(data)
    told["proof"][0] = note.base64_of(flipped(note.unbase64(told["proof"][0]) or b"", 0))
    return seal.canonical(told)


@pytest.mark.parametrize(
    "case",
    [
        ("log/checkpoint", lambda data: flipped(data, 20), {GO}),
        ("log/tile/0/", lambda data: flipped(data, 40), {GO}),
        ("log/tile/entries/", lambda data: flipped(data, 40), {GO}),
        ("cosigned/", lambda data: flipped(data, -9), {GO}),
        ("vkey", lambda data: flipped(data, -5), {GO}),
        ("receipts/", unproven, {GO}),
        ("bodies/", resigned, {JOSE}),
        ("bodies/", repaid, {GO, JOSE, CEDAR}),
        ("requests/", asked_otherwise, {CEDAR}),
        ("policies/", lambda data: data.replace(b"forbid", b"forbld", 1) + b" ", {CEDAR}),
    ],
    ids=[
        "checkpoint",
        "tile",
        "entries",
        "cosigned",
        "vkey",
        "proof",
        "signature",
        "payload",
        "request",
        "policy",
    ],
)
def test_each_finds_the_tampering_that_it_can_see(
    tools: tuple[Path, Path],
    story: Story,
    files: dict[str, bytes],
    tmp_path: Path,
    case: tuple[str, Callable[[bytes], bytes], set[int]],
) -> None:
    """With a manifest that fits the change; what one cannot see another does, and ours sees all."""
    kind, change, seen = case
    path = next(path for path in sorted(files) if path.startswith(f"dams/us/{kind}") and not path.endswith("schema"))
    spoilt = {**files, path: change(files[path])}
    assert spoilt != files
    found = judged(tools, story, spoilt, tmp_path / "bundle")
    assert {number for number, (code, _) in enumerate(found) if code} >= seen, found


def test_go_finds_a_file_that_the_manifest_does_not_name(
    tools: tuple[Path, Path], story: Story, files: dict[str, bytes], tmp_path: Path
) -> None:
    """One more, one fewer, one changed."""
    folder = tmp_path / "bundle"
    assert judged(tools, story, files, folder)[GO][0] == 0
    vkeys = [story.here.ledger.vkey, story.there.ledger.vkey]
    path = next(path for path in files if "/bodies/" in path)
    for data in (files[path] + b" ", None):
        (folder / path).unlink() if data is None else (folder / path).write_bytes(data)
        assert over_bundle(*tools, folder, vkeys)[GO].returncode == 1
    (folder / path).write_bytes(files[path])
    (folder / "more").write_bytes(b"")
    assert over_bundle(*tools, folder, vkeys)[GO].returncode == 1
    assert whole(files)[bundle.MANIFEST] == (folder / bundle.MANIFEST).read_bytes()


def test_go_trusts_no_key_that_it_was_not_given(
    tools: tuple[Path, Path], story: Story, files: dict[str, bytes], tmp_path: Path
) -> None:
    """The bundle's own word for a key proves nothing."""
    bundles.write(files, tmp_path / "bundle")
    done = over_bundle(*tools, tmp_path / "bundle", [story.here.ledger.vkey])[GO]
    assert done.returncode == 1
    assert "nobody trusts us.example/log" in done.stderr
