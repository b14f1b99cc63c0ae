"""What a client believes of a dam: the log key that it pinned, a log that only grows, receipts that hold under it."""

from collections.abc import Sequence

from datadam import ledger, seal
from datadam.client.home import home, read_pins, write_private
from datadam.client.line import Line
from datadam.errors import Invalid, NotFound, Unavailable, Untrusted
from datadam.formats import note
from datadam.model import Json


class Trusting(Line):
    """The line to a dam whose log key is pinned."""

    def trust(self) -> Json:
        """Pin the dam's log key at the first contact; afterwards refuse another key, a fork or a rollback.

        Returns {vkey, size, first}: `first` tells that the key was taken on trust just now and wants comparing.
        """
        pins = read_pins()
        held = pins.get(self.url)
        vkey = held["vkey"] if held else self._offered_key()
        text = self._ask("GET", "/log/checkpoint", as_member=False).text
        pinned = note.open_checkpoint(held["checkpoint"], vkey) if held else None
        seen = ledger.believe(text, vkey=vkey, pinned=pinned, proof=self._consistency)
        write_private(home() / "pins.json", {**pins, self.url: {"vkey": vkey, "checkpoint": text}})
        self._pinned = vkey
        return {"vkey": vkey, "size": seen.size, "first": held is None}

    def _offered_key(self) -> str:
        told = self._get("/api")
        vkey = told["log"].get("vkey") if isinstance(told, dict) and isinstance(told.get("log"), dict) else None
        if not isinstance(vkey, str):
            raise Unavailable("client.answer-odd", status=200)
        return vkey

    def _consistency(self, old: int, new: int) -> Sequence[bytes]:
        """A dam that has no such proof, or not one that can be read, does not extend what was pinned."""
        try:
            return [seal.decode(node) for node in self._get("/api/log/consistency", old=old, new=new)["proof"]]
        except (Invalid, NotFound, KeyError, TypeError) as error:
            raise Untrusted("checkpoint.forked", size=new) from error

    @property
    def vkey(self) -> str:
        """The pinned key of this dam's log."""
        if self._pinned is None:
            self.trust()
        return str(self._pinned)

    def _proven(self, receipt: Json) -> ledger.Verified:
        """What a receipt proves under the pinned key; whatever does not hold is `Untrusted`."""
        return ledger.verify_receipt(seal.canonical(receipt), vkey=self.vkey)
