"""The operator's verbs about credentials: recognise issuers, record and end what members hold."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final

from datadam import seal
from datadam.credentials import Credential, Issuer
from datadam.dam import credential
from datadam.dam.credential import Of
from datadam.dam.world import World
from datadam.errors import Invalid
from datadam.model import Json


def _recognise(world: World, issuer: str, title: str, names: str | None, keys: str | None) -> Json:
    found: Any = seal.parse(keys or "[]")
    if not isinstance(found, list) or not all(isinstance(key, dict) for key in found):
        raise Invalid("request.malformed", expected="keys: [JWK]")
    return told_issuer(credential.recognise(world, issuer, title, _split(names), found))


def _issuers(world: World) -> Json:
    return {"items": [told_issuer(one) for one in credential.issuers(world)]}


def told_issuer(one: Issuer) -> dict[str, Any]:
    """An issuer as JSON."""
    return {**asdict(one), "names": dict(one.names), "keys": [dict(key) for key in one.keys]}


def _add(world: World, args: Mapping[str, str | None]) -> Json:
    member, name, issuer = (str(args[field]) for field in ("member", "name", "issuer"))
    of, token = Of(member=member, name=name, issuer=issuer, scope=tuple(_split(args["scope"]))), args["token"]
    if token is not None:
        made = credential.add(world, of, token)
    else:
        evidence, expires = args["evidence"], args["expires"]
        if evidence is None or expires is None:
            raise Invalid("request.malformed", expected="token, or evidence and expires")
        made = credential.attest(world, of, evidence, expires=expires)
    return {**told(world, [made.credential])[0], "listed": made.listed}


def told(world: World, held: list[Credential]) -> list[dict[str, Any]]:
    """Credentials as JSON, each with whether it counts now."""
    counting = credential.counting(world, held)
    return [{**asdict(one), "scope": list(one.scope), "counts": one.id in counting} for one in held]


def _credentials(world: World, member: str | None) -> Json:
    return {"items": told(world, credential.every(world, member=member))}


def _revoke(world: World, id: str, reason: str) -> Json:
    return {"index": credential.revoke(world, id, reason)}


def _split(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


VERBS: Final[Mapping[str, tuple[tuple[str, ...], Callable[..., Json]]]] = {
    "recognise-issuer": (("issuer", "title", "names?", "keys?"), _recognise),
    "issuers": ((), _issuers),
    "add-credential": (
        ("member", "name", "issuer", "scope?", "token?", "evidence?", "expires?"),
        lambda world, **args: _add(world, args),
    ),
    "credentials": (("member?",), _credentials),
    "revoke-credential": (("id", "reason"), _revoke),
}
"""Each verb with the arguments that it takes; one that may be absent ends in a question mark."""
