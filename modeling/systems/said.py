"""A system's word on its test part as a file keeps it."""

from __future__ import annotations

import numpy as np

from modeling.fitting.dataset import TEST
from modeling.systems.figures import SystemSaid
from modeling.systems.recipe import SystemRecipe
from modeling.systems.rows import SystemRows
from modeling.systems.said_file import SaidFile, Speaker, account_plain, booked_of
from modeling.systems.trading import Trader, part_days
from traderai.common.config import fingerprint


def system_said_file(
    recipe: SystemRecipe,
    rows: SystemRows,
    trader: Trader,
    said: tuple[SystemSaid, ...],
    *,
    is_simulated: bool,
) -> SaidFile:
    """Return what a system, the first, and those that it must beat say of all test rows, and what all their trades made."""
    at = rows.rows_of(TEST)
    labels = recipe.labels()
    return SaidFile(
        recipe=recipe.name,
        timeframe=recipe.timeframe,
        label_set=recipe.label_set,
        labels_sha256=fingerprint(labels),
        classes=rows.classes,
        account=account_plain(trader.account, max_turnover_frac=trader.max_turnover_frac),
        is_simulated=is_simulated,
        secids=rows.secids,
        horizons=labels.horizons,
        secid=rows.instrument[at],
        horizon=np.zeros(at.size, dtype=np.int64),
        decision_s=rows.decision_s[at],
        label=rows.label[at],
        days=part_days(rows, TEST),
        speakers=tuple(_speaker(own, rows, trader) for own in said),
    )


def _speaker(said: SystemSaid, rows: SystemRows, trader: Trader) -> Speaker:
    cut, judged = said.cut.threshold, rows.classed(said.at)
    traded = trader.traded(rows, said.at, said.scores, cut, part=TEST)
    return Speaker(
        name=said.name,
        scores=said.scores[judged],
        side=trader.sides(rows, said.at, said.scores, cut)[0][judged],
        cut=cut,
        booked=booked_of(traded, start_rub=trader.account.capital_rub),
    )
