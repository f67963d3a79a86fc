"""Making one instrument of two whose tickers followed each other."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import Model, UniqueConstraint

from market.contracts import CandleColumns, CandleOrigin, Timeframe
from market.models import (
    Candle,
    CandleCoverage,
    CandleSource,
    CorporateAction,
    Instrument,
    InstrumentBoard,
)
from market.services.candle_write import candles_write
from traderai.common.clock import midnight
from traderai.common.errors import ConflictError

# The key by which a row of one instrument tells the same as a row of the other, where it is not the unique key:
# the same split told by two sources would count twice.
_SAME_FACT: dict[type[Model], tuple[str, ...]] = {CorporateAction: ("kind", "ex_date")}

# Of one source's two rows for one bar the old ticker's is right before the change and the new one's after it.
_BARS_TO_MOVE = """
SELECT extract(epoch FROM l.begin)::float8, l.open, l.high, l.low, l.close, l.volume_shares, l.value_rub
FROM market_candle l
WHERE l.instrument_id = %(loser)s AND l.timeframe_min = %(timeframe_min)s AND l.source_id = %(source_id)s
  AND l.board = %(board)s
  AND ((l.begin < %(changed_at)s) = %(loser_is_old)s OR NOT EXISTS (
      SELECT 1 FROM market_candle w WHERE w.instrument_id = %(winner)s AND w.begin = l.begin
        AND w.timeframe_min = l.timeframe_min AND w.source_id = l.source_id))
ORDER BY l.begin
"""


def instruments_merge(*, old: Instrument, new: Instrument, changed_on: date) -> Instrument:
    """Move everything known of the old ticker's and the new ticker's instrument into one and remove the other.

    The instrument that other apps refer to stays, else the new one; either way it bears the new ticker and the
    new one's reference data. Candles are moved by the rule that ranks sources. To be called in a transaction.

    Raises: ConflictError if other apps refer to both.
    """
    used_old, used_new = instrument_uses(old), instrument_uses(new)
    if used_old and used_new:
        raise ConflictError(
            f"{old.secid} and {new.secid} cannot be made one instrument: both are used, by "
            f"{', '.join(used_old)} and by {', '.join(used_new)}; clear one of them"
        )
    winner, loser = (old, new) if used_old else (new, old)
    _move_candles(winner=winner, loser=loser, changed_on=changed_on, loser_is_old=loser is old)
    # The old ticker's spans are not the new one's: what was asked under one name was not asked under the other.
    CandleCoverage.objects.filter(instrument=loser).delete()
    _join_boards(winner=winner, loser=loser)
    for model, column in _references():
        if model is not Candle and model._meta.app_label == "market":
            _move_rows(model, column, winner=winner, loser=loser)
    reference_data = {
        field.attname: getattr(new, field.attname)
        for field in Instrument._meta.concrete_fields
        if not field.primary_key
    }
    loser.delete()
    Instrument.objects.filter(pk=winner.pk).update(**reference_data)
    return Instrument.objects.get(pk=winner.pk)


def instrument_uses(instrument: Instrument) -> list[str]:
    """Return the names of other apps' tables that refer to an instrument."""
    return [
        model._meta.label
        for model, column in _references()
        if model._meta.app_label != "market"
        and model._default_manager.filter(**{column: instrument.pk}).exists()
    ]


def _references() -> list[tuple[type[Model], str]]:
    """Return (table, field) of every foreign key to instruments."""
    relations = Instrument._meta.get_fields(include_hidden=True)
    found = [
        (relation.related_model, relation.field.attname)  # type: ignore[union-attr]
        for relation in relations
        if relation.auto_created and not relation.concrete and (relation.one_to_many or relation.one_to_one)
    ]
    return [(model, column) for model, column in found if isinstance(model, type)]


def _move_candles(*, winner: Instrument, loser: Instrument, changed_on: date, loser_is_old: bool) -> None:
    sources = {source.pk: source for source in CandleSource.objects.all()}
    series = (
        Candle.objects.filter(instrument=loser)
        .values_list("timeframe_min", "source_id", "board")
        .order_by("timeframe_min", "source_id", "board")
        .distinct()
    )
    with connection.cursor() as cursor:
        for timeframe_min, source_id, board in list(series):
            values: dict[str, Any] = {
                "loser": loser.pk,
                "winner": winner.pk,
                "timeframe_min": timeframe_min,
                "source_id": source_id,
                "board": board,
                "changed_at": midnight(changed_on),
                "loser_is_old": loser_is_old,
            }
            cursor.execute(_BARS_TO_MOVE, values)
            source = sources[source_id]
            candles_write(
                instrument_id=winner.pk,
                timeframe=Timeframe.of_minutes(timeframe_min),
                columns=_columns(cursor.fetchall()),
                origin=CandleOrigin(name=source.name, kind=source.kind, priority=source.priority),
                board=board,
                marks_trading_days=False,  # they were marked when the bars first came
            )
        cursor.execute("DELETE FROM market_candle WHERE instrument_id = %s", [loser.pk])


def _columns(rows: list[tuple[float | None, ...]]) -> CandleColumns:
    figures = np.array(rows, dtype=np.float64).reshape(-1, 7)
    return CandleColumns(
        begin_s=figures[:, 0].astype(np.int64),
        open=figures[:, 1],
        high=figures[:, 2],
        low=figures[:, 3],
        close=figures[:, 4],
        volume_shares=figures[:, 5],
        value_rub=figures[:, 6],
    )


def _join_boards(*, winner: Instrument, loser: Instrument) -> None:
    """Let the winner's span on a board reach over the loser's on the same board."""
    spans = {row.board: row for row in InstrumentBoard.objects.filter(instrument=loser)}
    for row in InstrumentBoard.objects.filter(instrument=winner, board__in=spans):
        other = spans[row.board]
        row.traded_from = min(row.traded_from, other.traded_from)
        tills = [row.traded_till, other.traded_till]
        row.traded_till = None if None in tills else max(till for till in tills if till is not None)
        row.save()
    InstrumentBoard.objects.filter(instrument=loser).update(is_primary=False)


def _move_rows(model: type[Model], column: str, *, winner: Instrument, loser: Instrument) -> None:
    """Give the loser's rows to the winner; a row that the winner has too is taken away."""
    table = connection.ops.quote_name(model._meta.db_table)
    own = connection.ops.quote_name(column)
    clashes = [
        " AND ".join(f"o.{name} IS NOT DISTINCT FROM l.{name}" for name in names)
        for names in _keys(model, column)
    ]
    twice = " OR ".join(f"({clash})" for clash in clashes)
    with connection.cursor() as cursor:
        if clashes:
            cursor.execute(
                f"DELETE FROM {table} l USING {table} o WHERE l.{own} = %s AND o.{own} = %s AND ({twice})",  # noqa: S608  # names of our own tables
                [loser.pk, winner.pk],
            )
        cursor.execute(f"UPDATE {table} SET {own} = %s WHERE {own} = %s", [winner.pk, loser.pk])  # noqa: S608


def _keys(model: type[Model], column: str) -> list[list[str]]:
    """Return the columns that, beside the instrument, may not be the same twice."""
    keys = [
        list(constraint.fields)
        for constraint in model._meta.constraints
        if isinstance(constraint, UniqueConstraint)
    ]
    attnames = [[str(model._meta.get_field(name).attname) for name in key] for key in keys]  # type: ignore[union-attr]
    found = [[name for name in names if name != column] for names in attnames if column in names]
    if model in _SAME_FACT:
        found.append(list(_SAME_FACT[model]))
    return [[connection.ops.quote_name(name) for name in names] for names in found]
