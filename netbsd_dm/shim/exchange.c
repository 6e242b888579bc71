/* Exchanges with the server: length-prefixed requests and replies (socket contract). */
#include "shim.h"

#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define LENGTH_BYTES 4
#define FIRST_BYTES 4096 /* most replies come whole in the first of so many */

/*
 * How often to look for a reply, letting others run in between, before sleeping until it comes:
 * most come within that time, and to be woken takes as long again.  Measured with `info` on a
 * virtual machine of two cores: 59 us with none, 52 with 25, 30 with 50 and with 200; over a new
 * connection 104 with 50 and 79 with 100.
 */
#define LOOKS 100

/*
 * System calls are made directly: no thread is cancelled in one of them while it holds a lock,
 * and no other library that stands in for libc's functions is in between.
 */

int shim_connect(const struct sockaddr_un *address)
{
    int fd, error;

    if (address->sun_path[0] == '\0')
        return -ENXIO;
    fd = (int)syscall(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    do
        error = syscall(SYS_connect, fd, address, sizeof *address) == 0 ? 0 : errno;
    while (error == EINTR);
    if (error == 0)
        return fd;
    shim_explain("no server answers", address->sun_path, error);
    syscall(SYS_close, fd);
    return -ENXIO;
}

int shim_server(void)
{
    return shim_connect(&shim_settings()->socket);
}

/* A program may have made the descriptor non-blocking; the driver knows no such thing. */
static void wait_for(int fd, short events)
{
    struct pollfd poll_fd = {fd, events, 0};

    syscall(SYS_ppoll, &poll_fd, 1UL, NULL, NULL, (size_t)0);
}

static void skip(struct iovec *parts, int count, size_t length)
{
    for (int at = 0; at < count; at++) {
        size_t part = length < parts[at].iov_len ? length : parts[at].iov_len;

        parts[at].iov_base = (char *)parts[at].iov_base + part;
        parts[at].iov_len -= part;
        length -= part;
    }
}

static size_t total(const struct iovec *parts, int count)
{
    size_t length = 0;

    for (int at = 0; at < count; at++)
        length += parts[at].iov_len;
    return length;
}

int shim_send(int fd, struct iovec *parts, int count)
{
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = (size_t)count};
    size_t left = total(parts, count);
    bool is_begun = false;

    while (left > 0) {
        long sent = syscall(SYS_sendmsg, fd, &message, MSG_NOSIGNAL);

        if (sent >= 0) {
            is_begun = true;
            skip(parts, count, (size_t)sent);
            left -= (size_t)sent;
        } else if (errno == EAGAIN) {
            wait_for(fd, POLLOUT);
        } else if (errno != EINTR) {
            if (errno == EFAULT)
                return EFAULT;
            return is_begun ? EIO : EPIPE;
        }
    }
    return 0;
}

/* None where the server could not answer meanwhile. */
static int looks_to_take(void)
{
    static atomic_int looks = -1;

    if (atomic_load(&looks) < 0)
        atomic_store(&looks, sysconf(_SC_NPROCESSORS_ONLN) > 1 ? LOOKS : 0);
    return atomic_load(&looks);
}

/* Look for something to receive; gives what recv gives, EAGAIN if nothing came. */
static long look(int fd, void *to, size_t size)
{
    long got = -1;

    for (int looks = looks_to_take(); looks > 0; looks--) {
        got = syscall(SYS_recvfrom, fd, to, size, MSG_DONTWAIT, NULL, NULL);
        if (got >= 0 || errno != EAGAIN)
            return got;
        sched_yield();
    }
    errno = EAGAIN;
    return got;
}

/* What there is, at least a byte; a call that can be interrupted sleeps for it at once. */
static int receive_some(int fd, void *to, size_t size, bool interruptible, size_t *length)
{
    bool is_looking = !interruptible;

    for (;; is_looking = false) {
        long got = is_looking ? look(fd, to, size)
                              : syscall(SYS_recvfrom, fd, to, size, 0, NULL, NULL);

        if (got > 0) {
            *length = (size_t)got;
            return 0;
        }
        if (got == 0)
            return EIO;
        if (errno == EINTR && interruptible)
            return EINTR;
        if (errno != EINTR && errno != EAGAIN)
            return errno == EFAULT ? EFAULT : EIO;
        if (errno == EAGAIN && !is_looking)
            wait_for(fd, POLLIN);
    }
}

int shim_receive(int fd, void *to, size_t length)
{
    while (length > 0) {
        size_t got;
        int error = receive_some(fd, to, length, false, &got);

        if (error != 0)
            return error;
        to = (char *)to + got;
        length -= got;
    }
    return 0;
}

int shim_send_request(int fd, const char *text, size_t length)
{
    unsigned char prefix[LENGTH_BYTES] = {
        (unsigned char)(length >> 24),
        (unsigned char)(length >> 16),
        (unsigned char)(length >> 8),
        (unsigned char)length,
    };
    struct iovec parts[] = {{prefix, sizeof prefix}, {(char *)text, length}};

    return shim_send(fd, parts, 2);
}

/* The rest of a reply of which `got` bytes, the length among them, are in `first`. */
static int receive_rest(int fd, const unsigned char *first, size_t got, struct shim_reply *reply)
{
    size_t have = got - LENGTH_BYTES;
    size_t length = (size_t)first[0] << 24 | (size_t)first[1] << 16 | (size_t)first[2] << 8 |
                    first[3];
    int error;

    if (have > length)
        return EIO; /* more than we asked for: no server of ours */
    reply->length = length;
    reply->text = shim_map(length + 1);
    if (reply->text == NULL)
        return ENOMEM;
    memcpy(reply->text, first + LENGTH_BYTES, have);
    error = shim_receive(fd, reply->text + have, length - have);
    if (error != 0)
        shim_reply_free(reply);
    return error;
}

int shim_receive_reply(int fd, bool interruptible, struct shim_reply *reply)
{
    unsigned char first[FIRST_BYTES];
    size_t got;
    int error = receive_some(fd, first, sizeof first, interruptible, &got);

    if (error == 0 && got < LENGTH_BYTES) {
        error = shim_receive(fd, first + got, LENGTH_BYTES - got);
        got = LENGTH_BYTES;
    }
    return error == 0 ? receive_rest(fd, first, got, reply) : error;
}

void shim_reply_free(struct shim_reply *reply)
{
    munmap(reply->text, reply->length + 1);
}

int shim_exchange_alone(const char *text, size_t length, bool interruptible,
                        struct shim_reply *reply)
{
    int fd = shim_server();
    int error;

    if (fd < 0)
        return -fd;
    error = shim_send_request(fd, text, length);
    if (error == 0)
        error = shim_receive_reply(fd, interruptible, reply);
    syscall(SYS_close, fd);
    return error == EPIPE ? EIO : error;
}

int shim_ask(const char *name, unsigned minor, struct shim_reply *reply)
{
    struct shim_request request;
    int error = shim_compose(&request, name, minor);

    if (error != 0)
        return error;
    error = shim_exchange_alone(request.text, request.length, false, reply);
    shim_request_free(&request);
    if (error != 0)
        return error;
    if (shim_find_key(reply->text, 1, "result") != NULL)
        return 0;
    shim_reply_free(reply);
    return ENOTSUP;
}
