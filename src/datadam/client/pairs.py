"""Two members compare lists by two files: how large their overlap is, or which of the asker's values the holder knows.

Both commit to their lists in the log first, under caps that both files name; of a period, a subject and two members
there is one run. Each believes the other's commitment by its receipt, under the log key of its own dam or of a peer.
"""

import base64
import json
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from datadam import ledger, overlap, seal
from datadam.client.home import home, kept_private
from datadam.client.rounds import Rounding, SupplierList, read_bag
from datadam.errors import DamError, Invalid, NotFound, Refused, Untrusted
from datadam.formats.statements import shaped
from datadam.model import Json, Kind
from datadam.overlap.terms import MAX_CAP, NONCE_BYTES
from datadam.rounds import Role

MAX_VALUE: Final = 2_000  # characters: an address on the web is the longest honest one
_FIELDS: Final = frozenset({"v", "pair", "message", "receipt"})


def read_values(file: Path) -> tuple[str, ...]:
    """Values to compare: the suppliers of a list that was prepared, or one value a line, distinct."""
    data = read_bag(file)
    if data.lstrip()[:1] == b"{":
        return tuple(sorted({one.supplier for one in SupplierList.read(file).items}))
    try:
        lines = [line.strip() for line in data.decode("utf-8-sig").splitlines()]
    except UnicodeDecodeError as error:
        raise Invalid("match.list-malformed", path=str(file)) from error
    found = tuple(dict.fromkeys(line for line in lines if line))
    if not 0 < len(found) <= MAX_CAP:
        raise Invalid("match.list-size", have=len(found), limit=MAX_CAP)
    if any(len(line) > MAX_VALUE for line in found):
        raise Invalid("match.list-malformed", path=str(file))
    return found


class Pairing(Rounding):
    """What a member asks another, and answers."""

    def ask_overlap(self, pair: overlap.Pair, values: Sequence[str]) -> bytes:
        """What to send to the holder. What the answer is read with stays here."""
        if pair.asker != self.member:
            raise Refused("match.pair-others", member=pair.asker)
        kept, message = overlap.ask(pair, values)
        with kept_private(_kept(pair), {"asked": base64.b64encode(kept.to_bytes()).decode()}):
            return self._message(pair, Role.ASKER, values, message)

    def answer_overlap(self, asked: bytes, values: Sequence[str]) -> bytes:
        """What to send back to the asker, who committed to its list before; a second run is refused."""
        pair, message = self._opened(asked, Role.ASKER)
        if pair.holder != self.member:
            raise Refused("match.pair-others", member=pair.holder)
        answered = overlap.answer(pair, values, message)
        return self._message(pair, Role.HOLDER, values, answered)

    def learn_overlap(self, answered: bytes) -> int | tuple[str, ...]:
        """What the answer tells: how many values both have, or which of the asker's the holder knows."""
        pair, message = self._opened(answered, Role.HOLDER)
        try:
            held = json.loads(_kept(pair).read_text(encoding="utf-8"))
        except OSError:
            raise NotFound("match.key-missing", round=pair.id.hex(), folder=str(home() / "rounds")) from None
        asked = overlap.Asked.from_bytes(base64.b64decode(held["asked"]))
        if pair.what == "size":
            return overlap.overlap_size(pair, asked, message)
        return overlap.known(pair, asked, message)

    def _message(self, pair: overlap.Pair, role: Role, values: Sequence[str], message: bytes) -> bytes:
        """A message as a file, once the list behind it is committed to."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        facts = {
            "member": self.member,
            "round": pair.id.hex(),
            "role": str(role),
            "digest": overlap.pair_commitment(pair, values, nonce),
            "reader": None,
            "pair": pair.to_json(),
        }
        statement, file = self._sign(Kind.COMMITMENT, facts), home() / "rounds" / f"pair-{pair.id.hex()}-{role}.json"
        with kept_private(file, {"nonce": seal.encode(nonce)}):
            done = self._committed(statement)
        told = {"v": 1, "pair": pair.to_json(), "message": base64.b64encode(message).decode()}
        return seal.canonical({**told, "receipt": done["receipt"]})

    def _opened(self, data: bytes, role: Role) -> tuple[overlap.Pair, bytes]:
        """The run and message of a file, committed to by whoever it says in a log that is believed here."""
        told = seal.parse(data)
        if not isinstance(told, dict) or set(told) != _FIELDS or told["v"] != 1:
            raise Invalid("match.message-malformed")
        pair = overlap.Pair.from_json(told["pair"])
        body = self._shown(told["receipt"])
        party = pair.asker if role is Role.ASKER else pair.holder
        if (body["member"], body["role"], body["pair"]) != (party, str(role), pair.to_json()):
            raise Untrusted("match.uncommitted", member=party)
        try:
            return pair, base64.b64decode(told["message"], validate=True)
        except (TypeError, ValueError):
            raise Invalid("match.message-malformed") from None

    def _shown(self, receipt: Mapping[str, Any]) -> Json:
        """The commitment that a receipt proves, in the log of this dam or of one that it peers with."""
        peers = [str(one["log"]) for one in self._get("/api/peers")["items"] if one["state"] != "ended"]
        for vkey in (self.vkey, *peers):
            try:
                found = ledger.verify_receipt(seal.canonical(receipt), vkey=vkey)
            except DamError:
                continue
            return shaped(found.statement, Kind.COMMITMENT).body
        raise Untrusted("match.uncommitted", member="–")


def _kept(pair: overlap.Pair) -> Path:
    return home() / "rounds" / f"pair-{pair.id.hex()}.json"
