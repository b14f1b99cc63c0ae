"""Credentials: recorded on a signature or on a word, counted while they hold, and asked for by offers."""

import json
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam import credentials, seal
from datadam.adapters.memory.store import MemoryStore
from datadam.credentials import Credential, Form, Issuer
from datadam.dam import agree, credential, decide, prove, publish, state
from datadam.dam.credential import Of
from datadam.dam.login import Caller
from datadam.dam.world import World
from datadam.edges import operator
from datadam.errors import DamError, Invalid, NotFound, Refused, Untrusted
from datadam.formats import member_credential
from datadam.model import Ask, Deny, Kind, StandardId, instant
from datadam.terms import Action, AgreementState, Constraint, Operand, Operator
from signed import agreed, offered, permission
from worlds import START, Person, a_world, forward, standard_text

AGENCY = "did:web:agency.example"
NAME = "specialised-institution"
KEY = seal.new_key()
NEEDED = Constraint(operand=Operand.CREDENTIAL, operator=Operator.ALL_OF, value=(NAME,))
END = "2027-01-01T00:00:00Z"


def claims(member: str, **changes: Any) -> dict[str, Any]:
    """What an agency says of a member, in W3C's words."""
    told = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential", "SpecialisedInstitution"],
        "issuer": {"id": AGENCY, "name": "An agency"},
        "validFrom": "2026-01-01T09:00:00+09:00",
        "validUntil": END,
        "credentialSubject": {"id": f"urn:datadam:member:{member}"},
    }
    return {name: value for name, value in {**told, **changes}.items() if value is not None}


def token(told: object, key: seal.Jwk = KEY, **header: Any) -> str:
    """The same as an agency signs it."""
    head = {"alg": "Ed25519", "typ": "vc+jwt", "kid": f"{AGENCY}#1", **header}
    signed = ".".join(seal.encode(json.dumps(part).encode()) for part in (head, told))
    return f"{signed}.{seal.encode(seal.sign_bytes(key, signed.encode()))}"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A dam with a standard that recognises an agency by its key."""
    made = a_world(tmp_path)
    publish.publish(made, standard_text())
    credential.recognise(made, AGENCY, "An agency", [NAME], [KEY])
    return made


def of(member: str, name: str = NAME, issuer: str = AGENCY, *scope: str) -> Of:
    """What an operator says of a credential."""
    return Of(member=member, name=name, issuer=issuer, scope=scope)


def signed_up(world: World, person: Person) -> None:
    """Agree; who lacks a credential waits for the operator."""
    standing = agreed(world, person)
    if standing.state == AgreementState.ACCEPTED:
        agree.approve(world, standing.id)


def asked(world: World, person: Person, action: Action = Action.COMBINE) -> list[str]:
    """The codes of what stands in the way; none if nothing does."""
    decision, _ = decide.decide(world, Ask(member=person.id, standard=StandardId("test.reading"), action=action))
    return [one.code for one in decision.reasons] if isinstance(decision, Deny) else []


def test_a_credential_opens_what_an_offer_asks_it_for_and_its_end_closes_that(world: World) -> None:
    """Denied without; allowed from the record on; denied from its last instant on, with nothing logged in between."""
    offered(world, permission(NEEDED, actions=(Action.COMBINE,)))
    one = Person("One").joins(world)
    signed_up(world, one)
    assert asked(world, one) == ["ask.credentials-needed"]
    made = credential.add(world, of(one.id), token(claims(one.id))).credential
    assert (made.form, made.expires, made.kid) == (Form.SIGNED, END, seal.thumbprint(KEY))
    assert asked(world, one) == []
    forward(world, seconds=(datetime.fromisoformat(END) - START).total_seconds() - 1)
    assert asked(world, one) == []
    forward(world, seconds=1)
    assert asked(world, one) == ["ask.credentials-needed"]


def test_a_revocation_binds_on_the_very_next_ask(world: World) -> None:
    """From its log index on; a second one has nothing to end."""
    offered(world, permission(NEEDED, actions=(Action.COMBINE,)))
    one = Person("One").joins(world)
    signed_up(world, one)
    made = credential.add(world, of(one.id), token(claims(one.id))).credential
    assert asked(world, one) == []
    credential.revoke(world, made.id, "revoked at the agency")
    assert asked(world, one) == ["ask.credentials-needed"]
    with pytest.raises(Refused, match=r"credential\.revoked"):
        credential.revoke(world, made.id, "again")


def test_who_is_recognised_no_more_vouches_for_nobody(world: World) -> None:
    """An issuer that loses a name, or the key that signed, takes its credentials along; and gives them back."""
    offered(world, permission(NEEDED, actions=(Action.COMBINE,)))
    one = Person("One").joins(world)
    signed_up(world, one)
    credential.add(world, of(one.id), token(claims(one.id)))
    for names, keys in (([], [KEY]), ([NAME], [seal.new_key()]), ([NAME], []), (["other"], [KEY])):
        credential.recognise(world, AGENCY, "An agency", names, keys)
        assert asked(world, one) == ["ask.credentials-needed"]
        assert credential.counting(world, credential.every(world)) == frozenset()
    credential.recognise(world, AGENCY, "An agency", [NAME], [seal.new_key(), KEY])
    assert asked(world, one) == []


def test_a_scope_keeps_a_credential_to_its_standards(world: World) -> None:
    """What was recorded for another standard does not count here; standards that there are not are refused."""
    offered(world, permission(NEEDED, actions=(Action.COMBINE,)))
    publish.publish(world, standard_text().replace("test.reading", "test.other"))
    one = Person("One").joins(world)
    signed_up(world, one)
    credential.add(world, of(one.id, NAME, AGENCY, "test.other"), token(claims(one.id)))
    assert asked(world, one) == ["ask.credentials-needed"]
    credential.add(world, of(one.id, NAME, AGENCY, "test.reading"), token(claims(one.id)))
    assert asked(world, one) == []
    with pytest.raises(NotFound):
        credential.add(world, of(one.id, NAME, AGENCY, "test.none"), token(claims(one.id)))


def test_what_counted_at_a_decision_is_held_against_the_log(world: World) -> None:
    """A decision that claims a credential which the log did not bear out is found."""
    offered(world, permission(NEEDED, actions=(Action.COMBINE,)))
    one = Person("One").joins(world)
    signed_up(world, one)
    assert asked(world, one) == ["ask.credentials-needed"]
    credential.add(world, of(one.id), token(claims(one.id)))
    assert asked(world, one) == []
    wrong: list[list[str]] = []
    with world.store.transaction() as rows:
        for kind in state.PROJECTED:
            for held in rows.find(kind):
                rows.remove(held)

        def look(rows: Any, statement: Any) -> None:
            if statement.kind is Kind.DECISION:
                wrong.append(decide.unlike(world, rows, statement.body))
                lie = {**statement.body, "facts": {**statement.body["facts"], "credentials": ["another"]}}
                assert decide.unlike(world, rows, lie) == ["credentials"]

        state.fold_all(world, rows, 0, look)
    assert wrong == [[], []]


def test_a_decision_tells_of_no_credential_that_nobody_asked_for(world: World) -> None:
    """An offer that asks for none has none among its facts; and nothing has to be looked up for it."""
    offered(world, permission(actions=(Action.COMBINE,)))
    one = Person("One").joins(world)
    signed_up(world, one)
    credential.add(world, of(one.id), token(claims(one.id)))
    ask = Ask(member=one.id, standard=StandardId("test.reading"), action=Action.COMBINE)
    _, id = decide.decide(world, ask)
    assert world.ledger.statement(str(id)).body["facts"]["credentials"] == []


def test_a_paper_counts_on_the_operators_word_and_says_so(world: World) -> None:
    """Only of an issuer without keys: where there are any, only what they signed is believed."""
    one = Person("One").joins(world)
    with pytest.raises(Refused, match=r"credential\.needs-signature"):
        credential.attest(world, of(one.id), "ab" * 32, expires=END)
    credential.recognise(world, "urn:office:1", "An office", ["good=Good"])
    made = credential.attest(world, of(one.id, "good", "urn:office:1"), "ab" * 32, expires=END).credential
    assert (made.form, made.kid) == (Form.ATTESTED, None)
    assert credential.held_by(world, one.id, "test.reading")[0] == {"good"}
    with pytest.raises(NotFound, match=r"credential\.paper"):
        credential.evidence(world, one.caller, made.id)
    with pytest.raises(Refused, match=r"credential\.issuer-keyless"):
        credential.add(world, of(one.id, "good", "urn:office:1"), token(claims(one.id)))
    credential.recognise(world, "urn:office:1", "An office", ["good"], [KEY])
    assert credential.held_by(world, one.id, "test.reading")[0] == frozenset()


def test_the_same_token_again_is_the_same_credential(world: World) -> None:
    """Its bytes are kept under their digest, for an auditor to check again."""
    one = Person("One").joins(world)
    sent = token(claims(one.id, credentialStatus={"type": "BitstringStatusListEntry"}))
    made = credential.add(world, of(one.id), sent)
    size = world.ledger.size
    assert credential.add(world, of(one.id), f" {sent}\n").credential == made.credential
    assert (made.listed, world.ledger.size) == (True, size)
    assert world.bodies.get(made.credential.evidence) == sent.encode()
    auditor, other = Person("Auditor", roles=("auditor",)).joins(world), Person("Other").joins(world)
    assert {credential.evidence(world, who.caller, made.credential.id) for who in (one, auditor)} == {sent.encode()}
    for stranger in (other.caller, Caller(member=None)):
        with pytest.raises(NotFound, match=r"credential\.unknown"):
            credential.evidence(world, stranger, made.credential.id)
    assert prove.check(world, MemoryStore, lambda: None).faults == []
    world.bodies.erase(made.credential.evidence)
    assert [one.code for one in prove.check(world, MemoryStore, lambda: None).faults] == ["body.evidence-other"]


OTHER = seal.new_key()
WRONG: list[tuple[str, Callable[[str], str]]] = [
    ("credential.malformed", lambda _: "a.b"),
    ("credential.malformed", lambda _: "x" * 70_000),
    ("credential.malformed", lambda me: token(claims(me)) + "="),
    ("credential.malformed", lambda _: token(["no object"])),
    ("credential.header-wrong", lambda me: token(claims(me), alg="none")),
    ("credential.header-wrong", lambda me: token(claims(me), alg="HS256")),
    ("credential.header-wrong", lambda me: token(claims(me), typ="JWT")),
    ("credential.header-wrong", lambda me: token(claims(me), crit=["exp"])),
    ("credential.header-wrong", lambda me: token(claims(me), jwk=seal.public(OTHER))),
    ("credential.signature-wrong", lambda me: token(claims(me), OTHER)),
    ("credential.signature-wrong", lambda me: token(claims(me)).rpartition(".")[0] + "."),
    ("credential.other-issuer", lambda me: token(claims(me, issuer="did:web:else.example"))),
    ("credential.other-subject", lambda _: token(claims("m-" + "0" * 20))),
    ("credential.other-type", lambda me: token(claims(me, type=["VerifiableCredential"]))),
    ("credential.other-audience", lambda me: token(claims(me, aud="did:web:else.example"))),
    ("credential.endless", lambda me: token(claims(me, validUntil=None))),
    ("credential.over", lambda me: token(claims(me, exp=START.timestamp()))),
    ("credential.over", lambda me: token(claims(me, validFrom="2028-01-01T00:00:00Z"))),
    ("credential.field-wrong", lambda me: token(claims(me, exp=True))),
    ("credential.field-wrong", lambda me: token(claims(me, exp=1e300))),
    ("credential.field-wrong", lambda me: token(claims(me, validUntil="2027-01-01"))),
    ("credential.field-wrong", lambda me: token(claims(me, **{"@context": "x"}))),
    ("credential.field-wrong", lambda me: token(claims(me, type=["SpecialisedInstitution"]))),
    ("credential.field-wrong", lambda me: token(claims(me, credentialSubject=[{"id": me}, {"id": "other"}]))),
    ("credential.field-wrong", lambda me: token(claims(me, sub="other"))),
    ("credential.field-wrong", lambda me: token(claims(me, iss="other"))),
]


@pytest.mark.parametrize(("code", "made"), WRONG)
def test_a_token_that_does_not_hold_is_refused(world: World, code: str, made: Callable[[str], str]) -> None:
    """Foreign keys, other algorithms, other subjects, audiences and times: nothing is recorded."""
    one = Person("One").joins(world)
    size = world.ledger.size
    with pytest.raises(DamError) as refused:
        credential.add(world, of(one.id), made(one.id))
    assert refused.value.code == code
    assert world.ledger.size == size


def test_a_token_may_say_the_same_in_the_words_of_jwt(world: World) -> None:
    """`aud` that names this dam, `nbf` and `exp`, EdDSA as the name of the same signature."""
    one = Person("One").joins(world)
    more = {"aud": ["x", "test.example/log"], "nbf": 0, "exp": START.timestamp() + 60.5, "sub": one.id, "iss": AGENCY}
    told = claims(one.id, **more, credentialSubject={"id": one.id}, issuer=AGENCY, validFrom=None)
    made = credential.add(world, of(one.id), token(told, alg="EdDSA", cty="vc")).credential
    assert made.expires == "2026-11-22T09:01:00Z"


def test_issuers_and_papers_are_said_in_full_or_refused(world: World) -> None:
    """Malformed names, too many of them, unknown members and issuers."""
    one = Person("One").joins(world)
    tries: list[tuple[str, Callable[[], object]]] = [
        ("credential.issuer-malformed", lambda: credential.recognise(world, "agency", "t", [])),
        ("credential.name-malformed", lambda: credential.recognise(world, AGENCY, "t", ["Good"])),
        ("credential.name-malformed", lambda: credential.recognise(world, AGENCY, "t", ["good=a b"])),
        ("credential.issuer-too-much", lambda: credential.recognise(world, AGENCY, "t", ["a"] * 51)),
        ("order.words-wrong", lambda: credential.recognise(world, AGENCY, " ", ["a"])),
        ("credential.issuer-unknown", lambda: credential.add(world, of(one.id, NAME, "did:web:none.example"), "")),
        ("credential.not-recognised", lambda: credential.add(world, of(one.id, "other", AGENCY), "")),
        ("member.unknown", lambda: credential.add(world, of("m-" + "0" * 20, NAME, AGENCY), "")),
        ("credential.unknown", lambda: credential.revoke(world, "00", "r")),
        ("ask.login-needed", lambda: credential.own(world, Caller(member=None))),
    ]
    for code, does in tries:
        with pytest.raises(DamError) as refused:
            does()
        assert refused.value.code == code
    credential.recognise(world, "urn:office:1", "t", ["good"])
    for evidence, expires, code in (
        ("xy", END, "credential.field-wrong"),
        ("ab" * 32, "2026", "text.instant-malformed"),
    ):
        with pytest.raises(Invalid, match=code):
            credential.attest(world, of(one.id, "good", "urn:office:1"), evidence, expires=expires)
    assert credential.own(world, one.caller) == []


def test_the_operators_verbs_take_what_they_name_and_no_less(world: World) -> None:
    """Keys are a list of objects; a credential comes with its token, or with a digest and an end."""
    one = Person("One").joins(world)
    does = partial(operator.perform, world, check=prove.Findings)
    said = {"member": one.id, "name": "good", "issuer": "urn:office:1"}
    assert does("recognise-issuer", {"issuer": "urn:office:1", "title": "t", "names": "good, better"})["keys"] == []
    assert [item["id"] for item in does("issuers", {})["items"]] == [AGENCY, "urn:office:1"]
    for verb, args in (
        ("recognise-issuer", {"issuer": "urn:office:2", "title": "t", "keys": "{}"}),
        ("recognise-issuer", {"issuer": "urn:office:2", "title": "t", "keys": "[1]"}),
        ("add-credential", said),
        ("add-credential", {**said, "evidence": "ab" * 32}),
    ):
        with pytest.raises(Invalid, match=r"request\.malformed"):
            does(verb, args)
    made = does("add-credential", {**said, "evidence": "ab" * 32, "expires": END, "scope": "test.reading"})
    assert (made["counts"], made["scope"], made["listed"]) == (True, ["test.reading"], False)
    assert does("revoke-credential", {"id": made["id"], "reason": "r"})["index"] == world.ledger.size - 1
    assert [item["counts"] for item in does("credentials", {"member": one.id})["items"]] == [False]


def test_a_log_with_a_credential_of_nobody_is_refused(world: World) -> None:
    """A fold believes none of an issuer that was not recognised, by a key that is not its own, or that ends twice."""
    one = Person("One").joins(world)
    facts = {
        "member": one.id,
        "name": NAME,
        "issuer": AGENCY,
        "scope": [],
        "begins": instant(START),
        "expires": END,
        "form": "vc+jwt",
        "kid": seal.thumbprint(KEY),
        "evidence": "ab" * 32,
    }
    for change in (
        {"member": "m-" + "0" * 20},
        {"issuer": "did:web:none.example"},
        {"name": "other"},
        {"kid": seal.thumbprint(OTHER)},
        {"form": "attested", "kid": None},
    ):
        with pytest.raises(Untrusted, match=r"credential\.(member|issuer)-wrong"):
            state.record(world, state.statement(world, Kind.CREDENTIAL, {**facts, **change}))
    made = state.statement(world, Kind.CREDENTIAL, facts)
    state.record(world, made)
    with pytest.raises(Untrusted, match=r"statement\.repeated"):
        state.record(world, made)
    end = {"credential": made.id, "member": one.id, "reason": "r"}
    with pytest.raises(Untrusted, match=r"credential\.end-wrong"):
        state.record(world, state.statement(world, Kind.CREDENTIAL_END, {**end, "member": "m-" + "0" * 20}))
    state.record(world, state.statement(world, Kind.CREDENTIAL_END, end))
    with pytest.raises(Untrusted, match=r"credential\.end-wrong"):
        state.record(world, state.statement(world, Kind.CREDENTIAL_END, end))


INSTANTS = st.sampled_from(["2026-01-01T00:00:00Z", "2026-06-01T00:00:00Z", "2027-01-01T00:00:00Z"])


@given(
    begins=INSTANTS,
    expires=INSTANTS,
    now=INSTANTS,
    revoked=st.none() | st.just(7),
    scope=st.sampled_from([(), ("a.b",), ("c.d",)]),
    names=st.sampled_from([{}, {"good": "Good"}]),
    keyed=st.booleans(),
    form=st.sampled_from(Form),
)
def test_a_name_counts_only_while_everything_about_it_holds(  # noqa: PLR0913  (one axis each)
    *,
    begins: str,
    expires: str,
    now: str,
    revoked: int | None,
    scope: tuple[str, ...],
    names: dict[str, str],
    keyed: bool,
    form: Form,
) -> None:
    """The law: time, scope, recognition, revocation and the form of proof, all of them or nothing."""
    issuer = Issuer(id="i:ssuer", title="t", names=names, keys=({"kid": "k"},) if keyed else (), statement="s", index=1)
    kid = "k" if form is Form.SIGNED else None
    one = Credential(
        id="c",
        member="m",
        name="good",
        issuer="i:ssuer",
        scope=scope,
        begins=begins,
        expires=expires,
        form=form,
        kid=kid,
        evidence="e",
        index=2,
        revoked=revoked,
    )
    counted, ends = credentials.held([one], {issuer.id: issuer}, standard="a.b", now=now)
    sound = (form is Form.SIGNED) is keyed and bool(names) and revoked is None and scope != ("c.d",)
    assert counted == ({"good"} if sound and begins <= now < expires else set())
    assert all(end > now for end in ends)


def test_the_type_of_a_name_is_its_words() -> None:
    """Unless the operator says another."""
    assert member_credential.type_of(NAME) == "SpecialisedInstitution"
