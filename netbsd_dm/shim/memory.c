/* Memory of the program, which may be anything: the kernel would say EFAULT. */
#include "shim.h"

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define POOL_BYTES 65536
#define PIECE_BYTES 16384

/*
 * A futex operation that wakes nobody and adds 0: of all calls that touch memory in both ways
 * it costs the least, a third of a copy by the kernel.
 */
static int touch(const uint32_t *word)
{
    long result = syscall(SYS_futex, word, FUTEX_WAKE_OP_PRIVATE, 0, 0L, word,
                          FUTEX_OP(FUTEX_OP_ADD, 0, FUTEX_OP_CMP_EQ, 0));

    return result < 0 && errno == EFAULT ? EFAULT : 0;
}

static bool is_same_page(const void *one, const void *other)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

    return (uintptr_t)one / page == (uintptr_t)other / page;
}

int shim_check_reference(void *argument)
{
    struct plistref *reference = argument;
    int error = touch((uint32_t *)&reference->pref_plist);

    if (error == 0 && !is_same_page(&reference->pref_plist, &reference->pref_len))
        error = touch((uint32_t *)&reference->pref_len);
    return error;
}

/* By the kernel, on ourselves; it tells by EPERM or ENOSYS that it may not. */
static int copy(long number, void *ours, void *theirs, size_t length)
{
    struct iovec local = {ours, length};
    struct iovec remote = {theirs, length};
    long copied = syscall(number, (long)getpid(), &local, 1L, &remote, 1L, 0L);

    if (copied < 0)
        return errno;
    return (size_t)copied == length ? 0 : EFAULT;
}

static bool is_forbidden(int error)
{
    return error == EPERM || error == ENOSYS;
}

int shim_copy_in(void *to, const void *from, size_t length)
{
    int error = length == 0 ? 0 : copy(SYS_process_vm_readv, to, (void *)from, length);

    if (is_forbidden(error)) {
        memcpy(to, from, length); /* in a sandbox a bad pointer crashes after all */
        error = 0;
    }
    return error == 0 ? 0 : EFAULT;
}

int shim_copy_out(void *to, const void *from, size_t length)
{
    int error = copy(SYS_process_vm_writev, (void *)from, to, length);

    if (error != 0 && !is_forbidden(error))
        return EFAULT;
    memcpy(to, from, length); /* again, for checkers that do not see what the kernel wrote */
    return 0;
}

static char *map(size_t length)
{
    void *mapped = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return mapped == MAP_FAILED ? NULL : mapped;
}

/*
 * Short replies are pieces of a larger mapping, each in pages of its own, for a mapping made
 * anew costs as much as all the rest of a call.  They are taken from its end: a program that
 * unmaps more than it was given loses what it was given before.
 */
static char *take_piece(size_t size)
{
    static char *pool;
    static size_t left;

    if (size > left) {
        if (left > 0)
            munmap(pool, left);
        pool = map(POOL_BYTES);
        left = pool == NULL ? 0 : POOL_BYTES;
    }
    if (size > left)
        return NULL;
    left -= size;
    return pool + left;
}

char *shim_map(size_t length)
{
    static atomic_flag is_taken = ATOMIC_FLAG_INIT;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t size = (length + page - 1) / page * page;
    char *mapped = NULL;

    /* Whoever comes in between, and a child of fork that was in between, does without it. */
    if (size <= PIECE_BYTES && !atomic_flag_test_and_set(&is_taken)) {
        mapped = take_piece(size);
        atomic_flag_clear(&is_taken);
    }
    return mapped != NULL ? mapped : map(length);
}
