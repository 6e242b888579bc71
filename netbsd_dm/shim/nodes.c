/*
 * What lies in the mapper directory: the control node and, for each device that the server
 * has, a block node of its name and a raw one, which is called r and its name.
 */
#include "shim.h"

#define NAME_KEY "name"

/* What of `path` comes after the directory's. */
static const char *name_in(const char *path)
{
    const char *rest = path + shim_settings()->directory_length;

    return rest + strspn(rest, "/");
}

enum shim_place shim_place(const char *path)
{
    const char *name;

    if (!shim_is_below(path))
        return SHIM_ELSEWHERE;
    name = name_in(path);
    if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return SHIM_DIRECTORY;
    return SHIM_NODE;
}

static int find_minor(const char *name, unsigned *minor)
{
    struct shim_reply reply;
    uint64_t number = 0;
    int error = shim_ask(name, 0, &reply);

    if (error != 0)
        return error;
    if (!shim_find_number(reply.text, SHIM_NODE_DEPTH, "minor", &number))
        error = ENOENT;
    *minor = (unsigned)number;
    shim_reply_free(&reply);
    return error;
}

int shim_find_told(const char *path, struct shim_node *node)
{
    const char *name = name_in(path);
    int error;

    *node = (struct shim_node){SHIM_CONTROL, 0};
    if (strcmp(name, shim_settings()->control_name) == 0)
        return 0;
    node->kind = SHIM_BLOCK;
    error = find_minor(name, &node->minor);
    /* A device may itself be called rsomething: it comes first. */
    if (error == ENOENT && name[0] == 'r' && name[1] != '\0') {
        node->kind = SHIM_RAW;
        error = find_minor(name + 1, &node->minor);
    }
    return error;
}

int shim_find_node(const char *path, struct shim_node *node)
{
    int error = shim_find_told(path, node);

    return error == ENOTSUP ? ENOENT : error;
}

/* Look for a device; ENODEV if it is gone. */
static int look(unsigned minor, struct shim_reply *reply)
{
    uint64_t number;
    int error = shim_ask(NULL, minor, reply);

    if (error != 0)
        return error;
    if (shim_find_number(reply->text, SHIM_NODE_DEPTH, "minor", &number))
        return 0;
    shim_reply_free(reply);
    return ENODEV;
}

int shim_size(unsigned minor, uint64_t *size_bytes)
{
    struct shim_reply reply;
    uint64_t sectors = 0;
    int error = look(minor, &reply);

    if (error != 0)
        return error;
    shim_find_number(reply.text, SHIM_NODE_DEPTH, "sectors", &sectors);
    *size_bytes = sectors * 512;
    shim_reply_free(&reply);
    return 0;
}

int shim_mapped(unsigned minor, uint64_t *sectors)
{
    struct shim_reply reply;
    int error = look(minor, &reply);

    if (error != 0)
        return error;
    if (!shim_find_number(reply.text, SHIM_NODE_DEPTH, "mapped", sectors))
        error = ENOTSUP;
    shim_reply_free(&reply);
    return error;
}

int shim_name(unsigned minor, char *to, size_t size)
{
    struct shim_reply reply;
    const char *value;
    int error = look(minor, &reply);

    if (error != 0)
        return error;
    value = shim_find_key(reply.text, SHIM_NODE_DEPTH, NAME_KEY);
    if (value == NULL || !shim_string_at(value, to, size))
        to[0] = '\0';
    shim_reply_free(&reply);
    return 0;
}
