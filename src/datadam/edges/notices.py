"""What law asks, over HTTP: the files and orders in force for everybody, and the notices to whoever calls."""

from dataclasses import asdict

from fastapi import APIRouter, Request

from datadam.dam import law, notice, order
from datadam.edges.manners import member_of, world_of
from datadam.formats.law import NAMES
from datadam.model import Json

router = APIRouter(prefix="/api")


@router.get("/law")
def get_law(request: Request) -> Json:
    """The law files in use, with the statements that have their text, and every order, lifted ones too."""
    world = world_of(request)
    held = [found for name in NAMES if (found := law.in_use(world, name)) is not None]
    facts = ("name", "version", "digest", "statement", "index")
    return {
        "files": [{name: getattr(one, name) for name in facts} for one in held],
        "orders": [asdict(one) for one in order.orders(world)],
    }


@router.get("/notices")
def get_notices(request: Request) -> Json:
    """The caller's notices, newest first: of demands for its data, and of withdrawn rows that it was given."""
    return {
        "items": [
            {
                "id": one.notice.id,
                "topic": one.notice.topic,
                "about": one.notice.about,
                "index": one.notice.index,
                "issued": one.issued,
                "facts": dict(one.notice.facts),
            }
            for one in notice.own(world_of(request), member_of(request))
        ]
    }
