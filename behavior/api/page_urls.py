"""The coach's pages, for a browser."""

from __future__ import annotations

from django.urls import path

from behavior.api.pages import weekly_page

urlpatterns = [path("report/", weekly_page, name="weekly_report")]
