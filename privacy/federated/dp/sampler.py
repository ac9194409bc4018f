"""The discrete Gaussian: whole numbers x with probability in proportion to exp(-x² / 2σ²), drawn exactly.

Canonne, Kamath, Steinke: The Discrete Gaussian for Differential Privacy, 2020 (arXiv 2004.00010), algorithms 1 to 3,
over whole vectors. No float is used: the last bits of a rounded logarithm have given away what noise was to hide
(Mironov 2012). Their algorithm takes any scale t of the Laplace draws; ours divides the variance, σ² = t × m, so that
the exponent (|y| - σ²/t)² / 2σ² is a fraction of machine integers.
"""

from __future__ import annotations

from math import isqrt

import numpy as np

from privacy.federated.dp.randomness import Bools, Ints, Source, below, exp_coins, runs

#: Largest variance. A draw of more than 180 scales (chance e^-180) would be the first to leave 63 bits.
MOST = 1 << 48


def drawable(variance: int) -> int:
    """The least variance that can be drawn and is at least this; at most 1 + 1/√variance times it.

    Raises `ValueError` below 1 and above `MOST`.
    """
    if not 1 <= variance <= MOST:
        raise ValueError("a variance that is not between 1 and 2^48")
    scale, times = _parts(variance)
    return scale * times


def draw(variance: int, size: int, source: Source) -> Ints:
    """(size,) independent draws, of a variance that `drawable` gave. Raises `ValueError` for any other."""
    if drawable(variance) != variance:
        raise ValueError("a variance that cannot be drawn exactly")
    out = np.zeros(0, np.int64)
    while out.size < size:
        out = np.concatenate([out, _some(variance, 2 * (size - out.size) + 8, source)])
    return out[:size]


def _parts(variance: int) -> tuple[int, int]:
    """Scale and times: whole numbers of about σ each, whose product is at least the variance."""
    scale = isqrt(variance)
    return scale, -(-variance // scale)


def _some(variance: int, tries: int, source: Source) -> Ints:
    """Draws of the discrete Gaussian, as many of the tries as are not rejected (about two of three)."""
    scale, times = _parts(variance)
    size = _laplace_sizes(scale, tries, source)
    kept = exp_coins(source, (size - times) ** 2, 2 * variance)
    minus = below(source, 2, tries) == 1
    kept &= ~(minus & (size == 0))  # else 0 would come twice as often: as +0 and as -0
    return np.where(minus, -size, size)[kept].astype(np.int64)


def _laplace_sizes(scale: int, size: int, source: Source) -> Ints:
    """Numbers y >= 0 with probability in proportion to exp(-y / scale)."""
    rest = np.zeros(size, np.int64)
    places = np.arange(size)
    while places.size:
        tried = below(source, scale, places.size)
        kept: Bools = exp_coins(source, tried, scale)
        rest[places[kept]] = tried[kept]
        places = places[~kept]
    return rest + scale * runs(source, size)
