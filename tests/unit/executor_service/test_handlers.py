"""The contract of the handlers: declared actions and handler files are the same set."""

from common.catalogue import catalogue, contact_fields
from executor_service.contact_values import BUILT_IN
from executor_service.handlers import categories, discover
from executor_service.handlers.base import EffectHandler
from treadle.options.v1.options_pb2 import IdempotencyClass

# The scheduler is the executor of waits.
ELSEWHERE = {"timing"}


def test_declared_actions_and_handlers_are_the_same_set() -> None:
    declared = {
        (spec.category, spec.type)
        for spec in catalogue().types.values()
        if spec.category not in ELSEWHERE
    }
    handled = {(category, name) for category in categories() for name in discover([category])}
    assert handled == declared


def test_effect_handlers_are_the_transactional_actions() -> None:
    for name, handler_class in discover(categories()).items():
        transactional = (
            catalogue().get(name).idempotency == IdempotencyClass.IDEMPOTENCY_CLASS_TRANSACTIONAL
        )
        assert issubclass(handler_class, EffectHandler) is transactional, name


def test_handlers_are_called_after_their_actions() -> None:
    for name, handler_class in discover(categories()).items():
        assert handler_class.__name__ == name.title().replace("_", "") + "Handler"


def test_handlers_know_every_field_that_actions_may_name() -> None:
    assert set(BUILT_IN) == set(contact_fields())
