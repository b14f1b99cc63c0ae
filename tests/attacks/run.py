"""Try every attack in full and write what came of it: `run.py --into docs/attacks.md`; `--few` as the tests do."""

import argparse
import logging
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "scripts")]

from attacks.book import BOOK, Outcome  # noqa: E402  (it lies where the path was just set)
from attacks.chapters import CHAPTERS  # noqa: E402  (the same)

PAGE = ROOT / "docs" / "attacks.md"
BEGIN, END = "<!-- made by make attack: begin -->", "<!-- made by make attack: end -->"


def table(found: dict[str, Outcome]) -> str:
    """What came of them, a row an attack."""
    lines = ["| attack | the naive version | what it loses | what ours shows | n |", "|---|---|---|---|--:|"]
    lines += [
        f"| {name} | {BOOK[name].naive} | {one.naive} | {'' if one.held else '**BROKEN** '}{one.ours} | {one.n:,} |"
        for name, one in found.items()
    ]
    return "\n".join(lines)


def main() -> int:
    """Try everything; the number of attacks that broke ours, or that showed nothing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--few", action="store_true", help="as few tries as the tests make")
    parser.add_argument("--into", type=Path, help="a page with a place for the table; else docs/attacks.md as another")
    given = parser.parse_args()
    logging.disable()  # what goes wrong on purpose needs no words
    found: dict[str, Outcome] = {}
    with tempfile.TemporaryDirectory() as place:
        os.environ["DATADAM_HOME"] = str(Path(place, "home"))
        for number, (name, one) in enumerate(BOOK.items()):
            folder, start = Path(place, str(number)), time.monotonic()
            folder.mkdir()
            found[name] = came = one.run(folder, one.few if given.few else one.many)
            words = f"won {came.won}, ours held {came.held}, {time.monotonic() - start:.0f} s"
            sys.stdout.write(f"{name}: n = {came.n:,}, {words}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(found)} attacks in {len(CHAPTERS)} chapters\n")
    if given.into:
        page = (given.into if given.into.exists() else PAGE).read_text(encoding="utf-8")
        before, after = page[: page.index(BEGIN)], page[page.index(END) :]
        given.into.write_text(f"{before}{BEGIN}\n{table(found)}\n{after}", encoding="utf-8")
    else:
        sys.stdout.write(table(found) + "\n")
    return sum(not (one.held and one.won) for one in found.values())


if __name__ == "__main__":
    sys.exit(main())
