"""The track record equals a reckoning from the raw rows, is told whole, and never mixes what it must not."""

from __future__ import annotations

import re
from datetime import timedelta
from io import StringIO
from itertools import product

import numpy as np
import polars as pl
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from modeling.models import ModelVersion, TrainingRun
from modeling.selectors.label_sets import barrier_set_get
from signals.api import record_examples
from signals.contracts import SOURCES, RecordPart, TrackRecord
from signals.management.record_lines import record_lines
from signals.models import Outcome, Review
from signals.phrases import record
from signals.selectors.track_record import track_record_get
from signals.services.outcomes import outcomes_resolve
from signals.services.record_bases import record_bases, record_bases_due
from signals.services.record_plot import record_plot
from tests.modeling.registry.maker import registered
from tests.signals import builders
from tests.signals.test_outcomes import history
from tests.signals.told_maker import told
from traderai.accounts.models import User
from traderai.common import clock
from traderai.common.errors import InputError, NotReadyError

NOW = builders.last_moment() + timedelta(days=400)
LATER = NOW + timedelta(days=1)
pytestmark = pytest.mark.django_db
RAW = """
SELECT s.source, s.proven, s.action, s.horizon, s.confidence, s.as_of, o.state, o.exit_reason, o.exit_at, o.r_multiple,
       o.net_frac, to_char(s.as_of AT TIME ZONE 'Europe/Moscow', 'YYYY-MM') AS month
FROM signals_emission e JOIN signals_signal s ON s.id = e.signal_id LEFT JOIN signals_outcome o ON o.signal_id = s.id
"""


def tell(secid: str, *, rows: slice, horizon: str = "5d", action: str = "BUY", **fields: object) -> list:
    item, bars, spec, _ = history(secid, horizon)
    begins = bars.begin_s[rows].tolist()
    return told(item, begins, spec, horizon=horizon, action=action, at=NOW, **fields)


@pytest.fixture
def recorded(bars_alone) -> TrackRecord:
    tell("SHR0", rows=slice(100, 500, 9))
    tell("SHR1", rows=slice(100, 690, 9), action="SELL", horizon="3d")
    tell("SHR2", rows=slice(100, 500, 25), action="HOLD")
    tell("SHR3", rows=slice(100, 500, 5), proven=True)
    tell("SHR4", rows=slice(100, 500, 5), source="live")
    outcomes_resolve(now=NOW)
    return track_record_get(source="replay", proven=False, as_of=LATER)


def raw() -> pl.DataFrame:
    with connection.cursor() as cursor:
        cursor.execute(RAW)
        names = [column.name for column in cursor.description]
        return pl.DataFrame(cursor.fetchall(), schema=names, orient="row", infer_schema_length=None)


def test_it_equals_a_second_reckoning_from_the_raw_rows(recorded):
    mine = raw().filter((pl.col("source") == "replay") & ~pl.col("proven"))
    closed = mine.filter(pl.col("state") == "traded").sort("exit_at")
    whole = recorded.figures
    assert len(recorded.lines) == mine.height and whole.trades == closed.height > 80
    assert recorded.count("no_trade") == mine.filter(pl.col("state") == "no_trade").height > 10
    assert recorded.count("open") == mine.filter(pl.col("state").is_null()).height > 0
    assert recorded.said == dict(mine.group_by("action").len().iter_rows())
    assert recorded.count("void") == mine.filter(pl.col("state") == "void").height
    assert whole.total_r == pytest.approx(closed["r_multiple"].sum())
    assert whole.net_frac.value == pytest.approx(closed["net_frac"].mean())
    assert whole.hit_rate.value == pytest.approx((closed["exit_reason"] == "take_profit").mean())
    curve = closed.group_by("exit_at").agg(pl.col("r_multiple").sum()).sort("exit_at")["r_multiple"].cum_sum()
    assert recorded.curve.equity_r[-1] == pytest.approx(curve[-1])
    fall = (curve.clip(0.0).cum_max() - curve).max()
    assert whole.drawdown_r == pytest.approx(fall)
    for name, column in (("month", "month"), ("action", "action")):
        own = {key[0]: part for key, part in closed.group_by(column)}
        assert set(own) == set(recorded.groups[name])
        for key, part in own.items():
            assert recorded.groups[name][key].mean_r.value == pytest.approx(part["r_multiple"].mean())
    assert set(recorded.groups["confidence"]) == {"65-69", "70-74"}
    assert set(recorded.groups["call"]) == {"swing_v1 1h 5d BUY", "swing_v1 1h 3d SELL"}
    assert set(recorded.groups["regime"]) == {"flat"}


def test_sabotage_one_lost_result_is_seen(recorded):
    """The same comparison notices a single outcome that is not in the rows."""
    Outcome.objects.filter(state="traded", signal__source="replay", signal__proven=False).first().delete()
    with pytest.raises(AssertionError):
        test_it_equals_a_second_reckoning_from_the_raw_rows(recorded)


def test_sources_and_grades_are_never_mixed(bars_alone):
    """Each of the six records holds its own signals alone, and together they hold every one once."""
    for place, (source, proven) in enumerate(product(SOURCES, (True, False))):
        tell(
            "SHR0",
            rows=slice(100 + place, 101 + 6 * place, 1 + place),
            source=source,
            proven=proven,
            model_version=f"m{place}",
        )
    outcomes_resolve(now=NOW)
    seen: list[int] = []
    for source, proven in product(SOURCES, (True, False)):
        record = track_record_get(source=source, proven=proven, as_of=LATER)
        assert {(line.source, line.proven) for line in record.lines} == {(source, proven)}
        assert record.figures is not None and record.figures.trades <= len(record.lines)
        seen += [line.signal_id for line in record.lines]
    assert len(seen) == len(set(seen)) == raw().height
    with pytest.raises(InputError, match="source must be one of live, replay, simulated"):
        track_record_get(source="all", proven=True, as_of=LATER)
    with pytest.raises(TypeError):
        track_record_get(source="live", as_of=LATER)  # type: ignore[call-arg]


def test_what_staff_withdrew_stays_and_is_marked(recorded):
    first, second, third = (line.signal_id for line in recorded.lines[:3])
    for signal_id, verdict, hour in (
        (first, "rejected", 1), (second, "rejected", 1), (second, "approved", 2), (third, "rejected", 1),
        (third, "note", 2),
    ):  # fmt: skip
        Review.objects.create(
            signal_id=signal_id, verdict=verdict, note="?", by="anna", at=NOW + timedelta(hours=hour)
        )
    again = track_record_get(source="replay", proven=False, as_of=LATER)
    assert [line.withdrawn for line in again.lines[:4]] == [True, False, True, False] and again.withdrawn == 2
    assert again.figures == recorded.figures and len(again.lines) == len(recorded.lines)
    before = track_record_get(source="replay", proven=False, as_of=NOW + timedelta(minutes=90))
    assert before.withdrawn == 3


def test_it_knows_what_was_known_then(recorded):
    assert track_record_get(source="replay", proven=False, as_of=NOW - timedelta(hours=1)).lines == ()
    Outcome.objects.all().delete()
    outcomes_resolve(now=LATER)
    then = track_record_get(source="replay", proven=False, as_of=NOW)
    assert then.count("open") == len(then.lines) == len(recorded.lines) and then.figures is None
    since = recorded.lines[40].as_of
    part = track_record_get(source="replay", proven=False, as_of=LATER, part=RecordPart(since=since))
    assert part.lines[0].as_of == since and 0 < len(part.lines) < len(recorded.lines)


def test_what_a_gate_had_judged_by_is_told(recorded, tmp_path, settings):
    settings.LAKE_URL = tmp_path.as_uri()
    assert recorded.seen_by_gate == 0  # of versions that no training of ours made nothing is known
    middle = recorded.lines[len(recorded.lines) // 2].as_of
    run = TrainingRun.objects.create(
        recipe="r", config_sha256="c", code_sha256="c", seed=1, as_of=middle, state="done", started_at=NOW,
        finished_at=NOW,
    )  # fmt: skip
    for action in ("BUY", "SELL"):
        ModelVersion.objects.filter(version=registered(f"told-{action}").version).update(run=run)
    again = track_record_get(source="replay", proven=False, as_of=LATER)
    earlier = [line for line in again.lines if line.action != "HOLD" and line.as_of < middle]
    assert again.seen_by_gate == len(earlier) > 20
    assert any(f"BEWARE: {len(earlier)} of them" in line for line in record_lines(again, {}))
    # Nobody sees what comes: where it was said live the gate stood before it.
    live = track_record_get(source="live", proven=False, as_of=LATER)
    assert live.lines and live.seen_by_gate == 0


def test_the_base_is_all_rows_of_that_side(recorded):
    bases = record_bases(record=recorded)
    assert set(bases) == {"swing_v1 1h 5d BUY", "swing_v1 1h 3d SELL"}
    own = [line for line in recorded.lines if line.call == "swing_v1 1h 3d SELL" and line.state == "traded"]
    shares = {line.secid for line in recorded.lines if line.state == "traded"}
    kept = []
    for secid in sorted(shares):
        _, bars, _, labels = history(secid, "3d")
        first, newest = (int(line.as_of.timestamp()) for line in (own[0], own[-1]))
        rows = labels.labelled & (bars.known_s >= first) & (bars.known_s <= newest)
        kept += [labels.short.net_frac[rows]]
    base = bases["swing_v1 1h 3d SELL"]
    assert base.rows == sum(part.size for part in kept) > 500
    assert base.net_frac == pytest.approx(np.concatenate(kept).mean())
    spec = barrier_set_get(name="swing_v1", timeframe="1h")
    assert base.mean_r == pytest.approx(base.net_frac / spec.stop_loss)
    # What the hit rate needed is consistent with what was made.
    assert 0.0 < base.hit_rate < 1.0 and (base.hit_rate > base.break_even) == (base.mean_r > 0)


def test_what_was_declined_is_held_against_both_sides(client, bars_alone):
    tell("SHR2", rows=slice(100, 500, 25), action="HOLD")
    outcomes_resolve(now=NOW)
    declined = track_record_get(source="replay", proven=False, as_of=LATER)
    assert declined.count("no_trade") > 10 and declined.figures is None
    bases = record_bases(record=declined)
    assert set(bases) == {"swing_v1 1h 5d BUY", "swing_v1 1h 5d SELL"}
    _, bars, _, labels = history("SHR2", "5d")
    own = [line.as_of.timestamp() for line in declined.lines if line.state == "no_trade"]
    rows = labels.labelled & (bars.known_s >= own[0]) & (bars.known_s <= own[-1])
    for side, call in ((labels.long, "BUY"), (labels.short, "SELL")):
        base = bases[f"swing_v1 1h 5d {call}"]
        assert base.rows == rows.sum() and base.net_frac == pytest.approx(side.net_frac[rows].mean())
    assert any("had it been swing_v1 1h 5d BUY" in line for line in record_lines(declined, bases))
    assert record_bases_due(now=NOW + timedelta(hours=1)) == 2
    assert [one["signal"] for one in shown(client)["base_rates"]] == ["BUY", "SELL"]


def test_the_command_tells_all_of_it(recorded, tmp_path):
    Review.objects.create(
        signal_id=recorded.lines[-1].signal_id, verdict="rejected", note="?", by="anna", at=NOW
    )
    out, picture = StringIO(), tmp_path / "record.png"
    call_command("track_record", "--source", "replay", "--all", "--plot", str(picture), stdout=out)
    text = out.getvalue()
    assert "replay signals, paper: no model behind it has proven a profit" in text
    assert (
        "1 withdrawn by staff, which stay in every figure" in text and text.count("withdrawn by staff\n") == 1
    )
    assert "rows of that side on" in text and "by regime" in text
    assert text.count(" BUY ") + text.count(" SELL ") >= len(recorded.lines) - 20
    assert picture.read_bytes().startswith(b"\x89PNG")
    short = StringIO()
    call_command("track_record", "--source", "replay", stdout=short)
    assert f"the newest 20 of {len(recorded.lines)}" in short.getvalue()
    with pytest.raises(CommandError, match="folder that exists"):
        call_command("track_record", "--plot", str(tmp_path / "none" / "x.png"))


def test_nothing_told_is_said_so(bars_alone):
    out = StringIO()
    call_command("track_record", "--proven", stdout=out)
    assert "Said: nothing" in out.getvalue()
    assert "live signals, proven" in out.getvalue() and "Nothing has been told." in out.getvalue()
    empty = track_record_get(source="live", proven=True, as_of=NOW)
    assert empty.figures is None and record_bases(record=empty) == {}
    with pytest.raises(NotReadyError, match="no trade of this record has ended"):
        record_plot(record=empty)


def shown(client, **asked: object) -> dict:
    answer = client.get("/api/v1/track_record", {"source": "replay"} | asked)
    assert answer.status_code == 200, answer.content
    return answer.json()


@pytest.fixture
def client(db) -> Client:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(User.objects.create_user("trader", password="x"))
    return client


def test_users_are_shown_the_same_record(client, recorded):
    body, whole = shown(client), recorded.figures
    assert set(body) == set(record_examples.RECORD) and body["level"] == 0.95
    told_of = {name: body["told"][name] for name in ("total", "traded", "no_trade", "void", "open")}
    assert told_of == {"total": len(recorded.lines)} | {
        state: recorded.count(state) for state in ("traded", "no_trade", "void", "open")
    }
    assert {one["name"]: one["number"] for one in body["said"]} == recorded.said
    figures = body["figures"]
    assert figures["trades"] == whole.trades and figures["total_r"] == whole.total_r
    assert figures["hit_rate"] == {name: getattr(whole.hit_rate, name) for name in ("value", "low", "high")}
    assert figures["expectancy_r"]["value"] == whole.mean_r.value and figures["break_even"] == pytest.approx(
        0.4
    )
    assert figures["expectancy_bp"]["low"] == pytest.approx(1e4 * whole.net_frac.low)
    groups = body["groups"]
    assert {one["name"] for one in groups["confidence"]} == {"65-69", "70-74"}
    assert {one["name"]: one["trades"] for one in groups["horizon"]} == {
        name: figures.trades for name, figures in recorded.groups["horizon"].items()
    }
    for name in groups:
        assert sum(one["trades"] for one in groups[name]) == whole.trades, name
    curve = body["curve"]
    assert curve[-1]["r"] == pytest.approx(whole.total_r) and 10 < len(curve) <= 400
    assert max(point["drawdown_r"] for point in curve) >= whole.drawdown_r - 3.0  # days, not moments
    assert all(point["low"] <= point["r"] <= point["high"] for point in curve[5:])
    assert [one["code"] for one in body["caveats"]][:2] == ["replayed", "paper"] and "open" in {
        one["code"] for one in body["caveats"]
    }
    russian = client.get("/api/v1/track_record?source=replay", headers={"Accept-Language": "ru"}).json()
    assert russian["caveats"][1]["text"].startswith("Ни одна модель")


def test_a_part_of_it_is_the_part_that_was_asked_for(client, recorded):
    ended = [line for line in recorded.lines if line.state == "traded"]
    middle = ended[len(ended) // 2].as_of
    for asked, fits in (
        ({"signal": "SELL"}, lambda line: line.action == "SELL"),
        ({"horizon": "3d"}, lambda line: line.horizon == "3d"),
        ({"timeframe": "5m"}, lambda line: False),
        ({"regime": "flat"}, lambda line: True),
        ({"regime": "panic"}, lambda line: False),
        ({"model_version": "told-BUY"}, lambda line: line.model_version == "told-BUY"),
        ({"strength": "weak"}, lambda line: False),
        ({"since": middle.isoformat()}, lambda line: line.as_of >= middle),
        ({"until": middle.isoformat()}, lambda line: line.as_of <= middle),
    ):
        body, own = shown(client, **asked), [line.r_multiple for line in ended if fits(line)]
        assert body["told"]["traded"] == len(own), asked
        if own:
            assert body["figures"]["total_r"] == pytest.approx(sum(own))
        else:
            assert body["figures"] is None and body["curve"] == []
        assert "part" in {one["code"] for one in body["caveats"]}
    assert (
        shown(client, proven="true")["told"]["total"]
        > 0
        == shown(client, source="live", proven="true")["told"]["total"]
    )
    assert client.get("/api/v1/track_record?source=all").status_code == 400
    for path in ("track_record", "signals"):
        refused = client.get(f"/api/v1/{path}?horizon=soon")
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "horizon")
        assert client.get(f"/api/v1/{path}?timeframe=2h").status_code == 422


def test_what_is_kept_goes_with_whatever_is_told_or_resolved(client, recorded):
    before = shown(client)
    with CaptureQueriesContext(connection) as queries:
        assert shown(client) | {"as_of": 0} == before | {"as_of": 0}
    assert len(queries) == 3  # session, user, what is newest
    last = recorded.lines[0].signal_id
    Review.objects.create(signal_id=last, verdict="rejected", note="?", by="anna", at=clock.now())
    assert shown(client)["told"]["withdrawn"] == before["told"]["withdrawn"] + 1
    tell("SHR1", rows=slice(101, 104))
    assert shown(client)["told"]["open"] == before["told"]["open"] + 3
    outcomes_resolve(now=NOW)
    with CaptureQueriesContext(connection) as queries:
        assert shown(client)["figures"]["trades"] > before["figures"]["trades"]
    assert len(queries) <= 8


@pytest.mark.parametrize("code", record.CAVEATS)
def test_every_caveat_has_its_words_in_both_languages(code):
    params = {"trades": 7, "days": 7, "number": 7, "least": 10}
    russian, english = (record.caveat_text(code, params, language=language) for language in ("ru", "en"))
    assert russian != english and not re.search(r"[A-Za-z]{2,}|%", russian) and "%(" not in english


def test_users_see_what_all_rows_of_each_side_made(client, recorded):
    assert shown(client)["base_rates"] == [] and "no_base" in {
        one["code"] for one in shown(client)["caveats"]
    }
    assert record_bases_due(now=NOW + timedelta(hours=1)) > 0
    assert record_bases_due(now=NOW + timedelta(hours=2)) == 0  # nothing has been resolved since
    bases = record_bases(record=recorded)
    body = shown(client)
    told = {
        f"{one['label_set']} {one['timeframe']} {one['horizon']} {one['signal']}": one
        for one in body["base_rates"]
    }
    assert set(told) == set(bases) and set(body["base_rates"][0]) == set(
        record_examples.RECORD["base_rates"][0]
    )
    for call, base in bases.items():
        own = told[call]
        assert (own["rows"], own["days"], own["hit_rate"]) == (base.rows, base.days, base.hit_rate)
        assert (own["mean_r"], own["break_even"]) == (base.mean_r, base.break_even)
        assert own["net_bp"] == pytest.approx(1e4 * base.net_frac)
    assert [one["signal"] for one in shown(client, signal="SELL")["base_rates"]] == ["SELL"]
    tell("SHR1", rows=slice(101, 104))
    outcomes_resolve(now=NOW + timedelta(hours=3))
    assert record_bases_due(now=NOW + timedelta(hours=4)) > 0
    assert {one["as_of"] for one in shown(client)["base_rates"]} != {
        one["as_of"] for one in body["base_rates"]
    }
