"""Look a judged file over as a whole: printed totals, a lost time axis, double reports, outliers against own history.

Read are the admitted Parquet, the rejects and this contributor's own earlier files; nobody else's rows are at hand.
Each look is bounded (`MOST_ROWS`, `MOST_TOTALS`, `ports.Finding` with its first rows) and says so where it stops short.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Final

import polars as pl

from datadam.adapters import polars_rules as rules
from datadam.adapters.polars_notes import QUANTITIES, TIMES
from datadam.adapters.polars_read import FAILED, ROW, UNREADABLE
from datadam.errors import Unavailable
from datadam.model import Column, Protection, Reason, Type
from datadam.plan import UNFOLDED_NAME, UNFOLDED_VALUE, Cell, Check, Plan
from datadam.ports import Finding, Survey, SurveyOrder

MOST_ROWS: Final = 250_000  # compared with one another or with history: beyond it a look would cost what judging does
ENDS: Final = 20_000  # rows at each end of a longer file: where neither has a total, none is looked for between
MOST_TOTALS: Final = 50  # printed totals that are added up again
SHOWN_ROWS: Final = 20  # of one finding
TOTALS: Final = (
    "total", "totals", "grand total", "subtotal", "sub-total", "sum", "world", "world total", "all countries",
    "합계", "총계", "소계", "계", "총합", "합 계", "세계", "전 세계", "計", "合計", "総計", "小計", "世界", "世界計",
)  # fmt: skip
"""How a row says that it is the sum of others; what stands in brackets behind is not looked at."""
_BEGINS: Final = rf"\A[ \t:.*]*(?i:{'|'.join(sorted({word.split()[0] for word in TOTALS if word.isascii()}))})"
SLACK: Final = Decimal("0.02")  # of a printed total: the most that rounding may explain (supply statistics: 1 %)
DIGITS: Final = 3  # two quantities that agree in so many are one, rounded
MOSTLY: Final = 0.95  # of repeated keys that a lost axis tells apart
LOST: Final = 0.8  # of all rows that repeat a key, if the axis itself is not in the file any more
POINTS: Final = 6  # of a series, the one looked at among them; fewer have no spread to speak of
DEVIATIONS: Final = 6  # robust ones: beyond it a value is told
NORMAL: Final = 1.4826  # median absolute deviation of a normal distribution to its standard deviation
FLOOR: Final = 0.05  # of the median: a series that never moved is not broken by its first small step
YEARS: Final = (1000, 3000)  # an integer column declared within these holds years
_YEAR: Final = r"\A(?:1[5-9]|20|21)[0-9]{2}(?:[-/.](?:0?[1-9]|1[0-2])(?:[-/.][0-9]{1,2})?)?\z"
_GROUP, _PLACE = "\x01group", "\x01place"  # names that no column of a sender can have
_ALL: Final[Mapping[Path, tuple[str, tuple[str, ...]]]] = MappingProxyType({})


class PolarsSurveyor:
    """The `Surveyor` of one node."""

    def survey(self, order: SurveyOrder) -> Survey:
        """All findings at once."""
        sheet = Sheet(order)
        try:
            axis = [*lost_axis(sheet)]  # rows of other years are no double reports
            findings = [*totals(sheet), *(axis or twice(sheet)), *outliers(sheet)]
        except (*UNREADABLE, OSError) as error:
            raise Unavailable("quality.not-made", why=type(error).__name__) from error
        return Survey(findings=tuple(findings))

    def values(self, paths: Sequence[Path], column: str, limit: int) -> frozenset[str]:
        """The distinct values of a text column of served files, at most `limit` of them."""
        if not paths:
            return frozenset()
        found = pl.concat([pl.scan_parquet(path, glob=False).select(column) for path in paths]).drop_nulls().unique()
        return frozenset(found.head(limit).collect(engine="streaming")[column].to_list())

    def keys(self, paths: Sequence[Path], among: Mapping[Path, tuple[str, tuple[str, ...]]] = _ALL) -> int:
        """How many facts the rows of stored files report: one a distinct `_key`, and one a row that has none."""
        if not paths:
            return 0
        key = pl.col("_key")
        scanned = []
        for path in paths:
            rows = pl.scan_parquet(path, glob=False)
            if path in among:
                column, held = among[path]
                rows = rows.filter(pl.col(column).is_in(held))
            scanned.append(rows.select("_key"))
        counted = pl.concat(scanned).select(key.drop_nulls().n_unique() + key.null_count())
        return int(counted.collect(engine="streaming").item())


@dataclass(frozen=True, slots=True)
class Sheet:
    """A judged file, and what its columns are."""

    order: SurveyOrder

    @property
    def plan(self) -> Plan:
        """The plan by which it was judged."""
        return self.order.plan

    @property
    def admitted(self) -> pl.LazyFrame | None:
        """Admitted rows as they are stored."""
        return None if self.order.admitted is None else pl.scan_parquet(self.order.admitted, glob=False)

    @property
    def rejects(self) -> pl.LazyFrame | None:
        """Rejected rows as they were sent; of a wide table, with what their one cell and its header say."""
        if self.order.rejects is None:
            return None
        rows = pl.scan_parquet(self.order.rejects, glob=False)
        if self.plan.unpivot is None:
            return rows
        wide = self.plan.unpivot.columns
        held = {name: pl.col(name).str.strip_chars().str.len_bytes() > 0 for name in wide}
        return rows.with_columns(
            pl.coalesce(pl.when(held[name]).then(pl.lit(said)) for name, said in wide.items()).alias(UNFOLDED_NAME),
            pl.coalesce(pl.when(held[name]).then(pl.col(name)) for name in wide).alias(UNFOLDED_VALUE),
        )

    def column(self, cell: Cell) -> Column:
        """The standard's column of a cell."""
        return self.order.standard.column(cell.column)

    @property
    def key(self) -> tuple[Cell, ...]:
        """The cells that name a row."""
        return tuple(self.plan.cell(name) for name in self.order.standard.key)

    @property
    def quantities(self) -> tuple[Cell, ...]:
        """What is measured or counted: stored as it is, no part of the key, no year."""
        return tuple(
            cell
            for cell in self.plan.cells
            if cell.cast.type in QUANTITIES
            and cell.protection is Protection.KEEP
            and cell.column not in self.order.standard.key
            and not self.is_time(cell)
        )

    def is_time(self, cell: Cell) -> bool:
        """Whether a column says when: a date, an instant, or an integer that the standard bounds to years."""
        column = self.column(cell)
        if column.type is Type.INTEGER and column.minimum is not None and column.maximum is not None:
            return YEARS[0] <= Decimal(column.minimum) and Decimal(column.maximum) <= YEARS[1]
        return column.type in TIMES

    def valued(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Rejected rows with every value that could be cast, in the standard's columns, nothing protected."""
        cells = tuple(replace(cell, protection=Protection.KEEP) for cell in self.plan.cells)
        plan = replace(self.plan, cells=cells)
        for stage in (rules.texts, rules.lookups, rules.quantities, rules.products, rules.quotients, rules.values):
            made = stage(plan)
            rows = rows.with_columns(made) if made else rows
        return rows.select(ROW, FAILED, *rules.stored(plan))


def _found(code: str, rows: Sequence[int], count: int, /, **facts: object) -> Finding:
    return Finding(reason=Reason(code, facts), rows=tuple(sorted(rows)[:SHOWN_ROWS]), count=count)


def _bare(number: object) -> str:
    """A number in all its digits, without idle zeros."""
    return f"{Decimal(str(number)).normalize():f}"


# --- printed totals ---------------------------------------------------------------------------------------------------


def totals(sheet: Sheet) -> Iterator[Finding]:
    """Rows that say they are a total: those admitted as if they were data, and those that the other rows do not give.

    A printed total may be rounded, and so may its parts: half of its last printed place for itself and for each part,
    but no more than `SLACK` of it, is no difference (USGS prints 900,000 where the rows give 909,000).
    """
    admitted = _total_rows(sheet.admitted, _free_texts(sheet))
    if len(admitted):
        rows = admitted[ROW].to_list()
        yield _found("quality.total-admitted", rows, len(rows))
    sources = list(dict.fromkeys(cell.source for cell in _dimensions(sheet) if cell.source is not None))
    refused = _total_rows(sheet.rejects, sources)
    both = pl.concat([admitted.select(ROW), refused.select(ROW)]).unique().sort(ROW)
    adding = [cell for cell in sheet.quantities if _adds_up(sheet, cell)]
    if both.is_empty() or not adding:
        return
    lines = _lines(sheet, adding)
    printed = lines.join(both.lazy(), on=ROW, how="semi").sort(ROW).head(MOST_TOTALS).collect()
    parts = lines.join(both.lazy(), on=ROW, how="anti")
    dimensions = [cell.column for cell in _dimensions(sheet) if cell.protection is Protection.KEEP]
    sums = [_sum(parts, dimensions, adding, total) for total in printed.iter_rows(named=True)]
    for total, part in zip(printed.iter_rows(named=True), pl.collect_all(sums, engine="streaming"), strict=True):
        for cell in adding:
            yield from _compared(cell, total, part.row(0, named=True))


def _free_texts(sheet: Sheet) -> list[str]:
    """Stored columns that a word for a total may stand in."""
    return [
        cell.column
        for cell in sheet.plan.stored
        if cell.cast.type is Type.TEXT and cell.lookup is None and cell.protection is Protection.KEEP
    ]


def _dimensions(sheet: Sheet) -> tuple[Cell, ...]:
    """By what rows are told apart: the key, or where there is none, closed lists and times."""
    if sheet.key:
        return sheet.key
    return tuple(cell for cell in sheet.plan.cells if cell.lookup is not None or cell.cast.type in TIMES)


def _adds_up(sheet: Sheet, cell: Cell) -> bool:
    """Whether a total of it means anything: counts without a unit may as well be grades."""
    return cell.cast.type is not Type.INTEGER or sheet.column(cell).unit is not None


def _total_rows(rows: pl.LazyFrame | None, columns: Sequence[str]) -> pl.DataFrame:
    """Numbers of the rows in which one of these columns holds a word for a total and nothing else.

    Of a long file the ends are looked at first: where neither has any, the rest is not searched.
    """
    if rows is None or not columns:
        return pl.DataFrame(schema={ROW: pl.Int64})

    def found(some: pl.LazyFrame) -> pl.DataFrame:
        says = some.filter(pl.any_horizontal(_is_total(pl.col(name)) for name in columns))
        return says.select(ROW).collect(engine="streaming")

    if rows.select(pl.len()).collect().item() <= MOST_ROWS:
        return found(rows)
    ends = found(pl.concat([rows.head(ENDS), rows.tail(ENDS)]))
    return ends if ends.is_empty() else found(rows)


def _may_be_total(text: pl.Expr) -> pl.Expr:
    """What nearly every text is told by at a tenth of the cost: it begins like none of the words, all in ASCII."""
    return text.str.contains(_BEGINS) | (text.str.len_bytes() != text.str.len_chars())


def _is_total(text: pl.Expr) -> pl.Expr:
    text = pl.when(_may_be_total(text)).then(text)  # nulls cost nothing
    bare = text.str.normalize("NFKC").str.to_lowercase().str.replace(r"\s*[(\[].*$", "").str.strip_chars(" \t:.*")
    return bare.is_in(list(TOTALS)).fill_null(value=False)


def _lines(sheet: Sheet, adding: Sequence[Cell]) -> pl.LazyFrame:
    """All rows, admitted or not, with their values."""
    dimensions = [cell.column for cell in _dimensions(sheet) if cell.protection is Protection.KEEP]
    columns = [pl.col(name) for name in (ROW, *dimensions, *(cell.column for cell in adding))]
    parts = [sheet.admitted] if sheet.admitted is not None else []
    parts += [sheet.valued(sheet.rejects)] if sheet.rejects is not None else []
    return pl.concat([part.select(columns) for part in parts])


def _sum(
    parts: pl.LazyFrame, dimensions: Sequence[str], adding: Sequence[Cell], total: dict[str, object]
) -> pl.LazyFrame:
    """What the rows of one total's own year, mineral and so on give; a dimension that the total leaves open counts all.

    A word for a total in a free text is left open too.
    """
    for name in dimensions:
        value = total[name]
        if value is not None and not (isinstance(value, str) and _says_total(value)):
            parts = parts.filter(pl.col(name) == value)
    return parts.select(
        *(pl.col(cell.column).sum().alias(cell.column) for cell in adding),
        *(pl.col(cell.column).count().alias(f"{cell.column}{_PLACE}") for cell in adding),
    )


def _says_total(text: str) -> bool:
    return bool(pl.select(_is_total(pl.lit(text))).item())


def _compared(cell: Cell, total: dict[str, object], part: dict[str, object]) -> Iterator[Finding]:
    printed, lines = total[cell.column], int(str(part[f"{cell.column}{_PLACE}"]))
    if printed is None or not lines:
        return
    said, given = Decimal(str(printed)), Decimal(str(part[cell.column]))
    half = Decimal(5).scaleb(int(said.normalize().as_tuple().exponent) - 1)
    if abs(said - given) > min(half * (1 + lines), abs(said) * SLACK):
        row = int(str(total[ROW]))
        yield _found(
            "quality.total-differs", [row], 1, column=cell.column, printed=_bare(said), sum=_bare(given), lines=lines
        )


# --- a lost time axis -------------------------------------------------------------------------------------------------


def lost_axis(sheet: Sheet) -> Iterator[Finding]:
    """Keys that repeat because what tells their rows apart, most often the year, was left out of mapping or file."""
    repeated = _repeated(sheet)
    if repeated is None or not sheet.plan.key:
        return
    sources = [cell.source for cell in sheet.key if cell.source is not None]
    present = repeated.collect_schema().names()
    left_out = [name for name in sheet.plan.dropped if name in present]
    texts = [pl.col(name).str.strip_chars() for name in left_out]
    kept = repeated.select(ROW, pl.struct(*sources).hash().alias(_GROUP), *texts).collect()
    kept = kept.filter(pl.len().over(_GROUP) > 1)  # the others became alike: by other names, or by coarsening
    if kept.is_empty():
        return
    rows = kept[ROW].to_list()
    groups = kept.group_by(_GROUP).agg(pl.len(), *(pl.col(name).n_unique().alias(name) for name in left_out))
    axes = [name for name in left_out if kept[name].str.contains(_YEAR).fill_null(value=False).all()]
    axes = [name for name in axes if float(str((groups[name] == groups["len"]).mean())) >= MOSTLY]
    if axes:
        yield _found("quality.time-axis-dropped", rows, len(rows), source=axes[0], key=", ".join(sheet.plan.key))
        return
    sizes = groups["len"].unique().to_list()
    if len(sizes) == 1 and len(groups) > 1 and len(kept) >= LOST * _rows(sheet):
        yield _found("quality.axis-lost", rows, len(rows), times=sizes[0], key=", ".join(sheet.plan.key))


def _repeated(sheet: Sheet) -> pl.LazyFrame | None:
    """Rows that were refused because their key comes more than once."""
    bit = sheet.plan.bit(Check.UNIQUE)
    if sheet.rejects is None or bit is None:
        return None
    return sheet.rejects.filter(pl.col(FAILED) & (1 << bit) != 0)


def _rows(sheet: Sheet) -> int:
    parts = [part for part in (sheet.admitted, sheet.rejects) if part is not None]
    return sum(int(part.select(pl.len()).collect().item()) for part in parts)


# --- double reports ---------------------------------------------------------------------------------------------------


def twice(sheet: Sheet) -> Iterator[Finding]:
    """Rows that say the same but for their remarks, or for how a quantity was rounded."""
    repeated = _repeated(sheet)
    if repeated is not None:
        alike = _alike(sheet, sheet.valued(repeated))
    elif not sheet.plan.key and sheet.admitted is not None and _rows(sheet) <= MOST_ROWS:
        alike = _alike(sheet, sheet.admitted)
    else:
        return
    if len(alike):
        yield _found("quality.reported-twice", alike[ROW].to_list(), len(alike), remarks=", ".join(_remarks(sheet)))


def _remarks(sheet: Sheet) -> list[str]:
    """Free texts that name nothing."""
    key = set(sheet.order.standard.key)
    return [name for name in _free_texts(sheet) if name not in key]


def _alike(sheet: Sheet, rows: pl.LazyFrame) -> pl.DataFrame:
    quantities = {cell.column for cell in sheet.quantities}
    told = [cell.column for cell in sheet.plan.stored if cell.column not in {*quantities, *_remarks(sheet)}]
    rounded = [pl.col(name).cast(pl.Float64).round_sig_figs(DIGITS).alias(name) for name in sorted(quantities)]
    same = rows.select(ROW, *told, *rounded).collect()
    return same.filter(pl.struct(*told, *sorted(quantities)).is_duplicated()) if told or quantities else same.clear()


# --- outliers ---------------------------------------------------------------------------------------------------------


def outliers(sheet: Sheet) -> Iterator[Finding]:
    """Quantities far from the median of their own series: this contributor's rows of that key, all times together.

    Far is more than `DEVIATIONS` times the median absolute deviation, as a standard deviation and not less than `FLOOR`
    of the median, in a series of `POINTS` or more. Without a time in the key a series is what earlier deposits said of
    the very same key. A newer row of a key takes the place of an older one.
    """
    series = [cell.column for cell in sheet.key if not sheet.is_time(cell)]
    timed = len(series) < len(sheet.key)
    names = [cell.column for cell in sheet.quantities if cell.stored]
    if sheet.admitted is None or not sheet.key or not names or not (timed or sheet.order.held):
        return
    wanted = [*dict.fromkeys(cell.column for cell in sheet.key), *names]
    now = sheet.admitted.select(ROW, "_key", *wanted)
    earlier = [_scanned(path, wanted) for path in sheet.order.held]
    past = [rows for rows in earlier if rows is not None]
    count = sum(int(rows.select(pl.len()).collect().item()) for rows in (now, *past))
    if count > MOST_ROWS:
        yield _found("quality.history-not-compared", (), 0, rows=count, limit=MOST_ROWS)
        return
    known = pl.concat([now.drop(ROW), *past])
    if timed and sheet.plan.key:
        known = known.unique(subset="_key", keep="first", maintain_order=True)
    spread = known.select(*series, *names) if series else known.select(pl.lit(0).alias(_GROUP), *names)
    by = series or [_GROUP]
    values = {name: pl.col(name).cast(pl.Float64) for name in names}
    stats = spread.group_by(by).agg(
        *(pl.col(name).count().alias(f"{name} n") for name in names),
        *(value.median().alias(f"{name} median") for name, value in values.items()),
        *((value - value.median()).abs().median().alias(f"{name} mad") for name, value in values.items()),
    )
    now = now if series else now.with_columns(pl.lit(0).alias(_GROUP))
    joined = now.join(stats, on=by, how="left", nulls_equal=True).collect()
    for name in names:
        middle = pl.col(f"{name} median")
        deviation = pl.max_horizontal(pl.col(f"{name} mad") * NORMAL, middle.abs() * FLOOR)
        off = (pl.col(name).cast(pl.Float64) - middle).abs()
        far = joined.filter((pl.col(f"{name} n") >= POINTS) & (off > deviation * DEVIATIONS)).sort(ROW)
        if len(far):
            first = far.row(0, named=True)
            facts = {
                "value": _bare(first[name]),
                "median": _bare(f"{first[f'{name} median']:.6g}"),
                "points": first[f"{name} n"],
            }
            yield _found("quality.outlier", far[ROW].to_list(), len(far), column=name, **facts)


def _scanned(path: Path, wanted: Sequence[str]) -> pl.LazyFrame | None:
    """An earlier file's values; None where it was written before one of the columns came."""
    rows = pl.scan_parquet(path, glob=False)
    return rows.select("_key", *wanted) if set(wanted) <= set(rows.collect_schema().names()) else None
