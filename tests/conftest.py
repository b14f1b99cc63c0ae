"""What every test stands on: limits for the search for counter-examples, tests that say what they show, a place."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from datadam.dam.world import World

settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("here"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a test that does not say what it shows."""
    silent = [
        item.nodeid for item in items if isinstance(item, pytest.Function) and not (item.function.__doc__ or "").strip()
    ]
    if silent:
        message = "say in one line what each of these tests shows: " + ", ".join(sorted(set(silent)))
        raise pytest.UsageError(message)


@pytest.fixture(autouse=True)
def _no_log_lines_of_others() -> Iterator[None]:
    """Whoever serves a dam sends log lines to standard error; in the next test that is another file, or closed."""
    yield
    root = logging.getLogger()
    for held in root.handlers[:]:
        if type(held) is logging.StreamHandler:
            root.removeHandler(held)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of one's own."""
    monkeypatch.setenv("DATADAM_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def world(tmp_path: Path) -> "World":
    """A dam with the small standard, whose rows tell their contributor."""
    from datadam.dam import publish  # what is imported with this file is imported before coverage looks
    from worlds import a_world, standard_text

    made = a_world(tmp_path)
    publish.publish(made, standard_text())
    return made
