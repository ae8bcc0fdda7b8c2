"""
Merkle trees as of RFC 9162 §2.1 over SHA-256: pure arithmetic, no database.

Sizes and indices count leaves from 0. A *range* is half-open, ``(first, end)``. Leaves and nodes are hashed with
different prefixes, so that a node can never be passed off as a leaf.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

Range = tuple[int, int]

HASH_LENGTH = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf with the given content."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of the node above two hashes."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """
    The right edge of a growing tree: the roots of its complete subtrees, largest first.

    Holds at most 64 hashes whatever the size, so a tree of millions grows without its leaves in memory.
    """

    __slots__ = ("_peaks", "size")

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if size < 0 or len(peaks) != size.bit_count() or any(len(peak) != HASH_LENGTH for peak in peaks):
            raise ValueError(f"A tree of {size} leaves does not have these {len(peaks)} subtree roots.")
        self.size = size
        self._peaks = list(peaks)

    @classmethod
    def from_bytes(cls, size: int, packed: bytes) -> "Frontier":
        """
        Restore a frontier from ``to_bytes``.

        :raises ValueError: the bytes are no frontier of that size.
        """
        return cls(size, [packed[at : at + HASH_LENGTH] for at in range(0, len(packed), HASH_LENGTH)])

    def to_bytes(self) -> bytes:
        """Return the subtree roots one after the other, 32 bytes each."""
        return b"".join(self._peaks)

    def append(self, leaf: bytes) -> None:
        """Add the hash of the next leaf."""
        carry = leaf
        # Each trailing one bit of the size is a complete subtree that the new leaf completes further.
        complete = (~self.size & (self.size + 1)).bit_length() - 1
        for _ in range(complete):
            carry = node_hash(self._peaks.pop(), carry)
        self._peaks.append(carry)
        self.size += 1

    def root(self) -> bytes:
        """Return the tree head over all leaves so far."""
        if not self._peaks:
            return EMPTY_ROOT
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = node_hash(peak, root)
        return root


def tree_head(leaves: Iterable[bytes]) -> bytes:
    """Return the Merkle tree head MTH over leaf hashes (RFC 9162 §2.1.1)."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """
    Return the ranges whose heads form the inclusion proof of a leaf, from the leaf upwards (§2.1.3.1).

    :raises ValueError: the leaf is not in a tree of that size.
    """
    if not 0 <= index < size:
        raise ValueError(f"Leaf {index} is not in a tree of {size}.")
    ranges: list[Range] = []
    first, end = 0, size
    while end - first > 1:
        middle = first + _split(end - first)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((first, middle))
            first = middle
    return ranges[::-1]


def consistency_ranges(old: int, size: int) -> list[Range]:
    """
    Return the ranges whose heads prove that the tree of ``size`` continues the tree of ``old`` (§2.1.4.1).

    :raises ValueError: not 0 < old <= size.
    """
    if not 0 < old <= size:
        raise ValueError(f"A tree of {size} cannot continue one of {old}.")
    ranges: list[Range] = []
    first, end, known = 0, size, True
    while old != end:
        middle = first + _split(end - first)
        if old <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((first, middle))
            first, known = middle, False
    if not known:
        ranges.append((first, end))
    return ranges[::-1]


def range_heads(ranges: Sequence[Range], leaves: Iterable[bytes]) -> list[bytes]:
    """
    Return the head of each range, in the order given, from one pass over the leaf hashes from leaf 0.

    :param ranges: disjoint, non-empty.
    :raises ValueError: the leaves end before the last range does.
    """
    heads: dict[Range, bytes] = {}
    stream: Iterator[tuple[int, bytes]] = enumerate(leaves)
    for wanted in sorted(ranges):
        frontier = Frontier()
        for index, leaf in stream:
            if index >= wanted[0]:
                frontier.append(leaf)
            if index + 1 == wanted[1]:
                break
        if frontier.size != wanted[1] - wanted[0]:
            raise ValueError(f"The leaves end before {wanted[1]}.")
        heads[wanted] = frontier.root()
    return [heads[wanted] for wanted in ranges]


def verify_inclusion(*, leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Tell whether a path leads from a leaf hash to a tree head (§2.1.3.2)."""
    if not 0 <= index < size:
        return False
    position, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if position & 1 or position == last:
            found = node_hash(sibling, found)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            found = node_hash(found, sibling)
        position >>= 1
        last >>= 1
    return last == 0 and found == root


def verify_consistency(*, old: int, size: int, old_root: bytes, root: bytes, path: Sequence[bytes]) -> bool:
    """Tell whether a path proves that the newer head only appended to the older one (§2.1.4.2)."""
    if not 0 < old <= size:
        return False
    if old == size:
        return not path and old_root == root
    proof = list(path)
    if not proof:
        return False
    if old & (old - 1) == 0:
        proof.insert(0, old_root)
    position, last = old - 1, size - 1
    while position & 1:
        position >>= 1
        last >>= 1
    old_found = found = proof[0]
    for sibling in proof[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old_found = node_hash(sibling, old_found)
            found = node_hash(sibling, found)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            found = node_hash(found, sibling)
        position >>= 1
        last >>= 1
    return last == 0 and old_found == old_root and found == root


def _split(count: int) -> int:
    """Return the largest power of two below a count > 1."""
    return 1 << ((count - 1).bit_length() - 1)
