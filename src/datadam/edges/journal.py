"""Log lines as JSON, without values: what happened, where in the code, how long it took; never what somebody sent.

A line has the constant text of its place in our code, ids, error codes and numbers. Of what others' code logs, and of
an exception, only the place and the type are told: their messages quote what they choked on.
"""

import json
import logging
import re
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from datadam.errors import DamError

REQUESTS: Final = "datadam.requests"
"""The logger that gets a line for each request."""

_OWN: Final = "datadam"
_PLAIN: Final = re.compile(r"[0-9a-f]{64}|m-[0-9a-f]{20}|[a-z]+(-[a-z]+)*\.[a-z0-9]+(-[a-z0-9]+)*")
_PLACES: Final = 8  # of an exception, the innermost ones
_TEXT: Final = "%(asctime)s %(name)s %(levelname)s %(message)s"


class JsonLines(logging.Formatter):
    """One JSON object a line (RFC 8259), in the order of time."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of one record."""
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if record.name.split(".")[0] == _OWN:
            told["event"] = str(record.msg)
            args = record.args if isinstance(record.args, tuple) else ()
            if ids := [arg for arg in args if isinstance(arg, int | float) or _PLAIN.fullmatch(str(arg))]:
                told["of"] = ids
            if facts := getattr(record, "facts", None):
                told |= facts
        else:
            told["at"] = f"{record.module}:{record.lineno}"
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            told["error"] = error.code if isinstance(error, DamError) else type(error).__name__
            frames = traceback.extract_tb(error.__traceback__)[-_PLACES:]
            told["places"] = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
        return json.dumps(told, ensure_ascii=False)


def begin(log_format: str) -> None:
    """Log to standard error from now on: `text` for people, `json` for machines, with a line for each request."""
    root, stream = logging.getLogger(), logging.StreamHandler()
    stream.setFormatter(JsonLines() if log_format == "json" else logging.Formatter(_TEXT))
    for held in root.handlers[:]:
        root.removeHandler(held)
    root.addHandler(stream)
    root.setLevel(logging.WARNING)
    logging.getLogger(REQUESTS).setLevel(logging.INFO if log_format == "json" else logging.WARNING)
