"""What came of what was told."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from traderai.common import clock


class Outcome(models.Model):
    """What a told signal made once its window had closed, by the code of the labels; written once, never changed.

    Prices are as traded at their time, fractions are of the entry's price, R is in units of the order's stop. A HOLD
    trades nothing: `no_trade`. Where the label code gives no label (a halt, a split, no entry) it is `void` and says why.
    """

    class State(models.TextChoices):
        """Whether there was a trade."""

        TRADED = "traded", "Traded"
        NO_TRADE = "no_trade", "Nothing to trade"
        VOID = "void", "No outcome"

    signal = models.OneToOneField("signals.Signal", on_delete=models.PROTECT, related_name="outcome")
    state = models.CharField(max_length=8, choices=State.choices)
    void_reason = models.CharField(max_length=24, blank=True, default="")
    exit_reason = models.CharField(max_length=12, blank=True, default="")
    entry_at = models.DateTimeField(null=True, blank=True)
    exit_at = models.DateTimeField(null=True, blank=True)
    entry_price = models.FloatField(null=True, blank=True)
    exit_price = models.FloatField(null=True, blank=True)
    bars_held = models.PositiveIntegerField(null=True, blank=True)
    gross_frac = models.FloatField(null=True, blank=True)
    net_frac = models.FloatField(null=True, blank=True, help_text="After all costs.")
    r_multiple = models.FloatField(null=True, blank=True, help_text="Net, in units of the order's stop.")
    mfe_frac = models.FloatField(null=True, blank=True, help_text="Best excursion.")
    mae_frac = models.FloatField(null=True, blank=True, help_text="Worst excursion.")
    cost_frac = models.FloatField(null=True, blank=True, help_text="Of the round trip.")
    window_end_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["traded", "no_trade", "void"]), name="signals_outcome_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state="void") ^ Q(void_reason=""), name="signals_outcome_void_says_why"
            ),
            models.CheckConstraint(
                condition=~Q(state="traded")
                | Q(
                    exit_reason__in=["take_profit", "stop_loss", "timeout"],
                    entry_at__isnull=False,
                    exit_at__isnull=False,
                    net_frac__isnull=False,
                    r_multiple__isnull=False,
                    cost_frac__gt=0.0,
                ),
                name="signals_outcome_trade_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"signal {self.signal_id}: {self.state} {self.exit_reason}".rstrip()
