"""The talk by which a person confirms a mapping: what is asked, what each answer does, and that a no is a no."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer

from datadam import client, confirming
from datadam.edges import confirm
from datadam.edges.terminal import Terminal
from datadam.errors import DamError, Invalid
from datadam.formats import codelists, fits, odcs
from datadam.formats.dialects import Declared
from datadam.model import DateForm, Fit, Layout, NumberForm, Standard, Unpivot
from datadam.proposing import suggest
from datadam.readings import count
from test_terminal import on_paper, written

PRODUCTION = odcs.read(codelists.packaged_standards()["supply.mineral-production"])


def layout(**columns: tuple[str, ...]) -> Layout:
    """A file's header with samples."""
    return Layout(columns=tuple(columns), types=("text",) * len(columns), samples=tuple(columns.values()))


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Somebody who types these lines."""

    def types(*lines: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))

    return types


GOOD: dict[str, tuple[str, ...]] = {
    "country": ("CL", "PE"),
    "mineral": ("copper", "copper"),
    "stage": ("mine", "mine"),
    "year": ("2023", "2024"),
    "production (t)": ("1", "2"),
}


def talked(standard: Standard, found: Layout) -> tuple[Fit, Terminal]:
    """Show and ask."""
    terminal = on_paper()
    suggestion = suggest(standard, found, codelists.packaged())
    confirm.show(terminal, suggestion)
    return confirm.ask(terminal, suggestion, standard, found), terminal


def test_what_is_certain_wants_one_yes(says: Any) -> None:
    """Nothing open: only the whole is put to the person."""
    says("y")
    fit, terminal = talked(PRODUCTION, layout(**GOOD))
    assert {feed.source for feed in fit.feeds} == set(GOOD)
    assert "100%" in written(terminal.out)


def test_a_no_to_the_whole_ends_it(says: Any) -> None:
    """Nothing is confirmed."""
    says("n")
    with pytest.raises(typer.Abort):
        talked(PRODUCTION, layout(**GOOD))
    says()  # nobody answers any more
    with pytest.raises(typer.Abort):
        talked(PRODUCTION, layout(**GOOD))


def test_an_unknown_unit_is_asked_for(says: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Never guessed: which of the standard's units the column is in."""
    columns = {name.removesuffix(" (t)"): values for name, values in GOOD.items()}
    suggestion = suggest(PRODUCTION, layout(**columns), codelists.packaged())
    assert [one.feed.column for one in suggestion.asked] == ["production"]
    says("y", "kt", "y")
    fit, _ = talked(PRODUCTION, layout(**columns))
    (feed,) = [feed for feed in fit.feeds if feed.column == "production"]
    assert feed.unit == "kt"
    assert "kt" in capsys.readouterr().out
    says("y", "furlong", "y")
    with pytest.raises(DamError):
        talked(PRODUCTION, layout(**columns))


def test_a_missing_column_gets_a_header_or_one_value_and_the_rest_is_dropped_by_name(says: Any) -> None:
    """`:value` stands for the whole file; what nobody wants is named and left out only on a yes."""
    columns = {name: values for name, values in GOOD.items() if name not in {"country", "mineral"}}
    columns |= {"zzz": ("CL", "PE"), "qqq": ("a", "b")}
    suggestion = suggest(PRODUCTION, layout(**columns), codelists.packaged())
    answers = {"country": "zzz", "mineral": ":copper"}
    assert {proposal.feed.column for proposal in suggestion.asked} == {"country"}
    lines = ["n", *answers.values()]  # what is declined and must be there is asked for like what is missing
    says(*lines, "y", "y")
    fit, _ = talked(PRODUCTION, layout(**columns))
    told = {feed.column: (feed.source, feed.constant) for feed in fit.feeds}
    assert (told["country"], told["mineral"]) == (("zzz", None), (None, "copper"))
    assert "qqq" in fit.dropped
    says(*lines, "n")
    with pytest.raises(typer.Abort):
        talked(PRODUCTION, layout(**columns))


@pytest.mark.parametrize(
    ("text", "column", "source", "constant"),
    [("a=B", "a", "B", None), ("a:=B", "a", None, "B"), ("a=B=C", "a", "B=C", None), ("a:==", "a", None, "=")],
)
def test_given_feeds_are_read(text: str, column: str, source: str | None, constant: str | None) -> None:
    """`column=Header` and `column:=value`; what stands behind the first sign may hold others."""
    feed = confirm.given(text)
    assert (feed.column, feed.source, feed.constant) == (column, source, constant)


@pytest.mark.parametrize("text", ["", "=", "a", "a=", ":=x", "=x", " =x"])
def test_given_feeds_that_say_nothing_are_refused(text: str) -> None:
    """Which column gets what must be said."""
    with pytest.raises(Invalid, match="mapping.given-malformed"):
        confirm.given(text)


def test_an_edited_mapping_is_checked_against_file_and_standard() -> None:
    """One that fits is taken as it is; one that names other columns is refused."""
    found = layout(**GOOD)
    suggestion = suggest(PRODUCTION, found, codelists.packaged())
    fit = confirming.confirm(suggestion, PRODUCTION, found, answers=[], declined=[], dropped=[])
    assert confirm.read(fits.write(fit), PRODUCTION, found) == fit
    assert confirm.read(fits.write(replace(fit, version="1.0.0")), PRODUCTION, found) == fit  # it means the same
    with pytest.raises(DamError):
        confirm.read(fits.write(fit), PRODUCTION, layout(other=("1",)))
    with pytest.raises(DamError):
        confirm.read("v: 1", PRODUCTION, found)


def test_a_form_of_numbers_that_nothing_proves_is_asked_for(says: Any) -> None:
    """`1,234` alone: the person says what it means, and an answer that is no form ends it."""
    columns = {**GOOD, "production (t)": ("1,234",)}
    says("y", "1,234.5", "y")
    fit, _ = talked(PRODUCTION, layout(**columns))
    assert {feed.column: feed.number for feed in fit.feeds}["production"] == NumberForm(group=",")
    says("y", "a lot", "y")
    with pytest.raises(Invalid, match="mapping.number-form"):
        talked(PRODUCTION, layout(**columns))


def test_a_wide_table_is_folded_only_on_a_yes(says: Any) -> None:
    """Yes makes rows of the columns; no leaves them out by name, and asks for what must be there."""
    columns = {name: GOOD[name] for name in ("country", "mineral", "stage")} | {"2019": ("1.5",), "2020": ("2",)}
    says("y", "kt", "y")
    fit, _ = talked(PRODUCTION, layout(**columns))
    assert fit.unpivot == Unpivot(names_to="year", values_to="production", columns={"2019": "2019", "2020": "2020"})
    assert {feed.column: feed.unit for feed in fit.feeds}["production"] == "kt"
    says("n", ":2020", "y", "y")
    fit, _ = talked(PRODUCTION, layout(**columns))
    assert fit.unpivot is None
    assert set(fit.dropped) == {"2019", "2020"}


def test_how_a_column_is_read_may_be_said_beforehand() -> None:
    """`production=1.234,5` is a form of numbers, `due_date=dmy` one of dates."""
    kev = odcs.read(codelists.packaged_standard("cti.exploited-vulnerability"))
    assert confirm.reading("production=1.234,5", PRODUCTION) == ("production", NumberForm(decimal=",", group="."))
    assert confirm.reading("due_date=dmy", kev) == ("due_date", DateForm.DMY)
    for text in ("", "production", "production=", "=1.234,5"):
        with pytest.raises(Invalid, match="mapping.read-malformed"):
            confirm.reading(text, PRODUCTION)


def test_a_light_client_counts_every_value_by_itself(tmp_path: Path) -> None:
    """Without a data frame library: quotes, encodings and broken rows as the file's reading says; no CSV, no counts."""
    path = tmp_path / "output.csv"
    path.write_bytes('국가;생산량\nCHL;"1.234,5"\nPER;1.234\nPER;1;2\n'.encode("cp949"))
    found = client.count_values(path, Declared(encoding="cp949"), ["생산량"])
    assert found == {"생산량": count(["1.234,5", "1.234"])}
    (tmp_path / "plain.csv").write_text('a,b\n"1",2\n')
    assert client.count_values(tmp_path / "plain.csv", Declared(quote=""), ["a"]) == {"a": count(['"1"'])}
    (tmp_path / "rows.jsonl").write_text('{"a": 1}\n')
    assert client.count_values(tmp_path / "rows.jsonl", Declared(), ["a"]) == {}
