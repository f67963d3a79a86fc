"""How good a scorer is: its verdicts on the real texts of the labelled sample, whose labels alone are kept here."""

from __future__ import annotations

import csv
import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from market.kernels.proportions import cohen_kappa
from market.models.news import EVENT_TYPES
from market.news.evaluation import Labelled, StratumReport, stratum_report
from market.news.scorer import NewsScorer, NewsText
from market.news_config import news_sources_config
from market.sources.news_files import investopit_of, markettwits_of, telegram_of
from market.sources.records import NewsRecord, RecordPage
from traderai.common import clock
from traderai.common.errors import InvariantError, NotReadyError
from traderai.common.progress import Progress, silent

SAMPLE = Path(__file__).resolve().parents[1] / "news" / "labelled_sample.csv"
SECOND = SAMPLE.with_name("second_reading.csv")
READERS: dict[str, Callable[[Path], RecordPage[NewsRecord]]] = {
    "markettwits_2023": markettwits_of,
    "investopit_2022_2024": investopit_of,
    "telegram_general_2023_2024": telegram_of,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What a reader said of one item, before any scorer had seen it."""

    file: str
    item_id: str
    event_type: str
    direction: int
    market_item: bool
    stratum: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsEvaluation:
    """A scorer's measured quality, by stratum."""

    scorer: str
    version: str
    seconds: float
    strata: tuple[StratumReport, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far a second reader, who did not see the labels, agrees with them."""

    what: str
    items: int
    equal: int
    kappa: float  # beyond chance


@functools.cache
def labelled_sample() -> tuple[Label, ...]:
    """Return the labels; a type or a direction that does not exist is an InvariantError."""
    return _labels(SAMPLE)


def readers_agreement() -> tuple[Agreement, ...]:
    """Return how far the second reading of a part of the random stratum agrees with the labels."""
    first = {(label.file, label.item_id): label for label in labelled_sample()}
    pairs = [(first[label.file, label.item_id], label) for label in _labels(SECOND)]
    market = [(a, b) for a, b in pairs if a.market_item and b.market_item]
    return (
        _agreement("event type", [(a.event_type, b.event_type) for a, b in pairs]),
        _agreement("event type, market items", [(a.event_type, b.event_type) for a, b in market]),
        _agreement("direction, market items", [(str(a.direction), str(b.direction)) for a, b in market]),
        _agreement("market item", [(str(a.market_item), str(b.market_item)) for a, b in pairs]),
    )


def _agreement(what: str, pairs: list[tuple[str, str]]) -> Agreement:
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    equal = sum(a == b for a, b in pairs)
    return Agreement(what=what, items=len(pairs), equal=equal, kappa=cohen_kappa(first, second))


def _labels(path: Path) -> tuple[Label, ...]:
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [
            Label(
                file=row["file"],
                item_id=row["item_id"],
                event_type=row["event_type"],
                direction=int(row["direction"]),
                market_item=row["market_item"] == "1",
                stratum=row.get("stratum", "random"),
            )
            for row in csv.DictReader(stream)
        ]
    if any(row.event_type not in EVENT_TYPES or row.direction not in (-1, 0, 1) for row in rows):
        raise InvariantError(f"{path.name} holds a label that does not exist; write it again")
    return tuple(rows)


def news_evaluate(*, scorer: NewsScorer, folder: Path, progress: Progress = silent) -> NewsEvaluation:
    """Score the sample's texts, read from the folder of real news, and compare with the labels.

    Repeating: the same scorer gives the same figures. Nothing is stored.
    Raises: NotReadyError where a file or a text of the sample is not in the folder.
    """
    texts = _texts(folder)
    started, told = clock.monotonic_s(), []
    sample = labelled_sample()
    for number, label in enumerate(sample):
        progress(number, len(sample), label.file)
        verdicts = scorer.score(texts[label.file, label.item_id])
        main = verdicts[0] if verdicts else None
        told.append(
            Labelled(
                label=label.event_type,
                direction=label.direction,
                market_item=label.market_item,
                stratum=label.stratum,
                told="other" if main is None else main.event_type,
                told_direction=0 if main is None else main.direction,
                told_market=main is not None,
            )
        )
    progress(len(sample), len(sample), "news")
    strata = tuple(
        stratum_report(name, [one for one in told if one.stratum == name])
        for name in sorted({one.stratum for one in told}, reverse=True)
    )
    seconds = clock.monotonic_s() - started
    return NewsEvaluation(scorer=scorer.name, version=scorer.version, seconds=seconds, strata=strata)


def _texts(folder: Path) -> dict[tuple[str, str], NewsText]:
    trusted = {source.code for source in news_sources_config().sources if source.trusts_tickers}
    texts = {}
    for name, read in READERS.items():
        path = folder / f"{name}.parquet"
        if not path.is_file():
            raise NotReadyError(f"{path} must be there: the sample's texts are read from it")
        for record in read(path).records:
            texts[name, record.external_id] = NewsText(
                title=record.title,
                body=record.body,
                published_at=record.published_at,
                tickers=record.tickers if record.source in trusted else (),
                language=record.language,
            )
    missing = [label for label in labelled_sample() if (label.file, label.item_id) not in texts]
    if missing:
        raise NotReadyError(
            f"{len(missing)} texts of the sample are not in {folder}, the first: {missing[0].item_id}"
        )
    return texts
