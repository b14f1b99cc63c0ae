"""How rows of another dam's version are read under ours, where the two contracts prove that nothing is lost. Pure.

Where the other version is one of our own lineage, our migrations lead from it to the last. Else the two are laid side
by side (`alignment`), and what that finds is proved again as a migration is (`migration.step`). A version that says
something else under a number that we know is never read: one of the two is not what was signed for.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from datadam import migration
from datadam.alignment import Alignment, Pair, Verdict, align
from datadam.errors import Invalid
from datadam.migration import EXACT, Drawn
from datadam.model import CodeList, Migration, Move, Standard, Type

_TERMS: Final = frozenset({"columns", "key", "repeat", "rules"})
"""Terms of a contract that say what its rows are; who may have them, each dam says for itself."""
_EXACTLY: Final = frozenset({"align.type-converts", "align.unit-converts", "align.values-convert"})
_OF_KEYS: Final = frozenset({"migration.key", "migration.repeat"})  # of hashes that rows are stored with; see `_TERMS`
_CONSTANTS: Final = frozenset({Type.TEXT, Type.INTEGER, Type.DECIMAL, Type.NUMBER})


def conversion(
    theirs: Standard, lineage: Sequence[Standard], codes: Mapping[str, CodeList]
) -> tuple[tuple[Drawn, ...], ...]:
    """The steps by which rows of `theirs` are read under the last of our `lineage`, oldest version first.

    No step: they are read as they come. `Invalid` with `why` where something would be lost, guessed or contradicted.
    """
    ours = lineage[-1]
    if theirs == ours:
        return ()
    for place, one in enumerate(lineage):
        if one == theirs:
            return _readable(ours, migration.passage(lineage[place:], codes))
        if one.version == theirs.version:
            raise _differs(ours, f"version {one.version} says something else there")
    return _readable(ours, [_aligned(theirs, ours, codes)])


def _differs(ours: Standard, why: str) -> Invalid:
    return Invalid("peer.standard-differs", standard=str(ours.id), why=why)


def _aligned(theirs: Standard, ours: Standard, codes: Mapping[str, CodeList]) -> migration.Step:
    found = align(theirs, ours, codes)
    if wrong := next(_doubts(found), None):
        raise _differs(ours, wrong)
    moves = tuple(_move(pair) for pair in found.pairs)
    step = migration.step(theirs, replace(ours, migration=Migration(after=theirs.version, moves=moves)), codes)
    return replace(step, faults=tuple(one for one in step.faults if one.code not in _OF_KEYS))


def _doubts(found: Alignment) -> Iterator[str]:
    """What of an alignment is in conflict, only nearly so, or a person's to say."""
    yield from (f"{left}: {', '.join(others)}" for left, others in found.unsure)
    for pair in found.pairs:
        for one in pair.findings:
            agrees = one.verdict is Verdict.AGREE
            if not agrees and (one.verdict is Verdict.CONFLICT or one.code not in _EXACTLY):
                yield f"{pair.left}: {one.aspect}"
    yield from (one.aspect for one in found.terms if one.verdict is Verdict.CONFLICT and one.aspect in _TERMS)


def _move(pair: Pair) -> Move:
    how = {one.aspect: one.how for one in pair.findings if one.verdict is Verdict.CONVERT}
    unit = how.get("unit", {})
    return Move(
        column=pair.right,
        source=pair.left,
        numerator=unit.get("numerator"),
        denominator=unit.get("denominator", 1),
        codes=dict(how.get("values", {}).get("codes", {})),
    )


def _readable(ours: Standard, steps: Sequence[migration.Step]) -> tuple[tuple[Drawn, ...], ...]:
    """The steps, if all of them are without fault and of a kind that a client does: no protection is done again."""
    for one in steps:
        if one.faults:
            raise _differs(ours, f"{one.faults[0].facts.get('column', '')}: {one.faults[0].code}")
        for drawn in one.drawn:
            if drawn.mask or drawn.coarse is not None or not _plain(drawn):
                raise _differs(ours, f"{drawn.column.name}: not exact")
    return () if all(one.still for one in steps) else tuple(one.drawn for one in steps)


def _plain(one: Drawn) -> bool:
    if one.source is None:
        return one.constant is None or one.column.type in _CONSTANTS
    return one.source.type is one.column.type or {one.source.type, one.column.type} <= EXACT
