"""The text of an offer as its parties read and sign it: made of the same terms, each with who makes it hold.

Its SHA-256 is what an agreement names, so equal offers give equal bytes, and offers that differ in a term do not. The
words lie in `texts/offer.*.toml`, of which `frame.version` stands in every text.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from datadam import texts
from datadam.errors import NotFound
from datadam.formats import countries, legal_text
from datadam.formats.odrl_words import capped
from datadam.model import Standard, StandardId
from datadam.terms import CLAUSES, FORCE, Constraint, Duty, Force, Offer, Operand, Permission, Prohibition

LANGUAGES: Final = ("en", "ko")

_LISTS: Final[Mapping[Operand, str]] = {
    Operand.PURPOSE: "purposes",
    Operand.RECIPIENT: "roles",
    Operand.SENSITIVITY: "classes",
    Operand.LEVEL: "levels",
}
"""Where the words of an operand's values stand."""


def text(offer: Offer, standard: Standard, language: str) -> str:
    """The whole text of an offer, plain and deterministic; a language that we have none in is `NotFound`."""
    return "\n".join(_Writer(offer, standard, language).lines()) + "\n"


def conditions(rule: Permission, language: str) -> list[str]:
    """What a rule says beside an offer, in the same words: its actions, then its conditions."""
    standard = StandardId("a.b")
    blank = Standard(id=standard, version="", titles={}, descriptions={}, columns=(), key=())
    return _Writer(Offer(standard=standard, number=1, permissions=(), law="KR"), blank, language).conditions(rule)


def name(term: str, language: str) -> str:
    """What a term is called."""
    return str(_words(language)["terms"][term]["name"])


def purpose(word: str, language: str) -> str:
    """What a purpose is called."""
    return str(_words(language)["purposes"][word])


def why(term: str, language: str) -> str:
    """Why its force is what it is."""
    return str(_words(language)["terms"][term]["why"])


def label(force: Force, language: str) -> str:
    """What a force is called."""
    return str(_words(language)["labels"][force])


def _words(language: str) -> Mapping[str, Any]:
    if language not in LANGUAGES:
        raise NotFound("offer.language", language=language[:20], known=", ".join(LANGUAGES))
    return texts.offer(language)


class _Writer:
    """Writes one offer out in one language."""

    def __init__(self, offer: Offer, standard: Standard, language: str) -> None:
        self._words, self._offer, self._language = _words(language), offer, language
        self._standard = standard
        title = standard.titles.get(language) or standard.titles.get("en", str(standard.id))
        self._facts = {
            "standard": str(offer.standard),
            "title": texts.clean(title),
            "number": str(offer.number),
            "version": str(self._words["frame"]["version"]),
            "uid": f"urn:datadam:offer:{offer.standard}:{offer.number}",
        }
        self._facts["law"] = self._country(offer.law)

    def lines(self) -> Iterator[str]:
        """The text, line by line."""
        yield self._frame("title")
        yield self._frame("subtitle")
        parties = ("provider", "member", "dam", "data", "machine")
        yield from self._section(1, "parties", [[self._frame(f"parties-{part}")] for part in parties])
        labels = [[self._filled(self._words["frame"][f"labels-{f}"], label=self._words["labels"][f])] for f in Force]
        yield from self._section(2, "labels", labels)
        allowed = [list(self._permission(one)) for one in self._offer.permissions]
        yield from self._section(3, "allowed", [[self._frame("allowed-only")], *allowed])
        forbidden = [list(self._prohibition(one)) for one in self._offer.prohibitions]
        yield from self._section(4, "forbidden", forbidden or [[self._frame("forbidden-none")]])
        settled = [term for term in CLAUSES if term in self._offer.clauses]
        yield from self._section(5, "clauses", [[self._clause(term)] for term in settled])
        yield from self._section(6, "signing", [[self._signing("automatic")], [self._signing("law")]])
        if legal := list(legal_text.lines(self._standard, self._language)):
            yield ""
            yield f"7. {legal_text.heading(self._language)}"
            yield from (f"7.{place} {line}" for place, line in enumerate(legal, 1))
        yield ""
        yield self._frame("end")

    def conditions(self, rule: Permission) -> list[str]:
        """The actions of a rule, then its conditions, each a sentence with its name and label."""
        return [line for _, lines in self._rule(rule, "") for line in lines]

    def _section(self, number: int, heading: str, items: Iterable[list[str]]) -> Iterator[str]:
        yield ""
        yield f"{number}. {self._frame(heading)}"
        for place, (first, *more) in enumerate(items, 1):
            yield f"{number}.{place} {first}"
            yield from more

    def _permission(self, one: Permission) -> Iterator[str]:
        yield self._frame("allowed-if" if one.constraints else "allowed-always")
        duties = [("duties", [self._duty(duty) for duty in one.duties])]
        yield from self._listed([*self._rule(one, "conditions"), *duties])

    def _prohibition(self, one: Prohibition) -> Iterator[str]:
        yield self._frame("forbidden-if" if one.constraints else "forbidden-always")
        yield from self._listed(self._rule(one, "forbidden-where"))

    def _rule(self, one: Permission | Prohibition, heading: str) -> list[tuple[str, list[str]]]:
        actions = [self._term(action, self._sentence(action, "text")) for action in one.actions]
        return [("", actions), (heading, [self._constraint(constraint) for constraint in one.constraints])]

    def _listed(self, parts: Iterable[tuple[str, list[str]]]) -> Iterator[str]:
        """The parts of a rule under their headings, lettered through."""
        letter = ord("a")
        for heading, terms in parts:
            if heading and terms:
                yield f"    {self._frame(heading)}"
            for term in terms:
                yield f"    {chr(letter)}) {term}"
                letter += 1

    def _constraint(self, one: Constraint) -> str:
        facts: dict[str, str] = {}
        key = str(one.operator)
        if one.operand is Operand.EXPIRY:
            facts["instant"] = self._instant(str(one.value))
        elif one.operand is Operand.RECIPROCITY:
            facts = {"rows": f"{one.value:,}", "days": self._days(one.days)}
            key = f"{key}-at-once" if one.days is None else key
        else:
            values = one.value if isinstance(one.value, tuple) else (str(one.value),)
            facts["values"] = facts["value"] = "; ".join(self._value(one.operand, value) for value in values)
        return self._term(one.operand, self._sentence(one.operand, key, **facts))

    def _value(self, operand: Operand, value: str) -> str:
        if operand in {Operand.JURISDICTION, Operand.DESTINATION}:
            return self._country(value)
        known: Mapping[str, str] = self._words[_LISTS[operand]] if operand in _LISTS else {}
        return known.get(value, value)

    def _duty(self, duty: Duty) -> str:
        return self._term(duty.kind, self._sentence(duty.kind, "text", days=self._days(duty.days)))

    def _clause(self, term: str) -> str:
        variant, facts = self._offer.clauses[term], {}
        if (amount := capped(variant)) is not None:
            variant = "capped-amount"
            facts["amount"] = f"{amount[0]:,} {self._words['currencies'].get(amount[1], amount[1])}"
        return self._term(term, self._sentence(term, variant, **facts))

    def _signing(self, term: str) -> str:
        key = "text" if term == "law" else "yes" if self._offer.automatic else "no"
        return self._term(term, self._sentence(term, key))

    def _term(self, term: str, sentence: str) -> str:
        """A term with its name before it and its label after it."""
        stop = "" if sentence.endswith(".") else "."
        return f"{self._words['terms'][term]['name']}: {sentence}{stop} [{self._words['labels'][FORCE[term]]}]"

    def _sentence(self, term: str, key: str, **facts: str) -> str:
        return self._filled(self._words["terms"][term][key], **facts)

    def _frame(self, key: str) -> str:
        return self._filled(self._words["frame"][key])

    def _filled(self, sentence: str, **facts: str) -> str:
        return texts.fill(sentence, self._language, {**self._facts, **facts})

    def _country(self, code: str) -> str:
        parts = {"name": countries.name(code, self._language), "code": code}
        return texts.fill(self._words["country"]["form"], self._language, parts)

    def _days(self, days: int | None) -> str:
        form = "none" if days is None else "one" if days == 1 else "many"
        return texts.fill(self._words["days"][form], self._language, {"days": f"{days or 0:,}"})

    def _instant(self, written: str) -> str:
        moment = datetime.fromisoformat(written)
        form = self._words["instant"]
        parts = {"year": str(moment.year), "month": form["months"][moment.month - 1], "day": str(moment.day)}
        return texts.fill(form["form"], self._language, {**parts, "time": moment.strftime("%H:%M:%S")})
