"""What the features app owns: the catalogue of the lake's feature files and the history of the market's regime."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class FeatureSnapshot(models.Model):
    """One month of one instrument's features: which file of the lake holds it and what it was made from."""

    feature_set = models.CharField(max_length=48)
    set_sha = models.CharField(
        max_length=64, help_text="Hash of features, parameters, warm-up and code version."
    )
    instrument = models.ForeignKey("market.Instrument", on_delete=models.PROTECT, related_name="+")
    timeframe_min = models.PositiveSmallIntegerField()
    month = models.DateField(help_text="First day of the month, Moscow.")
    first_bar_at = models.DateTimeField(help_text="Begin of the first bar.")
    last_bar_at = models.DateTimeField(help_text="Begin of the last bar.")
    rows = models.PositiveIntegerField()
    size_bytes = models.PositiveIntegerField()
    file_key = models.CharField(max_length=200)
    file_sha256 = models.CharField(max_length=64)
    inputs_sha256 = models.CharField(max_length=64, help_text="Hash of the month's bars and its warm-up.")
    code_version = models.PositiveIntegerField()
    columns_missing = models.JSONField(default=list, blank=True, help_text="Columns without a single value.")
    built_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["set_sha", "instrument", "timeframe_min", "month"],
                name="features_featuresnapshot_once",
            ),
            models.CheckConstraint(condition=Q(rows__gte=1), name="features_featuresnapshot_has_rows"),
            models.CheckConstraint(
                condition=Q(last_bar_at__gte=F("first_bar_at")), name="features_featuresnapshot_span_in_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.feature_set} {self.instrument_id} {self.timeframe_min}m {self.month:%Y-%m}"


class UnlistedFile(models.Model):
    """A file of the lake that no snapshot names: not named yet, or no longer; swept after a day of grace."""

    file_key = models.CharField(max_length=200, unique=True)
    unlisted_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.file_key


class RegimeHistory(models.Model):
    """The regime of the market or of a sector on one trading day, as it was known after that day."""

    class Market(models.TextChoices):
        """Whose regime: the exchange's shares or the simulator's."""

        MOEX = "MOEX", "Moscow Exchange"
        SIMULATED = "SIMULATED", "SIMULATED"

    market = models.CharField(max_length=9, choices=Market.choices)
    scope = models.CharField(
        max_length=32, blank=True, default="", help_text="A sector's code; empty for the whole market."
    )
    trading_day = models.DateField()
    name = models.CharField(max_length=12)
    probabilities = models.JSONField()
    reasons = models.JSONField(help_text="Named figures behind the regime.")
    shares = models.PositiveSmallIntegerField(help_text="Shares with a return on that day.")
    spell_began_on = models.DateField(help_text="The trading day on which this spell began.")
    as_of = models.DateTimeField(help_text="The day is over and its regime known from this moment on.")
    source = models.CharField(max_length=200, help_text="What it was computed from, and what was missing.")
    config_sha = models.CharField(max_length=64)
    built_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "regime history"
        constraints = [
            models.UniqueConstraint(
                fields=["market", "scope", "trading_day"], name="features_regimehistory_once"
            ),
            models.CheckConstraint(
                condition=Q(name__in=["uptrend", "downtrend", "flat", "panic", "euphoria", "news_storm"]),
                name="features_regimehistory_name_known",
            ),
            models.CheckConstraint(
                condition=Q(market__in=["MOEX", "SIMULATED"]), name="features_regimehistory_market_known"
            ),
            models.CheckConstraint(
                condition=Q(spell_began_on__lte=F("trading_day")),
                name="features_regimehistory_spell_began_before",
            ),
        ]
        indexes = [models.Index(fields=["market", "scope", "-as_of"], name="features_regime_newest")]

    def __str__(self) -> str:
        return f"{self.market}{f' {self.scope}' if self.scope else ''} {self.trading_day}: {self.name}"
