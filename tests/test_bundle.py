"""Evidence bundles: what one proves of two dams, and that nothing in one can be changed, added or left out."""

import json
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bundles import ID, NOW, Story, statements, told, verified, whole
from datadam import audit, bundled, client, merkle, seal
from datadam.cli import evidence
from datadam.client import bundles
from datadam.dam import follow, order, rotate, state
from datadam.errors import DamError, Untrusted
from datadam.formats import bundle, cosignature, note
from datadam.model import Checkpoint, Kind, Statement
from logs import Book
from peered_dams import KR
from peerings import adoption, peer_of, peering, peering_facts, terms
from served import published, serving
from worlds import Person, refused

NOBODY = "nobody.example/log+" + note.vkey("nobody.example/log", seal.new_key()).partition("+")[2]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Two dams after their story; nobody changes them."""
    return told(tmp_path_factory.mktemp("story"))


@pytest.fixture(scope="module")
def files(story: Story) -> dict[str, bytes]:
    """Their bundle."""
    return whole(story.files())


def changed(files: Mapping[str, bytes], path: str, data: bytes | None) -> dict[str, bytes]:
    """Another file in a place, or none, and a manifest that says so."""
    kept = {name: held for name, held in files.items() if name not in {path, bundle.MANIFEST}}
    return whole(kept if data is None else {**kept, path: data})


def facts_of(statement: Statement) -> dict[str, object]:
    """What a statement says, for another one that says it again."""
    return {name: value for name, value in statement.body.items() if name not in {"v", "kind", "salt", "issued"}}


# --- what it proves ---------------------------------------------------------------------------------------------------


def test_one_trusted_key_proves_both_dams(story: Story, files: dict[str, bytes]) -> None:
    """The key of the second log is named by the first one's peering; every statement of both is believed."""
    found = verified(files, story.here.ledger.vkey)
    here, there = found.parts
    assert (here.named_by, there.named_by) == (None, here.origin)
    assert [one.checkpoint.size for one in (here, there)] == [story.here.ledger.size, story.there.ledger.size]
    assert [one.unseen for one in (here, there)] == [1, 0]  # the manifest that was erased with its deposit
    assert all(one.believed + one.unseen == one.checkpoint.size for one in found.parts)
    assert [(one.allowed, one.denied) for one in (here, there)] == [(1, 1), (2, 1)]
    assert (found.files, found.size) == (len(files), sum(map(len, files.values())) - len(files[bundle.MANIFEST]))


def test_what_crossed_stands_in_both_logs_in_its_order(story: Story, files: dict[str, bytes]) -> None:
    """An order, its lift and a withdrawal: where they stand at home, and where the other dam took them over."""
    found = verified(files, story.there.ledger.vkey)
    assert [one.kind for one in found.crossings] == [Kind.ORDER, Kind.LIFT, Kind.WITHDRAWAL]
    assert all(one.source == "kr.example/log" and one.target == "us.example/log" for one in found.crossings)
    for one in found.crossings:
        assert story.here.ledger.entry(one.index)[1] == one.statement
        assert story.there.ledger.statement(story.there.ledger.entry(one.adopted)[1]).body["statement"] == one.statement
    assert (found.unheld, found.pending) == (0, 0)
    (taken,) = found.taken
    assert (taken.rows, taken.recipients, taken.models) == (2, 0, 0)
    assert taken.purged is not None
    assert taken.purged > taken.index


def test_nothing_is_believed_under_keys_that_nobody_trusts(files: dict[str, bytes]) -> None:
    """A bundle names its keys itself, which proves nothing."""
    for vkeys in ((), (NOBODY,)):
        refused("bundle.key-unknown", partial(verified, files, *vkeys))


def test_so_many_cosigners_as_are_asked_for_must_have_signed(story: Story, files: dict[str, bytes]) -> None:
    """Those count whom the verifier names, each key once."""
    vkey, other = story.here.ledger.vkey, cosignature.vkey("other.example/w", seal.new_key())
    assert verified(files, vkey, cosigners=[story.vkey, other], quorum=1).parts
    refused("bundle.quorum", lambda: verified(files, vkey, cosigners=[story.vkey, other], quorum=2))
    refused("bundle.quorum", lambda: verified(files, vkey, cosigners=[other], quorum=1))
    twin = cosignature.vkey("twin.example/w", story.witness)  # one key under two names
    text = files[bundle.cosigned_path("kr", story.vkey)].decode()
    twice = text + cosignature.cosign(text, "twin.example/w", story.witness, now=1_800_000_000)
    both = changed(files, bundle.cosigned_path("kr", twin), twice.encode())
    both = changed(both, "dams/kr/cosigners", f"{story.vkey}\n{twin}\n".encode())
    found = verified(both, vkey, cosigners=[story.vkey, twin], quorum=1)
    assert len(found.parts[0].cosigned) == 2
    refused("bundle.quorum", lambda: verified(both, vkey, cosigners=[story.vkey, twin], quorum=2))


def test_a_part_is_laid_out_as_a_dams_own_folder(story: Story, files: dict[str, bytes], tmp_path: Path) -> None:
    """So the audit of a log reads it too."""
    kept = {path: data for path, data in files.items() if path != bundle.MANIFEST}
    bundles.write(kept, tmp_path / "bundle")
    folder = tmp_path / "bundle" / "dams" / "kr"
    with client.folder_bodies(folder / "bodies") as bodies:
        found = audit.audit(client.folder_reader(folder / "log"), vkey=story.here.ledger.vkey, bodies=bodies)
    assert (found.bodies, found.absent) == (story.here.ledger.size - 1, 1)


def test_a_log_whose_key_was_rotated_is_followed(tmp_path: Path) -> None:
    """The other dam adopted the rotation; receipts from before and after it hold; the former key is not trusted."""
    story = told(tmp_path, taken=False)
    former = story.here.ledger.vkey
    early = story.files()
    before = next(path for path in early if "/kr/receipts/" in path)
    rotate.rotate(story.here, "log", "Yearly.")
    rotation = story.here.ledger.statement(story.here.ledger.entry(story.here.ledger.size - 1)[1])
    assert rotation.kind is Kind.ROTATION
    follow.look(story.there, KR)
    late = {**story.files(), before: early[before]}
    found = verified(whole(late), story.there.ledger.vkey)
    assert found.parts[0].vkey == story.here.ledger.vkey != former
    assert found.crossings[-1].kind is Kind.ROTATION
    refused("bundle.key-unknown", lambda: verified(whole(late), former))


# --- what was changed -------------------------------------------------------------------------------------------------


def test_one_flipped_byte_anywhere_is_found(story: Story, files: dict[str, bytes]) -> None:
    """In every file: its first byte, its last and one between; the manifest's too."""
    draw = Random(7)
    for path, data in files.items():
        for at in {0, len(data) - 1, draw.randrange(len(data))}:
            spoilt = bytearray(data)
            spoilt[at] ^= 1 << draw.randrange(8)
            with pytest.raises(Untrusted):
                verified({**files, path: bytes(spoilt)}, story.here.ledger.vkey)


def test_a_changed_file_is_found_though_the_manifest_was_made_anew(story: Story, files: dict[str, bytes]) -> None:
    """Digests are not what it hangs on: every file is held against what signed it, or follows from it."""
    draw = Random(11)
    for path, data in files.items():
        if path == bundle.MANIFEST:
            continue
        spoilt = bytearray(data)
        spoilt[draw.randrange(len(data))] ^= 1
        with pytest.raises(DamError):
            verified(changed(files, path, bytes(spoilt)), story.here.ledger.vkey)


def test_a_file_that_is_left_out_is_found(story: Story, files: dict[str, bytes]) -> None:
    """Also where the manifest does not name it any more; but for what nobody can know to be missing."""
    silent = {"receipts", "bodies"}  # a receipt more or fewer proves as much; an activity body may not have been shown
    for path in files:
        if path == bundle.MANIFEST or bundle.dam_of(path)[1] in silent:
            continue
        with pytest.raises(DamError):
            verified(changed(files, path, None), story.here.ledger.vkey)
    for index in range(story.here.ledger.size):
        clazz, id = story.here.ledger.entry(index)
        path = bundle.body_path("kr", id)
        if clazz == "registry":
            refused("bundle.body-missing", partial(verified, changed(files, path, None), story.here.ledger.vkey))


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("dams/kr/notes", "bundle.path"),
        ("dams/kr/bodies/../../x", "bundle.path"),
        ("../outside", "bundle.path"),
        ("/etc/passwd", "bundle.path"),
        ("dams/kr/bodies/00/" + "0" * 64 + ".json", "bundle.file-stray"),
        ("dams/kr/log/tile/3/000", "bundle.file-stray"),
        ("dams/kr/policies/" + "0" * 64 + ".cedar", "bundle.file-stray"),
        ("dams/kr/requests/" + "0" * 64 + ".json", "bundle.file-stray"),
    ],
)
def test_a_file_too_many_is_found(story: Story, files: dict[str, bytes], path: str, code: str) -> None:
    """Nothing rides along, and no path leads out of the bundle."""
    refused(code, lambda: verified(changed(files, path, b"x"), story.here.ledger.vkey))


def test_files_and_manifest_must_be_the_same_set(story: Story, files: dict[str, bytes]) -> None:
    """One more on the disk, one fewer, one twice."""
    vkey = story.here.ledger.vkey
    refused("bundle.files-other", lambda: verified({**files, "dams/kr/more": b""}, vkey))
    fewer = {path: data for path, data in files.items() if path != "dams/kr/vkey"}
    refused("bundle.files-other", lambda: verified(fewer, vkey))
    twice = [*files, "dams/kr/vkey"]
    refused("bundle.files-other", lambda: bundled.verify(twice, files.__getitem__, vkeys=[vkey], now=NOW))


def test_a_receipt_of_another_history_is_found(story: Story, files: dict[str, bytes]) -> None:
    """A receipt under a checkpoint that the log's own key signed, of a log that is not this one."""
    key, origin = seal.new_key(), "kr.example/log"
    fork = Checkpoint(origin=origin, size=4, root=b"\1" * 32)
    other = note.sign_checkpoint(fork, origin, story.here.secrets.private_key("log"))
    told, vkey = other + cosignature.cosign(other, "w.example", key, now=5), cosignature.vkey("w.example", key)
    forked = changed(files, bundle.cosigned_path("kr", vkey), told.encode())
    forked = changed(forked, bundle.cosigned_path("kr", story.vkey), None)
    forked = changed(forked, "dams/kr/cosigners", f"{vkey}\n".encode())
    refused("bundle.checkpoint-other", lambda: verified(forked, story.here.ledger.vkey))
    path = next(path for path in files if "/kr/receipts/" in path)
    alien = changed(files, path.replace("/kr/", "/us/"), files[path])
    refused("receipt.other-log", lambda: verified(alien, story.here.ledger.vkey))
    misplaced = changed(files, bundle.receipt_path("kr", "0" * 64), files[path])
    refused("bundle.file-stray", lambda: verified(misplaced, story.here.ledger.vkey))


@pytest.mark.parametrize("text", [b"", b"a\nb\n", b"x\n" * 60])
def test_a_list_of_cosigners_that_is_none_is_refused(story: Story, files: dict[str, bytes], text: bytes) -> None:
    """Empty, of no keys, or longer than anybody needs."""
    with pytest.raises(DamError):
        verified(changed(files, "dams/kr/cosigners", text), story.here.ledger.vkey)


# --- what a dam did wrong ---------------------------------------------------------------------------------------------


def test_a_yes_against_an_order_is_found_in_either_dam(tmp_path: Path) -> None:
    """Also against one that was adopted: a dam that allows after it has it in its own log."""
    story = told(tmp_path, taken=False)
    order.suspend(story.here, ["business"], ["US"], standard=ID, reason="A reason.", ground="An act.")
    follow.look(story.there, KR)
    allowed = [one for one in statements(story.there) if one.kind is Kind.DECISION and one.body["allowed"]][-1]
    assert verified(whole(story.files()), story.here.ledger.vkey).pending == 0
    again = state.statement(story.there, Kind.DECISION, facts_of(allowed))
    story.there.ledger.append([again])
    found = refused("bundle.order-broken", lambda: verified(whole(story.files()), story.here.ledger.vkey))
    assert (found.facts["origin"], found.facts["index"]) == ("us.example/log", story.there.ledger.size - 1)


def test_an_order_that_was_not_taken_over_is_told(tmp_path: Path) -> None:
    """It may be on its way; a bundle made later has it."""
    story = told(tmp_path, taken=False)
    order.suspend(story.here, ["business"], ["US"], standard=ID, reason="A reason.", ground="An act.")
    assert verified(whole(story.files()), story.here.ledger.vkey).pending == 1


def test_a_yes_while_the_other_dam_is_silent_is_found(tmp_path: Path) -> None:
    """Between the two statements of contact nothing in the scope is allowed; after it, it is."""
    story = told(tmp_path, taken=False)
    allowed = [one for one in statements(story.there) if one.kind is Kind.DECISION and one.body["allowed"]][-1]
    contact = {"peer": peer_of(story.here), "since": "2026-11-22T09:00:00Z"}
    state.record(story.there, state.statement(story.there, Kind.PEER_CONTACT, {**contact, "state": "silent"}))
    story.there.ledger.append([state.statement(story.there, Kind.DECISION, facts_of(allowed))])
    refused("bundle.silence-broken", lambda: verified(whole(story.files()), story.here.ledger.vkey))


def test_a_yes_after_the_other_dam_was_heard_again_is_none_against_it(tmp_path: Path) -> None:
    """And one after a proven lie is."""
    story = told(tmp_path, taken=False)
    allowed = [one for one in statements(story.there) if one.kind is Kind.DECISION and one.body["allowed"]][-1]
    contact = {"peer": peer_of(story.here), "since": "2026-11-22T09:00:00Z"}
    for heard in ("silent", "heard"):
        state.record(story.there, state.statement(story.there, Kind.PEER_CONTACT, {**contact, "state": heard}))
    story.there.ledger.append([state.statement(story.there, Kind.DECISION, facts_of(allowed))])
    assert verified(whole(story.files()), story.here.ledger.vkey).parts
    fault = {"peer": peer_of(story.here), "fault": "forked", "evidence": {}}
    story.there.ledger.append([state.statement(story.there, Kind.PEER_FAULT, fault)])
    story.there.ledger.append([state.statement(story.there, Kind.DECISION, facts_of(allowed))])
    refused("bundle.silence-broken", lambda: verified(whole(story.files()), story.here.ledger.vkey))


def test_an_adoption_of_what_the_other_log_does_not_have_is_found(tmp_path: Path) -> None:
    """A statement that the other dam really signed, and never logged in that place."""
    story = told(tmp_path, taken=False)
    facts = {"classes": ["business"], "destinations": ["US"], "standard": ID, "reason": "r", "ground": "g"}
    never = state.statement(story.here, Kind.ORDER, facts)
    story.there.ledger.append([adoption(story.there, story.here, never, index=3)])
    refused("bundle.adoption-other", lambda: verified(whole(story.files()), story.here.ledger.vkey))


def test_an_adoption_from_beyond_the_bundle_is_counted(tmp_path: Path) -> None:
    """The other log grew between the two looks, or is not in the bundle at all."""
    story = told(tmp_path, taken=False)
    facts = {"classes": ["business"], "destinations": ["US"], "standard": ID, "reason": "r", "ground": "g"}
    later = state.statement(story.here, Kind.ORDER, facts)
    story.there.ledger.append([adoption(story.there, story.here, later, index=4000)])
    assert verified(whole(story.files()), story.here.ledger.vkey).unheld == 1
    alone = {path: data for path, data in story.files().items() if path.startswith("dams/us/")}
    assert verified(whole(alone), story.there.ledger.vkey).unheld == 3


def test_terms_that_differ_are_found(tmp_path: Path) -> None:
    """Each log has a peering that both signed, and not the same one."""
    story = told(tmp_path, taken=False)
    story.here.ledger.append([peering(story.here, story.there, terms=terms(contact_seconds=60))])
    refused("bundle.terms-differ", lambda: verified(whole(story.files()), story.here.ledger.vkey))


def test_a_peering_that_ended_asks_for_no_order(tmp_path: Path) -> None:
    """What is ordered after it is nobody's business there."""
    story = told(tmp_path, taken=False)
    state.record(
        story.there, state.statement(story.there, Kind.PEERING_END, {"peer": peer_of(story.here), "reason": "x"})
    )
    order.suspend(story.here, ["business"], ["US"], standard=ID, reason="A reason.", ground="An act.")
    assert verified(whole(story.files()), story.here.ledger.vkey).pending == 0


def test_an_adopted_order_ends_with_the_peering(tmp_path: Path) -> None:
    """What is allowed after that is nothing against it."""
    story = told(tmp_path, taken=False)
    allowed = [one for one in statements(story.there) if one.kind is Kind.DECISION and one.body["allowed"]][-1]
    order.suspend(story.here, ["business"], ["US"], standard=ID, reason="A reason.", ground="An act.")
    follow.look(story.there, KR)
    ending = {"peer": peer_of(story.here), "reason": "x"}
    state.record(story.there, state.statement(story.there, Kind.PEERING_END, ending))
    story.there.ledger.append([state.statement(story.there, Kind.DECISION, facts_of(allowed))])
    assert verified(whole(story.files()), story.here.ledger.vkey).parts


def test_a_purge_for_somebody_else_is_found(tmp_path: Path) -> None:
    """It erases for the one whom the withdrawal was of."""
    story = told(tmp_path)
    purge = next(one for one in statements(story.here) if one.kind is Kind.PURGE)
    firm = Person("Other").joins(story.here)
    story.here.ledger.append([state.statement(story.here, Kind.PURGE, {**facts_of(purge), "contributor": firm.id})])
    refused("bundle.purge-other", lambda: verified(whole(story.files()), story.here.ledger.vkey))


def test_a_statement_that_its_parties_did_not_sign_is_found(tmp_path: Path) -> None:
    """In the log it stands all the same."""
    story = told(tmp_path, taken=False)
    made = state.statement(story.here, Kind.PEERING, peering_facts(story.there))
    story.here.ledger.append([made])
    found = refused("bundle.entry-wrong", lambda: verified(whole(story.files()), story.here.ledger.vkey))
    assert found.facts["index"] == story.here.ledger.size - 1


def test_a_decision_that_does_not_follow_from_its_facts_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Turned round in its dam's own words, which signs it."""
    story = told(tmp_path, taken=False)
    decision = next(one for one in statements(story.here) if one.kind is Kind.DECISION and not one.body["allowed"])
    turned = {**facts_of(decision), "allowed": True, "basis": "x", "reasons": []}
    story.here.ledger.append([state.statement(story.here, Kind.DECISION, turned)])
    refused("decision.not-so", story.files)
    with monkeypatch.context() as patched:
        patched.setattr(bundled, "derived", lambda *_: {})
        files = whole(bundled.gather("kr", story.source(story.here), NOW))
    found = refused("decision.not-so", lambda: verified(files, story.here.ledger.vkey))
    assert found.facts["statement"] == story.here.ledger.entry(story.here.ledger.size - 1)[1]


def test_a_bundle_has_each_dam_once(story: Story, files: dict[str, bytes]) -> None:
    """Under two names it would be two witnesses."""
    twice = {path.replace("/kr/", "/again/"): data for path, data in files.items() if "/kr/" in path}
    both = whole({**{path: data for path, data in files.items() if path != bundle.MANIFEST}, **twice})
    refused("bundle.dam-twice", lambda: verified(both, story.here.ledger.vkey))


def test_a_log_without_its_first_statement_is_none() -> None:
    """An empty log proves nothing."""
    book = Book()
    none = Checkpoint(origin="test.example/log", size=0, root=merkle.EMPTY)
    root = note.sign_checkpoint(none, "test.example/log", book.log_key)
    empty = {"dams/x/vkey": f"{book.ledger.vkey}\n".encode(), "dams/x/log/checkpoint": root.encode()}
    refused("bundle.log-empty", lambda: verified(whole(empty), book.ledger.vkey))


@pytest.mark.parametrize("quorum", [0, 1])
def test_a_bundle_without_a_dam_proves_nothing(story: Story, quorum: int) -> None:
    """Nothing in it could fail: it is refused, also where cosigners were asked for."""
    trusted, none = {story.here.ledger.vkey}, whole({})
    verify = partial(bundled.verify, [*none], none.__getitem__, vkeys=trusted, now=NOW, quorum=quorum)
    refused("bundle.empty", verify)


# --- folders and zips -------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(files: dict[str, bytes], tmp_path: Path) -> Path:
    """The bundle as a folder."""
    bundles.write({path: data for path, data in files.items() if path != bundle.MANIFEST}, tmp_path / "bundle")
    return tmp_path / "bundle"


@pytest.fixture
def archive(files: dict[str, bytes], tmp_path: Path) -> Path:
    """The bundle as a zip."""
    bundles.write({path: data for path, data in files.items() if path != bundle.MANIFEST}, tmp_path / "bundle.zip")
    return tmp_path / "bundle.zip"


def test_a_folder_and_a_zip_prove_the_same(story: Story, folder: Path, archive: Path) -> None:
    """And the zip is the same each time that it is written."""
    assert bundles.is_bundle(folder)
    assert bundles.is_bundle(archive)
    assert not bundles.is_bundle(folder / bundle.MANIFEST)
    assert not bundles.is_bundle(folder / "none")
    vkeys = [story.here.ledger.vkey]
    found = [bundles.check_bundle(path, vkeys) for path in (folder, archive)]
    assert found[0] == found[1]
    with zipfile.ZipFile(archive) as held:
        assert held.testzip() is None
        again = {name: held.read(name) for name in held.namelist() if name != bundle.MANIFEST}
    bundles.write(again, archive.with_name("again.zip"))
    assert archive.with_name("again.zip").read_bytes() == archive.read_bytes()


def test_a_dam_that_is_named_and_left_out_is_missed(story: Story, folder: Path, tmp_path: Path) -> None:
    """A bundle of one dam may hold by itself; for whoever names two it lacks one."""
    own = bundled.gather("kr", story.source(story.here), NOW)
    bundles.write(own, tmp_path / "one")
    vkeys = [story.here.ledger.vkey, story.there.ledger.vkey]
    assert len(bundles.check_bundle(folder, vkeys).parts) == 2
    assert len(bundles.check_bundle(tmp_path / "one", vkeys[:1]).parts) == 1
    refused("bundle.dam-missing", lambda: bundles.check_bundle(tmp_path / "one", vkeys))


def test_one_flipped_byte_of_a_zip_is_found(story: Story, archive: Path) -> None:
    """Where it stands in no file of it either: in names, times, comments, the table at its end."""
    data, draw = archive.read_bytes(), Random(3)
    places = {0, 5, 11, len(data) - 1, len(data) - 12, *range(len(data) - 70, len(data) - 22, 3)}
    places |= {draw.randrange(len(data)) for _ in range(30)}
    for at in sorted(places):
        spoilt = bytearray(data)
        spoilt[at] ^= 1
        archive.write_bytes(spoilt)
        with pytest.raises(Untrusted):
            bundles.check_bundle(archive, [story.here.ledger.vkey])
    archive.write_bytes(data + b"more")
    refused("bundle.zip-other", lambda: bundles.check_bundle(archive, [story.here.ledger.vkey]))


def test_a_zip_that_is_compressed_is_not_read(files: dict[str, bytes], tmp_path: Path) -> None:
    """However small it is: a hundred megabytes of nothing are refused before one byte of them is."""
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as held:
        held.writestr(bundle.MANIFEST, files[bundle.MANIFEST])
        held.writestr("dams/kr/vkey", bytes(100_000_000))
    refused("bundle.zip-packed", lambda: bundles.check_bundle(bomb, [NOBODY]))


def test_a_zip_that_is_odd_is_refused(tmp_path: Path) -> None:
    """A name twice, a table that is broken off: refused, with a reason."""
    path = tmp_path / "twice.zip"
    empty = whole({})[bundle.MANIFEST]
    with zipfile.ZipFile(path, "w") as held:
        held.writestr(bundle.MANIFEST, empty)
        with pytest.warns(UserWarning, match="Duplicate name"):
            held.writestr(bundle.MANIFEST, empty)
    data = path.read_bytes()
    refused("bundle.files-other", lambda: bundles.check_bundle(path, [NOBODY]))
    path.write_bytes(data[:-30])
    refused("bundle.zip-wrong", lambda: bundles.check_bundle(path, [NOBODY]))


def test_a_folder_with_a_link_in_it_is_refused(story: Story, folder: Path) -> None:
    """A bundle says nothing about files that lie elsewhere."""
    path = folder / "dams" / "kr" / "vkey"
    outside = folder.with_name("vkey")
    shutil.move(path, outside)
    path.symlink_to(outside)
    refused("bundle.path", lambda: bundles.check_bundle(folder, [story.here.ledger.vkey]))


def test_a_folder_that_lacks_a_file_is_refused(story: Story, folder: Path) -> None:
    """Without a manifest it is no bundle."""
    (folder / bundle.MANIFEST).unlink()
    refused("bundle.file-missing", lambda: bundles.check_bundle(folder, [story.here.ledger.vkey]))


def test_bounds_are_held_before_anything_is_read(folder: Path, archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many files, so many bytes of one, so many in all."""
    monkeypatch.setattr(bundle, "MAX_FILE", 10)
    for path in (folder, archive):
        refused("bundle.file-size", partial(bundles.check_bundle, path, [NOBODY]))
    monkeypatch.setattr(bundle, "MAX_MANIFEST", 10)
    for path in (folder, archive):
        refused("bundle.file-size", partial(bundles.check_bundle, path, [NOBODY]))
    monkeypatch.setattr(bundle, "MAX_FILES", 3)
    for path in (folder, archive):
        refused("bundle.files-many", partial(bundles.check_bundle, path, [NOBODY]))


def test_a_bundle_is_written_over_nothing(folder: Path) -> None:
    """A folder that has something in it stays as it is."""
    refused("bundle.folder-taken", lambda: bundles.write({}, folder))


# --- its manifest -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{}",
        b'{"files":{},"format":"datadam-evidence/2"}',
        b'{"files":[],"format":"datadam-evidence/1"}',
        b'{"format":"datadam-evidence/1","files":{}}',
        b'{"files":{},"format":"datadam-evidence/1"}\n',
        b'{"files":{"dams/a/vkey":1},"format":"datadam-evidence/1"}',
        b'{"files":{"dams/a/vkey":{"sha256":"00","size":1}},"format":"datadam-evidence/1"}',
        b'{"files":{"dams/a/vkey":{"sha256":7,"size":1}},"format":"datadam-evidence/1"}',
        b'{"files":{"dams/a/vkey":{"sha256":"' + b"0" * 64 + b'","size":true}},"format":"datadam-evidence/1"}',
        b'{"files":{"dams/a/vkey":{"sha256":"' + b"0" * 64 + b'","size":-1}},"format":"datadam-evidence/1"}',
        b"[" * 100_000,
    ],
    ids=range(13),
)
def test_a_manifest_has_one_spelling(text: bytes) -> None:
    """Anything else is no manifest of a bundle."""
    with pytest.raises(Untrusted):
        bundle.read_manifest(text)


def test_a_bundle_has_bounds() -> None:
    """More bytes than it may have in all are refused when it is made and when it is read."""
    held = bundle.Held(size=bundle.MAX_FILE, sha256="0" * 64)
    many = {bundle.receipt_path("x", f"{number:064x}"): held for number in range(300)}
    refused("bundle.too-large", lambda: bundle.write_manifest(many))
    told = {path: {"sha256": one.sha256, "size": one.size} for path, one in many.items()}
    text = seal.canonical({"format": bundle.FORMAT, "files": told})
    refused("bundle.too-large", lambda: bundle.read_manifest(text))


@settings(max_examples=300)
@given(st.text(max_size=80))
def test_a_dams_folder_is_safe_whatever_the_log_is_called(origin: str) -> None:
    """One folder, with a path that a bundle may have."""
    name = bundle.name_of(origin)
    assert bundle.dam_of(f"dams/{name}/vkey") == (name, "vkey")
    assert bundle.dams([bundle.request_path(name, "0" * 64), bundle.schema_path(name)]) == (name,)


@settings(max_examples=300)
@given(st.text(alphabet="dams/krlogvkeybodies.0x\\\0 ", max_size=40))
def test_no_other_path_is_one(path: str) -> None:
    """Whatever is read stays within the bundle's folder."""
    try:
        dam, _ = bundle.dam_of(path)
    except Untrusted:
        return
    assert path.startswith(f"dams/{dam}/")
    assert not {"..", "", "."} & set(path.split("/"))


# --- what a person and a program read ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "word"), [("en", "Everything in the bundle holds"), ("ko", "올바릅니다")])
def test_a_person_reads_what_a_bundle_proves(
    story: Story,
    folder: Path,
    language: str,
    word: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Both logs, who cosigned them, what crossed with its places, and how far the withdrawal went."""
    monkeypatch.setenv("DATADAM_LANG", language)
    evidence.tell(bundles.check_bundle(folder, [story.here.ledger.vkey], cosigners=[story.vkey], quorum=1))
    told = capsys.readouterr().out
    assert word in told
    assert told.count(story.vkey) == 2
    assert "order" in told
    assert "us.example/log" in told
    assert story.there.ledger.vkey in "".join(told.split("\n"))


def test_a_withdrawal_that_waits_is_told(
    story: Story, files: dict[str, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    """A bundle that was made before the purge says so."""
    proven = verified(files, story.here.ledger.vkey)
    (taken,) = proven.taken
    evidence.tell(replace(proven, taken=(replace(taken, purged=None),), crossings=()))
    assert "not purged yet" in capsys.readouterr().out


def test_a_program_reads_the_same(story: Story, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As JSON."""
    evidence.print_proven(bundles.check_bundle(folder, [story.here.ledger.vkey]))
    told = json.loads(capsys.readouterr().out)
    assert [one["origin"] for one in told["dams"]] == ["kr.example/log", "us.example/log"]
    assert [one["kind"] for one in told["crossings"]] == ["order", "lift", "withdrawal"]
    assert told["withdrawals"][0]["rows"] == 2


# --- from dams that are served ----------------------------------------------------------------------------------------


def test_a_served_dam_is_collected_as_whoever_asks_may_see_it(tmp_path: Path) -> None:
    """An auditor gets the deposit's statements, a stranger what is public; both bundles hold, under the pinned key."""
    with serving(tmp_path / "dam") as dam:
        published(dam.world)
        firm, auditor = dam.person("firm"), dam.person("auditor", roles=("auditor",))
        firm.deposits(dam.world, ID, b"meter,amount\nA,1\n")
        vkey = dam.world.ledger.vkey
        for person, into in ((auditor, tmp_path / "whole"), (None, tmp_path / "public.zip")):
            with dam.client(person) as asked:
                assert bundles.collect([asked], into) > 5
        found = [bundles.check_bundle(path, [vkey]).parts[0] for path in (tmp_path / "whole", tmp_path / "public.zip")]
        assert found[0].unseen == 0 < found[1].unseen
        assert found[0].believed == dam.world.ledger.size
        with dam.client(auditor) as one, dam.client(auditor) as again:
            refused("bundle.dam-repeated", lambda: bundles.collect([one, again], tmp_path / "twice"))
