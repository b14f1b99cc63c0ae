"""Section D, rows 23 to 30: what is told of data, models and decisions; algorithms stay with their owners."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from datadam import decisions, disclosure, seal, texts
from datadam.disclosure import TRAIN, Origin
from datadam.duties import Answer
from datadam.errors import DamError, Invalid, NotFound, Unavailable, Untrusted
from datadam.model import Json, Kind, Reason
from datadam.obligations import flows, past
from datadam.obligations.checking import Check, Checked, both, checked
from datadam.obligations.view import Logged, View
from datadam.policy.deciding import OPEN

SALT: Final = 32  # bytes, before the opened ones
_SHOWN: Final = 5  # ids in a finding; the rest are counted
UNSEEN: Final = Checked(looked=0)
"""Of a check that follows a statement to others: where some were not shown, what leads nowhere tells nothing."""


# --- 23: what training data is, and what was done to it ---------------------------------------------------------------


def cards(view: View) -> Checked:
    """What was trained on says what it is and what for; what was done to each deposit is what its owner signed."""
    if not view.whole:
        return UNSEEN
    prepared = checked(view.of(Kind.OUTCOME), lambda one: _otherwise_prepared(view, one))
    return both(prepared, checked(_to_train(view), lambda one: _untold(view, one)))


def _to_train(view: View) -> list[Logged]:
    return [one for one in view.of(Kind.RELEASE) if _action(view, one) == TRAIN]


def _action(view: View, release: Logged) -> str:
    deed = past.deed(view, release.body.get("decision"))
    return str(deed.action) if deed is not None else ""


def _otherwise_prepared(view: View, one: Logged) -> Iterator[Reason]:
    """An outcome against the manifest before it: one that is gone with a withdrawn deposit tells nothing more."""
    body, manifest = one.body, view.find(one.body["manifest"])
    if manifest is None or manifest.kind is not Kind.MANIFEST or manifest.index > one.index:
        erased = manifest is None and any(each.id == body["manifest"] for each in view.unbelieved)
        if not erased:
            yield Reason("obligation.manifest-unknown", {"manifest": body["manifest"]})
        return
    told = manifest.body
    pairs = {name: (told[name], body[name]) for name in ("contributor", "standard", "version", "fit_digest")}
    pairs["file_digest"] = (told["file"]["digest"], body["file_digest"])
    wrong = sorted(name for name, (said, done) in pairs.items() if said != done)
    if _digest(told["fit"]) != told["fit_digest"]:
        wrong.append("fit")
    if body["admitted"] + body["rejected"] != body["rows"]:
        wrong.append("rows")
    if wrong:
        yield Reason("obligation.preparation-other", {"fields": ", ".join(wrong)})


def _digest(fit: Json) -> str:
    """As `mapping.fit_digest`: the order of what is dropped does not count."""
    dropped = fit.get("dropped")
    told = {**fit, "dropped": sorted(dropped)} if isinstance(dropped, list) else dict(fit)
    return seal.digest(seal.canonical(told))


def _untold(view: View, one: Logged) -> Iterator[Reason]:
    """What a standard that was trained on does not say of its data."""
    held = past.version(view, one.body["standard"], one.body["version"], one.index)
    if held is None:
        facts = {name: one.body[name] for name in ("standard", "version")}
        yield Reason("obligation.standard-unknown", facts)
        return
    lacking = [] if held.purposes else ["purposes"]
    lacking += [f"description.{language}" for language in texts.LANGUAGES if not _said(held.descriptions, language)]
    if lacking:
        yield Reason("obligation.card-lacks", {"standard": held.id, "fields": ", ".join(lacking)})


def _said(words: Mapping[str, str], language: str) -> bool:
    return bool(words.get(language, "").strip())


# --- 24: sources of training are those that were taken ----------------------------------------------------------------


def training_sets(view: View) -> Checked:
    """Every model names exactly the releases that its provider took to train on by then."""
    return checked(view.of(Kind.MODEL), lambda one: _other_training(view, one)) if view.whole else UNSEEN


def _other_training(view: View, one: Logged) -> Iterator[Reason]:
    due = disclosure.training(flows.trained(view, one.body["member"], one.index))
    due += flows.trained_abroad(view, one.body["member"], one.index)
    told = [*one.body["training"], *one.body.get("elsewhere", ())]
    if told == due:
        return
    left_out = [each["release"] for each in due if each not in told]
    put_in = [each["release"] for each in told if each not in due]
    yield Reason("obligation.training-other", {"missing": _few(left_out), "surplus": _few(put_in)})


def _few(ids: list[str]) -> str:
    """Some of many ids, and how many more there are; a dash where there are none."""
    more = f" + {len(ids) - _SHOWN}" if len(ids) > _SHOWN else ""
    return (", ".join(str(id)[:12] for id in ids[:_SHOWN]) or "–") + more


# --- 25: synthetic data is called so ----------------------------------------------------------------------------------


def synthetic(view: View) -> Checked:
    """A model says that synthetic data is in it exactly where a standard or a source of its training set is."""
    return checked(view.of(Kind.MODEL), lambda one: _mislabelled(view, one))


def _mislabelled(view: View, one: Logged) -> Iterator[Reason]:
    sources = [f"outside: {each['name']}" for each in one.body["outside"] if each["origin"] == Origin.SYNTHETIC]
    used = {(each["standard"], each["version"]) for each in one.body["training"]}
    for id, version in sorted(used):
        held = past.version(view, id, version, one.index)
        sources += [f"{id} {version}"] if held is not None and held.synthetic else []
    if one.body["synthetic"] is not bool(sources):
        yield Reason("obligation.synthetic-other", {"sources": ", ".join(sources) or "–"})


# --- 26: what a model's disclosure refers to is there -----------------------------------------------------------------


def disclosures(view: View) -> Checked:
    """Every model says how to reach its provider, its limits and criteria; all that it refers to stands in the log."""
    return checked(view.of(Kind.MODEL), lambda one: _unresolved(view, one)) if view.whole else UNSEEN


def _unresolved(view: View, one: Logged) -> Iterator[Reason]:
    body = one.body
    blank = [name for name in ("purpose", "description", "contact") if not body[name].strip()]
    blank += [name for name in ("limits", "criteria") if not all(each.strip() for each in body[name])]
    if blank:
        yield Reason("obligation.card-lacks", {"standard": body["name"], "fields": ", ".join(blank)})
    earlier = [each for each in flows.models(view) if (each.member, each.name) == (body["member"], body["name"])]
    before = [each for each in earlier if each.index < one.index]
    if body["replaces"] != (before[-1].id if before else None):
        yield Reason("obligation.model-unlinked", {"replaces": str(body["replaces"])})
    for each in body["training"]:
        wrong = ", ".join(dict.fromkeys(_dangling(view, one, each)))
        if wrong:
            yield Reason("obligation.reference-dangling", {"release": each["release"], "fields": wrong})


def _dangling(view: View, model: Logged, told: Json) -> Iterator[str]:
    release, deed = view.find(told["release"]), past.deed(view, told["decision"])
    if release is None or release.kind is not Kind.RELEASE or release.index >= model.index:
        yield "release"
        return
    held = release.body
    names = ("standard", "version", "share_version", "deposits_digest", "decision")
    yield from (name for name in names if held.get(name) != told[name])
    frozen = told["edition"] is None or f"{told['standard']}@{told['edition']}" in flows.editions(view)
    if held.get("edition") != told["edition"] or not frozen:
        yield "edition"
    if release.index != told["index"] or held["member"] != model.body["member"]:
        yield "index"
    if past.version(view, told["standard"], told["version"], release.index) is None:
        yield "standard"
    if deed is None or not deed.allowed or deed.entry.index > release.index:
        yield "decision"


# --- 27: code stays with its owner, and is opened on a recorded demand only -------------------------------------------


def openings(view: View) -> Checked:
    """A model promises each part once; what was opened was demanded on record, its provider knew, and it was that."""
    promises = checked([one for one in view.of(Kind.MODEL) if one.body["commitments"]], _promised_twice)
    if not view.whole:
        return promises
    return both(promises, checked(view.of(Kind.OPENING), lambda one: _wrongly_opened(view, one)))


def _promised_twice(one: Logged) -> Iterator[Reason]:
    """Of two commitments to one part, the one could be opened that suits."""
    parts = [str(each["part"]) for each in one.body["commitments"]]
    twice = sorted({part for part in parts if parts.count(part) > 1})
    if twice:
        yield Reason("obligation.promised-twice", {"parts": ", ".join(twice)})


def _wrongly_opened(view: View, one: Logged) -> Iterator[Reason]:
    body = one.body
    model, demand = _before(view, body["model"], Kind.MODEL, one), _before(view, body["demand"], Kind.DEMAND, one)
    owner = model is not None and model.body["member"] == body["member"]
    promised = [each["digest"] for each in model.body["commitments"] if each["part"] == body["part"]] if model else []
    if not owner or promised != [body["digest"]]:
        yield Reason("obligation.not-promised", {"model": body["model"], "part": body["part"]})
    if demand is None or demand.body.get("model") != body["model"] or demand.body["answer"] == Answer.REFUSED:
        yield Reason("obligation.not-demanded", {"demand": body["demand"]})
    elif not any(
        (each.body["about"], each.body["member"]) == (demand.id, body["member"]) and each.index < one.index
        for each in view.of(Kind.NOTICE)
    ):
        yield Reason("obligation.opened-untold", {"member": body["member"], "demand": demand.id})
    size = view.opened.get(one.id)
    if size is not None and size != body["size"]:
        yield Reason("obligation.opened-other", {"part": body["part"], "digest": body["digest"]})


def _before(view: View, id: str, kind: Kind, one: Logged) -> Logged | None:
    held = view.find(id)
    return held if held is not None and held.kind is kind and held.index < one.index else None


def opened(view: View, content: Callable[[Logged], bytes | None]) -> dict[str, int]:
    """How many bytes were opened by each opening whose salt and bytes are at hand; -1 where they are other bytes."""
    found: dict[str, int] = {}
    for one in view.of(Kind.OPENING):
        try:
            held = content(one)
        except NotFound:
            continue
        except (Invalid, Untrusted):  # a dam that finds that itself gives nothing out
            found[one.id] = -1
            continue
        if held is not None:
            found[one.id] = len(held) - SALT if seal.digest(held) == one.body["digest"] else -1
    return found


# --- 28: the register is kept up --------------------------------------------------------------------------------------


def register(view: View) -> Checked:
    """Of withdrawn rows the dam names every model that may have had them, and tells each of their providers."""
    purges = [one for one in view.of(Kind.PURGE) if "models" in one.body["beyond"]]
    return checked(purges, lambda one: _forgotten(view, one)) if view.whole else UNSEEN


def _forgotten(view: View, purge: Logged) -> Iterator[Reason]:
    """Models that came after the withdrawal may be named or not: the dam worked its list out before it signed it."""
    withdrawal, listed = view.find(purge.body["withdrawal"]), set(purge.body["beyond"]["models"])
    if withdrawal is None:
        yield Reason("obligation.withdrawal-unknown", {"withdrawal": purge.body["withdrawal"]})
        return
    touched = flows.touched(view, withdrawal.id, purge.index)
    held = [(model, release) for model, release in touched if model.index < purge.index]
    needed = {model.id for model, _ in held if model.index < withdrawal.index}
    missing, surplus = needed - listed, listed - {model.id for model, _ in held}
    if missing or surplus:
        facts = {"missing": _few(sorted(missing)), "surplus": _few(sorted(surplus))}
        yield Reason("obligation.models-other", facts)
    told = {
        one.body["member"]
        for one in view.of(Kind.NOTICE)
        if one.body["about"] == withdrawal.id and one.index < purge.index
    }
    for model, release in held:
        had_them = model.id in needed and release.index < withdrawal.index
        if had_them and model.member != withdrawal.body["contributor"] and model.member not in told:
            yield Reason("obligation.provider-untold", {"member": model.member, "model": model.id})


# --- 29: who supplied what, on which terms ----------------------------------------------------------------------------


def evidence(view: View) -> Checked:
    """Every release to train on leads to a yes, to what that rested on, to the terms, and to somebody's deposit."""
    return checked(_to_train(view), lambda one: _loose(view, one)) if view.whole else UNSEEN


def _loose(view: View, one: Logged) -> Iterator[Reason]:
    deed = past.deed(view, one.body["decision"])
    if deed is None or not deed.allowed or deed.entry.index > one.index or deed.basis != one.body["basis"]:
        yield Reason("obligation.chain-broken", {"link": "decision", "id": str(one.body["decision"])})
        return
    basis = None if deed.basis == OPEN else view.find(deed.basis)
    if deed.basis != OPEN:
        kinds = (Kind.AGREEMENT, Kind.GRANT)
        same = basis is not None and basis.kind in kinds and basis.index < deed.entry.index
        names = ("member", "standard")
        if basis is None or not same or any(basis.body[name] != one.body[name] for name in names):
            yield Reason("obligation.chain-broken", {"link": "basis", "id": str(deed.basis)})
            return
    if basis is not None and basis.kind is Kind.AGREEMENT:
        offer = view.find(basis.body["offer"])
        if offer is None or offer.kind is not Kind.OFFER or offer.body["texts"] != basis.body["texts"]:
            yield Reason("obligation.chain-broken", {"link": "offer", "id": str(basis.body["offer"])})
    if one.body["rows"] and not any(True for _ in flows.within(view, flows.release(view, one.id))):
        yield Reason("obligation.chain-broken", {"link": "deposit", "id": one.body["deposits_digest"]})


# --- 30: a no has every reason, in words ------------------------------------------------------------------------------


def reasons(view: View) -> Checked:
    """Every refusal gives each rule that failed, as anybody works it out again, with a sentence in each language."""
    denied = [one for one in view.of(Kind.DECISION) if not one.body["allowed"]]
    return checked(denied, lambda one: _unreasoned(view, one))


def _unreasoned(view: View, one: Logged) -> Iterator[Reason]:
    codes = {each["code"] for each in one.body["reasons"]}
    if not codes:
        yield Reason("obligation.reason-none", {})
    wordless = sorted(code for code in codes if any(code not in texts.codes(one) for one in texts.LANGUAGES))
    if wordless:
        yield Reason("obligation.reason-wordless", {"codes": ", ".join(wordless)})
    fault = otherwise(view, one)
    if fault is not None:
        yield Reason(fault.code, fault.facts)


def otherwise(view: View, one: Logged) -> DamError | None:
    """What is wrong with a decision when it is made again of its facts and terms; None where it comes out the same."""
    offer = view.find(one.body["offer"])
    try:
        decisions.replay(one.body, offer.body if offer is not None and offer.kind is Kind.OFFER else None)
    except Unavailable:  # what decisions are made with is not installed here: nothing can be said
        raise
    except DamError as fault:
        return fault
    return None


CHECKS: Final[Mapping[int, Check]] = {
    23: cards,
    24: training_sets,
    25: synthetic,
    26: disclosures,
    27: openings,
    28: register,
    29: evidence,
    30: reasons,
}
