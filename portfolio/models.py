"""What `portfolio` stores: accounts, what was traded in them, stops, orders of virtual accounts, watched shares.

A trade and a stop are facts. The database refuses to change them, and to take them away while their account is there;
with the account, or with its user, they go (migration 0001).
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from traderai.common import clock

_BELOW_INFINITY = float("inf")


class Account(models.Model):
    """One account of a user: a real one that is told of, or a virtual one that fills by the simulator's rules."""

    class Kind(models.TextChoices):
        """Whose money it is."""

        REAL = "real", "Real"
        VIRTUAL = "virtual", "Virtual"

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=7, choices=Kind.choices, default=Kind.REAL)
    name = models.CharField(max_length=60)
    capital_rub = models.DecimalField(
        max_digits=18, decimal_places=2, null=True, blank=True, help_text="Empty: unknown."
    )
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "name"], name="portfolio_account_name_once"),
            models.CheckConstraint(
                condition=Q(kind__in=["real", "virtual"]), name="portfolio_account_kind_known"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="portfolio_account_has_a_name"),
            models.CheckConstraint(
                condition=Q(capital_rub__isnull=True) | Q(capital_rub__gt=0),
                name="portfolio_account_capital_positive",
            ),
            models.CheckConstraint(
                condition=Q(kind="real") | Q(capital_rub__isnull=False),
                name="portfolio_account_virtual_has_capital",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.kind}) of user {self.user_id}"


class Trade(models.Model):
    """One execution as it was; written once. Positions are the FIFO fold of these and are stored nowhere."""

    class Side(models.TextChoices):
        """Which way."""

        BUY = "BUY", "Buy"
        SELL = "SELL", "Sell"

    class Origin(models.TextChoices):
        """Who told of it; an adjustment is no trade that was made, it sets the book right."""

        API = "api", "API"
        MANUAL = "manual", "Entered by hand"
        CSV = "csv", "Broker's export"
        VIRTUAL = "virtual", "Filled virtually"
        ADJUSTMENT = "adjustment", "Adjusting entry"

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="trades")
    instrument = models.ForeignKey("market.Instrument", on_delete=models.PROTECT, related_name="+")
    side = models.CharField(max_length=4, choices=Side.choices)
    qty_shares = models.BigIntegerField()
    price_rub = models.FloatField(help_text="Of one share, as it was traded that day.")
    commission_rub = models.FloatField(default=0.0, help_text="Of the whole execution.")
    traded_at = models.DateTimeField()
    known_at = models.DateTimeField(default=clock.now)
    origin = models.CharField(max_length=10, choices=Origin.choices)
    stop_rub = models.FloatField(null=True, blank=True, help_text="The stop planned with the trade.")
    signal = models.ForeignKey(
        "signals.Signal", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    external_id = models.CharField(
        max_length=120, blank=True, default="", help_text="Its name elsewhere; the same one is stored once."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "external_id"],
                condition=~Q(external_id=""),
                name="portfolio_trade_external_id_once",
            ),
            models.CheckConstraint(condition=Q(side__in=["BUY", "SELL"]), name="portfolio_trade_side_known"),
            models.CheckConstraint(
                condition=Q(origin__in=["api", "manual", "csv", "virtual", "adjustment"]),
                name="portfolio_trade_origin_known",
            ),
            models.CheckConstraint(condition=Q(qty_shares__gt=0), name="portfolio_trade_quantity_positive"),
            models.CheckConstraint(
                condition=Q(price_rub__gt=0, price_rub__lt=_BELOW_INFINITY),
                name="portfolio_trade_price_positive",
            ),
            models.CheckConstraint(
                condition=Q(commission_rub__gte=0, commission_rub__lt=_BELOW_INFINITY),
                name="portfolio_trade_commission_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(stop_rub__isnull=True) | Q(stop_rub__gt=0, stop_rub__lt=_BELOW_INFINITY),
                name="portfolio_trade_stop_positive",
            ),
            models.CheckConstraint(
                condition=Q(traded_at__lte=F("known_at")), name="portfolio_trade_not_of_the_future"
            ),
        ]
        indexes = [models.Index(fields=["account", "traded_at", "id"], name="portfolio_trade_in_order")]

    def __str__(self) -> str:
        return f"{self.side} {self.qty_shares} of {self.instrument_id} at {self.price_rub}"


class StopChange(models.Model):
    """A stop set, moved or taken away (empty) after the entry; written once."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="stop_changes")
    instrument = models.ForeignKey("market.Instrument", on_delete=models.PROTECT, related_name="+")
    stop_rub = models.FloatField(null=True, blank=True)
    set_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(stop_rub__isnull=True) | Q(stop_rub__gt=0, stop_rub__lt=_BELOW_INFINITY),
                name="portfolio_stopchange_stop_positive",
            )
        ]
        indexes = [models.Index(fields=["account", "set_at", "id"], name="portfolio_stopchange_in_order")]

    def __str__(self) -> str:
        return f"stop of {self.instrument_id} at {self.stop_rub}"


class VirtualOrder(models.Model):
    """An order of a virtual account: filled at the open of the first candle that begins after it, or refused."""

    class State(models.TextChoices):
        """What became of it."""

        PENDING = "pending", "Waiting for its candle"
        FILLED = "filled", "Filled"
        REFUSED = "refused", "Refused"

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="orders")
    instrument = models.ForeignKey("market.Instrument", on_delete=models.PROTECT, related_name="+")
    side = models.CharField(max_length=4, choices=Trade.Side.choices)
    qty_shares = models.BigIntegerField()
    stop_rub = models.FloatField(null=True, blank=True)
    signal = models.ForeignKey(
        "signals.Signal", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    ordered_at = models.DateTimeField(default=clock.now)
    external_id = models.CharField(max_length=120, blank=True, default="")
    state = models.CharField(max_length=7, choices=State.choices, default=State.PENDING)
    refusal = models.CharField(max_length=24, blank=True, default="", help_text="A code, of a refused one.")
    trade = models.OneToOneField(Trade, on_delete=models.CASCADE, null=True, blank=True, related_name="order")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "external_id"],
                condition=~Q(external_id=""),
                name="portfolio_virtualorder_external_id_once",
            ),
            models.CheckConstraint(
                condition=Q(side__in=["BUY", "SELL"]), name="portfolio_virtualorder_side_known"
            ),
            models.CheckConstraint(
                condition=Q(qty_shares__gt=0), name="portfolio_virtualorder_quantity_positive"
            ),
            models.CheckConstraint(
                condition=Q(stop_rub__isnull=True) | Q(stop_rub__gt=0, stop_rub__lt=_BELOW_INFINITY),
                name="portfolio_virtualorder_stop_positive",
            ),
            models.CheckConstraint(
                condition=Q(state="pending", refusal="", trade__isnull=True)
                | Q(state="filled", refusal="", trade__isnull=False)
                | (Q(state="refused", trade__isnull=True) & ~Q(refusal="")),
                name="portfolio_virtualorder_state_is_whole",
            ),
        ]
        indexes = [
            models.Index(
                fields=["ordered_at"], condition=Q(state="pending"), name="portfolio_virtualorder_pending"
            )
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.qty_shares} of {self.instrument_id}: {self.state}"


class WatchItem(models.Model):
    """A share that a user watches, at its place in the list."""

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    instrument = models.ForeignKey("market.Instrument", on_delete=models.PROTECT, related_name="+")
    place = models.PositiveSmallIntegerField()
    added_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "instrument"], name="portfolio_watchitem_once"),
        ]

    def __str__(self) -> str:
        return f"{self.instrument_id} watched by user {self.user_id}"
