"""Paths of the market API, included under /api/v1/."""

from __future__ import annotations

from django.urls import path
from rest_framework.routers import SimpleRouter

from market.api.news_views import NewsListView, NewsTriggerView
from market.api.views import InstrumentViewSet

router = SimpleRouter(trailing_slash=False)
router.register("instruments", InstrumentViewSet, basename="instruments")
urlpatterns = [
    *router.urls,
    path("news", NewsListView.as_view(), name="news"),
    path("news_triggers", NewsTriggerView.as_view(), name="news_triggers"),
]
