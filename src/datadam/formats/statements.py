"""The shape of every kind of statement, as closed JSON Schemas (draft 2020-12); `read` refuses all other shapes."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import jsonschema

from datadam import seal
from datadam.credentials import Form
from datadam.disclosure import MOST_OPENED, Compute, Origin, Part
from datadam.disputes import MAX_DAYS, Measure, Outcome, Scope, Subject
from datadam.duties import ROWS
from datadam.errors import Invalid
from datadam.formats import member_credential, model_card, shapes
from datadam.governance import About
from datadam.model import FORMATS, Kind, PrivacyClass, Statement
from datadam.peers import MAX_CARRIED, MAX_URL, FaultKind
from datadam.privacy.question import MAX_PERIODS
from datadam.rounds import TERMS, Role
from datadam.standard import MAX_QUORUM
from datadam.terms import CHANGED, LEVELS, PURPOSES, Action

MAX_MAKERS: Final = 200  # of a round
MAX_SHARED: Final = 10_000  # sets of makers that share something
# `$(?!\n)`: to Python, unlike to JSON Schema, `$` alone also matches before a line break at the end
_HEX: Final = {"type": "string", "pattern": "^[0-9a-f]{64}$(?!\n)"}
_MEMBER: Final = {"type": "string", "pattern": "^m-[0-9a-f]{20}$(?!\n)"}
_COUNTRY: Final = {"type": "string", "pattern": "^[A-Z]{2}$(?!\n)"}
_DATE: Final = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$(?!\n)"}
_INSTANT: Final = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$(?!\n)"}
_COUNT: Final = {"type": "integer", "minimum": 0, "maximum": 2**53 - 1}
_STANDARD: Final = {"type": "string", "pattern": r"^[a-z][a-z0-9-]{0,62}(\.[a-z][a-z0-9-]{0,62}){1,3}$(?!\n)"}
_VERSION: Final = {"type": "string", "pattern": r"^[0-9]{1,5}\.[0-9]{1,5}\.[0-9]{1,5}$(?!\n)"}


def _text(most: int) -> dict[str, object]:
    return {"type": "string", "minLength": 1, "maxLength": most}


def _closed(properties: Mapping[str, object], *, optional: frozenset[str] = frozenset()) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": sorted(set(properties) - optional),
        "additionalProperties": False,
    }


def _list(items: object, most: int) -> dict[str, object]:
    return {"type": "array", "items": items, "maxItems": most}


_JWK: Final = _closed({"kty": {"const": "OKP"}, "crv": {"const": "Ed25519"}, "x": _text(43)})
_READING_KEY: Final = _closed({"kty": {"const": "OKP"}, "crv": {"const": "X25519"}, "x": _text(43)})
_KID: Final = {"type": "string", "pattern": "^[A-Za-z0-9_-]{43}$(?!\n)"}
_OPERATOR: Final = {"type": "string", "pattern": "^o-[0-9a-f]{20}$(?!\n)"}
_USE: Final = {"enum": ["dam", "log"]}
_LANGUAGE: Final = {"type": "string", "pattern": "^[a-z]{2}$(?!\n)"}
_DIGESTS: Final = {"type": "object", "additionalProperties": _HEX, "minProperties": 1, "maxProperties": 20}
_TEXT_READ: Final = _closed(
    {
        "version": _text(20),
        "language": _LANGUAGE,
        "digests": _DIGESTS,
    }
)
_FILE: Final = _closed({"name": _text(255), "digest": _HEX, "size": _COUNT, "rows": _COUNT})
_NULLABLE_MEMBER: Final = {"anyOf": [_MEMBER, {"type": "null"}]}
_NULLABLE_HEX: Final = {"anyOf": [_HEX, {"type": "null"}]}
_NULLABLE_INSTANT: Final = {"anyOf": [_INSTANT, {"type": "null"}]}
_BOOLEAN: Final = {"type": "boolean"}
_EDITION_NAME: Final = {"type": "string", "pattern": r"^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$(?!\n)"}
_SLUG: Final = {"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+){0,12}$(?!\n)", "maxLength": 200}
_CLASSES: Final = {**_list({"enum": list(PrivacyClass)}, len(PrivacyClass)), "minItems": 1, "uniqueItems": True}
_COUNTRIES: Final = {**_list(_COUNTRY, 300), "minItems": 1, "uniqueItems": True}
_DAYS: Final = {"type": "integer", "minimum": 1, "maximum": MAX_DAYS}
_STEWARDS: Final = {**_list(_MEMBER, 50), "minItems": 1, "uniqueItems": True}
_QUORUM: Final = {"type": "integer", "minimum": 1, "maximum": MAX_QUORUM}
_EDITIONS: Final = _list(_text(320), 10_000)  # ids, `reservoir@name`

_SENTENCES: Final = {**_list(_text(model_card.MAX_TEXT), model_card.MAX_ITEMS), "minItems": 1}
_RESTRICTION: Final = {"type": "object", "minProperties": 1, "maxProperties": 2}  # judged by formats.own_terms
_NULLABLE_TEXT: Final = {"anyOf": [_text(model_card.MAX_TEXT), {"type": "null"}]}

_PERIOD: Final = {"type": "string", "pattern": r"^[0-9]{4}(-W[0-9]{2}|-Q[1-4]|-[0-9]{2}(-[0-9]{2})?)?$(?!\n)"}
_TWIN: Final = {"type": "string", "pattern": r"^[0-9]{4}[0-9QW-]{0,6}\.[1-9][0-9]{0,5}$(?!\n)"}
_RHO: Final = {**_COUNT, "minimum": 1}  # micro-rho
_DECIMAL: Final = {"type": "string", "pattern": r"^[0-9]{1,20}(\.[0-9]{1,40})?$(?!\n)"}
_TENTHS: Final = {"type": "integer", "minimum": 0, "maximum": 10}  # of a budget

_PUBLIC_KEY: Final = {"anyOf": [_text(200), {"type": "integer"}, {"type": "boolean"}, {"type": "null"}]}
_CHECKED_TABLE: Final = _closed(
    {
        "name": _text(80),
        "aggregate": {"enum": ["count", "sum"]},
        "column": {"anyOf": [_text(63), {"type": "null"}]},
        "unit": {"anyOf": [_text(40), {"type": "null"}]},
        "by": _list(_closed({"column": _text(63), "keys": _list(_PUBLIC_KEY, 10_001)}), 20),
        "values": _list(
            {"anyOf": [{"type": "string", "pattern": r"^[0-9]{1,60}(\.[0-9]{1,40})?$(?!\n)"}, {"type": "null"}]},
            100_000,
        ),
    }
)

_PEER: Final = {"type": "string", "pattern": "^p-[0-9a-f]{20}$(?!\n)"}
_ENVELOPE: Final = _closed(
    {
        "payload": _text(seal.MAX_ENVELOPE),
        "signatures": {
            **_list(_closed({"protected": _text(1000), "signature": _text(200)}), seal.MAX_SIGNATURES),
            "minItems": 1,
        },
    }
)
_ADOPTION: Final[Mapping[str, object]] = {
    "peer": _PEER,
    "statement": _HEX,  # the id of what the envelope holds
    "index": {**_COUNT, "minimum": 1},  # in the peer's log
    "standard": {"anyOf": [_STANDARD, {"type": "null"}]},  # in the scope, that it is about
    "envelope": _ENVELOPE,
    "via": _list(_ENVELOPE, MAX_CARRIED),  # what led to the keys that signed it, and the agreement that it is about
}

_SHAPES: Final[Mapping[Kind, Mapping[str, object]]] = {
    Kind.DAM: {"origin": _text(255), "title": _text(200), "jurisdiction": _COUNTRY, "key": _JWK, "log": _text(400)},
    Kind.MEMBER: {
        "member": _MEMBER,
        "member_kind": {"enum": ["organisation", "country"]},
        "key": _JWK,
        "jurisdiction": _COUNTRY,
        "roles": _list({"enum": ["contributor", "consumer", "auditor"]}, 3),
        "under": _NULLABLE_MEMBER,
        "profile": _NULLABLE_HEX,
        "text": _TEXT_READ,
        "authority": {"anyOf": [_text(200), {"type": "null"}]},
        "effective": {"anyOf": [_DATE, {"type": "null"}]},
        "reservations": _list(_text(2000), 100),
        "restrictions": _list(_RESTRICTION, 20),
    },
    Kind.DECLINE: {"application": _HEX, "member": _MEMBER, "reason": _text(2000)},
    Kind.KEY: {"member": _MEMBER, "key": _JWK, "replaces": _text(43)},
    Kind.ROTATION: {"use": _USE, "key": _JWK, "replaces": _KID, "reason": _text(2000)},
    Kind.RETIREMENT: {
        "use": _USE,
        "key": _KID,
        "checkpoint": {"anyOf": [_text(16_384), {"type": "null"}]},  # of the log: the last that the former key signed
        "reason": _text(2000),
    },
    Kind.OPERATOR: {"operator": _OPERATOR, "key": _JWK},
    Kind.OPERATOR_EXIT: {"operator": _OPERATOR, "reason": _text(2000)},
    Kind.RECOVERY: {
        "member": _MEMBER,
        "key": _JWK,
        "operators": {**_list(_OPERATOR, 2), "minItems": 2, "uniqueItems": True},
        "proof": _HEX,
        "until": _INSTANT,
    },
    Kind.OBJECTION: {"recovery": _HEX, "member": _MEMBER},
    Kind.RECOVERED: {"recovery": _HEX, "member": _MEMBER, "key": _JWK},
    Kind.RESERVATION: {"member": _MEMBER, "restrictions": _list(_RESTRICTION, 20)},
    Kind.EXIT: {"member": _MEMBER, "reason": _text(2000), "signed_by_member": {"type": "boolean"}},
    Kind.MEMBER_CHANGE: {"member": _MEMBER, "state": {"enum": ["suspended", "active"]}, "reason": _text(2000)},
    Kind.STANDARD: {
        "standard": _STANDARD,
        "version": _VERSION,
        "text": _text(1_000_000),
        "digest": _HEX,
        "proposal": _HEX,
    },
    Kind.DEPRECATION: {"standard": _STANDARD, "version": _VERSION, "until": _DATE},
    Kind.OFFER: {
        "standard": _STANDARD,
        "number": {**_COUNT, "minimum": 1},
        "offer": {"type": "object", "required": ["@type", "permission", "target", "uid"]},  # judged by formats.odrl
        "digest": _HEX,
        "texts": _DIGESTS,
        "proposal": _HEX,
    },
    Kind.AGREEMENT: {
        "member": _MEMBER,
        "standard": _STANDARD,
        "offer": _HEX,
        "purposes": {**_list({"enum": list(PURPOSES)}, len(PURPOSES)), "minItems": 1, "uniqueItems": True},
        "destination": _COUNTRY,
        "level": {"enum": [str(level) for level in LEVELS]},
        "expires": _NULLABLE_INSTANT,
        "language": _LANGUAGE,
        "texts": _DIGESTS,
        "credential": {"type": "object", "required": ["@context", "credentialSubject", "issuer", "type", "validFrom"]},
    },
    Kind.AGREEMENT_CHANGE: {
        "agreement": _HEX,
        "member": _MEMBER,
        "state": {"enum": [str(state) for state in CHANGED]},
        "by_member": _BOOLEAN,
        "reason": _text(2000),
    },
    Kind.MANIFEST: {
        "contributor": _MEMBER,
        "standard": _STANDARD,
        "version": _VERSION,
        "fit": {"type": "object"},
        "fit_digest": _HEX,
        "file": _closed(
            {
                "name": _text(255),
                "format": {"enum": list(FORMATS)},
                "reading": {"type": "object", "maxProperties": 20},  # judged by formats.opening
                "digest": _HEX,
                "size": _COUNT,
            },
            optional=frozenset({"reading"}),
        ),
        "terms": _list(_text(2000), 100),
        "own_terms": _RESTRICTION,
        "prepared": {"const": True},
    },
    Kind.OUTCOME: {
        "manifest": _HEX,
        "contributor": _MEMBER,
        "standard": _STANDARD,
        "version": _VERSION,
        "file_digest": _HEX,
        "fit_digest": _HEX,
        "rows": _COUNT,
        "admitted": _COUNT,
        "rejected": _COUNT,
        "faults": {"type": "object", "additionalProperties": _COUNT},
        "tag": {"type": "string", "pattern": "^[0-9a-f]{16}$(?!\n)"},
        "files": _list(_FILE, 1000),
        "own_terms": _RESTRICTION,
    },
    Kind.GRANT: {"member": _MEMBER, "standard": _STANDARD, "expires": {"anyOf": [_INSTANT, {"type": "null"}]}},
    Kind.REVOCATION: {"grant": _HEX, "member": _MEMBER},
    Kind.DECISION: {
        "member": _MEMBER,
        "standard": _STANDARD,
        "allowed": _BOOLEAN,
        "basis": {"anyOf": [_text(64), {"type": "null"}]},
        "reasons": _list(_closed({"code": _text(80), "facts": {"type": "object", "maxProperties": 20}}), 100),
        "facts": {"type": "object", "maxProperties": 60},  # judged by `decisions.replay`
        "offer": _NULLABLE_HEX,
        "policy": {"anyOf": [_HEX, {"const": "grants"}]},
        "narrowing": _HEX,  # keyed: what leaves of restricted deposits, and what does not
    },
    Kind.RELEASE: {
        "member": _MEMBER,
        "standard": _STANDARD,
        "version": _VERSION,
        "basis": _text(64),
        "share_version": _COUNT,
        "rows": _COUNT,
        "files": _list(_HEX, 100_000),
        "deposits_digest": _HEX,
        "edition": _EDITION_NAME,
        "decision": _HEX,
        "recipient": {"type": "string", "pattern": r"^(m-[0-9a-f]{20}|\*)(~[0-9a-f]{16})?$(?!\n)"},
        "disputes": {**_list(_HEX, 10_000), "minItems": 1},  # that whoever takes the rows is told of
        "home": _PEER,  # of a guest: its home is told of the release
        "action": {"enum": list(Action)},
    },
    Kind.ERASURE: {"body": _HEX, "member": _NULLABLE_MEMBER, "reason": _text(2000)},
    Kind.WITHDRAWAL: {
        "contributor": _MEMBER,
        "deposits": {**_list(_HEX, 10_000), "minItems": 1, "uniqueItems": True},
        "replaced_by": _NULLABLE_HEX,
        "reason": _text(2000),
    },
    Kind.PURGE: {
        "contributor": _MEMBER,
        "withdrawal": _HEX,
        "reached": _closed(
            {
                "rows": {"anyOf": [_COUNT, {"type": "null"}]},  # null: of the answers tier no row is counted
                **dict.fromkeys(("files", "bodies", "journal"), _COUNT),
                "editions": _EDITIONS,
            }
        ),
        "beyond": _closed(
            {
                "backups_until": _NULLABLE_INSTANT,
                "recipients": _COUNT,
                "strangers": _BOOLEAN,
                "models": _list(_HEX, 10_000),
                "abroad": _list(
                    _closed({"peer": _PEER, "recipients": _COUNT, "models": _list(_HEX, 10_000)}),  # in its register
                    1000,
                ),
            },
            optional=frozenset({"models", "abroad"}),  # before there was a register, and where nothing went abroad
        ),
    },
    Kind.LAW: {
        "name": {"enum": ["corridors", "clocks"]},
        "version": {"type": "string", "pattern": "^[0-9.]{10,14}$(?!\n)"},
        "text": _text(1_000_000),
        "digest": _HEX,
    },
    Kind.ORDER: {
        "classes": _CLASSES,
        "destinations": _COUNTRIES,
        "standard": {"anyOf": [_STANDARD, {"type": "null"}]},
        "reason": _text(2000),
        "ground": _text(2000),
    },
    Kind.LIFT: {"order": _HEX, "reason": _text(2000)},
    Kind.DEMAND: {
        "authority": _text(200),
        "country": _COUNTRY,
        "ground": _text(2000),
        "what": _text(2000),
        "received": _INSTANT,
        "contributors": {**_list(_MEMBER, 10_000), "minItems": 1, "uniqueItems": True},
        "answer": {"enum": ["pending", "refused", "complied"]},
        "model": _HEX,
    },
    Kind.INCIDENT: {
        "event": _SLUG,
        "classes": {**_CLASSES, "minItems": 0},
        "persons": _COUNT,
        "countries": _COUNTRIES,
        "at": _INSTANT,
        "what": _text(2000),
        "law": _HEX,
    },
    Kind.NOTICE: {
        "topic": {"enum": ["demand", "withdrawal", "incident", "dispute", "agreement"]},
        "about": _HEX,
        "member": _NULLABLE_MEMBER,
        "clock": {"anyOf": [_SLUG, {"type": "null"}]},
        "given": _NULLABLE_INSTANT,
        "due": _NULLABLE_INSTANT,
        "facts": {"type": "object", "additionalProperties": _text(10_000), "maxProperties": 10},
    },
    Kind.DECLARATION: {
        "row": {"type": "integer", "minimum": 1, "maximum": ROWS},
        "member": _NULLABLE_MEMBER,
        "standard": {"anyOf": [_STANDARD, {"type": "null"}]},
        "subject": _NULLABLE_MEMBER,
        "applies": _BOOLEAN,
        "countries": {**_COUNTRIES, "minItems": 0},
        "days": {"anyOf": [{**_COUNT, "maximum": 36_500}, {"type": "null"}]},
        "words": _text(2000),
        "person": _HEX,
        "until": _DATE,
    },
    Kind.MODEL: {
        "member": _MEMBER,
        "name": {"type": "string", "pattern": f"^{model_card.NAME.pattern}$(?!\n)"},
        "version": {"type": "string", "pattern": f"^{model_card.VERSION.pattern}$(?!\n)"},
        "replaces": _NULLABLE_HEX,
        "purpose": _text(model_card.MAX_TEXT),
        "description": _text(model_card.MAX_TEXT),
        "contact": {"type": "string", "pattern": "^[^\n]{3,500}$(?!\n)"},
        "limits": _SENTENCES,
        "criteria": _SENTENCES,
        "compute": {"enum": list(Compute)},
        "synthetic": _BOOLEAN,
        "outside": _list(
            _closed(
                {"name": _text(model_card.MAX_NAME), "origin": {"enum": list(Origin)}, "reference": _NULLABLE_TEXT}
            ),
            model_card.MAX_ITEMS,
        ),
        "commitments": _list(_closed({"part": {"enum": list(Part)}, "digest": _HEX}), len(Part)),
        "training": _list(
            _closed(
                {
                    "standard": _STANDARD,
                    "version": _VERSION,
                    "edition": {"anyOf": [_EDITION_NAME, {"type": "null"}]},
                    "share_version": _COUNT,
                    "deposits_digest": _HEX,
                    "release": _HEX,
                    "decision": _HEX,
                    "index": _COUNT,
                }
            ),
            10_000,
        ),
        "elsewhere": {
            **_list(
                _closed(
                    {
                        "peer": _PEER,
                        "standard": _STANDARD,
                        "version": _VERSION,
                        "edition": {"anyOf": [_EDITION_NAME, {"type": "null"}]},
                        "share_version": _COUNT,
                        "deposits_digest": _HEX,
                        "release": _HEX,
                        "decision": _HEX,
                        "index": _COUNT,  # in that peer's log
                    }
                ),
                10_000,
            ),
            "minItems": 1,
        },
    },
    Kind.PROPOSAL: {
        "standard": _STANDARD,
        "about": {"enum": list(About)},
        "content": {"type": "object", "required": ["digest", "standard"]},  # of the statement that is to come
        "digest": _HEX,
        "replaces": _NULLABLE_HEX,
        "stewards": _STEWARDS,
        "quorum": _QUORUM,
        "by": _NULLABLE_MEMBER,
        "comments": {"type": "string", "pattern": "^[^\n]{1,200}$(?!\n)"},
        "effective": _INSTANT,
        "lapses": _INSTANT,
    },
    Kind.APPROVAL: {
        "standard": _STANDARD,
        "proposal": _HEX,
        "digest": _HEX,
        "stewards": _STEWARDS,
        "quorum": _QUORUM,
    },
    Kind.COMMENT: {"proposal": _HEX, "member": _MEMBER, "text": _text(2000)},
    Kind.DISPUTE: {
        "standard": _STANDARD,
        "subject": {"enum": list(Subject)},
        "deposit": _NULLABLE_HEX,
        "row": {"type": "object", "additionalProperties": _text(500), "maxProperties": 20},
        "statement": _NULLABLE_HEX,
        "member": _NULLABLE_MEMBER,
        "outsider": {"anyOf": [_text(200), {"type": "null"}]},
        "reason": _text(2000),
        "measure": {"enum": list(Measure)},
        "answer_days": _DAYS,
        "decide_days": _DAYS,
        "appeal_days": _DAYS,
    },
    Kind.DISPUTE_STEP: {
        "dispute": _HEX,
        "event": {"enum": ["answer", "appeal", "withdraw"]},
        "member": _NULLABLE_MEMBER,
        "text": _text(2000),
    },
    Kind.RULING: {
        "dispute": _HEX,
        "standard": _STANDARD,
        "event": {"enum": ["measure", "decide"]},
        "outcome": {"enum": [*Outcome, None]},
        "measure": {"enum": list(Measure)},
        "scope": {"enum": [*Scope, None]},
        "deposit": _NULLABLE_HEX,
        "until": _NULLABLE_INSTANT,
        "reasons": _text(2000),
        "stewards": {**_STEWARDS, "minItems": 0},
        "quorum": {**_QUORUM, "minimum": 0},
    },
    Kind.OPENING: {
        "member": _MEMBER,
        "model": _HEX,
        "demand": _HEX,
        "part": {"enum": list(Part)},
        "digest": _HEX,
        "size": {**_COUNT, "maximum": MOST_OPENED},
    },
    Kind.ISSUER: {
        "issuer": {"type": "string", "pattern": f"^{member_credential.ISSUER.pattern}$(?!\n)"},
        "title": _text(200),
        "names": {
            "type": "object",
            "propertyNames": {"pattern": f"^{member_credential.NAME.pattern}$(?!\n)"},
            "additionalProperties": {"type": "string", "pattern": f"^{member_credential.TYPE.pattern}$(?!\n)"},
            "maxProperties": 50,
        },
        "keys": {**_list(_JWK, 8), "uniqueItems": True},
    },
    Kind.CREDENTIAL: {
        "member": _MEMBER,
        "name": {"type": "string", "pattern": f"^{member_credential.NAME.pattern}$(?!\n)"},
        "issuer": {"type": "string", "pattern": f"^{member_credential.ISSUER.pattern}$(?!\n)"},
        "scope": {**_list(_STANDARD, 100), "uniqueItems": True},
        "begins": _INSTANT,
        "expires": _INSTANT,
        "form": {"enum": list(Form)},
        "kid": {"anyOf": [_text(43), {"type": "null"}]},
        "evidence": _HEX,
    },
    Kind.CREDENTIAL_END: {"credential": _HEX, "member": _MEMBER, "reason": _text(2000)},
    Kind.EDITION: {
        "standard": _STANDARD,
        "version": _VERSION,
        "name": _EDITION_NAME,
        "upto": _COUNT,
        "batch": _COUNT,
        "digest": _HEX,
        "replaces": _NULLABLE_HEX,
    },
    Kind.TABLES: {
        "standard": _STANDARD,
        "version": _VERSION,
        "period": {"type": "string", "pattern": "^[0-9]{4}[0-9QW-]{0,6}$(?!\n)"},
        "label": {"const": "not differentially private"},
        "rules": _closed(
            {
                "contributors": _COUNT,
                "largest": _COUNT,
                "largest_share": _text(40),
                "p_percent": _text(40),
                "months": _COUNT,
            }
        ),
        "tables": {**_list(_CHECKED_TABLE, 20), "minItems": 1},
    },
    Kind.TWIN: {
        "standard": _STANDARD,
        "version": _VERSION,
        "period": _PERIOD,
        "name": _TWIN,
        "recipe": _HEX,
        "deposits": _HEX,  # keyed, as is what follows
        "commitment": _HEX,
    },
    Kind.CHARGE: {
        "standard": _STANDARD,
        "version": _VERSION,
        "member": _NULLABLE_MEMBER,
        "decision": _NULLABLE_HEX,
        "periods": {**_list(_PERIOD, MAX_PERIODS), "minItems": 1, "uniqueItems": True},
        "twins": {**_list(_TWIN, MAX_PERIODS), "minItems": 1, "uniqueItems": True},
        "question": _HEX,
        "rho": _RHO,
    },
    Kind.ANSWER: {
        "standard": _STANDARD,
        "version": _VERSION,
        "charge": _HEX,
        "question": {"type": "object", "required": ["aggregate"]},  # judged by `privacy.question`
        "twins": {
            **_list(_closed({"twin": _TWIN, "commitment": _HEX}), MAX_PERIODS),
            "minItems": 1,
        },
        "rho": _RHO,
        "epsilon": _DECIMAL,
        "delta": _DECIMAL,
        "result": {"type": "object", "minProperties": 1},  # as `privacy.answering` gives it
        "claim": {"type": "object", "additionalProperties": _text(10_000), "minProperties": 1, "maxProperties": 20},
        "left": _closed({"period": _TENTHS, "life": _TENTHS}),
    },
    Kind.CAP: {"member": _MEMBER, "standard": _STANDARD, "rho": {"anyOf": [_COUNT, {"type": "null"}]}},
    Kind.PEERING: {
        "peer": _PEER,
        "key": _JWK,
        "log": _text(400),
        "origin": _text(255),
        "url": {"type": "string", "pattern": f"^https?://[!-~]{{1,{MAX_URL - 8}}}$(?!\n)"},
        "jurisdiction": _COUNTRY,
        "terms": {"type": "object", "required": ["between", "standards"]},  # judged by `peers.read_terms`
        "lineage": {**_list(_ENVELOPE, MAX_CARRIED), "minItems": 1},  # from the peer's entry 0 to its key and its log's
    },
    Kind.PEERING_END: {"peer": _PEER, "reason": _text(2000)},
    Kind.PEER_CONTACT: {"peer": _PEER, "state": {"enum": ["silent", "heard"]}, "since": _INSTANT},
    Kind.PEER_FAULT: {
        "peer": _PEER,
        "fault": {"enum": list(FaultKind)},
        "evidence": {
            "type": "object",
            "propertyNames": {"pattern": "^[a-z][a-z-]{0,40}$(?!\n)"},
            "additionalProperties": _text(100_000),
            "maxProperties": 20,
        },
    },
    Kind.ADOPTION: _ADOPTION,
    Kind.CLOSED_ADOPTION: _ADOPTION,
    Kind.GUEST: {
        "member": _MEMBER,
        "key": _JWK,
        "home": _PEER,
        "accession": _HEX,
        "jurisdiction": _COUNTRY,
        "roles": {**_list({"enum": ["consumer", "auditor"]}, 2), "minItems": 1, "uniqueItems": True},
        "lineage": {**_list(_ENVELOPE, MAX_CARRIED), "minItems": 1},  # from the accession at home to the key
        "text": _TEXT_READ,
    },
    Kind.ROUND: {
        "peer": _PEER,
        "round": _HEX,
        "plan": {"type": "object", "required": ["standard", "period", "dams"]},  # judged by `overlap.Plan`
        "parts": {**_list({"type": "object", "required": ["dam"]}, 2), "minItems": 2},  # by `overlap.Round`
        "closes": _INSTANT,
    },
    Kind.COMMITMENT: {
        "member": _MEMBER,
        "round": _HEX,
        "role": {"enum": list(Role)},
        "digest": _HEX,
        "reader": {"anyOf": [_closed({"key": _text(43), "proof": _text(86)}), {"type": "null"}]},
        "pair": {"anyOf": [{"type": "object", "required": ["asker", "holder"]}, {"type": "null"}]},  # `overlap.Pair`
    },
    Kind.MATCH: {
        "round": _HEX,
        "member": _NULLABLE_MEMBER,  # of whom it speaks; null: what the dam learned
        "state": {"enum": ["found", "ended"]},
        "reason": {"anyOf": [_text(200), {"type": "null"}]},
        "makers": _list(_closed({"member": _MEMBER, "dam": _text(255)}), MAX_MAKERS),
        "shared": _list(
            _closed({"makers": {**_list(_MEMBER, MAX_MAKERS), "minItems": 2}, "count": {**_COUNT, "minimum": 1}}),
            MAX_SHARED,
        ),
        "handed": _list(_HEX, 2),  # digests of what both dams handed the maker
        "shows": _COUNT,  # suppliers of its bag that another's has too
        "commitment": _NULLABLE_HEX,
    },
    Kind.SHOWING: {
        "member": _MEMBER,
        "round": _HEX,
        "purpose": {"enum": list(PURPOSES)},
        "until": _INSTANT,
        "terms": {"const": list(TERMS)},
        "reader": _READING_KEY,  # that what makers show is sealed for; it signs nothing
    },
    Kind.CONSENT: {"member": _MEMBER, "showing": _HEX, "sheet": _HEX},  # digest of what is sealed
    Kind.SHOWN: {
        "member": _MEMBER,
        "round": _HEX,
        "showing": _NULLABLE_HEX,
        "allowed": _BOOLEAN,
        "reasons": _list(_text(60), 10),  # codes of all that stood against it
        "makers": _COUNT,  # of the round; of each there is one sheet where it is allowed
        "sheets": _list(_HEX, MAX_MAKERS),  # sorted: whose is which, none tells
    },
}

_OPTIONAL: Final[Mapping[Kind, frozenset[str]]] = {
    Kind.MEMBER: frozenset({"restrictions"}),  # of a country, that a machine can read
    Kind.OUTCOME: frozenset({"own_terms"}),  # of the contributor's, as the manifest has them
    Kind.DECISION: frozenset({"narrowing"}),
    Kind.DEMAND: frozenset({"model"}),
    Kind.MODEL: frozenset({"elsewhere"}),  # what its provider took at peers
    Kind.RELEASE: frozenset({"edition", "decision", "recipient", "disputes", "home", "action"}),
    Kind.STANDARD: frozenset({"proposal"}),  # where stewards decide
    Kind.OFFER: frozenset({"proposal"}),
    Kind.MANIFEST: frozenset({"prepared", "own_terms"}),  # prepared at home: only there all of it was judged
}


@cache
def schema(kind: Kind) -> dict[str, Any]:
    """The JSON Schema of a payload of `kind`."""
    envelope = {
        "v": {"const": 1},
        "kind": {"const": str(kind)},
        "salt": {"type": "string", "pattern": "^[A-Za-z0-9_-]{22}$(?!\n)"},
        "issued": _INSTANT,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"datadam {kind} statement",
        **_closed({**envelope, **_SHAPES[kind]}, optional=_OPTIONAL.get(kind, frozenset())),
    }


@cache
def _validator(kind: Kind) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema(kind))


@cache
def _surely(kind: Kind) -> shapes.Check:
    return shapes.compiled(schema(kind))


def shaped(statement: Statement, *kinds: Kind) -> Statement:
    """The statement, if it is one of `kinds` (any, if none are named) and has that kind's shape; else `Invalid`."""
    if kinds and statement.kind not in kinds:
        raise Invalid("statement.kind-unexpected", kind=str(statement.kind), expected=", ".join(kinds))
    if _surely(statement.kind)(statement.body):  # else whoever says no also says why
        return statement
    fault = next(iter(_validator(statement.kind).iter_errors(statement.body)), None)
    if fault is not None:
        where = "/".join(str(part) for part in fault.absolute_path) or "(top)"
        raise Invalid("statement.shape", kind=str(statement.kind), where=where, why=fault.message[:200])
    return statement
