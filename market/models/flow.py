"""Order flow in 5-minute spans, where the exchange's paid or archived figures are at hand."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from market.models.reference import Instrument


class TradeStatistic(models.Model):
    """What was traded in one span of 5 minutes."""

    pk = models.CompositePrimaryKey("instrument_id", "begin")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="+")
    begin = models.DateTimeField(help_text="Start of the 5-minute span.")
    trades = models.PositiveIntegerField()
    buy_volume_lots = models.FloatField(null=True)
    sell_volume_lots = models.FloatField(null=True)
    value_rub = models.FloatField(null=True)
    imbalance = models.FloatField(null=True, help_text="(buys - sells) / (buys + sells), -1 to 1.")
    vwap_rub = models.FloatField(null=True)
    source = models.CharField(max_length=32)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(imbalance__isnull=True) | Q(imbalance__gte=-1, imbalance__lte=1),
                name="market_tradestatistic_imbalance_range",
            ),
            models.CheckConstraint(
                condition=Q(vwap_rub__isnull=True) | Q(vwap_rub__gt=0),
                name="market_tradestatistic_vwap_positive",
            ),
        ]


class OrderBookStatistic(models.Model):
    """How the order book stood in one span of 5 minutes, on average."""

    pk = models.CompositePrimaryKey("instrument_id", "begin")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="+")
    begin = models.DateTimeField(help_text="Start of the 5-minute span.")
    spread_best_bp = models.FloatField(null=True, help_text="Best ask against best bid.")
    spread_10_levels_bp = models.FloatField(null=True)
    spread_1m_rub_bp = models.FloatField(null=True, help_text="For 1 million roubles on either side.")
    imbalance_best = models.FloatField(null=True, help_text="Volumes at the best prices, -1 to 1.")
    imbalance_book = models.FloatField(null=True, help_text="Volumes of the whole book, -1 to 1.")
    source = models.CharField(max_length=32)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(Q(imbalance_best__isnull=True) | Q(imbalance_best__gte=-1, imbalance_best__lte=1))
                & (Q(imbalance_book__isnull=True) | Q(imbalance_book__gte=-1, imbalance_book__lte=1)),
                name="market_orderbookstatistic_imbalance_range",
            ),
            models.CheckConstraint(
                condition=Q(spread_best_bp__isnull=True) | Q(spread_best_bp__gte=0),
                name="market_orderbookstatistic_spread_not_negative",
            ),
        ]
