"""What statements about peers say, as tables: peerings, contact, faults, guests, and what of a peer's log binds here.

A peer's statement is believed a second time here, over what our own log has, so that a rebuild needs no peer: it stands
whole in the adoption, its signers' keys are those of the peering's lineage, of rotations that were adopted, of guests,
or are led to by statements that stand beside it. Nothing that the peering does not cover can be adopted.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from datadam import agreement, ledger, peers, seal
from datadam.duties import STRICTNESS, Order
from datadam.errors import NotFound, Untrusted
from datadam.formats.statements import shaped
from datadam.ledger import DAM, LOG
from datadam.model import (
    CLASS_OF,
    HERE,
    HOME,
    Json,
    Key,
    Kind,
    Member,
    MemberId,
    MemberKind,
    PrivacyClass,
    Statement,
    StatementId,
    instant,
)
from datadam.peers import (
    Adopted,
    Contact,
    FaultKind,
    Followed,
    HomeAgreement,
    Peer,
    PeerBody,
    PeerFault,
    PeerRelease,
    PeerWithdrawal,
    Terms,
)
from datadam.ports import Rows
from datadam.terms import Agreement, AgreementState

RECORDS: Final = (Peer, Contact, PeerFault, Adopted, HomeAgreement, PeerRelease, PeerWithdrawal)
"""The tables. `peers.Followed` and `peers.PeerBody` are none: they are of another log."""
_LEADS: Final = frozenset({str(one) for one in (Kind.MEMBER, Kind.KEY, Kind.RECOVERY, Kind.RECOVERED)})
_OF_KEYS: Final = frozenset({Kind.ROTATION, Kind.RETIREMENT})
_RESTS: Final = {Kind.AGREEMENT_CHANGE: "agreement", Kind.RECOVERED: "recovery"}  # the statement that it goes on from
ORIGIN: Final = "origin"
"""The note that says what this dam's own log is called."""


# --- what holds -------------------------------------------------------------------------------------------------------


def silent(rows: Rows, standard: str) -> tuple[str, ...]:
    """The peerings because of which nothing of a standard leaves: their peer was not heard, or is not believed."""
    return tuple(one.statement for one in peers.standing(rows.find(Peer), standard) if not one.heard)


def deadlines(rows: Rows, standard: str) -> tuple[str, ...]:
    """The instants from which peers with a standard in scope count as silent, unless they are heard before."""
    found = []
    for one in peers.standing(rows.find(Peer), standard):
        followed = rows.get(Followed, one.id)
        if followed is not None and followed.contact is not None:
            found.append(deadline(one, followed.contact))
    return tuple(found)


def deadline(peer: Peer, contact: str) -> str:
    """The instant from which a peer that was last heard at `contact` counts as silent."""
    last = datetime.fromisoformat(contact)
    return instant(last + timedelta(seconds=peers.terms_of(peer).contact_seconds))


def ring(rows: Rows, peer: Peer) -> ledger.KeyRing:
    """The keys by which a peer's statements are judged, as our own log has them; it grows apart from the tables."""
    owned = [*rows.find(Key, owner=peer.id)]
    for guest in rows.find(Member, home=peer.id):
        owned += rows.find(Key, owner=guest.id, until=None)
    keys = {one.kid: (one.owner, one.jwk) for one in owned}
    home = ledger.Home(origin=peer.origin, log=peer.log, key=peer.key)
    return ledger.home_ring(home, peer.id, keys)


def facts(rows: Rows, peer: Peer, one: PeerBody) -> Json:
    """What our adoption of a peer's statement says: the statement, and all that leads to the keys that signed it."""
    inner = seal.opened(one.envelope)
    needed = [inner]
    if inner.kind in _RESTS:
        needed.append(seal.opened(_shown(rows, peer, inner.body[_RESTS[inner.kind]]).envelope))
    known = set(ring(rows, peer).keys)
    members = {str(peers.named(each.body)[1]) for each in needed if set(seal.kids(each)) - known - ledger.brought(each)}
    via = {id: place for member in sorted(members) for id, place in _led(rows, peer, member, one.place, known)}
    via |= {each.id: _shown(rows, peer, each.id).place for each in needed[1:]}
    agreed = next((peers.named(each.body)[0] for each in needed[1:]), None)
    return {
        "peer": peer.id,
        "statement": inner.id,
        "index": one.place,
        "standard": agreed or one.standard or peers.named(inner.body)[0],
        "envelope": seal.parse(one.envelope),
        "via": [seal.parse(_shown(rows, peer, id).envelope) for id in sorted(via, key=lambda id: via[id])],
    }


def _led(rows: Rows, peer: Peer, member: str, before: int, known: Collection[str]) -> Iterator[tuple[str, int]]:
    """What brought in the keys of a peer's member, those that our log does not know; id and place."""
    for held in rows.find(PeerBody, peer=peer.id, member=member):
        if held.kind not in _LEADS or held.place >= before:
            continue
        statement = seal.opened(held.envelope)
        if not ledger.brought(statement) & set(known):
            yield held.id, held.place
        if statement.kind is Kind.RECOVERY:
            for each in rows.find(PeerBody, peer=peer.id, kind=str(Kind.OPERATOR)):
                if seal.opened(each.envelope).body["operator"] in statement.body["operators"]:
                    yield each.id, each.place


def _shown(rows: Rows, peer: Peer, id: str) -> PeerBody:
    held = rows.get(PeerBody, peer.id, id)
    if held is None:
        raise NotFound("peer.body-unknown", statement=id, peer=peer.id)
    return held


def covers(terms: Terms, statement: Statement, standard: str | None) -> bool:
    """Whether the scope of a peering covers a peer's statement, which is about that standard, if about one."""
    if standard is not None and standard not in terms.standards:
        return False
    if statement.kind is Kind.RETIREMENT:  # that of a log's key is for who follows the log
        return bool(statement.body["use"] == DAM)
    if statement.kind is Kind.ORDER:
        mildest = min(STRICTNESS[PrivacyClass(one)] for one in statement.body["classes"])
        return terms.covers(statement.body["standard"]) and mildest <= max(STRICTNESS[one] for one in terms.classes)
    about_one = {Kind.AGREEMENT_CHANGE, Kind.RELEASE, Kind.WITHDRAWAL}
    return statement.kind not in about_one or standard is not None


# --- peerings ---------------------------------------------------------------------------------------------------------


def newcomers(rows: Rows, statement: Statement) -> tuple[Mapping[str, str], ...]:
    """The keys that a peering brings in: of its lineage, those that are not known yet. Another's is `Untrusted`."""
    found, peer = ledger.lineage(statement), statement.body["peer"]
    held = rows.get(Peer, peer)
    mine = {kid: jwk for kid, jwk in found.keys.items() if found.owners[kid] == DAM}
    kids = {*found.keys}
    if any(key.kid in kids for owner in (DAM, LOG) for key in rows.find(Key, owner=owner)):
        raise Untrusted("peer.oneself", origin=statement.body["origin"][:80])
    if held is not None and held.key not in mine:
        raise Untrusted("peer.key-changed", peer=peer)
    new = []
    for kid, jwk in mine.items():
        key = rows.get(Key, kid)
        if key is None:
            new.append(jwk)
        elif key.owner != peer:
            raise Untrusted("key.repeated", kid=kid, statement=statement.id)
    return tuple(new)


def _fold_peering(rows: Rows, index: int, id: str, body: Json) -> None:
    """One peering with a dam at a time, one dam of a name; the terms are about the two of them.

    Under other terms other orders bind: what was adopted under those of before waits until it is adopted again. Until
    the peer's log was looked at under these it does not count as heard, so nothing leaves meanwhile.
    """
    peer, origin = body["peer"], body["origin"]
    terms = peers.read_terms(body["terms"])
    side = next((one for one in terms.between if one.origin == origin), None)
    ours = rows.noted(ORIGIN)
    if side is None or side.jurisdiction != body["jurisdiction"] or (ours and terms.other(origin).origin != ours):
        raise Untrusted("peer.terms-others", origin=origin[:80])
    for one in rows.find(Peer):
        if one.stands and one.id != peer and (one.origin == origin or one.url == body["url"]):
            raise Untrusted("peer.name-taken", origin=origin[:80], peer=one.id)
    text = peers.canonical(terms)
    held = rows.get(Peer, peer)
    if held is not None and held.stands and held.heard and (held.digest, held.url) == (seal.digest(text), body["url"]):
        raise Untrusted("peer.repeated", peer=peer, statement=id)
    for link in ledger.carried(_ours(Kind.PEERING, id, body)):
        if ledger.owner_of(link) == DAM:
            _put_key(rows, peer, link, id, index)
    _lapse(rows, index, peer)
    rows.put(
        Peer(
            id=peer,
            origin=origin,
            url=body["url"],
            jurisdiction=body["jurisdiction"],
            key=seal.thumbprint(seal.public(body["key"])),
            log=body["log"],
            terms=text.decode(),
            digest=seal.digest(text),
            statement=id,
            since=index,
        )
    )


def _ours(kind: Kind, id: str, body: Json) -> Statement:
    """A statement of ours as `ledger` looks at it, whose signatures were judged."""
    return Statement(id=StatementId(id), kind=kind, body=body, payload=b"", signatures=())


def _put_key(rows: Rows, owner: str, brings: Statement, id: str, index: int) -> None:
    """Keep the key that a peer's statement brings in, by our statement that carries it; not twice."""
    jwk = seal.public(brings.body["key"])
    kid = seal.thumbprint(jwk)
    if rows.get(Key, kid) is None:
        rows.put(Key(kid=kid, owner=owner, jwk=jwk, statement=id, since=index))


def _fold_end(rows: Rows, index: int, id: str, body: Json) -> None:
    """Whom only the peer vouches for is a guest no more, and what only it could lift binds no more."""
    peer = _standing(rows, id, body)
    rows.put(replace(peer, until=index, reason=body["reason"]))
    for guest in rows.find(Member, home=peer.id, until=None):
        _leave(rows, index, guest)
    _lapse(rows, index, peer.id)


def _lapse(rows: Rows, index: int, peer: str) -> None:
    for order in rows.find(Order, peer=peer, lifted=None):
        rows.put(replace(order, lifted=index))


def _fold_contact(rows: Rows, index: int, id: str, body: Json) -> None:
    peer, is_silent = _standing(rows, id, body), body["state"] == "silent"
    if (peer.silent is not None) is is_silent:
        raise Untrusted("peer.contact-wrong", peer=peer.id, statement=id)
    rows.put(replace(peer, silent=body["since"] if is_silent else None, contact=index))
    rows.put(Contact(id=id, peer=peer.id, silent=is_silent, since=body["since"], index=index))


def _fold_fault(rows: Rows, index: int, id: str, body: Json) -> None:
    peer, fault = _standing(rows, id, body), FaultKind(body["fault"])
    rows.put(PeerFault(id=id, peer=peer.id, fault=fault, evidence=body["evidence"], index=index))
    if fault in peers.FINAL and peer.distrusted is None:
        rows.put(replace(peer, distrusted=id))


def _standing(rows: Rows, id: str, body: Json) -> Peer:
    peer = rows.get(Peer, body["peer"])
    if peer is None or not peer.stands:
        raise Untrusted("peer.none", peer=body["peer"], statement=id)
    return peer


# --- guests -----------------------------------------------------------------------------------------------------------


def _fold_guest(rows: Rows, index: int, id: str, body: Json) -> None:
    """Of a peer that is heard and whose terms say so; with the key that its accession there leads to."""
    peer = rows.get(Peer, body["home"])
    if peer is None or not peer.stands or not peer.heard or not peers.terms_of(peer).guests:
        raise Untrusted("guest.home-wrong", home=body["home"], statement=id)
    jwk = ledger.guest_key(ring(rows, peer), _ours(Kind.GUEST, id, body))
    member = MemberId(body["member"])
    if rows.get(Member, member) is not None:
        raise Untrusted("member.id-wrong", member=member)
    rows.put(Key(kid=seal.thumbprint(jwk), owner=member, jwk=jwk, statement=id, since=index))
    rows.put(
        Member(
            id=member,
            kind=MemberKind.ORGANISATION,
            jurisdiction=body["jurisdiction"],
            roles=frozenset(body["roles"]),
            under=None,
            profile=None,
            statement=id,
            since=index,
            home=peer.id,
        )
    )


def stopped(stops: Iterable[str], by: str, *, is_stop: bool) -> tuple[str, ...]:
    """Who suspends a guest, or an agreement of one, after one of the two dams said so or took it back."""
    return tuple(sorted({*stops, by} if is_stop else {*stops} - {by}))


def suspend(member: Member, by: str, *, is_stop: bool) -> Member | None:
    """A guest after one of the two dams suspended it or took that back; None where it did so before."""
    stops = member.stops or ((HERE,) if member.suspended else ())
    after = stopped(stops, by, is_stop=is_stop)
    return None if after == stops else replace(member, suspended=bool(after), stops=after)


def _leave(rows: Rows, index: int, guest: Member) -> None:
    rows.put(replace(guest, until=index))
    for key in rows.find(Key, owner=guest.id, until=None):
        rows.put(replace(key, until=index))


# --- adoptions --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """A peer's statement that is adopted, believed and in scope, with what its fold needs."""

    peer: Peer
    home: ledger.KeyRing  # after it
    via: tuple[Statement, ...]
    inner: Statement
    standard: str | None
    place: int  # in the peer's log
    id: str  # of the adoption
    index: int

    @property
    def body(self) -> Json:
        return self.inner.body


def _fold_adoption(rows: Rows, index: int, id: str, body: Json) -> None:
    _adopt(rows, index, _ours(Kind.ADOPTION, id, body))


def _fold_closed_adoption(rows: Rows, index: int, id: str, body: Json) -> None:
    _adopt(rows, index, _ours(Kind.CLOSED_ADOPTION, id, body))


def _adopt(rows: Rows, index: int, statement: Statement) -> None:
    """Of a peer that is believed; once; what it says is signed by its parties there, and in the peering's scope."""
    body = statement.body
    peer = rows.get(Peer, body["peer"])
    if peer is None or peer.distrusted is not None:
        raise Untrusted("peer.none", peer=body["peer"], statement=statement.id)
    home = ring(rows, peer)
    carried = ledger.admitted(home, statement)
    inner = shaped(carried[-1])
    in_time = peer.stands or inner.kind in _OF_KEYS  # that a later peering begins with a key that is known
    fits = inner.kind in peers.ADOPTED and CLASS_OF[inner.kind] is CLASS_OF[statement.kind]
    if not fits or not in_time or not covers(peers.terms_of(peer), inner, body["standard"]):
        raise Untrusted("adoption.scope", peer=peer.id, statement=inner.id)
    if is_adopted(rows, inner.id):
        raise Untrusted("statement.repeated", statement=inner.id)
    told = _Told(
        peer=peer,
        home=home,
        via=carried[:-1],
        inner=inner,
        standard=body["standard"],
        place=body["index"],
        id=statement.id,
        index=index,
    )
    _BINDS[inner.kind](rows, told)
    rows.put(
        Adopted(
            id=inner.id,
            peer=peer.id,
            kind=str(inner.kind),
            place=body["index"],
            standard=body["standard"],
            member=peers.named(inner.body)[1],
            statement=statement.id,
            index=index,
        )
    )


def is_adopted(rows: Rows, id: str) -> bool:
    """Whether a peer's statement was adopted and still counts: an order lapses with the peering that it came under."""
    if rows.get(Adopted, id) is None:
        return False
    order = rows.get(Order, id)
    return order is None or not _is_lapsed(rows, order)


def _is_lapsed(rows: Rows, order: Order) -> bool:
    """Whether an order binds no more although its dam did not lift it."""
    lifts = rows.find(Adopted, peer=order.peer, kind=str(Kind.LIFT))
    return order.lifted is not None and all(one.index != order.lifted for one in lifts)


def _bind_order(rows: Rows, told: _Told) -> None:
    """As one of ours, but about no reservoir that is not in the scope."""
    body = told.body
    held = rows.get(Order, told.inner.id)
    if told.standard != body["standard"] or (held is not None and held.peer != told.peer.id):
        raise Untrusted("adoption.other", statement=told.id)
    rows.put(
        Order(
            id=told.inner.id,
            classes=tuple(body["classes"]),
            destinations=tuple(body["destinations"]),
            standard=body["standard"],
            reason=body["reason"],
            ground=body["ground"],
            index=told.index,
            peer=told.peer.id,
            scope=None if body["standard"] is not None else peers.terms_of(told.peer).standards,
        )
    )


def _bind_lift(rows: Rows, told: _Told) -> None:
    """Of the peer's own orders alone."""
    order = rows.get(Order, told.body["order"])
    if order is None or order.peer != told.peer.id or order.lifted is not None:
        raise Untrusted("order.lift-wrong", order=told.body["order"], statement=told.id)
    rows.put(replace(order, lifted=told.index))


def _bind_rotation(rows: Rows, told: _Told) -> None:
    if told.body["use"] == DAM:
        _put_key(rows, told.peer.id, told.inner, told.id, told.index)
    rows.put(replace(told.peer, key=told.home.newest[DAM], log=told.home.logs[-1]))


def _bind_retirement(rows: Rows, told: _Told) -> None:
    """The key signs no request any more; what it signed before may still be adopted."""
    key = rows.get(Key, told.body["key"])
    if key is not None and key.owner == told.peer.id and key.until is None:
        rows.put(replace(key, until=told.index))


def _guest(rows: Rows, told: _Told) -> Member:
    """The guest that a statement of its home is about; of anybody else it says nothing here."""
    guest = rows.get(Member, told.body["member"])
    if guest is None or guest.home != told.peer.id or guest.until is not None:
        raise Untrusted("adoption.scope", peer=told.peer.id, statement=told.inner.id)
    return guest


def _bind_exit(rows: Rows, told: _Told) -> None:
    _leave(rows, told.index, _guest(rows, told))


def _bind_key(rows: Rows, told: _Told) -> None:
    """A guest's next key; after a recovery at home all former ones end, as there."""
    guest = _guest(rows, told)
    for key in rows.find(Key, owner=guest.id, until=None):
        if told.home.keys.get(key.kid) is None or key.kid in told.home.retired:
            rows.put(replace(key, until=told.index))
    _put_key(rows, guest.id, told.inner, told.id, told.index)


def _bind_member_change(rows: Rows, told: _Told) -> None:
    guest = suspend(_guest(rows, told), HOME, is_stop=told.body["state"] == "suspended")
    if guest is None:
        raise Untrusted("member.change-wrong", member=told.body["member"], statement=told.id)
    rows.put(guest)


def _bind_agreement_change(rows: Rows, told: _Told) -> None:
    """What home says of a guest's agreement about a standard holds for the one here about the same standard."""
    guest, body = _guest(rows, told), told.body
    there = next((one for one in told.via if one.kind is Kind.AGREEMENT and one.id == body["agreement"]), None)
    said = None if there is None else (there.body["member"], there.body["standard"])
    if said != (guest.id, told.standard):
        raise Untrusted("adoption.other", statement=told.id)
    state = AgreementState(body["state"])
    facts = {"peer": told.peer.id, "member": guest.id, "standard": str(told.standard), "state": str(state)}
    barred = state is AgreementState.ENDED and not body["by_member"]
    rows.put(HomeAgreement(id=body["agreement"], index=told.index, barred=barred, **facts))
    for held in rows.find(Agreement, member=guest.id, standard=told.standard):
        if held.state in agreement.STANDING:
            rows.put(_changed(held, state, told))


def _changed(held: Agreement, state: AgreementState, told: _Told) -> Agreement:
    """A guest's agreement after its home changed the one that it has there; the strictest of both dams holds."""
    reason = str(told.body["reason"])
    if state is AgreementState.ENDED:
        return replace(held, state=state, changed=told.index, reason=reason, barred=not told.body["by_member"])
    return hold(held, HOME, told.index, reason, is_stop=state is AgreementState.SUSPENDED)


def hold(held: Agreement, by: str, index: int, reason: str, *, is_stop: bool) -> Agreement:
    """A guest's agreement after one of the two dams suspended it or took that back."""
    stops = held.stops or ((HERE,) if held.state is AgreementState.SUSPENDED else ())
    after = stopped(stops, by, is_stop=is_stop)
    state = AgreementState.SUSPENDED if after else AgreementState.FINALISED
    return replace(held, state=state, stops=after, changed=index, reason=reason)


def held_at_home(rows: Rows, member: Member, standard: str) -> bool:
    """Whether a guest's home has an agreement of its about a standard suspended: then none is concluded here."""
    if member.home is None:
        return False
    return bool(rows.find(HomeAgreement, member=member.id, standard=standard, state=str(AgreementState.SUSPENDED)))


def barred_at_home(rows: Rows, member: str, standard: str) -> bool:
    """Whether a guest's home ended its agreement about a standard, and that is the last word of it about any."""
    found = rows.find(HomeAgreement, member=member, standard=standard)
    last = max(found, key=lambda one: one.index, default=None)
    return last is not None and last.barred


def said(rows: Rows, peer: str, statement: Statement) -> int:
    """Where in a peer's log its last word stands that was adopted here about the same as a statement; -1: nowhere."""
    member = peers.named(statement.body)[1]
    words = [one for one in rows.find(Adopted, peer=peer) if one.member == member and one.kind in _same(statement)]
    if statement.kind is Kind.AGREEMENT_CHANGE:
        held = rows.get(HomeAgreement, statement.body["agreement"])
        words = [one for one in words if held is not None and one.index == held.index]
    return max((one.place for one in words), default=-1)


def _same(statement: Statement) -> frozenset[str]:
    """The kinds that speak of the same: a key that was recovered follows one that was rotated."""
    kind = statement.kind
    return frozenset(map(str, (Kind.KEY, Kind.RECOVERED) if kind in {Kind.KEY, Kind.RECOVERED} else (kind,)))


def _bind_withdrawal(rows: Rows, told: _Told) -> None:
    body = told.body
    rows.put(
        PeerWithdrawal(
            id=told.inner.id,
            peer=told.peer.id,
            standard=str(told.standard),
            contributor=body["contributor"],
            deposits=tuple(body["deposits"]),
            issued=body["issued"],
            statement=told.id,
            index=told.index,
        )
    )


def _bind_release(rows: Rows, told: _Told) -> None:
    """To one of our members, who is a guest there; that dam says whose guest it is, and it says this one."""
    body = told.body
    member = rows.get(Member, body["member"])
    if body.get("home") != own_id(rows) or member is None or member.home is not None:
        raise Untrusted("adoption.scope", peer=told.peer.id, statement=told.inner.id)
    if told.standard != body["standard"] or "decision" not in body:
        raise Untrusted("adoption.other", statement=told.id)
    named = ("member", "standard", "version", "action", "share_version", "deposits_digest", "decision")
    rows.put(
        PeerRelease(
            id=told.inner.id,
            peer=told.peer.id,
            edition=body.get("edition"),
            place=told.place,
            statement=told.id,
            index=told.index,
            **{name: body[name] for name in named},
        )
    )


def own_id(rows: Rows) -> str:
    """The id by which other dams know this one: of its first statement key."""
    first = min(rows.find(Key, owner=DAM), key=lambda key: key.since)
    return seal.peer_of(first.kid)


_BINDS: Final[Mapping[Kind, Callable[[Rows, _Told], None]]] = {
    Kind.ORDER: _bind_order,
    Kind.LIFT: _bind_lift,
    Kind.ROTATION: _bind_rotation,
    Kind.RETIREMENT: _bind_retirement,
    Kind.EXIT: _bind_exit,
    Kind.KEY: _bind_key,
    Kind.RECOVERED: _bind_key,
    Kind.MEMBER_CHANGE: _bind_member_change,
    Kind.AGREEMENT_CHANGE: _bind_agreement_change,
    Kind.WITHDRAWAL: _bind_withdrawal,
    Kind.RELEASE: _bind_release,
}

FOLDS: Final[Mapping[Kind, Callable[[Rows, int, str, Json], None]]] = {
    Kind.PEERING: _fold_peering,
    Kind.PEERING_END: _fold_end,
    Kind.PEER_CONTACT: _fold_contact,
    Kind.PEER_FAULT: _fold_fault,
    Kind.GUEST: _fold_guest,
    Kind.ADOPTION: _fold_adoption,
    Kind.CLOSED_ADOPTION: _fold_closed_adoption,
}
"""How each kind of statement about peers changes the tables."""
