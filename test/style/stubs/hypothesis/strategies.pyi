# Types for hypothesis.strategies.
from collections.abc import Callable
from typing import Generic, TypeVar

A = TypeVar("A")
B = TypeVar("B")
T = TypeVar("T", covariant=True)

class SearchStrategy(Generic[T]):
    def map(self, function: Callable[[T], A]) -> SearchStrategy[A]: ...

def integers(low: int, high: int) -> SearchStrategy[int]: ...
def lists(elements: SearchStrategy[A], *, min_size: int, max_size: int) -> SearchStrategy[list[A]]: ...
def tuples(first: SearchStrategy[A], second: SearchStrategy[B]) -> SearchStrategy[tuple[A, B]]: ...
