"""The client against real dams, honest ones and others: what it believes, what it loads, what it leaves on a disk."""

import hashlib
import http.server
import json
import os
import shutil
import stat
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import datadam
from datadam import client, confirming, proposing, seal
from datadam.adapters import polars_read
from datadam.client.frames import OPS
from datadam.dam import grant, publish
from datadam.errors import DamError, Invalid, NotFound, Refused, Unavailable, Untrusted
from datadam.formats import codelists
from datadam.model import Deposit
from served import STANDARD, Served, published, serving
from worlds import GOOD, Person, standard_text

pytestmark = pytest.mark.usefixtures("home")
WIDE = "test.wide"
TYPES = {
    "amount": "integer",
    "price": "decimal",
    "share": "number",
    "sure": "boolean",
    "seen": "date",
    "at": "timestamp",
    "note": "text",
}


def wide_standard() -> str:
    """One column of each type, all but the key may be empty."""
    text = standard_text(repeat="keep").replace(STANDARD, WIDE).replace("test_reading", "test_wide")
    start = text.index("      - name: amount")
    head, column = text[:start], text[start:]
    column = column.replace("        required: true\n", "").replace(
        "        logicalTypeOptions: {minimum: 0, maximum: 1000}\n", ""
    )
    logical = {"decimal": "number", "text": "string"}
    columns = []
    for name, kind in TYPES.items():
        one = column.replace("name: amount", f"name: {name}").replace("businessName: Amount", f"businessName: {name}")
        one = one.replace("logicalType: integer", f"logicalType: {logical.get(kind, kind)}")
        if kind == "text":
            one = one.replace("logicalType: string", "logicalType: string\n        logicalTypeOptions: {maxLength: 60}")
        one = one.replace("value: {ko: 값}", f"value: {{ko: {name} 값}}")
        if kind == "decimal":
            decimal = "- {vendor: datadam, property: decimal, value: {precision: 12, scale: 2}}"
            one = f"{one.rstrip()}\n          {decimal}\n"
        columns.append(one)
    return head + "".join(columns)


ROWS = [
    {
        "meter": f"m{n}",
        "amount": "" if n % 7 == 0 else str(n % 5 - 2),
        "price": "" if n % 6 == 0 else f"{n % 4}.{n % 3}5",
        "share": "" if n % 5 == 0 else str(n % 3 / 2),
        "sure": "" if n % 4 == 0 else str(n % 2 == 0).lower(),
        "seen": "" if n % 3 == 0 else f"2026-0{n % 3 + 1}-01",
        "at": "" if n % 5 == 1 else f"2026-01-01T00:00:0{n % 4}Z",
        "note": "" if n % 2 == 0 else "abc"[n % 3] * (n % 4),
    }
    for n in range(60)
]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of one's own: keys, profile and pins."""
    for name in os.environ:
        if name.startswith("DATADAM_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DATADAM_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(scope="module")
def dam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A dam with a reservoir of every type."""
    with serving(tmp_path_factory.mktemp("client") / "dam") as made:
        published(made.world)
        publish.publish(made.world, wide_standard())
        yield made


@pytest.fixture(scope="module")
def alice(dam: Served) -> Person:
    """A member that has deposited and may read."""
    person = dam.person("Alice")
    for standard in (STANDARD, WIDE):
        grant.grant(dam.world, person.id, standard)
    lines = [",".join(ROWS[0]), *(",".join(row.values()) for row in ROWS)]
    job = person.deposits(dam.world, WIDE, ("\n".join(lines) + "\n").encode())
    assert job.facts["tally"]["admitted"] == 60, job
    person.deposits(dam.world, STANDARD, GOOD)
    return person


def hand_in(dam: client.Dam, path: Path, standard: str = STANDARD, **more: Any) -> dict[str, Any]:
    """Deposit a file whose columns need no question."""
    found, layout = dam.standard(standard), client.look(path)
    fit = confirming.confirm(proposing.suggest(found, layout, codelists.packaged()), found, layout)
    return dict(dam.deposit(path, fit, **more))


# --- whom it believes -------------------------------------------------------------------------------------------------


def test_the_key_is_pinned_at_the_first_contact_and_growth_is_checked(dam: Served) -> None:
    """First: taken on trust and said so; then: the same key, and a log that extends the pinned one."""
    with dam.client() as reader:
        first = reader.trust()
        assert first == {"vkey": dam.world.ledger.vkey, "size": dam.world.ledger.size, "first": True}
        dam.person("Grower")
        again = reader.trust()
        assert (again["first"], again["size"]) == (False, dam.world.ledger.size)
        pinned = client.pinned_checkpoint(dam.url, reader.vkey)
        assert pinned is not None
        assert pinned.size == dam.world.ledger.size


@pytest.fixture
def forked(tmp_path: Path) -> tuple[Path, Path, int]:
    """A dam, an older copy of it, and the port that both answer at."""
    with serving(tmp_path / "dam") as first:
        first.person("Before")
        port = int(first.url.rsplit(":", 1)[1])
        with first.client() as reader:
            reader.trust()
    shutil.copytree(tmp_path / "dam", tmp_path / "older")
    with serving(tmp_path / "dam", port=port) as grown:
        grown.person("After")
        with grown.client() as reader:
            assert reader.trust()["first"] is False
    return tmp_path / "dam", tmp_path / "older", port


def test_a_rolled_back_and_a_forked_log_are_not_trusted(forked: tuple[Path, Path, int]) -> None:
    """An older copy is smaller; grown otherwise it is another log, at the same size and beyond; the real one holds."""
    folder, older, port = forked
    with serving(older, port=port) as liar, liar.client() as reader:
        with pytest.raises(Untrusted, match="checkpoint.smaller"):
            reader.trust()
        liar.person("Someone else")
        with pytest.raises(Untrusted, match="checkpoint.forked"):
            reader.trust()
        liar.person("One more")
        with pytest.raises(Untrusted):
            reader.trust()
    with serving(folder, port=port) as honest, honest.client() as reader:
        assert reader.trust()["first"] is False


def test_another_key_at_a_known_address_is_not_trusted(
    forked: tuple[Path, Path, int], tmp_path: Path, home: Path
) -> None:
    """A new dam at the address of an old one; the pin stays as it was."""
    _, _, port = forked
    before = (home / "pins.json").read_bytes()
    with serving(tmp_path / "new", port=port) as other, other.client() as reader, pytest.raises(Untrusted):
        reader.trust()
    assert (home / "pins.json").read_bytes() == before


@pytest.mark.parametrize("broken", [b"", b"[]", b"{", b'{"http://x": {}}', b'{"http://x": {"vkey": 1}}', b"\xff"])
def test_broken_pins_are_not_taken_for_none(dam: Served, home: Path, broken: bytes) -> None:
    """To begin anew in silence would be to trust whoever answers now."""
    home.mkdir()
    (home / "pins.json").write_bytes(broken)
    with dam.client() as reader, pytest.raises(Untrusted, match="client.pins-broken"):
        reader.trust()
    assert (home / "pins.json").read_bytes() == broken


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("http://dam.example", Refused),
        ("http://127.0.0.1.evil.example", Refused),
        ("http://localhost@evil.example/", Refused),
        ("http://192.168.0.7:80", Refused),
        ("ftp://127.0.0.1", Invalid),
        ("127.0.0.1:8420", Invalid),
        ("http://", Invalid),
        ("", Invalid),
        ("http://[::1", Invalid),
        ("http://127.0.0.1:notaport", Invalid),
        ("http://a\x00b", Invalid),
    ],
)
def test_addresses_that_are_none_or_cross_a_network_in_clear_are_refused(url: str, kind: type[DamError]) -> None:
    """Before anything is sent."""
    with pytest.raises(kind, match="client.url"):
        client.connect(url)


@contextmanager
def liar(answer: bytes, *, length: int | None = None, status: int = 200) -> Iterator[str]:
    """A server that is no dam: the same answer to whatever is asked."""

    class Lies(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer) if length is None else length))
            self.end_headers()
            self.wfile.write(answer)

        do_POST = do_GET  # noqa: N815  (http.server looks for that name)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Lies)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"<html>log in to the hotel</html>", 200),
        (b"{}", 200),
        (b"[]", 200),
        (b'{"log": "no"}', 200),
        (b'{"log": {"vkey": 7}}', 200),
        (b"\xff\xfe", 200),
        (b"<html>", 404),
        (b'{"code": 7}', 400),
        (b"", 302),
        (b"Bad Gateway", 502),
    ],
)
def test_what_is_no_dam_is_told_so(answer: bytes, status: int) -> None:
    """A captive portal, a proxy's page: `Unavailable`, with a sentence, never a traceback."""
    with liar(answer, status=status) as url, client.connect(url) as reader:
        with pytest.raises(Unavailable, match="client.answer-odd"):
            reader.trust()
        with pytest.raises(DamError):
            reader.open(STANDARD)


def test_nobody_there_is_told_so() -> None:
    """A closed port."""
    with client.connect("http://127.0.0.1:9") as reader, pytest.raises(Unavailable, match="client.unreachable"):
        reader.trust()


def test_a_dam_cannot_name_files_on_this_machine(dam: Served) -> None:
    """A reservoir answers by the id that it was asked for; a trick in the id is one part of the address."""
    evil = json.dumps({"id": "../../evil", "table": {}}).encode()
    with (
        liar(evil) as url,
        client.connect(url) as reader,
        pytest.raises(Unavailable, match="client.answer-odd"),
    ):
        reader.open(STANDARD)
    with dam.client() as reader:
        for id in ("../me", "%2e%2e", "a\x00b", "", "a/b", "가", "a?b=c", "a#b"):
            with pytest.raises(DamError):
                reader.open(id)


# --- logins -----------------------------------------------------------------------------------------------------------


def test_a_login_is_used_again_and_renewed_before_it_ends(dam: Served, alice: Person) -> None:
    """One token for many requests; near its end a new one; one that the dam forgot is replaced at once."""
    with dam.client(alice) as own:
        own.me()
        first = own._token
        own.me()
        assert own._token == first
        own._until = 0.0
        own.me()
        assert own._token != first
        own._token = "forgotten"
        assert own.me()["member"] == alice.id


def test_a_stranger_is_told_to_log_in(dam: Served) -> None:
    """Before a request is sent."""
    with dam.client() as nobody, pytest.raises(Refused, match="ask.login-needed"):
        nobody.me()


def test_a_key_of_nobody_is_refused(dam: Served) -> None:
    """A member id without a member behind it."""
    with dam.client(Person("Nobody")) as nobody, pytest.raises(Refused, match="login.key-unknown"):
        nobody.me()


def test_a_new_key_takes_over_and_the_old_one_is_done(dam: Served) -> None:
    """After `rotate` the same object goes on with the new key; the old key opens nothing."""
    person = dam.person("Rotates")
    with dam.client(person) as own:
        new = seal.new_key()
        own.rotate(new)
        assert own.me()["member"] == person.id
    with dam.client(person) as old, pytest.raises(Refused, match="login.key-unknown"):
        old.me()
    with client.connect(dam.url, key=new, member=person.id) as fresh:
        assert len(fresh.me()["keys"]) == 2
        assert fresh.leave("done")["index"] > 0
        with pytest.raises(Refused):
            fresh.me()


# --- frames -----------------------------------------------------------------------------------------------------------

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "meter": st.sampled_from(["m0", "m7", "m59", "zz", ""]),
    "amount": st.integers(-3, 3),
    "price": st.sampled_from([Decimal("0.05"), Decimal("1.15"), Decimal("3.25"), Decimal(9)]),
    "share": st.sampled_from([0.0, 0.5, 1.0, 0.25]),
    "sure": st.booleans(),
    "seen": st.sampled_from([date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 2)]),
    "at": st.integers(0, 4).map(lambda second: datetime(2026, 1, 1, 0, 0, second, tzinfo=UTC)),
    "note": st.sampled_from(["a", "bb", "ccc", ""]),
}


@st.composite
def filters(draw: st.DrawFn) -> tuple[str, str, object]:
    """A filter that fits its column."""
    column = draw(st.sampled_from(sorted(VALUES)))
    op = draw(st.sampled_from([*sorted(OPS)]))
    value = draw(st.lists(VALUES[column], min_size=1, max_size=3) if op == "in" else VALUES[column])
    return column, op, value


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    filter=st.lists(filters(), max_size=2),
    columns=st.none() | st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=3, unique=True),
)
def test_polars_arrow_and_pandas_hold_the_same_rows(
    dam: Served,
    alice: Person,
    filter: list[tuple[str, str, object]],
    columns: list[str] | None,
) -> None:
    """Every operator on every type, with empty cells in the data: one answer, whatever it is loaded into."""
    with dam.client(alice) as own:
        pooled = own.open(WIDE)
        frame = pooled.to_polars(columns=columns, filter=filter)
        table = pooled.to_arrow(columns=columns, filter=filter)
        panda = pooled.to_pandas(columns=columns, filter=filter)
    rows = sorted(map(repr, frame.rows()))
    assert rows == sorted(map(repr, (tuple(row.values()) for row in pl.from_arrow(table).to_dicts())))  # type: ignore[union-attr]  # a table is a frame
    assert (len(panda), list(panda.columns)) == (len(frame), frame.columns)
    if columns:
        assert frame.columns == columns


def test_a_filter_means_what_it_says(dam: Served, alice: Person) -> None:
    """Against the rows that were handed in."""
    with dam.client(alice) as own:
        pooled = own.open(WIDE)
        assert len(pooled.to_polars()) == 60
        expected = sorted(row["meter"] for row in ROWS if row["amount"] == "1")
        assert sorted(pooled.to_polars(filter=[("amount", "=", 1)])["meter"]) == expected
        expected = sorted(row["meter"] for row in ROWS if row["amount"] and int(row["amount"]) >= 1)
        assert sorted(pooled.to_arrow(filter=[("amount", ">=", 1)])["meter"].to_pylist()) == expected
        both = [("amount", "in", [1, 2]), ("note", "!=", "a")]
        expected = sorted(r["meter"] for r in ROWS if r["amount"] in {"1", "2"} and r["note"] not in {"", "a"})
        assert sorted(pooled.to_pandas(filter=both)["meter"]) == expected


@pytest.mark.parametrize("load", ["to_polars", "to_arrow", "to_pandas"])
def test_what_cannot_be_asked_is_told(dam: Served, alice: Person, load: str) -> None:
    """An unknown column or operator, a value of another type: ours, not the library's own error."""
    with dam.client(alice) as own:
        pooled = own.open(WIDE)
        with pytest.raises(Invalid, match="client.filter-unknown"):
            getattr(pooled, load)(filter=[("amount", "like", 1)])
        with pytest.raises(NotFound, match="client.column-unknown"):
            getattr(pooled, load)(filter=[("nothing", "=", 1)])
        with pytest.raises(NotFound, match="client.column-unknown"):
            getattr(pooled, load)(columns=["nothing"])
        with pytest.raises(Invalid, match="client.filter-value"):
            getattr(pooled, load)(filter=[("amount", "<", "many")])


def test_an_empty_reservoir_is_told(dam: Served, alice: Person) -> None:
    """No files yet: there is nothing to load."""
    publish.publish(dam.world, standard_text().replace(STANDARD, "test.empty"))
    grant.grant(dam.world, alice.id, "test.empty")
    with dam.client(alice) as own, pytest.raises(NotFound, match="reservoir.empty"):
        own.open("test.empty").to_polars()


@pytest.mark.parametrize(
    ("library", "load"), [("polars", "to_polars"), ("pyarrow", "to_arrow"), ("pandas", "to_pandas")]
)
def test_a_missing_library_is_named_with_what_installs_it(library: str, load: str) -> None:
    """The light client loads without any of them."""
    script = (
        f"import sys; sys.modules[{library!r}] = None\n"
        "from datadam import client, texts\nfrom datadam.errors import Unavailable\n"
        "pooled = client.Reservoir(dam=client.connect('http://127.0.0.1:9'), info={'id': 'x'})\n"
        f"try:\n    pooled.{load}()\nexcept Unavailable as error:\n"
        "    told = texts.explain(error); print(told.what, told.remedy)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert library in done.stdout
    assert "datadam[" in done.stdout


# --- files that are fetched -------------------------------------------------------------------------------------------


def test_a_download_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    """Fewer bytes than were told: `Unavailable`, and no half file to be taken for a whole one."""
    with (
        liar(b"half", length=100) as url,
        client.connect(url) as reader,
        pytest.raises(Unavailable, match="client.unreachable"),
    ):
        reader.fetch(f"{url}/file", tmp_path / "file")
    assert not (tmp_path / "file").exists()


@pytest.mark.usefixtures("alice")
def test_a_file_shorter_than_the_dam_said_is_told(dam: Served, tmp_path: Path) -> None:
    """The dam's disk lost its end; the sizes in the answer do not match."""
    other = dam.person("Short")
    grant.grant(dam.world, other.id, STANDARD)
    with dam.client(other) as own:
        pooled = own.open(STANDARD)
        (file,) = own.files(pooled.info["table"])
        (kept,) = (dam.folder / "shares").rglob(str(file["url"]).split("?", maxsplit=1)[0].rsplit("/", 1)[1])
        whole = kept.read_bytes()
        kept.chmod(0o600)
        kept.write_bytes(whole[:-10])
        try:
            with pytest.raises(Unavailable, match="client.file-cut"):
                pooled.download(tmp_path)
        finally:
            kept.write_bytes(whole)


def test_an_address_that_is_over_is_refused(dam: Served, alice: Person, tmp_path: Path) -> None:
    """After `url_seconds`; and one whose signature was changed is unknown."""
    with dam.client(alice) as own:
        url = own.files(own.open(STANDARD).info["table"])[0]["url"]
        own.fetch(url, tmp_path / "fine")
        with pytest.raises(NotFound):
            own.fetch(url[:-1] + ("0" if url[-1] != "0" else "1"), tmp_path / "forged")
        with dam.clock.forward(hours=1), pytest.raises(Refused, match="sharing.address-over"):
            own.fetch(url, tmp_path / "late")
        with pytest.raises(Refused, match="client.url-plain"):
            own.fetch("http://169.254.169.254/latest", tmp_path / "elsewhere")
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["fine"]


def test_a_download_replaces_an_earlier_one(dam: Served, alice: Person, tmp_path: Path) -> None:
    """No file of an older version stays beside the new ones; what is somebody else's stays."""
    (tmp_path / f"{STANDARD}-00007.parquet").write_bytes(b"old")
    (tmp_path / "mine.parquet").write_bytes(b"mine")
    with dam.client(alice) as own:
        (path,) = own.open(STANDARD).download(tmp_path)
    left = sorted(found.name for found in tmp_path.iterdir() if found.is_file())
    assert left == sorted(["mine.parquet", path.name])


# --- deposits ---------------------------------------------------------------------------------------------------------


def test_a_deposit_sent_again_after_a_lost_answer_is_the_same(dam: Served, alice: Person, tmp_path: Path) -> None:
    """Signed anew, sent anew: one deposit, its rows once; each stage is told on the way."""
    path = tmp_path / "again.csv"
    path.write_bytes(b"meter,amount\nL1,1\nL2,2\n")
    seen: list[str] = []

    def told(job: dict[str, Any]) -> None:
        seen.append((job.get("progress") or {"stage": job["stage"]})["stage"])

    with dam.client(alice) as own:
        first = hand_in(own, path, progress=told)
        again = hand_in(own, path)
        assert (first["id"], first["stage"]) == (again["id"], "committed")
        assert [one["id"] for one in own.deposits()].count(first["id"]) == 1
    assert "send" in seen
    with dam.world.store.read() as rows:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert len(rows.find(Deposit, file_digest=digest)) == 1


BAD_FILES = {
    "nothing": (b"", {"deposit.file-empty", "file.empty"}),
    "blank lines": (b"\n\n\n", {"deposit.file-empty", "file.empty"}),
    "no encoding": (b"meter,amount\nA\x81\xff,1\n", {"file.encoding"}),
    "unmarked UTF-16": ("meter,amount\nA,1\n".encode("utf-16-le"), {"file.nul"}),
    "NUL": (b"meter,amount\nA\x00,1\n", {"file.nul"}),
    "header only": (b"meter,amount\n", {"file.header-only"}),
    "duplicate header": (b"meter,meter,amount\nA,B,1\n", {"file.header-twice"}),
    "blank header": (b"meter,,amount\nA,B,1\n", {"file.header-blank", "mapping.source-open"}),
    "open quote": (b'"meter,amount\nA,1\n', {"file.header-malformed"}),
    "cut Parquet": (b"PAR1" + b"\x00" * 40, {"deposit.parquet-broken"}),
    "zip": (b"PK\x03\x04meter,amount\nA,1\n", {"file.packed-broken"}),
    "a row too wide": (b"meter,amount\nA,1,2,3\n", {"file.row-too-wide"}),
    "nothing right": (b"meter,amount\nA,x\n", {"deposit.too-many-rejects"}),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_ends_in_a_sentence(dam: Served, alice: Person, tmp_path: Path, name: str) -> None:
    """Here or at the dam: what is wrong, by its code; never a library's own error, and nothing is committed."""
    data, codes = BAD_FILES[name]
    path = tmp_path / "bad.csv"
    path.write_bytes(data)
    with dam.client(alice) as own:
        try:
            job = hand_in(own, path)
            assert job["stage"] == "refused"
            code = job["fault"]["code"]
        except DamError as error:
            code = error.code
    assert any(code == one or code.startswith("mapping.") for one in codes), code


WEIRD_NAMES = [
    b"a\nb.csv",
    b"\x1b[31mred.csv",
    b"..csv",
    b"-rf.csv",
    b"con\xe2\x80\xaefdp.csv",
    b"\xff\xfe.csv",
    "가".encode() * 83 + b".csv",
    b"a" * 250 + b".csv",
    b"name with spaces; rm -rf $HOME `x`.csv",
    b"%2e%2e%2f.csv",
    b"a*b?[c].csv",
]


@pytest.mark.parametrize("name", WEIRD_NAMES)
def test_any_file_name_is_fine(dam: Served, alice: Person, tmp_path: Path, name: bytes) -> None:
    """A name is only ever shown: it names nothing on the dam's disk."""
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    path.write_bytes(b"meter,amount\nW" + hashlib.sha256(name).hexdigest()[:8].encode() + b",1\n")
    with dam.client(alice) as own:
        job = hand_in(own, path)
    assert job["stage"] == "committed", job
    assert len(job["file"]["name"]) <= 255
    assert not [found for found in dam.folder.rglob("*") if found.name.startswith((path.name, "red"))]


def test_rejects_come_back_in_ones_own_layout(dam: Served, alice: Person, tmp_path: Path) -> None:
    """With a column of reasons; another member's deposit has none that it may see."""
    path = tmp_path / "mixed.csv"
    path.write_bytes(b"amount,meter\n1,R1\nmany,R2\n")
    with dam.client(alice) as own:
        job = hand_in(own, path)
        back = own.rejects(job["id"], tmp_path / "back.csv").read_text(encoding="utf-8-sig")
        assert back.splitlines()[0].startswith("amount,meter")
        assert "many,R2" in back
    with dam.client(dam.person("Curious")) as other, pytest.raises(NotFound):
        other.rejects(job["id"], tmp_path / "theirs.csv")


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=6)
CELLS = st.lists(NAMES, min_size=1, max_size=5)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    header=CELLS,
    cells=CELLS,
    separator=st.sampled_from([",", ";", "\t", "|"]),
    dressed=st.tuples(st.sampled_from(["", "\ufeff"]), st.sampled_from(["", '"']), st.sampled_from(["\n", "\r\n"])),
)
def test_what_is_looked_at_here_is_what_the_dam_reads(
    tmp_path: Path, header: list[str], cells: list[str], separator: str, dressed: tuple[str, str, str]
) -> None:
    """What is read so here has the columns here that it has there; and nothing crashes on the others."""
    mark, quote, end = dressed
    shown = [f"{quote}{name.replace(quote, 2 * quote) if quote else name}{quote}" for name in header]
    lines = [separator.join(shown), separator.join(cells)]
    path = tmp_path / "looked.csv"
    path.write_bytes((mark + end.join(lines) + end).encode())
    try:
        layout = client.look(path)
    except Invalid:
        layout = None
    try:
        opened = polars_read.open_source(client.source(path))
    except Invalid:
        return
    assert layout is not None
    assert layout.columns == opened.columns


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_no_bytes_break_the_look(tmp_path: Path, data: bytes) -> None:
    """Whatever lies on a disk: a layout, or a refusal of ours."""
    path = tmp_path / "any"
    path.write_bytes(data)
    try:
        layout = client.look(path)
    except Invalid:
        return
    assert layout.columns


def test_a_large_file_is_looked_at_by_its_beginning(tmp_path: Path) -> None:
    """A letter cut in two at the end of what is read is no fault; one that is broken within it is."""
    start = b"meter,amount\n" + "가,1\n".encode() * 300_000
    path = tmp_path / "large.csv"
    path.write_bytes(start)
    assert client.look(path).columns == ("meter", "amount")
    path.write_bytes(b"meter,amount\n\xff,1\n" + start)
    with pytest.raises(Invalid, match="file.encoding"):
        client.look(path)


# --- what it leaves on a disk -----------------------------------------------------------------------------------------


def test_keys_are_their_owners_and_never_overwritten(tmp_path: Path) -> None:
    """0600 from the first byte on; a file, a broken link or a folder under that name stays what it is."""
    path = tmp_path / "new" / "my.key"
    key = client.new_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert client.read_key(path) == key
    with pytest.raises(Refused, match="key.exists"):
        client.new_key(path)
    assert client.read_key(path) == key
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(Refused, match="key.exists"):
        client.new_key(tmp_path / "link")
    assert sorted(found.name for found in path.parent.iterdir()) == ["my.key"]


def test_of_many_who_make_one_key_at_once_one_does(tmp_path: Path) -> None:
    """Two terminals, one name: the second is refused, and no key is lost."""
    made: list[Any] = []

    def make() -> None:
        try:
            made.append(client.new_key(tmp_path / "key"))
        except Refused:
            made.append(None)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [key for key in made if key is not None] == [client.read_key(tmp_path / "key")]


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b'{"d": 1}', b"\xff", b'{"d": "x", "kty": "OKP"}'])
def test_a_file_that_is_no_key_is_told(tmp_path: Path, text: bytes) -> None:
    """Whatever it holds; and one that is not there."""
    (tmp_path / "key").write_bytes(text)
    with pytest.raises(Invalid):
        client.read_key(tmp_path / "key")
    with pytest.raises(Invalid, match="key.unreadable"):
        client.read_key(tmp_path / "none")


def test_profile_and_pins_are_their_owners_and_whole(home: Path) -> None:
    """Owner-only, and while they are written over and over nobody ever reads half of one."""
    client.save_profile(client.Profile(url="http://127.0.0.1:1", key=Path("/k"), member="m-1"))
    path = home / "profile.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    done = threading.Event()

    def write() -> None:
        for number in range(60):
            client.save_profile(client.Profile(url="http://127.0.0.1:1", member="m" * (number * 100)))
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        assert client.default_profile().url == "http://127.0.0.1:1"
    writer.join()
    assert sorted(found.name for found in home.iterdir()) == ["profile.json"]


def test_the_default_profile_is_what_open_uses(
    dam: Served, alice: Person, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None: told so; saved: used; in the environment: before the saved one."""
    with pytest.raises(NotFound, match="profile.none"):
        datadam.open(STANDARD)
    key = client.write_private(tmp_path / "alice.key", alice.key)
    client.save_profile(client.Profile(url=dam.url, key=key, member=alice.id))
    pooled = datadam.open(STANDARD)
    assert len(pooled.to_polars()) >= 3
    pooled.dam.close()
    monkeypatch.setenv("DATADAM_URL", "http://127.0.0.1:9")
    assert client.default_profile() == client.Profile(url="http://127.0.0.1:9")
    monkeypatch.setenv("DATADAM_KEY", str(key))
    assert client.default_profile().key == key
    monkeypatch.delenv("DATADAM_URL")
    (home / "profile.json").write_text("{", encoding="utf-8")
    with pytest.raises(NotFound, match="profile.none"):
        client.default_profile()


def test_reservoirs_print_as_a_table(dam: Served, alice: Person) -> None:
    """What a notebook shows."""
    with dam.client(alice) as own, dam.client() as nobody:
        told = repr(own.reservoirs())
        line = next(line for line in told.splitlines() if line.startswith(STANDARD))
        assert line.split()[:4] == [STANDARD, "1.0.0", "agreement", "yes"]
        assert "no" in repr(nobody.reservoirs())
        assert {one["id"] for one in own.standards()} >= {STANDARD, WIDE}
        assert "agreement" in own.standard_text(STANDARD)


def test_share_profiles_are_told_once_and_end(dam: Served, alice: Person) -> None:
    """Made, listed without the token, revoked, gone."""
    with dam.client(alice) as own:
        before = len(own.share_profiles())
        made = own.share_profile(STANDARD)
        assert made["endpoint"] == f"{dam.url}/sharing"
        held = own.share_profiles()
        assert len(held) == before + 1
        assert made["bearerToken"] not in json.dumps(held)
        for one in held:
            own.revoke_profile(one["profile"])
        assert all(one["revoked"] for one in own.share_profiles())
        with pytest.raises(NotFound, match="profile.unknown"):
            own.revoke_profile("0" * 12)
        with pytest.raises(NotFound):
            own.revoke_profile("../../me")


def test_receipts_are_checked_on_arrival(dam: Served, alice: Person) -> None:
    """Of a deposit and of a release; an id that is none is told."""
    with dam.client(alice) as own:
        own.open(STANDARD).to_polars()
        (release, *_) = own.releases(STANDARD)
        job = own.deposits()[0]
        for id in (release["id"], job["id"], job["outcome"]):
            receipt = json.dumps(own.receipt(id))
            assert client.choose_key(receipt, client.pinned_keys()) == own.vkey
        with pytest.raises(NotFound, match="statement.unknown"):
            own.receipt("../me")
        assert own.body("0" * 64) is None
        with pytest.raises(Untrusted, match="receipt.log-unknown"):
            client.choose_key(receipt, [])
        for no_receipt in ("[]", "{}", '{"log": null}'):
            with pytest.raises(Invalid, match="receipt.malformed"):
                client.choose_key(no_receipt, [own.vkey])


def test_bodies_are_read_a_page_at_a_time(dam: Served, alice: Person) -> None:
    """In the order of the log; what the caller may not read is None and does not hold up the rest."""
    ids = [id for _, id in dam.world.ledger.entries()]
    with dam.client(alice) as own:
        body = own.bodies()
        found = [body(id) for id in ids]
    assert found[0] is not None
    held = [seal.opened(one).id for one in found if one is not None]
    assert held == [id for id, one in zip(ids, found, strict=True) if one is not None]
    with dam.client() as nobody:
        shown = nobody.bodies()
        public = [shown(id) for id in ids]
    assert sum(one is not None for one in public) < sum(one is not None for one in found)


def test_a_refusal_says_its_sentences_in_a_traceback(dam: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever imports us reads what is wrong and what to do, not a code alone, and in their language."""
    for language, words in (("en", "There is no standard"), ("ko", "없습니다")):
        monkeypatch.setenv("DATADAM_LANG", language)
        with client.connect(dam.url) as stranger, pytest.raises(NotFound) as refused:
            stranger.open("test.none")
        assert words in "".join(traceback.format_exception(refused.value))
