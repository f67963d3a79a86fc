from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from traderai.jobs import services
from traderai.jobs.contracts import Claim
from traderai.jobs.models import Job
from traderai.jobs.selectors import job_list
from traderai.site.up.main_job import KIND as MAIN_JOB

NOW = datetime(2024, 5, 6, 12, tzinfo=UTC)
LEASE = timedelta(minutes=5)
LATE = NOW + LEASE + timedelta(seconds=1)


def claim(now=NOW, key="SBER/1h"):
    return services.job_claim(kind="ingest", business_key=key, now=now, lease=LEASE)


@pytest.mark.django_db
class TestClaim:
    def test_the_first_claim_wins_and_the_second_gets_nothing(self):
        assert claim() is not None
        assert claim() is None

    def test_another_key_is_another_unit(self):
        assert claim(key="SBER/1h") != claim(key="GAZP/1h")

    def test_a_done_unit_is_never_claimed_again(self):
        services.job_finish(claim=claim(), now=NOW)
        assert claim(now=NOW + timedelta(days=365)) is None

    def test_a_live_lease_is_respected_to_its_end(self):
        claim()
        assert claim(now=NOW + LEASE) is None
        assert claim(now=LATE) is not None

    def test_progress_prolongs_the_lease(self):
        mine = claim()
        services.job_progress(claim=mine, frac=0.5, now=NOW + LEASE, lease=LEASE)
        assert claim(now=LATE) is None
        assert Job.objects.get().progress_frac == 0.5

    def test_a_failed_unit_is_due_again_at_once(self):
        mine = claim()
        services.job_fail(claim=mine, now=NOW, error="ISS said 503")
        assert Job.objects.get().error == "ISS said 503"
        assert claim() == Claim(job_id=mine.job_id, attempt=2)
        assert Job.objects.get().error == ""

    def test_three_attempts_and_no_more(self):
        for attempt in (1, 2, 3):
            mine = claim()
            assert (mine.attempt, Job.objects.get().attempts) == (attempt, attempt)
            services.job_fail(claim=mine, now=NOW, error="x")
        assert claim() is None

    def test_three_lost_leases_and_no_more(self):
        moment = NOW
        for _ in range(3):
            assert claim(now=moment) is not None
            moment += LEASE + timedelta(seconds=1)
        assert claim(now=moment) is None

    def test_finishing_twice_changes_nothing(self):
        mine = claim()
        assert services.job_finish(claim=mine, now=NOW)
        assert not services.job_finish(claim=mine, now=LATE)
        assert not services.job_fail(claim=mine, now=LATE, error="too late")
        job = Job.objects.get()
        assert (job.state, job.finished_at, job.error) == ("done", NOW, "")

    @pytest.mark.parametrize(
        "end",
        [
            lambda mine: services.job_finish(claim=mine, now=LATE),
            lambda mine: services.job_fail(claim=mine, now=LATE, error="too late"),
            lambda mine: services.job_progress(claim=mine, frac=0.9, now=LATE, lease=LEASE * 9),
        ],
        ids=["finish", "fail", "progress"],
    )
    def test_whoever_lost_the_lease_cannot_touch_the_next_owners_claim(self, end):
        lost = claim()
        won = claim(now=LATE)
        before = Job.objects.values().get()
        assert end(lost) is False
        assert Job.objects.values().get() == before
        # the sabotage: the same call with the claim in force does act
        assert end(won) is True
        assert Job.objects.values().get() != before


@pytest.mark.django_db
class TestSweep:
    def test_a_lost_unit_is_released_and_due_again(self):
        claim()
        report = services.job_sweep(now=LATE)
        assert (report.released, report.given_up) == (1, 0)
        assert Job.objects.get().state == "failed"
        assert claim(now=LATE) is not None

    def test_a_unit_that_kills_its_workers_is_given_up_and_says_so(self):
        claim()
        Job.objects.update(attempts=services.ATTEMPTS_MAX)
        report = services.job_sweep(now=LATE)
        assert (report.released, report.given_up) == (0, 1)
        assert "dies at it" in Job.objects.get().error
        assert claim(now=LATE) is None

    def test_live_units_are_left_alone_and_repeating_finds_nothing(self):
        claim()
        assert services.job_sweep(now=NOW + LEASE).released == 0
        assert services.job_sweep(now=LATE).released == 1
        assert services.job_sweep(now=LATE).released == 0

    def test_the_task_sweeps_by_the_clock(self):
        from traderai.jobs.tasks import jobs_sweep

        claim()  # in 2024: long over
        jobs_sweep()
        assert Job.objects.get().state == "failed"


@pytest.mark.django_db
def test_a_record_is_kept_once():
    for minute in (0, 1):
        moment = NOW + timedelta(minutes=minute)
        services.job_record(kind="main_job", business_key="ingest", started_at=moment, now=moment)
    (job,) = job_list(kind="main_job", as_of=NOW)
    assert (job.state, job.started_at, job.finished_at) == ("done", NOW, NOW)


@pytest.mark.django_db
def test_the_list_knows_nothing_of_later_units():
    claim(now=NOW)
    claim(now=LATE, key="GAZP/1h")
    assert [job.business_key for job in job_list(kind="ingest", as_of=NOW)] == ["SBER/1h"]
    assert len(job_list(kind="ingest", as_of=LATE)) == 2
    assert job_list(kind="score", as_of=LATE) == ()


@pytest.mark.django_db(transaction=True)
class TestTwoAtOnce:
    """Two real connections at the same moment."""

    def race(self, act):
        start, results = threading.Barrier(2), []

        def run():
            try:
                start.wait(timeout=10)
                results.append(act())
            finally:
                connection.close()

        threads = [threading.Thread(target=run) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=30)
        return results

    def test_one_of_two_claims_a_new_unit(self):
        for round_ in range(20):
            won = self.race(lambda key=f"unit {round_}": claim(key=key))
            assert sorted(result is None for result in won) == [False, True]

    def test_one_of_two_takes_an_abandoned_unit(self):
        for round_ in range(20):
            claim(key=f"unit {round_}")
            won = self.race(lambda key=f"unit {round_}": claim(key=key, now=LATE))
            assert sorted(result is None for result in won) == [False, True]
        assert set(Job.objects.values_list("attempts", flat=True)) == {2}

    def test_a_claim_without_compare_and_swap_would_be_won_twice(self):
        """The sabotage: the same race on read-then-write has two winners."""
        both_read = threading.Barrier(2)

        def careless():
            job = Job.objects.get(business_key="unit")
            free = job.lease_until < LATE
            both_read.wait(timeout=10)
            job.lease_until = LATE + LEASE
            job.save()
            return free

        claim(key="unit")
        assert self.race(careless) == [True, True]

    def test_an_advisory_lock_is_held_by_one(self):
        inside = threading.Event()
        seen = []

        def other():
            with services.advisory_lock("main_job") as held:
                seen.append(held)
            connection.close()
            inside.set()

        with services.advisory_lock("main_job") as held:
            assert held
            threading.Thread(target=other).start()
            assert inside.wait(timeout=10)
        with services.advisory_lock("main_job") as held:
            assert held
        assert seen == [False]


@pytest.mark.django_db
class TestConstraints:
    def good(self, **changes):
        values = {
            "kind": "ingest",
            "business_key": "SBER",
            "state": "running",
            "lease_until": NOW,
            "started_at": NOW,
        }
        return Job(**values | changes)

    @pytest.mark.parametrize(
        ("rule", "changes"),
        [
            ("jobs_job_state_known", {"state": "asleep"}),
            ("jobs_job_progress_in_0_1", {"progress_frac": 1.01}),
            ("jobs_job_progress_in_0_1", {"progress_frac": -0.01}),
            ("jobs_job_running_has_lease", {"lease_until": None}),
        ],
    )
    def test_the_database_refuses(self, rule, changes):
        with pytest.raises(IntegrityError, match=rule), transaction.atomic():
            self.good(**changes).save()

    def test_the_database_refuses_a_second_claim_of_a_unit(self):
        self.good().save()
        with pytest.raises(IntegrityError, match="jobs_job_once"), transaction.atomic():
            self.good().save()

    @pytest.mark.parametrize("changes", [{}, {"state": "done", "lease_until": None, "progress_frac": 1.0}])
    def test_the_database_takes_what_keeps_the_rules(self, changes):
        self.good(**changes).save()
        assert Job.objects.count() == 1


@pytest.mark.django_db
def test_units_that_ended_long_ago_are_removed_and_no_others():
    services.job_finish(claim=claim(key="done"), now=NOW)
    services.job_fail(claim=claim(key="failed"), now=NOW, error="x")
    claim(key="running")
    services.job_record(kind=MAIN_JOB, business_key="candles", started_at=NOW, now=NOW)
    services.job_finish(claim=claim(key="younger"), now=NOW + timedelta(seconds=1))
    border = NOW + services.KEPT_FOR
    assert services.job_sweep(now=border).removed == 0
    assert services.job_sweep(now=border + timedelta(seconds=1)).removed == 2
    left = set(Job.objects.values_list("business_key", flat=True))
    assert left == {"running", "candles", "younger"}
    assert services.job_sweep(now=border + timedelta(seconds=1)).removed == 0
