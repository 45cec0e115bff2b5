"""The walls around a container's processes: the filter of their system calls."""

from __future__ import annotations

import asyncio
import errno
import json
import os
from typing import Any

from runtime.engine import seccomp
from runtime.engine.place import Place
from runtime.errors import Code, Fault
from runtime.protocol import messages, xray
from runtime.server.context import Context

MAX_SPEC = 1024 * 1024
ERRNO = "SCMP_ACT_ERRNO"
_SIGNS = {
    "SCMP_CMP_NE": "!=",
    "SCMP_CMP_LT": "<",
    "SCMP_CMP_LE": "<=",
    "SCMP_CMP_EQ": "==",
    "SCMP_CMP_GE": ">=",
    "SCMP_CMP_GT": ">",
}
_MASKED = "SCMP_CMP_MASKED_EQ"


async def read_seccomp(context: Context, request: messages.ReadSeccomp) -> messages.SeccompSeen:
    """What its config.json says, or the tier's profile where that is not to be had."""
    record = context.owned(request.id, request.owner)
    profile = await asyncio.to_thread(_born_with, Place(context.config, record.id).spec)
    return messages.SeccompSeen(seccomp=in_words(profile or _of_tier(record.id)))


def in_words(profile: dict[str, Any]) -> xray.Seccomp:
    """`linux.seccomp` of a config.json (OCI runtime specification), with errors by name and conditions in words."""
    default = str(profile.get("defaultAction", ""))
    return xray.Seccomp(
        default_action=default,
        default_errno=_errno(default, profile.get("defaultErrnoRet")),
        architectures=[str(name) for name in profile.get("architectures", [])],
        rules=[
            xray.SeccompRule(
                names=[str(name) for name in rule.get("names", [])],
                action=str(rule.get("action", "")),
                errno=_errno(str(rule.get("action", "")), rule.get("errnoRet")),
                args=[_condition(arg) for arg in rule.get("args") or []],
            )
            for rule in profile.get("syscalls", [])
        ],
    )


def _born_with(path: str) -> dict[str, Any] | None:
    """Of our own bundle, which only root may write; None if it is gone."""
    try:
        with open(path, "rb") as file:
            found = json.loads(file.read(MAX_SPEC))["linux"]["seccomp"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, dict) else None


def _of_tier(id: str) -> dict[str, Any]:
    try:
        return seccomp.profile(os.uname().machine)
    except KeyError:
        raise Fault(Code.NOT_FOUND, f"no filter of container {id} is known") from None


def _errno(action: str, number: object) -> str | None:
    """`EPERM`, which is also what an action without a number means; None for other actions."""
    if action != ERRNO:
        return None
    value = number if isinstance(number, int) else errno.EPERM
    return errno.errorcode.get(value, str(value))


def _condition(arg: dict[str, Any]) -> str:
    """`arg0 & 0x7e020000 == 0`, `arg2 == 9`: arguments count from 0, as in the kernel's `struct seccomp_data`."""
    left, value, op = f"arg{arg.get('index', 0)}", int(arg.get("value", 0)), str(arg.get("op", ""))
    if op == _MASKED:
        return f"{left} & {value:#x} == {_plain(int(arg.get('valueTwo', 0)))}"
    return f"{left} {_SIGNS.get(op, op)} {_plain(value)}"


def _plain(value: int) -> str:
    """Small numbers as people count, flags as their bits."""
    return str(value) if value < 0x1000 else f"{value:#x}"
