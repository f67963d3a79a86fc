from __future__ import annotations

import pytest
from django.core.management import call_command

from market.contracts import Timeframe
from market.selectors.bars import newest_bars
from tests.iss_server import Fault, IssServer
from traderai.common import clock
from traderai.common.errors import NotReadyError
from traderai.jobs.selectors import job_list
from traderai.jobs.services import job_record
from traderai.site.management.commands import prepare_database
from traderai.site.up import main_job
from traderai.site.up.main_job import iss_refusal, main_job_run, source_choose
from traderai.site.up.steps import Step, step_do
from traderai.site.up.summary import summary_lines

DEAD = "http://127.0.0.1:9/iss"


def test_iss_is_taken_when_it_answers(settings):
    with IssServer() as server:
        settings.ISS_BASE_URL = server.base_url
        assert source_choose(data=None).name == "iss"


@pytest.mark.parametrize(
    "fault",
    [Fault(status=503), Fault(body=b"<html>"), Fault(body=b"{}"), Fault(body=b"[]"), Fault(hang_up=True)],
)
def test_iss_is_not_taken_when_it_answers_as_nobody_should(settings, fault):
    with IssServer(faults=[fault]) as server:
        settings.ISS_BASE_URL = server.base_url
        assert source_choose(data=None).name == "simulator"


def test_without_iss_and_files_the_simulator_says_why(settings):
    settings.ISS_BASE_URL = DEAD
    chosen = source_choose(data=None)
    assert chosen.name == "simulator"
    assert DEAD in chosen.why
    assert iss_refusal(DEAD)


def test_named_files_go_before_iss(settings, tmp_path):
    with IssServer() as server:
        settings.ISS_BASE_URL = server.base_url
        chosen = source_choose(data=tmp_path)
        assert (chosen.name, chosen.path, server.requests) == ("files", tmp_path, [])


@pytest.mark.django_db
def test_finished_steps_are_skipped_and_the_summary_is_said_again(settings):
    settings.ISS_BASE_URL = DEAD
    for step in ("begun", "ingest", "features", "regime", "train", "score"):
        job_record(kind=main_job.KIND, business_key=step, started_at=clock.now(), now=clock.now())
    said: list[str] = []
    done = main_job_run(data=None, say=said.append)
    assert [step.name for step in done] == ["ingest", "features", "regime", "train", "score"]
    assert {step.seconds for step in done} == {None}
    assert all("done before" in line for line in said)
    lines = "\n".join(summary_lines(done))
    assert "no candles" in lines
    assert "none was trained" in lines


@pytest.mark.django_db
def test_candles_brought_by_hand_are_left_alone(settings):
    settings.ISS_BASE_URL = DEAD
    call_command("ingest", "all", source="simulator")
    assert newest_bars(timeframe=Timeframe.H1)
    said: list[str] = []
    assert main_job_run(data=None, say=said.append) == ()
    assert "by hand" in said[0]
    assert job_list(kind=main_job.KIND, as_of=clock.now()) == ()
    assert "SIMULATED" in "\n".join(summary_lines(()))


@pytest.mark.django_db
def test_a_step_that_fails_leaves_no_record():
    step = Step(name="train", arguments=("no_such_command",))
    with pytest.raises(NotReadyError, match="the next start goes on with this step"):
        step_do(step, set(), kind=main_job.KIND, number=4, of=5, say=lambda _text: None)
    assert job_list(kind=main_job.KIND, as_of=clock.now()) == ()


def test_who_prepares_the_database_checks_the_code():
    """What starts after it does not, and relies on that."""
    assert prepare_database.Command.requires_system_checks == "__all__"
