"""Shapes: what fits, and what is said of what does not."""

from __future__ import annotations

import functools
from operator import itemgetter
from types import FunctionType
from typing import Any

import pytest
from owui_keygate.patching.shapes import Shape, find_mismatch, vocabulary

SHAPE = Shape(parameters=("a", "b"), is_async=True, vocabulary=frozenset({"any", "text"}))


async def fits(a, b):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201, ARG001
    return any(each == "text" for each in a)


async def has_another_parameter(a, c):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201, ARG001
    return any(each == "text" for each in a)


def is_not_async(a, b):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201, ARG001
    return any(each == "text" for each in a)


async def has_new_words(a, b):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    return all(each == "new" for each in a) or b.attribute


def test_a_function_that_fits() -> None:
    assert find_mismatch(fits, SHAPE) is None


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (None, "expected a function, found an object of type NoneType"),
        (itemgetter(0), "expected a function, found an object of type itemgetter"),
        (is_not_async, "expected an async function, found a function that is not async"),
        (has_another_parameter, "expected the parameters (a, b), found (a, c)"),
        (has_new_words, "expected a body it knows, found the new words all, attribute, new"),
    ],
)
def test_a_function_that_does_not_fit(function: object, sentence: str) -> None:
    assert str(find_mismatch(function, SHAPE)) == sentence


def test_a_shape_without_vocabulary_leaves_the_body_alone() -> None:
    assert find_mismatch(has_new_words, Shape(("a", "b"), is_async=True)) is None


def test_the_vocabulary_reaches_into_nested_code() -> None:
    assert {"any", "text"} <= vocabulary(fits.__code__)


def test_the_vocabulary_knows_the_names_of_keyword_arguments() -> None:
    def decodes(token, jwt):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        return jwt.decode(token, leeway=60, options={"verify_exp": False, "verify_aud": False})

    assert vocabulary(decodes.__code__) >= {"leeway", "options", "verify_exp", "verify_aud"}


def test_a_wrapper_that_looks_like_the_function_does_not_fit() -> None:
    inner = fits

    @functools.wraps(inner)
    async def wrapper(a, b):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        return await inner(a, b)  # type: ignore[no-untyped-call]

    mismatch = find_mismatch(wrapper, SHAPE)
    assert mismatch is not None
    assert mismatch.found == "the new words inner"


class Proxy:
    """Says that it is a function, as the wrappers of `wrapt` do, and has the code of one."""

    __code__ = fits.__code__

    @property  # type: ignore[misc]
    def __class__(self) -> type[Any]:
        return FunctionType


def test_a_proxy_that_says_it_is_a_function_does_not_fit() -> None:
    assert isinstance(Proxy(), FunctionType)
    mismatch = find_mismatch(Proxy(), SHAPE)
    assert str(mismatch) == "expected a function, found an object of type Proxy"
