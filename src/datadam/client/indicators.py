"""Indicators of one dam or several: scored when they are read, and written for the tools that act on them.

    found = dam.open("cti.indicator@all").indicators()
    found.to_polars()                                    # a row for each value: who, where, base, score
    found.write("suricata", audience="own").save("datadam.rules")

Nothing here resolves or contacts a value. What is written is for an audience: rows whose TLP does not go so far are
left out before anything is counted, so no score rests on them.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from datadam.client.scoring import Scores, Terms, scored
from datadam.domains.cyber import blocklist, stix_bundle, suricata
from datadam.domains.cyber.exploited import Exploited, Exposure, Use, exposure
from datadam.domains.cyber.reliability import Reliability, Vote, learned
from datadam.domains.cyber.reports import Audience
from datadam.domains.cyber.written import KINDS, PAPS, Choice, Format, Written
from datadam.errors import DamError, Invalid
from datadam.model import Json

if TYPE_CHECKING:
    import polars as pl

_WRITERS: Final = {
    Format.BLOCKLIST: blocklist.write,
    Format.SURICATA: suricata.write,
    Format.STIX: stix_bundle.write,
}
NEEDED: Final = ("type", "value", "tlp")
MAX_SCORE: Final = 100
_Word = TypeVar("_Word", Format, Audience)


class Registry(Protocol):
    """A dam, as far as it tells who is a member."""

    def members(self) -> list[Json]:
        """Everybody who ever joined."""
        ...


class Source(Protocol):
    """A reservoir, as far as indicators go: of one dam, or of several, each a part."""

    @property
    def id(self) -> str:
        """Its id."""
        ...

    @property
    def dam(self) -> Any:  # noqa: ANN401  (a `Dam`, which knows this module)
        """The dam that it was asked of."""
        ...

    def to_polars(self) -> "pl.DataFrame":
        """Its rows."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicators:
    """Rows of indicators, and what is known of those who contributed them."""

    frames: Sequence["pl.DataFrame"] = field(repr=False)
    countries: Mapping[str, str] = field(default_factory=dict, repr=False)
    reliabilities: Mapping[str, Reliability] = field(default_factory=dict, repr=False)

    def scores(self, *, audience: str = Audience.OWN, now: datetime | None = None) -> Scores:
        """What each indicator is worth to an audience, as of `now`; the same rows and time are the same numbers."""
        return scored(self.frames, self._terms(audience, now))

    def to_polars(self, *, audience: str = Audience.OWN, now: datetime | None = None) -> "pl.DataFrame":
        """A row for each indicator, the highest score first."""
        found = self.scores(audience=audience, now=now).frame
        return found.sort("score", "type", "value", descending=[True, False, False])

    def write(
        self,
        format: str,
        *,
        audience: str = Audience.OWN,
        min_score: int = 0,
        top: int | None = None,
        kinds: Collection[str] | None = None,
        now: datetime | None = None,
    ) -> "Exported":
        """A file for a tool: `blocklist`, `suricata` or `stix`; for whom, from which score on, at most the `top` best.

        `kinds` leaves out all other kinds. `Invalid` if a word is none of these.
        """
        chosen = _word(Format, format, "indicators.format-unknown")
        if not 0 <= min_score <= MAX_SCORE or (top is not None and top < 0):
            raise Invalid("indicators.number-wrong", score=min_score, top=top)
        if other := sorted(set(kinds or ()) - KINDS[chosen]):
            known = ", ".join(sorted(KINDS[chosen]))
            raise Invalid("indicators.kind-unknown", kinds=", ".join(other), format=chosen, known=known)
        terms = replace(self._terms(audience, now), paps=PAPS[chosen])
        assessed = scored(self.frames, terms).assessed()
        choice = Choice(least=min_score, most=top, kinds=None if kinds is None else frozenset(kinds))
        return Exported(written=_WRITERS[chosen](assessed, choice))

    def _terms(self, audience: str, now: datetime | None) -> Terms:
        return Terms(
            now=now or datetime.now(UTC),
            audience=_word(Audience, audience, "indicators.audience-unknown"),
            reliabilities=self.reliabilities,
            countries=self.countries,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A file of indicators, and how many rows and values are not in it, by reason."""

    written: Written

    @property
    def text(self) -> str:
        """What stands in it."""
        return self.written.text

    @property
    def left(self) -> dict[str, int]:
        """What was left out, by reason."""
        return {str(why): count for why, count in self.written.left.items()}

    def save(self, path: str | Path) -> Path:
        """Write it, whole or not at all: whoever reads the file meanwhile reads the one before."""
        into = Path(path)
        aside = into.with_name(f".{into.name}.part")
        aside.write_text(self.text, encoding="utf-8", newline="\n")
        aside.replace(into)
        return into


def of_frames(
    frames: Iterable["pl.DataFrame"], *, countries: Mapping[str, str] | None = None, votes: Iterable[Vote] = ()
) -> Indicators:
    """Indicators of frames that are there already; `_dam` tells which dam a row is of."""
    held = list(frames)
    for frame in held:
        if missing := [name for name in NEEDED if name not in frame.columns]:
            raise Invalid("indicators.column-missing", columns=", ".join(missing))
    return Indicators(frames=held, countries=dict(countries or {}), reliabilities=learned(votes))


def read(reservoir: Source, votes: Iterable[Vote] = ()) -> Indicators:
    """The indicators of a reservoir; the countries of contributors are those that each dam's registry tells."""
    frame = reservoir.to_polars()
    return of_frames([frame], countries=_countries(reservoir), votes=votes)


def _countries(reservoir: Source) -> dict[str, str]:
    """Of all members of the dams that rows came from. The caller's own dam has the last word on whom it knows."""
    found: dict[str, str] = {}
    for part in getattr(reservoir, "parts", ()):
        if part.state == "read" and not part.told["here"]:
            there = reservoir.dam.elsewhere(part.url, stranger=True)
            try:
                found |= _told_by(there)
            except DamError:  # the rows count, its countries do not: they are fewer then, never more
                continue
            finally:
                there.close()
    return found | _told_by(reservoir.dam)


def _told_by(dam: Registry) -> dict[str, str]:
    return {str(one["member"]): str(one["jurisdiction"]) for one in dam.members()}


def exposed(reservoir: Source, uses: Iterable[Use]) -> Exposure:
    """Which suppliers have software that is being exploited, by the rows of `cti.exploited-vulnerability`."""
    names = ("cve_id", "vendor", "product", "date_added", "due_date")
    rows = reservoir.to_polars().select(names).iter_rows(named=True)
    return exposure((Exploited(**row) for row in rows), uses)


def _word(kind: type[_Word], said: str, code: str) -> _Word:
    try:
        return kind(said)
    except ValueError as error:
        raise Invalid(code, said=str(said)[:40], known=", ".join(kind)) from error
