"""Candles; the table is partitioned by time in SQL (migration 0001)."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from market.models.reference import Instrument


class CandleSource(models.Model):
    """Where candles came from: ISS, one file, bars resampled from finer ones, the simulator.

    Of two sources that tell of one bar the one of the higher (priority, name) is believed, whatever came first.
    """

    class Kind(models.TextChoices):
        """What sort of source."""

        ISS = "iss", "The exchange's server"
        FILE = "file", "A file"
        RESAMPLED = "resampled", "Resampled from finer stored bars"
        SIMULATOR = "simulator", "The market simulator"

    id = models.SmallAutoField(primary_key=True)
    name = models.CharField(
        max_length=120, unique=True, help_text="iss, simulator, resampled, or a file's place."
    )
    kind = models.CharField(max_length=10, choices=Kind.choices)
    priority = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["iss", "file", "resampled", "simulator"]),
                name="market_candlesource_kind_known",
            )
        ]

    def __str__(self) -> str:
        return self.name


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
    # No foreign key in the database: it would be checked once for each row (migration 0002 says more).
    source = models.ForeignKey(CandleSource, on_delete=models.PROTECT, db_constraint=False, related_name="+")

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


class CandleCoverage(models.Model):
    """The span of begins for which a source has been asked whole; an ingest goes on from its end."""

    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="+")
    timeframe_min = models.PositiveSmallIntegerField()
    source = models.ForeignKey(CandleSource, on_delete=models.PROTECT, related_name="+")
    covered_from = models.DateTimeField()
    covered_till = models.DateTimeField(help_text="Begins before this moment have been asked for.")
    # A split after this moment makes every bar suspect that was stored before it: the span is fetched anew.
    started_at = models.DateTimeField(help_text="When the first page of the span was asked for.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["instrument", "timeframe_min", "source"], name="market_candlecoverage_once"
            ),
            models.CheckConstraint(
                condition=Q(covered_till__gte=F("covered_from")), name="market_candlecoverage_span"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.instrument_id} {self.timeframe_min}m {self.covered_from} to {self.covered_till}"


class CandleDisagreement(models.Model):
    """A bar that lost against another source's and differs from it: what the losing source said."""

    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="+")
    timeframe_min = models.PositiveSmallIntegerField()
    begin = models.DateTimeField()
    winner = models.ForeignKey(CandleSource, on_delete=models.PROTECT, related_name="+")
    loser = models.ForeignKey(CandleSource, on_delete=models.PROTECT, related_name="+")
    open = models.FloatField()
    high = models.FloatField()
    low = models.FloatField()
    close = models.FloatField()
    volume_shares = models.FloatField()
    value_rub = models.FloatField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["instrument", "timeframe_min", "begin", "loser"],
                name="market_candledisagreement_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.instrument_id} {self.timeframe_min}m {self.begin}"
