"""The benchmark of a portfolio of 50 positions: three years of daily bars, a signal of each, limits that are broken."""

from __future__ import annotations

from datetime import datetime, timedelta

from market.models import Instrument
from modeling.selectors.label_sets import barrier_set_get
from portfolio.risk_contracts import AskedPosition, PortfolioQuestion
from portfolio.services.analyze import portfolio_analyze
from tests.benchmarks.bench_routes import p95_ms
from tests.benchmarks.figures import Figure
from tests.portfolio.daily_market import say, store, walk, weekdays
from traderai.common import clock
from traderai.common.clock import MOSCOW

POSITIONS, DAYS, ANSWERS = 50, 780, 100
SECTORS = ("finance", "metals", "oil_gas", "it", "retail")


def portfolio_analysis() -> list[Figure]:
    now = clock.now().astimezone(MOSCOW)
    portfolio_make(now)
    positions = tuple(
        AskedPosition(
            secid=f"PF{number:02}", qty=20 + 3 * number, qty_unit="lots", side="long", avg_price_rub=90.0
        )
        for number in range(POSITIONS)
    )
    heavy = PortfolioQuestion(positions=positions, capital_rub=4_000_000.0, profile="cautious")
    # Half of the capital is in positions, none of them above its limit.
    light = PortfolioQuestion(positions=positions, capital_rub=10_000_000.0, profile="bold")
    verdicts = {
        question.profile: portfolio_analyze(question=question, now=now).proposals["verdict"]
        for question in (heavy, light)
    }
    assert verdicts == {"cautious": "rebalance", "bold": "no_change"}, verdicts

    def analyse(question: PortfolioQuestion) -> None:
        assert len(portfolio_analyze(question=question, now=now).positions) == POSITIONS

    return [
        Figure(
            what=f"{POSITIONS} positions analysed, outside their limits, p95",
            value=p95_ms(lambda _: analyse(heavy), answers=ANSWERS),
            unit="ms",
            below=300.0,
        ),
        Figure(
            what=f"{POSITIONS} positions analysed, inside their limits, p95",
            value=p95_ms(lambda _: analyse(light), answers=ANSWERS),
            unit="ms",
            below=300.0,
        ),
    ]


def portfolio_make(now: datetime) -> None:
    """Store the shares with their daily bars and signals, and IMOEX where the route before has not left one."""
    horizon = barrier_set_get(name="swing_v1").horizons[0]
    days = weekdays(DAYS, last=(now - timedelta(days=1)).date())
    for number in range(POSITIONS):
        secid = f"PF{number:02}"
        store(secid, days, walk(number, DAYS), sector=SECTORS[number % len(SECTORS)])
        say(secid, "HOLD", horizon=horizon, at=now)
    if not Instrument.objects.filter(secid="IMOEX").exists():
        store("IMOEX", days, 30 * walk(99, DAYS, deviation=0.008), kind="index", sector="")
