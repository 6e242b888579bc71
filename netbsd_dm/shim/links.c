/* Symbolic links, which the nodes are none of, and full paths, which theirs are. */
#include "shim.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

/* Why `path`, which is below the mapper directory, cannot be read as a link. */
static int not_a_link(const char *path)
{
    struct shim_node node;
    int error = shim_place(path) == SHIM_NODE ? shim_find_node(path, &node) : 0;

    return error == 0 ? EINVAL : error;
}

REPLACES(ssize_t, readlink, (const char *path, char *to, size_t size))
{
    return shim_is_below(path) ? shim_fail(not_a_link(path)) : next_readlink()(path, to, size);
}

REPLACES(ssize_t, readlinkat, (int directory, const char *path, char *to, size_t size))
{
    return shim_is_below(path) ? shim_fail(not_a_link(path))
                               : next_readlinkat()(directory, path, to, size);
}

/* What programs call that were compiled with _FORTIFY_SOURCE. */
REPLACES(ssize_t, __readlink_chk, (const char *path, char *to, size_t length, size_t size))
{
    return shim_is_below(path) ? shim_fail(not_a_link(path))
                               : next___readlink_chk()(path, to, length, size);
}

REPLACES(ssize_t, __readlinkat_chk,
         (int directory, const char *path, char *to, size_t length, size_t size))
{
    return shim_is_below(path) ? shim_fail(not_a_link(path))
                               : next___readlinkat_chk()(directory, path, to, length, size);
}

/* A node's own path, which is full already, in `to` or in memory of its own. */
static char *full_path(const char *path, char *to)
{
    struct shim_node node;
    int error = shim_find_node(path, &node);

    if (error == 0 && strlen(path) >= PATH_MAX)
        error = ENAMETOOLONG;
    if (error != 0) {
        errno = error;
        return NULL;
    }
    return to == NULL ? strdup(path) : strcpy(to, path);
}

REPLACES(char *, realpath, (const char *path, char *to))
{
    return shim_place(path) == SHIM_NODE ? full_path(path, to) : next_realpath()(path, to);
}

REPLACES(char *, __realpath_chk, (const char *path, char *to, size_t size))
{
    return shim_place(path) == SHIM_NODE && size >= PATH_MAX ? full_path(path, to)
                                                             : next___realpath_chk()(path, to, size);
}

REPLACES(char *, canonicalize_file_name, (const char *path))
{
    return shim_place(path) == SHIM_NODE ? full_path(path, NULL)
                                         : next_canonicalize_file_name()(path);
}
