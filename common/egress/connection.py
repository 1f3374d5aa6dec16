"""One HTTP/1.1 connection: h11 knows the protocol, the wire carries the bytes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import h11

from common.egress.body import BoundedBody
from common.egress.dial import Origin
from common.egress.errors import EgressResponseError
from common.egress.wire import Wire

# Interim answers (1xx) before the one that counts.
MAX_INTERIM = 100
# Status line and headers together, and likewise the trailers.
MAX_RESPONSE_HEAD = 64 * 1024

_BROKEN = "the connection broke before the whole answer had come"
_UNREADABLE = "the answer is not valid HTTP"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request that was judged."""

    method: bytes
    path: bytes
    fields: list[tuple[bytes, bytes]]
    content: bytes


@dataclass(frozen=True, slots=True)
class EgressResponse:
    """An answer. Names in `headers` are in lower case; the body is decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Connection:
    """Carries requests one after another."""

    def __init__(self, origin: Origin, wire: Wire) -> None:
        self.origin = origin
        self._wire = wire
        self._http = h11.Connection(h11.CLIENT, MAX_RESPONSE_HEAD)

    @property
    def reusable(self) -> bool:
        """Whether the next request may go over it."""
        return self._http.states == {h11.CLIENT: h11.IDLE, h11.SERVER: h11.IDLE} and (
            self._wire.quiet
        )

    async def exchange(self, request: Outgoing, max_bytes: int) -> EgressResponse:
        """Send the request and read the whole answer; closes the connection if that fails.

        Raises EgressResponseError and ResponseTooLarge.
        """
        try:
            self._send(request)
            response = await self._receive(max_bytes)
        except h11.RemoteProtocolError as error:
            raise EgressResponseError(_UNREADABLE) from error
        except OSError as error:
            raise EgressResponseError(_BROKEN) from error
        finally:
            self._finish()
        return response

    def close(self) -> None:
        """Close at once."""
        self._wire.close()

    def _send(self, request: Outgoing) -> None:
        head = h11.Request(method=request.method, target=request.path, headers=request.fields)
        parts = [self._http.send(head)]
        if request.content:
            parts.append(self._http.send(h11.Data(data=request.content)))
        parts.append(self._http.send(h11.EndOfMessage()))
        self._wire.write(b"".join(part for part in parts if part))

    async def _receive(self, max_bytes: int) -> EgressResponse:
        head = await self._next_event()
        interim = 0
        while isinstance(head, h11.InformationalResponse):
            interim += 1
            if interim > MAX_INTERIM:
                raise EgressResponseError(_UNREADABLE)
            head = await self._next_event()
        if not isinstance(head, h11.Response):
            raise EgressResponseError(_BROKEN)
        headers = _read_headers(head)
        coding = headers.get("content-encoding", "")
        body = BoundedBody(head.status_code, coding, max_bytes)
        while isinstance(event := await self._next_event(), h11.Data):
            body.feed(bytes(event.data))
        if not isinstance(event, h11.EndOfMessage):
            raise EgressResponseError(_BROKEN)
        return EgressResponse(head.status_code, headers, body.finish())

    async def _next_event(self) -> h11.Event | type[h11.PAUSED]:
        while True:
            event = self._http.next_event()
            if event is not h11.NEED_DATA:
                return cast("h11.Event | type[h11.PAUSED]", event)
            self._http.receive_data(await self._wire.read())

    def _finish(self) -> None:
        done = {h11.CLIENT: h11.DONE, h11.SERVER: h11.DONE}
        if self._http.states == done and not self._http.trailing_data[0]:
            self._http.start_next_cycle()
        if not self.reusable:
            self.close()


def _read_headers(head: h11.Response) -> dict[str, str]:
    """The fields by name; repeated ones are joined (RFC 9110 section 5.3)."""
    # h11 enforces its limit only while the head is incomplete; one that came at once passes it.
    if sum(len(name) + len(value) for name, value in head.headers) > MAX_RESPONSE_HEAD:
        raise EgressResponseError(_UNREADABLE)
    headers: dict[str, str] = {}
    for name, value in head.headers:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers
