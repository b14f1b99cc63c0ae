"""Looking through texts for identifiers: cells a CPU second without the start, and how many times a plain read.

Six structured columns of a Parquet file: names of things, record numbers, joined order numbers of ten and of sixteen
digits, days with times, and e-mail addresses in one row of a hundred; nearly all distinct. A seventh column is prose in
Korean. The plain side reads the columns whole, as any pass over them has to.
"""

import argparse
import tempfile
from pathlib import Path

import datadam.adapters  # noqa: F401  (first, as in a dam: it says how memory is kept before Polars loads)

# isort: split
import polars as pl

import measure
from datadam.adapters.polars_identifiers import holds_none
from datadam.model import Column, Feed, Fit, Repeat, Standard, StandardId, Type
from datadam.planning import compile_plan

BAR_CELLS = 1_000_000  # a CPU second, of structured columns
STRUCTURED = ("thing", "record", "order", "long", "day", "contact")
PROSE = "prose"
WORDS = ("lot", "spot", "blend", "grade", "refined", "crude", "cathode", "powder", "ingot", "oxide")


def write_file(path: Path, rows: int) -> None:
    """Write the file to look through: the same bytes for the same number of rows."""
    index = pl.col("i")

    def digits(seed: int, count: int) -> pl.Expr:
        drawn: pl.Expr = index.hash(seed) % 10**count
        return drawn.cast(pl.String).str.zfill(count)

    def word(seed: int) -> pl.Expr:
        drawn: pl.Expr = index.hash(seed) % len(WORDS)
        return drawn.replace_strict(dict(enumerate(WORDS)), return_dtype=pl.String)

    pl.select(i=pl.int_range(rows, dtype=pl.UInt64)).select(
        thing=pl.concat_str(word(1), word(2), word(3), digits(4, 5), separator=" "),
        record=pl.format("R{}", digits(5, 11)),
        order=digits(6, 10),
        long=digits(7, 16),
        day=pl.format("2026-{}-{} 12:{}", (index % 12 + 1).cast(pl.String).str.zfill(2), digits(8, 1), digits(9, 2)),
        contact=pl.when(index % 100 == 0)
        .then(pl.format("user{}@example.org", index))
        .otherwise(pl.format("team {}", index)),
        prose=pl.format(
            "{}번째 제품은 2026년 3월 {}일에 출하되었으며 수량은 {}개입니다", index, index % 28, digits(10, 4)
        ),
    ).write_parquet(path)


def plain(path: Path, columns: list[str]) -> None:
    """Read the columns, and take the length of every text."""
    lengths = pl.scan_parquet(path).select(pl.col(columns).str.len_bytes().sum())
    print(lengths.collect(engine="streaming").row(0))


def look(path: Path, columns: list[str]) -> None:
    """Judge every cell, as a plan does."""
    held = Standard(
        id=StandardId("bench.cells"),
        version="1.0.0",
        titles={},
        descriptions={},
        columns=tuple(Column(name=name, type=Type.TEXT) for name in columns),
        key=(),
        repeat=Repeat.KEEP,
    )
    feeds = tuple(Feed(column=name, source=name) for name in columns)
    plan = compile_plan(held, Fit(standard=held.id, version=held.version, feeds=feeds), {})
    judged = [(~holds_none(pl.col(name), plan.cell(name), None)).sum().alias(name) for name in columns]
    found = pl.scan_parquet(path).select(judged).collect(engine="streaming").row(0, named=True)
    print(found)
    if "contact" in found:
        assert found["contact"] >= pl.scan_parquet(path).select(pl.len()).collect().item() // 100
        assert (found["thing"], found["record"]) == (0, 0)


SIDES = {"plain": plain, "look": look}


def main() -> None:
    """Measure both sides in turns, over structured columns and over prose; or be one of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--turns", type=int, default=measure.TURNS)
    parser.add_argument("--side", choices=sorted(SIDES))
    parser.add_argument("--file", type=Path)
    parser.add_argument("--columns", nargs="*", default=[])
    asked = parser.parse_args()
    if asked.side:
        SIDES[asked.side](asked.file, asked.columns)
        return
    with tempfile.TemporaryDirectory(prefix="datadam-bench-") as name:
        file = Path(name) / "cells.parquet"
        write_file(file, asked.rows)
        sides = {
            f"{side} {what}": [__file__, "--side", side, "--file", str(file), "--columns", *columns]
            for what, columns in (("nothing", ["record"]), ("structured", STRUCTURED), ("prose", [PROSE]))
            for side in SIDES
            if what != "nothing" or side == "plain"
        }
        found = {name: cost.cpu_s for name, cost in measure.compare(sides, turns=asked.turns).items()}
    started = found["plain nothing"]  # a process that does next to nothing: its start is no cell's cost
    cells = asked.rows * len(STRUCTURED)
    measure.say(
        name="identifiers",
        rows=asked.rows,
        rate=round(cells / max(0.001, found["look structured"] - started)),
        bar=BAR_CELLS,
        times_a_read=found["look structured"] / found["plain structured"],
        prose_rate=round(asked.rows / max(0.001, found["look prose"] - started)),
        cpu_s=found["look structured"],
        plain_cpu_s=found["plain structured"],
    )


if __name__ == "__main__":
    main()
