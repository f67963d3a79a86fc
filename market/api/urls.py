"""Paths of the market API, included under /api/v1/."""

from __future__ import annotations

from rest_framework.routers import SimpleRouter

from market.api.views import InstrumentViewSet

router = SimpleRouter(trailing_slash=False)
router.register("instruments", InstrumentViewSet, basename="instruments")
urlpatterns = router.urls
