"""Keys, canonical bytes, signatures and logins: what holds, and every way in which it may not."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, Final, cast

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey, OKPKey

from datadam import seal
from datadam.client.withdrawals import MOST
from datadam.errors import DamError, Invalid, Untrusted
from datadam.model import Kind, Statement

ONE, TWO, THREE = seal.new_key(), seal.new_key(), seal.new_key()
ISSUED: Final = "2026-11-22T00:00:00Z"
AUDIENCE: Final = "https://dam.example"
NOW: Final = 1_800_000_000


def keys(*jwks: seal.Jwk) -> dict[str, seal.Jwk]:
    """Public keys by kid."""
    return {seal.thumbprint(jwk): seal.public(jwk) for jwk in jwks}


def two_party() -> Statement:
    """A statement that two keys signed."""
    stated = seal.state(Kind.MEMBER, {"title": "데이터댐", "n": 1}, issued=ISSUED, key=ONE)
    return seal.countersign(stated, TWO)


def outer(statement: Statement) -> dict[str, Any]:
    """The envelope, to be meddled with."""
    found: dict[str, Any] = json.loads(seal.envelope(statement))
    return found


def wrapped(body: object, *, payload: bytes | None = None) -> bytes:
    """An envelope around any payload, signed by ONE."""
    data = seal.canonical(body) if payload is None else payload
    protected = seal.encode(seal.canonical({"alg": "Ed25519", "kid": seal.thumbprint(ONE)}))
    signature = seal.sign_bytes(ONE, f"{protected}.{seal.encode(data)}".encode())
    signed = [{"protected": protected, "signature": seal.encode(signature)}]
    return seal.canonical({"payload": seal.encode(data), "signatures": signed})


BODY: Final = {"v": 1, "kind": "dam", "salt": "A" * 22, "issued": ISSUED}

# --- bytes ------------------------------------------------------------------------------------------------------------

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(alphabet=st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(json_values)
def test_canonical_bytes_read_back_and_are_their_own_canonical_form(value: object) -> None:
    """RFC 8785 is a fixed point: parse and write again gives the same bytes."""
    data = seal.canonical(value)
    assert seal.parse(data) == value
    assert seal.canonical(seal.parse(data)) == data


@given(
    st.recursive(
        json_values | st.integers() | st.floats() | st.text() | st.sampled_from([*Kind, b"x"]),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.tuples(inner, inner)
            | st.dictionaries(st.text(st.sampled_from('aB"\\\x7f\x01é\ue000\U0001f600\ud800')), inner, max_size=4)
        ),
    )
)
def test_the_short_way_to_canonical_bytes_leads_where_the_long_one_does(value: object) -> None:
    """Whatever the value: the bytes of the reference, or a refusal where it refuses."""
    try:
        expected = rfc8785.dumps(cast("Any", value))
    except (rfc8785.CanonicalizationError, UnicodeError):
        with pytest.raises(Invalid, match=r"json\.not-canonical"):
            seal.canonical(value)
    else:
        assert seal.canonical(value) == expected


def test_a_value_within_itself_is_refused() -> None:
    """It has no end that could be written."""
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(Invalid, match=r"json\.not-canonical"):
        seal.canonical(endless)


def test_the_example_of_rfc_8785_comes_out() -> None:
    """Numbers, escapes and key order as in RFC 8785 §3.2.2 and §3.2.3."""
    value = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/",
        "literals": [None, True, False],
    }
    assert seal.canonical(value).decode() == (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    ordered = seal.canonical({"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\x80": 6, "\xf6": 7})
    assert list(seal.parse(ordered).values()) == [2, 4, 6, 7, 1, 5, 3]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53, -(2**53), "\ud800", {"\udfff": 1}, {1: 2}, b"x"])
def test_what_json_cannot_carry_exactly_is_refused(value: object) -> None:
    """No silent rounding, no replacement characters."""
    with pytest.raises(Invalid, match=r"json\.not-canonical"):
        seal.canonical(value)


def test_endless_nesting_is_refused() -> None:
    """Neither reading nor writing runs out of stack."""
    with pytest.raises(Invalid, match=r"json\.malformed"):
        seal.parse("[" * 200_000)
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(Invalid, match=r"json\.not-canonical"):
        seal.canonical(deep)


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":1}',
        '{"x":{"a":1,"a":2}}',
        "NaN",
        "[-Infinity]",
        "",
        "{",
        "\ufeff{}",
        b"\xff",
        b"\xed\xa0\x80",
        "1" * 5000,
    ],
)
def test_json_that_could_be_read_in_two_ways_is_refused(text: str | bytes) -> None:
    """Repeated keys, NaN, byte order marks, bad UTF-8, numbers without end."""
    with pytest.raises(Invalid, match=r"json\.malformed"):
        seal.parse(text)


@given(st.binary())
def test_base64url_reads_back(data: bytes) -> None:
    """No padding, URL alphabet."""
    assert seal.decode(seal.encode(data)) == data
    assert set(seal.encode(data)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@pytest.mark.parametrize("text", ["A", "AB", "AA==", "A A", "AA\n", "+/+/", "가", "AAA=", "\ud800"])
def test_other_spellings_of_base64url_are_refused(text: str) -> None:
    """Padding, blanks, the other alphabet, loose bits: one value, one spelling."""
    with pytest.raises(Invalid, match=r"text\.base64-malformed"):
        seal.decode(text)


@given(st.text("AEQgwBMb-_89", max_size=9))
def test_base64url_has_one_spelling(text: str) -> None:
    """What is read is what would be written, and nothing else is read."""
    written = (
        base64.urlsafe_b64encode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))) if len(text) % 4 != 1 else b""
    )
    if written.rstrip(b"=").decode() == text:
        assert seal.encode(seal.decode(text)) == text
    else:
        with pytest.raises(Invalid, match=r"text\.base64-malformed"):
            seal.decode(text)


# --- keys -------------------------------------------------------------------------------------------------------------


def test_the_thumbprint_is_that_of_rfc_8037() -> None:
    """The example key of RFC 8037 appendix A.3, and its signature of appendix A.4."""
    jwk = {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    }
    assert seal.thumbprint(jwk) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    signed = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
    assert seal.encode(seal.sign_bytes(jwk, signed)) == (
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    )


@given(st.lists(st.text(max_size=5), min_size=3, max_size=3))
def test_a_thumbprint_is_over_canonical_json(texts: list[str]) -> None:
    """Whatever stands in a key, quotation marks and other letters among it."""
    jwk = dict(zip(("crv", "kty", "x"), texts, strict=True))
    assert seal.thumbprint(jwk) == seal.encode(hashlib.sha256(seal.canonical(jwk)).digest())


def test_the_public_part_tells_nothing_private() -> None:
    """Three fields, and they are enough to verify."""
    assert set(seal.public(ONE)) == {"kty", "crv", "x"}
    assert seal.bytes_signed(seal.public(ONE), b"m", seal.sign_bytes(ONE, b"m"))
    assert not seal.bytes_signed(seal.public(TWO), b"m", seal.sign_bytes(ONE, b"m"))
    assert not seal.bytes_signed(seal.public(ONE), b"m", b"short")
    assert seal.public_from_raw(seal.raw_public(ONE)) == seal.public(ONE)


@pytest.mark.parametrize(
    ("jwk", "code"),
    [
        ({**ONE, "kty": "EC"}, "key.kind-unknown"),
        ({**ONE, "crv": "X25519"}, "key.kind-unknown"),
        ({"kty": "OKP", "crv": "Ed25519"}, "key.malformed"),
        ({**ONE, "x": 5}, "key.malformed"),
        ({**ONE, "x": ONE["x"] + "="}, "text.base64-malformed"),
        ({**ONE, "x": seal.encode(b"\x05" * 31)}, "key.point-weak"),
        ({**ONE, "x": seal.encode(b"\x05" * 33)}, "key.point-weak"),
        ({**ONE, "x": seal.encode((2**255 - 19).to_bytes(32, "little"))}, "key.point-weak"),
        ({**ONE, "x": seal.encode((2**255 - 1).to_bytes(32, "little"))}, "key.point-weak"),
    ],
)
def test_keys_of_other_kinds_and_shapes_are_refused(jwk: Mapping[str, str], code: str) -> None:
    """Only Ed25519, 32 bytes, canonical."""
    with pytest.raises(Invalid) as refused:
        seal.public(jwk)
    assert refused.value.code == code


def test_every_point_of_small_order_is_refused() -> None:
    """All eight points of the curve whose order divides eight, computed here from the curve itself."""
    prime = 2**255 - 19
    d = -121665 * pow(121666, -1, prime) % prime

    def double(x: int, y: int) -> tuple[int, int]:
        t = d * x * x * y * y
        return 2 * x * y * pow(1 + t, -1, prime) % prime, (y * y + x * x) * pow(1 - t, -1, prime) % prime

    def x_of(y: int) -> int | None:
        square = (y * y - 1) * pow(d * y * y + 1, -1, prime) % prime
        root = pow(square, (prime + 3) // 8, prime)
        for candidate in (root, root * pow(2, (prime - 1) // 4, prime) % prime):
            if candidate * candidate % prime == square:
                return candidate
        return None

    for y in seal.keys._SMALL_ORDER:
        x = x_of(y)
        assert x is not None
        point = (x, y)
        for _ in range(3):
            point = double(*point)
        assert point == (0, 1), "eight times the point is nothing"
        for sign in (0, 1 << 255):
            with pytest.raises(Invalid, match=r"key\.point-weak"):
                seal.public_from_raw((y | sign).to_bytes(32, "little"))
    order_eight = {y for y in seal.keys._SMALL_ORDER if y not in {0, 1, prime - 1}}
    assert len(seal.keys._SMALL_ORDER) == 5
    assert order_eight == {min(order_eight), prime - min(order_eight)}


def test_a_member_is_named_by_its_first_key() -> None:
    """Same key, same id; the private part does not enter."""
    assert seal.member_id(ONE) == seal.member_id(seal.public(ONE)) != seal.member_id(TWO)
    assert seal.member_id(ONE) == "m-" + hashlib.sha256(seal.thumbprint(ONE).encode()).hexdigest()[:20]


# --- statements -------------------------------------------------------------------------------------------------------


def test_a_statement_opens_and_its_signers_are_told() -> None:
    """Two signatures hold; the id is the digest of the payload."""
    statement = seal.opened(seal.envelope(two_party()))
    assert seal.verify(statement, keys(ONE, TWO, THREE)) == set(keys(ONE, TWO))
    assert statement.id == hashlib.sha256(statement.payload).hexdigest()
    assert statement == seal.opened(seal.envelope(statement).decode())
    assert statement.body["title"] == "데이터댐"


def test_two_statements_of_the_same_facts_have_different_ids() -> None:
    """The salt makes an id useless for guessing what it is the id of."""
    assert two_party().id != two_party().id


def test_a_stripped_signature_still_verifies_so_parties_are_compared() -> None:
    """The trap: without one of two signatures the envelope is valid; only comparing the parties refuses it."""
    whole = outer(two_party())
    stripped = seal.opened(seal.canonical({**whole, "signatures": whole["signatures"][:1]}))
    signed = seal.verify(stripped, keys(ONE, TWO))
    assert signed == set(keys(ONE))
    owners = {seal.thumbprint(ONE): "one", seal.thumbprint(TWO): "two"}
    with pytest.raises(Untrusted, match=r"signature\.parties") as refused:
        seal.expect(signed, owners, {"one", "two"}, statement=stripped.id)
    assert refused.value.facts["missing"] == ["two"]
    seal.expect(seal.verify(two_party(), keys(ONE, TWO)), owners, {"one", "two"}, statement="x")


def test_a_surplus_signer_is_refused() -> None:
    """Nobody signs what is not theirs to sign."""
    owners = {seal.thumbprint(ONE): "one", seal.thumbprint(TWO): "two"}
    with pytest.raises(Untrusted, match=r"signature\.parties") as refused:
        seal.expect(set(owners), owners, {"one"}, statement="x")
    assert refused.value.facts["surplus"] == ["two"]


@given(st.data())
def test_a_statement_with_any_flipped_bit_is_refused(data: st.DataObject) -> None:
    """In payload, protected header or signature: it does not open, or does not verify."""
    statement = two_party()
    changed = outer(statement)
    places = [(changed, "payload"), *[(s, n) for s in changed["signatures"] for n in ("protected", "signature")]]
    holder, name = data.draw(st.sampled_from(places))
    raw = bytearray(seal.decode(holder[name]))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    holder[name] = seal.encode(bytes(raw))
    with pytest.raises(DamError):
        seal.verify(seal.opened(seal.canonical(changed)), keys(ONE, TWO))


@given(st.data())
def test_a_signature_holds_where_it_does_for_a_library_of_jws(data: st.DataObject) -> None:
    """Flipped or not, in payload, header or signature: joserfc (RFC 7515) comes to the same answer."""
    key = seal.new_key()
    statement = seal.state(Kind.EXIT, {"member": "m"}, issued="2026-11-22T00:00:00Z", key=key)
    outer = json.loads(seal.envelope(statement))
    where = data.draw(st.sampled_from(["none", "payload", "signature"]))
    if where == "payload":
        body = {**statement.body, "reason": data.draw(st.text("abc", min_size=1))}
        outer["payload"] = seal.encode(seal.canonical(body))
    if where == "signature":
        raw = bytearray(seal.decode(outer["signatures"][0]["signature"]))
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        outer["signatures"][0]["signature"] = seal.encode(bytes(raw))
    ring = OKPKey.import_key({**seal.public(key), "kid": seal.thumbprint(key)})
    try:
        jws.deserialize_json(outer, ring, algorithms=[seal.ALGORITHM])
        expected = True
    except JoseError:
        expected = False
    said, known = seal.opened(seal.canonical(outer)), {seal.thumbprint(key): seal.public(key)}
    if expected:
        assert seal.verify(said, known) == {seal.thumbprint(key)}
    else:
        with pytest.raises(Untrusted, match=r"signature\.wrong"):
            seal.verify(said, known)


def test_a_signature_by_another_key_under_a_known_kid_is_refused() -> None:
    """The kid is a claim; only the key behind it counts."""
    statement = two_party()
    forged = seal.countersign(
        Statement(**{n: getattr(statement, n) for n in ("id", "kind", "body", "payload")}, signatures=()),
        {**THREE, "x": ONE["x"]},
    )
    with pytest.raises(Untrusted, match=r"signature\.wrong"):
        seal.verify(forged, keys(ONE))


def test_a_statement_of_another_id_is_refused() -> None:
    """A statement that says it has another id than its payload's digest, though its signatures hold."""
    s = two_party()
    lying = Statement(id=two_party().id, kind=s.kind, body=s.body, payload=s.payload, signatures=s.signatures)
    with pytest.raises(Untrusted, match=r"signature\.wrong"):
        seal.verify(lying, keys(ONE, TWO))


def test_unknown_mislabelled_and_repeated_keys_are_refused() -> None:
    """Each signature needs a key in force, under its own thumbprint, once."""
    statement = two_party()
    with pytest.raises(Untrusted, match=r"signature\.key-unknown"):
        seal.verify(statement, keys(ONE))
    with pytest.raises(Untrusted, match=r"signature\.key-unknown"):
        seal.verify(statement, {**keys(ONE), seal.thumbprint(TWO): seal.public(THREE)})
    with pytest.raises(Untrusted, match=r"signature\.repeated"):
        seal.verify(seal.countersign(statement, TWO), keys(ONE, TWO))


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({"alg": "none", "kid": seal.thumbprint(ONE)}, "signature.algorithm"),
        ({"alg": "EdDSA", "kid": seal.thumbprint(ONE)}, "signature.algorithm"),
        ({"alg": "HS256", "kid": seal.thumbprint(ONE)}, "signature.algorithm"),
        ({"alg": "Ed25519"}, "statement.malformed"),
        ({"alg": "Ed25519", "kid": 5}, "statement.malformed"),
        ({"alg": "Ed25519", "kid": seal.thumbprint(ONE), "crit": ["b64"], "b64": False}, "statement.malformed"),
        ({"alg": "Ed25519", "kid": seal.thumbprint(ONE), "jwk": seal.public(ONE)}, "statement.malformed"),
        (["alg"], "statement.malformed"),
    ],
)
def test_headers_that_would_change_how_a_signature_is_checked_are_refused(header: object, code: str) -> None:
    """No other algorithm, no critical extension, no key of the sender's own, whatever was signed."""
    sent = outer(two_party())
    protected = seal.encode(seal.canonical(header))
    signature = seal.encode(seal.sign_bytes(ONE, f"{protected}.{sent['payload']}".encode()))
    sent["signatures"] = [{"protected": protected, "signature": signature}]
    with pytest.raises((Invalid, Untrusted)) as refused:
        seal.verify(seal.opened(seal.canonical(sent)), keys(ONE))
    assert refused.value.code == code


ENVELOPE: Final = json.loads(wrapped(BODY))


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ([], "statement.malformed"),
        ({}, "statement.malformed"),
        ({**ENVELOPE, "more": 1}, "statement.malformed"),
        ({**ENVELOPE, "signatures": []}, "statement.malformed"),
        ({**ENVELOPE, "signatures": ENVELOPE["signatures"] * 9}, "statement.malformed"),
        ({**ENVELOPE, "signatures": {}}, "statement.malformed"),
        ({**ENVELOPE, "signatures": ["x"]}, "statement.malformed"),
        ({**ENVELOPE, "signatures": [{**ENVELOPE["signatures"][0], "header": {}}]}, "statement.malformed"),
        ({**ENVELOPE, "signatures": [{"protected": 1, "signature": "x"}]}, "statement.malformed"),
        ({**ENVELOPE, "payload": 1}, "statement.malformed"),
        ({**ENVELOPE, "payload": "!"}, "text.base64-malformed"),
        ({**ENVELOPE, "payload": seal.encode(b"{")}, "json.malformed"),
        ({**ENVELOPE, "payload": seal.encode(b"[]")}, "statement.not-canonical"),
    ],
)
def test_envelopes_of_another_shape_are_refused(sent: object, code: str) -> None:
    """Closed shape: payload and one to eight signatures of two texts."""
    with pytest.raises(Invalid) as refused:
        seal.opened(seal.canonical(sent))
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"v": 2}, "statement.kind-unknown"),
        ({"v": True}, "statement.kind-unknown"),
        ({"v": None}, "statement.kind-unknown"),
        ({"kind": "decree"}, "statement.kind-unknown"),
        ({"kind": ["dam"]}, "statement.kind-unknown"),
        ({"kind": {}}, "statement.kind-unknown"),
        ({"kind": None}, "statement.kind-unknown"),
        ({"salt": 5}, "statement.malformed"),
        ({"salt": "AAAA"}, "statement.malformed"),
        ({"salt": "A" * 21 + "B"}, "text.base64-malformed"),
        ({"issued": None}, "statement.malformed"),
    ],
)
def test_payloads_of_another_shape_are_refused(change: dict[str, object], code: str) -> None:
    """Version, kind, salt and time are there, whole, and of the right type; hostile types do not get through."""
    with pytest.raises(Invalid) as refused:
        seal.opened(wrapped({**BODY, **change}))
    assert refused.value.code == code


def test_a_payload_that_is_not_canonical_is_refused() -> None:
    """One statement, one spelling, one id: blanks, key order and number forms included."""
    spellings = [
        json.dumps(BODY).encode(),
        seal.canonical(BODY).replace(b'"v":1', b'"v":1.0'),
        seal.canonical(BODY).replace(b"dam", b"\\u0064am"),
    ]
    for payload in spellings:
        with pytest.raises(Invalid, match=r"statement\.not-canonical"):
            seal.opened(wrapped(None, payload=payload))


def sealed(payload: bytes) -> bytes:
    """An envelope around any bytes."""
    signature = {"protected": "e30", "signature": "AA"}
    return seal.canonical({"payload": seal.encode(payload), "signatures": [signature]})


@given(facts=st.dictionaries(st.text(max_size=4), st.integers() | st.floats() | st.text(max_size=4), max_size=4))
def test_a_payload_opens_exactly_where_its_canonical_bytes_are_it(facts: dict[str, object]) -> None:
    """ASCII or not, whole numbers or fractions, large ones: the short way to read it decides as the long one would."""
    body = {**facts, "v": 1, "kind": "exit", "salt": seal.salt(), "issued": "2026-11-22T00:00:00Z"}
    for payload in (rfc8785_of(body), json.dumps(body, separators=(",", ":"), sort_keys=True).encode()):
        try:
            right = payload is not None and seal.canonical(seal.parse(payload)) == payload
        except Invalid:
            right = False
        if payload is None:
            continue
        if right:
            assert seal.opened(sealed(payload)).payload == payload
        else:
            with pytest.raises(Invalid):
                seal.opened(sealed(payload))


def rfc8785_of(value: object) -> bytes | None:
    """The canonical bytes, where there are any."""
    try:
        return seal.canonical(value)
    except Invalid:
        return None


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":1}',
        '{"a":9007199254740993}',
        '{"a":1.0}',
        '{"a":NaN}',
        '{"a":"\\u00e9"}',
        '{"\\u0061":1}',
        "[]",
        '"x"',
    ],
)
def test_a_payload_that_could_be_written_otherwise_is_refused(text: str) -> None:
    """A key twice, a number that is not exact or has another spelling, an escape that needs none, no object."""
    with pytest.raises(Invalid, match=r"statement\.not-canonical|json\."):
        seal.opened(sealed(text.encode()))


@pytest.mark.parametrize("signature", ["AA", "A", "AA==", "a b"])
def test_a_signature_that_is_none_does_not_hold(signature: str) -> None:
    """Too short, or no base64url at all."""
    statement = seal.state(Kind.EXIT, {"member": "m"}, issued="2026-11-22T00:00:00Z", key=ONE)
    outer = json.loads(seal.envelope(statement))
    outer["signatures"][0]["signature"] = signature
    with pytest.raises(Untrusted, match=r"signature\.wrong"):
        seal.verify(seal.opened(seal.canonical(outer)), {seal.thumbprint(ONE): seal.public(ONE)})


def test_an_envelope_beyond_the_limit_is_not_read() -> None:
    """Size is checked before anything else."""
    with pytest.raises(Invalid, match=r"statement\.too-large"):
        seal.opened(b" " * (seal.MAX_ENVELOPE + 1))


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        (Kind.WITHDRAWAL, {"contributor": "m-" + "0" * 20, "deposits": [f"{n:064x}" for n in range(MOST)]}),
        (Kind.STANDARD, {"standard": "x" * (seal.MAX_ENVELOPE * 3 // 4 - 1000)}),
    ],
)
def test_the_largest_statements_that_open_also_verify(kind: Kind, facts: dict[str, object]) -> None:
    """The most deposits that a client takes back at once, and a standard that just fits: no smaller limit is hidden."""
    statement = seal.countersign(seal.state(kind, facts, issued=ISSUED, key=ONE), TWO)
    opened = seal.opened(seal.envelope(statement))
    assert seal.verify(opened, keys(ONE, TWO)) == set(keys(ONE, TWO))
    changed = Statement(
        id=opened.id, kind=kind, body=opened.body, payload=opened.payload + b" ", signatures=opened.signatures
    )
    with pytest.raises(Untrusted, match=r"signature\.wrong"):
        seal.verify(changed, keys(ONE, TWO))


@given(json_values | st.binary() | st.text())
def test_no_envelope_makes_the_reader_stumble(value: Any) -> None:
    """Hostile envelopes, payloads and headers end in one of our own errors."""
    raw = value if isinstance(value, bytes | str) else seal.canonical(value)
    with pytest.raises(DamError):
        seal.opened(raw)
    with pytest.raises(DamError):
        seal.opened(wrapped(value) if not isinstance(value, bytes | str) else wrapped(None, payload=b"x"))


# --- logins -----------------------------------------------------------------------------------------------------------


def claims(**change: object) -> dict[str, object]:
    """The claims of a good login, some of them changed."""
    good: dict[str, object] = {
        "iss": "m",
        "sub": "m",
        "aud": AUDIENCE,
        "iat": NOW,
        "exp": NOW + 60,
        "jti": "once",
    }
    return {name: value for name, value in {**good, **change}.items() if value is not None}


def assertion(change: Mapping[str, object] | None = None, key: seal.Jwk = ONE) -> str:
    """A login with any claims, signed."""
    header = {"alg": "Ed25519", "kid": seal.thumbprint(key)}
    return jwt.encode(header, claims(**(change or {})), OKPKey.import_key({**key}), algorithms=["Ed25519"])


def test_a_login_reads_back() -> None:
    """The member's own assertion is believed for as long as it lives, and names its key."""
    made = seal.login_assertion(ONE, member="m", audience=AUDIENCE, now=NOW)
    assert seal.assertion_kid(made) == seal.thumbprint(ONE)
    for now in (NOW - seal.CLOCK_SKEW, NOW, NOW + seal.MAX_LOGIN_SECONDS - 2 * seal.CLOCK_SKEW):
        told = seal.read_assertion(made, seal.public(ONE), audience=AUDIENCE, now=now)
        assert (told["iss"], told["sub"]) == ("m", "m")
    other = seal.login_assertion(ONE, member="m", audience=AUDIENCE, now=NOW)
    assert seal.read_assertion(other, seal.public(ONE), audience=AUDIENCE, now=NOW)["jti"] != told["jti"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"iss": "n"}, "login.assertion-malformed"),
        ({"sub": None}, "login.assertion-malformed"),
        ({"jti": None}, "login.assertion-malformed"),
        ({"jti": 5}, "login.assertion-malformed"),
        ({"iat": None}, "login.assertion-malformed"),
        ({"exp": "soon"}, "login.assertion-malformed"),
        ({"exp": NOW + 60.5}, "login.assertion-malformed"),
        ({"iat": True}, "login.too-long"),
        ({"aud": "https://other.example"}, "login.audience"),
        ({"aud": None}, "login.audience"),
        ({"aud": []}, "login.audience"),
        ({"iat": NOW + 61}, "login.clock"),
        ({"exp": NOW - 61}, "login.expired"),
        ({"exp": NOW - 60}, "login.expired"),
        ({"exp": NOW, "iat": NOW}, "login.too-long"),
        ({"exp": NOW + 301}, "login.too-long"),
        ({"iat": -(10**18), "exp": 10**18}, "login.too-long"),
    ],
)
def test_a_login_that_is_not_brief_and_for_this_dam_is_refused(change: dict[str, object], code: str) -> None:
    """Each claim is there, of its type, and within its bounds; the code says which is not."""
    with pytest.raises(Untrusted) as refused:
        seal.read_assertion(assertion(change), seal.public(ONE), audience=AUDIENCE, now=NOW)
    assert refused.value.code == code


def test_a_login_for_several_audiences_is_for_each() -> None:
    """RFC 7519 allows a list."""
    both = assertion({"aud": ["https://other.example", AUDIENCE]})
    assert seal.read_assertion(both, seal.public(ONE), audience=AUDIENCE, now=NOW)["iss"] == "m"


def test_a_login_by_another_key_or_algorithm_is_refused() -> None:
    """Wrong key, no signature, a secret made of the public key, no token at all."""
    shared = OctKey.import_key(seal.raw_public(ONE) * 2)
    unsigned = ".".join([seal.encode(b'{"alg":"none"}'), seal.encode(seal.canonical(claims())), ""])
    no_object = ".".join([assertion().split(".")[0], seal.encode(b"[]"), "x"])
    forged = [
        assertion(key=TWO),
        unsigned,
        jwt.encode({"alg": "HS256"}, claims(), shared, algorithms=["HS256"]),
        no_object,
        assertion()[:-2],
        assertion() + "A",
        "",
        "a.b",
        "é.é.é",
    ]
    for text in forged:
        with pytest.raises(Untrusted, match=r"login\.assertion-malformed"):
            seal.read_assertion(text, seal.public(ONE), audience=AUDIENCE, now=NOW)


@pytest.mark.parametrize("text", ["", "x", ".", seal.encode(b"[]") + ".x", seal.encode(b'{"kid":5}'), "\ud800"])
def test_a_login_without_a_key_is_refused(text: str) -> None:
    """What names no key is no login."""
    with pytest.raises((Invalid, Untrusted)):
        seal.assertion_kid(text)


def test_a_statement_is_no_login() -> None:
    """What a member signed for the log cannot be replayed to log in as it."""
    sent = outer(seal.state(Kind.MANIFEST, {"iss": "m"}, issued=ISSUED, key=ONE))
    signature = sent["signatures"][0]
    compact = f"{signature['protected']}.{sent['payload']}.{signature['signature']}"
    with pytest.raises(Untrusted, match=r"login\.assertion-malformed"):
        seal.read_assertion(compact, seal.public(ONE), audience=AUDIENCE, now=NOW)


# --- keyed hashes -----------------------------------------------------------------------------------------------------


def test_the_keyed_hash_is_hmac_sha_256_over_length_and_part() -> None:
    """Anybody with the key can compute it with any library."""
    expected = hmac.new(b"k" * 32, (2).to_bytes(8, "big") + b"ab" + (3).to_bytes(8, "big") + "가".encode(), "sha256")
    assert seal.keyed(b"k" * 32, "ab", "가") == expected.digest()


@given(st.lists(st.text(st.characters(codec="utf-8"))), st.lists(st.text(st.characters(codec="utf-8"))))
def test_no_two_lists_have_one_keyed_hash(left: list[str], right: list[str]) -> None:
    """Where one part ends and the next begins is part of what is hashed."""
    assert (seal.keyed(b"k" * 32, *left) == seal.keyed(b"k" * 32, *right)) == (left == right)


def test_comparison_takes_texts_and_bytes() -> None:
    """Equal is equal, whatever the spelling in Python."""
    assert seal.same("가", "가".encode())
    assert not seal.same(b"a", "b")


def test_tokens_and_salts_are_random_and_long() -> None:
    """256 and 128 bits."""
    assert len({seal.new_token() for _ in range(100)}) == len({seal.salt() for _ in range(100)}) == 100
    assert len(base64.urlsafe_b64decode(seal.new_token() + "=")) == 32
    assert len(seal.decode(seal.salt())) == 16
