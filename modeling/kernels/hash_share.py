"""Chance that is always the same: a number drawn by a text."""

from __future__ import annotations

import hashlib


def hash_share(text: str) -> float:
    """Return a number within [0, 1) that a text alone decides; over many texts it is uniform.

    Source: the first 53 bits of SHA-256, as many as a float holds.
    """
    return (int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 11) / 2.0**53
