"""Stewards: propose, sign, comment, publish. A version or an offer is theirs where the standard gives them a quorum.

1. propose  what is to come is logged, with its notice; the statement that stewards sign is made and kept
2. sign     each steward signs the same bytes, and may take that back; members comment. None of it decides anything yet
3. publish  after the notice, with enough signatures that still hold: approval and publication enter the log together
"""

from dataclasses import dataclass, replace
from typing import Final

from datadam import governance, seal
from datadam.dam import governed, join, offer, publish, state
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.errors import DamError, Invalid, NotFound, Refused, Untrusted
from datadam.formats.statements import shaped
from datadam.governance import LIVE, About, Comment, Motion, Proposal, ProposalState, Stewards
from datadam.model import Json, Kind, MemberId, Statement, instant
from datadam.ports import Rows

MAX_ADDRESS: Final = 200  # characters of an address for comments


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a proposal stands: what the log says, what time made of it, and whose signatures count now."""

    proposal: Proposal
    state: ProposalState
    signed: tuple[str, ...]  # stewards whose signature would count now
    able: tuple[str, ...]  # stewards who are members in good standing
    motion: str | None  # the id of what is to be signed; None: nothing any more

    @property
    def stuck(self) -> bool:
        """Whether too few stewards are left to sign it."""
        return self.state in LIVE and len(self.able) < self.proposal.quorum


# --- 1. propose -------------------------------------------------------------------------------------------------------


def propose(
    world: World, caller: Caller | None, about: About, text: str, *, days: int | None = None, comments: str
) -> Standing:
    """Log what is proposed, with its notice: `days`, or as many as the standard promises. None of a caller: operator.

    What the same one proposed for the same standard before is replaced by it. `Faults` has all that is wrong.
    """
    by = None if caller is None else _member(caller)
    with world.lock:
        content = _content(world, about, text)
        with world.store.read() as rows:
            deciding = governed.deciding(rows, about, content["standard"], content)
            last = governed.last_statement(rows, about, content["standard"])
        if deciding is None:
            raise Refused("proposal.no-stewards", standard=content["standard"])
        if by is not None:
            _refuse_proposer(world, by, content["standard"])
        _refuse_stuck(world, content["standard"], deciding)
        effective, lapses = governance.clocked(world.clock(), _days(deciding, days))
        facts = {
            "standard": content["standard"],
            "about": str(about),
            "content": content,
            "digest": seal.digest(seal.canonical(content)),
            "replaces": last,
            "stewards": list(deciding.members),
            "quorum": deciding.quorum,
            "by": by,
            "comments": _address(comments),
            "effective": effective,
            "lapses": lapses,
        }
        statement = state.statement(world, Kind.PROPOSAL, facts)
        state.record(world, statement)
        _motion(world, statement)
        return find(world, statement.id)


def _refuse_proposer(world: World, by: str, standard: str) -> None:
    """Refuse who is no steward of the version in force; whom a first version names, the operator alone proposes."""
    join.active(world, by)
    with world.store.read() as rows:
        deciding = governance.stewards_of(governed.last_standard(rows, standard))
        today = [one for one in rows.find(Proposal, standard=standard) if one.by == by]
    if deciding is None:  # those whom a first version names sign it; they do not bring it
        raise Refused("proposal.first-by-operator", standard=standard)
    if by not in deciding.members:
        raise Refused("proposal.not-steward", standard=standard)
    if sum(one.issued[:10] == instant(world.clock())[:10] for one in today) >= governance.MAX_A_DAY:
        raise Refused("proposal.too-many", most=governance.MAX_A_DAY)


def _content(world: World, about: About, text: str) -> Json:
    if about is About.STANDARD:
        standard = publish.read(text)
        return publish.content(world, standard, text)
    return offer.content(world, offer.check(world, text))


def _days(deciding: Stewards, days: int | None) -> int:
    given = deciding.notice_days if days is None else days
    if not deciding.notice_days <= given <= governance.MAX_NOTICE:
        raise Invalid("proposal.notice-wrong", days=given, least=deciding.notice_days, most=governance.MAX_NOTICE)
    return given


def _address(text: str) -> str:
    said = text.strip()
    if not (0 < len(said) <= MAX_ADDRESS and said.isprintable()):
        raise Invalid("proposal.comments-wrong", limit=MAX_ADDRESS)
    return said


def _refuse_stuck(world: World, standard: str, deciding: Stewards) -> None:
    """Too few stewards are left: nobody may decide in their place, the operator least of all."""
    with world.store.read() as rows:
        able = governed.fit(rows, deciding.members)
    if len(able) < deciding.quorum:
        raise Refused("proposal.stewards-gone", standard=standard, able=len(able), **governance.told(deciding))


def _motion(world: World, proposal: Statement) -> Motion:
    """Keep the statement that stewards sign; the dam signed it first, and one before it is forgotten."""
    body = proposal.body
    facts = {name: body[name] for name in ("standard", "digest", "stewards", "quorum")}
    approval = state.statement(world, Kind.APPROVAL, {**facts, "proposal": proposal.id})
    made = Motion(
        id=approval.id, about=proposal.id, standard=body["standard"], envelope=seal.envelope(approval).decode()
    )
    with world.store.transaction() as rows:
        for held in rows.find(Motion, about=proposal.id):
            rows.remove(held)
        rows.put(made)
    return made


# --- 2. sign ----------------------------------------------------------------------------------------------------------


def motion(world: World, caller: Caller, id: str) -> bytes:
    """What stewards are to sign of a proposal: an envelope with the dam's signature alone."""
    _member(caller)
    _live(world, id)
    with world.store.read() as rows:
        held = waiting(rows, id)
    if held is None:  # the tables were made anew from the log, which has no motions
        held = _motion(world, world.ledger.statement(id))
    statement = seal.opened(held.envelope)
    return seal.envelope(replace(statement, signatures=statement.signatures[:1]))


def sign(world: World, caller: Caller, envelope: bytes) -> Standing:
    """Take a steward's signature of an approval, in place of one that it gave before."""
    statement = shaped(seal.opened(envelope), Kind.APPROVAL)
    member = _member(caller)
    with world.lock:
        one = _live(world, statement.body["proposal"])
        if member not in one.proposal.stewards:
            raise Refused("proposal.not-steward", standard=one.proposal.standard)
        join.active(world, member)
        with world.store.transaction() as rows:
            state.believe(rows, statement, by={member})
            held = rows.get(Motion, statement.id)
            if held is None:  # signed is what the dam handed out for this proposal, and nothing that only looks like it
                raise Untrusted("proposal.other", proposal=statement.body["proposal"], statement=statement.id)
            joined = governed.joined(rows, seal.opened(held.envelope), statement, member)
            rows.put(replace(held, envelope=seal.envelope(joined).decode()))
        return find(world, one.proposal.id)


def take_back(world: World, caller: Caller, id: str) -> Standing:
    """Forget a steward's signature; what is in the log already stays there."""
    member = _member(caller)
    with world.lock:
        one = _live(world, id)
        if member not in one.signed:
            raise NotFound("proposal.unsigned", proposal=id[:64])
        with world.store.transaction() as rows:
            for held in rows.find(Motion, about=id):
                kept = governed.without(rows, seal.opened(held.envelope), member)
                rows.put(replace(held, envelope=seal.envelope(kept).decode()))
        return find(world, id)


def comment(world: World, caller: Caller, envelope: bytes) -> Comment:
    """Log what a member says of a proposal that is not decided yet."""
    statement = shaped(seal.opened(envelope), Kind.COMMENT)
    member, about = _member(caller), statement.body["proposal"]
    if statement.body["member"] != member:
        raise Untrusted("proposal.not-yours", member=statement.body["member"])
    with world.lock:
        _live(world, about)
        join.active(world, member)
        with world.store.read() as rows:
            said = rows.find(Comment, proposal=about, member=member)
            repeated = rows.get(Comment, statement.id)
        if repeated is not None:
            return repeated
        if len(said) >= governance.MAX_COMMENTS:
            raise Refused("proposal.comments-enough", most=governance.MAX_COMMENTS)
        state.record(world, statement)
        with world.store.read() as rows:
            return next(one for one in rows.find(Comment, proposal=about) if one.id == statement.id)


# --- 3. publish -------------------------------------------------------------------------------------------------------


def enact(world: World, id: str) -> int:
    """Publish a proposal whose notice is over and that enough stewards signed; the log index of what it became.

    Done before, it is the same index again.
    """
    with world.lock:
        one = find(world, id)
        if one.proposal.published is not None:
            return one.proposal.published
        _live(world, id)
        if one.state is not ProposalState.DUE:
            raise Refused("proposal.early", effective=one.proposal.effective)
        with world.store.read() as rows:
            held = waiting(rows, id)
        if held is None or not governance.enough(one.signed, one.proposal.stewards, one.proposal.quorum):
            counts = {"signed": len(one.signed), "needed": one.proposal.quorum, "able": len(one.able)}
            raise Refused("proposal.unsigned-by-enough", proposal=id, **counts)
        with world.store.read() as rows:
            approval = governed.counted(rows, seal.opened(held.envelope), one.signed)
        approval = seal.countersign(approval, world.secrets.private_key("sign"))  # with the key of today
        facts = {**world.ledger.statement(id).body["content"], "proposal": id}
        done = publish.enact if one.proposal.about is About.STANDARD else offer.enact
        index = done(world, approval, facts)
        with world.store.transaction() as rows:
            rows.remove(held)
        return index


def enact_due(world: World) -> list[tuple[str, DamError | None]]:
    """Publish all that is due and signed; each with what stood in its way, which the others do not wait for."""
    done: list[tuple[str, DamError | None]] = []
    for one in every(world):
        if one.state is ProposalState.DUE and len(one.signed) >= one.proposal.quorum:
            try:
                enact(world, one.proposal.id)
                done.append((one.proposal.id, None))
            except DamError as error:
                done.append((one.proposal.id, error))
    return done


# --- looking ----------------------------------------------------------------------------------------------------------


def find(world: World, id: str) -> Standing:
    """One proposal."""
    with world.store.read() as rows:
        held = rows.get(Proposal, id)
        if held is None:
            raise NotFound("proposal.unknown", proposal=id[:64])
        return _standing(rows, held, instant(world.clock()))


def every(world: World, standard: str | None = None) -> list[Standing]:
    """Every proposal, of one standard or of all, in the order of the log."""
    equals = {} if standard is None else {"standard": standard}
    with world.store.read() as rows:
        held = sorted(rows.find(Proposal, **equals), key=lambda one: one.index)
        return [_standing(rows, one, instant(world.clock())) for one in held]


def comments(world: World, id: str) -> list[Comment]:
    """What members said of a proposal, in the order of the log."""
    with world.store.read() as rows:
        return sorted(rows.find(Comment, proposal=id), key=lambda one: one.index)


def content(world: World, id: str) -> Json:
    """What a proposal would publish."""
    find(world, id)
    found: Json = world.ledger.statement(id).body["content"]
    return found


def waiting(rows: Rows, id: str) -> Motion | None:
    """What waits for signatures to a proposal."""
    return next(iter(rows.find(Motion, about=id)), None)


def texts(world: World, id: str) -> dict[str, str]:
    """The texts of a proposed offer as people would read and sign it, by language; none of a version."""
    digests = content(world, id).get("texts", {})
    return {language: world.bodies.get(digest).decode() for language, digest in digests.items()}


def _standing(rows: Rows, one: Proposal, now: str) -> Standing:
    held = waiting(rows, one.id)
    stands = governance.state(one, last=governed.last_statement(rows, one.about, one.standard), now=now)
    now_deciding = governance.stewards_of(governed.last_standard(rows, one.standard))
    if stands in LIVE and now_deciding is not None and now_deciding.members != one.stewards:
        stands = ProposalState.OVERTAKEN  # an offer, that stewards of an earlier version would have decided about
    able = governed.fit(rows, one.stewards)
    signed = governed.signers(rows, seal.opened(held.envelope)) if held is not None else []
    motion = held.id if held is not None and stands in LIVE else None
    return Standing(proposal=one, state=stands, signed=tuple(signed), able=tuple(able), motion=motion)


def _live(world: World, id: str) -> Standing:
    one = find(world, id)
    if one.state not in LIVE:
        raise Refused("proposal.over", proposal=id, state=str(one.state))
    return one


def _member(caller: Caller) -> MemberId:
    if caller.member is None or caller.standard is not None:
        raise Refused("ask.login-needed")
    return caller.member
