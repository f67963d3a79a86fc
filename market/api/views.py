"""Reference data and bars for charts."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from market.api import examples
from market.api.serializers import (
    CandleListSerializer,
    CandleQuerySerializer,
    FundamentalsQuerySerializer,
    FundamentalsSerializer,
    InstrumentDetailSerializer,
    InstrumentPageSerializer,
    InstrumentQuerySerializer,
    InstrumentSerializer,
    SessionSerializer,
)
from market.contracts import InstrumentFacts, Timeframe
from market.selectors.candles import candle_list
from market.selectors.company_gauges import company_gauges
from market.selectors.instruments import instrument_get, instrument_list
from market.selectors.session_now import session_at
from traderai.common import clock
from traderai.common.asker import ACCEPT_LANGUAGE, language_of
from traderai.common.etags import conditional
from traderai.common.pages import PageOrder
from traderai.common.problems import problem_responses

SECID = OpenApiParameter(
    "secid",
    str,
    OpenApiParameter.PATH,
    description="The exchange's ticker.",
    examples=[OpenApiExample("A share", value="SIM01")],
)
_BY_TICKER = PageOrder[InstrumentFacts]("instruments", place=lambda row: (row.secid,), words=(str,))


@extend_schema_view(
    list=extend_schema(
        operation_id="instruments_list",
        summary="Instruments",
        tags=["market"],
        parameters=[InstrumentQuerySerializer],
        responses={200: InstrumentPageSerializer, 304: None, **problem_responses(400, 401, 422)},
        examples=[
            OpenApiExample("A share", value=examples.INSTRUMENTS, response_only=True, status_codes=["200"])
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
    candles=extend_schema(
        operation_id="instruments_candles",
        summary="Candles of one instrument",
        tags=["market"],
        parameters=[SECID, CandleQuerySerializer],
        responses={200: CandleListSerializer, 304: None, **problem_responses(400, 401, 404, 422)},
        examples=[
            OpenApiExample("One bar", value=examples.CANDLES, response_only=True, status_codes=["200"])
        ],
        filters=False,
    ),
    fundamentals=extend_schema(
        operation_id="instruments_fundamentals",
        summary="A company's figures: P/E, P/B, ROE, net debt to EBITDA, dividend yield",
        description="Each with the reports behind it and beside its sector; null where nothing that counts is known.",
        tags=["market"],
        parameters=[SECID, FundamentalsQuerySerializer, ACCEPT_LANGUAGE],
        responses={200: FundamentalsSerializer, **problem_responses(400, 401, 404)},
        examples=[
            OpenApiExample(
                "Two of five", value=examples.FUNDAMENTALS, response_only=True, status_codes=["200"]
            )
        ],
        filters=False,
    ),
)
class InstrumentViewSet(GenericViewSet[Any]):
    """Instruments and their candles, read only."""

    lookup_field = "secid"
    lookup_value_regex = "[A-Za-z0-9._-]{1,36}"
    serializer_class = InstrumentSerializer

    def list(self, request: Request) -> Response:
        """Return a page of instruments."""
        query = InstrumentQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        after = _BY_TICKER.place_of(asked.get("cursor")) or ("",)
        rows = instrument_list(active_only=asked["active_only"])
        wanted = [row for row in rows if row.secid > after[0] and _matches(row, asked)]
        page = _BY_TICKER.page(request, sorted(wanted, key=lambda row: row.secid), asked["page_size"])
        return conditional(request, InstrumentPageSerializer(page).data)

    def retrieve(self, request: Request, secid: str) -> Response:
        """Return one instrument."""
        instrument = instrument_get(secid=secid.upper())
        session = None if instrument.is_simulated else session_at(at=clock.now())
        told = None if session is None else SessionSerializer(session).data
        return Response({**InstrumentSerializer(instrument).data, "session": told})

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
        return conditional(request, CandleListSerializer(answer).data, aging=("as_of",))

    @action(detail=True)
    def fundamentals(self, request: Request, secid: str) -> Response:
        """Return the company's figures as known at a moment."""
        query = FundamentalsQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        now = clock.now()
        as_of = min(query.validated_data.get("at", now), now)
        instrument = instrument_get(secid=secid.upper())
        answer = {
            "secid": instrument.secid,
            "as_of": as_of,
            "results": company_gauges(share=instrument, as_of=as_of),
        }
        return Response(FundamentalsSerializer(answer, context={"language": language_of(request)}).data)


def _matches(row: InstrumentFacts, query: dict[str, Any]) -> bool:
    if query.get("sector") and row.sector != query["sector"]:
        return False
    words = query.get("q", "").casefold()
    return any(words in name.casefold() for name in (row.secid, row.name_ru, row.name_en))
