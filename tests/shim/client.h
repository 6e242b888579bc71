/* A client of the driver: open, ioctl, munmap and a plistref, and nothing else of libprop. */
#ifndef CLIENT_H
#define CLIENT_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define CONTROL "/dev/mapper/control"

struct plistref {
    void *pref_plist;
    size_t pref_len;
};

#define NETBSD_DM_IOCTL _IOWR(0xfd, 0, struct plistref)

/* Say where and why, and end. */
#define CHECK(condition, ...)                                          \
    do {                                                               \
        if (!(condition)) {                                            \
            fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition); \
            fprintf(stderr, __VA_ARGS__);                              \
            fprintf(stderr, " (errno %d)\n", errno);                   \
            exit(1);                                                   \
        }                                                              \
    } while (0)

#define VERSION                                                                     \
    "<key>version</key><array><integer>4</integer><integer>0</integer>"             \
    "<integer>0</integer></array>"

#define REQUEST(command, rest)                                                      \
    "<plist version=\"1.0\"><dict><key>command</key><string>" command "</string>"   \
    "<key>flags</key><integer>0x4</integer>" rest VERSION "</dict></plist>"

static inline int open_control(void)
{
    int fd = open(CONTROL, O_RDWR);

    CHECK(fd >= 0, "open");
    return fd;
}

/* Send `text`; gives the reply, to be given back to `done`. */
static inline struct plistref ask(int fd, const char *text)
{
    struct plistref reference = {(void *)text, strlen(text) + 1};
    int result = ioctl(fd, NETBSD_DM_IOCTL, &reference);

    CHECK(result == 0, "%s", text);
    CHECK(reference.pref_plist != text, "the request came back");
    CHECK(((char *)reference.pref_plist)[reference.pref_len - 1] == '\0', "no NUL at the end");
    CHECK(strlen(reference.pref_plist) + 1 == reference.pref_len, "the length is not the text's");
    return reference;
}

static inline void done(struct plistref reply)
{
    CHECK(munmap(reply.pref_plist, reply.pref_len) == 0, "munmap");
}

#endif
