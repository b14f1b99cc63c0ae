"""Two standards side by side: which columns and terms agree, convert (and how exactly) or conflict. Pure.

The direction is from left to right: can rows of the left standard be handed in under the right one? Nothing is claimed
but what the two contracts and their code lists declare: a column is matched by its names alone, a unit by the factors
that are written down, a code by a name that both lists give it. What only looks alike is left to a person.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final

from datadam.coarsening import nests, shown
from datadam.digits import bound
from datadam.evolution import ATTRIBUTIONS, TIERS, more_purposes
from datadam.migration import EXACT, LAST_DOUBLE, largest, scale_of
from datadam.model import CodeList, Column, Json, PrivacyClass, Protection, Standard, Type, Unit, fold
from datadam.standard import known_as, plain, resolve


class Verdict(StrEnum):
    """What becomes of a value or a promise on its way."""

    AGREE = "agree"
    CONVERT = "convert"
    CONFLICT = "conflict"


_ORDER: Final = (Verdict.AGREE, Verdict.CONVERT, Verdict.CONFLICT)
_CLASSES: Final = (PrivacyClass.PUBLIC, PrivacyClass.BUSINESS, PrivacyClass.CONFIDENTIAL, PrivacyClass.PERSONAL)
_SHOWN: Final = 5  # codes that a sentence names; `how` has them all


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was compared; its code names the sentence, its facts fill that in, `how` is for programs."""

    aspect: str  # type, unit, values, protection, class, required, limits; of the contract: its term
    verdict: Verdict
    code: str
    facts: Json = field(default_factory=dict)
    how: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A column of each that mean the same by their declared names."""

    left: str
    right: str
    by: str  # name, title or synonym
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of its findings."""
        return max((one.verdict for one in self.findings), key=_ORDER.index, default=Verdict.AGREE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """What two contracts declare of one another."""

    pairs: tuple[Pair, ...]
    only_left: tuple[str, ...]
    only_right: tuple[str, ...]
    unsure: tuple[tuple[str, tuple[str, ...]], ...]  # a left column whose names lead to several right ones
    alike: tuple[tuple[str, str, Json], ...]  # unmatched quantities whose units convert: a person has to say
    terms: tuple[Finding, ...]


def align(left: Standard, right: Standard, codes: Mapping[str, CodeList]) -> Alignment:
    """Compare two standards, of two countries say, from left to right."""
    matched, unsure = _matched(left.columns, right.columns)
    before, after = ({column.name: column for column in side.columns} for side in (left, right))
    pairs = tuple(
        Pair(left=one, right=other, by=by, findings=tuple(_compared(before[one], after[other], codes)))
        for one, (other, by) in matched.items()
    )
    taken = {pair.right for pair in pairs}
    rest = [column for column in left.columns if column.name not in matched]
    others = [column for column in right.columns if column.name not in taken]
    return Alignment(
        pairs=pairs,
        only_left=tuple(column.name for column in rest),
        only_right=tuple(column.name for column in others),
        unsure=unsure,
        alike=tuple(_alike(rest, others)),
        terms=tuple(_terms(left, right, {pair.left: pair.right for pair in pairs})),
    )


# --- which columns ----------------------------------------------------------------------------------------------------

_NAMES: Final[tuple[tuple[str, Callable[[Column], Sequence[str]]], ...]] = (
    ("name", lambda column: (column.name,)),
    ("title", lambda column: tuple(column.titles.values())),
    ("synonym", known_as),
)


def _matched(
    left: Sequence[Column], right: Sequence[Column]
) -> tuple[dict[str, tuple[str, str]], tuple[tuple[str, tuple[str, ...]], ...]]:
    """Left name → (right name, by what), in the order of the left columns; and those whose names lead to several."""
    found: dict[str, tuple[str, str]] = {}
    unsure: dict[str, tuple[str, ...]] = {}
    for by, names in _NAMES:
        rest = [column for column in left if column.name not in found]
        taken = {other for other, _ in found.values()}
        there: defaultdict[str, set[str]] = defaultdict(set)
        for column in right:
            if column.name not in taken:
                for name in {plain(text) for text in names(column)} - {""}:
                    there[name].add(column.name)
        hits = {c.name: set().union(*(there.get(plain(text), set()) for text in names(c))) for c in rest}
        for name, others in hits.items():
            claimed = [one for one, theirs in hits.items() if theirs & others]
            if len(others) == 1 and claimed == [name]:
                found[name] = (next(iter(others)), by)
            elif others:
                unsure[name] = tuple(sorted(others))
    open_ = tuple((name, others) for name, others in unsure.items() if name not in found)
    return {column.name: found[column.name] for column in left if column.name in found}, open_


def _alike(left: Sequence[Column], right: Sequence[Column]) -> Iterator[tuple[str, str, Json]]:
    for one in left:
        for other in right:
            if one.unit is not None and other.unit is not None:
                factors = _factors(one, other)
                if len(factors) == 1:
                    yield one.name, other.name, _ratio(next(iter(factors)))


# --- one pair ---------------------------------------------------------------------------------------------------------


def _compared(left: Column, right: Column, codes: Mapping[str, CodeList]) -> Iterator[Finding]:
    yield _type(left, right)
    factors = _factors(left, right)
    if left.unit is not None or right.unit is not None:
        yield _unit(left, right, factors)
    if (values := _values(left, right, codes)) is not None:
        yield values
    yield _protection(left, right)
    yield _class(left, right)
    if right.required and not left.required:
        yield Finding("required", Verdict.CONFLICT, "align.required", {"right": right.name})
    else:
        yield Finding("required", Verdict.AGREE, "align.same", {"aspect": "required"})
    closed = values is not None and values.code != "align.values-unbounded"
    factor = next(iter(factors)) if len(factors) == 1 else None
    yield from _limits(left, right, factor, closed=closed)


def _type(left: Column, right: Column) -> Finding:
    facts = {"left": str(left.type), "right": str(right.type)}
    how = {"from": str(left.type), "to": str(right.type)}
    if left.type is right.type:
        return Finding("type", Verdict.AGREE, "align.same", {"aspect": "type"})
    whole = right.type is Type.DECIMAL or scale_of(left) == 0
    if (left.type in EXACT and right.type in EXACT and whole) or right.type is Type.TEXT:
        return Finding("type", Verdict.CONVERT, "align.type-converts", facts, how)
    if left.type in EXACT and right.type is Type.NUMBER:
        exact = left.type is Type.INTEGER and largest(left) <= LAST_DOUBLE
        code = "align.type-converts" if exact else "align.type-nearest"
        return Finding("type", Verdict.CONVERT, code, facts, {**how, "exact": exact})
    return Finding("type", Verdict.CONFLICT, "align.type", facts)


def _unit(left: Column, right: Column, factors: frozenset[Fraction]) -> Finding:
    facts = {"left": left.unit or "–", "right": right.unit or "–"}
    if left.unit == right.unit:
        return Finding("unit", Verdict.AGREE, "align.same", {"aspect": "unit"})
    if left.unit is None or right.unit is None:
        return Finding("unit", Verdict.CONFLICT, "align.unit-undeclared", facts)
    if len(factors) != 1:
        code = "align.units-disagree" if factors else "align.unit-unconnected"
        return Finding("unit", Verdict.CONFLICT, code, facts)
    (factor,) = factors
    steps = factor * Fraction(10) ** (scale_of(right) - scale_of(left))
    exact = steps.denominator == 1
    told = {**facts, "numerator": factor.numerator, "denominator": factor.denominator, "scale": scale_of(right)}
    code = "align.unit-converts" if exact else "align.unit-rounds"
    return Finding("unit", Verdict.CONVERT, code, told, {**_ratio(factor), "exact": exact})


def _ratio(factor: Fraction) -> Json:
    return {"numerator": factor.numerator, "denominator": factor.denominator}


def _factors(left: Column, right: Column) -> frozenset[Fraction]:
    """What one of the left unit is in the right one, by every way that the two declare; several ways may disagree."""
    if left.unit is None or right.unit is None:
        return frozenset()
    found = {Fraction(1)} if left.unit == right.unit else set()
    for one in _known(left):
        for other in _known(right):
            if _same_unit(one, other):
                ours = Fraction(one.numerator, one.denominator)  # of the left unit
                theirs = Fraction(other.numerator, other.denominator)  # of the right one
                found.add(theirs / ours)
    return frozenset(found)


def _known(column: Column) -> tuple[Unit, ...]:
    own = Unit(symbol=column.unit or "", numerator=1)
    return column.units if any(unit.symbol == column.unit for unit in column.units) else (own, *column.units)


def _same_unit(one: Unit, other: Unit) -> bool:
    """A symbol counts to the letter (MW is not mW), a written-out name folded."""
    ours, theirs = ({fold(text) for text in unit.synonyms} for unit in (one, other))
    return (
        one.symbol == other.symbol
        or one.symbol in other.synonyms
        or other.symbol in one.synonyms
        or bool(ours & theirs)
    )


def _values(left: Column, right: Column, codes: Mapping[str, CodeList]) -> Finding | None:
    ours, theirs = _closed(left, codes), _closed(right, codes)
    if theirs is None:
        return None if ours is None else Finding("values", Verdict.AGREE, "align.values-open", {"right": right.name})
    if ours is None:
        return Finding("values", Verdict.CONFLICT, "align.values-unbounded", {"left": left.name})
    if left.codes is not None and left.codes == right.codes:
        return Finding("values", Verdict.AGREE, "align.same", {"aspect": "values"})
    return _mapped(ours, _codes(left, right, codes))


def _mapped(ours: frozenset[str], mapped: Mapping[str, str]) -> Finding:
    """What becomes of a closed list: every value its own, each another, some none."""
    lost = sorted(ours - mapped.keys())
    changed = {code: new for code, new in mapped.items() if code != new}
    merged = len(mapped) - len(set(mapped.values()))
    facts = {"count": len(ours), "changed": len(changed), "merged": merged, "lost": len(lost)}
    if lost:
        shown = ", ".join(lost[:_SHOWN]) + (", …" if len(lost) > _SHOWN else "")
        return Finding(
            "values", Verdict.CONFLICT, "align.values-lost", {**facts, "codes": shown}, {"codes": changed, "lost": lost}
        )
    if not changed:
        return Finding("values", Verdict.AGREE, "align.same", {"aspect": "values"})
    code = "align.values-merge" if merged else "align.values-convert"
    return Finding("values", Verdict.CONVERT, code, facts, {"codes": changed})


def _closed(column: Column, codes: Mapping[str, CodeList]) -> frozenset[str] | None:
    if column.codes is not None and column.codes in codes:
        return codes[column.codes].codes
    return frozenset(column.values) or None


def _codes(left: Column, right: Column, codes: Mapping[str, CodeList]) -> dict[str, str]:
    """Left value → right value, where something declared says so."""
    ours = codes.get(left.codes or "")
    theirs = codes.get(right.codes or "")
    if ours is not None and theirs is not None:
        return _by_name(ours, theirs)
    held = ours.codes if ours is not None else frozenset(left.values)
    if theirs is not None:  # what the right standard itself makes of such a value
        return {value: code for value in sorted(held) if (code := resolve(theirs, value)) is not None}
    by_name = {value: value for value in right.values}
    found = {value: by_name[value] for value in sorted(held) if value in by_name}
    for name, code in sorted(ours.aliases.items() if ours is not None else ()):
        for value in right.values:
            if fold(value) == name and code not in found:
                found[code] = value
    return found


def _by_name(ours: CodeList, theirs: CodeList) -> dict[str, str]:
    """By a name that both lists give: an equal code proves nothing, `01` is something else in every list."""
    spelled = {fold(code) for code in theirs.codes}
    own = {fold(code) for code in ours.codes}
    hits: defaultdict[str, set[str]] = defaultdict(set)
    for name, code in ours.aliases.items():
        if name in theirs.aliases and name not in spelled and name not in own:
            hits[code].add(theirs.aliases[name])
    return {code: next(iter(found)) for code, found in sorted(hits.items()) if len(found) == 1}


def _protection(left: Column, right: Column) -> Finding:
    old, new = left.protection, right.protection
    facts = {"left": str(old), "right": str(new)}
    same = (old, left.domain, left.mask_keep, left.coarsening) == (
        new,
        right.domain,
        right.mask_keep,
        right.coarsening,
    )
    if same and old is Protection.UNIT_ID:  # the keys of two dams differ
        return Finding("protection", Verdict.AGREE, "align.same-domain", {"domain": left.domain or ""})
    if same:
        return Finding("protection", Verdict.AGREE, "align.same", {"aspect": "protection"})
    shorter = old is new is Protection.MASK and right.mask_keep < left.mask_keep
    ways = left.coarsening, right.coarsening
    coarser = ways[0] is not None and ways[1] is not None and left.unit == right.unit and nests(ways[0], ways[1])
    if old is Protection.KEEP or new is Protection.DROP or shorter or coarser:
        told = {"protection": str(new), "domain": right.domain, "maskKeep": right.mask_keep}
        told |= {"coarsen": shown(right)} if right.coarsening is not None else {}
        return Finding("protection", Verdict.CONVERT, "align.protect", facts, told)
    return Finding("protection", Verdict.CONFLICT, "align.protection", facts)


def _class(left: Column, right: Column) -> Finding:
    facts = {"left": str(left.privacy_class), "right": str(right.privacy_class)}
    if left.privacy_class is right.privacy_class:
        return Finding("class", Verdict.AGREE, "align.same", {"aspect": "class"})
    if _CLASSES.index(right.privacy_class) > _CLASSES.index(left.privacy_class):
        return Finding("class", Verdict.AGREE, "align.class-stricter", facts)
    return Finding("class", Verdict.CONFLICT, "align.class", facts)


def _limits(left: Column, right: Column, factor: Fraction | None, *, closed: bool) -> Iterator[Finding]:
    """Whether every value that the left limits take the right ones take too; closed lists were compared one by one."""
    wrong: list[str] = []
    if right.type is Type.TEXT and not closed:
        if right.max_length is not None and (left.max_length is None or left.max_length > right.max_length):
            wrong.append("maxLength")
        if (left.min_length or 0) < (right.min_length or 0):
            wrong.append("minLength")
        if right.pattern is not None and right.pattern != left.pattern:
            wrong.append("pattern")
    for end, above in (("minimum", False), ("maximum", True)):
        theirs = getattr(right, end)
        if theirs is not None and not _within(left, getattr(left, end), (right, theirs), factor, above=above):
            wrong.append(end)
    if right.type in EXACT and left.type in EXACT and not wrong:
        steps = (factor or Fraction(1)) * Fraction(10) ** (scale_of(right) - scale_of(left))
        most = 2**63 - 1 if right.type is Type.INTEGER else 10**right.precision - 1
        bounded = right.minimum is not None and right.maximum is not None
        if not bounded and largest(left) * steps > most:
            wrong.append("digits")
    if wrong:
        yield Finding("limits", Verdict.CONFLICT, "align.limits", {"right": right.name, "limits": ", ".join(wrong)})


def _within(
    left: Column,
    ours: Decimal | str | None,
    theirs: tuple[Column, Decimal | str],
    factor: Fraction | None,
    *,
    above: bool,
) -> bool:
    if ours is None:
        return False
    right, limit = theirs
    if isinstance(ours, Decimal) and isinstance(limit, Decimal):
        scaled = Fraction(ours) * (Fraction(1) if factor is None else factor)
        return scaled <= Fraction(limit) if above else scaled >= Fraction(limit)
    one, other = bound(left.type, ours), bound(right.type, limit)
    if one is None or other is None or left.type is not right.type:
        return False
    return one <= other if above else one >= other  # type: ignore[operator]  # one type each


# --- the contracts ----------------------------------------------------------------------------------------------------


def _terms(left: Standard, right: Standard, pairs: Mapping[str, str]) -> Iterator[Finding]:
    for aspect, order in (("tier", TIERS), ("attribution", ATTRIBUTIONS)):
        old, new = getattr(left, aspect), getattr(right, aspect)
        facts = {"aspect": aspect, "left": str(old), "right": str(new)}
        if order.index(new) < order.index(old):
            yield Finding(aspect, Verdict.CONFLICT, "align.looser", facts)
        else:
            code = "align.same" if old is new else "align.stricter"
            yield Finding(aspect, Verdict.AGREE, code, facts)
    if more := more_purposes(left, right):
        yield Finding("purposes", Verdict.CONFLICT, "align.purposes", {"purposes": ", ".join(more)})
    else:
        yield Finding("purposes", Verdict.AGREE, "align.same", {"aspect": "purposes"})
    key = [pairs.get(name, "–") for name in left.key]
    same = sorted(key) == sorted(right.key)
    facts = {"left": ", ".join(left.key) or "–", "right": ", ".join(right.key) or "–"}
    yield (
        Finding("key", Verdict.AGREE, "align.same", {"aspect": "key"})
        if same
        else Finding("key", Verdict.CONFLICT, "align.key", facts)
    )
    if left.repeat is right.repeat:
        yield Finding("repeat", Verdict.AGREE, "align.same", {"aspect": "repeat"})
    else:
        told = {"left": str(left.repeat), "right": str(right.repeat)}
        yield Finding("repeat", Verdict.CONFLICT, "align.repeat", told)
    taken = set(pairs.values())
    missing = [column.name for column in right.columns if column.required and column.name not in taken]
    if missing:
        facts = {"columns": ", ".join(missing)}
        yield Finding("columns", Verdict.CONFLICT, "align.required-missing", facts, {"columns": missing})
    if right.rules:
        rules = ", ".join(rule.id for rule in right.rules)
        known = all(_rule_known(rule.left, rule.op, rule.right, left, pairs) for rule in right.rules)
        verdict = Verdict.AGREE if known else Verdict.CONFLICT
        yield Finding("rules", verdict, "align.same" if known else "align.rules", {"aspect": "rules", "rules": rules})


def _rule_known(one: str, op: str, other: str, left: Standard, pairs: Mapping[str, str]) -> bool:
    return any((pairs.get(rule.left), rule.op, pairs.get(rule.right)) == (one, op, other) for rule in left.rules)
