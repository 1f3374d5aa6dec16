"""What each RPC demands of its caller, read from the contracts themselves."""

from typing import cast

from google.protobuf import descriptor_pool

from treadle.options.v1 import options_pb2


def required_permission(service: str, method: str) -> str | None:
    """Return the permission that the contract of `service` declares for `method`.

    None when the method declares none or the contract is not known here: such a call is refused.
    """
    try:
        descriptor = descriptor_pool.Default().FindServiceByName(service)
        options = descriptor.methods_by_name[method].GetOptions()
    except KeyError:
        return None
    # protoc's stubs do not say what message an extension extends.
    declared = options.Extensions[options_pb2.permission]  # pyright: ignore[reportArgumentType, reportUnknownVariableType]
    return cast("str", declared) or None
