"""PreferenceService: what contacts say by the links in their email, for the gateway."""

from dataclasses import replace

from action_service.domain.compliance import Channel, Purpose
from action_service.servicers.requests import parse_enum
from action_service.use_cases.compliance_ports import ConsentKey
from action_service.use_cases.ports import Database
from action_service.use_cases.preferences import (
    Preference,
    Preferences,
    read_preferences,
    set_preferences,
    unsubscribe,
)
from common.auth import Principal, current_principal
from common.contact_links import ContactLink, InvalidLinkError, LinkKeys
from common.errors import ErrorReason, TreadleError, malformed
from treadle.catalog.v1.send_purpose_pb2 import SendPurpose
from treadle.compliance.v1 import compliance_pb2
from treadle.compliance.v1 import preference_service_pb2 as pb
from treadle.compliance.v1.preference_service_pb2_grpc import PreferenceServiceServicer

_SOURCES = {"one_click": "one-click unsubscribe", "page": "unsubscribe page"}


class PreferenceServicer(PreferenceServiceServicer):
    """Serves PreferenceService: the link says in which account."""

    def __init__(self, database: Database, keys: LinkKeys) -> None:
        self._database = database
        self._keys = keys

    async def ReadPreferences(
        self, request: pb.ReadPreferencesRequest, context: object
    ) -> pb.ReadPreferencesResponse:
        """Returns what the page shows."""
        shown = await self._read(self._opened(request.token))
        return pb.ReadPreferencesResponse(
            account_name=shown.account_name,
            address_hint=shown.address_hint,
            preferences=[_message(each) for each in shown.preferences],
        )

    async def Unsubscribe(
        self, request: pb.UnsubscribeRequest, context: object
    ) -> pb.UnsubscribeResponse:
        """Ends marketing by email."""
        link = self._opened(request.token)
        source = _SOURCES.get(request.source)
        if source is None:
            raise malformed("source", "must be one_click or page")
        async with self._database.writing(_caller(link)) as tx:
            await unsubscribe(tx, link, source)
        return pb.UnsubscribeResponse()

    async def SetPreferences(
        self, request: pb.SetPreferencesRequest, context: object
    ) -> pb.SetPreferencesResponse:
        """Sets what is given, and returns what the page shows then."""
        link = self._opened(request.token)
        wanted = {
            _key(f"preferences[{index}]", each): each.wanted
            for index, each in enumerate(request.preferences)
        }
        async with self._database.writing(_caller(link)) as tx:
            await set_preferences(tx, link, wanted)
        shown = await self._read(link)
        return pb.SetPreferencesResponse(
            account_name=shown.account_name,
            address_hint=shown.address_hint,
            preferences=[_message(each) for each in shown.preferences],
        )

    async def _read(self, link: ContactLink) -> Preferences:
        async with self._database.reading(link.account_id) as tx:
            return await read_preferences(tx, link)

    def _opened(self, token: str) -> ContactLink:
        try:
            return self._keys.open(token)
        except InvalidLinkError:
            raise TreadleError(ErrorReason.NOT_FOUND, "the link is not one of ours") from None


def _caller(link: ContactLink) -> Principal:
    """Whoever calls, in the account that the link is of."""
    return replace(current_principal(), account_id=link.account_id)


def _key(place: str, message: pb.Preference) -> ConsentKey:
    channel = parse_enum(
        f"{place}.channel", compliance_pb2.Channel, "CHANNEL_", message.channel, Channel
    )
    purpose = parse_enum(f"{place}.purpose", SendPurpose, "SEND_PURPOSE_", message.purpose, Purpose)
    if channel is None or purpose is None:
        raise malformed(place, "needs a channel and a purpose")
    return channel, purpose


def _message(preference: Preference) -> pb.Preference:
    return pb.Preference(
        channel=f"CHANNEL_{preference.channel.value.upper()}",
        purpose=f"SEND_PURPOSE_{preference.purpose.value.upper()}",
        wanted=preference.wanted,
        locked=preference.locked,
    )
