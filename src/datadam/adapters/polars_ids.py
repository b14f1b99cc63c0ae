"""Internal unit ids within a stream: HMAC-SHA-256 of each text, worked out once a distinct text where texts recur."""

import binascii
import threading
from typing import Final

import polars as pl
import polars_hash as ph

HASH_BYTES: Final = 16  # the first 128 bits of an HMAC-SHA-256: what is written costs more than what is hashed
_TRIED: Final = 200_000  # texts after which it is plain whether they recur
_RECUR: Final = 0.5  # share of distinct ones above which remembering costs more than hashing again


class UnitIds:
    """A column's texts to their ids, morsel by morsel; several threads may call it. Forgets all with the stream."""

    def __init__(self, secret: bytes) -> None:
        """Hash under the secret's hex digits."""
        self._key: Final = secret.hex()
        self._codes = pl.Categorical(pl.Categories.random())
        self._held = pl.Series(dtype=self._codes)  # codes are forgotten with the last column that has them
        self._texts, self._ids = pl.Series(dtype=pl.String), pl.Series(dtype=pl.Binary)  # by code
        self._seen, self._remembers = 0, True
        self._lock = threading.Lock()

    def __call__(self, texts: pl.Series) -> pl.Series:
        """The ids of `texts`, binary; null stays null."""
        if not self._remembers:
            return self._hashed(texts)
        with self._lock:  # codes are given out and their ids appended in one step
            codes = texts.cast(self._codes).to_physical()
            fresh = pl.DataFrame([codes.alias("code"), texts.alias("text")]).filter(pl.col("code") >= len(self._ids))
            if fresh.height:
                by_code = fresh.unique("code").sort("code")["text"]
                self._texts = pl.concat([self._texts, by_code], rechunk=True)
                self._ids = pl.concat([self._ids, self._hashed(by_code)], rechunk=True)
            self._seen += len(texts)
            self._remembers = self._seen < _TRIED or len(self._ids) < _RECUR * self._seen
            known, ids = self._texts, self._ids
        # A code that stood for another text would give one unit another's id: so each is held against its text.
        if not known.gather(codes).eq_missing(texts).all():
            self._remembers = False
            return self._hashed(texts)
        return ids.gather(codes).alias(texts.name)

    def _hashed(self, texts: pl.Series) -> pl.Series:
        hashed = ph.CryptographicHashingNameSpace(pl.col("text")).hmac_sha256(key=self._key).str.head(2 * HASH_BYTES)
        return _bytes_of_hex(texts.alias("text").to_frame().select(hashed).to_series()).alias(texts.name)


def _bytes_of_hex(digits: pl.Series) -> pl.Series:
    """Hex digits as bytes, all at once: several times faster than decoding them one by one."""
    packed = binascii.unhexlify(digits.fill_null("00" * HASH_BYTES).str.join("").item())
    pieces = pl.repeat(packed, len(digits), dtype=pl.Binary).bin.slice(
        pl.int_range(len(digits), dtype=pl.Int64) * HASH_BYTES, HASH_BYTES
    )
    found = pl.select(pieces).to_series()
    if not digits.null_count():
        return found
    return found.zip_with(digits.is_not_null(), pl.Series([None], dtype=pl.Binary).new_from_index(0, len(digits)))
