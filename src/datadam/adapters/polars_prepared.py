"""Write admitted rows as a file that a dam takes: every value as the text that the standard's own form reads back."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from datadam.adapters.parquet_schema import file_digest
from datadam.model import FileFact


class PolarsPreparedWriter:
    """The `PreparedWriter` of a contributor's own machine."""

    def write(self, admitted: Path, into: Path, *, columns: Sequence[str]) -> FileFact:
        """Write these columns into `into`, Parquet if it ends so, else CSV; nothing of the system goes along."""
        rows = pl.scan_parquet(admitted, glob=False)
        count = int(rows.select(pl.len()).collect().item())
        schema = rows.collect_schema()
        if into.suffix == ".parquet":
            # a double travels as its shortest text: read out in full it may have more digits than a number's form
            typed = [pl.col(name).cast(pl.String) if schema[name].is_float() else pl.col(name) for name in columns]
            # no minimum or maximum in the footer: what travels is the rows and nothing about them
            rows.select(typed).sink_parquet(into, compression="zstd", statistics=False, engine="streaming")
        else:
            texts = [_text(pl.col(name), schema[name]).alias(name) for name in columns]
            rows.select(texts).sink_csv(into, engine="streaming")
        return FileFact(path=str(into), digest=file_digest(into) or "", size=into.stat().st_size, rows=count)


def _text(value: pl.Expr, kind: pl.DataType) -> pl.Expr:
    if isinstance(kind, pl.Datetime):
        return value.dt.replace_time_zone(None).dt.to_string("%Y-%m-%dT%H:%M:%S%.6fZ")
    return value.dt.to_string("%Y-%m-%d") if kind == pl.Date else value.cast(pl.String)
