"""The shapes of accounts, positions, trades and the watch list."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from portfolio.ledger_phrases import PHRASES, remark_text
from traderai.common.asked import BodySerializer, IdField, MomentField, MoneyField, QuerySerializer
from traderai.common.errors import InputError
from traderai.common.pages import PageQuerySerializer, PageSerializer

_MOST = 10**12
_SIDES = ("long", "short")
_UNITS = ("shares", "lots")


class AccountSerializer(serializers.Serializer[Any]):
    """One account."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=["real", "virtual"])
    name = serializers.CharField()
    capital = serializers.FloatField(
        source="capital_rub",
        allow_null=True,
        help_text="RUB; a virtual account began with it. Null: unknown.",
    )
    cash = serializers.SerializerMethodField(help_text="RUB left in a virtual account; null of a real one.")
    created_at = serializers.DateTimeField()

    def get_cash(self, account: Any) -> float | None:
        """Return what a virtual account has left."""
        cash: float | None = self.context["cash"].get(account.id)
        return cash


class AccountListSerializer(serializers.Serializer[Any]):
    """A user's accounts, the oldest first."""

    results = AccountSerializer(many=True)


class AccountRequestSerializer(BodySerializer):
    """An account to be opened."""

    kind = serializers.ChoiceField(choices=["real", "virtual"])
    name = serializers.CharField(max_length=60)
    capital = MoneyField(
        required=False, allow_null=True, help_text="RUB."
    )  # fmt: skip


class AccountChangeSerializer(BodySerializer):
    """What is to be changed of an account; what is left out stays."""

    name = serializers.CharField(max_length=60, required=False)
    capital = MoneyField(
        source="capital_rub", required=False, allow_null=True, help_text="RUB, above 0; null: unknown. That of a virtual account stays.",
    )  # fmt: skip


class TradeRequestSerializer(BodySerializer):
    """A trade that was made; in a virtual account an order without price, commission and time."""

    account_id = IdField(required=False, help_text="The only account by default.")
    secid = serializers.CharField(max_length=36, help_text="The exchange's ticker.")
    side = serializers.ChoiceField(choices=["BUY", "SELL"])
    qty = serializers.IntegerField(min_value=-_MOST, max_value=_MOST, help_text="Above 0, in `qty_unit`.")
    qty_unit = serializers.ChoiceField(choices=_UNITS, help_text="A lot is that of the trade's day.")
    price = serializers.FloatField(
        required=False, allow_null=True, help_text="RUB of one share as it was traded, splits not applied."
    )
    commission = serializers.FloatField(
        required=False, allow_null=True, help_text="RUB of the whole trade; left out it is reckoned."
    )
    traded_at = MomentField(required=False, allow_null=True, help_text="Left out: now.")
    stop = serializers.FloatField(required=False, allow_null=True, help_text="RUB of one share.")
    signal_id = IdField(required=False, allow_null=True, help_text="The signal followed.")


class PositionRequestSerializer(BodySerializer):
    """A position that is held."""

    account_id = IdField(required=False, help_text="The only account by default.")
    secid = serializers.CharField(max_length=36, help_text="The exchange's ticker.")
    side = serializers.ChoiceField(choices=_SIDES)
    qty = serializers.IntegerField(min_value=-_MOST, max_value=_MOST, help_text="Above 0, in `qty_unit`.")
    qty_unit = serializers.ChoiceField(choices=_UNITS)
    avg_price = serializers.FloatField(required=False, allow_null=True, help_text="RUB of one share.")
    commission = serializers.FloatField(required=False, allow_null=True, help_text="RUB paid for all of it.")
    opened_at = MomentField(required=False, allow_null=True, help_text="Left out: now.")
    stop = serializers.FloatField(required=False, allow_null=True, help_text="RUB of one share.")


class PositionChangeSerializer(BodySerializer):
    """What is to be set right in a position; what is left out stays."""

    qty = serializers.IntegerField(required=False, min_value=-_MOST, max_value=_MOST, help_text="Above 0.")
    qty_unit = serializers.ChoiceField(choices=_UNITS, required=False, help_text="Needed with `qty`.")
    avg_price = serializers.FloatField(required=False, help_text="RUB of one share.")
    stop = serializers.FloatField(required=False, allow_null=True, help_text="Null takes the stop away.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a quantity without its unit, and a change of nothing (InputError)."""
        if "qty" in attrs and "qty_unit" not in attrs:
            raise InputError("qty_unit must be given with qty: shares or lots", field="qty_unit")
        if not {"qty", "avg_price", "stop"} & set(attrs):
            raise InputError("at least one of qty, avg_price and stop must be given")
        return attrs


class RemarkSerializer(serializers.Serializer[Any]):
    """What is worth knowing of a trade that was taken."""

    code = serializers.CharField()
    text = serializers.SerializerMethodField(help_text="In the user's language.")

    def get_text(self, remark: Any) -> str:
        """Return the remark in the language of the answer."""
        return remark_text(remark, language=self.context.get("language", "ru"))


class TradeSerializer(serializers.Serializer[Any]):
    """One trade as it was; facts are never changed."""

    id = serializers.IntegerField()
    account_id = serializers.IntegerField()
    secid = serializers.CharField()
    side = serializers.ChoiceField(choices=["BUY", "SELL"])
    qty = serializers.IntegerField(source="qty_shares", help_text="Shares.")
    price = serializers.FloatField(source="price_rub")
    commission = serializers.FloatField(source="commission_rub")
    traded_at = serializers.DateTimeField()
    known_at = serializers.DateTimeField(help_text="When we learned of it.")
    origin = serializers.CharField(help_text="api, manual, csv, virtual, or adjustment: no trade was made.")
    stop = serializers.FloatField(source="stop_rub", allow_null=True)
    signal_id = serializers.IntegerField(allow_null=True)


class OrderSerializer(serializers.Serializer[Any]):
    """One order of a virtual account; it fills at the open of the first candle after it."""

    id = serializers.IntegerField()
    account_id = serializers.IntegerField()
    secid = serializers.CharField()
    side = serializers.ChoiceField(choices=["BUY", "SELL"])
    qty = serializers.IntegerField(source="qty_shares", help_text="Shares.")
    stop = serializers.FloatField(source="stop_rub", allow_null=True)
    signal_id = serializers.IntegerField(allow_null=True)
    ordered_at = serializers.DateTimeField()
    state = serializers.CharField(help_text="pending, filled or refused.")
    refusal = serializers.CharField(allow_blank=True, help_text="A code; empty unless refused.")
    refusal_text = serializers.SerializerMethodField(help_text="In the user's language.")
    trade_id = serializers.IntegerField(allow_null=True)

    def get_refusal_text(self, order: Any) -> str:
        """Return why the order was refused."""
        return str(PHRASES[order.refusal]) if order.refusal else ""


class OrderListSerializer(serializers.Serializer[Any]):
    """The newest orders, the newest first."""

    results = OrderSerializer(many=True)


class RecordedSerializer(serializers.Serializer[Any]):
    """What became of it: a trade, or an order where the account is virtual."""

    trade = TradeSerializer(allow_null=True)
    order = OrderSerializer(allow_null=True)
    created = serializers.BooleanField(help_text="False: it had been told before, nothing was changed.")
    remarks = RemarkSerializer(many=True)


class HeldPositionSerializer(serializers.Serializer[Any]):
    """One position: the first-in-first-out fold of its trades."""

    id = serializers.CharField(help_text="Account and ticker.")
    account_id = serializers.IntegerField(source="position.account_id")
    secid = serializers.CharField(source="position.secid")
    name = serializers.SerializerMethodField(help_text="In the user's language.")
    side = serializers.SerializerMethodField(help_text="long or short.")
    qty = serializers.FloatField(source="position.qty_shares", help_text="Shares.")
    avg_price = serializers.FloatField(source="position.avg_price_rub", help_text="Without commissions.")
    commission = serializers.FloatField(source="position.commission_rub", help_text="Paid for what is open.")
    opened_at = serializers.DateTimeField(source="position.opened_at", help_text="Of the oldest open part.")
    stop = serializers.FloatField(source="position.stop_rub", allow_null=True)
    price = serializers.FloatField(source="price_rub", allow_null=True, help_text="The last close.")
    priced_at = serializers.DateTimeField(allow_null=True, help_text="Begin of its bar.")
    value = serializers.FloatField(source="value_rub", allow_null=True, help_text="RUB; of a short below 0.")
    pnl = serializers.FloatField(source="pnl_rub", allow_null=True, help_text="RUB, after commissions.")
    pnl_frac = serializers.FloatField(allow_null=True, help_text="Of what the position cost.")
    trade_ids = serializers.ListField(child=serializers.IntegerField(), source="position.trade_ids")

    def get_name(self, row: Any) -> str:
        """Return the share's name in the language of the answer."""
        name: str = row.name_ru if self.context.get("language") == "ru" else row.name_en
        return name

    def get_side(self, row: Any) -> str:
        """Return the position's side."""
        return _SIDES[0] if row.position.is_long else _SIDES[1]


class PositionListSerializer(serializers.Serializer[Any]):
    """What is held, by account and ticker."""

    as_of = serializers.DateTimeField()
    results = HeldPositionSerializer(many=True)


class PositionQuerySerializer(QuerySerializer):
    """Whose positions."""

    account_id = IdField(required=False, help_text="Left out: all accounts.")


class ChangedPositionSerializer(serializers.Serializer[Any]):
    """What is open afterwards; null where nothing is."""

    position = HeldPositionSerializer(allow_null=True)
    order = OrderSerializer(allow_null=True, help_text="Of a virtual account: it closes the position.")


class TradeQuerySerializer(PageQuerySerializer, QuerySerializer):
    """Which trades."""

    account_id = IdField(required=False, help_text="Left out: all accounts.")
    secid = serializers.CharField(required=False, max_length=36, help_text="The exchange's ticker.")


class TradePageSerializer(PageSerializer):
    """A page of trades, the newest first."""

    results = TradeSerializer(many=True)


class WatchedSerializer(serializers.Serializer[Any]):
    """A watched share."""

    secid = serializers.CharField()
    name_ru = serializers.CharField()
    name_en = serializers.CharField()
    sector = serializers.CharField(allow_blank=True)
    added_at = serializers.DateTimeField()


class WatchlistSerializer(serializers.Serializer[Any]):
    """The watched shares in the user's order."""

    results = WatchedSerializer(many=True)


class WatchlistRequestSerializer(BodySerializer):
    """The whole list as it shall be."""

    secids = serializers.ListField(child=serializers.CharField(max_length=36), max_length=1000)
