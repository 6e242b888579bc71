/*
 * What NetBSD's libdevmapper does with its nodes.  They follow the devices by themselves here,
 * so a change that agrees with what the server has succeeds without effect.
 */
#include "shim.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Whether `path` is a node that is there: 0, or ENOENT, or what else is wrong. */
static int find(const char *path)
{
    struct shim_node node;

    return shim_place(path) == SHIM_NODE ? shim_find_told(path, &node) : EISDIR;
}

/* The same; where the server does not tell, all nodes are there. */
static int look(const char *path)
{
    int error = find(path);

    return error == ENOTSUP ? 0 : error;
}

/* ---- making ---- */

static int make_node(const char *path, mode_t mode, dev_t device)
{
    struct shim_node node;
    mode_t wanted;
    int error;

    if (shim_place(path) == SHIM_DIRECTORY)
        return EEXIST;
    error = shim_find_told(path, &node);
    if (error == ENOTSUP)
        return 0;
    if (error != 0)
        return error == ENOENT ? EPERM : error; /* no node without a device */
    wanted = node.kind == SHIM_BLOCK ? S_IFBLK : S_IFCHR;
    return (mode & S_IFMT) == wanted && device == makedev(SHIM_MAJOR, node.minor) ? 0 : EEXIST;
}

REPLACES(int, mknod, (const char *path, mode_t mode, dev_t device))
{
    return shim_is_below(path) ? shim_result(make_node(path, mode, device))
                               : next_mknod()(path, mode, device);
}

REPLACES(int, mknodat, (int directory, const char *path, mode_t mode, dev_t device))
{
    return shim_is_below(path) ? shim_result(make_node(path, mode, device))
                               : next_mknodat()(directory, path, mode, device);
}

/* What programs call that were built with a glibc before 2.33. */
REPLACES(int, __xmknod, (int version, const char *path, mode_t mode, dev_t *device))
{
    return shim_is_below(path) ? shim_result(make_node(path, mode, *device))
                               : next___xmknod()(version, path, mode, device);
}

REPLACES(int, __xmknodat,
         (int version, int directory, const char *path, mode_t mode, dev_t *device))
{
    return shim_is_below(path) ? shim_result(make_node(path, mode, *device))
                               : next___xmknodat()(version, directory, path, mode, device);
}

static int make_directory(const char *path)
{
    int error = look(path);

    if (error == 0 || error == EISDIR)
        return EEXIST;
    return error == ENOENT ? EPERM : error;
}

REPLACES(int, mkdir, (const char *path, mode_t mode))
{
    return shim_is_below(path) ? shim_result(make_directory(path)) : next_mkdir()(path, mode);
}

REPLACES(int, mkdirat, (int directory, const char *path, mode_t mode))
{
    return shim_is_below(path) ? shim_result(make_directory(path))
                               : next_mkdirat()(directory, path, mode);
}

/* ---- removing and renaming ---- */

REPLACES(int, unlink, (const char *path))
{
    return shim_is_below(path) ? shim_result(look(path)) : next_unlink()(path);
}

REPLACES(int, unlinkat, (int directory, const char *path, int flags))
{
    int error;

    if (!shim_is_below(path))
        return next_unlinkat()(directory, path, flags);
    error = look(path);
    if (flags & AT_REMOVEDIR)
        error = error == 0 ? ENOTDIR : error == EISDIR ? EBUSY : error;
    return shim_result(error);
}

REPLACES(int, remove, (const char *path))
{
    return shim_is_below(path) ? shim_result(look(path)) : next_remove()(path);
}

static int rename_node(const char *from, const char *to)
{
    int old, new;

    if (!shim_is_below(from) || !shim_is_below(to))
        return EXDEV;
    old = find(from);
    if (old == ENOTSUP)
        return 0;
    if (old == 0) /* the device still has that name */
        return strcmp(from, to) == 0 ? 0 : EPERM;
    if (old != ENOENT)
        return old;
    new = look(to);
    return new == EISDIR ? EEXIST : new;
}

static bool is_concerned(const char *from, const char *to)
{
    return shim_is_below(from) || shim_is_below(to);
}

REPLACES(int, rename, (const char *from, const char *to))
{
    return is_concerned(from, to) ? shim_result(rename_node(from, to)) : next_rename()(from, to);
}

REPLACES(int, renameat, (int from_directory, const char *from, int to_directory, const char *to))
{
    return is_concerned(from, to) ? shim_result(rename_node(from, to))
                                  : next_renameat()(from_directory, from, to_directory, to);
}

REPLACES(int, renameat2,
         (int from_directory, const char *from, int to_directory, const char *to, unsigned flags))
{
    return is_concerned(from, to)
               ? shim_result(rename_node(from, to))
               : next_renameat2()(from_directory, from, to_directory, to, flags);
}

/* ---- owners and modes, which stay as they are ---- */

static bool is_node(const char *path)
{
    return shim_place(path) == SHIM_NODE;
}

/* Whether `fd` is a node; `error` is what a change of it then gives. */
static bool is_open_node(int fd, int *error)
{
    struct shim_file *file = shim_tracks(fd) ? shim_acquire(fd) : NULL;

    if (file == NULL)
        return false;
    *error = file->node.kind == SHIM_CLOSED ? EBADF : 0;
    shim_release(fd);
    return true;
}

REPLACES(int, chmod, (const char *path, mode_t mode))
{
    return is_node(path) ? shim_result(look(path)) : next_chmod()(path, mode);
}

REPLACES(int, fchmod, (int fd, mode_t mode))
{
    int error;

    return is_open_node(fd, &error) ? shim_result(error) : next_fchmod()(fd, mode);
}

REPLACES(int, fchmodat, (int directory, const char *path, mode_t mode, int flags))
{
    return is_node(path) ? shim_result(look(path))
                         : next_fchmodat()(directory, path, mode, flags);
}

REPLACES(int, chown, (const char *path, uid_t user, gid_t group))
{
    return is_node(path) ? shim_result(look(path)) : next_chown()(path, user, group);
}

REPLACES(int, lchown, (const char *path, uid_t user, gid_t group))
{
    return is_node(path) ? shim_result(look(path)) : next_lchown()(path, user, group);
}

REPLACES(int, fchown, (int fd, uid_t user, gid_t group))
{
    int error;

    return is_open_node(fd, &error) ? shim_result(error) : next_fchown()(fd, user, group);
}

REPLACES(int, fchownat, (int directory, const char *path, uid_t user, gid_t group, int flags))
{
    return is_node(path) ? shim_result(look(path))
                         : next_fchownat()(directory, path, user, group, flags);
}

/* ---- whether they may be used ---- */

static int allowed(const char *path, int mode)
{
    int error = look(path);

    return error == 0 && (mode & X_OK) ? EACCES : error;
}

REPLACES(int, access, (const char *path, int mode))
{
    return is_node(path) ? shim_result(allowed(path, mode)) : next_access()(path, mode);
}

REPLACES(int, faccessat, (int directory, const char *path, int mode, int flags))
{
    return is_node(path) ? shim_result(allowed(path, mode))
                         : next_faccessat()(directory, path, mode, flags);
}

REPLACES(int, euidaccess, (const char *path, int mode))
{
    return is_node(path) ? shim_result(allowed(path, mode)) : next_euidaccess()(path, mode);
}

REPLACES(int, eaccess, (const char *path, int mode))
{
    return is_node(path) ? shim_result(allowed(path, mode)) : next_eaccess()(path, mode);
}
