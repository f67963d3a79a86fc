"""The shapes of the question about a portfolio and of its answer."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from portfolio.risk_contracts import PROFILES
from traderai.common.asked import BodySerializer, IdField

_MOST = 10**12
ACTIONS = ("ADD", "HOLD", "REDUCE", "CLOSE")


class AskedPositionSerializer(BodySerializer):
    """One open position; that numbers are above 0 is checked with the rest, so that `partial` can go on without it."""

    secid = serializers.CharField(max_length=36, help_text="The exchange's ticker.")
    qty = serializers.IntegerField(min_value=-_MOST, max_value=_MOST, help_text="Above 0, in `qty_unit`.")
    qty_unit = serializers.ChoiceField(choices=["shares", "lots"], default="shares")
    side = serializers.ChoiceField(choices=["long", "short"])
    avg_price = serializers.FloatField(
        required=False, allow_null=True, help_text="RUB of one share; left out: no profit or loss is told."
    )
    stop = serializers.FloatField(
        required=False, allow_null=True, help_text="Your own stop, RUB of one share."
    )


class PortfolioRequestSerializer(BodySerializer):
    """Which portfolio; without `positions` the saved ones of an account."""

    # Far more than are allowed, so that a huge body is not read in detail; the limit itself is the operator's.
    positions = serializers.ListField(
        child=AskedPositionSerializer(), required=False, max_length=2000, help_text="At most 500."
    )
    account_id = IdField(required=False, help_text="The only account by default.")
    capital = serializers.FloatField(
        required=False, allow_null=True,
        help_text="RUB that the account is worth with its cash; left out: the account's or the user's, else unknown.",
    )  # fmt: skip
    risk_profile = serializers.ChoiceField(
        choices=PROFILES, required=False, help_text="Whose limits hold; left out: the user's."
    )
    horizon = serializers.CharField(required=False, max_length=12, help_text="Of the signals, such as `5d`.")
    partial = serializers.BooleanField(  # type: ignore[assignment]  # the API's word
        default=False, help_text="Analyse the rest where a position is refused, and list it under `refused`."
    )


class ToldSerializer(serializers.Serializer[Any]):
    """A code with its sentence in the language of the answer."""

    code = serializers.CharField()
    text = serializers.CharField()


class SignalWordSerializer(serializers.Serializer[Any]):
    """The newest stored signal of the share."""

    action = serializers.CharField()
    proven = serializers.BooleanField(help_text="False: a paper signal, it moves no advice.")
    confidence = serializers.IntegerField(allow_null=True)
    stop_loss = serializers.FloatField(allow_null=True)
    as_of = serializers.DateTimeField()
    valid_until = serializers.DateTimeField()
    data_age_seconds = serializers.IntegerField()
    warnings = serializers.ListField(child=serializers.CharField())


class AdvisedPositionSerializer(serializers.Serializer[Any]):
    """One position and the advice about it; fractions of 1, values of shorts below 0."""

    secid = serializers.CharField()
    name = serializers.CharField()
    sector = serializers.CharField(allow_blank=True)
    side = serializers.CharField()
    qty_shares = serializers.FloatField()
    lots = serializers.IntegerField(help_text="Whole ones.")
    odd_shares = serializers.FloatField(help_text="Below a lot.")
    lot_size = serializers.IntegerField()
    avg_price_rub = serializers.FloatField(allow_null=True)
    price_rub = serializers.FloatField()
    price_as_of = serializers.DateTimeField()
    price_is_stale = serializers.BooleanField()
    value_rub = serializers.FloatField()
    weight_frac = serializers.FloatField(help_text="Of what `weights_of` says.")
    pnl_rub = serializers.FloatField(allow_null=True)
    pnl_frac = serializers.FloatField(allow_null=True)
    stop_rub = serializers.FloatField(allow_null=True)
    stop_distance_frac = serializers.FloatField(allow_null=True, help_text="Below 0: passed.")
    exit_days = serializers.FloatField(
        allow_null=True, help_text="Trading days; null: hardly anybody trades it."
    )
    beta = serializers.FloatField(allow_null=True, help_text="To IMOEX; null: too little history.")
    risk_share_frac = serializers.FloatField(
        allow_null=True, help_text="Of the volatility; below 0: a hedge."
    )
    dividend_ex_date = serializers.DateField(allow_null=True)
    signal = SignalWordSerializer(allow_null=True)
    stance = serializers.ChoiceField(choices=["with", "against", "none"])
    action = serializers.ChoiceField(choices=ACTIONS)
    basis = serializers.ChoiceField(
        choices=["own_stop", "limits", "proven_signal", "none"], help_text="What the action rests on."
    )
    reasons = ToldSerializer(many=True, help_text="What decided stands first.")


class RefusedSerializer(serializers.Serializer[Any]):
    """A position that was left out."""

    field = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()


class ExposureSerializer(serializers.Serializer[Any]):
    """Sums in RUB and as fractions of the capital; what needs a capital is null without one."""

    long_rub = serializers.FloatField()
    short_rub = serializers.FloatField()
    gross_rub = serializers.FloatField()
    net_rub = serializers.FloatField()
    cash_rub = serializers.FloatField(allow_null=True, help_text="Below 0: borrowed.")
    long_frac = serializers.FloatField(allow_null=True)
    short_frac = serializers.FloatField(allow_null=True)
    gross_frac = serializers.FloatField(allow_null=True)
    net_frac = serializers.FloatField(allow_null=True)
    cash_frac = serializers.FloatField(allow_null=True)


class SectorWeightSerializer(serializers.Serializer[Any]):
    """What is in one sector."""

    sector = serializers.CharField(allow_blank=True)
    gross_rub = serializers.FloatField()
    net_rub = serializers.FloatField()
    weight_frac = serializers.FloatField()


class LeftOutSerializer(serializers.Serializer[Any]):
    """A share with too little history."""

    secid = serializers.CharField()
    days = serializers.IntegerField()


class TailSerializer(serializers.Serializer[Any]):
    """What a bad day may cost; positive numbers are losses."""

    method = serializers.ChoiceField(choices=["historical", "normal"])
    confidence = serializers.FloatField()
    var_rub = serializers.FloatField()
    cvar_rub = serializers.FloatField(help_text="The mean loss of the days at least that bad.")
    var_frac = serializers.FloatField()
    cvar_frac = serializers.FloatField()


class ConcentrationSerializer(serializers.Serializer[Any]):
    """How few positions it really is."""

    hhi = serializers.FloatField()
    effective_positions = serializers.FloatField()
    effective_bets = serializers.FloatField(allow_null=True, help_text="Meucci's, of principal components.")


class ContributionSerializer(serializers.Serializer[Any]):
    """What one position adds to the volatility; they sum to it."""

    secid = serializers.CharField()
    volatility_day_rub = serializers.FloatField()
    share_frac = serializers.FloatField()


class CorrelationSerializer(serializers.Serializer[Any]):
    """Rows and columns in the order of `secids`."""

    secids = serializers.ListField(child=serializers.CharField())
    matrix = serializers.ListField(child=serializers.ListField(child=serializers.FloatField()))


class RiskSerializer(serializers.Serializer[Any]):
    """The risk of the shares with enough common history."""

    days = serializers.IntegerField(help_text="Daily returns that all shares have.")
    first_day = serializers.DateField()
    last_day = serializers.DateField()
    left_out = LeftOutSerializer(many=True)
    covered_frac = serializers.FloatField(help_text="Of the gross value.")
    shrinkage = serializers.FloatField(help_text="Of the covariance, Ledoit and Wolf.")
    volatility_day_rub = serializers.FloatField()
    volatility_annual_frac = serializers.FloatField()
    beta = serializers.FloatField(allow_null=True, help_text="To IMOEX; null if a share's is not known.")
    tails = TailSerializer(many=True)
    max_drawdown_frac = serializers.FloatField(help_text="Of the present mix over these days.")
    concentration = ConcentrationSerializer()
    contributions = ContributionSerializer(many=True)
    correlation = CorrelationSerializer()


class ShareMoveSerializer(serializers.Serializer[Any]):
    """How one share moved then, or what stands in for it."""

    secid = serializers.CharField()
    move_frac = serializers.FloatField(allow_null=True)
    stand_in = serializers.ChoiceField(
        choices=["beta", "index"], allow_null=True,
        help_text="Not traded then: `beta` times the index, or the `index`'s own move. Null: its own candles.",
    )  # fmt: skip
    profit_rub = serializers.FloatField(allow_null=True)


class StressSerializer(serializers.Serializer[Any]):
    """What days that have been would do: from the close of `after` to the close of `until`."""

    name = serializers.CharField()
    after = serializers.DateField()
    until = serializers.DateField()
    index_move_frac = serializers.FloatField(allow_null=True)
    profit_rub = serializers.FloatField(allow_null=True)
    profit_frac = serializers.FloatField(allow_null=True)
    shares = ShareMoveSerializer(many=True)


class LiquiditySerializer(serializers.Serializer[Any]):
    """How long leaving takes."""

    participation_frac = serializers.FloatField(help_text="Of a day's turnover.")
    days_to_leave_all = serializers.FloatField(allow_null=True)
    left_in_a_day_frac = serializers.FloatField()
    without_turnover = serializers.ListField(child=serializers.CharField())


class LimitSerializer(serializers.Serializer[Any]):
    """Where the portfolio stands towards a limit; of shares and sectors only broken ones are listed."""

    limit = serializers.CharField()
    of = serializers.CharField(allow_null=True)
    now_frac = serializers.FloatField()
    limit_frac = serializers.FloatField(help_text="The most; of cash the least.")
    is_kept = serializers.BooleanField()


class ProposedTradeSerializer(serializers.Serializer[Any]):
    """One trade of the rebalancing."""

    secid = serializers.CharField()
    side = serializers.ChoiceField(choices=["BUY", "SELL"])
    lots = serializers.IntegerField()
    shares = serializers.IntegerField()
    price_rub = serializers.FloatField()
    value_rub = serializers.FloatField()
    cost_rub = serializers.FloatField()
    limits = serializers.ListField(child=serializers.CharField(), help_text="That it helps to keep.")


class UnkeptSerializer(serializers.Serializer[Any]):
    """A limit that no trade can keep."""

    limit = serializers.CharField()
    of = serializers.CharField(allow_null=True)
    limit_frac = serializers.FloatField()
    best_frac = serializers.FloatField(allow_null=True)
    why = serializers.ChoiceField(choices=["not_tradable", "below_a_lot", "costs"])


class SwapSerializer(serializers.Serializer[Any]):
    """One share for another, where a proven signal's gain exceeds the costs."""

    leave = serializers.CharField()
    enter = serializers.CharField()
    value_rub = serializers.FloatField()
    expected_gain_rub = serializers.FloatField()
    cost_rub = serializers.FloatField()


class ProposalsSerializer(serializers.Serializer[Any]):
    """The fewest lots that bring the portfolio inside the limits of the profile; nulls while the capital is unknown."""

    verdict = serializers.ChoiceField(
        choices=["no_change", "rebalance", "swap", "not_all_limits"], allow_null=True
    )
    limits = LimitSerializer(many=True)
    trades = ProposedTradeSerializer(many=True)
    lots = serializers.IntegerField(allow_null=True)
    cost_rub = serializers.FloatField(allow_null=True)
    unkept = UnkeptSerializer(many=True)
    is_fewest = serializers.BooleanField(
        allow_null=True, help_text="False: the best found in the time allowed."
    )
    swaps = SwapSerializer(many=True)


class PortfolioAnalysisSerializer(serializers.Serializer[Any]):
    """The whole answer."""

    as_of = serializers.DateTimeField()
    profile = serializers.CharField()
    capital_rub = serializers.FloatField(allow_null=True)
    weights_of = serializers.ChoiceField(choices=["capital", "gross"])
    positions = AdvisedPositionSerializer(many=True)
    refused = RefusedSerializer(many=True)
    exposure = ExposureSerializer()
    sectors = SectorWeightSerializer(many=True)
    risk = RiskSerializer(allow_null=True)
    stress = StressSerializer(many=True)
    liquidity = LiquiditySerializer()
    proposals = ProposalsSerializer()
    warnings = ToldSerializer(many=True)
