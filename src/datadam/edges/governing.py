"""Who decides, over HTTP: proposals for everybody to read, for stewards to sign; disputes for those concerned."""

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

import anyio.to_thread
from fastapi import APIRouter, Request, Response

from datadam import seal
from datadam.dam import dispute, steward
from datadam.edges.governance_verbs import about, told_dispute, told_proposal, wish
from datadam.edges.manners import member_of, world_of
from datadam.errors import Invalid
from datadam.model import Json

router = APIRouter(prefix="/api")
_ENVELOPE = "application/jose+json"


async def _work(does: Callable[..., Json], request: Request) -> Json:
    """Do something with what was sent, beside the loop."""
    return await anyio.to_thread.run_sync(partial(does, request, await request.body()))


# --- proposals --------------------------------------------------------------------------------------------------------


@router.get("/proposals")
def get_proposals(request: Request, standard: str | None = None) -> Json:
    """Every proposal, of one standard or of all, in the order of the log."""
    return {"items": [told_proposal(one) for one in steward.every(world_of(request), standard)]}


@router.get("/proposals/{id}")
def get_proposal(request: Request, id: str) -> Json:
    """One proposal: what would be published, who signed, and what members say of it."""
    world = world_of(request)
    found = told_proposal(steward.find(world, id))
    return {
        **found,
        "content": steward.content(world, id),
        "text": steward.texts(world, id),
        "said": [asdict(one) for one in steward.comments(world, id)],
    }


@router.post("/proposals", status_code=201)
async def post_proposal(request: Request) -> Json:
    """A steward's proposal: `{about, text, days, comments}`, null days for as many as the standard promises."""
    return await _work(_propose, request)


def _propose(request: Request, data: bytes) -> Json:
    sent = seal.parse(data)
    if not isinstance(sent, dict) or set(sent) != {"about", "text", "days", "comments"}:
        raise Invalid("request.malformed", expected="about, text, days, comments")
    texts = all(isinstance(sent[name], str) for name in ("about", "text", "comments"))
    if not texts or not (sent["days"] is None or type(sent["days"]) is int):
        raise Invalid("request.malformed", expected="about, text, days, comments")
    made = steward.propose(
        world_of(request),
        member_of(request),
        about(sent["about"]),
        sent["text"],
        days=sent["days"],
        comments=sent["comments"],
    )
    return told_proposal(made)


@router.get("/proposals/{id}/motion")
def get_motion(request: Request, id: str) -> Response:
    """What stewards sign of a proposal: an envelope that the dam alone has signed."""
    return Response(steward.motion(world_of(request), member_of(request), id), media_type=_ENVELOPE)


@router.post("/proposals/signatures")
async def post_signature(request: Request) -> Json:
    """A steward's signature of what `motion` gave."""
    return await _work(_sign, request)


def _sign(request: Request, data: bytes) -> Json:
    return told_proposal(steward.sign(world_of(request), member_of(request), data))


@router.delete("/proposals/{id}/signature")
def delete_signature(request: Request, id: str) -> Json:
    """Take one's signature back while nothing is published."""
    return told_proposal(steward.take_back(world_of(request), member_of(request), id))


@router.post("/comments", status_code=201)
async def post_comment(request: Request) -> Json:
    """A signed `comment` on a proposal."""
    return await _work(_comment, request)


def _comment(request: Request, data: bytes) -> Json:
    return asdict(steward.comment(world_of(request), member_of(request), data))


# --- disputes ---------------------------------------------------------------------------------------------------------


@router.get("/disputes")
def get_disputes(request: Request) -> Json:
    """The disputes that concern the caller; and the clocks of one that is raised now."""
    world, caller = world_of(request), member_of(request)
    found: list[dict[str, Any]] = [told_dispute(one) for one in dispute.every(world, caller)]
    return {"items": found, "days": dispute.days(world)}


@router.get("/disputes/{id}")
def get_dispute(request: Request, id: str) -> Json:
    """One of them."""
    return told_dispute(dispute.find(world_of(request), id, member_of(request)))


@router.post("/disputes", status_code=201)
async def post_dispute(request: Request) -> Json:
    """A signed `dispute`."""
    return await _work(_raise, request)


def _raise(request: Request, data: bytes) -> Json:
    return told_dispute(dispute.raised(world_of(request), member_of(request), data))


@router.post("/disputes/steps", status_code=201)
async def post_step(request: Request) -> Json:
    """A party's signed `dispute-step`: it answers, appeals, or takes its dispute back."""
    return await _work(_step, request)


def _step(request: Request, data: bytes) -> Json:
    return told_dispute(dispute.stepped(world_of(request), member_of(request), data))


@router.post("/disputes/{id}/rulings", status_code=201)
async def post_ruling(request: Request, id: str) -> Json:
    """A ruling for stewards to sign, drawn up by one of them: `{event, measure, reasons}` and what else it says."""
    return await _work(partial(_rule, id), request)


def _rule(id: str, request: Request, data: bytes) -> Json:
    sent = seal.parse(data)
    if not isinstance(sent, dict):
        raise Invalid("request.malformed", expected="{}")
    return told_dispute(dispute.rule(world_of(request), member_of(request), id, wish(sent)))


@router.get("/rulings/{id}")
def get_ruling(request: Request, id: str) -> Response:
    """A ruling that waits for signatures: an envelope that the dam alone has signed."""
    return Response(dispute.motion(world_of(request), member_of(request), id), media_type=_ENVELOPE)


@router.post("/rulings/signatures")
async def post_ruling_signature(request: Request) -> Json:
    """A steward's signature of a ruling; with enough of them it is logged."""
    return await _work(_sign_ruling, request)


def _sign_ruling(request: Request, data: bytes) -> Json:
    return told_dispute(dispute.sign(world_of(request), member_of(request), data))
