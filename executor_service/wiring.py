"""Gives handlers the ports that their constructors ask for, by type, made when first needed."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar, get_type_hints

from common.catalogue import catalogue
from executor_service.deliveries import DeliveryHandler
from executor_service.handlers import discover
from executor_service.handlers.base import Handler
from executor_service.lookups import LookupHandler
from executor_service.pipeline import Action, Deliveries, Lookups

# The category whose executors send deliveries and look messages up: they have the providers'
# credentials.
DELIVERED_BY: Final = "communication"

HandlerT = TypeVar("HandlerT", bound=Handler)
Providers = Mapping[type, Callable[[], object]]


class Wiring:
    """Builds handlers; each provider is called at most once."""

    def __init__(self, providers: Providers) -> None:
        self._providers = providers
        self._made: dict[type, object] = {}

    def actions(self, categories: Iterable[str]) -> dict[str, Action]:
        """The actions of the categories by type, each with its handler."""
        types = catalogue()
        return {
            action_type: Action(types.get(action_type), self.build(handler_class))
            for action_type, handler_class in discover(categories).items()
        }

    def deliveries(self) -> Deliveries:
        """What sends deliveries."""
        return Deliveries(self.build(DeliveryHandler))

    def lookups(self) -> Lookups:
        """What asks providers for messages that may have been sent."""
        return Lookups(self.build(LookupHandler))

    def build(self, handler_class: type[HandlerT]) -> HandlerT:
        """A handler. Raises KeyError when it asks for something that nobody provides."""
        if handler_class.__init__ is object.__init__:
            return handler_class()
        hints: dict[str, type] = get_type_hints(handler_class.__init__)
        arguments: dict[str, Any] = {
            name: self._get(port) for name, port in hints.items() if name != "return"
        }
        return handler_class(**arguments)

    def _get(self, port: type) -> object:
        if port not in self._made:
            self._made[port] = self._providers[port]()
        return self._made[port]
