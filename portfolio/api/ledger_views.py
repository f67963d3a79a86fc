"""A user's accounts, positions, trades and watched shares."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from portfolio.api import ledger_examples as examples
from portfolio.api.ledger_serializers import (
    AccountChangeSerializer,
    AccountListSerializer,
    AccountRequestSerializer,
    AccountSerializer,
    ChangedPositionSerializer,
    HeldPositionSerializer,
    OrderListSerializer,
    PositionChangeSerializer,
    PositionListSerializer,
    PositionQuerySerializer,
    PositionRequestSerializer,
    RecordedSerializer,
    TradePageSerializer,
    TradeQuerySerializer,
    TradeRequestSerializer,
    WatchlistRequestSerializer,
    WatchlistSerializer,
)
from portfolio.api.requests import position_named, said_position, said_trade
from portfolio.contracts import TradeFacts
from portfolio.ledger_contracts import PositionChange
from portfolio.selectors.cash import cash_get
from portfolio.selectors.journal import accounts_get, trades_page
from portfolio.selectors.orders import orders_get
from portfolio.selectors.positions import positions_valued
from portfolio.selectors.watchlist import watchlist_get
from portfolio.services.accounts import account_change, account_create
from portfolio.services.positions import position_adjust, position_delete, position_open
from portfolio.services.record import trade_record
from portfolio.services.watchlist import watchlist_replace
from traderai.common import clock
from traderai.common.asked import ID_SCHEMA
from traderai.common.asker import asker_id, language_of
from traderai.common.pages import PageOrder
from traderai.common.problems import problem_responses

_ID = OpenApiParameter(
    "id",
    str,
    OpenApiParameter.PATH,
    description="Account and ticker.",
    examples=[OpenApiExample("A position", value="2-SIM01")],
)
_BY_TIME = PageOrder[TradeFacts](
    "actions", place=lambda row: (row.traded_at, row.id), words=(datetime.fromisoformat, int)
)
_ACCOUNT_ID = OpenApiParameter(
    "id", ID_SCHEMA, OpenApiParameter.PATH, description="The account's number.", examples=[OpenApiExample("An account", value=2)]
)  # fmt: skip
_RECORDED: dict[Any, Any] = {
    200: RecordedSerializer,
    201: RecordedSerializer,
    **problem_responses(400, 401, 404, 409, 422),
}


def _shown(value: dict[str, Any], *codes: str) -> list[OpenApiExample]:
    return [
        OpenApiExample("An answer", value=value, response_only=True, status_codes=list(codes or ("200",)))
    ]


def _asked(value: dict[str, Any]) -> list[OpenApiExample]:
    return [OpenApiExample("A question", value=value, request_only=True)]


class AccountViewSet(GenericViewSet[Any]):
    """Accounts, real and virtual."""

    lookup_field = "id"
    lookup_value_regex = "[0-9]{1,18}"
    serializer_class = AccountSerializer

    @extend_schema(
        operation_id="accounts_list",
        summary="Accounts",
        tags=["portfolio"],
        responses={200: AccountListSerializer, **problem_responses(401)},
        examples=_shown(examples.ACCOUNTS),
    )
    def list(self, request: Request) -> Response:
        """Return the user's accounts."""
        user_id = asker_id(request)
        context = {"cash": cash_get(user_id=user_id, as_of=clock.now())}
        return Response(
            AccountListSerializer({"results": accounts_get(user_id=user_id)}, context=context).data
        )

    @extend_schema(
        operation_id="accounts_create",
        summary="Open an account",
        tags=["portfolio"],
        request=AccountRequestSerializer,
        responses={200: AccountSerializer, **problem_responses(400, 401, 409, 422)},
        examples=_asked(examples.ACCOUNT_ASKED) + _shown(examples.ACCOUNT),
    )
    def create(self, request: Request) -> Response:
        """Open an account; a virtual one begins with its capital."""
        asked = AccountRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        now = clock.now()
        account = account_create(
            user_id=asker_id(request),
            kind=values["kind"],
            name=values["name"],
            capital_rub=values.get("capital"),
            now=now,
        )
        context = {"cash": cash_get(user_id=asker_id(request), as_of=now)}
        return Response(AccountSerializer(account, context=context).data)

    @extend_schema(
        operation_id="accounts_partial_update",
        summary="Change an account",
        tags=["portfolio"],
        parameters=[_ACCOUNT_ID],
        request=AccountChangeSerializer,
        responses={200: AccountSerializer, **problem_responses(400, 401, 404, 409, 422)},
        examples=_asked(examples.ACCOUNT_CHANGE) + _shown(examples.ACCOUNT),
    )
    def partial_update(self, request: Request, id: str) -> Response:
        """Give it another name or capital; one bad field and nothing is changed."""
        asked = AccountChangeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        user_id = asker_id(request)
        account = account_change(user_id=user_id, account_id=int(id), changes=asked.validated_data)
        context = {"cash": cash_get(user_id=user_id, as_of=clock.now())}
        return Response(AccountSerializer(account, context=context).data)


class PositionViewSet(GenericViewSet[Any]):
    """Positions: what the trades amount to."""

    lookup_field = "id"
    lookup_value_regex = "[0-9]{1,18}-[A-Za-z0-9._-]{1,36}"
    serializer_class = HeldPositionSerializer

    @extend_schema(
        operation_id="positions_list",
        summary="Positions",
        tags=["portfolio"],
        parameters=[PositionQuerySerializer],
        responses={200: PositionListSerializer, **problem_responses(400, 401, 404)},
        examples=_shown(examples.POSITIONS),
    )
    def list(self, request: Request) -> Response:
        """Return what is held, at the last closes."""
        asked = PositionQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        now = clock.now()
        rows = positions_valued(user_id=asker_id(request), as_of=now, **asked.validated_data)
        context = {"language": language_of(request)}
        return Response(PositionListSerializer({"as_of": now, "results": rows}, context=context).data)

    @extend_schema(
        operation_id="positions_retrieve",
        summary="One position",
        tags=["portfolio"],
        parameters=[_ID],
        responses={200: HeldPositionSerializer, **problem_responses(401, 404)},
        examples=_shown(examples.POSITION),
    )
    def retrieve(self, request: Request, id: str) -> Response:  # the router's word
        """Return one position."""
        account_id, secid = position_named(id)
        (row,) = positions_valued(
            user_id=asker_id(request), account_id=account_id, secid=secid, as_of=clock.now()
        )
        return Response(HeldPositionSerializer(row, context={"language": language_of(request)}).data)

    @extend_schema(
        operation_id="positions_create",
        summary="Tell of a position",
        description="It becomes the trade that would have opened it. A position that is held already is changed by PATCH.",
        tags=["portfolio"],
        request=PositionRequestSerializer,
        responses=_RECORDED,
        examples=_asked(examples.POSITION_ASKED) + _shown(examples.RECORDED, "200", "201"),
    )
    def create(self, request: Request) -> Response:
        """Write down what is held."""
        asked = PositionRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        done = position_open(
            user_id=asker_id(request),
            account_id=asked.validated_data.get("account_id"),
            said=said_position(request, asked.validated_data),
            now=clock.now(),
        )
        return _recorded(request, done)

    @extend_schema(
        operation_id="positions_partial_update",
        summary="Set a position right",
        description="By adjusting entries: facts are never changed. A stop is set, moved or (null) taken away.",
        tags=["portfolio"],
        parameters=[_ID],
        request=PositionChangeSerializer,
        responses={200: ChangedPositionSerializer, **problem_responses(400, 401, 404, 422)},
        examples=_asked(examples.POSITION_CHANGE) + _shown(examples.POSITION_CHANGED),
    )
    def partial_update(self, request: Request, id: str) -> Response:
        """Set quantity, average price or stop right."""
        asked = PositionChangeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        account_id, secid = position_named(id)
        values = asked.validated_data
        change = PositionChange(
            qty=values.get("qty"),
            unit=values.get("qty_unit", "shares"),
            avg_price_rub=values.get("avg_price"),
            sets_stop="stop" in values,
            stop_rub=values.get("stop"),
        )
        now = clock.now()
        position_adjust(user_id=asker_id(request), account_id=account_id, secid=secid, change=change, now=now)
        (row,) = positions_valued(user_id=asker_id(request), account_id=account_id, secid=secid, as_of=now)
        context = {"language": language_of(request)}
        return Response(ChangedPositionSerializer({"position": row, "order": None}, context=context).data)

    @extend_schema(
        operation_id="positions_destroy",
        summary="Take a position off the book",
        description=(
            "An adjusting entry at its average price closes it; who sold it tells of the sale instead. In a virtual "
            "account an order closes it."
        ),
        tags=["portfolio"],
        parameters=[_ID],
        responses={200: ChangedPositionSerializer, **problem_responses(401, 404, 422)},
        examples=_shown(examples.POSITION_GONE),
    )
    def destroy(self, request: Request, id: str) -> Response:
        """Close a position in the book."""
        account_id, secid = position_named(id)
        done = position_delete(user_id=asker_id(request), account_id=account_id, secid=secid, now=clock.now())
        answer = {"position": None, "order": None if done is None else done.order}
        return Response(ChangedPositionSerializer(answer).data)


class ActionViewSet(GenericViewSet[Any]):
    """The trade journal."""

    serializer_class = RecordedSerializer

    @extend_schema(
        operation_id="actions_list",
        summary="The trade journal",
        tags=["portfolio"],
        parameters=[TradeQuerySerializer],
        responses={200: TradePageSerializer, **problem_responses(400, 401, 404, 422)},
        examples=_shown(examples.TRADES),
    )
    def list(self, request: Request) -> Response:
        """Return a page of trades, the newest first."""
        asked = TradeQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        rows = trades_page(
            user_id=asker_id(request),
            account_id=values.get("account_id"),
            secid=values["secid"].upper() if "secid" in values else None,
            before=_BY_TIME.place_of(values.get("cursor")),
            limit=values["page_size"] + 1,
        )
        return Response(TradePageSerializer(_BY_TIME.page(request, rows, values["page_size"])).data)

    @extend_schema(
        operation_id="actions_create",
        summary="Tell of a trade",
        description="In a virtual account it is an order: the first candle after it gives price, time and costs.",
        tags=["portfolio"],
        request=TradeRequestSerializer,
        responses=_RECORDED,
        examples=_asked(examples.TRADE_ASKED) + _shown(examples.RECORDED, "200", "201"),
    )
    def create(self, request: Request) -> Response:
        """Write a trade down."""
        asked = TradeRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        done = trade_record(
            user_id=asker_id(request),
            account_id=asked.validated_data.get("account_id"),
            said=said_trade(request, asked.validated_data),
            now=clock.now(),
        )
        return _recorded(request, done)


class OrderListView(APIView):
    """Orders of virtual accounts."""

    @extend_schema(
        operation_id="orders_list",
        summary="Orders of virtual accounts",
        tags=["portfolio"],
        parameters=[PositionQuerySerializer],
        responses={200: OrderListSerializer, **problem_responses(400, 401, 404)},
        examples=_shown(examples.ORDERS),
    )
    def get(self, request: Request) -> Response:
        """Return the newest orders, the newest first."""
        asked = PositionQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        rows = orders_get(user_id=asker_id(request), **asked.validated_data)
        return Response(OrderListSerializer({"results": rows}).data)


class WatchlistView(APIView):
    """Watched shares."""

    @extend_schema(
        operation_id="watchlist_retrieve",
        summary="Watched shares",
        tags=["portfolio"],
        responses={200: WatchlistSerializer, **problem_responses(401)},
        examples=_shown(examples.WATCHLIST),
    )
    def get(self, request: Request) -> Response:
        """Return the watched shares in the user's order."""
        return Response(WatchlistSerializer({"results": watchlist_get(user_id=asker_id(request))}).data)

    @extend_schema(
        operation_id="watchlist_update",
        summary="Replace the watched shares",
        tags=["portfolio"],
        request=WatchlistRequestSerializer,
        responses={200: WatchlistSerializer, **problem_responses(400, 401, 404, 422)},
        examples=_asked(examples.WATCHLIST_ASKED) + _shown(examples.WATCHLIST),
    )
    def put(self, request: Request) -> Response:
        """Make these the watched shares, in this order."""
        asked = WatchlistRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        rows = watchlist_replace(
            user_id=asker_id(request), secids=asked.validated_data["secids"], now=clock.now()
        )
        return Response(WatchlistSerializer({"results": rows}).data)


def _recorded(request: Request, done: Any) -> Response:
    code = status.HTTP_201_CREATED if done.created else status.HTTP_200_OK
    return Response(RecordedSerializer(done, context={"language": language_of(request)}).data, status=code)
