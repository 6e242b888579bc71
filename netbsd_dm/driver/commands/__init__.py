"""One function per command, by subject; `table` says which there are.

A command reads the request dictionary and changes it into the reply, as the
driver does (driver spec section 2.5).  It raises `DMError` when it fails; what it
has written by then stays.  Only waitevent returns something: what it waits for.
"""
