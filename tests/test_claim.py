"""What an answer claims: one sentence in each language, with every fact it rests on and nobody left out."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Final

import pytest

from answers import CODES, FIRM, INDUSTRY, MONTH, USE, private
from datadam import seal, texts
from datadam.model import Bounds, Protection, Standard
from datadam.privacy import claim, recipes
from datadam.privacy.answering import key_delta
from datadam.privacy.question import Question, read
from datadam.privacy.sensitivity import MICRO, epsilon_of
from drafts import column
from test_question import COUNT, RECIPE, STANDARD

QUESTION: Final = read(COUNT, STANDARD, RECIPE)


def claimed(standard: Standard, question: Question, lang: str = "en") -> str:
    """The claim of a question's answer."""
    paid = claim.cost(question, standard, recipes.recipe(standard, CODES))
    return claim.sentence(question, standard, paid, lang)


@pytest.mark.parametrize("lang", texts.LANGUAGES)
def test_a_claim_is_one_sentence_that_says_it_all(lang: str) -> None:
    """Unit, period, epsilon, delta, rho, bound; what is public; and who is not protected."""
    titled = private(replace(FIRM, titles={"en": "firm", "ko": "기업"}), MONTH, INDUSTRY, USE)
    said = claimed(titled, read(COUNT, titled, recipes.recipe(titled, CODES)), lang)
    assert said.count(". ") == 0
    assert said.endswith(".")
    assert "{" not in said
    for fact in ("2026-Q3", "1.4716", "0.000001", "0.05 rho", "24", {"en": "one firm", "ko": "한 기업"}[lang]):
        assert fact in said
    for fact in {
        "en": (
            "replaced",
            "who contributes",
            "when deposits came",
            "admitted",
            "not protected as a whole: contributor",
        ),
        "ko": ("교체", "누가 기여하는지", "언제", "받아들여졌는지", "보호되지 않습니다: 기여자"),
    }[lang]:
        assert fact in said


def test_a_claim_for_contributors_says_which_party_it_leaves_out() -> None:
    """Where the contributor is the unit nobody is left out, but those whom its rows name."""
    alone = private(MONTH, INDUSTRY, USE, bounds=Bounds(unit="contributor", rows=24, period="quarter"), key=("month",))
    assert claim.unprotected(alone) == ()
    assert "any one contributor" in claimed(alone, QUESTION)
    assert "not protected" not in claimed(alone, QUESTION)
    naming = replace(alone, columns=(*alone.columns, FIRM))
    assert claim.unprotected(naming) == ("firm",)
    assert claimed(naming, QUESTION).endswith("not protected as a whole: firm.")


def test_rows_of_two_parties_protect_one() -> None:
    """The supplier that a firm's row names is told as unprotected."""
    supplier = column("supplier", protection=Protection.UNIT_ID, domain="firm", required=True)
    assert claim.unprotected(private(FIRM, supplier, MONTH, INDUSTRY, USE)) == ("contributor", "supplier")


def test_many_periods_are_told_by_their_ends() -> None:
    """The sentence stays one; the facts name all."""
    several = [f"{year}-Q{n}" for year in (2024, 2025) for n in (1, 2, 3, 4)]
    question = read({**COUNT, "periods": several}, STANDARD, RECIPE)
    paid = claim.cost(question, STANDARD, RECIPE)
    assert "2024-Q1 … 2025-Q4 (8)" in claim.sentence(question, STANDARD, paid, "en")
    assert claim.facts(question, STANDARD, paid)["periods"] == several


def test_the_facts_of_a_claim_can_be_signed() -> None:
    """As JSON, numbers as decimal texts."""
    told = claim.facts(QUESTION, STANDARD, claim.cost(QUESTION, STANDARD, RECIPE))
    assert seal.parse(seal.canonical(told)) == told
    assert told == {
        "unit": "firm",
        "relation": "replace-one-unit",
        "periods": ["2026-Q3"],
        "rows": 24,
        "rho": "0.05",
        "epsilon": "1.4716",
        "delta": "0.000001",
        "unprotected": ["contributor"],
        "public": ["presence", "deposit-times", "admission"],
    }


def test_open_keys_have_their_part_of_delta() -> None:
    """What the threshold may let through is of the same delta: what is left of it makes epsilon a little larger."""
    assert STANDARD.budget is not None
    delta = Fraction(STANDARD.budget.delta)
    question = read({**COUNT, "aggregate": "distinct", "by": ["brand"]}, STANDARD, RECIPE)
    paid = claim.cost(question, STANDARD, RECIPE)
    assert paid.delta == STANDARD.budget.delta
    assert float(paid.epsilon) >= epsilon_of(50_000, delta - key_delta(STANDARD.budget, 50_000))
    assert float(paid.epsilon) > epsilon_of(50_000, delta)


def test_epsilon_is_told_rounded_up() -> None:
    """Never less than what is proved, in five digits."""
    for rho in (1, 1000, 50_000, MICRO // 2):
        question = replace(QUESTION, rho=rho)
        paid = claim.cost(question, STANDARD, RECIPE)
        assert paid.epsilon >= Decimal(epsilon_of(rho, Fraction(1, 10**6)))
        assert len(paid.epsilon.as_tuple().digits) <= 5


def test_without_a_budget_nothing_is_claimed() -> None:
    """An answer of such a standard, if there were one, would promise nothing."""
    assert claim.cost(QUESTION, replace(STANDARD, budget=None), RECIPE).epsilon == Decimal("Infinity")
