"""The way to other dams over HTTP: bounded in time and size, in clear on this machine only, never led elsewhere."""

import threading
import time
from typing import Final

import httpx

from datadam.errors import Invalid, Unavailable
from datadam.ports import PeerAnswer
from datadam.settings import is_loopback

TIMEOUT: Final = httpx.Timeout(10, connect=5)  # seconds; a dam answers another from what it holds
WHOLE_SECONDS: Final = 60  # for all of an answer: one that comes a byte at a time would hold whoever waits for it
MAX_ANSWER: Final = 12 * 1024 * 1024  # bytes; the largest stretch of a log with its bodies, base64
SCHEME: Final = "Datadam"  # of the Authorization header that a signed request comes in
NONCE: Final = "datadam-nonce"  # the header with what the next signed request must carry


class HttpPeerLink:
    """A `ports.PeerLink` over HTTP; threads may share it."""

    def __init__(self, *, transport: httpx.BaseTransport | None = None) -> None:
        """Connections are opened when they are needed, and kept for a while."""
        self._transport, self._lock = transport, threading.Lock()
        self._client: httpx.Client | None = None

    def send(self, url: str, method: str, path: str, *, token: str | None = None, body: bytes = b"") -> PeerAnswer:
        """One request and its answer; see `ports.PeerLink` for what it raises."""
        at = checked(url) + path
        headers = {"Authorization": f"{SCHEME} {token}"} if token else {}
        if body:
            headers["Content-Type"] = "application/json"
        until = time.monotonic() + WHOLE_SECONDS
        try:
            with self._opened().stream(method, at, content=body, headers=headers) as answer:
                if answer.is_redirect:
                    raise _away(url, "redirect")
                data = bytearray()
                for chunk in answer.iter_bytes():
                    data += chunk
                    if len(data) > MAX_ANSWER:
                        raise _away(url, "too long")
                    if time.monotonic() > until:
                        raise _away(url, "too slow")
                return PeerAnswer(status=answer.status_code, body=bytes(data), nonce=answer.headers.get(NONCE))
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise _away(url, type(error).__name__) from error

    def _opened(self) -> httpx.Client:
        with self._lock:
            if self._client is None:
                self._client = httpx.Client(timeout=TIMEOUT, follow_redirects=False, transport=self._transport)
            return self._client

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None


def checked(url: str) -> str:
    """The address without its last slash; one over which anybody could answer in its place is `Invalid`."""
    try:
        parts = httpx.URL(url)
        safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.host))
        plain = bool(parts.host) and not (parts.userinfo or parts.query or parts.fragment)
    except (httpx.InvalidURL, ValueError, TypeError):
        safe = plain = False
    if not safe or not plain:
        raise Invalid("peer.url-open", url=url[:120])
    return url.rstrip("/")


def _away(url: str, why: str) -> Unavailable:
    return Unavailable("peer.unreachable", url=url[:120], why=why)
