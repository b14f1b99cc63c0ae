"""Scores of many indicators at once, with Polars: what `domains.cyber.corroboration` says, over frames of rows.

Nearly all values have one report, or several that are not alike: these are sums over columns. The others are handed,
one by one, to the module that says what alike is.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from datadam.client.answers import library
from datadam.domains.cyber import decay, independence
from datadam.domains.cyber.corroboration import SURE, UNSAID, Assessed, Corroboration, corroborated
from datadam.domains.cyber.reliability import PRIOR, Reliability
from datadam.domains.cyber.reports import DIGESTS, HOSTS, MAY_SEE, NETWORKS, TLP, Audience, Left, Report, normal
from datadam.model import fold

if TYPE_CHECKING:
    from polars import DataFrame, DataType, Expr

KEY: Final = ("type", "value")
WHO: Final = ("contributor", "dam_contributor", "pseudonym", "dam_pseudonym", "country", "dam_country")
"""Columns that tell who contributed, the most telling first. Where there is none, nothing shows that two are two."""
_TEXTS: Final = (*KEY, "tlp", "pap", "source_method", "upstream", "_dam")
_TIMES: Final = ("first_seen", "last_seen", "valid_until")
_OCTET: Final = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4: Final = rf"^{_OCTET}(?:\.{_OCTET}){{3}}$"  # in its one spelling
_FIRST: Final = datetime(1, 1, 2, tzinfo=UTC)
_LAST: Final = datetime(9999, 12, 30, tzinfo=UTC)
"""Columns have times that no calendar has: those are none."""
_LAND: Final = "^([A-Z]{2})-"  # what a pseudonym begins with


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """For when, for whom, and by what the reports are weighed."""

    now: datetime
    audience: Audience = Audience.OWN
    reliabilities: Mapping[str, Reliability] = field(default_factory=dict)
    countries: Mapping[str, str] = field(default_factory=dict)  # of contributors, where the rows do not tell it
    paps: frozenset[str] | None = None  # under which a row may be used; None: any


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """A row for each indicator, in no order; and how many rows were left out, by reason."""

    frame: "DataFrame"
    left: Mapping[Left, int]
    terms: Terms

    def assessed(self) -> Assessed:
        """The indicators that have not decayed, as nouns, the best first; those that have are counted."""
        kept = self.frame.filter(~self.frame["decayed"]).drop("decayed")
        rows = kept.sort("score", *KEY, descending=[True, False, False]).iter_rows(named=True)
        values = tuple(Corroboration(**{**row, "methods": tuple(row["methods"])}) for row in rows)
        decayed = {Left.DECAYED: self.frame.height - len(values)} if self.frame.height > len(values) else {}
        left = dict(sorted({**self.left, **decayed}.items()))
        return Assessed(now=self.terms.now, audience=self.terms.audience, values=values, left=left)


def scored(frames: Iterable["DataFrame"], terms: Terms) -> Scores:
    """What the rows of all frames together say of each indicator. A column `_dam` tells which dam a row is of."""
    return _Columns(terms).scored(list(frames))


class _Columns:
    """The rules of `domains.cyber` as expressions over columns."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._pl: Any = library("polars", "polars")
        self._moment = self._pl.Datetime("us", "UTC")

    def scored(self, frames: list["DataFrame"]) -> Scores:
        pl = self._pl
        rows = pl.concat([self._prepared(frame) for frame in frames or [pl.DataFrame()]])
        rows = self._respelt(rows).with_columns(_left=self._why())
        counts = rows.group_by("_left").len().drop_nulls("_left").rows()
        kept = self._weighed(rows.filter(pl.col("_left").is_null()))
        alone, several = kept.filter(pl.col("_rows") == 1), kept.filter(pl.col("_rows") > 1)
        together = several.group_by(KEY).agg(*self._sums())
        tangled = several.join(together.filter("_alike").select(KEY), on=KEY, how="semi")
        plain = [self._lone(alone), together.filter(~pl.col("_alike")).drop("_alike")]
        frame = pl.concat([*(self._faded(some) for some in plain), self._one_by_one(tangled)])
        left = {Left(why): count for why, count in sorted(counts)}
        return Scores(frame=frame, left=left, terms=self._terms)

    # --- one form -----------------------------------------------------------------------------------------------------

    def _prepared(self, frame: "DataFrame") -> "DataFrame":
        """The columns that count, each in one type, null where a frame has none or says what is none.

        A dam judges its rows by its own rules: what another would have refused counts here as not said.
        """
        pl, there = self._pl, frame.schema
        texts = [self._there(there, name).cast(pl.String).alias(name) for name in _TEXTS]
        times = [self._in_utc(name, there.get(name)).alias(name) for name in _TIMES]
        sure = self._there(there, "confidence").cast(pl.Int64, strict=False).alias("confidence")
        who = [pl.col(name).cast(pl.String) for name in WHO if name in there]  # one dam may tell more than another
        named = pl.coalesce([*who, pl.lit("")]).alias("contributor")
        told = self._there(there, "country").cast(pl.String).alias("country")
        countries = [told, pl.col("contributor").str.extract(_LAND), pl.lit("")]
        if self._terms.countries:
            countries[1:1] = [self._mapped(self._terms.countries, pl.col("contributor"))]
        found: DataFrame = frame.select(*texts, *times, sure, named, told).with_columns(
            country=pl.coalesce(countries), _dam=pl.col("_dam").fill_null("")
        )
        return found

    def _there(self, there: Mapping[str, object], name: str) -> "Expr":
        column: Expr = self._pl.col(name) if name in there else self._pl.lit(None)
        return column

    def _in_utc(self, name: str, kind: "DataType | None") -> "Expr":
        pl = self._pl
        if kind != pl.Date and not isinstance(kind, pl.Datetime):
            nothing: Expr = pl.lit(None, self._moment)
            return nothing
        zoned = isinstance(kind, pl.Datetime) and kind.time_zone
        told = pl.col(name) if zoned else pl.col(name).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        told = told.cast(self._moment)
        found: Expr = pl.when(told.is_between(_FIRST, _LAST)).then(told)
        return found

    def _respelt(self, rows: "DataFrame") -> "DataFrame":
        """Values as `normal` spells them, upstreams folded; what columns cannot do is done once for each spelling."""
        pl = self._pl
        text, kind = pl.col("value").str.strip_chars(), pl.col("type")
        begins = text.str.extract("^([A-Za-z]+://[^/?#]*)")
        plain = (
            pl.when(kind.is_in(HOSTS))
            .then(text.str.to_lowercase().str.strip_suffix("."))
            .when(kind.is_in(DIGESTS))
            .then(text.str.to_lowercase())
            .when((kind == "url") & begins.is_not_null())
            .then(begins.str.to_lowercase() + text.str.slice(begins.str.len_chars()))
            .otherwise(text)
        )
        rows = rows.with_columns(value=plain)
        for name in sorted({*NETWORKS, "asn"}):
            here = kind == name
            if name == "ipv4":
                here &= ~pl.col("value").str.contains(_IPV4)
            spelt = {one: normal(name, one) for one in rows.filter(here)["value"].drop_nulls().unique()}
            if spelt:
                rows = rows.with_columns(
                    value=pl.when(here).then(self._mapped(spelt, pl.col("value"))).otherwise("value")
                )
        folded = {one: fold(one) for one in rows["upstream"].drop_nulls().unique()}
        upstream = self._mapped(folded, pl.col("upstream")) if folded else pl.lit(None, pl.String)
        return rows.with_columns(_upstream=upstream.fill_null(""))

    def _mapped(self, by: Mapping[str, str], column: "Expr") -> "Expr":
        text = self._pl.String
        return column.replace_strict(list(by), list(by.values()), default=None, return_dtype=text)

    # --- what counts --------------------------------------------------------------------------------------------------

    def _why(self) -> "Expr":
        """What `reports.left` says of a row."""
        pl, terms = self._pl, self._terms
        never = pl.lit(value=False)
        used = never if terms.paps is None else ~pl.col("pap").is_in(terms.paps)
        reasons = (
            (Left.MALFORMED, pl.any_horizontal(pl.col(KEY).is_null())),
            (Left.UNMARKED, ~pl.col("tlp").is_in(TLP).fill_null(value=False)),
            (Left.MARKING, ~pl.col("tlp").is_in(MAY_SEE[terms.audience])),
            (Left.PAP, used),
            (Left.EXPIRED, pl.col("valid_until") <= terms.now),
            (Left.UNDATED, self._latest().is_null()),
            (Left.UNSURE, pl.col("confidence") <= 0),
        )
        found: Expr = pl.coalesce(*(pl.when(holds).then(pl.lit(why.value)) for why, holds in reasons))
        return found

    def _latest(self) -> "Expr":
        latest: Expr = self._pl.max_horizontal(self._past("first_seen"), self._past("last_seen"))
        return latest

    def _past(self, name: str) -> "Expr":
        past: Expr = self._pl.when(self._pl.col(name) <= self._terms.now).then(self._pl.col(name))
        return past

    def _weighed(self, rows: "DataFrame") -> "DataFrame":
        """The rows that count: when each was first and last seen, what it leaves open, how many its indicator has."""
        pl, known = self._pl, self._terms.reliabilities
        trust = pl.lit(PRIOR.value)
        if known:
            values = [one.value for one in known.values()]
            trust = pl.col("contributor").replace_strict(list(known), values, default=PRIOR.value)
        return rows.with_columns(
            _begun=pl.coalesce(self._past("first_seen"), self._past("last_seen")),
            _seen=self._latest(),
            _open=1 - trust * pl.col("confidence").fill_null(UNSAID).clip(upper_bound=SURE) / 100,
            _tlp=pl.col("tlp").replace_strict(list(TLP), list(range(len(TLP))), return_dtype=pl.Int64),
            _learned=pl.col("contributor").is_in(list(known)),
            _rows=pl.len().over(*KEY),
        )

    # --- what it is worth ---------------------------------------------------------------------------------------------

    def _lone(self, alone: "DataFrame") -> "DataFrame":
        """The sums of `_sums`, of one report each."""
        pl, one = self._pl, self._pl.lit(1, self._pl.Int64)
        no_method = pl.lit([], pl.List(pl.String))
        return alone.select(
            *KEY,
            contributors=one,
            countries=(pl.col("country") != "").cast(pl.Int64),
            methods=pl.when(pl.col("source_method").is_null())
            .then(no_method)
            .otherwise(pl.concat_list("source_method")),
            reports=one,
            first_seen="_begun",
            last_seen="_seen",
            valid_until="valid_until",
            base=100 * (1 - pl.col("_open")),
            tlp="_tlp",
            learned=pl.col("_learned").cast(pl.Int64),
        )

    def _sums(self) -> Iterator["Expr"]:
        """Over the reports of one indicator, as they are where no two are alike; and whether any two are."""
        pl = self._pl
        country, upstream = pl.col("country"), pl.col("_upstream")
        upstream = upstream.filter(upstream != "")
        yield pl.len().cast(pl.Int64).alias("contributors")
        yield country.filter(country != "").n_unique().cast(pl.Int64).alias("countries")
        yield pl.col("source_method").drop_nulls().unique().sort().alias("methods")
        yield pl.len().cast(pl.Int64).alias("reports")
        yield pl.col("_begun").min().alias("first_seen")
        yield pl.col("_seen").max().alias("last_seen")
        until = pl.col("valid_until")
        yield pl.when(until.null_count() == 0).then(until.max()).alias("valid_until")
        yield (100 * (1 - pl.col("_open").sort().product())).alias("base")
        yield pl.col("_tlp").max().alias("tlp")
        yield pl.col("_learned").sum().cast(pl.Int64).alias("learned")
        same = (pl.col("contributor").n_unique() < pl.len()) | (upstream.n_unique() < upstream.len())
        yield (same | (pl.col("_begun").sort().diff().min() <= independence.COPY)).alias("_alike")

    def _faded(self, some: "DataFrame") -> "DataFrame":
        """Base and score as they are told, and whether it has decayed."""
        pl = self._pl
        age = ((self._terms.now - pl.col("last_seen")).dt.total_microseconds() / 10**6 / decay.SECONDS_A_DAY).clip(0)
        score, least = self._left_of(age, decay.NETWORK), pl.lit(decay.NETWORK.threshold)
        for kind, by in decay.MODELS.items():
            here = pl.col("type") == kind
            score = pl.when(here).then(self._left_of(age, by)).otherwise(score)
            least = pl.when(here).then(by.threshold).otherwise(least)
        tlp = pl.col("tlp").replace_strict(list(range(len(TLP))), list(TLP), return_dtype=pl.String)
        return (
            some.with_columns(base=self._rounded(pl.col("base")), score=self._rounded(score), tlp=tlp, _least=least)
            .with_columns(decayed=pl.col("score") < pl.col("_least"))
            .select(*self._schema)
        )

    def _left_of(self, age: "Expr", by: decay.Decay) -> "Expr":
        pl = self._pl
        left = pl.col("base") * (1 - (age / by.lifetime) ** (1 / by.speed))
        fading: Expr = pl.when(age < by.lifetime).then(left).otherwise(0.0)
        return fading

    def _rounded(self, score: "Expr") -> "Expr":
        return (score + 0.5).floor().clip(0, 100).cast(self._pl.Int64)

    def _one_by_one(self, tangled: "DataFrame") -> "DataFrame":
        """Indicators of which some reports are alike."""
        rows = tangled.sort(KEY).iter_rows(named=True)
        found = []
        for _, some in groupby(rows, itemgetter(*KEY)):
            terms = self._terms
            one = corroborated([_report(row) for row in some], now=terms.now, reliabilities=terms.reliabilities)
            told = {name: getattr(one, name) for name in self._schema}
            found.append({**told, "methods": list(one.methods)})
        frame: DataFrame = self._pl.DataFrame(found, schema=self._schema)
        return frame

    @property
    def _schema(self) -> dict[str, Any]:
        pl = self._pl
        numbers = dict.fromkeys(("contributors", "countries", "reports", "base", "score", "learned"), pl.Int64)
        texts = dict.fromkeys((*KEY, "tlp"), pl.String)
        lists = {"methods": pl.List(pl.String), "decayed": pl.Boolean}
        return {**texts, **numbers, **lists, **dict.fromkeys(_TIMES, self._moment)}


def _report(row: Mapping[str, Any]) -> Report:
    own = {"method": row["source_method"], "dam": row["_dam"]}
    same = ("contributor", "country", "confidence", "tlp", "pap", "upstream", *KEY, *_TIMES)
    return Report(**{name: row[name] for name in same}, **own)
