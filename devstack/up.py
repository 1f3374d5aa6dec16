"""`treadle up`: the stack in the foreground until somebody stops it."""

import time
from collections import defaultdict, deque
from datetime import timedelta

from rich.console import Console

from devstack.processes import Service, ServiceError
from devstack.signals import Stopped
from devstack.stack import Stack, StackOptions

_CHECK_EVERY = 0.5
_RESTARTS = 3
_WITHIN = timedelta(minutes=1)
TOKEN_TTL = timedelta(hours=12)


def run_up(options: StackOptions, console: Console) -> None:
    """Run until Stopped. Raises ServiceError when something cannot be kept running."""
    began = time.monotonic()

    def say(text: str) -> None:
        console.out(text, highlight=False)

    with Stack(options, progress=say) as stack:
        console.out(_banner(stack, time.monotonic() - began), highlight=False)
        try:
            _keep_up(stack, console)
        except Stopped:
            say("stopping; the data is kept")


def _keep_up(stack: Stack, console: Console) -> None:
    """Start again what dies, loudly; give up on what keeps dying."""
    restarts: defaultdict[str, deque[float]] = defaultdict(deque)
    while True:
        for server in (stack.postgres, stack.nats):
            if not server.alive():
                raise ServiceError(f"a server ended by itself; see {server.log}")
        for service in stack.services.values():
            if not service.alive():
                _revive(service, restarts[service.name], console)
        time.sleep(_CHECK_EVERY)


def _revive(service: Service, restarts: deque[float], console: Console) -> None:
    now = time.monotonic()
    while restarts and restarts[0] < now - _WITHIN.total_seconds():
        restarts.popleft()
    if len(restarts) >= _RESTARTS:
        raise ServiceError(f"{service.report()}\n{service.name} keeps dying")
    restarts.append(now)
    console.out(service.report(), highlight=False)
    console.out(f"starting {service.name} again", highlight=False)
    service.restart()


def _banner(stack: Stack, seconds: float) -> str:
    token = stack.token(ttl=TOKEN_TTL)
    rows = {
        "REST API": f"{stack.gateway_url}/api/v1",
        "API docs": f"{stack.gateway_url}/docs",
        "gRPC": f"{stack.api_target} (with reflection)",
        "Scheduler": f"{stack.scheduler_target} (gRPC)",
        "Inbox": f"{stack.simulator_url} (what the simulated providers received)",
        "Data, logs": str(stack.data.root),
        "Token": token,
    }
    lines = [f"Treadle is ready after {seconds:.1f} s."]
    lines += [f"  {name:<11} {value}" for name, value in rows.items()]
    lines += [
        "",
        "Try it:",
        f"  curl -H 'Authorization: Bearer {token}' {stack.gateway_url}/api/v1/action-types",
        "",
        "Ctrl-C stops it; the data is kept.",
    ]
    return "\n".join(lines)
