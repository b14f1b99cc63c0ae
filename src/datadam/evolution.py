"""How a lineage lives on: what a new version changes, whom it may break, and which number that needs. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from enum import IntEnum
from typing import Final

from datadam import coarsening
from datadam.digits import bound
from datadam.errors import DamError, Invalid
from datadam.migration import moves_after
from datadam.model import Attribution, Column, Json, Standard, Tier, version_of
from datadam.privacy import tables
from datadam.protections import FreeText, Gates

CONTRIBUTORS: Final = "contributors"
CONSUMERS: Final = "consumers"
_BOTH: Final = (CONTRIBUTORS, CONSUMERS)
TIERS: Final = (Tier.OPEN, Tier.AGREEMENT, Tier.TABLES, Tier.ANSWERS)  # from loose to strict
ATTRIBUTIONS: Final = tuple(Attribution)  # from telling to silent


class Effect(IntEnum):
    """What a change asks of the next version's number; the larger, the more it breaks."""

    EDITORIAL = 0  # words only: at least a patch
    COMPATIBLE = 1  # what was accepted still is, what was read still reads: at least a minor
    BREAKING = 2  # a major
    REFUSED = 3  # never within one lineage: rows were given under the old promise


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two versions: its code names the sentence, its facts fill that in."""

    code: str
    effect: Effect
    facts: Json = field(default_factory=dict)
    breaks: tuple[str, ...] = ()  # whose files or programs it may break: contributors, consumers


def compare(old: Standard, new: Standard) -> tuple[Change, ...]:
    """Everything that differs, each with what it does to those who deposit and those who read."""
    return (*_term_changes(old, new), *_column_changes(old, new), *_rule_changes(old, new))


def successor_faults(old: Standard, new: Standard) -> tuple[DamError, ...]:
    """Why `new` may not follow `old`: another lineage, a refused change, or a version number that says too little."""
    if old.id != new.id:
        return (Invalid("standard.successor-id", old=old.id, new=new.id),)
    changes = compare(old, new)
    found: list[DamError] = [Invalid(c.code, **c.facts) for c in changes if c.effect is Effect.REFUSED]
    needed = next_version(old.version, changes)
    if version_of(new.version) <= version_of(old.version):
        found.append(Invalid("standard.version-not-higher", old=old.version, new=new.version, needed=needed))
    elif version_of(new.version) < version_of(needed):
        found.append(Invalid("standard.version-too-small", old=old.version, new=new.version, needed=needed))
    return tuple(found)


def next_version(version: str, changes: Iterable[Change]) -> str:
    """The least version that may follow `version` with these changes."""
    before = version_of(version)
    worst = min(max((change.effect for change in changes), default=Effect.EDITORIAL), Effect.BREAKING)
    least = {Effect.EDITORIAL: 2, Effect.COMPATIBLE: 1, Effect.BREAKING: 0}[worst]
    return ".".join(map(str, (*before[:least], before[least] + 1, *([0] * (2 - least)))))


def _term_changes(old: Standard, new: Standard) -> Iterator[Change]:
    yield from _promise_changes(old, new)
    yield from _protection_changes(old, new)
    for term in ("repeat", "terms", "stewards", "quorum", "notice_days", "bounds", "combining", "tables"):
        if getattr(old, term) != getattr(new, term):
            yield Change("change.term", Effect.BREAKING, {"term": term.replace("_", " ")}, _BOTH)
    if old.key != tuple(_sources(old, new).get(name, name) for name in new.key):
        yield Change("change.term", Effect.BREAKING, {"term": "key"}, _BOTH)
    yield from _legal_changes(old, new)
    if old.reject_limit != new.reject_limit:
        facts = {"old": str(old.reject_limit), "new": str(new.reject_limit)}
        lower = new.reject_limit < old.reject_limit
        yield Change("change.reject-limit", *_for_contributors(broken=lower, facts=facts))
    if (old.titles, old.descriptions) != (new.titles, new.descriptions):
        yield Change("change.words", Effect.EDITORIAL, {"where": str(old.id)})


def _legal_changes(old: Standard, new: Standard) -> Iterator[Change]:
    """What is declared for the first time binds nobody anew; what was declared otherwise is for all to sign again."""
    before, after = ({(one.data_class, one.space): one for one in side.legal_roles} for side in (old, new))
    for which, one in before.items():
        if after.get(which) != one:
            facts = {"data_class": str(which[0]), "space": which[1]}
            yield Change("change.legal-roles", Effect.BREAKING, facts, _BOTH)
    for data_class, space in sorted(after.keys() - before.keys()):
        facts = {"data_class": str(data_class), "space": space}
        yield Change("change.legal-roles-added", Effect.COMPATIBLE, facts)


def _promise_changes(old: Standard, new: Standard) -> Iterator[Change]:
    """What rows were given under: a lineage may only become stricter."""
    facts = {"old": str(old.tier), "new": str(new.tier)}
    if TIERS.index(new.tier) < TIERS.index(old.tier):
        yield Change("change.tier-loosened", Effect.REFUSED, facts, (CONTRIBUTORS,))
    elif old.tier is Tier.TABLES and new.tier is Tier.ANSWERS:  # exact tables beside noise void what noise promises
        yield Change("change.tables-and-answers", Effect.REFUSED, facts, _BOTH)
    elif old.tier is not new.tier:
        yield Change("change.tier", Effect.BREAKING, facts, (CONSUMERS,))
    facts = {"old": str(old.attribution), "new": str(new.attribution)}
    if ATTRIBUTIONS.index(new.attribution) < ATTRIBUTIONS.index(old.attribution):
        yield Change("change.attribution-told", Effect.REFUSED, facts, (CONTRIBUTORS,))
    elif old.attribution is not new.attribution:
        yield Change("change.attribution", Effect.BREAKING, facts, (CONSUMERS,))
    if old.synthetic != new.synthetic:
        yield Change("change.synthetic", Effect.REFUSED, {}, _BOTH)
    if added := more_purposes(old, new):
        yield Change("change.purposes-added", Effect.REFUSED, {"purposes": ", ".join(added)}, (CONTRIBUTORS,))
    elif set(old.purposes) != set(new.purposes):
        yield Change("change.term", Effect.BREAKING, {"term": "purposes"}, (CONSUMERS,))


def _protection_changes(old: Standard, new: Standard) -> Iterator[Change]:
    """What is declared to protect those whom rows are about; what a lineage has promised it keeps."""
    if (old.gates is not None and weaker(old.gates, new.gates)) or _tells_more(old, new):
        yield Change("change.gates-weaker", Effect.REFUSED, {}, (CONTRIBUTORS,))
    elif old.gates != new.gates:
        yield Change("change.term", Effect.BREAKING, {"term": "gates"}, (CONSUMERS,))
    if old.reference != new.reference:
        yield Change("change.reference", Effect.COMPATIBLE)
    yield from _budget_changes(old, new)
    if old.tier not in {Tier.ANSWERS, Tier.TABLES} or old.tier is not new.tier:
        return
    for term in ("unit", "period"):  # what was spent or published was of other units, or of days that others share
        before, after = getattr(old.bounds, term), getattr(new.bounds, term)
        if before != after:
            facts = {"term": term, "old": str(before or ""), "new": str(after or "")}
            yield Change("change.bounds-other", Effect.REFUSED, facts, _BOTH)
    if old.tier is Tier.ANSWERS and twin_of(old) != twin_of(new):
        yield Change("change.twin", Effect.BREAKING, {}, (CONSUMERS,))


def _tells_more(old: Standard, new: Standard) -> bool:
    """Whether checked tables tell groups now that they did not tell before, by what gates say or leave out."""
    if old.tier is not Tier.TABLES or new.tier is not Tier.TABLES:
        return False
    before, after = tables.rules(old.gates), tables.rules(new.gates)
    lower = after.contributors < before.contributors or after.largest < before.largest or after.months < before.months
    return lower or after.share > before.share or after.percent < before.percent


def _budget_changes(old: Standard, new: Standard) -> Iterator[Change]:
    before, after = old.budget, new.budget
    if before is None or after is None or before == after:
        return  # it comes and goes with the tier
    for term in ("period", "life", "delta"):
        least, most = getattr(before, term), getattr(after, term)
        if most > least:
            facts = {"term": term, "old": f"{least:f}", "new": f"{most:f}"}
            yield Change("change.budget-raised", Effect.REFUSED, facts, (CONTRIBUTORS,))
    yield Change("change.term", Effect.BREAKING, {"term": "budget"}, (CONSUMERS,))


def twin_of(standard: Standard) -> tuple[object, ...]:
    """What a bounded twin is made by, as far as a standard declares it: where it changes, every part is made anew."""
    terms = ("name", "type", "protection", "coarsening", "clip", "free_text")
    keyed = ("values", "codes", "required", "minimum", "maximum")  # public keys are made of them
    held = [[getattr(column, term) for term in (*terms, *keyed)] for column in standard.columns]
    return standard.bounds.rows, standard.key, standard.repeat, held


def weaker(old: Gates, new: Gates | None) -> bool:
    """Whether something passes the new gates that the old ones kept back, as far as the two tell."""
    if new is None:
        return True
    at_least = ("contributors", "units", "diversity", "p_percent", "months")
    lower = any((getattr(new, name) or 0) < (getattr(old, name) or 0) for name in at_least)
    if old.largest is not None and old.largest_share is not None:
        lower |= new.largest is None or new.largest < old.largest
        lower |= new.largest_share is None or new.largest_share > old.largest_share
    weighed = old.measured != new.measured and (old.largest is not None or old.p_percent is not None)
    weighed |= old.preset is not None and old.preset != new.preset
    other = weighed or (old.sensitive is not None and old.sensitive != new.sensitive)
    return lower or other or not set(old.identifying) <= set(new.identifying)


def more_purposes(old: Standard, new: Standard) -> list[str]:
    """The purposes that `old` did not allow and `new` does; a standard that names none allows all."""
    if not old.purposes:
        return []
    return sorted(set(new.purposes) - set(old.purposes)) if new.purposes else ["*"]


def _for_contributors(*, broken: bool, facts: Json) -> tuple[Effect, Json, tuple[str, ...]]:
    """A change that contributors feel or nobody does."""
    return (Effect.BREAKING, facts, (CONTRIBUTORS,)) if broken else (Effect.COMPATIBLE, facts, ())


def _column_changes(old: Standard, new: Standard) -> Iterator[Change]:
    before, after = ({c.name: c for c in side.columns} for side in (old, new))
    renamed = {name: source for name, source in _sources(old, new).items() if source not in after}
    for name in sorted(before.keys() - after.keys() - set(renamed.values())):
        yield Change("change.column-removed", Effect.BREAKING, {"column": name}, _BOTH)
    for name in sorted(after.keys() - before.keys() - renamed.keys()):
        facts = {"column": name}
        yield Change("change.column-added", *_for_contributors(broken=after[name].required, facts=facts))
    for name, source in renamed.items():
        yield Change("change.column-renamed", Effect.BREAKING, {"old": source, "new": name}, _BOTH)
    for column in new.columns:
        if (source := renamed.get(column.name, column.name)) in before:
            yield from _one_column(before[source], column)
    for move in moves_after(old, new).values():
        if move.numerator not in {None, move.denominator} or any(code != to for code, to in move.codes.items()):
            yield Change("change.converted", Effect.BREAKING, {"column": move.column}, _BOTH)


def _sources(old: Standard, new: Standard) -> dict[str, str]:
    """New column name → the old name that the new version's migration gives it, where it was written for `old`."""
    known = {column.name for column in old.columns}
    return {move.column: move.source for move in moves_after(old, new).values() if move.source in known and move.source}


_COLUMN_TERMS: Final = {
    "type": _BOTH,
    "scale": _BOTH,
    "precision": _BOTH,
    "unit": _BOTH,
    "protection": _BOTH,
    "domain": _BOTH,
    "mask_keep": _BOTH,
    "codes": _BOTH,
    "privacy_class": _BOTH,
    "pattern": (CONTRIBUTORS,),
    "reference": (CONTRIBUTORS,),
}


def _one_column(old: Column, new: Column) -> Iterator[Change]:
    name = new.name
    for term, broken in _COLUMN_TERMS.items():
        if getattr(old, term) != getattr(new, term):
            yield Change("change.column", Effect.BREAKING, {"column": name, "term": term.replace("_", " ")}, broken)
    yield from _coarsening_changes(old, new)
    if old.required != new.required:
        broken = (CONTRIBUTORS,) if new.required else (CONSUMERS,)
        yield Change("change.column", Effect.BREAKING, {"column": name, "term": "required"}, broken)
    facts = {"column": name}
    if _limits(old) != _limits(new):
        wider = old.type is new.type and _wider(old, new)
        yield Change("change.limits", *_for_contributors(broken=not wider, facts=facts))
    if old.values != new.values:
        wider = (set(old.values) <= set(new.values) and bool(old.values)) or not new.values
        yield Change("change.values", *_for_contributors(broken=not wider, facts=facts))
    if old.units != new.units:
        before, after = ({(u.symbol, u.numerator, u.denominator) for u in side.units} for side in (old, new))
        yield Change("change.units", *_for_contributors(broken=not before <= after, facts=facts))
    yield from _marking_changes(old, new)
    yield from _identifier_changes(old, new)
    if old.clip != new.clip:
        yield Change("change.clip", Effect.COMPATIBLE, facts)
    if old.safe_statistics != new.safe_statistics:
        yield Change("change.statistics", Effect.COMPATIBLE, facts)
    if (old.titles, old.descriptions, old.synonyms) != (new.titles, new.descriptions, new.synonyms):
        yield Change("change.words", Effect.EDITORIAL, {"where": name})


def _marking_changes(old: Column, new: Column) -> Iterator[Change]:
    if old.markings == new.markings:
        return
    if old.markings:
        yield Change("change.column", Effect.BREAKING, {"column": new.name, "term": "markings"}, _BOTH)
    else:  # nobody goes by them before an offer or a contributor says so
        yield Change("change.markings", Effect.COMPATIBLE, {"column": new.name})


def _identifier_changes(old: Column, new: Column) -> Iterator[Change]:
    """A column without a word on free text refuses rows as one in quarantine does; what it holds is not looked for."""
    redacts = [column.free_text is FreeText.REDACT for column in (old, new)]
    if redacts[0] != redacts[1]:  # texts are served otherwise; and where it ends, rows are refused that were not
        broken = (CONSUMERS,) if redacts[1] else _BOTH
        yield Change("change.column", Effect.BREAKING, {"column": new.name, "term": "free text"}, broken)
    elif old.free_text != new.free_text:
        yield Change("change.identifiers", Effect.COMPATIBLE, {"column": new.name})
    if set(old.holds) != set(new.holds):
        fewer = not set(old.holds) <= set(new.holds)
        yield Change("change.identifiers", *_for_contributors(broken=fewer, facts={"column": new.name}))


def _coarsening_changes(old: Column, new: Column) -> Iterator[Change]:
    """Where both are coarse; from and to any other protection that is a change of the protection."""
    if old.coarsening is None or new.coarsening is None or old.coarsening == new.coarsening:
        return
    if coarsening.nests(old.coarsening, new.coarsening):  # a file that was taken still is
        yield Change("change.coarser", Effect.BREAKING, {"column": new.name}, (CONSUMERS,))
    else:  # who deposited under the old promise has to see the new one; what is stored stays as coarse as it is
        yield Change("change.finer", Effect.BREAKING, {"column": new.name}, _BOTH)


def _limits(column: Column) -> tuple[Decimal | str | int | None, ...]:
    return column.minimum, column.maximum, column.min_length, column.max_length


def _wider(old: Column, new: Column) -> bool:
    """Whether every value that the old limits took the new ones take too."""
    below = new.minimum is None or (old.minimum is not None and _order(new, new.minimum, old.minimum))
    above = new.maximum is None or (old.maximum is not None and _order(new, old.maximum, new.maximum))
    short = (new.min_length or 0) <= (old.min_length or 0)
    long = new.max_length is None or (old.max_length is not None and new.max_length >= old.max_length)
    return below and above and short and long


def _order(column: Column, left: Decimal | str, right: Decimal | str) -> bool:
    low, high = bound(column.type, left), bound(column.type, right)
    return low is not None and high is not None and low <= high  # type: ignore[operator]  # one type each


def _rule_changes(old: Standard, new: Standard) -> Iterator[Change]:
    before, after = ({rule.id: rule for rule in side.rules} for side in (old, new))
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield Change("change.rule", *_for_contributors(broken=name in after, facts={"rule": name}))
