/* NetBSD's error numbers in the host's (errno.2, sys/errno.h). */
#include "shim.h"

/* From 35 on the two part; 11 is the one before that differs. */
#define FIRST 35

static const int host[] = {
    [35 - FIRST] = EAGAIN,          [36 - FIRST] = EINPROGRESS,
    [37 - FIRST] = EALREADY,        [38 - FIRST] = ENOTSOCK,
    [39 - FIRST] = EDESTADDRREQ,    [40 - FIRST] = EMSGSIZE,
    [41 - FIRST] = EPROTOTYPE,      [42 - FIRST] = ENOPROTOOPT,
    [43 - FIRST] = EPROTONOSUPPORT, [44 - FIRST] = ESOCKTNOSUPPORT,
    [45 - FIRST] = EOPNOTSUPP,      [46 - FIRST] = EPFNOSUPPORT,
    [47 - FIRST] = EAFNOSUPPORT,    [48 - FIRST] = EADDRINUSE,
    [49 - FIRST] = EADDRNOTAVAIL,   [50 - FIRST] = ENETDOWN,
    [51 - FIRST] = ENETUNREACH,     [52 - FIRST] = ENETRESET,
    [53 - FIRST] = ECONNABORTED,    [54 - FIRST] = ECONNRESET,
    [55 - FIRST] = ENOBUFS,         [56 - FIRST] = EISCONN,
    [57 - FIRST] = ENOTCONN,        [58 - FIRST] = ESHUTDOWN,
    [59 - FIRST] = ETOOMANYREFS,    [60 - FIRST] = ETIMEDOUT,
    [61 - FIRST] = ECONNREFUSED,    [62 - FIRST] = ELOOP,
    [63 - FIRST] = ENAMETOOLONG,    [64 - FIRST] = EHOSTDOWN,
    [65 - FIRST] = EHOSTUNREACH,    [66 - FIRST] = ENOTEMPTY,
    [68 - FIRST] = EUSERS,          [69 - FIRST] = EDQUOT,
    [70 - FIRST] = ESTALE,          [77 - FIRST] = ENOLCK,
    [78 - FIRST] = ENOSYS,          [82 - FIRST] = EIDRM,
    [83 - FIRST] = ENOMSG,          [84 - FIRST] = EOVERFLOW,
    [85 - FIRST] = EILSEQ,          [86 - FIRST] = ENOTSUP,
    [87 - FIRST] = ECANCELED,       [88 - FIRST] = EBADMSG,
};

int shim_host_error(uint64_t netbsd)
{
    if (netbsd == 11)
        return EDEADLK;
    if (netbsd > 0 && netbsd < FIRST)
        return (int)netbsd;
    if (netbsd >= FIRST && netbsd - FIRST < sizeof host / sizeof *host && host[netbsd - FIRST])
        return host[netbsd - FIRST];
    return EIO; /* the ioctl failed, and the host has no number for why */
}
