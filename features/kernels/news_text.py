"""From a text to 32 whole numbers, without anything fitted: which tokens it has, each a fixed row of random signs."""

from __future__ import annotations

import hashlib
import re
from typing import Final

import numpy as np

from features.kernels.news import EMBEDDING_DIMS
from traderai.common.arrays import I64

CHARS_MAX: Final = 6000  # longer texts are articles whose end says nothing new
LETTERS_MIN: Final = 3
LETTERS_MAX: Final = 6  # Russian words differ in their endings
SEED: Final = b"news_embedding"  # another seed is another projection
_LINK: Final = re.compile(r"(?:https?://|www\.|t\.me/)\S+|@\w+")
_WORD: Final = re.compile(r"[^\W\d_]+")


def tokens_of(text: str) -> frozenset[str]:
    """Return the words of at least 3 letters in lower case, cut after the sixth letter; links and digits left out."""
    plain = _LINK.sub(" ", text[:CHARS_MAX]).lower().replace("ё", "е")
    words = (word[:LETTERS_MAX] for word in _WORD.findall(plain))
    return frozenset(word for word in words if len(word) >= LETTERS_MIN)


def text_signs(text: str) -> I64:
    """Return the sum over a text's different tokens of 32 random signs each: bits of the token's seeded BLAKE2b.

    Shapes: returns (32,).
    Units:  tokens; between minus and plus the number of different tokens.
    Source: Weinberger et al. (2009), Feature hashing; Achlioptas (2003), random signs as a projection.
    """
    tokens = tokens_of(text)
    digests = b"".join(
        hashlib.blake2b(token.encode(), digest_size=EMBEDDING_DIMS // 8, key=SEED).digest()
        for token in tokens
    )
    bits = np.unpackbits(np.frombuffer(digests, dtype=np.uint8)).reshape(len(tokens), EMBEDDING_DIMS)
    ones: I64 = bits.sum(axis=0, dtype=np.int64)
    return 2 * ones - len(tokens)
