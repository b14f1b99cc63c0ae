"""What statements about stewards' decisions say, as tables: proposals, approvals, comments."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

from datadam import governance, seal
from datadam.errors import Untrusted
from datadam.formats import odcs
from datadam.governance import About, Comment, Proposal, Stewards
from datadam.model import Json, Key, Kind, Member, PublishedStandard, Standard, Statement, moment
from datadam.ports import Rows
from datadam.standard import MAX_QUORUM
from datadam.terms import PublishedOffer

RECORDS: Final = (Proposal, Comment)
"""The tables."""


@lru_cache(maxsize=256)  # YAML and its schema take a fifth of a second
def contract(text: str) -> Standard:
    """The standard that a contract says."""
    return odcs.read(text)


def named(text: str) -> dict[str, Any]:
    """What a published contract says of its stewards, if a quorum of them decides what comes next."""
    said = contract(text)
    if said.quorum is None:
        return {}
    return {"stewards": said.stewards, "quorum": said.quorum, "notice_days": said.notice_days}


def last_standard(rows: Rows, id: str) -> PublishedStandard | None:
    """The version in force."""
    return max(rows.find(PublishedStandard, id=id), key=lambda one: one.index, default=None)


def are_deciding(rows: Rows, standard: str) -> bool:
    """Whether stewards decide on which terms a standard's rows leave."""
    return governance.stewards_of(last_standard(rows, standard)) is not None


def last_statement(rows: Rows, about: About, standard: str) -> str | None:
    """The statement in force that a proposal would take the place of."""
    if about is About.STANDARD:
        last = last_standard(rows, standard)
        return last.statement if last else None
    offer = max(rows.find(PublishedOffer, standard=standard), key=lambda one: one.number, default=None)
    return offer.statement if offer else None


def content_of(body: Json, names: Collection[str]) -> Json:
    """What of a statement was proposed: all but the envelope."""
    return {name: body[name] for name in names}


BY_STEWARDS: Final = frozenset({Kind.APPROVAL, Kind.RULING})
"""Kinds that a quorum of stewards signs."""
STANDARD_FACTS: Final = ("standard", "version", "text", "digest")
OFFER_FACTS: Final = ("standard", "number", "offer", "digest", "texts")
_FACTS: Final = {About.STANDARD: STANDARD_FACTS, About.OFFER: OFFER_FACTS}


def deciding(rows: Rows, about: About, standard: str, content: Json) -> Stewards | None:
    """Who must sign a version or an offer before it is published; None: nobody, the operator publishes it."""
    last = last_standard(rows, standard)
    if about is About.OFFER:
        return governance.stewards_of(last)
    return governance.electorate(last, contract(str(content["text"])))


def fit(rows: Rows, members: Collection[str]) -> list[str]:
    """Which of them are members in good standing; guests decide nothing."""
    held = {id: one for id in members if (one := rows.get(Member, id)) is not None and one.home is None}
    return sorted(id for id, one in held.items() if one.until is None and not one.suspended)


def refuse_unfit(rows: Rows, statement: Statement, signers: Collection[str]) -> None:
    """Refuse an approval or a ruling unless enough who signed it are members in good standing where the log has it.

    Keys of who left count for nothing already; a suspended member's still do, for what concerns itself.
    """
    body = statement.body
    counted = fit(rows, set(signers) & set(body["stewards"]))
    if body["stewards"] and not governance.enough(counted, body["stewards"], body["quorum"]):
        raise Untrusted("signature.quorum", statement=statement.id, signed=len(counted), needed=body["quorum"])


def joined(rows: Rows, held: Statement, signed: Statement, member: str) -> Statement:
    """A statement with one more steward's signature, in place of those that the same one gave before."""
    kept = without(rows, held, member)
    return replace(kept, signatures=(*kept.signatures, *signed.signatures))


def without(rows: Rows, statement: Statement, member: str) -> Statement:
    """A statement without a member's signatures, also with a key that it changed since."""
    named = zip(statement.signatures, seal.kids(statement), strict=True)
    kept = tuple(one for one, kid in named if (key := rows.get(Key, kid)) is None or key.owner != member)
    return replace(statement, signatures=kept)


def signers(rows: Rows, statement: Statement) -> list[str]:
    """The stewards whose signatures count now: with keys in force, of members in good standing, each once."""
    keys = [rows.get(Key, kid) for kid in seal.kids(statement)]
    owners = {key.owner for key in keys if key is not None and key.until is None}
    return fit(rows, owners & set(statement.body["stewards"]))


def counted(rows: Rows, statement: Statement, members: Sequence[str]) -> Statement:
    """A statement with those signatures alone that count, as many as one carries beside the dam's own."""
    most = set(members[:MAX_QUORUM])
    named = [(one, rows.get(Key, kid)) for one, kid in zip(statement.signatures, seal.kids(statement), strict=True)]
    kept = tuple(one for one, key in named if key is not None and key.owner in most and key.until is None)
    return replace(statement, signatures=kept)


def decided(rows: Rows, about: About, index: int, id: str, body: Json) -> None:
    """Refuse to publish what stewards decide over unless they did: approved, after its notice, and nothing since.

    What comes before the first statement that needs them, or names none, is the operator's.
    """
    needed = deciding(rows, about, body["standard"], body)
    if needed is None or "proposal" not in body:
        if needed is not None or "proposal" in body:
            raise Untrusted("proposal.missing", standard=body["standard"], statement=id)
        return
    one = rows.get(Proposal, body["proposal"])
    wrong = Untrusted("proposal.other", proposal=body["proposal"], statement=id)
    if one is None or one.about is not about or one.approved is None or one.published is not None:
        raise wrong
    if seal.digest(seal.canonical(content_of(body, _FACTS[about]))) != one.digest:
        raise wrong
    if (one.stewards, one.quorum) != (needed.members, needed.quorum):
        raise wrong
    if one.replaces != last_statement(rows, about, one.standard) or not one.effective <= body["issued"] < one.lapses:
        raise wrong
    rows.put(replace(one, published=index))


def _is_due(rows: Rows, body: Json) -> bool:
    """Whether a proposal is by a steward or the operator, for those who decide now, with the notice they promised."""
    about, content, by = About(body["about"]), body["content"], body["by"]
    if set(content) != set(_FACTS[about]) or content["standard"] != body["standard"]:
        return False
    needed = deciding(rows, about, body["standard"], content)
    if needed is None or (needed.members, needed.quorum) != (tuple(body["stewards"]), body["quorum"]):
        return False
    # nobody proposes themselves: else anybody could be steward, of a standard of their own or of another's
    if by is not None and not (by in needed.members and are_deciding(rows, body["standard"])):
        return False
    least, _ = governance.clocked(moment(body["issued"]), needed.notice_days)
    return bool(
        seal.digest(seal.canonical(content)) == body["digest"]
        and body["replaces"] == last_statement(rows, about, body["standard"])
        and least <= body["effective"] < body["lapses"]
    )


def _fold_proposal(rows: Rows, index: int, id: str, body: Json) -> None:
    if rows.get(Proposal, id) is not None:
        raise Untrusted("statement.repeated", statement=id)
    if not _is_due(rows, body):
        raise Untrusted("proposal.wrong", standard=body["standard"], statement=id)
    about = About(body["about"])
    for held in rows.find(Proposal, standard=body["standard"]):
        if (held.about, held.by, held.published, held.replaced) == (about, body["by"], None, None):
            rows.put(replace(held, replaced=index))
    names = ("standard", "digest", "replaces", "quorum", "by", "comments", "issued", "effective", "lapses")
    facts = {name: body[name] for name in names}
    rows.put(Proposal(id=id, about=about, stewards=tuple(body["stewards"]), index=index, **facts))


def _fold_approval(rows: Rows, index: int, id: str, body: Json) -> None:
    """Of a proposal as it was made, once, and not of one that something took the place of."""
    one = rows.get(Proposal, body["proposal"])
    said = (body["standard"], body["digest"], tuple(body["stewards"]), body["quorum"])
    if one is None or said != (one.standard, one.digest, one.stewards, one.quorum):
        raise Untrusted("proposal.other", proposal=body["proposal"], statement=id)
    if one.approved is not None or one.replaced is not None:
        raise Untrusted("statement.repeated", statement=id)
    rows.put(replace(one, approved=index))


def _fold_comment(rows: Rows, index: int, id: str, body: Json) -> None:
    member, about = rows.get(Member, body["member"]), body["proposal"]
    if member is None or member.until is not None or rows.get(Proposal, about) is None:
        raise Untrusted("proposal.other", proposal=about, statement=id)
    said = rows.find(Comment, proposal=about, member=member.id)
    if rows.get(Comment, id) is not None or len(said) >= governance.MAX_COMMENTS:
        raise Untrusted("statement.repeated", statement=id)
    rows.put(Comment(id=id, proposal=about, member=member.id, text=body["text"], index=index))


FOLDS: Final[Mapping[Kind, Callable[[Rows, int, str, Json], None]]] = {
    Kind.PROPOSAL: _fold_proposal,
    Kind.APPROVAL: _fold_approval,
    Kind.COMMENT: _fold_comment,
}
"""How each kind of statement about stewards' decisions changes the tables."""
