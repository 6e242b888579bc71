"""netbsd-dm shim: its options, of which there are none."""


def shim() -> None:
    """Compile the preload shim, unless it is there, and print its path.

    A program that is started with it in LD_PRELOAD finds NetBSD's device mapper at
    /dev/mapper/control.  netbsd-dm exec does that, and starts a server, too.

    For example:

        netbsd-dm shim
        LD_PRELOAD=$(netbsd-dm shim) NETBSD_DM_SOCKET=$PWD/dm.sock dmsetup ls
    """
    from .shimming import print_shim

    print_shim()
