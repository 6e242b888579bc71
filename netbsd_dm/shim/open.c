/* Opening: the nodes of the mapper directory; everything else is libc's. */
#include "shim.h"

#include <fcntl.h>
#include <stdarg.h>

/* A node that is there, as openat(2); a descriptor, or minus an error number. */
int shim_open_path(const char *path, int flags)
{
    struct shim_node node;
    int error = shim_find_node(path, &node);

    if (error != 0)
        return -error;
    if ((flags & O_CREAT) && (flags & O_EXCL))
        return -EEXIST;
    if (flags & O_DIRECTORY)
        return -ENOTDIR;
    return node.kind == SHIM_CONTROL ? shim_control_open(flags) : shim_device_open(node, flags);
}

static int opened(const char *path, int flags)
{
    int fd = shim_open_path(path, flags);

    return fd < 0 ? shim_fail(-fd) : fd;
}

static bool is_node(const char *path)
{
    return shim_is_below(path) && shim_place(path) == SHIM_NODE;
}

/* Libc reads the mode only if the flags ask for it; reading it always does no harm here. */
#define MODE_AFTER(last)                       \
    mode_t mode;                               \
    va_list arguments;                         \
    va_start(arguments, last);                 \
    mode = (mode_t)va_arg(arguments, unsigned); \
    va_end(arguments)

#define OPEN(name)                                            \
    REPLACES(int, name, (const char *path, int flags, ...))   \
    {                                                         \
        MODE_AFTER(flags);                                    \
        if (is_node(path))                                    \
            return opened(path, flags);                       \
        return next_##name()(path, flags, mode);              \
    }

#define OPENAT(name)                                                          \
    REPLACES(int, name, (int directory, const char *path, int flags, ...))    \
    {                                                                         \
        MODE_AFTER(flags);                                                    \
        if (is_node(path))                                                    \
            return opened(path, flags);                                       \
        return next_##name()(directory, path, flags, mode);                   \
    }

/* What a program compiled with _FORTIFY_SOURCE calls where it gives no mode. */
#define OPEN_2(name)                                    \
    REPLACES(int, name, (const char *path, int flags))  \
    {                                                   \
        if (is_node(path))                              \
            return opened(path, flags);                 \
        return next_##name()(path, flags);              \
    }

#define OPENAT_2(name)                                                \
    REPLACES(int, name, (int directory, const char *path, int flags)) \
    {                                                                 \
        if (is_node(path))                                            \
            return opened(path, flags);                               \
        return next_##name()(directory, path, flags);                 \
    }

#define CREAT(name)                                          \
    REPLACES(int, name, (const char *path, mode_t mode))     \
    {                                                        \
        if (is_node(path))                                   \
            return opened(path, O_CREAT | O_WRONLY | O_TRUNC); \
        return next_##name()(path, mode);                    \
    }

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
OPEN_2(__open_2)
OPEN_2(__open64_2)
OPENAT_2(__openat_2)
OPENAT_2(__openat64_2)
CREAT(creat)
CREAT(creat64)
