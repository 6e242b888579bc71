"""Descriptors of the control node: duplicates, children, numbers that come to be others'."""

from .conftest import Host


def test_a_duplicate_goes_on_where_the_first_is_closed(host: Host) -> None:
    host.python(
        """
        def works(fd):
            return b"linear" in dm_ioctl(fd, request("targets"))

        first = open_control()
        copies = [
            os.dup(first),
            os.dup2(first, 77),
            LIBC.dup3(first, 78, os.O_CLOEXEC),
            fcntl.fcntl(first, fcntl.F_DUPFD, 80),
            fcntl.fcntl(first, fcntl.F_DUPFD_CLOEXEC, 80),
        ]
        assert copies[1:] == [77, 78, 80, 81]
        os.close(first)
        for fd in copies:
            assert works(fd)
            assert os.fstat(fd).st_rdev == os.makedev(169, 0)
        os.dup2(copies[0], 77)  # onto another of ours
        assert works(77)
        null = os.open("/dev/null", os.O_RDWR)
        os.dup2(null, 77)  # and onto that another file
        assert os.fstat(77).st_rdev == os.fstat(null).st_rdev
        assert refused(dm_ioctl, 77, request("targets")) == "ENOTTY"
        os.dup2(copies[0], null)
        assert works(null)
        """
    )


def test_close_on_exec_is_as_asked(host: Host) -> None:
    host.python(
        """
        for flags, wanted in ((0, 0), (os.O_CLOEXEC, fcntl.FD_CLOEXEC)):
            for fd in (
                LIBC.open(CONTROL.encode(), os.O_RDWR | flags),
                LIBC.open64(CONTROL.encode(), os.O_RDWR | flags),
                LIBC.openat(-1, CONTROL.encode(), os.O_RDWR | flags),
                LIBC.openat64(-1, CONTROL.encode(), os.O_RDWR | flags),
                LIBC.__open_2(CONTROL.encode(), os.O_RDWR | flags),
                LIBC.__open64_2(CONTROL.encode(), os.O_RDWR | flags),
                LIBC.__openat_2(-1, CONTROL.encode(), os.O_RDWR | flags),
                LIBC.__openat64_2(-1, CONTROL.encode(), os.O_RDWR | flags),
            ):
                assert fcntl.fcntl(fd, fcntl.F_GETFD) == wanted
                assert b"linear" in dm_ioctl(fd, request("targets"))
        """
    )


def test_a_number_that_another_file_got_is_that_files(host: Host) -> None:
    host.python(
        """
        def other(close):
            fd = open_control()
            close(fd)
            file = os.open("/etc/passwd", os.O_RDONLY)
            assert file == fd
            assert stat.S_ISREG(os.fstat(file).st_mode)
            assert os.read(file, 5) == b"root:"
            assert refused(dm_ioctl, file, request("version")) == "ENOTTY"
            os.close(file)

        other(os.close)
        other(lambda fd: LIBC.close_range(fd, fd, 0))
        other(lambda fd: LIBC.closefrom(fd))
        other(lambda fd: os.closerange(fd, 100))
        other(lambda fd: LIBC.syscall(3, fd))  # of which the shim does not hear
        """
    )


def test_what_is_closed_is_closed(host: Host) -> None:
    host.python(
        """
        fd = open_control()
        os.close(fd)
        assert refused(os.close, fd) == "EBADF"
        assert refused(dm_ioctl, fd, request("version")) == "EBADF"
        assert refused(os.dup, fd) == "EBADF"
        assert refused(os.dup2, fd, 50) == "EBADF"
        kept = open_control()
        assert refused(os.dup2, 999, kept) == "EBADF"
        assert b"linear" in dm_ioctl(kept, request("targets"))
        """
    )


def test_closing_a_range_leaves_out_nothing_and_nobody_else(host: Host) -> None:
    host.python(
        """
        fds = [open_control() if at % 3 else os.open("/dev/null", 0) for at in range(12)]
        assert LIBC.close_range(fds[2], fds[8], 0) == 0
        for at, fd in enumerate(fds):
            if 2 <= at <= 8:
                assert refused(os.fstat, fd) == "EBADF"
            else:
                os.fstat(fd)
        assert b"linear" in dm_ioctl(fds[1], request("targets"))
        assert LIBC.close_range(fds[1], fds[1], 4) == 0  # only marks it
        assert b"linear" in dm_ioctl(fds[1], request("targets"))
        assert LIBC.close_range(5, 4, 0) == -1
        LIBC.closefrom(fds[9])
        assert refused(dm_ioctl, fds[10], request("targets")) == "EBADF"
        """
    )


def test_a_child_has_a_connection_of_its_own(host: Host) -> None:
    host.python(
        """
        def socket_of(fd):
            return os.readlink(f"/proc/self/fd/{fd}")

        fd = open_control()
        os.set_inheritable(fd, False)
        copy = os.dup(fd)
        before = socket_of(fd)
        dm_ioctl(fd, request("names"))

        def work(number):
            for _ in range(50):
                dm_ioctl(fd, request("names"))
            assert socket_of(fd) == socket_of(copy) != before
            assert fcntl.fcntl(fd, fcntl.F_GETFD) == fcntl.FD_CLOEXEC
            os.close(fd)
            dm_ioctl(copy, request("names"))

        started = children(4, work)
        for _ in range(100):
            dm_ioctl(fd, request("names"))
        for child in started:
            exits_well(child)
        assert socket_of(fd) == before
        """
    )


def test_a_child_of_a_thread_that_others_work_beside_works(host: Host) -> None:
    host.python(
        """
        fd = open_control()
        stop = threading.Event()

        def hammer():
            while not stop.is_set():
                dm_ioctl(fd, request("names"))

        threads = [threading.Thread(target=hammer) for _ in range(3)]
        for thread in threads:
            thread.start()
        for _ in range(20):
            (child,) = children(1, lambda number: dm_ioctl(fd, request("names")))
            exits_well(child)
        stop.set()
        """
    )


def test_what_a_child_closes_before_exec_stays_open_here(host: Host) -> None:
    host.python(
        """
        # Python uses vfork where it can: the child then shares our memory.
        fd = open_control()
        for _ in range(3):
            subprocess.run(["true"], close_fds=True, check=True)
            assert b"linear" in dm_ioctl(fd, request("targets"))
        file = os.open("/dev/null", os.O_RDWR)
        assert file == fd + 1
        """
    )


def test_a_descriptor_is_known_after_exec(host: Host) -> None:
    host.python(
        """
        program = "from tests.shim.inside import *; print(dm_ioctl(9, request('names')))"
        fd = os.dup2(open_control(), 9)
        before = os.readlink("/proc/self/fd/9")
        child = [sys.executable, "-c", program]
        said = subprocess.run(child, pass_fds=[9], capture_output=True)
        assert b"cmd_data" in said.stdout
        assert b"linear" in dm_ioctl(fd, request("targets"))
        assert os.readlink("/proc/self/fd/9") == before
        os.dup2(os.open("/dev/null", 0), 9)
        said = subprocess.run(child, pass_fds=[9], capture_output=True)
        assert b"[Errno 25]" in said.stderr
        """
    )


def test_another_socket_is_not_taken_for_the_servers(host: Host) -> None:
    host.python(
        """
        one, other = socket.socketpair()
        path = "\\0other"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen()
        client = socket.socket(socket.AF_UNIX)
        client.connect(path)
        for each in (one, client, socket.socket(socket.AF_INET), socket.socket(socket.AF_UNIX)):
            assert refused(dm_ioctl, each.fileno(), request("version")) == "ENOTTY"
        """
    )


def test_a_server_that_named_its_socket_in_another_way_is_recognised(host: Host) -> None:
    (host.folder / "link").symlink_to("dm.sock")
    host.python(
        """
        client = socket.socket(socket.AF_UNIX)
        client.connect("dm.sock")
        assert b"linear" in dm_ioctl(client.fileno(), request("targets"))
        """,
        NETBSD_DM_SOCKET=str(host.folder / "link"),
    )


def test_threads_that_open_and_close_do_not_meet(host: Host) -> None:
    host.python(
        """
        faults = []
        Path("text").write_text("a file\\n")

        def control():
            for _ in range(150):
                fd = open_control()
                copy = os.dup(fd)
                os.close(fd)
                if b"linear" not in dm_ioctl(copy, request("targets")):
                    faults.append("control")
                os.close(copy)

        def file():
            for _ in range(1500):
                fd = os.open("text", os.O_RDONLY)
                if os.read(fd, 100) != b"a file\\n":
                    faults.append("file")
                os.close(fd)

        threads = [threading.Thread(target=each) for each in (control, file) * 3]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not faults, faults
        """
    )


def test_a_close_during_a_call_does_not_hurt_it(host: Host) -> None:
    host.python(
        """
        failed = set()

        def use(fd):
            for _ in range(40):
                try:
                    assert b"linear" in dm_ioctl(fd, request("targets"))
                except OSError as error:
                    failed.add(errno.errorcode[error.errno])

        for _ in range(20):
            fd = open_control()
            threads = [threading.Thread(target=use, args=(fd,)) for _ in range(3)]
            for thread in threads:
                thread.start()
            dm_ioctl(fd, request("names"))
            os.close(fd)
            for thread in threads:
                thread.join()
        assert failed <= {"EBADF"}, failed
        assert os.open("/dev/null", 0) == fd
        """
    )


def test_a_descriptor_that_was_made_non_blocking_works(host: Host) -> None:
    host.python(
        """
        fd = open_control()
        os.set_blocking(fd, False)
        for _ in range(20):
            assert b"linear" in dm_ioctl(fd, request("targets"))
        """
    )


def test_a_stream_of_the_node_has_its_descriptor(host: Host) -> None:
    host.python(
        """
        for fopen in (LIBC.fopen, LIBC.fopen64):
            fopen.restype = ctypes.c_void_p
            stream = ctypes.c_void_p(fopen(CONTROL.encode(), b"r+"))
            fd = LIBC.fileno(stream)
            assert b"linear" in dm_ioctl(fd, request("targets"))
            assert LIBC.fclose(stream) == 0
            assert refused(os.fstat, fd) == "EBADF"
        """
    )


def test_reading_and_writing_the_control_node_is_eio(host: Host) -> None:
    host.python(
        """
        fd = open_control()
        assert refused(os.read, fd, 1) == "EIO"
        assert refused(os.write, fd, b"x") == "EIO"
        assert refused(os.lseek, fd, 0, 0) == "ESPIPE"
        assert b"linear" in dm_ioctl(fd, request("targets"))
        """
    )


def test_a_number_beyond_the_table_is_refused(host: Host) -> None:
    host.python(
        """
        import resource
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        fd = open_control()
        if hard > 70_000:
            assert refused(os.dup2, fd, 70_000) == "EMFILE"
            assert refused(fcntl.fcntl, fd, fcntl.F_DUPFD, 70_000) == "EMFILE"
            assert refused(os.fstat, 70_000) == "EBADF"
        assert b"linear" in dm_ioctl(fd, request("targets"))
        """
    )
