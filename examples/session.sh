#!/bin/sh
# A server on a private socket with a disk image of 64 MiB, and a session with it.
set -eu
here=$(dirname "$0")
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
truncate -s 64M "$directory/disk.img"

netbsd-dm serve --device "/dev/wd1a=$directory/disk.img,dev=197:0" \
    --run "python '$here/session.py'"
