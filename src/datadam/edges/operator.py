"""The operator's verbs, over the dam's own Unix socket or in process: whoever may open the folder is the operator."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, Final

import anyio.to_thread
import httpx
from fastapi import APIRouter, Request

from datadam import seal
from datadam.dam import (
    agree,
    backup,
    deposit,
    edition,
    grant,
    join,
    lineage,
    login,
    offer,
    prove,
    publish,
    release,
    state,
)
from datadam.dam.world import World
from datadam.edges import (
    credential_verbs,
    declaration_verbs,
    gate_verbs,
    governance_verbs,
    key_verbs,
    law_verbs,
    peer_verbs,
    private_verbs,
    round_verbs,
    table_verbs,
)
from datadam.edges.manners import as_branch, world_of
from datadam.errors import Invalid, NotFound, Refused, kept, revived
from datadam.model import Deposit, Json, Member, MemberKind, Tier, Withdrawal
from datadam.terms import CHANGED, AgreementState

router = APIRouter()
_MAYBE: Final = "?"  # ends the name of an argument that may be absent


def perform(world: World, verb: str, args: Mapping[str, Any], *, check: Callable[[], prove.Findings]) -> Json:
    """Do one of `VERBS` with exactly the arguments that it takes. `check` looks the whole folder over."""
    takes: tuple[str, ...]
    does: Callable[..., Json]
    if verb == "check":
        takes, does = (f"rebuild{_MAYBE}",), partial(_check, check=check)
    elif verb in VERBS:
        takes, does = VERBS[verb]
    else:
        raise NotFound("operator.verb-unknown", verb=verb[:40])
    names = {take.removesuffix(_MAYBE): take.endswith(_MAYBE) for take in takes}
    known = set(names) >= set(args) and all(value is None or isinstance(value, str) for value in args.values())
    if not known or not all(maybe or args.get(name) is not None for name, maybe in names.items()):
        raise Invalid("request.malformed", expected=", ".join(takes) or "–")
    return does(world, **{name: args.get(name) for name in names})


def _status(world: World) -> Json:
    with world.store.read() as rows:
        members = rows.find(Member, until=None)
        gone = {one.deposit for one in rows.find(Withdrawal)}
        deposits = [deposit for deposit in rows.find(Deposit) if deposit.id not in gone]
    return {
        "name": world.settings.name,
        "title": world.settings.title,
        "url": world.settings.public_url,
        "vkey": world.ledger.vkey,
        "entries": world.ledger.size,
        "countries": sum(member.kind is MemberKind.COUNTRY for member in members),
        "members": sum(member.kind is MemberKind.ORGANISATION for member in members),
        "applications": len(join.waiting(world)),
        "reservoirs": [
            {
                "id": one.id,
                "version": one.version,
                "deposits": sum(deposit.standard == one.id for deposit in deposits),
                "rows": None
                if publish.parsed(one.text).tier is Tier.ANSWERS  # a number of them is a charged answer
                else sum(deposit.admitted for deposit in deposits if deposit.standard == one.id),
            }
            for one in publish.all_published(world)
        ],
    }


def _applications(world: World) -> Json:
    return {"items": [{"id": one.id, **body} for one, body in join.waiting(world)]}


def _approve(world: World, id: str) -> Json:
    return {"index": join.approve(world, id), "member": join.standing(world, id).member}


def _decline(world: World, id: str, reason: str) -> Json:
    return {"index": join.decline(world, id, reason)}


def _members(world: World) -> Json:
    return {
        "items": [
            {
                "id": member.id,
                "kind": member.kind,
                "jurisdiction": member.jurisdiction,
                "roles": sorted(member.roles),
                "under": member.under,
                "authority": member.authority,
                "since": member.since,
                "until": member.until,
                "suspended": member.suspended,
                "profile": profile,
            }
            for member, profile in join.members(world)
        ]
    }


def _suspend(world: World, member: str, reason: str) -> Json:
    return {"index": join.suspend(world, member, reason)}


def _resume(world: World, member: str, reason: str) -> Json:
    return {"index": join.resume(world, member, reason)}


def _expel(world: World, member: str, reason: str) -> Json:
    return {"index": join.expel(world, member, reason)}


def _forget(world: World, member: str, reason: str) -> Json:
    return {"index": join.forget(world, member, reason)}


def _publish(world: World, text: str) -> Json:
    standard, index = publish.publish(world, text)
    return {"standard": standard.id, "version": standard.version, "index": index}


def _publish_offer(world: World, text: str) -> Json:
    made = offer.publish(world, text)
    return {"standard": made.standard, "number": made.number, "index": made.index, "statement": made.statement}


def _agreements(world: World) -> Json:
    return {"items": [asdict(one) for one in agree.every(world)]}


def _approve_agreement(world: World, id: str) -> Json:
    return {"index": agree.approve(world, id)}


def _decline_agreement(world: World, id: str, reason: str) -> Json:
    return {"index": agree.decline(world, id, reason)}


def _change_agreement(world: World, id: str, state: str, reason: str) -> Json:
    if state not in CHANGED:
        raise Invalid("request.malformed", expected=", ".join(CHANGED))
    return {"index": agree.change(world, id, AgreementState(state), reason)}


def _deprecate(world: World, standard: str, version: str, until: str) -> Json:
    return {"index": lineage.deprecate(world, standard, version, until)}


def _grant(world: World, member: str, standard: str, expires: str | None) -> Json:
    return {"grant": grant.grant(world, member, standard, expires=expires)}


def _revoke(world: World, grant_id: str) -> Json:
    return {"index": grant.revoke(world, grant_id)}


def _grants(world: World, member: str | None) -> Json:
    return {
        "items": [
            {"id": one.id, "member": one.member, "standard": one.standard, "expires": one.expires, "until": one.until}
            for one in grant.grants(world, member)
        ]
    }


def _receipt(world: World, id: str) -> Json:
    statement = world.ledger.statement(id)
    if prove.for_contributor_alone(world, statement):
        raise Refused("statement.contributors-alone", statement=statement.id)
    return prove.receipt_of(world, statement)


def _backup(world: World, into: str, with_keys: str | None, keep: str | None) -> Json:
    if keep is not None and not keep.isdecimal():
        raise Invalid("backup.keep-wrong", keep=keep[:20])
    return asdict(backup.backup(world, Path(into), with_keys=bool(with_keys), keep=int(keep) if keep else None))


def _freeze(world: World, id: str) -> Json:
    made = edition.freeze(world, id)
    return {"id": made.id, "index": made.index, "digest": made.digest, "statement": made.statement}


def _tidy(world: World) -> Json:
    return {"tokens": login.forget_expired(world), "deposits": deposit.tidy(world), "shares": release.tidy(world)}


def _check(world: World, rebuild: str | None, *, check: Callable[[], prove.Findings]) -> Json:
    rebuilt = state.rebuild(world) if rebuild else None
    found = check()
    return {
        "rebuilt": rebuilt,
        "entries": found.entries,
        "bodies": found.bodies,
        "files": found.files,
        "erased": found.erased,
        "faults": [kept(fault) for fault in found.faults],
    }


VERBS: Final[Mapping[str, tuple[tuple[str, ...], Callable[..., Json]]]] = {
    "status": ((), _status),
    "applications": ((), _applications),
    "approve": (("id",), _approve),
    "decline": (("id", "reason"), _decline),
    "members": ((), _members),
    "expel": (("member", "reason"), _expel),
    "suspend": (("member", "reason"), _suspend),
    "resume": (("member", "reason"), _resume),
    "forget": (("member", "reason"), _forget),
    "publish": (("text",), _publish),
    "publish-offer": (("text",), _publish_offer),
    "agreements": ((), _agreements),
    "approve-agreement": (("id",), _approve_agreement),
    "decline-agreement": (("id", "reason"), _decline_agreement),
    "change-agreement": (("id", "state", "reason"), _change_agreement),
    "deprecate": (("standard", "version", "until"), _deprecate),
    "grant": (("member", "standard", f"expires{_MAYBE}"), _grant),
    "revoke": (("grant_id",), _revoke),
    "grants": ((f"member{_MAYBE}",), _grants),
    "receipt": (("id",), _receipt),
    "tidy": ((), _tidy),
    "freeze": (("id",), _freeze),
    "backup": (("into", f"with_keys{_MAYBE}", f"keep{_MAYBE}"), _backup),
    **law_verbs.VERBS,
    **key_verbs.VERBS,
    **governance_verbs.VERBS,
    **declaration_verbs.VERBS,
    **credential_verbs.VERBS,
    **private_verbs.VERBS,
    **gate_verbs.VERBS,
    **table_verbs.VERBS,
    **peer_verbs.VERBS,
    **round_verbs.VERBS,
}


@router.post("/{verb}")
async def post_verb(request: Request, verb: str) -> Json:
    """One of the operator's verbs with its arguments as a JSON object."""
    args = seal.parse(await request.body() or b"{}")
    if not isinstance(args, dict):
        raise Invalid("request.malformed", expected="{}")
    work = partial(perform, world_of(request), verb, args, check=request.app.state.check)
    return await anyio.to_thread.run_sync(work)


SOCKET_SECONDS: Final = 600  # a check of a large folder takes its time
_PATIENT: Final = frozenset({"backup"})  # takes as long as the disk needs; Ctrl+C ends the waiting, not the work


def over_socket(path: Path, verb: str, args: Mapping[str, str | None]) -> Json:
    """Have the running server do a verb; `ConnectionError` when nobody listens at `path`."""
    if not path.is_socket():
        raise ConnectionError(str(path))
    timeout = None if verb in _PATIENT else SOCKET_SECONDS
    try:
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(path)), timeout=timeout) as client:
            answer = client.post(f"http://dam/{verb}", json=args)
    except httpx.TransportError as error:
        raise ConnectionError(str(path)) from error
    told: Json = seal.parse(answer.content)
    if not answer.is_success:
        raise revived(told, as_branch(told.get("branch")))
    return told
