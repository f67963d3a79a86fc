"""Chance by a text: the same for the same, uniform over many."""

from __future__ import annotations

import hashlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from modeling.kernels.hash_share import hash_share


@given(st.text())
def test_it_is_the_fraction_that_the_digest_begins(text: str):
    found = hash_share(text)
    assert 0.0 <= found < 1.0
    exact = int(hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(), 16) / 2**256
    assert abs(found - exact) <= 2.0**-53


def test_over_many_texts_it_is_uniform():
    found = np.sort([hash_share(f"version:{number}") for number in range(4000)])
    gap = np.abs(found - (np.arange(4000) + 0.5) / 4000).max()
    assert gap < 1.63 / np.sqrt(4000)  # Kolmogorov at 1 %


def test_another_prefix_draws_anew():
    first, second = ([hash_share(f"{name}:{number}") < 0.5 for number in range(2000)] for name in "ab")
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.06
