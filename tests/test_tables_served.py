"""Checked tables over HTTP and in the client: for everybody, proven by the log, labelled in each form."""

from collections.abc import Iterator
from typing import Any

import pytest

from datadam.dam import publish, tables
from datadam.privacy import periods
from pools import STANDARD, report, tables_text
from served import Served, serving
from worlds import refused


@pytest.fixture(scope="module")
def dam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A dam with one published day."""
    with serving(tmp_path_factory.mktemp("tables") / "dam") as made:
        publish.publish(made.world, tables_text(period="day"))
        firms = {name: made.person(name) for name in ("t", "u", "v", "w")}
        report(made.world, firms, {name: {("north", "food"): 100 + at} for at, name in enumerate(firms)})
        with made.clock.forward(days=1):
            assert tables.publish_due(made.world) == 1
        yield made


@pytest.fixture
def day(dam: Served) -> str:
    """The published day."""
    (one,) = tables.every(dam.world)
    assert periods.length_of(one.period) == "day"
    return one.period


def test_strangers_read_tables_as_they_were_signed(dam: Served, day: str) -> None:
    """The list, a period, one table as CSV: each says that it is not differentially private."""
    listed = dam.ask("GET", "/api/tables").json()
    assert [one["period"] for one in listed["items"]] == [day]
    assert listed == dam.ask("GET", f"/api/tables?standard={STANDARD}").json()
    assert dam.ask("GET", "/api/tables?standard=test.reading").json()["items"] == []
    told = dam.ask("GET", f"/api/tables/{STANDARD}/{day}").json()
    assert {listed["label"], told["label"]} == {"not differentially private"}
    assert told["tables"][0]["values"][0] == "406"
    answer = dam.ask("GET", f"/api/tables/{STANDARD}/{day}/by-place.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.text.splitlines()[1] == f"{day},north,food,406,,not differentially private"
    assert dam.ask("GET", f"/api/tables/{STANDARD}/{day}/other.csv").status_code == 404


def test_the_client_believes_what_the_log_proves_and_nothing_else(dam: Served, day: str) -> None:
    """Another statement's receipt is no proof of these tables."""
    with dam.client() as stranger:
        assert [one["period"] for one in stranger.tables(STANDARD)] == [day]
        assert stranger.tables() == stranger.tables(STANDARD)
        body = stranger.table(STANDARD, day)
        assert body["tables"][0]["values"][0] == "406"
        refused("table.unknown", lambda: stranger.table(STANDARD, "2020-01-01"))
        told = stranger._get
        other = dam.world.ledger.entry(0)[1]

        def lying(path: str, **more: Any) -> Any:
            found = told(path, **more)
            return {**found, "statement": other} if path.startswith("/api/tables/") else found

        stranger._get = lying  # type: ignore[method-assign]  # a dam that lies
        refused("table.other", lambda: stranger.table(STANDARD, day))
