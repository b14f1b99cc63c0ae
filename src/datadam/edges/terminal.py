"""What a person sees in a terminal: tables, reports, progress, and refusals with what to do about them."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from datadam import texts
from datadam.edges import pages
from datadam.errors import DamError, Invalid, NotFound, Refused, Unavailable, Untrusted
from datadam.model import Json, Reading

EXIT: Final[tuple[tuple[type[DamError], int], ...]] = (
    (Invalid, 2),
    (Refused, 3),
    (NotFound, 4),
    (Untrusted, 5),
    (Unavailable, 6),
)
"""What the shell is told, by the branch of the refusal."""

WIDTH_ELSEWHERE: Final = 140  # columns where nobody's window says how many there are: a file, a pipe
_LONGEST_NAME: Final = 28  # columns that the first of a table keeps, whatever the others need
_MOST_VALUE: Final = 40  # characters of a faulty value; the rejects file has it whole
_MOST_FAULTS: Final = 50  # shown of one refusal; a wall of text helps nobody


def _whole_width(names: Sequence[str]) -> int | None:
    """Columns that ids and names take whole, so that they can be copied; None where they are too long, or prose."""
    widest = max(map(cell_len, names), default=0)
    return widest if 0 < widest <= _LONGEST_NAME and not any(" " in name for name in names) else None


class Terminal:
    """Writes to standard output, and refusals and progress to standard error, in one language."""

    def __init__(self, language: str) -> None:
        """Write in `language`."""
        self.language = language
        self.out, self.error = Console(highlight=False), Console(stderr=True, highlight=False)
        if not self.out.is_terminal:
            self.out.width = WIDTH_ELSEWHERE
        if not self.error.is_terminal:
            self.error.width = WIDTH_ELSEWHERE

    def line(self, text: str = "", *, style: str = "") -> None:
        """One line or several, as they are: nothing in them is read as markup, or moves the cursor."""
        self.out.print(Text(_plain(text)), style=style, soft_wrap=True)

    def say(self, code: str, **facts: object) -> None:
        """One of our sentences."""
        self.line(texts.say(code, self.language, **facts))

    def warn(self, code: str, **facts: object) -> None:
        """One of our sentences, beside what a program reads."""
        self.error.print(Text(texts.say(code, self.language, **facts)))

    def word(self, code: str) -> str:
        """A word of ours, for a heading."""
        return texts.say(code, self.language)

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """A plain table; headings are codes, `ui.value` say, or names of columns."""
        table = Table(box=None, pad_edge=False, header_style="bold")
        held = [[texts.clean(cell) for cell in row] for row in rows]
        for place, heading in enumerate(headings):
            shown = self.word(heading) if heading.startswith("ui.") else texts.clean(heading)
            width = None if place else _whole_width([row[0] for row in held])
            width = None if width is None else max(width, cell_len(shown))
            table.add_column(shown, overflow="fold", width=width)
        for row in held:
            table.add_row(*map(Text, row))
        self.out.print(table)

    def refuse(self, error: DamError) -> int:
        """Tell what is wrong and what to do, every fault of it; the exit code."""
        told = texts.explain(error, self.language)
        self.error.print(Text(told.what, style="bold red"))
        if told.remedy:
            self.error.print(Text(told.remedy))
        for fault in told.faults[:_MOST_FAULTS]:
            self._fault(fault, 1)
        if len(told.faults) > _MOST_FAULTS:
            self.error.print(Text(texts.say("ui.more", self.language, count=len(told.faults) - _MOST_FAULTS)))
        return next(code for kind, code in EXIT if isinstance(error, kind))

    def _fault(self, fault: texts.Explanation, depth: int) -> None:
        """One fault, and what it is made of: a part that is not read may have several reasons of its own."""
        self.error.print(Text(f"{'  ' * depth}• {fault.what} {fault.remedy}".rstrip()))
        for inner in fault.faults[:_MOST_FAULTS]:
            self._fault(inner, depth + 1)

    @contextmanager
    def progress(self) -> "Iterator[Watched]":
        """A bar for one deposit's stages; nothing where nobody watches."""
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[told]}"),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self.error, transient=True, disable=not self.error.is_terminal) as bar:
            yield Watched(bar, self.language)

    def report(self, job: Json) -> None:
        """What became of a deposit: counts, then each fault that is shown, by row."""
        tally, shown = job.get("tally"), job.get("shown", [])
        self._outcome(job)
        nothing = job["stage"] in pages.NOTHING_TAKEN
        if tally and nothing:
            self.say("ui.deposit-faulty", rows=tally["rows"], rejected=tally["rejected"])
        elif tally:
            self.say("ui.deposit-counts", rows=tally["rows"], admitted=tally["admitted"], rejected=tally["rejected"])
        for name, heading in (("own_terms", "ui.under-own-terms"), ("reserved", "ui.under-reservation")):
            if name in job:
                self.say(heading)
                for line in job[name]["said"]:
                    self.line(f"  • {line}")
        if tally and tally["faults"]:
            broken = sorted(tally["faults"].items(), key=lambda item: -item[1])
            self.line()
            self.table(("ui.rule", "ui.rows"), [(rule, count) for rule, count in broken if count])
        self.warnings(job.get("warnings", ()))
        if shown:
            self.line()
            parts = job.get("file", {}).get("reading", {}).get("parts", ())
            rows = [_fault_row(fault, parts) for fault in shown]
            self.table(("ui.row", "ui.column", "ui.value", "ui.fault"), rows)
        if shown and tally and tally["rejected"] and job["id"]:
            self.line()
            self.say("ui.rejects-see" if nothing else "ui.rejects-fetch", deposit=job["id"][:12])

    def _outcome(self, job: Json) -> None:
        if job["stage"] == "committed":
            self.line(texts.say("ui.deposit-admitted", self.language, standard=job["standard"]), style="bold green")
        elif job["stage"] == "refused":
            fault = job.get("fault") or {}
            self.line(texts.say("ui.deposit-refused", self.language, standard=job["standard"]), style="bold red")
            self.line(f"{fault.get('what', '')} {fault.get('remedy', '')}".strip())
            for part in fault.get("faults", ()):
                self.line(f"  • {part.get('what', '')} {part.get('remedy', '')}".rstrip())

    def warnings(self, found: Sequence[Json]) -> None:
        """What was found of a file as a whole: each with the rows that it is about."""
        for one in found:
            self.line()
            self.line(f"{self.word('ui.warning')}: {one['what']}", style="bold yellow")
            self.line(f"  {one['remedy']}".rstrip())
            if one["rows"]:
                self.line(f"  {pages.said_rows(one, self.language)}")


def _plain(text: str) -> str:
    """Without control characters and direction marks: what a dam sends is no command to a terminal."""
    return "".join(letter for letter in text if letter in "\n\t" or unicodedata.category(letter)[0] != "C")


def _place(row: int, parts: Sequence[Sequence[Any]]) -> object:
    """A row as its sender counts it, from 1; of a folder with the file that it stands in."""
    name, within = Reading(parts=tuple((str(part[0]), int(part[1])) for part in parts)).place(row)
    return within + 1 if name is None else f"{texts.clean(name)} {within + 1}"


def _fault_row(fault: Mapping[str, object], parts: Sequence[Sequence[Any]]) -> tuple[object, object, object, str]:
    where = fault["row"] if not isinstance(fault["row"], int) else _place(fault["row"], parts)
    value = texts.clean(fault["value"])
    shown = value if len(value) <= _MOST_VALUE else value[: _MOST_VALUE - 1] + "…"
    return where, fault["source"] or fault["column"], shown, f"{fault['what']} {fault['remedy']}"


class Watched:
    """Shows the stages of a deposit as they are told."""

    def __init__(self, bar: Progress, language: str) -> None:
        """Show on `bar`."""
        self._bar, self._language = bar, language
        self._task: TaskID | None = None

    def __call__(self, job: Json) -> None:
        """One step, as the dam or the sender tells it."""
        told = job.get("progress") or {"stage": job["stage"], "done": 0, "of": None}
        stage = texts.say(f"ui.stage-{told['stage']}", self._language)
        done = f"{told['done']:,}" if told["done"] else ""
        if self._task is None:
            self._task = self._bar.add_task(stage, total=told["of"], told=done)
        self._bar.update(self._task, description=stage, completed=told["done"], total=told["of"], told=done)
