"""A network's word on its test part as a file keeps it: each row and horizon as a class, and the policy's trades."""

from __future__ import annotations

from typing import Final

import numpy as np

from modeling.fitting import baselines
from modeling.fitting.dataset import TEST, Dataset
from modeling.fitting.judging import Judged, Rules, policy_traded
from modeling.fitting.rivals import rivals_judged
from modeling.fitting.trading import Traded, part_days, tradable, wanted_rows
from modeling.systems.said_file import Booked, SaidFile, Speaker, account_plain, booked_of, said_bytes
from traderai.common.arrays import F64, I8, I64
from traderai.common.config import fingerprint
from traderai.common.errors import InvariantError

CLASSES: Final = ("short", "none", "long")  # whose take-profit came before its stop; both never do


def network_said_bytes(
    judged: Judged, dataset: Dataset, rules: Rules, tested: Traded, *, is_simulated: bool
) -> bytes:
    """Return the file of what a network says of the test rows of all horizons, and of what the policy's trades made (`tested`).

    The base rate beside it says the training rows' shares and trades nothing. An earlier network, which is there to be
    compared, stands beside the last move and a logistic regression, too, that trade by the same policy.
    """
    recipe, labels = rules.recipe, rules.recipe.labels()
    place, horizon = np.nonzero(dataset.part[judged.forecasts.rows] == TEST)
    row = judged.forecasts.rows[place]
    found = SaidFile(
        recipe=recipe.name,
        timeframe=recipe.timeframe,
        label_set=recipe.label_set,
        labels_sha256=fingerprint(labels),
        classes=CLASSES,
        account=account_plain(rules.account, max_turnover_frac=rules.policy.max_turnover_frac),
        is_simulated=is_simulated,
        secids=dataset.secids,
        horizons=dataset.horizons,
        secid=dataset.instrument[row],
        horizon=horizon.astype(np.int64),
        decision_s=dataset.decision_s[row],
        label=_labels(dataset.targets.p_long[row, horizon], dataset.targets.p_short[row, horizon]),
        days=part_days(dataset, TEST),
        speakers=(
            *_speakers(judged, dataset, rules, tested, (place, horizon)),
            *_rivals(judged, dataset, rules, (place, horizon)),
        ),
    )
    return said_bytes(found)


def _speakers(
    judged: Judged, dataset: Dataset, rules: Rules, tested: Traded, at: tuple[I64, I64]
) -> tuple[Speaker, Speaker]:
    """Return the network and the base rate at some places and horizons (n,) of the forecasts."""
    horizon = at[1]
    long, short = (baselines.base_rates(dataset, side)[horizon] for side in ("p_long", "p_short"))
    network = _traded(rules.recipe.name, judged, dataset, rules, tested, at)
    base = Speaker(
        name="base rate",
        scores=_shares(long, short),
        side=np.zeros(horizon.size, dtype=np.int8),
        cut=float("nan"),
        booked=_nothing(part_days(dataset, TEST)),
    )
    return network, base


def _rivals(judged: Judged, dataset: Dataset, rules: Rules, at: tuple[I64, I64]) -> tuple[Speaker, ...]:
    if rules.recipe.serves:
        return ()
    found = rivals_judged(dataset, rules)
    for own in found.values():
        if not np.array_equal(own.forecasts.rows, judged.forecasts.rows):
            raise InvariantError(
                "a rival must say something of the network's own rows; judge both on one dataset"
            )
    return tuple(
        _traded(name, own, dataset, rules, policy_traded(own, dataset, rules, part=TEST), at)
        for name, own in found.items()
    )


def _traded(
    name: str, judged: Judged, dataset: Dataset, rules: Rules, tested: Traded, at: tuple[I64, I64]
) -> Speaker:
    """Return who trades by the policy, at some places and horizons (n,) of the forecasts."""
    said = judged.forecasts
    return Speaker(
        name=name,
        scores=_shares(said.p_long[at], said.p_short[at]),
        side=_sides(judged, dataset, rules)[at],
        cut=float("nan"),  # edges after costs decide, not a score
        booked=booked_of(tested, start_rub=rules.account.capital_rub),
    )


def _labels(long: F64, short: F64) -> I8:
    return np.where(long == 1.0, 2, np.where(short == 1.0, 0, 1)).astype(np.int8)


def _shares(long: F64, short: F64) -> F64:
    """Return probabilities of the classes (n, 3) from those of both sides (n,), which know nothing of each other."""
    found = np.column_stack((short, np.maximum(1.0 - long - short, 0.0), long))
    return np.asarray(found / found.sum(axis=1, keepdims=True))


def _sides(judged: Judged, dataset: Dataset, rules: Rules) -> I8:
    """Return the side that the policy would take of each row and horizon (n, h) of the test part."""
    said = judged.forecasts
    wanted = wanted_rows(
        said,
        dataset,
        judged.evidence,
        rules.terms(None, judged.thresholds),
        part=TEST,
        allowed=tradable(dataset, said.rows, judged.scaler, judged.novelty, rules.policy),
        horizons=dataset.horizons,
    )
    order = np.argsort(said.rows)
    place = order[np.searchsorted(said.rows, wanted.row, sorter=order)]
    found = np.zeros((said.rows.size, len(dataset.horizons)), dtype=np.int8)
    found[place, wanted.horizon] = wanted.side
    return found


def _nothing(days: I64) -> Booked:
    whole, none = np.zeros(0, dtype=np.int64), np.zeros(0)
    return Booked(
        daily_net=np.zeros(days.size),
        trade_secid=whole,
        entry_day=whole,
        exit_day=whole,
        net_frac=none,
        net_r=none,
        capital_frac=none,
    )
