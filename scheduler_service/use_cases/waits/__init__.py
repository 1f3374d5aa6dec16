"""The wait steps: one module for each timing action, found by the action's type.

A module `<type>.py` here offers `plan(config, facts) -> Wait`. Nobody keeps a list.
"""

import pkgutil
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType

from scheduler_service.domain.wait import Wait
from scheduler_service.use_cases.wait_facts import WaitFacts
from treadle.workflow.v1.action_pb2 import ActionConfig

Planner = Callable[[ActionConfig, WaitFacts], Wait]


@cache
def planners() -> Mapping[str, Planner]:
    """The planner of each action type that the scheduler runs."""
    return MappingProxyType(
        {
            module.name: import_module(f"{__name__}.{module.name}").plan
            for module in pkgutil.iter_modules(__path__)
        }
    )
