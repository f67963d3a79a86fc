"""The paths of the behavior app below /api/v1/."""

from __future__ import annotations

from django.urls import path

from behavior.api.views import PreTradeCheckView, SignalFeedbackView, UserWeeklyReportView

urlpatterns = [
    path("signals/<int:signal_id>/feedback", SignalFeedbackView.as_view(), name="signal_feedback"),
    path("pre_trade_check", PreTradeCheckView.as_view(), name="pre_trade_check"),
    path("user_weekly_report", UserWeeklyReportView.as_view(), name="user_weekly_report"),
]
