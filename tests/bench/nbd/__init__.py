"""The speed of the mapped disks over NBD, beside nbdkit and qemu-nbd (`make bench-nbd`).

`servers` starts what is measured, all on the same file; `clients` are fio, nbdcopy
and a plain one of our own; `plot` draws the figures; `__main__` puts them together.
"""
