"""OpenAPI schemas of the worker's own structs, made from them: what they name is what is answered.

The X-ray's answers pass through unchanged, in the live stream's form. Written out a second time, every member would be
one that can be forgotten here.
"""

from __future__ import annotations

import inspect
import types
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct
from ninja import Schema
from pydantic import create_model

from playground.api.examples import EXAMPLES


@cache
def mirrored(struct: type[Struct]) -> type[Schema]:
    """A schema of the struct's name, with its docstring. Members are required unless the struct leaves out defaults."""
    hints = get_type_hints(struct)
    sparse = struct.__struct_config__.omit_defaults
    fields: dict[str, Any] = {}
    for field in msgspec.structs.fields(struct):
        optional = sparse and field.default is not msgspec.NODEFAULT
        fields[field.name] = (_mirrored(hints[field.name]), field.default if optional else ...)
    extra = {"json_schema_extra": {"example": EXAMPLES[struct]}} if struct in EXAMPLES else {}
    return create_model(
        struct.__name__, __base__=Schema, __doc__=inspect.getdoc(struct), __cls_kwargs__=extra, **fields
    )


def _mirrored(kind: Any) -> Any:
    """The same type with mirrored structs in it."""
    if isinstance(kind, type) and issubclass(kind, Struct):
        return mirrored(kind)
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal or not inner:
        return kind
    if origin in (Union, types.UnionType):
        return Union[tuple(_mirrored(each) for each in inner)]  # noqa: UP007 -- made at run time
    if origin is Annotated:
        return _mirrored(inner[0])
    return types.GenericAlias(origin, tuple(_mirrored(each) for each in inner))
