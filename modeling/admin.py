"""The staff's view of the registry; promotion and rollback call the same services as the commands."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from modeling.models import GateVerdict, ModelVersion, Promotion, TrainingRun
from modeling.services import registry
from traderai.common import clock
from traderai.common.admin import ReadOnlyAdmin
from traderai.common.errors import TraderAIError


@admin.register(TrainingRun)
class TrainingRunAdmin(ReadOnlyAdmin):
    """Every attempt, the failed ones included."""

    list_display = ("id", "recipe", "seed", "state", "as_of", "seconds", "started_at")
    list_filter = ("recipe", "state")


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnlyAdmin):
    """The versions and the switch between them."""

    list_display = ("version", "kind", "state", "grade", "trained_until", "is_simulated", "created_at")
    list_filter = ("kind", "state", "grade", "is_simulated")
    search_fields = ("version",)
    actions = ("promote", "roll_back")

    def has_promote_permission(self, request: HttpRequest) -> bool:
        """Switching models needs the right to change versions, which nobody has by looking."""
        return bool(request.user.has_perm("modeling.change_modelversion"))

    @admin.action(description="Promote the selected candidate", permissions=["promote"])
    def promote(self, request: HttpRequest, queryset: QuerySet[ModelVersion]) -> None:
        """Make the one selected candidate the champion."""
        if queryset.count() != 1:
            self.message_user(request, "Select exactly one version to promote.", messages.ERROR)
            return
        row = queryset.get()
        self._tell(
            request,
            lambda: registry.version_promote(
                version_id=row.pk, by=str(request.user), reason="admin", now=clock.now()
            ),
            "is now in service",
        )

    @admin.action(description="Roll back to the previous champion", permissions=["promote"])
    def roll_back(self, request: HttpRequest, queryset: QuerySet[ModelVersion]) -> None:
        """Put the previous champion of the selected versions' kind back."""
        for kind in sorted(set(queryset.values_list("kind", flat=True))):
            self._tell(
                request,
                lambda kind=kind: registry.version_rollback(
                    kind=kind, by=str(request.user), reason="admin", now=clock.now()
                ),
                "is back in service",
            )

    def _tell(self, request: HttpRequest, switch: Any, done: str) -> None:
        try:
            facts = switch()
        except TraderAIError as error:
            self.message_user(request, error.detail, messages.ERROR)
        else:
            self.message_user(request, f"{facts.version} {done}.", messages.SUCCESS)


@admin.register(GateVerdict)
class GateVerdictAdmin(ReadOnlyAdmin):
    """What the gate found, append-only."""

    list_display = ("version", "against", "verdict", "at")
    list_filter = ("verdict",)


@admin.register(Promotion)
class PromotionAdmin(ReadOnlyAdmin):
    """Who switched the champion, when and why; append-only."""

    list_display = ("at", "action", "version", "previous", "by", "reason")
    list_filter = ("action", "kind")
