"""A local transformer or any other network as ONNX: read from a folder, never downloaded.

The folder holds `model.onnx` and `manifest.json`:
`{"kind": "onnx_news", "version": "...", "input": "hashed" | "tokens", "max_tokens": 256, "sha256": "..."}`.

hashed: one input (N, features) of hashed word counts as in the text model; the manifest gives `features` and `words`.
tokens: inputs input_ids and attention_mask (N, T); the folder also holds `tokenizer.json`, read by the package
`tokenizers`. The first output holds the logits of fall, nothing and rise, (N, 3).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from market.news.scorer import NewsScorer, NewsText, Verdict
from market.news.text import post_of
from market.news.text_model import TextModelSpec, hashed
from traderai.common.arrays import F64
from traderai.common.errors import InvariantError, NotReadyError
from traderai.common.lake import sha256_hex

NETWORK, MANIFEST, TOKENIZER = "model.onnx", "manifest.json", "tokenizer.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxScorer:
    """The rules' event and targets with the network's direction."""

    session: Any
    manifest: dict[str, Any]
    tokenizer: Any
    rules: NewsScorer
    version: str
    name: str = "transformer"

    @classmethod
    def load(cls, folder: Path) -> OnnxScorer:
        """Return the scorer of a folder.

        Raises: NotReadyError where a file or a package is missing; InvariantError where the network is not the
        manifest's.
        """
        missing = [name for name in (NETWORK, MANIFEST) if not (folder / name).is_file()]
        if missing:
            raise NotReadyError(f"{folder} must hold {' and '.join(missing)}; copy them there")
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        content = (folder / NETWORK).read_bytes()
        if manifest.get("kind") != "onnx_news" or manifest.get("sha256") != sha256_hex(content):
            raise InvariantError(
                f"{folder}: the manifest must be of kind onnx_news and of this network's checksum"
            )
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        from market.news.scorers import rules_scorer

        rules = rules_scorer()
        version = f"{manifest['sha256'][:10]}-{rules.version}"[:32]
        tokenizer = _tokenizer(folder) if manifest["input"] == "tokens" else None
        return cls(session=session, manifest=manifest, tokenizer=tokenizer, rules=rules, version=version)

    def score(self, text: NewsText) -> tuple[Verdict, ...]:
        """Return the rules' verdicts, pointing where the network's likeliest class points."""
        verdicts = self.rules.score(text)
        if not verdicts:
            return ()
        p = self.p_fall_nothing_rise(text.text)
        direction = int(np.argmax(p)) - 1
        why = {"code": "network", "p_fall": round(float(p[0]), 3), "p_rise": round(float(p[2]), 3)}
        return tuple(
            Verdict(
                target=one.target,
                score=one.score,
                direction=direction,
                event_type=one.event_type,
                why=(*one.why, why),
            )
            for one in verdicts
        )

    def p_fall_nothing_rise(self, text: str) -> F64:
        """Return the three probabilities of a text."""
        logits = np.asarray(self.session.run(None, self._inputs(text))[0], dtype=np.float64).reshape(-1)
        if logits.shape != (3,) or not np.isfinite(logits).all():
            raise InvariantError(f"the network must give 3 finite logits, gave shape {logits.shape}")
        exponent = np.exp(logits - logits.max())
        return np.asarray(exponent / exponent.sum(), dtype=np.float64)

    def _inputs(self, text: str) -> dict[str, Any]:
        if self.tokenizer is None:
            spec = TextModelSpec(features=int(self.manifest["features"]), words=int(self.manifest["words"]))
            counts = hashed([text], spec).toarray().astype(np.float32)
            return {self.session.get_inputs()[0].name: counts}
        ids = self.tokenizer.encode(post_of(text).whole).ids[: int(self.manifest["max_tokens"])]
        tokens = {"input_ids": [ids], "attention_mask": [[1] * len(ids)], "token_type_ids": [[0] * len(ids)]}
        wanted = {one.name for one in self.session.get_inputs()}
        return {name: np.array(value, dtype=np.int64) for name, value in tokens.items() if name in wanted}


def _tokenizer(folder: Path) -> Any:
    if not (folder / TOKENIZER).is_file():
        raise NotReadyError(
            f"{folder} must hold {TOKENIZER}: the manifest says that the network reads tokens"
        )
    try:
        from tokenizers import Tokenizer  # type: ignore[import-not-found,unused-ignore]
    except ImportError as error:
        raise NotReadyError(
            "the network reads tokens and the package `tokenizers` is not installed; `pip install tokenizers`, or "
            'export a network with input "hashed"'
        ) from error
    return Tokenizer.from_file(str(folder / TOKENIZER))
