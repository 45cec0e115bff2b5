"""The filter as people read it."""

from __future__ import annotations

import pytest

from runtime.engine import seccomp
from runtime.server.verbs import walls


def test_our_profile_is_told_whole() -> None:
    profile = seccomp.profile("x86_64")
    told = walls.in_words(profile)
    assert [rule.names for rule in told.rules] == [rule["names"] for rule in profile["syscalls"]]
    assert (told.default_action, told.default_errno) == ("SCMP_ACT_ERRNO", "ENOSYS")
    assert told.architectures[0] == "SCMP_ARCH_X86_64"
    assert {rule.errno for rule in told.rules} == {None, "EPERM", "ENOSYS", "EINVAL"}


@pytest.mark.parametrize(
    ("arg", "words"),
    [
        ({"index": 0, "value": 0x7E020000, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}, "arg0 & 0x7e020000 == 0"),
        ({"index": 2, "value": 9, "op": "SCMP_CMP_EQ"}, "arg2 == 9"),
        ({"index": 1, "value": 0x20008, "op": "SCMP_CMP_NE"}, "arg1 != 0x20008"),
        ({"index": 0, "value": 5, "op": "SCMP_CMP_GE"}, "arg0 >= 5"),
    ],
)
def test_conditions_are_words(arg: dict[str, object], words: str) -> None:
    rule = {"names": ["x"], "action": "SCMP_ACT_ERRNO", "args": [arg]}
    told = walls.in_words({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]})
    assert told.rules[0].args == [words]
    assert (told.rules[0].errno, told.default_errno) == ("EPERM", None)
