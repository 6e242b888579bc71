/* Closing and duplicating descriptors of ours. */
#include "shim.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

int shim_close_tracked(int fd)
{
    struct shim_slot *slot = &shim_slots[fd];
    struct shim_file *last = NULL;
    int error = 0;
    sigset_t before;

    shim_enter(&before);
    if (atomic_load(&slot->state) != SHIM_OPEN) {
        error = EBADF;
    } else {
        atomic_store(&slot->state, SHIM_CLOSING); /* no more users from here on */
        if (atomic_load(&slot->users) == 0) {
            last = shim_vacate(fd);
            if (syscall(SYS_close, fd) != 0)
                error = errno;
        }
    }
    shim_leave(&before);
    shim_file_free(last);
    return shim_result(error);
}

/* Enter once no call uses `fd`, which keeps new ones away until it is left. */
static void enter_idle(int fd, sigset_t *before)
{
    struct shim_slot *slot = &shim_slots[fd];

    for (;;) {
        struct shim_file *file;

        shim_enter(before);
        file = atomic_load(&slot->file);
        if (file != NULL)
            atomic_store(&slot->state, SHIM_AWAITED);
        if (file == NULL || atomic_load(&slot->users) == 0)
            return;
        shim_leave(before);
        pthread_mutex_lock(&file->lock); /* most users have it, or wait for it */
        pthread_mutex_unlock(&file->lock);
        sched_yield();
    }
}

int shim_replace(int from, int to, int flags, struct shim_file *file)
{
    struct shim_file *last = NULL;
    sigset_t before;
    long result;
    int error;

    if ((unsigned)to >= SHIM_DESCRIPTORS)
        return shim_fail(file == NULL ? EBADF : EMFILE);
    enter_idle(to, &before);
    result = syscall(SYS_dup3, from, to, flags);
    error = errno;
    if (result >= 0)
        last = file == NULL ? shim_vacate(to) : shim_fill(to, file);
    else
        atomic_store(&shim_slots[to].state, SHIM_OPEN);
    shim_leave(&before);
    shim_file_free(last);
    return result < 0 ? shim_fail(error) : to;
}

int shim_close_range_tracked(unsigned first, unsigned last, unsigned flags)
{
    unsigned from = first;

    for (unsigned fd = first; (int)fd <= shim_highest && fd <= last; fd++) {
        if (!shim_tracks((int)fd))
            continue;
        if (fd > from && syscall(SYS_close_range, from, fd - 1, flags) != 0)
            return -1;
        shim_close_tracked((int)fd); /* or the last call under way on it does */
        from = fd + 1;
    }
    return from > last ? 0 : (int)syscall(SYS_close_range, from, last, flags);
}

void shim_exchange_socket(struct shim_file *file, int socket)
{
    sigset_t before;

    shim_enter(&before);
    for (int fd = 0; fd <= shim_highest; fd++) {
        if (atomic_load(&shim_slots[fd].file) == file) {
            int flags = (int)syscall(SYS_fcntl, fd, F_GETFD);

            syscall(SYS_dup3, socket, fd, flags & FD_CLOEXEC ? O_CLOEXEC : 0);
        }
    }
    atomic_store(&file->identity, shim_identity(socket));
    file->owner = getpid();
    file->is_lost = false;
    shim_leave(&before);
}
