/*
 * Which descriptors are ours, and what they stand for.
 *
 * A call works on the number that it was given, which another thread may close meanwhile; the
 * number must not come to stand for another file then.  So a call counts as a user of the
 * number, and the last of them does a close that came in between.  Nothing here makes a call
 * wait but the locks of changes, which are short.
 */
#include "shim.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct shim_slot shim_slots[SHIM_DESCRIPTORS];
atomic_int shim_highest = -1;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_int owner; /* the process whose memory this is; 0: nothing was ever tracked */

/* close may be called by a signal handler, so none must run while its thread has the lock. */
void shim_enter(sigset_t *before)
{
    sigset_t all;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, before);
    pthread_mutex_lock(&lock);
}

void shim_leave(const sigset_t *before)
{
    pthread_mutex_unlock(&lock);
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

bool shim_is_borrowed(void)
{
    int process = atomic_load(&owner);

    return process != 0 && process != getpid();
}

uint64_t shim_identity(int fd)
{
    struct statx status;

    if (syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_INO, &status) != 0)
        return 0;
    return status.stx_ino ^ (uint64_t)status.stx_dev_major << 52 ^
           (uint64_t)status.stx_dev_minor << 32;
}

struct shim_file *shim_file_new(struct shim_node node, int fd)
{
    struct shim_file *file = calloc(1, sizeof *file);

    if (file == NULL)
        return NULL;
    file->node = node;
    file->owner = getpid();
    file->identity = shim_identity(fd);
    file->nbd.fd = -1;
    pthread_mutex_init(&file->lock, NULL);
    return file;
}

void shim_file_free(struct shim_file *file)
{
    if (file == NULL)
        return;
    shim_nbd_disconnect(file);
    pthread_mutex_destroy(&file->lock);
    free(file);
}

struct shim_file *shim_vacate(int fd)
{
    struct shim_slot *slot = &shim_slots[fd];
    struct shim_file *file = atomic_exchange(&slot->file, NULL);

    atomic_store(&slot->state, SHIM_OPEN); /* after the file: who looks for it looks twice */
    if (file == NULL || --file->descriptors > 0)
        return NULL;
    /* Users there are only if the number was taken from under them: rather lose some memory. */
    return atomic_load(&slot->users) == 0 ? file : NULL;
}

struct shim_file *shim_fill(int fd, struct shim_file *file)
{
    struct shim_file *last = shim_vacate(fd);

    if (fd > shim_highest)
        shim_highest = fd;
    file->descriptors++;
    atomic_store(&shim_slots[fd].file, file);
    return last;
}

int shim_track(int fd, struct shim_file *file)
{
    struct shim_file *last;
    sigset_t before;

    if (fd >= SHIM_DESCRIPTORS)
        return EMFILE;
    shim_enter(&before);
    if (atomic_load(&owner) == 0)
        atomic_store(&owner, getpid());
    last = shim_fill(fd, file);
    shim_leave(&before);
    shim_file_free(last);
    return 0;
}

/* The number is another file's by now. */
static void forget(int fd, const struct shim_file *file)
{
    struct shim_file *last = NULL;
    sigset_t before;

    shim_enter(&before);
    if (atomic_load(&shim_slots[fd].file) == file)
        last = shim_vacate(fd);
    shim_leave(&before);
    shim_file_free(last);
}

/* What closes without asking libc, such as libc itself, leaves a number of ours to others. */
static bool is_stale(int fd, struct shim_file *file)
{
    sigset_t before;
    bool is_other;

    if (shim_identity(fd) == atomic_load(&file->identity))
        return false;
    shim_enter(&before); /* unless its socket is being replaced this very moment */
    is_other = shim_identity(fd) != atomic_load(&file->identity);
    shim_leave(&before);
    return is_other;
}

/* What a number stands for that was closed while calls use it, for all others. */
static struct shim_file closed = {.node = {SHIM_CLOSED, 0}};

/* The file behind a number that has one user more; NULL if it has to be looked for again. */
static struct shim_file *look(int fd)
{
    struct shim_slot *slot = &shim_slots[fd];
    struct shim_file *file = atomic_load(&slot->file);
    enum shim_state state = atomic_load(&slot->state);

    if (file == NULL || atomic_load(&slot->file) != file || state == SHIM_AWAITED)
        return NULL;
    if (state == SHIM_CLOSING)
        return &closed;
    if (!is_stale(fd, file))
        return file;
    forget(fd, file);
    return NULL;
}

struct shim_file *shim_acquire(int fd)
{
    while (shim_tracks(fd)) {
        struct shim_file *file;

        atomic_fetch_add(&shim_slots[fd].users, 1);
        file = look(fd);
        if (file != NULL)
            return file;
        shim_release(fd);
        sched_yield(); /* it is changing, or ours no longer */
    }
    return NULL;
}

/* The last user does what a close put off. */
static void finish(int fd)
{
    struct shim_slot *slot = &shim_slots[fd];
    struct shim_file *last = NULL;
    sigset_t before;

    shim_enter(&before);
    if (atomic_load(&slot->state) == SHIM_CLOSING && atomic_load(&slot->users) == 0) {
        last = shim_vacate(fd);
        syscall(SYS_close, fd);
    }
    shim_leave(&before);
    shim_file_free(last);
}

void shim_release(int fd)
{
    struct shim_slot *slot = &shim_slots[fd];

    if (atomic_fetch_sub(&slot->users, 1) == 1 && atomic_load(&slot->state) == SHIM_CLOSING)
        finish(fd);
}

/* ---- fork: the table must be whole in the child, and no lock held by who is not there ---- */

static sigset_t before_fork;

static void prepare(void)
{
    sigset_t before;

    shim_enter(&before);
    before_fork = before;
}

static void resume(void)
{
    sigset_t before = before_fork;

    shim_leave(&before);
}

/* The calls under way are those of the parent's threads. */
static void start_anew(void)
{
    for (int fd = 0; fd <= shim_highest; fd++) {
        struct shim_slot *slot = &shim_slots[fd];
        bool is_closed = slot->state == SHIM_CLOSING;

        slot->users = 0;
        slot->state = SHIM_OPEN;
        if (slot->file == NULL)
            continue;
        pthread_mutex_init(&atomic_load(&slot->file)->lock, NULL);
        if (is_closed) {
            shim_file_free(shim_vacate(fd));
            syscall(SYS_close, fd);
        }
    }
    if (atomic_load(&owner) != 0)
        atomic_store(&owner, getpid());
    resume();
}

__attribute__((constructor)) static void watch_forks(void)
{
    pthread_atfork(prepare, resume, start_anew);
}
