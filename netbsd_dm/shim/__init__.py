"""The preload shim: a library in C that makes programs find a device mapper on Linux.

A program that runs with it (LD_PRELOAD) opens /dev/mapper/control and sends NetBSD's
one ioctl, and talks to the server; it sees and opens the nodes of devices, and
reads and writes them over NBD.  `build` compiles it, `environment` says what to set.

The C side needs nothing but glibc.  `shim.h` declares what its files share; each
has one subject.  What stands in for libc: `open`, `descriptors`, `ioctl`, `stat`,
`directory`, `links`, `changes`, `attributes`, `io`, `stdio`.  What is behind it: `table`
and `closing` (which descriptors are ours), `control` and `device` (the two kinds
of nodes), `nodes` (the mapper directory), `disk` (disk ioctls), `exchange` and
`text` (requests and replies), `nbd` and `transfer` (reading and writing),
`memory`, `errors`, `settings`, `next`.
"""
