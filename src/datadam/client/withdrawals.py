"""The way back as members see it: take deposits back, see what was erased, find editions."""

import time
from collections.abc import Callable, Sequence
from typing import Final

from datadam import seal
from datadam.client.answers import part
from datadam.client.line import Line
from datadam.errors import NotFound
from datadam.model import Json, Kind

POLL_SECONDS: Final = 0.2
MOST: Final = 10_000  # deposits that one statement takes back
UNSEALED: Final = frozenset({"announced", "refused"})  # nothing of these is in the log: they are thrown away


class WayBack(Line):
    """What a contributor can do with what it deposited."""

    def withdraw(self, deposits: Sequence[Json], *, reason: str) -> list[Json]:
        """Take deposits back, as `deposits()` tells them; those that were never sealed are thrown away.

        Returns the withdrawals, one for every 10,000 deposits. They are served no more; `erased` waits for the rest.
        """
        for one in deposits:
            if one["stage"] in UNSEALED:
                self._ask("DELETE", f"/api/deposits/{part(one['id'])}")
        sealed = [str(one["id"]) for one in deposits if one["stage"] not in UNSEALED]
        found: list[Json] = []
        for start in range(0, len(sealed), MOST):
            statement = self._sign(Kind.WITHDRAWAL, self._withdrawal(sealed[start : start + MOST], reason))
            found.append(self._ask("POST", "/api/withdrawals", content=seal.envelope(statement)).json())
        return found

    def _withdrawal(self, deposits: Sequence[str], reason: str, replaced_by: str | None = None) -> Json:
        return {
            "contributor": self.member,
            "deposits": list(deposits),
            "replaced_by": replaced_by,
            "reason": reason,
        }

    def withdrawals(self) -> list[Json]:
        """The caller's withdrawals, newest first: by when each is erased, or what was reached and what cannot be."""
        return list(self._get("/api/withdrawals", as_member=True)["items"])

    def erased(self, id: str, *, seconds: float, now: Callable[[], float] = time.monotonic) -> Json:
        """A withdrawal once it is erased, or as it stands after `seconds`: the dam goes on by itself."""
        until = now() + seconds
        while True:
            found: Json = self._get(f"/api/withdrawals/{part(id)}", as_member=True)
            if found["purge"] is not None or now() >= until:
                return found
            time.sleep(POLL_SECONDS)

    def editions(self, standard: str | None = None) -> list[Json]:
        """Every edition, or those of one reservoir, in the order in which they were frozen."""
        items: list[Json] = self._get("/api/editions", as_member=self._key is not None)["items"]
        return [one for one in items if standard in {None, one["standard"]}]

    def edition(self, id: str) -> Json:
        """One edition, `reservoir@name`."""
        for one in self.editions():
            if one["id"] == id:
                return one
        raise NotFound("edition.unknown", edition=id[:200])
