"""What every test stands on: one set of limits for the search for counter-examples, and CI that may not skip."""

import os

import pytest
from hypothesis import HealthCheck, settings

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
