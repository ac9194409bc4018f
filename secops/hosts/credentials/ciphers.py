"""DES and AES-128 decryption, for what hides a password under a key that stands in the open.

The standard library has neither cipher. Not constant in time: nothing here is under a secret key. Tables and names:
FIPS 46-3 and FIPS 197.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, reduce
from operator import xor

#: Permutations of bits: which bit, counted from 1, comes next.
_IP = bytes.fromhex(
    "3a322a221a120a023c342c241c140c043e362e261e160e064038302820181008"
    "39312921191109013b332b231b130b033d352d251d150d053f372f271f170f07"
)
_P = bytes.fromhex("100714151d0c1c11010f171a05121f0a0208180e201b0309130d1e06160b0419")
_PC1 = bytes.fromhex(
    "39312921191109013a322a221a120a023b332b231b130b033c342c243f372f271f170f073e362e261e160e063d352d251d150d051c140c04"
)
_PC2 = bytes.fromhex("0e110b180105031c0f06150a17130c041a0810071b140d0229341f252f371e28332d21302c31273822352e2a32241d20")
_S = (
    "e4d12fb83a6c59070f74e2d1a6cb953841e8d62bfc973a50fc8249175b3ea06d",
    "f18e6b34972dc05a3d47f28ec01a69b50e7ba4d158c6932fd8a13f42b67c05e9",
    "a09e63f51dc7b428d709346a285ecbf1d6498f30b12c5ae71ad069874fe3b52c",
    "7de3069a1285bc4fd8b56f03472c1ae9a690cb7df13e52843f06a1d8945bc72e",
    "2c417ab6853fd0e9eb2c47d150fa3986421bad78f9c5630eb8c71e2d6f09a453",
    "c1af92680d34e75baf427c9561de0b389ef528c3704a1db6432c95fabe17608d",
    "4b2ef08d3c975a61d0b7491ae35c2f8614bdc37eaf6805926bd814a7950fe23c",
    "d2846fb1a93e50c71fd8a374c56b0e927b419ce206adf35821e74a8dfc90356b",
)
_DOUBLE_SHIFTS = frozenset(range(16)) - {0, 1, 8, 15}


def des_decrypt(key: bytes, block: bytes) -> bytes:
    """One block of 8 bytes under a key of 8 bytes."""
    bits = [_bits(block)[place - 1] for place in _IP]
    left, right = bits[:32], bits[32:]
    for subkey in reversed(_des_subkeys(key)):
        left, right = right, [a ^ b for a, b in zip(left, _f(right, subkey), strict=True)]
    mixed = right + left
    plain = [0] * 64
    for place, bit in zip(_IP, mixed, strict=True):
        plain[place - 1] = bit
    return int("".join(map(str, plain)), 2).to_bytes(8, "big")


def _f(right: list[int], subkey: list[int]) -> list[int]:
    out = []
    for box in range(8):
        six = [right[(box * 4 + step - 1) % 32] ^ subkey[box * 6 + step] for step in range(6)]  # the expansion E
        row, column = six[0] << 1 | six[5], six[1] << 3 | six[2] << 2 | six[3] << 1 | six[4]
        value = int(_S[box][row * 16 + column], 16)
        out += [value >> place & 1 for place in (3, 2, 1, 0)]
    return [out[place - 1] for place in _P]


def _des_subkeys(key: bytes) -> list[list[int]]:
    bits = _bits(key)
    halves = [bits[place - 1] for place in _PC1]
    left, right = halves[:28], halves[28:]
    subkeys = []
    for number in range(16):
        shift = 2 if number in _DOUBLE_SHIFTS else 1
        left, right = left[shift:] + left[:shift], right[shift:] + right[:shift]
        subkeys.append([(left + right)[place - 1] for place in _PC2])
    return subkeys


def _bits(data: bytes) -> list[int]:
    return [byte >> place & 1 for byte in data for place in range(7, -1, -1)]


def aes128_decrypt(key: bytes, data: bytes) -> bytes:
    """Blocks of 16 bytes, each by itself (ECB), under a key of 16 bytes."""
    keys = _aes_round_keys(key)
    return b"".join(_aes_block(keys, data[at : at + 16]) for at in range(0, len(data), 16))


def _aes_block(keys: Sequence[bytes], block: bytes) -> bytes:
    inverse = _sboxes()[1]
    state = _xor(block, keys[10])
    for number in range(9, -1, -1):
        unshifted = (state[(place - 4 * (place % 4)) % 16] for place in range(16))
        state = _xor(bytes(inverse[byte] for byte in unshifted), keys[number])
        if number:
            state = b"".join(_unmixed(state[at : at + 4]) for at in range(0, 16, 4))
    return state


def _unmixed(column: bytes) -> bytes:
    factors = (14, 11, 13, 9)
    return bytes(
        _times(factors[-row % 4], column[0])
        ^ _times(factors[(1 - row) % 4], column[1])
        ^ _times(factors[(2 - row) % 4], column[2])
        ^ _times(factors[(3 - row) % 4], column[3])
        for row in range(4)
    )


@cache
def _times(factor: int, byte: int) -> int:
    """The product in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1."""
    product = 0
    while factor:
        product ^= byte if factor & 1 else 0
        byte = byte << 1 ^ (0x11B if byte & 0x80 else 0)
        factor >>= 1
    return product


@cache
def _sboxes() -> tuple[bytes, bytes]:
    """The substitution and its inverse: the inverse in GF(2^8), and an affine map."""
    forward = bytearray(256)
    for byte in range(256):
        inverse = next((other for other in range(256) if _times(byte, other) == 1), 0)
        rotations = (inverse << turn | inverse >> 8 - turn for turn in range(5))
        forward[byte] = reduce(xor, rotations) & 0xFF ^ 0x63
    return bytes(forward), bytes(forward.index(byte) for byte in range(256))


def _aes_round_keys(key: bytes) -> list[bytes]:
    forward = _sboxes()[0]
    keys, constant = [key], 1
    for _ in range(10):
        last = keys[-1]
        first = bytes(forward[last[12 + (place + 1) % 4]] for place in range(4))
        word = _xor(_xor(first, bytes([constant, 0, 0, 0])), last[:4])
        words = [word]
        for at in (4, 8, 12):
            words.append(_xor(words[-1], last[at : at + 4]))
        keys.append(b"".join(words))
        constant = _times(2, constant)
    return keys


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
