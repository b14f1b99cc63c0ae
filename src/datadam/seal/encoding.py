"""Bytes of what is signed: RFC 8785 JSON, strict reading, digests, base64url, random salts."""

import binascii
import hashlib
import json
import secrets
import string
from typing import Any, Final, cast

import rfc8785

from datadam.errors import Invalid

SALT_BYTES: Final = 16  # makes guessing a body from its public id useless

_MOST_EXACT: Final = 2**53 - 1  # the largest integer that every reader of JSON holds exactly (RFC 8785 §3.2.2.3)
_MOST_PLAIN: Final = 1_000_000  # values in one another
_TO_URL: Final = bytes.maketrans(b"+/", b"-_")
_FROM_URL: Final = bytes.maketrans(b"-_+/=", b"+/!!!")  # what the other alphabet has is none of this one's
_LETTERS: Final = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
_LAST: Final = (_LETTERS, "", _LETTERS[::16], _LETTERS[::4])  # what a text may end in: bits beyond the last byte are 0
_PLAIN: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False)


def canonical(value: object) -> bytes:
    """The RFC 8785 bytes of a JSON value; what JSON cannot carry exactly (NaN, integers over 2^53 - 1) is `Invalid`."""
    try:
        return _PLAIN.encode(value).encode() if _is_plain(value) else rfc8785.dumps(cast("Any", value))
    except (rfc8785.CanonicalizationError, UnicodeError, RecursionError) as error:
        raise Invalid("json.not-canonical", why=str(error)[:200]) from error


def _is_plain(value: object) -> bool:
    """Whether Python's own encoder writes a value as RFC 8785 does, at a fifth of the cost.

    So it does but for fractions, large integers, and keys that UTF-16 may sort in another way; those go the long way,
    and so does what is as large as only endless things are.
    """
    rest: list[object] = [value]
    for _ in range(_MOST_PLAIN):
        if not rest:
            return True
        one = rest.pop()
        kind = type(one)
        if kind is dict:
            held = cast("dict[str, object]", one)
            try:
                if not "".join(held).isascii():
                    return False
            except TypeError:  # a key that is no text
                return False
            rest.extend(held.values())
        elif kind is list or kind is tuple:
            rest.extend(cast("list[object]", one))
        elif not (isinstance(one, str) or one is None or kind is bool or (kind is int and _exact(cast("int", one)))):
            return False
    return False


def _exact(number: int) -> bool:
    return -_MOST_EXACT <= number <= _MOST_EXACT


def plain(value: object) -> bytes:
    """The RFC 8785 bytes of what `read_plain` read, where they are ASCII; of anything else they may be others."""
    return _PLAIN.encode(value).encode()


def read_plain(data: bytes) -> Any:  # noqa: ANN401  (JSON may be any value)
    """Read ASCII JSON without fractions and large numbers; `ValueError` if it has some, or is no JSON.

    A key that stands there twice is one: only whoever compares what `plain` makes of it sees that.
    """
    return _WHOLE.decode(data.decode("ascii"))


def _no_fraction(text: str) -> None:
    message = f"{text} may be written in several ways"
    raise ValueError(message)


def _small(text: str) -> int:
    number = int(text)
    if not _exact(number):
        _no_fraction(text)
    return number


_WHOLE: Final = json.JSONDecoder(parse_float=_no_fraction, parse_int=_small, parse_constant=_no_fraction)


def parse(data: bytes | str) -> Any:  # noqa: ANN401  (JSON may be any value)
    """Read JSON strictly: a repeated key, NaN or bad UTF-8 is `Invalid`, not a silent choice."""
    try:
        return _STRICT.decode(data if isinstance(data, str) else data.decode())
    except (ValueError, RecursionError) as error:
        raise Invalid("json.malformed", why=str(error)[:200]) from error


def _no_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "a key occurs twice in one object"
        raise ValueError(message)
    return found


def _no_constant(name: str) -> None:
    message = f"{name} is not JSON"
    raise ValueError(message)


_STRICT: Final = json.JSONDecoder(object_pairs_hook=_no_repeats, parse_constant=_no_constant)


def digest(data: bytes) -> str:
    """SHA-256 as lower-case hex."""
    return hashlib.sha256(data).hexdigest()


def encode(data: bytes) -> str:
    """Base64url without padding (RFC 7515 §2)."""
    return binascii.b2a_base64(data, newline=False).translate(_TO_URL).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Read base64url without padding; any other spelling of the same bytes is `Invalid`."""
    try:
        coded = text.encode("ascii").translate(_FROM_URL)
        data = binascii.a2b_base64(coded + b"=" * (-len(coded) % 4), strict_mode=True)
    except ValueError as error:
        raise Invalid("text.base64-malformed", value=text[:40]) from error
    if text and text[-1] not in _LAST[len(text) % 4]:
        raise Invalid("text.base64-malformed", value=text[:40])
    return data


def salt() -> str:
    """128 random bits, base64url."""
    return encode(secrets.token_bytes(SALT_BYTES))


def new_token() -> str:
    """256 random bits to hand out as a bearer token."""
    return encode(secrets.token_bytes(32))
