"""Attacks on how far one firm moves what noise is added to: by place, by keys, by hubs, by numbers that are none."""

import math
import random
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from attacks import naive
from attacks.book import Outcome, attack
from attacks.pools import ENERGY, RECIPE, a_scene, exact
from datadam.errors import Invalid
from datadam.formats import codelists, odcs
from datadam.privacy import answering, claim, recipes
from datadam.privacy.question import Question
from datadam.protections import Aggregate
from datadam.standard import notices
from test_twin_behaviours import STANDARD, row
from worlds import answers_text

COUNTRIES: Final = ("DE", "KR", None)
Rows = Sequence[dict[str, Any]]


def _question(**told: Any) -> Question:
    plain: dict[str, Any] = {"standard": STANDARD, "periods": ("2026-Q3",), "rho": 500_000}
    return Question(**(plain | told))


def _apart(one: Sequence[int], other: Sequence[int]) -> float:
    return math.sqrt(sum((a - b) ** 2 for a, b in zip(one, other, strict=True)))


@attack("row numbers shifted", "of each firm so many rows by a hash of the row number", few=3, many=50)
def shifted(folder: Path, tries: int) -> Outcome:
    """Take one firm out of the file's beginning: every later row gets another number, and other rows count."""
    asked = _question(aggregate=Aggregate.COUNT, by=("country", "month", "large"))
    promised = math.sqrt(answering.moved(asked, RECIPE).l2_squared)
    farthest, naively = 0.0, 0.0
    for seed in range(tries):
        draws = random.Random(seed)
        rest = [
            row(firm, country=draws.choice(COUNTRIES), large=draws.random() < 0.5, city=f"{n}")
            for firm in range(2, 202)
            for n in range(8)
        ]
        mine = [row(1, city=f"{n}") for n in range(9)]
        pools = ([*mine, *rest], rest)
        counted = [[_tally(naive.by_row_number(pool, RECIPE.rows), place) for place in _places()] for pool in pools]
        naively = max(naively, _apart(*counted))
        farthest = max(farthest, _apart(*(exact(folder, asked, pool) for pool in pools)))
    return Outcome(
        naive=f"all cells together move by {naively:.1f}, where {promised:.1f} is promised",
        ours=f"they move by {farthest:.1f}",
        n=tries,
        won=naively > promised,
        held=farthest <= promised,
    )


def _places() -> list[tuple[str | None, bool]]:
    return [(country, large) for country in COUNTRIES for large in (False, True)]


def _tally(rows: Sequence[naive.Row], place: tuple[str | None, bool]) -> int:
    return sum((one["country"], one["large"]) == place for one in rows)


EXPRESSIONS: Final[dict[str, dict[str, Any]]] = {
    "a column made up": {"by": ["firm_and_row"]},
    "an expression": {"by": ["firm || row_number()"]},
    "an object": {"by": [{"expression": "hash(firm)", "as": "firm"}]},
    "the unit itself": {"by": ["firm"]},
    "a unit of one's own": {"unit": "row"},
    "rows of one's own": {"rows": 5000},
    "a plan": {"plan": "eyJEYXRhRnJhbWVTY2FuIjp7fX0"},
    "SQL": {"sql": "select count(*) from rows"},
    "a join": {"join": [{"with": "test.energy"}]},
    "a condition on the unit": {"where": [{"column": "firm", "operator": "in", "values": ["F1"]}]},
    "an operator made up": {"where": [{"column": "region", "operator": "||", "values": ["north"]}]},
    "a name that looks alike": {"by": ["reg\u0456on"]},
}


@attack("a grouping key redefined", "whoever asks says what a unit is (opendp#2949)", few=len(EXPRESSIONS))
def redefined(folder: Path, tries: int) -> Outcome:
    """One firm's 5,000 rows under 5,000 names, each of which counts."""
    rows = [row(1, city=f"{n}") for n in range(5000)]
    naively = len(naive.by_an_expression(rows, lambda one: (one["firm"], one["city"]), RECIPE.rows))
    scene, refused = a_scene(folder), 0
    for changes in list(EXPRESSIONS.values())[:tries]:
        try:
            scene.asks(**changes)
        except Invalid:
            refused += 1
    real = exact(folder, _question(aggregate=Aggregate.COUNT), rows)
    return Outcome(
        naive=f"{naively} rows of one firm count, where {RECIPE.rows} may",
        ours=f"{refused} questions refused, none charged; {real[0]} rows count",
        n=tries,
        won=naively > RECIPE.rows,
        held=refused == tries and scene.spent() == [] and real == [RECIPE.rows],
    )


@attack("a hub removed from rows of two parties", "bounds the buyer's rows and claims to protect the supplier", few=1)
def hub(_: Path, __: int) -> Outcome:
    """A thousand buyers, two rows each, all from one supplier: without it nothing is left."""
    rows = [{"firm": n, "supplier": 1} for n in range(1000) for _ in range(2)]
    kept = naive.by_an_expression(rows, lambda one: one["firm"], 2)
    moved = len(kept) - len([one for one in kept if one["supplier"] != 1])
    standard = odcs.read(_two_parties())
    noticed = {one.facts["column"] for one in notices(standard) if one.code == "notice.unit-unprotected"}
    asked = Question(standard=ENERGY, aggregate=Aggregate.COUNT, periods=("2026-Q4",), rho=500_000)
    paid = claim.cost(asked, standard, recipes.recipe(standard, codelists.packaged()))
    said = [claim.sentence(asked, standard, paid, language) for language in ("en", "ko")]
    return Outcome(
        naive=f"removing a firm that it claims to protect moves a count by {moved}, where 2 is promised",
        ours="one unit is protected; the check of a standard, and every claim, names the party that is not",
        n=1,
        won=moved > 2,
        held=noticed == {"supplier"} and "Supplier" in said[0] and "공급자" in said[1],
    )


def _two_parties() -> str:
    """The standard of energy, whose rows name a supplier beside the firm."""
    text = answers_text()
    start, end = text.index("      - name: firm"), text.index("      - name: region")
    firm = text[start:end]
    plain = firm.replace("        primaryKey: true\n        primaryKeyPosition: 2\n", "")
    supplier = plain.replace("name: firm", "name: supplier").replace("Firm", "Supplier").replace("기업}", "공급자}")
    return text[:end] + supplier + text[end:]


@attack("NaN and the like, against the clip", "clips by comparing, sums doubles", few=9)
def no_numbers(folder: Path, tries: int) -> Outcome:
    """One row with a value that is no number, or beyond every bound."""
    values = [math.nan, -math.nan, math.inf, -math.inf, 1e308, -1e308, 5e-324, -0.0, None][:tries]
    plain = [row(firm, heat=1.0) for firm in range(2, 20)]
    told = [sum(naive.clipped(one["heat"], -10, 10) for one in [row(1, heat=value), *plain]) for value in values[:-1]]
    lost = sum(math.isnan(one) for one in told)
    asked = _question(aggregate=Aggregate.SUM, column="heat")
    linf = answering.moved(asked, RECIPE).linf
    base = exact(folder, asked, plain)[0]
    moved = [abs(exact(folder, asked, [row(1, heat=value), *plain])[0] - base) for value in values]
    nothing = [at for at, value in zip(moved, values, strict=True) if value is None or not math.isfinite(value)]
    return Outcome(
        naive=f"{lost} of the values turn every sum that they are in into NaN, for good: whose they are is told",
        ours=f"no sum moves by more than {max(moved)}, where {linf} is promised; what is no number moves none",
        n=len(values),
        won=lost > 0,
        held=max(moved) <= linf and not any(nothing),
    )


@attack("overflow and casts", "a sum in 64 bits that raises where they end", few=6)
def overflow(folder: Path, tries: int) -> Outcome:
    """Ask so that an error comes exactly when the target's value is large."""
    values = [2**63 - 1, -(2**63), 2**62, 2**53 + 1, 0, None][:tries]
    raised = 0
    for value in (2**62, 0):
        try:
            naive.in_64_bits([2**62, 2**61, 2**61 - 1, value])
        except OverflowError:
            raised += 1
    kinds = set()
    asked = _question(aggregate=Aggregate.SUM, column="count", by=("country",))
    for number in values:
        found = exact(folder, asked, [row(1, count=number), row(2, count=2**62)])
        kinds.add((len(found), all(abs(one) <= 10 for one in found)))
    scene = a_scene(folder)
    far = [str(10**30), "-" + "9" * 40, "1" + "0" * 18, "0." + "0" * 17 + "1"]
    shapes = set()
    for text in far:
        where = [{"column": "energy", "operator": ">=", "values": [text]}]
        try:
            shapes.add(len(scene.asks(rho="0.001", where=where).body["result"]["estimates"]))
        except Invalid as error:
            shapes.add(int(error.code.startswith("private.")))
    return Outcome(
        naive="the error tells that the value is large",
        ours="sums of any values are drawn alike; far numbers in questions are judged by the standard alone",
        n=len(values) + len(far),
        won=raised == 1,
        held=kinds == {(len(COUNTRIES), True)} and shapes <= {1},
    )


@attack("shape of the answer", "groups that nobody is in are left out", few=2)
def shape(folder: Path, tries: int) -> Outcome:
    """One dam has the only steel maker of the north, the other has not."""
    files = [f"plant,firm,region,sector,energy\nP1,F1,{place},{makes},5\n" for place, makes in _MAKERS][:tries]
    plain = []
    for text in files:
        names, *values = [line.split(",") for line in text.split()]
        plain.append(set(naive.grouped([dict(zip(names, one, strict=True)) for one in values], "sector")))
    shapes = []
    for n, text in enumerate(files):
        scene = a_scene(folder / f"{n}", mine=text.encode())
        body = scene.asks(by=["region", "sector"]).body
        result = body["result"]
        widths = [Decimal(one["high"]) - Decimal(one["low"]) for one in result["estimates"]]
        shapes.append(([one["keys"] for one in result["estimates"]], widths, result["noise"], body["claim"]))
    return Outcome(
        naive="the list of sectors tells what the firm makes",
        ours="both answers have the same six cells, intervals, noise and claim",
        n=len(files),
        won=plain[0] != plain[1],
        held=shapes[0] == shapes[1] and len(shapes[0][0]) == 6,
    )


_MAKERS: Final = (("north", "steel"), ("south", "food"))
