"""The ioctl itself: what it refuses, and with which errno (driver spec section 0.2)."""

import pytest

from netbsd_dm import NETBSD_9, STANDARD, Profile

from .conftest import Host, Starter


def test_every_other_request_is_enotty(host: Host) -> None:
    host.python(
        """
        fd = open_control()
        for number in (0xC010FD01, 0x8010FD00, 0x4010FD00, 0xC008FD00, 0x5401, BLKGETSIZE64, 0):
            assert refused(ioctl, fd, number, ctypes.byref(PlistRef())) == "ENOTTY", hex(number)
        # As a negative int, which is how some programs hold it.
        assert b"linear" in dm_ioctl(fd, request("targets"))
        assert refused(ioctl, fd, 2**64 - 1) == "ENOTTY"
        """
    )


@pytest.mark.parametrize(
    "text", ["", "junk", "<plist version='1.0'><dict/></plist>", "<plist><array/></plist>"]
)
def test_what_is_no_dictionary_is_eio(serving: Starter, text: str) -> None:
    with serving(profile=NETBSD_9) as host:
        host.python(f"assert refused(dm_ioctl, open_control(), {text!r}.encode()) == 'EIO'")


def test_a_length_of_0_is_eio(host: Host) -> None:
    host.python("assert refused(dm_ioctl, open_control(), request('version'), 0) == 'EIO'")


@pytest.mark.parametrize(
    ("profile", "longest", "error"), [(NETBSD_9, 65_535, "EINVAL"), (STANDARD, 2**20, "E2BIG")]
)
def test_a_length_that_is_too_large_is_refused(
    serving: Starter, profile: Profile, longest: int, error: str
) -> None:
    with serving(profile=profile) as host:
        host.python(
            f"""
            fd = open_control()
            text = request("version")
            text += b" " * ({longest} - 1 - len(text))
            assert b"<integer>0x10</integer>" in dm_ioctl(fd, text)
            assert refused(dm_ioctl, fd, text + b"  ") == {error!r}
            assert refused(dm_ioctl, fd, text, 2**62) == "E2BIG"
            assert b"<integer>0x10</integer>" in dm_ioctl(fd, text)
            """
        )


def test_what_follows_a_nul_is_ignored(host: Host) -> None:
    host.python(
        """
        text = request("version") + b"\\0 and <anything> else"
        assert b"<integer>0x10</integer>" in dm_ioctl(open_control(), text)
        """
    )


@pytest.mark.parametrize("profile", [STANDARD, NETBSD_9])
def test_a_command_that_fails_is_no_failure_of_the_ioctl(
    serving: Starter, profile: Profile
) -> None:
    with serving(profile=profile) as host:
        said = host.python(
            """
            fd = open_control()
            for command in ("info", "remove", "resume", "reload", "nosuch"):
                print(command, len(ask(fd, command, "missing")))
            """
        )
    assert len(said.splitlines()) == 5


def test_memory_that_cannot_be_used_is_efault(host: Host) -> None:
    host.python(
        """
        def fails(reference, fd=open_control()):
            assert refused(ioctl, fd, DM_IOCTL, reference) == "EFAULT"

        page = mmap.PAGESIZE
        place = LIBC.mmap(None, ctypes.c_size_t(3 * page), 3, 0x22, -1, 0)
        LIBC.mprotect(ctypes.c_void_p(place + page), ctypes.c_size_t(page), 0)
        fails(None)
        fails(ctypes.c_void_p(8))
        fails(ctypes.c_void_p(place + page))
        fails(ctypes.c_void_p(place + page - 8))  # its second half cannot be read
        fails(ctypes.byref(PlistRef(8, 100)))
        fails(ctypes.byref(PlistRef(None, 100)))
        fails(ctypes.byref(PlistRef(place, page + 1)))  # nor can the end of this text
        fails(ctypes.byref(PlistRef(place, 2**26)))
        LIBC.mprotect(ctypes.c_void_p(place), ctypes.c_size_t(page), 1)
        fails(ctypes.c_void_p(place))  # the reply could not be told of
        """
    )


def test_after_a_fault_the_descriptor_goes_on(host: Host) -> None:
    host.python(
        """
        fd = open_control()
        long = LIBC.mmap(None, ctypes.c_size_t(1 << 20), 3, 0x22, -1, 0)
        LIBC.munmap(ctypes.c_void_p(long + (1 << 19)), ctypes.c_size_t(1 << 19))
        for reference in (PlistRef(8, 10), PlistRef(long, 1 << 20)):
            assert refused(ioctl, fd, DM_IOCTL, ctypes.byref(reference)) == "EFAULT"
            assert b"linear" in dm_ioctl(fd, request("targets"))
        """
    )


@pytest.mark.parametrize(
    ("netbsd", "host_name"),
    [
        ("EIO", "EIO"),
        ("EAGAIN", "EAGAIN"),
        ("ELOOP", "ELOOP"),
        ("ENOTSUP", "ENOTSUP"),
        ("ETIMEDOUT", "ETIMEDOUT"),
        ("11", "EDEADLK"),
        ("34", "ERANGE"),
        ("66", "ENOTEMPTY"),
        ("88", "EBADMSG"),
        ("72", "EIO"),  # EBADRPC, for which Linux has no name
        ("4000", "EIO"),
    ],
)
def test_an_errno_of_netbsd_is_the_hosts(serving: Starter, netbsd: str, host_name: str) -> None:
    with serving(f"names ioctl={netbsd} once") as host:
        host.python(
            f"""
            fd = open_control()
            error = refused(dm_ioctl, fd, request("names"))
            assert getattr(errno, error) == errno.{host_name}, error
            assert b"cmd_data" in dm_ioctl(fd, request("names"))
            """
        )


def test_a_reply_that_only_resembles_a_failure_is_a_reply(serving: Starter) -> None:
    with serving(profile=NETBSD_9) as host:
        host.python(
            """
            text = b"<plist><dict><key>errno</key><integer>0x5</integer><key>x</key><true/>"
            reply = dm_ioctl(open_control(), text + b"</dict></plist>")
            assert b"<key>errno</key>" in reply
            """
        )


def test_a_large_table_comes_back_whole(host: Host) -> None:
    host.python(
        """
        fd = open_control()
        entries = "".join(
            "<dict><key>length</key><integer>8</integer><key>params</key><string></string>"
            f"<key>start</key><integer>{8 * at}</integer>"
            "<key>type</key><string>zero</string></dict>"
            for at in range(4000)
        )
        name = "<key>name</key><string>large</string>"
        dm_ioctl(fd, request("create", name))
        data = f"<key>cmd_data</key><array>{entries}</array>"
        assert dm_ioctl(fd, request("reload", data + name)).count(b"<dict>") == 4001
        ask(fd, "resume", "large")
        reply = ask(fd, "status", "large")
        assert reply.count(b"<dict>") == 4001
        assert reply.endswith(b"</plist>\\n")
        """
    )
