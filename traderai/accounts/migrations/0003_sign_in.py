from django.db import migrations, models


def take_telegram_from_staff(apps, schema_editor):
    """Staff sign in by password; nobody could sign in by Telegram before this migration."""
    users = apps.get_model("accounts", "User").objects.exclude(telegram_id=None)
    users.filter(models.Q(is_staff=True) | models.Q(is_superuser=True)).update(telegram_id=None)


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_time_zone'),
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='InitDataUse',
            fields=[
                ('fingerprint', models.CharField(help_text='SHA-256 of the signed fields.', max_length=64, primary_key=True, serialize=False)),
                ('expires_at', models.DateTimeField(db_index=True, help_text='From then on its age alone refuses it.')),
            ],
        ),
        migrations.AddField(
            model_name='user',
            name='notify_signals',
            field=models.BooleanField(default=False, help_text='Tell new signals by Telegram.'),
        ),
        migrations.AddField(
            model_name='user',
            name='notify_weekly_report',
            field=models.BooleanField(default=True, help_text='Tell of the weekly report by Telegram.'),
        ),
        migrations.RunPython(take_telegram_from_staff, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.CheckConstraint(condition=models.Q(('telegram_id__isnull', True), models.Q(('is_staff', False), ('is_superuser', False)), _connector='OR'), name='accounts_user_staff_without_telegram', violation_error_message='Staff sign in by password: take telegram_id away, or the rights.'),
        ),
    ]
