"""The operator's verbs about checked tables: publish what is due, or one period."""

from collections.abc import Callable, Mapping
from typing import Final

from datadam.dam import tables
from datadam.dam.world import World
from datadam.errors import Invalid
from datadam.model import Json


def _publish(world: World, standard: str | None, period: str | None) -> Json:
    """What is due of all reservoirs, what is due of one, or one period of it."""
    if standard is None:
        if period is not None:
            raise Invalid("request.malformed", expected="standard, period")
        return {"published": tables.publish_due(world)}
    periods = tables.waiting(world, standard) if period is None else [period]
    for one in periods:
        tables.publish_tables(world, standard, one)
    return {"published": len(periods)}


VERBS: Final[Mapping[str, tuple[tuple[str, ...], Callable[..., Json]]]] = {
    "publish-tables": (("standard?", "period?"), _publish),
}
"""Each verb with the arguments that it takes; one that may be absent ends in a question mark."""
