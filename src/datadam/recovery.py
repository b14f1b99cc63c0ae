"""What passes from hand to hand before a recovery is logged: drafted by who lost a key, signed by two operators."""

from collections.abc import Sequence

from datadam import seal
from datadam.errors import Invalid
from datadam.formats.statements import shaped
from datadam.model import Json, Kind, Statement


def introduced(key: seal.Jwk, *, issued: str) -> Statement:
    """What a person signs who is to be an operator."""
    return seal.state(
        Kind.OPERATOR, {"operator": seal.operator_id(key), "key": seal.public(key)}, issued=issued, key=key
    )


def draft(
    member: str, new: seal.Jwk, operators: Sequence[str], profile: Json, *, until: str, issued: str
) -> dict[str, str]:
    """What a member's new key asks for: `{statement, proof}`, to be signed by the operators that it names.

    `profile` proves anew who the member is, in the fields of an application's. `Invalid` where the ids are none, or
    where the operators are not two: nobody is asked to sign what no dam takes.
    """
    proof = seal.canonical({"salt": seal.salt(), **profile})
    facts = {
        "member": member,
        "key": seal.public(new),
        "operators": list(operators),
        "proof": seal.digest(proof),
        "until": until,
    }
    return _file(shaped(seal.state(Kind.RECOVERY, facts, issued=issued, key=new)), proof)


def read(data: str | bytes) -> tuple[Statement, bytes]:
    """A draft as it was handed on, believed by nobody yet: the statement and the proof that it names."""
    held = seal.parse(data)
    if not isinstance(held, dict) or set(held) != {"statement", "proof"}:
        raise Invalid("request.malformed", expected="statement, proof")
    if not all(isinstance(part, str) for part in held.values()):
        raise Invalid("request.malformed", expected="statement, proof")
    told, proof = seal.opened(held["statement"]), held["proof"].encode()
    if told.kind is not Kind.RECOVERY or told.body.get("proof") != seal.digest(proof):
        raise Invalid("profile.digest-wrong")
    return told, proof


def vouched(data: str | bytes, key: seal.Jwk) -> dict[str, str]:
    """The same with the signature of one of the operators that it names."""
    told, proof = read(data)
    named = told.body.get("operators")
    if not isinstance(named, list) or seal.operator_id(key) not in named or seal.thumbprint(key) in seal.kids(told):
        raise Invalid("recovery.not-yours", operator=seal.operator_id(key))
    return _file(seal.countersign(told, key), proof)


def _file(told: Statement, proof: bytes) -> dict[str, str]:
    return {"statement": seal.envelope(told).decode(), "proof": proof.decode()}
