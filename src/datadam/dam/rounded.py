"""What statements about rounds of matching say, as tables: one round a standard and period, one list a member.

No group arithmetic here: whoever makes or uses a round checks its proofs; the tables hold what was announced.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from datadam import overlap, peers, seal
from datadam.dam import peered
from datadam.errors import Untrusted
from datadam.model import Json, Kind, Member
from datadam.model import Role as ModelRole
from datadam.peers import Peer
from datadam.ports import Rows
from datadam.rounds import IN_ROUNDS, Announced, Commitment, Consent, Course, Matched, Role, Showing

RECORDS: Final = (Announced, Commitment, Matched, Showing, Consent)
"""The tables."""


def _text(value: object) -> str:
    return seal.canonical(value).decode()


def _fold_round(rows: Rows, index: int, id: str, body: Json) -> None:
    """Between this dam and a peer in whose scope the standard is; the only one of its standard and period."""
    plan, peer = overlap.Plan.from_json(body["plan"]), rows.get(Peer, body["peer"])
    named = {str(one["dam"]) for one in body["parts"]}
    ours = {rows.noted(peered.ORIGIN), peer.origin} if peer is not None and peer.stands else set()
    if peer is None or not ours == set(plan.dams) == named or not peers.terms_of(peer).covers(plan.standard):
        raise Untrusted("round.dams-wrong", round=body["round"], statement=id)
    earlier = rows.get(Announced, body["round"])
    if earlier is not None or rows.find(Announced, standard=plan.standard, period=plan.period):
        raise Untrusted("round.repeated", standard=plan.standard, period=plan.period)
    rows.put(
        Announced(
            id=body["round"],
            statement=id,
            peer=peer.id,
            standard=plan.standard,
            period=plan.period,
            closes=body["closes"],
            text=_text({"plan": body["plan"], "parts": body["parts"]}),
            state=Course.OPEN,
            reason=None,
            outcome=None,
            index=index,
        )
    )


def _fold_commitment(rows: Rows, index: int, id: str, body: Json) -> None:
    """One list a member and round; of two parties, one a member, partner, subject and period."""
    member, role = rows.get(Member, body["member"]), Role(body["role"])
    if member is None or member.until is not None or member.home is not None:
        raise Untrusted("round.commitment-wrong", member=body["member"], statement=id)
    if (body["pair"] is None) is not (role in IN_ROUNDS) or (body["reader"] is not None and role is not Role.MAKER):
        raise Untrusted("round.commitment-wrong", member=body["member"], statement=id)
    made = rows.find(Commitment, member=body["member"])
    if body["pair"] is None:
        announced = rows.get(Announced, body["round"])
        if announced is None or announced.state is not Course.OPEN:
            raise Untrusted("round.over", round=body["round"])
        earlier = [one for one in made if one.round == body["round"]]
    else:
        pair = overlap.Pair.from_json(body["pair"])
        party = pair.asker if role is Role.ASKER else pair.holder
        if pair.id.hex() != body["round"] or party != body["member"]:
            raise Untrusted("round.commitment-wrong", member=body["member"], statement=id)
        earlier = [
            one for one in made if one.role is role and one.pair is not None and _subject(one.pair) == _subject(pair)
        ]
    if earlier:
        raise Untrusted("round.committed", round=body["round"], member=body["member"])
    rows.put(
        Commitment(
            id=id,
            round=body["round"],
            member=body["member"],
            role=role,
            digest=body["digest"],
            reader=None if body["reader"] is None else _text(body["reader"]),
            pair=None if body["pair"] is None else _text(body["pair"]),
            index=index,
        )
    )


def _subject(pair: overlap.Pair | str) -> tuple[str, ...]:
    """What of a pair there is one run of: other caps make no other run."""
    read = overlap.Pair.from_json(seal.parse(pair)) if isinstance(pair, str) else pair
    return (read.asker, read.holder, read.about, read.period)


def _fold_match(rows: Rows, index: int, id: str, body: Json) -> None:
    """The dam's word first and once; then one for each maker that signed for it."""
    announced, member = rows.get(Announced, body["round"]), body["member"]
    if announced is None:
        raise Untrusted("round.match-wrong", round=body["round"], statement=id)
    if member is None:
        if announced.state is not Course.OPEN or (body["reason"] is None) is not (body["state"] == Course.FOUND):
            raise Untrusted("round.match-wrong", round=body["round"], statement=id)
        rows.put(replace(announced, state=Course(body["state"]), reason=body["reason"], outcome=id))
        return
    signed = rows.get(Commitment, body["commitment"] or "")
    same = signed is not None and (signed.round, signed.member) == (announced.id, member)
    over = announced.state is Course.FOUND and rows.get(Matched, announced.id, member) is None
    if signed is None or not same or not over or signed.reader is None:
        raise Untrusted("round.match-wrong", round=body["round"], statement=id)
    rows.put(Matched(round=announced.id, member=member, statement=id, index=index))


def _fold_showing(rows: Rows, index: int, id: str, body: Json) -> None:
    """Of a round that found something, by a member that takes rows; one a round and member at a time."""
    announced, member = rows.get(Announced, body["round"]), rows.get(Member, body["member"])
    over = announced is not None and announced.state is Course.FOUND
    if not over or member is None or member.until is not None or ModelRole.CONSUMER not in member.roles:
        raise Untrusted("showing.wrong", round=body["round"], statement=id)
    standing = rows.find(Showing, round=body["round"], member=body["member"])
    if body["until"] <= body["issued"] or any(one.until > body["issued"] for one in standing):
        raise Untrusted("showing.repeated", round=body["round"], member=body["member"])
    rows.put(
        Showing(
            id=id,
            round=body["round"],
            member=body["member"],
            purpose=body["purpose"],
            until=body["until"],
            reader=_text(body["reader"]),
            index=index,
        )
    )


def _fold_consent(rows: Rows, index: int, id: str, body: Json) -> None:
    """One a maker and showing; who is a maker, whoever records it and whoever audits it looks up."""
    member = rows.get(Member, body["member"])
    known = rows.get(Showing, body["showing"]) is not None
    if not known or member is None or member.until is not None:
        raise Untrusted("showing.consent-wrong", member=body["member"], statement=id)
    if rows.get(Consent, body["showing"], body["member"]) is not None:
        raise Untrusted("showing.consented", member=body["member"], showing=body["showing"])
    rows.put(Consent(showing=body["showing"], member=body["member"], statement=id, sheet=body["sheet"], index=index))


def _fold_shown(rows: Rows, _index: int, id: str, body: Json) -> None:
    """A yes rests on terms in force and shows just what was sealed under them; a no says why."""
    if bool(body["reasons"]) is body["allowed"] or (body["sheets"] and not body["allowed"]):
        raise Untrusted("showing.shown-wrong", round=body["round"], statement=id)
    if not body["allowed"]:
        return
    held = rows.get(Showing, body["showing"] or "")
    if held is None or (held.round, held.member) != (body["round"], body["member"]) or held.until <= body["issued"]:
        raise Untrusted("showing.shown-wrong", round=body["round"], statement=id)
    sheets = sorted(one.sheet for one in rows.find(Consent, showing=held.id))
    if sheets != body["sheets"] or len(sheets) != body["makers"]:
        raise Untrusted("showing.shown-wrong", round=body["round"], statement=id)


FOLDS: Final[Mapping[Kind, Callable[[Rows, int, str, Json], None]]] = {
    Kind.ROUND: _fold_round,
    Kind.COMMITMENT: _fold_commitment,
    Kind.MATCH: _fold_match,
    Kind.SHOWING: _fold_showing,
    Kind.CONSENT: _fold_consent,
    Kind.SHOWN: _fold_shown,
}
"""How such a statement changes the tables."""
