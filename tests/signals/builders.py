"""A small real market in the database and a small real model in the registry."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import numpy as np
from django.conf import settings

from features.selectors.catalogue import feature_set_get
from features.selectors.matrix import feature_matrix_load
from features.services.build import features_build
from market.contracts import SIMULATOR_ORIGIN, CandleColumns, Timeframe
from market.models import Instrument
from market.services.candle_write import candles_write
from modeling.contracts import Evidence, HeadTrust, ModelVersionFacts, SideLosses
from modeling.models import ModelVersion
from modeling.registry.artifact import artifact_write, evidence_bytes, json_bytes, manifest_read
from modeling.services.registry import NewVersion, version_gate, version_promote, version_register
from signals.models import Emission, Signal
from tests.market.make import FILE
from tests.modeling.linear_network import linear_onnx
from tests.modeling.registry_config import registry_yaml
from tests.signals.hours import BARS, START, hours
from traderai.common.lake import lake_at

LOOKBACK = 16
FEATURE_SET = "tech_v0"
HORIZONS = ("3d", "5d", "10d")


def columns(seed: int, n: int, *, price: float = 100.0, volume: float = 1e6) -> CandleColumns:
    """Return a seeded random walk on the price step with honest highs and lows."""
    rng = np.random.default_rng(seed)
    close = price * np.exp(np.cumsum(rng.normal(0, 0.006, n)))
    opened = np.concatenate(([price], close[:-1]))
    spread = np.abs(rng.normal(0, 0.002, n))
    high = np.maximum(opened, close) * (1 + spread)
    low = np.minimum(opened, close) * (1 - spread)
    volumes = np.round(volume * rng.lognormal(0, 0.3, n))
    rounded = [np.round(x, 2) for x in (opened, high, low, close)]
    return CandleColumns(
        begin_s=hours(n),
        open=rounded[0],
        high=rounded[1],
        low=rounded[2],
        close=rounded[3],
        volume_shares=volumes,
        value_rub=volumes * rounded[3],
    )


def share(secid: str, *, seed: int, bars: int = BARS, volume: float = 1e6, **fields: object) -> Instrument:
    """Store an instrument with bars and return it."""
    instrument = Instrument.objects.create(
        secid=secid,
        **{
            "name_ru": f"Акция {secid}",
            "name_en": f"Share {secid}",
            "lot_size": 10,
            "sector": "finance",
            "shortable": True,
            "issue_size_shares": 1_000_000,
            **fields,
        },
    )
    if bars:
        candles_write(
            instrument_id=instrument.pk,
            timeframe=Timeframe.H1,
            columns=columns(seed, bars, volume=volume),
            origin=SIMULATOR_ORIGIN if instrument.is_simulated else FILE,
        )
    return instrument


def last_moment(n: int = BARS) -> datetime:
    """Return the end of the nth bar."""
    return datetime.fromtimestamp(int(hours(n)[-1]) + 3600, tz=UTC)


def with_files(version: ModelVersionFacts, changes: dict[str, bytes]) -> None:
    """Publish a version again with other or more files."""
    lake, key = lake_at(settings.LAKE_URL), f"{version.artifact_key}-again"
    manifest = manifest_read(lake=lake, key=version.artifact_key, manifest_sha256=version.manifest_sha256)
    files = {name: lake.read(f"{version.artifact_key}/{name}") for name in manifest["files"]} | changes
    sha = artifact_write(lake=lake, key=key, files=files, about={})
    ModelVersion.objects.filter(pk=version.id).update(artifact_key=key, manifest_sha256=sha)


def market(n_shares: int = 6) -> None:
    """Store ordinary shares and three with a flaw: data that end early, no turnover, no bars at all."""
    for number in range(n_shares):
        share(f"SHR{number}", seed=number, shortable=number % 2 == 0)
    share("OLD", seed=90, bars=BARS - 60, sector="it")
    share("THIN", seed=91, volume=10)
    share("NEW", seed=92, bars=0)


def features(*secids: str) -> None:
    """Build the features of these shares, of all without any."""
    features_build(
        feature_set=FEATURE_SET,
        timeframe=Timeframe.H1,
        secids=secids or None,
        now=last_moment() + timedelta(hours=1),
    )


def evidence() -> Evidence:
    """Return what a validation might have taught."""
    losses = SideLosses(mean_gross_loss_r=(0.75, 0.85, 0.95))
    return Evidence(
        horizon="",
        long=losses,
        short=losses,
        volatility_tercile_edges=(0.02, 0.04),
        edge_knots=(-0.2, 0.0, 0.1, 0.2),
        edge_p_positive=(0.3, 0.45, 0.55, 0.6),
        edge_p99=0.15,
        novelty_limit=1e6,
    )


def network_onnx(k: int, *, seed: int = 0, lookback: int = LOOKBACK) -> bytes:
    """Return a network that is linear in the last bar of the window."""
    return linear_onnx(network_heads(k, seed=seed), lookback=lookback)


def network_heads(k: int, *, seed: int = 0) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return the weights and biases of such a network by head."""
    rng = np.random.default_rng(seed)
    return {
        "p_long_logit": (rng.normal(0, 0.25, (k, 1)), np.full(1, -0.75)),
        "p_short_logit": (rng.normal(0, 0.25, (k, 1)), np.full(1, -0.75)),
        "direction_logits": (rng.normal(0, 0.3, (k, 5)), np.zeros(5)),
        "return_quantiles": (np.full((k, 7), 0.001), np.asarray([-5, -3.5, -1.5, 0.2, 2, 4, 6]) / 100),
        "volatility": (np.zeros((k, 1)), np.full(1, 0.03)),
    }


def champion(
    name: str = "global-test-1",
    *,
    grade: str = "inform",
    trained_until: datetime = START,
    is_simulated: bool = False,
    against: ModelVersionFacts | None = None,
    scaled_on: str = "SHR0",
    at: datetime | None = None,
    feature_set: str = FEATURE_SET,
    lookback: int = LOOKBACK,
) -> ModelVersionFacts:
    """Write an artifact, register it, let it pass and put it into service at once."""
    version = candidate(
        name, grade=grade, trained_until=trained_until, is_simulated=is_simulated, against=against,
        scaled_on=scaled_on, at=at, feature_set=feature_set, lookback=lookback,
    )  # fmt: skip
    with registry_yaml(min_days=0):
        return version_promote(version_id=version.id, by="test", reason="test", now=at or last_moment())


def candidate(
    name: str,
    *,
    grade: str = "inform",
    trained_until: datetime = START,
    is_simulated: bool = False,
    against: ModelVersionFacts | None = None,
    scaled_on: str = "SHR0",
    at: datetime | None = None,
    feature_set: str = FEATURE_SET,
    lookback: int = LOOKBACK,
) -> ModelVersionFacts:
    """Write an artifact, register it and let it pass."""
    facts = feature_set_get(name=feature_set)
    k = len(facts.columns)
    now = at or last_moment()
    values = feature_matrix_load(
        feature_set=feature_set, secid=scaled_on, timeframe=Timeframe.H1, as_of=now
    ).values
    rows = values[np.isfinite(values).all(axis=1)].astype(np.float64)
    scaler = {
        "features": list(facts.columns),
        "mean": rows.mean(axis=0).tolist(),
        "std": [std or 1.0 for std in rows.std(axis=0).tolist()],
        "ticker_rows": {"SHR0": 1},
        "horizon_rows": {horizon: row for row, horizon in enumerate(HORIZONS)},
    }
    trust = asdict(
        HeadTrust(
            p_long_prior=0.0, p_short_prior=0.0, direction_prior=(0.0,) * 5, base_quantiles=(0.0,) * 7,
            unit_quantiles=(0.0,) * 7, base_volatility=0.02, volatility_per_unit=5.0, p_long_trust=1.0,
            p_short_trust=0.9, direction_trust=0.8, quantile_weights=(0.0, 0.0, 1.0),
            volatility_weights=(0.0, 0.0, 1.0),
        )
    )  # fmt: skip
    proof = evidence()
    files = {
        "network.onnx": network_onnx(k, seed=len(name), lookback=lookback),
        "scaler.json": json_bytes(scaler),
        "calibration.json": json_bytes(
            {"trust": dict.fromkeys(HORIZONS, trust), "volatility_feature": facts.columns[0]}
        ),
        "evidence.json": evidence_bytes(
            evidence=dict.fromkeys(HORIZONS, proof),
            novelty_mean=[0.0] * k,
            novelty_precision=np.eye(k).tolist(),
        ),
        "metrics.json": json.dumps({}).encode(),
        "model_card.md": b"# A model of the tests\n",
    }
    key = f"models/{name}"
    sha = artifact_write(lake=lake_at(settings.LAKE_URL), key=key, files=files, about={"version": name})
    version = version_register(
        new=NewVersion(
            version=name,
            kind="global",
            recipe="test",
            feature_set_key=facts.key,
            label_set="swing_v1",
            timeframe="1h",
            horizons=HORIZONS,
            lookback_bars=lookback,
            trained_until=trained_until,
            is_simulated=is_simulated,
            artifact_key=key,
            manifest_sha256=sha,
            metrics={},
        ),
        run_id=None,
        now=now,
    )
    return version_gate(
        version_id=version.id,
        against_id=against.id if against else None,
        verdict=grade,  # type: ignore[arg-type]
        numbers={},
        now=now,
    )


def forget() -> None:
    """Remove what was said and told, so that it may be said again."""
    Emission.objects.all().delete()
    Signal.objects.all().delete()
