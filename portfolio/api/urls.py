"""The paths of the portfolio app below /api/v1/."""

from __future__ import annotations

from django.urls import path

from portfolio.api.analysis_views import AnalyzePortfolioView

urlpatterns = [
    path("analyze_portfolio", AnalyzePortfolioView.as_view(), name="analyze_portfolio"),
]
