"""Merkle tree arithmetic of RFC 6962 and RFC 9162: roots, inclusion and consistency, proofs made and checked.

Everything is pure. Proofs are made from a function that gives the hash of any *complete* subtree, so a log that keeps
such hashes in tiles reads a few tiles for a proof, never every leaf.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from datadam.errors import Invalid, Untrusted

HASH_BYTES: Final = 32
EMPTY: Final = hashlib.sha256(b"").digest()
"""Root of the tree without leaves (RFC 9162 §2.1.1)."""
MAX_PROOF: Final = 64  # hashes; more than any tree that a 64-bit size can name needs

Subtree = Callable[[int, int], bytes]
"""Given (level, number), the hash of the complete subtree of `2**level` leaves from leaf `number * 2**level` on."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry (RFC 9162 §2.1.1); the prefix keeps leaves and nodes apart."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees (RFC 9162 §2.1.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """A growing tree, remembered as the roots of the complete subtrees in it: at most one per bit of `size`."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        """Start with these leaf hashes."""
        self.size = 0
        self._peaks: list[bytes] = []  # widest first
        for leaf in leaves:
            self.push(leaf)

    def push(self, hash: bytes, *, level: int = 0) -> None:
        """Add a complete subtree of `2**level` leaves, one leaf if nothing is said, where such a subtree may begin.

        Each trailing 1 bit of the old size is a subtree that is now complete.
        """
        bits, beside = divmod(self.size, 1 << level)
        if beside:
            raise Invalid("proof.range", index=self.size, size=1 << level)
        carry = hash
        while bits & 1:
            carry = node_hash(self._peaks.pop(), carry)
            bits >>= 1
        self._peaks.append(carry)
        self.size += 1 << level

    @property
    def root(self) -> bytes:
        """The root of all leaves so far."""
        return _folded(self._peaks)

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """The roots of the complete subtrees, widest first; with `size` all that there is to remember."""
        return tuple(self._peaks)

    @classmethod
    def of(cls, size: int, peaks: Sequence[bytes]) -> "Frontier":
        """The tree that was remembered as its size and its peaks; others than that size has are `Invalid`."""
        if size < 0 or len(peaks) != size.bit_count() or not _hashes(peaks):
            raise Invalid("proof.range", index=len(peaks), size=size)
        tree = cls()
        tree.size, tree._peaks = size, list(peaks)
        return tree

    def copy(self) -> "Frontier":
        """The same tree, to grow apart."""
        twin = Frontier()
        twin.size, twin._peaks = self.size, list(self._peaks)
        return twin


def _folded(peaks: Sequence[bytes]) -> bytes:
    """One root over complete subtrees of falling width, from the right: RFC 9162 splits at the largest power of two."""
    if not peaks:
        return EMPTY
    folded = peaks[-1]
    for peak in reversed(peaks[:-1]):
        folded = node_hash(peak, folded)
    return folded


def root(size: int, subtree: Subtree) -> bytes:
    """The root of the first `size` leaves."""
    return _range(0, size, subtree)


def _range(start: int, end: int, subtree: Subtree) -> bytes:
    """The hash over leaves [start, end), where `start` is a multiple of a power of two not below the width."""
    peaks: list[bytes] = []
    while start < end:
        level = (end - start).bit_length() - 1
        peaks.append(subtree(level, start >> level))
        start += 1 << level
    return _folded(peaks)


def _split(width: int) -> int:
    """The largest power of two below `width`."""
    return 1 << ((width - 1).bit_length() - 1)


# --- proofs -----------------------------------------------------------------------------------------------------------


def inclusion(index: int, size: int, subtree: Subtree) -> tuple[bytes, ...]:
    """The audit path of leaf `index` among the first `size` (RFC 9162 §2.1.3.1), nearest sibling first."""
    if not 0 <= index < size:
        raise Invalid("proof.range", index=index, size=size)
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range(middle, end, subtree))
            end = middle
        else:
            path.append(_range(start, middle, subtree))
            start = middle
    return tuple(reversed(path))


def consistency(old: int, new: int, subtree: Subtree) -> tuple[bytes, ...]:
    """The proof that the first `new` leaves begin with the first `old` (RFC 9162 §2.1.4.1).

    Empty where there is nothing to show: from no leaves, or from `new` to itself.
    """
    if not 0 <= old <= new:
        raise Invalid("proof.range", index=old, size=new)
    if old in {0, new}:
        return ()
    path: list[bytes] = []
    start, end, whole = 0, new, True
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(_range(middle, end, subtree))
            end = middle
        else:
            path.append(_range(start, middle, subtree))
            start, whole = middle, False
    if not whole:
        path.append(_range(start, end, subtree))
    return tuple(reversed(path))


# --- verification -----------------------------------------------------------------------------------------------------


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Refuse (`Untrusted`) unless `leaf` is leaf `index` of `size` in the tree with that root (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size or not _hashes([leaf, root, *proof]):
        raise Untrusted("proof.inclusion-wrong", index=index, size=size)
    fn, sn, computed = index, size - 1, leaf
    for sibling in proof:
        if sn == 0:
            raise Untrusted("proof.inclusion-wrong", index=index, size=size)
        if fn & 1 or fn == sn:
            computed = node_hash(sibling, computed)
            while not fn & 1 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            computed = node_hash(computed, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0 or computed != root:
        raise Untrusted("proof.inclusion-wrong", index=index, size=size)


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Refuse (`Untrusted`) unless the tree of `new` leaves extends the tree of `old` (RFC 9162 §2.1.4.2).

    From an empty tree, or from one to itself, there is only an empty proof, and equal sizes must have equal roots.
    """
    if not 0 <= old <= new or not _hashes([old_root, new_root, *proof]):
        raise Untrusted("proof.consistency-wrong", old=old, new=new)
    if old in {0, new}:
        expected = EMPTY if old == 0 else new_root
        if proof or old_root != expected or (new == 0 and new_root != EMPTY):
            raise Untrusted("proof.consistency-wrong", old=old, new=new)
        return
    if _ends(old, new, proof, old_root) != (old_root, new_root):
        raise Untrusted("proof.consistency-wrong", old=old, new=new)


def _ends(old: int, new: int, proof: Sequence[bytes], old_root: bytes) -> tuple[bytes, bytes] | None:
    """Both roots as the proof gives them, or None where its length is wrong; steps as in RFC 9162 §2.1.4.2."""
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    if not path:
        return None
    before = after = path[0]
    for sibling in path[1:]:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while not fn & 1 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            after = node_hash(after, sibling)
        fn, sn = fn >> 1, sn >> 1
    return (before, after) if sn == 0 else None


def _hashes(values: Sequence[bytes]) -> bool:
    """Whether all are hashes, and no more than the largest proof needs."""
    return len(values) <= MAX_PROOF + 2 and all(len(value) == HASH_BYTES for value in values)
