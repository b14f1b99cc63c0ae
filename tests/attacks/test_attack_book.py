"""Every attack in the book: it wins against the naive version that stands beside it, and not against ours."""

from pathlib import Path

import pytest

from attacks.book import BOOK
from attacks.chapters import CHAPTERS

assert CHAPTERS


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("name", list(BOOK))
def test_what_breaks_the_naive_version_does_not_break_ours(name: str, tmp_path: Path) -> None:
    """So an attack that shows nothing fails here as well as one that shows too much."""
    one = BOOK[name]
    found = one.run(tmp_path, one.few)
    assert found.won, found
    assert found.held, found
