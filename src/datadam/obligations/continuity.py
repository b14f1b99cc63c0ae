"""Section E, rows 31 to 36: incidents are told in time, data are described and open, and a dam can stop or move."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final

from datadam import texts
from datadam.duties import Topic
from datadam.formats import codelists
from datadam.formats.law import Clocks, due
from datadam.model import Column, Kind, Reason, Standard, Tier, instant
from datadam.obligations import disclosure, flows, past
from datadam.obligations.checking import Check, Checked, Found, both, checked, found, unbelieved
from datadam.obligations.view import Logged, View
from datadam.terms import Action, AgreementState

# --- 31: who must hear of an incident, hears of it in time ------------------------------------------------------------


def incidents(view: View) -> Checked:
    """Every notice that an incident made due was given in time, or there is still time."""
    told = checked(view.of(Kind.INCIDENT), lambda one: _overdue(view, one))
    notices = [one for one in view.of(Kind.NOTICE) if one.body["topic"] == Topic.INCIDENT]
    return both(told, checked(notices, lambda one: _late(view, one)))


def _overdue(view: View, one: Logged) -> Iterator[Reason]:
    """By the clocks that were adopted last, so that a correction reaches what is open."""
    clocks = past.clocks(view, view.checkpoint.size)
    if clocks is None or past.clocks(view, one.index) is None:
        yield Reason("obligation.clocks-none", {})
        return
    given = _given(view, one.id, view.checkpoint.size)
    for each, deadline in _deadlines(one, clocks, given).items():
        if each not in given and instant(view.now) > deadline:
            yield Reason("obligation.notice-overdue", {"clock": each, "deadline": deadline})


def _late(view: View, one: Logged) -> Iterator[Reason]:
    """By the clocks in use where it was logged: what was in time then does not become late."""
    incident, clocks = view.find(one.body["about"]), past.clocks(view, one.index)
    if incident is None or incident.kind is not Kind.INCIDENT or incident.index > one.index or clocks is None:
        yield Reason("obligation.incident-unknown", {"about": one.body["about"]})
        return
    clock, given = one.body["clock"], str(one.body["given"])
    deadline = _deadlines(incident, clocks, _given(view, incident.id, one.index)).get(clock)
    if deadline is None:
        yield Reason("obligation.clock-unknown", {"clock": str(clock)})
    elif given > deadline:
        yield Reason("obligation.notice-late", {"clock": clock, "given": given, "deadline": deadline})
    elif one.body["due"] != deadline:
        yield Reason("obligation.deadline-other", {"clock": clock, "told": str(one.body["due"]), "deadline": deadline})
    if given < incident.body["at"]:
        yield Reason("obligation.notice-before", {"given": given, "at": incident.body["at"]})


def _given(view: View, incident: str, before: int) -> dict[str, datetime]:
    """When each notice of an incident was given, by clock, as the log says before a place in it."""
    return {
        str(one.body["clock"]): datetime.fromisoformat(one.body["given"])
        for one in view.of(Kind.NOTICE)
        if one.body["about"] == incident and one.body["given"] is not None and one.index < before
    }


def _deadlines(one: Logged, clocks: Clocks, given: Mapping[str, datetime]) -> dict[str, str]:
    incident = flows.incident(one)
    return {each.clock.id: instant(each.deadline) for each in due(incident, clocks, incident.countries, given)}


# --- 33: what is pooled is described ----------------------------------------------------------------------------------


def descriptions(view: View) -> Checked:
    """Every standard says what its data are, in public words, and what they may be used for; every deposit how good."""
    standards = checked(view.of(Kind.STANDARD), lambda one: _undescribed(view, one))
    return both(standards, checked(view.of(Kind.OUTCOME), lambda one: _unmeasured(view, one)))


def _undescribed(view: View, one: Logged) -> Iterator[Reason]:
    held = past.read_standard(one)
    if held is None:
        yield Reason("obligation.standard-unreadable", {"standard": one.body["standard"]})
        return
    lacking = [] if _restricted(view, held) else ["purposes"]
    lacking += _wordless("", held.titles) + _wordless("", held.descriptions)
    for column in held.columns:
        lacking += _wordless(column.name, column.titles) + _wordless(column.name, column.descriptions)
        lacking += [f"{column.name}.codes"] if _private_words(column) else []
    if lacking:
        yield Reason("obligation.card-lacks", {"standard": held.id, "fields": ", ".join(dict.fromkeys(lacking))})


def _restricted(view: View, held: Standard) -> bool:
    """Whether anything says what the data may be used for: the standard, be it by being open to all, or an offer."""
    offers = (one for one in view.of(Kind.OFFER) if one.body["standard"] == held.id)
    return held.tier is Tier.OPEN or bool(held.purposes or held.terms) or any(True for _ in offers)


def _wordless(name: str, words: Mapping[str, str]) -> list[str]:
    return [f"{name or 'text'}.{each}" for each in texts.LANGUAGES if not words.get(each, "").strip()]


def _private_words(column: Column) -> bool:
    """Whether a column's codes are of a list that nobody knows, or that says not where it is from."""
    if column.codes is None:
        return False
    held = codelists.packaged().get(column.codes)
    return held is None or not (held.origin.strip() and held.licence.strip())


def _unmeasured(view: View, one: Logged) -> Iterator[Reason]:
    """Rows that were refused are counted by rule, and are no more than the standard admits."""
    body = one.body
    if bool(body["rejected"]) is not any(body["faults"].values()):
        yield Reason("obligation.quality-untold", {"rejected": body["rejected"]})
    held = past.version(view, body["standard"], body["version"], one.index)
    if held is None:
        yield Reason("obligation.standard-unknown", {"standard": body["standard"], "version": body["version"]})
    elif Decimal(body["rejected"]) > held.reject_limit * body["rows"]:
        facts = {"rejected": body["rejected"], "rows": body["rows"], "limit": str(held.reject_limit)}
        yield Reason("obligation.quality-below", facts)


# --- 34: a dam can be stopped, and its rules are kept -----------------------------------------------------------------


def archive(view: View) -> Checked:
    """Every yes follows from terms that can still be had, and none rests on what was stopped."""
    return checked([one.entry for one in past.allowed(view)], lambda one: _unfounded(view, one))


def _unfounded(view: View, one: Logged) -> Iterator[Reason]:
    terms = one.body["offer"]
    held = view.find(terms) if terms is not None else None
    if terms is not None and (held is None or held.kind is not Kind.OFFER or held.index > one.index):
        yield Reason("obligation.offer-unreadable", {"offer": terms})
        return
    fault = disclosure.otherwise(view, one)
    if fault is not None:
        yield Reason(fault.code, fault.facts)
    if (stop := _stopped(view, one)) is not None:
        yield Reason("obligation.basis-stopped", {"basis": str(one.body["basis"]), "by": stop.id})


def _stopped(view: View, one: Logged) -> Logged | None:
    """The statement by which what a yes rests on was held up or over."""
    before = [each for each in _stops(view).get(str(one.body["basis"]), ()) if each.index < one.index]
    resumed = before and before[-1].body.get("state") == AgreementState.FINALISED
    return before[-1] if before and not resumed else None


@lru_cache(maxsize=4)
def _stops(view: View) -> dict[str, list[Logged]]:
    """Every statement that holds up an agreement or a grant, ends it, or lets it go on, by its id."""
    found: dict[str, list[Logged]] = {}
    for each in view.of(Kind.AGREEMENT_CHANGE, Kind.REVOCATION):
        basis = each.body["agreement"] if each.kind is Kind.AGREEMENT_CHANGE else each.body["grant"]
        found.setdefault(str(basis), []).append(each)
    return found


# --- 35: what is open, is open ----------------------------------------------------------------------------------------


def openness(view: View) -> Checked:
    """Nobody was refused what is open, but under an order; and a stranger who asked just now was given it."""
    asked = [
        one.entry
        for one in past.deeds(view)
        if one.action is Action.READ and one.standard is not None and one.standard.tier is Tier.OPEN
    ]
    return both(checked(asked, _refused), _strangers(view))


def _refused(one: Logged) -> Iterator[Reason]:
    wrong = sorted({each["code"] for each in one.body["reasons"]} - _MAY_CLOSE)
    if not one.body["allowed"] and wrong:
        yield Reason("obligation.open-refused", {"standard": one.body["standard"], "codes": ", ".join(wrong)})


_MAY_CLOSE: Final = frozenset({"ask.frozen", "ask.order", "ask.peer-silent"})
"""What may be put in the way of a reservoir that is open to everybody."""


def open_reservoirs(view: View) -> tuple[str, ...]:
    """What is open to everybody by the last version of its standard."""
    ids = sorted({str(one.body["standard"]) for one in view.of(Kind.STANDARD)})
    held = ((id, past.standard(view, id, view.checkpoint.size)) for id in ids)
    return tuple(id for id, one in held if one is not None and one.tier is Tier.OPEN)


def _strangers(view: View) -> Checked:
    """What a stranger met who asked for each open reservoir, where the auditor asked as one."""
    last: dict[str, Logged] = {one.body["standard"]: one for one in view.of(Kind.STANDARD)}
    met = {id: code for id, code in view.strangers.items() if id in last}
    wrong: list[Found] = [
        found(last[id], Reason("obligation.open-refused", {"standard": id, "codes": code}))
        for id, code in met.items()
        if code and code not in _MAY_CLOSE
    ]
    return Checked(looked=len(met), found=tuple(wrong))


# --- 36: another dam can go on with it --------------------------------------------------------------------------------


def moving(view: View) -> Checked:
    """Every entry has a body that another dam can verify, or the log says why it is gone."""
    gone = {str(one.body["body"]) for one in view.of(Kind.ERASURE)} | set(flows.withdrawals(view))
    absent = [one for one in view.unbelieved if one.fault is None and one.statement is None and one.id not in gone]
    if view.served and _gives_answers(view):
        absent = [one for one in absent if not one.activity]
    wrong = [unbelieved(one, one.fault) for one in view.unbelieved if one.fault is not None]
    wrong += [_absent(one.index, one.id) for one in absent] if view.whole else []
    return Checked(
        looked=len(view.logged) + len(wrong), found=tuple(sorted(wrong, key=lambda each: (each.index, each.id)))
    )


def _gives_answers(view: View) -> bool:
    """Whether any reservoir gives private answers only: what was handed in there is for its contributor alone."""
    ids = {str(one.body["standard"]) for one in view.of(Kind.STANDARD)}
    held = (past.standard(view, id, view.checkpoint.size) for id in ids)
    return any(one is not None and one.tier is Tier.ANSWERS for one in held)


def _absent(index: int, id: str) -> Found:
    return Found(index=index, id=id, who="", when="", what=Reason("obligation.body-missing", {}))


CHECKS: Final[Mapping[int, Check]] = {
    31: incidents,
    33: descriptions,
    34: archive,
    35: openness,
    36: moving,
}
