"""What contradicts itself in a standard's protections is found at once, each thing by its own name."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from answers import CODES, COUNT, FIRM, INDUSTRY, MONTH, SUM, USE, private, with_column
from datadam import texts
from datadam.model import Bounds, Column, Protection, Repeat, Standard, Tier, Type
from datadam.privacy import declaring, sensitivity
from datadam.protections import Aggregate, Budget, Clip, FreeText, Gates
from datadam.standard import check
from drafts import column, standard

BUDGET = Budget(period=Decimal("0.5"), life=Decimal(2))
ROWS = Gates(
    contributors=3,
    units=5,
    identifying=("industry", "month"),
    sensitive="use",
    diversity=2,
    largest=1,
    largest_share=Decimal("0.5"),
    p_percent=Decimal(10),
    measured="use",
)


def clipped(lowest: str = "0", highest: str = "100", scale: int = 1) -> Clip:
    """A clip."""
    return Clip(lowest=Decimal(lowest), highest=Decimal(highest), scale=scale)


def spent(**changes: Any) -> Standard:
    """The standard with another budget."""
    return private(budget=replace(BUDGET, **changes))


def asks(**changes: Any) -> Standard:
    """The standard with another reference question."""
    return private(reference=replace(COUNT, **changes))


def sums(**changes: Any) -> Standard:
    """The standard with a sum as its reference question."""
    return private(reference=replace(SUM, **changes))


def gated(tier: Tier = Tier.AGREEMENT, **changes: Any) -> Standard:
    """A standard that gives rows, behind these gates."""
    return private(tier=tier, budget=None, reference=None, gates=replace(ROWS, **changes))


def with_unit(**changes: Any) -> Standard:
    """The standard with another column of its unit."""
    held = (replace(FIRM, **changes), MONTH, INDUSTRY, USE)
    return private(*held, key=("month",) if not held[0].required else ("firm", "month"))


SPOILED: list[tuple[str, Standard]] = [
    ("protection.free-text-closed", with_column("industry", free_text=FreeText.REDACT)),
    ("protection.free-text-closed", with_column("use", free_text=FreeText.REDACT)),
    ("protection.free-text-closed", with_column("firm", free_text=FreeText.REDACT)),
    ("protection.other-tier", private(tier=Tier.AGREEMENT, reference=None)),
    ("protection.other-tier", private(tier=Tier.AGREEMENT, budget=None)),
    ("protection.clip-not-summed", with_column("industry", clip=clipped())),
    ("protection.clip-not-summed", with_column("use", protection=Protection.DROP)),
    ("protection.clip-order", with_column("use", clip=clipped("5", "5"))),
    ("protection.clip-order", with_column("use", clip=clipped("0", "Infinity"))),
    ("protection.clip-scale", with_column("use", clip=clipped(scale=4))),
    ("protection.clip-scale", with_column("use", clip=clipped("0", "0.25", scale=1))),
    ("protection.clip-scale", with_column("use", type=Type.INTEGER, scale=0, precision=38, clip=clipped(scale=1))),
    ("protection.clip-outside", with_column("use", clip=clipped("-1"))),
    ("protection.clip-outside", with_column("use", clip=clipped("0", "1001"))),
    (
        "protection.clip-overflow",
        replace(
            with_column("use", maximum=Decimal(10**8), clip=clipped("0", "1E+8", scale=3)),
            reference=replace(SUM, units=10**9),
        ),
    ),
    ("protection.bounds-many", private(bounds=Bounds(unit="firm", rows=10**7, period="year"))),
    ("protection.period-missing", private(bounds=Bounds(unit="firm", rows=24))),
    ("protection.period-missing", replace(gated(), bounds=Bounds(unit="firm"))),
    ("protection.unit-not-id", private(bounds=Bounds(unit="industry", rows=2, period="year"))),
    ("protection.unit-not-id", with_unit(protection=Protection.DROP, domain=None)),
    ("protection.unit-not-id", replace(gated(), bounds=Bounds(unit="industry", period="year"))),
    ("protection.unit-optional", with_unit(required=False)),
    ("protection.key-without-unit", private(key=("month",))),
    ("protection.gate-other-tier", gated(Tier.OPEN)),
    ("protection.gate-other-tier", gated(Tier.TABLES)),
    ("protection.gate-other-tier", private(gates=ROWS)),
    ("protection.gate-number", gated(units=1)),
    ("protection.gate-number", gated(contributors=0)),
    ("protection.gate-share", gated(largest_share=Decimal(1))),
    ("protection.gate-share", gated(p_percent=Decimal("NaN"))),
    ("protection.gate-alone", gated(identifying=())),
    ("protection.gate-alone", gated(largest=None)),
    ("protection.gate-alone", gated(largest_share=None)),
    ("protection.gate-alone", gated(sensitive=None)),
    ("protection.gate-alone", gated(diversity=None)),
    ("protection.gate-alone", gated(units=None, diversity=None, largest=None, p_percent=None)),
    ("protection.gate-column", gated(identifying=("nothing",))),
    ("protection.gate-column", gated(sensitive="nothing")),
    ("protection.gate-measured", gated(measured="industry")),
    ("protection.gate-twice", gated(identifying=("industry", "industry"))),
    ("protection.gate-twice", gated(sensitive="month")),
    ("protection.budget-missing", private(budget=None)),
    ("protection.budget-rho", spent(period=Decimal(0))),
    ("protection.budget-rho", spent(life=Decimal("NaN"))),
    ("protection.budget-rho", spent(life=Decimal(11))),
    ("protection.budget-rho", spent(period=Decimal("0.4000001"))),
    ("protection.budget-life", spent(life=Decimal("0.4"))),
    ("protection.budget-shares", spent(member=Decimal(0))),
    ("protection.budget-shares", spent(reserve=Decimal(1))),
    ("protection.budget-shares", spent(member=Decimal("0.95"))),
    ("protection.delta-wrong", spent(delta=Decimal(1))),
    ("protection.delta-large", spent(delta=Decimal("0.01"))),
    ("protection.reference-missing", private(reference=None)),
    ("protection.reference-units", asks(units=0)),
    ("protection.reference-matching", asks(matching=Decimal(0))),
    ("protection.reference-matching", asks(matching=Decimal("1.1"))),
    ("protection.reference-by", asks(by=("nothing",))),
    ("protection.reference-by", asks(by=("use",))),
    ("protection.reference-by", asks(by=("month", "month"))),
    ("protection.reference-count", asks(column="use")),
    ("protection.reference-count", asks(typical=Decimal(1))),
    ("protection.reference-sum", asks(aggregate=Aggregate.MEAN)),
    ("protection.reference-sum", sums(column="industry")),
    ("protection.reference-typical", sums(typical=None)),
    ("protection.reference-typical", sums(typical=Decimal(0))),
    ("protection.reference-typical", sums(typical=Decimal(101))),
    ("protection.answers-too-few", asks(units=300)),
]


def test_what_every_spoiled_one_starts_from_is_clean() -> None:
    """For private answers, for rows behind gates, and for a sum as the question."""
    assert check(private(), CODES) == ()
    assert check(gated(), CODES) == ()
    assert check(sums(), CODES) == ()
    assert check(with_column("use", clip=clipped("0.0", "1E+2")), CODES) == ()
    written = replace(
        private(), columns=(*private().columns, column("note", max_length=900, free_text=FreeText.REDACT))
    )
    assert check(written, CODES) == ()


@pytest.mark.parametrize(("code", "spoiled"), SPOILED)
def test_each_contradiction_is_found(code: str, spoiled: Standard) -> None:
    """By its own code, with words in both languages that leave no fact open."""
    found = [fault for fault in check(spoiled, CODES) if fault.code == code]
    assert found
    for fault in found:
        for language in texts.LANGUAGES:
            told = texts.explain(fault, language)
            assert told.remedy
            assert "{" not in told.what + told.remedy
            assert "–" not in told.what + told.remedy


def test_a_code_has_a_trial() -> None:
    """No contradiction is only said to be found."""
    raised = {code for code in texts.codes() if code.startswith("protection.")}
    raised -= {
        code for code in raised if code.startswith(("protection.holds", "protection.free-text"))
    }  # of identifiers
    assert raised - {code for code, _ in SPOILED} == {"protection.reference-cells"}


def test_a_question_over_more_cells_than_an_answer_has_is_refused() -> None:
    """Two lists of the packaged codes make half a million."""
    goods = column("goods", codes="hs2022-6", required=True)
    places = column("place", codes="iso3166-alpha2", required=True)
    wide = private(FIRM, goods, places, USE, reference=replace(COUNT, units=10**9, by=("goods", "place")))
    (fault,) = [one for one in check(wide, CODES) if one.code == "protection.reference-cells"]
    assert fault.facts["cells"] == 5613 * 249


def test_all_contradictions_come_at_once() -> None:
    """Five things wrong, one answer."""
    bad = private(
        replace(FIRM, protection=Protection.KEEP, domain=None),
        MONTH,
        INDUSTRY,
        replace(USE, clip=clipped("0", "2000")),
        bounds=Bounds(unit="firm", rows=3),
        budget=None,
        gates=ROWS,
    )
    codes = {fault.code for fault in check(bad, CODES)}
    assert codes >= {
        "protection.unit-not-id",
        "protection.clip-outside",
        "protection.period-missing",
        "protection.budget-missing",
        "protection.gate-other-tier",
    }


def test_the_contributor_needs_no_column() -> None:
    """Where whoever hands in is protected, no column names it."""
    bounds = Bounds(unit="contributor", rows=24, period="quarter")
    assert check(private(bounds=bounds), CODES) == ()
    assert check(private(bounds=bounds, gates=None), CODES) == ()


def test_a_double_may_be_clipped_as_finely_as_is_said() -> None:
    """It has no digits of its own."""
    held = private(FIRM, MONTH, INDUSTRY, column("heat", Type.NUMBER, clip=clipped("-5.125", "5", scale=3)))
    assert check(held, CODES) == ()


def test_what_the_protections_mean_is_explained() -> None:
    """Bounds, keys, sums, loss, the question and its worth, in both languages; nothing on another tier."""
    found = declaring.explained(private(), CODES)
    assert [reason.code for reason in found] == [
        "done.private-bounds",
        "done.private-keys",
        "done.private-sums",
        "done.private-loss",
        "done.private-question",
        "done.private-worth",
    ]
    for reason in found:
        for language in texts.LANGUAGES:
            assert "{" not in texts.say(reason.code, language, **reason.facts)
    facts = {name: value for reason in found for name, value in reason.facts.items()}
    assert (facts["keys"], facts["columns"], facts["cells"]) == ("month (12), industry (5)", "use (0 … 100)", 5)
    assert declaring.explained(gated(), CODES) == ()
    assert declaring.explained(private(budget=None), CODES) == ()
    assert facts["matching"] == "100"
    half = declaring.explained(asks(units=9000, matching=Decimal("0.125")), CODES)
    assert {name: value for reason in half for name, value in reason.facts.items()}["matching"] == "12.5"
    summed = {name: value for reason in declaring.explained(sums(), CODES) for name, value in reason.facts.items()}
    assert summed["aggregate"] == "sum use"


def test_where_keys_are_open_the_loss_is_told_at_what_they_leave_of_delta() -> None:
    """Thresholds may take half of it over a life, so that epsilon is larger than without them."""
    told = []
    for held in (private(), private(FIRM, MONTH, INDUSTRY, USE, column("town", Type.TEXT, max_length=20))):
        (loss,) = (one for one in declaring.explained(held, CODES) if one.code == "done.private-loss")
        told.append({name: float(str(loss.facts[name])) for name in ("period", "life")})
    budget = private().budget
    assert budget is not None
    half = sensitivity.epsilon_of(sensitivity.micro(budget.life), Fraction(budget.delta) / 2)
    assert told[1]["life"] == pytest.approx(half, abs=0.006)
    assert told[1]["life"] > told[0]["life"]
    assert told[1]["period"] >= told[0]["period"]


def test_gates_budget_and_tables_are_told_as_a_contract_words_them() -> None:
    """As the notices of a standard name them."""
    told = declaring.shown(gated())
    assert told["gates"].startswith("contributors 3, units 5, identifying industry + month, sensitive use, diversity 2")
    assert "largestShare 0.5, pPercent 10, measured use" in told["gates"]
    assert declaring.shown(standard()) == {"gates": "", "budget": "", "tables": ""}


def test_the_base_holds_what_it_says() -> None:
    """Columns and terms that the trials above rest on."""
    assert isinstance(USE, Column)
    assert private().repeat is Repeat.SUPERSEDE
