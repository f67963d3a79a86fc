"""Scorers that are not the rules: over HTTP, the text model, a network in ONNX. One contract for all of them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from market.kernels.reactions import reactions
from market.models import NewsTrigger
from market.news.onnx_model import OnnxScorer
from market.news.remote import RemoteScorer, verdict_of
from market.news.scorer import NewsScorer, NewsText, Target
from market.news.scorers import rules_scorer
from market.news.text_model import (
    TextModelScorer,
    TextModelSpec,
    text_model_fit,
    text_model_load,
    text_model_save,
)
from market.services.news_model import news_model_fit
from market.services.news_score import news_score
from market.services.news_write import news_write
from market.sources.records import NewsRecord, RecordPage
from tests.market.make import columns, days_of, hours, instrument, write
from traderai.common.errors import InvariantError, NotReadyError, TransientError
from traderai.common.lake import sha256_hex

TEXT = NewsText(
    title="Совет директоров Лукойла рекомендовал дивиденды 100 рублей на акцию",
    published_at=datetime(2024, 3, 1, tzinfo=UTC),
)
ANSWER = {
    "verdicts": [
        {
            "target": {"secid": "lkoh"},
            "score": 55,
            "direction": 1,
            "event_type": "dividends",
            "why": [{"code": "m"}],
        }
    ]
}


class Handler(BaseHTTPRequestHandler):
    answer: bytes = b""
    status = 200
    wait_s = 0.0
    asked: list[Any] = []

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        type(self).asked.append(json.loads(self.rfile.read(length)))
        time.sleep(self.wait_s)
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.answer)))
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def remote() -> Iterator[RemoteScorer]:
    Handler.answer, Handler.status, Handler.wait_s, Handler.asked = json.dumps(ANSWER).encode(), 200, 0.0, []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}/score"
    yield RemoteScorer(name="mine", url=url, version="1", timeout_s=1.0)
    server.shutdown()
    server.server_close()
    thread.join()


def fitted(seed: int = 1) -> Any:
    words = ["рост", "прибыль", "падение", "убыток", "дивиденды", "суд"]
    generator = np.random.default_rng(seed)
    texts = [" ".join(generator.choice(words, 6)) for _ in range(80)]
    better = np.array(["рост" in text for text in texts], dtype=np.int8)
    return text_model_fit(texts, better, TextModelSpec(features=256), {"rows": 80})


def network(folder: Path, bias: tuple[float, float, float] = (0.0, 0.0, 3.0)) -> Path:
    """A linear network on hashed words that says what its bias says."""
    weights = helper.make_tensor("w", TensorProto.FLOAT, [64, 3], [0.0] * 192)
    added = helper.make_tensor("b", TensorProto.FLOAT, [3], list(bias))
    graph = helper.make_graph(
        [helper.make_node("Gemm", ["x", "w", "b"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 64])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 3])],
        [weights, added],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, folder / "model.onnx")
    manifest = {"kind": "onnx_news", "input": "hashed", "features": 64, "words": 1, "max_tokens": 16}
    manifest["sha256"] = sha256_hex((folder / "model.onnx").read_bytes())
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


@pytest.fixture(params=["rules", "model", "transformer", "remote"])
def scorer(request: pytest.FixtureRequest, tmp_path: Path, remote: RemoteScorer) -> NewsScorer:
    if request.param == "rules":
        return rules_scorer()
    if request.param == "model":
        text_model_save(fitted(), tmp_path)
        return TextModelScorer.load(tmp_path)
    if request.param == "transformer":
        return OnnxScorer.load(network(tmp_path))
    return remote


def test_every_scorer_keeps_the_contract(scorer: NewsScorer):
    first = scorer.score(TEXT)
    assert first == scorer.score(TEXT)
    assert first[0].target == Target(secid="LKOH")
    assert first[0].event_type == "dividends"
    assert first[0].why
    assert 1 <= len(scorer.name) <= 32
    assert 1 <= len(scorer.version) <= 32
    for text in ("", "a", "\x00", "Погода"):
        scorer.score(NewsText(title=text))


# Over HTTP


def test_the_module_is_sent_the_text_and_its_verdicts_are_read(remote: RemoteScorer):
    verdict = remote.score(TEXT)[0]
    assert (verdict.score, verdict.direction, verdict.why) == (55.0, 1, ({"code": "m"},))
    assert Handler.asked[0] == {
        "title": TEXT.title,
        "body": "",
        "published_at": "2024-03-01T00:00:00+00:00",
        "tickers": [],
        "language": "ru",
    }


@pytest.mark.parametrize(
    "answer",
    [
        b"no json", b"[]", b"{}", b'{"verdicts": 1}', b'{"verdicts": [{}]}', b"\xff",
        json.dumps({"verdicts": [{**ANSWER["verdicts"][0], "score": 500}]}).encode(),
        json.dumps({"verdicts": [{**ANSWER["verdicts"][0], "event_type": "rumour"}]}).encode(),
        json.dumps({"verdicts": [{**ANSWER["verdicts"][0], "target": {}}]}).encode(),
        json.dumps({"verdicts": [{**ANSWER["verdicts"][0], "target": None}]}).encode(),
        json.dumps({"verdicts": [{**ANSWER["verdicts"][0], "why": ["text"]}]}).encode(),
        json.dumps({"verdicts": [{**ANSWER["verdicts"][0], "direction": 0.9}]}).encode(),
        json.dumps({"verdicts": [{**ANSWER["verdicts"][0], "why": [{"a": "\x00"}]}]}).encode(),
        json.dumps({"verdicts": [{**ANSWER["verdicts"][0], "why": [{"a": float("nan")}]}]}).encode(),
        b'{"verdicts": [' + b" " * 300_000 + b"]}",
    ],
)  # fmt: skip
def test_a_wrong_answer_waits_for_the_next_run(remote: RemoteScorer, answer: bytes):
    Handler.answer = answer
    with pytest.raises(TransientError):
        remote.score(TEXT)


def test_a_module_that_is_slow_broken_or_away_never_holds_us_up(remote: RemoteScorer):
    Handler.status = 500
    with pytest.raises(TransientError, match="500"):
        remote.score(TEXT)
    Handler.status, Handler.wait_s = 200, 1.5
    started = time.perf_counter()
    with pytest.raises(TransientError):
        remote.score(TEXT)
    assert time.perf_counter() - started < 1.4
    with pytest.raises(TransientError):
        RemoteScorer(name="m", url="http://127.0.0.1:1/", version="1", timeout_s=0.5).score(TEXT)


@pytest.mark.django_db
def test_news_are_stored_though_the_module_is_away():
    instrument("LKOH")
    away = RemoteScorer(name="mine", url="http://127.0.0.1:1/", version="1", timeout_s=0.5)
    now = datetime(2024, 3, 5, tzinfo=UTC)
    record = NewsRecord(
        source="table",
        external_id="1",
        title=TEXT.title,
        body="",
        published_at=now - timedelta(days=1),
        fetched_at=now,
    )
    assert news_write(page=RecordPage(place="t", records=(record,)), now=now).new == 1
    assert news_score(now=now, scorer=away).failed == 1
    assert NewsTrigger.objects.count() == 0


def test_a_verdict_from_json_is_checked():
    told = ANSWER["verdicts"][0]
    assert verdict_of(told).target == Target(secid="LKOH")
    with pytest.raises(KeyError):
        verdict_of({"target": {"secid": "A"}})


# The text model


def test_the_text_model_learns_and_is_stored_without_pickle(tmp_path: Path):
    model = fitted()
    p_up = model.p_up(["рост рост рост", "падение убыток суд"])
    assert p_up[0] - p_up[1] > 0.2
    text_model_save(model, tmp_path)
    again = text_model_load(tmp_path)
    np.testing.assert_array_equal(again.p_up(["рост", ""]), model.p_up(["рост", ""]))
    assert {path.name for path in tmp_path.iterdir()} == {"weights.npz", "manifest.json"}
    np.testing.assert_array_equal(fitted().weights, model.weights)


def test_the_text_model_agrees_with_a_second_way_of_computing_it():
    model = fitted()
    text = "рост прибыль рост"
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

    counts = HashingVectorizer(n_features=256, ngram_range=(1, 2), alternate_sign=False, norm=None).transform(
        [text]
    )
    transformer = TfidfTransformer()
    transformer.idf_ = model.idf
    row = transformer.transform(counts).toarray()[0]
    expected = 1 / (1 + np.exp(-(row @ model.weights + model.intercept)))
    assert model.p_up([text])[0] == pytest.approx(expected, rel=1e-12)


def test_a_changed_or_missing_model_is_refused(tmp_path: Path):
    with pytest.raises(NotReadyError, match="news_model_fit"):
        text_model_load(tmp_path)
    text_model_save(fitted(), tmp_path)
    content = bytearray((tmp_path / "weights.npz").read_bytes())
    content[-1] ^= 1
    (tmp_path / "weights.npz").write_bytes(content)
    with pytest.raises(InvariantError, match="corrupt"):
        text_model_load(tmp_path)


def test_too_few_texts_are_no_model():
    with pytest.raises(NotReadyError, match="30"):
        text_model_fit(["a"] * 10, np.ones(10, np.int8), TextModelSpec(), {})
    with pytest.raises(NotReadyError, match="falls"):
        text_model_fit(["a"] * 50, np.ones(50, np.int8), TextModelSpec(), {})


# The network


def test_the_network_points_where_its_likeliest_class_points(tmp_path: Path):
    for bias, direction in [((3.0, 0.0, 0.0), -1), ((0.0, 3.0, 0.0), 0), ((0.0, 0.0, 3.0), 1)]:
        found = OnnxScorer.load(network(tmp_path, bias)).score(TEXT)
        assert found[0].direction == direction


def test_a_folder_without_its_network_or_with_another_is_refused(tmp_path: Path):
    with pytest.raises(NotReadyError, match=r"model\.onnx"):
        OnnxScorer.load(tmp_path)
    network(tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"other")
    with pytest.raises(InvariantError, match="checksum"):
        OnnxScorer.load(tmp_path)


def test_a_network_that_reads_tokens_says_what_is_missing(tmp_path: Path):
    network(tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text(json.dumps({**manifest, "input": "tokens"}))
    with pytest.raises(NotReadyError, match=r"tokenizer\.json"):
        OnnxScorer.load(tmp_path)


# Price reactions


def test_reactions_by_hand():
    begin = np.arange(5, dtype=np.int64) * 3600
    opens = [np.full(5, 100.0), np.full(5, 50.0)]
    closes = [np.array([100, 101, 110, 100, 100.0]), np.array([50, 50, 51, 50, 50.0])]
    found = reactions(
        np.array([1, 3600, 10 * 3600, -90_000]), np.array([0, 0, 0, 0]), [begin, begin], opens, closes, 2
    )
    expected = np.log(110 / 100) - np.log(51 / 50)
    np.testing.assert_allclose(found, [expected, expected, np.nan, np.nan])
    with pytest.raises(ValueError, match="bars"):
        reactions(begin, begin, [begin], opens, closes, 0)


def _market(planted: bool) -> datetime:
    """Three shares in hourly bars; news with a good word come before rises where the edge is planted."""
    generator = np.random.default_rng(5)
    shares = [instrument(secid) for secid in ("LKOH", "ROSN", "GMKN")]
    begins = [begin for day in days_of("2024-01-09", 40) for begin in hours(day.isoformat(), count=9)]
    records, returns = [], generator.normal(0, 0.002, (3, len(begins)))
    for number in range(240):
        share, bar = int(generator.integers(3)), int(generator.integers(1, len(begins) - 3))
        good = bool(generator.integers(2))
        if planted:
            returns[share, bar] += 0.02 if good else -0.02
        words = "прорыв успех" if good else "провал беда"
        text = f"{('Лукойл', 'Роснефть', 'Норникель')[share]}: чистая прибыль по МСФО, {words} {number}"
        at = begins[bar] - timedelta(minutes=10)
        records.append(
            NewsRecord(
                source="table", external_id=str(number), title=text, body="", published_at=at, fetched_at=at,
                tickers=(shares[share].secid,),
            )
        )  # fmt: skip
    for share, path in zip(shares, returns, strict=True):
        bars = columns(begins, list(100 * np.exp(np.cumsum(path))))
        bars.open[1:] = bars.close[:-1]
        bars.high[:] = np.maximum(bars.open, bars.close) * 1.01
        bars.low[:] = np.minimum(bars.open, bars.close) * 0.99
        write(share, bars)
    now = begins[-1] + timedelta(days=2)
    news_write(page=RecordPage(place="t", records=tuple(records)), now=now)
    news_score(now=now, limit=1000)
    return now


@pytest.mark.django_db
def test_the_model_is_saved_where_it_finds_a_planted_edge(tmp_path: Path):
    now = _market(planted=True)
    report = news_model_fit(as_of=now, horizon_bars=1, folder=tmp_path / "m")
    assert report.beats_rules
    assert report.scores[0].right / report.scores[0].told > 0.8
    assert TextModelScorer.load(tmp_path / "m").name == "model"
    assert news_model_fit(as_of=now, horizon_bars=1) == news_model_fit(as_of=now, horizon_bars=1)


@pytest.mark.django_db
def test_the_model_is_not_saved_where_there_is_no_edge(tmp_path: Path):
    report = news_model_fit(as_of=_market(planted=False), horizon_bars=1, folder=tmp_path / "m")
    assert not report.beats_rules
    assert not (tmp_path / "m").exists()


@pytest.mark.django_db
def test_without_news_there_is_nothing_to_fit():
    with pytest.raises(NotReadyError, match="ingest"):
        news_model_fit(as_of=datetime(2024, 1, 1, tzinfo=UTC))
