"""NetBSD's device-mapper as a userspace server."""
