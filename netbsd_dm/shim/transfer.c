/*
 * Reading and writing a device's node: on the block node bytes, on the raw one sectors; both
 * end where the device does (physio(9), driver spec section 4.5).
 */
#include "shim.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SECTOR_BYTES 512
#define PIECE_BYTES (4U << 20) /* in one request; every server takes 32 MiB */
#define BLOCK_BYTES_MAX 65536

/* One call. */
struct transfer {
    struct shim_file *file;
    bool is_write;
    uint64_t offset_bytes; /* of what is still to be moved */
    size_t done;
};

/* How much of `length` there is; the size is asked for anew before something is refused. */
static int bound(struct transfer *transfer, size_t *length)
{
    struct shim_file *file = transfer->file;
    uint64_t offset = transfer->offset_bytes;
    bool is_raw = file->node.kind == SHIM_RAW;
    int error = 0;

    if (is_raw && (offset | *length) % SECTOR_BYTES)
        return EINVAL;
    if (offset + *length > file->nbd.size_bytes || offset + *length < offset)
        error = shim_size(file->node.minor, &file->nbd.size_bytes);
    if (error != 0)
        return error == ENODEV ? EIO : error;
    if (offset > file->nbd.size_bytes) {
        *length = 0;
        return is_raw ? EINVAL : 0;
    }
    if (*length > file->nbd.size_bytes - offset)
        *length = (size_t)(file->nbd.size_bytes - offset);
    return 0;
}

/* A part of one block, which the server reads and writes only whole. */
static int move_within(struct transfer *transfer, char *data, size_t length)
{
    struct shim_file *file = transfer->file;
    size_t size = file->nbd.block_bytes;
    uint64_t within = transfer->offset_bytes % size;
    uint64_t start = transfer->offset_bytes - within;
    char *block = malloc(size);
    int error;

    if (block == NULL)
        return ENOMEM;
    error = shim_nbd_transfer(file, false, start, block, size);
    if (error == 0 && transfer->is_write) {
        error = shim_copy_in(block + within, data, length);
        if (error == 0)
            error = shim_nbd_transfer(file, true, start, block, size);
    } else if (error == 0) {
        error = shim_copy_out(data, block + within, length);
    }
    free(block);
    return error;
}

/* The next piece of `length` bytes; gives its length. */
static int move_piece(struct transfer *transfer, char *data, size_t length, size_t *moved)
{
    size_t size = transfer->file->nbd.block_bytes;
    size_t within = (size_t)(transfer->offset_bytes % size);

    if (within != 0 || length < size) {
        *moved = length < size - within ? length : size - within;
        return move_within(transfer, data, *moved);
    }
    *moved = length > PIECE_BYTES ? PIECE_BYTES : length - length % size;
    return shim_nbd_transfer(transfer->file, transfer->is_write, transfer->offset_bytes, data,
                             *moved);
}

/* One buffer, as far as the device goes; `is_cut` tells that it ends there. */
static int move(struct transfer *transfer, const struct iovec *part, bool *is_cut)
{
    size_t length = part->iov_len;
    char *data = part->iov_base;
    int error = bound(transfer, &length);

    *is_cut = length < part->iov_len;
    while (error == 0 && length > 0) {
        size_t moved;

        error = move_piece(transfer, data, length, &moved);
        if (error == 0) {
            data += moved;
            length -= moved;
            transfer->offset_bytes += moved;
            transfer->done += moved;
        }
    }
    if (error == EINVAL)
        transfer->file->nbd.size_bytes = 0; /* it may have become smaller: ask next time */
    return error;
}

static int move_all(struct transfer *transfer, const struct iovec *parts, int count)
{
    int error = shim_nbd_connect(transfer->file);
    bool is_cut = false;

    for (int at = 0; at < count && error == 0 && !is_cut; at++)
        error = move(transfer, &parts[at], &is_cut);
    return error;
}

static int refusal(const struct shim_file *file, bool is_write)
{
    int mode = file->flags & O_ACCMODE;

    if (file->node.kind == SHIM_CLOSED)
        return EBADF;
    if (file->node.kind == SHIM_CONTROL)
        return EIO; /* minor 0 is no device */
    return mode == (is_write ? O_RDONLY : O_WRONLY) ? EBADF : 0;
}

/* Under the lock; the error counts only if nothing was moved before it. */
static int transfer_locked(int fd, struct transfer *transfer, const struct iovec *parts, int count,
                         int64_t offset_bytes)
{
    bool is_sequential = offset_bytes == -1;
    int error;

    if (is_sequential)
        offset_bytes = syscall(SYS_lseek, fd, (off_t)0, SEEK_CUR);
    if (offset_bytes < 0)
        return EINVAL;
    transfer->offset_bytes = (uint64_t)offset_bytes;
    error = move_all(transfer, parts, count);
    if (is_sequential && transfer->done > 0)
        syscall(SYS_lseek, fd, (off_t)transfer->offset_bytes, SEEK_SET);
    return transfer->done > 0 ? 0 : error;
}

ssize_t shim_transfer(int fd, struct shim_file *file, bool is_write, const struct iovec *parts,
                      int count, int64_t offset_bytes)
{
    struct transfer transfer = {.file = file, .is_write = is_write};
    int error = refusal(file, is_write);

    if (error == 0) {
        pthread_mutex_lock(&file->lock);
        error = transfer_locked(fd, &transfer, parts, count, offset_bytes);
        pthread_mutex_unlock(&file->lock);
    }
    return error == 0 ? (ssize_t)transfer.done : shim_fail(error);
}

int64_t shim_seek(int fd, struct shim_file *file, int64_t offset_bytes, int whence)
{
    uint64_t size_bytes;
    int error;

    if (file->node.kind == SHIM_CLOSED || file->node.kind == SHIM_CONTROL)
        return shim_fail(file->node.kind == SHIM_CLOSED ? EBADF : ESPIPE);
    if (whence == SEEK_END) {
        error = shim_size(file->node.minor, &size_bytes);
        if (error != 0)
            return shim_fail(error);
        offset_bytes += (int64_t)size_bytes;
        whence = SEEK_SET;
    }
    if (whence != SEEK_SET && whence != SEEK_CUR)
        return shim_fail(EINVAL);
    return syscall(SYS_lseek, fd, (off_t)offset_bytes, whence);
}

int shim_flush(struct shim_file *file)
{
    int error;

    if (file->node.kind == SHIM_CLOSED || file->node.kind == SHIM_CONTROL)
        return file->node.kind == SHIM_CLOSED ? EBADF : EINVAL;
    pthread_mutex_lock(&file->lock);
    error = shim_nbd_flush(file);
    pthread_mutex_unlock(&file->lock);
    return error;
}
