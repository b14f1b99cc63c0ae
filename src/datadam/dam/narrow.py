"""Narrow: what of a reservoir's deposits, rows and columns leaves for an ask that is allowed.

Deposits may be under restrictions (`dam.restricted`), rows may be marked. What is not for an asker is left out as if it
had never come: its share, its batches, its versions and its addresses follow from what it may have, and from nothing
else. So a deposit that is kept from somebody cannot be told by it from none.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from datadam import restriction, seal
from datadam.dam import restricted
from datadam.dam.world import World
from datadam.duties import STRICTNESS
from datadam.model import Column, Share, Standard
from datadam.ports import Rows
from datadam.restriction import WHOLE, Asker, Cut, Restricted
from datadam.standard import personal_unit
from datadam.terms import CURRENT

_SECRET: Final = "share"  # noqa: S105  (the name of a secret, not one)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What of a deposit leaves."""

    withheld: tuple[str, ...] = ()  # columns whose cells stay empty in its rows
    markings: tuple[str, ...] | None = None  # of the rows that leave; None: all do


@dataclass(frozen=True, kw_only=True)
class Narrowing:
    """What an allowed ask gets of a reservoir, or of an edition of it."""

    standard: Standard  # whole
    columns: tuple[Column, ...]  # those of it that leave
    ceilings: tuple[str, ...] = ()  # of markings, as the offer says
    under: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # deposit → the restrictions that it is under
    cuts: Mapping[tuple[str, ...], Cut | None] = field(default_factory=dict)  # what each of them lets out
    versions: tuple[str, ...] | None = None  # editions that leave, and `CURRENT`; None: all do
    joined: bool = False  # whether a person is the same in the rows of all contributors (`dam.combine`)
    bare: frozenset[str] = frozenset()  # deposits without any row whose marking leaves
    quiet: frozenset[str] = frozenset()  # deposits of whose markings nothing is known: their files are not there

    def piece(self, deposit: str) -> Piece | None:
        """What of a deposit leaves; None if nothing does."""
        return None if deposit in self.bare else self._pieces[self.under.get(deposit, ())]

    @cached_property
    def _pieces(self) -> dict[tuple[str, ...], Piece | None]:
        found = {terms: self._piece(one) for terms, one in self.cuts.items()}
        return {(): self._piece(WHOLE), **found}

    def _piece(self, cut: Cut | None) -> Piece | None:
        """A row without a column that the standard requires is none of it, so it does not leave at all."""
        if cut is None:
            return None
        most = STRICTNESS[cut.sensitivity]
        above = [one for one in self.columns if STRICTNESS[one.privacy_class] > most]
        hollow = self.columns and not [one for one in self.columns if STRICTNESS[one.privacy_class] <= most]
        if hollow or any(one.required for one in above):
            return None
        column = self.standard.marking
        order = column.markings if column is not None else ()
        markings = restriction.allowed_markings(order, (*self.ceilings, *cut.markings))
        if markings == ():
            return None
        return Piece(withheld=tuple(one.name for one in above), markings=markings)

    def lets_out(self, edition: str | None) -> bool:
        """Whether anything of that edition leaves; of the reservoir as it stands, where none is named."""
        return self.versions is None or (edition or CURRENT) in self.versions

    @property
    def by_marking(self) -> bool:
        """Whether any row is left out for its marking."""
        return any(piece is not None and piece.markings is not None for piece in self._pieces.values())

    @property
    def marking(self) -> str | None:
        """The column that rows are left out by; None where none is."""
        column = self.standard.marking
        return None if column is None else column.name

    @cached_property
    def told(self) -> dict[str, list[str]]:
        """What tells a share of this narrowing from others: of restrictions only those that let something out."""
        names = [one.name for one in self.columns]
        let_out = (
            f"{_key(terms)} {seal.digest(seal.canonical([list(piece.withheld), list(piece.markings or ['*'])]))}"
            for terms in {terms for deposit, terms in self.under.items() if deposit not in self.bare | self.quiet}
            if (piece := self._pieces[terms]) is not None
        )
        plain = self._pieces[()]
        marked = plain is None or plain.markings is not None
        return {
            "columns": [] if len(names) == len(self.standard.columns) else ["", *names],
            "markings": ["", *((plain and plain.markings) or ())] if marked else [],
            "persons": ["joined" if self.joined else "apart"] if any(map(personal_unit, self.columns)) else [],
            "terms": sorted(let_out),
        }

    def suffix(self, world: World) -> str:
        """What a share's recipient is followed by; nothing where all of the reservoir leaves."""
        if not any(self.told.values()):
            return ""
        return f"~{seal.keyed(world.secrets.secret(_SECRET), 'narrowing', _text(self.told)).hex()[:16]}"

    def sealed(self, world: World, member: str, now: str) -> str:
        """A keyed digest of what leaves of each restricted deposit, and of which nothing does.

        Another one for each member and second, so that it tells whoever has no key neither that there are any nor
        that there are others now.
        """
        pieces = {deposit: self.piece(deposit) for deposit in self.under}
        listed = [
            [deposit, None if piece is None else [list(piece.withheld), list(piece.markings or ["*"])]]
            for deposit, piece in sorted(pieces.items())
        ]
        told = [str(self.standard.id), now, listed]
        return seal.keyed(world.secrets.secret(_SECRET), "narrowed", member, seal.canonical(told).decode()).hex()

    def terms_of(self, deposits: Iterable[str]) -> str:
        """Which restrictions each of these deposits is under, in one spelling; those under none are left out."""
        return _text({one: _key(self.under[one]) for one in deposits if one in self.under})

    def covers(self, told: Mapping[str, Collection[str]]) -> bool:
        """Whether all that leaves under another narrowing, told so, leaves under this one in the same form."""
        same = all(list(told[name]) == self.told[name] for name in ("columns", "markings", "persons"))
        return same and set(told["terms"]) <= set(self.told["terms"])


PLAIN: Final[Mapping[str, Collection[str]]] = {"columns": (), "markings": (), "persons": (), "terms": ()}
"""How a share is told that has no suffix."""
NOTHING: Final = "{}"
"""What deposits are under that are under nothing."""


def _key(terms: tuple[str, ...]) -> str:
    """A name of a combination of restrictions."""
    return seal.digest(seal.canonical(list(terms)))


def _text(value: object) -> str:
    return seal.canonical(value).decode()


def narrowing(
    rows: Rows, standard: Standard, columns: Sequence[Column], ceilings: Iterable[str], asker: Asker, *, now: str
) -> Narrowing:
    """What leaves of a reservoir for whoever asks so, of the columns that its offer lets out."""
    under = {one.deposit: one.terms for one in rows.find(Restricted, standard=str(standard.id))}
    cuts = {terms: restricted.cut(terms, asker, now=now) for terms in set(under.values())}
    return Narrowing(
        standard=standard, columns=tuple(columns), ceilings=tuple(sorted(ceilings)), under=under, cuts=cuts
    )


def never_held(rows: Rows, share: Share, deposits: Collection[str], told: Mapping[str, Collection[str]] | None) -> bool:
    """Whether none of these deposits was ever in a share of that recipient: each is under terms that never let it in.

    What was let in once and is not any more left with the share's next version, and all of its files with it.
    """
    if told is None or not set(deposits).isdisjoint(share.deposits):
        return False
    held = [rows.get(Restricted, one) for one in deposits]
    let_in = {one.partition(" ")[0] for one in told["terms"]}
    return all(one is not None and one.terms and _key(one.terms) not in let_in for one in held)
