"""What a dam answers: addresses that may be asked, refusals revived with their sentences."""

import importlib
import os
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import httpx

from datadam import seal, texts
from datadam.errors import DamError, Invalid, NotFound, Refused, Unavailable, revived

_BY_STATUS: Final[Mapping[int, type[DamError]]] = {
    401: Refused,
    403: Refused,
    404: NotFound,
    429: Refused,
    503: Unavailable,
}


def check_url(url: str) -> None:
    """Refuse an address that is none, or over which tokens and rows would cross a network in clear."""
    try:
        parts = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise Invalid("client.url-malformed", url=url[:200]) from error
    if parts.scheme not in {"http", "https"} or not parts.host:
        raise Invalid("client.url-malformed", url=url[:200])
    if parts.scheme == "http" and parts.host not in {"127.0.0.1", "localhost", "::1"}:
        raise Refused("client.url-plain", url=url[:200])


def part(id: object) -> str:
    """An id as one part of an address, whatever is in it."""
    return quote(str(id), safe="")


def json_of(answer: httpx.Response) -> Any:  # noqa: ANN401  (any JSON)
    """The answer's JSON."""
    try:
        return answer.json()
    except ValueError as error:
        raise Unavailable("client.answer-odd", status=answer.status_code) from error


def answered(answer: httpx.Response) -> httpx.Response:
    """The answer, or the refusal that it is."""
    if answer.is_success:
        return answer
    kind = _BY_STATUS.get(answer.status_code, Unavailable if answer.is_server_error else Invalid)
    try:
        told = seal.parse(answer.content)
    except Invalid:
        told = None
    if not isinstance(told, dict) or not isinstance(told.get("code"), str):
        raise Unavailable("client.answer-odd", status=answer.status_code)
    raise said(revived(told, kind))


def said(error: DamError) -> DamError:
    """The refusal with its sentences as notes (PEP 678), so that a traceback says them to whoever imports us."""
    told = texts.explain(error, language_here())
    for one in (told, *told.faults):
        error.add_note(f"{one.what} {one.remedy}".rstrip())
    return error


def language_here() -> str:
    """In which language a person here reads."""
    return os.environ.get("DATADAM_LANG") or texts.spoken(os.environ)


def library(name: str, extra: str) -> Any:  # noqa: ANN401  (a module)
    """A library that the light client does without, or how it is installed."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        missing = name.split(".", maxsplit=1)[0]
        raise said(Unavailable("client.library-missing", library=missing, extra=extra)) from error
