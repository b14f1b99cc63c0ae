"""Prepared at home: what the standard hides and what it refuses never leaves the contributor's machine."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import polars as pl
import pytest
from hypothesis import Phase, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from datadam import client, seal
from datadam.dam import deposit, publish
from datadam.errors import Invalid
from datadam.formats import codelists, odcs, statements
from datadam.model import (
    CrossRule,
    Feed,
    Fit,
    Kind,
    PrivacyClass,
    Protection,
    Repeat,
    Stage,
    Standard,
    StandardId,
    Type,
    Unit,
    Unpivot,
)
from datadam.planning import compile_plan
from datadam.prepare import Prepared, as_prepared, corrected_fit, prepared_fit
from drafts import BOTH, ROLES_OF_PERSONS, column
from homes import at_home, handed_in, hold_the_law, stored
from served import Served, serving
from worlds import Person, a_world

ID = StandardId("test.accounts")
STANDARD = Standard(
    id=ID,
    version="1.0.0",
    titles=BOTH,
    descriptions=BOTH,
    columns=(
        column(
            "firm", required=True, protection=Protection.UNIT_ID, domain="firm", privacy_class=PrivacyClass.CONFIDENTIAL
        ),
        column("day", Type.DATE, required=True),
        column("country", codes="iso3166-alpha3", required=True),
        column(
            "amount",
            Type.DECIMAL,
            precision=18,
            scale=3,
            minimum=Decimal(0),
            unit="t",
            units=(Unit(symbol="t", numerator=1), Unit(symbol="kt", numerator=1000)),
        ),
        column("at", Type.TIMESTAMP),
        column("good", Type.BOOLEAN),
        column("rate", Type.NUMBER),
        column(
            "account",
            required=True,
            pattern=r"\A[0-9]{8}\z",
            protection=Protection.MASK,
            mask_keep=2,
            privacy_class=PrivacyClass.CONFIDENTIAL,
        ),
        column("person", required=True, protection=Protection.DROP, privacy_class=PrivacyClass.PERSONAL, max_length=40),
        column("deputy", protection=Protection.DROP, privacy_class=PrivacyClass.PERSONAL),
    ),
    key=("firm", "day"),
    repeat=Repeat.SUPERSEDE,
    rules=(CrossRule(id="two-people", left="person", op="!=", right="deputy"),),
    purposes=("research",),
    legal_roles=ROLES_OF_PERSONS,
    reject_limit=Decimal("0.5"),
)

HEADER = "회사,Date,Land,kt,when,ok,rate,Konto,Name,Deputy,내부 메모\n"
ROWS = (
    "ACME-PRIVATE,2024-01-01,South Korea,1.5,2024-01-01T09:00:00+09:00,yes,0.1,12345678,Kim Secret,,note-one\n"
    'ACME-PRIVATE,2024-01-02,KOR,0.000001,,no,1e-7,87654321,"Kim, ""Secret""",Lee Hidden,note-two\n'
    "ACME-PRIVATE,2024-01-03,JPN,,,,,11111199,Kim Secret,,\n"
)
REJECTED = (
    "REFUSED-FIRM,2024-13-01,KOR,77.77,,,,12345678,Refused Person,,note-three\n"
    "REFUSED-FIRM,2024-01-05,Nowhereland,88.88,,,,99999999,Same Name,Same Name,note-four\n"
)
SECRET = (
    "Kim", "Secret", "Hidden", "note-", "12345678", "87654321", "11111199", "Refused", "REFUSED-FIRM", "77.77", "88.88",
    "Nowhereland", "Same Name", "99999999", "2024-13-01", "Konto", "Deputy", "회사", "내부 메모", "내부",
)  # fmt: skip
"""What stands in the file and must not be sent: dropped and masked values, rejected rows, the layout's own names."""


def fit() -> Fit:
    """The confirmed mapping of the file."""
    feeds = {
        "firm": "회사",
        "day": "Date",
        "country": "Land",
        "at": "when",
        "good": "ok",
        "rate": "rate",
        "account": "Konto",
        "person": "Name",
        "deputy": "Deputy",
    }
    fed = tuple(Feed(column=name, source=source) for name, source in feeds.items())
    return Fit(
        standard=ID,
        version="1.0.0",
        feeds=(*fed, Feed(column="amount", source="kt", unit="kt")),
        dropped=("내부 메모",),
    )


def prepared(folder: Path, text: str, *, into: str = "prepared.csv", mapping: Fit | None = None) -> Prepared:
    """Prepare a file of accounts."""
    return at_home(STANDARD, mapping or fit(), folder, text, into=into)


# --- what is written --------------------------------------------------------------------------------------------------


def test_a_prepared_file_is_in_the_standards_own_words(tmp_path: Path) -> None:
    """Codes, units, UTC, masks; no dropped column, no rejected row, no header of the contributor's."""
    done = prepared(tmp_path, HEADER + ROWS + REJECTED)
    assert (tmp_path / "prepared.csv").read_text(encoding="utf-8") == (
        "firm,day,country,amount,at,good,rate,account\n"
        "ACME-PRIVATE,2024-01-01,KOR,1500.000,2024-01-01T00:00:00.000000Z,true,0.1,******78\n"
        "ACME-PRIVATE,2024-01-02,KOR,0.001,,false,1e-7,******21\n"
        "ACME-PRIVATE,2024-01-03,JPN,,,,,******99\n"
    )
    assert done.file is not None
    assert (done.file.rows, done.report.tally.rejected) == (3, 2)
    assert done.raw == ("firm",)
    assert done.stays == ("Name", "Deputy", "내부 메모")
    assert {fault.rule for fault in done.found} == {"day.type", "country.codes", "two-people"}
    assert done.survey.columns["amount"]["maximum"] == "1500.000"
    assert [reason.code for reason in done.changes["person"]][-1] == "done.dropped"


def test_the_same_file_is_prepared_to_the_same_bytes(tmp_path: Path) -> None:
    """So that a retry is the same deposit, and a broken transfer can go on."""
    first = prepared(tmp_path, HEADER + ROWS).file
    assert prepared(tmp_path, HEADER + ROWS).file == first


def test_parquet_is_written_where_the_name_says_so(tmp_path: Path) -> None:
    """The same columns and no others, typed; doubles as the text that tells them exactly."""
    done = prepared(tmp_path, HEADER + ROWS, into="prepared.parquet")
    frame = pl.read_parquet(tmp_path / "prepared.parquet")
    assert frame.columns == [feed.column for feed in done.fit.feeds]
    assert frame["rate"].to_list() == ["0.1", "1e-7", None]
    assert frame.schema["amount"] == pl.Decimal(18, 3)


def test_too_many_rejects_write_nothing(tmp_path: Path) -> None:
    """The standard's limit holds at home too: the dam never sees the rows that would break it there."""
    done = prepared(tmp_path, HEADER + ROWS.splitlines(keepends=True)[0] + REJECTED)
    assert done.file is None
    assert not (tmp_path / "prepared.csv").exists()


def test_a_wide_table_is_prepared_long(tmp_path: Path) -> None:
    """Its headers are values of the standard, and the mapping of the prepared file names both columns."""
    feeds = tuple(feed for feed in fit().feeds if feed.column not in {"day", "amount"})
    wide = Unpivot(names_to="day", values_to="amount", columns={"Jan": "2024-01-01", "Feb": "2024-02-01"})
    mapping = Fit(
        standard=ID,
        version="1.0.0",
        feeds=(*feeds, Feed(column="amount", unit="kt")),
        unpivot=wide,
    )
    header = "회사,Land,when,ok,rate,Konto,Name,Deputy,Jan,Feb\n"
    done = prepared(tmp_path, f"{header}ACME,KOR,,,,12345678,Kim,,1,2\n", mapping=mapping)
    lines = (tmp_path / "prepared.csv").read_text(encoding="utf-8").splitlines()
    assert lines[1:] == ["ACME,2024-01-01,KOR,1000.000,,,,******78", "ACME,2024-02-01,KOR,2000.000,,,,******78"]
    assert {"day", "amount"} <= {feed.column for feed in done.fit.feeds}


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8)


@limits(max_examples=12, deadline=None, phases=[Phase.generate])  # to shrink a file, a dam a try, would take minutes
@given(
    rows=st.lists(
        st.tuples(
            TEXTS,
            st.dates().map(str),
            st.sampled_from(["KOR", "south korea", "FRA", "x"]),
            st.decimals(min_value=0, max_value=10**9, places=7).map(str) | st.just(""),
            st.sampled_from(["", "2024-02-29T23:59:59.123456-05:00", "1000-01-01T00:00:00Z"]),
            st.sampled_from(["", "0", "TRUE"]),
            st.floats(allow_nan=False, allow_infinity=False).map(repr) | st.just(""),
            st.sampled_from(["00000000", "12345678"]),
            st.sampled_from(["P"]),
        ),
        min_size=1,
        max_size=6,
    ),
    into=st.sampled_from(["prepared.csv", "prepared.parquet"]),
)
def test_the_dam_stores_of_a_prepared_file_what_it_would_store_of_the_file(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]], into: str
) -> None:
    """The law of preparing: for any file, row by row and to the byte, also through Parquet."""
    folder = tmp_path_factory.mktemp("law")
    path = folder / "raw.csv"
    names = ["firm", "day", "country", "amount", "at", "good", "rate", "account", "person"]
    pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row").write_csv(path)
    text = path.read_text(encoding="utf-8")
    feeds = tuple(Feed(column=name, source=name) for name in names)
    mapping = Fit(standard=ID, version="1.0.0", feeds=feeds)
    hold_the_law(STANDARD, mapping, folder, text, into=into)


# --- what the dam makes of it -----------------------------------------------------------------------------------------


def test_what_rests_on_values_that_stayed_at_home_is_not_judged_again() -> None:
    """And everything else is: what is required, coded, bounded, unique."""
    mapping = prepared_fit(STANDARD, fit())
    rules = {rule.id for rule in compile_plan(as_prepared(STANDARD), mapping, codelists.packaged()).rules}
    whole = {rule.id for rule in compile_plan(STANDARD, fit(), codelists.packaged()).rules}
    assert whole - rules == {"account.pattern", "person.required", "person.length", "deputy.length", "two-people"}
    assert rules <= whole


def test_a_dam_masks_again_whatever_it_is_told(tmp_path: Path) -> None:
    """Who signs `prepared` over a raw file gets nothing raw stored."""
    world = a_world(tmp_path / "dam")
    publish.publish(world, odcs.write(STANDARD))
    person = Person("A").joins(world)
    data = b"firm,day,country,account\nACME,2024-01-01,KOR,12345678\n"
    feeds = tuple(Feed(column=name, source=name) for name in ("firm", "day", "country", "account"))
    mapping = Fit(standard=ID, version="1.0.0", feeds=feeds)
    job = handed_in(world, person, mapping, data)
    assert job.stage == Stage.COMMITTED
    frame = stored(world, job)
    assert frame["account"].to_list() == ["******78"]
    assert "person" not in frame.columns


def test_without_the_word_a_dam_wants_all_of_it(tmp_path: Path) -> None:
    """A prepared file that is not signed as one lacks what the standard requires."""
    world = a_world(tmp_path / "dam")
    publish.publish(world, odcs.write(STANDARD))
    person = Person("A").joins(world)
    with pytest.raises(Invalid, match="plan.misfit"):
        deposit.announce(world, person.caller, seal.envelope(person.manifest(prepared_fit(STANDARD, fit()), b"x")))


@pytest.mark.parametrize("said", [False, 1, "true", {}])
def test_prepared_is_said_in_one_way(said: object) -> None:
    """Left out, or true."""
    person = Person("A")
    statements.shaped(person.manifest(fit(), b"x", prepared=True), Kind.MANIFEST)
    with pytest.raises(Invalid, match="statement.shape"):
        statements.shaped(person.manifest(fit(), b"x", prepared=said), Kind.MANIFEST)


# --- on the wire ------------------------------------------------------------------------------------------------------


@dataclass
class Tap:
    """Stands between a client and a dam and keeps every byte that the client sends."""

    url: str
    sent: bytearray = field(default_factory=bytearray)


@contextmanager
def tapped(to: str) -> Iterator[Tap]:
    """A forwarding address in front of the dam at `to`."""
    target = (urlsplit(to).hostname or "", urlsplit(to).port or 0)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        tap = Tap(f"http://127.0.0.1:{listener.getsockname()[1]}")
        open_now: list[socket.socket] = []

        def pump(source: socket.socket, into: socket.socket, keep: Callable[[bytes], None]) -> None:
            with suppress(OSError):
                while data := source.recv(65_536):
                    keep(data)
                    into.sendall(data)
            with suppress(OSError):
                into.shutdown(socket.SHUT_WR)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    near, _ = listener.accept()
                    far = socket.create_connection(target)
                    open_now.extend((near, far))
                    for ends in ((near, far, tap.sent.extend), (far, near, lambda _: None)):
                        threading.Thread(target=pump, args=ends, daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield tap
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            for one in open_now:
                one.close()


@pytest.fixture(scope="module")
def dam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A dam that is served, with the standard of accounts."""
    with serving(tmp_path_factory.mktemp("home") / "dam") as made:
        publish.publish(made.world, odcs.write(STANDARD))
        yield made


def over_the_tap(
    dam: Served, folder: Path, monkeypatch: pytest.MonkeyPatch, deed: Callable[[client.Dam, Person], object]
) -> bytes:
    """Every byte that left the machine during a deed."""
    monkeypatch.setenv("DATADAM_HOME", str(folder / "home"))
    person = dam.person("Firm")
    with tapped(dam.url) as tap:
        line = client.connect(tap.url, key=person.key)
        token = dam.token(person)
        line._token, line._until = token, 2**40  # a login is for the address that the dam knows itself by
        try:
            deed(line, person)
        finally:
            line.close()
        return bytes(tap.sent)


def test_nothing_hidden_and_nothing_refused_is_on_the_wire(
    dam: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every byte that the client sent to a real server, compared with every value that was to stay."""
    done = prepared(tmp_path, HEADER + ROWS + REJECTED)
    jobs = []

    def deed(line: client.Dam, _: Person) -> None:
        jobs.append(line.deposit(tmp_path / "prepared.csv", done.fit, prepared=True))

    sent = over_the_tap(dam, tmp_path, monkeypatch, deed)
    assert jobs[0]["stage"] == "committed"
    assert b"ACME-PRIVATE" in sent  # the tap works: what is to travel did
    assert [text for text in SECRET if text.encode() in sent or text.encode("unicode-escape") in sent] == []


def test_the_tap_would_have_seen_it(dam: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same file, deposited as it is, shows everything on the wire: the test above can fail."""
    file = tmp_path / "mine.csv"
    file.write_text(HEADER + ROWS + REJECTED, encoding="utf-8")
    sent = over_the_tap(dam, tmp_path, monkeypatch, lambda line, _: line.deposit(file, fit()))
    assert [text for text in SECRET if text.encode() not in sent] == []


# --- corrected rejects ------------------------------------------------------------------------------------------------


def test_corrected_rejects_have_the_mapping_of_the_file_they_came_from() -> None:
    """With the reasons left out; any other layout is another file."""
    columns = HEADER.strip().split(",")
    corrected = corrected_fit(fit(), [*columns, "reason"])
    assert corrected is not None
    assert corrected.dropped == ("내부 메모", "reason")
    assert corrected_fit(fit(), [*columns, "reason_"]) is not None
    for other in (columns, [*columns, "why"], [*columns[1:], "reason"], ["reason"], []):
        assert corrected_fit(fit(), other) is None
