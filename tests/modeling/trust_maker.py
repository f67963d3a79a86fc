"""A head that is trusted in nothing, to be changed where a test says so."""

from __future__ import annotations

from modeling.contracts import HeadTrust


def trust(**changes: object) -> HeadTrust:
    plain = {
        "p_long_prior": -1.0, "p_short_prior": -1.2, "direction_prior": (-2.0, -1.5, -1.0, -1.5, -2.0),
        "base_quantiles": (-0.06, -0.04, -0.02, 0.0, 0.02, 0.04, 0.06),
        "unit_quantiles": (-6.0, -4.0, -2.0, 0.0, 2.0, 4.0, 6.0), "base_volatility": 0.03,
        "volatility_per_unit": 5.0, "p_long_trust": 0.0, "p_short_trust": 0.0, "direction_trust": 0.0,
        "quantile_weights": (1.0, 0.0, 0.0), "volatility_weights": (1.0, 0.0, 0.0),
    }  # fmt: skip
    return HeadTrust(**(plain | changes))  # type: ignore[arg-type]
