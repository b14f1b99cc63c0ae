"""The line to a dam: HTTP, a login that renews itself, statements signed with the member's key."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final, Self

import httpx

from datadam import seal
from datadam.client.answers import answered, json_of, language_here, said
from datadam.errors import Refused, Unavailable
from datadam.model import Json, Kind, Statement, instant

TIMEOUT: Final = httpx.Timeout(30, read=120)  # seconds; a share may have to be made before the first byte comes
RENEW_SECONDS: Final = 60  # a token this close to its end is asked anew
_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Line:
    """A dam's address and who speaks to it: sends, logs in and signs."""

    def __init__(self, url: str, key: seal.Jwk | None, member: str | None) -> None:
        """Speak to the dam at `url` with `key`, as `member`; without them as a stranger."""
        self.url, self.member, self._key = url, member, key
        # what the dam puts into words, as a report's faults, comes in the language that this person reads
        language = language_here()
        headers = {"Accept-Language": language}
        self._http = httpx.Client(base_url=url, timeout=TIMEOUT, follow_redirects=False, headers=headers)
        self._token, self._until = "", 0.0
        self._pinned: str | None = None

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        """Close at the end of a `with`."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close at the end of a `with`."""
        self.close()

    def _ask(self, method: str, path: str, *, as_member: bool = True, **more: Any) -> httpx.Response:
        try:
            return self._send(method, path, as_member=as_member, **more)
        except Refused as error:
            if not as_member or error.code != "login.token-unknown" or isinstance(more.get("content"), Iterator):
                raise
        self._until = 0.0  # the dam forgot the login, as after a rebuild of its tables
        return self._send(method, path, as_member=as_member, **more)

    def _send(self, method: str, path: str, *, as_member: bool, **more: Any) -> httpx.Response:
        headers = {**more.pop("headers", {}), **({"Authorization": f"Bearer {self._login()}"} if as_member else {})}
        try:
            answer = self._http.request(method, path, headers=headers, **more)
        except httpx.HTTPError as error:
            raise said(Unavailable("client.unreachable", url=self.url, why=type(error).__name__)) from error
        return answered(answer)

    def _get(self, path: str, *, as_member: bool = False, **params: Any) -> Any:  # noqa: ANN401  (any JSON)
        return json_of(self._ask("GET", path, as_member=as_member, params=params))

    @property
    def has_key(self) -> bool:
        """Whether it can speak as a member."""
        return self._key is not None

    def _login(self) -> str:
        if self._key is None or self.member is None:
            raise Refused("ask.login-needed")
        if time.time() > self._until - RENEW_SECONDS:
            assertion = seal.login_assertion(self._key, member=self.member, audience=self.url, now=int(time.time()))
            form = {
                "grant_type": "client_credentials",
                "client_assertion_type": _ASSERTION,
                "client_assertion": assertion,
            }
            given = self._ask("POST", "/api/token", as_member=False, data=form).json()
            self._token, self._until = given["access_token"], time.time() + given["expires_in"]
        return self._token

    def _needed_key(self) -> seal.Jwk:
        if self._key is None:
            raise Refused("ask.login-needed")
        return self._key

    def _sign(self, kind: Kind, facts: Json) -> Statement:
        return seal.state(kind, facts, issued=instant(datetime.now(UTC)), key=self._needed_key())
