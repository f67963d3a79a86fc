"""Fills a database of its own for the browser tests: `python -m tests.browser.rows`.

The rows are made by the services that make real ones: simulated candles, features, a small network in the registry,
and the policy's own decisions.
"""

from __future__ import annotations

import os
from datetime import timedelta

import django

SHARES = [  # sector, volume in shares per bar
    ("finance", 8e6), ("oil_gas", 5e6), ("oil_gas", 4e6), ("metals", 3e6), ("it", 2.5e6), ("metals", 2e6),
    ("retail", 1.5e6), ("telecom", 1e6), ("power", 7e5), ("transport", 6e5),
]  # fmt: skip


def main() -> None:
    """Migrate the database and store everything that the pages show."""
    django.setup()
    from django.core.management import call_command

    from signals.services.score import signals_score
    from tests.signals import builders
    from traderai.accounts.models import User

    call_command("migrate", verbosity=0)
    User.objects.create_superuser("admin", password=os.environ["STAFF_PASSWORD"])
    for number, (sector, volume) in enumerate(SHARES, start=1):
        names = {"name_ru": f"Симулированная акция {number}", "name_en": f"Simulated share {number}"}
        builders.share(
            f"SIM{number:02d}", seed=number, volume=volume, sector=sector, is_simulated=True, **names
        )
    builders.share("SIMOLD", seed=99, bars=builders.BARS - 60, sector="it", is_simulated=True)
    builders.share("SIMNEW", seed=98, bars=0, sector="it", is_simulated=True)
    builders.features()
    builders.champion("simulated-test-1", is_simulated=True, scaled_on="SIM01")
    signals_score(now=builders.last_moment() + timedelta(hours=1))


if __name__ == "__main__":
    main()
