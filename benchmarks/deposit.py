"""A deposit from intake to judged, against Polars' bare copy of the same CSV to Parquet.

The file: 12 columns, about 117 bytes a row, all record ids distinct, 200,000 supplier ids, one bad cell in 200, a
free text. The standard: 9 rules besides types, uniqueness among them; kg, lb and t converted exactly to kg row by row;
the supplier replaced by an internal unit id. Our side spools the bytes while hashing them, looks, judges, converts and
hashes, writes admitted rows and rejects durably, proves uniqueness, digests what it wrote and looks it over as a whole.
"""

import argparse
import sys
import tempfile
from decimal import Decimal
from pathlib import Path

import datadam.adapters  # noqa: F401  (first, as in a dam: it says how memory is kept before Polars loads)

# isort: split
import polars as pl

import measure
from datadam.adapters.polars_engine import PolarsEngine
from datadam.adapters.polars_quality import PolarsSurveyor
from datadam.adapters.spool_files import SpoolFiles
from datadam.model import Column, Feed, Fit, Protection, Source, Standard, StandardId, Type, Unit
from datadam.plan import Plan
from datadam.planning import compile_plan
from datadam.ports import Outputs, SurveyOrder

BAR_RATIO = 1.8
BAR_PEAK_MB = 2_500
BARE = """\
import sys, polars
polars.scan_csv(sys.argv[1], infer_schema=False).sink_parquet(sys.argv[2], compression="zstd")
"""  # what Polars alone needs to copy the file, and not an import more
ROWS_AT_ONCE = 500_000  # when the file is written
CHUNK = 64 * 1024  # as a web server hands a body on
WORDS = (
    "lot",
    "spot",
    "blend",
    "grade",
    "refined",
    "crude",
    "cathode",
    "powder",
    "ingot",
    "oxide",
    "export",
    "hold",
    "urgent",
    "sample",
    "retest",
    "rail",
    "sea",
    "batch",
    "north",
    "south",
)
MATERIALS = ("lithium", "cobalt", "nickel", "gallium", "germanium", "graphite", "copper", "tungsten")
COUNTRIES = ("KOR", "DEU", "CHL", "AUS", "COD", "IDN", "USA", "JPN")
CURRENCIES = ("EUR", "KRW", "USD", "JPY", "CLP")


def write_file(path: Path, rows: int) -> None:
    """Write the file to deposit: the same bytes for the same number of rows."""
    with path.open("wb") as file:
        for start in range(0, rows, ROWS_AT_ONCE):
            chunk = _chunk(start, min(ROWS_AT_ONCE, rows - start))
            file.write(chunk.write_csv(include_header=start == 0).encode())


def _chunk(start: int, count: int) -> pl.DataFrame:
    index = pl.col("i")

    def draw(seed: int, below: int) -> pl.Expr:
        return index.hash(seed) % below

    def pick(seed: int, words: tuple[str, ...] | list[str]) -> pl.Expr:
        return draw(seed, len(words)).replace_strict(dict(enumerate(words)), return_dtype=pl.String)

    def digits(seed: int, count: int) -> pl.Expr:
        return draw(seed, 10**count).cast(pl.String).str.zfill(count)

    def soiled(seed: int, name: str, bad: str) -> pl.Expr:
        return pl.when(draw(seed, 200) == 0).then(pl.lit(bad)).otherwise(pl.col(name)).alias(name)

    clean = pl.select(i=pl.int_range(start, start + count, dtype=pl.UInt64)).with_columns(
        record_id=pl.format("R{}", index.cast(pl.String).str.zfill(11)),
        supplier_id=pl.format("SUP-{}", draw(1, 200_000).cast(pl.String).str.zfill(6)),
        material=pick(2, MATERIALS),
        hs_code=(draw(3, 9_000) + 280_000).cast(pl.String),
        quantity=(draw(4, 99_999) + 1).cast(pl.String),
        weight=pl.format("{}.{}", draw(5, 5_000) + 1, digits(6, 3)),
        unit=pick(7, ("kg", "lb", "t")),
        price=pl.format("{}.{}", draw(8, 9_000) + 1, digits(9, 2)),
        currency=pick(10, CURRENCIES),
        country=pick(11, COUNTRIES),
        day=(pl.date(2020, 1, 1) + pl.duration(days=draw(12, 2_000).cast(pl.Int64))).cast(pl.String),
        note=pl.concat_str(*(pick(seed, WORDS) for seed in range(13, 18)), digits(18, 4), separator=" "),
    )
    return clean.with_columns(
        soiled(31, "supplier_id", ""),
        soiled(32, "material", "unobtainium"),
        soiled(33, "hs_code", "28O5"),
        soiled(34, "quantity", "-3"),
        soiled(35, "weight", "n/a"),
        soiled(36, "unit", "bags"),
        soiled(37, "price", "1,234.5"),
        soiled(38, "currency", "XXX"),
        soiled(39, "country", "Narnia"),
        soiled(40, "day", "2026-02-30"),
        soiled(41, "note", ""),
    ).drop("i")


def standard() -> Standard:
    """A standard with nine rules, a conversion, a unit id and a key."""
    kilograms = (Unit(symbol="lb", numerator=45_359_237, denominator=10**8), Unit(symbol="t", numerator=1_000))
    columns = (
        Column(name="record_id", type=Type.TEXT, required=True),
        Column(
            name="supplier_id",
            type=Type.TEXT,
            pattern=r"\ASUP-[0-9]{6}\z",
            protection=Protection.UNIT_ID,
            domain="supplier",
        ),
        Column(name="material", type=Type.TEXT, values=MATERIALS),
        Column(name="hs_code", type=Type.TEXT, pattern=r"\A[0-9]{6}\z"),
        Column(name="quantity", type=Type.INTEGER, minimum=Decimal(1), maximum=Decimal(100_000), safe_statistics=True),
        Column(name="weight", type=Type.DECIMAL, scale=3, precision=18, unit="kg", units=kilograms, minimum=Decimal(0)),
        Column(name="price", type=Type.DECIMAL, scale=2, precision=18),
        Column(name="currency", type=Type.TEXT, values=CURRENCIES),
        Column(name="country", type=Type.TEXT, values=COUNTRIES),
        Column(name="day", type=Type.DATE, safe_statistics=True),
        Column(name="note", type=Type.TEXT),
    )
    return Standard(
        id=StandardId("bench.delivery"),
        version="1.0.0",
        titles={},
        descriptions={},
        columns=columns,
        key=("record_id",),
        reject_limit=Decimal("0.1"),
    )


def plan(standard: Standard) -> Plan:
    """The plan for a file whose columns have the standard's names."""
    feeds = tuple(
        Feed(column=column.name, source=column.name, unit_source="unit" if column.name == "weight" else None)
        for column in standard.columns
    )
    return compile_plan(standard, Fit(standard=standard.id, version=standard.version, feeds=feeds), {})


def deposit(path: Path, into: Path) -> None:
    """Intake to judged and looked over.

    What follows (seal, commit) costs the same whatever the size: a few statements and a rename.
    """
    deposit_id = "0" * 64
    with path.open("rb", buffering=0) as file:
        spool = SpoolFiles(into / "spool", max_bytes=2**40)
        spooled, _, _ = spool.receive(deposit_id, iter(lambda: file.read(CHUNK), b""), limit=2**40)
    outputs = Outputs(
        admitted=into / "admitted.parquet",
        rejects=into / "rejects.parquet",
        deposit=deposit_id,
        unit_keys={"supplier": bytes(range(32))},
        key_secret=bytes(range(32, 64)),
    )
    source = Source(path=str(spooled), format="csv", name=path.name)
    asked = standard()
    compiled = plan(asked)
    tally = PolarsEngine().run(compiled, source, outputs, _silent)
    PolarsSurveyor().survey(
        SurveyOrder(standard=asked, plan=compiled, admitted=outputs.admitted, rejects=outputs.rejects)
    )
    print({"rows": tally.rows, "admitted": tally.admitted, "faults": dict(tally.faults)})


def _silent(_stage: str, _done: int, _total: int | None) -> None:
    pass


def main() -> None:
    """Measure both sides in turns, or be one of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--turns", type=int, default=measure.TURNS)
    parser.add_argument("--side", choices=["write", "deposit"])
    parser.add_argument("--file", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="datadam-bench-") as name:
        folder = Path(name)
        if asked.side:
            if asked.side == "write":
                write_file(asked.file, asked.rows)
            else:
                deposit(asked.file, folder)
            return
        file = folder / "deposit.csv"
        # in a process of its own: a child's peak begins at its parent's
        measure.cost([sys.executable, __file__, "--side", "write", "--rows", str(asked.rows), "--file", str(file)])
        print(f"{asked.rows} rows, {file.stat().st_size / asked.rows:.1f} bytes a row")
        sides = {
            "bare": ["-c", BARE, str(file), str(folder / "bare.parquet")],
            "deposit": [__file__, "--side", "deposit", "--file", str(file)],
        }
        touched = 1_000 + 3 * file.stat().st_size // 1_000_000  # what the dearer side holds, in memory and on the disk
        found = measure.compare(sides, turns=asked.turns, touch_mb=touched)
    ours, theirs = found["deposit"], found["bare"]
    measure.say(
        name="deposit",
        rows=asked.rows,
        ratio=ours.cpu_s / theirs.cpu_s,
        bar=BAR_RATIO,
        cpu_s=ours.cpu_s,
        bare_cpu_s=theirs.cpu_s,
        wall_s=ours.wall_s,
        peak_mb=ours.peak_mb,
        bar_peak_mb=BAR_PEAK_MB,
    )


if __name__ == "__main__":
    main()
