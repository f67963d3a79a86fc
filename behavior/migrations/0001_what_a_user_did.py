import django.db.models.deletion
import traderai.common.clock
from django.conf import settings
from django.db import migrations, models


TABLES = ("feedback", "signalshown", "gameanswer", "pretradecheck")
KEEP_FACTS = """
CREATE FUNCTION behavior_refuse_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is a fact and is never changed (id %)', TG_TABLE_NAME, OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_never_updated';
END $$;
""" + "".join(
    f"""
CREATE TRIGGER behavior_{table}_never_updated BEFORE UPDATE ON behavior_{table}
    FOR EACH ROW EXECUTE FUNCTION behavior_refuse_update();
"""
    for table in TABLES
)
FREE_FACTS = "".join(
    f"DROP TRIGGER behavior_{table}_never_updated ON behavior_{table};\n" for table in TABLES
) + "DROP FUNCTION behavior_refuse_update();"


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('market', '0006_runs_by_scope'),
        ('signals', '0002_told_and_what_came_of_it'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Feedback',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('useful', 'Useful'), ('wrong', 'Wrong'), ('followed', 'Followed'), ('comment', 'Comment')], max_length=8)),
                ('comment', models.TextField(blank=True, default='')),
                ('at', models.DateTimeField(default=traderai.common.clock.now)),
                ('signal', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='signals.signal')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['user', '-at'], name='behavior_feedback_newest')],
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['useful', 'wrong', 'followed', 'comment'])), name='behavior_feedback_kind_known'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'comment'), _negated=True), models.Q(('comment', ''), _negated=True), _connector='OR'), name='behavior_feedback_comment_says_something')],
            },
        ),
        migrations.CreateModel(
            name='GameAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('scenario', models.CharField(help_text="The game's own name of it.", max_length=80)),
                ('action', models.CharField(max_length=8)),
                ('model_action', models.CharField(blank=True, default='', help_text='Empty: no model may speak of that moment.', max_length=8)),
                ('regime', models.CharField(blank=True, default='', max_length=12)),
                ('r_multiple', models.FloatField(blank=True, null=True)),
                ('model_r_multiple', models.FloatField(blank=True, null=True)),
                ('took_s', models.FloatField(blank=True, null=True)),
                ('at', models.DateTimeField(default=traderai.common.clock.now)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('user', 'scenario'), name='behavior_gameanswer_once'), models.CheckConstraint(condition=models.Q(('action__in', ['BUY', 'SELL', 'HOLD', 'NO_TRADE']), ('model_action__in', ['', 'BUY', 'SELL', 'HOLD', 'NO_TRADE'])), name='behavior_gameanswer_actions_known')],
            },
        ),
        migrations.CreateModel(
            name='PreTradeCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('side', models.CharField(max_length=4)),
                ('qty_shares', models.FloatField()),
                ('price_rub', models.FloatField()),
                ('stop_rub', models.FloatField(blank=True, null=True)),
                ('verdict', models.CharField(choices=[('ok', 'OK'), ('caution', 'Caution'), ('hard_warning', 'Hard warning')], max_length=12)),
                ('said', models.JSONField(help_text='The reasons with their figures, the losses and the tilt.')),
                ('at', models.DateTimeField(default=traderai.common.clock.now)),
                ('instrument', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='market.instrument')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['user', '-at'], name='behavior_pretradecheck_newest')],
                'constraints': [models.CheckConstraint(condition=models.Q(('side__in', ['BUY', 'SELL'])), name='behavior_pretradecheck_side_known'), models.CheckConstraint(condition=models.Q(('verdict__in', ['ok', 'caution', 'hard_warning'])), name='behavior_pretradecheck_verdict_known'), models.CheckConstraint(condition=models.Q(('price_rub__gt', 0), ('qty_shares__gt', 0)), name='behavior_pretradecheck_figures_positive')],
            },
        ),
        migrations.CreateModel(
            name='SignalShown',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('place', models.CharField(choices=[('ticker', 'Ticker screen'), ('list', 'List of signals'), ('stream', 'Stream'), ('telegram', 'Telegram')], max_length=8)),
                ('at', models.DateTimeField(default=traderai.common.clock.now)),
                ('signal', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='signals.signal')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['user', 'at'], name='behavior_signalshown_in_order')],
                'constraints': [models.UniqueConstraint(fields=('user', 'signal'), name='behavior_signalshown_once'), models.CheckConstraint(condition=models.Q(('place__in', ['ticker', 'list', 'stream', 'telegram'])), name='behavior_signalshown_place_known')],
            },
        ),
        migrations.CreateModel(
            name='WeeklyReport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('week', models.CharField(help_text='ISO week, such as 2024-W10.', max_length=8)),
                ('begins_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('made_at', models.DateTimeField()),
                ('score', models.PositiveSmallIntegerField(blank=True, help_text='Empty: nothing was decided.', null=True)),
                ('payload', models.JSONField()),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('user', 'week'), name='behavior_weeklyreport_once'), models.CheckConstraint(condition=models.Q(('begins_at__lt', models.F('ends_at')), ('ends_at__lte', models.F('made_at'))), name='behavior_weeklyreport_of_a_week_that_is_over'), models.CheckConstraint(condition=models.Q(('score__isnull', True), ('score__lte', 100), _connector='OR'), name='behavior_weeklyreport_score_in_0_100')],
            },
        ),
        migrations.RunSQL(KEEP_FACTS, reverse_sql=FREE_FACTS),
    ]
