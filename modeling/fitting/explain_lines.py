"""What a version reads, in words and tables."""

from __future__ import annotations

from typing import Any, Final

from modeling.fitting.report import SIMULATED, bounded

QUESTIONS: Final = {"news": "news", "fundamental": "fundamentals"}  # by family what is asked about
FEATURES_SHOWN: Final = 15
BARS_SHOWN: Final = 5
_BP = 1e4


def explain_lines(told: dict[str, Any], *, is_simulated: bool) -> list[str]:
    """Return everything that `explain.json` holds as lines of text; of the features, the first ones."""
    lines = [
        *([SIMULATED] if is_simulated else []),
        f"What is read, on {told['rows']:,} held-out (row, horizon) pairs of {told['days']} days; one-sided "
        f"{told['interval_level']:.0%} block-bootstrap bounds",
        "Rise of the loss where features are those of other days; above 0 they help. Log loss in 0.001 nats, mean of "
        "both sides; quantile loss in bp.",
        "",
        *(answer(told, family) for family in QUESTIONS),
        "",
        *_table(told["families"], "family"),
        "",
        *_table(told["features"][:FEATURES_SHOWN], "feature"),
        f"The first {min(FEATURES_SHOWN, len(told['features']))} of {len(told['features'])} features, each alone, on "
        f"{told['feature_rows']:,} pairs. Whoever chooses features by these tables learns from the test part.",
        _luck_line(told),
        "",
        *_dependence_lines(told["partial_dependence"]),
        *_weight_lines(told.get("weights", {})),
    ]
    return lines


def answer(told: dict[str, Any], family: str) -> str:
    """Return whether a family helps, in a sentence with the bounds behind it."""
    noun = QUESTIONS[family]
    asked = f"{'Do' if noun.endswith('tals') else 'Does'} {noun} help?"
    own = next((each for each in told["families"] if each["family"] == family), None)
    if own is None:
        return f"{asked} The model reads none."
    return (
        f"{asked} The probabilities: {_verdict(own['log_loss'])} (log loss {_signed(own['log_loss'], 1e3)} x 0.001). "
        f"The return ranges: {_verdict(own['quantile_loss'])} (quantile loss {_signed(own['quantile_loss'], _BP)} bp)."
    )


def _verdict(figure: dict[str, float | None]) -> str:
    value, low, high = figure["value"], figure["low"], figure["high"]
    if low is None or high is None:
        return "too few days to tell"
    if value == low == high == 0.0:
        return "no, they do not depend on it"
    if low > 0.0:
        return "yes"
    return "no, they are worse with it" if high < 0.0 else "not shown"


def _signed(figure: dict[str, float | None], scale: float) -> str:
    sign = "+" if (figure["value"] or 0.0) > 0 else ""
    return sign + bounded(figure, digits=2, scale=scale)


def _table(entries: list[dict[str, Any]], kind: str) -> list[str]:
    header = f"{kind:<30}{'log loss [bounds]':<26}{'p_long':>8}{'p_short':>9}  quantile loss [bounds]"
    return [header, *(_row(own, kind) for own in entries)]


def _row(own: dict[str, Any], kind: str) -> str:
    name = f"{own['family']} ({own['features']})" if kind == "family" else own["feature"]
    return (
        f"{name:<30}{bounded(own['log_loss'], digits=2, scale=1e3):<26}{own['p_long']['value'] * 1e3:>8.2f}"
        f"{own['p_short']['value'] * 1e3:>9.2f}  {bounded(own['quantile_loss'], digits=2, scale=_BP)}"
    )


def _luck_line(told: dict[str, Any]) -> str:
    count = len(told["features"])
    return (
        f"Of {count} features without any say about {count * (1.0 - told['interval_level']):.1f} would have a lower "
        "bound above 0 by luck; features that tell the same share what they are worth."
    )


def _dependence_lines(dependence: list[dict[str, Any]]) -> list[str]:
    lines = ["Mean answers with one feature at its 5, 25, 50, 75 and 95 % (of training), all else as it was:"]
    for own in dependence:
        values = ", ".join(f"{value:.4g}" for value in own["values"])
        lines.append(f"{own['feature']} at {values}")
        for way, name in (("last_bar", "last bar"), ("whole_window", "whole window")):
            p_long, p_short, median = (
                ", ".join(form.format(value) for value in own[way][what])
                for what, form in (
                    ("p_long", "{:.3f}"),
                    ("p_short", "{:.3f}"),
                    ("median_return_frac", "{:+.3%}"),
                )
            )
            lines.append(f"  {name:<13}p_long {p_long}  p_short {p_short}  median {median}")
    return lines


def _weight_lines(weights: dict[str, Any]) -> list[str]:
    lines = []
    if "variable_weights" in weights:
        ordered = sorted(weights["variable_weights"].items(), key=lambda own: -own[1])[:FEATURES_SHOWN]
        shown = ", ".join(f"{name} {weight:.1%}" for name, weight in ordered)
        lines += ["", f"Variables chosen by the network (mean weight): {shown}"]
    if "attention_weights" in weights:
        newest = weights["attention_weights"][::-1]
        shown = ", ".join(f"{weight:.1%}" for weight in newest[:BARS_SHOWN])
        lines += [
            "",
            f"Attention to the newest bars, last one first: {shown}; to all before {sum(newest[BARS_SHOWN:]):.1%}",
        ]
    return lines
