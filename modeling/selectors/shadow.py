"""Versions in shadow: who they are, how far they have come and what came of it; for staff and the scoring stage alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime

from django.db.models import CharField, Count, Max, Q, Value
from django.db.models.functions import Cast, Concat, TruncDate

from modeling.contracts import ModelVersionFacts
from modeling.contracts.registry import Slot
from modeling.contracts.shadow import ShadowFacts, ShadowProgress, ShadowSaid
from modeling.kernels.hash_share import hash_share
from modeling.models import ModelVersion, Promotion, ShadowAnswer, ShadowReport
from modeling.selectors.configuration import registry_config_get
from modeling.selectors.versions import champion_get, emission_paused, facts_of, slots_paused
from traderai.common import clock

_TRADED = ("BUY", "SELL")


def shadow_list(*, slot: Slot = "forecast") -> tuple[ModelVersionFacts, ...]:
    """Return the versions in shadow, the oldest first."""
    rows = ModelVersion.objects.filter(slot=slot, state=ModelVersion.State.SHADOW).order_by(
        "created_at", "pk"
    )
    return tuple(facts_of(row) for row in rows)


def shadow_progress(*, version_id: int) -> ShadowProgress:
    """Return how far a version has come in shadow; days are Moscow's."""
    entered = (
        Promotion.objects.filter(version_id=version_id, action=Promotion.Action.SHADOW)
        .order_by("-pk")
        .first()
    )
    days = ShadowAnswer.objects.filter(version_id=version_id).annotate(
        day=TruncDate("as_of", tzinfo=clock.MOSCOW)
    )
    traded = days.filter(action__in=_TRADED)
    return ShadowProgress(
        since=None if entered is None else entered.at,
        days=days.values("day").distinct().count(),
        trades=traded.values("instrument_id", "day").distinct().count(),
    )


def shadow_said(*, version_id: int) -> dict[int, datetime]:
    """Return the begin of the newest bar that a shadow has answered on, by instrument."""
    rows = (
        ShadowAnswer.objects.filter(version_id=version_id)
        .values("instrument_id")
        .annotate(newest=Max("bar_begin"))
    )
    return {row["instrument_id"]: row["newest"] for row in rows}


def shadow_said_latest(
    *, version_id: int, timeframe: str, horizon: str, as_of: datetime
) -> tuple[ShadowSaid, ...]:
    """Return the newest answer of a shadow on each share, decided at or before `as_of`."""
    rows = (
        ShadowAnswer.objects.filter(
            version_id=version_id, timeframe=timeframe, horizon=horizon, as_of__lte=as_of
        )
        .order_by("instrument_id", "-as_of", "-pk")
        .distinct("instrument_id")
    )
    names = [own.name for own in fields(ShadowSaid)]
    return tuple(ShadowSaid(**values) for values in rows.values(*names))


def version_for_user(*, user_id: int, slot: Slot = "forecast") -> ModelVersionFacts | None:
    """Return the version that answers to a user: the champion, or in a share of users the oldest shadow.

    The number is hashed with the version's name and otherwise unknown here: the same user stays on the same side of one
    test and is drawn anew for the next. Nobody is given a shadow while emission is paused or no share is configured.
    """
    champion, share_frac = champion_get(slot=slot), registry_config_get().ab.share_frac
    if champion is None or share_frac == 0.0 or emission_paused(slot=slot):
        return champion
    for tested in shadow_list(slot=slot)[:1]:
        if hash_share(f"{tested.version}:{user_id}") < share_frac:
            return tested
    return champion


def shadow_report(*, version_id: int) -> ShadowFacts | None:
    """Return the newest report on a shadow, None before the first."""
    row = (
        ShadowReport.objects.filter(version_id=version_id).select_related("version").order_by("-day").first()
    )
    return None if row is None else shadow_facts_of(row)


def shadow_facts_of(row: ShadowReport) -> ShadowFacts:
    """Return a stored report as the contract that services read."""
    return ShadowFacts(
        version=row.version.version,
        day=row.day,
        as_of=row.as_of,
        grade=row.grade,  # type: ignore[arg-type]  # the database knows these grades alone
        outcomes=row.outcomes,
        days=row.days,
        log_loss=row.log_loss,
        base_log_loss=row.base_log_loss,
        excess_low=row.excess_low,
        excess_high=row.excess_high,
    )


def shadow_needed(*, version: ModelVersionFacts, champion: ModelVersionFacts | None) -> bool:
    """Return whether a version must answer unheard before it may serve.

    The first one replaces nothing. What was made up has no live bars, so a simulated version is not waited for and
    a simulated champion defends nothing. Only a slot whose versions answer on their own can be listened to.
    """
    if champion is None or champion.is_simulated or version.is_simulated:
        return False
    return version.slot == "forecast" and registry_config_get().shadow.min_days > 0


def shadow_missing(*, version: ModelVersionFacts) -> tuple[str, ...]:
    """Return what a shadow has still to show, in words; empty once it has served its time."""
    wanted, progress = registry_config_get().shadow, shadow_progress(version_id=version.id)
    missing = []
    if progress.days < wanted.min_days:
        missing.append(f"{progress.days} of {wanted.min_days} trading days with live answers")
    # A version that only informs may rightly see no trade at all.
    if version.grade == "trade" and progress.trades < wanted.min_trades:
        missing.append(f"{progress.trades} of {wanted.min_trades} live trades")
    return tuple(missing)


def standing_line(version: ModelVersionFacts) -> str:
    """Return in a few words how far a shadow has come, or that a champion is silent; empty of all others."""
    return standing_lines([version])[version.id]


def standing_lines(versions: Sequence[ModelVersionFacts]) -> dict[int, str]:
    """Return by id what `standing_line` returns of each, in the same few queries however many they are."""
    lines = {version.id: "" for version in versions}
    champions = [version for version in versions if version.state == "champion"]
    if champions:
        silent = slots_paused()
        lines |= {one.id: "silent: model_degraded" for one in champions if one.slot in silent}
    shadows = [version.id for version in versions if version.state == "shadow"]
    if shadows:
        lines |= _progress_lines(shadows)
    return lines


def _progress_lines(ids: Sequence[int]) -> dict[int, str]:
    wanted = registry_config_get().shadow
    answers = ShadowAnswer.objects.filter(version_id__in=ids).annotate(
        day=TruncDate("as_of", tzinfo=clock.MOSCOW)
    )
    trade = Concat(Cast("instrument_id", CharField()), Value(" "), Cast("day", CharField()))
    told = answers.values("version_id").annotate(
        days=Count("day", distinct=True), trades=Count(trade, distinct=True, filter=Q(action__in=_TRADED))
    )
    progress = {row["version_id"]: (row["days"], row["trades"]) for row in told.order_by()}
    newest = ShadowReport.objects.filter(version_id__in=ids).order_by("version_id", "-day")
    reports = {row.version_id: row for row in newest.distinct("version_id")}
    found = {}
    for one in ids:
        days, trades = progress.get(one, (0, 0))
        line = f"{days} of {wanted.min_days} days, {trades} trades"
        report = reports.get(one)
        if report is None or report.log_loss is None or report.base_log_loss is None:
            found[one] = f"{line}, not judged yet"
        else:
            losses = f"log loss {report.log_loss:.4f}, base {report.base_log_loss:.4f}"
            found[one] = f"{line}, {losses}: {report.grade}"
    return found
