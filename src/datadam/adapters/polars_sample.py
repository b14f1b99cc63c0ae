"""Count what protections would keep of a steward's sample: the Sampler port on Polars, one streaming pass each."""

from pathlib import Path

import polars as pl

from datadam.ports import Sampled, SampleOrder

_ROWS = "_rows"


class PolarsSampler:
    """The Sampler port: a prepared file's texts, counted."""

    def sampled(self, path: Path, order: SampleOrder) -> Sampled:
        """How many rows a bound keeps, how many values a clip moves, how many rows are in groups that are too small."""
        held = pl.scan_parquet(path, glob=False)
        one = pl.lit(0) if order.unit is None else pl.col(order.unit)
        per_unit = held.group_by(one.alias("unit")).agg(pl.len().alias(_ROWS))
        within = pl.min_horizontal(pl.col(_ROWS), pl.lit(order.rows)) if order.rows is not None else pl.col(_ROWS)
        told = per_unit.select(pl.col(_ROWS).sum(), pl.len().alias("units"), within.sum().alias("kept"))
        counted = told.collect(engine="streaming").row(0, named=True)
        moved = [
            (number < float(clip.lowest)) | (number > float(clip.highest))
            for clip, number in ((clip, pl.col(name).cast(pl.Float64)) for name, clip in order.clips.items())
        ]
        clipped = dict.fromkeys(order.clips, 0)
        if moved:
            sums = [each.sum().alias(name) for name, each in zip(order.clips, moved, strict=True)]
            clipped = dict(held.select(sums).collect(engine="streaming").row(0, named=True))
        return Sampled(
            rows=int(counted[_ROWS]),
            units=int(counted["units"]),
            kept=int(counted["kept"]),
            clipped={name: int(count or 0) for name, count in clipped.items()},
            small=self._small(held, order),
        )

    def _small(self, held: pl.LazyFrame, order: SampleOrder) -> int:
        """Rows whose group shows fewer units than it must; where no column tells units, each row is one."""
        if order.least is None or not order.identifying:
            return 0
        units = pl.len() if order.unit is None else pl.col(order.unit).n_unique()
        groups = held.group_by(order.identifying).agg(units.alias("units"), pl.len().alias(_ROWS))
        short = groups.filter(pl.col("units") < order.least).select(pl.col(_ROWS).sum())
        return int(short.collect(engine="streaming").item() or 0)
