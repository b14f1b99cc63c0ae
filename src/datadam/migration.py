"""How rows of one version are read under the next: proved lossless from what both declare, or refused. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Final

from datadam import coarsening
from datadam.digits import bound
from datadam.errors import DamError, Invalid
from datadam.model import Coarsening, CodeList, Column, Move, Protection, Repeat, Standard, Type

EXACT: Final = frozenset({Type.INTEGER, Type.DECIMAL})
_SPELLED: Final = frozenset({Type.INTEGER, Type.DATE, Type.BOOLEAN})  # types of which each value has one spelling
_LAST_INTEGER: Final = 2**63 - 1
LAST_DOUBLE: Final = 2**53  # up to here a double tells every whole number from its neighbours
_KEPT_KEYS: Final = frozenset({(Repeat.REFUSE, Repeat.SUPERSEDE), (Repeat.REFUSE, Repeat.KEEP)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Where one stored column of a version gets its values from in the rows of the version before it; exact always.

    `column` carries the limits of the values that come, not those that the version sets for new ones: rows are judged
    once, by the version that they were deposited under.
    """

    column: Column
    source: Column | None = None  # of the version before; without it all rows have `constant`, or no value
    constant: str | None = None
    multiplier: int = 1  # of the unscaled integer
    codes: Mapping[str, str] = field(default_factory=dict)  # old value → new
    mask: bool = False  # show only the last `column.mask_keep` characters
    coarse: Coarsening | None = None  # how the values are coarsened when they are read, groups by code

    @property
    def still(self) -> bool:
        """Whether the values may lie in one table with new ones: same name, same type, nothing to do."""
        if self.source is None:
            return self.constant is None
        same = all(getattr(self.source, term) == getattr(self.column, term) for term in _STORED)
        return same and self.multiplier == 1 and not self.codes and not self.mask


_STORED: Final = ("name", "type", "scale", "precision", "protection", "domain", "mask_keep", "coarsening")


@dataclass(frozen=True, slots=True)
class Step:
    """How rows of one version are read under the next: a Drawn for every stored column, or why they cannot be."""

    drawn: tuple[Drawn, ...]
    faults: tuple[DamError, ...]
    still: bool  # rows of both may lie in one table

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns as the step leaves them."""
        return tuple(one.column for one in self.drawn)


def step(old: Standard, new: Standard, codes: Mapping[str, CodeList]) -> Step:
    """How rows of `old` are read under `new`, its next version: lossless, or with every fault that forbids it.

    `old` may be a view: a version's standard with the columns that an earlier step left.
    """
    moves = moves_after(old, new)
    before = {column.name: column for column in _stored(old.columns)}
    faults: list[DamError] = []
    drawn: list[Drawn] = []
    known = {column.name for column in new.columns}
    faults += [Invalid("migration.column-unknown", column=name) for name in moves if name not in known]
    for column in _stored(new.columns):
        move = moves.get(column.name, Move(column=column.name))
        if move.source is not None and move.source not in before:
            faults.append(Invalid("migration.source-unknown", column=column.name, source=move.source))
            continue
        source = before.get(move.source or column.name)
        if move.constant is not None:
            faults += _constant_faults(column, source, move.constant, codes)
            drawn.append(Drawn(column=column, constant=move.constant))
        elif source is None:
            if column.required:
                faults.append(Invalid("migration.value-missing", column=column.name))
            drawn.append(Drawn(column=column))
        else:
            one, wrong = _draw(source, column, move, codes)
            faults += wrong
            drawn.append(one)
    faults += _key_faults(old, new, drawn)
    gone = before.keys() - {one.source.name for one in drawn if one.source is not None}
    still = not faults and not gone and all(one.still for one in drawn)
    return Step(tuple(drawn), tuple(faults), still)


def moves_after(old: Standard, new: Standard) -> dict[str, Move]:
    """The moves of a new version by its columns, if they were written for `old`."""
    if new.migration is None or new.migration.after != old.version:
        return {}
    return {move.column: move for move in new.migration.moves}


def passage(versions: Sequence[Standard], codes: Mapping[str, CodeList]) -> tuple[Step, ...]:
    """How rows of the first of successive versions are read under the last, step by step."""
    found: list[Step] = []
    view = versions[0]
    for new in versions[1:]:
        found.append(step(view, new, codes))
        view = replace(new, columns=found[-1].columns)
    return tuple(found)


def _stored(columns: Iterable[Column]) -> tuple[Column, ...]:
    return tuple(column for column in columns if column.protection is not Protection.DROP)


def _draw(
    source: Column, column: Column, move: Move, codes: Mapping[str, CodeList]
) -> tuple[Drawn, tuple[DamError, ...]]:
    faults: list[DamError] = []
    name = column.name
    mask, coarser = _masked(source, column), _coarser(source, column)
    if not (mask is not None or coarser):
        facts = {"old": _protected(source), "new": _protected(column)}
        faults.append(Invalid("migration.protection", column=name, **facts))
    if column.required and not source.required:
        faults.append(Invalid("migration.value-missing", column=name))
    if not _convertible(source, column):
        facts = {"old": str(source.type), "new": str(column.type)}
        faults.append(Invalid("migration.type", column=name, **facts))
    multiplier: int | None = 1
    factor = _factor(source, column, move)
    if factor is None:
        facts = {"old": source.unit or "–", "new": column.unit or "–"}
        faults.append(Invalid("migration.unit", column=name, **facts))
    elif {source.type, column.type} <= EXACT:
        multiplier = exact_multiplier(source, column, factor)
    if multiplier is None or (factor != 1 and not {source.type, column.type} <= EXACT and factor is not None):
        faults.append(Invalid("migration.not-exact", column=name))
    image, wrong = _code_image(source, column, move.codes, codes)
    faults += wrong
    carried = replace(column, **_carried(source, column, factor or Fraction(1)), **image)  # type: ignore[arg-type]  # any field
    coarse = None
    if coarser and not faults:
        coarse, wrong = _coarse_reading((source, carried, column), move, codes)
        faults += wrong
    elif column.coarsening is not None and factor != 1:  # bands of another unit begin elsewhere
        facts = {"old": _protected(source), "new": _protected(column)}
        faults.append(Invalid("migration.protection", column=name, **facts))
    mapping = {old: new for old, new in move.codes.items() if old != new}
    return (
        Drawn(column=carried, source=source, multiplier=multiplier or 1, codes=mapping, mask=bool(mask), coarse=coarse),
        tuple(faults),
    )


def _protected(column: Column) -> str:
    return f"{column.protection} {coarsening.shown(column)}".rstrip()


def _coarser(source: Column, column: Column) -> bool:
    """Whether values as they are stored may yet be coarsened as the new version says."""
    old, new = source.coarsening, column.coarsening
    if new is None or old == new:
        return False
    if old is None:
        return source.protection is Protection.KEEP
    grouped = (old.codes or old.groups) and (new.codes or new.groups)  # which lists know: `_coarse_reading`
    return source.unit == column.unit and (bool(grouped) or coarsening.nests(old, new))


def _coarse_reading(
    columns: tuple[Column, Column, Column], move: Move, codes: Mapping[str, CodeList]
) -> tuple[Coarsening | None, list[DamError]]:
    """How values are coarsened when they are read: `columns` are the old one, it as it comes, and the new one."""
    source, carried, column = columns
    how = column.coarsening
    if column.type is not Type.TEXT:
        wrong = [*coarsening.faults(replace(column, minimum=carried.minimum), codes)]
        return how, [Invalid("migration.coarse-open", column=column.name)] if wrong else []
    fine = coarsening.groups_of(column, codes)
    if source.coarsening is None:
        known = {move.codes.get(code, code) for code in _domain(source, codes) or ()}
        groups = {code: fine[code] for code in known & fine.keys()} if known <= fine.keys() else {}
    else:
        groups = coarsening.again(coarsening.groups_of(source, codes), fine) or {}
    if not groups:
        return None, [Invalid("migration.coarse-open", column=column.name)]
    return Coarsening(groups=groups), []


def _masked(source: Column, column: Column) -> bool | None:
    """Whether values have to be masked when they are read; None where what was done cannot become what is asked."""
    old, new = source.protection, column.protection
    same = (source.domain, source.mask_keep, source.coarsening) == (column.domain, column.mask_keep, column.coarsening)
    if old is new and same:
        return False
    tighter = old is Protection.KEEP or (old is Protection.MASK and column.mask_keep < source.mask_keep)
    return True if new is Protection.MASK and tighter else None


def _convertible(source: Column, column: Column) -> bool:
    old, new = source.type, column.type
    if old is new or {old, new} <= EXACT:
        return True
    if old is Type.INTEGER and new is Type.NUMBER:
        return largest(source) <= LAST_DOUBLE
    return old in _SPELLED and new is Type.TEXT and column.protection is Protection.KEEP


def _factor(source: Column, column: Column, move: Move) -> Fraction | None:
    """One of the old unit in the new one: as the migration says, else as the new version's units do; None: unknown."""
    told = None if move.numerator is None else Fraction(move.numerator, move.denominator)
    if source.unit == column.unit:
        relabelled = source.unit is not None and told not in {None, 1}  # one kg is not 1000 kg
        return None if relabelled else told or Fraction(1)
    declared = next((Fraction(u.numerator, u.denominator) for u in column.units if u.symbol == source.unit), None)
    if declared is None:
        return told
    return declared if told in {None, declared} else None


def exact_multiplier(old: Column, new: Column, factor: Fraction) -> int | None:
    """What to multiply unscaled integers by; None where a digit would be lost or a value may not fit."""
    found = factor * Fraction(10) ** (scale_of(new) - scale_of(old))
    if found.denominator != 1 or found <= 0:
        return None
    most = _LAST_INTEGER if new.type is Type.INTEGER else 10**new.precision - 1
    return int(found) if largest(old) * found <= most else None


def scale_of(column: Column) -> int:
    """Digits behind the point of an exact column."""
    return column.scale if column.type is Type.DECIMAL else 0


def largest(column: Column) -> int:
    """The largest absolute unscaled integer that a value of the column can be."""
    most = _LAST_INTEGER if column.type is Type.INTEGER else 10**column.precision - 1
    low, high = coarsening.coarse_bound(column, column.minimum), column.maximum
    if isinstance(low, Decimal) and isinstance(high, Decimal):
        limit = max(abs(low), abs(high)) * Decimal(10) ** scale_of(column)
        most = min(most, int(limit))
    return most


def _carried(source: Column, column: Column, factor: Fraction) -> dict[str, object]:
    """The limits of the values that come: the old ones in the new unit, never the new ones."""
    limits = dict.fromkeys(("minimum", "maximum"), None)
    if {source.type, column.type} <= EXACT:
        for end in ("minimum", "maximum"):
            value = getattr(source, end)
            if isinstance(value, Decimal):
                limits[end] = _decimal(Fraction(value) * factor)
    return {**limits, "min_length": None, "max_length": None, "pattern": None}


def _decimal(value: Fraction) -> Decimal | None:
    """The same number in digits, or None where it has no end."""
    twos = fives = 0
    rest = value.denominator
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    digits = max(twos, fives)
    return Decimal(int(value * 10**digits)).scaleb(-digits) if rest == 1 else None


def _domain(column: Column, codes: Mapping[str, CodeList]) -> frozenset[str] | None:
    """The closed set that values are taken from; None where any text may stand."""
    if column.type is not Type.TEXT or column.protection is not Protection.KEEP:
        return None
    if column.codes is not None:
        return codes[column.codes].codes if column.codes in codes else frozenset()
    return frozenset(column.values) or None


def _code_image(
    source: Column, column: Column, mapping: Mapping[str, str], codes: Mapping[str, CodeList]
) -> tuple[dict[str, object], list[DamError]]:
    """The values that come after the code map, and why it loses or invents some."""
    name, old, new = column.name, _domain(source, codes), _domain(column, codes)
    if old is None:
        wrong = bool(mapping) or new is not None
        return {}, [Invalid("migration.codes-open", column=name)] if wrong else []
    faults: list[DamError] = []
    if foreign := sorted(mapping.keys() - old):
        faults.append(Invalid("migration.code-unknown", column=name, codes=", ".join(foreign[:10])))
    image = [mapping.get(code, code) for code in sorted(old)]
    if len(set(image)) < len(image):
        faults.append(Invalid("migration.codes-merged", column=name))
    if new is not None and (lost := sorted(set(image) - new)):
        faults.append(Invalid("migration.codes-lost", column=name, codes=", ".join(lost[:10])))
    if source.codes is not None and source.codes == column.codes and not mapping:
        return {}, faults
    return {"codes": None, "values": tuple(image)}, faults


def _constant_faults(
    column: Column, source: Column | None, constant: str, codes: Mapping[str, CodeList]
) -> Iterator[DamError]:
    if source is not None:  # it would write over what contributors said
        yield Invalid("migration.constant-over", column=column.name)
    domain = _domain(column, codes)
    held = constant if column.type is Type.TEXT else constant_value(column, constant)
    if held is None or column.protection is not Protection.KEEP or (domain is not None and constant not in domain):
        yield Invalid("migration.constant-wrong", column=column.name, constant=constant[:80], type=str(column.type))


def constant_value(column: Column, text: str) -> Decimal | str | bool | None:
    """A constant as its column's value: quantities as decimals, days and instants as ISO 8601; None if it is none."""
    if column.type is Type.TEXT:
        return text
    if column.type is Type.BOOLEAN:
        return {"true": True, "false": False}.get(text)
    if column.type in {Type.DATE, Type.TIMESTAMP}:
        return text if bound(column.type, text) is not None else None
    try:
        value = Decimal(text)
    except ArithmeticError:
        return None
    if bound(column.type, value) is None:
        return None
    digits = Fraction(value) * 10 ** scale_of(column)
    fits = column.type is Type.NUMBER or (digits.denominator == 1 and abs(digits) <= _largest_of_type(column))
    return value if fits else None


def _largest_of_type(column: Column) -> int:
    return _LAST_INTEGER if column.type is Type.INTEGER else 10**column.precision - 1


def _key_faults(old: Standard, new: Standard, drawn: Sequence[Drawn]) -> Iterator[DamError]:
    """Keys are compared by a hash that was made at deposit: it must still be the hash of the same values."""
    if old.repeat is not new.repeat and (old.repeat, new.repeat) not in _KEPT_KEYS:
        yield Invalid("migration.repeat", old=str(old.repeat), new=str(new.repeat))
    if new.repeat is Repeat.KEEP:
        return
    by_name = {one.column.name: one for one in drawn}
    sources = tuple(_key_source(by_name.get(name)) for name in new.key)
    if sources != old.key:
        yield Invalid("migration.key", key=", ".join(new.key))


def _key_source(one: Drawn | None) -> str | None:
    """The old name of a key column whose values are as they were, else None."""
    if one is None or one.source is None:
        return None
    return one.source.name if replace(one, source=replace(one.source, name=one.column.name)).still else None
