# Types of what tools/ucow/plang uses of hypothesis: its own take mypy as long as everything else.
import enum
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from hypothesis.strategies import SearchStrategy

F = TypeVar("F", bound=Callable[..., None])

class HealthCheck(enum.Enum): ...

class Phase(enum.Enum):
    generate = ...

def given(*strategies: SearchStrategy[Any]) -> Callable[[F], Callable[[], None]]: ...
def seed(number: int) -> Callable[[F], F]: ...
def settings(*, max_examples: int, phases: Sequence[Phase], database: None, deadline: None,
             suppress_health_check: Sequence[HealthCheck]) -> Callable[[F], F]: ...
