"""Paths of the models in service and of the registry, included under /api/v1/."""

from __future__ import annotations

from django.urls import path
from rest_framework.routers import SimpleRouter

from modeling.api.service_views import ModelsView
from modeling.api.views import SlotViewSet, VersionViewSet

router = SimpleRouter(trailing_slash=False)
router.register("model_versions", VersionViewSet, basename="model_versions")
router.register("model_slots", SlotViewSet, basename="model_slots")
urlpatterns = [*router.urls, path("models", ModelsView.as_view(), name="models")]
