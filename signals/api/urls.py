"""The paths of the signals app below /api/v1/."""

from __future__ import annotations

from django.urls import path

from signals.api.history_views import SignalListView, SignalView
from signals.api.record_views import TrackRecordView
from signals.api.regime_views import RegimeView
from signals.api.stream_views import SignalStreamView
from signals.api.views import AnalyzeTickerView, MarketHeatmapView

urlpatterns = [
    path("analyze_ticker", AnalyzeTickerView.as_view(), name="analyze_ticker"),
    path("market_heatmap", MarketHeatmapView.as_view(), name="market_heatmap"),
    path("regime", RegimeView.as_view(), name="regime"),
    path("signals", SignalListView.as_view(), name="signals"),
    path("signals/stream", SignalStreamView.as_view(), name="signals_stream"),
    path("signals/<int:signal_id>", SignalView.as_view(), name="signal"),
    path("track_record", TrackRecordView.as_view(), name="track_record"),
]
