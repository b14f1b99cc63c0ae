"""Rounds of matching as members see them: lists that stay here, bags that are passed on, and what came of a round.

What is kept on this machine: the list with its nonce, where the member wrote it; and for each round the key that codes
are read with. A bag names its round and tier, and nothing of who made it.
"""

import base64
import csv
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from datadam import ledger, overlap, seal
from datadam.client.answers import part, said
from datadam.client.home import home, kept_private, write_private
from datadam.client.trusting import Trusting
from datadam.errors import DamError, Invalid, NotFound, Refused, Untrusted
from datadam.formats.statements import shaped
from datadam.model import Json, Kind, Statement
from datadam.overlap.terms import MAX_CAP, NONCE_BYTES
from datadam.rounds import Role
from datadam.seal import group

SUPPLY: Final = "supply.supply-edge"
COLUMNS: Final = ("supplier_id", "supplier_country", "hs6", "essential")
MAX_BAG: Final = 24 * 1024 * 1024  # bytes: larger than any bag that a plan allows
MAX_LIST: Final = 64 * 1024 * 1024
_TIER: Final = 9  # the byte of a bag that says its tier


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierList:
    """A member's suppliers as its list has them, and the nonce under which it commits to them. It stays at home."""

    items: tuple[overlap.Item, ...]
    nonce: bytes

    @property
    def digest(self) -> str:
        """What tells this list from all others, and nothing of what is in it."""
        return seal.keyed(self.nonce, seal.canonical(_lines(self.items))).hex()

    def write(self, into: Path) -> None:
        """Keep it, for its owner only."""
        told = {"v": 1, "standard": SUPPLY, "nonce": seal.encode(self.nonce), "items": _lines(self.items)}
        write_private(into, told)

    @classmethod
    def read(cls, file: Path) -> "SupplierList":
        """Read it back; anything else is `Invalid`."""
        told = _parsed(_bytes(file, MAX_LIST), file)
        wrong = Invalid("match.list-malformed", path=str(file))
        if set(told) != {"v", "standard", "nonce", "items"} or (told["v"], told["standard"]) != (1, SUPPLY):
            raise wrong
        try:
            nonce = seal.decode(told["nonce"])
            items = [overlap.Item(**dict(zip(_NAMES, line, strict=True))) for line in told["items"]]
        except (DamError, TypeError, ValueError):
            raise wrong from None
        if len(nonce) != NONCE_BYTES:
            raise wrong
        return cls(items=bounded(items), nonce=nonce)

    @classmethod
    def of(cls, items: Iterable[overlap.Item]) -> "SupplierList":
        """A new one."""
        return cls(items=bounded(items), nonce=secrets.token_bytes(NONCE_BYTES))


_NAMES: Final = ("supplier", "country", "stage", "essential")


def bounded(items: Iterable[overlap.Item]) -> tuple[overlap.Item, ...]:
    """The distinct lines, in order; more suppliers than any bag takes are `Invalid`."""
    distinct, suppliers = dict[overlap.Item, None](), set[str]()
    for one in items:
        distinct.setdefault(one)
        suppliers.add(one.supplier)
        if len(suppliers) > MAX_CAP:  # however many more there are
            break
    if not 0 < len(suppliers) <= MAX_CAP:
        raise Invalid("match.list-size", have=len(suppliers), limit=MAX_CAP)
    return tuple(distinct)


def prepared(file: Path) -> tuple[list[overlap.Item], int]:
    """The lines of a file that was prepared as `supply.supply-edge`, as CSV; and how many of them said it again."""
    with file.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines)
        if not set(COLUMNS) <= set(rows.fieldnames or ()):
            raise Invalid("match.columns-missing", columns=", ".join(COLUMNS))
        found = [
            overlap.Item(
                supplier=row["supplier_id"],
                country=row["supplier_country"],
                stage=row["hs6"],
                essential=int(row["essential"]),
            )
            for row in rows
        ]
    return found, len(found) - len(set(found))


def _lines(items: Iterable[overlap.Item]) -> list[list[object]]:
    return [[one.supplier, one.country, one.stage, one.essential] for one in items]


def read_bag(file: Path) -> bytes:
    """A bag from a file; whether it is one is judged by who opens it."""
    return _bytes(file, MAX_BAG)


def _bytes(file: Path, most: int) -> bytes:
    try:
        with file.open("rb") as opened:
            data = opened.read(most + 1)
    except OSError as error:
        raise Invalid("file.unreadable", path=str(file), why=error.strerror or "") from error
    if len(data) > most:
        raise Invalid("match.file-large", path=str(file), limit=most)
    return data


def _parsed(data: bytes, file: Path) -> Json:
    told = seal.parse(data)
    if not isinstance(told, dict):
        raise Invalid("match.list-malformed", path=str(file))
    return told


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a round for a maker that signed for it."""

    round: str
    readings: tuple[overlap.Reading, ...]  # suppliers of its bag that another maker's has too
    shown: Json  # all that somebody needs to whom the maker shows it: round, receipt, what was handed, its key


class Rounding(Trusting):
    """What a member does in rounds."""

    def rounds(self) -> list[Json]:
        """Every round that this dam announced."""
        return list(self._get("/api/rounds")["items"])

    def round_of(self, id: str) -> overlap.Round:
        """A round as the log has it, its proofs checked; what does not hold is `Untrusted`."""
        told = next((one for one in self.rounds() if one["round"] == id), None)
        if told is None:
            raise said(NotFound("round.unknown", round=id[:64]))
        statement = self._stated(told["statement"], Kind.ROUND)
        this = overlap.Round.from_json({name: statement.body[name] for name in ("plan", "parts")})
        if not this.id.hex() == statement.body["round"] == id:
            raise Untrusted("client.answer-other", id=id[:64])
        return this

    def _stated(self, id: str, kind: Kind) -> Statement:
        receipt = self._get(f"/api/receipts/{part(str(id))}", as_member=self.has_key)
        statement = shaped(self._proven(receipt).statement, kind)
        if statement.id != id:
            raise Untrusted("client.answer-other", id=str(id)[:64])
        return statement

    def commit_list(self, id: str, listed: SupplierList, role: Role = Role.SUPPLIER, *, signs: bool = True) -> Json:
        """Commit to a list for a round; as a maker that `signs`, also for what comes of it."""
        this, member = self.round_of(id), str(self.member)
        _refuse_large(this, 0 if role is Role.MAKER else 1, listed)
        for one in listed.items:
            this.plan.code(one)
        secret = overlap.new_reader() if role is Role.MAKER and signs else None
        facts = {
            "member": member,
            "round": id,
            "role": str(role),
            "digest": overlap.commitment(this, listed.items, listed.nonce),
            "reader": None if secret is None else overlap.reader(this, member, secret),
            "pair": None,
        }
        statement = self._sign(Kind.COMMITMENT, facts)
        held = None if secret is None else seal.encode(secret)
        with kept_private(self._file_of(id), {"digest": facts["digest"], "reader": held, "role": str(role)}):
            return self._committed(statement)

    def _committed(self, statement: Statement) -> Json:
        found: Json = self._ask("POST", "/api/commitments", content=seal.envelope(statement)).json()
        if self._proven(found["receipt"]).statement.id != statement.id:
            raise Untrusted("client.answer-other", id=str(found.get("statement"))[:64])
        return found

    def make_bag(
        self, id: str, listed: SupplierList, received: Sequence[bytes] = (), *, tier: int | None = None
    ) -> bytes:
        """A bag for one customer, of the list that was committed to and the bags of one's own suppliers."""
        this = self.round_of(id)
        if self._kept(id).get("digest") != overlap.commitment(this, listed.items, listed.nonce):
            raise Refused("match.list-other", round=id)
        deepest = len(this.plan.caps) - 1
        under = {one[_TIER] for one in received if len(one) > _TIER}
        chosen = tier if tier is not None else (min(under) - 1 if under else deepest)
        return overlap.bag(this, chosen, listed.items, received)

    def hand_in(self, id: str, listed: SupplierList, received: Sequence[bytes] = ()) -> Json:
        """Hand one's bag as a maker to the dam, once; said again after a lost answer, the same bag is sent."""
        file = home() / "rounds" / f"{id}-{self.member}.bag"
        if not file.exists():
            made = self.make_bag(id, listed, received, tier=0)
            write_private(file, {"bag": base64.b64encode(made).decode()})
        data = base64.b64decode(_parsed(file.read_bytes(), file)["bag"])
        found: Json = self._ask("POST", f"/api/rounds/{part(id)}/bag", content=data).json()
        return found

    def round_result(self, id: str) -> Result:
        """What came of a round for this maker: believed only as the log and both dams' proofs have it."""
        this, told = self.round_of(id), self._get(f"/api/rounds/{part(id)}/result", as_member=True)
        kept = self._kept(id).get("reader")
        if not isinstance(kept, str):
            raise NotFound("match.key-missing", round=id, folder=str(home() / "rounds"))
        statement = self._proven(told["receipt"]).statement
        body = shaped(statement, Kind.MATCH).body
        if (body["round"], body["member"]) != (id, self.member):
            raise Untrusted("client.answer-other", id=statement.id)
        handed = {"receipt": told["receipt"], "handed": list(told["handed"])}
        shown = {"v": 1, "round": this.to_json(), **handed, "reader": kept}
        return Result(round=id, readings=read_shown(shown, body), shown=shown)

    def _kept(self, id: str) -> Json:
        file = self._file_of(id)
        try:
            return _parsed(file.read_bytes(), file)
        except OSError:
            return {}

    def _file_of(self, id: str) -> Path:
        return home() / "rounds" / f"{id}-{self.member}.json"


def _refuse_large(this: overlap.Round, tier: int, listed: SupplierList) -> None:
    """Refuse a list that is longer than the cap before anything is signed."""
    cap = this.plan.cap(tier) - (this.plan.room if tier == 0 else 0)
    have = len({one.supplier for one in listed.items})
    if have > cap:
        raise Invalid("overlap.cap", tier=tier, have=have, cap=cap)


def read_shown(shown: Mapping[str, Any], body: Json) -> tuple[overlap.Reading, ...]:
    """What a maker's result reads as, for itself or whoever it shows it to; `body` is that of the proven statement."""
    this = overlap.Round.from_json(shown["round"])
    try:
        handed = [base64.b64decode(one, validate=True) for one in shown["handed"]]
        reader = group.scalar(seal.decode(shown["reader"]))
    except (DamError, AttributeError, TypeError, ValueError):
        raise Invalid("match.result-malformed") from None
    if this.id.hex() != body["round"] or [seal.digest(one) for one in handed] != body["handed"]:
        raise Untrusted("client.answer-other", id=str(body["round"])[:64])
    return overlap.readings(this, reader, handed)


def refuse_other(shown: Mapping[str, Any]) -> None:
    """Refuse what is no result as `round_result` gives it to be shown."""
    same = set(shown) == {"v", "round", "receipt", "handed", "reader"} and shown["v"] == 1
    if not same or not isinstance(shown["receipt"], dict) or "statement" not in shown["receipt"]:
        raise Invalid("match.result-malformed")


def check_shown(shown: Mapping[str, Any], vkey: str) -> tuple[Json, tuple[overlap.Reading, ...]]:
    """A result that a maker shows: what the dam's log under `vkey` says, and what both dams' proofs let one read."""
    refuse_other(shown)
    statement = ledger.verify_receipt(seal.canonical(shown["receipt"]), vkey=vkey).statement
    body = shaped(statement, Kind.MATCH).body
    return body, read_shown(shown, body)
