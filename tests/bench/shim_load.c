/*
 * The client of the benchmark of the shim: it does one thing so many times, and prints the
 * nanoseconds that each took.
 *
 *     shim_load KIND COUNT PATH REQUEST
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct plistref {
    void *pref_plist;
    size_t pref_len;
};

#define DM_IOCTL _IOWR(0xfd, 0, struct plistref)

static const char *path;
static char request[65536];
static size_t length;

static void check(int is_done, const char *what)
{
    if (!is_done) {
        perror(what);
        exit(1);
    }
}

static int connected(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    check(connect(fd, (struct sockaddr *)&address, sizeof address) == 0, path);
    return fd;
}

#define LOOKS 100 /* as many as the shim */

/* What has come, after some looks for it if `looks` is above 0. */
static ssize_t received(int fd, void *to, size_t size, int looks)
{
    for (; looks > 0; looks--) {
        ssize_t got = recv(fd, to, size, MSG_DONTWAIT);

        if (got >= 0)
            return got;
        sched_yield();
    }
    return recv(fd, to, size, 0);
}

/* The least that a client of the socket can do: one call to send, one to receive. */
static void exchange(int fd, int looks)
{
    static char frame[sizeof request + 4], reply[65536];
    uint32_t prefix = htonl((uint32_t)length);
    size_t got = 0, wanted = 4;

    memcpy(frame, &prefix, 4);
    memcpy(frame + 4, request, length);
    check(send(fd, frame, length + 4, MSG_NOSIGNAL) == (ssize_t)length + 4, "send");
    while (got < wanted) {
        ssize_t more = received(fd, reply + got, sizeof reply - got, looks);

        check(more > 0, "recv");
        got += (size_t)more;
        if (got >= 4) {
            memcpy(&prefix, reply, 4);
            wanted = 4 + ntohl(prefix);
        }
    }
}

static int opened(void)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);

    check(fd >= 0, path);
    return fd;
}

static struct plistref control(int fd)
{
    struct plistref reference = {request, length + 1};

    check(ioctl(fd, DM_IOCTL, &reference) == 0, "ioctl");
    return reference;
}

static void run_socket(long count)
{
    int fd = connected();

    while (count-- > 0)
        exchange(fd, 0);
    close(fd);
}

static void run_socket_looking(long count)
{
    int fd = connected();

    while (count-- > 0)
        exchange(fd, LOOKS);
    close(fd);
}

static void run_socket_each(long count)
{
    while (count-- > 0)
        run_socket(1);
}

static void run_ioctl(long count)
{
    int fd = opened();

    while (count-- > 0) {
        struct plistref reply = control(fd);

        munmap(reply.pref_plist, reply.pref_len);
    }
    close(fd);
}

/* The replies are left where they are: what the ioctl alone costs. */
static void run_ioctl_only(long count)
{
    int fd = opened();

    while (count-- > 0)
        control(fd);
    close(fd);
}

/* What NetBSD's libdevmapper does for each of its tasks. */
static void run_ioctl_each(long count)
{
    struct stat status;

    while (count-- > 0) {
        check(stat(path, &status) == 0, "stat");
        run_ioctl(1);
    }
}

static void run_open(long count)
{
    while (count-- > 0)
        close(opened());
}

static void run_stat(long count)
{
    struct stat status;

    while (count-- > 0)
        check(stat(path, &status) == 0, path);
}

static void run_read(long count)
{
    int fd = opened();
    char byte;

    while (count-- > 0)
        check(read(fd, &byte, 1) >= 0, path);
    close(fd);
}

static const struct {
    const char *name;
    void (*run)(long count);
} kinds[] = {
    {"socket", run_socket},
    {"socket-looking", run_socket_looking},
    {"socket-each", run_socket_each},
    {"ioctl", run_ioctl},
    {"ioctl-only", run_ioctl_only},
    {"ioctl-each", run_ioctl_each},
    {"open", run_open},
    {"stat", run_stat},
    {"read", run_read},
};

static double now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    long count = atol(argv[2]);
    path = argv[3];
    length = strlen(strncpy(request, argv[4], sizeof request - 1));
    for (size_t at = 0; at < sizeof kinds / sizeof *kinds; at++) {
        if (strcmp(kinds[at].name, argv[1]) == 0) {
            double begun;

            kinds[at].run(count / 10 + 1); /* warms up */
            begun = now_ns();
            kinds[at].run(count);
            printf("%.1f\n", (now_ns() - begun) / (double)count);
            return 0;
        }
    }
    return 2;
}
