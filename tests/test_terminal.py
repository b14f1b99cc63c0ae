"""What a person reads in a terminal: refusals, tables, reports and progress; nothing in them moves the cursor."""

import io
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from datadam.edges.terminal import WIDTH_ELSEWHERE, Terminal
from datadam.errors import DamError, Faults, Invalid, NotFound, Refused, Unavailable, Untrusted

LANGUAGES = ["en", "ko"]


def on_paper(language: str = "en", *, width: int = WIDTH_ELSEWHERE, live: bool = False) -> Terminal:
    """A terminal that writes into memory."""
    made = Terminal(language)
    made.out = Console(file=io.StringIO(), highlight=False, width=width, force_terminal=live)
    made.error = Console(file=io.StringIO(), highlight=False, width=width, force_terminal=live)
    return made


def written(console: Console) -> str:
    """What came out."""
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


@pytest.mark.parametrize(
    ("kind", "code"), [(Invalid, 2), (Faults, 2), (Refused, 3), (NotFound, 4), (Untrusted, 5), (Unavailable, 6)]
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_branch_has_its_exit_code(kind: type[DamError], code: int, language: str) -> None:
    """And each refusal its sentence and its remedy, on standard error only."""
    terminal = on_paper(language)
    error = Faults("odcs.faults", [Invalid("ask.login-needed")]) if kind is Faults else kind("ask.login-needed")
    assert terminal.refuse(error) == code
    told = written(terminal.error)
    assert len(told.strip().splitlines()) >= 2
    assert bool(re.search("[가-힣]", told)) is (language == "ko")
    assert written(terminal.out) == ""


def test_a_wall_of_faults_is_cut_and_counted() -> None:
    """Fifty are shown, the rest is a number."""
    terminal = on_paper()
    faults = [Invalid("settings.key-unknown", key=f"key{n}x") for n in range(70)]
    terminal.refuse(Faults("settings.wrong", faults))
    told = written(terminal.error)
    assert "key49x" in told
    assert "key50x" not in told
    assert "20 more" in told


TEXT = st.text(st.characters(codec="utf-8"), max_size=60)
MOVES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(text=TEXT)
def test_nothing_that_is_shown_moves_the_cursor(text: str) -> None:
    """Whatever a file, a dam or a name holds: no escape, no direction mark; and no markup is obeyed."""
    hostile = text + "\x1b]0;title\x07\x1b[2J\u202e[bold]x[/bold][red]"
    terminal = on_paper()
    terminal.line(hostile)
    terminal.table(("ui.column",), [(hostile,)])
    terminal.refuse(Invalid("file.unreadable", path=hostile, why=hostile))
    terminal.report(_job("refused", fault={"what": hostile, "remedy": hostile}, shown=[_fault(hostile)]))
    both = written(terminal.out) + written(terminal.error)
    assert not MOVES.search(both)
    assert "[bold]" in both


def _fault(value: str) -> dict[str, Any]:
    return {
        "row": 4,
        "column": "amount",
        "source": None,
        "rule": "amount.type",
        "value": value,
        "what": "No.",
        "remedy": "Do.",
    }


def _job(stage: str, **more: Any) -> dict[str, Any]:
    tally = {"rows": 5, "admitted": 3, "rejected": 2, "faults": {"amount.type": 2, "meter.required": 0}}
    return {"id": "f" * 64, "standard": "test.reading", "stage": stage, "tally": tally, **more}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_report_counts_and_names_each_fault(language: str) -> None:
    """Rows as a person counts them, from one; the column as the file calls it; long values cut, the rules counted."""
    terminal = on_paper(language)
    shown = [_fault("v" * 100), {**_fault("w"), "source": "How Many", "row": 0}]
    terminal.report(_job("committed", shown=shown))
    told = written(terminal.out)
    assert "How Many" in told
    assert "v" * 39 + "…" in told
    assert re.search(r"^5 +amount", told, re.MULTILINE)
    assert re.search(r"^1 +How Many", told, re.MULTILINE)
    assert "meter.required" not in told
    assert "f" * 12 in told


def test_a_refused_deposit_says_why_with_all_parts() -> None:
    """The reason, its remedy, and each fault below it; a job without a tally is told too."""
    terminal = on_paper()
    fault = {"what": "Too much.", "remedy": "Less.", "faults": [{"what": "This.", "remedy": ""}, {"what": "That."}]}
    terminal.report(_job("refused", fault=fault))
    terminal.report({"id": "a", "standard": "s", "stage": "refused", "fault": None, "tally": None})
    terminal.report({"id": "a", "standard": "s", "stage": "judged", "tally": None})
    told = written(terminal.out)
    for part in ("Too much. Less.", "• This.", "• That."):
        assert part in told


@settings(max_examples=40)
@given(cells=st.lists(st.text("abcdefgh-0123456789", min_size=1, max_size=200), min_size=1, max_size=4))
def test_a_table_keeps_every_letter(cells: list[str]) -> None:
    """However narrow: it folds, it never cuts."""
    terminal = on_paper(width=60)
    headings = ["ui.column", "ui.value", "ui.rows", "ui.unit"][: len(cells)]
    terminal.table(headings, [cells])
    body = "".join(written(terminal.out).splitlines(keepends=True)[1:])
    for letter in set("".join(cells)):
        assert body.count(letter) >= "".join(cells).count(letter)


@pytest.mark.parametrize("first", ["m-0123456789abcdef0123", "cti.exploited-vulnerability", "회원-0123456789abcdef"])
def test_what_a_row_is_called_by_can_be_copied(first: str) -> None:
    """An id or a name in the first column stays whole in a narrow window; all else folds around it."""
    terminal = on_paper(width=60)
    terminal.table(("ui.member", "ui.name", "ui.roles"), [(first, "long " * 20, "x" * 50)])
    assert any(line.startswith(first) for line in written(terminal.out).splitlines())


def test_a_long_line_is_not_broken() -> None:
    """An id or an address can be copied."""
    terminal = on_paper(width=40)
    terminal.line("x" * 300)
    assert "x" * 300 in written(terminal.out)


@pytest.mark.parametrize("language", LANGUAGES)
def test_progress_shows_every_stage_to_who_watches(language: str) -> None:
    """Each stage that a deposit goes through has its word; where nobody watches, nothing is written."""
    stages = ("send", "announced", "received", "judge", "judged", "seal", "sealed", "commit", "committed", "refused")
    live, quiet = on_paper(language, live=True), on_paper(language)
    for terminal in (live, quiet):
        with terminal.progress() as watched:
            for stage in stages:
                watched({"stage": stage, "progress": {"stage": stage, "done": 12_345, "of": 20_000}})
                watched({"stage": stage, "progress": None} if not stage.startswith("s") else {"stage": stage})
    assert "12,345" in written(live.error)
    assert written(quiet.error).strip() == ""
