from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction

from market.models import CorporateAction, IngestionRun, Instrument, QuarantinedRow
from tests.market import make
from traderai.common import clock

pytestmark = pytest.mark.django_db


def refused(name, make_it):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        make_it()


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("market_instrument_lot_positive", {"lot_size": 0}),
        ("market_instrument_step_positive", {"price_step_rub": 0.0}),
        ("market_instrument_kind_known", {"kind": "bond"}),
    ],
)
def test_an_instrument_is_sound(name, changed):
    good = {"secid": "A", "name_ru": "а", "name_en": "a"}
    refused(name, lambda: Instrument.objects.create(**good | changed))
    Instrument.objects.create(**good)


@pytest.mark.parametrize(
    "figures",
    [
        {"kind": "split", "amount_rub": 1.0},
        {"kind": "split", "shares_after_per_before": 0.0},
        {"kind": "dividend", "amount_rub": -1.0},
        {"kind": "dividend", "amount_rub": 1.0, "shares_after_per_before": 2.0},
    ],
)
def test_an_action_has_its_figure(figures):
    common = {
        "instrument_id": make.instrument().id,
        "ex_date": date(2024, 1, 9),
        "known_at": clock.now(),
        "source": "t",
    }
    refused(
        "market_corporateaction_has_its_figure", lambda: CorporateAction.objects.create(**common, **figures)
    )
    CorporateAction.objects.create(**common, kind="dividend", amount_rub=1.0)
    refused(
        "market_corporateaction_once",
        lambda: CorporateAction.objects.create(**common, kind="dividend", amount_rub=2.0),
    )


def test_a_refusal_is_kept_once():
    run = IngestionRun.objects.create(kind="candles", source="files", started_at=clock.now())
    row = {
        "run": run,
        "source": "files",
        "place": "a:1",
        "reason": "bad_number",
        "raw": {},
        "raw_sha256": "0" * 64,
    }
    QuarantinedRow.objects.create(**row)
    refused("market_quarantinedrow_once", lambda: QuarantinedRow.objects.create(**row))


def insert_candle(instrument_id, **changed):
    row = {"open": 10.0, "high": 11.0, "low": 9.0, "close": 10.0, "volume_shares": 1.0} | changed
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO market_candle (instrument_id, timeframe_min, begin, board, source_id, "
            + ", ".join(row)
            + ") VALUES (%s, 60, '2024-01-03 07:00+00', 'TQBR', 1, "
            + ", ".join(["%s"] * len(row))
            + ")",
            [instrument_id, *row.values()],
        )


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("market_candle_low_high", {"low": 10.5}),
        ("market_candle_low_high", {"high": 9.5}),
        ("market_candle_low_high", {"low": 0.0}),
        ("market_candle_low_high", {"low": float("nan")}),
        ("market_candle_low_high", {"high": float("inf")}),
        ("market_candle_low_high", {"close": float("nan"), "high": float("nan")}),
        ("market_candle_volume_not_negative", {"volume_shares": -1.0}),
        ("market_candle_volume_not_negative", {"volume_shares": float("nan")}),
    ],
)
def test_a_candle_is_sound(name, changed):
    facts = make.instrument()
    refused(name, lambda: insert_candle(facts.id, **changed))
    insert_candle(facts.id)
    refused("market_candle_y2024_pkey", lambda: insert_candle(facts.id))


def test_a_candle_belongs_to_an_instrument_that_stays():
    refused("must belong to an instrument", lambda: insert_candle(-1))
    facts, other = make.instrument(), make.instrument("OTHER")
    insert_candle(facts.id)
    with connection.cursor() as cursor:
        for statement, message in (
            (f"UPDATE market_candle SET instrument_id = {other.id}", "keeps its instrument"),
            (f"DELETE FROM market_instrument WHERE id = {facts.id}", "with candles stays"),
            (f"UPDATE market_instrument SET id = -3 WHERE id = {facts.id}", "with candles stays"),
        ):
            refused(message, lambda statement=statement: cursor.execute(statement))
        cursor.execute("DELETE FROM market_instrument WHERE id = %s", [other.id])
