"""Count how a file's values are written, all of them in one streaming pass: the Profiler port on Polars."""

from collections.abc import Mapping, Sequence

import polars as pl

from datadam import readings
from datadam.adapters.polars_read import UNREADABLE, open_source, refuse
from datadam.model import Source


class PolarsProfiler:
    """The `Profiler` of one node: memory stays flat in rows."""

    def profile(self, source: Source, columns: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """Column → probe → how many of its values match; blanks around values and empty ones do not count."""
        opened = open_source(source)
        wanted = [name for name in columns if name in opened.columns]
        if not wanted:
            return {}
        counts = [part for place in range(len(wanted)) for part in _counts(place)]
        trimmed = [pl.col(name).str.strip_chars().alias(f"\x01s{place}") for place, name in enumerate(wanted)]
        wide, plain = list(readings.WIDE), list(readings.WIDE.values())
        narrowed = [
            pl.col(f"\x01s{place}").str.replace_many(wide, plain).alias(f"\x01n{place}") for place in range(len(wanted))
        ]
        try:
            found = opened.rows.select(trimmed).with_columns(narrowed).select(counts).collect(engine="streaming")
        except UNREADABLE as error:
            raise refuse(source, error) from error
        told = found.row(0, named=True)
        probes = (readings.PRESENT, readings.NARROWED, *readings.PROBES)
        return {name: {probe: told[f"{place} {probe}"] or 0 for probe in probes} for place, name in enumerate(wanted)}


def _counts(place: int) -> list[pl.Expr]:
    sent, text = pl.col(f"\x01s{place}"), pl.col(f"\x01n{place}")
    present = text.str.len_bytes() > 0
    return [
        present.sum().alias(f"{place} {readings.PRESENT}"),
        (text != sent).sum().alias(f"{place} {readings.NARROWED}"),
        *(
            (present & text.str.contains(pattern)).sum().alias(f"{place} {probe}")
            for probe, pattern in readings.PROBES.items()
        ),
    ]
