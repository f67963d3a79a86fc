"""The model registry for staff: how versions stand, and the switches between them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.viewsets import ViewSet

from modeling.api import examples
from modeling.api.permissions import RegistryPermission
from modeling.api.serializers import (
    RollbackSerializer,
    SwitchSerializer,
    VersionQuerySerializer,
    VersionSerializer,
)
from modeling.contracts.registry import SLOTS
from modeling.selectors.shadow import standing_lines
from modeling.selectors.versions import slot_named, version_get, version_list
from modeling.services import registry
from traderai.common import clock
from traderai.common.problems import problem_responses

VERSION = OpenApiParameter(
    "version",
    str,
    OpenApiParameter.PATH,
    description="Its whole name.",
    examples=[OpenApiExample("A version", value=examples.VERSION["version"])],
)
SLOT = OpenApiParameter(
    "slot",
    str,
    OpenApiParameter.PATH,
    enum=SLOTS,
    description="The place of service.",
    examples=[OpenApiExample("A slot", value=examples.VERSION["slot"])],
)
_View = TypeVar("_View", bound=Callable[..., Response])
_ONE = OpenApiExample("A version", value=examples.VERSION, response_only=True, status_codes=["200"])


def _switch(
    name: str, summary: str, form: type[Serializer[Any]], *, of: OpenApiParameter
) -> Callable[[_View], _View]:
    """Return how the document describes a switch."""
    example = examples.ROLLBACK if form is RollbackSerializer else examples.SWITCH
    return extend_schema(
        operation_id=name,
        summary=summary,
        tags=["models"],
        parameters=[of],
        request=form,
        responses={200: VersionSerializer, **problem_responses(400, 401, 403, 404, 409, 422)},
        examples=[OpenApiExample("Why", value=example, request_only=True), _ONE],
    )


class VersionViewSet(ViewSet):
    """Versions, and what one of them can be told to do."""

    permission_classes = (RegistryPermission,)
    lookup_field = "version"
    lookup_value_regex = "[A-Za-z0-9._-]{1,120}"

    @extend_schema(
        operation_id="model_versions_list",
        summary="The newest model versions",
        description="For staff. At most a hundred, newest first, whatever their state.",
        tags=["models"],
        parameters=[VersionQuerySerializer],
        responses={200: VersionSerializer(many=True), **problem_responses(400, 401, 403, 422)},
        examples=[_ONE],
    )
    def list(self, request: Request) -> Response:
        """Return the newest versions."""
        query = VersionQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        versions = version_list(**query.validated_data)
        context = {"standing": standing_lines(versions)}
        return Response(VersionSerializer(versions, many=True, context=context).data)

    @_switch(
        "model_versions_promote",
        "Put a version that passed its gate, and its time in shadow, into service",
        SwitchSerializer,
        of=VERSION,
    )
    @action(detail=True, methods=["post"])
    def promote(self, request: Request, version: str) -> Response:
        """Make it the champion; the version in service is answered as it is."""
        facts = registry.version_promote(version_id=version_get(version=version).id, **_told(request))
        return Response(VersionSerializer(facts).data)

    @_switch(
        "model_versions_shadow",
        "Let a candidate that passed its gate answer on live bars unheard",
        SwitchSerializer,
        of=VERSION,
    )
    @action(detail=True, methods=["post"])
    def shadow(self, request: Request, version: str) -> Response:
        """Let it answer in shadow; one that does is answered as it is."""
        facts = registry.version_shadow(version_id=version_get(version=version).id, **_told(request))
        return Response(VersionSerializer(facts).data)


class SlotViewSet(ViewSet):
    """Places of service, and what can be done about the champion of one."""

    permission_classes = (RegistryPermission,)
    lookup_field = "slot"
    lookup_value_regex = "[a-z_]{1,16}"

    @_switch("model_slots_rollback", "Put the previous champion back", RollbackSerializer, of=SLOT)
    @action(detail=True, methods=["post"])
    def rollback(self, request: Request, slot: str) -> Response:
        """Go back from the version in service."""
        told = _told(request, RollbackSerializer)
        away_from = version_get(version=told.pop("from_version")).id
        facts = registry.version_rollback(slot=slot_named(slot), away_from=away_from, **told)
        return Response(VersionSerializer(facts).data)

    @_switch(
        "model_slots_resume",
        "Let a champion be heard again that was silenced as degraded",
        SwitchSerializer,
        of=SLOT,
    )
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, slot: str) -> Response:
        """Lift the pause of its champion."""
        facts = registry.emission_resume(slot=slot_named(slot), **_told(request))
        return Response(VersionSerializer(facts).data)


def _told(request: Request, form: type[Serializer[Any]] = SwitchSerializer) -> dict[str, Any]:
    """Return what was asked, by whom and when."""
    asked = form(data=request.data)
    asked.is_valid(raise_exception=True)
    return {**asked.validated_data, "by": str(request.user), "now": clock.now()}
