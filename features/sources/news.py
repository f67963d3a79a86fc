"""News joined to bars by the moment they were known: the share's own, its sector's and the whole market's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np

from features.kernels.news import DAY_S, EMBEDDING_DIMS, flow_since
from features.kernels.news_columns import COLUMNS, INTENSITY_DAYS, TargetNews, TextArrays
from features.kernels.news_text import text_signs
from features.sources.base import BuildScope, MonthScope
from features.sources.facts import NewsSpan
from features.spec import FeatureSpec
from market.contracts import LinkedText
from market.kernels.news_arrays import AlertArrays, VerdictArrays
from traderai.common.arrays import F64, I64, Bools

# News flow while at least so many texts of all sources together were known in any stretch of so many days.
FLOW_DAYS: Final = 3
SIMULATED_FLOW_DAYS: Final = 15  # the simulator tells about one text a trading day, and none on holidays
FLOW_TEXTS: Final = 3

_NO_MOMENTS: Final = np.empty(0, dtype=np.int64)
_NO_CODES: Final = np.empty(0, dtype=np.int8)
_NO_VERDICTS: Final = VerdictArrays(
    known_s=_NO_MOMENTS, score=np.empty(0), direction=_NO_CODES, event_code=_NO_CODES
)
_NO_ALERTS: Final = AlertArrays(
    known_s=_NO_MOMENTS, starts_s=_NO_MOMENTS, ends_s=_NO_MOMENTS, severity=_NO_CODES
)
_NO_TEXTS: Final = TextArrays(known_s=_NO_MOMENTS, signs=np.empty((0, EMBEDDING_DIMS), dtype=np.int64))


class NewsSource:
    """Reads the news of a whole build at once and gives each month its columns.

    A month reads the span of its longest column before it and 3 days more (15 in the simulated market), which tell
    whether news flowed; the intensity reads 30 days more. An alert that is in force counts however old it is.
    """

    def __init__(self, scope: BuildScope, specs: tuple[FeatureSpec, ...]) -> None:
        self._specs = specs
        self._about, self._column = zip(*(spec.kernel.split(".") for spec in specs), strict=True)
        self._places = {
            about: np.flatnonzero(np.array(self._about) == about) for about in ("share", "sector", "market")
        }
        self._facts = {facts.secid: facts for facts in scope.universe}
        self._span_s = int(60 * max(spec.parameters["span_min"] for spec in specs))
        simulated = scope.is_simulated
        self._stretch_s = DAY_S * (SIMULATED_FLOW_DAYS if simulated else FLOW_DAYS)
        verdicts_s = scope.since_s - self._span_s
        flow_s = verdicts_s - self._stretch_s
        told = scope.facts.news(
            NewsSpan(
                texts_s=flow_s - INTENSITY_DAYS * DAY_S * ("intensity" in self._column),
                readings_s=flow_s,
                verdicts_s=verdicts_s,
                until_s=scope.until_s + 60 * scope.timeframe.minutes,  # a bar is known at its end
                as_of=scope.as_of,
                simulated=simulated,
                words="embedding" in self._column,
            )
        )
        self._known_s, self._read_s = told.known_s, told.read_s
        self._verdicts, self._alerts = told.verdicts, told.alerts
        self._texts = _texts(told.texts)

    def month_columns(self, month: MonthScope) -> Mapping[str, F64]:
        """Return by ticker the values at the month's bars; nobody's where no news flowed.

        Shapes: (rows, k), in the order of the specs.
        NaN:    where news did not flow through the whole span; for the sector's columns where no sector is known;
            for the intensity where the 30 days before had nothing.
        Causal: row t reads what was known at `known_s[t]`.
        """
        known = {secid: bars.known_s for secid, bars in month.bars.items() if bars.rows}
        if not known:
            return {}
        moments_s = np.unique(np.concatenate(list(known.values())))
        flows = self._flows(moments_s)
        if not flows.any():
            return {}
        shared = self._shared(moments_s, flows)
        found: dict[str, F64] = {}
        for secid, own_s in known.items():
            rows = np.searchsorted(moments_s, own_s)
            found[secid] = shared[self._facts[secid].sector][rows]
            self._fill_share(found[secid], self._facts[secid].id, own_s)
        return found

    def _flows(self, moments_s: I64) -> Bools:
        """For each column whether news flowed through its span."""
        texts_since_s = flow_since(moments_s, self._known_s, self._stretch_s, FLOW_TEXTS)
        read_since_s = flow_since(moments_s, self._read_s, self._stretch_s, FLOW_TEXTS)
        flows = np.empty((moments_s.size, len(self._specs)), dtype=np.bool_)
        for j, (spec, column) in enumerate(zip(self._specs, self._column, strict=True)):
            span_s = int(60 * spec.parameters["span_min"])
            if column == "intensity":
                flows[:, j] = texts_since_s <= moments_s - span_s - INTENSITY_DAYS * DAY_S
            else:
                flows[:, j] = read_since_s <= moments_s - span_s
        return flows

    def _shared(self, moments_s: I64, flows: Bools) -> dict[str, F64]:
        """By sector the columns of the market and the sector, and 0 for a share of which nothing is told."""
        plain = np.zeros(flows.shape)
        market = self._seen(moments_s, self._verdicts.market, self._alerts.market, None)
        plain[:, self._places["market"]] = self._columns("market", market)
        plain[:, self._places["sector"]] = np.nan
        plain[~flows] = np.nan
        shared = {"": plain}
        for sector in {facts.sector for facts in self._facts.values()} - {""}:
            told = self._seen(
                moments_s, self._verdicts.sectors.get(sector), self._alerts.sectors.get(sector), None
            )
            shared[sector] = plain.copy()
            shared[sector][:, self._places["sector"]] = self._columns("sector", told)
            shared[sector][~flows] = np.nan
        return shared

    def _fill_share(self, out: F64, instrument_id: int, own_s: I64) -> None:
        """Put in what is told of the share, at the bars where anything is; the others hold 0 or NaN already."""
        told = self._seen(
            own_s,
            self._verdicts.instruments.get(instrument_id),
            self._alerts.instruments.get(instrument_id),
            self._texts.get(instrument_id),
        )
        rows = np.flatnonzero(told.anything(self._span_s))
        if rows.size:
            place = np.ix_(rows, self._places["share"])
            out[place] = np.where(np.isnan(out[place]), np.nan, self._columns("share", told.at(rows)))

    def _columns(self, about: str, seen: TargetNews) -> F64:
        """The columns about one kind of target, in the order of their places."""
        values = np.empty((seen.moments_s.size, self._places[about].size))
        for column, j in enumerate(self._places[about]):
            values[:, column] = COLUMNS[self._column[j]](seen, **self._specs[j].parameters)
        return values

    def _seen(
        self,
        moments_s: I64,
        verdicts: VerdictArrays | None,
        alerts: AlertArrays | None,
        texts: TextArrays | None,
    ) -> TargetNews:
        """Leave out what can count at none of the moments."""
        since_s, until_s = int(moments_s[0]) - self._span_s, int(moments_s[-1])
        return TargetNews(
            moments_s=moments_s,
            verdicts=_verdicts_within(verdicts or _NO_VERDICTS, since_s, until_s),
            alerts=_alerts_within(alerts or _NO_ALERTS, since_s, until_s),
            texts=_texts_within(texts or _NO_TEXTS, since_s, until_s),
            known_s=self._known_s,
        )


def _within(known_s: I64, since_s: int, until_s: int) -> slice:
    first, stop = np.searchsorted(known_s, [since_s, until_s], side="right")
    return slice(int(first), int(stop))


def _verdicts_within(verdicts: VerdictArrays, since_s: int, until_s: int) -> VerdictArrays:
    part = _within(verdicts.known_s, since_s, until_s)
    return VerdictArrays(
        known_s=verdicts.known_s[part],
        score=verdicts.score[part],
        direction=verdicts.direction[part],
        event_code=verdicts.event_code[part],
    )


def _alerts_within(alerts: AlertArrays, since_s: int, until_s: int) -> AlertArrays:
    there = (alerts.known_s <= until_s) & ((alerts.known_s > since_s) | (alerts.ends_s > since_s))
    return AlertArrays(
        known_s=alerts.known_s[there],
        starts_s=alerts.starts_s[there],
        ends_s=alerts.ends_s[there],
        severity=alerts.severity[there],
    )


def _texts_within(texts: TextArrays, since_s: int, until_s: int) -> TextArrays:
    part = _within(texts.known_s, since_s, until_s)
    return TextArrays(known_s=texts.known_s[part], signs=texts.signs[part])


def _texts(linked: Iterable[LinkedText]) -> dict[int, TextArrays]:
    """By instrument the projections of its texts; a text about several is read once."""
    found: dict[int, list[tuple[int, I64]]] = {}
    newest: tuple[int, I64] | None = None
    for text in linked:
        if newest is None or newest[0] != text.item_id:
            newest = (text.item_id, text_signs(text.text))
        found.setdefault(text.instrument_id, []).append((text.known_s, newest[1]))
    made = {}
    for instrument_id, rows in found.items():
        rows.sort(key=lambda row: row[0])
        made[instrument_id] = TextArrays(
            known_s=np.array([row[0] for row in rows], dtype=np.int64),
            signs=np.stack([row[1] for row in rows]),
        )
    return made
