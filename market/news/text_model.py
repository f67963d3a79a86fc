"""A small text model: hashed TF-IDF and logistic regression, trained on how prices moved after news.

Stored without pickle: weights as .npz and a manifest.json with their checksum. Nothing is downloaded.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from market.news.scorer import NewsScorer, NewsText, Verdict
from market.news.text import post_of
from traderai.common.arrays import F64, I8
from traderai.common.errors import InvariantError, NotReadyError
from traderai.common.lake import sha256_hex

WEIGHTS, MANIFEST = "weights.npz", "manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextModelSpec:
    """What the model is made of; stored with it."""

    features: int = 2**15
    words: int = 2  # up to so many words in a row make one feature
    strength: float = 1.0  # of the regression: lower is smoother
    least_p: float = 0.6  # a direction is told from this probability on


@dataclass(frozen=True, slots=True, kw_only=True)
class TextModel:
    """Fitted weights."""

    spec: TextModelSpec
    idf: F64
    weights: F64
    intercept: float
    about: dict[str, Any]

    def p_up(self, texts: Sequence[str]) -> F64:
        """Return for each text the probability that its share does better than the others."""
        counts = hashed(texts, self.spec)
        scaled = _normalised(counts.multiply(self.idf).tocsr())
        margin = np.asarray(scaled @ self.weights).ravel() + self.intercept
        return np.asarray(1.0 / (1.0 + np.exp(-margin)), dtype=np.float64)


def hashed(texts: Sequence[str], spec: TextModelSpec) -> Any:
    """Return the sparse counts of hashed words and word pairs."""
    from sklearn.feature_extraction.text import HashingVectorizer

    vectorizer = HashingVectorizer(
        n_features=spec.features, ngram_range=(1, spec.words), alternate_sign=False, norm=None, lowercase=True
    )
    return vectorizer.transform([post_of(text).whole for text in texts])


def text_model_fit(texts: Sequence[str], better: I8, spec: TextModelSpec, about: dict[str, Any]) -> TextModel:
    """Fit the model; `better` is 1 where the share did better than the others and 0 where worse.

    The same rows give the same weights.
    Raises: NotReadyError where the rows are fewer than 30 or all alike.
    """
    from sklearn.linear_model import LogisticRegression

    if len(texts) < 30 or len(set(better.tolist())) < 2:
        raise NotReadyError(
            f"a text model needs at least 30 texts that were followed by rises and by falls, were {len(texts)}"
        )
    counts = hashed(texts, spec)
    seen = np.asarray((counts > 0).sum(axis=0)).ravel()
    idf = np.log((1 + len(texts)) / (1 + seen)) + 1.0
    scaled = _normalised(counts.multiply(idf).tocsr())
    fitted = LogisticRegression(C=spec.strength, solver="liblinear", random_state=0, max_iter=200)
    fitted.fit(scaled, better)
    return TextModel(
        spec=spec,
        idf=idf.astype(np.float64),
        weights=fitted.coef_[0].astype(np.float64),
        intercept=float(fitted.intercept_[0]),
        about=about,
    )


def text_model_save(model: TextModel, folder: Path) -> None:
    """Write weights and manifest into a folder; the manifest last, so that a folder with one is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    stream = io.BytesIO()
    np.savez_compressed(stream, idf=model.idf, weights=model.weights)
    content = stream.getvalue()
    manifest = {
        "kind": "text_model",
        "spec": asdict(model.spec),
        "intercept": model.intercept,
        "sha256": sha256_hex(content),
        "about": model.about,
    }
    (folder / WEIGHTS).write_bytes(content)
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False), encoding="utf-8")


def text_model_load(folder: Path) -> TextModel:
    """Return the model of a folder.

    Raises: NotReadyError where there is none; InvariantError where the weights are not those of the manifest.
    """
    if not (folder / MANIFEST).is_file() or not (folder / WEIGHTS).is_file():
        raise NotReadyError(f"{folder} must hold {WEIGHTS} and {MANIFEST}; run `manage.py news_model_fit`")
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    content = (folder / WEIGHTS).read_bytes()
    if manifest.get("kind") != "text_model" or sha256_hex(content) != manifest.get("sha256"):
        raise InvariantError(f"{folder} is corrupt or holds another kind of model; fit it again")
    arrays = np.load(io.BytesIO(content), allow_pickle=False)
    return TextModel(
        spec=TextModelSpec(**manifest["spec"]),
        idf=arrays["idf"],
        weights=arrays["weights"],
        intercept=float(manifest["intercept"]),
        about=dict(manifest["about"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TextModelScorer:
    """The rules' event and targets with the model's direction: alone it cannot tell what a text is about."""

    model: TextModel
    rules: NewsScorer
    version: str
    name: str = "model"

    @classmethod
    def load(cls, folder: Path) -> TextModelScorer:
        """Return the scorer of a folder."""
        from market.news.scorers import rules_scorer

        rules, model = rules_scorer(), text_model_load(folder)
        digest = sha256_hex(model.weights.tobytes())[:10]
        return cls(model=model, rules=rules, version=f"{digest}-{rules.version}"[:32])

    def score(self, text: NewsText) -> tuple[Verdict, ...]:
        """Return the rules' verdicts, pointing where the model is sure enough and nowhere else."""
        verdicts = self.rules.score(text)
        if not verdicts:
            return ()
        p_up = float(self.model.p_up([text.text])[0])
        sure = max(p_up, 1.0 - p_up) >= self.model.spec.least_p
        direction = 0 if not sure else (1 if p_up > 0.5 else -1)
        why = {"code": "text_model", "p_up": round(p_up, 3)}
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


def _normalised(matrix: Any) -> Any:
    from sklearn.preprocessing import normalize

    return normalize(matrix, norm="l2", copy=False)
