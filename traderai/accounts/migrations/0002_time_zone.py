import traderai.accounts.models
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_users'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='time_zone',
            field=models.CharField(default='Europe/Moscow', help_text='Such as Asia/Vladivostok: whose Monday morning and whose nights.', max_length=64, validators=[traderai.accounts.models.time_zone_known]),
        ),
    ]
