"""Tables of the market app; candles are partitioned by time in SQL (migration 0001)."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class Instrument(models.Model):
    """A share, preferred share, fund or index."""

    class Kind(models.TextChoices):
        """What is traded."""

        SHARE = "share", "Share"
        PREFERRED = "preferred", "Preferred share"
        ETF = "etf", "Fund"
        INDEX = "index", "Index"

    secid = models.CharField(max_length=36, unique=True)
    isin = models.CharField(max_length=12, blank=True, default="")
    name_ru = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.SHARE)
    board = models.CharField(max_length=12, default="TQBR")
    lot_size = models.PositiveIntegerField(default=1)
    price_step_rub = models.FloatField(default=0.01)
    decimals = models.PositiveSmallIntegerField(default=2)
    list_level = models.PositiveSmallIntegerField(null=True, blank=True)
    issue_size_shares = models.BigIntegerField(null=True, blank=True)
    sector = models.CharField(max_length=32, blank=True, default="")
    active = models.BooleanField(default=True)
    shortable = models.BooleanField(default=False)
    is_simulated = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(lot_size__gte=1), name="market_instrument_lot_positive"),
            models.CheckConstraint(condition=Q(price_step_rub__gt=0), name="market_instrument_step_positive"),
            models.CheckConstraint(
                condition=Q(kind__in=["share", "preferred", "etf", "index"]),
                name="market_instrument_kind_known",
            ),
        ]
        ordering = ["secid"]

    def __str__(self) -> str:
        return self.secid


class Candle(models.Model):
    """One bar as traded. The table is partitioned by year of `begin`; rows come by COPY (`market.services`)."""

    pk = models.CompositePrimaryKey("instrument_id", "timeframe_min", "begin")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="+")
    timeframe_min = models.PositiveSmallIntegerField()
    begin = models.DateTimeField()
    board = models.CharField(max_length=12)
    open = models.FloatField()
    high = models.FloatField()
    low = models.FloatField()
    close = models.FloatField()
    volume_shares = models.FloatField()
    value_rub = models.FloatField(null=True)
    source = models.CharField(max_length=16)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(low__lte=F("open"), high__gte=F("open"))
                & Q(low__lte=F("close"), high__gte=F("close"))
                & Q(low__gt=0, high__lt=float("inf")),
                name="market_candle_low_high",
            ),
            models.CheckConstraint(
                condition=Q(volume_shares__gte=0, volume_shares__lt=float("inf")),
                name="market_candle_volume_not_negative",
            ),
        ]


class CorporateAction(models.Model):
    """A split or a dividend; `known_at` says from when on a row may use it."""

    class Kind(models.TextChoices):
        """What happened."""

        SPLIT = "split", "Split or consolidation"
        DIVIDEND = "dividend", "Dividend"

    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    ex_date = models.DateField(help_text="First trading day in new shares, or without the dividend.")
    shares_after_per_before = models.FloatField(null=True, blank=True, help_text="100 for a 1:100 split.")
    amount_rub = models.FloatField(null=True, blank=True, help_text="Dividend per share as of that day.")
    known_at = models.DateTimeField()
    source = models.CharField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["instrument", "kind", "ex_date", "source"], name="market_corporateaction_once"
            ),
            models.CheckConstraint(
                condition=Q(kind="split", shares_after_per_before__gt=0, amount_rub__isnull=True)
                | Q(kind="dividend", amount_rub__gt=0, shares_after_per_before__isnull=True),
                name="market_corporateaction_has_its_figure",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.instrument_id} {self.kind} {self.ex_date}"


class TradingDay(models.Model):
    """A calendar date with trading and the trading day it belongs to (weekend sessions belong to Monday)."""

    date = models.DateField(primary_key=True)
    trading_date = models.DateField()
    # Simulated shares keep a calendar of their own, else they would add days to the exchange's.
    is_real = models.BooleanField(default=False)
    is_simulated = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.date.isoformat()


class IngestionRun(models.Model):
    """One run of an ingest: what, how much, how long, what went wrong."""

    kind = models.CharField(max_length=24)
    source = models.CharField(max_length=16)
    detail = models.CharField(max_length=300, blank=True, default="")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    rows_received = models.PositiveIntegerField(default=0)
    rows_new = models.PositiveIntegerField(default=0)
    rows_changed = models.PositiveIntegerField(default=0)
    rows_quarantined = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True, default="")

    def __str__(self) -> str:
        return f"{self.kind} from {self.source} at {self.started_at:%Y-%m-%d %H:%M}"


class QuarantinedRow(models.Model):
    """A row that was refused, raw, with the reason; the same refusal is kept once."""

    run = models.ForeignKey(IngestionRun, on_delete=models.CASCADE, related_name="+")
    source = models.CharField(max_length=16)
    place = models.CharField(max_length=300, help_text="File and line, or request.")
    reason = models.CharField(max_length=64)
    raw = models.JSONField()
    raw_sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "reason", "raw_sha256"], name="market_quarantinedrow_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.reason}: {self.place}"
