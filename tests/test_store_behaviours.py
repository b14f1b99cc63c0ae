"""What every Store does, and that the one on disk loses nothing that it acknowledged."""

import dataclasses
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from datadam.adapters.memory.store import MemoryStore
from datadam.adapters.postgres_base import PostgresBase
from datadam.adapters.records import KINDS
from datadam.adapters.sql_store import SqlStore
from datadam.adapters.sql_tables import FORMAT
from datadam.errors import Invalid, Unavailable
from datadam.model import (
    Deposit,
    DepositId,
    Job,
    Key,
    Member,
    MemberId,
    MemberKind,
    PublishedStandard,
    Share,
    Stage,
    Token,
    Used,
)
from postgres import Cluster, cluster
from writer import hold_whole, writing

AnyStore = SqlStore | MemoryStore
nothing: Any = None
number: Any = 3


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    """A PostgreSQL of our own."""
    with cluster() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyStore]:
    """Each Store, empty."""
    made: AnyStore
    if request.param == "sqlite":
        made = SqlStore(tmp_path / "dam.sqlite")
    elif request.param == "postgres":
        made = SqlStore(PostgresBase(request.getfixturevalue("server").database()))
    else:
        made = MemoryStore()
    yield made
    made.close()


def used(name: str, expires: str = "2026-01-01T00:00:00Z") -> Used:
    """A small record."""
    return Used(id=name, expires=expires)


def test_records_come_back_equal_and_of_the_same_types(store: AnyStore) -> None:
    """Every kind of field survives: enums, sets, tuples, mappings, numbers, truth values, nothing."""
    records: list[Any] = [
        Member(
            id=MemberId("m-1"),
            kind=MemberKind.COUNTRY,
            jurisdiction="KR",
            roles=frozenset({"consumer", "auditor"}),
            under=None,
            profile="p",
            statement="s",
            since=2**53,
            authority="산업부",
            reservations=("a", "b"),
        ),
        Key(kid="k", owner="dam", jwk={"kty": "OKP", "x": "…"}, statement="s", since=0, until=0),
        Job(
            id=DepositId("d"),
            contributor="m-1",
            standard="cti.indicator",
            version="1.0.0",
            envelope="{}",
            stage=Stage.JUDGED,
            received="2026-01-01T00:00:00Z",
            facts={"tally": {"rows": 3, "share": 0.5, "names": ["ㄱ", None, True]}},
            fault={"code": "x"},
        ),
        Deposit(
            id=DepositId("d"),
            contributor="m-1",
            standard="cti.indicator",
            version="1.0.0",
            file_digest="f",
            fit_digest="f",
            outcome="o",
            index=7,
            tag="t",
            admitted=1,
            rejected=0,
            files=({"name": "a", "size": 1}, {"name": "b", "size": 2}),
        ),
        Share(
            standard="s",
            recipient="*",
            version=0,
            made="now",
            upto=1,
            deposits=("d",),
            files=(),
            schema=({"name": "a"},),
            rows=0,
        ),
        Token(hash="h", member="m-1", expires="e", revoked=True),
    ]
    with store.transaction() as rows:
        for record in records:
            rows.put(record)
    with store.read() as rows:
        for record in records:
            key = [getattr(record, each.name) for each in dataclasses.fields(record) if each.metadata.get("key")]
            found: Any = rows.get(type(record), *key)
            assert found == record
            for each in dataclasses.fields(record):
                assert isinstance(getattr(found, each.name), type(getattr(record, each.name)) | str)
        assert isinstance(rows.get(Member, "m-1").kind, MemberKind)  # type: ignore[union-attr]  # it is there


def test_a_record_with_the_same_key_replaces(store: AnyStore) -> None:
    """Put is insert or replace, within a transaction and across them."""
    with store.transaction() as rows:
        rows.put(used("a", "1"))
        rows.put(used("a", "2"))
        assert rows.get(Used, "a") == used("a", "2")
    with store.transaction() as rows:
        rows.put(used("a", "3"))
    with store.read() as rows:
        assert rows.find(Used) == [used("a", "3")]


def test_many_records_are_put_as_each_would_be(store: AnyStore) -> None:
    """New ones and others in the place of what was; none at all is fine."""
    many = [used(f"{number:04}", "2") for number in range(1000)]
    with store.transaction() as rows:
        rows.put(used("0007", "1"))
        rows.put(used("other", "1"))
        rows.put_all([])
        rows.put_all(many)
    with store.read() as rows:
        assert rows.find(Used) == [*many, used("other", "1")]


def test_find_compares_every_kind_of_field_and_orders_by_key(store: AnyStore) -> None:
    """Equality on text, numbers, truth values, JSON and nothing; order by code point, not by insertion."""

    def standard(name: str, version: str) -> PublishedStandard:
        return PublishedStandard(id=name, version=version, text="t", statement="s", index=1)

    names = ["b", "a", "ㄱ", "B", "\U0001f600", "\uffff"]
    tokens = [Token(hash=name, member="m", expires="e", revoked=name == "a") for name in names]
    with store.transaction() as rows:
        for each in [*tokens, standard("x", "2.0.0"), standard("x", "10.0.0"), standard("a", "1.0.0")]:
            rows.put(each)
    with store.read() as rows:
        assert [token.hash for token in rows.find(Token)] == sorted(names)
        assert [token.hash for token in rows.find(Token, revoked=True)] == ["a"]
        assert len(rows.find(Token, standard=None, member="m")) == len(names)
        assert rows.find(Token, member="n") == []
        assert [(s.id, s.version) for s in rows.find(PublishedStandard, index=1)] == [
            ("a", "1.0.0"),
            ("x", "10.0.0"),
            ("x", "2.0.0"),
        ]


def test_the_newest_are_as_many_as_asked_greatest_number_first(store: AnyStore) -> None:
    """Of those whose fields equal; of equal numbers the first key; a field that is no number orders nothing."""
    told = [("a", 3), ("b", 10), ("c", 3), ("d", 1), ("e", 11)]
    with store.transaction() as rows:
        for name, index in told:
            owner = "other" if name == "e" else "own"
            rows.put(PublishedStandard(id=name, version=owner, text="t", statement="s", index=index))
    with store.read() as rows:

        def newest(most: int, **equals: object) -> list[str]:
            return [one.id for one in rows.newest(PublishedStandard, "index", most, **equals)]

        assert newest(9) == ["e", "b", "a", "c", "d"]
        assert newest(2, version="own") == ["b", "a"]
        assert newest(3, version="own", text="t") == ["b", "a", "c"]
        assert newest(3, version="none") == []
        for field in ("text", "none", "index; DROP TABLE used"):
            with pytest.raises(Invalid) as refused:
                rows.newest(PublishedStandard, field, 1)
            assert refused.value.code == "store.field-unknown"


def test_a_field_called_kind_can_be_asked_for(store: AnyStore) -> None:
    """The name of find's own argument is a field of Member too; an enum compares as its text."""

    def member(name: str, kind: MemberKind) -> Member:
        return Member(
            id=MemberId(name),
            kind=kind,
            jurisdiction="KR",
            roles=frozenset(),
            under=None,
            profile=None,
            statement="s",
            since=0,
        )

    firm, country = member("m-1", MemberKind.ORGANISATION), member("m-2", MemberKind.COUNTRY)
    with store.transaction() as rows:
        rows.put(firm)
        rows.put(country)
        assert rows.find(Member, kind=MemberKind.COUNTRY, roles=frozenset()) == [country]
        assert rows.find(Member, kind="organisation") == [firm]


def test_find_by_a_set_does_not_depend_on_its_order(store: AnyStore) -> None:
    """Sets and mappings are kept in one order."""
    key = Key(kid="k", owner="o", jwk={"b": "2", "a": "1"}, statement="s", since=0)
    with store.transaction() as rows:
        rows.put(key)
        assert rows.find(Key, jwk={"a": "1", "b": "2"}) == [key]
        assert rows.find(Key, jwk={"a": "1"}) == []


def test_an_exception_undoes_everything(store: AnyStore) -> None:
    """All or nothing: records, removals and notes."""
    with store.transaction() as rows:
        rows.put(used("kept"))
        rows.note("size", "1")

    def fail() -> None:
        with store.transaction() as rows:
            rows.put(used("new"))
            rows.remove(used("kept"))
            rows.note("size", "2")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with store.read() as rows:
        assert (rows.find(Used), rows.noted("size"), rows.noted("none")) == ([used("kept")], "1", None)


def test_removing_what_is_not_there_is_fine(store: AnyStore) -> None:
    """Remove goes by key alone."""
    with store.transaction() as rows:
        rows.remove(used("a"))
        rows.put(used("a", "1"))
        rows.remove(used("a", "other"))
        assert rows.get(Used, "a") is None


def test_reading_cannot_write(store: AnyStore) -> None:
    """A read that writes is a fault of the program, and changes nothing."""
    with store.read() as rows:
        writes: list[Callable[[], None]] = [
            lambda: rows.put(used("a")),
            lambda: rows.remove(used("a")),
            lambda: rows.note("a", "b"),
        ]
        for write in writes:
            with pytest.raises(Invalid, match=r"store\.read-only"):
                write()
    with store.read() as rows:
        assert (rows.find(Used), rows.noted("a")) == ([], None)


def test_a_reader_keeps_the_state_that_it_began_with(store: AnyStore) -> None:
    """A commit meanwhile is neither seen nor held up; the next reader sees it. Uncommitted work is seen by nobody."""
    with store.read() as before:
        with store.transaction() as rows:
            rows.put(used("a"))
            rows.note("size", "1")
            with store.read() as outside:
                assert outside.find(Used) == []
        assert (before.find(Used), before.noted("size")) == ([], None)
    with store.read() as after:
        assert (after.find(Used), after.noted("size")) == ([used("a")], "1")


def test_a_transaction_inside_another_is_refused_not_a_deadlock(store: AnyStore) -> None:
    """The same thread cannot wait for itself; afterwards all goes on."""

    def nest() -> None:
        with store.transaction(), store.transaction():
            pass

    with pytest.raises(Invalid, match=r"store\.transaction-nested"):
        nest()
    with store.transaction() as rows:
        rows.put(used("a"))


def test_writers_of_many_threads_take_turns_and_readers_see_whole_commits(store: AnyStore) -> None:
    """Read-modify-write over 8 threads loses no update; two records written together are always seen together."""
    with store.transaction() as rows:
        rows.note("count", "0")

    def add() -> None:
        for _ in range(10):
            with store.transaction() as rows:
                count = int(rows.noted("count") or 0) + 1
                rows.note("count", str(count))
                rows.put(used("twin", str(count)))

    torn: list[tuple[str | None, str | None]] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            with store.read() as rows:
                twin = rows.get(Used, "twin")
                seen = (rows.noted("count"), twin.expires if twin else "0")
            if seen[0] != seen[1]:
                torn.append(seen)

    with ThreadPoolExecutor(max_workers=12) as pool:
        watchers = [pool.submit(watch) for _ in range(4)]
        adders = [pool.submit(add) for _ in range(8)]
        for adder in adders:
            adder.result()
        done.set()
        for watcher in watchers:
            watcher.result()
    with store.read() as rows:
        assert (rows.noted("count"), torn) == ("80", [])


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda rows: rows.get(str, "a"), "store.kind-unknown"),
        (lambda rows: rows.put("text"), "store.kind-unknown"),
        (lambda rows: rows.find(Used, **{"id; DROP TABLE used": "a"}), "store.field-unknown"),
        (lambda rows: rows.get(Used), "store.key-incomplete"),
        (lambda rows: rows.get(PublishedStandard, "a"), "store.key-incomplete"),
        (lambda rows: rows.put(used("a\0b")), "store.value-wrong"),
        (lambda rows: rows.put(used("\ud800")), "store.value-wrong"),
        (lambda rows: rows.put(Used(id=nothing, expires="e")), "store.value-wrong"),
        (lambda rows: rows.put(Used(id=number, expires="e")), "store.value-wrong"),
        (lambda rows: rows.find(Key, since=True), "store.value-wrong"),
        (lambda rows: rows.find(Key, since=2**63), "store.value-wrong"),
        (lambda rows: rows.find(Key, jwk=["a"]), "store.value-wrong"),
        (lambda rows: rows.find(Key, jwk={"a": float("nan")}), "store.value-wrong"),
        (lambda rows: rows.find(Key, jwk={"a": object()}), "store.value-wrong"),
        (lambda rows: rows.find(Member, roles=frozenset({1, "a"})), "store.value-wrong"),
        (lambda rows: rows.note("a", "\ud800"), "store.value-wrong"),
    ],
)
def test_what_no_record_holds_is_refused(store: AnyStore, call: Any, code: str) -> None:
    """Kinds, field names, keys and values are checked alike in every Store, and the transaction goes on."""
    with store.transaction() as rows:
        with pytest.raises(Invalid) as refusal:
            call(rows)
        assert refusal.value.code == code
        rows.put(used("fine"))
    with store.read() as rows:
        assert rows.find(Used) == [used("fine")]


def test_hostile_text_is_only_text(store: AnyStore) -> None:
    """Quotes, comments, wildcards and JSON in keys and values mean nothing."""
    names = ["'; DROP TABLE used; --", "%", "_", '"', "\\", '{"a":1}', "\u202e", " ", ""]
    with store.transaction() as rows:
        for name in names:
            rows.put(used(name, name))
            rows.note(name, name)
    with store.read() as rows:
        assert len(rows.find(Used)) == len(names)
        for name in names:
            assert rows.get(Used, name) == used(name, name)
            assert rows.find(Used, expires=name) == [used(name, name)]
            assert rows.noted(name) == name


def test_a_stored_record_cannot_be_changed_in_place(store: AnyStore) -> None:
    """What was put and what was got share nothing with the Store."""
    facts: dict[str, Any] = {"list": [1]}
    job = Job(
        id=DepositId("d"),
        contributor="m",
        standard="s",
        version="1.0.0",
        envelope="",
        stage="announced",
        received="",
        facts=facts,
    )
    with store.transaction() as rows:
        rows.put(job)
        facts["list"].append(2)
        found = rows.get(Job, "d")
        assert found is not None
        assert found.facts == {"list": [1]}
        found.facts["list"].append(3)
        again = rows.get(Job, "d")
        assert again is not None
        assert again.facts == {"list": [1]}


# --- all Stores against a plain dictionary ----------------------------------------------------------------------------

NAMES = st.sampled_from(["a", "b", "c", "ㄱ"])
FLAGS = st.booleans()


class Stores(RuleBasedStateMachine):
    """All Stores, and a dictionary that says what they should hold."""

    folder: Path
    server: Cluster | None

    @initialize()
    def begin(self) -> None:
        """Empty Stores and an empty model."""
        self.stores: list[AnyStore] = [MemoryStore(), SqlStore(self.folder / "dam.sqlite")]
        if self.server is not None:
            self.stores = [MemoryStore(), SqlStore(PostgresBase(self.server.database()))]
        self.model: dict[str, Token] = {}
        self.notes: dict[str, str] = {}

    @rule(
        steps=st.lists(st.tuples(st.sampled_from(["put", "remove", "note"]), NAMES, NAMES, FLAGS), max_size=6),
        fails=FLAGS,
    )
    def transact(self, steps: list[tuple[str, str, str, bool]], fails: bool) -> None:
        """One transaction, committed or thrown away."""
        model, notes = dict(self.model), dict(self.notes)
        for verb, name, other, flag in steps:
            if verb == "put":
                model[name] = Token(hash=name, member=other, expires="e", revoked=flag)
            elif verb == "remove":
                model.pop(name, None)
            else:
                notes[name] = other
        for store in self.stores:
            self._apply(store, steps, fails=fails)
        if not fails:
            self.model, self.notes = model, notes

    def _apply(self, store: AnyStore, steps: list[tuple[str, str, str, bool]], *, fails: bool) -> None:
        try:
            with store.transaction() as rows:
                for verb, name, other, flag in steps:
                    token = Token(hash=name, member=other, expires="e", revoked=flag)
                    if verb == "note":
                        rows.note(name, other)
                    else:
                        (rows.put if verb == "put" else rows.remove)(token)
                if fails:
                    raise KeyboardInterrupt
        except KeyboardInterrupt:
            assert fails

    @invariant()
    def all_agree(self) -> None:
        """Every question gets the dictionary's answer."""
        for store in self.stores:
            with store.read() as rows:
                assert rows.find(Token) == [self.model[name] for name in sorted(self.model)]
                for name in ("a", "b", "c", "ㄱ"):
                    assert rows.get(Token, name) == self.model.get(name)
                    assert rows.noted(name) == self.notes.get(name)
                    expected = [self.model[key] for key in sorted(self.model) if self.model[key].member == name]
                    assert rows.find(Token, member=name) == expected

    def teardown(self) -> None:
        """Close what was opened."""
        for store in self.stores:
            store.close()
        for path in self.folder.iterdir():
            path.unlink()


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_any_run_of_transactions_leaves_every_store_as_it_leaves_a_dictionary(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Commits, rollbacks, replacements and removals in any order, judged by a model."""
    Stores.folder = tmp_path
    Stores.server = request.getfixturevalue("server") if database == "postgres" else None
    examples = 40 if database == "sqlite" else 15  # a database of PostgreSQL takes a quarter of a second to make
    run_state_machine_as_test(
        Stores, settings=hypothesis_settings(max_examples=examples, stateful_step_count=12, deadline=None)
    )


# --- the Store on disk ------------------------------------------------------------------------------------------------


def test_every_kind_of_record_has_its_table(tmp_path: Path) -> None:
    """A kind that is listed can be stored; the tables are made once, with the format's number."""
    path = tmp_path / "dam.sqlite"
    SqlStore(path).close()
    connection = sqlite3.connect(path)
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    connection.close()
    assert tables == {kind.__name__.lower() for kind in KINDS} | {"note"}
    assert version == FORMAT


def test_what_was_committed_is_there_after_reopening(tmp_path: Path) -> None:
    """State outlives its process."""
    path = tmp_path / "dam.sqlite"
    first = SqlStore(path)
    with first.transaction() as rows:
        rows.put(used("a"))
    first.close()
    second = SqlStore(path)
    with second.read() as rows:
        assert rows.find(Used) == [used("a")]
    second.close()


def test_only_the_owner_may_read_any_of_its_files(tmp_path: Path) -> None:
    """The file, its log and its index; also where the file was open to others before."""
    path = tmp_path / "dam.sqlite"
    path.touch(0o644)
    store = SqlStore(path)
    with store.transaction() as rows:
        rows.put(used("a"))
    modes = {each.name: each.stat().st_mode & 0o777 for each in tmp_path.iterdir()}
    store.close()
    assert set(modes) == {"dam.sqlite", "dam.sqlite-wal", "dam.sqlite-shm"}
    assert set(modes.values()) == {0o600}


@pytest.mark.parametrize("statements", [["PRAGMA user_version = 99"], ["PRAGMA user_version = 0"]])
def test_an_unknown_format_is_refused(tmp_path: Path, statements: list[str]) -> None:
    """A newer dam's state, or somebody else's database, is left alone."""
    path = tmp_path / "dam.sqlite"
    SqlStore(path).close()
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.close()
    before = path.read_bytes()
    with pytest.raises(Unavailable, match=r"store\.format-unknown"):
        SqlStore(path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_or_has_no_folder_is_unavailable(tmp_path: Path) -> None:
    """Damage is told as ours, with the path."""
    path = tmp_path / "dam.sqlite"
    path.write_bytes(b"this is no database, but long enough to look at" * 30)
    with pytest.raises(Unavailable, match=r"store\.broken"):
        SqlStore(path)
    with pytest.raises(Unavailable, match=r"store\.broken"):
        SqlStore(tmp_path / "none" / "dam.sqlite")


def test_another_process_that_writes_is_waited_for_then_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock held elsewhere is `Unavailable`, not a hang and not a crash; reading goes on."""
    monkeypatch.setattr("datadam.adapters.sql_tables.BUSY_SECONDS", 0.1)
    path = tmp_path / "dam.sqlite"
    store = SqlStore(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match=r"store\.busy"), store.transaction():
        pass
    with store.read() as rows:
        assert rows.find(Used) == []
    other.execute("ROLLBACK")
    other.close()
    with store.transaction() as rows:
        rows.put(used("a"))
    store.close()


def test_a_thread_that_waits_too_long_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stuck writer does not hang all others for ever."""
    monkeypatch.setattr("datadam.adapters.sql_tables.BUSY_SECONDS", 0.1)
    store = SqlStore(tmp_path / "dam.sqlite")

    def late() -> None:
        with pytest.raises(Unavailable, match=r"store\.busy"), store.transaction():
            pass

    with ThreadPoolExecutor(1) as pool, store.transaction():
        pool.submit(late).result()
    store.close()


def test_kill_9_loses_nothing_acknowledged_and_leaves_nothing_half_done(tmp_path: Path) -> None:
    """Killed five times in the midst of writing: every acknowledged commit is there, and each is whole."""
    for attempt in range(5):
        path = tmp_path / f"{attempt}.sqlite"
        with writing(path) as writer:
            assert writer.stdout is not None
            acknowledged = -1
            for line in writer.stdout:
                acknowledged = int(line)
                if acknowledged >= 20 + 7 * attempt:
                    writer.send_signal(signal.SIGKILL)
                    break
            for line in writer.stdout:  # what it still managed to say before it died
                acknowledged = int(line)
            assert writer.wait(timeout=30) == -signal.SIGKILL
        store = SqlStore(path)
        hold_whole(store, acknowledged)
        store.close()
