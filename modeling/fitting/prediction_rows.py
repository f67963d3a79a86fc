"""A version's predictions beside what came of them, one row for each row of the dataset and horizon."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from modeling.contracts import QUANTILE_LEVELS
from modeling.fitting.dataset import PARTS, Dataset
from modeling.fitting.forecasts import Forecasts, require_held_out


def prediction_rows(said: Forecasts, dataset: Dataset, *, parts: Sequence[int]) -> pl.DataFrame:
    """Return the predictions of held-out parts, by time, share and horizon; every row has its outcome.

    Columns: row of the dataset, secid, decided_at and window_end (UTC), horizon, part, p_long and p_short,
    volatility, return_05 to return_95, long_hit and short_hit (take-profit before stop), forward_return,
    long_net_frac and short_net_frac (after configured costs), and whose predictions of what they are.

    Raises: InvariantError for predictions of another dataset or of rows that taught their model.
    """
    for part in parts:
        require_held_out(said, dataset, part=part)
    place, h = np.nonzero(np.isin(dataset.part[said.rows], parts))
    order = np.lexsort((h, dataset.instrument[said.rows[place]], dataset.decision_s[said.rows[place]]))
    place, h = place[order], h[order]
    row, targets = said.rows[place], dataset.targets
    returns = {
        f"return_{round(100 * level):02d}": said.return_quantiles[place, h, k]
        for k, level in enumerate(QUANTILE_LEVELS)
    }
    moments = {"decided_at": dataset.decision_s[row], "window_end": targets.window_end_s[row, h]}
    frame = pl.DataFrame(
        {
            "row": row,
            "secid": np.array(dataset.secids)[dataset.instrument[row]],
            **moments,
            "horizon": np.array(dataset.horizons)[h],
            "part": np.array(PARTS)[dataset.part[row, h]],
            "p_long": said.p_long[place, h],
            "p_short": said.p_short[place, h],
            "volatility": said.volatility[place, h],
            **returns,
            "long_hit": targets.p_long[row, h] == 1.0,
            "short_hit": targets.p_short[row, h] == 1.0,
            "forward_return": targets.forward_return[row, h],
            "long_net_frac": targets.long_gross[row, h] - dataset.cost_frac[row],
            "short_net_frac": targets.short_gross[row, h] - dataset.cost_frac[row],
        }
    )
    return frame.with_columns(
        *(pl.from_epoch(name, time_unit="s").dt.replace_time_zone("UTC") for name in moments),
        model=pl.lit(said.provenance.model),
        dataset_sha256=pl.lit(dataset.sha256),
    )
