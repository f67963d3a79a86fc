"""Reference data and bars for charts."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from market.api import examples
from market.api.pagination import SecidCursorPagination
from market.api.serializers import (
    CandleListSerializer,
    CandleQuerySerializer,
    CompanyQuerySerializer,
    CompanySerializer,
    InstrumentDetailSerializer,
    InstrumentQuerySerializer,
    InstrumentSerializer,
    SessionSerializer,
)
from market.contracts import InstrumentFacts, Timeframe
from market.selectors.candles import candle_list
from market.selectors.company_peers import company_beside_peers
from market.selectors.instruments import instrument_get, instrument_list
from market.selectors.session_now import session_at
from traderai.common import clock
from traderai.common.problems import problem_responses

SECID = OpenApiParameter("secid", str, OpenApiParameter.PATH, description="The exchange's ticker.")


@extend_schema_view(
    list=extend_schema(
        operation_id="instruments_list",
        summary="Instruments",
        tags=["market"],
        parameters=[InstrumentQuerySerializer],
        responses={200: InstrumentSerializer(many=True), **problem_responses(400, 401, 422)},
        examples=[
            OpenApiExample("A share", value=examples.INSTRUMENT, response_only=True, status_codes=["200"])
        ],
    ),
    retrieve=extend_schema(
        operation_id="instruments_retrieve",
        summary="One instrument",
        tags=["market"],
        parameters=[SECID],
        responses={200: InstrumentDetailSerializer, **problem_responses(401, 404)},
        examples=[
            OpenApiExample(
                "A share", value=examples.INSTRUMENT_DETAIL, response_only=True, status_codes=["200"]
            )
        ],
    ),
    company=extend_schema(
        operation_id="instruments_company",
        summary="A company's figures beside its sector",
        tags=["market"],
        parameters=[SECID, CompanyQuerySerializer],
        responses={200: CompanySerializer, **problem_responses(400, 401, 404)},
        examples=[OpenApiExample("A bank", value=examples.COMPANY, response_only=True, status_codes=["200"])],
        filters=False,
    ),
    candles=extend_schema(
        operation_id="instruments_candles",
        summary="Candles of one instrument",
        tags=["market"],
        parameters=[SECID, CandleQuerySerializer],
        responses={200: CandleListSerializer, **problem_responses(400, 401, 404, 422)},
        examples=[
            OpenApiExample("One bar", value=examples.CANDLES, response_only=True, status_codes=["200"])
        ],
        filters=False,
    ),
)
class InstrumentViewSet(GenericViewSet[Any]):
    """Instruments, the companies behind them and their candles, read only."""

    lookup_field = "secid"
    lookup_value_regex = "[A-Za-z0-9._-]{1,36}"
    pagination_class = SecidCursorPagination
    serializer_class = InstrumentSerializer

    def list(self, request: Request) -> Response:
        """Return a page of instruments."""
        query = InstrumentQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        rows = instrument_list(active_only=query.validated_data["active_only"])
        wanted = [row for row in rows if _matches(row, query.validated_data)]
        page = self.paginate_queryset(sorted(wanted, key=lambda row: row.secid))
        return self.get_paginated_response(InstrumentSerializer(page, many=True).data)

    def retrieve(self, request: Request, secid: str) -> Response:
        """Return one instrument."""
        instrument = instrument_get(secid=secid.upper())
        session = None if instrument.is_simulated else session_at(at=clock.now())
        return Response(
            {
                **InstrumentSerializer(instrument).data,
                "session": None if session is None else SessionSerializer(session).data,
            }
        )

    @action(detail=True)
    def company(self, request: Request, secid: str) -> Response:
        """Return five figures as they were known, each beside the shares of the sector."""
        query = CompanyQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        now = clock.now()
        as_of = min(query.validated_data.get("at", now), now)
        instrument = instrument_get(secid=secid.upper())
        answer = {
            "secid": instrument.secid,
            "sector": instrument.sector,
            "as_of": as_of,
            "figures": company_beside_peers(secid=instrument.secid, as_of=as_of),
        }
        return Response(CompanySerializer(answer).data)

    @action(detail=True)
    def candles(self, request: Request, secid: str) -> Response:
        """Return the newest closed bars, oldest first, as traded."""
        query = CandleQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        timeframe = Timeframe.parse(query.validated_data["timeframe"])
        now = clock.now()
        as_of = min(query.validated_data.get("until", now), now)
        instrument = instrument_get(secid=secid.upper())
        rows = candle_list(
            secid=instrument.secid, timeframe=timeframe, as_of=as_of, limit=query.validated_data["limit"]
        )
        answer = {
            "secid": instrument.secid,
            "timeframe": timeframe.value,
            "is_simulated": instrument.is_simulated,
            "as_of": as_of,
            "candles": rows,
        }
        return Response(CandleListSerializer(answer).data)


def _matches(row: InstrumentFacts, query: dict[str, Any]) -> bool:
    if query.get("sector") and row.sector != query["sector"]:
        return False
    words = query.get("q", "").casefold()
    return any(words in name.casefold() for name in (row.secid, row.name_ru, row.name_en))
