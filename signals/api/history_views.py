"""What was said and what came of it."""

from __future__ import annotations

from datetime import datetime

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from signals.api import history_examples as examples
from signals.api.history_serializers import (
    SaidSignalDetailSerializer,
    SaidSignalPageSerializer,
    SaidSignalSerializer,
    SignalQuerySerializer,
)
from signals.api.serializers import AnalysisSerializer
from signals.selectors.history import HistoryQuestion, SaidSignal, signal_said, signals_said
from signals.services.analyze import signal_analyze
from traderai.common import clock
from traderai.common.asked import ID_SCHEMA
from traderai.common.asker import ACCEPT_LANGUAGE, language_of
from traderai.common.etags import conditional
from traderai.common.pages import PageOrder
from traderai.common.problems import problem_responses

_ORDER: PageOrder[SaidSignal] = PageOrder("signals", lambda row: row.place, (datetime.fromisoformat, int))


class SignalListView(APIView):
    """The history of signals."""

    @extend_schema(
        operation_id="signals_list",
        summary="Signals of the past and what came of them",
        description="The newest first, losers included. Withdrawn ones are hidden; the track record counts them.",
        tags=["signals"],
        parameters=[SignalQuerySerializer, ACCEPT_LANGUAGE],
        responses={200: SaidSignalPageSerializer, 304: None, **problem_responses(400, 401, 404, 422)},
        examples=[
            OpenApiExample("One signal", value=examples.PAGE, response_only=True, status_codes=["200"])
        ],
    )
    def get(self, request: Request) -> Response:
        """Return a page of what was said."""
        asked = SignalQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        values = dict(asked.validated_data)
        size, cursor = values.pop("page_size"), values.pop("cursor", None)
        if values.get("secid"):
            values["secid"] = values["secid"].upper()
        rows = signals_said(question=HistoryQuestion(**values), after=_ORDER.place_of(cursor), limit=size + 1)
        page = _ORDER.page(request, rows, size)
        content = SaidSignalPageSerializer(page, context={"language": language_of(request)}).data
        return conditional(request, content)


class SignalView(APIView):
    """One signal of the past."""

    @extend_schema(
        operation_id="signals_retrieve",
        summary="One signal of the past with its whole analysis",
        tags=["signals"],
        parameters=[
            OpenApiParameter(
                "signal_id",
                ID_SCHEMA,
                OpenApiParameter.PATH,
                description="Its number.",
                examples=[OpenApiExample("A signal", value=4211)],
            ),
            ACCEPT_LANGUAGE,
        ],
        responses={200: SaidSignalDetailSerializer, **problem_responses(401, 404)},
        examples=[
            OpenApiExample("A winner", value=examples.DETAIL, response_only=True, status_codes=["200"])
        ],
    )
    def get(self, request: Request, signal_id: int) -> Response:
        """Return what was said, worded for the asker, and what came of it."""
        language = language_of(request)
        capital_rub = getattr(request.user, "capital_rub", None)
        said = signal_said(signal_id=signal_id)
        analysis = signal_analyze(
            signal_id=signal_id,
            language=language,
            capital_rub=None if capital_rub is None else float(capital_rub),
            now=clock.now(),
        )
        shown = SaidSignalSerializer(said, context={"language": language}).data
        return Response({**shown, "analysis": AnalysisSerializer(analysis).data})
