"""What a function of the host must look like for the extension to stand in its place."""

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
        vocabulary: Every name and text its body may use, or None where the body is left to run.
            A word beyond these means that the host does something there that the extension
            does not know of, such as a new check.
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
    """Return how a function differs from a shape, or None where it fits."""
    # A proxy, such as one of `wrapt`, says that it is of the type of what it wraps.
    if type(function) is not FunctionType:
        return Mismatch("a function", f"an object of type {type(function).__name__}")
    return find_mismatch_of_code(function.__code__, shape)


def find_mismatch_of_code(code: CodeType, shape: Shape) -> Mismatch | None:
    """Return how the code of a function differs from a shape, or None where it fits."""
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
        # A function of a module encloses nothing; what does is a wrapper that looks like it.
        unknown = vocabulary(code).union(code.co_freevars) - shape.vocabulary
        if unknown:
            return Mismatch("a body it knows", f"the new words {', '.join(sorted(unknown))}")
    return None


def vocabulary(code: CodeType) -> frozenset[str]:
    """Return every name and text that a body uses, those of the code nested in it included.

    The names of keyword arguments are among them: CPython keeps them as tuples of texts.
    """
    return frozenset(code.co_names).union(*map(_words, code.co_consts))


def _words(constant: object) -> frozenset[str]:
    if isinstance(constant, str):
        return frozenset({constant})
    if isinstance(constant, tuple | frozenset):
        return frozenset().union(*map(_words, constant))
    return vocabulary(constant) if isinstance(constant, CodeType) else frozenset()
