"""Everything that is derived from the declarations of the actions in `protos/treadle/catalog`.

Validation, JSON Schema, defaults, NATS subjects, the database check and the documentation all come
from here, and here from the descriptors, so that an action is declared once.
"""

from common.catalogue.convert import MalformedConfigError
from common.catalogue.fields import Arity, CatalogueError, FieldSpec, MessageSpec, Shape
from common.catalogue.kinds import SECRET_MASK, contact_fields
from common.catalogue.messages import action_type_json, action_type_message, action_types
from common.catalogue.rendering import ConfigRenderError
from common.catalogue.secrets import SEALED_PREFIX, is_credential_header, is_sealed
from common.catalogue.spec import (
    ActionSpec,
    Catalogue,
    UnknownActionTypeError,
    catalogue,
    config_type,
    database_check_types,
    render_config,
)
from common.catalogue.violations import (
    ConfigStatus,
    ValidationOutcome,
    Violation,
    ViolationKind,
    path_of,
    pointer_of,
)
from common.templating import ContextNeeds

__all__ = [
    "SEALED_PREFIX",
    "SECRET_MASK",
    "ActionSpec",
    "Arity",
    "Catalogue",
    "CatalogueError",
    "ConfigRenderError",
    "ConfigStatus",
    "ContextNeeds",
    "FieldSpec",
    "MalformedConfigError",
    "MessageSpec",
    "Shape",
    "UnknownActionTypeError",
    "ValidationOutcome",
    "Violation",
    "ViolationKind",
    "action_type_json",
    "action_type_message",
    "action_types",
    "catalogue",
    "config_type",
    "contact_fields",
    "database_check_types",
    "is_credential_header",
    "is_sealed",
    "path_of",
    "pointer_of",
    "render_config",
]
