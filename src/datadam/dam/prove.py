"""Prove: receipts and bodies for those whom a statement concerns, and a check of everything."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from datadam import decisions, seal, succession
from datadam.credentials import Form
from datadam.dam import (
    decide,
    disputed,
    edition,
    lineage,
    offer,
    publish,
    release,
    rotate,
    state,
    tables,
    twin,
    withdraw,
)
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.errors import DamError, NotFound, Untrusted, kept
from datadam.model import (
    CLASS_OF,
    Class,
    Deposit,
    Edition,
    Json,
    Key,
    Kind,
    Member,
    PublishedStandard,
    Role,
    Share,
    Statement,
    Tier,
    Withdrawal,
    instant,
)
from datadam.ports import Rows, Store
from datadam.privacy.accounts import Charge, Twin
from datadam.terms import PublishedOffer


def body(world: World, caller: Caller, id: str) -> Statement:
    """A statement's signed body: a registry one for everybody, an activity one for its parties and auditors."""
    index = world.ledger.index_of(id)  # bodies hold more than statements, and what a crash left unlogged
    if index is None or world.ledger.entry(index)[1] != id:
        raise NotFound("statement.unknown", statement=id[:64])
    try:
        statement = world.ledger.statement(id)
    except NotFound:
        raise NotFound("statement.unknown", statement=id[:64]) from None
    if CLASS_OF[statement.kind] is Class.REGISTRY or _may_read(world, caller, statement):
        return statement
    raise NotFound("statement.unknown", statement=id[:64])  # that it exists is public, whose it is is not


def bodies(world: World, caller: Caller, start: int, count: int) -> Iterator[Statement | None]:
    """The bodies of up to `count` entries from `start` on; None for what the caller may not read or was erased."""
    for _, id in islice(world.ledger.entries(start), count):
        try:
            yield body(world, caller, id)
        except NotFound:
            yield None


def _may_read(world: World, caller: Caller, statement: Statement) -> bool:
    if caller.member is None or caller.standard is not None:
        return False
    whole = statement.kind is not Kind.DECISION or not decisions.private(statement.body)
    if whole and caller.member in {statement.body.get("member"), statement.body.get("contributor")}:
        return True
    if for_contributor_alone(world, statement):
        return False
    with world.store.read() as rows:
        if statement.kind is Kind.ANSWER and _charged(rows, statement) == caller.member:
            return True
        if statement.kind is Kind.RULING and disputed.concerns(rows, statement.body["dispute"], caller.member):
            return True
        member = rows.get(Member, caller.member)
    return member is not None and Role.AUDITOR in member.roles and not member.suspended


def for_contributor_alone(world: World, statement: Statement) -> bool:
    """Whether a statement holds digests, sizes and counts of what somebody handed in to a reservoir of private answers.

    There an exact number beside the noisy ones would void what they promise, so nobody else reads it: no auditor, and
    not the operator's own tools.
    """
    if statement.kind not in {Kind.MANIFEST, Kind.OUTCOME}:  # a purge counts no such rows, and auditors need it
        return False
    return publish.current(world, statement.body["standard"]).tier is Tier.ANSWERS


def _charged(rows: Rows, statement: Statement) -> str | None:
    """The member that an answer was charged to."""
    charge = rows.get(Charge, statement.body["charge"])
    return None if charge is None else charge.member


def receipt(world: World, caller: Caller, id: str) -> Json:
    """The receipt of a logged statement that the caller may read: all that offline verification needs."""
    return receipt_of(world, body(world, caller, id))


def receipt_of(world: World, statement: Statement) -> Json:
    """The receipt of a logged statement."""
    index = index_of(world, statement)
    signers = set()
    with world.store.read() as rows:
        for kid in seal.kids(statement):
            key = rows.get(Key, kid)
            if key is None:
                raise Untrusted("signature.key-unknown", kid=kid, statement=statement.id)
            signers.add(key.since)
    return world.ledger.receipt(index, sorted(signers - {index}))


def index_of(world: World, statement: Statement) -> int:
    """Where the log has a statement."""
    found = world.ledger.index_of(statement.id)
    if found is None:
        raise NotFound("statement.unlogged", statement=statement.id)
    return found


@dataclass(slots=True)
class Findings:
    """What a check saw: how much it looked at, and everything that is wrong."""

    entries: int = 0
    bodies: int = 0
    files: int = 0
    erased: int = 0
    faults: list[DamError] = field(default_factory=list)


def check(
    world: World, scratch: Callable[[], Store], audit: Callable[[], object], *, patience: float = 0.0
) -> Findings:
    """Look at everything: log, bodies, signatures, tables against statements, files against digests.

    `audit` re-hashes the log's own files against the checkpoint; `scratch` makes an empty store to fold the log into.
    A dam that is being served moves meanwhile: what seems wrong there is looked at once more after `patience` seconds,
    and only what is found both times counts.
    """
    findings = _look(world, scratch(), audit)
    if findings.faults and patience:
        time.sleep(patience)
        seen = {_told(fault) for fault in findings.faults}
        findings = _look(world, scratch(), audit)
        findings.faults = [fault for fault in findings.faults if _told(fault) in seen]
    return findings


def _told(fault: DamError) -> str:
    return seal.canonical(kept(fault)).decode()


def _look(world: World, scratch: Store, audit: Callable[[], object]) -> Findings:
    findings = Findings()
    steps: tuple[Callable[[], Iterable[DamError]], ...] = (
        lambda: _catch_up(world),
        lambda: _check_log(audit),
        lambda: _check_bodies(world, findings),
        lambda: _check_state(world, scratch, findings),
        lambda: _check_reservoirs(world, findings),
        lambda: _check_shares(world, findings),
        lambda: _check_offers(world),
        lambda: _check_withdrawals(world),
        lambda: _check_editions(world, findings),
        lambda: _check_rotations(world),
        lambda: _check_twins(world, findings),
        lambda: tables.unlike(world),
    )
    for step in steps:
        try:
            findings.faults.extend(step())
        except DamError as error:  # what stops one step must not hide what the others find
            findings.faults.append(error)
    return findings


def _catch_up(world: World) -> Iterable[DamError]:
    """A crash may leave the tables behind the log: that is no fault yet."""
    state.catch_up(world)
    return ()


def _check_log(audit: Callable[[], object]) -> Iterable[DamError]:
    audit()
    return ()


def _check_bodies(world: World, findings: Findings) -> Iterator[DamError]:
    """Every entry's body is there and is what the entry names; then the profiles that they name."""
    erased: set[str] = set()
    profiles: dict[str, str] = {}
    persons: dict[str, str] = {}
    evidence: dict[str, str] = {}
    missing: dict[str, DamError] = {}
    for clazz, id in world.ledger.entries():
        findings.entries += 1
        try:
            statement = world.ledger.statement(id)
        except NotFound as error:
            missing[id] = error
            continue
        except DamError as error:
            yield error
            continue
        findings.bodies += 1
        if CLASS_OF[statement.kind] is not clazz:
            yield Untrusted("log.class-wrong", index=findings.entries - 1, statement=id)
        if statement.kind is Kind.DECISION:
            yield from _unlike(world, statement)
        if statement.kind is Kind.OUTCOME:
            yield from _other_terms(world, statement)
        if statement.kind is Kind.ERASURE:
            erased.add(statement.body["body"])
        profiles |= _proofs(statement)
        if statement.kind is Kind.DECLARATION:
            persons[statement.body["person"]] = statement.id
        evidence |= _evidence(statement)
    with world.store.read() as rows:
        withdrawn = {str(one.deposit) for one in rows.find(Withdrawal)}
    findings.erased = len(erased) + len(withdrawn & set(missing))
    yield from (error for id, error in missing.items() if id not in withdrawn)
    yield from _check_profiles(world, profiles, erased)
    yield from _check_persons(world, persons, erased)
    yield from _check_evidence(world, evidence)


def _other_terms(world: World, outcome: Statement) -> Iterator[DamError]:
    """A deposit that the dam says to be under other terms than its contributor signed."""
    try:
        manifest = world.ledger.statement(outcome.body["manifest"])
    except NotFound:  # withdrawn, or missing and told so by whoever looks for it
        return
    if manifest.body.get("own_terms") != outcome.body.get("own_terms"):
        yield Untrusted("deposit.terms-other", deposit=manifest.id, statement=outcome.id)


def _proofs(statement: Statement) -> dict[str, str]:
    """What proves who a member is, and lies beside the log: by its digest, whose it is."""
    named = {Kind.MEMBER: "profile", Kind.RECOVERY: "proof"}.get(statement.kind)
    return {statement.body[named]: statement.body["member"]} if named and statement.body[named] else {}


def _unlike(world: World, statement: Statement) -> Iterator[DamError]:
    """A decision that does not follow from its own facts."""
    offer = statement.body["offer"]
    try:
        decisions.replay(statement.body, None if offer is None else world.ledger.statement(offer).body)
    except DamError as error:
        yield Untrusted(error.code, **{**error.facts, "statement": statement.id})


def _check_profiles(world: World, profiles: Mapping[str, str], erased: Collection[str]) -> Iterator[DamError]:
    """Every profile is what its member's accession names, or its erasure is logged and it is gone."""
    for profile, member in profiles.items():
        try:
            held = seal.digest(world.bodies.get(profile))
        except NotFound:
            if profile not in erased:
                yield Untrusted("profile.missing", member=member)
            continue
        if profile in erased:  # a crash came between the log and the deletion
            yield Untrusted("profile.not-erased", member=member)
        elif held != profile:
            yield Untrusted("profile.digest-wrong", member=member)


def _evidence(statement: Statement) -> dict[str, str]:
    """The digest of what a statement rests on and the dam keeps, if it does: opened bytes, a signed token."""
    body = statement.body
    if statement.kind is Kind.OPENING:
        return {body["digest"]: statement.id}
    signed = statement.kind is Kind.CREDENTIAL and body["form"] == Form.SIGNED
    return {body["evidence"]: statement.id} if signed else {}


def _check_evidence(world: World, named: Mapping[str, str]) -> Iterator[DamError]:
    """What was opened of a model, and tokens that credentials rest on, lie there as their statements name them."""
    for digest, id in named.items():
        try:
            held = seal.digest(world.bodies.get(digest))
        except NotFound:
            held = ""
        if held != digest:
            yield Untrusted("body.evidence-other", statement=id, id=digest)


def _check_persons(world: World, persons: Mapping[str, str], erased: Collection[str]) -> Iterator[DamError]:
    """Who answers for a declaration is who signed it named, or the erasure is logged and the name is gone."""
    for person, id in persons.items():
        try:
            held = seal.digest(world.bodies.get(person))
        except NotFound:
            if person not in erased:
                yield Untrusted("declaration.person-missing", declaration=id)
            continue
        if person in erased:
            yield Untrusted("declaration.person-not-erased", declaration=id)
        elif held != person:
            yield Untrusted("declaration.person-other", declaration=id)


def _check_state(world: World, scratch: Store, findings: Findings) -> list[DamError]:
    """Fold the whole log anew and compare: a table that says anything else was changed by somebody.

    On the way each decision's facts are held against what the log said by then: a dam could sign other ones.
    """
    faults: list[DamError] = []

    def look(rows: Rows, statement: Statement) -> None:
        if statement.kind is Kind.DECISION and (wrong := decide.unlike(world, rows, statement.body)):
            faults.append(Untrusted("decision.not-so", fields=", ".join(wrong), statement=statement.id))
        if statement.kind is Kind.RELEASE and release.outside(world, rows, statement.body):
            named = {"standard": statement.body["standard"], "statement": statement.id}
            faults.append(Untrusted("release.outside", **named))

    try:
        with scratch.transaction() as rows:
            state.fold_all(world, rows, 0, look)
    except DamError as error:
        return [*faults, error]
    with world.lock:
        with scratch.transaction() as rows:  # what was logged while the rest was folded
            state.fold_all(world, rows, int(rows.noted(state.APPLIED) or 0), look)
        findings.entries = max(findings.entries, world.ledger.size)
        return [*faults, *_differences(world, scratch)]


def _differences(world: World, scratch: Store) -> Iterator[DamError]:
    with scratch.read() as told, world.store.read() as held:
        for kind in state.PROJECTED:
            if told.find(kind) != held.find(kind):
                yield Untrusted("state.differs", table=kind.__name__)
        if told.noted(state.APPLIED) != held.noted(state.APPLIED):
            yield Untrusted("state.differs", table=state.APPLIED)


def _check_reservoirs(world: World, findings: Findings) -> Iterator[DamError]:
    """Every sealed deposit is visible, its files are what its outcome says, and no table has a file of nobody's."""
    with world.store.read() as rows:
        gone = {str(one.deposit) for one in rows.find(Withdrawal)}
        deposits = [deposit for deposit in rows.find(Deposit) if deposit.id not in gone]
        standards = sorted({one.id for one in rows.find(PublishedStandard)})
    for standard in standards:
        lying = {str(file.path) for file in lineage.files(world, standard) if file.path.stem not in gone}
        named: set[str] = set()
        for deposit in deposits:
            if deposit.standard == standard:
                table = lineage.table(world, standard, deposit.version)
                place = world.lake.place(table, deposit.tag, deposit.id)
                named.add(str(place))
                if str(place) not in lying or not world.lake.holds(table, deposit.id):
                    yield Untrusted("deposit.not-visible", deposit=deposit.id, standard=standard)
                for file in deposit.files:
                    findings.files += 1
                    if world.lake.digest(place) != file["digest"]:
                        yield Untrusted("file.digest-wrong", file=file["name"], standard=standard)
        for surplus in sorted(lying - named):
            yield Untrusted("file.nobodys", file=surplus.rsplit("/", 1)[-1], standard=standard)


def _check_shares(world: World, findings: Findings) -> Iterator[DamError]:
    """Every file that may be served is what was made."""
    with world.store.read() as rows:
        shares = rows.find(Share)
    for share in shares:
        for file in share.files:
            findings.files += 1
            if world.shares.digest(share.standard, share.recipient, share.version, file["name"]) != file["digest"]:
                yield Untrusted("file.digest-wrong", file=file["name"], standard=share.standard)


def _check_offers(world: World) -> Iterator[DamError]:
    """The texts that members read and signed can still be read, and are the same."""
    with world.store.read() as rows:
        offers = rows.find(PublishedOffer)
    for one in offers:
        try:
            offer.written(world, one)
        except DamError as error:
            yield error


def _check_withdrawals(world: World) -> Iterator[DamError]:
    """What was withdrawn is in no share; it is erased, or there is still time."""
    with world.store.read() as rows:
        held = rows.find(Withdrawal)
        shares = [share for share in rows.find(Share) if share.files]
    for one in held:
        if one.purged is not None:
            faults = [what for _, what in withdraw.remains(world, [one])]
            yield from (Untrusted("withdrawal.not-erased", deposit=one.deposit, what=what) for what in faults)
        elif withdraw.due(world, one) < instant(world.clock()):
            yield Untrusted("withdrawal.overdue", deposit=one.deposit, due=withdraw.due(world, one))
        if one.purged is not None or one.replaced_by is None:
            holders = {share.standard for share in shares if one.deposit in share.deposits}
            yield from (Untrusted("share.withdrawn", standard=id, deposit=one.deposit) for id in sorted(holders))


def _check_editions(world: World, findings: Findings) -> Iterator[DamError]:
    """Every edition has the rows that its last statement names, and no file of anybody else's."""
    with world.store.read() as rows:
        editions = rows.find(Edition)
        erased = {str(one.deposit) for one in rows.find(Withdrawal) if one.purged is not None}
    for one in editions:
        held, standing, named = edition.standing_in(world, one)
        before = [deposit.id for deposit in held if deposit.id not in erased]  # until what left is erased
        either = [deposit.id for deposit in held if deposit.id in {*before, *named}]
        digests = {edition.digest_of(world, one.id, ids) for ids in (standing, before, named, either)}
        told, files = world.editions.told(one.id), world.editions.files(one.id)
        findings.files += len(files)
        whole = all(world.editions.digest(files[id]) == told[id] if id in files else id not in told for id in standing)
        if one.digest not in digests or not whole:
            yield Untrusted("edition.digest-wrong", edition=one.id)
        for id in sorted(set(files) - {deposit.id for deposit in held}):
            yield Untrusted("edition.nobodys", edition=one.id, file=files[id].name)


def _check_rotations(world: World) -> Iterator[DamError]:
    """Whoever trusts any key that the log ever had is led to the one that signs it now."""
    now = world.ledger.vkey
    for one in rotate.keys(world):
        if one.vkey is not None and succession.follow(rotate.succession(world), vkey=one.vkey)[0] != now:
            yield Untrusted("key.succession-wrong", member=one.vkey)


def _check_twins(world: World, findings: Findings) -> Iterator[DamError]:
    """Every twin that is there is the one that the log tells of.

    Whether budgets were kept, and each answer was charged before it, folding the log has told.
    """
    with world.store.read() as rows:
        twins = rows.find(Twin)
    for one in twins:
        with twin.alone(world, one.standard):
            there = world.twins.digest(one.standard, one.name) is not None
            findings.files += there
            if there and not twin.intact(world, one):
                yield Untrusted("private.twin-other", standard=one.standard, twin=one.name)
