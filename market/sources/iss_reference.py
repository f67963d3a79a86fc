"""Securities of ISS: what is traded, on which boards, under which tickers, in which lots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from market.configs import instruments_config
from market.contracts import Timeframe
from market.iss.client import IssClient, Row
from market.iss.parse import MOEX_ISS, block_rows
from market.iss_config import iss_config
from market.sources.iss_candles import security_path
from market.sources.iss_connection import gathered
from market.sources.records import (
    BoardRecord,
    InstrumentPage,
    InstrumentRecord,
    RecordPage,
    RejectedRow,
    TermsRecord,
    TickerChangeRecord,
)
from traderai.common.clock import MOSCOW

_SECURITY = (
    "SECID", "SHORTNAME", "LATNAME", "LOTSIZE", "MINSTEP", "ISIN", "ISSUESIZE", "LISTLEVEL", "STATUS", "SECTYPE",
)  # fmt: skip
_BOARD = (
    "boardid",
    "market",
    "engine",
    "is_primary",
    "history_from",
    "history_till",
    "listed_from",
    "listed_till",
)
_LISTING = ("SECID", "BOARDID", "history_from", "history_till")
_BORDERS = ("begin", "end", "interval")
_CHANGEOVER = ("action_date", "old_secid", "new_secid")
_PREFERRED = "2"
_EARLIEST = date(1992, 1, 1)  # the exchange was founded


async def security_rows(client: IssClient) -> dict[str, Row]:
    """Return the securities of the configured boards by ticker; each row names its board."""
    rows: dict[str, Row] = {}
    for board in iss_config().share_boards():
        path = security_path("", board).removesuffix("/")
        for row in await client.rows(
            path, "securities", params={"iss.only": "securities"}, required=_SECURITY
        ):
            rows.setdefault(str(row["SECID"]), row | {"BOARDID": board})
    return rows


async def gone_rows(client: IssClient, secids: Iterable[str]) -> dict[str, Row]:
    """Return those of the tickers that were listed once and are no more, each with its newest board."""
    rows: dict[str, Row] = {}
    wanted = set(secids)
    for board in iss_config().share_boards():
        async for _, page in client.pages(_listing_path(board), "securities", params={}, required=_LISTING):
            rows |= {
                str(row["SECID"]): row | {"BOARDID": board}
                for row in page
                if row["SECID"] in wanted and row["history_till"]
            }
    return rows


def instrument_page(
    rows: Mapping[str, Row],
    secids: Sequence[str],
    sectors: Mapping[str, str],
    gone: Mapping[str, Row],
) -> InstrumentPage:
    """Return the instruments of the tickers, delisted ones included; unknown ones and bad figures are rejected."""
    records, rejected = [], []
    for secid in secids:
        row = rows.get(secid) or gone.get(secid)
        if row is None:
            rejected.append(RejectedRow(place="securities", reason="unknown_ticker", raw={"secid": secid}))
            continue
        read = _instrument if secid in rows else _gone
        try:
            records.append(read(secid, row, sectors.get(secid, "")))
        except (KeyError, ValueError, TypeError):
            rejected.append(RejectedRow(place=f"securities {secid}", reason="bad_number", raw=dict(row)))
    return InstrumentPage(records=tuple(records), rejected=tuple(rejected))


def terms_page(rows: Mapping[str, Row], secids: Sequence[str], *, today: date) -> RecordPage[TermsRecord]:
    """Return today's lots and price steps of the tickers."""
    page = instrument_page(rows, [secid for secid in secids if secid in rows], {}, {})
    records = tuple(
        TermsRecord(
            secid=record.secid,
            valid_from=today,
            lot_size=record.lot_size,
            price_step_rub=record.price_step_rub,
            source=MOEX_ISS,
        )
        for record in page.records
    )
    return RecordPage(place="securities", records=records, rejected=page.rejected)


async def board_page(client: IssClient, secids: Sequence[str]) -> RecordPage[BoardRecord]:
    """Return the spans in which shares were traded on their main boards, present and former ones."""

    async def ask(secid: str) -> tuple[str, list[Row]]:
        path = f"/securities/{secid}"
        payload = await client.get(path, {"iss.only": "description,boards"})
        return secid, block_rows(payload, "boards", required=_BOARD, place=path)

    records: list[BoardRecord] = []
    rejected: list[RejectedRow] = []
    outside = 0
    wanted = {*iss_config().share_boards(), *iss_config().former_boards}
    for secid, rows in await gathered(ask, secids):
        for row in rows:
            if row["boardid"] not in wanted or row["market"] != "shares":
                outside += 1
                continue
            _keep(_board(secid, row), records, rejected)
    return RecordPage(
        place="securities boards", records=tuple(records), rejected=tuple(rejected), outside=outside
    )


async def listing_page(client: IssClient) -> RecordPage[BoardRecord]:
    """Return every security that was ever listed on the configured boards, delisted ones included."""
    records: list[BoardRecord] = []
    rejected: list[RejectedRow] = []
    for board in iss_config().share_boards():
        async for _, rows in client.pages(_listing_path(board), "securities", params={}, required=_LISTING):
            for row in rows:
                as_board = dict.fromkeys(_BOARD) | row | {"boardid": board, "is_primary": 1}
                _keep(_board(str(row["SECID"]), as_board), records, rejected)
    return RecordPage(place="listing", records=tuple(records), rejected=tuple(rejected))


async def ticker_change_page(client: IssClient) -> RecordPage[TickerChangeRecord]:
    """Return every replacement of a ticker that the exchange tells of."""
    path = "/history/engines/stock/markets/shares/securities/changeover"
    records, rejected = [], []
    for at, row in enumerate(await client.rows(path, "changeover", params={}, required=_CHANGEOVER)):
        try:
            old, new = str(row["old_secid"] or ""), str(row["new_secid"] or "")
            day = date.fromisoformat(str(row["action_date"])[:10])
            if not old or not new or old == new:
                raise ValueError("two different tickers are needed")
        except (KeyError, ValueError):
            rejected.append(RejectedRow(place=f"changeover row {at}", reason="no_ticker_change", raw=row))
            continue
        records.append(TickerChangeRecord(old_secid=old, new_secid=new, changed_on=day, source=MOEX_ISS))
    return RecordPage(place="changeover", records=tuple(records), rejected=tuple(rejected))


async def candle_borders(
    client: IssClient, secid: str, board: str
) -> dict[Timeframe, tuple[datetime, datetime]]:
    """Return for each timeframe that ISS has of a series when its first and its last candle began or ended."""
    path = f"{security_path(secid, board)}/candleborders"
    known = {member.iss_interval: member for member in Timeframe if member.iss_interval is not None}
    return {
        known[row["interval"]]: (_moment(row["begin"]), _moment(row["end"]))
        for row in await client.rows(path, "borders", params={}, required=_BORDERS)
        if row["interval"] in known
    }


def _instrument(secid: str, row: Row, sector: str) -> InstrumentRecord:
    ours = instruments_config().by_secid().get(secid)
    board = str(row["BOARDID"])
    kind = iss_config().boards[board].kind
    is_preferred = kind == "share" and str(row["SECTYPE"]) == _PREFERRED
    return InstrumentRecord(
        secid=secid,
        name_ru=ours.name_ru if ours else str(row["SHORTNAME"]),
        name_en=ours.name_en if ours else str(row["LATNAME"] or row["SHORTNAME"]),
        isin=str(row["ISIN"] or ""),
        kind="preferred" if is_preferred else kind,
        board=board,
        lot_size=int(row["LOTSIZE"]),
        price_step_rub=float(row["MINSTEP"]),
        list_level=None if row["LISTLEVEL"] is None else int(row["LISTLEVEL"]),
        issue_size_shares=None if row["ISSUESIZE"] is None else int(row["ISSUESIZE"]),
        sector=ours.sector if ours else sector,
        shortable=bool(ours and ours.shortable),
        active=row["STATUS"] == "A",
    )


def _gone(secid: str, row: Row, sector: str) -> InstrumentRecord:
    ours = instruments_config().by_secid().get(secid)
    kind = iss_config().boards[str(row["BOARDID"])].kind
    return InstrumentRecord(
        secid=secid,
        name_ru=ours.name_ru if ours else str(row.get("NAME") or row.get("SHORTNAME") or secid),
        name_en=ours.name_en if ours else str(row.get("SHORTNAME") or secid),
        kind=kind,
        board=str(row["BOARDID"]),
        sector=ours.sector if ours else sector,
        active=False,
        first_traded_on=_day(row["history_from"]),
        delisted_on=_day(row["history_till"]),
        terms_told=False,
    )


def _listing_path(board: str) -> str:
    return "/history" + security_path("", board).removesuffix("/securities/") + "/listing"


def _keep(found: BoardRecord | RejectedRow, records: list[BoardRecord], rejected: list[RejectedRow]) -> None:
    if isinstance(found, BoardRecord):
        records.append(found)
    else:
        rejected.append(found)


def _board(secid: str, row: Mapping[str, Any]) -> BoardRecord | RejectedRow:
    """Return a board's span; trading counts, listing only where no trade has been seen."""
    try:
        since = _day(row["history_from"]) or _day(row["listed_from"])
        till = _day(row["history_till"]) or _day(row["listed_till"])
        if since is None or since < _EARLIEST or (till is not None and till < since):
            raise ValueError(f"a span is needed, was {since} to {till}")
    except (KeyError, ValueError, TypeError):
        return RejectedRow(place=f"boards {secid}", reason="no_span", raw={"secid": secid, **row})
    return BoardRecord(
        secid=secid,
        board=str(row["boardid"]),
        traded_from=since,
        traded_till=None if row.get("is_traded") == 1 else till,
        is_primary=row["is_primary"] == 1,
        source=MOEX_ISS,
    )


def _day(text: object) -> date | None:
    return None if text is None else date.fromisoformat(str(text)[:10])


def _moment(text: object) -> datetime:
    return datetime.fromisoformat(str(text)).replace(tzinfo=MOSCOW)
