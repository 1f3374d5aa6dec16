"""TrafficService: leave to call providers, and how calls to them stand."""

from datetime import datetime, timedelta
from typing import Final

from google.protobuf.message import Message

from action_service.domain.peers import is_peer, label_of, words
from action_service.domain.traffic import LEASE, Outcomes, Wish
from action_service.servicers.requests import parse_uuid
from action_service.servicers.rpc import Rpc
from action_service.use_cases.ports import Database, Reader, Writer
from action_service.use_cases.traffic import (
    Policy,
    ProviderView,
    clear_limit,
    list_providers,
    reset_provider,
    set_limit,
)
from action_service.use_cases.traffic_ports import PermitAnswer, PermitDesk, PermitRequest
from common.errors import FieldViolation, invalid, malformed
from treadle.traffic.v1 import traffic_pb2
from treadle.traffic.v1 import traffic_service_pb2 as pb
from treadle.traffic.v1.traffic_service_pb2_grpc import TrafficServiceServicer

_MAX_REQUESTS: Final = 500
_MAX_CALLS: Final = 100_000


class TrafficServicer(TrafficServiceServicer):
    """Serves TrafficService."""

    def __init__(self, database: Database, desk: PermitDesk, policy: Policy) -> None:
        self._rpc = Rpc(database)
        self._desk = desk
        self._policy = policy

    async def AcquirePermits(
        self, request: pb.AcquirePermitsRequest, context: object
    ) -> pb.AcquirePermitsResponse:
        """Answers an executor's wishes."""
        if not 1 <= len(request.requests) <= _MAX_REQUESTS:
            problem = f"must have 1 to {_MAX_REQUESTS} items, not {len(request.requests)}"
            raise invalid([FieldViolation("requests", problem)])
        wishes = [_wish(index, message) for index, message in enumerate(request.requests)]
        if len({(wish.account_id, wish.peer) for wish in wishes}) < len(wishes):
            raise invalid([FieldViolation("requests", "names an account and peer twice")])
        answers = await self._desk.answer(wishes)
        return pb.AcquirePermitsResponse(
            answers=[_answer(w.peer, each) for w, each in zip(wishes, answers, strict=True)]
        )

    async def ListProviders(
        self, request: pb.ListProvidersRequest, context: object
    ) -> pb.ListProvidersResponse:
        """Lists how the account's calls stand."""

        async def work(tx: Reader) -> list[ProviderView]:
            return await list_providers(tx, self._policy)

        views = await self._rpc.read(work)
        return pb.ListProvidersResponse(providers=[self._provider(view) for view in views])

    async def SetProviderLimit(
        self, request: pb.SetProviderLimitRequest, context: object
    ) -> pb.SetProviderLimitResponse:
        """Sets how many calls the account may make."""

        async def work(tx: Writer) -> ProviderView:
            return await set_limit(
                tx,
                self._policy,
                request.peer,
                per_second=request.per_second,
                burst=request.burst,
            )

        view = await self._rpc.write(work)
        return pb.SetProviderLimitResponse(provider=self._provider(view))

    async def ClearProviderLimit(
        self, request: pb.ClearProviderLimitRequest, context: object
    ) -> pb.ClearProviderLimitResponse:
        """Goes back to the default."""

        async def work(tx: Writer) -> ProviderView:
            return await clear_limit(tx, self._policy, request.peer)

        view = await self._rpc.write(work)
        return pb.ClearProviderLimitResponse(provider=self._provider(view))

    async def ResetProvider(
        self, request: pb.ResetProviderRequest, context: object
    ) -> pb.ResetProviderResponse:
        """Closes the circuit."""

        async def work(tx: Writer) -> ProviderView:
            return await reset_provider(tx, self._policy, request.peer)

        view = await self._rpc.write(work)
        return pb.ResetProviderResponse(provider=self._provider(view))

    def _provider(self, view: ProviderView) -> traffic_pb2.Provider:
        traffic = view.traffic
        successes, failures = traffic.counts(self._policy.rules, view.now)
        message = traffic_pb2.Provider(
            peer=view.peer,
            label=label_of(view.peer),
            state=f"CIRCUIT_STATE_{traffic.state.name}",
            trips=traffic.trips,
            successes=successes,
            failures=failures,
            last_error=traffic.last_error,
            limit=traffic_pb2.Limit(
                per_second=view.limit.per_second, burst=view.limit.burst, own=view.own_limit
            ),
        )
        _set(message, "changed_at", traffic.changed_at)
        _set(message, "open_until", traffic.open_until)
        if traffic.paused_until is not None and traffic.paused_until > view.now:
            _set(message, "paused_until", traffic.paused_until)
        return message


def _wish(index: int, message: pb.PermitRequest) -> PermitRequest:
    place = f"requests[{index}]"
    account_id = parse_uuid(f"{place}.account_id", message.account_id)
    if not is_peer(message.peer):
        raise malformed(f"{place}.peer", "is not the name of a provider")
    for name in ("waiting", "ahead"):
        if not 0 <= getattr(message, name) <= _MAX_CALLS:
            raise malformed(f"{place}.{name}", f"must be 0 to {_MAX_CALLS:,}")
    return PermitRequest(
        account_id,
        message.peer,
        Wish(message.waiting, message.ahead),
        tuple(_outcomes(each) for each in message.outcomes),
    )


def _outcomes(message: pb.Outcomes) -> Outcomes:
    wait = message.retry_after.ToTimedelta() if message.HasField("retry_after") else None
    return Outcomes(
        epoch=message.epoch,
        successes=max(0, message.successes),
        failures=max(0, message.failures),
        last_error=message.last_error[:40],
        throttled=max(0, message.throttled),
        retry_after=None if wait is None else max(wait, timedelta(0)),
        unused=max(0, message.unused),
    )


def _answer(peer: str, answered: PermitAnswer) -> pb.PermitAnswer:
    hold = answered.answer.hold
    message = pb.PermitAnswer(
        granted=answered.answer.granted,
        epoch=answered.answer.epoch,
        reason=None if hold is None else f"HOLD_REASON_{hold.reason.name}",
    )
    message.lease.FromTimedelta(LEASE)
    if hold is not None:
        message.not_before.FromDatetime(hold.not_before)
        message.spacing.FromTimedelta(hold.spacing)
        message.message = words(peer, hold, answered.limit)
        message.per_second = answered.limit.per_second
    return message


def _set(message: Message, field: str, instant: datetime | None) -> None:
    if instant is not None:
        getattr(message, field).FromDatetime(instant)
