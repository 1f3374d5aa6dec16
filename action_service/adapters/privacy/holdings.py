"""What is held of a contact: for each table, which rows are theirs and what becomes of them.

One list serves both rights of the person, so that what is exported and what is erased cannot come
apart. A test holds the schema against it: a table that is neither here nor among those that hold
nothing of contacts makes it fail.
"""

from dataclasses import dataclass
from typing import Final

# Rows `t` whose text names the contact's id, or one of their addresses.
_NAMES_CONTACT: Final = "position(CAST(:contact_text AS text) in CAST({column} AS text)) > 0"
_NAMES_ADDRESS: Final = """EXISTS (
    SELECT FROM unnest(CAST(:addresses AS text[])) AS known(address)
    WHERE position(known.address in lower(CAST({column} AS text))) > 0
)"""
_OWN: Final = "t.contact_id = :contact"
_OF_STEPS: Final = """t.action_execution_id IN (
    SELECT x.id FROM workflow_action_executions x
    WHERE x.account_id = :account AND x.contact_id = :contact
)"""
_ERASED: Final = "the contact was erased"


@dataclass(frozen=True, slots=True)
class Holding:
    """A table's rows of a contact, in statements where `t` is the table.

    Parameters are `:account`, `:contact`, `:contact_text` and `:addresses` (in lower case).
    Of rows that are part of the account's own history, `redaction` sets what says anything of the
    person; others are deleted. `section` is where the export shows them, by the columns in
    `shown`; what only repeats other sections is not shown.
    """

    table: str
    whose: str
    redaction: str = ""
    section: str = ""
    shown: str = "to_jsonb(t) - 'account_id' - 'contact_id'"
    order: str = "t.id"
    # Set where rows of other accounts may be theirs too.
    everywhere: bool = False

    @property
    def where(self) -> str:
        """The condition of statements about the rows."""
        return self.whose if self.everywhere else f"t.account_id = :account AND {self.whose}"


_MESSAGE_EVENTS: Final = """(
    (t.provider, t.provider_message_id) IN (
        SELECT m.provider, m.provider_message_id FROM messages m
        WHERE m.account_id = :account AND m.contact_id = :contact
    )
    OR t.conversation_id IN (
        SELECT i.id FROM messenger_identities i
        WHERE i.account_id = :account AND i.contact_id = :contact
    )
    OR t.provider = 'stripe' AND EXISTS (
        SELECT FROM payment_references p
        WHERE p.account_id = :account AND p.contact_id = :contact
          AND p.reference = t.provider_message_id
          AND (t.of_account = :account OR t.of_account IS NULL AND NOT p.of_account_alone)
    )
    -- Of a message that nobody knows it is not said for which account's contact it was.
    OR (
        t.account_id = :account
        OR t.applied_at IS NULL AND t.provider_message_id IS NOT NULL AND t.provider <> 'stripe'
        AND NOT EXISTS (
            SELECT FROM messages m
            WHERE m.provider = t.provider AND m.provider_message_id = t.provider_message_id
              AND m.action_execution_id IS NOT NULL
        )
    ) AND {named}
)"""

# In the order of erasing: what finds its rows by others' goes before those.
HOLDINGS: Final = (
    Holding(
        "provider_events",
        _MESSAGE_EVENTS.format(named=_NAMES_ADDRESS.format(column="t.payload")),
        redaction="payload = '{}', detail = '{}'",
        section="provider_events",
        # Accounts that share a provider's have its events posted for one of them.
        everywhere=True,
    ),
    Holding(
        "messages",
        _OWN,
        # The row stays, so that what the provider may still tell of it is not kept either.
        redaction="""contact_id = NULL, conversation_id = NULL, reason = NULL, details = '{}',
            erased_at = now()""",
        section="messages",
    ),
    Holding(
        "payment_references",
        _OWN,
        # The row stays for the same reason.
        redaction="contact_id = NULL",
        section="payment_references",
        order="t.reference",
    ),
    Holding("unknown_sends", f"({_OWN} OR {_OF_STEPS})", section="unknown_sends"),
    Holding(
        "dead_letters",
        # Messages are protobuf: texts are in them as they are.
        f"({_OWN} OR {_NAMES_CONTACT} OR {_NAMES_ADDRESS})".format(
            column="encode(t.payload, 'escape')"
        ),
    ),
    Holding(
        "workflow_action_attempts",
        _OF_STEPS,
        redaction="error_message = NULL, provider_reference = NULL",
        section="attempts",
    ),
    Holding("send_claims", _OF_STEPS, redaction="provider_reference = NULL"),
    Holding(
        "workflow_action_executions",
        # A contact that a step has made is in what the step returned, whoever it ran for.
        f"({_OWN} OR t.action_type = 'create_contact'"
        " AND t.result_data ->> 'contact_id' = CAST(:contact_text AS text))",
        redaction=f"""execution_data = '{{}}', result_data = '{{}}', hold = NULL,
            error_message = CASE WHEN t.error_message IS NOT NULL THEN '{_ERASED}' END,
            reason = CASE WHEN t.reason IS NOT NULL THEN '{_ERASED}' END,
            contact_id = NULLIF(t.contact_id, :contact)""",
        section="steps",
        shown="to_jsonb(t) - 'account_id' - 'contact_id' - 'attempt_id' - 'lease_until' - 'rings'",
    ),
    Holding(
        "workflow_executions",
        _OWN,
        redaction=f"""event = NULL, reason = CASE WHEN t.reason IS NOT NULL THEN '{_ERASED}' END,
            contact_id = NULL""",
        section="executions",
    ),
    Holding(
        "execution_operations",
        _NAMES_CONTACT.format(column="t.filter"),
        redaction="""filter = jsonb_set(
            t.filter, '{contact_ids}', (t.filter -> 'contact_ids') - CAST(:contact_text AS text)
        )""",
    ),
    Holding(
        "deliveries",
        f"({_OWN} OR lower(t.recipient) = ANY(CAST(:addresses AS text[])))",
        section="deliveries",
    ),
    Holding("notifications", _OWN, section="notifications"),
    Holding("notes", _OWN, section="notes"),
    Holding("tasks", _OWN, section="tasks"),
    Holding("opportunities", _OWN, section="opportunities"),
    Holding("campaign_enrollments", _OWN, section="enrollments"),
    Holding("course_access", _OWN, section="course_access"),
    Holding(
        "contact_tags",
        _OWN,
        section="tags",
        shown="""jsonb_build_object('added_at', t.added_at, 'name', (
            SELECT g.name FROM tags g WHERE g.id = t.tag_id))""",
        order="t.added_at",
    ),
    Holding("workflow_entries", _OWN),
    Holding("heard_events", _OWN, section="events", order="t.occurred_at"),
    Holding("consents", _OWN, section="consents", order="t.channel, t.purpose"),
    Holding(
        "suppressions",
        # Hashes stand for the addresses from now on.
        "(t.address = ANY(CAST(:addresses AS text[]))"
        " OR t.channel = 'contact' AND t.address = CAST(:contact_text AS text))",
        section="suppressions",
    ),
    Holding(
        "contact_import_refusals",
        _NAMES_ADDRESS.format(column="t.given"),
        section="refused_import_rows",
        order="t.import_id, t.row_number",
    ),
    Holding(
        "request_log",
        # Answers are protobuf: texts are in them as they are.
        f"({_NAMES_CONTACT} OR {_NAMES_ADDRESS})".format(column="encode(t.response, 'escape')"),
    ),
    Holding(
        "audit_log",
        "(t.entity_id = :contact OR "
        + " OR ".join(
            names.format(column=column)
            for names in (_NAMES_CONTACT, _NAMES_ADDRESS)
            for column in ("t.before", "t.after")
        )
        + ")",
        redaction="before = NULL, after = NULL",
        section="audit",
    ),
    Holding("messenger_identities", _OWN, section="messenger_identities"),
    Holding(
        "contacts",
        "t.id = :contact",
        section="contact",
        shown="to_jsonb(t) - 'account_id' - 'email_key'",
    ),
)

# Searched by what reads them, as they hold many contacts' data in one value.
PACKED: Final = ("contact_import_batches", "event_outbox")

# Tables that hold nothing of any contact: what the account has made, its users, and ids.
IMPERSONAL: Final = frozenset(
    {
        "account_data_keys",
        "accounts",
        "alembic_version",
        "assignment_turns",
        "audio_files",
        "campaign_steps",
        "campaigns",
        "contact_imports",
        "courses",
        "credentials",
        "custom_fields",
        "email_templates",
        "erasures",
        "event_types",
        "execution_operation_batches",
        "messenger_pages",
        "pipeline_stages",
        "pipelines",
        "provider_circuits",
        "provider_limits",
        # The ids that other systems have given to their events.
        "published_events",
        "spent_timers",
        "tags",
        "team_members",
        "teams",
        "users",
        "workflow_actions",
        "workflow_branches",
        "workflow_versions",
        "workflows",
    }
)
