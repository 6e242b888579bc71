"""Clients: one method per command, typed results, `DMError` when a command fails.

`commands` has the methods, `blocking` sends them over a socket, `trio_client`
is its twin for trio, `local` runs them on a mapper in the same process, `monitor`
looks at a server and steers its faults and its clock.  Only the twin imports trio,
and none imports lxml.
"""
