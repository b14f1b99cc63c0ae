"""The one file that calls Cedar. It is loaded where something is decided: who only deposits does without."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final

from datadam.errors import Unavailable
from datadam.policy.cedar import SCHEMA

_POLICIES: Final = 1024  # parsed policies that are kept; a dam has one a standard, and those of earlier offers


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What Cedar said; neither allowed nor denied is its third answer."""

    allowed: bool
    denied: bool
    rules: tuple[str, ...]  # ids of those that it rests on, sorted; empty: a rule without an id
    errors: tuple[str, ...]


def fault(text: str) -> str | None:
    """What Cedar's validator finds wrong with policies under our schema; None, if they can be used."""
    found = _cedar().validate_policies(text, SCHEMA)
    return None if found.validation_passed else "; ".join(str(one) for one in found.errors)


def ask(question: Mapping[str, Any], text: str) -> Answer:
    """Cedar's answer to a question under policies; the question is held against the schema too.

    Without the schema a misspelt action would pass under the broad permit.
    """
    cedar = _cedar()
    found = cedar.is_authorized(dict(question), _parsed(text), _nobody(), schema=_schema())
    named = found.diagnostics.id_annotations_by_reason  # Cedar itself only counts policies, in no order
    return Answer(
        allowed=found.decision is cedar.Decision.Allow,
        denied=found.decision is cedar.Decision.Deny,
        rules=tuple(sorted(named.get(one, "") for one in found.diagnostics.reasons)),
        errors=tuple(found.diagnostics.errors),
    )


def _cedar() -> Any:  # noqa: ANN401  (a module)
    try:
        import cedarpy  # noqa: PLC0415  (the light client has none, and need not)
    except ImportError as error:
        raise Unavailable("policy.engine-missing", library="cedarpy", extra="decide") from error
    return cedarpy


@lru_cache(maxsize=_POLICIES)
def _parsed(text: str) -> Any:  # noqa: ANN401  (Cedar's own, opaque)
    return _cedar().PolicySet.from_str(text)


@cache
def _schema() -> Any:  # noqa: ANN401  (the same)
    return _cedar().Schema.from_str(SCHEMA)


@cache
def _nobody() -> Any:  # noqa: ANN401  (the same)
    """No entities at all: everything that is known is in the context."""
    return _cedar().Entities.from_json_str("[]")
