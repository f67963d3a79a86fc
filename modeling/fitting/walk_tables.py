"""The sections of an edge report's page: trading, predictions, cuts, groups and luck."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from modeling.fitting.report_names import named
from modeling.fitting.report_page import Part, Plot, Section, Table, bounded, number

SIDE_WORDS: Final = {"p_long": "long", "p_short": "short"}
_GROUPS: Final = {
    "year": "Year",
    "regime": "Regime known at the decision",
    "hour": "Hour of the decision (Moscow)",
    "weekday": "Weekday of the decision",
    "side": "Side",
    "horizon": "Horizon",
    "ticker": "Ticker and horizon",
}
_TRADE_COLUMNS: Final = (
    "Who", "#Trades", "#Long", "#Net bp a trade", "#Gross bp", "#Net R", "#Wins, %", "#Base rate, %", "#Profit factor",
    "#A month", "#Net bp a day",
)  # fmt: skip
_RISK_COLUMNS: Final = (
    "Who", "#Total, %", "#CAGR, %", "#Volatility, %", "#Sharpe", "#Sortino", "#Max drawdown, %", "#Days of it", "#Longest, days",
    "#Days exposed, %", "#Invested, %", "#Turnover a year",
)  # fmt: skip


def trading_section(figures: Mapping[str, Any], plots: Mapping[str, str]) -> Section:
    """Return what every arm and index made of the test days."""
    tables = [
        Table(
            caption=_costs_caption(figures, cost),
            columns=_TRADE_COLUMNS,
            rows=_trade_rows(arms),
            folded=cost != "configured",
        )
        for cost, arms in figures["trading"].items()
    ]
    risk = Table(
        caption="Growth and risk at configured costs; no trade makes 0",
        columns=_RISK_COLUMNS,
        rows=_risk_rows(figures["trading"]["configured"]),
    )
    return Section(
        key="trading",
        title="Trading the test days",
        parts=[
            Part(
                title="Accounts",
                plots=[
                    Plot(
                        title="Capital",
                        note="Configured costs, positions at their last close.",
                        svg=plots["equity"],
                    ),
                    Plot(title="Drawdown", note="Below the highest capital so far.", svg=plots["drawdown"]),
                    Plot(title="Net result by cost", note="Bars are 90 % intervals.", svg=plots["costs"]),
                ],
                tables=[tables[0], risk, *tables[1:]],
            )
        ],
    )


def _costs_caption(figures: Mapping[str, Any], cost: str) -> str:
    if cost != "configured":
        return f"Trades at a round trip of {cost}"
    return f"Trades at configured costs ({figures['configured_bp']:g} bp a round trip and a price step)"


def _trade_rows(arms: Mapping[str, Any]) -> list[tuple[str, ...]]:
    return [
        (
            named(name),
            number(one["trades"], digits=0),
            number(one.get("long_trades", 0), digits=0),
            *(_figure(one, key, digits=1, sign=True) for key in ("net_bp", "gross_bp")),
            _figure(one, "net_r", digits=3, sign=True),
            _figure(one, "win_rate", scale=100),
            number(one.get("base_win_rate"), scale=100),
            number(one.get("profit_factor"), digits=2),
            number(one.get("trades_per_month"), digits=1),
            _figure(one, "daily_net_bp", digits=2, sign=True),
        )
        for name, one in arms.items()
        if "trades" in one
    ]


def _risk_rows(arms: Mapping[str, Any]) -> list[tuple[str, ...]]:
    return [
        (
            named(name),
            number(one["net_total_frac"], scale=100, sign=True),
            number(one["cagr"], scale=100, sign=True),
            number(one["volatility"], scale=100),
            _figure(one, "sharpe", digits=2, sign=True),
            number(one["sortino"], digits=2, sign=True),
            _figure(one, "max_drawdown_frac", scale=100),
            number(one["drawdown_days"], digits=0),
            number(one["longest_drawdown_days"], digits=0),
            number(one["exposed_days_share"], scale=100, digits=0),
            number(one["mean_invested_frac"], scale=100, digits=0),
            number(one["turnover_yearly"], digits=1),
        )
        for name, one in arms.items()
    ]


_SCORE_COLUMNS: Final = (
    "Model", "#ROC-AUC", "#PR lift", "#Log loss", "#Brier", "#ECE", "#By chance up to", "#Calibrated AUC",
)  # fmt: skip


def scores_section(figures: Mapping[str, Any], plots: Mapping[str, str]) -> Section:
    """Return how good the predictions are, by horizon, side and fold."""
    parts = []
    for horizon, told in figures["scores"].items():
        tables = []
        for side, word in SIDE_WORDS.items():
            own = told[side]
            caption = (
                f"{word.capitalize()}: {own['rows']:,} overlapping rows of {own['days']:,} days, base rate "
                f"{bounded(own['positive_frac'], scale=100)} %"
            )
            tables.append(Table(caption=caption, columns=_SCORE_COLUMNS, rows=_score_rows(own["models"])))
            tables.append(_top_table(own, word))
        direction = [
            (named(name), bounded(one, digits=3)) for name, one in told["direction"]["roc_auc"].items()
        ]
        caption = (
            f"p long less p short against the sign of the forward return, {told['direction']['rows']:,} rows"
        )
        tables.append(Table(caption=caption, columns=("Model", "#ROC-AUC of direction"), rows=direction))
        tables.append(_fold_table(told))
        parts.append(Part(title=f"Horizon {horizon}", tables=tables))
    plotted = Part(
        title="Over folds, and calibrated",
        plots=[
            Plot(
                title="ROC-AUC by fold",
                note="Before calibration, 90 % intervals; 0.5 knows nothing.",
                svg=plots["folds"],
            ),
            Plot(
                title="Reliability",
                note="Tenths of the rows by prediction; on the line is right.",
                svg=plots["reliability"],
            ),
        ],
    )
    return Section(key="scores", title="Predictions", parts=[plotted, *parts])


def _score_rows(models: Mapping[str, Any]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for name, one in models.items():
        ranked = one.get("before_calibration", one)
        rows.append(
            (
                named(name),
                bounded(ranked["roc_auc"], digits=3),
                bounded(ranked["pr_auc_lift"], digits=2),
                bounded(one["log_loss"], digits=4),
                bounded(one["brier"], digits=4),
                bounded(one["ece"], digits=3),
                number(one["ece"]["by_chance"], digits=3),
                bounded(one["roc_auc"], digits=3),
            )
        )
    return rows


def _top_table(own: Mapping[str, Any], word: str) -> Table:
    rows = [
        (
            named(name),
            f"{top['share']:.1%}",
            number(top["rows"], digits=0),
            bounded(top["precision"], scale=100),
        )
        for name, one in own["models"].items()
        for top in one.get("before_calibration", {}).get("top", ())
    ]
    return Table(
        caption=f"Precision of the highest {word} scores; base rate {number(own['positive_frac']['value'], scale=100)} %",
        columns=("Model", "#Highest", "#Rows", "#Precision, %"),
        rows=rows,
        folded=True,
    )


def _fold_table(told: Mapping[str, Any]) -> Table:
    rows = [
        (
            fold["fold"],
            word,
            named(name),
            number(fold["rows"], digits=0),
            number(fold["positive_frac"], scale=100),
            bounded(one.get("roc_auc_before_calibration", one["roc_auc"]), digits=3),
            bounded(one["log_loss"], digits=4),
            number(one["ece"], digits=3),
        )
        for side, word in SIDE_WORDS.items()
        for fold in told[side]["folds"]
        for name, one in fold["models"].items()
    ]
    return Table(
        caption="By fold",
        columns=("Fold", "Side", "Model", "#Rows", "#Base rate, %", "#ROC-AUC", "#Log loss", "#ECE"),
        rows=rows,
        folded=True,
        tall=True,
    )


def cuts_section(figures: Mapping[str, Any], plots: Mapping[str, str]) -> Section:
    """Return what the highest scores made."""
    text = (
        "Rows whose score reaches the cut that their fold's validation rows set, traded at configured costs."
    )
    return Section(
        key="cuts",
        title="The highest scores",
        parts=[
            Part(
                title="Cuts chosen on validation rows",
                texts=[text],
                plots=[
                    Plot(
                        title="Net result of the highest scores",
                        note="Bars are 90 % intervals.",
                        svg=plots["cuts"],
                    )
                ],
                tables=[
                    Table(caption=named(model), columns=_TRADE_COLUMNS, rows=_trade_rows(own))
                    for model, own in figures["cuts"].items()
                ],
            )
        ],
    )


def groups_section(figures: Mapping[str, Any]) -> Section:
    """Return the trades of models and of always long, group by group."""
    parts = []
    for name, groups in figures["groups"].items():
        found = groups["discoveries"]
        stand = ", ".join(found["stand"]) or "none"
        text = (
            f"Of {found['tests']} pairs of ticker and horizon tested ({found['not_tested']} have too few trades), with false "
            f"discoveries held at {found['level']:.0%} by Benjamini and Hochberg, these stand: {stand}."
        )
        tables = [
            Table(
                caption=_GROUPS[key],
                columns=(
                    _GROUPS[key],
                    "#Trades",
                    "#Wins, %",
                    "#Net bp a trade",
                    "#p",
                    *(["#p adjusted"] if key == "ticker" else []),
                ),
                rows=[_group_row(one, ticker=key == "ticker") for one in own],
                tall=key == "ticker",
                folded=key == "ticker",
            )
            for key, own in groups.items()
            if key != "discoveries"
        ]
        has_trades = any(groups["side"])
        parts.append(
            Part(
                title=named(name),
                texts=[text if has_trades else "No trade."],
                tables=tables if has_trades else (),
            )
        )
    return Section(key="groups", title="By year, regime, time, side and ticker", parts=parts)


def _group_row(one: Mapping[str, Any], *, ticker: bool) -> tuple[str, ...]:
    return (
        one["group"],
        number(one["trades"], digits=0),
        number(one["win_rate"], scale=100),
        bounded(one["net_bp"], sign=True),
        number(one["p_value"], digits=3),
        *([number(one["p_adjusted"], digits=3)] if ticker else []),
    )


def luck_section(figures: Mapping[str, Any], plots: Mapping[str, str]) -> Section:
    """Return what is left after everything that was tried."""
    luck = figures["luck"]
    counted = f"{luck['trials_counted']:,} trials of this family of labels and data stand in the ledger."
    benchmarks = (
        "Whether the best of all models has a higher expected day than a benchmark, all being looked at."
    )
    note = "Grey: at other times; line: at their own."
    shifted = Plot(title="Shifted orders", note=note, svg=plots["shifted"]) if "shifted" in plots else None
    return Section(
        key="luck",
        title="Could it be luck?",
        parts=[
            Part(title="Deflated Sharpe ratio", texts=[counted], tables=[_deflated_table(luck["deflated"])]),
            Part(title="Probability of backtest overfitting", texts=[_overfitting_text(luck["overfitting"])]),
            Part(
                title="The same orders at other times",
                plots=[shifted] if shifted else (),
                tables=[_shifted_table(luck["shifted"])],
            ),
            Part(
                title="Superior predictive ability",
                texts=[benchmarks],
                tables=[_superior_table(luck["superior"])],
            ),
        ],
    )


def _deflated_table(models: Mapping[str, Any]) -> Table:
    rows = [
        (
            named(name),
            number(one["trials"], digits=0),
            number(one.get("sharpe_per_day"), digits=4, sign=True),
            number(one.get("expected_maximum_per_day"), digits=4, sign=True),
            number(one["p_above_luck"], digits=3),
            number(one["p_value"], digits=3),
        )
        for name, one in models.items()
    ]
    columns = ("Model", "#Trials", "#Sharpe a day", "#Best of luck", "#P(above luck)", "#p")
    return Table(caption="Per day, after costs", columns=columns, rows=rows)


def _overfitting_text(found: Mapping[str, Any]) -> str:
    if found["pbo"] is None:
        return f"Not measured: {found['reason']}."
    return (
        f"The one that is best in half of the days does no better than the median in the other half in "
        f"{found['pbo']:.0%} of {found['combinations']:,} halvings of {found['blocks']} blocks "
        f"({len(found['trials'])} ways to trade)."
    )


def _shifted_table(models: Mapping[str, Any]) -> Table:
    rows = [
        (
            named(name),
            number(one.get("observed_daily_bp"), digits=2, sign=True),
            number(one.get("null_mean_daily_bp"), digits=2, sign=True),
            number(one["p_value"], digits=3),
        )
        for name, one in models.items()
    ]
    columns = ("Model", "#At their times", "#At others, mean", "#p")
    return Table(caption="Mean net result a day, in bp", columns=columns, rows=rows)


def _superior_table(benchmarks: Mapping[str, Any]) -> Table:
    rows = [
        (named(name), named(one.get("best", "")), number(one["p_value"], digits=3))
        for name, one in benchmarks.items()
    ]
    return Table(caption="Hansen's test", columns=("Benchmark", "Best model", "#p"), rows=rows)


def _figure(
    one: Mapping[str, Any], key: str, *, digits: int = 1, scale: float = 1.0, sign: bool = False
) -> str:
    found = one.get(key)
    return number(None) if found is None else bounded(found, digits=digits, scale=scale, sign=sign)
