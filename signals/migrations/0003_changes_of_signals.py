"""Writes of signals and of their reviews are noted as changes of the market: whoever keeps an answer asks for them."""

from __future__ import annotations

from importlib import import_module

from django.db import migrations

noted = import_module("market.migrations.0007_changes_of_the_market").noted


class Migration(migrations.Migration):
    """The triggers."""

    dependencies = [("signals", "0002_told_and_what_came_of_it"), ("market", "0007_changes_of_the_market")]

    operations = [noted("signals_signal", "signals_review")]
