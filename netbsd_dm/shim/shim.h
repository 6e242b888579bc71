/*
 * What the files of the shim know of each other.
 *
 * Functions give 0 or an error number of the host where nothing else is said.  Only those
 * that stand in for a function of libc set errno.
 */
#ifndef NETBSD_DM_SHIM_H
#define NETBSD_DM_SHIM_H

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>

/* ---- replaced functions (next.c) ---- */

/*
 * REPLACES(int, close, (int fd)) begins the function that programs get for libc's close;
 * next_close() is libc's own.  Naming it for the assembler only keeps it apart from libc's
 * declaration, whose attributes and macros differ from version to version.
 */
#define REPLACES(type, name, parameters)                                                     \
    __attribute__((visibility("default"))) type shim_##name parameters __asm__(#name);       \
    __attribute__((unused)) static type(*next_##name(void)) parameters                       \
    {                                                                                        \
        static _Atomic(void *) found;                                                        \
        return (type(*) parameters)shim_next(&found, #name);                                 \
    }                                                                                        \
    type shim_##name parameters

/* The definition of `name` that comes after ours, looked up once. */
void *shim_next(_Atomic(void *) *found, const char *name);

static inline int shim_fail(int error)
{
    errno = error;
    return -1;
}

static inline int shim_result(int error)
{
    return error == 0 ? 0 : shim_fail(error);
}

/* ---- what the environment says (settings.c) ---- */

struct shim_settings {
    struct sockaddr_un socket;    /* of the server */
    struct sockaddr_un nbd;       /* where its devices are exported; no path: nowhere */
    char control[PATH_MAX];       /* the control node */
    size_t directory_length;      /* of the mapper directory, which `control` begins with */
    const char *control_name;     /* the rest of it */
};

extern struct shim_settings shim_settings_found;
extern atomic_bool shim_settings_ready;
void shim_settings_find(void);

static inline const struct shim_settings *shim_settings(void)
{
    if (!atomic_load_explicit(&shim_settings_ready, memory_order_acquire))
        shim_settings_find(); /* constructors of other libraries open files before ours runs */
    return &shim_settings_found;
}

/* Say once, and only if $NETBSD_DM_SHIM_DEBUG is set, what is wrong with `path`. */
void shim_explain(const char *what, const char *path, int error);

/* ---- memory of the program (memory.c) ---- */

/* EFAULT if the reference at `argument` cannot be read and written. */
int shim_check_reference(void *argument);
/* Copy as the kernel does: EFAULT instead of a crash. */
int shim_copy_in(void *to, const void *from, size_t length);
int shim_copy_out(void *to, const void *from, size_t length);

/* Fresh anonymous memory, as the kernel gives it for a reply; NULL if there is none. */
char *shim_map(size_t length);

/* What NETBSD_DM_IOCTL and DIOCGDISKINFO take (prop_ioctl(3)). */
struct plistref {
    void *pref_plist;
    size_t pref_len;
};

struct shim_reply {
    char *text;    /* mapped; ends with a NUL */
    size_t length; /* without it */
};

/* ---- property lists (text.c) ---- */

struct shim_request {
    char *text; /* `own`, or from malloc */
    size_t length;
    char own[1024];
};

/* Look for the device `name`, or if that is NULL, for `minor`, or if that is 0, for all. */
int shim_compose(struct shim_request *request, const char *name, unsigned minor);
void shim_request_free(struct shim_request *request);

/* The number under `key` in a dictionary `depth` levels deep; false if it has none. */
bool shim_find_number(const char *text, unsigned depth, const char *key, uint64_t *number);
/* The place after `key` at that depth, at or after `text`; NULL if there is none. */
const char *shim_find_key(const char *text, unsigned depth, const char *key);
/* The string that begins at `value`, without escapes, into `to`; false if it does not fit. */
bool shim_string_at(const char *value, char *to, size_t size);

/* The error that a reply stands for if the ioctl itself failed; else 0. */
int shim_reply_error(const char *text);
/* NetBSD's error number in the host's. */
int shim_host_error(uint64_t netbsd);

/* ---- exchanges with the server (exchange.c) ---- */

#define SHIM_REQUEST_MAX 0x07FFFFFF /* the first byte of a longer length is none */

/* A connected socket, or minus an error number. */
int shim_connect(const struct sockaddr_un *address);
int shim_server(void);
/* Both retry after a signal; a peer that is gone is EPIPE before a byte was sent, else EIO. */
int shim_send(int fd, struct iovec *parts, int count);
int shim_receive(int fd, void *to, size_t length);
/* The two halves of an exchange.  `interruptible`: EINTR if a signal comes before the reply. */
int shim_send_request(int fd, const char *text, size_t length);
int shim_receive_reply(int fd, bool interruptible, struct shim_reply *reply);
/* Both, on a connection of its own. */
int shim_exchange_alone(const char *text, size_t length, bool interruptible,
                        struct shim_reply *reply);
/*
 * Look as shim_compose has it; the reply has an array of what was found, each a dictionary at
 * SHIM_NODE_DEPTH.  ENOTSUP from a server that does not tell, such as a recording.
 */
#define SHIM_NODE_DEPTH 4
int shim_ask(const char *name, unsigned minor, struct shim_reply *reply);
void shim_reply_free(struct shim_reply *reply);

/* ---- the mapper directory (nodes.c) ---- */

enum shim_kind { SHIM_CONTROL, SHIM_BLOCK, SHIM_RAW, SHIM_CLOSED };
enum shim_place { SHIM_ELSEWHERE, SHIM_DIRECTORY, SHIM_NODE };

#define SHIM_MAJOR 169 /* of dm on NetBSD, block and character alike */

struct shim_node {
    enum shim_kind kind;
    unsigned minor;
};

static inline bool shim_is_below(const char *path)
{
    const struct shim_settings *settings = shim_settings();
    size_t length = settings->directory_length;

    return path != NULL && strncmp(path, settings->control, length) == 0 &&
           (path[length] == '/' || path[length] == '\0');
}

enum shim_place shim_place(const char *path);
/* What `path`, which is below the directory, stands for: ENOENT, ENXIO without a server. */
int shim_find_node(const char *path, struct shim_node *node);
/* The same, but ENOTSUP where the server does not tell which nodes there are. */
int shim_find_told(const char *path, struct shim_node *node);
/* The size of the live table in bytes; ENODEV if the device is gone. */
int shim_size(unsigned minor, uint64_t *size_bytes);
/* The sectors at the last resume with a table; ENOTSUP before. */
int shim_mapped(unsigned minor, uint64_t *sectors);
/* The name of a device, cut if need be; ENODEV if it is gone. */
int shim_name(unsigned minor, char *to, size_t size);

/* ---- open files (table.c) ---- */

struct shim_nbd {
    int fd;      /* -1: not connected */
    pid_t owner; /* whose connection it is: a child of fork makes its own */
    uint64_t identity;
    uint64_t size_bytes;  /* as last heard */
    uint32_t block_bytes; /* what requests must be multiples of */
    bool is_read_only;
    uint64_t cookie;
};

/* An open file description: what all duplicates of a descriptor share. */
struct shim_file {
    struct shim_node node;
    unsigned descriptors;      /* that stand for it; by the table's lock */
    _Atomic uint64_t identity; /* of what the kernel has under them */
    pthread_mutex_t lock;      /* one exchange, or one transfer, at a time */
    pid_t owner;               /* of the control node: whose connection it is */
    bool is_lost;              /* and whether it is dead or out of step: connect anew */
    int flags;                 /* of a device's node: those of open */
    struct shim_nbd nbd;
};

#define SHIM_DESCRIPTORS 65536

enum shim_state {
    SHIM_OPEN,
    SHIM_CLOSING, /* closed, but for its users: the last of them closes it */
    SHIM_AWAITED, /* about to be replaced once it has no users */
};

struct shim_slot {
    _Atomic(struct shim_file *) file;
    atomic_uint users; /* calls under way that use this very number */
    _Atomic enum shim_state state;
};

extern struct shim_slot shim_slots[SHIM_DESCRIPTORS];
extern atomic_int shim_highest; /* no descriptor above it is ours */

static inline bool shim_tracks(int fd)
{
    return (unsigned)fd < SHIM_DESCRIPTORS &&
           atomic_load_explicit(&shim_slots[fd].file, memory_order_relaxed) != NULL;
}

/* A file that `fd` shall stand for; NULL without memory. */
struct shim_file *shim_file_new(struct shim_node node, int fd);
void shim_file_free(struct shim_file *file);
/* Make `fd` stand for `file`; EMFILE if the number is too high. */
int shim_track(int fd, struct shim_file *file);
/*
 * The file behind `fd`, both kept until `fd` is released; NULL: none of ours.  It is one of kind
 * SHIM_CLOSED where a close of `fd` waits for calls that are under way.
 */
struct shim_file *shim_acquire(int fd);
void shim_release(int fd);
/* Whether this is the child of a vfork: the table is its parent's, the descriptors are not. */
bool shim_is_borrowed(void);

/* Tells what is behind a descriptor from everything else; 0: nothing. */
uint64_t shim_identity(int fd);

/* The table's lock, and what is done under it: both give the file that is to be freed after. */
void shim_enter(sigset_t *before);
void shim_leave(const sigset_t *before);
struct shim_file *shim_vacate(int fd);
struct shim_file *shim_fill(int fd, struct shim_file *file);

/* closing.c: these give what the function of libc gives, and set errno */
int shim_close_tracked(int fd);
int shim_close_range_tracked(unsigned first, unsigned last, unsigned flags);
/* dup3 onto a number that is ours, or of a file of ours (else NULL). */
int shim_replace(int from, int to, int flags, struct shim_file *file);
/* Put `socket` under every descriptor of `file`. */
void shim_exchange_socket(struct shim_file *file, int socket);

/* ---- the control node and devices' nodes ---- */

/* Open such a node; a descriptor, or minus an error number. */
int shim_control_open(int flags);                        /* control.c */
int shim_device_open(struct shim_node node, int flags);  /* device.c */
int shim_open_path(const char *path, int flags);         /* open.c; for a path below the directory */

/* Track `fd`, of which we know nothing, if it came through exec from under the shim. */
bool shim_adopt_control(int fd); /* control.c */
bool shim_adopt_device(int fd);  /* device.c */

/* The driver's own ioctl, on any node; releases `fd`. */
int shim_control_ioctl(int fd, struct shim_file *file, void *argument); /* control.c */

/* The disk's; ENOTTY for what is none. */
bool shim_is_disk_request(unsigned request);                                          /* disk.c */
int shim_disk_ioctl(struct shim_file *file, unsigned request, void *argument);

/* Reading and writing, under the file's lock. */
int shim_nbd_connect(struct shim_file *file); /* nbd.c */
void shim_nbd_disconnect(struct shim_file *file);
int shim_nbd_transfer(struct shim_file *file, bool is_write, uint64_t offset_bytes, char *data,
                      size_t length);
int shim_nbd_flush(struct shim_file *file);

/* The same without it; `offset_bytes` -1 is the file's own offset, which then moves. */
ssize_t shim_transfer(int fd, struct shim_file *file, bool is_write, const struct iovec *parts,
                      int count, int64_t offset_bytes); /* transfer.c */
int64_t shim_seek(int fd, struct shim_file *file, int64_t offset_bytes, int whence);
int shim_flush(struct shim_file *file);

#endif
