"""A protoc plugin that writes `_pb2_grpc.py`, for service files only.

grpcio-tools has the generator compiled into its own protoc and ships no plugin that `buf generate`
could call; protoc also writes an empty module for every file without a service. This bridges both.
"""

import sys
import tempfile
from pathlib import Path

from google.protobuf.compiler import plugin_pb2
from google.protobuf.descriptor_pb2 import Edition, FileDescriptorSet
from grpc_tools import protoc


def main() -> None:
    """Answers one CodeGeneratorRequest from stdin."""
    request = plugin_pb2.CodeGeneratorRequest.FromString(sys.stdin.buffer.read())
    response = plugin_pb2.CodeGeneratorResponse(
        supported_features=(
            plugin_pb2.CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL
            | plugin_pb2.CodeGeneratorResponse.FEATURE_SUPPORTS_EDITIONS
        ),
        minimum_edition=Edition.EDITION_PROTO2,
        maximum_edition=Edition.EDITION_2023,
    )
    wanted = set(request.file_to_generate)
    services = [f.name for f in request.proto_file if f.name in wanted and f.service]
    if services:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder)
            descriptors = out / "descriptors.binpb"
            descriptors.write_bytes(FileDescriptorSet(file=request.proto_file).SerializeToString())
            code: int = protoc.main(  # pyright: ignore[reportUnknownVariableType] - untyped
                ["", f"--descriptor_set_in={descriptors}", f"--grpc_python_out={out}", *services]
            )
            if code != 0:
                response.error = f"protoc ended with code {code}"
            for path in sorted(out.rglob("*_pb2_grpc.py")):
                response.file.add(
                    name=path.relative_to(out).as_posix(), content=path.read_text(encoding="utf-8")
                )
    sys.stdout.buffer.write(response.SerializeToString())


if __name__ == "__main__":
    main()
