"""What contradicts itself, or protects nobody, in what a Standard declares to protect: every fault at once. Pure."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Final

from datadam.errors import DamError, Invalid
from datadam.model import CodeList, Column, Protection, Reason, Standard, Tier, Type
from datadam.privacy import sensitivity, tables
from datadam.privacy.answering import key_delta
from datadam.privacy.recipes import public_keys, recipe
from datadam.privacy.worth import LEAST_ANSWERS, cells_of, worth
from datadam.privacy.worth import shown as worth_shown
from datadam.protections import Aggregate, Budget, Gates, ReferenceQuestion

MAX_RHO: Final = 10  # of a budget: at rho 10 and delta 1e-6 epsilon is 33, which protects nobody
MAX_CELLS: Final = 100_000  # of one answer
MAX_UNITS: Final = 10**9
MAX_BOUND: Final = 1_000_000  # rows of one unit: with more, noise hides no unit and helps no answer
_RHO_DIGITS: Final = 6  # budgets are counted in whole micro-rho
_QUANTITIES: Final = frozenset({Type.INTEGER, Type.DECIMAL, Type.NUMBER})
_CONTRIBUTOR: Final = "contributor"
_NOT_STORED: Final = frozenset({Protection.DROP})

# which gates mean anything, by tier: one that is taken and not kept would be a promise that nobody keeps
_GATES: Final[Mapping[Tier, frozenset[str]]] = {
    Tier.OPEN: frozenset(),
    Tier.AGREEMENT: frozenset(
        {"contributors", "units", "identifying", "sensitive", "diversity", "largest", "largest_share", "p_percent"}
        | {"measured"}
    ),
    Tier.TABLES: frozenset({"contributors", "largest", "largest_share", "p_percent", "measured", "months", "preset"}),
    Tier.ANSWERS: frozenset({"contributors"}),
}


def faults(standard: Standard, codes: Mapping[str, CodeList]) -> Iterator[DamError]:
    """Find everything that is wrong with a standard's clips, gates, budget and reference question."""
    for column in standard.columns:
        yield from _clip_faults(column, standard)
        if column.free_text is not None and (column.type is not Type.TEXT or _is_closed(column)):
            yield Invalid("protection.free-text-closed", column=column.name)
    yield from _unit_faults(standard)
    if standard.gates is not None:
        yield from _gate_faults(standard.gates, standard)
    yield from tables.faults(standard, codes)
    if standard.tier is Tier.ANSWERS:
        yield from _answers_faults(standard, codes)
    else:
        declared = {"budget": standard.budget, "referenceQuestion": standard.reference}
        for term in [term for term, there in declared.items() if there is not None]:
            yield Invalid("protection.other-tier", term=term, tier=str(standard.tier), needed=str(Tier.ANSWERS))


def counts_units(standard: Standard) -> bool:
    """Whether anything of a standard is counted in its privacy units."""
    return standard.tier is Tier.ANSWERS or (standard.gates is not None and standard.gates.units is not None)


def shown(standard: Standard) -> dict[str, str]:
    """Gates, budget and tables as a contract words them, by term; empty where there are none."""
    gates, budget = standard.gates, standard.budget
    said = {name: getattr(gates, name) for name in Gates.__dataclass_fields__} if gates is not None else {}
    told = {_in_contract(name): value for name, value in said.items() if value not in {None, ()}}
    spent = {"period": budget.period, "life": budget.life, "delta": budget.delta} if budget is not None else {}
    return {
        "gates": ", ".join(f"{n} {' + '.join(v) if isinstance(v, tuple) else v}" for n, v in told.items()),
        "budget": ", ".join(f"{name} {value:f}" for name, value in spent.items()),
        "tables": ", ".join(table.name for table in standard.tables),
    }


def _is_closed(column: Column) -> bool:
    """Whether people cannot write what they like."""
    return column.codes is not None or bool(column.values) or column.protection is not Protection.KEEP


# --- clips ------------------------------------------------------------------------------------------------------------


def _clip_faults(column: Column, standard: Standard) -> Iterator[DamError]:
    clip, name = column.clip, column.name
    if clip is None:
        return
    if column.type not in _QUANTITIES or column.protection is not Protection.KEEP:
        yield Invalid(
            "protection.clip-not-summed", column=name, type=str(column.type), protection=str(column.protection)
        )
        return
    ends = (clip.lowest, clip.highest)
    if not all(end.is_finite() for end in ends) or clip.lowest >= clip.highest:
        yield Invalid("protection.clip-order", column=name, lowest=str(ends[0])[:40], highest=str(ends[1])[:40])
        return
    finest = {Type.INTEGER: 0, Type.DECIMAL: column.scale}.get(column.type, clip.scale)
    if not 0 <= clip.scale <= finest or any(_digits(end) > clip.scale for end in ends):
        yield Invalid("protection.clip-scale", column=name, scale=clip.scale, finest=max(finest, 0))
        return
    lowest, highest = column.minimum, column.maximum
    below = isinstance(lowest, Decimal) and lowest.is_finite() and clip.lowest < lowest
    above = isinstance(highest, Decimal) and highest.is_finite() and clip.highest > highest
    if below or above:
        yield Invalid("protection.clip-outside", column=name)
    units, rows = standard.reference.units if standard.reference else 1, standard.bounds.rows or 1
    largest = max(abs(end) for end in sensitivity.ends(clip))
    if 4 * units * rows * largest >= sensitivity.MOST:  # of a mean the sum counts twice, and so does the clip's width
        yield Invalid("protection.clip-overflow", column=name, units=units, rows=rows)


def _digits(number: Decimal) -> int:
    """Digits behind the point that are not needless zeros."""
    return max(0, -int(number.normalize().as_tuple().exponent))


# --- the unit and the gates -------------------------------------------------------------------------------------------


def _unit_faults(standard: Standard) -> Iterator[DamError]:
    """Wherever something is counted in units, the unit must be told in every row, and only by its internal id."""
    bounds = standard.bounds
    if bounds.rows is not None and bounds.rows > MAX_BOUND:
        yield Invalid("protection.bounds-many", rows=bounds.rows, limit=MAX_BOUND)
    waits = standard.gates is not None and standard.gates.contributors is not None
    if bounds.period is None and (waits or standard.tier in {Tier.ANSWERS, Tier.TABLES}):
        yield Invalid("protection.period-missing", tier=str(standard.tier))
    unit = next((column for column in standard.columns if column.name == bounds.unit), None)
    if unit is None or not counts_units(standard):
        return
    if unit.protection is not Protection.UNIT_ID:
        yield Invalid("protection.unit-not-id", column=unit.name, protection=str(unit.protection))
    elif not unit.required:
        yield Invalid("protection.unit-optional", column=unit.name)
    elif standard.tier is Tier.ANSWERS and standard.key and unit.name not in standard.key:
        # else two units could report one key, and whether a row of one is taken would hang on the other
        yield Invalid("protection.key-without-unit", column=unit.name, key=", ".join(standard.key))


def _gate_faults(gates: Gates, standard: Standard) -> Iterator[DamError]:
    said = {name for name in Gates.__dataclass_fields__ if getattr(gates, name) not in {None, ()}}
    for name in sorted(said - _GATES[standard.tier]):
        yield Invalid("protection.gate-other-tier", gate=_in_contract(name), tier=str(standard.tier))
    for name in ("contributors", "units", "diversity", "largest"):
        least, number = (2 if name in {"units", "diversity"} else 1), getattr(gates, name)
        if number is not None and not least <= number <= MAX_UNITS:
            yield Invalid("protection.gate-number", gate=name, least=least, number=number)
    shares = {"largest_share": (gates.largest_share, 1), "p_percent": (gates.p_percent, 100)}
    for name, (share, most) in shares.items():
        if share is not None and not (share.is_finite() and 0 < share < most):
            yield Invalid("protection.gate-share", gate=_in_contract(name), most=most, share=str(share)[:40])
    needs = (
        ("largest", "largest_share"),
        ("largest_share", "largest"),
        ("units", "identifying"),
        ("diversity", "identifying"),
        ("diversity", "sensitive"),
        ("sensitive", "diversity"),
    )
    for name, other in needs:
        if name in said and other not in said:
            yield Invalid("protection.gate-alone", gate=_in_contract(name), other=_in_contract(other))
    if "identifying" in said and not said & {"units", "diversity", "largest", "p_percent"}:
        yield Invalid("protection.gate-alone", gate="identifying", other="units")
    yield from _gate_columns(gates, standard)


def _gate_columns(gates: Gates, standard: Standard) -> Iterator[DamError]:
    columns = {column.name: column for column in standard.columns}
    named = [("identifying", name) for name in gates.identifying]
    named += [("sensitive", gates.sensitive)] if gates.sensitive is not None else []
    named += [("measured", gates.measured)] if gates.measured is not None else []
    for gate, name in named:
        column = columns.get(name)
        if column is None or column.protection in _NOT_STORED:
            yield Invalid("protection.gate-column", gate=gate, column=name)
        elif gate == "measured" and column.type not in {Type.INTEGER, Type.DECIMAL}:
            yield Invalid("protection.gate-measured", column=name, type=str(column.type))
    if len(set(gates.identifying)) != len(gates.identifying) or gates.sensitive in gates.identifying:
        yield Invalid("protection.gate-twice", columns=", ".join(gates.identifying))


def _in_contract(name: str) -> str:
    """A field of `Gates` as a contract writes it."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


# --- private answers --------------------------------------------------------------------------------------------------


def _answers_faults(standard: Standard, codes: Mapping[str, CodeList]) -> Iterator[DamError]:
    found: list[DamError] = []
    if standard.budget is None:
        found.append(Invalid("protection.budget-missing"))
    else:
        found += _budget_faults(standard.budget)
    if standard.reference is None:
        found.append(Invalid("protection.reference-missing"))
    else:
        found += _reference_faults(standard.reference, standard, codes)
        budget = standard.budget
        if budget is not None and not found and budget.delta * standard.reference.units > 1:
            found.append(Invalid("protection.delta-large", delta=f"{budget.delta:f}", units=standard.reference.units))
    yield from found
    told = None if found else worth(standard, codes)
    if told is not None and not told.enough:
        yield Invalid(
            "protection.answers-too-few", answers=worth_shown(told.period), least=LEAST_ANSWERS, cells=told.cells
        )


def _budget_faults(budget: Budget) -> Iterator[DamError]:
    right = True
    for name, rho in (("period", budget.period), ("life", budget.life)):
        if not (rho.is_finite() and 0 < rho <= MAX_RHO and _digits(rho) <= _RHO_DIGITS):
            right = False
            yield Invalid("protection.budget-rho", term=name, rho=str(rho)[:40], most=MAX_RHO, digits=_RHO_DIGITS)
    if right and budget.life < budget.period:
        yield Invalid("protection.budget-life", life=str(budget.life), period=str(budget.period))
    if not (budget.delta.is_finite() and 0 < budget.delta < 1):
        yield Invalid("protection.delta-wrong", delta=str(budget.delta)[:40])
    shares = (budget.member, budget.reserve)
    if not (all(share.is_finite() for share in shares) and 0 < shares[0] <= 1 and 0 <= shares[1] < 1):
        yield Invalid("protection.budget-shares", member=str(shares[0])[:40], reserve=str(shares[1])[:40])
    elif sum(map(Fraction, shares)) > 1:
        yield Invalid("protection.budget-shares", member=str(shares[0]), reserve=str(shares[1]))


def _reference_faults(
    question: ReferenceQuestion, standard: Standard, codes: Mapping[str, CodeList]
) -> Iterator[DamError]:
    columns = {column.name: column for column in standard.columns}
    if not 1 <= question.units <= MAX_UNITS:
        yield Invalid("protection.reference-units", units=question.units, most=MAX_UNITS)
    if not (question.matching.is_finite() and 0 < question.matching <= 1):
        yield Invalid("protection.reference-matching", share=str(question.matching)[:40])
    for name in question.by:
        if name not in columns or question.by.count(name) > 1 or public_keys(columns[name], codes) is None:
            yield Invalid("protection.reference-by", column=name)
    cells = cells_of(question.by, standard, codes)
    if cells is not None and cells > MAX_CELLS:
        yield Invalid("protection.reference-cells", cells=cells, most=MAX_CELLS)
    if question.aggregate is Aggregate.COUNT:
        if question.column is not None or question.typical is not None:
            yield Invalid("protection.reference-count")
        return
    clip = columns[question.column].clip if question.column in columns else None
    if question.aggregate is not Aggregate.SUM or clip is None:
        yield Invalid("protection.reference-sum", column=question.column or "", aggregate=str(question.aggregate))
        return
    typical = question.typical
    if typical is None or not typical.is_finite() or not typical or not clip.lowest <= typical <= clip.highest:
        yield Invalid("protection.reference-typical", column=question.column or "")


# --- what it means ----------------------------------------------------------------------------------------------------


def explained(standard: Standard, codes: Mapping[str, CodeList]) -> tuple[Reason, ...]:
    """What the protections of a clean standard cost and give, as far as it alone tells."""
    if standard.tier is Tier.TABLES:
        return tables.explained(standard)
    question, budget, bought = standard.reference, standard.budget, worth(standard, codes)
    if standard.tier is not Tier.ANSWERS or question is None or budget is None or bought is None:
        return ()
    bounds, made = standard.bounds, recipe(standard, codes)
    asked = {
        "aggregate": f"{question.aggregate} {question.column}" if question.column else str(question.aggregate),
        "by": ", ".join(question.by) or "-",
        "cells": bought.cells,
        "matching": f"{(question.matching * 100).normalize():f}",
        "units": f"{question.units:,}",
    }
    answers = {name: worth_shown(getattr(bought, name)) for name in ("period", "life", "member", "reserve")}
    losses = {
        name: f"{_loss(budget, sensitivity.micro(rho), keyed=bool(made.open)):.2f}"
        for name, rho in (("period", budget.period), ("life", budget.life))
    }
    keyed = [f"{name} ({len(keys):,})" for name, keys in made.keys.items()]
    summed = [f"{name} ({clip.lowest:f} … {clip.highest:f})" for name, clip in made.sums.items()]
    return (
        Reason("done.private-bounds", {"unit": bounds.unit, "rows": made.rows, "period": bounds.period or ""}),
        Reason("done.private-keys", {"keys": ", ".join(keyed) or "-", "open": ", ".join(made.open) or "-"}),
        Reason("done.private-sums", {"columns": ", ".join(summed) or "-"}),
        Reason("done.private-loss", {"delta": f"{budget.delta:f}", **losses}),
        Reason("done.private-question", asked),
        Reason("done.private-worth", answers),
    )


def _loss(budget: Budget, rho: int, *, keyed: bool) -> float:
    """The epsilon of so much of a budget; where keys are open, of what their thresholds leave of delta."""
    lets_through = key_delta(budget, rho) if keyed else Fraction(0)
    return sensitivity.epsilon_of(rho, Fraction(budget.delta) - lets_through)
