"""What a private answer costs: bounding once at deposit, then answers from the twin, beside what others pay for each.

One admitted file of `--rows` rows, a hundred for each firm, some firms with very many; the unit is the firm, 24 of its
rows may count, values are clipped to 0 to 1000. Five questions: counts and sums by country and sector, firms by country
and month, a histogram by sector, counts in one sector. Each answer is tally and noise, at rho 0.05 for neighbours that
replace one firm's rows. All figures are CPU seconds in a process that has loaded its libraries already.

- `ratio` is the dearest answer over what the same group-by costs on the plain, non-private rows.
- `bounding` is part and twin of the whole file over reading and writing it again, as the dam writes admitted rows.
- `over_opendp_10`: ten answers to count and sum by OpenDP's own Polars path, which bounds for each, over ours with the
  bounding (`make peers`). Its neighbours are with and without a firm, so that it gets a quarter of the rho, which is
  the same for neighbours that replace one. SmartNoise SQL runs on `--smartnoise-rows` rows, beside ours on as many.
- `lost` is what truncation leaves out of all that is counted, `noise` the mean half-width of 95 % intervals over the
  mean true count, `error` the mean distance of a noisy count from the true one over it; `error_opendp` likewise.
- `deposit_first_ms` and `_last_ms` are what one of a thousand deposits costs, median of the first and last hundred, and
  `merge_1000_s` what their merge does; the twin is byte for byte that of all rows bounded at once, or this fails.
- `peak_few_mb` is the memory of bounding as many rows of few firms, `peak_few_quarter_mb` that of a quarter of them.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final

import datadam.adapters  # noqa: F401  (first, as in a dam: it says how memory is kept before Polars loads)

# isort: split
import numpy as np
import polars as pl
import pyarrow as pa

import measure
from datadam.adapters.opendp_noise import OpenDpNoise
from datadam.adapters.polars_engine import COMPRESSION
from datadam.adapters.polars_twin import PolarsTwins
from datadam.ports import Cells, PartOrder
from datadam.privacy import answering
from datadam.privacy.question import Condition, Operator, Question
from datadam.privacy.recipe import Recipe
from datadam.protections import Aggregate, Budget, Clip

PLACES: Final = Path(__file__).resolve().parent.parent / ".venv-peers"
PER_FIRM: Final = 100
KEPT: Final = 24
RHO: Final = 50_000  # micro-rho of an answer
TOUCHED_MB: Final = 1500  # more than any side needs: see `measure.compare`
TIMES: Final = 10  # answers to each question, of which the median counts
COUNTRIES: Final = ("AT", "BE", "DE", "ES", "FR", "IT", "JP", "KR", "NL", "US")
SECTORS: Final = tuple(f"sector-{n}" for n in range(10))
MONTHS: Final = tuple(f"2025-{n:02}-01" for n in range(1, 13))
BINS: Final = tuple(Decimal(n) for n in range(0, 1001, 25))
CLIP: Final = Clip(lowest=Decimal(0), highest=Decimal(1000), scale=3)
_REST: Final = pl.lit(bytes(15))  # of an id that keeps its first byte
SECRET: Final = bytes(range(32))
BUDGET: Final = Budget(period=Decimal("0.5"), life=Decimal(2))
RECIPE: Final = Recipe(
    standard="bench.energy",
    unit="firm",
    rows=KEPT,
    hashed=("country", "sector", "month", "value"),
    supersede=False,
    keys={"country": COUNTRIES, "sector": SECTORS, "month": MONTHS},
    open=(),
    sums={"value": CLIP},
)
ONE_SECTOR: Final = (Condition(column="sector", operator=Operator.IN, values=("sector-3",)),)
_WHOLE: Final[dict[str, Any]] = {"standard": "bench.energy", "periods": ("2025",), "rho": RHO}
_HALF: Final = _WHOLE | {"rho": RHO // 2}  # count and sum are one answer to others
QUESTIONS: Final = {
    "count": Question(aggregate=Aggregate.COUNT, by=("country", "sector"), **_HALF),
    "sum": Question(aggregate=Aggregate.SUM, column="value", by=("country", "sector"), **_HALF),
    "firms": Question(aggregate=Aggregate.DISTINCT, by=("country", "month"), **_WHOLE),
    "histogram": Question(aggregate=Aggregate.HISTOGRAM, column="value", by=("sector",), edges=BINS, **_WHOLE),
    "filtered": Question(aggregate=Aggregate.COUNT, by=("country",), where=ONE_SECTOR, **_WHOLE),
}


def fill(folder: Path, rows: int, *, seed: int = 1) -> None:
    """Write `admitted.parquet` as an engine does, and `plain.parquet`, which is easier for others to read."""
    rng, firms = np.random.default_rng(seed), max(1, rows // PER_FIRM)
    weights = rng.lognormal(0, 1.25, firms)
    firm = rng.permutation(np.repeat(np.arange(firms), rng.multinomial(rows, weights / weights.sum())))
    home = rng.integers(0, len(COUNTRIES), firms)
    country = np.where(rng.random(rows) < 0.5, home[firm], rng.integers(0, len(COUNTRIES), rows))
    value = np.minimum(rng.lognormal(4, 1.2, rows) * 1000, 1e12).astype(np.int64)
    frame = pl.DataFrame(
        {
            "firm": _sixteen(rng, firms).gather(firm),
            "country": pl.Series(COUNTRIES).gather(country),
            "sector": pl.Series(SECTORS).gather(rng.integers(0, len(SECTORS), rows)),
            "month": pl.Series([date.fromisoformat(month) for month in MONTHS]).gather(rng.integers(0, 12, rows)),
            "value": pl.Series(value).cast(pl.Decimal(38, 3)),
            "_deposit": pl.Series(["0" * 64]).new_from_index(0, rows),
            "_row": np.arange(rows),
            "_key": _sixteen(rng, rows),
        }
    ).with_columns((pl.col("value") / 1000).cast(pl.Decimal(18, 3)))
    frame.write_parquet(folder / "admitted.parquet", compression=COMPRESSION, statistics=False)
    numbers = (pl.Series(rng.permutation(firms)) + 1_000_000_000).cast(pl.String)  # as business numbers are written
    plain = frame.select(numbers.gather(firm).alias("firm"), "country", "sector", "month", pl.Series("value", value))
    plain.write_parquet(folder / "plain.parquet", compression=COMPRESSION, statistics=False)


def _sixteen(rng: np.random.Generator, count: int) -> pl.Series:
    """Random values of 16 bytes."""
    data = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), count, [None, pa.py_buffer(rng.bytes(16 * count))])
    found = pl.from_arrow(data.cast(pa.large_binary()))
    assert isinstance(found, pl.Series)
    return found


def spent(work: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of all threads, and what came out."""
    begun = time.process_time()
    found = work()
    return time.process_time() - begun, found


def often(work: Callable[[], Any]) -> float:
    """CPU seconds, the median of some times after one that warms up."""
    work()
    return statistics.median(spent(work)[0] for _ in range(TIMES))


# --- sides ------------------------------------------------------------------------------------------------------------


def bound(folder: Path, into: Path) -> dict[str, Any]:
    """Part and twin of the file."""
    twins = PolarsTwins(into)
    part, _ = spent(lambda: twins.bound(order(folder / "admitted.parquet", "d1")))
    twin, fact = spent(lambda: twins.merge(RECIPE, "2025.1", ["d1"]))
    return {"part": part, "twin": twin, "rows": fact.rows, "bytes": fact.size}


def ours(folder: Path, into: Path) -> dict[str, Any]:
    """Part and twin, then every question."""
    told, twins, noise = bound(folder, into), PolarsTwins(into), OpenDpNoise()
    paths = [twins.path(RECIPE.standard, "2025.1")]

    def answer(question: Question) -> tuple[list[int], Sequence[int], float]:
        parts = answering.tallies(question, RECIPE)
        tallied = [twins.tally(RECIPE, paths, cells(part)) for part in parts]
        exact, by = answering.vector(question, RECIPE, tallied), answering.mechanism(question, RECIPE, BUDGET)
        return exact, noise.gaussian(exact, by), by.scale

    told["answers"] = {name: often(partial(answer, question)) for name, question in QUESTIONS.items()}
    told["exact"], told["noisy"], told["scale"] = answer(QUESTIONS["count"])
    return told


def raw(folder: Path, into: Path) -> dict[str, Any]:
    """Read and write the file again; the same questions without any privacy."""
    admitted, plain = (pl.scan_parquet(folder / f"{name}.parquet", glob=False) for name in ("admitted", "plain"))
    value = (pl.col("value") // 25_000).clip(0, len(BINS) - 2)
    asked = {
        "count": plain.group_by("country", "sector").len(),
        "sum": plain.group_by("country", "sector").agg(pl.col("value").sum()),
        "firms": plain.group_by("country", "month").agg(pl.col("firm").n_unique()),
        "histogram": plain.filter(pl.col("value") <= 1_000_000).group_by("sector", value).len(),
        "filtered": plain.filter(pl.col("sector") == "sector-3").group_by("country").len(),
    }
    written: dict[str, Any] = {
        "compression": COMPRESSION,
        "statistics": False,
        "sync_on_close": "all",
        "engine": "streaming",
    }
    rewrite, _ = spent(lambda: admitted.sink_parquet(into / "copy.parquet", **written))
    answers = {name: often(partial(rows.collect, engine="streaming")) for name, rows in asked.items()}
    true = asked["count"].sort("country", "sector").collect()["len"].to_list()
    return {"rewrite": rewrite, "answers": answers, "true": true}


def deposits(folder: Path, into: Path, count: int = 1000) -> dict[str, Any]:
    """A file's rows as so many deposits, each bounded as it comes, then merged; beside bounding it at once."""
    rows = pl.read_parquet(folder / "admitted.parquet", glob=False)
    twins, step = PolarsTwins(into), -(-rows.height // count)
    each: list[float] = []
    for at in range(count):
        rows[at * step : (at + 1) * step].write_parquet(into / "one.parquet", statistics=False)
        each.append(spent(partial(twins.bound, order(into / "one.parquet", f"d{at}")))[0])
    names = [f"d{at}" for at in range(count)]
    merged, some = spent(lambda: twins.merge(RECIPE, "2025.1", names))
    twins.bound(order(folder / "admitted.parquet", "all"))
    same = twins.merge(RECIPE, "2025.2", ["all"])
    assert some.digest == same.digest  # merging is bounding anew, byte for byte
    first, last = (statistics.median(each[place]) for place in (slice(1, 101), slice(-100, None)))
    return {"first": first, "last": last, "merge": merged}


def filled(folder: Path, _: Path) -> dict[str, Any]:
    """The files, made in a process of its own: its size would count as that of those that come after it."""
    rows = json.loads((folder / "rows.json").read_text(encoding="utf-8"))
    fill(folder, rows)
    few = pl.scan_parquet(folder / "admitted.parquet", glob=False).with_columns(pl.col("firm").bin.head(1) + _REST)
    for name, count in (("few", rows), ("quarter", rows // 4)):
        (folder / name).mkdir()
        into = folder / name / "admitted.parquet"
        few.head(count).sink_parquet(into, compression=COMPRESSION, statistics=False)
    return {"rows": rows}


SIDES: Final[Mapping[str, Callable[[Path, Path], dict[str, Any]]]] = {
    "filled": filled, "ours": ours, "raw": raw, "bound": bound, "deposits": deposits,
}  # fmt: skip


def order(admitted: Path, name: str) -> PartOrder:
    """A deposit to be bounded."""
    return PartOrder(recipe=RECIPE, secret=SECRET, admitted=admitted, tag="t", deposit=name)


def cells(part: answering.Tally) -> Cells:
    """What is tallied, as the port takes it."""
    return Cells(**{name: getattr(part, name) for name in part.__slots__})


# --- in turns ---------------------------------------------------------------------------------------------------------


def told_by(name: str, folder: Path) -> tuple[dict[str, Any], measure.Cost]:
    """What a side of ours, or a peer in an environment of its own, told, and what its process cost."""
    told = folder / f"{name}.json"
    command = [sys.executable, __file__, "--side", name, "--folder", str(folder), "--told", str(told)]
    if name not in SIDES:
        side = Path(measure.script("sides")) / f"with_{name.replace('-', '_')}.py"
        command = [str(PLACES / name / "bin" / "python"), str(side), str(folder / "plain.parquet"), str(told)]
    measure.cost([sys.executable, "-c", measure.TOUCH, str(TOUCHED_MB)])
    cost = measure.cost(command)
    found: dict[str, Any] = json.loads(told.read_text(encoding="utf-8"))
    shown = {key: value for key, value in found.items() if key not in {"true", "exact", "noisy"}}
    print(f"{name}: {cost.cpu_s:.2f} CPU s, {cost.peak_mb:.0f} MB: {json.dumps(shown)}", flush=True)
    return found, cost


def middle(found: Sequence[dict[str, Any]], *path: str) -> float:
    """The median of a figure of several turns."""
    values = []
    for one in found:
        value: Any = one
        for step in path:
            value = value[step]
        values.append(float(value))
    return statistics.median(values)


def distance(some: Sequence[int], true: Sequence[int]) -> float:
    """How far counts are from the true ones, over these."""
    return sum(abs(one - other) for one, other in zip(some, true, strict=True)) / sum(true)


def main() -> None:
    """Run the sides in turns and say what came of it; or be one of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--smartnoise-rows", type=int, default=1_000_000)
    parser.add_argument("--side", choices=SIDES)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--told", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="datadam-bench-") as temporary:
        if asked.side is not None:
            told = SIDES[asked.side](asked.folder, Path(temporary))
            asked.told.write_text(json.dumps(told), encoding="utf-8")
            return
        compare(Path(temporary), asked)


def compare(folder: Path, asked: argparse.Namespace) -> None:
    """All sides in turns; the last line says the medians."""
    whole, few = folder / "whole", folder / "small"
    for place, rows in ((whole, asked.rows), (few, min(asked.rows, asked.smartnoise_rows))):
        place.mkdir()
        (place / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
        told_by("filled", place)
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in ("ours", "raw", "opendp-polars")}
    peaks: dict[str, float] = {}
    peers = [name for name in ("opendp-polars", "smartnoise") if (PLACES / name / ".ready").exists()]
    for _ in range(asked.turns):
        for name in ("raw", "ours", *(["opendp-polars"] if "opendp-polars" in peers else [])):
            told, cost = told_by(name, whole)
            found[name].append(told)
            peaks[name] = max(peaks.get(name, 0.0), cost.peak_mb)
    for name, place in (("bound", whole), ("few", whole / "few"), ("few_quarter", whole / "quarter")):
        peaks[name] = told_by("bound", place)[1].peak_mb
    apart, _ = told_by("deposits", few)
    small, _ = told_by("ours", few)
    facts = figures(found) | {
        "deposit_first_ms": 1000 * apart["first"],
        "deposit_last_ms": 1000 * apart["last"],
        "merge_1000_s": apart["merge"],
        "peak_bound_mb": peaks["bound"],
        "peak_few_mb": peaks["few"],
        "peak_few_quarter_mb": peaks["few_quarter"],
    }
    if "smartnoise" in peers:
        noise, _ = told_by("smartnoise", few)
        mine = small["part"] + small["twin"] + TIMES * (small["answers"]["count"] + small["answers"]["sum"])
        facts |= {"smartnoise_s": noise["answer"], "over_smartnoise_10": TIMES * noise["answer"] / mine}
    measure.say(name="private_answer", rows=asked.rows, peak_mb=peaks["ours"], bar=0.3, **facts)


def figures(found: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """What the turns come to."""
    mine, plain, peer = found["ours"], found["raw"], found["opendp-polars"]
    answers = {name: middle(mine, "answers", name) for name in QUESTIONS}
    shares = {name: cost / middle(plain, "answers", name) for name, cost in answers.items()}
    once, bare = middle(mine, "part") + middle(mine, "twin"), middle(plain, "rewrite")
    both = answers["count"] + answers["sum"]
    true = plain[0]["true"]
    noise = answering.half_width(mine[0]["scale"]) / (sum(true) / len(true))
    told: dict[str, Any] = {
        "ratio": max(shares.values()),
        "cpu_s": max(answers.values()),
        **{f"ratio_{name}": share for name, share in shares.items()},
        "bounding": once / bare,
        "bar_bounding": 1.5,
        "part_over_rewrite": middle(mine, "part") / bare,
        "bounding_s": once,
        **{f"an_answer_of_{count}_s": once / count + both for count in (1, 10, 100)},
        "lost": 1 - sum(mine[0]["exact"]) / sum(true),
        "noise": noise,
        "error": statistics.mean(distance(one["noisy"], true) for one in mine),
    }
    if peer:
        one = middle(peer, "answer")
        told |= {f"over_opendp_{count}": count * one / (once + count * both) for count in (1, 10, 100)}
        told |= {"bar_opendp_10": 10, "opendp_s": one}
        told["error_opendp"] = statistics.mean(distance(each["noisy"], true) for each in peer)
    return told


if __name__ == "__main__":
    main()
