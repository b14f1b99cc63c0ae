"""A registered model in plain text: a summary of its training content for the EU, a notice for Korea. No legal advice.

Both are made of the statement alone, in each language that we write. They follow what laws ask for (`EU`: the three
parts of the Commission's template under AI Act art. 53(1)(d); `KR`: what Korea's AI Basic Act has told of a system)
and are neither's official form.
"""

from collections.abc import Iterator
from typing import Final

from datadam import disclosure, texts
from datadam.model import Json

EU: Final = "eu"
KR: Final = "kr"


def summary(body: Json, *, id: str, index: int, form: str, language: str) -> str:
    """The text of a model statement's body, as `EU` or `KR`; the same body gives the same bytes."""
    lines = _eu(body, id, index, language) if form == EU else _kr(body, id, index, language)
    return "\n".join(lines) + "\n"


def _eu(body: Json, id: str, index: int, language: str) -> Iterator[str]:
    yield texts.say("summary.eu-title", language, name=body["name"], version=body["version"])
    yield ""
    yield texts.say("summary.eu-general", language)
    yield from _general(body, id, index, language)
    yield ""
    yield texts.say("summary.eu-sources", language)
    yield from _sources(body, language)
    yield ""
    yield texts.say("summary.eu-handling", language)
    yield texts.say("summary.handling", language)
    yield from _limits(body, language)
    yield ""
    yield texts.say("summary.caution", language)


def _kr(body: Json, id: str, index: int, language: str) -> Iterator[str]:
    yield texts.say("summary.kr-title", language, name=body["name"], version=body["version"])
    yield ""
    yield from _general(body, id, index, language)
    for one in body["criteria"]:
        yield _line("summary.criterion", one, language)
    yield from _limits(body, language)
    yield ""
    yield texts.say("summary.kr-sources", language)
    yield from _sources(body, language)
    yield ""
    yield texts.say("summary.caution", language)


def _general(body: Json, id: str, index: int, language: str) -> Iterator[str]:
    yield texts.say("summary.provider", language, member=body["member"], contact=body["contact"])
    yield _line("summary.purpose", body["purpose"], language)
    yield _line("summary.description", body["description"], language)
    yield texts.say("summary.compute", language, amount=texts.say(f"summary.{body['compute']}", language))
    yield texts.say("summary.statement", language, issued=body["issued"], statement=id, index=index)


def _sources(body: Json, language: str) -> Iterator[str]:
    for reservoir, taken in disclosure.sources(body).items():
        versions = ", ".join(dict.fromkeys(str(one["version"]) for one in taken))
        yield texts.say("summary.reservoir", language, reservoir=reservoir, versions=versions, count=len(taken))
    for one in body["outside"]:
        origin = texts.say(f"summary.{one['origin']}", language)
        yield texts.say("summary.outside", language, name=one["name"], origin=origin)
        if one["reference"]:
            yield f"  {_one_line(one['reference'])}"
    if not body["outside"]:
        yield texts.say("summary.nothing-outside", language)
    yield texts.say("summary.is-synthetic" if body["synthetic"] else "summary.not-synthetic", language)


def _limits(body: Json, language: str) -> Iterator[str]:
    for one in body["limits"]:
        yield _line("summary.limit", one, language)


def _line(label: str, text: str, language: str) -> str:
    """What somebody wrote, whole: a sentence's facts are cut where they are long."""
    return f"- {texts.say(label, language)}: {_one_line(text)}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
