"""What restricts deposits, as tables: contributors' own terms, and the reservations of countries.

A deposit is under what its own manifest says, and under what the country says last, under whose accession its
contributor stands: what came in before a reservation is bound by it too. A country that left said its last word.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from datadam import restriction
from datadam.errors import Untrusted
from datadam.formats import own_terms
from datadam.model import Decided, Deposit, Json, Kind, Member, MemberKind, Release, Withdrawal
from datadam.ports import Rows
from datadam.restriction import Asker, Cut, Reservation, Restricted

RECORDS: Final = (Reservation, Restricted)
"""The tables."""


def came(rows: Rows, deposit: Deposit, own: Json | None) -> None:
    """Take note of what a new deposit is under, if of anything."""
    member = rows.get(Member, deposit.contributor)
    held = rows.get(Reservation, member.under) if member is not None and member.under is not None else None
    one = Restricted(
        deposit=deposit.id,
        contributor=deposit.contributor,
        standard=deposit.standard,
        own=own_terms.kept(own) if own is not None else None,
        reserved=held.terms if held is not None else (),
        since=deposit.index,
    )
    if one.terms:
        rows.put(one)


def reserve(rows: Rows, country: str, said: Sequence[Json], statement: str, index: int) -> None:
    """Bind all that the firms under a country deposited to what it says now, and to nothing that it said before."""
    terms = tuple(sorted({own_terms.kept(one) for one in said}))
    rows.put(Reservation(country=country, terms=terms, statement=statement, index=index))
    for firm in rows.find(Member, under=country):
        gone = {one.deposit for one in rows.find(Withdrawal, contributor=firm.id) if one.purged is not None}
        for deposit in rows.find(Deposit, contributor=firm.id):
            if deposit.id in gone:  # it is under what it was under as it left
                continue
            bare = Restricted(deposit=deposit.id, contributor=firm.id, standard=deposit.standard, own=None, since=index)
            held = rows.get(Restricted, deposit.id)
            one = replace(held or bare, reserved=terms, since=index)
            if one.terms:
                rows.put(one)
            elif held is not None:
                rows.remove(held)


def _fold_reservation(rows: Rows, index: int, id: str, body: Json) -> None:
    """By a country that is a member; what it says takes the place of what it said before."""
    country = rows.get(Member, body["member"])
    if country is None or country.kind is not MemberKind.COUNTRY or country.until is not None:
        raise Untrusted("reservation.not-country", member=body["member"], statement=id)
    reserve(rows, country.id, body["restrictions"], id, index)


FOLDS: Final[Mapping[Kind, Callable[[Rows, int, str, Json], None]]] = {Kind.RESERVATION: _fold_reservation}
"""How such a statement changes the tables."""


# --- asking -----------------------------------------------------------------------------------------------------------


def cut(terms: Iterable[str], asker: Asker, *, now: str) -> Cut | None:
    """What restrictions, as they are kept, let out."""
    return restriction.cut([own_terms.parsed(one) for one in terms], asker, now=now)


def may_hold(rows: Rows, release: Release, deposit: str) -> bool:
    """Whether its restrictions let rows of a deposit into a release: never no if they did.

    What its contributor said of it never changes; what a country said before it said something else is not looked up.
    """
    held = rows.get(Restricted, deposit)
    decided = rows.get(Decided, release.decision) if release.decision is not None else None
    member = rows.get(Member, release.member)
    if held is None or decided is None or decided.facts is None or member is None:
        return True
    terms = held.terms if held.since < release.index else tuple(filter(None, [held.own]))
    asker = restriction.asker(decided.action, decided.facts, member.jurisdiction)
    return cut(terms, asker, now=str(decided.facts["now"])) is not None
