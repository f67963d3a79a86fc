"""The main job, end to end: candles, features, regime, a trained model, signals; it goes on where it stopped.

Each finished step leaves a `Job` row, so a second start skips what is done. Steps run as commands of their own: the
memory of one is given back before the next, and Keras stays out of this process.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import httpx
from django.conf import settings

from features.services.regime import regime_build
from market.contracts import Timeframe
from market.selectors.bars import newest_bars
from traderai.common import clock
from traderai.common.errors import ConflictError, NotReadyError
from traderai.jobs.selectors import job_list
from traderai.jobs.services import advisory_lock, job_record

KIND = "main_job"
RECIPE = "global_swing_v1"
TIMEFRAME = Timeframe.H1
_ISS_PATIENCE_S = 8.0
# A source may hold thousands of shares down to the minute; the model of the main job is made of these.
_UNIVERSES = {"files": "core_1h", "iss": "core_1h_today"}
Say = Callable[[str], None]
SourceName = Literal["iss", "files", "simulator"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: its name and the arguments of `manage.py` that do it; none for the regime, a service of seconds."""

    name: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDone:
    """What became of one step."""

    name: str
    seconds: float | None  # None: it was done before


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the candles come from, and why from there."""

    name: SourceName
    why: str
    path: Path | None = None


def main_job_run(*, data: Path | None, say: Say) -> tuple[StepDone, ...]:
    """Do the steps that are not done yet and return all of them; empty where the data are somebody else's.

    Repeating does nothing once every step is done; after a failure or a kill it goes on with the step that was cut.

    Raises: ConflictError while another process is at it; NotReadyError when a step fails.
    """
    with advisory_lock(KIND) as held:
        if not held:
            raise ConflictError(
                "another process is doing the main job on this database; wait for it or stop it"
            )
        records = {job.business_key for job in job_list(kind=KIND, as_of=clock.now())}
        if not records and newest_bars(timeframe=TIMEFRAME):
            say("the database holds candles that were brought by hand: the main job leaves them alone")
            return ()
        steps = _steps(records, data=data, say=say)
        _record("begun")
        return tuple(_do(step, records, number=i + 1, of=len(steps), say=say) for i, step in enumerate(steps))


def source_choose(*, data: Path | None) -> Source:
    """Return where candles come from: named files, else ISS if it answers, else the simulator.

    The specification asks ISS first. Who names a folder of files wants those: on a machine with a network they could never
    be used otherwise.
    """
    if data is not None:
        return Source(name="files", why=f"DATA names {data}", path=data)
    refusal = iss_refusal(settings.ISS_BASE_URL)
    if refusal is None:
        return Source(name="iss", why=f"{settings.ISS_BASE_URL} answers")
    return Source(
        name="simulator",
        why=f"{settings.ISS_BASE_URL} does not answer ({refusal}) and DATA names no files",
    )


def iss_refusal(base_url: str) -> str | None:
    """Return None if ISS answers as ISS does, else what is wrong."""
    try:
        answer = httpx.get(
            f"{base_url.rstrip('/')}/engines.json", params={"iss.meta": "off"}, timeout=_ISS_PATIENCE_S
        )
        answer.raise_for_status()
        content = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        return str(error) or type(error).__name__
    if not isinstance(content, dict) or "engines" not in content:
        return "the answer is not ISS's"
    return None


def _steps(records: set[str], *, data: Path | None, say: Say) -> tuple[Step, ...]:
    ingest: tuple[str, ...] = ()
    if "ingest" not in records:
        source = source_choose(data=data)
        say(f"candles come from {source.name}: {source.why}")
        if source.name == "simulator":
            say("SIMULATED: no figure below comes from a market")
        path = () if source.path is None else ("--path", str(source.path))
        universe = _UNIVERSES.get(source.name)
        secids = () if universe is None else ("--secids", universe)
        ingest = ("ingest", "all", "--source", source.name, "--timeframes", TIMEFRAME.value, *secids, *path)
    return (
        Step(name="ingest", arguments=ingest),
        Step(name="features", arguments=("build_features", "--timeframe", TIMEFRAME.value)),
        Step(name="regime"),
        Step(name="train", arguments=("train", RECIPE)),
        # The summary lists the signals.
        Step(name="score", arguments=("score", "--verbosity", "0")),
    )


def _do(step: Step, records: set[str], *, number: int, of: int, say: Say) -> StepDone:
    title = f"[{number}/{of}] {step.name}"
    if step.name in records:
        say(f"{title}: done before")
        return StepDone(name=step.name, seconds=None)
    began_s, began_at = clock.monotonic_s(), clock.now()
    if step.arguments:
        _run_command(step, title=title, say=say)
    else:
        _build_regime(title=title, say=say)
    job_record(kind=KIND, business_key=step.name, started_at=began_at, now=clock.now())
    seconds = clock.monotonic_s() - began_s
    say(f"{title}: {seconds:.1f} s")
    return StepDone(name=step.name, seconds=seconds)


def _run_command(step: Step, *, title: str, say: Say) -> None:
    say(f"{title}: manage.py {' '.join(step.arguments)}")
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), *step.arguments]
    code = subprocess.run(command, check=False).returncode
    if code != 0:
        raise NotReadyError(
            f"the step {step.name} of the main job ended with code {code}; its output stands above. What was done before "
            "it is kept: the next start goes on with this step"
        )


def _build_regime(*, title: str, say: Say) -> None:
    say(f"{title}: the history of the market's regime")
    for report in regime_build(now=clock.now()):
        say(
            f"{report.market}: {report.days} trading days with a regime from {report.shares} shares, "
            f"{report.days_new} new, {report.days_changed} changed, {report.days_unknown} unknown"
        )


def _record(key: str) -> None:
    now = clock.now()
    job_record(kind=KIND, business_key=key, started_at=now, now=now)
