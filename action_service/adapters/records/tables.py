"""Where the records of each kind are, and which others need them."""

from collections.abc import Mapping
from types import MappingProxyType

from action_service.adapters.records.table import Parts, RecordTable
from action_service.use_cases.records import campaigns, crm, directory, media, messenger, sales

_TABLES = (
    RecordTable(
        directory.USER,
        "users",
        by_column=("role",),
        by_condition={"include_inactive": "(t.is_active OR CAST(:include_inactive AS boolean))"},
    ),
    RecordTable(
        directory.TEAM,
        "teams",
        parts=Parts("member_ids", "team_members", owner="team_id", key="user_id"),
    ),
    RecordTable(
        directory.NOTIFICATION,
        "notifications",
        computed={
            "deliveries": """
                SELECT jsonb_agg(
                    jsonb_strip_nulls(
                        jsonb_build_object(
                            'id', d.id, 'channel', d.channel, 'status', d.status,
                            'reason', d.reason, 'attempts', d.attempts,
                            'finished_at', d.finished_at
                        )
                    )
                    ORDER BY d.channel
                )
                FROM deliveries d
                WHERE d.account_id = t.account_id AND d.notification_id = t.id
            """
        },
        by_column=("user_id", "action_execution_id"),
        by_condition={
            "unread_only": "(NOT CAST(:unread_only AS boolean)"
            " OR (t.read_at IS NULL AND 'in_app' = ANY(t.channels)))"
        },
    ),
    RecordTable(
        crm.TAG,
        "tags",
        computed={
            "contact_count": "SELECT count(*) FROM contact_tags c"
            " WHERE c.account_id = t.account_id AND c.tag_id = t.id"
        },
    ),
    RecordTable(crm.CUSTOM_FIELD, "custom_fields"),
    RecordTable(
        sales.PIPELINE,
        "pipelines",
        parts=Parts("stages", "pipeline_stages", owner="pipeline_id", columns=("name", "outcome")),
    ),
    RecordTable(
        sales.OPPORTUNITY, "opportunities", by_column=("contact_id", "pipeline_id", "stage_id")
    ),
    RecordTable(crm.TASK, "tasks", by_column=("contact_id", "assignee_id", "status")),
    RecordTable(crm.NOTE, "notes", by_column=("contact_id",)),
    RecordTable(
        campaigns.CAMPAIGN,
        "campaigns",
        computed={
            "enrolled_count": "SELECT count(*) FROM campaign_enrollments e"
            " WHERE e.account_id = t.account_id AND e.campaign_id = t.id AND e.status = 'active'"
        },
        parts=Parts("steps", "campaign_steps", owner="campaign_id", columns=("name", "action_id")),
    ),
    RecordTable(
        campaigns.CAMPAIGN_ENROLLMENT,
        "campaign_enrollments",
        by_column=("campaign_id", "contact_id", "status"),
    ),
    RecordTable(campaigns.COURSE, "courses"),
    RecordTable(
        campaigns.COURSE_ACCESS,
        "course_access",
        computed={
            "status": "CASE WHEN t.revoked_at IS NOT NULL THEN 'revoked'"
            " WHEN t.expires_at <= now() THEN 'expired' ELSE 'active' END"
        },
        by_column=("course_id", "contact_id"),
    ),
    RecordTable(
        messenger.MESSENGER_PAGE,
        "messenger_pages",
        computed={
            "is_connected": "EXISTS (SELECT FROM credentials c WHERE c.account_id = t.account_id"
            " AND c.provider = 'facebook_page' AND c.name = t.credential)"
        },
    ),
    RecordTable(
        messenger.MESSENGER_IDENTITY,
        "messenger_identities",
        by_column=("messenger_page_id", "contact_id", "psid"),
        by_condition={
            "unlinked_only": "(NOT CAST(:unlinked_only AS boolean) OR t.contact_id IS NULL)"
        },
    ),
    RecordTable(media.AUDIO_FILE, "audio_files"),
)
TABLES: Mapping[str, RecordTable] = MappingProxyType({each.kind.name: each for each in _TABLES})

# Who may name a record in a text of theirs.
_NAMING = {
    "workflow actions": "workflow_actions x JOIN workflows w ON w.id = x.workflow_id"
    " WHERE x.account_id = :account AND w.account_id = :account AND x.deleted_at IS NULL"
    " AND w.status <> 'archived' AND strpos(lower(CAST(x.action_config AS text)), :id_text) > 0",
    "workflow triggers": "workflows x WHERE x.account_id = :account AND x.status <> 'archived'"
    " AND strpos(lower(CAST(x.triggers AS text)), :id_text) > 0",
}
# The records that need one of a kind, by what people call them, as what follows SELECT.
DEPENDENTS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "team": _NAMING,
        "tag": {"contacts": "contact_tags x WHERE x.account_id = :account AND x.tag_id = :id"},
        "pipeline": {
            "opportunities": "opportunities x"
            " WHERE x.account_id = :account AND x.pipeline_id = :id",
            **_NAMING,
        },
        "pipeline_stage": {
            "opportunities": "opportunities x WHERE x.account_id = :account AND x.stage_id = :id",
            **_NAMING,
        },
        "opportunity": _NAMING,
        "campaign": {
            "enrolments": "campaign_enrollments x"
            " WHERE x.account_id = :account AND x.campaign_id = :id",
            **_NAMING,
        },
        "campaign_step": _NAMING,
        "audio_file": _NAMING,
        "course": {
            "accesses": "course_access x WHERE x.account_id = :account AND x.course_id = :id",
            **_NAMING,
        },
        "messenger_page": _NAMING,
    }
)
