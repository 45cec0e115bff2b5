"""The filter of system calls, tried through every entry of an x86_64 kernel by a program that makes one call."""

from __future__ import annotations

import os
import struct

import pytest

from runtime.protocol import messages
from tests.support.engines import Room

pytestmark = [
    pytest.mark.requires("root", "runc", "busybox", "userns", "overlay", "cgroups"),
    pytest.mark.skipif(os.uname().machine != "x86_64", reason="the programs are machine code of x86_64"),
]
EPERM, EINVAL, ENOSYS = 1, 22, 38
AF_UNIX, AF_PACKET, AF_VSOCK, AF_NETLINK, SOCK_STREAM, SOCK_RAW = 1, 17, 40, 16, 1, 3
BASE = 0x40_0000
HEADERS = 64 + 56


def _program(code: bytes, data: bytes = b"") -> bytes:
    """A static ELF file of one segment, loaded below 4 GiB, so that 32-bit calls can point into it."""
    size = HEADERS + len(code) + len(data)
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack(
        "<HHIQQQIHHHHHH", 2, 62, 1, BASE + HEADERS, 64, 0, 0, 64, 56, 1, 64, 0, 0
    )  # fmt: skip
    return header + struct.pack("<IIQQQQQQ", 1, 5, 0, BASE, BASE, size, size, 0x1000) + code + data


def _exit_with_errno() -> bytes:
    """exit(-result) of the call before, 0 where it succeeded: test eax; jns; neg; mov edi; mov eax, 60; syscall."""
    return bytes.fromhex("85c0 7904 f7d8 eb02 31c0 89c7 b83c000000 0f05".replace(" ", ""))


def native(number: int, *arguments: int) -> bytes:
    """syscall; with bit 30 of the number set, the x32 entry."""
    loads = (b"\xbf", b"\xbe", b"\xba")  # mov edi, esi, edx
    code = b"".join(load + struct.pack("<I", value) for load, value in zip(loads, arguments, strict=False))
    return _program(code + b"\xb8" + struct.pack("<I", number) + b"\x0f\x05" + _exit_with_errno())


def compat(number: int, *arguments: int, data: bytes = b"") -> bytes:
    """int 0x80. An argument of -1 is the address of `data`."""
    tail = b"\xb8" + struct.pack("<I", number) + b"\xcd\x80" + _exit_with_errno()
    address = BASE + HEADERS + 5 * len(arguments) + len(tail)
    loads = (b"\xbb", b"\xb9", b"\xba")  # mov ebx, ecx, edx
    code = b"".join(
        load + struct.pack("<I", address if value == -1 else value)
        for load, value in zip(loads, arguments, strict=False)
    )
    return _program(code + tail, data)


X32 = 0x4000_0000
CALLS = {
    "unix socket": (native(41, AF_UNIX, SOCK_STREAM, 0), 0),
    "packet socket": (native(41, AF_PACKET, SOCK_RAW, 0), ENOSYS),
    "vsock": (native(41, AF_VSOCK, SOCK_STREAM, 0), ENOSYS),
    "netlink route": (native(41, AF_NETLINK, SOCK_RAW, 0), 0),
    "netlink netfilter": (native(41, AF_NETLINK, SOCK_RAW, 12), ENOSYS),
    "netlink audit": (native(41, AF_NETLINK, SOCK_RAW, 9), EINVAL),
    "unshare user": (native(272, 0x1000_0000), EPERM),
    "clone with a new user namespace": (native(56, 0x1000_0000 | 17, 0), ENOSYS),
    "clone3": (native(435, 0, 0), ENOSYS),
    "keyctl": (native(250, 0, 0), EPERM),
    "bpf": (native(321, 0, 0), EPERM),
    "io_uring_setup": (native(425, 1, 0), EPERM),
    "a call that is not there yet": (native(999), ENOSYS),
    "32-bit unix socket": (compat(359, AF_UNIX, SOCK_STREAM, 0), 0),
    "32-bit vsock": (compat(359, AF_VSOCK, SOCK_STREAM, 0), ENOSYS),
    "32-bit socketcall for a vsock": (
        compat(102, 1, -1, data=struct.pack("<III", AF_VSOCK, SOCK_STREAM, 0)),
        EPERM,
    ),
    "32-bit unshare": (compat(310, 0x1000_0000), EPERM),
    "32-bit keyctl": (compat(288, 0, 0), EPERM),
    "32-bit mount": (compat(21, 0, 0), EPERM),
    "x32 vsock": (native(X32 | 41, AF_VSOCK, SOCK_STREAM, 0), ENOSYS),
}


async def test_each_entry_of_the_kernel_gives_the_same_refusals(room: Room) -> None:
    id = await room.running()
    seen = {}
    for name, (program, _) in CALLS.items():
        script = "cat > /root/call && chmod +x /root/call && exec /root/call"
        argv = ["sh", "-c", script]
        result = await room.engine.exec(messages.Exec(id=id, owner=None, argv=argv, stdin=program))
        assert result.reason is None, (name, result.reason)
        seen[name] = result.exit_code
    assert seen == {name: expected for name, (_, expected) in CALLS.items()}
