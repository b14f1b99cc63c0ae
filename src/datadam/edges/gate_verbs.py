"""The operator's verb about gates: how coarse columns would have to be; and how proposals and gates are told."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Final

from datadam.dam import gates, pool
from datadam.dam.world import World
from datadam.errors import Invalid
from datadam.model import Json
from datadam.privacy import declaring
from datadam.privacy.ladders import Proposal

_DIGITS: Final = 6  # of a share, behind the point


def told(found: Iterable[Proposal]) -> Json:
    """Proposals as JSON: columns and how coarse, and the share of rows that stays suppressed."""
    return {"items": [{"columns": dict(one.said), "suppressed": f"{float(one.suppressed):.6f}"} for one in found]}


def share(text: str | None) -> Fraction:
    """A share of rows as it is typed, `0.05` say; none is none."""
    try:
        found = Decimal(text or "0")
    except InvalidOperation:
        found = Decimal(-1)
    # compared before it is made a fraction: 1e999999999 has as many digits
    if not (found.is_finite() and 0 <= found < 1 and found == round(found, _DIGITS)):
        raise Invalid("gate.share-wrong", share=str(text)[:40])
    return Fraction(found)


def of_reservoir(world: World, id: str) -> Json | None:
    """What of a reservoir's rows waits for what, for everybody; None where nothing does."""
    of = pool.find(world, id)
    now = gates.public(world, of)
    return None if now is None else {"declared": declaring.shown(of.standard).get("gates", ""), **asdict(now)}


def _suggest(world: World, standard: str, most: str | None) -> Json:
    return told(gates.suggest(world, standard, share(most)))


VERBS: Final[Mapping[str, tuple[tuple[str, ...], Callable[..., Json]]]] = {
    "suggest-coarser": (("standard", "most?"), _suggest)
}
"""Each verb with the arguments that it takes; one that may be absent ends in a question mark."""
