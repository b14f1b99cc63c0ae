"""Section C, rows 13 to 22: privacy, purpose, and the rights of those whom data is about or from."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from datadam import seal, texts
from datadam.duties import Topic
from datadam.formats.law import due
from datadam.model import Kind, PrivacyClass, Protection, Reason, Release, Withdrawal, instant
from datadam.obligations import flows, past, records, wording
from datadam.obligations.checking import Check, Checked, both, checked, found, unbelieved
from datadam.obligations.past import Deed, allowed, checked_deeds
from datadam.obligations.view import Logged, View
from datadam.policy.deciding import OPEN
from datadam.policy.facts import OPERATOR
from datadam.terms import PURPOSES, Action, DutyKind, Operand

_STEP: Final = timedelta(hours=1)
"""What a dam may need between two statements of one step; a crash may come between them."""


# --- 13: only for purposes that there are -----------------------------------------------------------------------------


def purposes(view: View) -> Checked:
    """Every yes names a purpose that there is, and that the standard, the offer and the agreement all allow.

    Where grants decide and nothing tells of persons, none need be named.
    """
    return checked_deeds([one for one in allowed(view) if one.basis != OPEN], lambda one: _aimless(view, one))


def _aimless(view: View, one: Deed) -> Iterator[Reason]:
    if one.purpose is None:
        if one.entry.body["offer"] is not None or one.personal:
            yield Reason("obligation.no-purpose")
        return
    if one.purpose not in PURPOSES:
        yield Reason("obligation.purpose-unknown", {"purpose": one.purpose})
    for where, names in _said_purposes(view, one):
        if one.purpose not in names:
            yield Reason("obligation.purpose-not-in", {"purpose": one.purpose, "where": where})


def _said_purposes(view: View, one: Deed) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Where purposes are named, and which."""
    if one.standard is not None and one.standard.purposes:
        yield f"{one.standard.id} {one.standard.version}", one.standard.purposes
    said = one.term(Operand.PURPOSE)
    if said is not None and isinstance(said.value, tuple):
        yield str(one.entry.body["offer"])[:12], said.value
    agreed = view.find(one.basis)
    if agreed is not None and agreed.kind is Kind.AGREEMENT:
        yield agreed.id[:12], tuple(agreed.body["purposes"])


# --- 14: what pseudonymised data is for -------------------------------------------------------------------------------


def pseudonymised(view: View) -> Checked:
    """Rows with pseudonyms of persons leave for the purposes of the law alone, and no column in the clear does.

    A standard may declare another ground for its personal data than pseudonymisation; then this is not about it.
    """
    looked = [one for one in allowed(view) if one.personal and one.rows and _rests_on_pseudonyms(view, one)]
    return checked_deeds(looked, _identifying)


def _rests_on_pseudonyms(view: View, one: Deed) -> bool:
    """Whether nothing else was declared to be the ground in the law of the dam's own country."""
    said = one.standard.legal_roles if one.standard is not None else ()
    grounds = {each.basis for each in said if (each.data_class, each.space) == (PrivacyClass.PERSONAL, view.home)}
    return not grounds or not grounds.isdisjoint(wording.terms(14, "grounds"))


def _identifying(one: Deed) -> Iterator[Reason]:
    personal = [each for each in one.columns if each.privacy_class is PrivacyClass.PERSONAL]
    for each in personal:
        if each.protection is Protection.KEEP:
            yield Reason("obligation.in-the-clear", {"column": each.name})
    lawful = wording.terms(14, "purposes")
    if any(each.protection is Protection.UNIT_ID for each in personal) and one.purpose not in lawful:
        yield Reason("obligation.purpose-unlawful", {"purpose": one.purpose, "lawful": lawful})


# --- 15: who may combine ----------------------------------------------------------------------------------------------


def combining(view: View) -> Checked:
    """Every yes to combining data of persons cites a credential that its offer asks for and that its holder had."""
    looked = [one for one in allowed(view) if one.action is Action.COMBINE and one.personal]
    return checked_deeds(looked, lambda one: _unfit(view, one))


def _unfit(view: View, one: Deed) -> Iterator[Reason]:
    asked, cited = past.asked_credentials(one), frozenset(map(str, one.facts.get("credentials", ())))
    if not asked:
        yield Reason("obligation.combine-for-all")
        return
    held = past.credentials(view, one.member, str(one.entry.body["standard"]), one.entry.index, str(one.facts["now"]))
    if not asked & cited & held:
        yield Reason("obligation.combine-uncertified", {"member": one.member, "asked": sorted(asked)})


# --- 16: keys apart from data, and the register -----------------------------------------------------------------------


def apart(view: View) -> Checked:
    """Who knows whom rows are about has not the joined rows of others too; the register tells of each use."""
    return checked_deeds([one for one in allowed(view) if one.personal and one.rows], lambda one: _together(view, one))


def _together(view: View, one: Deed) -> Iterator[Reason]:
    standard = str(one.entry.body["standard"])
    since = flows.contributors(view).get((one.member, standard), one.entry.index)
    if _joined(one) and since < one.entry.index:
        yield Reason("obligation.both-rights", {"member": one.member, "standard": standard})
    for name in _unregistered(view, one):
        yield Reason("obligation.register-lacks", {"field": name})


def _joined(one: Deed) -> bool:
    """Whether pseudonyms of persons are the same across contributors: to combine, for a designated institution."""
    return one.action is Action.COMBINE and one.standard is not None and one.member in one.standard.combining


def _unregistered(view: View, one: Deed) -> Iterator[str]:
    """Which fields of the register the log does not tell; items and use are the columns and action of the decision."""
    if not one.purpose:
        yield "purpose"
    if past.jurisdiction(view, one.member) is None:
        yield "recipient"
    duties = one.permission.duties if one.permission is not None else ()
    limited = any(each.kind is DutyKind.RETENTION and each.days for each in duties)
    agreed = view.find(one.basis)
    if not limited and not (agreed is not None and agreed.body.get("expires")):
        yield "period"


# --- 17: nobody tries to tell who it is -------------------------------------------------------------------------------


def unnamed(view: View) -> Checked:
    """Whoever takes rows out signed a text that forbids to find out who stands behind them.

    Of the accession it is the fourth clause, of what guests sign the third.
    """
    known = {language: _digest(texts.accession(language)) for language in texts.LANGUAGES}
    known |= {f"guest {language}": _digest(texts.guest(language)) for language in texts.LANGUAGES}
    return checked_deeds([one for one in allowed(view) if one.basis != OPEN], lambda one: _unbound(view, one, known))


def _digest(text: str) -> str:
    return seal.digest(text.encode())


def _unbound(view: View, one: Deed, known: Mapping[str, str]) -> Iterator[Reason]:
    held = past.members(view).get(one.member)
    text = held.body["text"] if held is not None else {}
    language = str(text.get("language"))
    signed = f"guest {language}" if held is not None and "home" in held.body else language
    if signed not in known or text["digests"].get(language) != known[signed]:
        yield Reason("obligation.clause-unsigned", {"member": one.member})


# --- 18: what was taken back ------------------------------------------------------------------------------------------


def taken_back(view: View) -> Checked:
    """No yes rests on what was taken back before; whoever had rows of a withdrawn deposit was told."""
    told = {
        (one.body["about"], one.body["member"]) for one in view.of(Kind.NOTICE) if one.body["topic"] == Topic.WITHDRAWAL
    }
    based = [one for one in allowed(view) if one.basis != OPEN]
    return both(
        checked_deeds(based, lambda one: _over(view, one)),
        checked(view.of(Kind.WITHDRAWAL), lambda one: _untold(view, one, told)),
    )


def _over(view: View, one: Deed) -> Iterator[Reason]:
    index, basis = one.entry.index, view.find(one.basis)
    if basis is None or basis.index > index or basis.body.get("member") != one.member:
        yield Reason("obligation.basis-unknown", {"basis": str(one.basis)[:12]})
        return
    ends = [each for each in _changes(view).get(basis.id, ()) if each.index < index]
    if ends and ends[-1].body.get("state") != "finalised":
        yield Reason("obligation.basis-over", {"basis": basis.id[:12], "index": ends[-1].index})
    expires = basis.body.get("expires")
    if expires and expires <= one.facts["now"]:
        yield Reason("obligation.basis-expired", {"basis": basis.id[:12], "expires": expires})


@lru_cache(maxsize=4)
def _changes(view: View) -> dict[str, list[Logged]]:
    """What changed each grant and agreement, in log order: a change of it, or an agreement that took its place."""
    found: dict[str, list[Logged]] = {}
    last: dict[tuple[str, str], str] = {}
    for one in view.of(Kind.REVOCATION, Kind.AGREEMENT, Kind.AGREEMENT_CHANGE):
        if one.kind is Kind.AGREEMENT:
            whose = (str(one.body["member"]), str(one.body["standard"]))
            found.setdefault(last.get(whose, ""), []).append(one)
            last[whose] = one.id
        else:
            changed = one.body["grant" if one.kind is Kind.REVOCATION else "agreement"]
            found.setdefault(str(changed), []).append(one)
    return found


def _untold(view: View, one: Logged, told: set[tuple[str, str]]) -> Iterator[Reason]:
    held = [each for each in flows.withdrawals(view).values() if each.statement == one.id]
    purged = any(each.purged is not None for each in held)
    if not purged and (one.body["replaced_by"] or view.now - datetime.fromisoformat(one.issued) <= _STEP):
        return  # a replacement is shown until the new rows are there; the notices follow the statement
    for member in sorted(set(_recipients(view, held)) - {each for about, each in told if about == one.id}):
        yield Reason("obligation.not-told", {"member": member})


def _recipients(view: View, held: Iterable[Withdrawal]) -> Iterator[str]:
    """Who may have been given rows of these deposits before they were withdrawn, not their own contributor."""
    for one in held:
        given = flows.deposits(view).get(one.deposit)
        for release in _taken(view).get(one.standard, ()) if given is not None else ():
            meanwhile = given is not None and given.index < release.index < one.index
            others = meanwhile and release.member != one.contributor
            if others and given is not None and flows.let_out(view, release, given, one.index):
                yield release.member


@lru_cache(maxsize=4)
def _taken(view: View) -> dict[str, list[Release]]:
    """Releases of each reservoir, editions of it too."""
    found: dict[str, list[Release]] = {}
    for one in flows.releases(view):
        found.setdefault(one.standard.partition("@")[0], []).append(one)
    return found


# --- 19: requests of persons ------------------------------------------------------------------------------------------


def requests(view: View) -> Checked:
    """No answer to a person's request is open past its clock, and none was given after it."""
    events = wording.terms(19, "events")
    return checked([one for one in view.of(Kind.INCIDENT) if one.body["event"] in events], lambda one: _late(view, one))


def _late(view: View, one: Logged) -> Iterator[Reason]:
    clocks = past.clocks(view, view.checkpoint.size)
    if clocks is None:
        yield Reason("obligation.no-clocks")
        return
    notices = [each for each in view.of(Kind.NOTICE) if each.body["about"] == one.id and each.body["given"]]
    given = {str(each.body["clock"]): datetime.fromisoformat(each.body["given"]) for each in notices}
    for each in due(flows.incident(one), clocks, one.body["countries"], given):
        done = given.get(each.clock.id)
        if (done or view.now) > each.deadline:
            yield Reason("obligation.late", {"clock": each.clock.id, "deadline": instant(each.deadline)})


# --- 20: destroyed, and nothing of it in the log ----------------------------------------------------------------------


def destroyed(view: View) -> Checked:
    """What was withdrawn was erased in time, and the log says so; entries and statements are of their closed forms."""
    odd = [
        unbelieved(one, one.fault)
        for one in view.unbelieved
        if one.fault is not None and one.fault.code in {"log.entry-malformed", "statement.shape"}
    ]
    gone = {one.id for one in view.unbelieved if one.fault is None}
    together = both(
        Checked(looked=len(view.logged) + len(odd), found=tuple(odd)),
        checked(view.of(Kind.WITHDRAWAL), lambda one: _standing(view, one)),
        checked(view.of(Kind.OUTCOME), lambda one: _vanished(view, one, gone)),
    )
    return Checked(looked=len(view.logged) + len(odd), found=together.found)


def _standing(view: View, one: Logged) -> Iterator[Reason]:
    purge = next((each for each in view.of(Kind.PURGE) if each.body["withdrawal"] == one.id), None)
    (days,) = wording.terms(20, "days")
    by = datetime.fromisoformat(one.issued) + timedelta(days=int(days))
    if purge is None and view.now > by:
        yield Reason("obligation.not-erased", {"due": instant(by)})
    if purge is not None and datetime.fromisoformat(purge.issued) > by:
        yield Reason("obligation.erased-late", {"due": instant(by), "erased": purge.issued})
    for id in one.body["deposits"] if purge is not None else ():
        if view.find(id) is not None:
            yield Reason("obligation.manifest-there", {"deposit": id[:12]})


def _vanished(view: View, one: Logged, gone: set[str]) -> Iterator[Reason]:
    """A manifest that is gone although nobody withdrew the deposit: it was destroyed, and nothing says why."""
    manifest = one.body["manifest"]
    if manifest in gone and manifest not in flows.withdrawals(view):
        yield Reason("obligation.destroyed-unsaid", {"deposit": manifest[:12]})


# --- 21: records that are made, not typed -----------------------------------------------------------------------------


def recorded(view: View) -> Checked:
    """What the dam says it did is what the log makes of it: counts, and the record of processing that was handed in."""
    return both(
        _handed_in(view),
        checked(view.of(Kind.OUTCOME), _miscounted),
        checked(view.of(Kind.PURGE), lambda one: _typed(view, one)),
    )


def _handed_in(view: View) -> Checked:
    """The record of processing, to the byte, where the auditor has one."""
    if view.records is None:
        return Checked(looked=0)
    if records.is_of(view.records, view):
        return Checked(looked=1)
    last = view.logged[-1]
    return Checked(looked=1, found=(found(last, Reason("obligation.record-other")),))


def _miscounted(one: Logged) -> Iterator[Reason]:
    body = one.body
    if body["rows"] != body["admitted"] + body["rejected"]:
        yield Reason("obligation.count-other", {"field": "rows", "found": body["admitted"] + body["rejected"]})
    if sum(each["rows"] for each in body["files"]) not in {0, body["admitted"]}:
        yield Reason("obligation.count-other", {"field": "files", "found": body["admitted"]})


def _typed(view: View, one: Logged) -> Iterator[Reason]:
    id = one.body["withdrawal"]
    taken = [each for each in flows.withdrawals(view).values() if each.statement == id]
    deposits = [held for each in taken if (held := flows.deposits(view).get(each.deposit)) is not None]
    about = [each for each in view.of(Kind.NOTICE) if each.body["about"] == id and each.index < one.index]
    made = {"rows": sum(each.admitted for each in deposits), "bodies": len(taken)}
    if one.body["reached"]["rows"] is None:  # on the answers tier no row is counted
        del made["rows"]
    if view.whole:  # others' notices are shown to auditors alone
        made["recipients"] = len({each.body["member"] for each in about})
    said = {**one.body["reached"], "recipients": one.body["beyond"]["recipients"]}
    for name, count in made.items():
        if said[name] != count:
            yield Reason("obligation.count-other", {"field": name, "found": count})


# --- 22: the operator takes nothing -----------------------------------------------------------------------------------


def neutral(view: View) -> Checked:
    """The operator was allowed nothing; each deposit was converted as its contributor signed, and in no other way."""
    return both(
        checked_deeds(allowed(view), _own_use),
        checked(view.of(Kind.OUTCOME), lambda one: _otherwise(view, one)),
    )


def _own_use(one: Deed) -> Iterator[Reason]:
    if one.facts.get("kind") == OPERATOR or OPERATOR in one.facts.get("roles", ()):
        yield Reason("obligation.operator-allowed", {"member": one.member})


def _otherwise(view: View, one: Logged) -> Iterator[Reason]:
    manifest = view.find(one.body["manifest"])
    if manifest is None or manifest.kind is not Kind.MANIFEST:
        return  # erased with its deposit; if not, row 20 says so
    told = {**manifest.body, "file_digest": manifest.body["file"]["digest"]}
    for name in ("contributor", "standard", "version", "fit_digest", "file_digest"):
        if one.body[name] != told[name]:
            yield Reason("obligation.converted-otherwise", {"field": name})


CHECKS: Final[Mapping[int, Check]] = {
    13: purposes,
    14: pseudonymised,
    15: combining,
    16: apart,
    17: unnamed,
    18: taken_back,
    19: requests,
    20: destroyed,
    21: recorded,
    22: neutral,
}
