"""The dam's own HTTP API, JSON: sign up, log in, deposit, prove. Delta Sharing is how rows leave."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Annotated, Any

import anyio
import anyio.to_thread
from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse

from datadam import coarsening, seal, texts
from datadam.dam import (
    deposit,
    dispute,
    grant,
    join,
    journal,
    lineage,
    login,
    pool,
    prove,
    publish,
    quota,
    release,
    report,
    reserve,
    witnessed,
)
from datadam.dam.login import Caller
from datadam.dam.works import Works
from datadam.edges import gate_verbs, pages
from datadam.edges.incoming import Body
from datadam.edges.manners import caller_of, language_of, member_of, vouch, world_of
from datadam.errors import Invalid, NotFound
from datadam.formats import odcs, own_terms
from datadam.model import Edition, Job, Json, Key, Member, MemberKind, Recovery, Release, Stage
from datadam.terms import Force

router = APIRouter(prefix="/api")
MEDIA_JWS = "application/jose+json"  # RFC 7515 §9.2.2
MAX_BODIES = 500  # of the log, in one answer: an auditor reads them all
_ERASED: Json = {"name": "", "format": "", "digest": "", "size": 0}  # of the file of a deposit that was withdrawn
FAULTS_SHOWN = 100  # of one deposit, in its report; the rejects file has them all


# --- the dam and its log ----------------------------------------------------------------------------------------------


@router.get("")
def get_dam(request: Request) -> Json:
    """What this dam is: its name, its log's key to pin, where its parts are."""
    world = world_of(request)
    return {
        "name": world.settings.name,
        "title": world.settings.title,
        "jurisdiction": world.settings.jurisdiction,
        "url": world.settings.public_url,
        "log": {"vkey": world.ledger.vkey, "size": world.ledger.size, "path": "/log"},
        "sharing": "/sharing",
        "languages": list(texts.LANGUAGES),
    }


@router.get("/log/consistency")
def get_consistency(request: Request, old: Annotated[int, Query(ge=0)], new: Annotated[int, Query(ge=0)]) -> Json:
    """The proof that the log of size `new` extends that of size `old` (RFC 6962 §2.1.2)."""
    return {"proof": [seal.encode(node) for node in world_of(request).ledger.consistency(old, new)]}


@router.get("/log/cosigned")
def get_cosigned(request: Request) -> Response:
    """The newest checkpoint that witnesses cosigned, with their cosignatures (C2SP tlog-cosignature)."""
    return PlainTextResponse(witnessed.cosigned(world_of(request)))


@router.get("/log/bodies")
def get_bodies(
    request: Request, start: Annotated[int, Query(ge=0)], count: Annotated[int, Query(ge=1, le=MAX_BODIES)] = MAX_BODIES
) -> Response:
    """The bodies of a stretch of the log, a JSON line each; null where the caller may not read it or it was erased."""
    found = prove.bodies(world_of(request), caller_of(request), start, count)
    lines = (b"null" if statement is None else seal.envelope(statement) for statement in found)
    return Response(b"".join(line + b"\n" for line in lines), media_type="application/x-ndjson")


@router.get("/bodies/{id}")
def get_body(request: Request, id: str) -> Response:
    """A statement's signed body: registry ones for all, activity ones for their parties and auditors."""
    statement = prove.body(world_of(request), caller_of(request), id)
    return Response(seal.envelope(statement), media_type=MEDIA_JWS)


@router.get("/receipts/{id}")
def get_receipt(request: Request, id: str) -> Json:
    """The receipt of a statement, for whoever may read its body."""
    return prove.receipt(world_of(request), caller_of(request), id)


# --- joining ----------------------------------------------------------------------------------------------------------


@router.get("/accession")
def get_accession(request: Request, language: str | None = None) -> Json:
    """The text to sign, in the language asked for, and what the signed statement has to name of it."""
    chosen = language or language_of(request)
    if chosen not in texts.LANGUAGES:
        raise NotFound("accession.language-unknown", language=chosen[:20])
    return {**join.accession_terms(), "language": chosen, "text": texts.accession(chosen)}


@router.get("/countries")
def get_countries(request: Request) -> Json:
    """The countries that acceded, with what they reserved."""
    with world_of(request).store.read() as rows:
        found = rows.find(Member, kind=MemberKind.COUNTRY)
    return {"items": [_country(member) for member in found]}


def _country(member: Member) -> Json:
    return {
        "member": member.id,
        "jurisdiction": member.jurisdiction,
        "authority": member.authority,
        "effective": member.effective,
        "reservations": list(member.reservations),
        "force": Force.LEGAL,  # of these sentences; what machines hold to stands under /reservations
        "left": member.until is not None,
    }


@router.post("/applications", status_code=202)
async def post_application(request: Request) -> Json:
    """Apply: `{statement: JWS, profile: text}`; 202 with the application's id."""
    sent = _object(await request.body(), "statement", "profile")
    if not isinstance(sent["profile"], str):
        raise Invalid("profile.malformed", field="profile")
    try:
        profile = sent["profile"].encode()
    except UnicodeEncodeError as error:  # JSON can spell half a surrogate pair
        raise Invalid("profile.malformed", field="profile") from error
    apply = partial(join.apply, world_of(request), seal.canonical(sent["statement"]), profile)
    return _standing(await anyio.to_thread.run_sync(apply))


@router.get("/applications/{id}")
def get_application(request: Request, id: str) -> Json:
    """How an application stands."""
    return _standing(join.standing(world_of(request), id))


def _standing(standing: join.Standing) -> Json:
    return {"id": standing.id, "member": standing.member, "status": standing.status, "reason": standing.reason}


def _object(data: bytes, *names: str) -> dict[str, Any]:
    sent = seal.parse(data)
    if not isinstance(sent, dict) or set(sent) != set(names):
        raise Invalid("request.malformed", expected=", ".join(names))
    return sent


# --- members ----------------------------------------------------------------------------------------------------------


@router.post("/token")
def post_token(
    request: Request,
    grant_type: Annotated[str, Form()],
    client_assertion_type: Annotated[str, Form()],
    client_assertion: Annotated[str, Form()],
) -> Response:
    """Log in (RFC 7523 §2.2, `private_key_jwt`): a signed assertion for a token of at most an hour."""
    if grant_type != "client_credentials" or client_assertion_type != login.ASSERTION_TYPE:
        raise Invalid("login.grant-unknown", grant=grant_type[:60])
    world = world_of(request)
    given = login.login(world, client_assertion, audiences=_audiences(request))
    vouch(request)  # a login that holds is no stranger's knock: many firms may stand behind one address
    body = {"access_token": given.token, "token_type": "Bearer", "expires_in": given.seconds}
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


def _audiences(request: Request) -> list[str]:
    """Our public address; on loopback also by its other name."""
    url = world_of(request).settings.public_url
    return [url, url.replace("//127.0.0.1:", "//localhost:")]


@router.get("/members")
def get_members(request: Request) -> Json:
    """Everybody who ever joined, by id, as the registry in the log tells strangers too: from where, and until when."""
    with world_of(request).store.read() as rows:
        found = sorted(rows.find(Member), key=lambda one: one.since)
    told = ("kind", "jurisdiction", "home", "since", "until")
    return {"items": [{"member": one.id} | {name: getattr(one, name) for name in told} for one in found]}


@router.get("/me")
def get_me(request: Request) -> Json:
    """The caller as the log has it, its keys and its leaves."""
    world, caller = world_of(request), member_of(request)
    member = join.known(world, str(caller.member))
    with world.store.read() as rows:
        keys = rows.find(Key, owner=member.id)
        open_ones = rows.find(Recovery, member=member.id, closed=None)
    return {
        "member": member.id,
        "kind": member.kind,
        "jurisdiction": member.jurisdiction,
        "roles": sorted(member.roles),
        "under": member.under,
        "statement": member.statement,
        "since": member.since,
        "suspended": member.suspended,
        "home": member.home,  # of a guest: the peer that it is a member of
        "recoveries": [one.id for one in open_ones],  # somebody says that the key is lost: object, if it is not
        "keys": [{"kid": key.kid, "since": key.since, "until": key.until} for key in keys],
        "grants": [
            {"id": one.id, "standard": one.standard, "expires": one.expires, "ended": one.until is not None}
            for one in grant.grants(world, member.id)
        ],
        "quotas": quota.told(world, member.id),
    }


@router.post("/keys")
async def post_key(request: Request) -> Json:
    """Change keys: a `key` statement signed by the old key and the new. Every token that the old one opened ends."""
    data = await request.body()
    return await anyio.to_thread.run_sync(partial(_rotate, request, data))


def _rotate(request: Request, data: bytes) -> Json:
    world, caller = world_of(request), member_of(request)
    _own(caller, data)
    return {"index": join.rotate(world, data)}


@router.post("/exit")
async def post_exit(request: Request) -> Json:
    """Leave: an `exit` statement signed by the member."""
    data = await request.body()
    return await anyio.to_thread.run_sync(partial(_leave, request, data))


def _leave(request: Request, data: bytes) -> Json:
    _own(member_of(request), data)
    return {"index": join.leave(world_of(request), data)}


def _own(caller: Caller, data: bytes) -> None:
    """Only the member itself may bring a statement about itself."""
    if seal.opened(data).body.get("member") != caller.member:
        raise Invalid("statement.not-yours")


# --- standards and reservoirs -----------------------------------------------------------------------------------------


@router.get("/standards")
def get_standards(request: Request) -> Json:
    """Every standard's last version."""
    items = []
    for one in publish.all_published(world_of(request)):
        standard = odcs.read(one.text)
        items.append(
            {
                "id": one.id,
                "version": one.version,
                "titles": dict(standard.titles),
                "tier": standard.tier,
                "statement": one.statement,
                "synthetic": standard.synthetic,
            }
        )
    return {"items": items}


@router.get("/standards/{id}")
def get_standard(request: Request, id: str, version: str | None = None) -> Response:
    """A standard as it was signed: ODCS YAML."""
    one = publish.published(world_of(request), id, version)
    return PlainTextResponse(one.text, media_type="application/yaml", headers={"datadam-statement": one.statement})


@router.get("/standards/{id}/versions")
def get_versions(request: Request, id: str) -> Json:
    """Every version of a standard, oldest first, each with the last day of its deposits where one was declared."""
    world = world_of(request)
    publish.published(world, id)
    return {
        "items": [
            {
                "version": one.standard.version,
                "index": one.index,
                "statement": world.ledger.entry(one.index)[1],
                "until": lineage.until(world, id, one.standard.version),
            }
            for one in lineage.versions(world, id)
        ]
    }


@router.get("/reservoirs")
def get_reservoirs(request: Request) -> Json:
    """Every reservoir, and whether the caller may take rows from it now."""
    offered = release.reservoirs(world_of(request), caller_of(request))
    return {"items": [{**_reservoir(one), **_about(request, one.standard.id)} for one in offered]}


@router.get("/reservoirs/{id}")
def get_reservoir(request: Request, id: str) -> Json:
    """One reservoir."""
    for one in release.reservoirs(world_of(request), caller_of(request)):
        if one.standard.id == id:
            return {**_reservoir(one), **_about(request, id), "gates": gate_verbs.of_reservoir(world_of(request), id)}
    for edition, one in release.editions(world_of(request), caller_of(request)):
        if edition.id == id:  # with the columns of its own time, given to whom its reservoir is
            then = pool.find(world_of(request), id).standard
            disputes = list(dispute.told(world_of(request), one.standard.id))
            gates = gate_verbs.of_reservoir(world_of(request), id)
            return {**_reservoir(replace(one, standard=then), edition), "disputes": disputes, "gates": gates}
    raise NotFound("standard.unknown", standard=id[:200], version="")


def _about(request: Request, id: str) -> Json:
    """What of a reservoir is not its standard's: what the caller signed of it, and which disputes are told with it."""
    return {"signed": _signed(request, id), "disputes": list(dispute.told(world_of(request), id))}


def _signed(request: Request, id: str) -> Json | None:
    """What the caller signed of a standard by depositing under it, and what came after; None if it never did."""
    caller = caller_of(request)
    member = caller.member if caller.standard is None else None
    found = None if member is None else lineage.signed(world_of(request), member, id)
    if found is None:
        return None
    language = language_of(request)
    return {
        "version": found.version,
        "last": found.last,
        "until": found.until,
        "accepted": found.accepted,
        "changes": [
            {
                "code": change.code,
                "facts": dict(change.facts),
                "effect": change.effect.name.lower(),
                "breaks": list(change.breaks),
                "what": texts.say(change.code, language, **change.facts),
            }
            for change in found.changes
        ],
    }


def _reservoir(one: release.Offered, edition: Edition | None = None) -> Json:
    standard = one.standard
    id = edition.id if edition else standard.id
    schema, table = release.address(id)
    return {
        "id": id,
        "version": standard.version,
        "titles": dict(standard.titles),
        "descriptions": dict(standard.descriptions),
        "tier": standard.tier,
        "attribution": standard.attribution,
        "synthetic": standard.synthetic,
        "open_to_you": one.allowed,
        "reasons": [{"code": reason.code, "facts": dict(reason.facts)} for reason in one.reasons],
        "columns": [
            {"name": c.name, "type": c.type, "unit": c.unit, "titles": dict(c.titles), "protection": c.protection}
            | {"coarse": {"code": how.code, "facts": dict(how.facts)} if (how := coarsening.said(c)) else None}
            for c in standard.columns
        ],
        "table": {"share": release.SHARE_NAME, "schema": schema, "table": table},
    }


@router.get("/releases")
def get_releases(request: Request, standard: str | None = None) -> Json:
    """The caller's releases: each is a statement in the log, with its receipt."""
    world, caller = world_of(request), member_of(request)
    with world.store.read() as rows:
        found = rows.find(Release, member=caller.member)
    chosen = [one for one in found if standard in {None, one.standard}]
    return {
        "items": [
            {
                "id": one.id,
                "standard": one.standard,
                "share_version": one.share_version,
                "index": one.index,
                "action": one.action,
                "decision": one.decision,
            }
            for one in sorted(chosen, key=lambda one: one.index)
        ]
    }


@router.get("/profiles")
def get_profiles(request: Request) -> Json:
    """The caller's share profiles; the tokens themselves are not kept."""
    caller = member_of(request)
    held = login.profiles(world_of(request), caller.member) if caller.member else []
    return {
        "items": [
            {"profile": one.hash[:12], "standard": one.standard, "expires": one.expires, "revoked": one.revoked}
            for one in held
        ]
    }


@router.post("/profiles", status_code=201)
async def post_profile(request: Request) -> Response:
    """A Delta Sharing v1 bearer profile for one reservoir: `{standard}`. The token is told once."""
    sent = _object(await request.body(), "standard")
    return await anyio.to_thread.run_sync(partial(_issue, request, str(sent["standard"])))


def _issue(request: Request, standard: str) -> Response:
    world, caller = world_of(request), member_of(request)
    if caller.member is None:
        raise NotFound("member.unknown", member="")
    given = login.issue_profile(world, caller.member, standard)
    body = {
        "shareCredentialsVersion": 1,
        "endpoint": f"{world.settings.public_url}/sharing",
        "bearerToken": given.token,
        "expirationTime": given.expires,
    }
    return JSONResponse(body, status_code=201, headers={"Cache-Control": "no-store"})


@router.delete("/profiles/{profile}", status_code=204)
def delete_profile(request: Request, profile: str) -> Response:
    """Revoke one of the caller's share profiles."""
    caller = member_of(request)
    if caller.member is not None:
        login.revoke_profile(world_of(request), caller.member, profile)
    return Response(status_code=204)


# --- deposits ---------------------------------------------------------------------------------------------------------


@router.get("/fits/{standard}")
def get_fits(request: Request, standard: str) -> Json:
    """The caller's own confirmed fits for a standard, newest first."""
    return {"items": journal.fits(world_of(request), member_of(request), standard)}


@router.post("/deposits", status_code=202)
async def post_deposit(request: Request) -> Json:
    """Announce a deposit by its signed manifest."""
    data = await request.body()
    return await anyio.to_thread.run_sync(partial(_announce, request, data))


def _announce(request: Request, data: bytes) -> Json:
    return _job(request, deposit.announce(world_of(request), member_of(request), data))


@router.put("/deposits/{id}/file", status_code=202)
async def put_file(request: Request, id: str) -> Json:
    """The announced file, as it is. It is judged in the background; ask the deposit how far it has come."""
    receive = partial(_receive, request, id, Body(request).chunks())
    # in threads of their own: however many files come in slowly, everything else is answered
    return await anyio.to_thread.run_sync(receive, limiter=request.app.state.uploads)


def _receive(request: Request, id: str, chunks: Iterator[bytes]) -> Json:
    job = deposit.receive(world_of(request), member_of(request), id, chunks)
    works: Works = request.app.state.works
    if job.stage == Stage.RECEIVED:
        works.submit(job)
    return _job(request, job)


@router.get("/deposits")
def get_deposits(request: Request) -> Json:
    """The caller's deposits, newest first."""
    return {"items": [_job(request, job) for job in journal.own(world_of(request), member_of(request))]}


@router.get("/deposits/{id}")
def get_deposit(request: Request, id: str) -> Json:
    """How far a deposit has come, what was found of the file as a whole, and the first faults of its rows."""
    return _overview(request, report.overview(world_of(request), member_of(request), id, limit=FAULTS_SHOWN))


@router.get("/deposits/{id}/statistics")
def get_statistics(request: Request, id: str) -> Json:
    """What became of each column, and how its admitted values are distributed: own rows only."""
    told = report.overview(world_of(request), member_of(request), id, limit=0)
    return {"columns": pages.said_columns(told.survey, told.standard, language_of(request))}


@router.get("/deposits/{id}/report.html")
def get_report_page(request: Request, id: str) -> Response:
    """The report as a page that can be saved: counts, warnings, faults, statistics."""
    told = report.overview(world_of(request), member_of(request), id, limit=FAULTS_SHOWN)
    language = language_of(request)
    columns = pages.said_columns(told.survey, told.standard, language)
    html = pages.report({**_overview(request, told), "columns": columns}, language)
    headers = {"Content-Security-Policy": pages.POLICY, "Cache-Control": "no-store"}
    return Response(html, media_type=pages.MEDIA, headers=headers)


@router.get("/deposits/{id}/rejects")
def get_rejects(request: Request, id: str) -> Response:
    """The refused rows in the contributor's own layout, each with its reasons."""
    language = language_of(request)
    world, caller = world_of(request), member_of(request)
    path = report.rejects(world, caller, id, lambda reason: texts.explain(reason, language).what, language=language)
    return FileResponse(path, media_type="text/csv; charset=utf-8", filename="rejects.csv")


def _overview(request: Request, told: report.Overview) -> dict[str, Any]:
    language = language_of(request)
    return _job(request, told.job) | {
        "warnings": pages.said_warnings(told.survey, language),
        "shown": [pages.said_fault(fault, language) for fault in told.found],
    }


def _job(request: Request, job: Job) -> dict[str, Any]:
    works: Works = request.app.state.works
    told = works.progress(job.id)
    body: dict[str, Any] = {
        "id": job.id,
        "standard": job.standard,
        "version": job.version,
        "stage": job.stage,
        "received": job.received,
        "file": seal.opened(job.envelope).body["file"] if job.envelope else _ERASED,
    }
    if told is not None:
        body["progress"] = {"stage": told[0], "done": told[1], "of": told[2]}
    tally = job.facts.get("tally")
    if tally is not None:
        body["tally"] = {name: tally[name] for name in ("rows", "admitted", "rejected", "faults")}
    if job.stage in {Stage.COMMITTED, Stage.WITHDRAWN}:
        body["outcome"] = journal.sealed(world_of(request), job.id).outcome
    for name, terms in reserve.over(world_of(request), job).items():
        said = [line for one in terms for line in own_terms.words(one, language_of(request))]
        body[name] = {"terms": terms, "said": said}
    if job.fault is not None:
        body["fault"] = {**job.fault, **texts.told(job.fault, language_of(request))}
    return body
