"""What a client believes of a dam: the log key that it pinned, a log that only grows, receipts that hold under it."""

from collections.abc import Sequence
from dataclasses import asdict

from datadam import ledger, seal, succession
from datadam.client.home import home, read_formers, read_pins, write_private
from datadam.client.line import Line
from datadam.errors import Invalid, NotFound, Unavailable, Untrusted
from datadam.formats import note
from datadam.model import Json


class Trusting(Line):
    """The line to a dam whose log key is pinned."""

    def trust(self, *, told: str | None = None) -> Json:
        """Pin the dam's log key at the first contact; afterwards refuse another key, a fork or a rollback.

        Returns {vkey, size, first}: `first` tells that the key was taken on trust just now and wants comparing. Where
        somebody who is trusted `told` the key, another one that it does not lead to is refused and nothing is pinned.
        """
        pins = read_pins()
        held = pins.get(self.url)
        text = self._ask("GET", "/log/checkpoint", as_member=False).text
        if held:
            vkey, formers = self._now(held["vkey"], text)
            formers = [*read_formers(held), *formers]
        else:
            vkey = self._offered_key()
            formers = self._formers(vkey)
        if told is not None and vkey not in {told, self.follow(told)}:
            raise Untrusted("client.key-not-told", url=self.url)
        pinned = note.open_checkpoint(held["checkpoint"], held["vkey"]) if held else None
        seen = ledger.believe(text, vkey=vkey, pinned=pinned, proof=self._consistency)
        pin = {"vkey": vkey, "checkpoint": text, **({"formers": list(map(asdict, formers))} if formers else {})}
        write_private(home() / "pins.json", {**pins, self.url: pin})
        self._pinned = vkey
        return {"vkey": vkey, "size": seen.size, "first": held is None}

    def follow(self, vkey: str) -> str:
        """The log's key now, for whoever trusts `vkey`: that one, or what it led to under its own signature."""
        return succession.follow(self._rotations(), vkey=vkey)[0]

    def _now(self, vkey: str, checkpoint: str) -> tuple[str, list[succession.Former]]:
        """The key to believe a checkpoint by, and those on the way; rotations are asked for only if there is one."""
        name, id, _ = note.read_vkey(vkey)
        if note.key_ids(checkpoint, name) == {id}:
            return vkey, []
        return succession.follow(self._rotations(), vkey=vkey)

    def _formers(self, vkey: str) -> list[succession.Former]:
        """The keys before the one that is trusted from now on, if they lead to it: for receipts from their time."""
        rotations = self._rotations()
        if not rotations:
            return []
        now, formers = succession.follow(rotations, vkey=str(rotations[0].get("log")))
        return formers if now == vkey else []

    def _rotations(self) -> list[Json]:
        try:
            told = self._get("/api/log/keys")
        except NotFound:  # a dam of before there were any
            return []
        found = told.get("rotations") if isinstance(told, dict) else None
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise Unavailable("client.answer-odd", status=200)
        return found

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
