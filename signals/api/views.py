"""The two questions about signals: one share in depth, and the market at a glance."""

from __future__ import annotations

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from modeling.selectors.configuration import policy_get
from signals.api import examples
from signals.api.heatmap_json import heatmap_json
from signals.api.serializers import (
    AnalysisSerializer,
    AnalyzeRequestSerializer,
    HeatmapQuerySerializer,
    HeatmapSerializer,
)
from signals.selectors.heatmap import HeatmapQuestion, glance_get
from signals.services.analyze import Question, ticker_analyze
from traderai.common import clock
from traderai.common.asker import ACCEPT_LANGUAGE, language_of
from traderai.common.etags import etag_headers, etag_holds
from traderai.common.problems import problem_responses

# One for all answers: a serializer of its own would copy each of its fields for each of them. It keeps nothing of what it
# represents.
_ANALYSIS = AnalysisSerializer()


class AnalyzeTickerView(APIView):
    """The whole analysis of one share."""

    @extend_schema(
        operation_id="analyze_ticker",
        summary="Analysis of one share",
        tags=["signals"],
        parameters=[ACCEPT_LANGUAGE],
        request=AnalyzeRequestSerializer,
        responses={200: AnalysisSerializer, **problem_responses(400, 401, 404, 409, 422, 503)},
        examples=[
            OpenApiExample("Now", value={"secid": "SIM01", "horizon": "5d"}, request_only=True),
            OpenApiExample(
                "A paper signal", value=examples.ANALYSIS, response_only=True, status_codes=["200"]
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        """Return the signal of the last closed bar, stored or computed on demand, sized and worded for the asker."""
        asked = AnalyzeRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        secid = asked.validated_data["secid"].upper()
        capital_rub = getattr(request.user, "capital_rub", None)
        question = Question(
            **{**asked.validated_data, "secid": secid},
            language=language_of(request),
            capital_rub=None if capital_rub is None else float(capital_rub),
        )
        return Response(_ANALYSIS.to_representation(ticker_analyze(question=question, now=clock.now())))


class MarketHeatmapView(APIView):
    """Every active share with its newest signal."""

    @extend_schema(
        operation_id="market_heatmap",
        summary="The market at a glance",
        tags=["signals"],
        parameters=[HeatmapQuerySerializer, ACCEPT_LANGUAGE],
        responses={200: HeatmapSerializer, 304: None, **problem_responses(400, 401, 422)},
        examples=[
            OpenApiExample("One share", value=examples.HEATMAP, response_only=True, status_codes=["200"])
        ],
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Return the rows that fit the filters; 304 where the asker's ETag still holds."""
        asked = HeatmapQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        now, language = clock.now(), language_of(request)
        glance = glance_get(question=HeatmapQuestion(**asked.validated_data), as_of=now)
        etag, content = heatmap_json(
            glance, language=language, moment=now, max_data_age_s=policy_get().max_data_age_s
        )
        headers = etag_headers(etag)
        if etag_holds(request, etag):
            return Response(status=304, headers=headers)
        return HttpResponse(content, content_type="application/json", headers=headers)
