"""A member that asks a dam for rows again and again: one line an answer, `SECONDS yes|no|-` by the machine's clock.

`asker.py URL KEY STANDARD`; `-` is an answer that did not come, or one of a dam that is not there.
"""

import sys
import time
from pathlib import Path

from datadam import client
from datadam.errors import DamError, Refused


def asked(dam: client.Dam, standard: str) -> str:
    """What the dam says now."""
    try:
        dam.files(dam.open(standard).info["table"])
    except Refused:
        return "no"
    except DamError:
        return "-"
    return "yes"


def main(url: str, key: str, standard: str) -> None:
    """Ask until nobody reads any more."""
    with client.connect(url, key=Path(key)) as dam:
        while True:
            begun = time.monotonic()
            sys.stdout.write(f"{begun:.3f} {asked(dam, standard)}\n")
            sys.stdout.flush()
            time.sleep(max(0.0, begun + 0.1 - time.monotonic()))


if __name__ == "__main__":
    main(*sys.argv[1:])
