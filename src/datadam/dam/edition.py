"""Editions: freeze a reservoir's rows under a name that can be cited; take out of it what is withdrawn, and say so.

An edition holds the deposits that were there at a log index: which ones follows from the log alone, and a share of it
shows of them what it could have shown then. Its statement names their digest. When a withdrawal takes rows from it, a
new statement names the new digest and the statement whose digest no longer holds.
"""

import threading
from collections.abc import Collection, Iterable
from typing import Final

from datadam import seal
from datadam.dam import pool, stage, state
from datadam.dam.world import World
from datadam.errors import Invalid, Refused, Unavailable
from datadam.model import ALL, Deposit, Edition, Kind, Repeat, Tier, Withdrawal, edition_of
from datadam.ports import EditionPart
from datadam.restriction import Restricted
from datadam.terms import CURRENT

_FREEZING: Final = threading.Lock()  # what leaves while an edition is made leaves it as soon as it is made


def freeze(world: World, id: str) -> Edition:
    """Freeze a reservoir's rows as `reservoir@name`; a name is given once.

    `Refused` where there are no rows yet or the name is taken, `Unavailable` while a deposit is on its way.
    """
    standard, name = edition_of(id)
    if name in {CURRENT, ALL}:  # offers call the reservoir so, as it stands; clients, as it stands in all dams
        raise Invalid("edition.name-malformed", name=name)
    with _FREEZING:
        of = pool.find(world, standard)
        if of.standard.tier in {Tier.TABLES, Tier.ANSWERS}:  # nobody could take it, and its public digest is of rows
            raise Refused("edition.tier-without-rows", standard=standard, tier=str(of.standard.tier))
        with world.lock:
            upto = world.ledger.size  # within the lock the tables say all that the log does
            with world.store.read() as rows:
                if rows.get(Edition, standard, name) is not None:
                    raise Refused("edition.known", edition=id)
        draft = Edition(
            standard=standard,
            name=name,
            version=of.standard.version,
            upto=upto,
            batch=pool.batch(world, of.standard),
            digest="",
            statement="",
            index=upto,
        )
        parts = _parts(world, of, draft)
        if not parts:
            raise Refused("edition.empty", standard=standard)
        column = of.standard.marking
        marking = None if column is None else (column.name, column.markings)
        world.editions.freeze(id, parts, supersede=of.standard.repeat is Repeat.SUPERSEDE, marking=marking)
        return _record(world, draft, digest_of(world, id, [part.deposit for part in parts]))


def _parts(world: World, of: pool.Pool, draft: Edition) -> list[EditionPart]:
    _, files = pool.deposits(world, of)
    with world.store.read() as rows:
        gone = {one.deposit for one in rows.find(Withdrawal, standard=draft.standard)}
        logged = [deposit for deposit in pool.in_order(rows, draft.standard) if deposit.index < draft.upto]
        chosen = [deposit for deposit in pool.kept(rows, draft) if deposit.id not in gone]
        if stage.gated(of.standard):  # of the others nothing could ever leave, and newer rows would hide older ones
            staged, _ = pool.staging(world, of)
            chosen = [deposit for deposit in chosen if staged.out(deposit.id)]
        under = {one.deposit: one.terms for one in rows.find(Restricted, standard=draft.standard)}
    if any(deposit.id not in files and deposit.id not in gone for deposit in logged):
        raise Unavailable("edition.pending", standard=draft.standard)
    return [
        EditionPart(
            deposit=deposit.id,
            path=path,
            tag=deposit.tag,
            sequence=deposit.index,
            terms=" ".join(under.get(deposit.id, ())),
        )
        for deposit in chosen
        for path in files[deposit.id]
    ]


def digest_of(world: World, id: str, deposits: Iterable[str]) -> str:
    """The digest of an edition that holds these deposits: SHA-256 over each one's id and its file's digest, in order.

    The digests are those that were told when it was frozen, so that a file that was changed since is never signed.
    """
    told = world.editions.told(id)
    return seal.digest(seal.canonical([[deposit, told[deposit]] for deposit in deposits if deposit in told]))


def _record(world: World, edition: Edition, digest: str, *, replaces: str | None = None) -> Edition:
    facts = {
        "standard": edition.standard,
        "version": edition.version,
        "name": edition.name,
        "upto": edition.upto,
        "batch": edition.batch,
        "digest": digest,
        "replaces": replaces,
    }
    state.record(world, state.statement(world, Kind.EDITION, facts))
    with world.store.read() as rows:
        found = rows.get(Edition, edition.standard, edition.name)
    return found or edition


def revise(world: World, standard: str, deposits: Collection[str]) -> list[str]:
    """Take the rows of deposits that were withdrawn out of a reservoir's editions; the ids of those that lost any.

    Whatever stopped it, the same again goes on.
    """
    with world.store.read() as rows:
        since = min((one.index for id in deposits if (one := rows.get(Withdrawal, id)) is not None), default=0)
    with _FREEZING:
        world.editions.erase(standard, deposits)
        concerned = []
        for edition in of_reservoir(world, standard):
            held, _, named = standing_in(world, edition)
            if set(deposits).isdisjoint(deposit.id for deposit in held):
                continue
            digest = digest_of(world, edition.id, named)
            if digest != edition.digest:
                _record(world, edition, digest, replaces=edition.statement)
            if digest != edition.digest or edition.index > since:  # it was revised before something stopped it
                concerned.append(edition.id)
        return concerned


def of_reservoir(world: World, standard: str) -> list[Edition]:
    """Every edition of a reservoir, by name."""
    with world.store.read() as rows:
        return rows.find(Edition, standard=standard)


def standing_in(world: World, edition: Edition) -> tuple[list[Deposit], list[str], list[str]]:
    """The deposits that an edition was frozen with; of these the ids that nobody withdrew; and those in its digest.

    A deposit under restrictions stays in the digest when it leaves: a revision is public, and would tell that it was
    there to whom it was kept from.
    """
    with world.store.read() as rows:
        held = pool.kept(rows, edition)
        gone = {one.deposit for one in rows.find(Withdrawal, standard=edition.standard)}
        under = {one.deposit for one in rows.find(Restricted, standard=edition.standard)}
    standing = [str(deposit.id) for deposit in held if deposit.id not in gone]
    return held, standing, [deposit.id for deposit in held if deposit.id not in gone or deposit.id in under]
