"""What came of a round, shown to others: ask its makers for it, agree as one of them, read it when all have.

A maker's sheet is what it read itself, sealed for whoever asked. Sheets come without names and are put together: so one
learns country, stage, band and how many makers share it, and not which.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from datadam import overlap, seal
from datadam.client.answers import part, said
from datadam.client.home import home, write_private
from datadam.client.rounds import Rounding, read_shown, refuse_other
from datadam.errors import NotFound, Untrusted
from datadam.formats.statements import shaped
from datadam.model import Json, Kind
from datadam.rounds import TERMS

BLOCK: Final = 4096  # bytes; a sheet's size tells no more of it than how many of these
MAX_READINGS: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the makers of a round showed."""

    round: str
    readings: tuple[overlap.Reading, ...]  # each supplier once
    makers: int  # that took part in the round, and signed
    agreed: bool  # every maker that shares one reads it alike: as many sheets have it as it says
    receipt: Json  # of the dam's statement that says so


class Showing(Rounding):
    """What a member does to be shown a round, and a maker to show it."""

    def showings(self, id: str) -> list[Json]:
        """Who asks to be shown a round, each proven to be in the log as it is told."""
        found = list[Json]()
        for one in self._get(f"/api/rounds/{part(id)}/showings", as_member=True)["items"]:
            statement = shaped(self._proven(one["receipt"]).statement, Kind.SHOWING)
            body = statement.body
            told = {name: one[name] for name in ("member", "purpose", "until")}
            if statement.id != one["showing"] or {**body, **told} != body or body["round"] != id:
                raise Untrusted("client.answer-other", id=str(one["showing"])[:64])
            found.append({**one, "reader": body["reader"]})
        return found

    def request_showing(self, id: str, purpose: str, until: str) -> Json:
        """Sign the terms under which this member wants to be shown a round, and log them."""
        key = seal.new_reading_key()
        facts = {"member": str(self.member), "round": id, "purpose": purpose, "until": until}
        statement = self._sign(Kind.SHOWING, {**facts, "terms": list(TERMS), "reader": seal.reading_key(key)})
        write_private(self._file(statement.id), {"key": key})  # before it is sent
        path = f"/api/rounds/{part(id)}/showings"
        found: Json = self._ask("POST", path, content=seal.envelope(statement)).json()
        if self._proven(found["receipt"]).statement.id != statement.id:
            raise Untrusted("client.answer-other", id=str(found.get("showing"))[:64])
        return found

    def consent_showing(self, showing: str, shown: Mapping[str, Any]) -> Json:
        """Agree as a maker to show what one read, as `round_result` gave it to be shown; the key in it stays here."""
        refuse_other(shown)
        body = shaped(seal.opened(seal.canonical(shown["receipt"]["statement"])), Kind.MATCH).body
        if body["member"] != self.member:
            raise Untrusted("showing.not-yours", member=body["member"])
        readings, id = read_shown(shown, body), str(body["round"])
        found = [one for one in self.showings(id) if str(one["showing"]).startswith(showing)]
        if not showing or len(found) != 1:
            raise said(NotFound("showing.unknown", showing=showing[:64]))
        (asked,) = found
        sheet = seal.sealed(written(str(asked["showing"]), readings), asked["reader"])
        facts = {"member": str(self.member), "showing": asked["showing"], "sheet": seal.digest(sheet.encode())}
        statement = self._sign(Kind.CONSENT, facts)
        data = seal.canonical({"consent": seal.parse(seal.envelope(statement)), "sheet": sheet})
        done: Json = self._ask("POST", f"/api/showings/{part(str(asked['showing']))}/consent", content=data).json()
        if self._proven(done["receipt"]).statement.id != statement.id:
            raise Untrusted("client.answer-other", id=str(done.get("showing"))[:64])
        return done

    def view_round(self, id: str) -> Shown:
        """What the makers of a round show this member, once all of them agreed; `Refused` with the reason before."""
        told: Json = self._ask("POST", f"/api/rounds/{part(id)}/shown").json()
        statement = shaped(self._proven(told["receipt"]).statement, Kind.SHOWN)
        body, sheets = statement.body, list(map(str, told["sheets"]))
        same = (body["round"], body["member"], body["allowed"]) == (id, self.member, True)
        if not same or [seal.digest(one.encode()) for one in sheets] != body["sheets"]:
            raise Untrusted("client.answer-other", id=statement.id)
        try:
            key = seal.parse(self._file(body["showing"]).read_bytes())["key"]
        except OSError as error:
            raise NotFound("match.key-missing", round=id, folder=str(home() / "rounds")) from error
        read = [read_sheet(body["showing"], seal.unsealed(one, key)) for one in sheets]
        readings, agreed = together(read)
        return Shown(round=id, readings=readings, makers=body["makers"], agreed=agreed, receipt=told["receipt"])

    def _file(self, showing: str) -> Path:
        return home() / "rounds" / f"showing-{showing}.json"


def written(showing: str, readings: Iterable[overlap.Reading]) -> bytes:
    """A sheet before it is sealed: what a maker read, for one showing, of a size that tells little."""
    rows = [[one.country, one.stage, one.essential, one.makers] for one in readings]
    bare = seal.canonical({"showing": showing, "readings": rows, "fill": ""})
    return seal.canonical({"showing": showing, "readings": rows, "fill": " " * (-len(bare) % BLOCK)})


def read_sheet(showing: str, data: bytes) -> tuple[overlap.Reading, ...]:
    """What a maker wrote for this showing; anything else is `Untrusted`."""
    told = seal.parse(data)
    if not isinstance(told, dict) or set(told) != {"showing", "readings", "fill"} or told["showing"] != showing:
        raise Untrusted("sealed.wrong")
    if not isinstance(told["readings"], list) or len(told["readings"]) > MAX_READINGS:
        raise Untrusted("sealed.wrong")
    return tuple(_reading(one) for one in told["readings"])


def _reading(row: object) -> overlap.Reading:
    match row:
        case [str() as country, str() as stage, int() as essential, int() as makers] if makers > 1:
            return overlap.Reading(country, stage, essential, makers)
        case _:
            raise Untrusted("sealed.wrong")


def together(sheets: Iterable[Iterable[overlap.Reading]]) -> tuple[tuple[overlap.Reading, ...], bool]:
    """Each supplier once, and whether all makers that share it say the same of it.

    A supplier that k makers share stands on k sheets, once on each. Who shares it reads what another maker's network
    said: where those differ, fewer sheets have one line than it says, and every line that there is is told. A line
    that one sheet has n times is of n suppliers, and takes n · k lines in all: no maker can speak for another.
    """
    each = [Counter(sheet) for sheet in sheets]
    counts = sum(each, Counter[overlap.Reading]())
    most = {one: max(-(-count // one.makers), *(sheet[one] for sheet in each)) for one, count in counts.items()}
    ordered = sorted(counts, key=lambda one: (-one.makers, *map(str, (one.country, one.stage, one.essential))))
    readings = tuple(one for one in ordered for _ in range(most[one]))
    return readings, all(count == most[one] * one.makers for one, count in counts.items())
