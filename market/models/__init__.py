"""Tables of the market app."""

from market.models.calendar import CalendarDay, Session, TradingDay
from market.models.candles import Candle, CandleCoverage, CandleDisagreement, CandleSource
from market.models.changes import MarketChange
from market.models.corporate import CorporateAction
from market.models.flow import OrderBookStatistic, TradeStatistic
from market.models.fundamentals import EconomicEvent, FundamentalMetric, MacroSeries, MacroValue
from market.models.news import NewsItem, NewsLink, NewsSource, NewsTrigger, RiskAlert
from market.models.quality import DataQualityReport, IngestionRun, QuarantinedRow
from market.models.reference import (
    IndexMember,
    IndexWeight,
    Instrument,
    InstrumentBoard,
    InstrumentTerms,
    TickerChange,
)

__all__ = [
    "CalendarDay",
    "Candle",
    "CandleCoverage",
    "CandleDisagreement",
    "CandleSource",
    "CorporateAction",
    "DataQualityReport",
    "EconomicEvent",
    "FundamentalMetric",
    "IndexMember",
    "IndexWeight",
    "IngestionRun",
    "Instrument",
    "InstrumentBoard",
    "InstrumentTerms",
    "MacroSeries",
    "MacroValue",
    "MarketChange",
    "NewsItem",
    "NewsLink",
    "NewsSource",
    "NewsTrigger",
    "OrderBookStatistic",
    "QuarantinedRow",
    "RiskAlert",
    "Session",
    "TickerChange",
    "TradeStatistic",
    "TradingDay",
]
