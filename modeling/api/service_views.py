"""The models in service, for every user."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from modeling.api import service_examples as examples
from modeling.api.service_serializers import ServedVersionListSerializer
from modeling.selectors.service_report import versions_served
from traderai.common.asker import ACCEPT_LANGUAGE, language_of
from traderai.common.etags import conditional
from traderai.common.problems import problem_responses


class ModelsView(APIView):
    """Who speaks, and what is known of how well."""

    @extend_schema(
        operation_id="models_in_service",
        summary="The models in service with their validated figures",
        description=(
            "By slot. Every figure is of rows that the version had not learned from, with its bounds and beside the "
            "base rate; what the gate asked, what has come since training and what it is not for stand with it."
        ),
        tags=["models"],
        parameters=[ACCEPT_LANGUAGE],
        responses={200: ServedVersionListSerializer, 304: None, **problem_responses(401)},
        examples=[
            OpenApiExample(
                "One that informs",
                value={"results": [examples.SERVED]},
                response_only=True,
                status_codes=["200"],
            )
        ],
    )
    def get(self, request: Request) -> Response:
        """Return the champions."""
        context = {"language": language_of(request)}
        told = ServedVersionListSerializer({"results": versions_served()}, context=context)
        return conditional(request, told.data)
