/* Extended attributes, for which ls and cp ask: the nodes have none. */
#include "shim.h"

#define GET(name)                                                                            \
    REPLACES(ssize_t, name, (const char *path, const char *attribute, void *value, size_t size)) \
    {                                                                                        \
        return shim_is_below(path) ? shim_fail(EOPNOTSUPP)                                   \
                                   : next_##name()(path, attribute, value, size);            \
    }

#define LIST(name)                                                          \
    REPLACES(ssize_t, name, (const char *path, char *list, size_t size))    \
    {                                                                       \
        return shim_is_below(path) ? shim_fail(EOPNOTSUPP)                  \
                                   : next_##name()(path, list, size);       \
    }

GET(getxattr)
GET(lgetxattr)
LIST(listxattr)
LIST(llistxattr)
