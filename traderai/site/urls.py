"""Every path of the product."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularRedocView, SpectacularSwaggerSplitView

from traderai.site import views

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="app"), name="home"),
    path("app/", views.mini_app, name="app"),
    path("app/", include("behavior.api.page_urls")),
    path("app/login/", views.AppLoginView.as_view(), name="login"),
    path("app/logout/", views.AppLogoutView.as_view(), name="logout"),
    path("api/v1/", include("traderai.site.api_v1")),
    path("api/schema/", views.document, name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("api/redoc/", SpectacularRedocView.as_view(url_name="schema"), name="redoc"),
    path("admin/", admin.site.urls),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    re_path(r"^favicon\.ico$", views.favicon),
]

handler400 = "traderai.site.problems.bad_request"
handler403 = "traderai.site.problems.permission_denied"
handler404 = "traderai.site.problems.not_found"
handler500 = "traderai.site.problems.server_error"
