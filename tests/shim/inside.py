"""For the snippets that run under the shim: the driver's ioctl and others, and what must fail."""

import ctypes
import errno
import fcntl
import mmap
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

__all__ = [
    "BLKGETSIZE64",
    "CONTROL",
    "DM_IOCTL",
    "LIBC",
    "MAPPER",
    "Path",
    "PlistRef",
    "ask",
    "children",
    "ctypes",
    "dm_ioctl",
    "errno",
    "exits_well",
    "fcntl",
    "ioctl",
    "mmap",
    "netbsd_read",
    "open_control",
    "os",
    "refused",
    "request",
    "signal",
    "socket",
    "stat",
    "struct",
    "subprocess",
    "sys",
    "threading",
]

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.fopen.restype = LIBC.mmap.restype = ctypes.c_void_p
MAPPER = "/dev/mapper"
CONTROL = "/dev/mapper/control"
DM_IOCTL = 0xC010FD00
BLKGETSIZE64 = 0x80081272


class PlistRef(ctypes.Structure):
    """struct plistref."""

    _fields_ = (("plist", ctypes.c_void_p), ("length", ctypes.c_size_t))


def open_control() -> int:
    """The control node, which no exec closes."""
    descriptor = os.open(CONTROL, os.O_RDWR)
    os.set_inheritable(descriptor, True)
    return descriptor


def request(command: str, rest: str = "") -> bytes:
    """The text of a request."""
    return (
        '<plist version="1.0"><dict>'
        f"<key>command</key><string>{command}</string><key>flags</key><integer>0x4</integer>{rest}"
        "<key>version</key><array><integer>4</integer><integer>0</integer></array>"
        "</dict></plist>"
    ).encode()


def ioctl(descriptor: int, number: int, argument: object = None) -> None:
    """ioctl(2), through libc; raises `OSError`."""
    if LIBC.ioctl(descriptor, ctypes.c_ulong(number), argument) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def dm_ioctl(descriptor: int, text: bytes, length: int | None = None) -> bytes:
    """The driver's ioctl; the reply without its NUL, which is unmapped.  Raises `OSError`."""
    buffer = ctypes.create_string_buffer(text)
    place = ctypes.cast(buffer, ctypes.c_void_p).value
    reference = PlistRef(place, len(text) + 1 if length is None else length)
    ioctl(descriptor, DM_IOCTL, ctypes.byref(reference))
    reply = ctypes.string_at(reference.plist, reference.length)
    assert reply.endswith(b"\0")
    assert LIBC.munmap(ctypes.c_void_p(reference.plist), ctypes.c_size_t(reference.length)) == 0
    return reply[:-1]


def ask(descriptor: int, command: str, name: str = "") -> bytes:
    """A command about a device."""
    return dm_ioctl(descriptor, request(command, f"<key>name</key><string>{name}</string>"))


def refused(call: Callable[..., object], *arguments: object) -> str:
    """The name of the error that a call fails with."""
    try:
        result = call(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    raise AssertionError(f"it succeeded: {result!r}")


def netbsd_read(group: str, number: int, size: int) -> int:
    """NetBSD's _IOR."""
    return 0x40000000 | size << 16 | ord(group) << 8 | number


def exits_well(process: int) -> None:
    """Wait for a child; it must have ended with 0."""
    _, status = os.waitpid(process, 0)
    assert status == 0, f"the child ended with {status:#x}"


def children(count: int, work: Callable[[int], None]) -> list[int]:
    """Processes that do `work` and end."""
    started = []
    for number in range(count):
        process = os.fork()
        if process == 0:
            try:
                work(number)
            except BaseException as error:  # noqa: BLE001 (the parent must not go on twice)
                os.write(2, f"{error!r}\n".encode())
                os._exit(1)
            os._exit(0)
        started.append(process)
    return started
