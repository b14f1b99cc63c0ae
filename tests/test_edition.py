"""Editions: rows as they stood, under a name; nothing comes in, and only what is withdrawn goes out."""

import json
import os
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datadam import seal
from datadam.adapters.edition_files import EditionFiles
from datadam.dam import deposit, edition, grant, pool, prove, publish, release, state, withdraw
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.errors import DamError, Invalid, NotFound, Refused, Unavailable, Untrusted
from datadam.ledger import verify_receipt
from datadam.model import Edition, Kind, Share, edition_of, shared_id
from datadam.ports import EditionPart
from test_withdraw import ID, amended, checked, rows_of, served, taken_back
from worlds import Person, a_world, chunks, fit_of, forward, standard_text

FROZEN = f"{ID}@2026.11"


@pytest.fixture
def people(world: World) -> list[Person]:
    """Two members who may both take the rows."""
    found = [Person(name).joins(world) for name in ("Ann", "Ben")]
    for one in found:
        grant.grant(world, one.id, ID)
    return found


def erased(world: World, person: Person, *deposits: str) -> None:
    """Withdraw and erase."""
    withdraw.purge(world, taken_back(world, person, *deposits))


# --- frozen -----------------------------------------------------------------------------------------------------------


def test_an_edition_stays_as_it_was_whatever_comes(world: World, people: list[Person]) -> None:
    """Later deposits, also those that supersede its rows, change nothing in it; its digest stands in the log."""
    ann, ben = people
    ann.deposits(world, ID, rows_of("ann", 1, 2))
    ben.deposits(world, ID, rows_of("ben", 3))
    made = edition.freeze(world, FROZEN)
    assert (made.id, made.batch, made.revision, made.replaces) == (FROZEN, 1, 0, None)
    ann.deposits(world, ID, rows_of("ann", 9))
    before = [("ann-0", 1), ("ann-1", 2), ("ben-0", 3)]
    assert served(world, ben.caller, FROZEN) == before
    assert served(world, ben.caller) == [("ann-0", 9), ("ann-1", 2), ("ben-0", 3)]
    forward(world, days=400)
    assert served(world, ben.caller, FROZEN) == before
    assert release.open_share(world, ben.caller, FROZEN).version == 0
    receipt = seal.canonical(prove.receipt(world, Caller(), made.statement))
    told = verify_receipt(receipt, vkey=world.ledger.vkey).statement
    assert (told.kind, told.body["digest"]) == (Kind.EDITION, made.digest)
    assert "deposits" not in told.body
    assert checked(world) == []
    state.rebuild(world)
    assert served(world, ben.caller, FROZEN) == before


def test_an_edition_is_given_to_whom_its_reservoir_is(world: World, people: list[Person]) -> None:
    """The same decision, whose no has the same reasons; a profile of another reservoir does not reach it."""
    ann, _ = people
    eve = Person("Eve").joins(world)
    ann.deposits(world, ID, rows_of("ann", 1))
    edition.freeze(world, FROZEN)
    for caller in (Caller(), eve.caller):
        refusals = []
        for id in (ID, FROZEN):
            with pytest.raises(Refused) as refusal:
                release.open_share(world, caller, id)
            refusals.append((refusal.value.code, refusal.value.facts))
        assert refusals[0] == refusals[1]
        assert [(one.id, offered.allowed) for one, offered in release.editions(world, caller)] == [(FROZEN, False)]
    with pytest.raises(NotFound):
        release.open_share(world, Caller(member=ann.id, standard="test.other"), FROZEN)
    assert release.editions(world, Caller(member=ann.id, standard="test.other")) == []
    assert served(world, Caller(member=ann.id, standard=ID), FROZEN) == [("ann-0", 1)]
    for id, wrong in ((f"{ID}@none", "edition.unknown"), (f"{ID}@..", "edition.name"), ("a.b@c", "standard")):
        with pytest.raises(DamError, match=wrong):
            release.open_share(world, ann.caller, id)
    with world.store.read() as rows:
        assert [one.recipient for one in rows.find(Share, standard=FROZEN)] == ["*"]
    assert {one["standard"] for one in releases(world, ann)} == {FROZEN}


def releases(world: World, person: Person) -> list[dict[str, object]]:
    """What the log says that a member got."""
    from datadam.model import Release

    with world.store.read() as rows:
        return [{"standard": one.standard} for one in rows.find(Release, member=person.id)]


def test_a_name_is_given_once_and_to_something(world: World, people: list[Person]) -> None:
    """No empty edition, none of an unknown reservoir, none under a name that is taken or could be a path."""
    ann, _ = people
    for id, wrong in (
        (FROZEN, "edition.empty"),
        ("no.such@1", "standard.unknown"),
        (ID, "edition.name-malformed"),
        (f"{ID}@../x", "edition.name-malformed"),
        (f"{ID}@A", "edition.name-malformed"),
        (f"{ID}@a_b", "edition.name-malformed"),
    ):
        with pytest.raises(DamError, match=wrong):
            edition.freeze(world, id)
    ann.deposits(world, ID, rows_of("ann", 1))
    edition.freeze(world, FROZEN)
    with pytest.raises(Refused, match=r"edition\.known"):
        edition.freeze(world, FROZEN)
    edition.freeze(world, f"{ID}@2026.12")
    assert [one.name for one, _ in release.editions(world, ann.caller)] == ["2026.11", "2026.12"]


def test_only_whole_batches_are_shown(tmp_path: Path) -> None:
    """Where rows do not tell who contributed them, an edition has no more than a share could show."""
    world = a_world(tmp_path)
    publish.publish(world, standard_text(attribution="none", tier="open"))
    people = [Person(name).joins(world) for name in "ABCD"]
    jobs = [one.deposits(world, ID, rows_of(one.name.lower(), 1)) for one in people]
    made = edition.freeze(world, FROZEN)
    assert made.batch == 3
    assert [row[0] for row in served(world, Caller(), FROZEN)] == ["a-0", "b-0", "c-0"]
    erased(world, people[1], jobs[1].id)
    assert [row[0] for row in served(world, Caller(), FROZEN)] == ["a-0", "c-0"]
    erased(world, people[3], jobs[3].id)
    assert [row[0] for row in served(world, Caller(), FROZEN)] == ["a-0", "c-0"]
    assert [one.revision for one in edition.of_reservoir(world, ID)] == [2]
    assert checked(world) == []


def test_who_left_before_its_batch_was_whole_does_not_count_for_an_edition(tmp_path: Path) -> None:
    """One firm's rows are not shown alone; who leaves afterwards moves nothing."""
    world = a_world(tmp_path)
    publish.publish(world, standard_text(attribution="none", tier="open"))
    people = [Person(name).joins(world) for name in "ABCDE"]
    for one in people[:2]:
        erased(world, one, one.deposits(world, ID, rows_of(one.name.lower(), 1)).id)
    jobs = [people[2].deposits(world, ID, rows_of("c", 1))]
    edition.freeze(world, f"{ID}@alone")
    jobs += [one.deposits(world, ID, rows_of(one.name.lower(), 1)) for one in people[3:]]
    edition.freeze(world, FROZEN)
    assert [row[0] for row in served(world, Caller(), FROZEN)] == ["c-0", "d-0", "e-0"]
    assert served(world, Caller(), f"{ID}@alone") == []
    erased(world, people[3], jobs[1].id)
    assert [row[0] for row in served(world, Caller(), FROZEN)] == ["c-0", "e-0"]
    assert checked(world) == []


def test_a_deposit_on_its_way_is_waited_for(
    world: World, people: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sealed but not yet in the table: which deposits an edition has must follow from the log alone."""
    ann, _ = people
    ann.deposits(world, ID, rows_of("ann", 1))
    data = rows_of("ann", 2)
    job = deposit.announce(world, ann.caller, seal.envelope(ann.manifest(fit_of(world, ID, data), data)))
    deposit.receive(world, ann.caller, job.id, chunks(data))

    def fail(*_: object) -> None:
        raise Unavailable("reservoir.contended", standard=ID, attempts=1)

    with monkeypatch.context() as patch:
        patch.setattr(type(world.lake), "append", fail)
        with pytest.raises(Unavailable):
            deposit.process(world, job.id, lambda *_: None)
    with pytest.raises(Unavailable, match=r"edition\.pending"):
        edition.freeze(world, FROZEN)
    deposit.recover(world)
    edition.freeze(world, FROZEN)


def test_an_edition_keeps_the_columns_of_its_time(world: World, people: list[Person]) -> None:
    """A later version of the standard changes how the reservoir is read, not the edition."""
    ann, ben = people
    ann.deposits(world, ID, rows_of("ann", 1))
    made = edition.freeze(world, FROZEN)
    text = standard_text().replace("version: 1.0.0", "version: 1.1.0")
    more = text[text.index("      - name: amount") :].replace("required: true", "required: false")
    for old, new in (
        ("name: amount", "name: spare"),
        ("businessName: Amount", "businessName: Spare"),
        ("값}", "예비}"),
    ):
        more = more.replace(old, new)
    publish.publish(world, text + more)
    ben.deposits(world, ID, b"meter,amount,spare\nben-0,2,3\n")
    assert made.version == "1.0.0"
    assert [one["name"] for one in release.open_share(world, ben.caller, FROZEN).schema][:2] == ["meter", "amount"]
    assert "spare" not in [one["name"] for one in release.open_share(world, ben.caller, FROZEN).schema]
    assert "spare" in [one["name"] for one in release.open_share(world, ben.caller, ID).schema]
    assert served(world, ben.caller, FROZEN) == [("ann-0", 1)]


# --- what leaves ------------------------------------------------------------------------------------------------------


def test_a_withdrawal_takes_its_rows_and_nothing_else(world: World, people: list[Person]) -> None:
    """Gone at once for readers; then the file, and a new statement names the new digest and the one that is over.

    A row that the withdrawn one superseded does not come back: it never was in the edition.
    """
    ann, ben = people
    ann.deposits(world, ID, rows_of("ann", 1, 2))
    newer = ann.deposits(world, ID, rows_of("ann", 10))
    ben.deposits(world, ID, rows_of("ben", 3))
    made = edition.freeze(world, FROZEN)
    assert served(world, ben.caller, FROZEN) == [("ann-0", 10), ("ann-1", 2), ("ben-0", 3)]
    id = taken_back(world, ann, newer.id)
    assert served(world, ben.caller, FROZEN) == [("ann-1", 2), ("ben-0", 3)]
    assert checked(world) == []
    withdraw.purge(world, id)
    (now,) = edition.of_reservoir(world, ID)
    assert (now.revision, now.replaces, now.upto) == (1, made.statement, made.upto)
    assert now.digest != made.digest
    assert newer.id not in world.editions.files(FROZEN)
    assert served(world, ben.caller, FROZEN) == [("ann-1", 2), ("ben-0", 3)]
    assert served(world, ben.caller) == [("ann-0", 1), ("ann-1", 2), ("ben-0", 3)]
    told = withdraw.standing(world, ann.caller, id).purge
    assert told is not None
    assert told.body["reached"]["editions"] == [FROZEN]
    assert checked(world) == []


def test_editions_without_the_rows_keep_their_digest(world: World, people: list[Person]) -> None:
    """One frozen before the deposit, and one frozen after it had left."""
    ann, ben = people
    ben.deposits(world, ID, rows_of("ben", 3))
    before = edition.freeze(world, f"{ID}@before")
    job = ann.deposits(world, ID, rows_of("ann", 1))
    id = taken_back(world, ann, job.id)
    after = edition.freeze(world, f"{ID}@after")
    withdraw.purge(world, id)
    assert edition.of_reservoir(world, ID) == [after, before]
    assert served(world, ben.caller, f"{ID}@after") == [("ben-0", 3)]
    assert checked(world) == []


def test_an_edition_that_had_no_row_of_it_is_not_said_to_have_lost_any(tmp_path: Path) -> None:
    """All rows of a deposit were superseded when it was frozen: its digest stays, and the receipt does not name it."""
    world = a_world(tmp_path)
    publish.publish(world, standard_text(repeat="supersede"))
    ann = Person("Ann").joins(world)
    old = ann.deposits(world, ID, rows_of("ann", 1))
    ann.deposits(world, ID, rows_of("ann", 2))
    made = edition.freeze(world, FROZEN)
    id = taken_back(world, ann, old.id)
    withdraw.purge(world, id)
    (now,) = edition.of_reservoir(world, ID)
    assert (now.revision, now.digest) == (0, made.digest)
    told = withdraw.standing(world, ann.caller, id).purge
    assert told is not None
    assert told.body["reached"]["editions"] == []
    assert checked(world) == []


def test_an_amendment_leaves_an_edition_without_either(world: World, people: list[Person]) -> None:
    """The old rows are withdrawn; the new ones came after it was frozen."""
    ann, ben = people
    old = ann.deposits(world, ID, rows_of("ann", 1))
    ben.deposits(world, ID, rows_of("ben", 3))
    edition.freeze(world, FROZEN)
    amended(world, ann, old.id, rows_of("ann", 7))
    (id,) = withdraw.pending(world)
    withdraw.purge(world, id)
    assert served(world, ben.caller, FROZEN) == [("ben-0", 3)]
    assert served(world, ben.caller) == [("ann-0", 7), ("ben-0", 3)]
    assert checked(world) == []


def test_an_edition_that_lost_all_rows_says_so(world: World, people: list[Person]) -> None:
    """Its name stays, with the digest of nothing."""
    ann, ben = people
    job = ann.deposits(world, ID, rows_of("ann", 1))
    edition.freeze(world, FROZEN)
    erased(world, ann, job.id)
    (now,) = edition.of_reservoir(world, ID)
    assert now.digest == seal.digest(b"[]")
    assert served(world, ben.caller, FROZEN) == []
    assert checked(world) == []


moves = st.lists(st.sampled_from(["deposit", "withdraw", "freeze"]), min_size=3, max_size=10)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(moves=moves, repeat=st.sampled_from(["supersede", "keep"]))
def test_an_edition_is_what_stood_minus_what_left(
    tmp_path_factory: pytest.TempPathFactory, moves: list[str], repeat: str
) -> None:
    """The law, against a list in plain Python: rows at the freeze, without those of deposits withdrawn since."""
    world = a_world(tmp_path_factory.mktemp("law"))
    publish.publish(world, standard_text(repeat=repeat))
    ann = Person("Ann").joins(world)
    grant.grant(world, ann.id, ID)
    there: dict[str, int] = {}  # deposit → its one value, in log order
    frozen: dict[str, dict[str, int]] = {}
    for number, move in enumerate(moves):
        if move == "deposit":
            there[ann.deposits(world, ID, b"meter,amount\nkey,%d\n" % number).id] = number
        elif move == "withdraw" and there:
            gone = next(iter(there))
            there.pop(gone)
            for rows in frozen.values():
                rows.pop(gone, None)
            erased(world, ann, gone)
        elif move == "freeze" and there:
            id = f"{ID}@e{number}"
            edition.freeze(world, id)
            last = list(there)[-1]
            frozen[id] = {last: there[last]} if repeat == "supersede" else dict(there)
    for id, rows in frozen.items():
        assert served(world, ann.caller, id) == [("key", value) for value in sorted(rows.values())]
    assert checked(world) == []


# --- what must not be believed ----------------------------------------------------------------------------------------


def test_an_edition_cannot_be_rewritten(world: World, people: list[Person]) -> None:
    """Even the dam cannot log another digest without naming the statement before, nor another index or version."""
    ann, _ = people
    ann.deposits(world, ID, rows_of("ann", 1))
    made = edition.freeze(world, FROZEN)
    body: dict[str, object] = {
        "standard": ID,
        "version": "1.0.0",
        "name": "2026.11",
        "upto": made.upto,
        "batch": 1,
        "digest": "0" * 64,
        "replaces": made.statement,
    }
    wrong: list[dict[str, object]] = [
        {"replaces": None},
        {"upto": made.upto - 1},
        {"batch": 2},
        {"version": "1.0.1"},
        {"replaces": "0" * 64},
        {"name": "other"},
        {"name": "other", "replaces": None, "upto": 10_000},
    ]
    for change in wrong:
        with pytest.raises(Untrusted, match=r"edition\.changed"):
            state.record(world, state.statement(world, Kind.EDITION, {**body, **change}))


def test_a_check_finds_an_edition_that_somebody_changed(world: World, people: list[Person]) -> None:
    """A file that differs, one that is gone, one that is nobody's, another list of digests."""
    ann, ben = people
    job = ann.deposits(world, ID, rows_of("ann", 1))
    other = ben.deposits(world, ID, rows_of("ben", 2))
    edition.freeze(world, FROZEN)
    path, keep = world.editions.files(FROZEN)[job.id], world.editions.files(FROZEN)[other.id]
    whole = path.read_bytes()
    path.unlink()
    path.write_bytes(whole + b"x")
    assert checked(world) == ["edition.digest-wrong"]
    path.unlink()
    assert checked(world) == ["edition.digest-wrong"]
    path.write_bytes(whole)
    stray = path.with_name(f"{'0' * 64}.parquet")
    stray.write_bytes(keep.read_bytes())
    assert checked(world) == ["edition.nobodys"]
    stray.unlink()
    digests = path.parent / "digests.json"
    told = json.loads(digests.read_bytes())
    digests.write_text(json.dumps({**told, job.id: "0" * 64}))
    assert checked(world) == ["edition.digest-wrong"]
    digests.write_text("{")
    assert checked(world) == ["edition.disk"]
    digests.write_text(json.dumps(told))
    assert checked(world) == []


# --- on disk ----------------------------------------------------------------------------------------------------------


def stored(folder: Path, name: str, keys: list[bytes | None], tag: str = "t", sequence: int = 0) -> EditionPart:
    """A stored file with these keys."""
    frame = pl.DataFrame(
        {"value": [f"{name}{n}" for n in range(len(keys))], "_row": list(range(len(keys))), "_key": keys},
        schema={"value": pl.String(), "_row": pl.Int64(), "_key": pl.Binary()},
    )
    path = folder / f"{name}.parquet"
    frame.write_parquet(path)
    return EditionPart(deposit=name, path=path, tag=tag, sequence=sequence)


def kept(editions: EditionFiles, id: str) -> list[str]:
    """The values that an edition holds."""
    return sorted(value for path in editions.files(id).values() for value in pl.read_parquet(path)["value"].to_list())


def test_whole_files_are_linked_and_outlive_the_table(tmp_path: Path) -> None:
    """No bytes are copied; when the table's own name goes, the edition's stays."""
    editions = EditionFiles(tmp_path / "editions")
    part = stored(tmp_path, "a", [b"1", b"2"])
    editions.freeze("x.y@1", [part], supersede=False)
    path = editions.files("x.y@1")["a"]
    assert path.stat().st_ino == part.path.stat().st_ino
    part.path.unlink()
    assert kept(editions, "x.y@1") == ["a0", "a1"]
    assert editions.digest(path) == editions.told("x.y@1")["a"]
    assert editions.erase("x.y", ["a", "b"]) == 1
    assert (editions.files("x.y@1"), editions.digest(path)) == ({}, None)
    assert list(editions.told("x.y@1")) == ["a"]
    assert editions.erase("x.none", ["a"]) == 0
    assert editions.files("x.y@none") == {}


def test_a_file_system_without_links_gets_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some have none, and the table may lie on another."""

    def refuse(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(os, "link", refuse)
    editions = EditionFiles(tmp_path / "editions")
    part = stored(tmp_path, "a", [b"1"])
    editions.freeze("x.y@1", [part], supersede=False)
    part.path.unlink()
    assert kept(editions, "x.y@1") == ["a0"]


def test_only_the_newest_row_of_each_key_and_contributor_stands(tmp_path: Path) -> None:
    """Rows without a key all stand; another contributor's same key is another fact; an emptied file is not there."""
    editions = EditionFiles(tmp_path / "editions")
    parts = [
        stored(tmp_path, "old", [b"1", b"2"], sequence=1),
        stored(tmp_path, "new", [b"2", b"1"], sequence=2),
        stored(tmp_path, "none", [None, None], sequence=3),
        stored(tmp_path, "other", [b"1"], tag="u", sequence=1),
    ]
    editions.freeze("x.y@1", list(reversed(parts)), supersede=True)
    assert kept(editions, "x.y@1") == ["new0", "new1", "none0", "none1", "other0"]
    assert sorted(editions.files("x.y@1")) == ["new", "none", "other"]


def test_what_a_crash_left_half_made_is_erased_and_replaced(tmp_path: Path) -> None:
    """Under its name or beside it: a withdrawal reaches it, and the next freeze begins anew."""
    editions = EditionFiles(tmp_path / "editions")
    half = tmp_path / "editions" / "x.y" / ".making-1"
    half.mkdir(parents=True)
    for place in (half / "a.parquet", half / "b.parquet"):
        place.write_bytes(b"rows")
    assert editions.erase("x.y", ["a"]) == 1
    assert not (half / "a.parquet").exists()
    editions.freeze("x.y@1", [stored(tmp_path, "c", [b"1"])], supersede=False)
    assert not half.exists()
    editions.freeze("x.y@1", [stored(tmp_path, "d", [b"1"])], supersede=False)
    assert list(editions.files("x.y@1")) == ["d"]


def test_a_disk_that_fails_says_so(tmp_path: Path) -> None:
    """Missing files, a file in the folder's place, digests that are none."""
    editions = EditionFiles(tmp_path / "editions")
    gone = EditionPart(deposit="a", path=tmp_path / "none", tag="t", sequence=0)
    for freeze in (False, True):
        with pytest.raises(Unavailable, match=r"edition\.disk"):
            editions.freeze("x.y@1", [gone, stored(tmp_path, "b", [b"1"])], supersede=freeze)
    with pytest.raises(Unavailable, match=r"edition\.disk"):
        editions.told("x.y@none")
    (tmp_path / "file").write_text("x")
    with pytest.raises(Unavailable, match=r"edition\.disk"):
        EditionFiles(tmp_path / "file").freeze("x.y@1", [], supersede=False)


@given(st.text(max_size=80))
def test_no_name_of_an_edition_leaves_its_folder(text: str) -> None:
    """Whatever is read as an id is one safe part of a path, and comes back as it was."""
    try:
        standard, name = edition_of(f"a.b@{text}")
    except Invalid:
        return
    assert f"{standard}@{name}" == f"a.b@{text}" == shared_id(f"a.b@{text}")
    assert "/" not in name
    assert Path(name).name == name
    assert name not in {".", ".."}
    assert release.address(f"a.b@{name}")[1].replace("_", ".") == f"b@{name}"


def test_the_pool_that_is_none_is_not_found(world: World) -> None:
    """An unknown reservoir, an edition of one, an unknown edition."""
    for id in ("no.such", "no.such@1", f"{ID}@1"):
        with pytest.raises(NotFound):
            pool.find(world, id)
    assert isinstance(pool.find(world, ID).standard.version, str)
    assert Edition.__doc__
