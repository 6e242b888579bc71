/* Reading and writing, as programs call it. */
#include "shim.h"

#include <sys/sendfile.h>
#include <unistd.h>

/* The file behind `fd`; for any other no more than a look at the table. */
static inline struct shim_file *file_of(int fd)
{
    return shim_tracks(fd) ? shim_acquire(fd) : NULL;
}

static ssize_t moved(int fd, struct shim_file *file, bool is_write, const struct iovec *parts,
                     int count, int64_t offset_bytes)
{
    ssize_t result = shim_transfer(fd, file, is_write, parts, count, offset_bytes);

    shim_release(fd);
    return result;
}

static ssize_t moved_one(int fd, struct shim_file *file, bool is_write, const void *data,
                         size_t length, int64_t offset_bytes)
{
    struct iovec part = {(void *)data, length};

    return moved(fd, file, is_write, &part, 1, offset_bytes);
}

/* A place that was given is none from which the file's own offset could be meant. */
static int64_t given(int64_t offset_bytes)
{
    return offset_bytes < 0 ? INT64_MIN : offset_bytes;
}

REPLACES(ssize_t, read, (int fd, void *data, size_t length))
{
    struct shim_file *file = file_of(fd);

    return file == NULL ? next_read()(fd, data, length)
                        : moved_one(fd, file, false, data, length, -1);
}

REPLACES(ssize_t, write, (int fd, const void *data, size_t length))
{
    struct shim_file *file = file_of(fd);

    return file == NULL ? next_write()(fd, data, length)
                        : moved_one(fd, file, true, data, length, -1);
}

REPLACES(ssize_t, __read_chk, (int fd, void *data, size_t length, size_t size))
{
    struct shim_file *file = length <= size ? file_of(fd) : NULL;

    return file == NULL ? next___read_chk()(fd, data, length, size)
                        : moved_one(fd, file, false, data, length, -1);
}

#define PREAD(name, offset_t)                                                           \
    REPLACES(ssize_t, name, (int fd, void *data, size_t length, offset_t offset))       \
    {                                                                                   \
        struct shim_file *file = file_of(fd);                                           \
        return file == NULL ? next_##name()(fd, data, length, offset)                   \
                            : moved_one(fd, file, false, data, length, given(offset));  \
    }

#define PWRITE(name, offset_t)                                                               \
    REPLACES(ssize_t, name, (int fd, const void *data, size_t length, offset_t offset))      \
    {                                                                                        \
        struct shim_file *file = file_of(fd);                                                \
        return file == NULL ? next_##name()(fd, data, length, offset)                        \
                            : moved_one(fd, file, true, data, length, given(offset));        \
    }

#define PREAD_CHK(name, offset_t)                                                            \
    REPLACES(ssize_t, name, (int fd, void *data, size_t length, offset_t offset, size_t size)) \
    {                                                                                        \
        struct shim_file *file = length <= size ? file_of(fd) : NULL;                        \
        return file == NULL ? next_##name()(fd, data, length, offset, size)                  \
                            : moved_one(fd, file, false, data, length, given(offset));       \
    }

PREAD(pread, off_t)
PREAD(pread64, off64_t)
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)
PREAD_CHK(__pread_chk, off_t)
PREAD_CHK(__pread64_chk, off64_t)

REPLACES(ssize_t, readv, (int fd, const struct iovec *parts, int count))
{
    struct shim_file *file = file_of(fd);

    return file == NULL ? next_readv()(fd, parts, count)
                        : moved(fd, file, false, parts, count, -1);
}

REPLACES(ssize_t, writev, (int fd, const struct iovec *parts, int count))
{
    struct shim_file *file = file_of(fd);

    return file == NULL ? next_writev()(fd, parts, count)
                        : moved(fd, file, true, parts, count, -1);
}

#define AT_OFFSET(name, is_write, offset_t)                                                   \
    REPLACES(ssize_t, name, (int fd, const struct iovec *parts, int count, offset_t offset))  \
    {                                                                                         \
        struct shim_file *file = file_of(fd);                                                 \
        return file == NULL ? next_##name()(fd, parts, count, offset)                         \
                            : moved(fd, file, is_write, parts, count, given(offset));         \
    }

AT_OFFSET(preadv, false, off_t)
AT_OFFSET(preadv64, false, off64_t)
AT_OFFSET(pwritev, true, off_t)
AT_OFFSET(pwritev64, true, off64_t)

/* Here an offset of -1 is the file's own; what the flags ask for is how we do it anyway. */
#define AT_OFFSET_2(name, is_write, offset_t)                                                 \
    REPLACES(ssize_t, name,                                                                   \
             (int fd, const struct iovec *parts, int count, offset_t offset, int flags))      \
    {                                                                                         \
        struct shim_file *file = file_of(fd);                                                 \
        return file == NULL ? next_##name()(fd, parts, count, offset, flags)                  \
                            : moved(fd, file, is_write, parts, count,                         \
                                    offset == -1 ? -1 : given(offset));                       \
    }

AT_OFFSET_2(preadv2, false, off_t)
AT_OFFSET_2(preadv64v2, false, off64_t)
AT_OFFSET_2(pwritev2, true, off_t)
AT_OFFSET_2(pwritev64v2, true, off64_t)

#define LSEEK(name, offset_t)                                              \
    REPLACES(offset_t, name, (int fd, offset_t offset, int whence))        \
    {                                                                      \
        struct shim_file *file = file_of(fd);                              \
        offset_t result;                                                   \
        if (file == NULL)                                                  \
            return next_##name()(fd, offset, whence);                      \
        result = (offset_t)shim_seek(fd, file, offset, whence);            \
        shim_release(fd);                                                  \
        return result;                                                     \
    }

LSEEK(lseek, off_t)
LSEEK(lseek64, off64_t)

static int flushed(int fd, struct shim_file *file)
{
    int error = shim_flush(file);

    shim_release(fd);
    return shim_result(error);
}

REPLACES(int, fsync, (int fd))
{
    struct shim_file *file = file_of(fd);

    return file == NULL ? next_fsync()(fd) : flushed(fd, file);
}

REPLACES(int, fdatasync, (int fd))
{
    struct shim_file *file = file_of(fd);

    return file == NULL ? next_fdatasync()(fd) : flushed(fd, file);
}

static bool is_ours(int fd)
{
    struct shim_file *file = file_of(fd);

    if (file != NULL)
        shim_release(fd);
    return file != NULL;
}

/* What copies inside the kernel cannot see the device: programs fall back on read and write. */

REPLACES(ssize_t, copy_file_range,
         (int from, off64_t *from_at, int to, off64_t *to_at, size_t length, unsigned flags))
{
    if (is_ours(from) || is_ours(to))
        return shim_fail(EINVAL);
    return next_copy_file_range()(from, from_at, to, to_at, length, flags);
}

REPLACES(ssize_t, splice,
         (int from, off64_t *from_at, int to, off64_t *to_at, size_t length, unsigned flags))
{
    if (is_ours(from) || is_ours(to))
        return shim_fail(EINVAL);
    return next_splice()(from, from_at, to, to_at, length, flags);
}

#define SENDFILE(name, offset_t)                                                  \
    REPLACES(ssize_t, name, (int to, int from, offset_t *from_at, size_t length)) \
    {                                                                             \
        if (is_ours(from) || is_ours(to))                                 \
            return shim_fail(EINVAL);                                             \
        return next_##name()(to, from, from_at, length);                          \
    }

SENDFILE(sendfile, off_t)
SENDFILE(sendfile64, off64_t)

#define FTRUNCATE(name, offset_t)                     \
    REPLACES(int, name, (int fd, offset_t length))    \
    {                                                 \
        if (is_ours(fd))                              \
            return shim_fail(EINVAL);                 \
        return next_##name()(fd, length);             \
    }

FTRUNCATE(ftruncate, off_t)
FTRUNCATE(ftruncate64, off64_t)

#define FALLOCATE(name, offset_t)                                                \
    REPLACES(int, name, (int fd, int mode, offset_t offset, offset_t length))    \
    {                                                                            \
        if (is_ours(fd))                                                         \
            return shim_fail(EOPNOTSUPP);                                        \
        return next_##name()(fd, mode, offset, length);                          \
    }

FALLOCATE(fallocate, off_t)
FALLOCATE(fallocate64, off64_t)
