"""What one version says of the market; a shadow's answers are for those alone who are given them by a test on users."""

from __future__ import annotations

from datetime import datetime

from market.contracts import InstrumentFacts, Timeframe
from market.selectors.instruments import traded_list
from modeling.contracts import ModelVersionFacts
from modeling.contracts.shadow import ShadowSaid
from modeling.selectors.configuration import registry_config_get
from modeling.selectors.shadow import shadow_said_latest
from modeling.selectors.versions import version_get
from signals.contracts import SignalFacts
from signals.models import Signal
from signals.selectors.stored import facts_of, newest_of_each
from traderai.common.errors import NotFoundError


def signals_of_version(
    *, version: str, timeframe: str, horizon: str, as_of: datetime
) -> tuple[SignalFacts, ...]:
    """Return the newest answer of a version on each active share, decided at or before `as_of`, by ticker.

    Withdrawn ones are hidden.

    Raises: NotFoundError for an unknown version, or one in shadow while registry.yaml gives no user its answers.
    """
    facts = version_get(version=version)
    shares = {share.id: share for share in traded_list(timeframe=Timeframe.parse(timeframe))}
    if facts.state == "shadow":
        if registry_config_get().ab.share_frac == 0.0:
            raise NotFoundError(f"{version} is in shadow and answers to nobody", code="unheard_version")
        said = shadow_said_latest(version_id=facts.id, timeframe=timeframe, horizon=horizon, as_of=as_of)
        found = [
            _shadow_facts(one, facts, shares[one.instrument_id])
            for one in said
            if one.instrument_id in shares
        ]
    else:
        own = Signal.objects.filter(
            model_version=version, timeframe=timeframe, horizon=horizon, as_of__lte=as_of
        )
        rows = newest_of_each(own, instrument_ids=list(shares))
        found = [facts_of(row, shares[row.instrument_id]) for row in rows]
    return tuple(sorted(found, key=lambda one: one.secid))


def _shadow_facts(said: ShadowSaid, version: ModelVersionFacts, share: InstrumentFacts) -> SignalFacts:
    return SignalFacts(
        id=None,
        secid=share.secid,
        name_ru=share.name_ru,
        name_en=share.name_en,
        sector=share.sector,
        timeframe=said.timeframe,
        horizon=said.horizon,
        bar_begin=said.bar_begin,
        as_of=said.as_of,
        valid_until=said.valid_until,
        action=said.action,
        confidence=said.confidence,
        strength=said.strength or None,
        proven=version.grade == "trade",
        source="live",
        model_version=version.version,
        trained_until=version.trained_until,
        payload=said.payload,
    )
