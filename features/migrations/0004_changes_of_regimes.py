"""Writes of regimes are noted as changes of the market: whoever keeps an answer asks for them."""

from __future__ import annotations

from importlib import import_module

from django.db import migrations

noted = import_module("market.migrations.0007_changes_of_the_market").noted


class Migration(migrations.Migration):
    """The triggers."""

    dependencies = [("features", "0003_regime_by_scope"), ("market", "0007_changes_of_the_market")]

    operations = [noted("features_regimehistory")]
