"""Asking ISS from code that is not asynchronous."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from market.iss.client import CONNECTIONS, IssClient, IssLimits, iss_http

S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class IssConnection:
    """How ISS is reached."""

    limits: IssLimits
    jitter: np.random.Generator

    def ask(self, question: Callable[[IssClient], Coroutine[Any, Any, T]]) -> T:
        """Return what a question brings."""

        async def ask() -> T:
            async with self._open() as client:
                return await question(client)

        return asyncio.run(ask())

    def stream(self, pages: Callable[[IssClient], AsyncGenerator[T, None]]) -> Generator[T, None, None]:
        """Yield pages one by one; nothing is asked ahead of the page that is being used."""
        with asyncio.Runner() as runner:
            opened = self._open()
            asked = pages(runner.run(opened.__aenter__()))
            try:
                while (page := runner.run(_next(asked))) is not None:
                    yield page
            finally:
                runner.run(asked.aclose())
                runner.run(opened.__aexit__(None, None, None))

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[IssClient]:
        async with iss_http(self.limits) as http:
            yield IssClient(http=http, limits=self.limits, jitter=self.jitter)


async def gathered(question: Callable[[S], Awaitable[T]], of: Iterable[S]) -> list[T]:
    """Return the answers in order, a few asked at once; the first error ends all of them."""
    turn = asyncio.Semaphore(CONNECTIONS)

    async def ask(one: S) -> T:
        async with turn:
            return await question(one)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(ask(one)) for one in of]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from errors
    return [task.result() for task in tasks]


async def _next(pages: AsyncGenerator[T, None]) -> T | None:
    return await anext(pages, None)
