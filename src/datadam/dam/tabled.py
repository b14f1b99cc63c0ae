"""What statements about checked tables say, as a record: once a period, never before it is over, as declared."""

from collections.abc import Callable, Mapping
from math import prod
from typing import Final

from datadam.dam import governed
from datadam.errors import Untrusted
from datadam.model import Json, Kind, PublishedStandard, Tier, moment
from datadam.ports import Rows
from datadam.privacy import tables
from datadam.privacy.tables import PublishedTables

RECORDS: Final = (PublishedTables,)
"""The tables."""


def _fold_tables(rows: Rows, index: int, id: str, body: Json) -> None:
    """What was published of a period stays published, whatever leaves later: a second word would tell who left."""
    standard, period = body["standard"], body["period"]
    published = rows.get(PublishedStandard, standard, body["version"])
    contract = governed.contract(published.text) if published is not None else None
    if contract is None or contract.tier is not Tier.TABLES or rows.get(PublishedTables, standard, period) is not None:
        raise Untrusted("table.repeated", standard=standard, period=period, statement=id)
    declared = [(one.name, str(one.aggregate), one.column) for one in contract.tables]
    told = [(one["name"], one["aggregate"], one["column"]) for one in body["tables"]]
    whole = all(len(one["values"]) == prod(len(by["keys"]) + 1 for by in one["by"]) for one in body["tables"])
    by = [[each["column"] for each in one["by"]] for one in body["tables"]]
    if declared != told or [sorted(one.by) for one in contract.tables] != [sorted(one) for one in by] or not whole:
        raise Untrusted("table.other", standard=standard, period=period, statement=id)
    if moment(body["issued"]) < tables.due(contract, period):
        raise Untrusted("table.early", standard=standard, period=period, statement=id)
    rows.put(PublishedTables(standard=standard, period=period, version=body["version"], statement=id, index=index))


FOLDS: Final[Mapping[Kind, Callable[[Rows, int, str, Json], None]]] = {Kind.TABLES: _fold_tables}
"""How such a statement changes the record."""
