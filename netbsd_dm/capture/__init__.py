"""Recorded sessions: their format, the disks they ran on, and replaying them.

A capture is JSON Lines of property-list text (fixtures/README.md describes it).
`replay` sends its requests to a server and compares the replies byte for byte.
"""
