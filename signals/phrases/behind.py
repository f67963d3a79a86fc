"""Market, sector, council, company and news in words."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext_lazy, ngettext_lazy

MARKET: Final[dict[str, Any]] = {
    "rank_place": gettext_lazy(
        "The daily ranker puts the share in place %(position)s of %(shares)s liquid ones (horizon in trading days: %(days)s; %(known_at)s). The rank correlation of such orders with what followed was %(ic_ratio)s over a year; no edge after costs is proven by them."
    ),
    "market_moves": (
        gettext_lazy(
            "The market: %(week_signed_pct)s over 5 days, %(month_signed_pct)s over 20; %(above_share)s of its shares are above their 20-day average."
        ),
        gettext_lazy(
            "Over 5 days the market moved by %(week_signed_pct)s, over 20 days by %(month_signed_pct)s; %(above_share)s of its shares are above their 20-day average."
        ),
    ),
    "sector_known": (
        gettext_lazy(
            "The sector “%(sector)s” has been %(in_regime)s since %(since_on)s (probability %(regime_p)s)."
        ),
        gettext_lazy("Regime of the sector “%(sector)s” since %(since_on)s: %(regime)s (%(regime_p)s)."),
    ),
    "sector_clear": (
        gettext_lazy("The sector “%(sector)s” has been %(in_regime)s since %(since_on)s."),
        gettext_lazy("Regime of the sector “%(sector)s” since %(since_on)s: %(regime)s."),
    ),
    "sector_moves": gettext_lazy(
        "Its shares: %(week_signed_pct)s over 5 days, %(month_signed_pct)s over 20; %(above_share)s of them are above their 20-day average."
    ),
}

COUNCIL: Final[dict[str, Any]] = {
    "council_long": ngettext_lazy(
        "Of %(voters)s member of the council with a setup, for the long: %(agreeing)s.",
        "Of %(voters)s members of the council with a setup, for the long: %(agreeing)s.",
        "voters",
    ),
    "council_short": ngettext_lazy(
        "Of %(voters)s member of the council with a setup, for the short: %(agreeing)s.",
        "Of %(voters)s members of the council with a setup, for the short: %(agreeing)s.",
        "voters",
    ),
    "council_with": (gettext_lazy("In favour: %(members)s."), gettext_lazy("For it: %(members)s.")),
    "council_against": (
        gettext_lazy("Against, for the other side: %(members)s."),
        gettext_lazy("Votes for the other side: %(members)s."),
    ),
    "council_idle": gettext_lazy("Neutral, with no edge on either side: %(members)s."),
    "council_absent": (
        gettext_lazy("No vote, their kind of situation is absent: %(members)s."),
        gettext_lazy("No vote for want of a setup: %(members)s."),
    ),
}

COMPANY: Final[dict[str, Any]] = {
    "dividend_ahead": ngettext_lazy(
        "The share goes ex-dividend in %(days)s trading day.",
        "The share goes ex-dividend in %(days)s trading days.",
        "days",
    ),
    "company_profitable": (
        gettext_lazy(
            "By its reports the company earns %(roe_pct)s on equity at a net margin of %(margin_pct)s."
        ),
        gettext_lazy("The company is profitable: return on equity %(roe_pct)s, net margin %(margin_pct)s."),
    ),
    "company_returns": gettext_lazy(
        "By its reports: return on equity %(roe_pct)s, net margin %(margin_pct)s."
    ),
    "company_debt": gettext_lazy("Net debt is %(debt_times)s times a year's EBITDA."),
    "company_cash": gettext_lazy("Cash exceeds debt by %(debt_times)s times a year's EBITDA."),
    "company_grew": gettext_lazy("Profit is up on the same quarter a year ago: %(growth_signed_pct)s."),
    "company_shrank": gettext_lazy("Profit is down on the same quarter a year ago: %(growth_signed_pct)s."),
}

NEWS: Final[dict[str, Any]] = {
    "news_up": (
        gettext_lazy(
            "Good news %(scope)s (%(event)s, weight %(score_index)s of 100) has been known since %(known_at)s."
        ),
        gettext_lazy(
            "News %(scope)s speaks for a rise: %(event)s, weight %(score_index)s of 100, known since %(known_at)s."
        ),
    ),
    "news_down": (
        gettext_lazy(
            "Bad news %(scope)s (%(event)s, weight %(score_index)s of 100) has been known since %(known_at)s."
        ),
        gettext_lazy(
            "News %(scope)s speaks for a fall: %(event)s, weight %(score_index)s of 100, known since %(known_at)s."
        ),
    ),
    "news_open": gettext_lazy(
        "News %(scope)s without a clear direction: %(event)s, weight %(score_index)s of 100, known since %(known_at)s."
    ),
}
