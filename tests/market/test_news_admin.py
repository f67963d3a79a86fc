"""The staff's view of news: what may be edited, and whose an edited alert is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.admin.sites import AdminSite
from django.test import RequestFactory

from market.models import NewsItem, NewsSource, NewsTrigger, RiskAlert
from market.news_admin import NewsItemAdmin, NewsSourceAdmin, NewsTriggerAdmin, RiskAlertAdmin
from market.services.news_alerts import STAFF
from market.services.news_sources import news_sources_ensure
from traderai.accounts.models import User

AT = datetime(2024, 3, 1, tzinfo=UTC)


@pytest.fixture
def request_of_staff(db: None, rf: RequestFactory):
    request = rf.get("/")
    request.user = User.objects.create(username="staff", is_staff=True, is_superuser=True)
    return request


def test_an_alert_that_staff_saves_is_staffs(request_of_staff):
    alert = RiskAlert(
        is_market=True, severity="info", starts_at=AT, known_at=AT, cause="c", source="news:rules"
    )
    RiskAlertAdmin(RiskAlert, AdminSite()).save_model(request_of_staff, alert, None, False)
    assert RiskAlert.objects.get().source == STAFF


def test_of_a_source_staff_may_change_trust_delay_and_active_alone(request_of_staff):
    page = NewsSourceAdmin(NewsSource, AdminSite())
    assert page.has_change_permission(request_of_staff)
    assert not page.has_delete_permission(request_of_staff)
    fixed = set(page.get_readonly_fields(request_of_staff))
    assert {field.name for field in NewsSource._meta.fields} - fixed == {"trust_frac", "delay_s", "active"}
    nobody = User.objects.create(username="nobody", is_staff=True)
    request_of_staff.user = nobody
    assert not page.has_change_permission(request_of_staff)


def test_items_and_verdicts_are_facts_and_rows_that_say_nothing_are_left_out(request_of_staff):
    for page in (NewsItemAdmin(NewsItem, AdminSite()), NewsTriggerAdmin(NewsTrigger, AdminSite())):
        assert not page.has_add_permission(request_of_staff)
        assert not page.has_change_permission(request_of_staff)
        assert not page.has_delete_permission(request_of_staff)
    for score in (0.0, 5.0):
        NewsTrigger.objects.create(
            external_id=str(score), sector="finance", at=AT, known_at=AT, score=score, direction=0,
            event_type="other", scorer="s", scorer_version="1",
        )  # fmt: skip
    shown = NewsTriggerAdmin(NewsTrigger, AdminSite()).get_queryset(request_of_staff)
    assert [row.score for row in shown] == [5.0]
    assert NewsTriggerAdmin(NewsTrigger, AdminSite()).about(shown[0]) == "finance"


def test_sources_are_laid_down_once(db: None):
    first = news_sources_ensure()
    assert set(first) == {source.code for source in NewsSource.objects.all()}
    assert {"moex", "markettwits", "telegram", "push"} <= set(first)
    assert not any(source.active for source in first.values() if source.kind == "rss")
