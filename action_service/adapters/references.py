"""Where records of each kind are found that others point to by their ids."""

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import TextClause, text

from action_service.adapters.sql import Repository, as_list


class _Source(NamedTuple):
    table: str
    # The column with the id of what a record is part of.
    parent: str = "CAST(NULL AS uuid)"
    condition: str = "true"


_SOURCES: Mapping[str, _Source] = {
    "email_template": _Source("email_templates"),
    "workflow": _Source("workflows"),
    "workflow_action": _Source("workflow_actions", "workflow_id", "deleted_at IS NULL"),
    "workflow_branch": _Source("workflow_branches", "workflow_id"),
    "contact": _Source("contacts"),
    "user": _Source("users"),
    "team": _Source("teams"),
    "campaign": _Source("campaigns"),
    "campaign_step": _Source("campaign_steps", "campaign_id"),
    "pipeline": _Source("pipelines"),
    "pipeline_stage": _Source("pipeline_stages", "pipeline_id"),
    "opportunity": _Source("opportunities"),
    "course": _Source("courses"),
    "messenger_page": _Source("messenger_pages"),
    "connected_messenger_page": _Source(
        "messenger_pages",
        condition="EXISTS (SELECT FROM credentials c WHERE c.provider = 'facebook_page'"
        " AND c.account_id = messenger_pages.account_id AND c.name = messenger_pages.credential)",
    ),
    "audio_file": _Source("audio_files"),
}


class ReferenceReader(Repository):
    """Looks up records of any kind."""

    @staticmethod
    def kinds() -> frozenset[str]:
        """The kinds that can be looked up."""
        return frozenset(_SOURCES)

    async def known(
        self, wanted: Mapping[str, Collection[UUID]]
    ) -> Mapping[tuple[str, UUID], UUID | None]:
        """See `ReferenceReads`; one statement, whatever is wanted."""
        ids = {kind: as_list(wanted[kind]) for kind in wanted}
        rows = await self._run(_statement(tuple(sorted(ids))), **ids)
        return {(row.kind, row.id): row.parent_id for row in rows}


@lru_cache
def _statement(kinds: tuple[str, ...]) -> TextClause:
    return text(" UNION ALL ".join(_select(kind, *_SOURCES[kind]) for kind in kinds))


def _select(kind: str, table: str, parent: str, condition: str) -> str:
    return (
        f"SELECT '{kind}' AS kind, id, {parent} AS parent_id FROM {table}"  # noqa: S608 - made of constants
        f" WHERE account_id = :account AND id = ANY(CAST(:{kind} AS uuid[])) AND {condition}"
    )
