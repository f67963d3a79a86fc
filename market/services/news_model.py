"""Training the text model on how prices moved after news, and judging it on later news it has not seen."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from market.contracts import Timeframe
from market.kernels.proportions import wilson_interval
from market.kernels.reactions import reactions
from market.models import NewsLink, NewsTrigger
from market.news.scorers import rules_scorer
from market.news.text_model import TextModelSpec, text_model_fit, text_model_save
from market.selectors.bars import bars_load, newest_bars
from traderai.common.arrays import F64, I8, I64, Bools
from traderai.common.clock import to_epoch_s
from traderai.common.errors import NotReadyError

_BAR = Timeframe.H1


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelScore:
    """How one way of telling directions did on the news of all test parts."""

    name: str
    told: int
    right: int
    mean_bp: float | None  # the mean abnormal return in the direction told; None where none was told
    error_bp: float | None  # its standard error, texts of one day taken as one

    @property
    def interval(self) -> tuple[float, float]:
        """Return Wilson's 95 % interval of being right."""
        return wilson_interval(self.right, self.told)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsModelReport:
    """What a training found; `saved` says whether the model beat the rules and chance out of sample."""

    rows: int
    tested: int
    shares: int
    days: int
    share_better_frac: float
    scores: tuple[ModelScore, ...]
    beats_rules: bool
    saved: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    texts: tuple[str, ...]
    known_s: I64
    abnormal: F64
    rules: I8
    shares: int


def news_model_fit(
    *, as_of: datetime, horizon_bars: int = 9, parts: int = 4, folder: Path | None = None, force: bool = False
) -> NewsModelReport:
    """Fit on past news, test on the next ones, part by part; a gap as long as the horizon lies between.

    The last model, of all rows, is written to `folder` where it beat the rules and chance out of sample, or by force.

    Repeating: the same rows give the same figures and the same model.
    Raises: NotReadyError where too few news of shares with hourly bars are stored.
    """
    rows, spec = _rows(as_of, horizon_bars), TextModelSpec()
    better = (rows.abnormal > 0).astype(np.int8)
    told, tested = _walk(rows, better, spec, parts, horizon_bars)
    scores = (
        _score("text model", rows, tested, told),
        _score("rules", rows, tested, rows.rules),
        _score("always better", rows, tested, np.ones(better.size, dtype=np.int8)),
    )
    beats = _beats(scores)
    saved = ""
    if folder is not None and (beats or force):
        about = {
            "rows": len(rows.texts),
            "as_of": as_of.isoformat(),
            "horizon_bars": horizon_bars,
            "beats_rules": beats,
        }
        text_model_save(text_model_fit(rows.texts, better, spec, about), folder)
        saved = str(folder)
    return NewsModelReport(
        rows=len(rows.texts),
        tested=int(tested.sum()),
        shares=rows.shares,
        days=int(np.unique(rows.known_s // 86_400).size),
        share_better_frac=float(better.mean()),
        scores=scores,
        beats_rules=beats,
        saved=saved,
    )


def _rows(as_of: datetime, horizon_bars: int) -> _Rows:
    secids = sorted(newest_bars(timeframe=_BAR))
    bars = [bars_load(secid=secid, timeframe=_BAR, as_of=as_of) for secid in secids]
    links = NewsLink.objects.filter(instrument__secid__in=secids, item__known_at__lte=as_of)
    found = list(
        links.order_by("item__known_at", "item_id", "instrument__secid").values_list(
            "item_id", "instrument_id", "instrument__secid", "item__title", "item__body", "item__known_at"
        )
    )
    if not found:
        raise NotReadyError(
            "no stored news are linked to shares with hourly bars; ingest and score news first"
        )
    place = {secid: index for index, secid in enumerate(secids)}
    known_s = np.array([to_epoch_s(row[5]) for row in found], dtype=np.int64)
    share = np.array([place[row[2]] for row in found], dtype=np.int64)
    begins = [one.begin_s for one in bars]
    abnormal = reactions(
        known_s, share, begins, [one.open for one in bars], [one.close for one in bars], horizon_bars
    )
    kept = np.flatnonzero(np.isfinite(abnormal) & (abnormal != 0))
    directions = _rules_of([(found[i][0], found[i][1]) for i in kept])
    texts = tuple(
        row[4] if row[4].startswith(row[3][:200]) else f"{row[3]}\n{row[4]}"
        for row in (found[i] for i in kept)
    )
    return _Rows(
        texts=texts,
        known_s=known_s[kept],
        abnormal=abnormal[kept],
        rules=directions,
        shares=len({found[i][1] for i in kept}),
    )


def _rules_of(pairs: Sequence[tuple[int, int]]) -> I8:
    """Return the rules' stored directions; an item that they left alone has none."""
    scorer = rules_scorer()
    stored = NewsTrigger.objects.filter(scorer=scorer.name, score__gt=0, instrument__isnull=False)
    told = {(row[0], row[1]): row[2] for row in stored.values_list("item_id", "instrument_id", "direction")}
    return np.array([told.get(pair, 0) for pair in pairs], dtype=np.int8)


def _walk(rows: _Rows, better: I8, spec: TextModelSpec, parts: int, horizon_bars: int) -> tuple[I8, Bools]:
    """Predict every part after the first by a model of the parts before it."""
    told, tested = np.zeros(better.size, dtype=np.int8), np.zeros(better.size, dtype=bool)
    borders = np.quantile(rows.known_s, np.linspace(0, 1, parts + 1)[1:])
    # Bars do not run at night: the gap is whole days, at least one more than the horizon fills.
    gap_s = 86_400 * (1 + -(-horizon_bars // 9))
    for begin, end in itertools.pairwise(borders):
        train = rows.known_s < begin - gap_s
        test = (rows.known_s >= begin) & (rows.known_s <= end) & ~tested
        if not test.any():
            continue
        try:
            model = text_model_fit([rows.texts[i] for i in np.flatnonzero(train)], better[train], spec, {})
        except NotReadyError:
            continue
        p_up = model.p_up([rows.texts[i] for i in np.flatnonzero(test)])
        told[test] = np.where(np.maximum(p_up, 1 - p_up) >= spec.least_p, np.sign(p_up - 0.5), 0).astype(
            np.int8
        )
        tested |= test
    if not tested.any():
        raise NotReadyError(
            f"{len(rows.texts)} news with prices after them are too few to train on some and test on others"
        )
    return told, tested


def _score(name: str, rows: _Rows, tested: Bools, told: I8) -> ModelScore:
    on = tested & (told != 0)
    signed = rows.abnormal[on] * told[on]
    days = rows.known_s[on] // 86_400
    count = int(on.sum())
    if not count:
        return ModelScore(name=name, told=0, right=0, mean_bp=None, error_bp=None)
    mean = float(signed.mean())
    parts = np.array([(signed[days == day] - mean).sum() for day in np.unique(days)])
    return ModelScore(
        name=name,
        told=count,
        right=int((signed > 0).sum()),
        mean_bp=1e4 * mean,
        error_bp=1e4 * float(np.sqrt((parts**2).sum())) / count,
    )


def _beats(scores: Sequence[ModelScore]) -> bool:
    """Better than the rules and than a coin, by more than luck gives."""
    model, rules = scores[0], scores[1]
    if model.mean_bp is None or model.error_bp is None:
        return False
    if model.interval[0] <= 0.5 or model.mean_bp <= 2 * model.error_bp:
        return False
    return rules.mean_bp is None or model.mean_bp > rules.mean_bp
