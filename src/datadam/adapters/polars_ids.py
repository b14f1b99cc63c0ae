"""Internal unit ids within a stream: HMAC-SHA-256 of each text, worked out once a distinct text where texts recur."""

import threading
from dataclasses import dataclass
from typing import Final

import polars as pl
import polars_hash as ph

HASH_BYTES: Final = 16  # the first 128 bits of an HMAC-SHA-256: what is written costs more than what is hashed
PLACES: Final = 2**18  # of each of two tables, for texts that are remembered
LEARNED: Final = 2**16  # texts that join them at once: less often costs hashes, more often costs copies
_RECUR: Final = 0.8  # share of texts not yet met above which they do not recur, and remembering them is in vain


@dataclass(frozen=True, slots=True)
class _Table:
    """Texts and their ids, each at the place that the text's hash says, or at none where another stands there."""

    seed: int
    texts: pl.Series
    ids: pl.Series

    def places(self, texts: pl.Series) -> pl.Series:
        """Where each text would stand."""
        return texts.hash(self.seed) & (len(self.texts) - 1)

    def find(self, texts: pl.Series) -> tuple[pl.Series, pl.Series]:
        """An id for each text, and whether it is another text's: what stands there is held against the text itself."""
        places = self.places(texts)
        return self.ids.gather(places), self.texts.gather(places).ne_missing(texts)

    def free(self, texts: pl.Series) -> pl.Series:
        """Whether nothing stands at each text's place."""
        return self.texts.gather(self.places(texts)).is_null()

    def with_texts(self, texts: pl.Series, ids: pl.Series) -> "_Table":
        """The table with these as well."""
        places = self.places(texts)
        return _Table(self.seed, _put(self.texts, places, texts), _put(self.ids, places, ids))


class UnitIds:
    """A column's texts to their ids, morsel by morsel; several threads may call it. Forgets all with the stream.

    A text has a place in each of two tables. Where others stand at both, it costs an HMAC, never another unit's id.
    """

    def __init__(self, secret: bytes, *, places: int = PLACES, learned: int = LEARNED) -> None:
        """Hash under the secret's hex digits; `places`, a power of two."""
        self._key: Final = secret.hex()
        self._places, self._learned = places, learned
        self._tables: tuple[_Table, ...] = ()  # replaced whole, so that a reader needs no lock
        self._fresh: list[tuple[pl.Series, pl.Series]] = []
        self._met, self._waiting = 0, 0  # texts asked for since the tables were made, and those of them not in any
        self._learns = True
        self._lock = threading.Lock()

    def __call__(self, texts: pl.Series) -> pl.Series:
        """The ids of `texts`, binary; null stays null."""
        with self._lock:
            tables = self._tables
            self._met += len(texts)

        def found(texts: pl.Series, left: tuple[_Table, ...]) -> pl.Series:
            if not left:
                hashed = self._hashed(texts)
                self._learn(texts, hashed, tables)
                return hashed
            ids, strange = left[0].find(texts)
            if not strange.any():
                return ids
            return _put(ids, strange.arg_true(), found(texts.filter(strange), left[1:]))

        return found(texts, tables).alias(texts.name)

    def _learn(self, texts: pl.Series, ids: pl.Series, tables: tuple[_Table, ...]) -> None:
        """Keep texts that no table had, and put them there when there are enough."""
        with self._lock:
            if not self._learns or tables is not self._tables:  # or there are newer tables that may have them
                return
            self._fresh.append((texts, ids))
            self._waiting += len(texts)
            if self._waiting < self._learned:
                return
            if self._tables and self._waiting > _RECUR * self._met:
                self._learns, self._tables = False, ()
            else:
                self._tables = self._grown()
            self._fresh, self._met, self._waiting = [], 0, 0

    def _grown(self) -> tuple[_Table, ...]:
        """The tables with what is waiting: in the first where its place is free, else in the second."""
        none, no_id = pl.Series([None], dtype=pl.String), pl.Series([None], dtype=pl.Binary)
        empty = (_Table(seed, *(s.new_from_index(0, self._places) for s in (none, no_id))) for seed in (0, 1))
        first, second = self._tables or empty
        texts, ids = (pl.concat(parts, rechunk=True) for parts in zip(*self._fresh, strict=True))
        free = first.free(texts)
        return (
            first.with_texts(texts.filter(free), ids.filter(free)),
            second.with_texts(texts.filter(~free), ids.filter(~free)),
        )

    def _hashed(self, texts: pl.Series) -> pl.Series:
        digits = ph.CryptographicHashingNameSpace(pl.col("text")).hmac_sha256(key=self._key).str.head(2 * HASH_BYTES)
        return texts.alias("text").to_frame().select(digits.str.decode("hex")).to_series()


def _put(values: pl.Series, places: pl.Series, others: pl.Series) -> pl.Series:
    """`values` with `others` at `places`; of two for one place, the last."""
    whence = pl.int_range(len(values), dtype=pl.UInt32, eager=True)
    fresh = pl.int_range(len(values), len(values) + len(others), dtype=pl.UInt32, eager=True)
    return pl.concat([values, others.alias(values.name)], rechunk=True).gather(whence.scatter(places, fresh))
