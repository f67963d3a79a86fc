"""A champion that may not be heard, or whose artifact is broken: the one before it speaks, or all is NO_TRADE."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from modeling.contracts import ModelVersionFacts
from modeling.errors import ArtifactBrokenError
from modeling.models import Promotion
from modeling.registry.artifact import MANIFEST
from modeling.selectors.versions import champion_get, emission_paused
from modeling.services import registry
from signals.explain import explanation_text
from signals.models import Signal
from signals.selectors.configuration import service_get
from signals.services.analyze import Question, ticker_analyze
from signals.services.score import signals_score, signals_score_due
from tests.signals import builders

pytestmark = pytest.mark.django_db
NOW = builders.last_moment() + timedelta(minutes=20)
FILES = (
    MANIFEST,
    "network.onnx",
    "scaler.json",
    "calibration.json",
    "evidence.json",
    "metrics.json",
    "model_card.md",
)


@pytest.fixture
def silenced(champion: ModelVersionFacts) -> ModelVersionFacts:
    assert registry.emission_pause(version_id=champion.id, by="live_floor", reason="CUSUM", now=NOW)
    return champion


@pytest.fixture
def folder(champion: ModelVersionFacts, settings) -> Iterator[Path]:
    """The newest champion's folder in the lake; the lake outlives the test, so what is broken is mended."""
    home = Path(settings.LAKE_URL.removeprefix("file://")) / "models"
    whole = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    yield home
    for path, content in whole.items():
        path.write_bytes(content)


def flip(path: Path) -> None:
    """Change one bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def reasons() -> set[str]:
    return {reason for row in Signal.objects.all() for reason in row.payload["decision"]["reasons"]}


def test_a_silenced_champion_gives_no_trade_on_its_own_horizons(silenced: ModelVersionFacts):
    report = signals_score(now=NOW)
    assert report.model_version is None
    assert {line.horizon for line in report.signals} == set(silenced.horizons) == set(service_get().horizons)
    assert {line.action for line in report.signals} == {"NO_TRADE"}
    assert all("model_degraded" in line.reasons for line in report.signals)
    assert not any("model_missing" in line.reasons for line in report.signals)
    assert all(line.p is None for line in report.signals)
    row = Signal.objects.filter(instrument__secid="SHR0").first()
    assert (row.model_version, row.confidence, row.payload["prediction"]) == ("", None, None)
    for language, told in (("en", "fallen below what it promised"), ("ru", "стала хуже, чем обещала")):
        text = explanation_text(row.payload["explanation"], language=language, decimals=2)
        assert told in text


def test_the_pause_is_heard_at_once_and_so_is_its_end(champion: ModelVersionFacts):
    assert signals_score_due(limit=50, now=NOW).new == 24
    assert signals_score_due(limit=50, now=NOW).new == 0
    registry.emission_pause(version_id=champion.id, by="t", reason="r", now=NOW)
    assert signals_score_due(limit=50, now=NOW).new == 24  # the same bars, now without a word of the model
    heard = ticker_analyze(question=Question(secid="SHR0", horizon="5d"), now=NOW)
    assert (heard.signal, heard.model) == ("NO_TRADE", None)
    assert signals_score_due(limit=50, now=NOW).new == 0
    registry.emission_resume(by="boss", reason="looked", now=NOW)
    assert signals_score_due(limit=50, now=NOW).new == 0  # it has answered on these bars
    assert signals_score(now=NOW).model_version == champion.version


def test_shares_of_another_world_never_had_this_model(silenced: ModelVersionFacts):
    builders.share("SIM01", seed=5, is_simulated=True)
    report = signals_score(secids=["SIM01", "SHR0"], now=NOW)
    told = {line.secid: line.reasons for line in report.signals}
    assert "model_missing" in told["SIM01"] and "model_degraded" in told["SHR0"]


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_bit_in_any_file_is_refused_and_the_previous_champion_serves(
    champion: ModelVersionFacts, folder: Path, name: str
):
    builders.champion("global-test-22", against=champion)
    path = folder / "global-test-22" / name
    assert {own.name for own in path.parent.iterdir()} == set(FILES)
    flip(path)
    report = signals_score(now=NOW)
    assert report.model_version == champion.version == champion_get().version
    assert set(Signal.objects.values_list("model_version", flat=True)) == {champion.version}
    assert len(report.signals) == 24
    row = Promotion.objects.latest("pk")
    assert (row.action, row.by, row.version_id) == ("rollback", "artifact_check", champion.id)
    assert "corrupt" in row.reason and name in row.reason
    assert signals_score(now=NOW).new == 0


def test_a_missing_file_is_as_bad(champion: ModelVersionFacts, folder: Path):
    builders.champion("global-test-22", against=champion)
    (folder / "global-test-22" / "network.onnx").unlink()
    assert signals_score(now=NOW).model_version == champion.version


def test_where_all_are_broken_nobody_speaks(champion: ModelVersionFacts, folder: Path):
    builders.champion("global-test-22", against=champion)
    for name in ("global-test-22", champion.version):
        flip(folder / name / "network.onnx")
    report = signals_score_due(limit=50, now=NOW)
    assert emission_paused()
    assert {line.action for line in report.signals} == {"NO_TRADE"}
    assert "model_degraded" in reasons() and "model_missing" not in reasons()
    with pytest.raises(ArtifactBrokenError, match="corrupt"):
        registry.emission_resume(by="boss", reason="please", now=NOW)


def test_an_artifact_that_is_whole_is_left_in_peace(champion: ModelVersionFacts):
    signals_score(now=NOW)
    assert set(Promotion.objects.values_list("action", flat=True)) == {"promote"}
