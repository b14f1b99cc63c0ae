"""One catalogue over HTTP: what this dam and its peers hold together, and what may cross to the caller."""

from typing import Any

from fastapi import APIRouter, Request

from datadam import coarsening
from datadam.dam import catalogue
from datadam.edges.manners import caller_of, world_of
from datadam.model import Json

router = APIRouter(prefix="/api")


@router.get("/catalogue")
def get_catalogue(request: Request) -> Json:
    """Every federated reservoir with its parts: which dam, which version and offer, and what is in the caller's way."""
    return {"items": [_told(one) for one in catalogue.held(world_of(request), caller_of(request))]}


@router.get("/catalogue/{id}")
def get_federated(request: Request, id: str) -> Json:
    """One of them, with its columns."""
    found = catalogue.find(world_of(request), caller_of(request), id)
    columns = [
        {"name": c.name, "type": c.type, "unit": c.unit, "titles": dict(c.titles), "protection": c.protection}
        | {"coarse": {"code": how.code, "facts": dict(how.facts)} if (how := coarsening.said(c)) else None}
        for c in found.first.standard.columns
    ]
    return {**_told(found), "descriptions": dict(found.first.standard.descriptions), "columns": columns}


def _told(one: catalogue.Held) -> dict[str, Any]:
    standard = one.first.standard
    return {
        "id": f"{one.id}@all",
        "standard": one.id,
        "version": standard.version,
        "titles": dict(standard.titles),
        "tier": standard.tier,
        "attribution": standard.attribution,
        "here": one.first.here,
        "open_to_you": any(not part.reasons for part in one.parts),
        "reasons": [],  # each part has its own
        "parts": [_part(part) for part in one.parts],
    }


def _part(part: catalogue.Part) -> Json:
    return {
        "origin": part.origin,
        "url": part.url,
        "log": part.log,
        "here": part.here,
        "version": part.standard.version,
        "versions": list(part.versions),
        "digest": part.digest,
        "tier": part.standard.tier,
        "attribution": part.standard.attribution,
        "offer": None if part.offer is None else {"number": part.offer[0], "digest": part.offer[1]},
        "reading": part.reading,
        "guest": part.guest,
        "open_to_you": not part.reasons,
        "reasons": [{"code": reason.code, "facts": dict(reason.facts)} for reason in part.reasons],
    }
