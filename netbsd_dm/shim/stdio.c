/*
 * Streams of the nodes: libc's own read with calls that we do not see, so ours are given
 * functions to read with.
 */
#include "shim.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct stream {
    int fd;
};

static ssize_t read_stream(void *cookie, char *data, size_t length)
{
    const struct stream *stream = cookie;

    return read(stream->fd, data, length);
}

static ssize_t write_stream(void *cookie, const char *data, size_t length)
{
    const struct stream *stream = cookie;
    ssize_t written = write(stream->fd, data, length);

    return written < 0 ? 0 : written; /* what the interface takes for an error */
}

static int seek_stream(void *cookie, off64_t *offset_bytes, int whence)
{
    const struct stream *stream = cookie;
    off64_t result = lseek64(stream->fd, *offset_bytes, whence);

    if (result >= 0)
        *offset_bytes = result;
    return result < 0 ? -1 : 0;
}

static int close_stream(void *cookie)
{
    struct stream *stream = cookie;
    int fd = stream->fd;

    free(stream);
    return close(fd);
}

static FILE *make_stream(int fd, const char *mode)
{
    static const cookie_io_functions_t functions = {read_stream, write_stream, seek_stream,
                                                    close_stream};
    struct stream *stream = malloc(sizeof *stream);
    FILE *file;

    if (stream == NULL)
        return NULL;
    stream->fd = fd;
    file = fopencookie(stream, mode, functions);
    if (file == NULL)
        free(stream);
    else
        file->_fileno = fd; /* programs ask for it, to send their ioctls there */
    return file;
}

/* The flags of open for a mode of fopen; -1 for none. */
static int flags_of(const char *mode)
{
    int flags = mode[0] == 'r' ? O_RDONLY : mode[0] == 'w' || mode[0] == 'a' ? O_WRONLY : -1;

    if (flags >= 0 && strchr(mode, '+') != NULL)
        flags = O_RDWR;
    if (flags >= 0 && mode[0] != 'r')
        flags |= O_CREAT;
    if (flags >= 0 && strchr(mode, 'x') != NULL)
        flags |= O_EXCL;
    if (flags >= 0 && strchr(mode, 'e') != NULL)
        flags |= O_CLOEXEC;
    return flags;
}

static FILE *open_stream(const char *path, const char *mode)
{
    int flags = flags_of(mode);
    int fd = flags < 0 ? -EINVAL : shim_open_path(path, flags);
    FILE *file = fd < 0 ? NULL : make_stream(fd, mode);

    if (fd >= 0 && file == NULL)
        close(fd);
    if (fd < 0)
        errno = -fd;
    return file;
}

#define FOPEN(name)                                                  \
    REPLACES(FILE *, name, (const char *path, const char *mode))     \
    {                                                                \
        if (shim_place(path) == SHIM_NODE)                           \
            return open_stream(path, mode);                          \
        return next_##name()(path, mode);                            \
    }

FOPEN(fopen)
FOPEN(fopen64)

REPLACES(FILE *, fdopen, (int fd, const char *mode))
{
    return shim_tracks(fd) ? make_stream(fd, mode) : next_fdopen()(fd, mode);
}

/* If a shell opened a node and ran this program with it as standard input or output. */
static void adopt(int fd, FILE **stream, const char *mode)
{
    FILE *own = shim_adopt_device(fd) ? make_stream(fd, mode) : NULL;

    if (own != NULL)
        *stream = own;
}

__attribute__((constructor)) static void adopt_standard_streams(void)
{
    adopt(0, &stdin, "r");
    adopt(1, &stdout, "w");
    adopt(2, &stderr, "w");
}
