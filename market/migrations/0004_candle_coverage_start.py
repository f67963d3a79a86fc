import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("market", "0003_market_data")]

    operations = [
        migrations.AddField(
            model_name="candlecoverage",
            name="started_at",
            field=models.DateTimeField(
                default=django.utils.timezone.now, help_text="When the first page of the span was asked for."
            ),
            preserve_default=False,
        ),
    ]
