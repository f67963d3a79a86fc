"""Every fundamental feature a second time, slowly: plain loops over the stored rows, written from the formulas."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, TypeAlias

from market.fundamentals_config import fundamentals_config
from market.models import Candle, CorporateAction, FundamentalMetric, Instrument, MacroValue
from traderai.common.clock import MOSCOW

Slow: TypeAlias = Callable[["SlowCompanies", str, date], float]
NAN = math.nan
REPORTED = ("revenue", "profit", "ebitda", "equity", "net_debt")
FLOWS = ("revenue", "profit", "ebitda")


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=MOSCOW)


def divided(upper: float, lower: float) -> float:
    return upper / lower if lower > 0 else NAN


def change(now: float, before: float) -> float:
    return 200 * divided(now - before, abs(now) + abs(before))


class Figure(NamedTuple):
    """One stored figure."""

    metric: str
    period: str
    period_end: date
    value: float
    known_at: datetime


class SlowCompanies:
    """All rows of the database, asked one share and one midnight at a time."""

    def __init__(self, *, timeframe_min: int = 1440) -> None:
        self.sector = dict(Instrument.objects.values_list("secid", "sector"))
        self.figures: Any = defaultdict(list)
        rows = FundamentalMetric.objects.order_by("known_at", "period_end", "source")
        for told in rows.values_list(
            "instrument__secid", "metric", "period", "period_end", "value", "known_at"
        ):
            self.figures[told[:2]].append(Figure(*told[1:]))
        self.closes: Any = defaultdict(list)
        self.first_known: dict[str, datetime] = {}
        candles = Candle.objects.order_by("begin")
        for secid, minutes, begin, close in candles.values_list(
            "instrument__secid", "timeframe_min", "begin", "close"
        ):
            known_at = begin + timedelta(minutes=minutes)
            if minutes == 1440:
                self.closes[secid].append((known_at, begin.astimezone(MOSCOW).date(), close))
            if minutes == timeframe_min:
                self.first_known.setdefault(secid, known_at)
        self.splits: Any = defaultdict(list)
        self.dividends: Any = defaultdict(list)
        for row in CorporateAction.objects.order_by("ex_date").select_related("instrument"):
            (self.splits if row.kind == "split" else self.dividends)[row.instrument.secid].append(row)
        self.rates = list(MacroValue.objects.filter(series__code="key_rate").order_by("date", "known_at"))
        self.memo: dict[Any, Any] = {}

    def once(self, key: Any, make: Callable[[], Any]) -> Any:
        if key not in self.memo:
            self.memo[key] = make()
        return self.memo[key]

    # -- reports ------------------------------------------------------------------------------------------------

    def known(self, secid: str, metric: str, moment: datetime) -> list[Any]:
        if metric not in {"market_cap", "shares"}:
            secid = fundamentals_config().reports_of.get(secid, secid)
        return [row for row in self.figures[secid, metric] if row.known_at <= moment]

    def quarters(self, secid: str, metric: str, moment: datetime) -> dict[int, tuple[float, date, int]]:
        """Return by quarter the figure (of a flow: of twelve months), its period's end and its lag in days."""
        return self.once((secid, metric, moment), lambda: self._quarters(secid, metric, moment))

    def _quarters(self, secid: str, metric: str, moment: datetime) -> dict[int, tuple[float, date, int]]:
        years: dict[int, Any] = {}
        parts: dict[int, Any] = {}
        for row in self.known(secid, metric, moment):
            number = row.period_end.year * 4 + (row.period_end.month - 1) // 3
            is_year = len(row.period) == 4
            lag = 120 if is_year or row.period.endswith("Q4") else 60
            (years if is_year else parts)[number] = (row.value, row.period_end, lag)
        if metric not in FLOWS:
            return parts | years
        sums = {}
        for number in parts:
            if all(number - back in parts for back in range(4)):
                total = sum(parts[number - back][0] for back in range(4))
                sums[number] = (total, parts[number][1], parts[number][2])
        return sums | years

    def newest(self, secid: str, metric: str, day: date) -> tuple[int, float, date] | None:
        table = self.quarters(secid, metric, midnight(day))
        if not table:
            return None
        number = max(table)
        value, end, lag = table[number]
        return (number, value, end) if day < end + timedelta(days=lag + 420) else None

    def value(self, secid: str, metric: str, day: date, *, back: int = 0) -> float:
        """Return the newest figure, or the one so many quarters before it."""
        newest = self.newest(secid, metric, day)
        if newest is None:
            return NAN
        return self.quarters(secid, metric, midnight(day)).get(newest[0] - back, (NAN,))[0]

    def before(self, secid: str, metric: str, day: date) -> tuple[int, float]:
        newest = self.newest(secid, metric, day)
        if newest is not None:
            for back in range(1, 5):
                value = self.value(secid, metric, day, back=back)
                if not math.isnan(value):
                    return newest[0] - back, value
        return -1, NAN

    def ratio_step(self, secid: str, upper: str, lower: str, day: date) -> float:
        now = [self.newest(secid, metric, day) for metric in (upper, lower)]
        if now[0] is None or now[1] is None or now[0][0] != now[1][0]:
            return NAN
        then = [self.before(secid, metric, day) for metric in (upper, lower)]
        if then[0][0] != then[1][0]:
            return NAN
        return divided(now[0][1], now[1][1]) - divided(then[0][1], then[1][1])

    def report_age(self, secid: str, day: date) -> float:
        found = {metric: self.newest(secid, metric, day) for metric in REPORTED}
        ends = [one[2] for one in found.values() if one is not None]
        if not ends:
            return NAN
        began = []
        for metric, one in found.items():
            if one is None or one[2] != max(ends):
                continue
            moments = [row.known_at for row in self.known(secid, metric, midnight(day))]
            began += [min(at for at in moments if one[0] in self.quarters(secid, metric, at))]
        whole_s = math.ceil(min(began).timestamp())
        return (int(midnight(day).timestamp()) - whole_s) // 86_400

    def quarter_growth(self, secid: str, day: date) -> float:
        parts = {
            row.period: row for row in self.known(secid, "profit", midnight(day)) if len(row.period) == 6
        }
        if not parts:
            return NAN
        name = max(parts)
        base = parts.get(f"{int(name[:4]) - 1}{name[4:]}")
        lag = 120 if name.endswith("Q4") else 60
        if base is None or base.value <= 0 or day >= parts[name].period_end + timedelta(days=lag + 420):
            return NAN
        return 100 * (parts[name].value / base.value - 1)

    # -- prices and multiples -----------------------------------------------------------------------------------

    def factor(self, secid: str, day: date, *, known_by: datetime | None = None) -> float:
        product = 1.0
        for split in self.splits[secid]:
            if split.ex_date <= day and (known_by is None or split.known_at <= known_by):
                product *= split.shares_after_per_before
        return product

    def price(self, secid: str, moment: datetime) -> float:
        """Return the newest close on the scale of the first shares."""
        return self.once(("price", secid, moment), lambda: self._price(secid, moment))

    def _price(self, secid: str, moment: datetime) -> float:
        for known_at, day, close in reversed(self.closes[secid]):
            if known_at <= moment:
                return close * self.factor(secid, day) if moment - known_at <= timedelta(days=45) else NAN
        return NAN

    def count(self, secid: str, day: date) -> float:
        """Return shares of the class on the scale of the first shares."""
        moment = midnight(day)
        caps, issued = (self.known(secid, metric, moment) for metric in ("market_cap", "shares"))
        newest = max([*caps, *issued], key=lambda row: row.known_at, default=None)
        if newest is None or day >= newest.period_end + timedelta(days=421):
            return NAN
        if newest.metric == "shares":
            return newest.value / self.factor(secid, newest.known_at.astimezone(MOSCOW).date())
        counts = [divided(row.value, self.price(secid, row.known_at)) for row in caps[-21:]]
        counts = [one for one in counts if not math.isnan(one)]
        return statistics.median(counts) if counts else NAN

    def cap(self, secid: str, day: date) -> float:
        return self.once(
            ("cap", secid, day), lambda: self.count(secid, day) * self.price(secid, midnight(day))
        )

    def worth(self, secid: str, day: date) -> float:
        config = fundamentals_config()
        if secid in config.unlisted_shares:
            return NAN
        return self.cap(secid, day) * config.company_shares_per_share.get(secid, 1.0)

    def pe(self, secid: str, day: date) -> float:
        return divided(self.worth(secid, day), self.value(secid, "profit", day))

    def pb(self, secid: str, day: date) -> float:
        return divided(self.worth(secid, day), self.value(secid, "equity", day))

    def ev_ebitda(self, secid: str, day: date) -> float:
        worth = self.worth(secid, day) + self.value(secid, "net_debt", day)
        return divided(worth, self.value(secid, "ebitda", day))

    def share_of(self, secid: str, upper: str, lower: str, day: date) -> float:
        return divided(self.value(secid, upper, day), self.value(secid, lower, day))

    def earnings_yield(self, secid: str, day: date) -> float:
        pe = self.pe(secid, day)
        if not math.isnan(pe):
            return 100 / pe
        return divided(100 * self.share_of(secid, "profit", "equity", day), self.pb(secid, day))

    def sanction(self, secid: str, day: date) -> float:
        rows = self.known(secid, "sanction_score", midnight(day))
        if not rows or day >= rows[-1].period_end + timedelta(days=421):
            return NAN
        return rows[-1].value

    # -- dividends ----------------------------------------------------------------------------------------------

    def paid(self, secid: str, day: date) -> list[tuple[int, float]]:
        """Return (age in days, amount on the scale of the first shares) of the known dividends; ages may be negative."""
        moment = midnight(day)
        return [
            ((day - row.ex_date).days, row.amount_rub * self.factor(secid, row.ex_date, known_by=moment))
            for row in self.dividends[secid]
            if row.known_at <= moment
        ]

    def dividend_yield(self, secid: str, day: date) -> float:
        moment = midnight(day)
        begun = [r for r in self.dividends[secid] if max(r.known_at, midnight(r.ex_date)) <= moment]
        if not begun:
            return NAN
        total = sum(
            row.amount_rub * self.factor(secid, row.ex_date)
            for row in begun
            if moment < midnight(row.ex_date) + timedelta(days=365)
        )
        return 100 * divided(total, self.price(secid, moment))

    def next_age(self, secid: str, day: date) -> float:
        return max((age for age, _ in self.paid(secid, day) if age < 0), default=NAN)

    def announced_yield(self, secid: str, day: date) -> float:
        paid = self.paid(secid, day)
        if not paid:
            return NAN
        total = sum(amount for age, amount in paid if age == self.next_age(secid, day))
        return 100 * divided(total, self.price(secid, midnight(day)))

    def past(self, secid: str, day: date) -> list[tuple[int, float]]:
        return [one for one in self.paid(secid, day) if one[0] >= 0]

    def paid_years(self, secid: str, day: date) -> float:
        ages = [age for age, _ in self.past(secid, day)]
        years = min(max(ages, default=0) // 365, 5)
        if years < 2:
            return NAN
        return sum(any(365 * n <= age < 365 * (n + 1) for age in ages) for n in range(years)) / years

    def dividend_change(self, secid: str, day: date) -> float:
        past = self.past(secid, day)
        if max((age for age, _ in past), default=0) < 730:
            return NAN
        newer = sum(amount for age, amount in past if age < 365)
        older = sum(amount for age, amount in past if 365 <= age < 730)
        return change(newer, older)

    # -- the key rate and the scores ----------------------------------------------------------------------------

    def rate(self, day: date, *, back: int = 0) -> float:
        moment = midnight(day - timedelta(days=back))
        known = [row.value for row in self.rates if row.known_at <= moment]
        return known[-1] if known else NAN

    def is_peer(self, secid: str, day: date) -> bool:
        moment = midnight(day)
        begun = secid in self.first_known and self.first_known[secid] <= moment
        return begun and not math.isnan(self.price(secid, moment))

    def z(self, name: str, secid: str, day: date) -> float:
        mine = self.feature(name, secid, day)
        peers = [one for one in self.sector if self.sector[one] == self.sector[secid] and self.sector[secid]]
        for group in (peers, list(self.sector)):
            values = [self.feature(name, one, day) for one in group if self.is_peer(one, day)]
            values = [one for one in values if not math.isnan(one)]
            if len(values) >= 4:
                break
        else:
            return NAN
        middle = statistics.median(values)
        distances = [abs(one - middle) for one in values]
        spread = 1.4826 * statistics.median(distances) or 1.253314 * statistics.fmean(distances)
        return (mine - middle) / spread if spread > 0 else NAN

    def feature(self, name: str, secid: str, day: date) -> float:
        return self.once((name, secid, day), lambda: GOLDEN[name](self, secid, day))

    def score(self, secid: str, day: date, **weights: float) -> float:
        zs = {name: self.z(f"fund_{name}", secid, day) for name in weights}
        known = {name: z for name, z in zs.items() if not math.isnan(z)}
        weight = sum(abs(weights[name]) for name in known)
        if weight < sum(abs(one) for one in weights.values()) / 2:
            return NAN
        return sum(weights[name] * math.tanh(z / 2) for name, z in known.items()) / weight


def _of(metric: str) -> dict[str, Slow]:
    def age(c: SlowCompanies, s: str, d: date) -> float:
        newest = c.newest(s, metric, d)
        return NAN if newest is None else (d - newest[2]).days

    return {
        f"fund_{metric}_age_days": age,
        f"fund_{metric}_yoy": lambda c, s, d: change(c.value(s, metric, d), c.value(s, metric, d, back=4)),
        f"fund_{metric}_step": lambda c, s, d: change(c.value(s, metric, d), c.before(s, metric, d)[1]),
    }


def _leverage(c: SlowCompanies, s: str, d: date) -> float:
    return c.share_of(s, "net_debt", "ebitda", d)


def _log(value: float) -> float:
    return math.log(value) if value > 0 else NAN


GOLDEN: dict[str, Slow] = {
    "fund_value_score": lambda c, s, d: c.score(s, d, earnings_yield=1, pb=-0.5, ev_ebitda=-0.5),
    "fund_growth_score": lambda c, s, d: c.score(s, d, profit_yoy=1, revenue_yoy=0.5, ebitda_yoy=0.5),
    "fund_quality_score": lambda c, s, d: c.score(s, d, roe=1, net_margin=0.5, ebitda_margin=0.5),
    "fund_dividend_score": lambda c, s, d: c.score(
        s, d, dividend_yield=1, announced_yield=0.5, paid_years_5=1, dividend_yoy=0.5
    ),
    "fund_risk_score": lambda c, s, d: c.score(
        s, d, net_debt_ebitda=1, rate_shock_365=0.5, sanction_score=0.5
    ),
    "fund_pe": SlowCompanies.pe,
    "fund_pb": SlowCompanies.pb,
    "fund_ev_ebitda": SlowCompanies.ev_ebitda,
    "fund_earnings_yield": SlowCompanies.earnings_yield,
    "fund_dividend_yield": SlowCompanies.dividend_yield,
    "fund_payout_ratio": lambda c, s, d: c.dividend_yield(s, d) * c.pe(s, d),
    "fund_roe": lambda c, s, d: 100 * c.share_of(s, "profit", "equity", d),
    "fund_net_margin": lambda c, s, d: 100 * c.share_of(s, "profit", "revenue", d),
    "fund_ebitda_margin": lambda c, s, d: 100 * c.share_of(s, "ebitda", "revenue", d),
    "fund_net_debt_ebitda": _leverage,
    "fund_log_market_cap": lambda c, s, d: _log(c.cap(s, d)),
    "fund_sanction_score": SlowCompanies.sanction,
    "fund_report_age_days": SlowCompanies.report_age,
    **{name: slow for metric in REPORTED for name, slow in _of(metric).items()},
    "fund_profit_quarter_yoy": SlowCompanies.quarter_growth,
    "fund_net_margin_step": lambda c, s, d: 100 * c.ratio_step(s, "profit", "revenue", d),
    "fund_roe_step": lambda c, s, d: 100 * c.ratio_step(s, "profit", "equity", d),
    "fund_net_debt_ebitda_step": lambda c, s, d: c.ratio_step(s, "net_debt", "ebitda", d),
    "fund_days_to_dividend": lambda c, s, d: -c.next_age(s, d),
    "fund_days_since_dividend": lambda c, s, d: min((age for age, _ in c.past(s, d)), default=NAN),
    "fund_announced_yield": SlowCompanies.announced_yield,
    "fund_paid_years_5": SlowCompanies.paid_years,
    "fund_dividend_yoy": SlowCompanies.dividend_change,
    "fund_key_rate": lambda c, s, d: c.rate(d),
    "fund_key_rate_change_90": lambda c, s, d: c.rate(d) - c.rate(d, back=90),
    "fund_key_rate_change_365": lambda c, s, d: c.rate(d) - c.rate(d, back=365),
    "fund_rate_burden": lambda c, s, d: _leverage(c, s, d) * c.rate(d),
    "fund_rate_shock_365": lambda c, s, d: _leverage(c, s, d) * (c.rate(d) - c.rate(d, back=365)),
}
