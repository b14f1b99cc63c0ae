"""Files as people have them, deposited from end to end: looked at here, signed, judged at a real dam as was signed."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from datadam import client, mapping, seal
from datadam.dam import publish
from datadam.errors import Invalid
from datadam.formats import codelists, odcs
from datadam.formats.dialects import Declared
from datadam.model import Kind, Reading
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
    fit = mapping.confirm(mapping.suggest(found, layout, codelists.packaged()), found, layout)
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
        fit = mapping.confirm(mapping.suggest(found, layout, codelists.packaged()), found, layout)
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
    fit = mapping.confirm(mapping.suggest(standard, layout, codelists.packaged()), standard, layout)
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
