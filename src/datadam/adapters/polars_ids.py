"""Internal unit ids within a stream: HMAC-SHA-256 of each text, worked out once a distinct text where texts recur."""

import threading
from typing import Final

import polars as pl
import polars_hash as ph

HASH_BYTES: Final = 16  # the first 128 bits of an HMAC-SHA-256: what is written costs more than what is hashed
PLACES: Final = 2**19  # for texts that are remembered
LEARNED: Final = 2**17  # texts that join the table at once: less often costs hashes, more often costs copies
_RECUR: Final = 0.8  # share of texts not yet met above which they do not recur, and remembering them is in vain
_NO_TEXT, _NO_ID = pl.Series([None], dtype=pl.String), pl.Series([None], dtype=pl.Binary)


class UnitIds:
    """A column's texts to their ids, morsel by morsel; several threads may call it. Forgets all with the stream.

    A text's hash says at which place of a table it would stand. Whatever stands there is held against the text itself:
    two texts that want one place cost an HMAC, never one unit another's id.
    """

    def __init__(self, secret: bytes, *, places: int = PLACES, learned: int = LEARNED) -> None:
        """Hash under the secret's hex digits; `places`, a power of two."""
        self._key: Final = secret.hex()
        self._places, self._learned = places, learned
        self._table = (_NO_TEXT, _NO_ID)  # by place; replaced whole, so that a reader needs no lock
        self._fresh: list[tuple[pl.Series, pl.Series]] = []
        self._met, self._waiting = 0, 0  # since the table was made: texts asked for, and of them those not in it
        self._learns = True
        self._lock = threading.Lock()

    def __call__(self, texts: pl.Series) -> pl.Series:
        """The ids of `texts`, binary; null stays null."""
        known, ids = self._table
        places = texts.hash() & (len(known) - 1)
        strange = known.gather(places).ne_missing(texts)
        found = ids.gather(places)
        if strange.any():
            fresh = texts.filter(strange)
            hashed = self._hashed(fresh)
            self._learn(fresh, hashed, len(texts))
            found = _put(found, strange.arg_true(), hashed)
        return found.alias(texts.name)

    def _learn(self, texts: pl.Series, ids: pl.Series, met: int) -> None:
        """Keep texts that were not in the table, and put them there when there are enough."""
        with self._lock:
            if not self._learns:
                return
            self._fresh.append((texts, ids))
            self._met, self._waiting = self._met + met, self._waiting + len(texts)
            if self._waiting < self._learned:
                return
            known, held = self._table
            if len(known) == 1:
                known, held = _NO_TEXT.new_from_index(0, self._places), _NO_ID.new_from_index(0, self._places)
            elif self._waiting > _RECUR * self._met:
                self._learns, self._table = False, (_NO_TEXT, _NO_ID)
            if self._learns:
                fresh = pl.concat([texts for texts, _ in self._fresh], rechunk=True)
                places = fresh.hash() & (self._places - 1)
                hashed = pl.concat([ids for _, ids in self._fresh], rechunk=True)
                self._table = (_put(known, places, fresh), _put(held, places, hashed))
            self._fresh, self._met, self._waiting = [], 0, 0

    def _hashed(self, texts: pl.Series) -> pl.Series:
        digits = ph.CryptographicHashingNameSpace(pl.col("text")).hmac_sha256(key=self._key).str.head(2 * HASH_BYTES)
        return texts.alias("text").to_frame().select(digits.str.decode("hex")).to_series()


def _put(values: pl.Series, places: pl.Series, others: pl.Series) -> pl.Series:
    """`values` with `others` at `places`; of two for one place, the last."""
    whence = pl.int_range(len(values), dtype=pl.UInt32, eager=True)
    fresh = pl.int_range(len(values), len(values) + len(others), dtype=pl.UInt32, eager=True)
    return pl.concat([values, others.alias(values.name)], rechunk=True).gather(whence.scatter(places, fresh))
