"""The main job, end to end: candles, features, regime, a trained model, signals; it goes on where it stopped."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import httpx
from django.conf import settings

from features.services.regime import regime_build
from market.contracts import Timeframe
from market.selectors.bars import newest_bars
from traderai.common import clock
from traderai.common.errors import ConflictError
from traderai.jobs.services import advisory_lock
from traderai.site.up.steps import BEGUN, Say, Step, StepDone, step_do, step_record, steps_recorded

KIND = "main_job"
RECIPE = "global_swing_v1"
TIMEFRAME = Timeframe.H1
FEATURES = ("build_features", "--timeframe", TIMEFRAME.value)
_ISS_PATIENCE_S = 8.0
# A source may hold thousands of shares down to the minute; the model of the main job is made of these.
_UNIVERSES = {"files": "core_1h", "iss": "core_1h_today"}
SourceName = Literal["iss", "files", "simulator"]


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
        records = steps_recorded(KIND)
        if not records and newest_bars(timeframe=TIMEFRAME):
            say("the database holds candles that were brought by hand: the main job leaves them alone")
            return ()
        steps = _steps(records, data=data, say=say)
        step_record(KIND, BEGUN)
        return tuple(
            step_do(step, records, kind=KIND, number=i + 1, of=len(steps), say=say)
            for i, step in enumerate(steps)
        )


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


def ingest_step(records: set[str], *, data: Path | None, say: Say, universe: str | None = None) -> Step:
    """Return the step that brings candles; of a source with more shares than one model takes, those of a universe."""
    if "ingest" in records:
        return Step(name="ingest")
    source = source_choose(data=data)
    say(f"candles come from {source.name}: {source.why}")
    if source.name == "simulator":
        say("SIMULATED: no figure below comes from a market")
    path = () if source.path is None else ("--path", str(source.path))
    wanted = universe or _UNIVERSES.get(source.name)
    secids = () if wanted is None else ("--secids", wanted)
    arguments = ("ingest", "all", "--source", source.name, "--timeframes", TIMEFRAME.value, *secids, *path)
    return Step(name="ingest", arguments=arguments)


def _steps(records: set[str], *, data: Path | None, say: Say) -> tuple[Step, ...]:
    return (
        ingest_step(records, data=data, say=say),
        Step(name="features", arguments=FEATURES),
        Step(name="regime", work=_build_regime),
        Step(name="train", arguments=("train", RECIPE)),
        # The summary lists the signals.
        Step(name="score", arguments=("score", "--verbosity", "0")),
    )


def _build_regime(say: Say) -> None:
    for report in regime_build(now=clock.now()):
        say(
            f"{report.market}: {report.days} trading days with a regime from {report.shares} shares, "
            f"{report.days_new} new, {report.days_changed} changed, {report.days_unknown} unknown"
        )
