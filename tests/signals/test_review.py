"""Staff's word on signals: what is refused, what users no longer see, and the pages of the admin."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from signals.models import Review, Signal
from signals.selectors.by_version import signals_of_version
from signals.selectors.glance import heatmap_rows
from signals.selectors.stored import signal_and_bar, signal_latest
from signals.services.review import signal_review
from signals.services.score import signals_score
from tests.signals import builders
from tests.signals.told import say, signal, told
from traderai.accounts.models import User
from traderai.common.errors import ConflictError, InputError, NotFoundError, NotReadyError

NOW = builders.last_moment() + timedelta(minutes=20)
LATER = NOW + timedelta(days=1)
pytestmark = pytest.mark.django_db


@pytest.fixture
def row(db) -> Signal:
    share = builders.share("AAAA", seed=1, bars=9)
    return say([signal(share, (0, "BUY", 70))])[0]


def review(row: Signal, verdict: str, note: str = "a halt", by: str = "anna") -> None:
    signal_review(signal_id=row.pk, verdict=verdict, note=note, by=by, now=NOW)


def test_each_word_is_kept_with_its_author_and_time(row):
    review(row, "approved", note="")
    review(row, "note", "  looks late ")
    review(row, "rejected", by="boris")
    said = list(Review.objects.order_by("pk").values_list("verdict", "note", "by", "at"))
    assert said == [
        ("approved", "", "anna", NOW), ("note", "looks late", "anna", NOW), ("rejected", "a halt", "boris", NOW),
    ]  # fmt: skip


@pytest.mark.parametrize("verdict", ["approved", "rejected"])
def test_the_same_verdict_twice_is_a_conflict_and_changes_nothing(row, verdict):
    review(row, verdict)
    review(row, "note")
    with pytest.raises(ConflictError, match=f"is {verdict} already, by anna at 2") as caught:
        review(row, verdict, by="boris")
    assert caught.value.code == f"already_{verdict}"
    assert Review.objects.count() == 2
    review(
        row, "approved" if verdict == "rejected" else "rejected"
    )  # a mind may be changed, and changed back
    review(row, verdict)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"verdict": "reject"}, "did you mean 'rejected'"),
        ({"note": " "}, "must say why"),
        ({"verdict": "note", "note": ""}, "must say why"),
        ({"by": ""}, "name its author"),
    ],
)
def test_a_word_that_says_too_little_is_refused(row, words, said):
    with pytest.raises(InputError, match=said):
        review(row, **{"verdict": "rejected", **words})
    assert not Review.objects.exists()


def test_no_signal_no_review(db):
    with pytest.raises(NotFoundError, match="no signal 7"):
        signal_review(signal_id=7, verdict="approved", by="anna", now=NOW)


def shown(secid: str) -> tuple[object, object, object]:
    """Return the signal's id as three doors give it: alone, on the map (its moment) and by version."""
    try:
        latest = signal_latest(secid=secid, timeframe="1h", horizon="5d", as_of=LATER).id
    except NotReadyError:
        latest = None
    (on_map,) = (one for one in heatmap_rows(timeframe="1h", horizon="5d", as_of=LATER) if one.secid == secid)
    of_version = signals_of_version(version="global-test-1", timeframe="1h", horizon="5d", as_of=LATER)
    by_version = next((one.id for one in of_version if one.secid == secid), None)
    return latest, on_map.as_of, by_version


def test_a_rejected_signal_is_withdrawn_from_users_and_kept(champion):
    signals_score(secids=["SHR0", "SHR1"], now=NOW)
    row = Signal.objects.get(instrument__secid="SHR0", horizon="5d")
    before, other = shown("SHR0"), shown("SHR1")
    assert before == (row.pk, row.as_of, row.pk)
    review(row, "note")
    assert shown("SHR0") == before
    review(row, "rejected")
    assert shown("SHR0") == (None, None, None)
    assert shown("SHR1") == other
    assert Signal.objects.filter(pk=row.pk).exists()
    review(row, "approved")
    assert shown("SHR0") == before


def test_behind_a_withdrawn_signal_the_one_before_is_shown(champion):
    early = builders.last_moment(builders.BARS - 1)
    for now in (early, NOW):
        signals_score(secids=["SHR0"], now=now)
    first, second = Signal.objects.filter(horizon="5d").order_by("as_of")
    assert shown("SHR0")[0] == second.pk
    review(second, "rejected")
    assert shown("SHR0") == (first.pk, first.as_of, first.pk)


def test_a_withdrawn_signal_is_not_computed_again_on_demand(champion):
    early = builders.last_moment(builders.BARS - 1)
    asked = {"secid": "SHR0", "timeframe": "1h", "horizon": "5d", "as_of": LATER}
    signals_score(secids=["SHR0"], now=early)
    first = Signal.objects.get(horizon="5d")
    assert signal_and_bar(**asked)[1] is False  # a bar has closed since: whoever asks is answered on demand
    signals_score(secids=["SHR0"], now=NOW)
    second = Signal.objects.get(horizon="5d", as_of__gt=first.as_of)
    review(second, "rejected")
    said, of_last_bar = signal_and_bar(**asked)
    assert (said.id, of_last_bar) == (first.pk, True)
    review(first, "rejected")
    with pytest.raises(NotReadyError, match="no signal of SHR0"):
        signal_and_bar(**asked)


def test_what_was_withdrawn_silences_its_repetition_all_the_same(row):
    review(row, "rejected")
    again = say([signal(row.instrument, (1, "BUY", 70))])[0]
    later = say([signal(row.instrument, (2, "BUY", 70))])[0]
    assert told() == [row.pk, later.pk] and again.pk not in told()


@pytest.fixture
def staff(db) -> Client:
    """A member of staff who may look."""
    user = User.objects.create_user("ann", password="-", is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=["view_signal", "view_review"]))
    client = Client()
    client.force_login(user)
    client.user = user  # type: ignore[attr-defined]
    return client


def act(client: Client, action: str, rows: list[Signal], note: str = "") -> str:
    """Run an action of the list and return the page that follows."""
    data = {"action": action, "_selected_action": [row.pk for row in rows], "note": note, "index": 0}
    return client.post(reverse("admin:signals_signal_changelist"), data, follow=True).content.decode()


def test_only_who_may_review_does(champion, staff):
    signals_score(secids=["SHR0"], now=NOW)
    rows = list(Signal.objects.order_by("pk"))
    assert "Reject: withdraw" not in act(staff, "reject", rows, "a halt")
    assert not Review.objects.exists()
    staff.user.user_permissions.add(Permission.objects.get(codename="add_review"))  # type: ignore[attr-defined]
    assert "rejected must say why" in act(staff, "reject", rows)
    page = act(staff, "reject", rows[:2], "a halt")
    assert "Rejected: 2 signals" in page and "Reject: withdraw" in page
    assert "is rejected already, by ann" in act(staff, "reject", rows[:1], "again")
    assert "Approved: 1 signal." in act(staff, "approve", rows[:1])
    act(staff, "annotate", rows[:1], "after a <look>")
    assert list(Review.objects.order_by("pk").values_list("verdict", "by")) == [
        ("rejected", "ann"), ("rejected", "ann"), ("approved", "ann"), ("note", "ann"),
    ]  # fmt: skip
    page = staff.get(reverse("admin:signals_signal_change", args=[rows[0].pk])).content.decode()
    assert page.index("after a &lt;look&gt;") < page.index("Rejected. a halt")
    assert "a halt" in staff.get(reverse("admin:signals_review_changelist")).content.decode()


def test_lists_are_filtered_by_told_and_by_review(champion, staff):
    signals_score(now=NOW)
    rows = list(Signal.objects.order_by("pk"))
    review(rows[0], "rejected")
    review(rows[1], "approved")
    review(rows[1], "note")

    def listed(**chosen: str) -> set[int]:
        answer = staff.get(reverse("admin:signals_signal_changelist"), chosen)
        return set(answer.context["cl"].queryset.values_list("pk", flat=True))

    every = {row.pk for row in rows}
    assert listed(review="rejected") == {rows[0].pk}
    assert listed(review="approved") == {rows[1].pk}
    assert listed(review="none") == every - {rows[0].pk, rows[1].pk}
    assert listed(told="yes") == set(told()) != set()
    assert listed(told="no") == every - set(told())
    assert listed() == every
    page = staff.get(reverse("admin:signals_signal_changelist"), {"review": "rejected"}).content.decode()
    assert "Rejected" in page
