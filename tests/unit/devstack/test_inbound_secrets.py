"""A stack's inbound secrets: what signs and what checks belong together, and stay."""

import socket
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from common.auth import GATEWAY_ROLE, TokenVerifier
from common.event_webhook_key import event_webhook_key
from devstack.datadir import DataDir
from devstack.inbound import InboundSecrets
from devstack.ports import LOOPBACK, reserve_port
from devstack.simulator.signing import sendgrid_signer, signing_key
from gateway.inbound import sendgrid

ACCOUNT = UUID(int=7)


def test_the_gateway_checks_what_the_simulator_signs(tmp_path: Path) -> None:
    inbound = InboundSecrets(DataDir(tmp_path))
    signs = inbound.for_simulator("http://127.0.0.1:8080", ACCOUNT)
    checks = inbound.for_gateway()
    for name in ("META_APP_SECRET", "STRIPE_WEBHOOK_SECRET"):
        assert signs[f"TREADLE_SIMULATOR_{name}"] == checks[f"TREADLE_GATEWAY_{name}"]
    sign = sendgrid_signer(signing_key(signs["TREADLE_SIMULATOR_SENDGRID_WEBHOOK_KEY"]))
    headers = sign("", b"[]", datetime.now(UTC))
    sendgrid.check(
        b"[]",
        timestamp=headers[sendgrid.TIMESTAMP],
        signature=headers[sendgrid.SIGNATURE],
        key=event_webhook_key(checks["TREADLE_GATEWAY_SENDGRID_PUBLIC_KEY"]),
    )
    url = f"http://127.0.0.1:8080/inbound/sendgrid/{ACCOUNT}"
    assert signs["TREADLE_SIMULATOR_SENDGRID_WEBHOOK_URL"] == url


def test_the_secrets_of_a_folder_stay(tmp_path: Path) -> None:
    first, again = InboundSecrets(DataDir(tmp_path)), InboundSecrets(DataDir(tmp_path))
    other = InboundSecrets(DataDir(tmp_path / "other"))
    url = "http://127.0.0.1:8080"
    assert first.for_simulator(url, ACCOUNT) == again.for_simulator(url, ACCOUNT)
    assert first.twilio_token == again.twilio_token
    assert first.twilio_token != other.twilio_token


def test_the_gateways_token_is_the_gateways_alone(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    token = InboundSecrets(data).for_gateway()["TREADLE_GATEWAY_SERVICE_TOKEN"]
    principal = TokenVerifier(data.jwt_secret()).verify(token)
    assert (principal.subject, principal.roles) == ("service:gateway", {GATEWAY_ROLE})


def test_a_reserved_port_can_be_listened_on() -> None:
    with reserve_port() as holder:
        port = holder.getsockname()[1]
        with socket.create_server((LOOPBACK, port)) as server:
            assert server.getsockname()[1] == port
