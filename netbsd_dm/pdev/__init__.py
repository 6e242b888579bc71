"""Physical devices: what the names in a table stand for.

The operator offers files and block devices under names (`catalog`); a table
that names one opens it once, as a `handle`; the `registry` counts the entries
that use it and closes it after the last.  A name that nobody offered opens
nothing.  (NetBSD: dm_pdev.c, driver spec section 6.)
"""
