"""Rounds that were shown to others, as a log proves it: by whose signatures, and that nothing else was handed over."""

from collections.abc import Iterator
from dataclasses import dataclass

from datadam.errors import Untrusted
from datadam.model import Json, Kind
from datadam.obligations.view import Logged, View


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What came of one round, shown to one member that took no part in it."""

    origin: str
    round: str
    member: str
    index: int  # of the first time that it was shown
    makers: int  # of the round, all of which signed
    refused: int  # times that the member was refused before
    whole: bool  # whether the makers' signatures are at hand; they are for them and for auditors


def shown(view: View) -> Iterator[Shown]:
    """Every round that was shown, by the terms that its reader and all its makers signed; else `Untrusted`."""
    refused: dict[tuple[str, str], int] = {}
    told: set[tuple[str, str]] = set()
    for one in view.of(Kind.SHOWN):
        which = (str(one.body["round"]), str(one.body["member"]))
        if bool(one.body["reasons"]) is one.body["allowed"]:
            raise Untrusted("bundle.shown-other", origin=view.checkpoint.origin, index=one.index)
        if not one.body["allowed"]:
            refused[which] = refused.get(which, 0) + 1
            continue
        whole = _agreed(view, one)
        if which not in told:
            told.add(which)
            yield Shown(
                origin=view.checkpoint.origin,
                round=which[0],
                member=which[1],
                index=one.index,
                makers=one.body["makers"],
                refused=refused.get(which, 0),
                whole=whole,
            )


def _agreed(view: View, one: Logged) -> bool:
    """Whether all that a yes rests on is at hand; what is at hand and says otherwise is `Untrusted`."""
    body, wrong = one.body, Untrusted("bundle.shown-other", origin=view.checkpoint.origin, index=one.index)
    terms, makers = view.find(body["showing"]), _makers(view, body["round"])
    if terms is not None and not _cover(terms, one):
        raise wrong
    signatures = (each for each in view.of(Kind.CONSENT) if each.index < one.index)
    consents = [each.body for each in signatures if each.body["showing"] == body["showing"]]
    signed = {str(each["member"]) for each in consents}
    if makers is not None and (not signed <= makers or len(makers) != body["makers"]):
        raise wrong
    sheets = sorted(str(each["sheet"]) for each in consents)
    whole = terms is not None and makers is not None and signed == makers
    if (whole and sheets != body["sheets"]) or not set(sheets) <= set(body["sheets"]):
        raise wrong
    if not whole and not view.unseen:
        raise wrong
    return whole


def _cover(terms: Logged, one: Logged) -> bool:
    """Whether it is what the terms are about, in their time."""
    about, body = terms.body, one.body
    same = terms.kind is Kind.SHOWING and (about["round"], about["member"]) == (body["round"], body["member"])
    return same and terms.index < one.index and bool(body["issued"] < about["until"])


def _makers(view: View, round_id: Json) -> frozenset[str] | None:
    """The makers of a round that found something, as the dam said it; None where that is not at hand."""
    for one in view.of(Kind.MATCH):
        if one.body["member"] is None and one.body["round"] == round_id and one.body["state"] == "found":
            return frozenset(str(each["member"]) for each in one.body["makers"])
    return None
