"""Vectors are those that Certificate Transparency implementations share (RFC 6962 and RFC 9162 hash alike)."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.evidence import merkle

LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
HASHES = [merkle.leaf_hash(data) for data in LEAVES]
# (leaf index, tree size, path) of the shared inclusion vectors.
INCLUSION = [
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
CONSISTENCY = [
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]


def test_empty_tree() -> None:
    assert merkle.tree_head([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert merkle.Frontier().root() == merkle.EMPTY_ROOT


@pytest.mark.parametrize("size", range(1, 9))
def test_shared_heads(size: int) -> None:
    assert merkle.tree_head(HASHES[:size]).hex() == ROOTS[size - 1]


@pytest.mark.parametrize(("index", "size", "path"), INCLUSION)
def test_shared_inclusion_vectors(index: int, size: int, path: list[str]) -> None:
    found = merkle.range_heads(merkle.inclusion_ranges(index, size), HASHES[:size])

    assert [item.hex() for item in found] == path
    assert merkle.verify_inclusion(
        leaf=HASHES[index], index=index, size=size, path=found, root=bytes.fromhex(ROOTS[size - 1])
    )


@pytest.mark.parametrize(("old", "size", "path"), CONSISTENCY)
def test_shared_consistency_vectors(old: int, size: int, path: list[str]) -> None:
    found = merkle.range_heads(merkle.consistency_ranges(old, size), HASHES[:size])

    assert [item.hex() for item in found] == path
    assert merkle.verify_consistency(
        old=old,
        size=size,
        old_root=bytes.fromhex(ROOTS[old - 1]),
        root=bytes.fromhex(ROOTS[size - 1]),
        path=found,
    )


def _recursive_head(leaves: list[bytes]) -> bytes:
    """The definition of §2.1.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return merkle.node_hash(_recursive_head(leaves[:k]), _recursive_head(leaves[k:]))


_hashes = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=80)


@given(_hashes)
def test_head_is_that_of_the_definition(leaves: list[bytes]) -> None:
    assert merkle.tree_head(leaves) == _recursive_head(leaves)


@given(_hashes, st.data())
def test_frontier_survives_storage(leaves: list[bytes], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(leaves)))
    first = merkle.Frontier()
    for leaf in leaves[:cut]:
        first.append(leaf)
    second = merkle.Frontier.from_bytes(first.size, first.to_bytes())
    for leaf in leaves[cut:]:
        second.append(leaf)

    assert second.root() == merkle.tree_head(leaves)
    assert second.size == len(leaves)


@given(_hashes, st.data())
def test_every_leaf_has_a_proof_and_no_other_leaf_fits_it(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    root = merkle.tree_head(leaves)
    path = merkle.range_heads(merkle.inclusion_ranges(index, len(leaves)), leaves)

    def holds(leaf: bytes = leaves[index], at: int = index, by: list[bytes] = path) -> bool:
        return merkle.verify_inclusion(leaf=leaf, index=at, size=len(leaves), path=by, root=root)

    assert holds()
    assert not holds(leaf=merkle.leaf_hash(leaves[index]))
    assert not holds(at=len(leaves))
    assert not holds(by=[*path, root])
    assert not path or not holds(by=path[:-1])


@given(_hashes, st.data())
def test_every_prefix_has_a_consistency_proof(leaves: list[bytes], data: st.DataObject) -> None:
    old = data.draw(st.integers(1, len(leaves)))
    path = merkle.range_heads(merkle.consistency_ranges(old, len(leaves)), leaves)

    def holds(first: list[bytes], second: list[bytes], by: list[bytes] = path) -> bool:
        return merkle.verify_consistency(
            old=old,
            size=len(leaves),
            old_root=merkle.tree_head(first),
            root=merkle.tree_head(second),
            path=by,
        )

    changed = [merkle.leaf_hash(leaves[0]), *leaves[1:]]
    assert holds(leaves[:old], leaves)
    assert not holds(changed[:old], leaves)
    assert not holds(leaves[:old], changed)
    assert not holds(leaves[:old], leaves, [*path, merkle.EMPTY_ROOT])


def test_refuses_what_is_not_in_the_tree() -> None:
    with pytest.raises(ValueError, match="Leaf 3"):
        merkle.inclusion_ranges(3, 3)
    with pytest.raises(ValueError, match="cannot continue"):
        merkle.consistency_ranges(0, 3)
    with pytest.raises(ValueError, match="subtree roots"):
        merkle.Frontier(3, [merkle.EMPTY_ROOT])
    with pytest.raises(ValueError, match="leaves end"):
        merkle.range_heads([(0, 4)], HASHES[:3])
