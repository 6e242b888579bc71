/* Listing the mapper directory. */
#include "shim.h"

#include <dirent.h>
#include <stdlib.h>

struct entry {
    unsigned inode;
    unsigned char type;
    char name[256];
};

/* What a program takes for a DIR. */
struct listing {
    struct listing *next;
    struct entry *entries;
    long count, room, at;
    struct dirent entry;
    struct dirent64 entry64;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(struct listing *) listings; /* all that are open */

static int add(struct listing *listing, const char *prefix, const char *name, unsigned char type,
               unsigned inode)
{
    struct entry *entry;

    if (listing->count == listing->room) {
        long room = listing->room == 0 ? 16 : listing->room * 2;
        void *larger = realloc(listing->entries, (size_t)room * sizeof *listing->entries);

        if (larger == NULL)
            return ENOMEM;
        listing->entries = larger;
        listing->room = room;
    }
    entry = &listing->entries[listing->count++];
    *entry = (struct entry){.inode = inode, .type = type};
    stpcpy(stpcpy(entry->name, prefix), name);
    return 0;
}

/* Both nodes of the device in one entry of a reply. */
static int add_device(struct listing *listing, const char *entry)
{
    const char *value = shim_find_key(entry, SHIM_NODE_DEPTH, "name");
    uint64_t minor = 0;
    char name[255];
    int error;

    /* What is no name of a file has no node. */
    if (value == NULL || !shim_string_at(value, name, sizeof name) || name[0] == '\0' ||
        strchr(name, '/') != NULL)
        return 0;
    shim_find_number(entry, SHIM_NODE_DEPTH, "minor", &minor);
    error = add(listing, "", name, DT_BLK, (unsigned)minor * 4 + SHIM_BLOCK + 2);
    if (error == 0)
        error = add(listing, "r", name, DT_CHR, (unsigned)minor * 4 + SHIM_RAW + 2);
    return error;
}

static int add_devices(struct listing *listing)
{
    struct shim_reply reply;
    const char *entry;
    int error = shim_ask(NULL, 0, &reply);

    if (error == ENXIO || error == ENOTSUP)
        return 0; /* without a server that tells, there is the control node only */
    if (error != 0)
        return error;
    for (entry = strstr(reply.text, "\n\t\t\t<dict>"); entry != NULL && error == 0;
         entry = strstr(entry + 1, "\n\t\t\t<dict>"))
        error = add_device(listing, entry);
    shim_reply_free(&reply);
    return error;
}

static void free_listing(struct listing *listing)
{
    free(listing->entries);
    free(listing);
}

static DIR *open_listing(void)
{
    struct listing *listing = calloc(1, sizeof *listing);
    int error;

    if (listing == NULL)
        return NULL;
    error = add(listing, "", ".", DT_DIR, 1);
    if (error == 0)
        error = add(listing, "", "..", DT_DIR, 1);
    if (error == 0)
        error = add(listing, "", shim_settings()->control_name, DT_CHR, SHIM_CONTROL + 2);
    if (error == 0)
        error = add_devices(listing);
    if (error != 0) {
        free_listing(listing);
        errno = error;
        return NULL;
    }
    pthread_mutex_lock(&lock);
    listing->next = listings;
    listings = listing;
    pthread_mutex_unlock(&lock);
    return (DIR *)listing;
}

/* The listing that a DIR is; NULL if it is one of libc's. */
static struct listing *find(DIR *directory)
{
    struct listing *found;

    if (listings == NULL)
        return NULL;
    pthread_mutex_lock(&lock);
    found = listings;
    while (found != NULL && (DIR *)found != directory)
        found = found->next;
    pthread_mutex_unlock(&lock);
    return found;
}

static void close_listing(struct listing *listing)
{
    _Atomic(struct listing *) *link = &listings;
    struct listing *at;

    pthread_mutex_lock(&lock);
    at = listings;
    if (at == listing) {
        *link = listing->next;
    } else {
        while (at->next != listing)
            at = at->next;
        at->next = listing->next;
    }
    pthread_mutex_unlock(&lock);
    free_listing(listing);
}

REPLACES(DIR *, opendir, (const char *path))
{
    return shim_place(path) == SHIM_DIRECTORY ? open_listing() : next_opendir()(path);
}

#define READDIR(function, dirent_t, member)                          \
    REPLACES(dirent_t *, function, (DIR * directory))                \
    {                                                                \
        struct listing *listing = find(directory);                   \
        const struct entry *next;                                    \
        if (listing == NULL)                                         \
            return next_##function()(directory);                     \
        if (listing->at >= listing->count)                           \
            return NULL;                                             \
        next = &listing->entries[listing->at++];                     \
        listing->member.d_ino = next->inode;                         \
        listing->member.d_type = next->type;                         \
        listing->member.d_off = listing->at;                         \
        listing->member.d_reclen = sizeof listing->member;           \
        strcpy(listing->member.d_name, next->name);                  \
        return &listing->member;                                     \
    }

READDIR(readdir, struct dirent, entry)
READDIR(readdir64, struct dirent64, entry64)

REPLACES(int, closedir, (DIR * directory))
{
    struct listing *listing = find(directory);

    if (listing == NULL)
        return next_closedir()(directory);
    close_listing(listing);
    return 0;
}

REPLACES(void, rewinddir, (DIR * directory))
{
    struct listing *listing = find(directory);

    if (listing == NULL)
        next_rewinddir()(directory);
    else
        listing->at = 0;
}

REPLACES(long, telldir, (DIR * directory))
{
    struct listing *listing = find(directory);

    return listing == NULL ? next_telldir()(directory) : listing->at;
}

REPLACES(void, seekdir, (DIR * directory, long at))
{
    struct listing *listing = find(directory);

    if (listing == NULL)
        next_seekdir()(directory, at);
    else
        listing->at = at < 0 || at > listing->count ? listing->count : at;
}

REPLACES(int, dirfd, (DIR * directory))
{
    return find(directory) == NULL ? next_dirfd()(directory) : shim_fail(ENOTSUP);
}
