"""How lines of the log are made: for people on a developer's machine, as JSON for programs elsewhere."""

from __future__ import annotations

import logging

import structlog

from traderai.common.redaction import redact_event, redacting_record


def logs_configure(*, as_json: bool) -> None:
    """Make every line of this process, ours or a library's, without secrets and personal data."""
    logging.setLogRecordFactory(redacting_record)
    renderer = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.StackInfoRenderer(),
            structlog.dev.set_exc_info,
            structlog.processors.TimeStamper(fmt="iso", utc=False),
            # The trace becomes text first: what is in it is hidden with the rest.
            structlog.processors.format_exc_info,
            redact_event,
            renderer,
        ]
    )
