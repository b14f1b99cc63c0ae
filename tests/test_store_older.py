"""A database that an earlier version made is opened as it is: what came later is added, and nothing is lost."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from datadam.adapters.postgres_base import PostgresBase
from datadam.adapters.sql_store import SqlStore
from datadam.model import Member, MemberId, MemberKind, Release
from datadam.terms import Agreement, AgreementState, Level
from postgres import Cluster, cluster

KIM = Member(
    id=MemberId("m-1"),
    kind=MemberKind.ORGANISATION,
    jurisdiction="KR",
    roles=frozenset({"consumer"}),
    under=None,
    profile=None,
    statement="s",
    since=1,
)
AGREED = Agreement(
    id="a",
    member="m-1",
    standard="test.reading",
    offer="o",
    purposes=("research",),
    destination="KR",
    level=Level.SIMPLE,
    state=AgreementState.FINALISED,
    since=2,
)
TAKEN = Release(id="r", member="m-1", standard="test.reading", share_version=0, index=3)


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    """A PostgreSQL of our own."""
    with cluster() as running:
        yield running


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_columns_and_tables_that_came_later_are_added(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Who was a member before there were suspensions is not suspended; what may be absent is; tables can be used."""
    place = request.getfixturevalue("server").database() if kind == "postgres" else tmp_path / "dam.sqlite"

    def opened() -> SqlStore:
        return SqlStore(PostgresBase(str(place)) if kind == "postgres" else Path(place))

    store = opened()
    with store.transaction() as rows:
        rows.put(KIM)
        rows.put(replace(TAKEN, action="read"))
    with store._base.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE member DROP COLUMN suspended")
        connection.exec_driver_sql("ALTER TABLE release DROP COLUMN action")
        connection.exec_driver_sql("DROP TABLE agreement")
    store.close()
    store = opened()
    with store.transaction() as rows:
        assert rows.get(Member, "m-1") == KIM
        assert rows.get(Release, "r") == TAKEN
        rows.put(AGREED)
    store.close()
    store = opened()
    with store.read() as rows:
        assert rows.find(Agreement) == [AGREED]
        assert rows.find(Member, suspended=False) == [KIM]
    store.close()
