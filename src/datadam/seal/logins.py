"""Logins: one-time assertions by which a member shows that it holds its key (RFC 7523)."""

from collections.abc import Mapping
from typing import Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from datadam.errors import Untrusted
from datadam.model import Json
from datadam.seal.encoding import canonical, decode, encode, parse, salt
from datadam.seal.keys import ALGORITHM, Jwk, public, sign_bytes, thumbprint

MAX_LOGIN_SECONDS: Final = 300  # RFC 7523 §3: an assertion lives briefly
CLOCK_SKEW: Final = 60  # seconds that two honest clocks may differ


def login_assertion(key: Jwk, *, member: str, audience: str, now: int) -> str:
    """A one-time `private_key_jwt` (RFC 7523 §3) by which `member` logs in at `audience`; `now` in Unix seconds."""
    header = {"alg": ALGORITHM, "kid": thumbprint(key), "typ": "JWT"}
    lifetime = MAX_LOGIN_SECONDS - 2 * CLOCK_SKEW
    claims = {"iss": member, "sub": member, "aud": audience, "iat": now, "exp": now + lifetime, "jti": salt()}
    signed = f"{encode(canonical(header))}.{encode(canonical(claims))}"
    return f"{signed}.{encode(sign_bytes(key, signed.encode()))}"


def assertion_kid(assertion: str) -> str:
    """The key that a login assertion names; not yet believed."""
    header = parse(decode(assertion.partition(".")[0]))
    kid = header.get("kid") if isinstance(header, dict) else None
    if not isinstance(kid, str):
        raise Untrusted("login.assertion-malformed")
    return kid


def read_assertion(assertion: str, jwk: Mapping[str, str], *, audience: str, now: int) -> Json:
    """The claims of a login assertion that holds: signed by `jwk`, for `audience`, alive at `now`, brief, one-time."""
    try:
        key = OKPKey.import_key({**public(jwk), "kid": thumbprint(jwk)})
        token = jwt.decode(assertion, key, algorithms=[ALGORITHM])
    except (JoseError, ValueError) as error:
        raise Untrusted("login.assertion-malformed") from error
    claims: Json = token.claims
    texts = all(isinstance(claims.get(name), str) for name in ("iss", "sub", "jti"))
    times = all(isinstance(claims.get(name), int) for name in ("iat", "exp")) and isinstance(claims.get("nbf", 0), int)
    if not texts or not times or claims["iss"] != claims["sub"]:
        raise Untrusted("login.assertion-malformed")
    audiences = claims.get("aud")
    if audience not in (audiences if isinstance(audiences, list) else [audiences]):
        raise Untrusted("login.audience", expected=audience)
    begins = max(claims["iat"], claims.get("nbf", 0))
    if begins > now + CLOCK_SKEW:
        raise Untrusted("login.clock", seconds=begins - now)
    if claims["exp"] <= now - CLOCK_SKEW:
        raise Untrusted("login.expired", seconds=now - claims["exp"])
    if not 0 < claims["exp"] - claims["iat"] <= MAX_LOGIN_SECONDS:
        raise Untrusted("login.too-long", limit=MAX_LOGIN_SECONDS)
    return claims
