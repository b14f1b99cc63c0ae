"""What contributor, dam and consumer are in law, in words: as a standard declares it, and every word that there is."""

from collections.abc import Iterator, Mapping
from typing import Any

from datadam import texts
from datadam.legal_roles import BASES, PARTIES, ROLES, Cited, Space
from datadam.model import LegalRoles, Standard
from datadam.standard import personal_unit
from datadam.terms import Force


def heading(language: str) -> str:
    """What stands over it."""
    return str(_words(language)["heading"])


def lines(standard: Standard, language: str) -> Iterator[str]:
    """What a standard declares, a line a class and space; and how far persons are one. None where it says nothing."""
    words, labels = _words(language), texts.offer(language)["labels"]
    if standard.legal_roles:
        yield str(words["note"])
    for one in standard.legal_roles:
        yield texts.fill(words["row"], language, {**_row(one, language), "label": labels[Force.LEGAL]})
    if any(map(personal_unit, standard.columns)):
        sentence = words["persons-joined" if standard.combining else "persons-apart"]
        told = {"members": ", ".join(standard.combining), "label": labels[Force.ENFORCED]}
        yield texts.fill(sentence, language, told)


def _row(one: LegalRoles, language: str) -> dict[str, str]:
    space, words = Space(one.space), _words(language)
    named = {name: _cited(words["roles"][space], getattr(one, name), ROLES[space], language) for name in PARTIES}
    basis = _cited(words["bases"][space], one.basis, BASES[space], language)
    shown = texts.offer(language)["classes"][one.data_class]
    return {"class": str(shown).capitalize(), "space": words["spaces"][space], **named, "basis": basis}


def _cited(names: Mapping[str, str], word: str, known: Mapping[str, Cited], language: str) -> str:
    words, cited = _words(language), known[word]
    told = {"name": names[word], "law": cited.law, "certainty": words["certainty"][cited.certainty]}
    return texts.fill(words["cited"], language, told)


def vocabulary(language: str) -> Iterator[tuple[str, str, str, str, str]]:
    """Every word: its space, whether it is a role or a basis, itself, what it is called, and where it is from."""
    words = _words(language)
    for kind, spaces in (("roles", ROLES), ("bases", BASES)):
        for space, known in spaces.items():
            for word, cited in known.items():
                yield str(space), kind, word, str(words[kind][space][word]), f"{cited.law} [{cited.certainty}]"


def _words(language: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = texts.offer(language)["legal"]
    return found
