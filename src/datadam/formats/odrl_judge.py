"""Judges one offer in JSON part by part: what is wrong is put down with its path, and the rest is read on."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import Any, Final

from datadam.errors import DamError, Invalid
from datadam.formats import countries
from datadam.formats.odrl_words import (
    CONTEXT,
    CURRENCIES,
    DUTY_PERIODS,
    EARLIER,
    IN_PROHIBITIONS,
    PROFILE,
    VARIANTS,
    WORDS,
    capped,
)
from datadam.model import StandardId, is_edition_name, standard_id
from datadam.terms import (
    CLAUSES,
    OPERATORS,
    Action,
    Constraint,
    Duty,
    DutyKind,
    Offer,
    Operand,
    Operator,
    Permission,
    Prohibition,
    Value,
)

MAX_FAULTS: Final = 200  # more than this and the file is something else
MAX_PROHIBITIONS: Final = 50
MAX_VALUES: Final = 250  # ISO 3166-1 assigns 249 countries
MAX_DAYS: Final = 3650
MAX_ROWS: Final = 1_000_000_000
_MAX_SHOWN: Final = 80  # characters of a wrong value in a fault

# of a word that is like one of ours, and of one that is not
_FIELD: Final = ("offer.field-near", "offer.field-unknown")
_VALUE: Final = ("offer.value-near", "offer.value-unknown")

_UID: Final = re.compile(r"urn:datadam:offer:([a-z0-9.-]{1,260}):([1-9][0-9]{0,4})")
TARGET: Final = re.compile(r"urn:datadam:standard:([a-z0-9.-]{1,260})")
INSTANT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
DAYS: Final = re.compile(r"P([1-9][0-9]{0,4})D")
MARKING: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9:+._-]{0,39}")
_CREDENTIAL: Final = re.compile(r"[a-z][a-z0-9-]{0,62}")

FIXED: Final[Mapping[str, Any]] = {"@context": CONTEXT, "@type": "Offer", "profile": PROFILE, "conflict": "prohibit"}
_ROOT: Final = (*FIXED, "uid", "target", "assigner", "permission", "clauses", "automatic", "law")


def assigner(standard: str) -> str:
    """Who makes the offer (ODRL IM 2.2 §2.1.3 asks for it): the standard's stewards."""
    return f"urn:datadam:stewards:{standard}"


class Judge:
    """Reads the parts of one offer; what is wrong is put down with its path, and the rest is read on."""

    def __init__(self) -> None:
        """Begin without a fault."""
        self.faults: list[DamError] = []

    @property
    def full(self) -> bool:
        """Whether there are as many faults as anybody reads: a bomb of them costs no more."""
        return len(self.faults) >= MAX_FAULTS

    def fault(self, code: str, path: str, **facts: object) -> None:
        """Put one down."""
        if not self.full:
            self.faults.append(Invalid(code, path=path, **facts))

    # -- shapes

    def fields(self, value: object, path: str, must: Iterable[str], may: Iterable[str] = ()) -> dict[str, Any]:
        """The known members of an object; those that are missing or unknown are faults."""
        if not isinstance(value, dict):
            self.fault("offer.type", path, expected="object")
            return {}
        known = (*must, *may)
        for name in value:
            if name not in known:
                self.unknown(_FIELD, path, name, known)
        for name in must:
            if name not in value:
                self.fault("offer.field-missing", path, field=name)
        return {name: part for name, part in value.items() if name in known}

    def items(self, value: object, path: str, most: int) -> list[tuple[str, Any]]:
        """The path and value of each item of a list that is neither empty nor too long."""
        if not isinstance(value, list):
            self.fault("offer.type", path, expected="array")
            return []
        if not value:
            self.fault("offer.empty", path)
        if len(value) > most:
            self.fault("offer.too-many", path, count=len(value), limit=most)
            return []
        return [(f"{path}[{place}]", part) for place, part in enumerate(value)]

    def words(self, value: object, path: str, read: Callable[[Any, str], str | None], most: int) -> tuple[str, ...]:
        """A list of different words, each as `read` takes it."""
        found: list[str] = []
        for place, part in self.items(value, path, most):
            word = read(part, place)
            if word is not None and word in found:
                self.fault("offer.repeated", place, value=word)
            elif word is not None:
                found.append(word)
        return tuple(found)

    def word(self, value: object, path: str, known: Iterable[str]) -> str | None:
        """One of the known words."""
        if not isinstance(value, str):
            self.fault("offer.type", path, expected="string")
        elif value in (words := [str(word) for word in known]):
            return value
        else:
            self.unknown(_VALUE, path, value, words)
        return None

    def unknown(self, codes: tuple[str, str], path: str, word: str, known: Iterable[str]) -> None:
        """A word that is none of ours: the nearest one is named, else all."""
        if self.full:
            return
        words = list(known)
        near = get_close_matches(word[:_MAX_SHOWN], words, n=1, cutoff=0.6)
        if near:
            self.fault(codes[0], path, value=_shown(word), near=near[0])
        else:
            self.fault(codes[1], path, value=_shown(word), allowed=", ".join(words))

    def whole(self, value: object, path: str, most: int) -> int | None:
        """A whole number from 1."""
        if type(value) is not int:  # neither true nor 1.0
            self.fault("offer.type", path, expected="integer")
        elif 1 <= value <= most:
            return value
        else:
            self.fault("offer.range", path, value=_shown(str(value)), least=1, most=most)
        return None

    def typed(self, value: object, path: str, kind: str, form: re.Pattern[str]) -> re.Match[str] | None:
        """A JSON-LD value of an XSD type (JSON-LD 1.1 §4.2.1), in the one spelling that it has here."""
        held = value if isinstance(value, dict) and value.keys() == {"@type", "@value"} else {"@value": value}
        text = held["@value"]
        found = form.fullmatch(text) if held.get("@type") == kind and isinstance(text, str) else None
        if found is None:
            example = "P30D" if form is DAYS else "2027-12-31T00:00:00Z"
            self.fault("offer.typed", path, value=_shown(str(text)), type=kind, example=example)
        return found

    def days(self, value: object, path: str) -> int | None:
        """A period in days."""
        found = self.typed(value, path, "xsd:duration", DAYS)
        return None if found is None else self.whole(int(found[1]), path, MAX_DAYS)

    def instant(self, value: object, path: str) -> str | None:
        """An instant that is on the calendar."""
        found = self.typed(value, path, "xsd:dateTime", INSTANT)
        if found is None:
            return None
        try:
            datetime.fromisoformat(found[0])
        except ValueError:
            self.fault("offer.typed", path, value=found[0], type="xsd:dateTime", example="2027-12-31T00:00:00Z")
            return None
        return found[0]

    def country(self, value: object, path: str) -> str | None:
        """The code of a country."""
        if not isinstance(value, str):
            self.fault("offer.type", path, expected="string")
            return None
        try:
            return countries.assigned(value)
        except Invalid as error:
            self.fault("offer.country", path, value=_shown(value), near=error.facts.get("near", "KR, US, DE"))
            return None

    def credential(self, value: object, path: str) -> str | None:
        """The name of a credential: ours to keep plain, since it stands in the text that is signed."""
        if isinstance(value, str) and _CREDENTIAL.fullmatch(value):
            return value
        self.fault("offer.credential", path, value=_shown(str(value)))
        return None

    def edition(self, value: object, path: str) -> str | None:
        """The name of an edition, also of one that is not frozen yet; or CURRENT."""
        if isinstance(value, str) and is_edition_name(value):
            return value
        self.fault("offer.version", path, value=_shown(str(value)))
        return None

    def marking(self, value: object, path: str) -> str | None:
        """A marking: whether it is one of the standard's is judged with the standard."""
        if isinstance(value, str) and MARKING.fullmatch(value):
            return value
        self.fault("offer.marking", path, value=_shown(str(value)))
        return None

    # -- parts

    def offer(self, value: object) -> Offer | None:
        """The whole; None if anything is wrong with it."""
        found = self.fields(value, "$", _ROOT, ("prohibition",))
        for name, wanted in FIXED.items():
            earlier = EARLIER if name == "@context" else ()
            if name in found and found[name] != wanted and found[name] not in earlier:
                self.fault("offer.fixed", f"$.{name}", expected=_shown(str(wanted)))
        standard, number = self.named(found)
        permissions = self.permissions(found.get("permission", ())) if "permission" in found else ()
        listed = self.items(found["prohibition"], "$.prohibition", MAX_PROHIBITIONS) if "prohibition" in found else []
        prohibitions = tuple(self.prohibition(part, path) for path, part in listed)
        clauses = self.clauses(found["clauses"], "$.clauses") if "clauses" in found else {}
        automatic = found.get("automatic", False)
        if type(automatic) is not bool:
            self.fault("offer.type", "$.automatic", expected="boolean")
        law = self.country(found["law"], "$.law") if "law" in found else None
        if self.faults or standard is None or number is None or law is None:
            return None
        return Offer(
            standard=standard,
            number=number,
            permissions=permissions,
            prohibitions=prohibitions,
            clauses=clauses,
            automatic=automatic,
            law=law,
        )

    def named(self, found: Mapping[str, Any]) -> tuple[StandardId | None, int | None]:
        """The standard that the offer is about and its number, which target, uid and assigner tell together."""
        standard, number = None, None
        if "target" in found:
            target = found["target"]
            match = TARGET.fullmatch(target) if isinstance(target, str) else None
            try:
                standard = standard_id(match[1]) if match else None
            except Invalid:
                standard = None
            if standard is None:
                self.fault("offer.urn", "$.target", value=_shown(str(target)), form="urn:datadam:standard:<id>")
        if "uid" in found:
            uid = found["uid"]
            match = _UID.fullmatch(uid) if isinstance(uid, str) else None
            number = int(match[2]) if match else None
            if match is None or (standard is not None and match[1] != standard):
                form = f"urn:datadam:offer:{standard or '<id>'}:<number>"
                self.fault("offer.urn", "$.uid", value=_shown(str(uid)), form=form)
        if standard is not None and found.get("assigner", assigner(standard)) != assigner(standard):
            self.fault("offer.urn", "$.assigner", value=_shown(str(found["assigner"])), form=assigner(standard))
        return standard, number

    def permissions(self, value: object) -> tuple[Permission, ...]:
        """What is allowed, each action once."""
        found: list[Permission] = []
        stands: dict[str, str] = {}
        for path, part in self.items(value, "$.permission", len(Action)):
            held = self.fields(part, path, ("action",), ("constraint", "duty"))
            actions = self.actions(held, path)
            for action in actions:
                if stands.setdefault(action, path) != path:
                    self.fault("offer.action-twice", f"{path}.action", action=str(action), other=stands[action])
            constraints = self.constraints(held, path, tuple(Operand))
            found.append(Permission(actions=actions, constraints=constraints, duties=self.duties(held, path)))
        return tuple(found)

    def prohibition(self, value: object, path: str) -> Prohibition:
        """What is not."""
        held = self.fields(value, path, ("action",), ("constraint",))
        return Prohibition(actions=self.actions(held, path), constraints=self.constraints(held, path, IN_PROHIBITIONS))

    def actions(self, held: Mapping[str, Any], path: str) -> tuple[Action, ...]:
        """The actions that a rule is about."""
        if "action" not in held:
            return ()
        found = self.words(held["action"], f"{path}.action", lambda v, p: self.word(v, p, Action), len(Action))
        return tuple(Action(word) for word in found)

    def constraints(self, held: Mapping[str, Any], path: str, allowed: tuple[Operand, ...]) -> tuple[Constraint, ...]:
        """What must hold, each operand once."""
        found: list[Constraint] = []
        listed = self.items(held["constraint"], f"{path}.constraint", len(Operand)) if "constraint" in held else []
        for place, part in listed:
            one = self.constraint(part, place, allowed)
            if one is not None and any(one.operand is other.operand for other in found):
                self.fault("offer.operand-twice", place, operand=str(one.operand))
            elif one is not None:
                found.append(one)
        return tuple(found)

    def constraint(self, value: object, path: str, allowed: tuple[Operand, ...]) -> Constraint | None:
        """One condition, of an operand that is allowed here."""
        held = self.fields(value, path, ("leftOperand", "operator", "rightOperand"), ("minimumAge",))
        word = self.word(held["leftOperand"], f"{path}.leftOperand", allowed) if "leftOperand" in held else None
        if word is None or "operator" not in held or "rightOperand" not in held:
            return None
        operand = Operand(word)
        operator = self.word(held["operator"], f"{path}.operator", OPERATORS[operand])
        right = self.right(operand, held["rightOperand"], f"{path}.rightOperand")
        days = self.days(held["minimumAge"], f"{path}.minimumAge") if "minimumAge" in held else None
        if "minimumAge" in held and operand is not Operand.RECIPROCITY:
            self.fault("offer.age", f"{path}.minimumAge", operand=word)
        if operator is None or right is None:
            return None
        return Constraint(operand=operand, operator=Operator(operator), value=right, days=days)

    def right(self, operand: Operand, value: object, path: str) -> Value | None:
        """What the operand is compared with."""
        alone: Mapping[Operand, Callable[[Any, str], Value | None]] = {
            Operand.EXPIRY: self.instant,
            Operand.RECIPROCITY: lambda v, p: self.whole(v, p, MAX_ROWS),
            Operand.SENSITIVITY: lambda v, p: self.word(v, p, WORDS[operand]),
            Operand.LEVEL: lambda v, p: self.word(v, p, WORDS[operand]),
            Operand.MARKING: self.marking,
        }
        listed: Mapping[Operand, Callable[[Any, str], str | None]] = {
            Operand.JURISDICTION: self.country,
            Operand.DESTINATION: self.country,
            Operand.CREDENTIAL: self.credential,
            Operand.VERSION: self.edition,
        }
        if operand in alone:
            return alone[operand](value, path)
        return self.words(value, path, listed.get(operand, lambda v, p: self.word(v, p, WORDS[operand])), MAX_VALUES)

    def duties(self, held: Mapping[str, Any], path: str) -> tuple[Duty, ...]:
        """What a permission obliges to, each kind once."""
        found: list[Duty] = []
        for place, part in self.items(held["duty"], f"{path}.duty", len(DutyKind)) if "duty" in held else []:
            duty = self.duty(part, place)
            if duty is not None and any(duty.kind is other.kind for other in found):
                self.fault("offer.repeated", place, value=str(duty.kind))
            elif duty is not None:
                found.append(duty)
        return tuple(found)

    def duty(self, value: object, path: str) -> Duty | None:
        """One duty, with its days where its kind has some."""
        held = self.fields(value, path, ("action",), ("constraint",))
        word = self.word(held["action"], f"{path}.action", DutyKind) if "action" in held else None
        if word is None:
            return None
        kind = DutyKind(word)
        if kind not in DUTY_PERIODS:
            if "constraint" in held:
                self.fault("offer.duty-period", f"{path}.constraint", duty=word)
            return Duty(kind=kind)
        if "constraint" not in held:
            self.fault("offer.field-missing", path, field="constraint")
            return None
        operand, operator = DUTY_PERIODS[kind]
        days = None
        for place, part in self.items(held["constraint"], f"{path}.constraint", 1):
            period = self.fields(part, place, ("leftOperand", "operator", "rightOperand"))
            for name, wanted in (("leftOperand", operand), ("operator", str(operator))):
                if name in period:
                    self.word(period[name], f"{place}.{name}", (wanted,))
            days = self.days(period["rightOperand"], f"{place}.rightOperand") if "rightOperand" in period else None
        return None if days is None else Duty(kind=kind, days=days)

    def clauses(self, value: object, path: str) -> dict[str, str]:
        """The variant of each clause, each in the order of `CLAUSES`."""
        held = self.fields(value, path, CLAUSES)
        found: dict[str, str] = {}
        for name in CLAUSES:
            variant = held.get(name)
            if name not in held:
                continue
            amount = capped(variant) if name == "liability" else None
            if amount is not None:
                self.word(amount[1], f"{path}.{name}", CURRENCIES)
            elif variant == "capped-amount" and name == "liability":
                self.fault("offer.amount", f"{path}.{name}", example="capped-amount:100000:EUR")
            elif self.word(variant, f"{path}.{name}", VARIANTS[name]) is None:
                continue
            found[name] = str(variant)
        return found


def _shown(text: str) -> str:
    """A wrong word as it may stand in a fault: letters that look like others are told by their numbers."""
    text = text.encode("utf-8", "replace").decode()  # half a surrogate pair is no text that can be sent on
    cut = text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + "…"
    return cut if cut.rstrip("…").isascii() else f"{cut} ({ascii(cut.rstrip('…'))[1:-1]})"
