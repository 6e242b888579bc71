"""The command netbsd-dm: parse, call, print.

Every subcommand imports what it needs when it runs, for a client command must
start in a blink.  Exit status: 0 done, 1 it failed, 2 usage, 3 no server.
"""
