"""Checked tables over HTTP: what was published, for everybody; never differentially private, and each says so."""

from dataclasses import asdict

from fastapi import APIRouter, Request, Response

from datadam.dam import tables
from datadam.edges.manners import world_of
from datadam.formats import checked_table
from datadam.model import Json
from datadam.privacy.tables import LABEL, PublishedTables

router = APIRouter(prefix="/api")


@router.get("/tables")
def get_tables(request: Request, standard: str | None = None) -> Json:
    """Every period whose checked tables are published, of one reservoir or of all."""
    found = tables.every(world_of(request)) if standard is None else tables.of_reservoir(world_of(request), standard)
    return {"label": LABEL, "items": [_told(one) for one in found]}


@router.get("/tables/{standard}/{period}")
def get_table(request: Request, standard: str, period: str) -> Json:
    """The checked tables of one period, as they were signed; a group that is not told is null."""
    one = tables.find(world_of(request), standard, period)
    body = tables.body_of(world_of(request), one)
    return {**_told(one), **{name: body[name] for name in ("issued", "rules", "tables")}}


@router.get("/tables/{standard}/{period}/{table}.csv")
def get_table_csv(request: Request, standard: str, period: str, table: str) -> Response:
    """One of them as CSV."""
    body = tables.body_of(world_of(request), tables.find(world_of(request), standard, period))
    text = checked_table.write(body, checked_table.named(body, table))
    return Response(text, media_type="text/csv; charset=utf-8")


def _told(one: PublishedTables) -> Json:
    return {**asdict(one), "label": LABEL}
