"""Files as people have them, deposited from end to end: looked at here, signed, judged at a real dam as was signed."""

import gzip
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from datadam import client, confirming, proposing, seal
from datadam.adapters import polars_read
from datadam.cli.reading import declared, show_reading
from datadam.dam import publish
from datadam.edges import terminal
from datadam.errors import Invalid
from datadam.formats import codelists, odcs, packing
from datadam.formats.dialects import Declared
from datadam.model import Kind, Reading, Source
from served import STANDARD, Served, published, serving
from worlds import Person

NOTHING = Declared()
TITLED = "수도 사용량\n\nmeter,amount\n{0}1,5\n{0}2,7\n합계,12\n"


@pytest.fixture(scope="module")
def dam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A dam that is served, with a small standard and the packaged one of indicators."""
    with serving(tmp_path_factory.mktemp("read") / "dam") as made:
        published(made.world)
        publish.publish(made.world, codelists.packaged_standard("cti.indicator"))
        yield made


@pytest.fixture(scope="module")
def alice(dam: Served) -> Person:
    """A contributor."""
    return dam.person("Alice")


def hand_in(dam: client.Dam, path: Path, declared: Declared = NOTHING, standard: str = STANDARD) -> dict[str, Any]:
    """Deposit a file whose columns need no question."""
    found, layout = dam.standard(standard), client.look(path, declared)
    fit = confirming.confirm(proposing.suggest(found, layout, codelists.packaged()), found, layout)
    return dict(dam.deposit(path, fit, reading=layout.reading))


def manifest_of(dam: Served, id: str) -> dict[str, Any]:
    """What was signed."""
    statement = dam.world.ledger.statement(id)
    assert statement.kind == Kind.MANIFEST
    return dict(statement.body["file"])


def workbook(path: Path) -> Path:
    """A sheet with a title."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in (["Water"], [], ["meter", "amount"], ["X1", 5], ["X2", 7], ["Total", 12]):
        sheet.append(row)
    book.save(path)
    return path


def test_every_format_ends_in_the_same_reservoir(dam: Served, alice: Person, tmp_path: Path) -> None:
    """Two rows each, whatever they came in; the signed manifest says how they were read."""
    frame = pl.DataFrame({"meter": ["P1", "P2"], "amount": [5, 7]})
    frame.write_parquet(tmp_path / "a.parquet")
    frame.with_columns(pl.lit("A").add(pl.col("meter")).alias("meter")).write_ipc(tmp_path / "a.arrow")
    (tmp_path / "a.csv").write_bytes(TITLED.format("K").encode("cp949"))
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(TITLED.format("G").encode("utf-16")))
    (tmp_path / "a.json").write_text('[{"meter": "J1", "amount": 5}, {"meter": "J2", "amount": 7}]')
    (tmp_path / "a.jsonl").write_text('{"meter": "L1", "amount": 5}\n{"meter": "L2", "amount": 7}\n')
    workbook(tmp_path / "a.xlsx")
    expected = {
        "a.parquet": ("parquet", {}),
        "a.arrow": ("arrow", {}),
        "a.csv": ("csv", {"encoding": "cp949", "header_row": 3, "last_row": 5}),
        "a.csv.gz": ("csv", {"compression": "gzip", "encoding": "utf-16-le", "header_row": 3, "last_row": 5}),
        "a.json": ("json", {}),
        "a.jsonl": ("jsonl", {}),
        "a.xlsx": ("xlsx", {"sheet": "Sheet", "header_row": 3, "last_row": 5}),
    }
    with dam.client(alice) as own:
        for name, (kind, reading) in expected.items():
            job = hand_in(own, tmp_path / name)
            assert (job["stage"], job["tally"]["admitted"]) == ("committed", 2), (name, job)
            signed = manifest_of(dam, job["id"])
            assert (signed["format"], signed["reading"]) == (kind, reading)
    assert not list(dam.folder.rglob("*.part"))


def test_stix_indicators_are_pooled_and_the_others_are_told_with_their_reason(
    dam: Served, alice: Person, tmp_path: Path
) -> None:
    """A bundle of a hundred simple patterns and one that is not."""
    green = ["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"]
    held = [
        {"type": "indicator", "pattern_type": "stix", "pattern": pattern, "object_marking_refs": green}
        for pattern in [
            *(f"[domain-name:value = 'n{n}.example']" for n in range(100)),
            "[url:value = 'http://a' AND url:value = 'http://b']",
        ]
    ]
    path = tmp_path / "bundle.json"
    path.write_text(json.dumps({"type": "bundle", "id": "bundle--1", "objects": held}))
    with dam.client(alice) as own:
        job = hand_in(own, path, standard="cti.indicator")
    assert (job["stage"], job["tally"]["admitted"], job["tally"]["rejected"]) == ("committed", 100, 1)
    assert "pattern with AND" in {fault["value"] for fault in job["shown"]}


def test_the_same_bytes_read_otherwise_are_another_deposit(dam: Served, alice: Person, tmp_path: Path) -> None:
    """A second reading of one file is not taken for the first."""
    path = tmp_path / "two.csv"
    path.write_bytes(b"meter,amount\nT1,1\nT2,2\nT3,3\n")
    with dam.client(alice) as own:
        first = hand_in(own, path)
        shorter = hand_in(own, path, Declared(last_row=3))
        again = hand_in(own, path)
    assert first["id"] == again["id"] != shorter["id"]
    assert (first["tally"]["rows"], shorter["tally"]["rows"]) == (3, 2)


def test_a_reading_that_lies_ends_in_a_refusal(dam: Served, alice: Person, tmp_path: Path) -> None:
    """What the dam finds in the bytes counts; nothing is left of it in the spool."""
    path = tmp_path / "lies.csv"
    path.write_bytes("meter,amount\n가,1\n".encode())
    with dam.client(alice) as own:
        layout = client.look(path)
        found = own.standard(STANDARD)
        fit = confirming.confirm(proposing.suggest(found, layout, codelists.packaged()), found, layout)
        job = own.deposit(path, fit, reading=Reading(encoding="cp932"))
    assert job["stage"] == "refused"
    assert job["fault"]["code"] == "file.encoding-other"
    assert not list(dam.folder.rglob("*.part"))


def test_a_manifest_without_a_reading_is_read_as_ever(dam: Served, alice: Person, tmp_path: Path) -> None:
    """Older clients say the format alone: UTF-8, and the separator that the header uses most."""
    data = b"meter;amount\nO1;1\n"
    standard = odcs.read(publish.published(dam.world, STANDARD).text)
    path = tmp_path / "old.csv"
    path.write_bytes(data)
    layout = client.look(path)
    fit = confirming.confirm(proposing.suggest(standard, layout, codelists.packaged()), standard, layout)
    statement = alice.manifest(fit, data)
    assert "reading" not in statement.body["file"]
    with dam.client(alice) as own:
        job = own._ask("POST", "/api/deposits", content=seal.envelope(statement)).json()
        own._ask("PUT", f"/api/deposits/{job['id']}/file", content=data)
        assert own.wait(job["id"])["tally"]["admitted"] == 1


def test_what_cannot_be_read_at_all_is_told_here(tmp_path: Path) -> None:
    """A folder, or nothing."""
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(Invalid, match="file.unreadable"):
            client.look(path)


# --- folders ----------------------------------------------------------------------------------------------------------


def folder_of(path: Path, **files: str) -> Path:
    """A folder of CSV files."""
    path.mkdir()
    for name, text in files.items():
        (path / f"{name}.csv").write_text(text, encoding="cp949")
    return path


def test_a_folder_is_one_deposit(dam: Served, alice: Person, tmp_path: Path) -> None:
    """Rows of all its files under one header; the same folder is the same deposit; faults name file and row."""
    rows = "".join(f"F{n},{n}\n" for n in range(10, 50))
    parts = {
        "b": "하천 유량 관측 기록 일람표\n\nmeter,amount\nF3,3\n",
        "a": "하천 유량 관측 기록 일람표\n\nmeter,amount\nF1,1\nF2,2",  # no line end
        "c": "하천 유량 관측 기록 일람표\n\nmeter,amount\n" + rows + "F9,many\n",
    }
    folder = folder_of(tmp_path / "daily", **parts)
    (folder / ".hidden").write_text("x")
    with dam.client(alice) as own:
        found = own.standard(STANDARD)
        ids = []
        for _ in range(2):
            with client.as_one(folder) as (sent, shown, reading):
                layout = client.look(shown)
                fit = confirming.confirm(proposing.suggest(found, layout, codelists.packaged()), found, layout)
                job = own.deposit(sent, fit, reading=reading)
                ids.append(job["id"])
    assert ids[0] == ids[1]
    assert job["file"]["name"] == "daily.zip"
    assert (job["stage"], job["tally"]["admitted"], job["tally"]["rejected"]) == ("committed", 43, 1)
    assert job["file"]["reading"]["parts"] == [["a.csv", 2], ["b.csv", 1], ["c.csv", 41]]
    assert reading is not None
    assert [reading.place(row) for row in (0, 2, 3, 43, 44)] == [
        ("a.csv", 0),
        ("b.csv", 0),
        ("c.csv", 0),
        ("c.csv", 40),
        (None, 0),
    ]
    assert terminal._fault_row(job["shown"][0], job["file"]["reading"]["parts"])[0] == "c.csv 41"


def test_a_folder_of_several_layouts_is_none(tmp_path: Path) -> None:
    """Another header, another encoding, no CSV, no file at all: told with the file's name."""
    good = "meter,amount\n가,1\n"
    with pytest.raises(Invalid, match="file.empty"), client.as_one(folder_of(tmp_path / "none")):
        pass
    for number, other in enumerate(["meter,volume\n가,1\n", "meter;amount\n가;1\n", '[{"meter": "가", "amount": 1}]']):
        folder = folder_of(tmp_path / str(number), a=good, b=other)
        with pytest.raises(Invalid, match="file.parts-differ") as caught, client.as_one(folder):
            pass
        assert caught.value.facts["part"] == "b.csv"
    (folder / "b.csv").write_text(good, encoding="utf-8")
    with pytest.raises(Invalid, match="file.parts-differ"), client.as_one(folder):
        pass


def zipped(path: Path, *texts: str) -> Path:
    """An archive of files."""
    with zipfile.ZipFile(path, "w") as archive:
        for number, text in enumerate(texts):
            archive.writestr(f"../{number}", text)
    return path


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        (("a,b\n1,2\n", "a,c\n1,2\n"), "file.parts-differ"),
        (("a,b\n1,2\n",), "file.zip-members"),
        (("a,b\n1,2\n", "a,b\n1,2\n", "a,b\n"), "file.zip-members"),
        (("a,b\n", "a,b\n"), "file.header-only"),
        (("a,b\n1,\0\n", "a,b\n1,2\n"), "file.nul"),
        (("a,b\n" + "1,2\n" * 3_000_000, "a,b\n" + "1,2\n" * 3_000_000), "file.bomb"),
    ],
)
def test_a_packed_folder_is_believed_as_far_as_its_bytes_go(
    texts: tuple[str, ...], code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the dam finds differs from what was signed: refused, whatever the members are called."""
    monkeypatch.setattr(packing, "FREE", 20_000_000)
    monkeypatch.setattr(packing, "RATIO", 0)
    reading = Reading(compression="zip", parts=(("x", 1), ("y", 1)))
    path = zipped(tmp_path / "x.zip", *texts)
    with pytest.raises(Invalid, match=code):
        polars_read.open_source(Source(path=str(path), format="csv", name="x", reading=reading))
    assert not list(tmp_path.glob(".*.part"))


def test_parts_are_read_one_after_the_other(tmp_path: Path) -> None:
    """Under one header; a part of a header alone has no rows; broken archives are told."""
    reading = Reading(compression="zip", parts=(("x", 1), ("y", 0), ("z", 1)))
    path = zipped(tmp_path / "x.zip", "a,b\n1,2\n", "a,b\n", "a,b\n3,4")
    source = Source(path=str(path), format="csv", name="x", reading=reading)
    opened = polars_read.open_source(source)
    assert opened.rows.collect().rows() == [(0, "1", "2"), (1, "3", "4")]
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(Invalid, match="file.packed-broken"):
        polars_read.open_source(source)


# --- on the command line ----------------------------------------------------------------------------------------------


def test_options_say_how_a_file_is_read() -> None:
    """In words that a shell lets through; what cannot be meant is refused."""
    said = declared("EUC-KR", "tab", "none", "2024", 3, 5, 9)
    assert said == Declared(
        encoding="cp949", separator="\t", quote="", sheet="2024", header_row=3, first_row=5, last_row=9
    )
    assert declared() == NOTHING
    for separator, quote, header_row, first_row in (("x", None, 1, 2), (None, "x", 1, 2), (None, None, 3, 3)):
        with pytest.raises(Invalid, match="file.reading-odd"):
            declared(separator=separator, quote=quote, header_row=header_row, first_row=first_row)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_how_a_file_is_read_is_shown(language: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every part of it that is not plain; nothing where all is."""
    path = tmp_path / "a.tsv"
    path.write_bytes("제목\n\n이름\t수\n가\t1\n나\t2\n합계\t3\n".encode("cp949"))
    show_reading(terminal.Terminal(language), client.look(path))
    shown = capsys.readouterr().out
    assert all(part in shown for part in ("csv", "cp949", "tab", "3", "5"))
    path.write_bytes(b"a,b\n1,2\n")
    show_reading(terminal.Terminal(language), client.look(path))
    assert not capsys.readouterr().out
