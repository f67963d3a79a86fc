"""Who may serve: the conditions of a promotion, checked under the registry's locks."""

from __future__ import annotations

from modeling.contracts import ModelVersionFacts
from modeling.errors import PromotionRefusedError
from modeling.models import ModelVersion
from modeling.selectors.shadow import shadow_missing, shadow_needed, shadow_report
from modeling.selectors.versions import facts_of


def require_promotable(row: ModelVersion, champion: ModelVersion | None) -> None:
    """Raise PromotionRefusedError, with what is missing, unless a version may become the champion now."""
    if row.state not in (ModelVersion.State.CANDIDATE, ModelVersion.State.SHADOW):
        raise PromotionRefusedError(
            f"only a candidate or shadow can be promoted, {row.version} is {row.state}"
        )
    require_passed(row, champion)
    facts = facts_of(row)
    needed = shadow_needed(version=facts, champion=None if champion is None else facts_of(champion))
    if needed and row.state == ModelVersion.State.CANDIDATE:
        missing = " and ".join(shadow_missing(version=facts))
        raise PromotionRefusedError(
            f"{row.version} has not been in shadow ({missing}); run manage.py models shadow {row.version}"
        )
    if needed:
        _require_served(row)


def require_passed(row: ModelVersion, champion: ModelVersion | None) -> None:
    """Raise PromotionRefusedError unless the gate has let a version pass, beside today's champion."""
    require_servable(facts_of(row))
    verdict = row.verdicts.order_by("-at", "-id").first()
    if verdict is None or verdict.verdict == "rejected":
        raise PromotionRefusedError(
            f"{row.version} has not passed its gate; run manage.py models judge {row.version}"
        )
    if champion is not None and champion.is_simulated != row.is_simulated and row.is_simulated:
        raise PromotionRefusedError("a version trained on simulated bars never replaces a real one")
    judged_against = verdict.against_id
    standing = None if champion is None else champion.pk
    if judged_against != standing:
        raise PromotionRefusedError(
            f"{row.version} was judged against another champion than today's "
            f"({'none' if champion is None else champion.version}); run manage.py models judge {row.version}"
        )
    if champion is not None and champion.grade == "trade" and row.grade != "trade":
        raise PromotionRefusedError(
            f"{champion.version} is proven to trade; {row.version} may only inform and cannot replace it"
        )


def require_servable(version: ModelVersionFacts) -> None:
    """Raise PromotionRefusedError for a version of a kind that has no place of service."""
    if not version.slot:
        raise PromotionRefusedError(
            f"{version.version} is an earlier system: it is compared with others, never judged by the gate or served"
        )


def _require_served(row: ModelVersion) -> None:
    """Raise PromotionRefusedError unless a shadow has served its time and came off no worse than its base rates."""
    facts = facts_of(row)
    missing = shadow_missing(version=facts)
    if missing:
        raise PromotionRefusedError(f"{row.version} is still in shadow: {' and '.join(missing)}")
    report = shadow_report(version_id=row.pk)
    if report is None or report.grade == "unknown":
        raise PromotionRefusedError(
            f"{row.version} is still in shadow: its live answers have not been judged on two days yet"
        )
    if report.grade == "worse":
        raise PromotionRefusedError(
            f"{row.version} was worse than its base rates live: log loss {report.log_loss:.4f}, base "
            f"{report.base_log_loss:.4f}, the difference above {report.excess_low:.4f} on {report.days} days"
        )
