"""The analysis of a portfolio on a small market: refusals, figures, advice, and what is not known."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.db import transaction

from market.models import Candle, CorporateAction, Instrument, TickerChange
from market.selectors.instruments import instrument_get
from signals.models import Emission, Review, Signal
from signals.selectors.stored import signal_latest, signals_newest
from tests.portfolio.daily_market import LAST, NOW, analyse, asked, codes, market, say, store, walk, weekdays
from traderai.common.clock import MOSCOW
from traderai.common.errors import FieldsError, InputError

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def stored(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        market()
        yield
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def daily_bars(stored, db) -> None:
    """The market above; each test works in a savepoint of it."""


def problems(*positions, **fields) -> list[tuple[str, str]]:
    with pytest.raises(FieldsError) as caught:
        analyse(*positions, **fields)
    return [(problem.field, problem.code) for problem in caught.value.problems]


def test_every_refusal_names_its_field_and_its_remedy():
    found = problems(
        asked("SRH0"), asked("SHR0", 0), asked("SHR1", -5), asked("SHR1", side="short"), asked("IMOEX"),
        asked("SHR2"), asked("shr2", qty_unit="shares"), asked("SHR3", avg_price_rub=0.0),
        asked("SHR4", stop_rub=float("nan")), asked("SHR5", float("inf")),
    )  # fmt: skip
    assert found == [
        ("positions.0.secid", "unknown_ticker"),
        ("positions.1.qty", "not_positive"),
        ("positions.2.qty", "not_positive"),
        ("positions.3.side", "not_shortable"),
        ("positions.4.secid", "not_tradable"),
        ("positions.6.secid", "duplicate"),
        ("positions.7.avg_price", "not_positive"),
        ("positions.8.stop", "not_positive"),
        ("positions.9.qty", "not_positive"),
    ]
    with pytest.raises(FieldsError, match="did you mean 'SHR0'"):
        analyse(asked("SRH0"))


def test_the_rest_is_analysed_only_if_asked_for():
    found = analyse(asked("SHR0"), asked("NOPE"), asked("SHR1", 0), partial=True)
    assert [one.secid for one in found.positions] == ["SHR0"]
    assert [(row["field"], row["code"]) for row in found.refused] == [
        ("positions.1.secid", "unknown_ticker"),
        ("positions.2.qty", "not_positive"),
    ]
    assert "positions_refused" in [warning.code for warning in found.warnings]
    assert problems(asked("NOPE"), partial=True) == [("positions.0.secid", "unknown_ticker")], (
        "nothing is left"
    )


def test_a_share_without_a_price_is_refused():
    Instrument.objects.create(secid="BARE", name_ru="", name_en="", lot_size=1, sector="it")
    assert problems(asked("BARE"), asked("SHR0")) == [("positions.0.secid", "no_price")]
    found = analyse(asked("BARE"), asked("SHR0"), partial=True)
    assert [one.secid for one in found.positions] == ["SHR0"] and found.refused[0]["code"] == "no_price"


@pytest.mark.parametrize(
    ("positions", "fields", "code"),
    [
        ((), {}, "no_positions"),
        (tuple(asked(f"S{number}") for number in range(501)), {}, "too_many_positions"),
        ((asked("SHR0"),), {"capital_rub": 0.0}, "invalid"),
        ((asked("SHR0"),), {"capital_rub": float("nan")}, "invalid"),
        ((asked("SHR0"),), {"profile": "brave"}, "invalid"),
        ((asked("SHR0"),), {"horizon": "4d"}, "unknown_horizon"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused(positions, fields, code):
    with pytest.raises(InputError) as caught:
        analyse(*positions, **fields)
    assert caught.value.code == code and caught.value.field


def test_a_former_ticker_is_its_share_and_the_same_one_twice():
    TickerChange.objects.create(
        instrument=Instrument.objects.get(secid="SHR0"),
        old_secid="FORMER",
        changed_on=date(2024, 1, 9),
    )
    assert analyse(asked("FORMER")).positions[0].secid == "SHR0"
    assert problems(asked("FORMER"), asked("SHR0")) == [("positions.1.secid", "duplicate")]


def test_lots_and_shares_are_told_apart():
    by_lots, by_shares = analyse(asked("SHR0", 3)), analyse(asked("SHR0", 35, qty_unit="shares"))
    assert (by_lots.positions[0].qty_shares, by_lots.positions[0].lots) == (30, 3)
    one = by_shares.positions[0]
    assert (one.qty_shares, one.lots, one.odd_shares) == (35, 3, 5) and one.value_rub == pytest.approx(3500)


def test_money_by_hand():
    found = analyse(
        asked("SHR0", 10, avg_price_rub=80.0, stop_rub=90.0), asked("SHR2", 5, side="short", avg_price_rub=110.0),
        capital_rub=100_000.0,
    )  # fmt: skip
    long, short = found.positions
    assert (long.value_rub, long.pnl_rub, long.pnl_frac) == pytest.approx((10_000, 2_000, 0.25))
    assert (short.value_rub, short.pnl_rub) == pytest.approx((-5_000, 500)), (
        "a short earns as the price falls"
    )
    assert long.stop_distance_frac == pytest.approx(0.1) and short.stop_distance_frac is None
    assert (long.weight_frac, short.weight_frac) == pytest.approx((0.1, -0.05))
    assert found.exposure["cash_rub"] == pytest.approx(95_000) and found.exposure[
        "gross_frac"
    ] == pytest.approx(0.15)
    assert found.sectors[0]["gross_rub"] == pytest.approx(15_000) and found.sectors[0][
        "net_rub"
    ] == pytest.approx(5_000)
    # A tenth of a hundred million rubles a day: seconds.
    assert long.exit_days == pytest.approx(10_000 / 10_000_000, rel=0.2)


def test_an_unknown_capital_is_asked_for_not_guessed():
    found = analyse(asked("SHR0", 30), asked("SHR1", 10))
    assert found.weights_of == "gross" and [one.weight_frac for one in found.positions] == pytest.approx(
        [0.75, 0.25]
    )
    assert found.exposure["cash_rub"] is None and found.exposure["gross_frac"] is None
    assert found.proposals["verdict"] is None and found.proposals["trades"] == []
    assert "capital_needed" in [warning.code for warning in found.warnings]
    assert found.risk is not None and found.risk["tails"][0]["var_rub"] > 0, "rubles need no capital"


def test_short_histories_are_named():
    found = analyse(asked("SHR0"), asked("YOUNG"), capital_rub=1e6)
    risk = found.risk
    assert risk is not None
    assert risk["left_out"] == [{"secid": "YOUNG", "days": 99}] and risk["covered_frac"] == pytest.approx(0.5)
    assert risk["days"] == 399 and risk["correlation"]["secids"] == ["SHR0"]
    assert found.positions[1].beta is None and found.positions[1].risk_share_frac is None
    assert risk["beta"] is None, "a beta of half the portfolio would be none of it"
    warning = next(one for one in found.warnings if one.code == "risk_leaves_out")
    assert "YOUNG" in warning.text and "250 common days" in warning.text
    nobody = analyse(asked("YOUNG"))
    assert nobody.risk is None and "risk_unknown" in [one.code for one in nobody.warnings]


def test_a_share_that_shortens_the_history_of_all_is_named():
    days = weekdays(300)
    store("YOUNGER", days, walk(60, 300))
    found = analyse(asked("SHR0"), asked("YOUNGER"))
    assert found.risk is not None and found.risk["days"] == 299 and found.risk["left_out"] == []
    told = next(one.text for one in found.warnings if one.code == "history_shortened")
    assert "299 common days only" in told and told.endswith(": YOUNGER.")
    assert "history_shortened" not in [one.code for one in analyse(asked("SHR0"), asked("SHR1")).warnings]


def test_contributions_sum_to_the_volatility():
    risk = analyse(asked("SHR0", 10), asked("SHR2", 20, side="short"), asked("SHR3", 7)).risk
    assert risk is not None
    parts = sum(row["volatility_day_rub"] for row in risk["contributions"])
    assert abs(parts / risk["volatility_day_rub"] - 1) < 1e-9
    assert sum(row["share_frac"] for row in risk["contributions"]) == pytest.approx(1, abs=1e-9)


def test_stress_of_a_share_that_was_not_there_says_so():
    found = analyse(asked("SHR0", 10), asked("YOUNG", 10))
    assert {spell["name"] for spell in found.stress} == {"2022-02-24", "2022-09-21", "2020-03", "2014-12"}
    for spell in found.stress:
        # Nothing is stored of those days, the index included: unknown, and not nothing.
        assert spell["profit_rub"] is None and all(share["move_frac"] is None for share in spell["shares"])
        assert spell["shares"][0]["stand_in"] == "beta" and spell["shares"][1]["stand_in"] == "index"


def test_stale_prices_are_flagged_and_nothing_is_traded_on_them():
    found = analyse(asked("HALTED", 250), asked("SHR0", 10), capital_rub=1_000_000.0)
    halted, live = found.positions
    assert halted.price_is_stale and not live.price_is_stale
    assert halted.action == "HOLD" and codes(halted)[0] == "price_stale"
    assert [row["secid"] for row in found.proposals["trades"]] == []
    assert found.proposals["verdict"] == "not_all_limits"
    assert {(row["limit"], row["why"]) for row in found.proposals["unkept"]} >= {("share", "not_tradable")}
    assert "prices_stale" in [warning.code for warning in found.warnings]


def test_what_nobody_trades_cannot_be_left():
    found = analyse(asked("QUIET", 100), capital_rub=1e6)
    assert found.positions[0].exit_days is None and "no_turnover" in codes(found.positions[0])
    assert found.liquidity["without_turnover"] == ["QUIET"] and found.liquidity["days_to_leave_all"] is None
    assert ("exit_days", "QUIET") in [(row["limit"], row["of"]) for row in found.proposals["unkept"]]


def test_a_portfolio_that_is_fine_gets_no_change():
    found = analyse(asked("SHR0", 10), asked("SHR3", 10), capital_rub=100_000.0)
    assert found.proposals["verdict"] == "no_change" and found.proposals["lots"] == 0
    assert found.proposals["cost_rub"] == 0 and all(row["is_kept"] for row in found.proposals["limits"])
    assert [one.action for one in found.positions] == ["HOLD", "HOLD"]


def test_what_is_too_much_is_cut_with_its_costs_and_then_is_fine():
    found = analyse(asked("SHR0", 30), asked("SHR3", 10), capital_rub=100_000.0)
    (trade,) = found.proposals["trades"]
    assert (trade["secid"], trade["side"], trade["lots"], trade["shares"]) == ("SHR0", "SELL", 15, 150)
    assert 0.0005 * 15_000 < trade["cost_rub"] < 0.005 * 15_000 and trade["limits"] == ["share"]
    one = found.positions[0]
    assert (one.action, one.basis, codes(one)[0]) == ("REDUCE", "limits", "cut_share")
    assert "30.0% of the capital, your limit for one share is 15.0%" in one.reasons[0].text
    after = analyse(asked("SHR0", 15), asked("SHR3", 10), capital_rub=100_000.0 - trade["cost_rub"])
    assert after.proposals["verdict"] in ("no_change", "rebalance")
    bold = analyse(asked("SHR0", 20), asked("SHR3", 10), capital_rub=100_000.0, profile="bold")
    assert bold.proposals["verdict"] == "no_change", "the limits are those of the profile"


def test_a_paper_signal_moves_nothing():
    for action in ("BUY", "SELL", "HOLD", "NO_TRADE"):
        say("SHR0", action, at=NOW - timedelta(seconds=1))
        one = analyse(asked("SHR0"), capital_rub=1e6).positions[0]
        assert (one.action, one.basis) == ("HOLD", "none")
        assert one.signal is not None
        said = {"BUY": "signal_with_paper", "SELL": "signal_against_paper", "HOLD": "signal_hold"}
        assert codes(one)[0] == said.get(action, "signal_no_trade")
        Emission.objects.all().delete()
        Signal.objects.all().delete()
    assert codes(analyse(asked("SHR0")).positions[0])[0] == "no_signal"


def test_a_proven_signal_closes_adds_and_swaps():
    say("SHR0", "SELL", proven=True)
    say("SHR3", "BUY", proven=True)
    found = analyse(asked("SHR0", 5), asked("SHR3", 5), asked("SHR4", 5), capital_rub=100_000.0)
    against, with_it, plain = found.positions
    assert (against.action, against.basis, against.stance) == ("CLOSE", "proven_signal", "against")
    assert (with_it.action, with_it.basis, with_it.stance) == ("ADD", "proven_signal", "with")
    assert codes(with_it)[:2] == ["signal_with_proven", "room"] and plain.action == "HOLD"
    (swap,) = found.proposals["swaps"]
    assert swap["enter"] == "SHR3" and swap["leave"] in ("SHR0", "SHR4")
    assert swap["expected_gain_rub"] == pytest.approx(0.02 * swap["value_rub"] - swap["cost_rub"])
    assert found.proposals["verdict"] == "swap"
    unknown = analyse(asked("SHR3", 5)).positions[0]
    assert unknown.action == "HOLD" and "capital_unknown" in codes(unknown)
    full = analyse(asked("SHR3", 15), capital_rub=100_000.0).positions[0]
    assert full.action == "HOLD" and "no_room" in codes(full)


def test_a_proven_signal_whose_time_has_passed_moves_nothing():
    say("SHR0", "SELL", proven=True)
    late = NOW + timedelta(hours=3)
    one = analyse(asked("SHR0"), now=late, capital_rub=1e6).positions[0]
    assert one.action == "HOLD" and codes(one)[0] == "signal_old"


def test_the_own_stop_goes_before_everything():
    say("SHR0", "BUY", proven=True)
    one = analyse(asked("SHR0", stop_rub=101.0), capital_rub=1e6).positions[0]
    assert (one.action, one.basis, codes(one)[0]) == ("CLOSE", "own_stop", "stop_passed")
    short = analyse(asked("SHR2", side="short", stop_rub=99.0), capital_rub=1e6).positions[0]
    assert short.action == "CLOSE"
    near = analyse(asked("SHR0", stop_rub=99.0), capital_rub=1e6).positions[0]
    assert near.action == "ADD" and "stop_near" in codes(near)


def test_a_dividend_ahead_and_a_split_behind():
    instrument = Instrument.objects.get(secid="SHR0")
    CorporateAction.objects.create(
        instrument=instrument, kind="dividend", ex_date=date(2025, 1, 9), amount_rub=5.0, source="test",
        known_at=datetime(2024, 12, 1, tzinfo=MOSCOW),
    )  # fmt: skip
    one = analyse(asked("SHR0")).positions[0]
    assert one.dividend_ex_date == date(2025, 1, 9) and "dividend_long" in codes(one)
    assert next(r.text for r in one.reasons if r.code == "dividend_long").startswith(
        "A dividend is cut off in 9 days"
    )
    CorporateAction.objects.create(
        instrument=instrument, kind="split", ex_date=date(2024, 12, 31), shares_after_per_before=10.0,
        source="test", known_at=datetime(2024, 12, 1, tzinfo=MOSCOW),
    )  # fmt: skip
    before, after = one, analyse(asked("SHR0")).positions[0]
    assert after.price_rub == pytest.approx(before.price_rub / 10), "the price is of a share of today"
    assert after.beta == pytest.approx(before.beta), "and the returns are the same"


def test_a_dividend_is_no_loss():
    days = analyse(asked("SHR0")).risk
    assert days is not None
    CorporateAction.objects.create(
        instrument=Instrument.objects.get(secid="SHR0"), kind="dividend", ex_date=LAST, amount_rub=50.0,
        source="test", known_at=datetime(2024, 12, 1, tzinfo=MOSCOW),
    )  # fmt: skip
    paid = analyse(asked("SHR0")).risk
    assert paid is not None and paid["volatility_day_rub"] > 1.5 * days["volatility_day_rub"]
    assert paid["max_drawdown_frac"] <= days["max_drawdown_frac"] + 1e-12, "a holder has earned it"


def test_what_is_less_apart_than_it_looks_is_said():
    days = weekdays(400)
    for number in range(5):
        store(f"TWIN{number}", days, np.round(walk(50, 400) * (1 + 0.001 * number), 2))
    found = analyse(*(asked(f"TWIN{number}") for number in range(5)))
    said = {one.code: one.text for one in found.warnings}
    assert "TWIN0–TWIN1" in said["moves_together"] and "5 positions are about 1.0" in said["few_bets"]
    assert "risk_in_one" not in said
    heavy = analyse(asked("SHR0", 50), asked("SHR3", 5))
    said = {one.code: one.text for one in heavy.warnings}
    assert said["risk_in_one"].startswith("SHR0 alone carries 9") and "moves_together" not in said


def test_a_saved_short_is_there_whatever_may_be_opened():
    one = analyse(asked("SHR1", side="short"), is_saved=True).positions[0]
    assert one.side == "short" and one.value_rub < 0


def test_without_the_index_what_hangs_on_it_is_not_known():
    Instrument.objects.filter(secid="IMOEX").update(secid="OTHER")
    found = analyse(asked("SHR0"), asked("SHR3"), capital_rub=1e6)
    assert "no_index" in [one.code for one in found.warnings]
    assert found.positions[0].beta is None and found.risk is not None and found.risk["beta"] is None
    assert found.risk["days"] == 399 and found.proposals["verdict"] == "no_change"
    assert all(spell["profit_rub"] is None for spell in found.stress)


def test_the_newest_word_of_each_share_is_that_of_one_alone():
    for secid, action, back in (
        ("SHR0", "BUY", 5),
        ("SHR0", "SELL", 1),
        ("SHR3", "HOLD", 2),
        ("SHR4", "BUY", 0),
    ):
        say(secid, action, at=NOW - timedelta(hours=back))
    withdrawn = say("SHR3", "BUY", at=NOW)
    Review.objects.create(signal=withdrawn, verdict="rejected", by="staff", note="wrong")
    replayed = say("SHR4", "SELL", at=NOW + timedelta(seconds=1))
    Signal.objects.create(**{
        field.attname: getattr(Signal.objects.get(instrument__secid="SHR4", action="BUY"), field.attname)
        for field in Signal._meta.concrete_fields if field.attname != "id"
    } | {"source": "replay", "action": "SELL", "model_version": "other"})  # fmt: skip
    instruments = [instrument_get(secid=secid) for secid in ("SHR0", "SHR3", "SHR4", "SHR5")]
    question: dict[str, Any] = {"timeframe": "1h", "horizon": "5d", "as_of": NOW - timedelta(hours=1)}
    found = signals_newest(instruments=instruments, **question)
    alone = {facts.id: signal_latest(secid=facts.secid, **question) for facts in instruments[:3]}
    assert found == alone and replayed.pk not in [one.id for one in found.values()]


def test_the_answer_speaks_the_users_language():
    russian = analyse(asked("SHR0", 30), capital_rub=100_000.0, language="ru")
    assert russian.positions[0].name == "Акция SHR0" and "капитала" in russian.positions[0].reasons[0].text
    assert all(any("а" <= letter <= "я" for letter in one.text.lower()) for one in russian.warnings)


def test_nothing_is_known_of_the_future():
    early = NOW - timedelta(days=120)
    before = analyse(asked("SHR0"), now=early, capital_rub=1e6)
    Candle.objects.filter(begin__gte=early).update(open=1.0, high=1.0, low=1.0, close=1.0)
    assert analyse(asked("SHR0"), now=early, capital_rub=1e6) == before
    assert np.isfinite(before.positions[0].price_rub)
