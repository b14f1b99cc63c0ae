"""What the log says, as tables: fold each statement into the store, believing none that its parties did not sign.

Every table written here is a projection: it can be dropped and folded again from the log and the bodies. A signature is
judged by the keys in force at the log index of its statement, never by the time that the statement claims.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from datadam import agreement, restriction, seal
from datadam.dam import (
    charged,
    credentialed,
    disputed,
    governed,
    keyed,
    peered,
    registered,
    restricted,
    rounded,
    statutes,
    tabled,
)
from datadam.dam.world import World
from datadam.errors import DamError, NotFound, Unavailable, Untrusted
from datadam.formats.statements import shaped
from datadam.governance import About
from datadam.ledger import LOG, WRONG, owner_of, parties, quorum, signed_duly
from datadam.model import (
    CLASS_OF,
    HERE,
    Decided,
    Deposit,
    DepositId,
    Deprecation,
    Edition,
    Entry,
    Grant,
    Json,
    Key,
    Kind,
    Member,
    MemberId,
    MemberKind,
    PublishedStandard,
    Release,
    Statement,
    Withdrawal,
    instant,
)
from datadam.ports import Rows
from datadam.terms import Agreement, AgreementState, Level, PublishedOffer

APPLIED: Final = "applied"
_OWNER: Final = "dam"  # the note that says whose state it is
DAM: Final = "dam"
_DULY: Final = frozenset(  # by these keys and no others
    {Kind.KEY, Kind.ROTATION, Kind.RETIREMENT, Kind.RECOVERY, Kind.PEERING, Kind.GUEST}
)
PROJECTED: Final = (
    Member,
    Key,
    PublishedStandard,
    Deprecation,
    PublishedOffer,
    Agreement,
    Deposit,
    Grant,
    Release,
    Decided,
    Withdrawal,
    Edition,
    *keyed.RECORDS,
    *governed.RECORDS,
    *disputed.RECORDS,
    *statutes.RECORDS,
    *registered.RECORDS,
    *restricted.RECORDS,
    *credentialed.RECORDS,
    *tabled.RECORDS,
    *charged.RECORDS,
    *peered.RECORDS,
    *rounded.RECORDS,
)


def believe(
    rows: Rows, statement: Statement, *, also: Sequence[Mapping[str, str]] = (), by: Iterable[str] | None = None
) -> frozenset[str]:
    """Refuse a statement unless exactly its parties signed with keys in force now; the kids that signed.

    `also` are public keys that the statement itself introduces, `by` the parties whose turn it is where not all are.
    """
    owners, keys = _signing_keys(rows, statement, also)
    signed = seal.verify(statement, keys)
    if by is None:
        seal.expect(signed, owners, parties(statement), statement=statement.id, quorum=quorum(statement))
    else:
        seal.expect(signed, owners, by, statement=statement.id)
    return signed


def _signing_keys(
    rows: Rows, statement: Statement, also: Sequence[Mapping[str, str]]
) -> tuple[dict[str, str], dict[str, Mapping[str, str]]]:
    owners: dict[str, str] = {}
    keys: dict[str, Mapping[str, str]] = {}
    for jwk in also:
        kid = seal.thumbprint(jwk)
        owners[kid], keys[kid] = owner_of(statement), jwk
    for kid in seal.kids(statement):
        held = rows.get(Key, kid)
        if held is not None and held.until is None:
            owners[kid], keys[kid] = held.owner, held.jwk
    return owners, keys


def introduced(statement: Statement) -> tuple[Mapping[str, str], ...]:
    """The public keys that a statement brings in; they must have signed it, which proves that somebody holds them."""
    if statement.kind in {Kind.DAM, Kind.MEMBER, Kind.KEY, Kind.ROTATION, Kind.OPERATOR, Kind.RECOVERY, Kind.GUEST}:
        return (seal.public(statement.body["key"]),)
    return ()


def fold(rows: Rows, entry: Entry) -> None:
    """Write into the projections what one logged statement says."""
    statement = shaped(entry.statement)
    peering = statement.kind is Kind.PEERING
    new = peered.newcomers(rows, statement) if peering else introduced(statement)
    signed = believe(rows, statement, also=new)
    for jwk in new:
        kid = seal.thumbprint(jwk)
        if kid not in signed and not peering:  # its lineage has former keys of the peer too
            raise Untrusted("signature.key-unproven", statement=statement.id)
        if rows.get(Key, kid) is not None:  # also one that was replaced: a key enters the log once
            raise Untrusted("key.repeated", kid=kid, statement=statement.id)
    if statement.kind is Kind.DAM and entry.index:  # it brings its own key: anybody could sign a second one
        raise Untrusted("dam.not-first", index=entry.index)
    if statement.kind in _DULY:  # else it takes over an account
        owners, _ = _signing_keys(rows, statement, new)
        if not signed_duly(statement, {kid: owners[kid] for kid in signed}):
            code = WRONG.get(statement.kind, "key.succession-wrong")
            raise Untrusted(code, member=owner_of(statement), statement=statement.id)
    if statement.kind in governed.BY_STEWARDS:
        owners, _ = _signing_keys(rows, statement, new)
        governed.refuse_unfit(rows, statement, {owners[kid] for kid in signed})
    _FOLDS[statement.kind](rows, entry.index, statement.id, statement.body)


def _fold_dam(rows: Rows, index: int, id: str, body: Json) -> None:
    jwk = seal.public(body["key"])
    rows.put(Key(kid=seal.thumbprint(jwk), owner=DAM, jwk=jwk, statement=id, since=index))
    keyed.fold_log(rows, id, body)
    rows.note(peered.ORIGIN, body["origin"])


def _fold_member(rows: Rows, index: int, id: str, body: Json) -> None:
    jwk = seal.public(body["key"])
    member = MemberId(body["member"])
    if member != seal.member_id(jwk) or rows.get(Member, member) is not None:
        raise Untrusted("member.id-wrong", member=member)
    rows.put(Key(kid=seal.thumbprint(jwk), owner=member, jwk=jwk, statement=id, since=index))
    rows.put(
        Member(
            id=member,
            kind=MemberKind(body["member_kind"]),
            jurisdiction=body["jurisdiction"],
            roles=frozenset(body["roles"]),
            under=body["under"],
            profile=body["profile"],
            statement=id,
            since=index,
            authority=body["authority"],
            effective=body["effective"],
            reservations=tuple(body["reservations"]),
        )
    )
    if "restrictions" in body:
        restricted.reserve(rows, member, body["restrictions"], id, index)


def _fold_key(rows: Rows, index: int, id: str, body: Json) -> None:
    old = rows.get(Key, body["replaces"])
    jwk = seal.public(body["key"])
    kid = seal.thumbprint(jwk)
    if old is None or old.owner != body["member"] or old.until is not None:
        raise Untrusted("key.rotation-wrong", member=body["member"])
    rows.put(replace(old, until=index))
    rows.put(Key(kid=kid, owner=old.owner, jwk=jwk, statement=id, since=index))


def _fold_exit(rows: Rows, index: int, id: str, body: Json) -> None:
    member = rows.get(Member, body["member"])
    if member is None or member.until is not None:
        raise Untrusted("member.exit-wrong", member=body["member"], statement=id)
    rows.put(replace(member, until=index))
    keyed.left(rows, index, member.id)
    for key in rows.find(Key, owner=member.id, until=None):
        rows.put(replace(key, until=index))


def _fold_standard(rows: Rows, index: int, id: str, body: Json) -> None:
    if seal.digest(body["text"].encode()) != body["digest"]:
        raise Untrusted("standard.digest-wrong", standard=body["standard"])
    _refuse_repeated(rows.get(PublishedStandard, body["standard"], body["version"]), id)
    governed.decided(rows, About.STANDARD, index, id, body)
    rows.put(
        PublishedStandard(
            id=body["standard"],
            version=body["version"],
            text=body["text"],
            statement=id,
            index=index,
            **governed.named(body["text"]),
        )
    )


def _fold_deprecation(rows: Rows, index: int, id: str, body: Json) -> None:
    """A version's last day may be put off, never brought forward: members rely on it."""
    standard, version, until = body["standard"], body["version"], body["until"]
    held = rows.get(Deprecation, standard, version)
    if rows.get(PublishedStandard, standard, version) is None or (held is not None and until <= held.until):
        raise Untrusted("deprecation.wrong", standard=standard, version=version, statement=id)
    rows.put(Deprecation(standard=standard, version=version, until=until, index=index))


def _fold_member_change(rows: Rows, _index: int, id: str, body: Json) -> None:
    """Of a guest its home may have said the same: then it is suspended until both lifted it."""
    member, suspended = rows.get(Member, body["member"]), body["state"] == "suspended"
    if member is None or member.until is not None or member.suspended_here is suspended:
        raise Untrusted("member.change-wrong", member=body["member"], statement=id)
    guest = peered.suspend(member, HERE, is_stop=suspended) if member.home is not None else None
    rows.put(guest or replace(member, suspended=suspended))


def _fold_offer(rows: Rows, index: int, id: str, body: Json) -> None:
    """Offers of a standard are numbered without a gap, and their digest is of what the statement itself carries."""
    standard, text = body["standard"], seal.canonical(body["offer"])
    held = rows.find(PublishedOffer, standard=standard)
    if seal.digest(text) != body["digest"]:
        raise Untrusted("offer.digest-wrong", standard=standard, statement=id)
    if not rows.find(PublishedStandard, id=standard) or body["number"] != len(held) + 1:
        raise Untrusted("offer.number-wrong", standard=standard, number=body["number"], statement=id)
    governed.decided(rows, About.OFFER, index, id, body)
    rows.put(
        PublishedOffer(
            standard=standard,
            number=body["number"],
            text=text.decode(),
            digest=body["digest"],
            texts=body["texts"],
            statement=id,
            index=index,
            issued=body["issued"],
        )
    )


def _fold_agreement(rows: Rows, index: int, id: str, body: Json) -> None:
    """Signed for the offer then in force, by a member in good standing; it takes the place of the one before."""
    _refuse_repeated(rows.get(Agreement, id), id)
    member, standard = rows.get(Member, body["member"]), body["standard"]
    last = max(rows.find(PublishedOffer, standard=standard), key=lambda one: one.number, default=None)
    if member is None or member.until is not None or member.suspended:
        raise Untrusted("agreement.member-wrong", member=body["member"], statement=id)
    if peered.held_at_home(rows, member, standard):
        raise Untrusted("agreement.suspended-at-home", member=member.id, standard=standard)
    if last is None or last.statement != body["offer"] or dict(last.texts) != body["texts"]:
        raise Untrusted("agreement.offer-other", standard=standard, statement=id)
    for held in rows.find(Agreement, member=member.id, standard=standard):
        if held.state is AgreementState.SUSPENDED:
            raise Untrusted("agreement.suspended", agreement=held.id)
        if held.state in agreement.STANDING:
            rows.put(replace(held, state=AgreementState.ENDED, changed=index, reason=id))
    rows.put(
        Agreement(
            id=id,
            member=member.id,
            standard=standard,
            offer=body["offer"],
            purposes=tuple(body["purposes"]),
            destination=body["destination"],
            level=Level(body["level"]),
            state=agreement.concluded(),
            since=index,
            expires=body["expires"],
        )
    )


def _fold_agreement_change(rows: Rows, index: int, id: str, body: Json) -> None:
    held = rows.get(Agreement, body["agreement"])
    if held is None or held.member != body["member"]:
        raise Untrusted("agreement.change-wrong", agreement=body["agreement"], statement=id)
    by = agreement.Party.CONSUMER if body["by_member"] else agreement.Party.PROVIDER
    wanted = AgreementState(body["state"])
    if held.stops and wanted is not AgreementState.ENDED and by is agreement.Party.PROVIDER:
        rows.put(_held_by_both(held, wanted, index, id, body))
        return
    after = agreement.step(held.state, agreement.CHANGES[wanted], by)
    ended_for = after is AgreementState.ENDED and (not body["by_member"] or held.state is AgreementState.SUSPENDED)
    rows.put(replace(held, state=after, changed=index, reason=body["reason"], barred=ended_for))


def _held_by_both(held: Agreement, wanted: AgreementState, index: int, id: str, body: Json) -> Agreement:
    """A guest's agreement that its home suspended, after this dam did too, or took its own suspension back."""
    is_stop = wanted is AgreementState.SUSPENDED
    if is_stop is (HERE in (held.stops or ())):
        raise Untrusted("agreement.change-wrong", agreement=held.id, statement=id)
    return peered.hold(held, HERE, index, body["reason"], is_stop=is_stop)


def _refuse_repeated(held: object, id: str) -> None:
    """What is said once stays said: a statement that came again could undo what was said of it since."""
    if held is not None:
        raise Untrusted("statement.repeated", statement=id)


def _fold_outcome(rows: Rows, index: int, id: str, body: Json) -> None:
    _refuse_repeated(rows.get(Deposit, body["manifest"]), id)
    deposit = Deposit(
        id=DepositId(body["manifest"]),
        contributor=body["contributor"],
        standard=body["standard"],
        version=body["version"],
        file_digest=body["file_digest"],
        fit_digest=body["fit_digest"],
        outcome=id,
        index=index,
        tag=body["tag"],
        admitted=body["admitted"],
        rejected=body["rejected"],
        files=tuple(body["files"]),
    )
    rows.put(deposit)
    restricted.came(rows, deposit, body.get("own_terms"))


def _fold_grant(rows: Rows, index: int, id: str, body: Json) -> None:
    _refuse_repeated(rows.get(Grant, id), id)
    if governed.are_deciding(rows, body["standard"]):
        raise Untrusted("grant.others-decide", standard=body["standard"], statement=id)
    rows.put(Grant(id=id, member=body["member"], standard=body["standard"], since=index, expires=body["expires"]))


def _fold_revocation(rows: Rows, index: int, id: str, body: Json) -> None:
    grant = rows.get(Grant, body["grant"])
    if grant is None or grant.member != body["member"] or grant.until is not None:
        raise Untrusted("grant.revocation-wrong", grant=body["grant"], statement=id)
    rows.put(replace(grant, until=index))


def _fold_release(rows: Rows, index: int, id: str, body: Json) -> None:
    """Where it names a decision, that one is its member's own, about the same reservoir, and a yes."""
    decided = rows.get(Decided, body["decision"]) if "decision" in body else None
    same = decided is not None and (decided.member, decided.standard) == (body["member"], body["standard"])
    if "decision" in body and not (decided is not None and same and decided.allowed):
        raise Untrusted("release.decision-wrong", decision=body["decision"], statement=id)
    _refuse_homeless(rows, id, body, decided)
    rows.put(
        Release(
            id=id,
            member=body["member"],
            standard=f"{body['standard']}@{body['edition']}" if "edition" in body else body["standard"],
            share_version=body["share_version"],
            index=index,
            version=body["version"] if decided else None,
            decision=decided.id if decided else None,
            action=decided.action if decided else None,
            deposits_digest=body["deposits_digest"] if decided else None,
            basis=body["basis"] if decided else None,
            recipient=body.get("recipient"),
        )
    )


def _refuse_homeless(rows: Rows, id: str, body: Json, decided: Decided | None) -> None:
    """A release to a guest says whose guest it is and what it was decided for; that to a member says neither."""
    member = rows.get(Member, body["member"])
    home = member.home if member is not None else None
    told = (body.get("home"), body.get("action"))
    if told != ((home, decided.action) if home is not None and decided is not None else (None, None)):
        raise Untrusted("release.home-wrong", member=body["member"], statement=id)


def _fold_decision(rows: Rows, index: int, id: str, body: Json) -> None:
    _refuse_repeated(rows.get(Decided, id), id)
    rows.put(_decided(index, id, body))


def _decided(index: int, id: str, body: Json) -> Decided:
    facts = {name: body[name] for name in ("member", "standard", "allowed")}
    looked_at = restriction.looked_at(body["facts"])
    return Decided(id=id, action=str(body["facts"].get("action")), index=index, facts=looked_at, **facts)


def _fold_withdrawal(rows: Rows, index: int, id: str, body: Json) -> None:
    """Each deposit is its signer's own and was not taken back before; so is the one that comes in their place."""
    replaced_by = body["replaced_by"]
    for deposit in [*body["deposits"], *([replaced_by] if replaced_by else [])]:
        held = rows.get(Deposit, deposit)
        if held is None or held.contributor != body["contributor"]:
            raise Untrusted("withdrawal.not-yours", deposit=deposit)
        if rows.get(Withdrawal, deposit) is not None or replaced_by in body["deposits"]:
            raise Untrusted("withdrawal.repeated", deposit=deposit)
    for deposit in body["deposits"]:
        held = rows.get(Deposit, deposit)
        new = rows.get(Deposit, replaced_by) if replaced_by else held
        if held is None or new is None or held.standard != new.standard:
            raise Untrusted("withdrawal.other-standard", deposit=deposit)
        rows.put(
            Withdrawal(
                deposit=held.id,
                contributor=held.contributor,
                standard=held.standard,
                statement=id,
                index=index,
                issued=body["issued"],
                replaced_by=replaced_by,
            )
        )


def _fold_purge(rows: Rows, index: int, id: str, body: Json) -> None:
    for held in rows.find(Withdrawal, statement=body["withdrawal"], contributor=body["contributor"], purged=None):
        rows.put(replace(held, purge=id, purged=index))


def _fold_edition(rows: Rows, index: int, id: str, body: Json) -> None:
    """A name is given once; later only its digest changes, by a statement that names the one before."""
    held = rows.get(Edition, body["standard"], body["name"])
    new = Edition(
        standard=body["standard"],
        name=body["name"],
        version=body["version"],
        upto=body["upto"],
        batch=body["batch"],
        digest=body["digest"],
        statement=id,
        index=index,
        revision=held.revision + 1 if held else 0,
        replaces=body["replaces"],
    )
    same = held is None or (held.version, held.upto, held.batch) == (new.version, new.upto, new.batch)
    if not same or new.replaces != (held.statement if held else None) or new.upto > index:
        raise Untrusted("edition.changed", edition=new.id)
    rows.put(new)


def _fold_nothing(rows: Rows, index: int, id: str, body: Json) -> None:
    """Manifests, declines and erasures change no table: outcomes, applications and bodies tell of them."""


_FOLDS: Final[Mapping[Kind, Callable[[Rows, int, str, Json], None]]] = {
    Kind.DAM: _fold_dam,
    Kind.MEMBER: _fold_member,
    Kind.DECLINE: _fold_nothing,
    Kind.KEY: _fold_key,
    Kind.EXIT: _fold_exit,
    Kind.MEMBER_CHANGE: _fold_member_change,
    Kind.STANDARD: _fold_standard,
    Kind.DEPRECATION: _fold_deprecation,
    Kind.OFFER: _fold_offer,
    Kind.AGREEMENT: _fold_agreement,
    Kind.AGREEMENT_CHANGE: _fold_agreement_change,
    Kind.MANIFEST: _fold_nothing,
    Kind.OUTCOME: _fold_outcome,
    Kind.GRANT: _fold_grant,
    Kind.REVOCATION: _fold_revocation,
    Kind.RELEASE: _fold_release,
    Kind.DECISION: _fold_decision,
    Kind.ERASURE: _fold_nothing,
    Kind.WITHDRAWAL: _fold_withdrawal,
    Kind.PURGE: _fold_purge,
    Kind.EDITION: _fold_edition,
    **keyed.FOLDS,
    **governed.FOLDS,
    **disputed.FOLDS,
    **statutes.FOLDS,
    **registered.FOLDS,
    **restricted.FOLDS,
    **credentialed.FOLDS,
    **tabled.FOLDS,
    **charged.FOLDS,
    **peered.FOLDS,
    **rounded.FOLDS,
}


def record(world: World, *statements: Statement) -> int:
    """Make statements true: bodies, log, then tables. The log index of the first. The caller has checked them.

    They are rehearsed first, so that nothing enters the log that a rebuild would later refuse.
    """
    with world.lock:
        rehearse(world, *statements)
        first = world.ledger.append(statements)
        _apply(world, first, statements)
        return first


def record_decisions(world: World, statements: Sequence[Statement]) -> int:
    """The same for decisions that this dam signed just now, `shaped`, however many, with one wait for the disk.

    What one says changes nothing for the next, and their ids are as new as their salts: all there is to rehearse is
    that the key which signed them is the dam's and in force.
    """
    with world.lock:
        catch_up(world)
        signers = {seal.kids(statement) for statement in statements}
        with world.store.read() as rows:
            for kids in signers:
                held = [rows.get(Key, kid) for kid in kids]
                if [key.owner if key and key.until is None else None for key in held] != [DAM]:
                    raise Untrusted("signature.key-unknown", kid=", ".join(kids)[:60], statement="")
        first = world.ledger.append(statements)
        with world.store.transaction() as rows:
            numbered = enumerate(statements, start=first)
            rows.put_all([_decided(index, one.id, one.body) for index, one in numbered])
            rows.note(APPLIED, str(first + len(statements)))
        return first


def _apply(world: World, first: int, statements: Sequence[Statement]) -> None:
    """Write into the tables what was just rehearsed over them: nothing is judged twice."""
    try:
        with world.store.transaction() as rows:
            for index, statement in enumerate(statements, start=first):
                _FOLDS[statement.kind](rows, index, statement.id, statement.body)
            rows.note(APPLIED, str(first + len(statements)))
    finally:  # also where the tables could not take what is in the log by now: no answer from before holds
        for index, statement in enumerate(statements, start=first):
            world.decisions.logged(statement.kind)
            world.links.logged(statement.kind, index)


class _Undo(Exception):
    """Ends the trial."""


def rehearse(world: World, *statements: Statement) -> None:
    """Fold statements on trial, in a transaction that is rolled back; raises what a rebuild would raise."""
    catch_up(world)
    try:
        with world.store.transaction() as rows:
            for offset, statement in enumerate(statements):
                fold(rows, Entry(index=world.ledger.size + offset, statement=statement))
            raise _Undo
    except _Undo:
        return


def claim(world: World) -> None:
    """See that the state is this dam's own, before anything is read of it; a new one is taken. Else `Unavailable`."""
    first = _first(world)
    vkey = str(first.body["log"]) if first else world.ledger.vkey
    with world.store.transaction() as rows:
        held = rows.noted(_OWNER)
        if held is not None and held != vkey:
            raise Unavailable("state.others", owner=held.partition("+")[0], name=world.settings.name)
        if held is None:
            rows.note(_OWNER, vkey)
        if first and rows.noted(APPLIED) and not rows.find(Key, owner=LOG):  # tables of before there were such keys
            keyed.fold_log(rows, first.id, first.body)
        if first and rows.noted(APPLIED) and rows.noted(peered.ORIGIN) is None:
            rows.note(peered.ORIGIN, str(first.body["origin"]))


def _first(world: World) -> Statement | None:
    """The dam's own first statement, if there is one that can be read: what is wrong with it, a check tells."""
    try:
        return shaped(world.ledger.statement(world.ledger.entry(0)[1]), Kind.DAM)
    except DamError:
        return None


def catch_up(world: World) -> int:
    """Roll the tables forward to the log's end: how many entries. A table newer than the log is `Untrusted`."""
    with world.lock:
        with world.store.read() as seen:
            applied = int(seen.noted(APPLIED) or 0)
        size = world.ledger.size
        if applied > size:
            raise Untrusted("state.newer-than-log", applied=applied, size=size)
        if applied == size:
            return 0
        with world.store.transaction() as rows:
            fold_all(world, rows, applied)
        world.decisions.changed()
        return size - applied


def fold_all(
    world: World, rows: Rows, start: int, look: Callable[[Rows, Statement], None] = lambda _rows, _statement: None
) -> None:
    """Fold every entry from `start` to the log's end into `rows`; `look` sees each first, over what came before."""
    index, missing = start - 1, dict[str, NotFound]()
    for index, (clazz, id) in enumerate(world.ledger.entries(start), start=start):
        try:
            statement = world.ledger.statement(id)
        except NotFound as error:
            missing[id] = error
            continue
        if CLASS_OF[statement.kind] is not clazz:
            raise Untrusted("log.class-wrong", index=index, statement=id)
        look(rows, statement)
        fold(rows, Entry(index=index, statement=statement))
    for gone, absent in missing.items():
        if rows.get(Withdrawal, gone) is None:  # only the manifest of a deposit that was withdrawn may be gone
            raise absent
    rows.note(APPLIED, str(index + 1))


def rebuild(world: World) -> int:
    """Drop every projection and fold the whole log anew; the number of entries. What waits or works is kept."""
    with world.lock:
        with world.store.transaction() as rows:
            for kind in PROJECTED:
                for held in rows.find(kind):
                    rows.remove(held)
            fold_all(world, rows, 0)
        world.decisions.changed()
        return world.ledger.size


def statement(world: World, kind: Kind, facts: Json, *, key: seal.Jwk | None = None) -> Statement:
    """A statement by this dam, signed and dated now; with a `key` of its own that was looked up before, if one is."""
    return seal.state(kind, facts, issued=instant(world.clock()), key=key or world.secrets.private_key("sign"))
