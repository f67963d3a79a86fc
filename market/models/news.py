"""News, what they are about, and what they may trigger."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from market.kernels.news_events import EVENT_TYPES as EVENT_TYPES
from market.models.reference import Instrument

_ONE_TARGET = (
    Q(instrument__isnull=False, sector="", is_market=False)
    | (Q(instrument__isnull=True, is_market=False) & ~Q(sector=""))
    | Q(instrument__isnull=True, sector="", is_market=True)
)


class NewsSource(models.Model):
    """Where news come from, how far it is trusted and how late they may be used."""

    class Kind(models.TextChoices):
        """How it is read."""

        ISS = "iss", "The exchange's site news"
        RSS = "rss", "RSS or Atom feed"
        FILE = "file", "Files"
        PUSH = "push", "Pushed by an external module"

    code = models.CharField(max_length=32, unique=True)
    kind = models.CharField(max_length=4, choices=Kind.choices)
    url = models.CharField(max_length=300, blank=True, default="")
    language = models.CharField(max_length=2, default="ru")
    trust_frac = models.FloatField(default=0.5)
    delay_s = models.PositiveIntegerField(default=60, help_text="News are used so long after publication.")
    covers_from = models.DateField(null=True, blank=True)
    covers_till = models.DateField(null=True, blank=True, help_text="Empty while it goes on.")
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["iss", "rss", "file", "push"]), name="market_newssource_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(trust_frac__gte=0, trust_frac__lte=1), name="market_newssource_trust_range"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class NewsItem(models.Model):
    """One published text; `known_at` is the first moment at which a decision may use it."""

    source = models.ForeignKey(NewsSource, on_delete=models.PROTECT, related_name="+")
    external_id = models.CharField(max_length=120)
    url = models.CharField(max_length=500, blank=True, default="")
    title = models.TextField()
    body = models.TextField(blank=True, default="")
    language = models.CharField(max_length=2, default="ru")
    published_at = models.DateTimeField()
    modified_at = models.DateTimeField(null=True, blank=True)
    fetched_at = models.DateTimeField()
    known_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="market_newsitem_once"),
            models.CheckConstraint(
                condition=Q(known_at__gte=F("published_at")), name="market_newsitem_known_after_published"
            ),
        ]
        indexes = [models.Index(fields=["known_at"], name="market_newsitem_known_at")]

    def __str__(self) -> str:
        return self.title[:80]


class NewsLink(models.Model):
    """What a news item is about: an instrument, a sector or the whole market."""

    item = models.ForeignKey(NewsItem, on_delete=models.CASCADE, related_name="links")
    instrument = models.ForeignKey(
        Instrument, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    sector = models.CharField(max_length=32, blank=True, default="")
    is_market = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=_ONE_TARGET, name="market_newslink_one_target"),
            models.UniqueConstraint(
                fields=["item", "instrument", "sector", "is_market"],
                nulls_distinct=False,
                name="market_newslink_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_id} about {self.instrument_id or self.sector or 'the market'}"


class NewsTrigger(models.Model):
    """A scorer's verdict on news for an instrument, a sector or the whole market."""

    item = models.ForeignKey(NewsItem, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    external_id = models.CharField(
        max_length=120, blank=True, default="", help_text="An external module's own key for a pushed verdict."
    )
    instrument = models.ForeignKey(
        Instrument, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    sector = models.CharField(max_length=32, blank=True, default="")
    is_market = models.BooleanField(default=False)
    at = models.DateTimeField(help_text="When the news was published.")
    known_at = models.DateTimeField(help_text="From when on a decision may use the verdict.")
    score = models.FloatField(help_text="news_trigger_score, 0 to 100.")
    direction = models.SmallIntegerField(help_text="news_direction: -1, 0 or 1.")
    event_type = models.CharField(max_length=16)
    scorer = models.CharField(max_length=32)
    scorer_version = models.CharField(max_length=32)
    why = models.JSONField(default=list, help_text="Codes and parameters of the explanation.")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=_ONE_TARGET, name="market_newstrigger_one_target"),
            models.CheckConstraint(
                condition=Q(score__gte=0, score__lte=100), name="market_newstrigger_score_range"
            ),
            models.CheckConstraint(
                condition=Q(direction__in=[-1, 0, 1]), name="market_newstrigger_direction_known"
            ),
            models.CheckConstraint(
                condition=Q(event_type__in=EVENT_TYPES), name="market_newstrigger_event_type_known"
            ),
            models.CheckConstraint(
                condition=Q(known_at__gte=F("at")), name="market_newstrigger_known_after_published"
            ),
            models.CheckConstraint(
                condition=Q(item__isnull=False) | ~Q(external_id=""), name="market_newstrigger_has_origin"
            ),
            models.UniqueConstraint(
                fields=[
                    "item",
                    "external_id",
                    "scorer",
                    "scorer_version",
                    "instrument",
                    "sector",
                    "is_market",
                ],
                nulls_distinct=False,
                name="market_newstrigger_once",
            ),
        ]
        indexes = [models.Index(fields=["instrument", "known_at"], name="market_newstrigger_as_of")]

    def __str__(self) -> str:
        return f"{self.event_type} {self.direction:+d} {self.score:.0f}"


class RiskAlert(models.Model):
    """A warning about an instrument, a sector or the market that holds for a while."""

    class Severity(models.TextChoices):
        """How bad."""

        INFO = "info", "Info"
        WARNING = "warning", "Warning"
        CRITICAL = "critical", "Critical: no new positions"

    instrument = models.ForeignKey(
        Instrument, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    sector = models.CharField(max_length=32, blank=True, default="")
    is_market = models.BooleanField(default=False)
    severity = models.CharField(max_length=8, choices=Severity.choices)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    known_at = models.DateTimeField()
    cause = models.CharField(max_length=300)
    trigger = models.ForeignKey(
        NewsTrigger, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    source = models.CharField(max_length=32)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=_ONE_TARGET, name="market_riskalert_one_target"),
            models.CheckConstraint(
                condition=Q(severity__in=["info", "warning", "critical"]),
                name="market_riskalert_severity_known",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="market_riskalert_span",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.severity}: {self.cause[:60]}"
