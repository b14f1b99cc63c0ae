"""Terms of a contributor's own as JSON or YAML ↔ `restriction.Restriction`: what a permission of an offer says.

It has the `action` and `constraint` of one, of which either may be absent; what neither says is as the offer has it.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from datadam import seal
from datadam.errors import DamError, Faults, Invalid
from datadam.formats import odrl, offer_text, strict_yaml
from datadam.formats.odrl_judge import Judge
from datadam.model import Json, PrivacyClass, Protection, Standard
from datadam.restriction import OPERANDS, Restriction
from datadam.terms import Operand, Permission

MAX_BYTES: Final = 16 * 1024
_CLASSES: Final = tuple(PrivacyClass)


def read(value: Any) -> Restriction:  # noqa: ANN401  (a node of JSON)
    """Read a restriction; `Faults` carries everything that is wrong with its form."""
    judge = Judge()
    held = judge.fields(value, "$", (), ("action", "constraint"))
    actions = judge.actions(held, "$") if "action" in held else None
    found = Restriction(actions=actions, constraints=judge.constraints(held, "$", OPERANDS))
    if not judge.faults and not held:
        judge.faults.append(Invalid("restriction.empty"))
    if not judge.faults and (size := len(text_of(value).encode())) > MAX_BYTES:
        judge.faults.append(Invalid("restriction.too-large", size=size, limit=MAX_BYTES))
    if judge.faults:
        raise Faults("restriction.faulty", judge.faults)
    return found


def from_yaml(text: str) -> Json:
    """A restriction in YAML as the JSON that is signed, instants spelled out; `Faults` if it is none."""
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise Faults("restriction.faulty", [Invalid("restriction.too-large", size=size, limit=MAX_BYTES)])
    try:
        value = odrl.spelled_out(strict_yaml.read(text))
    except Invalid as error:
        raise Faults("restriction.faulty", [error]) from error
    return write(read(value))


def write(restriction: Restriction) -> Json:
    """The restriction as JSON; `read` gives the same back."""
    found: dict[str, Any] = {}
    if restriction.actions is not None:
        found["action"] = [str(action) for action in restriction.actions]
    if restriction.constraints:
        found["constraint"] = [odrl.constraint_json(one) for one in restriction.constraints]
    return found


def text_of(value: Json) -> str:
    """A restriction as it is kept and compared: RFC 8785."""
    return seal.canonical(value).decode()


def kept(value: Json) -> str:
    """What somebody signed as it is kept: judged, then in one spelling; `Faults` where it is no restriction."""
    return text_of(write(read(value)))


@lru_cache(maxsize=4096)
def parsed(text: str) -> Restriction:
    """The restriction that was kept."""
    return read(seal.parse(text))


def words(value: Json, language: str) -> list[str]:
    """A restriction as a person reads it: one sentence an action and a condition, in the words of offers."""
    found = read(value)
    return offer_text.conditions(Permission(actions=found.actions or (), constraints=found.constraints), language)


def check(restriction: Restriction, standard: Standard, *, now: str) -> list[DamError]:
    """What is wrong with a restriction of a deposit under this standard; all at once."""
    return [*odrl.marking_faults(restriction.constraints, "$", standard), *_hollow(restriction, standard, now)]


def _hollow(restriction: Restriction, standard: Standard, now: str) -> Iterator[DamError]:
    """What would never let anything out: whoever means that keeps the file."""
    for number, one in enumerate(restriction.constraints):
        path = f"$.constraint[{number}].rightOperand"
        if one.operand is Operand.EXPIRY and str(one.value) <= now:
            yield Invalid("restriction.over", path=path, instant=str(one.value))
        if one.operand is Operand.SENSITIVITY:
            most = _CLASSES.index(PrivacyClass(str(one.value)))
            above = [
                column.name
                for column in standard.columns
                if column.required
                and column.protection is not Protection.DROP
                and _CLASSES.index(column.privacy_class) > most
            ]
            if above:
                columns = ", ".join(above)
                yield Invalid("restriction.nothing-left", path=path, level=str(one.value), columns=columns)
