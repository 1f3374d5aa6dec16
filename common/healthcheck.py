"""Asks a process on this machine whether it is well, for container health checks.

`python -m common.healthcheck 127.0.0.1:50051` asks over gRPC (grpc.health.v1), and
`python -m common.healthcheck http://127.0.0.1:8080/readyz` over HTTP. Status 0: it is; 1: it is
not, and stderr says why.
"""

import argparse
import sys
import urllib.request
from collections.abc import Sequence
from http import HTTPStatus

_TIMEOUT_S = 3.0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    arguments = argparse.ArgumentParser(prog="python -m common.healthcheck", description=__doc__)
    arguments.add_argument("target", help="host:port for gRPC, or an http:// URL")
    return arguments


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask; return the exit status."""
    target: str = parser().parse_args(arguments).target
    problem = _over_http(target) if target.startswith("http://") else _over_grpc(target)
    if problem:
        print(f"{target}: {problem}", file=sys.stderr)  # noqa: T201 - for whoever looks at the check
    return 1 if problem else 0


def _over_http(url: str) -> str:
    """What is wrong; empty when nothing is."""
    # The process asked is our own neighbour: a proxy has no business in between.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=_TIMEOUT_S) as response:
            status: int = response.status
    except OSError as error:
        return str(error)
    return "" if status == HTTPStatus.OK else f"answered {status}"


def _over_grpc(target: str) -> str:
    """What is wrong; empty when nothing is."""
    # Imported where needed: the check runs every few seconds, and HTTP needs none of it.
    import grpc
    from grpc_health.v1 import health_pb2

    options = [("grpc.enable_http_proxy", 0)]
    with grpc.insecure_channel(target, options=options) as channel:
        request = health_pb2.HealthCheckRequest()
        try:
            check = channel.unary_unary(
                "/grpc.health.v1.Health/Check",
                request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
                response_deserializer=health_pb2.HealthCheckResponse.FromString,
            )
            answer = check(request, timeout=_TIMEOUT_S)
        except grpc.RpcError as error:
            return str(error.code().name)
    if answer.status == health_pb2.HealthCheckResponse.SERVING:
        return ""
    return health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)


if __name__ == "__main__":
    raise SystemExit(main())
