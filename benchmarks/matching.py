"""Judge the matcher on sets of foreign layouts, beside plain name similarity (rapidfuzz, MIT, dev only).

`tests/layouts` and `tests/layouts_second` may be read by whoever works on the matcher: they are what it learns from.
A set in `tests/layouts_third` is *blind*: written by somebody who had not seen the matcher, and not read by those who
work on it. Of a blind set this script prints totals and kinds of mistakes, never a header; each run of it is written
down in docs/mapping.md.

    python benchmarks/matching.py            the sets that may be read, one table
    python benchmarks/matching.py --misses   their mistakes, one a line
    python benchmarks/matching.py --blind    the blind set as well
"""

import argparse
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

import measure
from datadam.formats import codelists, odcs
from datadam.headers import unit_named
from datadam.model import Layout, Standard
from datadam.proposing import suggest
from datadam.standard import known_as

_TESTS: Final = Path(__file__).resolve().parents[1] / "tests"
FIRST, SECOND, BLIND = "first", "second", "blind"
FOLDERS: Final = {FIRST: _TESTS / "layouts", SECOND: _TESTS / "layouts_second", BLIND: _TESTS / "layouts_third"}
CODES: Final = codelists.packaged()
LIKE: Final = 80.0  # rapidfuzz's score from which on plain similarity names a column
NONE: Final = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a matcher says of a layout: the first suggestion for each header, and which it would take unasked."""

    means: Mapping[str, str]
    accepted: Mapping[str, str | None]  # header → unit


@dataclass(slots=True)
class Score:
    """Columns judged, and what became of them."""

    columns: int = 0
    right: int = 0
    meaning: int = 0  # columns that mean something
    meaning_right: int = 0
    accepted: int = 0
    accepted_wrong: int = 0
    asked: int = 0
    whole: int = 0  # layouts in which every first suggestion is right
    layouts: int = 0
    mistakes: Counter[str] = field(default_factory=Counter)
    by_part: dict[str, list[int]] = field(default_factory=dict)  # standard or language → [right, columns]


def ours(standard: Standard, layout: Layout) -> Answer:
    """The matcher of data dam."""
    found = suggest(standard, layout, CODES)
    means = {p.feed.source: p.feed.column for p in (*found.certain, *found.asked) if p.feed.source}
    accepted: dict[str, str | None] = {p.feed.source: p.feed.unit for p in found.certain if p.feed.source}
    unpivot = getattr(found, "unpivot", None)
    if unpivot is not None:
        means |= dict.fromkeys(unpivot.columns, unpivot.values_to)
    return Answer(means=means, accepted=accepted)


def similar(standard: Standard, layout: Layout) -> Answer:
    """Plain similarity of names (rapidfuzz WRatio over names, titles and synonyms), one to one, the likest first."""
    from rapidfuzz import fuzz, utils  # noqa: PLC0415  (a peer, of the development tools)

    scored = [
        (max(fuzz.WRatio(header, text, processor=utils.default_process) for text in known_as(column)), i, column.name)
        for i, header in enumerate(layout.columns)
        for column in standard.columns
    ]
    means: dict[str, str] = {}
    accepted: dict[str, str | None] = {}
    for score, i, name in sorted(scored, key=lambda s: (-s[0], s[1], s[2])):
        header = layout.columns[i]
        if score >= LIKE and header not in means and name not in means.values():
            means[header] = name
            accepted[header] = standard.column(name).unit
    return Answer(means=means, accepted=accepted)


def judge(layout: Mapping[str, Any], standard: Standard, answer: Answer, score: Score) -> list[str]:
    """Add one layout to a score; its mistakes, one a line."""
    lines: list[str] = []
    before = score.columns - score.right
    score.layouts += 1
    for column in layout["columns"]:
        header, means, said = column["header"], column["means"], answer.means.get(column["header"], NONE)
        doubtful = header in layout["ambiguous"]
        asked = said != NONE and header not in answer.accepted
        right = said == means or (doubtful and header not in answer.accepted)
        score.columns += 1
        score.right += right
        score.asked += asked
        if means != NONE:
            score.meaning += 1
            score.meaning_right += right
        for part in (layout["standard"], layout["language"]):
            counted = score.by_part.setdefault(part, [0, 0])
            counted[0] += right
            counted[1] += 1
        if not right:
            kind = "missed" if said == NONE else "invented" if means == NONE else "mistaken"
            score.mistakes[kind] += 1
            lines.append(f"{kind:9} {layout['id']}: {header!r} is {means}, not {said}")
        if header in answer.accepted:
            score.accepted += 1
            wrong = said != means or _unit_wrong(column, standard, said, answer.accepted[header])
            score.accepted_wrong += wrong
            if wrong:
                lines.append(f"ACCEPTED  {layout['id']}: {header!r} is {means}, not {said} {answer.accepted[header]}")
    score.whole += score.columns - score.right == before
    return lines


def _unit_wrong(column: Mapping[str, Any], standard: Standard, said: str, unit: str | None) -> bool:
    """Whether a quantity would be taken in another unit than the one that the sender wrote."""
    if column["unit"] is None or standard.column(said).unit is None:
        return False
    return unit_named(standard.column(said), column["unit"]) != (unit or standard.column(said).unit)


def layouts(which: str) -> list[tuple[Mapping[str, Any], Standard, Layout]]:
    """One of the sets, as `FOLDERS` names them."""
    standards: dict[str, Standard] = {}
    found = []
    for path in sorted(FOLDERS[which].glob("*.yaml")):
        for one in yaml.safe_load(path.read_text(encoding="utf-8"))["layouts"]:
            name = one["standard"]
            if name not in standards:
                standards[name] = odcs.read(codelists.packaged_standard(name))
            columns = one["columns"]
            header = tuple(c["header"] for c in columns)
            samples = tuple(tuple(c["values"]) for c in columns)
            found.append((one, standards[name], Layout(columns=header, types=("text",) * len(header), samples=samples)))
    return found


def run(matcher: Callable[[Standard, Layout], Answer], which: str) -> tuple[Score, list[str]]:
    """Score a matcher on one set."""
    score, lines = Score(), []
    for one, standard, layout in layouts(which):
        lines += judge(one, standard, matcher(standard, layout), score)
    return score, lines


def row(name: str, which: str, score: Score) -> str:
    """One line of the table."""
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(score.mistakes.items()))
    return (
        f"| {name} | {which} | {score.layouts} | {score.columns} | {score.right / score.columns:.1%} | "
        f"{score.meaning_right / score.meaning:.1%} of {score.meaning} | {score.accepted} | {score.accepted_wrong} | "
        f"{score.asked} | {score.whole} | {kinds} |"
    )


def main() -> None:
    """Print the table."""
    read = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    read.add_argument("--misses", action="store_true", help="list the mistakes on the sets that may be read")
    read.add_argument("--blind", action="store_true", help="judge the set that nobody reads as well: totals alone")
    asked = read.parse_args()
    if asked.misses:
        print("\n".join(line for which in (FIRST, SECOND) for line in run(ours, which)[1]))
        return
    print(
        "| matcher | set | layouts | columns | right at first | of those that mean something | accepted unasked |"
        " of them wrong | asked | layouts all right | mistakes |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    shares: dict[str, float] = {}
    for name, matcher in (("data dam", ours), ("name similarity", similar)):
        for which in (FIRST, SECOND, BLIND) if asked.blind else (FIRST, SECOND):
            start = time.perf_counter()
            score, _ = run(matcher, which)
            print(row(name, which, score))
            shares[f"{name}, {which}"] = score.right / score.columns
            shares[f"{name}, {which}, accepted wrong"] = score.accepted_wrong
            if matcher is ours:
                parts = ", ".join(f"{part} {right}/{of}" for part, (right, of) in sorted(score.by_part.items()))
                print(f"<!-- {which}: {time.perf_counter() - start:.2f} s; {parts} -->")
    measure.say(name="matching", bar=0.95, cpu_s=time.process_time(), **shares)


if __name__ == "__main__":
    main()
