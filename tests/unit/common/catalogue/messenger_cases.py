"""The cases of send_messenger; `cases` says how they are to be read."""

from typing import Any

from tests.unit.common.catalogue.case import (
    BAD_LIQUID,
    BAD_URL,
    BOOLEAN,
    MALFORMED_TEXT,
    UNKNOWN_VALUE,
    UUID,
    Case,
)

TYPE = "send_messenger"
TEXT: dict[str, Any] = {"page_id": UUID, "message_type": "text", "content": {"text": "Hi"}}
PICTURE = "https://example.com/a.png"
REPLY = {"title": "Yes", "payload": "YES"}
BUTTON = {"type": "postback", "title": "Yes", "payload": "YES"}
CARD = {"title": "Bread", "subtitle": "Fresh"}

VALID: dict[str, dict[str, Any]] = {TYPE: TEXT}

CASES = [
    Case(TYPE, "page_id", (UUID, UUID.upper()), (
        ("must be a UUID", "bakery"), ("is required", None), MALFORMED_TEXT,
        ("takes no merge fields", "{{contact.custom_fields.page}}"),
    )),
    Case(TYPE, "message_type", ("text",), (
        ("must be one of text, image, template, quick_reply", "video"), ("is required", None),
    )),
    Case(TYPE, "content", ({"text": "Hi"},), (
        ("is required", None), ("must be an object, not text", "Hi"),
    )),
    Case(TYPE, "content.text", ("x" * 2000, "Hi\nthere", "{{ contact.first_name }}" * 200), (
        ("is required and must not be blank", ""),
        ("is required and must not be blank", "  "),
        ("must have at most 2,000 characters, not 2,001", "x" * 2001),
        ("must not contain a NUL", "a\0b"),
        BAD_LIQUID, UNKNOWN_VALUE, MALFORMED_TEXT,
    )),
    Case(TYPE, "content.title", (), (
        ("is not a field of content when message_type is text; its fields are text", "x"),
    )),
    Case(TYPE, "messaging_type", ("RESPONSE", "UPDATE", None), (
        ("must be one of RESPONSE, UPDATE, MESSAGE_TAG; did you mean 'RESPONSE'?", "response"),
    )),
    Case(TYPE, "tag", (None,), (
        ("must not be given when messaging_type is UPDATE", "HUMAN_AGENT"),
    )),
    Case(TYPE, "purpose", ("marketing", "transactional", None), (
        ("must be one of marketing, transactional", "sales"),
    )),
]  # fmt: skip

# A message of each type, and what may and may not stand in it.
IMAGE: dict[str, Any] = {**TEXT, "message_type": "image", "content": {"url": PICTURE}}
QUICK_REPLY: dict[str, Any] = {
    **TEXT,
    "message_type": "quick_reply",
    "content": {"text": "Fresh bread?", "quick_replies": [REPLY]},
}
GENERIC: dict[str, Any] = {
    **TEXT,
    "message_type": "template",
    "content": {"template_type": "generic", "elements": [CARD]},
}
BUTTONS: dict[str, Any] = {
    **TEXT,
    "message_type": "template",
    "content": {"template_type": "button", "text": "Bread?", "buttons": [BUTTON]},
}
TAGGED: dict[str, Any] = {**TEXT, "messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}

FORMS: list[tuple[dict[str, Any], Case]] = [
    (IMAGE, Case(TYPE, "content.url", (PICTURE, "{{ contact.custom_fields.picture }}"), (
        (BAD_URL, "a.png"), ("is required", ""), ("is required", None), MALFORMED_TEXT, BAD_LIQUID,
    ))),
    (IMAGE, Case(TYPE, "content.is_reusable", (True, False), (BOOLEAN,))),
    (IMAGE, Case(TYPE, "content.text", (), (("is not a field of content", "Hi"),))),
    (QUICK_REPLY, Case(TYPE, "content.text", ("Hi",), (
        ("is required", ""), ("at most 2,000 characters", "x" * 2001),
    ))),
    (QUICK_REPLY, Case(TYPE, "content.quick_replies", ([REPLY] * 13,), (
        ("must have at most 13 items, not 14", [REPLY] * 14), ("give at least one item", []),
        ("is required", None), ("must be a list, not an object", REPLY),
    ))),
    (QUICK_REPLY, Case(TYPE, "content.quick_replies[0]", ({"content_type": "user_email"}, {
        "content_type": "user_phone_number", "payload": "PHONE"}, {**REPLY, "image_url": PICTURE},
    ), (("must be an object, not text", "Yes"),))),
    (QUICK_REPLY, Case(TYPE, "content.quick_replies[0].title",
        ("x" * 20, "{{ contact.first_name | default: 'there' }}"), (
        ("must have at most 20 characters, not 21", "x" * 21),
        ("title is required when content_type is text", ""), ("must be a single line", "a\nb"),
        BAD_LIQUID, MALFORMED_TEXT,
    ))),
    (QUICK_REPLY, Case(TYPE, "content.quick_replies[0].payload", ("x" * 1000,), (
        ("at most 1,000 characters", "x" * 1001), ("payload is required", None),
    ))),
    (QUICK_REPLY, Case(TYPE, "content.quick_replies[0].content_type", ("text", None), (
        ("must be one of text, user_phone_number, user_email", "location"),
    ))),
    (QUICK_REPLY, Case(TYPE, "content.quick_replies[0].image_url", (PICTURE,), ((BAD_URL, "a"),))),
    (GENERIC, Case(TYPE, "content.template_type", ("generic",), (
        ("must be one of generic, button", "receipt"), ("is required", None),
    ))),
    (GENERIC, Case(TYPE, "content.elements", ([CARD] * 10,), (
        ("must have at most 10 items, not 11", [CARD] * 11),
        ("elements is required when template_type is generic", []),
    ))),
    (GENERIC, Case(TYPE, "content.elements[0]", ({**CARD, "image_url": PICTURE},), (
        ("needs at least one of subtitle, image_url, default_action, buttons", {"title": "x"}),
    ))),
    (GENERIC, Case(TYPE, "content.elements[0].title", ("x" * 80,), (
        ("at most 80 characters", "x" * 81), ("is required", ""),
    ))),
    (GENERIC, Case(TYPE, "content.elements[0].subtitle", ("x" * 80,), (
        ("at most 80 characters", "x" * 81),
    ))),
    (GENERIC, Case(TYPE, "content.elements[0].image_url", (PICTURE,), ((BAD_URL, "a.png"),))),
    (GENERIC, Case(TYPE, "content.elements[0].default_action",
        ({"url": PICTURE}, {"type": "web_url", "url": PICTURE, "webview_height_ratio": "tall"}),
        (("must be an object", "x"),))),
    (GENERIC, Case(TYPE, "content.elements[0].default_action.url", (), (("is required", None),))),
    (GENERIC, Case(TYPE, "content.elements[0].buttons", ([BUTTON] * 3,), (
        ("must have at most 3 items, not 4", [BUTTON] * 4),
    ))),
    (GENERIC, Case(TYPE, "content.text", (), (
        ("text must not be given when template_type is generic", "Hi"),
    ))),
    (GENERIC, Case(TYPE, "content.buttons", (), (
        ("buttons must not be given when template_type is generic", [BUTTON]),
    ))),
    (GENERIC, Case(TYPE, "content.sharable", (True,), (BOOLEAN,))),
    (BUTTONS, Case(TYPE, "content.text", ("x" * 640,), (
        ("at most 640 characters", "x" * 641), ("text is required when template_type", None),
    ))),
    (BUTTONS, Case(TYPE, "content.buttons", ([BUTTON] * 3,), (
        ("must have at most 3 items, not 4", [BUTTON] * 4), ("buttons is required when", []),
    ))),
    (BUTTONS, Case(TYPE, "content.elements", (), (
        ("elements must not be given when template_type is button", [CARD]),
    ))),
    (BUTTONS, Case(TYPE, "content.sharable", (), (("must not be given", True),))),
    (BUTTONS, Case(TYPE, "content.buttons[0]", (
        {"type": "web_url", "title": "Shop", "url": PICTURE, "webview_height_ratio": "full"},
        {"type": "phone_number", "title": "Call", "payload": "+14155550100"},
    ), (("must be an object", "x"),))),
    (BUTTONS, Case(TYPE, "content.buttons[0].type", ("postback", "phone_number"), (
        ("must be one of web_url, postback, phone_number", "login"),
    ))),
    (BUTTONS, Case(TYPE, "content.buttons[0].title", ("x" * 20,), (
        ("at most 20 characters", "x" * 21), ("is required", ""),
    ))),
    (BUTTONS, Case(TYPE, "content.buttons[0].payload", ("x" * 1000,), (
        ("at most 1,000 characters", "x" * 1001),
        ("payload is required when type is postback", None),
    ))),
    (BUTTONS, Case(TYPE, "content.buttons[0].url", (), (
        ("url must not be given when type is postback", PICTURE),
    ))),
    (BUTTONS, Case(TYPE, "content.buttons[0].webview_height_ratio", (), (
        ("must not be given when type is postback", "tall"),
    ))),
    (TAGGED, Case(TYPE, "tag", ("HUMAN_AGENT",), (
        ("must be one of HUMAN_AGENT", "ACCOUNT_UPDATE"),
        ("tag is required when messaging_type is MESSAGE_TAG", None),
    ))),
]  # fmt: skip
