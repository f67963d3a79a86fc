"""The transparent scorer on invented texts: types, directions, negation, links, and silence."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.models.news import EVENT_TYPES
from market.news.changes import change_of
from market.news.companies import CompanyConfig, CompanyNames
from market.news.phrases import first_found, negated, phrase_of
from market.news.rules import RulesScorer
from market.news.scorer import NewsText, Target, Verdict
from market.news.scorers import rules_scorer, scorer_open
from market.news.text import language_of, post_of
from market.news_config import news_companies_config, news_rules_config
from market.sources.news_files import markettwits_of, telegram_of
from traderai.common.errors import InputError, NotReadyError

SCORER = rules_scorer()


def verdicts(text: str, *, tickers: tuple[str, ...] = ()) -> tuple[Verdict, ...]:
    at = datetime(2024, 3, 1, tzinfo=UTC)
    return SCORER.score(NewsText(title=text, published_at=at, tickers=tickers))


def told(text: str) -> tuple[str, int]:
    found = verdicts(text)
    return (found[0].event_type, found[0].direction) if found else ("other", 0)


@pytest.mark.parametrize(
    ("text", "event_type", "direction"),
    [
        # dividends
        ("Совет директоров Лукойла рекомендовал дивиденды 100 рублей на акцию", "dividends", 1),
        ("Совет директоров Лукойла не рекомендовал дивиденды за год", "dividends", -1),
        ("Совет директоров Лукойла рекомендовал не выплачивать дивиденды за год", "dividends", -1),
        ("Северсталь отказалась от выплаты дивидендов за квартал", "dividends", -1),
        ("Северсталь отменила дивиденды за 2030 год", "dividends", -1),
        ("Severstal board recommended a dividend of 10 roubles", "dividends", 1),
        ("Severstal cancels its dividend payment for the quarter", "dividends", -1),
        # reports
        ("Чистая прибыль Роснефти по МСФО выросла на 30%", "report", 1),
        ("Чистая прибыль Роснефти по МСФО снизилась на 30%", "report", -1),
        ("Чистый убыток Роснефти по МСФО сократился в 2 раза", "report", 1),
        ("Чистый убыток Роснефти по МСФО вырос в 2 раза", "report", -1),
        (
            "Чистая прибыль Роснефти по МСФО составила 10 млрд руб. против 20 млрд руб. годом ранее",
            "report",
            -1,
        ),
        (
            "Чистая прибыль Роснефти по МСФО составила 30 млрд руб. против 20 млрд руб. годом ранее",
            "report",
            1,
        ),
        ("Чистая прибыль Роснефти по МСФО 10 млрд руб (12 млрд руб годом ранее), выручка +7%", "report", -1),
        ("Роснефть получила прибыль по МСФО после убытка годом ранее", "report", 1),
        ("Роснефть получила чистый убыток по МСФО после прибыли годом ранее", "report", -1),
        ("Роснефть опубликовала отчетность по МСФО", "report", 0),
        ("Rosneft net profit rose 20% in the first quarter", "report", 1),
        ("Rosneft net profit fell 20% in the first quarter", "report", -1),
        # others
        ("США ввели санкции против российских банков", "sanctions", -1),
        ("США сняли санкции с Русала, компания исключена из санкционного списка", "sanctions", 1),
        ("The US imposed sanctions on Sberbank, it is on the sanctions list", "sanctions", -1),
        ("Банк России повысил ключевую ставку до 20%", "macro", -1),
        ("Банк России снизил ключевую ставку до 10%", "macro", 1),
        ("Bank of Russia raised its key rate to 20%", "macro", -1),
        ("Аналитики не спорят: Банк России может повысить ключевую ставку, ожидает банк", "macro", 0),
        ("Мосбиржа приостановила торги на фондовом рынке", "trading_halt", -1),
        ("Мосбиржа возобновила торги на фондовом рынке", "trading_halt", 1),
        ("Новатэк объявил обратный выкуп акций на 10 млрд рублей", "buyback", 1),
        ("Новатэк отменил обратный выкуп акций", "buyback", -1),
        ("Сегежа проведет допэмиссию акций по закрытой подписке", "placement", -1),
        ("Софтлайн объявил о начале SPO", "placement", -1),
        ("Татнефть купила долю в компании по производству шин", "m_and_a", 0),
        (
            "Гендиректор Мечела арестован, суд отправил под стражу: обыск у директора компании Мечел",
            "management",
            -1,
        ),
        ("На НПЗ Лукойла произошел пожар", "accident", -1),
        ("Беспилотники атаковали нефтебазу в России", "accident", -1),
        ("ФАС оштрафовала Яндекс на 10 млн рублей", "regulation", -1),
        ("Правительство отменило пошлину на экспорт удобрений из России", "regulation", 1),
        ("Госдума приняла закон о повышении НДПИ для нефтяников", "regulation", -1),
        ("Мосбиржа включила акции Аэрофлота в базу расчета индекса", "index_change", 1),
        ("Мосбиржа исключила акции Аэрофлота из базы расчета индекса", "index_change", -1),
        ("Мосбиржа включила в индекс Аэрофлот и исключила из индекса Мечел", "index_change", 0),
    ],
)
def test_types_and_directions(text: str, event_type: str, direction: int):
    assert told(text) == (event_type, direction)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\U0001f1f7\U0001f1fa#SBER = +3%",
        "Мнение: Лукойл выплатит дивиденды, аналитики ожидают роста",
        "Биткоин вырос на 5%, Сбербанк молчит",
        "Чистая прибыль Apple выросла на 30%",
        "\U0001f1fa\U0001f1f8#TSLA Tesla net profit rose 20%",
        "ФРС США повысила ставку на 25 б.п.",
        "Над городом пролетел самолет, из магнита сделали компас",
        "Сегодня доброе утро, ожидаем следующие события: Роснефть МСФО",
        "Промокод на карту Тинькофф: скидки до 50%",
    ],
)
def test_what_is_no_market_news_gets_no_verdict(text: str):
    assert verdicts(text) == ()


def targets(text: str, **how: tuple[str, ...]) -> list[Target | None]:
    return [one.target for one in verdicts(text, **how)]


def test_links_prefer_tags_then_names_and_never_a_speaker():
    assert targets("\U0001f1f7\U0001f1fa#GAZP #отчетность Чистая прибыль выросла на 3%") == [
        Target(secid="GAZP")
    ]
    assert targets("Чистая прибыль Газпром нефти выросла на 3%") == [Target(secid="SIBN")]
    assert targets("Чистая прибыль Газпрома выросла на 3%") == [Target(secid="GAZP")]
    assert targets("Чистая прибыль выросла на 3% по МСФО", tickers=("PLZL",)) == [Target(secid="PLZL")]
    # A bank that tells it is not what it is about.
    found = targets("Чистая прибыль Полюс Золото по МСФО выросла на 3%, считают в Сбере")
    assert found == [Target(secid="PLZL")]


def test_a_common_word_is_a_company_only_in_quotes_or_after_a_word_that_says_so():
    names = CompanyNames(news_companies_config().companies)

    def secids(text: str) -> list[str]:
        return [one.tickers[0] for one in names.named(post_of(text))]

    assert secids("купил магнит на холодильник") == []
    assert secids("ритейлер «Магнит» открыл магазин") == ["MGNT"]
    assert secids("акции Магнита растут") == ["MGNT"]
    assert secids("самолет сел") == []
    assert secids("девелопер Самолет строит") == ["SMLT"]
    assert secids("Газпромбанк и Альфа-банк") == []


def test_a_ticker_of_two_companies_links_none():
    names = CompanyNames((CompanyConfig(tickers=("AAA",)), CompanyConfig(tickers=("AAA", "BBB"))))
    assert [one.tickers for one in names.tagged(("AAA",))] == []
    assert [one.tickers for one in names.tagged(("BBB",))] == [("AAA", "BBB")]


def test_a_text_about_a_sector_or_an_unlisted_company_says_so():
    assert targets("Госдума приняла закон о повышении НДПИ для нефтяников") == [Target(sector="oil_gas")]
    assert targets("\U0001f1f7\U0001f1fa#ipo #россия Компания «Ромашка» проведет IPO") == [None]


def test_a_digest_of_many_companies_is_left_alone():
    text = "Дивиденды рекомендовали Лукойл, Роснефть, Татнефть, Северсталь и Новатэк по 10 рублей"
    assert verdicts(text) == ()


def test_a_denial_points_nowhere_and_counts_less():
    plain = verdicts("Суд зарегистрировал иск о банкротстве СПБ Биржи")[0]
    denied = verdicts("СПБ Биржа опровергла: суд зарегистрировал иск о банкротстве СПБ Биржи")[0]
    assert plain.direction == -1
    assert denied.direction == 0
    assert denied.score < plain.score


def test_every_verdict_explains_itself():
    for verdict in verdicts("Совет директоров Лукойла рекомендовал дивиденды 100 рублей на акцию"):
        codes = [reason["code"] for reason in verdict.why]
        assert codes[0] == "event"
        assert {"phrase", "points_up", "about_company"} <= set(codes)


def test_phrases():
    assert phrase_of("рекоменд* ~ дивиденд*").found("рекомендовал большие дивиденды") is not None
    assert phrase_of("рекоменд* ~ дивиденд*").found("рекомендовал а б в г д е ж дивиденды") is None
    assert phrase_of("рекоменд* ~ дивиденд*").found("рекомендовал\nдивиденды") is None
    assert phrase_of("ipo").found("ipoteka") is None
    assert phrase_of("^ рф").found("рф снизила") is not None
    assert phrase_of("^ рф").found("в рф снизили") is None
    for wrong in ("", "~ а", "а ~", "а||б"):
        with pytest.raises(ValueError, match="phrase"):
            phrase_of(wrong)


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        ("не снижает", True),
        ("не планирует снижает", True),
        ("никто снижает", False),
        ("очень снижает", False),
        ("не мы, а он снижает", False),
    ],
)
def test_negation_reaches_only_the_word_before(text: str, denied: bool):
    found = first_found(("снижает",), text)
    assert found is not None
    assert negated(text, found[1]) is denied


@pytest.mark.parametrize(
    ("text", "metric", "direction"),
    [
        ("выручка выросла на 5%, чистая прибыль упала на 3%", "profit", -1),
        ("ebitda сократилась в 1,8 раза", "ebitda", -1),
        ("выручка +5,1% г/г", "revenue", 1),
        ("добыча -4%", "output", -1),
        ("прибыль лучше прогноза", "profit", 1),
        ("прибыль хуже ожиданий", "profit", -1),
        ("компания повысила прогноз", "forecast", 1),
        ("убыток составил 3 млрд", "loss", -1),
    ],
)
def test_changes_of_figures(text: str, metric: str, direction: int):
    change = change_of(text)
    assert change is not None
    assert (change.metric, change.direction) == (metric, direction)


def test_no_sign_is_no_change():
    assert change_of("чистая прибыль составила 3 млрд рублей") is None


def test_posts_are_taken_apart():
    post = post_of("\U0001f1f7\U0001f1fa#SBER **Текст** [ссылка](https://t.me/x) https://a.b/c ёж — ТАСС")
    assert post.tags == {"sber"}
    assert post.flags == {"RU"}
    assert "http" not in post.whole
    assert "еж" in post.whole
    assert "тасс" not in post.whole
    assert language_of("Hello world") == "en"
    assert language_of("Привет, world") == "ru"
    assert language_of("123") == "ru"


def test_the_version_changes_with_the_lexicon_and_not_with_new_listings():
    config, companies = news_rules_config(), news_companies_config().companies
    same = RulesScorer(config, companies)
    listed = RulesScorer(config, companies, extra=(CompanyConfig(tickers=("NEWCO",)),))
    fewer = RulesScorer(config, companies[:-1])
    assert same.version == SCORER.version == listed.version
    assert fewer.version != same.version
    assert len(same.version) <= 32


def test_unknown_and_missing_scorers_are_refused():
    with pytest.raises(InputError, match="did you mean 'rules'"):
        scorer_open("rule")
    with pytest.raises(NotReadyError, match="model_dir"):
        scorer_open("model")
    with pytest.raises(NotReadyError, match="transformer_dir"):
        scorer_open("transformer")


def test_verdicts_out_of_range_cannot_be_made():
    good = {"target": Target(is_market=True), "score": 1.0, "direction": 0, "event_type": "other"}
    for name, value in [("score", 101.0), ("score", float("nan")), ("direction", 2), ("event_type", "x")]:
        with pytest.raises(ValueError, match=name):
            Verdict(**{**good, name: value})
    for wrong in ({}, {"secid": "A", "is_market": True}):
        with pytest.raises(ValueError, match="target"):
            Target(**wrong)


_PIECES = st.sampled_from(
    ["Лукойл", "дивиденды", "не", "санкции против России", "#SBER", "\U0001f1f7\U0001f1fa", "«Магнит»", "прибыль",
     "выросла на 5%", "10 млрд руб. против 20 млрд", "IPO", "\n", "—", "ключевую ставку", "(", "[", "](", "**", "\x00"]
)  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(st.one_of(st.text(max_size=400), st.lists(_PIECES, max_size=30).map(" ".join)))
def test_any_text_is_scored_alike_twice_and_in_range(text: str):
    first = verdicts(text)
    assert first == verdicts(text)
    for verdict in first:
        assert 0 <= verdict.score <= 100
        assert verdict.direction in (-1, 0, 1)
        assert verdict.event_type in EVENT_TYPES


@pytest.mark.parametrize(
    "text", ["а" * 100_000, "не " * 30_000, "«" * 50_000, "1 млрд " * 10_000, "#а " * 20_000]
)
def test_hostile_texts_take_no_long(text: str):
    started = time.perf_counter()
    verdicts(text)
    assert time.perf_counter() - started < 1.0


@pytest.mark.realdata
def test_a_real_text_takes_under_five_milliseconds(real_data: Path):
    records = [
        *markettwits_of(real_data / "news" / "markettwits_2023.parquet").records[:1000],
        *telegram_of(real_data / "news" / "telegram_general_2023_2024.parquet").records[:1000],
    ]
    started = time.process_time()
    for record in records:
        SCORER.score(NewsText(title=record.title, body=record.body))
    assert (time.process_time() - started) / len(records) < 0.005
