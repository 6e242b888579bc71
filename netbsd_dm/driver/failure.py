"""The one place where an error becomes a reply (socket contract, "When something fails")."""

from ..plist import PlistDict, UInt
from ..wire import keys
from ..wire.errors import DMError
from .profile import Profile


def failed_command(request: PlistDict, error: DMError, profile: Profile) -> PlistDict:
    """The reply to a command that failed: the request as the driver left it.

    The driver loses the errno.  There is never a top-level `errno`, for the
    ioctl returns 0 and NetBSD's library aborts on anything else.
    """
    if profile.reports_errors:
        request[keys.ERROR] = error_dictionary(error)
    return request


def failed_exchange(error: DMError, profile: Profile) -> PlistDict:
    """The reply where the ioctl itself would fail: no property list, or too long."""
    reply: PlistDict = {keys.ERRNO: UInt(error.errno)}
    if profile.reports_errors:
        reply[keys.ERROR] = error_dictionary(error)
    return reply


def error_dictionary(error: DMError) -> PlistDict:
    """What tells of `error` in a reply."""
    dictionary: PlistDict = {
        keys.ERRNO: UInt(error.errno),
        keys.MESSAGE: error.message,
        keys.NAME: error.name,
    }
    if error.where:
        dictionary[keys.WHERE] = error.where
    return dictionary
