"""Every sentence a person reads from us, by code: a loader, en.toml, ko.toml.

- A code that has no sentence never crashes on a person: the code itself is shown, and a warning is given, which the
  tests take for an error.
- Facts come from files and from the network. Before they are shown, control characters, direction marks and the like
  are taken out, and long ones are cut, so that no fact can move a terminal's cursor or pass for a sentence of ours.
- A placeholder is a plain name; what a fact says is never expanded again.
"""

import re
import tomllib
import unicodedata
import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Final, Protocol

LANGUAGES: Final = ("en", "ko")
"""The first is what an unknown language falls back to."""

MAX_FACT: Final = 200  # characters of one fact; a sentence should fit on a few lines
MAX_ITEMS: Final = 8  # of a fact that is a list; the rest is counted
MAX_FAULTS: Final = 1000  # faults explained one by one; a file of faults is given out as a file, not as sentences

_OWN: Final = frozenset({"code", "lang"})  # our own parameters; a fact of that name cannot be passed on
_PLACE: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
# English words differ after one and after any other number: `{count} (file/files)`, the number before them decides
_NUMBERED: Final = re.compile(_PLACE.pattern + r"([^{}()]*)\(([^{}()/]+)/([^{}()/]+)\)")
# Korean particles differ after a vowel and after a consonant: both are written, the fact before them decides
_PARTICLES: Final = {
    "은(는)": ("은", "는"),
    "이(가)": ("이", "가"),
    "을(를)": ("을", "를"),
    "과(와)": ("과", "와"),
    "(으)로": ("으로", "로"),
    "(이)라고": ("이라고", "라고"),
    "(이)라는": ("이라는", "라는"),
}
_PLACE_KO: Final = re.compile(
    _PLACE.pattern + r"([\"'’”)\]」』》]*)(" + "|".join(re.escape(particle) for particle in _PARTICLES) + ")?"
)
_FINALS: Final = 28  # Hangul syllables run through 28 finals, the first of which is none (Unicode §3.12)
_RIEUL: Final = 8  # the final ㄹ takes 로, as a vowel does
_DIGIT_FINALS: Final = {"0": 21, "1": 8, "3": 16, "6": 1, "7": 8, "8": 8}  # as digits are read: 영 일 삼 육 칠 팔


class Coded(Protocol):
    """What can be explained: a `DamError`, a reason of a decision, or what a client read of one."""

    @property
    def code(self) -> str:
        """Names the sentences."""
        ...

    @property
    def facts(self) -> Mapping[str, object]:
        """Fill the sentences in."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """An error in words: what is wrong and where, what to do, and every single fault where there are several."""

    code: str
    what: str
    remedy: str
    faults: tuple["Explanation", ...] = ()


def say(code: str, lang: str = LANGUAGES[0], **facts: object) -> str:
    """The sentence of `code` with its facts filled in; the code itself if there is none."""
    sentence = _sentence(code, lang).get("say")
    if sentence is None:
        warnings.warn(f"no sentence for the code {code}", stacklevel=2)
        return clean(code)
    return _fill(sentence, lang, facts)


def remedy(code: str, lang: str = LANGUAGES[0], **facts: object) -> str:
    """What to do about `code`; empty where nothing can be."""
    return _fill(_sentence(code, lang).get("do", ""), lang, facts)


def explain(error: Coded, lang: str = LANGUAGES[0]) -> Explanation:
    """Put an error, with all its faults or reasons, into words."""
    parts = getattr(error, "faults", None) or error.facts.get("reasons")
    coded = [part for part in parts if hasattr(part, "code")] if isinstance(parts, list | tuple) else []
    facts = {name: value for name, value in error.facts.items() if name not in _OWN}
    return Explanation(
        code=clean(error.code),
        what=say(error.code, lang, **facts),
        remedy=remedy(error.code, lang, **facts),
        faults=tuple(explain(part, lang) for part in coded[:MAX_FAULTS]),
    )


def told(fault: Mapping[str, Any], lang: str = LANGUAGES[0]) -> dict[str, Any]:
    """A fault that was kept or sent as JSON, `{code, facts, faults}`, in words: `{code, what, remedy, faults}`."""
    facts = fault.get("facts")
    known = {name: value for name, value in facts.items() if name not in _OWN} if isinstance(facts, Mapping) else {}
    code, faults = str(fault.get("code")), fault.get("faults")
    inner = [part for part in faults if isinstance(part, Mapping)] if isinstance(faults, list | tuple) else []
    return {
        "code": clean(code),
        "what": say(code, lang, **known),
        "remedy": remedy(code, lang, **known),
        "faults": [told(part, lang) for part in inner[:MAX_FAULTS]],
    }


def codes(lang: str = LANGUAGES[0]) -> tuple[str, ...]:
    """Every code that has a sentence, sorted."""
    return tuple(sorted(_sentences(_known(lang))))


def template(code: str, lang: str = LANGUAGES[0]) -> Mapping[str, str]:
    """The sentences of `code` as they are written, placeholders open: `say` and, mostly, `do`."""
    return _sentence(code, lang)


@lru_cache(maxsize=8192)  # more than there are sentences
def placeholders(sentence: str) -> frozenset[str]:
    """The facts that a sentence asks for."""
    return frozenset(_PLACE.findall(sentence))


def accession(lang: str = LANGUAGES[0]) -> str:
    """The accession text that a member reads and signs."""
    return resources.files(__name__).joinpath(f"accession.{_known(lang)}.txt").read_text(encoding="utf-8")


def guest(lang: str = LANGUAGES[0]) -> str:
    """The text that a guest reads and signs: a member of a dam that peers with this one."""
    return resources.files(__name__).joinpath(f"guest.{_known(lang)}.txt").read_text(encoding="utf-8")


def offer(lang: str = LANGUAGES[0]) -> Mapping[str, Any]:
    """The words that offers are written out with: names, sentences with open placeholders, variants of clauses."""
    return _offer(_known(lang))


def fill(sentence: str, lang: str, facts: Mapping[str, str]) -> str:
    """A sentence of what is signed, with its facts whole: `say` would cut them. They must be clean already."""
    if _known(lang) != "ko":
        return _PLACE.sub(lambda found: facts[found[1]], sentence)
    return _PLACE_KO.sub(lambda found: _placed(found, facts[found[1]]), sentence)


def accepted(header: str | None) -> str:
    """The language of ours that an Accept-Language header (RFC 9110 §12.5.4) likes best."""
    wishes: list[tuple[float, int, str]] = []
    for place, wish in enumerate((header or "")[:1000].split(",")):
        tag, _, weight = wish.strip().partition(";")
        found = re.fullmatch(r"q=([01](?:\.[0-9]{0,3})?)", weight.strip() or "q=1")
        if found and float(found[1]) > 0:
            wishes.append((-float(found[1]), place, tag.strip().lower().split("-")[0]))
    return next((lang for _, _, lang in sorted(wishes) if lang in LANGUAGES), LANGUAGES[0])


def spoken(environ: Mapping[str, str]) -> str:
    """The language that a terminal's locale names (POSIX: LC_ALL before LC_MESSAGES before LANG)."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environ.get(name):
            return _known(re.split(r"[_.@-]", environ[name])[0].lower())
    return LANGUAGES[0]


def clean(value: object) -> str:
    """A fact as it may be shown: one line, no control characters, not too long."""
    if isinstance(value, Mapping):
        return _joined([f"{clean(name)}: {clean(part)}" for name, part in value.items()])
    if isinstance(value, bytes):
        return clean(value.hex())
    if isinstance(value, Collection) and not isinstance(value, str):
        parts = [clean(getattr(part, "code", part)) for part in value]
        return _joined(sorted(parts) if isinstance(value, set | frozenset) else parts)
    text = "–" if value is None else str(value)
    text = " ".join(text[: 4 * MAX_FACT].split())  # cut first: cleaning a gigabyte takes its time
    # nothing that is printable is of category C, and nearly all is printable
    shown = text if text.isprintable() else "".join(one for one in text if unicodedata.category(one)[0] != "C")
    return shown if len(shown) <= MAX_FACT else shown[: MAX_FACT - 1] + "…"


def _joined(parts: list[str]) -> str:
    shown = ", ".join(parts[:MAX_ITEMS])
    return shown if len(parts) <= MAX_ITEMS else f"{shown}, … (+{len(parts) - MAX_ITEMS})"


def _fill(sentence: str, lang: str, facts: Mapping[str, object]) -> str:
    shown = {name: clean(facts.get(name)) for name in placeholders(sentence)}
    for name in (name for name, fact in shown.items() if not fact):  # else the space before it would be left over
        sentence = sentence.replace(f" {{{name}}}", f"{{{name}}}")
    if _known(lang) != "ko":
        sentence = _NUMBERED.sub(lambda found: _numbered(found, shown[found[1]]), sentence)
        return _PLACE.sub(lambda found: shown[found[1]], sentence)
    return _PLACE_KO.sub(lambda found: _placed(found, shown[found[1]]), sentence)


def _numbered(found: re.Match[str], fact: str) -> str:
    return f"{{{found[1]}}}{found[2]}{found[3] if fact == '1' else found[4]}"


def _placed(found: re.Match[str], fact: str) -> str:
    return fact + found[2] + _particle(fact, found[3] or "")


def _particle(fact: str, both: str) -> str:
    """The form that follows `fact`; both forms where its last sound is not known, as after a Latin letter."""
    last = fact[-1:]
    if both not in _PARTICLES or not last:
        return both
    if "가" <= last <= "힣":
        final = (ord(last) - ord("가")) % _FINALS
    elif last in "0123456789":
        final = _DIGIT_FINALS.get(last, 0)
    else:
        return both
    after_consonant, after_vowel = _PARTICLES[both]
    return after_vowel if final == 0 or (both == "(으)로" and final == _RIEUL) else after_consonant


def _known(lang: str) -> str:
    return lang if lang in LANGUAGES else LANGUAGES[0]


def _sentence(code: str, lang: str) -> Mapping[str, str]:
    return _sentences(_known(lang)).get(code, {})


@cache
def _offer(lang: str) -> Mapping[str, Any]:
    return tomllib.loads(resources.files(__name__).joinpath(f"offer.{lang}.toml").read_text(encoding="utf-8"))


@cache
def _sentences(lang: str) -> Mapping[str, Mapping[str, str]]:
    text = resources.files(__name__).joinpath(f"{lang}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
