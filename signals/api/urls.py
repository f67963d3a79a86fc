"""The paths of the signals app below /api/v1/."""

from __future__ import annotations

from django.urls import path

from signals.api.views import AnalyzeTickerView, MarketHeatmapView

urlpatterns = [
    path("analyze_ticker", AnalyzeTickerView.as_view(), name="analyze_ticker"),
    path("market_heatmap", MarketHeatmapView.as_view(), name="market_heatmap"),
]
