/*
 * The descriptor of a device's node: an empty file in memory, whose name says what it stands
 * for and whose offset is the device's.  So the kernel keeps what descriptions share, across
 * dup, fork and exec; everything else is asked of the server.
 */
#include "shim.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NAME "netbsd-dm:%c:%x:%x"
#define KEPT_FLAGS (O_ACCMODE | O_SYNC | O_DSYNC)

static void link_of(int fd, char *to, size_t size)
{
    snprintf(to, size, "/proc/self/fd/%d", fd);
}

/*
 * Let `fd` be the same file for writing only, which is sealed: reads and writes that do not
 * come through us must fail, and not find a file that is empty.
 */
static void forbid_reading(int fd, int flags)
{
    char path[32];
    int reopened;

    link_of(fd, path, sizeof path);
    reopened = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY);
    if (reopened < 0)
        return; /* there is no /proc */
    syscall(SYS_dup3, reopened, fd, flags & O_CLOEXEC);
    syscall(SYS_close, reopened);
}

static int memory_file(struct shim_node node, int flags)
{
    char name[64];
    int fd;

    snprintf(name, sizeof name, NAME, node.kind == SHIM_RAW ? 'r' : 'b', node.minor,
             (unsigned)flags & KEPT_FLAGS);
    fd = (int)syscall(SYS_memfd_create, name,
                      MFD_ALLOW_SEALING | (flags & O_CLOEXEC ? MFD_CLOEXEC : 0));
    if (fd < 0)
        return -errno;
    syscall(SYS_fcntl, fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_WRITE | F_SEAL_SEAL);
    forbid_reading(fd, flags);
    return fd;
}

static bool track_device(int fd, struct shim_node node, int flags)
{
    struct shim_file *file = shim_file_new(node, fd);

    if (file == NULL)
        return false;
    file->flags = flags & KEPT_FLAGS;
    if (shim_track(fd, file) == 0)
        return true;
    shim_file_free(file);
    return false;
}

int shim_device_open(struct shim_node node, int flags)
{
    int fd = memory_file(node, flags);

    /* The child of a vfork opens for what it is about to run, which adopts it. */
    if (fd < 0 || shim_is_borrowed() || track_device(fd, node, flags))
        return fd;
    syscall(SYS_close, fd);
    return -EMFILE;
}

static bool is_memory_file(int fd)
{
    struct statx status;

    return syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_NLINK, &status) == 0 &&
           S_ISREG(status.stx_mode) && status.stx_nlink == 0;
}

bool shim_adopt_device(int fd)
{
    char path[32], name[128];
    unsigned minor, flags;
    ssize_t length;
    char kind;

    if (!is_memory_file(fd))
        return false;
    link_of(fd, path, sizeof path);
    length = syscall(SYS_readlinkat, AT_FDCWD, path, name, sizeof name - 1);
    if (length < 0)
        return false;
    name[length] = '\0';
    if (sscanf(name, "/memfd:" NAME, &kind, &minor, &flags) != 3)
        return false;
    return track_device(
        fd, (struct shim_node){kind == 'r' ? SHIM_RAW : SHIM_BLOCK, minor}, (int)flags);
}
