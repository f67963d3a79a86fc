"""Risk alerts that follow from verdicts on news. Light: the web process uses it for pushed verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from market.models import NewsTrigger, RiskAlert
from market.news_config import AlertRule, news_scoring_config

STAFF = "staff"  # the source of an alert that staff has edited: nothing replaces it


def alerts_of(triggers: Sequence[NewsTrigger]) -> Iterator[RiskAlert]:
    """Yield the alerts that the rules of news_scoring.yaml raise for verdicts; the first rule that fits counts."""
    rules = news_scoring_config().alerts
    for trigger in triggers:
        rule = next((rule for rule in rules if _fits(rule, trigger)), None)
        if rule is None or trigger.scorer not in news_scoring_config().used:
            continue
        title = trigger.item.title if trigger.item is not None else f"pushed by {trigger.scorer}"
        yield RiskAlert(
            instrument_id=trigger.instrument_id,
            sector=trigger.sector,
            is_market=trigger.is_market,
            severity=rule.severity,
            starts_at=trigger.known_at,
            ends_at=trigger.known_at + timedelta(hours=rule.hours),
            known_at=trigger.known_at,
            cause=f"{trigger.event_type}: {title}"[:300],
            trigger=trigger,
            source=f"news:{trigger.scorer}"[:32],
        )


def _fits(rule: AlertRule, trigger: NewsTrigger) -> bool:
    return (
        trigger.score > 0
        and rule.event_type in (trigger.event_type, "any")
        and rule.direction in (None, trigger.direction)
        and trigger.score >= rule.min_score
    )
