"""Every attack in the book: it wins against the naive version that stands beside it, and not against ours."""

from pathlib import Path

import pytest

from attacks.book import BOOK
from attacks.chapters import CHAPTERS
from attacks.run import BEGIN, END

PAGE = Path(__file__).resolve().parents[2] / "docs" / "attacks.md"


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("name", list(BOOK))
def test_what_breaks_the_naive_version_does_not_break_ours(name: str, tmp_path: Path) -> None:
    """So an attack that shows nothing fails here as well as one that shows too much."""
    one = BOOK[name]
    found = one.run(tmp_path, one.few)
    assert found.won, found
    assert found.held, found


def test_the_page_has_a_row_for_every_attack() -> None:
    """In the book's order, and of none that there is not."""
    page = PAGE.read_text(encoding="utf-8")
    table = page[page.index(BEGIN) : page.index(END)].splitlines()[3:]
    assert [line.split(" | ")[0].removeprefix("| ") for line in table] == list(BOOK)
    assert CHAPTERS
    assert "BROKEN" not in page
