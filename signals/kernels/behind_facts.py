"""What the explanation says of all that stands behind the chart: market, sector, council, company, news."""

from __future__ import annotations

from collections.abc import Iterator

from features.contracts import RegimeFacts
from modeling.contracts.ranks import RankFacts
from signals.kernels.situation import Fact, Params, Situation
from signals.kernels.votes import vote_call

LONG_DAYS = 5  # from this horizon on a company's figures count
# Beyond these a figure tells of a base near 0, not of the company.
GROWTH_MOST_PCT, DEBT_MOST_TIMES = 300.0, 30.0
NEWS_SHOWN = 2
CLEAR_P = 0.999
_ASIDE = {"BUY": "long", "SELL": "short"}
_TURNS = {1: "up", -1: "down", 0: "open"}


def market_facts(s: Situation) -> Iterator[Fact]:
    """Yield how market and sector have moved, the sector's regime, and the share's place among the others.

    Only of a regime that is known; a regime's figures are those of its own day.
    """
    yield from _moves(s.regime, code="market_moves")
    sector = s.background.sector_regime
    if sector is not None:
        yield regime_fact(sector, section="market")
        yield from _moves(sector, code="sector_moves")
    yield from _rank(s.rank)


def regime_fact(regime: RegimeFacts, *, section: str) -> Fact:
    """Return the sentence on a regime; a probability that the reader would see as 100 % is none to tell."""
    whose = "sector" if regime.sector else "regime"
    params: Params = {"regime": regime.name, "since_on": regime.since.isoformat()}
    if regime.sector:
        params["sector"] = regime.sector
    p = regime.probabilities[regime.name]
    if p > CLEAR_P:
        return Fact(section=section, code=f"{whose}_clear", params=params)
    return Fact(section=section, code=f"{whose}_known", params={**params, "regime_p": p})


def _moves(regime: RegimeFacts | None, *, code: str) -> Iterator[Fact]:
    known = {} if regime is None else dict(regime.reasons)
    wanted = {
        "week_signed_pct": "return_5d_pct",
        "month_signed_pct": "return_20d_pct",
        "above_share": "breadth_frac",
    }
    if all(known.get(name) is not None for name in wanted.values()):
        yield Fact(section="market", code=code, params={param: known[name] for param, name in wanted.items()})


def _rank(rank: RankFacts | None) -> Iterator[Fact]:
    if rank is not None:
        yield Fact(
            section="market",
            code="rank_place",
            params={
                "position": rank.position,
                "shares": rank.shares,
                "days": int(rank.horizon.removesuffix("d")),
                "known_at": rank.known_at.isoformat(),
                "ic_ratio": rank.rank_ic,
            },
        )


def council_facts(s: Situation) -> Iterator[Fact]:
    """Yield who of the council is for the better side, who is against it, who sees nothing, who says nothing."""
    side, even = s.decision.side, s.break_even
    if side is None or even is None or not s.votes:
        return
    said: dict[str, list[str]] = {"with": [], "against": [], "idle": [], "absent": []}
    for vote in s.votes:
        call = vote_call(vote.p_long, vote.p_short, even, present=vote.present)
        if call in _ASIDE:
            said["with" if _ASIDE[call] == side else "against"].append(vote.voter)
        else:
            said["idle" if call == "HOLD" else "absent"].append(vote.voter)
    present: Params = {"agreeing": len(said["with"]), "voters": len(s.votes) - len(said["absent"])}
    yield Fact(section="council", code=f"council_{side}", params=present)
    for stand, voters in said.items():
        if voters:
            yield Fact(section="council", code=f"council_{stand}", params={"members": ",".join(voters)})


def company_facts(s: Situation) -> Iterator[Fact]:
    """Yield the dividend ahead, and over horizons long enough what the company's newest reports say."""
    if s.days_to_ex_dividend is not None:
        yield Fact(section="company", code="dividend_ahead", params={"days": s.days_to_ex_dividend})
    figures = s.background.company
    if s.days < LONG_DAYS or s.decision.p is None:
        return
    if "roe" in figures and "net_margin" in figures:
        yield Fact(
            section="company",
            code="company_profitable"
            if figures["roe"] > 0 and figures["net_margin"] > 0
            else "company_returns",
            params={"roe_pct": figures["roe"], "margin_pct": figures["net_margin"]},
        )
    owed, times = figures.get("net_debt"), figures.get("net_debt_ebitda")
    # Of one sign: a debt over a loss is no cash.
    if owed is not None and times is not None and owed * times > 0 and abs(times) <= DEBT_MOST_TIMES:
        code = "company_debt" if owed > 0 else "company_cash"
        yield Fact(section="company", code=code, params={"debt_times": abs(times)})
    growth = figures.get("earnings_yoy")
    # Neither up nor down where the reader would see 0.0 %.
    if growth is not None and round(growth, 1) != 0.0 and abs(growth) <= GROWTH_MOST_PCT:
        code = "company_grew" if growth > 0 else "company_shrank"
        yield Fact(section="company", code=code, params={"growth_signed_pct": growth})


def news_facts(s: Situation) -> Iterator[Fact]:
    """Yield the strongest verdicts on news that were in force."""
    for word in s.background.news[:NEWS_SHOWN]:
        yield Fact(
            section="news",
            code=f"news_{_TURNS[word.direction]}",
            params={
                "scope": word.scope,
                "event": word.event_type,
                "score_index": word.score,
                "known_at": word.known_at.isoformat(),
            },
        )
