from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.test import RequestFactory
from django.urls import include, path, reverse

from market.models import DataQualityReport, IngestionRun
from market.quality_admin import QUALITY_ADMINS, DataQualityReportAdmin, IngestionRunAlerts
from market.services.candle_write import candles_write
from market.services.quality import data_quality_run
from tests.market import make
from tests.market.quality_market import AS_OF, clean_bars, columns_of
from traderai.site.urls import urlpatterns as site_urls

_PAGES = DataQualityReportAdmin(DataQualityReport, admin.site)
_own, _app, _name = admin.site.urls
urlpatterns = [
    path("admin/", ([path("market/dataqualityreport/", include(_PAGES.urls)), *_own], _app, _name)),
    *site_urls,
]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
NOW = datetime(2023, 5, 17, 5, tzinfo=UTC)


@pytest.fixture
def report(tmp_path, settings):
    settings.LAKE_URL = f"file://{tmp_path / 'lake'}"
    for seed in range(2):
        bars = clean_bars(f"S{seed}", seed)
        bars.prices[1000:] = (bars.prices[1000:] * (0.1 if seed else 1.0)).round(2)
        facts = make.instrument(f"S{seed}")
        candles_write(
            instrument_id=facts.id, timeframe=bars.key.timeframe, columns=columns_of(bars), origin=make.FILE
        )
    return data_quality_run(as_of=AS_OF, now=NOW)


@pytest.fixture
def staff(client):
    client.force_login(get_user_model().objects.create_superuser("boss", password="x"))
    return client


def test_the_list_and_the_report_say_what_was_found(staff, report):
    listed = staff.get(reverse("admin:market_dataqualityreport_changelist")).content.decode()
    assert "S1 1h" in listed and reverse("admin:market_quality_page", args=[report.id]) in listed
    shown = staff.get(reverse("admin:market_dataqualityreport_change", args=[report.id])).content.decode()
    assert "split_suspected (1 in 1 series)" in shown and "looks like a split 1:10" in shown


def test_the_page_is_handed_out_with_its_hands_tied(staff, report):
    answer = staff.get(reverse("admin:market_quality_page", args=[report.id]))
    assert answer.status_code == 200 and b"looks like a split 1:10" in answer.content
    policy = answer["Content-Security-Policy"]
    assert policy.endswith("sandbox") and "default-src 'none'" in policy and "script-src" not in policy


def test_a_page_that_is_gone_and_a_stranger_get_nothing(staff, report, client):
    page = reverse("admin:market_quality_page", args=[report.id])
    assert staff.get(reverse("admin:market_quality_page", args=[0])).status_code == 404
    DataQualityReport.objects.update(html_key="quality/gone.html")
    assert staff.get(page).status_code == 404
    client.logout()
    assert client.get(page).status_code == 302
    client.force_login(get_user_model().objects.create_user("clerk", password="x", is_staff=True))
    assert client.get(page).status_code in {403, 404}


def test_reports_are_facts(staff, report):
    assert staff.get(reverse("admin:market_dataqualityreport_add")).status_code == 403
    staff.post(reverse("admin:market_dataqualityreport_change", args=[report.id]), {"verdict": "ok"})
    assert DataQualityReport.objects.get().verdict == "failed"


def test_runs_show_what_was_expected_of_them(staff):
    IngestionRun.objects.create(
        kind="candles", source="iss", started_at=NOW, rows_received=7, rows_expected=4321, alert="failed"
    )
    request = RequestFactory().get("/admin/market/ingestionrun/")
    request.user = get_user_model().objects.get(username="boss")
    page = IngestionRunAlerts(IngestionRun, admin.site).changelist_view(request).render().content.decode()
    assert "4321" in page and "Far fewer rows than expected" in page
    assert {model for model, _ in QUALITY_ADMINS} == {DataQualityReport, IngestionRun}
