"""Decide who may take what out: gather the facts, ask the policy, log the answer before anything moves.

A member's answer, a no too, is a statement in the log; asked again, the same statement answers while all it rests on is
the same. Strangers are counted, not logged: who has no key could fill a log with refusals.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TypeGuard, cast

from datadam import decisions, governance
from datadam.dam import (
    agree,
    combine,
    contact,
    credential,
    disputed,
    governed,
    guest,
    law,
    lineage,
    narrow,
    order,
    peered,
    publish,
    state,
)
from datadam.dam import offer as offers
from datadam.dam.login import Caller
from datadam.dam.narrow import Narrowing
from datadam.dam.remembered import Answer, Waiting
from datadam.dam.world import World
from datadam.decisions import Judged
from datadam.duties import STRICTNESS
from datadam.errors import DamError, Invalid, NotFound, Refused
from datadam.formats import countries
from datadam.formats.statements import shaped
from datadam.model import (
    Allow,
    Ask,
    Column,
    Decided,
    Decision,
    Deposit,
    Entry,
    Grant,
    Json,
    Kind,
    Member,
    MemberId,
    PrivacyClass,
    Role,
    Standard,
    StandardId,
    Statement,
    Tier,
    Withdrawal,
    instant,
)
from datadam.policy import Facts, write_facts
from datadam.ports import Rows, Store
from datadam.restriction import WHOLE, Asker, Restricted
from datadam.seal import Jwk
from datadam.terms import PURPOSES, Action, Agreement, Offer, Operand, PublishedOffer

_LATE: Final = timedelta(minutes=1)  # between looking at the facts and signing what came of them


def decide(world: World, ask: Ask) -> tuple[Decision, str | None]:
    """Allow `ask`, or say everything that stands in the way; and the id of the statement that says so.

    A stranger's answer has none.
    """
    contact.settle(world)
    if ask.member is None:
        decision = trial(world, ask)
        world.decisions.count("stranger-allowed" if isinstance(decision, Allow) else "stranger-denied")
        return decision, None
    if (held := _held(world, ask)) is not None:
        return held
    (found,) = decide_all(world, [ask])
    if isinstance(found, Exception):
        raise found
    return found


def decide_all(world: World, asks: Sequence[Ask]) -> list[tuple[Decision, str] | Exception]:
    """The same for asks of members, as many as there are, with one wait for the disk; in place of one that failed, why.

    None of them is by a stranger.
    """
    contact.settle(world)
    held = {ask: found for ask in dict.fromkeys(asks) if (found := _held(world, ask)) is not None}
    waiting = {ask: world.decisions.wait(ask) for ask in dict.fromkeys(asks) if ask not in held}
    while any(one.open for one in waiting.values()):
        with world.lock:  # what is looked at and what is logged of it are one step: nothing is taken back in between
            if mine := [one for one in waiting.values() if one.open]:
                _answer(world, world.decisions.take(mine))
    return [held.get(ask) or waiting[ask].told for ask in asks]


def _held(world: World, ask: Ask) -> tuple[Decision, str] | None:
    """The answer that was given before, while nothing changed."""
    held = world.decisions.recall(ask)
    if held is None or held.generation != world.decisions.generation or instant(world.clock()) >= held.until:
        return None
    world.decisions.count("repeated")
    return held.decision, held.id


def _answer(world: World, waiting: Sequence[Waiting]) -> None:
    """Answer all that wait, with one wait for the disk. The caller holds the lock."""
    try:
        state.catch_up(world)  # else what is in the log and not in the tables would bind from the next answer on only
        contact.settle(world)
        fresh = _fresh(world, waiting)
        if fresh:
            state.record_decisions(world, [statement for _, statement in fresh.values()])
    except Exception as error:  # noqa: BLE001  (nothing is in the log: nobody is told anything else)
        for one in waiting:
            one.error = one.error or error
        return
    for ask, (answer, _) in fresh.items():
        world.decisions.keep(ask, answer)
        world.decisions.count("allowed" if isinstance(answer.decision, Allow) else "denied")
    for one in waiting:
        if one.answer is None and one.error is None:
            one.answer = fresh[one.ask][0]


def _fresh(world: World, waiting: Sequence[Waiting]) -> dict[Ask, tuple[Answer, Statement]]:
    """What is to be logged; of those whose last answer holds still, or that cannot be answered, nothing."""
    now = world.clock()
    still = replace(world, store=world.decisions.still_there(world.store), clock=lambda: now)
    key = world.secrets.private_key("sign")
    fresh: dict[Ask, tuple[Answer, Statement]] = {}
    for one in waiting:
        try:
            if one.ask not in fresh and (made := _made(still, one, key)) is not None:
                fresh[one.ask] = made
        except Exception as error:  # noqa: BLE001  (its asker's to hear of, not that of the others)
            one.error = error
    return fresh


def _made(world: World, one: Waiting, key: Jwk) -> tuple[Answer, Statement] | None:
    """An answer and the statement that is to say so; None where the last one holds still, which is then given."""
    generation, held, now = world.decisions.generation, world.decisions.recall(one.ask), world.clock()
    case = _case(world, one.ask)
    until = _until(case, now)
    lasting = {name: value for name, value in case.facts.items() if name != "now"}
    if held is not None and held.facts == lasting and case.facts["now"] < held.until:
        one.answer = world.decisions.still(one.ask, held, generation=generation, until=until)
        world.decisions.count("repeated")
        return None
    judged = case.judged
    most = world.settings.member_refusals_per_day  # else whoever is refused could fill the log, which is everybody's
    bounded = bool(most) and not isinstance(judged.decision, Allow)
    if bounded and not world.decisions.may_deny(str(one.ask.member), instant(now)[:10], most):
        raise Refused("ask.too-many", limit=most)
    told = {
        **decisions.told(case.facts, judged, case.offer.statement if case.offer else None),
        **(_narrowing(world, one.ask, case.facts["now"]) if isinstance(judged.decision, Allow) else {}),
    }
    statement = shaped(state.statement(world, Kind.DECISION, told, key=key))  # its asker's fault alone, if any is
    answer = Answer(decision=judged.decision, id=statement.id, facts=lasting, until=until, generation=generation)
    return answer, statement


def _narrowing(world: World, ask: Ask, now: str) -> Json:
    """What a yes says of what leaves of restricted deposits."""
    then = replace(world, clock=lambda: datetime.fromisoformat(now))
    found = narrowed(then, ask, publish.current(world, ask.standard))
    return {"narrowing": found.sealed(world, str(ask.member), now)}


def narrowed(world: World, ask: Ask, standard: Standard) -> Narrowing:
    """What of a reservoir, or of an edition of it, an allowed ask gets: what its offer and all restrictions let out.

    No column is stricter than those that the ask was decided about: an edition may have some that the reservoir lost.
    """
    action = Action(ask.action)
    terms, held = _terms(world, ask)
    columns = tuple(column for column in standard.columns if decisions.leaves(column, terms, action))
    if terms is not None:
        most = STRICTNESS[_strictest(publish.current(world, ask.standard).columns, terms, action)]
        columns = tuple(column for column in columns if STRICTNESS[column.privacy_class] <= most)
    with world.store.read() as rows:
        member = rows.get(Member, ask.member) if ask.member is not None else None
        asker = _asker(ask, member, held)
        ceilings = decisions.ceilings(terms, action)
        found = narrow.narrowing(rows, standard, columns, ceilings, asker, now=instant(world.clock()))
    return replace(found, joined=combine.joins(world, ask), versions=decisions.versions(terms, action))


def versions(world: World, ask: Ask) -> tuple[str, ...] | None:
    """The editions that an allowed ask gets, and `CURRENT` for the reservoir as it stands; None: all of them."""
    return decisions.versions(_terms(world, ask)[0], Action(ask.action))


def _terms(world: World, ask: Ask) -> tuple[Offer | None, Agreement | None]:
    """The offer that binds an ask, if there is one, and the asker's agreement that says so."""
    held = agree.standing(world, ask.member, ask.standard) if ask.member is not None else None
    binding = offers.current(world, ask.standard) if held is None else agree.offer_of(world, held)
    return (None if binding is None else offers.read_offer(binding)), held


def _asker(ask: Ask, member: Member | None, held: Agreement | None) -> Asker:
    """Who asks, as restrictions see it: what for and to where as the facts of the decision have it."""
    only = held.purposes[0] if held is not None and len(held.purposes) == 1 else None
    return Asker(
        action=Action(ask.action),
        purpose=ask.purpose or only,
        roles=frozenset(map(str, member.roles)) if member is not None else frozenset(),
        jurisdiction=member.jurisdiction if member is not None else "",
        destination=ask.destination or (held.destination if held is not None else None),
    )


def _strictest(columns: Sequence[Column], terms: Offer | None, action: Action) -> PrivacyClass:
    """The strictest class of any column that would leave."""
    ceiling = decisions.ceiling(terms, action)  # once: every decision looks at every column
    classes = (column.privacy_class for column in columns if STRICTNESS[column.privacy_class] <= ceiling)
    return max(classes, key=STRICTNESS.__getitem__, default=decisions.CLASSES[0])


def wish(purpose: str | None, destination: str | None) -> tuple[str | None, str | None]:
    """What for and to where, as somebody sent it; `Invalid` unless both are words that there are."""
    if purpose and purpose not in PURPOSES:
        raise Invalid("ask.purpose-unknown", purpose=purpose[:60], purposes=", ".join(PURPOSES))
    return purpose or None, countries.assigned(destination) if destination else None


def deed(action: str | None) -> Action:
    """What is done with what is taken, as somebody sent it: read, where nothing was said."""
    if action is None:
        return Action.READ
    if action not in list(Action):
        raise Invalid("ask.action-unknown", action=action[:40], actions=", ".join(Action))
    return Action(action)


def trial(world: World, ask: Ask) -> Decision:
    """What the answer would be now; nothing is logged, because nothing moves."""
    contact.settle(world)
    return _case(world, ask).judged.decision


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """All that one decision rests on."""

    facts: Json
    offer: PublishedOffer | None = None
    ends: tuple[str | None, ...] = ()  # instants at which something of it is over

    @property
    def judged(self) -> Judged:
        return decisions.judge(self.facts, decisions.policy_of(self.offer.text) if self.offer else None)


def _case(world: World, ask: Ask) -> _Case:
    """By the offer that the asker's agreement is under, else by the one in force; a standard without one has grants."""
    standard = publish.current(world, ask.standard)
    with world.store.read() as rows:
        member = rows.get(Member, ask.member) if ask.member is not None else None
        grants = rows.find(Grant, member=ask.member, standard=standard.id) if ask.member is not None else []
        unheard, deadlines = peered.silent(rows, standard.id), peered.deadlines(rows, standard.id)
    current = offers.current(world, standard.id)
    if current is None:
        columns = [column for one in lineage.versions(world, standard.id) for column in one.standard.columns]
        strictest = _strictest(columns, None, Action(ask.action))  # of editions too
        ordered = order.in_force(world, strictest, ask.destination, standard.id)
        disputes = _disputes(world, standard)
        facts = {
            **decisions.granted(ask, standard, member, grants, world.clock(), ordered=ordered),
            **({"frozen": list(disputes.reservoir)} if disputes.reservoir else {}),  # none before there were disputes
            **({"silent": list(unheard)} if unheard else {}),  # and none before there were peers
            **({"crossing": list(kept)} if (kept := _crossing(world, member, standard, strictest)) else {}),
        }
        ends = (*(one["expires"] for one in facts["grants"]), *disputes.ends, *deadlines)
        return _Case(facts=facts, ends=ends)
    held = agree.standing(world, ask.member, standard.id) if ask.member is not None else None
    binding = current if held is None else agree.offer_of(world, held)
    told = _facts(world, ask, standard, member, held, binding)
    kept = _crossing(world, member, standard, decisions.CLASSES[told.sensitivity])
    facts = write_facts(replace(told, silent=unheard, crossing=kept))
    instants = decisions.policy_of(binding.text).instants
    over = [held.expires, agree.lapses(world, held)] if held is not None else []
    over += _credentials(world, ask, binding)[1]
    over += [*_disputes(world, standard).ends, *deadlines]
    return _Case(
        facts=facts, offer=binding, ends=(*over, *(instant(datetime.fromtimestamp(at, UTC)) for at in instants))
    )


def _crossing(world: World, member: Member | None, standard: Standard, strictest: PrivacyClass) -> tuple[str, ...]:
    """What of its home's peering does not cover what a guest asks for; of members of this dam nothing."""
    if member is None or member.home is None:
        return ()
    with world.store.read() as rows:
        return guest.crossing(rows, world.settings.name, member, standard.id, strictest)


def _credentials(world: World, ask: Ask, binding: PublishedOffer) -> tuple[frozenset[str], tuple[str, ...]]:
    """The names of the asker's credentials that count, and when that may change; none for an offer that asks none."""
    said = (term for one in offers.read_offer(binding).permissions for term in one.constraints)
    if all(term.operand is not Operand.CREDENTIAL for term in said):
        return frozenset(), ()
    return credential.held_by(world, ask.member, ask.standard)


def _disputes(world: World, standard: Standard) -> disputed.Held:
    with world.store.read() as rows:
        if not disputed.any_about(rows, standard.id):
            return disputed.NOTHING
        return disputed.held(rows, standard.id, now=instant(world.clock()))


def _facts(
    world: World, ask: Ask, standard: Standard, member: Member | None, held: Agreement | None, binding: PublishedOffer
) -> Facts:
    terms = offers.read_offer(binding)
    action = Action(ask.action)
    strictest = _strictest(standard.columns, terms, action)
    destination = ask.destination or (held.destination if held else None)
    only = held.purposes[0] if held is not None and len(held.purposes) == 1 else None
    return Facts(
        action=action,
        standard=standard.id,
        purpose=ask.purpose or only,
        destination=ask.destination,
        member=ask.member,
        known=member is not None,
        left=member is not None and member.until is not None,
        suspended=member is not None and member.suspended,
        kind=str(member.kind) if member else "",
        roles=frozenset(map(str, member.roles)) if member else frozenset(),
        jurisdiction=member.jurisdiction if member else "",
        credentials=_credentials(world, ask, binding)[0],
        agreement=held.id if held else None,
        state=str(held.state) if held else None,
        agreed_purposes=frozenset(held.purposes) if held else frozenset(),
        agreed_destination=held.destination if held else None,
        agreed_level=str(held.level) if held else None,
        agreement_expires=held.expires if held else None,
        offer_current=True,  # one whose notice is over stands no more
        tier=str(standard.tier),
        home=world.settings.jurisdiction,
        sensitivity=decisions.CLASSES.index(strictest),
        live_rows=0 if standard.tier is Tier.ANSWERS else _live_rows(world, ask, terms),  # there none are counted
        corridor=law.corridor(world, destination, strictest) if destination else None,
        ordered=order.in_force(world, strictest, destination, standard.id),
        frozen=_disputes(world, standard).reservoir,
        crossing=(),  # the case says what is not covered
        silent=(),  # and who is
        now=instant(world.clock()),
    )


def _live_rows(world: World, ask: Ask, terms: Offer) -> int:
    """Facts that the asker itself has in the reservoir, as old as the offer asks for; near-copies have one key.

    Of what it deposited under restrictions only what they would let out to somebody who asks as it does, and nothing of
    what it holds back by a dispute of its own.
    """
    permission = terms.permission(Action(ask.action))
    asked = [one for one in (permission.constraints if permission else ()) if one.operand is Operand.RECIPROCITY]
    if not asked or ask.member is None:
        return 0
    since = instant(world.clock() - timedelta(days=max(one.days or 0 for one in asked)))
    with world.store.read() as rows:
        gone = {str(one.deposit) for one in rows.find(Withdrawal, standard=ask.standard)}
        gone |= disputed.kept_back(rows, ask.standard, ask.member, now=instant(world.clock()))
        held = [one for one in rows.find(Deposit, contributor=ask.member, standard=ask.standard) if one.id not in gone]
    old = [one for one in held if (sealed := _sealed(world, one.outcome)) and sealed <= since]
    if not old:
        return 0
    given = narrowed(world, ask, publish.current(world, ask.standard))
    lying = world.decisions.lying(
        ask.standard,
        frozenset((one.tag, str(file["name"])) for one in old for file in one.files),
        lambda: {(file.tag, file.path.name): file.path for file in lineage.files(world, ask.standard)},
    )
    paths, among = list[Path](), dict[Path, tuple[str, tuple[str, ...]]]()
    for one in old:
        piece = given.piece(one.id)
        if piece is None:
            continue
        found = [lying[name] for file in one.files if (name := (one.tag, str(file["name"]))) in lying]
        if piece.markings is not None and given.marking is not None:
            names = {column.name for column in lineage.columns(world, ask.standard, one.version)}
            found = found if given.marking in names else []  # of before there were any: none of them is marked
            among |= dict.fromkeys(found, (given.marking, piece.markings))
        paths += found
    what = frozenset[object]({*paths, *among.items()})
    return world.decisions.counted(what, lambda: world.surveyor.keys(paths, among))


def _sealed(world: World, outcome: str) -> str | None:
    """When a deposit was sealed; None where that is erased, with its rows."""
    try:
        return world.decisions.sealed_at(outcome, lambda: str(world.ledger.statement(outcome).body["issued"]))
    except NotFound:
        return None


def _until(case: _Case, now: datetime) -> str:
    """The next instant at which the answer can change although nothing is logged: days pass, and leaves end."""
    tomorrow = instant((now + timedelta(days=1)).astimezone(UTC).replace(hour=0, minute=0, second=0))
    return min([tomorrow, *(end for end in case.ends if end and end > case.facts["now"])])


# --- asking what would be -------------------------------------------------------------------------------------------


def about(world: World, caller: Caller, member: str | None, standard: str) -> MemberId:
    """Whom a trial may be about: oneself, or for auditors and the standard's stewards anybody; else `Refused`."""
    if caller.member is None:
        raise Refused("ask.login-needed")
    if member in {None, caller.member}:
        return caller.member
    if not _oversees(world, caller.member, standard):
        raise Refused("ask.not-yours")
    with world.store.read() as rows:
        known = rows.get(Member, str(member))
    if known is None:
        raise NotFound("member.unknown", member=str(member)[:40])
    return known.id


def wished(world: World, sent: Json) -> Ask:
    """An ask as JSON: `{member, action, standard, purpose, destination}`; the last two may be absent or null."""
    action = deed(str(sent["action"]))
    standard = StandardId(publish.published(world, str(sent["standard"])).id)
    purpose, destination = wish(sent.get("purpose"), sent.get("destination"))
    member = MemberId(sent["member"])
    return Ask(member=member, standard=standard, action=action, purpose=purpose, destination=destination)


def everybody(world: World, caller: Caller, sent: Json) -> list[tuple[Member, Decision]]:
    """Who could get this and who not, and why: every member by its id, for auditors and the standard's stewards."""
    if caller.member is None or not _oversees(world, caller.member, str(sent["standard"])):
        raise Refused("ask.not-yours")
    with world.store.read() as rows:
        members = [one for one in rows.find(Member) if one.until is None]
    return [(one, trial(world, wished(world, {**sent, "member": one.id}))) for one in members]


def _audits(world: World, member: str) -> bool:
    with world.store.read() as rows:
        held = rows.get(Member, member)
    return _in_standing(held) and Role.AUDITOR in held.roles


def _oversees(world: World, member: str, standard: str) -> bool:
    """Whether somebody audits the dam, or is a steward of the version in force: these answer for who gets what."""
    with world.store.read() as rows:
        held, stewards = rows.get(Member, member), governance.stewards_of(governed.last_standard(rows, standard))
    return _in_standing(held) and (Role.AUDITOR in held.roles or (stewards is not None and member in stewards.members))


def _in_standing(member: Member | None) -> TypeGuard[Member]:
    return member is not None and member.until is None and not member.suspended


# --- looking back -----------------------------------------------------------------------------------------------------


def found(world: World, member: str, id: str) -> Entry:
    """A decision as it was logged, for whom it is about and for auditors; to all others there is none.

    One that rests on facts of others is `Refused` to whom it is about.
    """
    with world.store.read() as rows:
        decided = rows.get(Decided, id)
    audits = _audits(world, member)
    if decided is None or not (decided.member == member or audits):
        raise NotFound("decision.unknown", decision=id[:64])
    statement = world.ledger.statement(id)
    if decisions.private(statement.body) and not audits:
        raise Refused("decision.others-facts", decision=id)
    return Entry(index=decided.index, statement=statement)


def of(world: World, member: str, *, standard: str | None = None) -> list[Decided]:
    """A member's decisions, in the order of the log."""
    equals = {"member": member} | ({"standard": standard} if standard is not None else {})
    with world.store.read() as rows:
        return sorted(rows.find(Decided, **equals), key=lambda one: one.index)


@dataclass(frozen=True, slots=True)
class _Then:
    """A store that shows the tables as they were while the log is folded anew."""

    rows: Rows

    @contextmanager
    def read(self) -> Iterator[Rows]:
        yield self.rows


def unlike(world: World, rows: Rows, body: Json) -> list[str]:
    """Which facts of a logged decision the log did not bear out by then; `rows` are the tables as they were.

    Only how many rows the asker had is not looked at again: they may have left since.
    """
    facts = body["facts"]
    try:
        then = datetime.fromisoformat(facts["now"])
        named = {name: facts[name] for name in ("member", "standard", "purpose", "action", "destination")}
        at_that_time = replace(world, store=cast("Store", _Then(rows)), clock=lambda: then)
        case = _case(at_that_time, Ask(**named))
        narrowing = _narrowing(at_that_time, Ask(**named), facts["now"]) if body["allowed"] else {}
    except (DamError, LookupError, TypeError, ValueError):  # facts of another shape, about what there was not
        return ["facts"]
    untold = {"live_rows", *({"answers"} - facts.keys())}  # logs of before there were answers say nothing of them
    wrong = {name for name in {*facts, *case.facts} - untold if facts.get(name) != case.facts.get(name)}
    if body["offer"] != (case.offer.statement if case.offer else None):
        wrong.add("offer")
    # logs of before it was told say nothing of it, and have nothing to say
    bare = "narrowing" not in body and not rows.find(Restricted, standard=body["standard"])
    if not bare and body.get("narrowing") != narrowing.get("narrowing"):
        wrong.add("narrowing")
    if abs(datetime.fromisoformat(body["issued"]) - then) > _LATE:
        wrong.add("now")
    return sorted(wrong)


def outside(world: World, rows: Rows, release: Json, deposits: Sequence[str]) -> list[str]:
    """Which of the deposits in a logged release were kept from its asker by then: by terms, or held up by a dispute."""
    facts = world.ledger.statement(str(release["decision"])).body["facts"]
    then = datetime.fromisoformat(str(release["issued"]))
    named = {name: facts[name] for name in ("member", "standard", "purpose", "action", "destination")}
    at_that_time = replace(world, store=cast("Store", _Then(rows)), clock=lambda: then)
    found = narrowed(at_that_time, Ask(**named), publish.current(at_that_time, str(release["standard"])))
    if not found.lets_out(release.get("edition")):
        return list(deposits)
    frozen = disputed.held(rows, str(release["standard"]), now=instant(then)).deposits
    return [one for one in deposits if one in frozen or found.cuts.get(found.under.get(one, ()), WHOLE) is None]
