/* The control node: a socket to the server, and the driver's one ioctl on it. */
#include "shim.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool shares_server(int fd, int ours)
{
    struct ucred theirs, server;
    socklen_t size = sizeof server;

    return syscall(SYS_getsockopt, ours, SOL_SOCKET, SO_PEERCRED, &server, &size) == 0 &&
           syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_PEERCRED, &theirs, &size) == 0 &&
           server.pid != 0 && theirs.pid == server.pid;
}

/* By the name that the server gave its socket, or, as that may be relative, by its process. */
static bool is_of_server(int fd)
{
    struct sockaddr_un peer = {.sun_family = AF_UNSPEC};
    socklen_t size = sizeof peer;
    bool is_same;
    int ours;

    if (syscall(SYS_getpeername, fd, &peer, &size) != 0 || peer.sun_family != AF_UNIX)
        return false;
    if (strncmp(peer.sun_path, shim_settings()->socket.sun_path, sizeof peer.sun_path) == 0)
        return true;
    ours = shim_server();
    if (ours < 0)
        return false;
    is_same = shares_server(fd, ours);
    syscall(SYS_close, ours);
    return is_same;
}

/* Track `fd` as the control node. */
static struct shim_file *track_control(int fd)
{
    struct shim_file *file = shim_file_new((struct shim_node){SHIM_CONTROL, 0}, fd);

    if (file != NULL && shim_track(fd, file) == 0)
        return file;
    shim_file_free(file);
    return NULL;
}

int shim_control_open(int flags)
{
    int fd = shim_server();

    if (fd < 0)
        return fd;
    if (!(flags & O_CLOEXEC))
        syscall(SYS_fcntl, fd, F_SETFD, 0);
    /* The child of a vfork opens for what it is about to run, which adopts it. */
    if (shim_is_borrowed() || track_control(fd) != NULL)
        return fd;
    syscall(SYS_close, fd);
    return -EMFILE;
}

bool shim_adopt_control(int fd)
{
    struct shim_file *file = is_of_server(fd) ? track_control(fd) : NULL;

    if (file != NULL)
        file->is_lost = true; /* the connection may be another process's, too */
    return file != NULL;
}

static int reconnect(struct shim_file *file)
{
    int fd = shim_server();

    if (fd < 0)
        return -fd;
    shim_exchange_socket(file, fd);
    syscall(SYS_close, fd);
    return 0;
}

/* Send over the socket of `file`, which is made anew if it is dead or not our own. */
static int send_request(int fd, struct shim_file *file, const struct plistref *request)
{
    int error = EPIPE;

    for (int tries = 0; error == EPIPE && tries < 2; tries++) {
        error = file->is_lost || file->owner != getpid() ? reconnect(file) : 0;
        if (error != 0)
            return error;
        error = shim_send_request(fd, request->pref_plist, request->pref_len);
        file->is_lost = error != 0;
    }
    return error == EPIPE ? EIO : error;
}

/* The kernel has just read the text, so it can be read. */
static bool is_wait(const struct plistref *request)
{
    static const char command[] = "<string>waitevent</string>";

    return memmem(request->pref_plist, request->pref_len, command, sizeof command - 1) != NULL;
}

/* A wait takes the connection with it, so that what ends it can come over another. */
static int await(int fd, struct shim_reply *reply)
{
    int error = shim_receive_reply(fd, true, reply);

    syscall(SYS_close, fd);
    return error;
}

/* One exchange; releases `fd`. */
static int exchange(int fd, struct shim_file *file, const struct plistref *request,
                    struct shim_reply *reply)
{
    int error, taken = -1;

    pthread_mutex_lock(&file->lock);
    error = send_request(fd, file, request);
    if (error == 0 && is_wait(request))
        taken = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 0);
    if (error == 0 && taken < 0)
        error = shim_receive_reply(fd, false, reply);
    file->is_lost = error != 0 || taken >= 0;
    pthread_mutex_unlock(&file->lock);
    shim_release(fd);
    return taken >= 0 ? await(taken, reply) : error;
}

int shim_control_ioctl(int fd, struct shim_file *file, void *argument)
{
    struct plistref *reference = argument;
    struct shim_reply reply;
    int error = shim_check_reference(reference);

    if (error == 0 && reference->pref_len > SHIM_REQUEST_MAX)
        error = E2BIG;
    if (error == 0 && file->node.kind == SHIM_CONTROL) {
        error = exchange(fd, file, reference, &reply);
    } else {
        shim_release(fd);
        if (error == 0)
            error = shim_exchange_alone(reference->pref_plist, reference->pref_len, true, &reply);
    }
    if (error != 0)
        return error;
    error = shim_reply_error(reply.text);
    if (error == 0)
        *reference = (struct plistref){reply.text, reply.length + 1};
    else
        shim_reply_free(&reply);
    return error;
}
