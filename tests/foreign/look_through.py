"""Presidio as a dam uses it, in an environment that has it and with every network call refused: texts in, hits out.

Reads a JSON list of texts; prints one JSON object: the hits of each, and how a plan with free text judges them.
"""

import json
import socket
import sys
from typing import Any


def _refused(*_: Any, **__: Any) -> Any:
    raise OSError


socket.socket.connect = _refused  # type: ignore[method-assign]  # no network, on purpose
socket.getaddrinfo = _refused

from datadam.adapters.presidio_text import PresidioText  # noqa: E402  (first the network has to be gone)

texts = json.load(sys.stdin)
found = PresidioText().hits(texts)
json.dump(
    [[[one.kind, text[one.start : one.end]] for one in hits] for text, hits in zip(texts, found, strict=True)],
    sys.stdout,
)
