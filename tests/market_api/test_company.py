"""A company's figures beside its sector and the state of trading, over HTTP."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest
import time_machine
from rest_framework.test import APIClient

from market.models import Instrument
from market.selectors.company_gauges import GAUGES
from market.selectors.fundamentals import fundamental_series
from market.selectors.session_now import session_at
from tests.features.companies import SECTORS, at, company_market
from traderai.common.clock import MOSCOW, to_epoch_s

pytestmark = pytest.mark.django_db


def asked(api: APIClient, secid: str, moment: datetime) -> dict[str, dict[str, object]]:
    answer = api.get(f"/api/v1/instruments/{secid}/fundamentals", {"at": moment.isoformat()})
    assert answer.status_code == 200, answer.content
    assert [figure["metric"] for figure in answer.json()["results"]] == list(GAUGES)
    return {figure["metric"]: figure for figure in answer.json()["results"]}


def by_hand(moment: datetime, metric: str, sector: str) -> dict[str, float]:
    """The figures of the sector's shares, each read alone."""
    epoch = np.array([to_epoch_s(moment)], dtype=np.int64)
    found = {
        secid: float(
            fundamental_series(secid=secid, metrics=[metric], moments_s=epoch, as_of=moment)[metric][0]
        )
        for secid, other in SECTORS.items()
        if other == sector
    }
    return {secid: value for secid, value in found.items() if np.isfinite(value)}


def test_each_figure_stands_beside_its_sector_as_it_was_known(api: APIClient):
    company_market()
    told = 0
    for moment in (at("2023-03-01", 12), at("2023-11-01", 12)):
        shown = asked(api, "OILA", moment)
        for metric, figure in shown.items():
            peers = by_hand(moment, metric, "oil_gas")
            assert figure["value"] == pytest.approx(peers.get("OILA"))
            assert figure["peers"] == len(peers)
            if figure["value"] is not None:
                told += 1
                assert figure["median"] == pytest.approx(float(np.median(list(peers.values()))))
                assert figure["lower"] == sum(value < peers["OILA"] for value in peers.values())
    assert told > 4
    # Without a sector nothing is compared, and what is not known yet is not told.
    assert asked(api, "NONE", at("2023-11-01", 12))["pb"]["peers"] <= 1
    assert all(figure["value"] is None for figure in asked(api, "OILA", at("2015-01-01")).values())


def test_a_simulated_share_has_no_company_and_no_session(api: APIClient, shares: list[Instrument]):
    assert all(figure["value"] is None for figure in asked(api, "SIM01", at("2023-11-01")).values())
    assert api.get("/api/v1/instruments/SIM01").json()["session"] is None
    assert api.get("/api/v1/instruments/SIM99/fundamentals").status_code == 404


@pytest.mark.parametrize(
    ("moment", "code", "until"),
    [
        ("2024-03-01T12:00", "main", "2024-03-01T18:50"),
        ("2024-03-01T20:00", "evening", "2024-03-01T23:50"),
        ("2024-03-01T18:55", None, "2024-03-01T19:00"),
        ("2024-03-01T23:55", None, "2024-03-04T09:50"),  # over a weekend without sessions
        ("2024-03-08T12:00", None, "2024-03-11T09:50"),  # a holiday
    ],
)
def test_the_session_of_a_moment(api: APIClient, moment: str, code: str | None, until: str):
    now, end = (datetime.fromisoformat(text).replace(tzinfo=MOSCOW) for text in (moment, until))
    found = session_at(at=now)
    assert (found.code, found.until) == (code, end)
    Instrument.objects.create(secid="REAL", name_ru="н", name_en="n")
    with time_machine.travel(now, tick=False):
        session = api.get("/api/v1/instruments/REAL").json()["session"]
    assert session["code"] == code and datetime.fromisoformat(session["until"]) == end
