"""What a client believes of a dam: the log key that it pinned, a log that only grows, receipts that hold under it."""

from collections.abc import Sequence
from dataclasses import asdict

from datadam import cosigners, ledger, seal, succession
from datadam.client.home import home, read_formers, read_pins, read_quorum, read_vouched, write_private
from datadam.client.line import Line
from datadam.cosigners import Quorum
from datadam.errors import DamError, Invalid, NotFound, Unavailable, Untrusted
from datadam.formats import note
from datadam.model import Checkpoint, Json


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
        asked = read_quorum(held) if held else None
        vouched = self._vouched(asked, vkey, seen, held or {}) if asked is not None else None
        pin: dict[str, object] = {
            "vkey": vkey,
            "checkpoint": text,
            **({"formers": list(map(asdict, formers))} if formers else {}),
        }
        if asked is not None and vouched is not None:
            pin |= {"quorum": asdict(asked), "vouched": {"size": vouched.size, "root": seal.encode(vouched.root)}}
        write_private(home() / "pins.json", {**pins, self.url: pin})
        self._pinned = vkey
        return {"vkey": vkey, "size": vouched.size if vouched else seen.size, "first": held is None}

    def require(self, keys: Sequence[str], least: int) -> Json:
        """From now on believe this dam's log only as far as so many of these cosigners saw it; none asks for no one.

        What is not vouched for now is refused now, and nothing is changed. Returns what `trust` does.
        """
        self.trust()
        before = read_pins()
        asked = asdict(Quorum(keys=tuple(keys), least=least)) if keys else None
        plain = {name: value for name, value in before[self.url].items() if name not in {"quorum", "vouched"}}
        write_private(home() / "pins.json", {**before, self.url: {**plain, **({"quorum": asked} if asked else {})}})
        try:
            return self.trust()
        except DamError:
            write_private(home() / "pins.json", {**read_pins(), self.url: before[self.url]})
            raise

    @property
    def pinned_quorum(self) -> tuple[str, ...]:
        """The cosigners whose word is asked for before this dam's log is believed."""
        asked = read_quorum(read_pins().get(self.url, {}))
        return asked.keys if asked is not None else ()

    def cosignatures(self) -> list[str]:
        """What each witness and each peer of the dam cosigned last, a note each; not yet believed."""
        told = self._get("/api/log/cosignatures")
        found = told.get("items") if isinstance(told, dict) else None
        if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
            raise Unavailable("client.answer-odd", status=200)
        return found

    def _vouched(self, asked: Quorum, vkey: str, seen: Checkpoint, held: Json) -> Checkpoint:
        """The largest checkpoint that enough cosigners saw: of this log, and never less than was vouched for before."""
        found = cosigners.vouched(self.cosignatures(), asked, vkey=vkey, prove=self._consistency)
        before, after = sorted((found, seen), key=lambda one: one.size)  # the log may have grown in between
        cosigners.linked(before, after, self._consistency)
        if (last := read_vouched(held, seen.origin)) is not None:
            if found.size < last.size:
                raise Untrusted("checkpoint.smaller", size=found.size, expected=last.size)
            cosigners.linked(last, found, self._consistency)
        return found

    def vouched_for(self, receipt: ledger.Verified, asked: Quorum) -> None:
        """Refuse (`Untrusted`) a receipt whose checkpoint is not part of what enough cosigners of this dam saw."""
        found = cosigners.vouched(self.cosignatures(), asked, vkey=self.vkey, prove=self._consistency)
        cosigners.under(receipt.checkpoint, found, self._consistency)

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
