"""What narrowing costs: a share of part of a reservoir against a plain filtered copy of the same rows, in CPU seconds.

The policy view leaves out one deposit whole, the stricter marked rows of all, and a column of two deposits. `--rows` is
as in `share.py`.
"""

from pathlib import Path

import polars as pl

import share

MARKING = "unit"  # three words: two of them leave
LEAVE = ("ore", "copper")
WITHHELD = {1: ("note",), 2: ("note",)}


def parts(reservoir: Path) -> list[Path]:
    """The stored files that leave: all but the last."""
    return sorted(reservoir.glob("*.parquet"))[:-1]


def leaving(reservoir: Path) -> pl.LazyFrame:
    """The rows that leave."""
    return pl.scan_parquet(parts(reservoir)).filter(pl.col(MARKING).is_in(LEAVE))


def plain(reservoir: Path, into: Path) -> None:
    """Scan, filter, write: what anybody would do."""
    chosen = leaving(reservoir).select(column.name for column in share.COLUMNS)
    chosen.sink_parquet(into / "copy.parquet", compression="zstd")


def narrow(reservoir: Path, into: Path) -> None:
    """The share of the same rows for one recipient."""
    paths = parts(reservoir)
    said = {place: {"markings": LEAVE, "withheld": WITHHELD.get(place, ())} for place in range(len(paths))}
    assert share.written(paths, into, said, marking=MARKING) == leaving(reservoir).select(pl.len()).collect().item()


if __name__ == "__main__":
    share.run(__file__, "narrow", {"plain": plain, "narrow": narrow}, bar=2.8)
