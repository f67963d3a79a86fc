"""What was told and what came of it, all of it."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from signals.api import record_examples as examples
from signals.api.record_answer import record_answer
from signals.api.record_serializers import RecordQuerySerializer, TrackRecordSerializer
from signals.contracts import RecordPart
from signals.selectors.shown_record import shown_record
from traderai.common import clock
from traderai.common.asker import ACCEPT_LANGUAGE, language_of
from traderai.common.etags import conditional
from traderai.common.problems import problem_responses


class TrackRecordView(APIView):
    """The realised results of everything that was told."""

    @extend_schema(
        operation_id="track_record",
        summary="The realised results of all told signals",
        description=(
            "Of one source, and either of proven models or on paper: they are never mixed. Losers and what staff "
            "withdrew are in it. Every figure stands beside its number of trades and its bounds."
        ),
        tags=["signals"],
        parameters=[RecordQuerySerializer, ACCEPT_LANGUAGE],
        responses={200: TrackRecordSerializer, 304: None, **problem_responses(400, 401)},
        examples=[
            OpenApiExample("A paper record", value=examples.RECORD, response_only=True, status_codes=["200"])
        ],
    )
    def get(self, request: Request) -> Response:
        """Return the record, or the part of it that is asked for."""
        asked = RecordQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        values = dict(asked.validated_data)
        source, proven = values.pop("source"), values.pop("proven")
        now = clock.now()
        shown = shown_record(source=source, proven=proven, part=RecordPart(**values), as_of=now)
        answer = record_answer(shown, language=language_of(request), as_of=now)
        return conditional(request, TrackRecordSerializer(answer).data, aging=("as_of",))
