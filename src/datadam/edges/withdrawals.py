"""The way back over HTTP: withdraw, amend, throw away what was refused; editions, and what left them."""

from dataclasses import asdict
from functools import partial

import anyio.to_thread
from fastapi import APIRouter, Request, Response

from datadam import seal
from datadam.dam import release, withdraw
from datadam.dam.works import Works
from datadam.edges.manners import caller_of, member_of, world_of
from datadam.errors import Invalid
from datadam.model import Edition, Json

router = APIRouter(prefix="/api")


@router.post("/withdrawals", status_code=202)
async def post_withdrawal(request: Request) -> Json:
    """Take deposits back by a signed `withdrawal`. They are served no more; what they were is erased from now on."""
    data = await request.body()
    return await anyio.to_thread.run_sync(partial(_withdraw, request, data))


def _withdraw(request: Request, data: bytes) -> Json:
    world, caller, works = world_of(request), member_of(request), _works(request)
    id = withdraw.withdraw(world, caller, data)
    works.erase()
    return _standing(withdraw.standing(world, caller, id))


@router.get("/withdrawals")
def get_withdrawals(request: Request) -> Json:
    """The caller's withdrawals, newest first."""
    return {"items": [_standing(one) for one in withdraw.own(world_of(request), member_of(request))]}


@router.get("/withdrawals/{id}")
def get_withdrawal(request: Request, id: str) -> Json:
    """One withdrawal: by when it is erased, or what was reached and what cannot be."""
    return _standing(withdraw.standing(world_of(request), member_of(request), id))


def _standing(one: withdraw.Standing) -> Json:
    purge = one.purge
    return {
        "id": one.id,
        "index": one.index,
        "deposits": list(one.deposits),
        "replaced_by": one.replaced_by,
        "reason": one.reason,
        "due": one.due,
        "purge": purge and {"id": purge.id, "reached": purge.body["reached"], "beyond": purge.body["beyond"]},
        "models": [{"id": model.id, "name": model.name, "version": model.version} for model in one.models],
        "abroad": [{**asdict(each), "guests": list(each.guests)} for each in one.abroad],
    }


@router.post("/amendments", status_code=202)
async def post_amendment(request: Request) -> Json:
    """Announce a deposit that replaces another: `{manifest, withdrawal}`, both signed. Then send its file as usual."""
    sent = seal.parse(await request.body())
    if not isinstance(sent, dict) or set(sent) != {"manifest", "withdrawal"}:
        raise Invalid("request.malformed", expected="manifest, withdrawal")
    manifest, withdrawal = (seal.canonical(sent[name]) for name in ("manifest", "withdrawal"))
    amend = partial(withdraw.amend, world_of(request), member_of(request), manifest, withdrawal)
    job = await anyio.to_thread.run_sync(amend)
    return {"id": job.id, "stage": job.stage}


@router.delete("/deposits/{id}", status_code=204)
def delete_deposit(request: Request, id: str) -> Response:
    """Throw away a deposit that was never sealed, with its rejects; one that was sealed is withdrawn instead."""
    withdraw.discard(world_of(request), member_of(request), id)
    return Response(status_code=204)


@router.get("/editions")
def get_editions(request: Request) -> Json:
    """Every edition: its last digest, the statement that names it, and whether its rows are open to the caller."""
    found = release.editions(world_of(request), caller_of(request))
    return {"items": [{**_edition(one), "open_to_you": offered.allowed} for one, offered in found]}


def _edition(one: Edition) -> Json:
    return {
        "id": one.id,
        "standard": one.standard,
        "name": one.name,
        "version": one.version,
        "upto": one.upto,
        "digest": one.digest,
        "statement": one.statement,
        "revision": one.revision,
        "replaces": one.replaces,
    }


def _works(request: Request) -> Works:
    works: Works = request.app.state.works
    return works
