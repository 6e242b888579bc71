/* Closing and duplicating, as programs call them. */
#include "shim.h"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4
#endif

/* A child of vfork closes descriptors of its own, but the table is still its parent's. */
static bool is_ours(int fd)
{
    return shim_tracks(fd) && !shim_is_borrowed();
}

REPLACES(int, close, (int fd))
{
    return is_ours(fd) ? shim_close_tracked(fd) : next_close()(fd);
}

/* The file that is to be duplicated; NULL: none of ours. */
static struct shim_file *original(int from)
{
    return is_ours(from) ? shim_acquire(from) : NULL;
}

/* `fd`, which a duplicate of `from` got, stands for the same; releases `from`. */
static int duplicated(int fd, int from, struct shim_file *file)
{
    int error = fd < 0 ? errno : file->node.kind == SHIM_CLOSED ? EBADF : shim_track(fd, file);

    shim_release(from);
    if (fd >= 0 && error != 0)
        syscall(SYS_close, fd);
    return error == 0 ? fd : shim_fail(error);
}

REPLACES(int, dup, (int from))
{
    struct shim_file *file = original(from);
    int fd = next_dup()(from);

    return file == NULL ? fd : duplicated(fd, from, file);
}

/* dup3, if one of the two is ours; else false. */
static bool replaced(int from, int to, int flags, int *result)
{
    struct shim_file *file;

    if (from == to || !(is_ours(from) || is_ours(to)))
        return false;
    file = original(from);
    if (file != NULL && file->node.kind == SHIM_CLOSED)
        *result = shim_fail(EBADF);
    else
        *result = shim_replace(from, to, flags, file);
    if (file != NULL)
        shim_release(from);
    return true;
}

REPLACES(int, dup2, (int from, int to))
{
    int result;

    return replaced(from, to, 0, &result) ? result : next_dup2()(from, to);
}

REPLACES(int, dup3, (int from, int to, int flags))
{
    int result;

    return replaced(from, to, flags, &result) ? result : next_dup3()(from, to, flags);
}

/* What of fcntl is about more than the descriptor itself. */
static bool is_about_file(int command)
{
    return command == F_DUPFD || command == F_DUPFD_CLOEXEC || command == F_GETFL;
}

/* What it gave; releases `fd`. */
static int controlled(int result, int fd, int command, struct shim_file *file)
{
    bool is_device = file->node.kind == SHIM_BLOCK || file->node.kind == SHIM_RAW;

    if (command != F_GETFL)
        return duplicated(result, fd, file);
    if (is_device && result >= 0)
        result = (result & ~O_ACCMODE) | file->flags; /* what the memory file has is our affair */
    shim_release(fd);
    return result;
}

#define FCNTL(name)                                                                           \
    REPLACES(int, name, (int fd, int command, ...))                                           \
    {                                                                                         \
        struct shim_file *file = is_about_file(command) ? original(fd) : NULL;                \
        void *argument;                                                                       \
        va_list arguments;                                                                    \
        int result;                                                                           \
        va_start(arguments, command);                                                         \
        argument = va_arg(arguments, void *); /* as wide as any; what is not there is unused */ \
        va_end(arguments);                                                                    \
        result = next_##name()(fd, command, argument);                                        \
        return file == NULL ? result : controlled(result, fd, command, file);                 \
    }

FCNTL(fcntl)
FCNTL(fcntl64)

/* Whether a descriptor of ours is among those that a call closes. */
static bool reaches(unsigned first)
{
    int highest = atomic_load(&shim_highest);

    return highest >= 0 && first <= (unsigned)highest && !shim_is_borrowed();
}

/* By the kernel: libc has it since 2.34 only, and a program that looks for it finds ours. */
REPLACES(int, close_range, (unsigned first, unsigned last, int flags))
{
    if ((flags & CLOSE_RANGE_CLOEXEC) || first > last || !reaches(first))
        return (int)syscall(SYS_close_range, first, last, (unsigned)flags);
    return shim_close_range_tracked(first, last, (unsigned)flags);
}

REPLACES(void, closefrom, (int lowest))
{
    if (shim_close_range(lowest < 0 ? 0 : (unsigned)lowest, UINT_MAX, 0) != 0)
        next_closefrom()(lowest);
}
