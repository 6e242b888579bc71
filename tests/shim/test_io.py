"""Reading and writing a device's node, over NBD."""

import pytest

from netbsd_dm import NETBSD_9, STANDARD, Profile, TableLine

from .conftest import SECTOR, Host, Starter

SIZE = 2048 * SECTOR


def test_what_is_read_is_what_the_device_maps(host: Host) -> None:
    host.make("vol1", TableLine(0, 8, "linear", "/dev/wd1a 100"), TableLine(8, 8, "zero", ""))
    host.python(
        f"""
        image = Path({str(host.image)!r}).read_bytes()
        wanted = image[100 * 512 : 108 * 512] + bytes(8 * 512)
        for name in ("vol1", "rvol1"):
            fd = os.open(f"{{MAPPER}}/{{name}}", os.O_RDONLY)
            assert os.read(fd, 512) == wanted[:512]
            assert os.lseek(fd, 0, os.SEEK_CUR) == 512
            assert os.pread(fd, 1024, 512) == wanted[512:1536]
            assert os.read(fd, 1 << 20) == wanted[512:]
            assert os.read(fd, 512) == b""
            assert os.lseek(fd, -512, os.SEEK_END) == 15 * 512
            parts = [bytearray(512), bytearray(1024)]
            assert os.preadv(fd, parts, 0) == 1536
            assert b"".join(parts) == wanted[:1536]
            os.lseek(fd, 512, os.SEEK_SET)
            assert os.readv(fd, parts) == 1536
            assert b"".join(parts) == wanted[512:2048]
            assert os.lseek(fd, 0, os.SEEK_CUR) == 2048
            assert refused(os.lseek, fd, -1, os.SEEK_SET) == "EINVAL"
            assert refused(os.lseek, fd, 0, os.SEEK_DATA) == "EINVAL"
            assert refused(os.pread, fd, 512, -1) == "EINVAL"
        """
    )


def test_what_is_written_is_on_the_file(host: Host) -> None:
    host.make("vol1", TableLine(0, 64, "linear", "/dev/wd1a 100"))
    before = host.image.read_bytes()
    host.python(
        """
        fd = os.open(MAPPER + "/rvol1", os.O_WRONLY)
        assert os.write(fd, b"1" * 1024) == 1024
        assert os.pwrite(fd, b"2" * 512, 2048) == 512
        assert os.writev(fd, [b"3" * 512, b"4" * 512]) == 1024
        assert os.pwritev(fd, [b"5" * 512, b"6" * 512], 4096) == 1024
        os.fsync(fd)
        os.fdatasync(fd)
        """
    )
    written = bytearray(before)
    for sectors, text in {(0, 2): "1", (4, 5): "2", (2, 3): "3", (3, 4): "4"}.items():
        start, end = ((100 + sector) * SECTOR for sector in sectors)
        written[start:end] = text.encode() * (end - start)
    written[108 * SECTOR : 110 * SECTOR] = b"5" * SECTOR + b"6" * SECTOR
    assert host.image.read_bytes() == written


@pytest.mark.parametrize("profile", [STANDARD, NETBSD_9])
def test_the_block_node_takes_any_bytes(serving: Starter, profile: Profile) -> None:
    with serving(profile=profile) as host:
        host.make("vol1")
        image = bytearray(host.image.read_bytes())
        host.python(
            f"""
            image = Path({str(host.image)!r}).read_bytes()
            fd = os.open(MAPPER + "/vol1", os.O_RDWR)
            for offset, length in ((1, 1), (0, 3), (511, 2), (500, 2000), (1024, 700), (512, 512)):
                assert os.pread(fd, length, offset) == image[offset : offset + length]
            assert os.pwrite(fd, b"x" * 1500, 100) == 1500
            assert os.pwrite(fd, b"y", 511) == 1
            end = {SIZE}
            assert os.pread(fd, 100, end - 10) == image[end - 10 : end]
            assert os.pwrite(fd, b"z" * 100, end - 10) == 10
            assert os.pread(fd, 100, end) == b""
            assert os.pread(fd, 100, end + 10) == b""
            assert os.pwrite(fd, b"z", end) == 0
            """
        )
        image[100:1600] = b"x" * 1500
        image[511:512] = b"y"
        image[SIZE - 10 : SIZE] = b"z" * 10
        assert host.image.read_bytes() == image


def test_the_raw_node_takes_sectors(host: Host) -> None:
    host.make("vol1")
    host.python(
        f"""
        fd = os.open(MAPPER + "/rvol1", os.O_RDWR)
        for offset, length in ((1, 512), (0, 511), (512, 1)):
            assert refused(os.pread, fd, length, offset) == "EINVAL"
            assert refused(os.pwrite, fd, bytes(length), offset) == "EINVAL"
        assert os.pread(fd, 512, {SIZE}) == b""
        assert refused(os.pread, fd, 512, {SIZE} + 512) == "EINVAL"
        assert refused(os.pwrite, fd, bytes(512), {SIZE} + 512) == "EINVAL"
        assert len(os.pread(fd, 4096, {SIZE} - 1024)) == 1024
        """
    )


def test_the_mode_of_open_holds(host: Host) -> None:
    host.make("vol1")
    host.python(
        """
        reader = os.open(MAPPER + "/vol1", os.O_RDONLY)
        writer = os.open(MAPPER + "/vol1", os.O_WRONLY)
        assert fcntl.fcntl(reader, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY
        assert fcntl.fcntl(writer, fcntl.F_GETFL) & os.O_ACCMODE == os.O_WRONLY
        assert refused(os.ftruncate, writer, 0) == "EINVAL"
        assert refused(os.write, reader, b"x") == "EBADF"
        assert refused(os.read, writer, 1) == "EBADF"
        synchronous = os.open(MAPPER + "/vol1", os.O_RDWR | os.O_SYNC)
        assert os.write(synchronous, b"x" * 512) == 512
        """
    )


def test_a_large_transfer_is_one_call(host: Host) -> None:
    host.make("vol1", TableLine(0, 1 << 20, "zero", ""))
    host.python(
        """
        fd = os.open(MAPPER + "/rvol1", os.O_RDWR)
        assert os.read(fd, 64 << 20) == bytes(64 << 20)
        assert os.write(fd, bytes(64 << 20)) == 64 << 20
        assert os.lseek(fd, 0, os.SEEK_CUR) == 128 << 20
        """
    )


def test_duplicates_children_and_programs_share_the_offset(host: Host) -> None:
    host.make("vol1")
    host.python(
        f"""
        image = Path({str(host.image)!r}).read_bytes()
        fd = os.open(MAPPER + "/vol1", os.O_RDONLY)
        copy = os.dup(fd)
        assert os.read(fd, 100) + os.read(copy, 100) == image[:200]

        def work(number):
            assert os.read(copy, 100) == image[200:300]

        (child,) = children(1, work)
        exits_well(child)
        said = subprocess.run(["dd", "bs=100", "count=1"], stdin=fd, capture_output=True)
        assert said.stdout == image[300:400]
        assert os.read(fd, 100) == image[400:500]
        """
    )


def test_processes_write_at_the_same_time(host: Host) -> None:
    host.make("vol1")
    host.python(
        f"""
        fd = os.open(MAPPER + "/vol1", os.O_RDWR)
        assert os.pread(fd, 6, 0) == b"sector"  # so that there is a connection to inherit

        def work(number):
            for at in range(100):
                data = bytes([number * 100 + at]) * 1024
                place = (number * 100 + at) * 1024
                assert os.pwrite(fd, data, place) == 1024
                assert os.pread(fd, 1024, place) == data

        started = children(2, work)
        for child in started:
            exits_well(child)
        wanted = b"".join(bytes([at]) * 1024 for at in range(200))
        assert os.pread(fd, 200 * 1024, 0) == wanted
        assert Path({str(host.image)!r}).read_bytes()[: 200 * 1024] == wanted
        """
    )


def test_threads_share_a_descriptor(host: Host) -> None:
    host.make("vol1")
    host.python(
        f"""
        image = Path({str(host.image)!r}).read_bytes()
        fd = os.open(MAPPER + "/vol1", os.O_RDONLY)
        parts = []

        def work():
            while part := os.read(fd, 4096):
                parts.append(part)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(parts) == sorted(image[at : at + 4096] for at in range(0, {SIZE}, 4096))
        """
    )


def test_memory_that_cannot_be_used_is_efault_and_the_next_call_works(host: Host) -> None:
    host.make("vol1")
    host.python(
        """
        fd = os.open(MAPPER + "/vol1", os.O_RDWR)
        for call in (LIBC.pread, LIBC.pwrite):
            assert call(fd, ctypes.c_void_p(8), ctypes.c_size_t(512), ctypes.c_long(0)) == -1
            assert ctypes.get_errno() == errno.EFAULT
            assert os.pread(fd, 6, 0) == b"sector"
        """
    )


@pytest.mark.parametrize("rule", ["read sectors=3-4 errno=EIO", "read sectors=3-4 errno=EINVAL"])
def test_an_error_is_the_errno(serving: Starter, rule: str) -> None:
    with serving(rule) as host:
        host.make("vol1")
        host.python(
            f"""
            fd = os.open(MAPPER + "/vol1", os.O_RDONLY)
            assert refused(os.pread, fd, 512, 3 * 512) == {rule.rpartition("=")[2]!r}
            assert os.pread(fd, 6, 5 * 512) == b"sector"
            assert os.pread(fd, 6, 0) == b"sector"
            """
        )


def test_a_read_only_device_refuses_writes(host: Host) -> None:
    host.dm.create("vol1", read_only=True)
    host.dm.reload("vol1", [TableLine(0, 8, "zero", "")])
    host.dm.resume("vol1")
    host.python(
        """
        fd = os.open(MAPPER + "/vol1", os.O_RDWR)
        assert refused(os.write, fd, bytes(512)) == "EPERM"
        assert os.read(fd, 512) == bytes(512)
        """
    )


def test_a_table_is_swapped_under_an_open_descriptor(host: Host) -> None:
    host.make("vol1", TableLine(0, 8, "zero", ""))
    host.python(
        """
        def swap(length):
            entry = (f"<dict><key>length</key><integer>{length}</integer><key>params</key><string>"
                     "/dev/wd1a 0</string><key>start</key><integer>0</integer><key>type</key>"
                     "<string>linear</string></dict>")
            name = "<key>name</key><string>vol1</string>"
            data = f"<key>cmd_data</key><array>{entry}</array>"
            dm_ioctl(control, request("reload", data + name))
            ask(control, "resume", "vol1")

        control = open_control()
        fd = os.open(MAPPER + "/vol1", os.O_RDONLY)
        assert os.pread(fd, 1 << 20, 0) == bytes(8 * 512)
        swap(32)
        assert len(os.pread(fd, 1 << 20, 0)) == 32 * 512
        assert os.lseek(fd, 0, os.SEEK_END) == 32 * 512
        swap(4)
        for _ in range(2):  # the first finds out
            try:
                found = os.pread(fd, 1 << 20, 0)
            except OSError as error:
                assert error.errno == errno.EINVAL
        assert len(found) == 4 * 512
        """
    )


def test_an_open_node_does_not_count_until_it_is_read(host: Host) -> None:
    host.make("vol1")
    host.python(
        """
        fd = os.open(MAPPER + "/vol1", os.O_RDONLY)
        control = open_control()
        opened = b"<key>open_count</key>\\n\\t<integer>0x%d</integer>"
        assert opened % 0 in ask(control, "info", "vol1")
        os.read(fd, 1)
        assert opened % 1 in ask(control, "info", "vol1")
        os.close(fd)
        while opened % 1 in ask(control, "info", "vol1"):
            pass
        """
    )


def test_without_nbd_the_nodes_cannot_be_read(host: Host) -> None:
    host.make("vol1")
    snippet = """
        fd = os.open(MAPPER + "/vol1", os.O_RDWR)
        errors = {refused(os.read, fd, 1), refused(os.write, fd, b"x"), refused(os.fsync, fd)}
        print(*(os.strerror(getattr(errno, error)) for error in errors))
        """
    assert host.python(snippet, NETBSD_DM_NBD="") == "Operation not supported\n"
    assert host.python(snippet, NETBSD_DM_NBD="/nosuch") == "No such device or address\n"


def test_a_program_that_closes_everything_it_does_not_know_goes_on(host: Host) -> None:
    host.make("vol1")
    host.python(
        """
        fd = os.open(MAPPER + "/vol1", os.O_RDONLY)
        assert os.pread(fd, 6, 0) == b"sector"
        for number in range(fd + 1, 1024):
            try:
                os.close(number)
            except OSError:
                pass
        others = [os.open("/dev/null", os.O_RDWR) for _ in range(700)]
        assert os.pread(fd, 6, 512) == b"sector"
        for number in others:
            os.close(number)
        assert os.pread(fd, 6, 0) == b"sector"
        """
    )


def test_the_connection_is_out_of_the_way(host: Host) -> None:
    host.make("vol1")
    host.python(
        """
        fd = os.open(MAPPER + "/vol1", os.O_RDONLY)
        os.read(fd, 1)
        assert os.open("/dev/null", os.O_RDONLY) == fd + 1
        assert max(map(int, os.listdir("/proc/self/fd"))) >= 512
        os.close(fd)
        assert max(map(int, os.listdir("/proc/self/fd"))) < 512
        """
    )


def test_what_copies_in_the_kernel_is_refused(host: Host) -> None:
    host.make("vol1")
    host.python(
        """
        fd = os.open(MAPPER + "/vol1", os.O_RDWR)
        file = os.open("file", os.O_RDWR | os.O_CREAT)
        assert refused(os.sendfile, file, fd, 0, 512) == "EINVAL"
        assert refused(os.copy_file_range, fd, file, 512) == "EINVAL"
        assert refused(os.copy_file_range, file, fd, 512) == "EINVAL"
        reader, writer = os.pipe()
        assert refused(os.splice, fd, writer, 512) == "EINVAL"
        zero, length = ctypes.c_long(0), ctypes.c_long(512)
        assert LIBC.fallocate(fd, 3, zero, length) == -1
        assert ctypes.get_errno() == errno.EOPNOTSUPP
        """
    )


def test_reads_that_pass_by_libc_fail_and_find_no_empty_file(host: Host) -> None:
    host.make("vol1")
    host.python(
        """
        fd = os.open(MAPPER + "/vol1", os.O_RDWR)
        buffer = ctypes.create_string_buffer(512)
        for number in (0, 1):  # read and write themselves
            assert LIBC.syscall(number, fd, buffer, ctypes.c_size_t(512)) == -1
        """
    )
