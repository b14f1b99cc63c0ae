"""What statements about law say, as tables: law files in use, orders, demands, incidents and notices."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from datadam import seal
from datadam.disputes import Dispute, Step
from datadam.duties import Answer, Declaration, Demand, Incident, LawFile, Notice, Order, Topic
from datadam.errors import Untrusted
from datadam.model import Json, Kind, Member, PublishedStandard, Withdrawal
from datadam.peers import PeerWithdrawal
from datadam.ports import Rows
from datadam.terms import Agreement

RECORDS: Final = (LawFile, Order, Demand, Incident, Notice, Declaration)
"""The tables."""


def _fold_law(rows: Rows, index: int, id: str, body: Json) -> None:
    """Whether it was faultless is for whoever adopted it: what a linter learns later must not undo a log."""
    if seal.digest(body["text"].encode()) != body["digest"]:
        raise Untrusted("law.digest-wrong", name=body["name"], version=body["version"])
    _refuse_repeated(rows.get(LawFile, id), id)
    facts = {name: body[name] for name in ("name", "version", "text", "digest")}
    rows.put(LawFile(statement=id, index=index, **facts))


def _fold_order(rows: Rows, index: int, id: str, body: Json) -> None:
    _refuse_repeated(rows.get(Order, id), id)
    rows.put(
        Order(
            id=id,
            classes=tuple(body["classes"]),
            destinations=tuple(body["destinations"]),
            standard=body["standard"],
            reason=body["reason"],
            ground=body["ground"],
            index=index,
        )
    )


def _fold_lift(rows: Rows, index: int, id: str, body: Json) -> None:
    order = rows.get(Order, body["order"])
    if order is None or order.lifted is not None or order.peer is not None:  # what a peer ordered, it lifts
        raise Untrusted("order.lift-wrong", order=body["order"], statement=id)
    rows.put(replace(order, lifted=index))


def _fold_demand(rows: Rows, index: int, id: str, body: Json) -> None:
    _refuse_repeated(rows.get(Demand, id), id)
    rows.put(
        Demand(
            id=id,
            authority=body["authority"],
            country=body["country"],
            ground=body["ground"],
            what=body["what"],
            received=body["received"],
            contributors=tuple(body["contributors"]),
            answer=Answer(body["answer"]),
            index=index,
            model=body.get("model"),
        )
    )


def _fold_incident(rows: Rows, index: int, id: str, body: Json) -> None:
    _refuse_repeated(rows.get(Incident, id), id)
    if rows.get(LawFile, body["law"]) is None:
        raise Untrusted("incident.law-unknown", law=body["law"], statement=id)
    rows.put(
        Incident(
            id=id,
            event=body["event"],
            classes=tuple(body["classes"]),
            persons=body["persons"],
            countries=tuple(body["countries"]),
            at=body["at"],
            what=body["what"],
            law=body["law"],
            index=index,
        )
    )


def _fold_notice(rows: Rows, index: int, id: str, body: Json) -> None:
    """One notice of a matter to a member, and one for a clock; of something that there is."""
    topic, about = Topic(body["topic"]), body["about"]
    there: Mapping[Topic, Callable[[], object]] = {
        Topic.DEMAND: lambda: rows.get(Demand, about),
        Topic.INCIDENT: lambda: rows.get(Incident, about),
        Topic.WITHDRAWAL: lambda: rows.find(Withdrawal, statement=about) or rows.get(PeerWithdrawal, about),
        Topic.DISPUTE: lambda: rows.get(Dispute, about) or rows.get(Step, about),
        Topic.AGREEMENT: lambda: [
            one for one in rows.find(Agreement, member=body["member"]) if one.changed == index - 1
        ],  # in one breath with the change
    }
    to_member = body["member"] is not None and not (body["clock"] or body["given"] or body["due"])
    to_other = body["member"] is None and None not in (body["clock"], body["given"], body["due"])
    if not there[topic]() or not (to_other if topic is Topic.INCIDENT else to_member):
        raise Untrusted("notice.wrong", about=about, statement=id)
    if rows.find(Notice, about=about, member=body["member"], clock=body["clock"]):
        raise Untrusted("notice.repeated", about=about, statement=id)
    rows.put(
        Notice(
            id=id,
            topic=topic,
            about=about,
            member=body["member"],
            clock=body["clock"],
            given=body["given"],
            due=body["due"],
            facts=body["facts"],
            index=index,
        )
    )


def _fold_declaration(rows: Rows, index: int, id: str, body: Json) -> None:
    """By the dam or a member in good standing; about a standard and a member that there are, if about one."""
    _refuse_repeated(rows.get(Declaration, id), id)
    by = rows.get(Member, body["member"]) if body["member"] is not None else None
    if body["member"] is not None and (by is None or by.until is not None or by.suspended):
        raise Untrusted("declaration.member-wrong", member=body["member"], statement=id)
    known = body["standard"] is None or rows.find(PublishedStandard, id=body["standard"])
    if not known or (body["subject"] is not None and rows.get(Member, body["subject"]) is None):
        raise Untrusted("declaration.about-wrong", statement=id)
    facts = ("row", "member", "standard", "subject", "applies", "days", "words", "person", "until")
    told = {name: body[name] for name in facts}
    rows.put(Declaration(id=id, index=index, countries=tuple(body["countries"]), **told))


def _refuse_repeated(held: object, id: str) -> None:
    """An order that came again could undo its lift; the others are said once like it."""
    if held is not None:
        raise Untrusted("statement.repeated", statement=id)


FOLDS: Final[Mapping[Kind, Callable[[Rows, int, str, Json], None]]] = {
    Kind.LAW: _fold_law,
    Kind.ORDER: _fold_order,
    Kind.LIFT: _fold_lift,
    Kind.DEMAND: _fold_demand,
    Kind.INCIDENT: _fold_incident,
    Kind.NOTICE: _fold_notice,
    Kind.DECLARATION: _fold_declaration,
}
"""How each kind of statement about law changes the tables."""
