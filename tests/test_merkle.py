"""The laws of RFC 6962 trees, against the definition in the RFC written out word for word."""

import hashlib
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datadam import merkle
from datadam.errors import Invalid, Untrusted


def defined_root(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 9162 §2.1.1, as it is written there, over leaf hashes."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = max(2**i for i in range(30) if 2**i < len(leaves))
    return hashlib.sha256(b"\x01" + defined_root(leaves[:k]) + defined_root(leaves[k:])).digest()


def defined_path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH of RFC 9162 §2.1.3.1."""
    if len(leaves) == 1:
        return []
    k = max(2**i for i in range(30) if 2**i < len(leaves))
    if m < k:
        return [*defined_path(m, leaves[:k]), defined_root(leaves[k:])]
    return [*defined_path(m - k, leaves[k:]), defined_root(leaves[:k])]


def defined_subproof(m: int, leaves: Sequence[bytes], *, whole: bool) -> list[bytes]:
    """SUBPROOF of RFC 9162 §2.1.4.1."""
    if m == len(leaves):
        return [] if whole else [defined_root(leaves)]
    k = max(2**i for i in range(30) if 2**i < len(leaves))
    if m <= k:
        return [*defined_subproof(m, leaves[:k], whole=whole), defined_root(leaves[k:])]
    return [*defined_subproof(m - k, leaves[k:], whole=False), defined_root(leaves[:k])]


def hashes(count: int) -> list[bytes]:
    """So many leaves, all different."""
    return [merkle.leaf_hash(b"%d" % i) for i in range(count)]


def subtrees(leaves: Sequence[bytes]) -> Callable[[int, int], bytes]:
    """What a log gives: hashes of complete subtrees, and of nothing else."""

    def subtree(level: int, number: int) -> bytes:
        part = leaves[number << level : (number + 1) << level]
        assert len(part) == 1 << level, "only complete subtrees may be asked for"
        return defined_root(part)

    return subtree


sizes = st.integers(1, 300)


@st.composite
def trees_with_leaf(draw: st.DrawFn) -> tuple[int, int]:
    """A size, and an index in it."""
    size = draw(sizes)
    return size, draw(st.integers(0, size - 1))


@st.composite
def two_sizes(draw: st.DrawFn) -> tuple[int, int]:
    """An older and a newer size."""
    new = draw(sizes)
    return draw(st.integers(0, new)), new


def test_the_known_roots_of_the_first_certificate_transparency_log_come_out() -> None:
    """The test vectors that every RFC 6962 implementation shares."""
    entries = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        bytes(range(0x50, 0x58)),
        bytes(range(0x60, 0x70)),
    ]
    tree = merkle.Frontier(merkle.leaf_hash(entry) for entry in entries)
    assert tree.root.hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    assert merkle.Frontier([merkle.leaf_hash(b"")]).root.hex() == (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    )
    assert merkle.EMPTY.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_roots_of_all_small_trees_are_those_of_the_definition() -> None:
    """Three ways to the root: grown leaf by leaf, from subtrees, and as the RFC defines it."""
    leaves = hashes(130)
    for size in range(130):
        defined = defined_root(leaves[:size])
        assert merkle.Frontier(leaves[:size]).root == defined
        assert merkle.root(size, subtrees(leaves)) == defined


def test_a_copied_frontier_grows_apart() -> None:
    """A trial that is thrown away leaves the tree as it was."""
    tree = merkle.Frontier(hashes(5))
    before, twin = tree.root, tree.copy()
    twin.push(merkle.leaf_hash(b"more"))
    assert (tree.root, tree.size, twin.size) == (before, 5, 6)


@given(size=st.integers(0, 300), more=st.integers(0, 5))
def test_a_frontier_is_remembered_by_its_peaks(size: int, more: int) -> None:
    """Taken up again it grows as the one that was kept."""
    kept = merkle.Frontier(hashes(size))
    again = merkle.Frontier.of(kept.size, kept.peaks)
    for leaf in hashes(more):
        kept.push(leaf)
        again.push(leaf)
    assert (again.size, again.root, again.peaks) == (kept.size, kept.root, kept.peaks)


@pytest.mark.parametrize(("size", "peaks"), [(-1, ()), (1, ()), (2, (b"", b"")), (3, (b"x" * 32,)), (1, (b"x",))])
def test_peaks_that_no_tree_of_that_size_has_are_refused(size: int, peaks: tuple[bytes, ...]) -> None:
    """One for each bit, each a hash."""
    with pytest.raises(Invalid, match=r"proof\.range"):
        merkle.Frontier.of(size, peaks)


@given(trees_with_leaf())
def test_every_leaf_of_every_tree_is_proven(tree: tuple[int, int]) -> None:
    """The made proof is the defined one, and verifies."""
    size, index = tree
    leaves = hashes(size)
    proof = merkle.inclusion(index, size, subtrees(leaves))
    assert list(proof) == defined_path(index, leaves)
    merkle.verify_inclusion(leaves[index], index, size, proof, defined_root(leaves))


def test_every_pair_of_small_sizes_is_proven_consistent() -> None:
    """All pairs up to 66 leaves: the made proof is the defined one, and verifies."""
    leaves = hashes(66)
    roots = [defined_root(leaves[:n]) for n in range(67)]
    for new in range(67):
        for old in range(new + 1):
            proof = merkle.consistency(old, new, subtrees(leaves))
            assert list(proof) == ([] if old == 0 else defined_subproof(old, leaves[:new], whole=True))
            merkle.verify_consistency(old, new, proof, roots[old], roots[new])


@given(trees_with_leaf(), st.data())
def test_an_inclusion_proof_with_any_flipped_bit_is_refused(tree: tuple[int, int], data: st.DataObject) -> None:
    """Leaf, root and every hash of the path: one bit is enough."""
    size, index = tree
    leaves = hashes(size)
    parts = [leaves[index], defined_root(leaves), *merkle.inclusion(index, size, subtrees(leaves))]
    parts = flipped(parts, data)
    with pytest.raises(Untrusted, match=r"proof\.inclusion-wrong"):
        merkle.verify_inclusion(parts[0], index, size, parts[2:], parts[1])


@given(two_sizes(), st.data())
def test_a_consistency_proof_with_any_flipped_bit_is_refused(pair: tuple[int, int], data: st.DataObject) -> None:
    """Both roots and every hash of the path; but what an empty tree grew into, no proof can contradict."""
    old, new = pair
    leaves = hashes(new)
    roots = [defined_root(leaves[:old])] if old == 0 else [defined_root(leaves[:old]), defined_root(leaves)]
    parts = flipped([*roots, *merkle.consistency(old, new, subtrees(leaves))], data)
    if old == 0:
        parts.insert(1, defined_root(leaves))
    with pytest.raises(Untrusted, match=r"proof\.consistency-wrong"):
        merkle.verify_consistency(old, new, parts[2:], parts[0], parts[1])


def flipped(parts: list[bytes], data: st.DataObject) -> list[bytes]:
    """The parts with one bit changed somewhere."""
    at = data.draw(st.integers(0, len(parts) - 1))
    bit = data.draw(st.integers(0, 255))
    changed = bytearray(parts[at])
    changed[bit // 8] ^= 1 << bit % 8
    return [*parts[:at], bytes(changed), *parts[at + 1 :]]


@given(trees_with_leaf(), st.data())
def test_a_proof_holds_for_no_other_index_and_no_other_length(tree: tuple[int, int], data: st.DataObject) -> None:
    """A right proof for one place proves nothing of another; nor does it with a hash more or less."""
    size, index = tree
    leaves = hashes(size)
    root = defined_root(leaves)
    proof = merkle.inclusion(index, size, subtrees(leaves))
    other = data.draw(st.integers(-1, size))
    if other != index:
        with pytest.raises(Untrusted):
            merkle.verify_inclusion(leaves[index], other, size, proof, root)
    for wrong in ([*proof, merkle.EMPTY], list(proof[:-1]) if proof else [merkle.EMPTY]):
        with pytest.raises(Untrusted):
            merkle.verify_inclusion(leaves[index], index, size, wrong, root)


@given(two_sizes(), st.data())
def test_a_consistency_proof_of_another_length_is_refused(pair: tuple[int, int], data: st.DataObject) -> None:
    """A hash more or less, or none at all, shows nothing."""
    old, new = pair
    leaves = hashes(new)
    proof = list(merkle.consistency(old, new, subtrees(leaves)))
    cut = data.draw(st.integers(0, max(len(proof) - 1, 0)))
    for wrong in [[*proof, merkle.EMPTY], *([proof[:cut]] if proof else [])]:
        with pytest.raises(Untrusted, match=r"proof\.consistency-wrong"):
            merkle.verify_consistency(old, new, wrong, defined_root(leaves[:old]), defined_root(leaves))


@given(st.integers(2, 200), st.data())
def test_a_rewritten_past_is_never_consistent(new: int, data: st.DataObject) -> None:
    """Change one leaf that was covered before: no proof made from the new tree fits the old root."""
    old = data.draw(st.integers(1, new))
    leaves = hashes(new)
    forged = list(leaves)
    forged[data.draw(st.integers(0, old - 1))] = merkle.leaf_hash(b"forged")
    proof = merkle.consistency(old, new, subtrees(forged))
    with pytest.raises(Untrusted):
        merkle.verify_consistency(old, new, proof, defined_root(leaves[:old]), defined_root(forged))


def test_what_is_no_hash_is_no_proof() -> None:
    """Short and surplus hashes are refused before anything is computed from them."""
    leaf = merkle.leaf_hash(b"a")
    with pytest.raises(Untrusted):
        merkle.verify_inclusion(leaf, 0, 2, [b"short"], leaf)
    with pytest.raises(Untrusted):
        merkle.verify_inclusion(leaf, 0, 2, [leaf] * 65, leaf)
    with pytest.raises(Untrusted):
        merkle.verify_consistency(1, 2, [leaf[:31]], leaf, leaf)
    with pytest.raises(Untrusted):
        merkle.verify_consistency(3, 2, [], leaf, leaf)


def test_an_empty_tree_has_one_root() -> None:
    """Nothing grows from a root that no tree has."""
    leaf = merkle.leaf_hash(b"a")
    merkle.verify_consistency(0, 0, [], merkle.EMPTY, merkle.EMPTY)
    merkle.verify_consistency(0, 1, [], merkle.EMPTY, leaf)
    for old, new, old_root, new_root in [(0, 0, leaf, leaf), (0, 1, leaf, leaf), (1, 1, leaf, merkle.EMPTY)]:
        with pytest.raises(Untrusted):
            merkle.verify_consistency(old, new, [], old_root, new_root)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_no_inclusion_proof_is_made_of_what_is_not_there(index: int, size: int) -> None:
    """Indices run from 0 to size - 1."""
    with pytest.raises(Invalid, match=r"proof\.range"):
        merkle.inclusion(index, size, subtrees(hashes(3)))


@pytest.mark.parametrize(("old", "new"), [(-1, 3), (4, 3)])
def test_no_consistency_proof_is_made_backwards(old: int, new: int) -> None:
    """A log only grows."""
    with pytest.raises(Invalid, match=r"proof\.range"):
        merkle.consistency(old, new, subtrees(hashes(3)))


@given(size=st.integers(0, 40), level=st.integers(0, 3))
def test_a_whole_subtree_is_as_good_as_its_leaves(size: int, level: int) -> None:
    """Pushed at once it gives the same tree; where none of its size may begin, it is refused."""
    leaves = hashes(size + (1 << level))
    tree, one_by_one = merkle.Frontier(leaves[:size]), merkle.Frontier(leaves)
    subtree = merkle.Frontier(leaves[size:]).root
    if size % (1 << level):
        with pytest.raises(Invalid, match=r"proof\.range"):
            tree.push(subtree, level=level)
    else:
        tree.push(subtree, level=level)
        assert (tree.size, tree.root) == (one_by_one.size, one_by_one.root)
