"""netbsd-dm with the send buffer that a system allows that has been left as it comes."""

from netbsd_dm.cli.app import main
from netbsd_dm.server import nbd_socket

nbd_socket.SEND_BUFFER_BYTES = 106_496  # type: ignore[misc] # the kernel doubles it: 212,992
main()
