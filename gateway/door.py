"""The one door that every request passes, whatever its route: known, within its limits, and accounted for afterwards.

Only what says nothing about content and takes nothing stays outside of it: probes, metrics and the description.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from ..models.errors import InputError
from .asgi import JSON, Headers, Message, Receive, Scope, Send, answer, check_declared
from .asked_policy import AskedPolicies, asked
from .auth import Known, without_secret
from .limits import Denied
from .refusals import Refusal, refusal_body
from .state import Gateway
from .tenancy import Admitted, retry_after
from .ticket import TICKET, Ticket
from .usage import UsageReader

JUDGES: Final = frozenset({"/v1/moderations", "/v1/check", "/v1/evaluate", "/beta/litellm_basic_guardrail_api"})
"""Where content is sent to be judged: asking about what is bad is no offence."""
OUTSIDE: Final = frozenset({"/livez", "/readyz", "/metrics", "/openapi.json", "/v1/health"})


def behind_the_door(gateway: Gateway) -> Callable[[Any], Any]:
    """The middleware, as Litestar takes it."""
    return lambda app: Door(app, gateway)


class Door:
    """Lets requests in to `app`, or says in their dialect why not."""

    def __init__(self, app: Any, gateway: Gateway) -> None:
        self._app = app
        self._gateway = gateway
        self._tenancy = gateway.tenancy
        self._policies = AskedPolicies()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"] in OUTSIDE:
            await self._app(scope, receive, send)
            return
        known = self._tenancy.known(scope)
        if isinstance(known, Denied):
            await self._deny(scope, send, known)
            return
        if (name := asked(scope)) is not None:
            guard = await self._policies.guard(known.guard or self._gateway.guard, name)
            if isinstance(guard, Denied):
                await self._deny(scope, send, guard)
                return
            known = Known(caller=known.caller, guard=guard)
        if self._tenancy.idle(known):
            await self._app(scope, receive, send)
            return
        body = b""
        if scope["method"] == "POST" and self._tenancy.reads_body(known):
            ahead = await read_ahead(scope, receive, limit=self._gateway.settings.max_body)
            body, receive = ahead.body, ahead.receive(receive)
            if self._tenancy.idle(known, body):
                await self._app(scope, receive, send)
                return
        admitted = await self._tenancy.admit(known, body)
        if isinstance(admitted, Denied):
            await self._deny(scope, send, admitted)
            return
        await self._serve(known, admitted, scope, receive, send)

    async def _serve(self, known: Known, admitted: Admitted, scope: Scope, receive: Receive, send: Send) -> None:
        ticket = admitted.ticket
        if scope["path"] in JUDGES:
            ticket.subject = None
        if ticket.caller.key is not None:
            scope["headers"] = without_secret(scope["headers"])
        token = TICKET.set(ticket)
        try:
            if admitted.watched:
                await self._app(scope, receive, _told(send, admitted))
            else:
                await self._app(scope, receive, send)
        finally:
            TICKET.reset(token)
            await self._tenancy.account(admitted, known)

    async def _deny(self, scope: Scope, send: Send, denied: Denied) -> None:
        self._tenancy.denied(denied.reason)
        self._gateway.metrics.failed("denied", shape="json", status=denied.status)
        headers = [JSON, *retry_after(denied)]
        if denied.status == 401:
            headers.append((b"www-authenticate", b"Bearer"))
        await answer(send, denied.status, refusal(scope["path"], denied), headers)


class Ahead(msgspec.Struct, kw_only=True):
    """What of a body was read before its turn; `body` is empty where it is longer than may be."""

    messages: list[Message]
    body: bytes

    def receive(self, rest: Receive) -> Receive:
        """Everything from the beginning, and then the rest."""
        waiting = self.messages

        async def again() -> Message:
            return waiting.pop(0) if waiting else await rest()

        return again


async def read_ahead(scope: Scope, receive: Receive, *, limit: int) -> Ahead:
    """Read a body of up to `limit` bytes; the handler reads it again, and says what is wrong with a longer one."""
    try:
        check_declared(scope, limit=limit)
    except InputError:
        return Ahead(messages=[], body=b"")
    messages, size = [await receive()], 0
    size += len(messages[-1].get("body", b""))
    while messages[-1].get("more_body") and size <= limit:
        messages.append(await receive())
        size += len(messages[-1].get("body", b""))
    body = messages[0].get("body", b"") if len(messages) == 1 else b"".join(m.get("body", b"") for m in messages)
    return Ahead(messages=messages, body=body if size <= limit else b"")


def refusal(path: str, denied: Denied) -> bytes:
    """The body in the envelope of the client's dialect."""
    kind = denied.reason if denied.status == 429 else "invalid_request_error"
    said = Refusal(status=denied.status, message=denied.message, type=kind, code=denied.code, limit=denied.amount)
    return refusal_body(path, said)


def _told(send: Send, admitted: Admitted) -> Send:
    """Adds the headers about limits in place of upstream's own, and reads what the exchange took."""
    ticket: Ticket = admitted.ticket
    reader = UsageReader() if admitted.metered else None

    async def told(message: Message) -> None:
        if message["type"] == "http.response.start":
            ticket.status = message["status"]
            message["headers"] = _with(list(message["headers"]), admitted.headers)
        elif reader is not None:
            reader.feed(message.get("body", b""))
            if not message.get("more_body") and ticket.usage is None:
                ticket.usage = reader.usage()
        await send(message)

    return told


def _with(headers: Headers, mine: Headers) -> Headers:
    if not mine:
        return headers
    return [*(one for one in headers if not one[0].startswith(b"x-ratelimit-")), *mine]
