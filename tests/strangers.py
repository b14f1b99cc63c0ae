"""Layouts of strangers, and what is proposed for them: for the tests of the matcher."""

from datadam.formats import codelists, odcs
from datadam.model import Feed, Layout, Standard
from datadam.proposing import Doubt, Suggestion, suggest

CODES = codelists.packaged()
KEV = odcs.read(codelists.packaged_standard("cti.exploited-vulnerability"))
IOC = odcs.read(codelists.packaged_standard("cti.indicator"))
MINE = odcs.read(codelists.packaged_standard("supply.mineral-production"))
EDGE = odcs.read(codelists.packaged_standard("supply.supply-edge"))


def layout(**columns: tuple[str, ...]) -> Layout:
    """A layout of text columns with these samples."""
    return Layout(columns=tuple(columns), types=("text",) * len(columns), samples=tuple(columns.values()))


def first(standard: Standard, found: Layout) -> dict[str, str | None]:
    """Header → the column that is suggested first."""
    suggestion = suggest(standard, found, CODES)
    return {str(p.feed.source): p.feed.column for p in (*suggestion.certain, *suggestion.asked)}


def proposal(found: Suggestion, column: str) -> tuple[Feed, tuple[Doubt, ...], tuple[str, ...]]:
    """What is proposed for a column, its doubts and its options."""
    (one,) = [p for p in (*found.certain, *found.asked) if p.feed.column == column]
    return one.feed, one.doubts, one.options
