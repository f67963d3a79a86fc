"""What is scored and what can be asked for; light, because the web asks too."""

from __future__ import annotations

from market.contracts import Timeframe
from modeling.selectors.label_sets import barrier_set_get
from modeling.selectors.versions import champion_horizons
from signals.contracts import ServiceFacts, SignalConfig
from traderai.common.config import load_config
from traderai.common.errors import InputError, did_you_mean


def signal_config_get() -> SignalConfig:
    """Return signals.yaml, fully checked."""
    return load_config("signals.yaml", SignalConfig)


def service_get() -> ServiceFacts:
    """Return timeframe and horizons in service: those of the champion, of the configured label set without one."""
    config = signal_config_get()
    served = champion_horizons()
    if served is not None:
        timeframe, horizons = served
    else:
        label_set = barrier_set_get(name=config.label_set)
        timeframe, horizons = label_set.timeframe, label_set.horizons
    default = config.default_horizon if config.default_horizon in horizons else horizons[0]
    return ServiceFacts(timeframe=timeframe, horizons=horizons, default_horizon=default)


def asked_for(*, timeframe: str | None, horizon: str | None) -> tuple[str, str]:
    """Return the timeframe and horizon meant by a request; one that is not in service is an InputError."""
    service = service_get()
    wanted = Timeframe.parse(timeframe).value if timeframe else service.timeframe
    if wanted != service.timeframe:
        raise InputError(
            f"timeframe must be one that signals are made for ({service.timeframe}), was {wanted}",
            code="unknown_timeframe",
            field="timeframe",
        )
    if horizon is None:
        return wanted, service.default_horizon
    if horizon not in service.horizons:
        raise InputError(
            f"horizon must be one of {', '.join(service.horizons)}, was {horizon!r}"
            f"{did_you_mean(horizon, service.horizons)}",
            code="unknown_horizon",
            field="horizon",
        )
    return wanted, horizon
