"""The shape that a function of the host must have before the extension replaces it."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from types import CodeType, FunctionType


@dataclass(frozen=True, slots=True)
class Shape:
    """The expected shape of a function.

    Attributes:
        parameters: The names of the parameters, in order.
        is_async: Whether it is a coroutine function.
        vocabulary: Every name and text that its body may use; None where the replacement calls it.
            Another word means that the host does something new there, such as a further check.
    """

    parameters: tuple[str, ...]
    is_async: bool
    vocabulary: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Mismatch:
    """What was required of a function, and what was found."""

    required: str
    found: str

    def __str__(self) -> str:
        """Return both in one sentence."""
        return f"expected {self.required}, found {self.found}"


def find_mismatch(function: object, shape: Shape) -> Mismatch | None:
    """Return how a function differs from a shape, or None if it fits."""
    # `isinstance` believes a proxy, such as one of `wrapt`, that it is the function it wraps.
    if type(function) is not FunctionType:
        return Mismatch("a function", f"an object of type {type(function).__name__}")
    return find_mismatch_of_code(function.__code__, shape)


def find_mismatch_of_code(code: CodeType, shape: Shape) -> Mismatch | None:
    """Return how the code of a function differs from a shape, or None if it fits."""
    if bool(code.co_flags & inspect.CO_COROUTINE) is not shape.is_async:
        kinds = {True: "an async function", False: "a function that is not async"}
        return Mismatch(kinds[shape.is_async], kinds[not shape.is_async])
    arguments = inspect.getargs(code)
    others = (arguments.varargs, arguments.varkw)
    parameters = (*arguments.args, *(name for name in others if name is not None))
    if parameters != shape.parameters:
        return Mismatch(
            f"the parameters ({', '.join(shape.parameters)})", f"({', '.join(parameters)})"
        )
    if shape.vocabulary is not None:
        # A module's function has no free variables. One that has is a wrapper.
        unknown = vocabulary(code).union(code.co_freevars) - shape.vocabulary
        if unknown:
            return Mismatch("a body it knows", f"the new words {', '.join(sorted(unknown))}")
    return None


def vocabulary(code: CodeType) -> frozenset[str]:
    """Return every name and text that a body uses, nested code included.

    They include the names of keyword arguments, which CPython keeps as tuples of texts.
    """
    return frozenset(code.co_names).union(*map(_words, code.co_consts))


def _words(constant: object) -> frozenset[str]:
    if isinstance(constant, str):
        return frozenset({constant})
    if isinstance(constant, tuple | frozenset):
        return frozenset().union(*map(_words, constant))
    return vocabulary(constant) if isinstance(constant, CodeType) else frozenset()
