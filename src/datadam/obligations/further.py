"""Rows 37 to 43: what law asks beside data protection; whether it is the case, named persons declare.

No program sees whether a reservoir holds strategic items, competitors' prices or data in bulk. Where the dam or a
steward declares that it does, the log is held against that: what went out, to whom, where to, how old, and for what.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from datadam.model import Kind, PrivacyClass, Protection, Reason, Tier, instant
from datadam.obligations import declared, flows, past
from datadam.obligations.checking import Check, Checked, both, checked
from datadam.obligations.past import members
from datadam.obligations.view import Logged, View
from datadam.obligations.wording import terms
from datadam.terms import Action, Constraint, Offer, Operand, Operator

EXPORT, TECHNOLOGY, COMPETITION, BULK, SANCTIONS, THREATS, RIGHTS = range(37, 44)
_ROWS: Final = frozenset({Tier.OPEN, Tier.AGREEMENT})
"""The tiers on which rows leave; from the others only tables and answers do."""


# --- 37 and 38: what may not leave without leave ----------------------------------------------------------------------


def exports(view: View) -> Checked:
    """Of what is declared strategic, nothing leaves the country but to where there is leave."""
    return both(
        _against(view, EXPORT, _yes(view, EXPORT), lambda one, word: _abroad(view, one, word)), _open(view, EXPORT)
    )


def technology(view: View) -> Checked:
    """Of what is declared core technology, nothing goes abroad, nor to anybody from abroad, without leave."""

    def broken(one: Logged, word: Logged) -> Iterator[Reason]:
        yield from _abroad(view, one, word)
        yield from _foreign(view, one, word)

    return both(_against(view, TECHNOLOGY, _yes(view, TECHNOLOGY), broken), _open(view, TECHNOLOGY))


def _yes(view: View, row: int) -> list[Logged]:
    """Every yes, and each release on a yes of before some word about the row: that one word binds it, too."""
    words = [one.index for one in declared.of_row(view, row)]
    late = [
        one
        for one in view.of(Kind.RELEASE)
        if (deed := _deed(view, one)) is not None and any(deed.entry.index < word < one.index for word in words)
    ]
    return sorted([*(deed.entry for deed in past.allowed(view)), *late], key=lambda one: one.index)


def _deed(view: View, one: Logged) -> past.Deed | None:
    """The decision that an entry is, or that a release rests on."""
    return past.deed(view, one.body.get("decision", one.id))


def _against(
    view: View, row: int, entries: Iterable[Logged], broken: Callable[[Logged, Logged], Iterable[Reason]]
) -> Checked:
    """Entries about a standard, each held against every word that counts there; and nobody relies on one that is over.

    Where nothing is declared, nothing is looked at.
    """
    words = [(one, declared.about(view, row, one.body["standard"], one.index)) for one in entries]
    concerned = {one.index: held for one, held in words if held}

    def look(one: Logged) -> Iterator[Reason]:
        for word in concerned[one.index]:
            yield from declared.over(word, one.issued)
            yield from broken(one, word)

    return checked([one for one, held in words if held], look)


def _destination(view: View, one: Logged) -> str | None:
    deed = _deed(view, one)
    return deed.destination if deed is not None else None


def _abroad(view: View, one: Logged, word: Logged) -> Iterator[Reason]:
    country = _destination(view, one)
    if country is None:
        yield Reason("obligation.destination-unsaid", {"declaration": word.id})
    elif country not in {view.home, *word.body["countries"]}:
        yield Reason("obligation.left-without-leave", {"country": country, "declaration": word.id})


def _foreign(view: View, one: Logged, word: Logged) -> Iterator[Reason]:
    country = _jurisdiction(view, one)
    if country not in {view.home, *word.body["countries"]}:
        yield Reason("obligation.recipient-foreign", {"country": str(country), "declaration": word.id})


def _jurisdiction(view: View, one: Logged) -> str | None:
    held = members(view).get(one.body["member"])
    return str(held.body["jurisdiction"]) if held is not None else None


def _open(view: View, row: int) -> Checked:
    """What is declared is not open to everybody: who strangers are, nobody knows."""
    end = view.checkpoint.size
    named = sorted({str(one.body["standard"]) for one in declared.of_row(view, row) if one.body["standard"]})
    binding = [word for id in named for word in declared.about(view, row, id, end)]

    def look(word: Logged) -> Iterator[Reason]:
        held = past.standard(view, word.body["standard"], end)
        if held is not None and held.tier is Tier.OPEN:
            yield Reason("obligation.open-though-declared", {"standard": held.id})

    return checked(binding, look)


# --- 39: what competitors may not tell one another --------------------------------------------------------------------


def competition(view: View) -> Checked:
    """Of what competitors must not exchange, nobody who sells the same gets rows of another that are too young."""
    to_competitors = [one for one in view.of(Kind.RELEASE) if _competes(view, one)]
    return _against(view, COMPETITION, to_competitors, lambda one, word: _young(view, one, word))


def _competes(view: View, release: Logged) -> bool:
    """Whether who gets rows has handed in rows of the same kind."""
    first = flows.contributors(view).get((release.body["member"], release.body["standard"]))
    return first is not None and first < release.index


def _young(view: View, one: Logged, word: Logged) -> Iterator[Reason]:
    """Rows count from when they were sealed here: when they were true, only their contributor knows."""
    held = past.version(view, one.body["standard"], one.body["version"], one.index)
    if held is not None and held.tier not in _ROWS:
        return
    days = word.body["days"]
    since = "" if days is None else instant(datetime.fromisoformat(one.issued) - timedelta(days=days))
    taken = flows.within(view, flows.release(view, one.id), since=since)
    other = next((each for each in taken if each.contributor != one.body["member"]), None)
    if other is not None:
        facts = {"deposit": other.id, "days": "–" if days is None else days, "declaration": word.id}
        yield Reason("obligation.competitors-rows", facts)


# --- 40: data in bulk to countries of concern -------------------------------------------------------------------------


def bulk(view: View) -> Checked:
    """Of what is declared sensitive in bulk, nothing goes to a country of concern, and contracts bar its going on."""
    return both(
        _against(view, BULK, _yes(view, BULK), lambda one, word: _of_concern(view, one, word)),
        _against(view, BULK, view.of(Kind.AGREEMENT), lambda one, word: _going_on(view, one, word)),
        _open(view, BULK),
    )


def _of_concern(view: View, one: Logged, word: Logged) -> Iterator[Reason]:
    reached = {_destination(view, one), _jurisdiction(view, one)}
    for country in sorted(each for each in word.body["countries"] if each in reached):
        yield Reason("obligation.country-of-concern", {"country": country, "declaration": word.id})


def _going_on(view: View, one: Logged, word: Logged) -> Iterator[Reason]:
    offer = past.offer(view, one.body["offer"])
    loose = sorted(each for each in word.body["countries"] if offer is None or not _bars(offer, each))
    if loose:
        yield Reason("obligation.onward-open", {"countries": ", ".join(loose), "declaration": word.id})


def _bars(offer: Offer, country: str) -> bool:
    """Whether no permission of an offer lets anything be taken to a country."""
    return all(
        any(_shuts(one, country) for one in permission.constraints) or _forbidden(offer, action, country)
        for permission in offer.permissions
        for action in permission.actions
    )


def _shuts(one: Constraint, country: str) -> bool:
    named = isinstance(one.value, tuple) and country in one.value
    return one.operand is Operand.DESTINATION and named is (one.operator is Operator.NONE_OF)


def _forbidden(offer: Offer, action: Action, country: str) -> bool:
    """Whether a prohibition of the action holds wherever the destination is that country."""
    about = (one for one in offer.prohibitions if action in one.actions)
    return any(
        all(each.operand is Operand.DESTINATION and not _shuts(each, country) for each in one.constraints)
        for one in about
    )


# --- 41: who is on a list of sanctions --------------------------------------------------------------------------------


def sanctions(view: View) -> Checked:
    """Who is declared listed gets nothing; where the dam declares that it vets, nobody gets anything unvetted."""
    words = [one for one in declared.of_row(view, SANCTIONS) if one.body["member"] is None]
    first = min((one.index for one in words), default=view.checkpoint.size)
    return checked([one for one in _yes(view, SANCTIONS) if one.index > first], lambda one: _listed(view, one))


def _listed(view: View, one: Logged) -> Iterator[Reason]:
    id = one.body["member"]
    held = [each for each in _words(view, one, id) if each.body["member"] is None]
    vets = [each for each in _words(view, one, None) if each.body["member"] is None and each.body["applies"]]
    for word in held:
        yield from declared.over(word, one.issued)
        if word.body["applies"]:
            yield Reason("obligation.member-listed", {"member": id, "declaration": word.id})
    if vets and not held:
        yield Reason("obligation.member-unvetted", {"member": id, "declaration": vets[0].id})


def _words(view: View, one: Logged, subject: str | None) -> list[Logged]:
    return declared.standing(view, SANCTIONS, one.index, standard=None, subject=subject)


# --- 42: threats are shared as the protection asks --------------------------------------------------------------------


def threats(view: View) -> Checked:
    """What is declared shared about threats goes out for security only, without data that tell of persons."""
    return _against(view, THREATS, _yes(view, THREATS), lambda one, word: _unprotected(view, one, word))


def _unprotected(view: View, one: Logged, word: Logged) -> Iterator[Reason]:
    deed, purposes = _deed(view, one), terms(THREATS, "purposes")
    purpose, columns = (deed.purpose, deed.columns) if deed is not None else (None, ())
    if purpose not in purposes:
        facts = {"purpose": purpose or "–", "purposes": ", ".join(purposes), "declaration": word.id}
        yield Reason("obligation.purpose-unprotected", facts)
    personal = (each for each in columns if each.privacy_class is PrivacyClass.PERSONAL)
    kept = sorted(each.name for each in personal if each.protection is Protection.KEEP)
    if kept:
        yield Reason("obligation.persons-kept", {"columns": ", ".join(kept), "declaration": word.id})


# --- 43: whose data it is ---------------------------------------------------------------------------------------------


def rights(view: View) -> Checked:
    """Where data are declared others' by their making, each who hands some in declares the right to."""
    return _against(view, RIGHTS, view.of(Kind.OUTCOME), lambda one, word: _unentitled(view, one, word))


def _unentitled(view: View, one: Logged, word: Logged) -> Iterator[Reason]:
    by = one.body["contributor"]
    held = declared.standing(view, RIGHTS, one.index, standard=one.body["standard"])
    own = [each for each in held if each.body["member"] == by and each.body["applies"]]
    if not own:
        yield Reason("obligation.right-undeclared", {"member": by, "declaration": word.id})
    for each in own:
        yield from declared.over(each, one.issued)


CHECKS: Final[Mapping[int, Check]] = {
    EXPORT: exports,
    TECHNOLOGY: technology,
    COMPETITION: competition,
    BULK: bulk,
    SANCTIONS: sanctions,
    THREATS: threats,
    RIGHTS: rights,
}
