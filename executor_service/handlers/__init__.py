"""One file per action: `<category>/<action>.py` holds the handler of that action and nothing else.

They are found by their place; no list of them is kept anywhere.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Mapping

from executor_service.handlers.base import EffectHandler, HandlerClass, IoHandler


def categories() -> frozenset[str]:
    """The categories that have handlers."""
    return frozenset(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg)


def discover(wanted: Iterable[str]) -> Mapping[str, HandlerClass]:
    """Handler classes of the wanted categories by action type.

    Only those categories are imported: a fleet for CRM need not load the providers' SDKs.
    """
    found: dict[str, HandlerClass] = {}
    for category in wanted:
        package = importlib.import_module(f"{__name__}.{category}")
        for module in pkgutil.iter_modules(package.__path__):
            found[module.name] = _only_handler(f"{package.__name__}.{module.name}")
    return found


def _only_handler(module_name: str) -> HandlerClass:
    module = importlib.import_module(module_name)
    classes: list[HandlerClass] = [
        member
        for _, member in inspect.getmembers(module, inspect.isclass)
        if member.__module__ == module_name and issubclass(member, EffectHandler | IoHandler)
    ]
    if len(classes) != 1:
        raise TypeError(f"{module_name} must define exactly one handler, not {len(classes)}")
    return classes[0]
