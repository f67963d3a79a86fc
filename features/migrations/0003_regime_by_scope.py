from typing import Any

from django.db import migrations, models
from django.db.models.functions import Left


def _drop_sectors(apps: Any, schema_editor: Any) -> None:
    # The history is derived: what an older version cannot hold is built again.
    rows = apps.get_model("features", "RegimeHistory").objects
    rows.exclude(scope="").delete()
    rows.update(source=Left("source", 120))


class Migration(migrations.Migration):
    dependencies = [
        ("features", "0002_name_the_history"),
    ]

    operations = [
        migrations.AddField(
            model_name="regimehistory",
            name="scope",
            field=models.CharField(
                blank=True,
                default="",
                help_text="A sector's code; empty for the whole market.",
                max_length=32,
            ),
        ),
        migrations.AlterField(
            model_name="regimehistory",
            name="source",
            field=models.CharField(
                help_text="What it was computed from, and what was missing.", max_length=200
            ),
        ),
        migrations.RemoveConstraint(model_name="regimehistory", name="features_regimehistory_once"),
        migrations.AddConstraint(
            model_name="regimehistory",
            constraint=models.UniqueConstraint(
                fields=("market", "scope", "trading_day"), name="features_regimehistory_once"
            ),
        ),
        migrations.RemoveIndex(model_name="regimehistory", name="features_regime_newest"),
        migrations.AddIndex(
            model_name="regimehistory",
            index=models.Index(fields=["market", "scope", "-as_of"], name="features_regime_newest"),
        ),
        migrations.RunPython(migrations.RunPython.noop, _drop_sectors),
    ]
