"""What became of a device's I/O, in numbers."""

from dataclasses import dataclass


@dataclass(slots=True)
class Statistics:
    """Requests that are done, since the device was created; iostat reports them."""

    reads: int = 0
    read_bytes: int = 0
    writes: int = 0
    written_bytes: int = 0
    flushes: int = 0
    discards: int = 0
    """Discarded and zeroed ranges."""
    errors: int = 0
    latency_ns: int = 0
    """The sum over all requests, from the arrival of each to its answer."""
    slowest_ns: int = 0

    @property
    def requests(self) -> int:
        """All of them, failed ones included."""
        return self.reads + self.writes + self.flushes + self.discards

    def took(self, latency_ns: int, requests: int = 1) -> None:
        """Count the time that each of so many requests took."""
        self.latency_ns += latency_ns * requests
        self.slowest_ns = max(self.slowest_ns, latency_ns)
