"""Who keeps an answer about the market learns whether anything has been written since."""

from __future__ import annotations

from django.db import migrations, models
from django.db.models.functions import Now

NOTE = """
CREATE FUNCTION market_change_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO market_marketchange (xact) VALUES (pg_current_xact_id()::text::bigint) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
"""
FORGET = "DROP FUNCTION market_change_note()"
TABLES = ("market_instrument", "market_candle", "market_tradingday", "market_corporateaction")


def noted(*tables: str) -> migrations.RunSQL:
    """Return the operation that notes every write of these tables: once a statement, however many rows it has."""
    return migrations.RunSQL(
        [
            f"CREATE TRIGGER {table}_noted AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION market_change_note()"
            for table in tables
        ],
        [f"DROP TRIGGER {table}_noted ON {table}" for table in tables],
    )


class Migration(migrations.Migration):
    """The table of changes, and the triggers of the market's own tables."""

    dependencies = [("market", "0006_runs_by_scope")]

    operations = [
        migrations.CreateModel(
            name="MarketChange",
            fields=[
                (
                    "xact",
                    models.BigIntegerField(
                        help_text="PostgreSQL's number of the transaction.", primary_key=True, serialize=False
                    ),
                ),
                ("noted_at", models.DateTimeField(db_default=Now())),
            ],
        ),
        migrations.RunSQL(NOTE, FORGET),
        noted(*TABLES),
    ]
