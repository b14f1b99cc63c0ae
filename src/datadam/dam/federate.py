"""All that other dams may ask of this one, in one table; and who it is, which it tells everybody."""

from collections.abc import Mapping
from typing import Final

from datadam import seal
from datadam.dam import follow, peer, proposals, reception, rounding
from datadam.dam.world import World
from datadam.ports import PeerAnswer

ROUTES: Final[Mapping[tuple[str, str], reception.Route]] = {
    **peer.ROUTES,
    **follow.ROUTES,
    **rounding.ROUTES,
}
"""By method and path; each is for signed requests only."""


def answer(world: World, method: str, path: str, token: str | None, body: bytes) -> PeerAnswer:
    """The answer to a request of another dam, whatever it is."""
    if (method, path, token) == ("GET", peer.IDENTITY, None):
        return PeerAnswer(status=200, body=seal.canonical(proposals.own(world)))
    return reception.answer(world, ROUTES, method, path, token=token, body=body)
