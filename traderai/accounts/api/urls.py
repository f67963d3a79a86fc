"""The paths of the accounts app below /api/v1/."""

from __future__ import annotations

from django.urls import path

from traderai.accounts.api.views import ProfileView, TelegramSignInView, TokenView

urlpatterns = [
    path("auth/telegram", TelegramSignInView.as_view(), name="auth_telegram"),
    path("auth/token", TokenView.as_view(), name="auth_token"),
    path("me", ProfileView.as_view(), name="me"),
]
