"""The tables and plots of a rank report: how shares are ordered, extreme tenths, portfolios, luck."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from modeling.fitting.report_names import named
from modeling.fitting.report_page import Part, Plot, Section, Table, bounded, number

_ENDS: Final = {"top": "highest", "bottom": "lowest"}


def models_of(figures: Mapping[str, Any]) -> list[tuple[str, str, Mapping[str, Any], Mapping[str, Any]]]:
    """Return horizon, model, its ranking and its trading, in the order of the tables."""
    return [
        (horizon, name, one, figures["trading"][horizon][name])
        for horizon, told in figures["ranking"].items()
        for name, one in told["models"].items()
    ]


def ranking_section(figures: Mapping[str, Any], plots: Mapping[str, str]) -> Section:
    """Return the section on rank ICs, their decay and their years."""
    part = Part(
        title="Mean daily rank IC",
        plots=[
            Plot(title="Sum of daily rank ICs", note="Steady skill rises steadily.", svg=plots["ic"]),
            Plot(
                title="Decay by horizon",
                note="Scores made for one horizon, measured over each.",
                svg=plots["decay"],
            ),
        ],
        tables=[
            _ics(figures),
            _decay(figures),
            _by_year(
                figures,
                "Rank IC by year (t, Newey-West)",
                lambda one: one["ic_by_year"],
                digits=3,
                scale=1.0,
            ),
        ],
    )
    return Section(key="ranking", title="How well the shares are ordered", parts=[part])


def _ics(figures: Mapping[str, Any]) -> Table:
    rows = [
        (
            horizon,
            named(name),
            number(one["ic"]["days"], digits=0),
            bounded(one["ic_bounds"], digits=3, sign=True),
            *(number(one["ic"][key], digits=2) for key in ("t_plain", "t_newey_west", "t_apart")),
            number(one["ic_p_value"], digits=4),
        )
        for horizon, name, one, _ in models_of(figures)
    ]
    columns = (
        "Horizon",
        "Model",
        "#Days",
        "#Rank IC",
        "#t (plain)",
        "#t (Newey-West)",
        "#t (days apart)",
        "#p",
    )
    return Table(caption="Mean daily rank IC", columns=columns, rows=rows)


def _decay(figures: Mapping[str, Any]) -> Table:
    rows = [
        (
            f"{named(name)}, made for {horizon}",
            *(
                f"{number(row['ic'], digits=3, sign=True)} (t {number(row['t_apart'], digits=1)})"
                for row in one["decay"]
            ),
        )
        for horizon, name, one, _ in models_of(figures)
    ]
    over = [f"#over {horizon}" for horizon in figures["ranking"]]
    return Table(caption="Decay: rank IC (t, days apart)", columns=("Scores", *over), rows=rows, folded=True)


def _by_year(figures: Mapping[str, Any], caption: str, rows_of: Any, *, digits: int, scale: float) -> Table:
    by_year: dict[int, list[str]] = {}
    heads = []
    for horizon, name, one, _ in models_of(figures):
        heads.append(f"#{named(name)} {horizon}")
        for row in rows_of(one):
            told = number(row["mean"], digits=digits, scale=scale, sign=True)
            by_year.setdefault(row["year"], []).append(f"{told} ({number(row['t_newey_west'], digits=1)})")
    years = [(str(year), *cells) for year, cells in sorted(by_year.items())]
    return Table(caption=caption, columns=("Year", *heads), rows=years, folded=True)


def choice_section(figures: Mapping[str, Any]) -> Section:
    """Return the section on which model's ranks feed the council."""
    told = {horizon: own["choice"] for horizon, own in figures["ranking"].items()}
    models = list(next(iter(told.values()))["folds"][0]["choice_ic"])
    rows = [
        (
            horizon,
            fold["fold"],
            *(number(fold["choice_ic"][name], digits=3, sign=True) for name in models),
            named(fold["chosen"]),
        )
        for horizon, own in told.items()
        for fold in own["folds"]
    ]
    text = (
        "Rank IC on the rows before each test part that choose, of what the rows before them taught; no test row has a say. "
        "The network's epochs and the ridge penalty are chosen on the same rows, so that their figures here are a little too "
        "good. The best of a fold and horizon orders the test part as the model chosen on validation."
    )
    columns = ("Horizon", "Fold", *(f"#{named(name)}" for name in models), "Chosen")
    table = Table(caption="Rank IC on the rows that choose", columns=columns, rows=rows, folded=True)
    return Section(
        key="choice",
        title="Which model feeds the council",
        says=[own["sentence"] for own in told.values()],
        parts=[Part(title="Chosen before each test part", texts=[text], tables=[table])],
    )


def tenths_section(figures: Mapping[str, Any], plots: Mapping[str, str]) -> Section:
    """Return the section on what the highest and the lowest tenths brought over the mean."""
    part = Part(
        title="Extreme tenths against the mean of the date's shares",
        texts=[
            "bp over one horizon, a cohort begun on every date. After costs the lowest tenth has its sign turned: what "
            "selling it short would have earned, borrowing not charged. Turnover 2 means that all is replaced."
        ],
        plots=[
            Plot(
                title="Return beyond the date's mean by tenth of the score",
                note="1 the lowest scores, 10 the highest; before costs.",
                svg=plots["deciles"],
            )
        ],
        tables=[
            _ends(figures),
            _by_year(
                figures,
                "Highest tenth over the mean by year, bp gross (t, Newey-West)",
                lambda one: one["ends"]["top"]["gross_by_year"],
                digits=0,
                scale=1e4,
            ),
        ],
    )
    return Section(key="tenths", title="Extreme tenths", parts=[part])


def _ends(figures: Mapping[str, Any]) -> Table:
    first = models_of(figures)[0][2]
    flat = [f"#at {row['round_trip_bp']:g} bp" for row in first["ends"]["top"]["flat_costs"]]
    rows = [
        (
            horizon,
            named(name),
            word,
            number(told["dates"], digits=0),
            bounded(told["excess_gross_bp"], sign=True),
            f"{number(told['gross']['t_newey_west'], digits=1)} / {number(told['gross']['t_apart'], digits=1)}",
            number(told["turnover"], digits=2),
            bounded(told["edge_net_bp"], sign=True),
            *(bounded(row["edge_bp"], sign=True) for row in told["flat_costs"]),
        )
        for horizon, name, one, _ in models_of(figures)
        for end, word in _ENDS.items()
        for told in (one["ends"][end],)
    ]
    columns = (
        "Horizon", "Model", "Tenth", "#Days", "#Over the mean, gross", "#t (Newey-West / apart)", "#Turnover",
        "#Configured costs", *flat,
    )  # fmt: skip
    return Table(caption="Extreme tenths", columns=columns, rows=rows)


def trading_section(figures: Mapping[str, Any], plots: Mapping[str, str]) -> Section:
    """Return the section on what holding the highest tenth made."""
    held = [(held_name(name), account_text(one)) for name, one in figures["held"].items()]
    part = Part(
        title="The highest tenth, held",
        plots=[
            Plot(
                title="Beyond all shares, configured costs",
                note="Sum of daily differences.",
                svg=plots["excess"],
            ),
            Plot(
                title="Capital, configured costs",
                note="1 at the start, on a scale of ratios.",
                svg=plots["capital"],
            ),
            Plot(
                title="Beyond all shares by costs, a year",
                note="With 90 % intervals; own: each share's configured costs.",
                svg=plots["costs"],
            ),
            Plot(title="Beyond all shares by year", note="Configured costs.", svg=plots["years"]),
        ],
        tables=[
            _books(figures),
            _by_cost(figures),
            Table(caption="Held beside them", columns=("What", "Made"), rows=held),
            _trading_years(figures),
        ],
    )
    return Section(key="trading", title="Portfolios", parts=[part])


def _books(figures: Mapping[str, Any]) -> Table:
    rows = [
        (
            horizon,
            named(name),
            number(book["bought"], digits=0),
            bounded(book["excess"]["yearly_frac"], scale=100, sign=True),
            bounded(book["excess"]["sharpe"], digits=2, sign=True),
            number(book["excess"]["t_newey_west"], digits=1),
            number(book["a_purchase_bp"], sign=True),
            number(book["turnover_yearly"]),
            number(book["cost_yearly_frac"], scale=100),
            number(book["net"]["cagr"], scale=100, sign=True),
            bounded(book["net"]["max_drawdown_frac"], scale=100),
        )
        for horizon, name, _, book in models_of(figures)
    ]
    columns = (
        "Horizon", "Model", "#Purchases", "#Over all shares, % a year", "#Sharpe of it", "#t", "#bp a purchase",
        "#Turnover a year", "#Costs, % a year", "#Growth, % a year", "#Deepest fall, %",
    )  # fmt: skip
    return Table(caption="At configured costs", columns=columns, rows=rows)


def _by_cost(figures: Mapping[str, Any]) -> Table:
    costs = list(models_of(figures)[0][3]["excess_at"])
    rows = [
        (
            horizon,
            named(name),
            *(bounded(book["excess_at"][cost]["yearly_frac"], scale=100, sign=True) for cost in costs),
            bounded(book["excess"]["yearly_frac"], scale=100, sign=True),
        )
        for horizon, name, _, book in models_of(figures)
    ]
    columns = ("Horizon", "Model", *(f"#{cost}" for cost in costs), "#configured")
    return Table(caption="Beyond all shares by round trip, % a year", columns=columns, rows=rows)


def _trading_years(figures: Mapping[str, Any]) -> Table:
    rows = [
        (
            str(row["year"]),
            horizon,
            named(name),
            bounded(row["excess_frac"], scale=100, sign=True),
            *(number(row[key], scale=100, sign=True) for key in ("net_frac", "universe_frac")),
        )
        for horizon, name, _, book in models_of(figures)
        for row in book["years"]
    ]
    columns = ("Year", "Horizon", "Model", "#Beyond all shares, %", "#Net, %", "#All shares, %")
    return Table(caption="By year, configured costs", columns=columns, rows=rows, tall=True, folded=True)


def luck_section(figures: Mapping[str, Any]) -> Section:
    """Return the section on what is left after everything that was tried."""
    luck = figures["luck"]
    rows = [
        (
            test["horizon"],
            named(test["model"]),
            number(test["p_value"], digits=4),
            number(test["p_adjusted"], digits=4),
            "yes" if test["stands"] else "no",
            number(luck["deflated"][test["group"]].get("sharpe_per_day"), digits=4, sign=True),
            number(luck["deflated"][test["group"]].get("expected_maximum_per_day"), digits=4, sign=True),
            number(luck["deflated"][test["group"]]["p_value"], digits=4),
        )
        for test in luck["tests"]
    ]
    columns = (
        "Horizon", "Model", "#p", "#p adjusted", "Stands", "#Sharpe a day", "#Best of the trials by luck", "#Deflated p",
    )  # fmt: skip
    superior, overfitting = luck["superior"], luck["overfitting"]
    texts = [
        f"p is the chance of as much beyond all shares after configured costs without any skill; adjusted by Benjamini and "
        f"Hochberg over {luck['discoveries']['tests']} models times horizons at {luck['discoveries']['level']:.0%}. The ledger "
        f"counts {luck['trials_counted']:,} trials of this family, those of this report included.",
        f"Hansen's test that the best of all beats all shares: p {number(superior['p_value'], digits=3)}. Probability of "
        f"backtest overfitting: {number(overfitting['pbo'], digits=2)}.",
    ]
    table = Table(caption="After everything that was tried", columns=columns, rows=rows)
    return Section(
        key="luck",
        title="Could it be luck?",
        parts=[Part(title="Many tests at once", texts=texts, tables=[table])],
    )


def held_name(name: str) -> str:
    """Return what is held beside the portfolios, in plain words."""
    return (
        f"all shares, rebalanced every {name.removeprefix('universe ')}"
        if name.startswith("universe")
        else named(name)
    )


def account_text(one: Mapping[str, Any]) -> str:
    """Return growth, Sharpe ratio and deepest fall of what was held."""
    return (
        f"{number(one['cagr'], scale=100, sign=True)} % a year, Sharpe {bounded(one['sharpe'], digits=2)}, deepest fall "
        f"{number(one['max_drawdown_frac']['value'], scale=100)} %"
    )
