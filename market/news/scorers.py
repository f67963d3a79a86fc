"""The scorers of news, listed literally; what is heavy or remote is loaded only where the configuration names it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from market.news.companies import CompanyConfig
from market.news.rules import RulesScorer
from market.news.scorer import NewsScorer
from market.news_config import (
    NewsScoringConfig,
    news_companies_config,
    news_rules_config,
    news_scoring_config,
)
from traderai.common.errors import InputError, NotReadyError, did_you_mean


def rules_scorer(*, extra: Iterable[CompanyConfig] = ()) -> NewsScorer:
    """Return the transparent scorer; `extra` companies are those that only the database knows."""
    return RulesScorer(news_rules_config(), news_companies_config().companies, tuple(extra))


def _model(config: NewsScoringConfig) -> NewsScorer:
    from market.news.text_model import TextModelScorer

    return TextModelScorer.load(
        _folder(config.model_dir, "model_dir", "run `manage.py news_model_fit` first")
    )


def _transformer(config: NewsScoringConfig) -> NewsScorer:
    from market.news.onnx_model import OnnxScorer

    return OnnxScorer.load(_folder(config.transformer_dir, "transformer_dir", "name a local folder"))


LOCAL: dict[str, Callable[[NewsScoringConfig], NewsScorer]] = {
    "rules": lambda _: rules_scorer(),
    "model": _model,
    "transformer": _transformer,
}


def scorer_open(name: str) -> NewsScorer:
    """Return a scorer by its name: rules, model, transformer, or a remote of news_scoring.yaml.

    Raises: InputError for an unknown name; NotReadyError where its folder is not there.
    """
    config = news_scoring_config()
    if name in LOCAL:
        return LOCAL[name](config)
    remotes = {remote.name: remote for remote in config.remotes}
    if name not in remotes:
        known = [*LOCAL, *remotes]
        raise InputError(
            f"scorer must be one of {', '.join(known)}, was {name!r}{did_you_mean(name, known)}",
            code="unknown_scorer",
        )
    from market.news.remote import RemoteScorer

    remote = remotes[name]
    return RemoteScorer(name=remote.name, url=remote.url, timeout_s=remote.timeout_s, version=remote.version)


def _folder(text: str, key: str, hint: str) -> Path:
    folder = Path(text)
    if not text or not folder.is_dir():
        raise NotReadyError(f"news_scoring.yaml: {key} must name a folder, was {text!r}; {hint}")
    return folder
