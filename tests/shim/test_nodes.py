"""The mapper directory: what lies there, how it looks, and what changes of it do."""

from pathlib import Path

import pytest

from .conftest import Host


def test_the_control_node_is_a_character_device(host: Host) -> None:
    host.python(
        """
        fd = open_control()
        for status in (os.stat(CONTROL), os.lstat(CONTROL), os.fstat(fd)):
            assert status.st_mode == stat.S_IFCHR | 0o600
            assert (os.major(status.st_rdev), os.minor(status.st_rdev)) == (169, 0)
            assert (status.st_uid, status.st_gid) == (os.geteuid(), os.getegid())
        """
    )


def test_a_device_has_a_block_and_a_raw_node(host: Host) -> None:
    minor = host.make("vol1")
    host.python(
        f"""
        for name, kind in (("vol1", stat.S_ISBLK), ("rvol1", stat.S_ISCHR)):
            path = f"{{MAPPER}}/{{name}}"
            fd = os.open(path, os.O_RDONLY)
            inodes = set()
            for status in (os.stat(path), os.lstat(path), os.fstat(fd), os.stat(fd)):
                assert kind(status.st_mode), oct(status.st_mode)
                assert (os.major(status.st_rdev), os.minor(status.st_rdev)) == (169, {minor})
                inodes.add((status.st_dev, status.st_ino))
            assert len(inodes) == 1
        assert not os.path.samefile(MAPPER + "/vol1", MAPPER + "/rvol1")
        for name in ("nosuch", "rnosuch", "r", "vol", "vol1x", "vol1/x"):
            assert refused(os.stat, f"{{MAPPER}}/{{name}}") == "ENOENT"
            assert refused(os.open, f"{{MAPPER}}/{{name}}", os.O_RDWR) == "ENOENT"
            assert refused(os.open, f"{{MAPPER}}/{{name}}", os.O_RDWR | os.O_CREAT) == "ENOENT"
        """
    )


def test_a_device_whose_name_begins_with_r_comes_before_the_raw_node_of_another(
    host: Host,
) -> None:
    host.make("aw")
    minor = host.make("raw")
    host.python(
        f"""
        assert stat.S_ISBLK(os.stat(MAPPER + "/raw").st_mode)
        assert os.minor(os.stat(MAPPER + "/raw").st_rdev) == {minor}
        assert stat.S_ISCHR(os.stat(MAPPER + "/rraw").st_mode)
        """
    )


def test_every_way_to_ask_for_a_status_gives_the_same(host: Host) -> None:
    host.make("vol1")
    host.python(
        """
        path = (MAPPER + "/vol1").encode()
        wanted = os.stat(path)
        fd = os.open(path, os.O_RDONLY)
        at = ctypes.c_int(-100)

        def check(name, *arguments):
            buffer = ctypes.create_string_buffer(256)
            arguments = [buffer if each is None else each for each in arguments]
            assert getattr(LIBC, name)(*arguments) == 0, name
            mode = struct.unpack_from("I", buffer.raw, 24)[0]
            assert mode == wanted.st_mode, name
            assert struct.unpack_from("Q", buffer.raw, 40)[0] == wanted.st_rdev, name

        for suffix in ("", "64"):
            check("stat" + suffix, path, None)
            check("lstat" + suffix, path, None)
            check("fstat" + suffix, fd, None)
            check("fstatat" + suffix, at, path, None, 0)
            check("fstatat" + suffix, fd, b"", None, 0x1000)
            check("__xstat" + suffix, 1, path, None)
            check("__lxstat" + suffix, 1, path, None)
            check("__fxstat" + suffix, 1, fd, None)
            check("__fxstatat" + suffix, 1, at, path, None, 0)
        extended = ctypes.create_string_buffer(256)
        assert LIBC.statx(at, path, 0, 0x7FF, extended) == 0
        assert struct.unpack_from("H", extended.raw, 28)[0] == wanted.st_mode
        assert struct.unpack_from("II", extended.raw, 128) == (169, os.minor(wanted.st_rdev))
        """
    )


def test_what_may_be_done_is_told(host: Host) -> None:
    host.make("vol1")
    host.python(
        """
        for name in ("control", "vol1", "rvol1"):
            for mode in (os.F_OK, os.R_OK, os.W_OK, os.R_OK | os.W_OK):
                assert os.access(f"{MAPPER}/{name}", mode)
                assert os.access(f"{MAPPER}/{name}", mode, effective_ids=True)
            assert not os.access(f"{MAPPER}/{name}", os.X_OK)
        assert not os.access(MAPPER + "/nosuch", os.F_OK)
        """
    )


def test_opening_fails_as_for_any_node(host: Host) -> None:
    host.make("vol1")
    host.python(
        """
        for name in ("control", "vol1"):
            path = f"{MAPPER}/{name}"
            assert refused(os.open, path, os.O_RDWR | os.O_CREAT | os.O_EXCL) == "EEXIST"
            assert refused(os.open, path, os.O_RDONLY | os.O_DIRECTORY) == "ENOTDIR"
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600))
            os.close(os.open(path, os.O_RDWR | os.O_EXCL))
        """
    )


def test_without_a_server_there_is_the_control_node_only(host: Host) -> None:
    host.python(
        """
        assert stat.S_ISCHR(os.stat(CONTROL).st_mode)
        assert os.listdir(MAPPER) == ["control"]
        assert refused(os.stat, MAPPER + "/vol1") == "ENXIO"
        assert refused(os.open, MAPPER + "/vol1", os.O_RDONLY) == "ENXIO"
        assert refused(os.unlink, MAPPER + "/vol1") == "ENXIO"
        """,
        NETBSD_DM_SOCKET="/nosuch",
    )


def test_the_directory_lists_all_nodes(host: Host) -> None:
    for name in ("vol1", "a<b>&c", "with space"):
        host.make(name)
    host.dm.create("no/file")
    names = "['control', 'vol1', 'rvol1', 'a<b>&c', 'ra<b>&c', 'with space', 'rwith space']"
    host.python(
        f"""
        assert os.listdir(MAPPER) == {names}
        kinds = {{each.name: each.is_file(follow_symlinks=False) for each in os.scandir(MAPPER)}}
        assert list(kinds) == {names}
        for name in kinds:
            assert os.path.exists(os.path.join(MAPPER, name)), name
        assert refused(os.stat, MAPPER + "/rno") == "ENOENT"
        assert stat.S_ISBLK(os.stat(MAPPER + "/no/file").st_mode)  # though it cannot be listed
        """
    )


def test_a_directory_stream_can_be_moved_in(host: Host) -> None:
    host.make("vol1")
    host.python(
        """
        class Dirent(ctypes.Structure):
            _fields_ = [("inode", ctypes.c_uint64), ("offset", ctypes.c_int64),
                        ("length", ctypes.c_uint16), ("kind", ctypes.c_uint8),
                        ("name", ctypes.c_char * 256)]

        LIBC.opendir.restype = ctypes.c_void_p
        directory = ctypes.c_void_p(LIBC.opendir(MAPPER.encode()))
        for readdir in (LIBC.readdir, LIBC.readdir64):
            readdir.restype = ctypes.POINTER(Dirent)
            LIBC.rewinddir(directory)
            seen = []
            while entry := readdir(directory):
                seen.append((entry.contents.name.decode(), entry.contents.kind))
            assert seen == [(".", 4), ("..", 4), ("control", 2), ("vol1", 6), ("rvol1", 2)]
        LIBC.rewinddir(directory)
        readdir(directory)
        LIBC.telldir.restype = ctypes.c_long
        place = LIBC.telldir(directory)
        assert readdir(directory).contents.name == b".."
        readdir(directory)
        LIBC.seekdir(directory, ctypes.c_long(place))
        assert readdir(directory).contents.name == b".."
        assert LIBC.dirfd(directory) == -1
        assert LIBC.closedir(directory) == 0
        """
    )


def test_ls_has_nothing_to_complain_of(host: Host) -> None:
    minor = host.make("vol1")
    lines = host.run("ls", "-la", "/dev/mapper").splitlines()
    assert [line.split()[0] for line in lines[3:]] == ["crw-------", "crw-r-----", "brw-r-----"]
    assert f"169, {minor} " in lines[5]


def test_a_node_is_no_link_and_has_a_full_path(host: Host) -> None:
    host.make("vol1")
    host.python(
        """
        LIBC.realpath.restype = LIBC.canonicalize_file_name.restype = ctypes.c_char_p
        for name in ("vol1", "rvol1", "control"):
            path = f"{MAPPER}/{name}"
            assert refused(os.readlink, path) == "EINVAL"
            assert os.path.realpath(path, strict=True) == path
            assert LIBC.realpath(path.encode(), None) == path.encode()
            assert LIBC.realpath(path.encode(), ctypes.create_string_buffer(4096)) == path.encode()
            assert LIBC.canonicalize_file_name(path.encode()) == path.encode()
        assert refused(os.readlink, MAPPER + "/nosuch") == "ENOENT"
        assert LIBC.realpath((MAPPER + "/nosuch").encode(), None) is None
        os.symlink(MAPPER + "/vol1", "link")
        assert os.readlink("link") == MAPPER + "/vol1"
        """
    )
    assert host.run("realpath", "/dev/mapper/vol1") == "/dev/mapper/vol1\n"
    assert host.run("readlink", "-f", "/dev/mapper/rvol1") == "/dev/mapper/rvol1\n"


def test_shells_find_the_nodes(host: Host) -> None:
    host.make("vol1")
    for shell in ("sh", "bash"):
        test = "test -d /dev/mapper && test -b /dev/mapper/vol1 && test -c /dev/mapper/rvol1"
        printed = host.run(shell, "-c", f"{test} && test ! -e /dev/mapper/x && echo /dev/mapper/*")
        assert printed == "/dev/mapper/control /dev/mapper/rvol1 /dev/mapper/vol1\n"


def test_a_change_that_agrees_with_the_server_succeeds(host: Host) -> None:
    minor = host.make("new")
    host.python(
        f"""
        new, raw, old = MAPPER + "/new", MAPPER + "/rnew", MAPPER + "/old"
        os.mknod(new, stat.S_IFBLK | 0o640, os.makedev(169, {minor}))
        os.mknod(raw, stat.S_IFCHR | 0o640, os.makedev(169, {minor}))
        os.mknod(CONTROL, stat.S_IFCHR | 0o600, os.makedev(169, 0))
        assert LIBC.__xmknod(0, new.encode(), stat.S_IFBLK | 0o600,
                             ctypes.byref(ctypes.c_uint64(os.makedev(169, {minor})))) == 0
        for path in (new, raw, CONTROL):
            os.chmod(path, 0o660)
            os.chown(path, 0, 5)
            os.lchown(path, 0, 5)
            os.unlink(path)  # it stays while its device is there
            os.remove(path)
            os.stat(path)
            with open(path, "rb+", buffering=0) as file:
                os.fchmod(file.fileno(), 0o660)
                os.fchown(file.fileno(), 0, 5)
        os.rename(old, new)  # as libdevmapper does after its device was renamed
        os.rename(MAPPER + "/rold", raw)
        os.rename(new, new)
        """
    )


def test_a_change_that_does_not_fails_as_the_real_call(host: Host) -> None:
    minor = host.make("vol1")
    host.python(
        f"""
        vol1, gone, here = MAPPER + "/vol1", MAPPER + "/gone", os.path.abspath("here")
        Path(here).touch()
        number = os.makedev(169, {minor})
        assert refused(os.mknod, vol1, stat.S_IFBLK, number + 1) == "EEXIST"
        assert refused(os.mknod, vol1, stat.S_IFCHR, number) == "EEXIST"
        assert refused(os.mknod, gone, stat.S_IFBLK, number) == "EPERM"
        assert refused(os.mknod, MAPPER, stat.S_IFREG) == "EEXIST"
        assert refused(os.mkdir, MAPPER) == "EEXIST"
        assert refused(os.mkdir, vol1) == "EEXIST"
        assert refused(os.mkdir, gone) == "EPERM"
        assert refused(os.unlink, MAPPER) == "EISDIR"
        assert refused(os.rmdir, MAPPER) in ("ENOENT", "EBUSY", "ENOTEMPTY")
        for call in (os.unlink, os.remove):
            assert refused(call, gone) == "ENOENT"
        assert refused(os.chmod, gone, 0o600) == "ENOENT"
        assert refused(os.chown, gone, 0, 0) == "ENOENT"
        assert refused(os.rename, gone, MAPPER + "/gone2") == "ENOENT"
        assert refused(os.rename, vol1, gone) == "EPERM"
        assert refused(os.rename, vol1, MAPPER + "/rvol1") == "EPERM"
        assert refused(os.rename, here, gone) == "EXDEV"
        assert refused(os.rename, vol1, here) == "EXDEV"
        assert refused(os.open, gone, os.O_CREAT | os.O_WRONLY) == "ENOENT"
        assert os.path.exists(here)
        """
    )


@pytest.mark.parametrize("form", ["{}", "./{}"])
def test_the_control_node_can_lie_elsewhere(host: Host, tmp_path: Path, form: str) -> None:
    host.make("vol1")
    given = form.format("nodes/dm") if form != "{}" else str(tmp_path / "nodes/dm")
    host.python(
        """
        where = os.path.abspath("nodes") if os.environ["NETBSD_DM_CONTROL"].startswith("/") \\
            else os.path.join(os.getcwd(), "./nodes")
        fd = os.open(where + "/dm", os.O_RDWR)
        assert b"linear" in dm_ioctl(fd, request("targets"))
        assert os.listdir(where) == ["dm", "vol1", "rvol1"]
        assert stat.S_ISBLK(os.stat(where + "/vol1").st_mode)
        assert refused(os.open, MAPPER + "/vol1", os.O_RDONLY) == "ENOENT"
        """,
        NETBSD_DM_CONTROL=given,
    )


def test_a_directory_that_is_there_keeps_its_own_status(host: Host, tmp_path: Path) -> None:
    nodes = tmp_path / "nodes"
    nodes.mkdir(mode=0o711)
    host.python(
        f"""
        status = os.stat({str(nodes)!r})
        assert stat.S_IMODE(status.st_mode) == 0o711
        assert status.st_ino == {nodes.stat().st_ino}
        """,
        NETBSD_DM_CONTROL=str(nodes / "control"),
    )
