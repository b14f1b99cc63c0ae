"""Statements: one canonical payload, signatures around it, who signed and who had to."""

import re
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Final, cast

from datadam.errors import Invalid, Untrusted
from datadam.model import Json, Kind, Statement, StatementId
from datadam.seal.encoding import SALT_BYTES, canonical, decode, digest, encode, parse, plain, read_plain, salt
from datadam.seal.keys import ALGORITHM, KEYS_KEPT, SIGNATURE_BYTES, Jwk, bytes_signed, sign_bytes, thumbprint

MAX_ENVELOPE: Final = 4 * 1024 * 1024  # bytes; a standard with many columns is the largest honest one
MAX_SIGNATURES: Final = 8  # parties to one statement; each costs a verification
VERSION: Final = 1  # of the statement envelope


_KINDS: Final = frozenset(map(str, Kind))
# as `_protected` writes it
_HEADER: Final = re.compile(rb'\{"alg":"%b","kid":"([A-Za-z0-9_-]+)"\}' % ALGORITHM.encode())
_SIGNATURE: Final = {"protected", "signature"}


def state(kind: Kind, facts: Json, *, issued: str, key: Jwk) -> Statement:
    """Make and sign a statement of `kind` with `facts`; `issued` is what the signer says the time is."""
    body = {**facts, "v": VERSION, "kind": str(kind), "salt": salt(), "issued": issued}
    payload = canonical(body)
    unsigned = Statement(id=StatementId(digest(payload)), kind=kind, body=body, payload=payload, signatures=())
    return countersign(unsigned, key)


def countersign(statement: Statement, key: Jwk) -> Statement:
    """The same statement with one more signature."""
    protected = _protected(thumbprint(key))
    signature = sign_bytes(key, f"{protected}.{encode(statement.payload)}".encode())
    added = {"protected": protected, "signature": encode(signature)}
    return Statement(
        id=statement.id,
        kind=statement.kind,
        body=statement.body,
        payload=statement.payload,
        signatures=(*statement.signatures, added),
    )


@lru_cache(maxsize=KEYS_KEPT)
def _protected(kid: str) -> str:
    """The protected header of every signature by one key."""
    return encode(canonical({"alg": ALGORITHM, "kid": kid}))


def envelope(statement: Statement) -> bytes:
    """The statement as JWS general JSON serialisation (RFC 7515 §7.2.1), itself canonical."""
    return canonical({"payload": encode(statement.payload), "signatures": [dict(s) for s in statement.signatures]})


def opened(data: bytes | str) -> Statement:
    """Read an envelope without believing it yet. Anything but one canonical payload of a known kind is `Invalid`."""
    if len(data) > MAX_ENVELOPE:
        raise Invalid("statement.too-large", size=len(data), limit=MAX_ENVELOPE)
    text, signatures = _parts(parse(data))
    payload = decode(text)
    body = _read(payload)
    kind_known = isinstance(body.get("kind"), str) and body["kind"] in _KINDS
    if type(body.get("v")) is not int or body["v"] != VERSION or not kind_known:  # to Python, true is 1
        raise Invalid("statement.kind-unknown", kind=str(body.get("kind"))[:40])
    for name in ("salt", "issued"):
        if not isinstance(body.get(name), str):
            raise Invalid("statement.malformed", field=name)
    if len(decode(body["salt"])) != SALT_BYTES:
        raise Invalid("statement.malformed", field="salt")
    return Statement(
        id=StatementId(digest(payload)),
        kind=Kind(body["kind"]),
        body=body,
        payload=payload,
        signatures=tuple(signatures),
    )


def _read(payload: bytes) -> Json:
    """The one JSON object whose RFC 8785 bytes these are.

    Most are ASCII without fractions. Where such a one comes out the same, no key stood there twice and no number was
    none; all else is read strictly, which says what is wrong.
    """
    if payload.isascii():
        with suppress(ValueError, RecursionError):
            quick = read_plain(payload)
            if isinstance(quick, dict) and plain(quick) == payload:
                return cast("Json", quick)
    body = parse(payload)
    if not isinstance(body, dict) or canonical(body) != payload:
        raise Invalid("statement.not-canonical")
    return body


def _parts(outer: object) -> tuple[str, list[dict[str, str]]]:
    if not isinstance(outer, dict) or set(outer) != {"payload", "signatures"}:
        raise Invalid("statement.malformed", field="payload, signatures")
    payload, signatures = outer["payload"], outer["signatures"]
    if not isinstance(payload, str):
        raise Invalid("statement.malformed", field="payload")
    if not isinstance(signatures, list) or not 1 <= len(signatures) <= MAX_SIGNATURES:
        raise Invalid("statement.malformed", field="signatures")
    if not all(_is_signature(signature) for signature in signatures):
        raise Invalid("statement.malformed", field="signatures")
    return payload, signatures


def _is_signature(value: object) -> bool:
    if not isinstance(value, dict) or value.keys() != _SIGNATURE:
        return False
    return isinstance(value["protected"], str) and isinstance(value["signature"], str)


def kids(statement: Statement) -> tuple[str, ...]:
    """The keys that the signatures name; not yet believed."""
    return tuple(_kid(signature["protected"]) for signature in statement.signatures)


@lru_cache(maxsize=KEYS_KEPT)
def _kid(protected: str) -> str:
    data = decode(protected)
    plainly = _HEADER.fullmatch(data)
    if plainly:
        return plainly[1].decode()
    header = parse(data)
    if not isinstance(header, dict) or set(header) != {"alg", "kid"} or not isinstance(header["kid"], str):
        raise Invalid("statement.malformed", field="protected")
    if header["alg"] != ALGORITHM:
        raise Untrusted("signature.algorithm", algorithm=str(header["alg"])[:20])
    return header["kid"]


def verify(statement: Statement, keys: Mapping[str, Mapping[str, str]]) -> frozenset[str]:
    """The kids whose signatures hold. A signature that does not, a key twice or a key not in `keys` is `Untrusted`.

    `keys` are the public JWKs, by kid, that were in force where the statement was included in the log.
    """
    named = kids(statement)
    for kid in named:
        if kid not in keys or thumbprint(keys[kid]) != kid:
            raise Untrusted("signature.key-unknown", kid=kid[:60], statement=statement.id)
    if len(set(named)) != len(named):
        raise Untrusted("signature.repeated", statement=statement.id)
    if digest(statement.payload) != statement.id:
        raise Untrusted("signature.wrong", statement=statement.id)
    text = encode(statement.payload)
    for kid, signature in zip(named, statement.signatures, strict=True):
        if not _signed(f"{signature['protected']}.{text}".encode(), signature["signature"], keys[kid]):
            raise Untrusted("signature.wrong", statement=statement.id)
    return frozenset(named)


def _signed(message: bytes, signature: str, jwk: Mapping[str, str]) -> bool:
    """Whether a JWS signature holds (RFC 7515 §5.2, RFC 9864); its header was read by `kids`."""
    try:
        raw = decode(signature)
    except Invalid:
        return False
    return len(raw) == SIGNATURE_BYTES and bytes_signed(jwk, message, raw)


def expect(
    signed: Collection[str],
    owners: Mapping[str, str],
    parties: Iterable[str],
    *,
    statement: str,
    quorum: tuple[Collection[str], int] = ((), 0),
) -> None:
    """Refuse unless exactly the `parties` signed, and of those whom `quorum` names at least so many as it says.

    `owners` says whose key each kid is: who signs with two keys is one.
    """
    have, need, (named, least) = {owners[kid] for kid in signed}, set(parties), quorum
    missing, surplus = sorted(need - have), sorted(have - need - set(named))
    if missing or surplus:
        raise Untrusted("signature.parties", statement=statement, missing=missing, surplus=surplus)
    if len(have & set(named)) < least:
        raise Untrusted("signature.quorum", statement=statement, signed=len(have & set(named)), needed=least)
