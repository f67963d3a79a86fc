"""The paths of the portfolio app below /api/v1/."""

from __future__ import annotations

from django.urls import path
from rest_framework.routers import SimpleRouter

from portfolio.api.analysis_views import AnalyzePortfolioView
from portfolio.api.import_views import ActionImportView
from portfolio.api.ledger_views import (
    AccountViewSet,
    ActionViewSet,
    OrderListView,
    PositionViewSet,
    WatchlistView,
)

router = SimpleRouter(trailing_slash=False)
router.register("accounts", AccountViewSet, basename="accounts")
router.register("positions", PositionViewSet, basename="positions")
router.register("actions", ActionViewSet, basename="actions")
urlpatterns = [
    *router.urls,
    path("actions/import", ActionImportView.as_view(), name="actions_import"),
    path("analyze_portfolio", AnalyzePortfolioView.as_view(), name="analyze_portfolio"),
    path("orders", OrderListView.as_view(), name="orders"),
    path("watchlist", WatchlistView.as_view(), name="watchlist"),
]
