"""Statements have closed shapes: nothing missing, nothing more, nothing that only looks alike."""

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam import seal
from datadam.errors import Invalid
from datadam.formats.statements import schema, shaped
from datadam.model import Kind, Statement, instant
from worlds import START

KEY = seal.new_key()
HEX = "ab" * 32
OPERATOR = "o-" + "0" * 20
MEMBER = "m-" + "0" * 20
JWK = seal.public(KEY)
PEER = "p-" + "0" * 20
ENVELOPE = {"payload": "e30", "signatures": [{"protected": "e30", "signature": "AA"}]}
ADOPTION: dict[str, Any] = {
    "peer": PEER,
    "statement": HEX,
    "index": 1,
    "standard": "test.reading",
    "envelope": ENVELOPE,
    "via": [ENVELOPE],
}
FACTS: dict[Kind, dict[str, Any]] = {
    Kind.DAM: {"origin": "o", "title": "t", "jurisdiction": "KR", "key": JWK, "log": "l"},
    Kind.MEMBER: {
        "member": MEMBER,
        "member_kind": "organisation",
        "key": JWK,
        "jurisdiction": "KR",
        "roles": ["contributor"],
        "under": None,
        "profile": HEX,
        "text": {"version": "1", "language": "en", "digests": {"en": HEX}},
        "authority": None,
        "effective": None,
        "reservations": [],
    },
    Kind.DECLINE: {"application": HEX, "member": MEMBER, "reason": "r"},
    Kind.KEY: {"member": MEMBER, "key": JWK, "replaces": seal.thumbprint(KEY)},
    Kind.ROTATION: {"use": "log", "key": JWK, "replaces": seal.thumbprint(KEY), "reason": "r"},
    Kind.RETIREMENT: {"use": "log", "key": seal.thumbprint(KEY), "checkpoint": None, "reason": "r"},
    Kind.OPERATOR: {"operator": OPERATOR, "key": JWK},
    Kind.OPERATOR_EXIT: {"operator": OPERATOR, "reason": "r"},
    Kind.RECOVERY: {
        "member": MEMBER,
        "key": JWK,
        "operators": [OPERATOR, "o-" + "1" * 20],
        "proof": HEX,
        "until": "2026-12-22T00:00:00Z",
    },
    Kind.OBJECTION: {"recovery": HEX, "member": MEMBER},
    Kind.RECOVERED: {"recovery": HEX, "member": MEMBER, "key": JWK},
    Kind.EXIT: {"member": MEMBER, "reason": "r", "signed_by_member": True},
    Kind.RESERVATION: {"member": MEMBER, "restrictions": [{"action": ["read"]}]},
    Kind.STANDARD: {"standard": "test.reading", "version": "1.0.0", "text": "t", "digest": HEX},
    Kind.DEPRECATION: {"standard": "test.reading", "version": "1.0.0", "until": "2027-01-01"},
    Kind.MEMBER_CHANGE: {"member": MEMBER, "state": "suspended", "reason": "r"},
    Kind.OFFER: {
        "standard": "test.reading",
        "number": 1,
        "offer": {"@type": "Offer", "permission": [], "target": "t", "uid": "u"},
        "digest": HEX,
        "texts": {"en": HEX},
    },
    Kind.AGREEMENT: {
        "member": MEMBER,
        "standard": "test.reading",
        "offer": HEX,
        "purposes": ["research"],
        "destination": "KR",
        "level": "simple",
        "expires": None,
        "language": "en",
        "texts": {"en": HEX},
        "credential": {
            "@context": [],
            "credentialSubject": {},
            "issuer": "i",
            "type": [],
            "validFrom": "2026-11-22T00:00:00Z",
        },
    },
    Kind.AGREEMENT_CHANGE: {"agreement": HEX, "member": MEMBER, "state": "ended", "by_member": True, "reason": "r"},
    Kind.MANIFEST: {
        "contributor": MEMBER,
        "standard": "test.reading",
        "version": "1.0.0",
        "fit": {},
        "fit_digest": HEX,
        "file": {"name": "f.csv", "format": "csv", "digest": HEX, "size": 3},
        "terms": [],
    },
    Kind.OUTCOME: {
        "manifest": HEX,
        "contributor": MEMBER,
        "standard": "test.reading",
        "version": "1.0.0",
        "file_digest": HEX,
        "fit_digest": HEX,
        "rows": 1,
        "admitted": 1,
        "rejected": 0,
        "faults": {"a.type": 1},
        "tag": "0" * 16,
        "files": [{"name": "f", "digest": HEX, "size": 1, "rows": 1}],
    },
    Kind.GRANT: {"member": MEMBER, "standard": "test.reading", "expires": "2027-01-01T00:00:00Z"},
    Kind.REVOCATION: {"grant": HEX, "member": MEMBER},
    Kind.RELEASE: {
        "member": MEMBER,
        "standard": "test.reading",
        "version": "1.0.0",
        "basis": "open",
        "share_version": 0,
        "rows": 3,
        "files": [HEX],
        "deposits_digest": HEX,
    },
    Kind.DECISION: {
        "member": MEMBER,
        "standard": "test.reading",
        "allowed": False,
        "basis": None,
        "reasons": [{"code": "ask.no-grant", "facts": {"standard": "test.reading"}}],
        "facts": {"action": "read"},
        "offer": None,
        "policy": "grants",
    },
    Kind.ERASURE: {"body": HEX, "member": None, "reason": "r"},
    Kind.WITHDRAWAL: {"contributor": MEMBER, "deposits": [HEX], "replaced_by": None, "reason": "r"},
    Kind.PURGE: {
        "contributor": MEMBER,
        "withdrawal": HEX,
        "reached": {"rows": 1, "files": 1, "bodies": 1, "journal": 1, "editions": ["test.reading@2026.11"]},
        "beyond": {"backups_until": None, "recipients": 0, "strangers": False},
    },
    Kind.LAW: {"name": "clocks", "version": "2026.11.22", "text": "t", "digest": HEX},
    Kind.ORDER: {
        "classes": ["personal"],
        "destinations": ["US"],
        "standard": "test.reading",
        "reason": "r",
        "ground": "g",
    },
    Kind.LIFT: {"order": HEX, "reason": "r"},
    Kind.DEMAND: {
        "authority": "a",
        "country": "US",
        "ground": "g",
        "what": "w",
        "received": instant(START),
        "contributors": [MEMBER],
        "answer": "refused",
    },
    Kind.INCIDENT: {
        "event": "breach",
        "classes": ["personal"],
        "persons": 3,
        "countries": ["KR"],
        "at": instant(START),
        "what": "w",
        "law": HEX,
    },
    Kind.NOTICE: {
        "topic": "incident",
        "about": HEX,
        "member": MEMBER,
        "clock": "kr-pipa-34",
        "given": instant(START),
        "due": instant(START),
        "facts": {"ground": "g"},
    },
    Kind.DECLARATION: {
        "row": 39,
        "member": None,
        "standard": "test.reading",
        "subject": None,
        "applies": True,
        "countries": ["JP"],
        "days": 90,
        "words": "w",
        "person": HEX,
        "until": "2027-01-01",
    },
    Kind.ISSUER: {"issuer": "did:web:a.example", "title": "t", "names": {"good": "Good"}, "keys": [JWK]},
    Kind.CREDENTIAL: {
        "member": MEMBER,
        "name": "good",
        "issuer": "did:web:a.example",
        "scope": ["test.reading"],
        "begins": instant(START),
        "expires": instant(START),
        "form": "vc+jwt",
        "kid": seal.thumbprint(KEY),
        "evidence": HEX,
    },
    Kind.OPENING: {"member": MEMBER, "model": HEX, "demand": HEX, "part": "code", "digest": HEX, "size": 1},
    Kind.CREDENTIAL_END: {"credential": HEX, "member": MEMBER, "reason": "r"},
    Kind.MODEL: {
        "member": MEMBER,
        "name": "m",
        "version": "1",
        "replaces": None,
        "purpose": "p",
        "description": "d",
        "contact": "a@b.example",
        "limits": ["l"],
        "criteria": ["c"],
        "compute": "below-1e23",
        "synthetic": False,
        "outside": [{"name": "o", "origin": "public", "reference": None}],
        "commitments": [{"part": "code", "digest": HEX}],
        "training": [
            {
                "standard": "test.reading",
                "version": "1.0.0",
                "edition": None,
                "share_version": 0,
                "deposits_digest": HEX,
                "release": HEX,
                "decision": HEX,
                "index": 3,
            }
        ],
    },
    Kind.PROPOSAL: {
        "standard": "test.reading",
        "about": "offer",
        "content": {"standard": "test.reading", "digest": HEX},
        "digest": HEX,
        "replaces": None,
        "stewards": [MEMBER],
        "quorum": 1,
        "by": MEMBER,
        "comments": "talk@example.org",
        "effective": instant(START),
        "lapses": instant(START),
    },
    Kind.APPROVAL: {
        "standard": "test.reading",
        "proposal": HEX,
        "digest": HEX,
        "stewards": [MEMBER],
        "quorum": 1,
    },
    Kind.COMMENT: {"proposal": HEX, "member": MEMBER, "text": "t"},
    Kind.DISPUTE: {
        "standard": "test.reading",
        "subject": "row",
        "deposit": None,
        "row": {"meter": "A1"},
        "statement": None,
        "member": MEMBER,
        "outsider": None,
        "reason": "r",
        "measure": "annotate",
        "answer_days": 14,
        "decide_days": 30,
        "appeal_days": 14,
    },
    Kind.DISPUTE_STEP: {"dispute": HEX, "event": "answer", "member": MEMBER, "text": "t"},
    Kind.RULING: {
        "dispute": HEX,
        "standard": "test.reading",
        "event": "decide",
        "outcome": "upheld",
        "measure": "freeze",
        "scope": "reservoir",
        "deposit": None,
        "until": None,
        "reasons": "r",
        "stewards": [],
        "quorum": 0,
    },
    Kind.EDITION: {
        "standard": "test.reading",
        "version": "1.0.0",
        "name": "2026.11",
        "upto": 3,
        "batch": 1,
        "digest": HEX,
        "replaces": None,
    },
    Kind.TWIN: {
        "standard": "test.reading",
        "version": "1.0.0",
        "period": "2026-Q3",
        "name": "2026-Q3.1",
        "recipe": HEX,
        "deposits": HEX,
        "commitment": HEX,
    },
    Kind.CHARGE: {
        "standard": "test.reading",
        "version": "1.0.0",
        "member": MEMBER,
        "decision": HEX,
        "periods": ["2026-Q3"],
        "twins": ["2026-Q3.1"],
        "question": HEX,
        "rho": 50_000,
    },
    Kind.ANSWER: {
        "standard": "test.reading",
        "version": "1.0.0",
        "charge": HEX,
        "question": {"aggregate": "count"},
        "twins": [{"twin": "2026-Q3.1", "commitment": HEX}],
        "rho": 50_000,
        "epsilon": "1.47",
        "delta": "0.000001",
        "result": {"cells": []},
        "claim": {"en": "c"},
        "left": {"period": 9, "life": 9},
    },
    Kind.CAP: {"member": MEMBER, "standard": "test.reading", "rho": None},
    Kind.PEERING: {
        "peer": PEER,
        "key": JWK,
        "log": "o+x",
        "origin": "jp.example/log",
        "url": "https://jp.example",
        "jurisdiction": "JP",
        "terms": {"between": [], "standards": []},
        "lineage": [ENVELOPE],
    },
    Kind.PEERING_END: {"peer": PEER, "reason": "r"},
    Kind.PEER_CONTACT: {"peer": PEER, "state": "silent", "since": instant(START)},
    Kind.PEER_FAULT: {"peer": PEER, "fault": "forked", "evidence": {"first": "a note", "second": "another"}},
    **dict.fromkeys((Kind.ADOPTION, Kind.CLOSED_ADOPTION), ADOPTION),
    Kind.GUEST: {
        "member": MEMBER,
        "key": JWK,
        "home": PEER,
        "accession": HEX,
        "jurisdiction": "JP",
        "roles": ["consumer"],
        "lineage": [ENVELOPE],
        "text": {"version": "1", "language": "en", "digests": {"en": HEX}},
    },
    Kind.ROUND: {
        "peer": PEER,
        "round": HEX,
        "plan": {"standard": "supply.supply-edge", "period": "2026-Q4", "dams": ["a", "b"]},
        "parts": [{"dam": "a"}, {"dam": "b"}],
        "closes": instant(START),
    },
    Kind.COMMITMENT: {
        "member": MEMBER,
        "round": HEX,
        "role": "maker",
        "digest": HEX,
        "reader": {"key": "k" * 43, "proof": "p" * 86},
        "pair": None,
    },
    Kind.MATCH: {
        "round": HEX,
        "member": None,
        "state": "found",
        "reason": None,
        "makers": [{"member": MEMBER, "dam": "a"}, {"member": MEMBER, "dam": "b"}],
        "shared": [{"makers": [MEMBER, MEMBER], "count": 1}],
        "handed": [],
        "shows": 0,
        "commitment": None,
    },
    Kind.SHOWING: {
        "member": MEMBER,
        "round": HEX,
        "purpose": "supply-chain-resilience",
        "until": instant(START),
        "terms": ["country-stage-band-count", "not-passed-on", "nobody-looked-for"],
        "reader": {"kty": "OKP", "crv": "X25519", "x": "k" * 43},
    },
    Kind.CONSENT: {"member": MEMBER, "showing": HEX, "sheet": HEX},
    Kind.SHOWN: {
        "member": MEMBER,
        "round": HEX,
        "showing": HEX,
        "allowed": True,
        "reasons": [],
        "makers": 1,
        "sheets": [HEX],
    },
    Kind.TABLES: {
        "standard": "test.reading",
        "version": "1.0.0",
        "period": "2026-Q3",
        "label": "not differentially private",
        "rules": {"contributors": 5, "largest": 1, "largest_share": "0.25", "p_percent": "10", "months": 3},
        "tables": [
            {
                "name": "by-place",
                "aggregate": "sum",
                "column": "energy",
                "unit": "MWh",
                "by": [{"column": "region", "keys": ["north", None]}],
                "values": ["12.50", None, "30.00"],
            }
        ],
    },
}
PATHS = [(kind, name) for kind, facts in FACTS.items() for name in facts]


def stated(kind: Kind, facts: dict[str, Any]) -> Statement:
    """A statement with these facts, signed and read again."""
    return seal.opened(seal.envelope(seal.state(kind, facts, issued=instant(START), key=KEY)))


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_has_a_shape_that_it_passes(kind: Kind) -> None:
    """One schema a kind, itself a valid JSON Schema; the closed list is complete."""
    jsonschema.Draft202012Validator.check_schema(schema(kind))
    statement = stated(kind, FACTS[kind])
    assert shaped(statement) is statement
    assert shaped(statement, kind) is statement


@pytest.mark.parametrize(("kind", "name"), PATHS)
def test_a_field_that_is_missing_is_refused(kind: Kind, name: str) -> None:
    """Nothing is taken to mean something by default."""
    facts = {key: value for key, value in FACTS[kind].items() if key != name}
    with pytest.raises(Invalid, match="statement.shape"):
        shaped(stated(kind, facts))


@pytest.mark.parametrize("kind", list(Kind))
def test_a_field_too_many_is_refused(kind: Kind) -> None:
    """Nobody signs what nobody reads."""
    with pytest.raises(Invalid, match="statement.shape"):
        shaped(stated(kind, {**FACTS[kind], "more": 1}))


@pytest.mark.parametrize(("kind", "name"), PATHS)
def test_no_field_may_be_something_else(kind: Kind, name: str) -> None:
    """A number, a truth value, a list or a text in the wrong place is refused, and the place is named."""
    right: dict[str, object] = dict.fromkeys(("signed_by_member", "by_member", "allowed", "synthetic", "applies"), True)
    right |= {key: {"x": {}} for key in ("fit", "facts", "result")}
    wrong: list[object] = [1.5, [[]], {"x": {}}, True, "", "x" * 1_000_001]
    for odd in wrong:
        if odd != right.get(name):
            with pytest.raises(Invalid, match="statement.shape") as caught:
                shaped(stated(kind, {**FACTS[kind], name: odd}))
            assert str(caught.value.facts["where"]).startswith(name)


@pytest.mark.parametrize(("kind", "name"), [path for path in PATHS if isinstance(FACTS[path[0]][path[1]], str)])
def test_a_line_break_at_the_end_is_not_overlooked(kind: Kind, name: str) -> None:
    """`$` of Python's expressions also matches before a final line break: two ids that people read as one."""
    free = {"origin", "title", "log", "reason", "text", "replaces", "basis", "ground", "what", "authority"}
    free |= {"purpose", "description", "words", "reasons"}
    if name not in free:
        with pytest.raises(Invalid, match="statement.shape"):
            shaped(stated(kind, {**FACTS[kind], name: f"{FACTS[kind][name]}\n"}))


def test_an_unexpected_kind_is_named() -> None:
    """A verb takes only the kinds that it is about."""
    with pytest.raises(Invalid, match="statement.kind-unexpected") as caught:
        shaped(stated(Kind.GRANT, FACTS[Kind.GRANT]), Kind.KEY, Kind.EXIT)
    assert caught.value.facts == {"kind": "grant", "expected": "key, exit"}


def test_a_fault_in_the_whole_is_shown_at_the_top() -> None:
    """A field too many has no place of its own."""
    with pytest.raises(Invalid) as caught:
        shaped(stated(Kind.REVOCATION, {**FACTS[Kind.REVOCATION], "more": 1}))
    assert caught.value.facts["where"] == "(top)"


@given(st.dictionaries(st.text(max_size=8), st.none() | st.integers() | st.text(max_size=8), max_size=4))
def test_whatever_is_signed_is_shaped_or_invalid(facts: dict[str, Any]) -> None:
    """No body makes the reader fall over."""
    body = {"v": 1, "kind": "grant", "salt": seal.salt(), "issued": instant(START), **facts}
    payload = json.dumps({"payload": "", "signatures": []}).encode()
    with pytest.raises(Invalid):
        seal.opened(payload)
    try:
        envelope = seal.canonical(
            {
                "payload": seal.encode(seal.canonical(body)),
                "signatures": [{"protected": seal.encode(b"{}"), "signature": ""}],
            }
        )
        shaped(seal.opened(envelope))
    except Invalid:
        pass
    else:
        assert set(body) == {"v", "kind", "salt", "issued", "member", "standard", "expires"}
