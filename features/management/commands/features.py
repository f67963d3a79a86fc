"""List the features, or the sets made of them."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from features.catalog import FEATURES
from features.selectors.catalogue import feature_set_get, feature_set_names, feature_specs
from features.spec import FeatureSpec

COLUMNS = ("name", "family", "formula", "parameters", "look-back", "unit", "range", "source")


class Command(BaseCommand):
    """Print the catalogue of features as a Markdown table, and the sets with their hashes."""

    help = "List every feature (name, family, formula, parameters, look-back, unit, range, source) and every set."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the choice of one set."""
        parser.add_argument("--feature-set", help="only the features of this set, in column order")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the tables."""
        wanted = options["feature_set"]
        specs = feature_specs(name=wanted) if wanted else FEATURES
        self.stdout.write("| " + " | ".join(COLUMNS) + " |")
        self.stdout.write("|" + "---|" * len(COLUMNS))
        for spec in specs:
            self.stdout.write("| " + " | ".join(_cells(spec)) + " |")
        self.stdout.write("")
        for name in (wanted,) if wanted else feature_set_names():
            facts = feature_set_get(name=name)
            self.stdout.write(
                f"{facts.key}: {len(facts.columns)} features, {facts.warmup_bars} bars of warm-up"
            )


def _cells(spec: FeatureSpec) -> tuple[str, ...]:
    parameters = ", ".join(f"{name}={value:g}" for name, value in spec.parameters.items())
    low = "" if spec.low is None else f"{spec.low:g}"
    high = "" if spec.high is None else f"{spec.high:g}"
    span = f"{low}..{high}" if low or high else "any"
    formula = spec.formula.replace("|", "\\|")
    return (
        spec.name, spec.family, formula, parameters or "none", f"{spec.lookback_bars} bars", spec.unit, span,
        spec.source,
    )  # fmt: skip
