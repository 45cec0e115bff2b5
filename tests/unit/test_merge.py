"""RFC 7396: a diff applied to the old value gives the new one."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.protocol.merge import apply, diff

scalars = st.booleans() | st.integers(-5, 5) | st.floats(-2, 2) | st.text("aé", max_size=3)
leaves = scalars | st.lists(scalars | st.none(), max_size=3)
documents = st.dictionaries(
    st.sampled_from("abcde"),
    st.recursive(leaves, lambda inner: st.dictionaries(st.sampled_from("xyz"), inner, max_size=3), max_leaves=8),
    max_size=5,
)


@given(documents, documents)
def test_applying_the_difference_gives_the_new_document(old: dict[str, Any], new: dict[str, Any]) -> None:
    before = copy.deepcopy(old)
    assert apply(old, diff(old, new)) == new
    assert old == before


@given(documents)
def test_equal_documents_differ_by_nothing(document: dict[str, Any]) -> None:
    assert diff(document, copy.deepcopy(document)) == {}


@given(st.lists(documents, min_size=2, max_size=5))
def test_a_chain_of_patches_ends_where_the_documents_end(documents: list[dict[str, Any]]) -> None:
    state = documents[0]
    for old, new in itertools.pairwise(documents):
        state = apply(state, diff(old, new))
    assert state == documents[-1]


def test_true_and_one_are_different() -> None:
    assert diff({"a": 1}, {"a": True}) == {"a": True}


def test_a_member_that_became_null_reads_as_absent() -> None:
    assert apply({"a": 1, "b": 2}, diff({"a": 1, "b": 2}, {"a": None, "b": 2})) == {"b": 2}


# RFC 7396, appendix A (those whose documents are objects)
@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_the_examples_of_the_rfc(target: dict[str, Any], patch: dict[str, Any], result: dict[str, Any]) -> None:
    assert apply(target, patch) == result
