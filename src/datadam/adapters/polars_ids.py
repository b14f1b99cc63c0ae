"""Internal unit ids within a run: HMAC-SHA-256 of each text, worked out once a distinct text where texts recur."""

import threading
from dataclasses import dataclass
from typing import Final

import polars as pl
import polars_hash as ph

HASH_BYTES: Final = 16  # the first 128 bits of an HMAC-SHA-256: what is written costs more than what is hashed
PLACES: Final = 2**20  # of each of two indexes of texts that are remembered
LEARNED: Final = 2**15  # texts that join them at once: less often costs hashes, more often costs copies
_TRIED: Final = 4  # times so many are remembered before it is judged whether texts recur
_RECUR: Final = 0.8  # share of texts not yet met above which they do not recur, and remembering them is in vain
_SEEDS: Final = (0, 1)


@dataclass(frozen=True, slots=True)
class _Known:
    """Texts and their ids side by side, and for each seed at the place that a text's hash says where in them it stands.

    First stands no text, and each place where none belongs points there.
    """

    texts: pl.Series
    ids: pl.Series
    indexes: tuple[pl.Series, ...]

    @classmethod
    def none(cls, places: int) -> "_Known":
        nothing = pl.Series([0], dtype=pl.UInt32).new_from_index(0, places)
        empty = pl.Series([None], dtype=pl.String), pl.Series([None], dtype=pl.Binary)
        return cls(*empty, (nothing,) * len(_SEEDS))

    def find(self, texts: pl.Series) -> tuple[pl.Series, pl.Series]:
        """An id for each text, and where among them are those that are unknown and have another's, or none.

        What stands at a text's place is held against the text itself.
        """
        rows = self._at(texts, 0)
        strange = self.texts.gather(rows).ne_missing(texts).arg_true()
        if len(strange):
            others = texts.gather(strange)
            again = self._at(others, 1)
            rows = rows.scatter(strange, again)
            strange = strange.filter(self.texts.gather(again).ne_missing(others))
        return self.ids.gather(rows), strange

    def _at(self, texts: pl.Series, turn: int) -> pl.Series:
        return self.indexes[turn].gather(_places(texts, turn, len(self.indexes[turn])))

    def with_texts(self, texts: pl.Series, ids: pl.Series) -> "_Known":
        """The same with these as well: in the first index where their place is free, else in the second."""
        rows = pl.int_range(len(self.texts), len(self.texts) + len(texts), dtype=pl.UInt32, eager=True)
        first, second = self.indexes
        free = self._at(texts, 0) == 0
        put = [
            index.clone().scatter(_places(texts.filter(some), turn, len(index)), rows.filter(some))
            for turn, index, some in ((0, first, free), (1, second, ~free))
        ]
        return _Known(_joined(self.texts, texts), _joined(self.ids, ids), tuple(put))


class UnitIds:
    """A column's texts to their ids, morsel by morsel; several threads may call it. Forgets all with the run.

    A text has a place in each of two indexes. Where others stand at both, it costs an HMAC, never another unit's id.
    """

    def __init__(self, secret: bytes, *, places: int = PLACES, learned: int = LEARNED) -> None:
        """Hash under the secret's hex digits; `places`, a power of two."""
        self._key: Final = secret.hex()
        self._places, self._learned = places, learned
        self._known: _Known | None = None  # replaced whole, so that a reader needs no lock
        self._fresh: list[tuple[pl.Series, pl.Series]] = []
        self._met, self._waiting = 0, 0  # texts asked for since it was made, and those of them that it has not
        self._learns = True
        self._lock = threading.Lock()

    def __call__(self, texts: pl.Series) -> pl.Series:
        """The ids of `texts`, binary; null stays null."""
        known = self._known
        if known is None:
            ids = self._hashed(texts)
            self._learn(len(texts), texts, ids, known)
            return ids.alias(texts.name)
        ids, strange = known.find(texts)
        others = texts.gather(strange)
        hashed = self._hashed(others) if len(others) else ids.clear()
        self._learn(len(texts), others, hashed, known)
        return ids.scatter(strange, hashed).alias(texts.name)

    def _learn(self, met: int, texts: pl.Series, ids: pl.Series, known: _Known | None) -> None:
        """Keep those of some texts that were met that `known` has not, and let them be known when there are enough."""
        with self._lock:
            if not self._learns:
                return
            self._met += met
            if known is not self._known and self._known is not None:  # another thread learned some meanwhile
                known = self._known
                _, strange = known.find(texts)
                texts, ids = texts.gather(strange), ids.gather(strange)
            self._fresh.append((texts, ids))
            self._waiting += len(texts)
            if self._waiting < self._learned:
                return
            held = len(known.texts) if known is not None else 0
            if held + self._waiting > _TRIED * self._learned and self._waiting > _RECUR * self._met:
                self._learns, self._known = False, None
            else:
                self._known = self._grown(known)
            self._fresh, self._met, self._waiting = [], 0, 0

    def _grown(self, known: _Known | None) -> _Known:
        """What is known with what is waiting; begun anew where half the places are taken."""
        texts, ids = (pl.concat(parts, rechunk=True) for parts in zip(*self._fresh, strict=True))
        if known is None or len(known.texts) > self._places // 2:
            known = _Known.none(self._places)
        return known.with_texts(texts, ids)

    def _hashed(self, texts: pl.Series) -> pl.Series:
        digits = ph.CryptographicHashingNameSpace(pl.col("text")).hmac_sha256(key=self._key).str.head(2 * HASH_BYTES)
        return texts.alias("text").to_frame().select(digits.str.decode("hex")).to_series()


def _places(texts: pl.Series, turn: int, places: int) -> pl.Series:
    """Where each text would stand in an index."""
    return texts.hash(_SEEDS[turn]) & (places - 1)


def _joined(some: pl.Series, others: pl.Series) -> pl.Series:
    return pl.concat([some, others.alias(some.name)], rechunk=True)
