"""Calls an ASGI app without a server, for what is decided on a request and not how it travels."""

import asyncio
from typing import Any

import httpx

HOST = "http://localhost"


class AsgiClient:
    """Each request in an event loop of its own."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def post(self, path: str, *, data: Any = b"", headers: dict[str, str] | None = None) -> httpx.Response:
        """The answer. `data` as an async iterator goes without an announced length."""

        async def asked() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app=self._app), base_url=HOST) as client:
                return await client.post(path, content=data, headers=headers)

        return asyncio.run(asked())
