"""A platform in memory for what the practice platform can't easily show: any answer, counted."""

import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec

Respond = Callable[[httpx.Request], httpx.Response | Awaitable[httpx.Response]]
Answer = httpx.Response | Exception | Respond


@dataclass
class HautServer:
    """Answers each path with what a test put there; remembers the requests.

    A list of answers is used up one by one, its last one stays.
    """

    answers: dict[str, list[Answer]] = field(default_factory=dict)
    requests: list[httpx.Request] = field(default_factory=list)

    def on(self, path: str, *answers: Answer | object) -> "HautServer":
        """Answer ``path`` with JSON values, responses, exceptions or functions."""
        self.answers[path] = [_as_answer(answer) for answer in answers]
        return self

    def count(self, path: str) -> int:
        """How often ``path`` was asked for."""
        return sum(request.url.path == path for request in self.requests)

    @property
    def transport(self) -> httpx.MockTransport:
        """What a client is given in place of sockets."""
        return httpx.MockTransport(self)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        self.requests.append(request)
        await request.aread()
        queue = self.answers.get(request.url.path)
        if not queue:
            return httpx.Response(404, json={"detail": "Not found."})
        answer = queue.pop(0) if len(queue) > 1 else queue[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return httpx.Response(
                answer.status_code, headers=answer.headers, content=answer.content
            )
        response = answer(request)
        return response if isinstance(response, httpx.Response) else await response


def _as_answer(answer: Answer | object) -> Answer:
    if isinstance(answer, httpx.Response | Exception) or callable(answer):
        return answer
    return httpx.Response(200, content=msgspec.json.encode(answer))


def jwt(**claims: Any) -> str:
    """A token of three parts with these claims and no signature worth the name."""
    part = base64.urlsafe_b64encode(msgspec.json.encode(claims)).rstrip(b"=").decode()
    return f"e30.{part}.c2ln"
