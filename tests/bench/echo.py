"""A bare trio server that sends back what it receives: the mark to measure against."""

import sys

import trio


async def _echo(stream: trio.SocketStream) -> None:
    async for data in stream:
        await stream.send_all(data)


async def _main(path: str) -> None:
    listener = trio.socket.socket(trio.socket.AF_UNIX)
    await listener.bind(path)
    listener.listen(64)
    await trio.serve_listeners(_echo, [trio.SocketListener(listener)])


if __name__ == "__main__":
    trio.run(_main, sys.argv[1])
