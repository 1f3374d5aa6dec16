"""Fetches the files that an email carries, through the guard, within the provider's limits."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from urllib.parse import unquote, urlsplit

from common.egress import GuardedClient, ResponseTooLarge
from executor_service.domain.classify import RefusedError
from executor_service.egress_calls import call
from executor_service.ports import Attachment

# All of an email's files together. SendGrid takes 30 MB a message and advises 10 MB of files;
# many receiving servers take no more either.
MAX_BYTES: Final = 10 * 1024 * 1024
TIMEOUT: Final = timedelta(seconds=30)


class AttachmentError(Exception):
    """The files cannot be attached; the text is for users."""


class AttachmentFetcher:
    """Downloads attachments, one after another: what is left of the limit bounds the next."""

    def __init__(self, client: GuardedClient) -> None:
        self._client = client

    async def fetch_all(self, urls: Sequence[str]) -> tuple[Attachment, ...]:
        """The files in the order of their URLs.

        Raises AttachmentError, a `CallError` of domain.classify, or EgressRefused.
        """
        files: list[Attachment] = []
        room = MAX_BYTES
        for url in urls:
            file = await self._fetch(url, room)
            room -= len(file.content)
            files.append(file)
        return tuple(files)

    async def _fetch(self, url: str, max_bytes: int) -> Attachment:
        try:
            response = await call(
                self._client,
                "GET",
                url,
                headers={},
                content=b"",
                timeout=TIMEOUT,
                max_bytes=max_bytes,
            )
        except ResponseTooLarge as error:
            limit = f"{MAX_BYTES // (1024 * 1024)} MiB"
            raise AttachmentError(f"together they are larger than {limit}") from error
        if not 200 <= response.status < 300:
            raise RefusedError(response.status, retry_after=response.headers.get("retry-after"))
        content_type = response.headers.get("content-type", "").partition(";")[0].strip()
        return Attachment(
            filename_of(url), content_type or "application/octet-stream", response.body
        )


def filename_of(url: str) -> str:
    """The last part of the URL's path as a file's name."""
    name = unquote(urlsplit(url).path.rsplit("/", 1)[-1])
    kept = "".join(char for char in name if char.isprintable() and char not in '"\\/')
    return kept[-200:].strip() or "attachment"
