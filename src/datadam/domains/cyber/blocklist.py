"""A list to block: one value a line, `#` before what is none. For resolvers, proxies, firewalls, scanners. Pure.

Each kind stands together, so that a tool that takes one kind is given it by `Choice.kinds`.
"""

from itertools import groupby

from datadam.domains.cyber.corroboration import Assessed
from datadam.domains.cyber.written import Choice, Format, Written, chosen, told
from datadam.model import instant


def write(assessed: Assessed, choice: Choice) -> Written:
    """The list, and what is not in it."""
    kept, counts = chosen(assessed, Format.BLOCKLIST, choice)
    lines = [
        f"# data dam blocklist, as of {instant(assessed.now)}, for {assessed.audience}: {len(kept)}",
        f"# left out: {told(counts, assessed.audience)}",
    ]
    for kind, some in groupby(sorted(kept, key=lambda one: one.type), lambda one: one.type):
        lines += [f"# {kind}", *(one.value for one in some)]
    text = "".join(f"{line}\n" for line in lines)
    return Written(
        format=Format.BLOCKLIST,
        text=text,
        count=len(kept),
        audience=assessed.audience,
        now=assessed.now,
        left=counts,
    )
