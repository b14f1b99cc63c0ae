"""Shares: what the files hold, and when a share is made anew and logged."""

import hashlib
import hmac
import json
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path

import polars as pl
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam import seal
from datadam.adapters import polars_share
from datadam.adapters.polars_share import PolarsShareWriter
from datadam.dam import grant, pool, publish, release
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.errors import NotFound, Refused, Unavailable
from datadam.model import Attribution, Column, Protection, Release, Share, Type
from datadam.ports import ShareFile, ShareOrder, SharePart
from worlds import Person, a_world, forward, standard_text

COLUMNS = (
    Column(name="firm", type=Type.TEXT, protection=Protection.UNIT_ID, domain="firm"),
    Column(name="note", type=Type.TEXT),
    Column(name="amount", type=Type.INTEGER, safe_statistics=True),
    Column(name="price", type=Type.DECIMAL, precision=20, scale=3, safe_statistics=True),
    Column(name="seen", type=Type.TIMESTAMP, safe_statistics=True),
    Column(name="secret", type=Type.TEXT, protection=Protection.DROP),
)
SEEN = datetime(2026, 11, 22, 9, tzinfo=UTC)


def part(
    folder: Path, contributor: str, rows: int, *, sequence: int = 0, keys: Sequence[int] | None = None
) -> SharePart:
    """A stored file of `rows` rows by a contributor."""
    deposit = hashlib.sha256(f"{contributor} {sequence}".encode()).hexdigest()
    frame = pl.DataFrame(
        {
            "firm": [hashlib.sha256(bytes([row % 7])).digest()[:16] if row % 5 else None for row in range(rows)],
            "note": [f"{contributor} {sequence} {row}" for row in range(rows)],
            "amount": list(range(rows)),
            "price": [Decimal(row).scaleb(-3) for row in range(rows)],
            "seen": [SEEN] * rows,
            "_deposit": [deposit] * rows,
            "_row": list(range(rows)),
            "_key": [
                None if keys is None else hashlib.sha256(bytes([key])).digest()[:16] for key in keys or range(rows)
            ],
        },
        schema={
            "firm": pl.Binary(),
            "note": pl.String(),
            "amount": pl.Int64(),
            "price": pl.Decimal(20, 3),
            "seen": pl.Datetime("us", "UTC"),
            "_deposit": pl.String(),
            "_row": pl.Int64(),
            "_key": pl.Binary(),
        },
    )
    path = folder / f"{deposit}.parquet"
    frame.write_parquet(path)
    return SharePart(path=path, tag=contributor, sequence=sequence, contributor=contributor, country="KR", own=False)


def order(into: Path, parts: Sequence[SharePart], **changes: object) -> ShareOrder:
    """What to write, into a new folder."""
    into.mkdir(parents=True)
    plain = ShareOrder(
        columns=COLUMNS,
        attribution=Attribution.NONE,
        attributed=None,
        files=tuple(parts),
        into=into,
        order_key=bytes(32),
        recipient_keys={"firm": b"r" * 32},
        own_keys={"firm": b"o" * 32},
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # any field


def written(tmp_path: Path, parts: Sequence[SharePart], **changes: object) -> tuple[list[ShareFile], pl.DataFrame]:
    """Write a share and read it as a consumer would."""
    into = tmp_path / f"into {os.urandom(4).hex()}"
    files = PolarsShareWriter(tmp_path / "shares").write(order(into, parts, **changes))
    assert {path.name for path in into.iterdir()} == {file.name for file in files}
    return files, pl.concat([pl.read_parquet(into / file.name) for file in files])


# --- what the files hold ----------------------------------------------------------------------------------------------


def test_every_row_is_served_once_and_nothing_of_the_system(tmp_path: Path) -> None:
    """All rows of all parts; no tag, deposit, row number, key or dropped column; null stays null."""
    _, rows = written(tmp_path, [part(tmp_path, "a", 100), part(tmp_path, "b", 50)])
    assert rows.columns == ["firm", "note", "amount", "price", "seen"]
    assert sorted(rows["note"]) == sorted([f"a 0 {n}" for n in range(100)] + [f"b 0 {n}" for n in range(50)])
    assert rows.filter(pl.col("firm").is_null()).height == 30


def test_unit_ids_are_of_the_recipient_and_own_rows_have_a_domain_of_their_own(tmp_path: Path) -> None:
    """Served id = first 128 bits, in hex, of HMAC-SHA-256 of the internal id's hex under the key's hex."""
    mine, theirs = replace(part(tmp_path, "a", 40), own=True), part(tmp_path, "b", 40)
    _, rows = written(tmp_path, [mine, theirs])
    for contributor, key in (("a", b"o" * 32), ("b", b"r" * 32)):
        internal = [hashlib.sha256(bytes([row % 7])).digest()[:16].hex() for row in range(40) if row % 5]
        expected = {hmac.digest(key.hex().encode(), id.encode(), "sha256").hex()[:32] for id in internal}
        served = rows.filter(pl.col("note").str.starts_with(contributor))["firm"].drop_nulls()
        assert set(served) == expected


def test_a_part_is_served_under_keys_of_its_own_where_it_has_any(tmp_path: Path) -> None:
    """The same ids in two parts become others, each still one within its part; what has no such key stays as it was."""
    one, other = (part(tmp_path, name, 40, sequence=number) for number, name in enumerate("ab"))
    apart = replace(other, apart={"firm": b"b" * 32})
    _, together = written(tmp_path, [one, other])
    _, rows = written(tmp_path, [one, apart])
    mine, theirs = (set(rows.filter(pl.col("note").str.starts_with(name)).get_column("firm")) - {None} for name in "ab")
    assert (len(mine), len(theirs), mine & theirs) == (7, 7, set())
    assert set(together.get_column("firm")) - {None} == mine
    assert rows["firm"].null_count() == together["firm"].null_count()


@pytest.mark.parametrize(("attribution", "value"), [(Attribution.CONTRIBUTOR, "a"), (Attribution.COUNTRY, "KR")])
def test_attribution_is_a_column_as_decided(tmp_path: Path, attribution: Attribution, value: str) -> None:
    """Contributor or country under the name given; `schema` says the same as the files."""
    _, rows = written(tmp_path, [part(tmp_path, "a", 9)], attribution=attribution, attributed="told")
    assert rows["told"].to_list() == [value] * 9
    schema = PolarsShareWriter(tmp_path).schema(COLUMNS, "told")
    assert [column["name"] for column in schema] == rows.columns
    assert [column["type"] for column in schema] == ["string", "string", "long", "decimal(20,3)", "timestamp", "string"]


def test_only_the_newest_row_of_a_key_is_served_where_rows_supersede(tmp_path: Path) -> None:
    """Per contributor: another's row of the same key stays; a key that was not reported again stays too."""
    parts = [
        part(tmp_path, "a", 4, sequence=5, keys=[1, 2, 3, 4]),
        part(tmp_path, "a", 2, sequence=9, keys=[2, 9]),
        part(tmp_path, "a", 1, sequence=7, keys=[2]),
        part(tmp_path, "b", 1, sequence=1, keys=[2]),
    ]
    _, rows = written(tmp_path, parts, supersede=True)
    assert sorted(rows["note"]) == ["a 5 0", "a 5 2", "a 5 3", "a 9 0", "a 9 1", "b 1 0"]
    _, rows = written(tmp_path, parts, supersede=False)
    assert rows.height == 8


def test_a_column_that_came_later_is_null_in_earlier_rows(tmp_path: Path) -> None:
    """Old and new files are served together."""
    wider = (*COLUMNS, Column(name="grade", type=Type.NUMBER, safe_statistics=True))
    new = part(tmp_path, "b", 3)
    pl.read_parquet(new.path).with_columns(grade=pl.lit(0.5)).write_parquet(new.path)
    files, rows = written(tmp_path, [part(tmp_path, "a", 2), new], columns=wider)
    assert sorted(rows["grade"].to_list(), key=str) == [0.5, 0.5, 0.5, None, None]
    assert files[0].statistics["nullCount"]["grade"] == 2


def test_files_are_alike_but_for_their_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row counts within one, times equal, names random, no statistics or keys in the footer; many runs are merged."""
    monkeypatch.setattr(polars_share, "RUN_ROWS", 100)
    monkeypatch.setattr(polars_share, "HELD_BYTES", 0)
    monkeypatch.setattr(polars_share, "STRETCH_ROWS", 37)
    parts = [part(tmp_path, name, 251) for name in "abcd"]
    files, rows = written(tmp_path, parts, rows_per_file=300)
    again, same = written(tmp_path, parts, rows_per_file=300)
    assert rows["note"].n_unique() == 1004
    assert [file.rows for file in files] == [251, 251, 251, 251]
    assert rows["note"].to_list() == same["note"].to_list()
    assert not {file.name for file in files} & {file.name for file in again}
    folders = [path for path in tmp_path.iterdir() if path.name.startswith("into")]
    for path in (path for folder in folders for path in folder.iterdir()):
        assert path.stat().st_mtime == 0
        footer = pyarrow.parquet.ParquetFile(path).metadata
        assert set(footer.metadata) == {b"ARROW:schema"}
        groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
        assert not any(group.column(at).is_stats_set for group in groups for at in range(footer.num_columns))


def test_the_order_is_the_keys_and_the_runs_do_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another key, another order; the same key gives the same order however the rows were spilled."""
    parts = [part(tmp_path, name, 200) for name in "ab"]
    _, whole = written(tmp_path, parts)
    _, other = written(tmp_path, parts, order_key=b"x" * 32)
    monkeypatch.setattr(polars_share, "RUN_ROWS", 64)
    monkeypatch.setattr(polars_share, "HELD_BYTES", 20_000)
    monkeypatch.setattr(polars_share, "SCAN_BYTES", 1)
    monkeypatch.setattr(polars_share, "STRETCH_ROWS", 50)
    _, spilled = written(tmp_path, list(reversed(parts)))
    assert whole["note"].to_list() == spilled["note"].to_list()
    assert whole["note"].to_list() != other["note"].to_list()


def test_a_rank_is_of_its_deposit_and_row_alone() -> None:
    """Whatever stands beside a row in a batch, in any order: the same 64 bits; other row, deposit or key: others."""
    rows = [0, 1, 8_191, 8_192, 70_000]
    places = pl.DataFrame({"_deposit": ["d"] * 5 + ["e"] * 5, "_row": rows * 2})
    mixed = polars_share._ranks(bytes(32), places.to_struct("place"))
    turned = polars_share._ranks(bytes(32), places.reverse().to_struct("place")).reverse()
    alone = [polars_share._ranks(bytes(32), places[at].to_struct("place"))[0] for at in range(10)]
    assert mixed.to_list() == turned.to_list() == alone
    other = polars_share._ranks(b"k" * 32, places.to_struct("place"))
    assert len({*mixed, *other}) == 20
    assert polars_share._ranks(bytes(32), places.clear().to_struct("place")).len() == 0


def test_statistics_are_of_safe_columns_and_exact(tmp_path: Path) -> None:
    """Bounds and null counts of flagged columns, as Delta writes them in JSON; of no other column anything."""
    (file,), _ = written(tmp_path, [part(tmp_path, "a", 11)])
    assert file.statistics == {
        "minValues": {"amount": 0, "price": 0.0, "seen": "2026-11-22T09:00:00.000000Z"},
        "maxValues": {"amount": 10, "price": 0.01, "seen": "2026-11-22T09:00:00.000000Z"},
        "nullCount": {"amount": 0, "price": 0, "seen": 0},
    }
    seal.canonical(file.statistics)


@pytest.mark.parametrize("value", [Decimal("12345678901234567.891"), True, float("nan"), 2**53, "x" * 65, None, b"x"])
def test_a_bound_that_json_cannot_carry_exactly_is_left_out(value: object) -> None:
    """A rounded bound would skip files that hold the row."""
    assert polars_share._bound(value) is None


def test_no_rows_are_no_files(tmp_path: Path) -> None:
    """An empty reservoir, and one whose files are empty."""
    writer = PolarsShareWriter(tmp_path)
    assert writer.write(order(tmp_path / "x", [])) == []
    assert writer.write(order(tmp_path / "y", [part(tmp_path, "a", 0)])) == []


def test_a_share_that_cannot_be_written_says_so_and_leaves_no_spill(tmp_path: Path) -> None:
    """A stored file is gone: nobody is served half."""
    lost = part(tmp_path, "b", 5)
    lost.path.unlink()
    with pytest.raises(Unavailable, match=r"share\.not-written"):
        PolarsShareWriter(tmp_path).write(order(tmp_path / "x", [part(tmp_path, "a", 5), lost]))
    assert not (tmp_path / "x" / "spill").exists()


def test_no_name_leads_out_of_the_shares_folder(tmp_path: Path) -> None:
    """Served names are 32 hex digits; recipients are members or everybody."""
    writer = PolarsShareWriter(tmp_path / "shares")
    folder = writer.place("test.reading", "*", 0)
    (folder / ("0" * 32 + ".parquet")).touch()
    assert writer.path("test.reading", "*", 0, "0" * 32 + ".parquet").is_file()
    for recipient, name in (("*", "../0/" + "0" * 32 + ".parquet"), ("*", "1" * 32 + ".parquet"), ("../x", "a")):
        with pytest.raises(NotFound, match=r"share\.file-unknown"):
            writer.path("test.reading", recipient, 0, name)
    assert list(writer.place("test.reading", "*", 0).iterdir()) == []
    writer.place("test.reading", "*", 1)
    writer.clear("test.reading", "*", {1})
    writer.clear("test.reading", "m-" + "0" * 20, {1})
    assert [path.name for path in folder.parent.iterdir()] == ["1"]


# --- batches ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("contributors", "whole"),
    [("", 0), ("a", 0), ("ab", 0), ("abab", 0), ("abc", 3), ("aabbc", 5), ("abcd", 3), ("abcab", 3), ("abcabc", 6)],
)
def test_deposits_come_in_batches_of_three_contributors(contributors: str, whole: int) -> None:
    """The first publication too; the same contributor again does not count twice."""
    assert pool.whole_batches(stays(contributors), 3) == whole


def stays(log: str) -> list[pool.Stay]:
    """What a log tells of deposits: a letter is one by that contributor, in capitals it takes back all it has."""
    found: list[pool.Stay] = []
    for index, one in enumerate(log):
        if one.islower():
            found.append(pool.Stay(contributor=one, came=index))
        else:
            theirs = [stay.contributor == one.lower() and stay.left is None for stay in found]
            found = [replace(stay, left=index) if hit else stay for stay, hit in zip(found, theirs, strict=True)]
    return found


@pytest.mark.parametrize(
    ("log", "whole"),
    [
        ("aAbBc", 0),
        ("abBc", 0),
        ("abBcb", 4),
        ("abBcd", 4),
        ("abcAB", 3),
        ("abcABdef", 6),
        ("aaAbc", 0),
        ("abcaAbBc", 3),
    ],
)
def test_who_left_before_a_batch_was_whole_does_not_count_for_it(log: str, whole: int) -> None:
    """Else a batch could be one contributor's rows alone; who leaves a whole batch moves none."""
    assert pool.whole_batches(stays(log), 3) == whole


@given(log=st.text("abcdefABCDEF", max_size=40), least=st.integers(3, 5), cut=st.integers(0, 40))
def test_two_snapshots_never_differ_by_fewer_contributors(log: str, least: int, cut: int) -> None:
    """The law of batches: what came since is of `least` contributors who had rows in it when it was shown, or none."""
    before, now = pool.whole_batches(stays(log[:cut]), least), pool.whole_batches(stays(log), least)
    logged = stays(log)
    assert before <= now <= len(logged)
    assert before == pool.whole_batches([stay for stay in logged if stay.came < cut], least)
    if now > before:
        shown = logged[now - 1].came
        standing = [stay for stay in logged[before:now] if stay.left is None or stay.left > shown]
        assert len({stay.contributor for stay in standing}) >= least
    assert len({stay.contributor for stay in logged[now:] if stay.left is None}) < least


# --- when a share is made ---------------------------------------------------------------------------------------------


def pooled(
    tmp_path: Path, *, firms: int = 3, units: bool = False, **standard: str
) -> tuple[World, Person, list[Person]]:
    """A dam with one deposit of each firm, and a consumer with a grant."""
    world = a_world(tmp_path)
    text = standard_text(**standard)
    if units:
        named = "{vendor: datadam, property: titles, value: {ko: 계량기}}"
        protected = "{vendor: datadam, property: protection, value: unit-id}"
        domain = "{vendor: datadam, property: domain, value: meter}"
        text = text.replace(f"- {named}", f"- {named}\n          - {protected}\n          - {domain}")
    publish.publish(world, text)
    people = [
        Person(f"Firm {number}", jurisdiction=("KR", "DE", "FR", "JP")[number % 4]).joins(world)
        for number in range(firms)
    ]
    for number, person in enumerate(people):
        add(world, person, number)
    reader = Person("Reader", roles=("consumer",)).joins(world)
    grant.grant(world, reader.id, "test.reading")
    return world, reader, people


def add(world: World, person: Person, number: int) -> None:
    """One deposit of five rows."""
    rows = "".join(f"M{number}x{row},{row}\n" for row in range(5))
    assert person.deposits(world, "test.reading", f"meter,amount\n{rows}".encode()).stage == "committed"


def read(world: World, share: Share) -> pl.DataFrame:
    """The rows of a share."""
    paths = [release.file(world, share.standard, share.recipient, share.version, one["name"]) for one in share.files]
    return pl.concat([pl.read_parquet(path) for path in paths])


def test_nothing_is_shown_before_three_contributors_came_together(tmp_path: Path) -> None:
    """Two deposits: an empty share. The third firm's makes the first batch, an hour later; a fourth waits."""
    world, reader, people = pooled(tmp_path, firms=2, attribution="none")
    assert release.open_share(world, reader.caller, "test.reading").rows == 0
    third = Person("Third").joins(world)
    add(world, third, 2)
    assert release.open_share(world, reader.caller, "test.reading").rows == 0
    forward(world, seconds=3600)
    share = release.open_share(world, reader.caller, "test.reading")
    assert (share.rows, share.version) == (15, 1)
    assert read(world, share).columns == ["meter", "amount"]
    add(world, people[0], 7)
    forward(world, seconds=3600)
    assert release.open_share(world, reader.caller, "test.reading") == share


def test_with_attribution_each_deposit_shows_at_the_next_refresh(tmp_path: Path) -> None:
    """Contributors stand in the rows anyway: no batches, but at most hourly."""
    world, reader, people = pooled(tmp_path, firms=1)
    first = release.open_share(world, reader.caller, "test.reading")
    assert set(read(world, first)["contributor"]) == {people[0].id}
    add(world, people[0], 5)
    assert release.open_share(world, reader.caller, "test.reading").version == 0
    forward(world, seconds=3600)
    assert release.open_share(world, reader.caller, "test.reading").rows == 10


def test_who_looked_too_early_sees_the_first_attributed_deposit_at_once(tmp_path: Path) -> None:
    """An empty share is not kept for an hour where a deposit's moment tells nothing that its rows do not."""
    world, reader, _ = pooled(tmp_path, firms=0)
    assert release.open_share(world, reader.caller, "test.reading").rows == 0
    add(world, Person("Late").joins(world), 1)
    assert release.open_share(world, reader.caller, "test.reading").rows == 5


class _Stopped(PolarsShareWriter):
    """A share writer that takes until it is told to go on."""

    def __init__(self, root: Path) -> None:
        """Begin as one that writes at once."""
        super().__init__(root)
        self.go_on, self.begun = threading.Event(), threading.Event()
        self.go_on.set()

    def write(self, order: ShareOrder) -> list[ShareFile]:
        """Write, once it may."""
        self.begun.set()
        assert self.go_on.wait(30)
        return super().write(order)


def test_few_wait_for_a_share_and_the_others_are_told(tmp_path: Path) -> None:
    """Else everybody who asks for a large share holds a thread of the server, and it answers nobody at all."""
    world, reader, people = pooled(tmp_path, firms=1)
    writer = _Stopped(tmp_path / "shares")
    world = replace(world, shares=writer)
    ask = partial(release.open_share, world, reader.caller, "test.reading")

    def asked_by_many() -> tuple[list[Share | None], list[Share]]:
        """What those get who are answered while the share is made, and what those get who wait."""
        writer.go_on.clear()
        writer.begun.clear()
        with ThreadPoolExecutor(2 * release.WAITERS) as pool:
            waiting = [pool.submit(ask)]
            assert writer.begun.wait(30)
            waiting += [pool.submit(ask) for _ in range(2 * release.WAITERS - 1)]
            at_once = 0
            while at_once < release.WAITERS - 1:
                at_once = sum(one.done() for one in waiting)
            told = [None if one.exception() else one.result() for one in waiting if one.done()]
            refused = [one.exception() for one in waiting if one.done() and one.exception()]
            assert all(isinstance(error, Unavailable) and error.code == "share.being-made" for error in refused)
            writer.go_on.set()
            late = [one.result() for one in waiting if not (one.done() and one.exception())]
        return told, late

    told, late = asked_by_many()
    assert set(told) == {None}
    assert {share.rows for share in late} == {5}
    add(world, people[0], 5)
    forward(world, seconds=3600)
    told, late = asked_by_many()
    assert {share.rows for share in told if share} == {5}, "the last one will do"
    assert None not in told
    assert 10 in {share.rows for share in late}


def test_country_attribution_tells_the_country_and_comes_in_batches(tmp_path: Path) -> None:
    """Rows say where from, not who."""
    world, reader, people = pooled(tmp_path, attribution="country")
    share = release.open_share(world, reader.caller, "test.reading")
    assert set(read(world, share)["country"]) == {"KR", "DE", "FR"}
    assert not any(str(person.id) in json.dumps([dict(one) for one in share.files]) for person in people)


def test_a_release_is_logged_once_for_each_member_and_version(tmp_path: Path) -> None:
    """Asked again, the statement stands; another member and another version have their own."""
    world, reader, people = pooled(tmp_path, attribution="none")
    other = Person("Other", roles=("consumer",)).joins(world)
    grant.grant(world, other.id, "test.reading")
    for person in (reader, reader, other):
        release.open_share(world, person.caller, "test.reading")
    for number, person in enumerate(people):
        add(world, person, 20 + number)
    forward(world, seconds=3600)
    share = release.open_share(world, reader.caller, "test.reading")
    with world.store.read() as rows:
        told = sorted((one.member, one.share_version) for one in rows.find(Release))
    assert told == sorted([(reader.id, 0), (other.id, 0), (reader.id, 1)])
    with world.store.read() as rows:
        (last,) = rows.find(Release, share_version=1)
    body = world.ledger.statement(last.id).body
    assert body["files"] == [one["digest"] for one in share.files]
    assert not any(deposit in json.dumps(dict(body)) for deposit in share.deposits)


def test_each_recipient_of_unit_ids_has_a_share_of_its_own(tmp_path: Path) -> None:
    """Two consumers cannot join their copies; a contributor finds its own rows under ids of their own."""
    world, reader, people = pooled(tmp_path, units=True, attribution="none")
    grant.grant(world, people[0].id, "test.reading")
    theirs = read(world, release.open_share(world, reader.caller, "test.reading"))
    own = read(world, release.open_share(world, people[0].caller, "test.reading"))
    assert theirs["meter"].str.contains(r"\A[0-9a-f]{32}\z").all()
    assert not set(theirs["meter"]) & set(own["meter"])
    assert sorted(theirs["amount"]) == sorted(own["amount"])


def test_a_deposit_that_left_is_gone_at_once_and_so_are_the_earlier_files(tmp_path: Path) -> None:
    """No hour, no batch: the next ask makes the share anew, and addresses of the old one lead nowhere."""
    world, reader, people = pooled(tmp_path, firms=2)
    before = release.open_share(world, reader.caller, "test.reading")
    gone = next(file for file in world.lake.files("test.reading"))
    with pytest.MonkeyPatch.context() as patch:
        left = [file for file in world.lake.files("test.reading") if file != gone]
        patch.setattr(type(world.lake), "files", lambda _self, _standard: left)
        after = release.open_share(world, reader.caller, "test.reading")
    assert (before.rows, after.rows, after.version) == (10, 5, 1)
    with pytest.raises(NotFound):
        read(world, before)
    assert people


def test_an_earlier_version_stays_as_long_as_an_address_can_lead_to_it(tmp_path: Path) -> None:
    """After the refresh the old files can still be fetched; when the last address is over they are removed."""
    world, reader, people = pooled(tmp_path)
    before = release.open_share(world, reader.caller, "test.reading")
    add(world, people[0], 9)
    forward(world, seconds=3600)
    after = release.open_share(world, reader.caller, "test.reading")
    assert read(world, before).height == 15
    assert release.tidy(world) == 0
    forward(world, seconds=world.settings.url_seconds + 1)
    assert release.tidy(world) == 1
    assert read(world, after).height == 20
    with pytest.raises(NotFound):
        read(world, before)


def test_a_no_tells_every_reason_and_serves_nothing(tmp_path: Path) -> None:
    """A member without role and grant, a stranger, a profile for another reservoir."""
    world, reader, _ = pooled(tmp_path)
    nobody = Person("Nobody", roles=("auditor",)).joins(world)
    with pytest.raises(Refused) as no:
        release.open_share(world, nobody.caller, "test.reading")
    assert [reason.code for reason in no.value.facts["reasons"]] == ["ask.not-consumer", "ask.no-grant"]  # type: ignore[attr-defined]  # reasons, of any error
    with pytest.raises(Refused, match=r"ask\.stranger"):
        release.open_share(world, Caller(), "test.reading")
    with pytest.raises(NotFound, match=r"standard\.unknown"):
        release.open_share(world, Caller(member=reader.id, standard="test.other"), "test.reading")
    assert not (world.settings.folder / "shares").exists()
    assert [one.allowed for one in release.reservoirs(world, nobody.caller)] == [False]
    assert release.tables_for(world, reader.caller) == ["test.reading"]
    assert release.reservoirs(world, Caller(member=reader.id, standard="test.other")) == []


def test_a_version_never_comes_twice_even_if_the_tables_were_lost(tmp_path: Path) -> None:
    """Releases are in the log: a share made after a rebuild goes on counting."""
    world, reader, _ = pooled(tmp_path)
    share = release.open_share(world, reader.caller, "test.reading")
    with world.store.transaction() as rows:
        rows.remove(share)
    assert release.open_share(world, reader.caller, "test.reading").version == 1


def test_names_fit_delta_sharing(tmp_path: Path) -> None:
    """No dots in table names; a standard's own column keeps its name where the attribution would take it."""
    assert release.address("cti.indicator") == ("cti", "indicator")
    assert release.address("a.b.c-d") == ("a", "b_c-d")
    world, _, _ = pooled(tmp_path, firms=0)
    standard = publish.current(world, "test.reading")
    taken = replace(standard, columns=(*standard.columns, Column(name="contributor", type=Type.TEXT)))
    assert release._attributed(standard) == "contributor"
    assert release._attributed(taken) == "dam_contributor"
