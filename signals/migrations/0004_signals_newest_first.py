"""Reading what was said from its newest end: of all shares, of one share, and of one kind of call."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("signals", "0003_changes_of_signals")]

    operations = [
        migrations.AddIndex(
            model_name="signal",
            index=models.Index(fields=["-as_of", "-id"], name="signals_signal_newest"),
        ),
        migrations.AddIndex(
            model_name="signal",
            index=models.Index(fields=["instrument", "-as_of", "-id"], name="signals_signal_of_share"),
        ),
        migrations.AddIndex(
            model_name="signal",
            index=models.Index(fields=["action", "-as_of", "-id"], name="signals_signal_of_action"),
        ),
    ]
