/*
 * A connection to the server's exports: newstyle negotiation, simple replies, one request at a
 * time ("proto.md" of the NBD project has the names and numbers).
 *
 * It is made at the first transfer, and not by open: while it lasts the device counts as
 * open, which on NetBSD an open node does not.
 */
#include "shim.h"

#include <endian.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PACKED __attribute__((packed))

#define NBDMAGIC 0x4E42444D41474943ULL
#define IHAVEOPT 0x49484156454F5054ULL
#define OPTION_REPLY_MAGIC 0x0003E889045565A9ULL
#define REQUEST_MAGIC 0x25609513U
#define REPLY_MAGIC 0x67446698U

enum { FIXED_NEWSTYLE = 1, NO_ZEROES = 2 };
enum { OPT_GO = 7 };
enum { REP_ACK = 1, REP_INFO = 3 };
enum { INFO_EXPORT = 0, INFO_BLOCK_SIZE = 3 };
enum { READ_ONLY = 1 << 1 };
enum { CMD_READ = 0, CMD_WRITE = 1, CMD_FLUSH = 3 };
enum { CMD_FLAG_FUA = 1 };

#define NAME_MAX_BYTES 128
#define INFO_MAX_BYTES 512

/* The shim's own descriptors are out of the way of those that programs count on. */
#define LOWEST_NUMBER 512

struct greeting {
    uint64_t magic, option_magic;
    uint16_t flags;
} PACKED;

struct option {
    uint32_t client_flags; /* before the first option */
    uint64_t magic;
    uint32_t number, length;
    uint32_t name_length;
} PACKED;

struct option_end {
    uint16_t count, info;
} PACKED;

struct option_reply {
    uint64_t magic;
    uint32_t option, type, length;
} PACKED;

struct export_info {
    uint16_t type;
    uint64_t size_bytes;
    uint16_t flags;
} PACKED;

struct block_size_info {
    uint16_t type;
    uint32_t minimum, preferred, maximum;
} PACKED;

struct request {
    uint32_t magic;
    uint16_t flags, command;
    uint64_t cookie, offset_bytes;
    uint32_t length;
} PACKED;

struct reply {
    uint32_t magic, error;
    uint64_t cookie;
} PACKED;

static int take_info(struct shim_nbd *nbd, const char *info, size_t length)
{
    struct block_size_info block;
    struct export_info export;
    uint16_t type;

    if (length < sizeof type)
        return EIO;
    memcpy(&type, info, sizeof type);
    if (be16toh(type) == INFO_EXPORT && length == sizeof export) {
        memcpy(&export, info, sizeof export);
        nbd->size_bytes = be64toh(export.size_bytes);
        nbd->is_read_only = be16toh(export.flags) & READ_ONLY;
    } else if (be16toh(type) == INFO_BLOCK_SIZE && length == sizeof block) {
        memcpy(&block, info, sizeof block);
        nbd->block_bytes = be32toh(block.minimum);
    }
    return 0;
}

/* The replies to OPT_GO, up to the one that ends it. */
static int take_replies(struct shim_nbd *nbd)
{
    char info[INFO_MAX_BYTES];
    struct option_reply reply;
    int error;

    nbd->block_bytes = 1;
    do {
        error = shim_receive(nbd->fd, &reply, sizeof reply);
        if (error != 0)
            return error;
        if (be64toh(reply.magic) != OPTION_REPLY_MAGIC || be32toh(reply.length) > sizeof info)
            return EIO;
        error = shim_receive(nbd->fd, info, be32toh(reply.length));
        if (error == 0 && be32toh(reply.type) == REP_INFO)
            error = take_info(nbd, info, be32toh(reply.length));
        else if (error == 0 && be32toh(reply.type) != REP_ACK)
            error = EIO; /* refused: it was removed meanwhile */
    } while (error == 0 && be32toh(reply.type) != REP_ACK);
    return error != 0 || nbd->block_bytes == 0 || nbd->block_bytes > 65536 ? EIO : 0;
}

static int negotiate(struct shim_nbd *nbd, const char *name)
{
    size_t length = strlen(name);
    struct greeting greeting;
    struct option option = {
        .client_flags = htobe32(FIXED_NEWSTYLE | NO_ZEROES),
        .magic = htobe64(IHAVEOPT),
        .number = htobe32(OPT_GO),
        .length = htobe32((uint32_t)(sizeof option.name_length + length + 4)),
        .name_length = htobe32((uint32_t)length),
    };
    struct option_end end = {htobe16(1), htobe16(INFO_BLOCK_SIZE)};
    struct iovec parts[] = {{&option, sizeof option}, {(char *)name, length}, {&end, sizeof end}};
    int error = shim_receive(nbd->fd, &greeting, sizeof greeting);

    if (error != 0)
        return error;
    if (be64toh(greeting.magic) != NBDMAGIC || be64toh(greeting.option_magic) != IHAVEOPT ||
        !(be16toh(greeting.flags) & FIXED_NEWSTYLE))
        return EIO;
    error = shim_send(nbd->fd, parts, 3);
    return error != 0 ? EIO : take_replies(nbd);
}

/* By name; what has none, or one that is cut, is exported under its minor, too. */
static int export_name(unsigned minor, char *name, size_t size)
{
    int error = shim_name(minor, name, size);

    if (error == 0 && name[0] == '\0')
        snprintf(name, size, "%u", minor);
    return error == ENODEV ? EIO : error;
}

static int connect_export(struct shim_file *file, const char *name)
{
    struct shim_nbd *nbd = &file->nbd;
    int fd = shim_connect(&shim_settings()->nbd);
    int moved, error;

    if (fd < 0)
        return -fd;
    moved = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, LOWEST_NUMBER);
    if (moved >= 0)
        syscall(SYS_close, fd);
    nbd->fd = moved >= 0 ? moved : fd;
    nbd->owner = getpid();
    nbd->identity = shim_identity(nbd->fd);
    error = negotiate(nbd, name);
    if (error != 0)
        shim_nbd_disconnect(file);
    return error;
}

static bool is_connected(const struct shim_nbd *nbd)
{
    return nbd->fd >= 0 && nbd->owner == getpid() && shim_identity(nbd->fd) == nbd->identity;
}

int shim_nbd_connect(struct shim_file *file)
{
    char name[NAME_MAX_BYTES];
    int error;

    if (shim_settings()->nbd.sun_path[0] == '\0')
        return EOPNOTSUPP;
    if (is_connected(&file->nbd))
        return 0;
    shim_nbd_disconnect(file);
    error = export_name(file->node.minor, name, sizeof name);
    return error != 0 ? error : connect_export(file, name);
}

void shim_nbd_disconnect(struct shim_file *file)
{
    struct shim_nbd *nbd = &file->nbd;

    /* A program that closes every number has closed this one, and others may have it now. */
    if (nbd->fd >= 0 && shim_identity(nbd->fd) == nbd->identity)
        syscall(SYS_close, nbd->fd);
    nbd->fd = -1;
}

/* NBD's numbers are Linux's. */
static int receive_reply(struct shim_nbd *nbd, void *data, size_t length, int *failure)
{
    struct reply reply;
    int error = shim_receive(nbd->fd, &reply, sizeof reply);

    if (error != 0)
        return error;
    if (be32toh(reply.magic) != REPLY_MAGIC || be64toh(reply.cookie) != nbd->cookie)
        return EIO;
    *failure = (int)be32toh(reply.error);
    return *failure == 0 ? shim_receive(nbd->fd, data, length) : 0;
}

/* One request; EPIPE if the server did not get it. */
static int once(struct shim_file *file, struct request *request, void *data, size_t length)
{
    struct shim_nbd *nbd = &file->nbd;
    bool is_write = be16toh(request->command) == CMD_WRITE;
    struct iovec parts[] = {{request, sizeof *request}, {data, is_write ? length : 0}};
    int failure = 0;
    int error = shim_nbd_connect(file);

    if (error != 0)
        return error;
    request->cookie = htobe64(++nbd->cookie);
    error = shim_send(nbd->fd, parts, 2);
    if (error == 0)
        error = receive_reply(nbd, data, is_write ? 0 : length, &failure);
    if (error != 0)
        shim_nbd_disconnect(file); /* it is out of step */
    return error != 0 ? error : failure;
}

/* Once more over a new connection, if the old one had died meanwhile. */
static int run(struct shim_file *file, struct request request, void *data, size_t length)
{
    int error = once(file, &request, data, length);

    if (error == EPIPE)
        error = once(file, &request, data, length);
    return error == EPIPE ? EIO : error;
}

int shim_nbd_transfer(struct shim_file *file, bool is_write, uint64_t offset_bytes, char *data,
                      size_t length)
{
    bool is_synchronous = is_write && (file->flags & (O_SYNC | O_DSYNC));
    struct request request = {
        .magic = htobe32(REQUEST_MAGIC),
        .flags = htobe16(is_synchronous ? CMD_FLAG_FUA : 0),
        .command = htobe16(is_write ? CMD_WRITE : CMD_READ),
        .offset_bytes = htobe64(offset_bytes),
        .length = htobe32((uint32_t)length),
    };

    return run(file, request, data, length);
}

int shim_nbd_flush(struct shim_file *file)
{
    struct request request = {
        .magic = htobe32(REQUEST_MAGIC),
        .command = htobe16(CMD_FLUSH),
    };

    return run(file, request, NULL, 0);
}
