"""The tree against the published vectors, against RFC 6962 written down a second time, and against false proofs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.ledger.tree import Frontier, Hashing, Tree, verify_consistency, verify_inclusion

SHA = Hashing("sha256")

# Leaves, roots and proofs of the certificate-transparency reference implementation.
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
A = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
B = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
C = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
D = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
E = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
F = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
G = "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f"
INCLUSION = [
    (0, 1, []), (0, 8, [A, B, C]), (5, 8, [D, E, ROOTS[4]]), (2, 3, [ROOTS[2]]), (1, 5, [ROOTS[1], B, D]),
]  # fmt: skip
CONSISTENCY = [(1, 1, []), (1, 8, [A, B, C]), (6, 8, [F, E, ROOTS[4]]), (2, 5, [B, D]), (6, 7, [F, G, ROOTS[4]])]


def built(leaves: Sequence[bytes], hashing: Hashing = SHA, batch: int = 3) -> Tree:
    """A tree grown in batches, as the log grows it."""
    rows: list[list[bytes]] = [[] for _ in range(12)]
    tree = Tree(hashing, lambda level, index: rows[level][index])
    for start in range(0, len(leaves), batch):
        for row, more in zip(
            rows, tree.grow(start, [hashing.leaf(x) for x in leaves[start : start + batch]]), strict=False
        ):
            row += more
    return tree


def plain_root(leaves: Sequence[bytes]) -> bytes:
    """The definition in RFC 6962, section 2.1, word for word."""
    if len(leaves) < 2:
        return hashlib.sha256(b"\0" + leaves[0] if leaves else b"").digest()
    split = max(2**power for power in range(20) if 2**power < len(leaves))
    return hashlib.sha256(b"\1" + plain_root(leaves[:split]) + plain_root(leaves[split:])).digest()


def numbered(count: int) -> list[bytes]:
    return [b"%d" % n for n in range(count)]


def hexed(proof: Sequence[bytes]) -> list[str]:
    return [part.hex() for part in proof]


@pytest.mark.parametrize("size", range(9))
def test_published_roots(size: int) -> None:
    frontier = Frontier(SHA)
    for leaf in LEAVES[:size]:
        frontier.add(leaf)
    assert built(LEAVES).root(size).hex() == frontier.root().hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size", "proof"), INCLUSION)
def test_published_inclusion_proofs(index: int, size: int, proof: list[str]) -> None:
    assert hexed(built(LEAVES).inclusion(index, size)) == proof
    path = [bytes.fromhex(part) for part in proof]
    assert verify_inclusion(SHA, SHA.leaf(LEAVES[index]), index, size, path, bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(("old", "new", "proof"), CONSISTENCY)
def test_published_consistency_proofs(old: int, new: int, proof: list[str]) -> None:
    assert hexed(built(LEAVES).consistency(old, new)) == proof
    roots = bytes.fromhex(ROOTS[old]), bytes.fromhex(ROOTS[new])
    assert verify_consistency(SHA, old, new, [bytes.fromhex(part) for part in proof], *roots)


@pytest.mark.parametrize("batch", [1, 2, 5, 64])
def test_every_proof_of_every_small_tree(batch: int) -> None:
    leaves = numbered(21)
    tree = built(leaves, batch=batch)
    roots = [plain_root(leaves[:size]) for size in range(22)]
    for size in range(22):
        assert tree.root(size) == roots[size]
        for index in range(size):
            proof = tree.inclusion(index, size)
            assert verify_inclusion(SHA, SHA.leaf(leaves[index]), index, size, proof, roots[size])
        for old in range(size + 1):
            assert verify_consistency(SHA, old, size, tree.consistency(old, size), roots[old], roots[size])


@given(st.data())
def test_no_changed_inclusion_proof_passes(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 40))
    index = data.draw(st.integers(0, size - 1))
    tree = built(numbered(size))
    leaf, proof, root = SHA.leaf(b"%d" % index), tree.inclusion(index, size), tree.root(size)
    changed = data.draw(st.sampled_from([*mutations(proof, [root, leaf, bytes(32)]), None]))
    if changed is not None:
        assert not verify_inclusion(SHA, leaf, index, size, changed, root)
    for other in {index - 1, index + 1, index ^ 2, size} - {index}:
        assert not verify_inclusion(SHA, leaf, other, size, proof, root)
    assert not verify_inclusion(SHA, SHA.leaf(b"other"), index, size, proof, root)
    assert not verify_inclusion(SHA, leaf, index, size, proof, bytes(32))


@given(st.data())
def test_no_changed_consistency_proof_passes(data: st.DataObject) -> None:
    new = data.draw(st.integers(2, 40))
    old = data.draw(st.integers(1, new - 1))
    tree = built(numbered(new))
    proof, roots = tree.consistency(old, new), (tree.root(old), tree.root(new))
    changed = data.draw(st.sampled_from(mutations(proof, [*roots, bytes(32)])))
    assert not verify_consistency(SHA, old, new, changed, *roots)
    assert not verify_consistency(SHA, old, new, proof, *reversed(roots))
    assert not verify_consistency(SHA, old, new, proof, bytes(32), roots[1])
    assert not verify_consistency(SHA, old, new, proof, roots[0], bytes(32))
    assert not verify_consistency(SHA, new, old, proof, *roots)
    fork = [b"%d" % n for n in range(new)]
    fork[old - 1] = b"another"
    assert not verify_consistency(SHA, old, new, built(fork).consistency(old, new), roots[0], built(fork).root(new))


def mutations(proof: list[bytes], extra: list[bytes]) -> list[list[bytes]]:
    """A proof with one hash more, one less, or one bit flipped."""
    changed = [[*proof, part] for part in extra] + [[part, *proof] for part in extra]
    for at, part in enumerate(proof):
        changed += [proof[:at] + proof[at + 1 :], [*proof[:at], bytes([part[0] ^ 1]) + part[1:], *proof[at + 1 :]]]
    return changed


def test_edges() -> None:
    tree = built(LEAVES)
    empty = SHA.fold([])
    assert verify_consistency(SHA, 0, 8, [], empty, tree.root(8))
    assert not verify_consistency(SHA, 0, 8, [], bytes(32), tree.root(8))
    assert not verify_consistency(SHA, 8, 8, [], tree.root(7), tree.root(8))
    assert not verify_consistency(SHA, 3, 8, [], tree.root(3), tree.root(8))
    for index in (8, -1):
        with pytest.raises(ValueError, match="no such leaf"):
            tree.inclusion(index, 8)
    with pytest.raises(ValueError, match="no such older tree"):
        tree.consistency(8, 7)


def test_sm3_has_trees_of_its_own() -> None:
    sm3 = Hashing("sm3")
    tree = built(LEAVES, sm3)
    assert tree.root(8) != built(LEAVES).root(8)
    assert verify_inclusion(sm3, sm3.leaf(LEAVES[5]), 5, 8, tree.inclusion(5, 8), tree.root(8))
    assert not verify_inclusion(SHA, SHA.leaf(LEAVES[5]), 5, 8, tree.inclusion(5, 8), tree.root(8))
