"""The shapes of questions and answers of the coach."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from behavior.phrases import worded
from traderai.common.asked import BodySerializer, QuerySerializer


class FeedbackRequestSerializer(BodySerializer):
    """What is said of a signal."""

    kind = serializers.ChoiceField(choices=["useful", "wrong", "followed", "comment"])
    comment = serializers.CharField(required=False, default="", allow_blank=True, max_length=2000)


class FeedbackSerializer(serializers.Serializer[Any]):
    """What is stored of it."""

    id = serializers.IntegerField()
    signal_id = serializers.IntegerField()
    kind = serializers.CharField()
    comment = serializers.CharField(allow_blank=True)
    at = serializers.DateTimeField()


class PreTradeRequestSerializer(BodySerializer):
    """What the user is about to do: either `qty` or `amount`."""

    secid = serializers.CharField(max_length=36, help_text="The exchange's ticker.")
    side = serializers.ChoiceField(choices=["BUY", "SELL"])
    qty = serializers.FloatField(required=False, min_value=0, help_text="In `qty_unit`; whole.")
    qty_unit = serializers.ChoiceField(choices=["shares", "lots"], default="shares")
    amount = serializers.FloatField(
        required=False, min_value=0, help_text="RUB; buys as many whole lots as it pays for."
    )
    price = serializers.FloatField(
        required=False, min_value=0, help_text="RUB of one share; left out: the last close."
    )
    stop = serializers.FloatField(required=False, min_value=0, help_text="RUB of one share.")


class ReasonSerializer(serializers.Serializer[Any]):
    """One thing that speaks for care, or for the trade."""

    code = serializers.CharField()
    level = serializers.CharField(help_text="`ok`, `caution` or `hard_warning`.")
    text = serializers.SerializerMethodField(help_text="In the user's language.")

    def get_text(self, reason: Any) -> str:
        """Return the reason in words."""
        return worded("reason", reason.code, reason.params, language=self.context["language"])


class LossSerializer(serializers.Serializer[Any]):
    """A possible loss, costs included."""

    rub = serializers.FloatField()
    pct = serializers.FloatField(allow_null=True, help_text="Of the capital; null while it is unknown.")


class BadCaseSerializer(serializers.Serializer[Any]):
    """The loss that one time in twenty is reached or exceeded, costs included."""

    rub = serializers.FloatField()
    pct = serializers.FloatField(allow_null=True)
    basis = serializers.ChoiceField(
        choices=["signal", "history"], help_text="A quantile of the stored signal, or the share's own moves."
    )
    days = serializers.IntegerField(help_text="Trading days.")
    n_moves = serializers.IntegerField(allow_null=True, help_text="Past moves behind it; null of a signal.")


class SaneSizeSerializer(serializers.Serializer[Any]):
    """The size that the policy would take."""

    lots = serializers.IntegerField()
    shares = serializers.IntegerField()


class TiltSerializer(serializers.Serializer[Any]):
    """How far the user is from the usual self."""

    score = serializers.IntegerField(help_text="0 calm, 100 in tilt.")
    losses_rub = serializers.FloatField(help_text="Realised in the last day.")
    losses_in_a_row = serializers.IntegerField()
    entries = serializers.IntegerField(help_text="In the last day.")
    usual_entries = serializers.FloatField(allow_null=True, help_text="A day; null with little history.")
    size_ratio = serializers.FloatField(allow_null=True, help_text="Of the newest entries to the usual.")


class SignalInForceSerializer(serializers.Serializer[Any]):
    """The call of the share that holds now."""

    signal_id = serializers.IntegerField()
    action = serializers.CharField()
    strength = serializers.CharField(allow_null=True)


class PreTradeSerializer(serializers.Serializer[Any]):
    """The whole answer of a check."""

    id = serializers.IntegerField()
    secid = serializers.CharField()
    side = serializers.CharField()
    shares = serializers.FloatField(source="qty_shares")
    price = serializers.FloatField(source="price_rub")
    price_is_given = serializers.BooleanField(help_text="False: the last close.")
    stop = serializers.FloatField(source="stop_rub", allow_null=True)
    verdict = serializers.ChoiceField(source="result.verdict", choices=["ok", "caution", "hard_warning"])
    verdict_text = serializers.SerializerMethodField()
    reasons = ReasonSerializer(source="result.reasons", many=True)
    value = serializers.FloatField(source="result.value_rub", help_text="RUB.")
    cost = serializers.FloatField(source="result.cost_rub", help_text="RUB of the round trip; never 0.")
    opens_shares = serializers.FloatField(
        source="result.opens_shares", help_text="The part that puts money at risk; the rest closes."
    )
    loss_at_stop = serializers.SerializerMethodField()
    loss_bad_case = serializers.SerializerMethodField()
    position_pct = serializers.FloatField(source="result.position_pct", allow_null=True)
    sane_size = SaneSizeSerializer(allow_null=True, help_text="Null while the capital is unknown.")
    tilt = TiltSerializer()
    signal = SignalInForceSerializer(allow_null=True)
    regime = serializers.CharField(allow_null=True)
    capital = serializers.FloatField(source="capital_rub", allow_null=True)

    def get_verdict_text(self, answer: Any) -> str:
        """Return the verdict in words."""
        return worded("verdict", answer.result.verdict, {}, language=self.context["language"])

    @extend_schema_field(LossSerializer(allow_null=True))
    def get_loss_at_stop(self, answer: Any) -> dict[str, Any] | None:
        """Return the loss at the stop, null without a stop."""
        return _loss(answer.result.loss_at_stop_rub, answer.result.loss_at_stop_pct)

    @extend_schema_field(BadCaseSerializer(allow_null=True))
    def get_loss_bad_case(self, answer: Any) -> dict[str, Any] | None:
        """Return the bad scenario, null where nothing is known of it."""
        loss = _loss(answer.result.loss_bad_case_rub, answer.result.loss_bad_case_pct)
        if loss is None:
            return None
        bad = answer.bad_case
        return {**loss, "basis": bad.basis, "days": bad.days, "n_moves": bad.n_moves}


def _loss(rub: float | None, pct: float | None) -> dict[str, Any] | None:
    return None if rub is None else {"rub": rub, "pct": pct}


class WeekQuerySerializer(QuerySerializer):
    """Which week."""

    week = serializers.CharField(
        required=False, max_length=8, help_text="ISO, such as `2024-W10`; left out: the last full one."
    )


class SideOfWeekSerializer(serializers.Serializer[Any]):
    """Decisions of one origin."""

    decisions = serializers.IntegerField()
    winners = serializers.IntegerField()
    pnl_rub = serializers.FloatField(help_text="After commissions; what is open at the week's last price.")


class ClosedOfWeekSerializer(serializers.Serializer[Any]):
    """What was closed within the week, whenever it had been opened."""

    exits = serializers.IntegerField()
    winners = serializers.IntegerField()
    pnl_rub = serializers.FloatField(help_text="After the commissions of both ends.")


class FindingSerializer(serializers.Serializer[Any]):
    """One finding with its evidence."""

    at = serializers.CharField()
    severity = serializers.CharField()
    text = serializers.CharField()
    trade_ids = serializers.ListField(child=serializers.IntegerField())
    signal_ids = serializers.ListField(child=serializers.IntegerField())
    cost_rub = serializers.FloatField(help_text="Its part of the total.")
    cost_alone_rub = serializers.FloatField(
        help_text="What it would cost alone; others claim some of it, too."
    )


class MistakesSerializer(serializers.Serializer[Any]):
    """All mistakes of one kind; `cost_rub` of all kinds sum to `total_cost_rub`."""

    kind = serializers.CharField()
    title = serializers.CharField()
    count = serializers.IntegerField()
    severity = serializers.CharField()
    cost_rub = serializers.FloatField()
    cost_alone_rub = serializers.FloatField()
    findings = FindingSerializer(many=True)


class DecisionSerializer(serializers.Serializer[Any]):
    """The best or the worst decision."""

    secid = serializers.CharField()
    side = serializers.CharField()
    at = serializers.CharField()
    pnl_rub = serializers.FloatField()
    trade_ids = serializers.ListField(child=serializers.IntegerField())
    followed = serializers.BooleanField()
    mistakes = serializers.ListField(child=serializers.CharField(), help_text="Titles.")


class AdviceSerializer(serializers.Serializer[Any]):
    """One recommendation."""

    code = serializers.CharField()
    text = serializers.CharField()


class EarlierWeekSerializer(serializers.Serializer[Any]):
    """An earlier week to compare with."""

    week = serializers.CharField()
    score = serializers.IntegerField(allow_null=True)
    pnl_rub = serializers.FloatField()
    total_cost_rub = serializers.FloatField()
    decisions = serializers.IntegerField()


class WeeklyReportSerializer(serializers.Serializer[Any]):
    """The behaviour report of a week."""

    week = serializers.CharField()
    begins_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    made_at = serializers.DateTimeField()
    time_zone = serializers.CharField()
    capital_known = serializers.BooleanField()
    decisions = serializers.IntegerField()
    pnl_rub = serializers.FloatField(help_text="Of the week's decisions, what is open at its last price.")
    followed = SideOfWeekSerializer()
    own = SideOfWeekSerializer()
    closed = ClosedOfWeekSerializer()
    score = serializers.IntegerField(allow_null=True, help_text="0 to 100; null: nothing was decided.")
    score_trend = serializers.FloatField(allow_null=True, help_text="Points a week; null below three weeks.")
    total_cost_rub = serializers.FloatField()
    mistakes = MistakesSerializer(many=True)
    best = DecisionSerializer(allow_null=True)
    worst = DecisionSerializer(allow_null=True)
    advice = AdviceSerializer(many=True)
    earlier = EarlierWeekSerializer(many=True)
    page_url = serializers.URLField(
        help_text="The report as a page to print; it opens without a sign-in for ten minutes."
    )
