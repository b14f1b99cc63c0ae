"""Release: decide, make the share if it is stale, log the release, then let the files be fetched.

1. decide   `dam.decide` over the asker's own facts, logged before anything moves; a no tells every reason
2. make     the share's files anew: when there are none, when its columns changed or a deposit left, else at most every
            `share_refresh_seconds`. Where rows do not tell their contributor, deposits come in whole batches
3. record   one `release` statement for each member, standard, share version and deed, before anything is served
4. serve    the edge signs addresses of exactly these files; a version stays until none of its addresses can be alive

A share has a recipient of its own only where columns hold unit ids, or contributors stand under pseudonyms: each
recipient sees them differently.
"""

import json
import threading
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from datadam import decisions, seal
from datadam.dam import combine, decide, disputed, gates, lineage, narrow, order, pool, publish, state
from datadam.dam.login import Caller
from datadam.dam.narrow import Narrowing
from datadam.dam.pool import Pool
from datadam.dam.world import World
from datadam.errors import NotFound, Refused, Unavailable
from datadam.model import (
    Allow,
    Ask,
    Attribution,
    Deny,
    Deposit,
    Edition,
    Json,
    Kind,
    Member,
    Protection,
    Reason,
    Release,
    Share,
    Standard,
    StandardId,
    Withdrawal,
    instant,
)
from datadam.ports import Rows, ShareOrder, SharePart
from datadam.terms import CURRENT

SHARE_NAME: Final = "dam"
"""The one share, in Delta Sharing's words, under which all reservoirs of a dam stand as tables."""
EVERYBODY: Final = "*"
PSEUDONYM: Final = 16  # hex digits of a contributor's, in one share
_UNDER: Final = "under "  # the note that says under which terms its deposits were as a share was made
_TOLD: Final = "narrowing "  # the note that says what of its reservoir a share's recipient gets
WAITERS: Final = 16  # who wait for one share to be made; each holds a thread of the server, which has others to answer
_STRIPES: Final = tuple(threading.Lock() for _ in range(64))  # one share is made by one thread; others need not wait
_ROOM: Final = tuple(threading.BoundedSemaphore(WAITERS + 1) for _ in _STRIPES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A reservoir, and whether the caller may take rows of it now."""

    standard: Standard
    allowed: bool
    reasons: tuple[Reason, ...]


def address(id: str) -> tuple[str, str]:
    """Schema and table under which a reservoir is shared: its first word, then the rest, where no dots may stand."""
    schema, _, table = id.partition(".")
    return schema, table.replace(".", "_")


def reservoirs(world: World, caller: Caller) -> list[Offered]:
    """Every reservoir with what the caller may do; through a share profile only the profile's own."""
    return [_as_of(world, caller, one, None) for one in _offered(world, caller)]


def _offered(world: World, caller: Caller) -> list[Offered]:
    found = []
    for published in publish.all_published(world):
        if caller.standard in {None, published.id}:
            standard = publish.parsed(published.text)
            decision = decisions.for_asker(decide.trial(world, _ask(caller, standard.id)), standard.id)
            reasons = decision.reasons if isinstance(decision, Deny) else ()
            found.append(Offered(standard=standard, allowed=not reasons, reasons=reasons))
    return found


def _as_of(world: World, caller: Caller, one: Offered, edition: str | None) -> Offered:
    """The same for one edition, or for the reservoir as it stands: terms may let out some of them only."""
    versions = decide.versions(world, _ask(caller, one.standard.id)) if one.allowed else None
    if versions is None or (edition or CURRENT) in versions:
        return one
    return replace(one, allowed=False, reasons=(_unnamed(one.standard.id, edition, versions),))


def _unnamed(standard: StandardId, edition: str | None, versions: Collection[str]) -> Reason:
    facts = {"standard": standard, "version": edition or CURRENT, "versions": ", ".join(versions)}
    return Reason("ask.version-not-offered", facts)


def tables_for(world: World, caller: Caller) -> list[str]:
    """The ids of the reservoirs and editions whose rows the caller may take."""
    found = [str(one.standard.id) for one in reservoirs(world, caller) if one.allowed]
    return found + [edition.id for edition, one in editions(world, caller) if one.allowed]


def editions(world: World, caller: Caller) -> list[tuple[Edition, Offered]]:
    """Every edition, in the order in which they were frozen, each with what the caller may do with its reservoir."""
    offered = {one.standard.id: one for one in _offered(world, caller)}
    with world.store.read() as rows:
        found = sorted(rows.find(Edition), key=lambda one: one.index)
    told = [(one, offered[StandardId(one.standard)]) for one in found if one.standard in offered]
    return [(edition, _as_of(world, caller, one, edition.name)) for edition, one in told]


def open_share(world: World, caller: Caller, id: str) -> Share:
    """The share of the reservoir or edition `id` for the caller, made and logged.

    `Refused` with every reason, or `NotFound`. An edition is given to whom its reservoir is.
    """
    found = pool.find(world, id)
    if caller.standard not in {None, found.standard.id}:
        raise NotFound("standard.unknown", standard=id[:200], version="")
    ask = _ask(caller, found.standard.id)
    decision, decided = decide.decide(world, ask)
    match decisions.for_asker(decision, found.standard.id):
        case Deny(reasons):
            raise order.refusal(world, reasons)
        case Allow(basis=basis):
            while True:
                now = decide.narrowed(world, ask, found.standard)
                _refuse_unnamed(found, now)
                narrowing = pool.looked_at(world, found, now)
                gates.refuse_shut(world, found, narrowing)
                share = _current(world, found, _recipient(world, ask, narrowing), narrowing)
                if ask.member is None or decided is None:
                    return share
                if _record(world, ask, found, (basis, decided, now), share):
                    return share


def refuse_other(world: World, caller: Caller, id: str, recipient: str) -> None:
    """Refuse what an address was given out for, if now the answer is a no, or a yes about other columns.

    An order, a newer law or offer, a revoked grant: each binds from its log index on, also who has addresses already.
    """
    found = pool.find(world, id)
    ask = _ask(caller, found.standard.id)
    decision, _ = decide.decide(world, ask)
    match decisions.for_asker(decision, found.standard.id):
        case Deny(reasons):
            raise order.refusal(world, reasons)
        case Allow():
            now = decide.narrowed(world, ask, found.standard)
            _refuse_unnamed(found, now)
            if not (_covered(world, recipient, ask, now) and _as_made(world, found, recipient, now)):
                raise Refused("agreement.cut-off", standard=found.standard.id)


def _refuse_unnamed(of: Pool, narrowing: Narrowing) -> None:
    """Refuse an edition that the terms do not name, and the reservoir as it stands where they do not name that."""
    edition = of.edition.name if of.edition else None
    if not narrowing.lets_out(edition):
        unnamed = _unnamed(of.standard.id, edition, narrowing.versions or ())
        raise Refused(unnamed.code, **unnamed.facts)


def file(world: World, standard: str, recipient: str, version: int, name: str) -> Path:
    """Where a served file lies, or `NotFound`."""
    return world.shares.path(standard, recipient, version, name)


# --- 1. decide --------------------------------------------------------------------------------------------------------


def _ask(caller: Caller, standard: StandardId) -> Ask:
    return Ask(
        member=caller.member,
        standard=standard,
        purpose=caller.purpose,
        action=caller.action,
        destination=caller.destination,
    )


def _recipient(world: World, ask: Ask, narrowing: Narrowing) -> str:
    """For whom a share is made: one member or everybody; and what of the reservoir is in it, unless all of it is."""
    return _who(ask, narrowing) + narrowing.suffix(world)


def _who(ask: Ask, narrowing: Narrowing) -> str:
    units = any(column.protection is Protection.UNIT_ID for column in narrowing.columns)
    each = units or narrowing.standard.attribution is Attribution.PSEUDONYM
    return ask.member if each and ask.member is not None else EVERYBODY


def _told_of(rows: Rows, recipient: str) -> Mapping[str, Collection[str]] | None:
    """What of its reservoir a recipient gets, as its share's narrowing was told; None where nobody knows any more."""
    if "~" not in recipient:
        return narrow.PLAIN
    found: dict[str, list[str]] | None = json.loads(rows.noted(_TOLD + recipient) or "null")
    return found


def _covered(world: World, recipient: str, ask: Ask, narrowing: Narrowing) -> bool:
    """Whether a share that was made for a recipient holds nothing but what the ask gets now, in the same form.

    Deposits under terms that let the asker in may have come since: then it gets another share, and this one is right.
    """
    who = recipient.partition("~")[0]
    with world.store.read() as rows:
        told = _told_of(rows, recipient)
    return who == _who(ask, narrowing) and told is not None and narrowing.covers(told)


def _as_made(world: World, of: Pool, recipient: str, narrowing: Narrowing) -> bool:
    """Whether all in the last version of a share is still under the terms that it was made under.

    So is then all in the versions before, which go where a deposit leaves or comes under other terms.
    """
    with world.store.read() as rows:
        share = rows.get(Share, of.id, recipient)
        made = share is None or _made_under(rows, share) == narrowing.terms_of(share.deposits)
    return made and (share is None or gates.current(world, of, share)[0])


def _made_under(rows: Rows, share: Share) -> str:
    return rows.noted(_UNDER + f"{share.standard} {share.recipient}") or narrow.NOTHING


# --- 2. make ----------------------------------------------------------------------------------------------------------


def _current(world: World, of: Pool, recipient: str, narrowing: Narrowing) -> Share:
    """The share as it may be now: the one there is, or a new version of it.

    `Unavailable` to more than `WAITERS` at once, unless the one there is will do for another while.
    """
    need = _need(world, of, recipient, narrowing)
    if isinstance(need, Share):
        return need
    stripe = _stripe(world, of.id, recipient)
    if not _ROOM[stripe].acquire(blocking=False):
        if need.last is not None and need.last_will_do:
            return need.last
        raise Unavailable("share.being-made", standard=of.id)
    try:
        with _STRIPES[stripe]:
            # another may have made it meanwhile
            while not isinstance(need := _need(world, of, recipient, narrowing), Share):
                made = _make(world, of, recipient, need)
                _, visible = pool.deposits(world, of, narrowing)
                if set(made.deposits) <= set(visible) and gates.current(world, of, made)[0]:
                    return made  # else one was withdrawn while it was made
            return need
    finally:
        _ROOM[stripe].release()


def _stripe(world: World, standard: str, recipient: str) -> int:
    return hash((world.settings.folder, standard, recipient)) % len(_STRIPES)


@dataclass(frozen=True, slots=True)
class _Need:
    """Why and from what a share is made anew."""

    ready: Sequence[Deposit]
    files: dict[str, list[Path]]  # of each visible deposit
    last: Share | None
    gone: bool  # a deposit left: the earlier files go at once
    last_will_do: bool  # the last one is only old
    narrowing: Narrowing


def _need(world: World, of: Pool, recipient: str, narrowing: Narrowing) -> Share | _Need:
    """The share that there is, if it may be served as it is; else what a new one is made of."""
    standard = of.standard
    schema = world.shares.schema(narrowing.columns, _attributed(standard))
    with world.store.read() as rows:
        share = rows.get(Share, of.id, recipient)
        under = _made_under(rows, share) if share is not None else narrow.NOTHING
    ready, visible = pool.deposits(world, of, narrowing)  # after the share: what left since then is seen
    if share is None:
        return _Need(ready, visible, None, gone=False, last_will_do=False, narrowing=narrowing)
    whole, same = gates.current(world, of, share)
    gone = not (whole and set(share.deposits) <= set(visible)) or under != narrowing.terms_of(share.deposits)
    alike = list(share.schema) == list(schema)
    if of.edition is None:  # a newer version may read the same columns otherwise, in another unit say
        alike = alike and share.upto > lineage.versions(world, standard.id)[-1].index
    since = instant(world.clock() - timedelta(seconds=world.settings.share_refresh_seconds))
    # who looked before the first deposit need not wait an hour for it; where rows do not tell who contributed them, the
    # moment in which they appear must not tell either
    due = since >= share.made or (not share.deposits and standard.attribution is Attribution.CONTRIBUTOR)
    fresh = same and tuple(deposit.id for deposit in ready) == share.deposits
    if alike and not gone and (fresh or not due):
        return share
    return _Need(ready, visible, share, gone=gone, last_will_do=alike and not gone, narrowing=narrowing)


def _make(world: World, of: Pool, recipient: str, need: _Need) -> Share:
    standard, now, who = of.standard, world.clock(), recipient.partition("~")[0]
    narrowing = need.narrowing
    with world.store.read() as rows:
        # a version that was ever released must not come again, also where the tables were lost
        theirs = (one for one in rows.find(Release, standard=of.id) if one.recipient in {None, recipient})
        released = max((one.share_version for one in theirs), default=-1)
        countries = {str(member.id): member.jurisdiction for member in rows.find(Member)}
    lying = standard.columns  # some of which may not be for this recipient
    written = {deposit.version for deposit in need.ready}
    views = {one: lineage.view(world, standard.id, one, under=standard.version) for one in written}
    by = gates.judged(world, of)
    apart = combine.keys(world, standard.id, narrowing.columns, who, joined=narrowing.joined)
    version = max(released, need.last.version if need.last else -1) + 1
    attributed = _attributed(standard)
    secret = world.secrets.secret("share")

    def named(contributor: str) -> str:
        if standard.attribution is not Attribution.PSEUDONYM:
            return contributor
        alias = seal.keyed(secret, "contributor", str(standard.id), who, contributor).hex()[:PSEUDONYM]
        return f"{countries[contributor]}-{alias}"

    domains = sorted({column.domain or "" for column in narrowing.columns if column.protection is Protection.UNIT_ID})
    order = ShareOrder(
        columns=narrowing.columns,
        attribution=standard.attribution,
        attributed=attributed,
        files=tuple(
            SharePart(
                path=path,
                tag=deposit.tag,
                sequence=deposit.index,
                contributor=named(deposit.contributor),
                country=countries[deposit.contributor],
                own=deposit.contributor == who,
                columns=views[deposit.version].columns or lying,
                steps=views[deposit.version].steps,
                apart=apart(deposit),
                withheld=piece.withheld,
                markings=piece.markings,
                stage=by.staged.stage[deposit.id] if by else 0,
            )
            for deposit in need.ready
            if (piece := narrowing.piece(deposit.id)) is not None
            for path in need.files[deposit.id]
        ),
        into=world.shares.place(of.id, recipient, version),
        order_key=seal.keyed(secret, "order", of.id, recipient),
        recipient_keys={domain: seal.keyed(secret, "recipient", who, domain) for domain in domains},
        own_keys={domain: seal.keyed(secret, "own", who, domain) for domain in domains},
        marking=narrowing.marking,
        supersede=pool.supersedes(standard),
        gate=by.order if by else None,
    )
    files = world.shares.write(order)
    share = Share(
        standard=of.id,
        recipient=recipient,
        version=version,
        made=instant(now),
        upto=world.ledger.size,
        deposits=tuple(deposit.id for deposit in need.ready),
        files=tuple(asdict(file) for file in files),
        schema=world.shares.schema(narrowing.columns, attributed),
        rows=sum(file.rows for file in files),
    )
    _replace(world, share, need, by, now)
    return share


def _attributed(standard: Standard) -> str | None:
    """Name of the column that tells the contributor or its country; a column of the standard keeps its own name."""
    if standard.attribution is Attribution.NONE:
        return None
    name = str(standard.attribution)
    return f"dam_{name}" if any(column.name == name for column in standard.columns) else name


def _replace(world: World, share: Share, need: _Need, by: gates.Judged | None, now: datetime) -> None:
    """Put the new version in the old one's place, and remove the files that no address can lead to any more."""
    name = _retired(share)
    with world.store.transaction() as rows:
        old: dict[str, str] = {} if need.gone else json.loads(rows.noted(name) or "{}")
        if need.last is not None and not need.gone:
            old[str(need.last.version)] = instant(now)
        alive = _alive(world, old, now)
        rows.put(share)
        rows.note(name, json.dumps(alive))
        rows.note(_TOLD + share.recipient, json.dumps(need.narrowing.told))
        gates.note(rows, share, by)
        rows.note(_UNDER + f"{share.standard} {share.recipient}", need.narrowing.terms_of(share.deposits))
    world.shares.clear(share.standard, share.recipient, {share.version, *map(int, alive)})


def _retired(share: Share) -> str:
    return f"share {share.standard} {share.recipient}"


def _alive(world: World, retired: dict[str, str], now: datetime) -> dict[str, str]:
    """Of the versions that were replaced, and when, those to which an address may still be alive."""
    since = instant(now - timedelta(seconds=world.settings.url_seconds))
    return {version: when for version, when in retired.items() if when >= since}


def tidy(world: World) -> int:
    """Remove the files of replaced versions whose addresses are all over; how many versions."""
    now, removed = world.clock(), 0
    with world.store.read() as rows:
        shares = rows.find(Share)
    for share in shares:
        with _STRIPES[_stripe(world, share.standard, share.recipient)]:
            with world.store.transaction() as rows:
                now_share = rows.get(Share, share.standard, share.recipient) or share
                old = json.loads(rows.noted(_retired(share)) or "{}")
                alive = _alive(world, old, now)
                if alive == old:
                    continue
                rows.note(_retired(share), json.dumps(alive))
            world.shares.clear(share.standard, share.recipient, {now_share.version, *map(int, alive)})
            removed += len(old) - len(alive)
    return removed


def retract(world: World, standard: str, deposits: Collection[str]) -> None:
    """Remove every share that holds rows of these deposits, of the reservoir and of its editions.

    Also what a crash left of any; who holds an address of their files gets nothing from here on. The deposits were
    withdrawn before: no share that begins now has them.
    """
    with world.store.read() as rows:
        ids = [standard, *(edition.id for edition in rows.find(Edition, standard=standard))]
    _remove_shares(world, ids, deposits, alone=False)  # at once; then again when nobody is at work who began before
    with ExitStack() as held:
        for stripe in _STRIPES:
            held.enter_context(stripe)
        _remove_shares(world, ids, deposits, alone=True)
        for id in ids:
            with world.store.read() as rows:
                keep = {share.recipient: {share.version} for share in rows.find(Share, standard=id) if share.files}
                names = {who: json.loads(rows.noted(f"share {id} {who}") or "{}") for who in keep}
            world.shares.erase(id, {who: {*own, *map(int, names[who])} for who, own in keep.items()})


def _remove_shares(world: World, ids: Sequence[str], deposits: Collection[str], *, alone: bool) -> None:
    for id in ids:
        with world.store.read() as rows:
            told = [(share, _told_of(rows, share.recipient)) for share in rows.find(Share, standard=id)]
            rest = {share.recipient for share, _ in told if not gates.rested(rows, share).isdisjoint(deposits)}
            shares = [
                share
                for share, one in told
                if share.recipient in rest or not narrow.never_held(rows, share, deposits, one)
            ]
        for share in shares:
            holds = share.recipient in rest or not set(deposits).isdisjoint(share.deposits)
            # what was replaced may have held more; a newer one is still being written, unless nobody is at work
            keep = () if holds else (share.version,)
            world.shares.clear(id, share.recipient, keep, upto=None if alone else share.version)
            with world.store.transaction() as rows:
                now = rows.get(Share, id, share.recipient) or share
                if holds and now.version == share.version:  # its count goes on: no version comes twice
                    rows.put(replace(now, files=(), rows=0, schema=()))  # like no schema: it is never served
                rows.note(_retired(share), "{}")


# --- 3. record --------------------------------------------------------------------------------------------------------


def _record(world: World, ask: Ask, of: Pool, why: tuple[str, str, Narrowing], share: Share) -> bool:
    """Log that the member gets this version, once for each thing done with it and each basis.

    `why` is the basis, the decision, and the narrowing that the share was made under.

    False, and nothing is logged, where rows of it were withdrawn or restricted meanwhile: the log tells by its order
    who got which.
    """
    if _released(world, ask, why[0], share):
        return True
    facts: Json = {
        "member": ask.member,
        "standard": of.standard.id,
        "version": of.standard.version,
        **({"edition": of.edition.name} if of.edition else {}),
        "basis": why[0],
        "decision": why[1],
        "share_version": share.version,
        "recipient": share.recipient,
        "rows": share.rows,
        **_abroad(world, ask),
        **({"disputes": list(told)} if (told := _disputes(world, of.standard.id, why[2])) else {}),
        "files": [one["digest"] for one in share.files],
        # keyed, because deposits' ids stand in the public log: a plain digest could be guessed from them
        "deposits_digest": _deposits_digest(world, share),
    }
    with world.lock:
        if not _released(world, ask, why[0], share):
            if _withdrawn(world, of, share) or decide.narrowed(world, ask, of.standard) != why[2]:
                return False
            state.record(world, state.statement(world, Kind.RELEASE, facts))
        return True


def _abroad(world: World, ask: Ask) -> Json:
    """What a guest's home needs to know of a release to it: whose it is, and what is done with the rows."""
    with world.store.read() as rows:
        member = rows.get(Member, ask.member) if ask.member is not None else None
    return {} if member is None or member.home is None else {"home": member.home, "action": str(ask.action)}


def _disputes(world: World, standard: str, narrowing: Narrowing) -> tuple[str, ...]:
    """What is told with rows: of a deposit that is kept from the asker, nothing."""
    with world.store.read() as rows:
        held = disputed.held(rows, standard, now=instant(world.clock()))
    return (*held.told, *(id for id, deposit in held.told_of if narrowing.piece(deposit) is not None))


def _withdrawn(world: World, of: Pool, share: Share) -> bool:
    """Whether a deposit left that nothing replaces, or is held up; one that is replaced stays until the other comes."""
    with world.store.read() as rows:
        gone = {str(one.deposit) for one in rows.find(Withdrawal, standard=of.standard.id) if one.replaced_by is None}
    gone |= pool.disputed_deposits(world, of.standard.id)
    return not gone.isdisjoint(share.deposits)


def _released(world: World, ask: Ask, basis: str, share: Share) -> bool:
    named = {"member": ask.member, "standard": share.standard, "share_version": share.version, "action": ask.action}
    named["recipient"] = share.recipient
    with world.store.read() as rows:
        return bool(rows.find(Release, **named, basis=basis))


def _deposits_digest(world: World, share: Share) -> str:
    return seal.keyed(world.secrets.secret("share"), "deposits", *share.deposits).hex()


def outside(world: World, rows: Rows, body: Json) -> list[str]:
    """Which deposits of a logged release were kept from its asker by then; `rows` are the tables as they were.

    Of a share that was made anew since nobody can tell any more whose rows it had.
    """
    if "recipient" not in body or "decision" not in body:
        return []
    id = f"{body['standard']}@{body['edition']}" if "edition" in body else body["standard"]
    with world.store.read() as now:
        share = now.get(Share, id, body["recipient"])
    if share is None or share.version != body["share_version"]:
        return []
    same = _deposits_digest(world, share) == body["deposits_digest"]
    return decide.outside(world, rows, body, share.deposits) if same else []
