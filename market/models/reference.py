"""Instruments: what is traded, under which tickers, on which boards, in which lots."""

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
    industry = models.CharField(max_length=64, blank=True, default="")
    active = models.BooleanField(default=True)
    shortable = models.BooleanField(default=False)
    is_simulated = models.BooleanField(default=False)
    delisted_on = models.DateField(
        null=True, blank=True, help_text="Last day of trading, where it has ended."
    )

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


class TickerChange(models.Model):
    """An instrument's ticker was replaced by another one; the instrument stays the same."""

    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="+")
    old_secid = models.CharField(max_length=36)
    new_secid = models.CharField(max_length=36)
    changed_on = models.DateField(help_text="First trading day under the new ticker.")
    source = models.CharField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["old_secid", "changed_on"], name="market_tickerchange_once"),
            models.CheckConstraint(
                condition=~Q(old_secid=F("new_secid")), name="market_tickerchange_changes_something"
            ),
        ]
        ordering = ["changed_on"]

    def __str__(self) -> str:
        return f"{self.old_secid} to {self.new_secid} on {self.changed_on}"


class InstrumentBoard(models.Model):
    """The span in which an instrument was traded on a board."""

    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="+")
    board = models.CharField(max_length=12)
    traded_from = models.DateField()
    traded_till = models.DateField(null=True, blank=True, help_text="Last day known; empty while traded.")
    is_primary = models.BooleanField(default=False)
    source = models.CharField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["instrument", "board"], name="market_instrumentboard_once"),
            models.CheckConstraint(
                condition=Q(traded_till__isnull=True) | Q(traded_till__gte=F("traded_from")),
                name="market_instrumentboard_span",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.instrument_id} on {self.board} from {self.traded_from}"


class InstrumentTerms(models.Model):
    """Lot and price step from a day on; they change, and money is sized by those of the day."""

    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="+")
    valid_from = models.DateField()
    lot_size = models.PositiveIntegerField(null=True, blank=True, help_text="Shares; empty: not told.")
    price_step_rub = models.FloatField(null=True, blank=True)
    source = models.CharField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["instrument", "valid_from"], name="market_instrumentterms_once"),
            models.CheckConstraint(
                condition=(Q(lot_size__gte=1) | Q(lot_size__isnull=True))
                & (Q(price_step_rub__gt=0) | Q(price_step_rub__isnull=True))
                & (Q(lot_size__isnull=False) | Q(price_step_rub__isnull=False)),
                name="market_instrumentterms_sound",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.instrument_id} from {self.valid_from}"


class IndexMember(models.Model):
    """A share belonged to an index in a span of days (point-in-time membership)."""

    index_secid = models.CharField(max_length=36)
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="+")
    member_from = models.DateField()
    member_till = models.DateField(null=True, blank=True, help_text="Last day; empty while a member.")
    source = models.CharField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["index_secid", "instrument", "member_from"], name="market_indexmember_once"
            ),
            models.CheckConstraint(
                condition=Q(member_till__isnull=True) | Q(member_till__gte=F("member_from")),
                name="market_indexmember_span",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.instrument_id} in {self.index_secid} from {self.member_from}"


class IndexWeight(models.Model):
    """A share's weight in an index on a day."""

    index_secid = models.CharField(max_length=36)
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    weight_pct = models.FloatField()
    source = models.CharField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["index_secid", "instrument", "day"], name="market_indexweight_once"
            ),
            models.CheckConstraint(
                condition=Q(weight_pct__gte=0, weight_pct__lte=100), name="market_indexweight_range"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.instrument_id} {self.weight_pct} % of {self.index_secid} on {self.day}"
