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


async def call(
    app: Any,
    *,
    path: str,
    method: str = "POST",
    query: bytes = b"",
    headers: dict[str, str] | None = None,
    messages: list[dict[str, Any]] | None = None,
    announced: int = 3,
) -> tuple[int, bytes]:
    """One request, message by message as a server would tell of it; status and body of the answer."""
    coming = iter(messages or [{"type": "http.request", "body": b"[1]", "more_body": False}])
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        for message in coming:
            return message
        await asyncio.sleep(30)
        raise AssertionError("nobody waits so long for a part of a body")

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    plain = [(name.lower().encode(), text.encode()) for name, text in (headers or {}).items()]
    scope = {
        "type": "http",
        "http_version": "1.1",
        "scheme": "http",
        "server": ("localhost", 80),
        "client": ("127.0.0.1", 1),
        "root_path": "",
    }
    await app(
        {
            **scope,
            "method": method,
            "path": path,
            "query_string": query,
            "headers": [(b"host", b"localhost"), (b"content-length", str(announced).encode()), *plain],
        },
        receive,
        send,
    )
    return sent[0]["status"], b"".join(m.get("body", b"") for m in sent[1:])
