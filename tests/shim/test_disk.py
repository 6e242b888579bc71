"""What a device's node answers as a disk: NetBSD's requests and Linux's."""

from netbsd_dm import TableLine

from .conftest import Host


def test_the_requests_of_netbsd(host: Host) -> None:
    host.make("a-name-that-is-long", TableLine(0, 4096, "linear", "/dev/wd1a 0"))
    host.python(
        """
        fd = os.open(MAPPER + "/ra-name-that-is-long", os.O_RDONLY)
        # Both as NetBSD's macros have the direction, and as Linux's.
        for direction in (0x40000000, 0x80000000):
            def read(number, size):
                buffer = ctypes.create_string_buffer(size)
                ioctl(fd, direction | size << 16 | ord("d") << 8 | number, buffer)
                return buffer.raw

            assert struct.unpack("I", read(133, 4)) == (512,)
            assert struct.unpack("q", read(132, 8)) == (4096 * 512,)
            wedge = struct.unpack("16s128s16sqQ32s", read(122, 208))
            short, name = b"a-name-that-is-", b"a-name-that-is-long"
            assert [each.rstrip(b"\\0") for each in wedge[:3]] == [short, name, short]
            assert wedge[3:5] == (0, 4096)
            assert wedge[5].rstrip(b"\\0") == b"ffs"
            flag = ctypes.c_int(1)
            ioctl(fd, (0xC0000000 ^ direction) | 4 << 16 | ord("d") << 8 | 118, ctypes.byref(flag))
        """
    )


def test_disk_information_is_a_dictionary(host: Host) -> None:
    host.make("vol1", TableLine(0, 4100, "linear", "/dev/wd1a 0"))
    said = host.python(
        """
        fd = os.open(MAPPER + "/vol1", os.O_RDONLY)
        reference = PlistRef()
        ioctl(fd, netbsd_read("d", 127, 16), ctypes.byref(reference))
        text = ctypes.string_at(reference.plist, reference.length)
        assert text[-1] == 0
        assert LIBC.munmap(ctypes.c_void_p(reference.plist), ctypes.c_size_t(len(text))) == 0
        print(text[:-1].decode(), end="")
        assert refused(ioctl, fd, netbsd_read("d", 127, 16), ctypes.c_void_p(8)) == "EFAULT"
        """
    )
    from netbsd_dm.plist import UInt, dumps, loads

    wanted = {
        "geometry": {
            "cylinders-per-unit": UInt(2),
            "sector-size": UInt(512),
            "sectors-per-track": UInt(0x20),
            "sectors-per-unit": UInt(4100),
            "tracks-per-cylinder": UInt(0x40),
        },
        "type": "ESDI",
    }
    assert loads(said.encode()) == wanted
    assert said.encode() == dumps(loads(said.encode()))


def test_a_disk_without_a_whole_cylinder_tells_of_none(host: Host) -> None:
    host.make("vol1", TableLine(0, 8, "zero", ""))
    host.python(
        """
        fd = os.open(MAPPER + "/vol1", os.O_RDONLY)
        reference = PlistRef()
        ioctl(fd, netbsd_read("d", 127, 16), ctypes.byref(reference))
        assert b"cylinders-per-unit" not in ctypes.string_at(reference.plist, reference.length)
        """
    )


def test_the_requests_of_linux(host: Host) -> None:
    host.make("vol1", TableLine(0, 100, "zero", ""), TableLine(100, 36, "zero", ""))
    host.python(
        """
        fd = os.open(MAPPER + "/vol1", os.O_RDONLY)

        def read(number, form):
            buffer = ctypes.create_string_buffer(struct.calcsize(form))
            ioctl(fd, number, buffer)
            return struct.unpack(form, buffer.raw)[0]

        assert read(BLKGETSIZE64, "Q") == 136 * 512
        assert read(0x1260, "L") == 136
        for number in (0x1268, 0x127B, 0x80081270):
            assert read(number, "i") == 512
        assert read(0x125E, "i") == 0
        ioctl(fd, 0x1261)
        for number in (0x1277, 0x301, 0x5401, 0xC010FD01, netbsd_read("d", 101, 404)):
            assert refused(ioctl, fd, number, ctypes.create_string_buffer(512)) == "ENOTTY"
        assert refused(ioctl, fd, BLKGETSIZE64, ctypes.c_void_p(8)) == "EFAULT"
        """
    )


def test_blockdev_knows_it(host: Host) -> None:
    host.make("vol1", TableLine(0, 2048, "zero", ""))
    options = ["--getsize64", "--getss", "--getpbsz", "--getro", "--flushbufs"]
    assert host.run("blockdev", *options, "/dev/mapper/vol1").split() == [
        "1048576",
        "512",
        "512",
        "0",
    ]


def test_a_read_only_device_is_told(host: Host) -> None:
    host.dm.create("vol1", read_only=True)
    host.dm.reload("vol1", [TableLine(0, 8, "zero", "")])
    host.dm.resume("vol1")
    assert host.run("blockdev", "--getro", "/dev/mapper/vol1") == "1\n"


def test_the_drivers_ioctl_works_on_every_node(host: Host) -> None:
    host.make("vol1")
    host.python(
        """
        for name in ("vol1", "rvol1"):
            fd = os.open(f"{MAPPER}/{name}", os.O_RDONLY)
            assert b"<key>minor</key>" in ask(fd, "info", "vol1")
            assert refused(ioctl, fd, DM_IOCTL, None) == "EFAULT"
            assert refused(dm_ioctl, fd, b"junk") == "EIO"
        """
    )


def test_a_device_without_a_table_has_no_size(host: Host) -> None:
    host.dm.create("vol1")
    host.python(
        """
        fd = os.open(MAPPER + "/vol1", os.O_RDONLY)
        size = ctypes.c_uint64(7)
        ioctl(fd, BLKGETSIZE64, ctypes.byref(size))
        assert size.value == 0
        assert os.lseek(fd, 0, os.SEEK_END) == 0
        error = refused(ioctl, fd, netbsd_read("d", 127, 16), ctypes.byref(PlistRef()))
        assert getattr(errno, error) == errno.ENOTSUP
        """
    )


def test_a_device_that_is_gone_has_nothing(host: Host) -> None:
    host.make("vol1")
    host.python(
        """
        fd = os.open(MAPPER + "/vol1", os.O_RDONLY)
        control = open_control()
        ask(control, "remove", "vol1")
        assert refused(ioctl, fd, BLKGETSIZE64, ctypes.create_string_buffer(8)) == "ENODEV"
        assert refused(os.lseek, fd, 0, os.SEEK_END) == "ENODEV"
        assert refused(os.read, fd, 512) == "EIO"
        ask(control, "create", "vol1")  # another one, with another minor
        assert refused(ioctl, fd, BLKGETSIZE64, ctypes.create_string_buffer(8)) == "ENODEV"
        """
    )


def test_a_device_that_is_renamed_keeps_its_descriptors(host: Host) -> None:
    host.make("vol1")
    host.python(
        """
        fd = os.open(MAPPER + "/vol1", os.O_RDONLY)
        name = "<key>name</key><string>vol1</string>"
        data = "<key>cmd_data</key><array><string>other</string></array>"
        dm_ioctl(open_control(), request("rename", data + name))
        size = ctypes.c_uint64()
        ioctl(fd, BLKGETSIZE64, ctypes.byref(size))
        assert size.value == 2048 * 512
        assert os.read(fd, 6) == b"sector"
        """
    )
