/* ioctl: the driver's own on every node, the disk's on those of devices. */
#include "shim.h"

#include <stdarg.h>
#include <sys/ioctl.h>

/* NETBSD_DM_IOCTL: for this direction NetBSD's macro and Linux's agree. */
#define DM_IOCTL _IOWR(0xfd, 0, struct plistref)

/* What the kernel itself does with any descriptor. */
static bool is_for_all(unsigned request)
{
    return request == FIOCLEX || request == FIONCLEX || request == FIONBIO || request == FIOASYNC;
}

/* The disk's requests are known on devices' nodes only; releases `fd`. */
static int run(int fd, struct shim_file *file, unsigned request, void *argument)
{
    bool is_device = file->node.kind == SHIM_BLOCK || file->node.kind == SHIM_RAW;
    int error;

    if (request == DM_IOCTL && file->node.kind != SHIM_CLOSED)
        return shim_control_ioctl(fd, file, argument);
    error = is_device ? shim_disk_ioctl(file, request, argument) : ENOTTY;
    if (file->node.kind == SHIM_CLOSED)
        error = EBADF;
    shim_release(fd);
    return error;
}

/* Track `fd` if it came through exec; by one thread. */
static void adopt(int fd, bool is_driver)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

    pthread_mutex_lock(&lock);
    if (!shim_tracks(fd) && !shim_adopt_device(fd) && is_driver)
        shim_adopt_control(fd);
    pthread_mutex_unlock(&lock);
}

static struct shim_file *find(int fd, unsigned request)
{
    struct shim_file *file = is_for_all(request) ? NULL : shim_acquire(fd);

    if (file == NULL && (request == DM_IOCTL || shim_is_disk_request(request))) {
        adopt(fd, request == DM_IOCTL);
        file = shim_acquire(fd);
    }
    return file;
}

REPLACES(int, ioctl, (int fd, unsigned long request, ...))
{
    struct shim_file *file = find(fd, (unsigned)request);
    void *argument;
    va_list arguments;

    va_start(arguments, request);
    argument = va_arg(arguments, void *);
    va_end(arguments);
    if (file == NULL)
        return next_ioctl()(fd, request, argument);
    return shim_result(run(fd, file, (unsigned)request, argument));
}
