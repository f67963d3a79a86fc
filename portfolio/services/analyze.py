"""The answer about a portfolio: what to do with each position, the risk of the whole, and what would mend it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from market.contracts import DividendAhead, InstrumentFacts
from market.selectors.dividends import dividends_ahead
from market.selectors.instruments import instrument_list
from modeling.selectors.configuration import policy_get
from portfolio.kernels.advice import PositionState, SignalWord, advice_of, stance_of, stop_distance_frac
from portfolio.risk_contracts import (
    AdvisedPosition,
    PortfolioAnalysis,
    PortfolioQuestion,
    PortfolioRules,
    Told,
)
from portfolio.selectors.rules import portfolio_rules_get
from portfolio.services.asked import positions_check, priceless, refusals_raise
from portfolio.services.book import Book, book_of, panel_get
from portfolio.services.measure import (
    exit_days_of,
    exposure_of,
    liquidity_of,
    risk_of,
    sectors_of,
    stress_of,
)
from portfolio.services.propose import Plan, plan_of, proposals_of, signal_word, swaps_of
from portfolio.words import told
from signals.contracts import SignalFacts
from signals.explain import spoken_language
from signals.kernels.freshness import data_age_s, reading_warnings
from signals.selectors.configuration import asked_for
from signals.selectors.stored import proven_buys, reading_of, signals_newest
from traderai.common.arrays import F64
from traderai.common.clock import MOSCOW, from_epoch_s
from traderai.common.errors import FieldProblem, InputError, did_you_mean

_MOST_PAIRS = 5
_WHOLE_HISTORY_FRAC = 0.8  # of the history wanted; from there on nothing is said of its length


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Desk:
    """Everything that was read and reckoned, on its way into words."""

    book: Book
    plan: Plan | None
    signals: dict[int, SignalFacts]
    words: list[SignalWord | None]
    dividends: dict[int, tuple[DividendAhead, ...]]
    exit_days: F64
    exit_days_limit: float
    risk: dict[str, Any] | None
    base_rub: float
    rules: PortfolioRules
    as_of: datetime
    timeframe: str
    horizon: str
    language: str


def portfolio_analyze(*, question: PortfolioQuestion, now: datetime) -> PortfolioAnalysis:
    """Return the analysis of the positions asked about by what is known now; stores nothing, asking again is free.

    Raises: FieldsError that names each position that cannot be analysed, unless `partial` is asked for; InputError for
    none or too many positions, a capital that is not above 0, an unknown profile or a horizon not in service.
    """
    rules = portfolio_rules_get()
    _check_question(question, rules)
    checked = positions_check(
        asked=question.positions,
        short_on=None if question.is_saved else now.astimezone(MOSCOW).date(),
        max_positions=rules.max_positions,
        partial=question.partial,
    )
    instruments = tuple(one.instrument for one in checked.held)
    panel, index = panel_get(instruments=instruments, as_of=now, rules=rules)
    priced = np.isfinite(panel.price_rub[: len(instruments)])
    if not priced.all():
        no_price = tuple(priceless(one) for one, own in zip(checked.held, priced, strict=True) if not own)
        left = tuple(one for one, own in zip(checked.held, priced, strict=True) if own)
        checked = refusals_raise(left, (*checked.refused, *no_price), partial=question.partial)
        panel, index = panel_get(instruments=[one.instrument for one in left], as_of=now, rules=rules)
    book = book_of(held=checked.held, panel=panel, index=index, rules=rules)
    if question.cash_rub is not None:
        worth_rub = question.cash_rub + float(book.value_rub.sum())
        question = replace(question, capital_rub=worth_rub if worth_rub > 0.0 else None)
    return _answer(_desk(book, question, rules, now), question, checked.refused)


def _check_question(question: PortfolioQuestion, rules: PortfolioRules) -> None:
    capital = question.capital_rub
    if capital is not None and not 0.0 < capital < float("inf"):
        raise InputError(
            f"capital must be above 0, was {capital:g}; leave it out if it is not known", field="capital"
        )
    if question.profile not in rules.profiles:
        raise InputError(
            f"risk_profile must be one of {', '.join(rules.profiles)}, was {question.profile!r}"
            f"{did_you_mean(question.profile, rules.profiles)}",
            field="risk_profile",
        )


def _desk(book: Book, question: PortfolioQuestion, rules: PortfolioRules, now: datetime) -> _Desk:
    timeframe, horizon = asked_for(timeframe=None, horizon=question.horizon)
    profile = rules.profiles[question.profile]
    plan = None
    if question.capital_rub is not None:
        plan = plan_of(book, profile, rules, capital_rub=question.capital_rub)
    instruments = [one.instrument for one in book.held]
    signals = signals_newest(instruments=instruments, timeframe=timeframe, horizon=horizon, as_of=now)
    words = [_word(signals.get(facts.id), now) for facts in instruments]
    day = now.astimezone(MOSCOW).date()
    base_rub = question.capital_rub or book.gross_rub
    return _Desk(
        book=book,
        plan=plan,
        signals=signals,
        words=words,
        dividends=dividends_ahead(
            instruments=instruments,
            as_of=now,
            after=day,
            until=day + timedelta(days=rules.dividend_days_ahead),
        ),
        exit_days=exit_days_of(book, rules),
        exit_days_limit=profile.exit_days,
        risk=risk_of(book, base_rub),
        base_rub=base_rub,
        rules=rules,
        as_of=now,
        timeframe=timeframe,
        horizon=horizon,
        language=spoken_language(question.language),
    )


def _word(signal: SignalFacts | None, now: datetime) -> SignalWord | None:
    if signal is None:
        return None
    warnings = _warnings(signal, now)
    return signal_word(signal, is_stale="stale_data" in warnings, as_of=now)


def _warnings(signal: SignalFacts, now: datetime) -> tuple[str, ...]:
    return reading_warnings(
        reading_of(signal),
        stored=signal.payload["warnings"],
        moment=now,
        max_data_age_s=policy_get().max_data_age_s,
    )


def _answer(desk: _Desk, question: PortfolioQuestion, refused: tuple[FieldProblem, ...]) -> PortfolioAnalysis:
    book = desk.book
    swaps = swaps_of(book, desk.plan, desk.words, _buys(desk), desk.rules)
    return PortfolioAnalysis(
        as_of=desk.as_of,
        profile=question.profile,
        capital_rub=question.capital_rub,
        weights_of="gross" if question.capital_rub is None else "capital",
        positions=tuple(_view(desk, at) for at in range(len(book.held))),
        refused=tuple(
            {"field": problem.field, "code": problem.code, "detail": problem.detail} for problem in refused
        ),
        exposure=exposure_of(book, question.capital_rub),
        sectors=sectors_of(book, desk.base_rub),
        risk=desk.risk,
        stress=stress_of(book, desk.base_rub, desk.rules),
        liquidity=liquidity_of(book, desk.exit_days, desk.rules),
        proposals=proposals_of(book, desk.plan, swaps),
        warnings=_told_warnings(desk, refused),
    )


def _buys(desk: _Desk) -> dict[str, tuple[InstrumentFacts, SignalFacts]]:
    """Return the proven BUYs of active shares that may still be entered; as long as no model is proven, none."""
    timeframe, horizon = desk.timeframe, desk.horizon
    ids = set(proven_buys(timeframe=timeframe, horizon=horizon, as_of=desk.as_of))
    if not ids:
        return {}
    instruments = {facts.id: facts for facts in instrument_list() if facts.id in ids}
    newest = signals_newest(
        instruments=list(instruments.values()), timeframe=timeframe, horizon=horizon, as_of=desk.as_of
    )
    return {
        instruments[key].secid: (instruments[key], signal)
        for key, signal in newest.items()
        if signal.proven
        and signal.action == "BUY"
        and not {"stale_data", "expired"} & set(_warnings(signal, desk.as_of))
    }


def _view(desk: _Desk, at: int) -> AdvisedPosition:
    book, one = desk.book, desk.book.held[at]
    facts, value = one.instrument, float(book.value_rub[at])
    price, is_long = float(book.panel.price_rub[at]), one.side == "long"
    dividends, signal = desk.dividends.get(facts.id), desk.signals.get(facts.id)
    advice = advice_of(_state(desk, at))
    days = float(desk.exit_days[at])
    pnl = None if one.avg_price_rub is None else value - np.sign(value) * one.qty_shares * one.avg_price_rub
    return AdvisedPosition(
        secid=facts.secid,
        name=facts.name_ru if desk.language == "ru" else facts.name_en,
        sector=facts.sector,
        side=one.side,
        qty_shares=one.qty_shares,
        lots=one.lots,
        odd_shares=one.odd_shares,
        lot_size=facts.lot_size,
        avg_price_rub=one.avg_price_rub,
        price_rub=price,
        price_as_of=from_epoch_s(int(book.panel.price_known_s[at])),
        price_is_stale=bool(book.is_stale[at]),
        value_rub=value,
        weight_frac=value / desk.base_rub,
        pnl_rub=None if pnl is None else float(pnl),
        pnl_frac=None if pnl is None else float(pnl) / (one.qty_shares * (one.avg_price_rub or 1.0)),
        stop_rub=one.stop_rub,
        stop_distance_frac=stop_distance_frac(price, one.stop_rub, is_long=is_long),
        exit_days=days if np.isfinite(days) else None,
        beta=float(book.beta[at]) if np.isfinite(book.beta[at]) else None,
        risk_share_frac=_risk_share(desk, facts.secid),
        dividend_ex_date=dividends[0].ex_date if dividends else None,
        signal=None if signal is None else _signal_view(signal, desk.as_of),
        stance=stance_of(desk.words[at], is_long=is_long),
        action=advice.action,
        basis=advice.basis,
        reasons=tuple(told(reason.code, reason.params, language=desk.language, decimals=facts.decimals)
                      for reason in advice.reasons),
    )  # fmt: skip


def _state(desk: _Desk, at: int) -> PositionState:
    book, one, plan = desk.book, desk.book.held[at], desk.plan
    dividends = desk.dividends.get(one.instrument.id)
    return PositionState(
        is_long=one.side == "long",
        price_rub=float(book.panel.price_rub[at]),
        price_is_stale=bool(book.is_stale[at]),
        avg_price_rub=one.avg_price_rub,
        stop_rub=one.stop_rub,
        stop_near_frac=desk.rules.stop_near_frac,
        exit_days=float(desk.exit_days[at]),
        exit_days_limit=desk.exit_days_limit,
        lots=one.lots,
        cut_lots=0 if plan is None else int(plan.rebalancing.traded_lots[at]),
        broken=() if plan is None else plan.broken_by(at),
        room_lots=None if plan is None else int(plan.room[at]),
        signal=desk.words[at],
        dividend_in_days=_days_until(dividends, desk.as_of) if dividends else None,
    )


def _days_until(dividends: tuple[DividendAhead, ...], as_of: datetime) -> int:
    ahead: date = dividends[0].ex_date
    return (ahead - as_of.astimezone(MOSCOW).date()).days


def _risk_share(desk: _Desk, secid: str) -> float | None:
    parts = [] if desk.risk is None else desk.risk["contributions"]
    return next((part["share_frac"] for part in parts if part["secid"] == secid), None)


def _signal_view(signal: SignalFacts, now: datetime) -> dict[str, Any]:
    return {
        "action": signal.action,
        "proven": signal.proven,
        "confidence": signal.confidence,
        "stop_loss": signal.payload["decision"]["stop_loss_rub"],
        "as_of": signal.as_of,
        "valid_until": signal.valid_until,
        "data_age_seconds": data_age_s(reading_of(signal), moment=now),
        "warnings": _warnings(signal, now),
    }


def _told_warnings(desk: _Desk, refused: tuple[FieldProblem, ...]) -> tuple[Told, ...]:
    book = desk.book
    found: list[tuple[str, dict[str, Any]]] = []
    if desk.plan is None:
        found.append(("capital_needed", {}))
    if refused:
        found.append(("positions_refused", {"count": len(refused)}))
    if stale := _named(book, book.is_stale.tolist()):
        found.append(("prices_stale", {"secids": stale}))
    if desk.risk is None:
        found.append(("risk_unknown", {"days": desk.rules.min_history_days}))
    elif desk.risk["left_out"]:
        out = ", ".join(row["secid"] for row in desk.risk["left_out"])
        found.append(("risk_leaves_out", {"secids": out, "days": desk.rules.min_history_days}))
    if shortened := _shortened(desk):
        found.append(
            ("history_shortened", {"secids": shortened, "days": desk.risk["days"] if desk.risk else 0})
        )
    found += _diversification(desk)
    if book.index_column is None:
        found.append(("no_index", {"secids": desk.rules.index_secid}))
    if simulated := _named(book, [one.instrument.is_simulated for one in book.held]):
        found.append(("simulated", {"secids": simulated}))
    if not any(signal.proven for signal in desk.signals.values()):
        found.append(("nothing_proven", {}))
    return tuple(told(code, params, language=desk.language, decimals=2) for code, params in found)


def _shortened(desk: _Desk) -> str:
    """Return the shares that make the common history much shorter than it could be."""
    enough = min(desk.rules.history_days * _WHOLE_HISTORY_FRAC, len(desk.book.returns))
    if desk.risk is None or desk.risk["days"] >= enough:
        return ""
    known = np.isfinite(desk.book.returns).sum(axis=0)
    return _named(desk.book, (desk.book.common.kept & (known < enough)).tolist())


def _diversification(desk: _Desk) -> list[tuple[str, dict[str, Any]]]:
    """Return what is to be said of positions that are less apart than they look."""
    risk, rules = desk.risk, desk.rules
    if risk is None or len(risk["contributions"]) < 2:
        return []
    found: list[tuple[str, dict[str, Any]]] = []
    largest = max(risk["contributions"], key=lambda row: row["share_frac"])
    if largest["share_frac"] >= rules.risk_in_one_from_frac:
        found.append(("risk_in_one", {"secids": largest["secid"], "risk_frac": largest["share_frac"]}))
    secids, matrix = risk["correlation"]["secids"], np.array(risk["correlation"]["matrix"])
    rows, columns = np.nonzero(np.triu(matrix, 1) >= rules.correlated_from)
    if rows.size:
        closest = np.argsort(-matrix[rows, columns], kind="stable")[:_MOST_PAIRS]
        pairs = ", ".join(f"{secids[rows[at]]}–{secids[columns[at]]}" for at in closest)
        found.append(("moves_together", {"secids": pairs}))
    bets = risk["concentration"]["effective_bets"]
    if len(secids) >= rules.few_bets_from_positions and bets is not None and bets < rules.few_bets_below:
        found.append(("few_bets", {"positions": len(secids), "bets_times": bets}))
    return found


def _named(book: Book, which: list[bool]) -> str:
    return ", ".join(one.instrument.secid for one, own in zip(book.held, which, strict=True) if own)
