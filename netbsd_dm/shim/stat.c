/* What the nodes look like: as on NetBSD, with the major number that they have there. */
#include "shim.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define PASS (-1) /* libc's own answer holds */

#define FILE_SYSTEM_MAJOR 0
#define FILE_SYSTEM_MINOR SHIM_MAJOR
#define BLOCK_BYTES 4096

struct view {
    mode_t mode;
    unsigned inode, links;
    unsigned major, minor;
};

static struct view view_of(struct shim_node node)
{
    static const mode_t modes[] = {
        [SHIM_CONTROL] = S_IFCHR | 0600,
        [SHIM_BLOCK] = S_IFBLK | 0640,
        [SHIM_RAW] = S_IFCHR | 0640,
    };

    return (struct view){modes[node.kind], node.minor * 4 + node.kind + 2, 1, SHIM_MAJOR,
                         node.minor};
}

/* The view of `path`: 0, an error number, or PASS. */
static int see(const char *path, struct view *view)
{
    struct shim_node node;
    int error;

    if (!shim_is_below(path))
        return PASS;
    if (shim_place(path) == SHIM_DIRECTORY) {
        *view = (struct view){S_IFDIR | 0755, 1, 2, 0, 0};
        return syscall(SYS_faccessat, AT_FDCWD, path, F_OK) == 0 ? PASS : 0;
    }
    error = shim_find_node(path, &node);
    if (error == 0)
        *view = view_of(node);
    return error;
}

static int see_descriptor(int fd, struct view *view)
{
    struct shim_file *file = shim_tracks(fd) ? shim_acquire(fd) : NULL;

    int error = 0;

    if (file == NULL)
        return PASS;
    if (file->node.kind == SHIM_CLOSED)
        error = EBADF;
    else
        *view = view_of(file->node);
    shim_release(fd);
    return error;
}

/* As fstatat sees it: an empty path may stand for the descriptor. */
static int see_at(int directory, const char *path, int flags, struct view *view)
{
    if (path != NULL && path[0] == '\0' && (flags & AT_EMPTY_PATH))
        return see_descriptor(directory, view);
    return see(path, view);
}

#define FILL(name, type)                                                   \
    static int name(int error, const struct view *view, type *status)      \
    {                                                                      \
        if (error != 0)                                                    \
            return shim_fail(error);                                       \
        memset(status, 0, sizeof *status);                                 \
        status->st_dev = makedev(FILE_SYSTEM_MAJOR, FILE_SYSTEM_MINOR);    \
        status->st_ino = view->inode;                                      \
        status->st_mode = view->mode;                                      \
        status->st_nlink = view->links;                                    \
        status->st_uid = geteuid();                                        \
        status->st_gid = getegid();                                        \
        status->st_rdev = makedev(view->major, view->minor);               \
        status->st_blksize = BLOCK_BYTES;                                  \
        return 0;                                                          \
    }

FILL(fill, struct stat)
FILL(fill64, struct stat64)

#define STAT(name, type, fill)                                          \
    REPLACES(int, name, (const char *path, type *status))               \
    {                                                                   \
        struct view view;                                               \
        int error = see(path, &view);                                   \
        return error == PASS ? next_##name()(path, status)              \
                             : fill(error, &view, status);              \
    }

#define FSTAT(name, type, fill)                                         \
    REPLACES(int, name, (int fd, type *status))                         \
    {                                                                   \
        struct view view;                                               \
        int error = see_descriptor(fd, &view);                          \
        return error == PASS ? next_##name()(fd, status)                \
                             : fill(error, &view, status);              \
    }

#define FSTATAT(name, type, fill)                                                      \
    REPLACES(int, name, (int directory, const char *path, type *status, int flags))    \
    {                                                                                  \
        struct view view;                                                              \
        int error = see_at(directory, path, flags, &view);                             \
        return error == PASS ? next_##name()(directory, path, status, flags)           \
                             : fill(error, &view, status);                             \
    }

/* What programs call that were built with a glibc before 2.33. */
#define XSTAT(name, type, fill)                                            \
    REPLACES(int, name, (int version, const char *path, type *status))     \
    {                                                                      \
        struct view view;                                                  \
        int error = see(path, &view);                                      \
        return error == PASS ? next_##name()(version, path, status)        \
                             : fill(error, &view, status);                 \
    }

#define FXSTAT(name, type, fill)                                           \
    REPLACES(int, name, (int version, int fd, type *status))               \
    {                                                                      \
        struct view view;                                                  \
        int error = see_descriptor(fd, &view);                             \
        return error == PASS ? next_##name()(version, fd, status)          \
                             : fill(error, &view, status);                 \
    }

#define FXSTATAT(name, type, fill)                                                        \
    REPLACES(int, name,                                                                   \
             (int version, int directory, const char *path, type *status, int flags))     \
    {                                                                                     \
        struct view view;                                                                 \
        int error = see_at(directory, path, flags, &view);                                \
        return error == PASS ? next_##name()(version, directory, path, status, flags)     \
                             : fill(error, &view, status);                                \
    }

STAT(stat, struct stat, fill)
STAT(stat64, struct stat64, fill64)
STAT(lstat, struct stat, fill)
STAT(lstat64, struct stat64, fill64)
FSTAT(fstat, struct stat, fill)
FSTAT(fstat64, struct stat64, fill64)
FSTATAT(fstatat, struct stat, fill)
FSTATAT(fstatat64, struct stat64, fill64)
XSTAT(__xstat, struct stat, fill)
XSTAT(__xstat64, struct stat64, fill64)
XSTAT(__lxstat, struct stat, fill)
XSTAT(__lxstat64, struct stat64, fill64)
FXSTAT(__fxstat, struct stat, fill)
FXSTAT(__fxstat64, struct stat64, fill64)
FXSTATAT(__fxstatat, struct stat, fill)
FXSTATAT(__fxstatat64, struct stat64, fill64)

static int fill_extended(int error, const struct view *view, struct statx *status)
{
    if (error != 0)
        return shim_fail(error);
    *status = (struct statx){
        .stx_mask = STATX_BASIC_STATS,
        .stx_blksize = BLOCK_BYTES,
        .stx_nlink = view->links,
        .stx_uid = geteuid(),
        .stx_gid = getegid(),
        .stx_mode = (uint16_t)view->mode,
        .stx_ino = view->inode,
        .stx_rdev_major = view->major,
        .stx_rdev_minor = view->minor,
        .stx_dev_major = FILE_SYSTEM_MAJOR,
        .stx_dev_minor = FILE_SYSTEM_MINOR,
    };
    return 0;
}

REPLACES(int, statx,
         (int directory, const char *path, int flags, unsigned mask, struct statx *status))
{
    struct view view;
    int error = see_at(directory, path, flags, &view);

    return error == PASS ? next_statx()(directory, path, flags, mask, status)
                         : fill_extended(error, &view, status);
}
