"""What can be asked of a pty's master: size, signals, modes, and a slave of one's own (tty_ioctl(4), pty(7))."""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import termios
from dataclasses import dataclass

_TIOCGPTPEER = 0x5441
_TIOCSIG = 0x4004_5436
_WINSIZE = struct.Struct("HHHH")
_LFLAG, _CC = 3, 6


@dataclass(frozen=True)
class Winsize:
    cols: int
    rows: int
    xpx: int = 0
    ypx: int = 0


def winsize(fd: int) -> Winsize:
    rows, cols, xpx, ypx = _WINSIZE.unpack(fcntl.ioctl(fd, termios.TIOCGWINSZ, bytes(_WINSIZE.size)))
    return Winsize(cols, rows, xpx, ypx)


def set_winsize(fd: int, size: Winsize) -> None:
    """The kernel sends SIGWINCH to the foreground group, and only when the size is another."""
    fcntl.ioctl(fd, termios.TIOCSWINSZ, _WINSIZE.pack(size.rows, size.cols, size.xpx, size.ypx))


def open_peer(master: int) -> int:
    """A descriptor of the slave, whatever mount namespace its devpts is in; it does not become anyone's terminal.

    While one is held, reading the master never answers EIO.
    """
    flags = os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC | os.O_NONBLOCK
    return fcntl.ioctl(master, _TIOCGPTPEER, flags)


def send_signal(master: int, signum: int) -> None:
    """SIGINT, SIGQUIT or SIGTSTP to the foreground group, past a full input queue."""
    fcntl.ioctl(master, _TIOCSIG, signum)


def hang_up(master: int) -> None:
    """SIGHUP and SIGCONT to the foreground group, as a closed window gives; nothing when there is none."""
    try:
        group = os.tcgetpgrp(master)
        if group > 0:
            os.killpg(group, signal.SIGHUP)
            os.killpg(group, signal.SIGCONT)
    except (ProcessLookupError, OSError):
        return


def foreground(master: int) -> int:
    """The process group in the foreground, as the reader's pid namespace counts; 0 when there is none."""
    try:
        return os.tcgetpgrp(master)
    except OSError:
        return 0


def group_of(pid: int | None) -> int:
    """A process's group; 0 for one that has gone."""
    try:
        return os.getpgid(pid) if pid else 0
    except ProcessLookupError:
        return 0


def echoes(master: int) -> bool:
    """Whether what is typed is shown; also while a program that reads keys one by one shows them itself."""
    attributes = termios.tcgetattr(master)
    return bool(attributes[_LFLAG] & termios.ECHO) or not attributes[_LFLAG] & termios.ICANON


def signal_keys(master: int) -> dict[int, int]:
    """Which input bytes the line discipline would turn into signals now; empty in raw mode (ISIG off)."""
    attributes = termios.tcgetattr(master)
    if not attributes[_LFLAG] & termios.ISIG:
        return {}
    cc = attributes[_CC]
    keys = {
        termios.VINTR: signal.SIGINT,
        termios.VQUIT: signal.SIGQUIT,
        termios.VSUSP: signal.SIGTSTP,
    }
    return {cc[index][0]: int(signum) for index, signum in keys.items() if cc[index] != b"\0"}


def flush_input(peer: int) -> None:
    """Throw away what was typed and not yet read, as a signal key does (unless NOFLSH)."""
    if not termios.tcgetattr(peer)[_LFLAG] & termios.NOFLSH:
        termios.tcflush(peer, termios.TCIFLUSH)
