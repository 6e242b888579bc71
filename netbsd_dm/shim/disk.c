/*
 * What a device's node answers as a disk: NetBSD's requests (dkio(4), driver spec section 4.6)
 * and Linux's.
 */
#include "shim.h"

#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>

#define SECTOR_BYTES 512
#define HEADS 64
#define SECTORS_PER_TRACK 32

/* struct dkwedge_info */
struct wedge {
    char devname[16];
    uint8_t wname[128];
    char parent[16];
    int64_t offset;
    uint64_t size;
    char ptype[32];
};

static int sector_size(struct shim_file *file, void *argument)
{
    unsigned size = SECTOR_BYTES;

    (void)file;
    return shim_copy_out(argument, &size, sizeof size);
}

static int media_size(struct shim_file *file, void *argument)
{
    uint64_t size_bytes;
    int error = shim_size(file->node.minor, &size_bytes);

    return error != 0 ? error : shim_copy_out(argument, &size_bytes, sizeof size_bytes);
}

static int sectors(struct shim_file *file, void *argument)
{
    uint64_t size_bytes;
    unsigned long number;
    int error = shim_size(file->node.minor, &size_bytes);

    if (error != 0)
        return error;
    number = (unsigned long)(size_bytes / SECTOR_BYTES);
    if (number != size_bytes / SECTOR_BYTES)
        return EFBIG;
    return shim_copy_out(argument, &number, sizeof number);
}

static int read_only(struct shim_file *file, void *argument)
{
    int answer;
    int error;

    pthread_mutex_lock(&file->lock);
    error = shim_nbd_connect(file);
    answer = error == 0 && file->nbd.is_read_only;
    pthread_mutex_unlock(&file->lock);
    if (error != 0 && error != EOPNOTSUPP) /* without NBD nobody tells */
        return error;
    return shim_copy_out(argument, &answer, sizeof answer);
}

static int flush(struct shim_file *file, void *argument)
{
    int error = shim_flush(file);

    (void)argument;
    return error == EOPNOTSUPP ? 0 : error; /* without NBD nothing can have been written */
}

static int wedge_info(struct shim_file *file, void *argument)
{
    struct wedge wedge = {.ptype = "ffs"};
    uint64_t size_bytes;
    int error = shim_size(file->node.minor, &size_bytes);

    if (error == 0)
        error = shim_name(file->node.minor, (char *)wedge.wname, sizeof wedge.wname);
    if (error != 0)
        return error;
    memcpy(wedge.devname, wedge.wname, sizeof wedge.devname - 1);
    memcpy(wedge.parent, wedge.wname, sizeof wedge.parent - 1);
    wedge.size = size_bytes / SECTOR_BYTES;
    return shim_copy_out(argument, &wedge, sizeof wedge);
}

/* The dictionary as the driver makes it up; no cylinders if there is not even one. */
static int describe(char *to, size_t size, unsigned long long count)
{
    char cylinders[128] = "";

    if (count >= HEADS * SECTORS_PER_TRACK)
        snprintf(cylinders, sizeof cylinders,
                 "\t\t<key>cylinders-per-unit</key>\n\t\t<integer>0x%llx</integer>\n",
                 count / (HEADS * SECTORS_PER_TRACK));
    return snprintf(to, size,
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                    "<!DOCTYPE plist PUBLIC \"-//Apple Computer//DTD PLIST 1.0//EN\""
                    " \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
                    "<plist version=\"1.0\">\n<dict>\n\t<key>geometry</key>\n\t<dict>\n%s"
                    "\t\t<key>sector-size</key>\n\t\t<integer>0x%x</integer>\n"
                    "\t\t<key>sectors-per-track</key>\n\t\t<integer>0x%x</integer>\n"
                    "\t\t<key>sectors-per-unit</key>\n\t\t<integer>0x%llx</integer>\n"
                    "\t\t<key>tracks-per-cylinder</key>\n\t\t<integer>0x%x</integer>\n"
                    "\t</dict>\n\t<key>type</key>\n\t<string>ESDI</string>\n</dict>\n</plist>\n",
                    cylinders, SECTOR_BYTES, SECTORS_PER_TRACK, count, HEADS);
}

static int disk_info(struct shim_file *file, void *argument)
{
    char text[1024];
    struct plistref *reference = argument;
    struct shim_reply reply;
    uint64_t sectors;
    int error = shim_mapped(file->node.minor, &sectors);

    if (error == 0)
        error = shim_check_reference(reference);
    if (error != 0)
        return error;
    reply.length = (size_t)describe(text, sizeof text, sectors);
    reply.text = shim_map(reply.length + 1);
    if (reply.text == NULL)
        return ENOMEM;
    memcpy(reply.text, text, reply.length);
    *reference = (struct plistref){reply.text, reply.length + 1};
    return 0;
}

struct disk_request {
    unsigned number;
    int (*answer)(struct shim_file *file, void *argument);
};

/*
 * NetBSD's bits for in and out are Linux's the other way round, so a program has the ones or
 * the others, depending on whose macro it was compiled with: they are left out.
 */
#define DIRECTION 0xC0000000U
#define NETBSD(number, type) ((unsigned)sizeof(type) << 16 | 'd' << 8 | (number))

static const struct disk_request netbsd_requests[] = {
    {NETBSD(118, int), flush},                   /* DIOCCACHESYNC */
    {NETBSD(122, struct wedge), wedge_info},     /* DIOCGWEDGEINFO */
    {NETBSD(127, struct plistref), disk_info},   /* DIOCGDISKINFO */
    {NETBSD(132, int64_t), media_size},          /* DIOCGMEDIASIZE */
    {NETBSD(133, unsigned), sector_size},        /* DIOCGSECTORSIZE */
};

static const struct disk_request linux_requests[] = {
    {BLKGETSIZE, sectors},    {BLKGETSIZE64, media_size}, {BLKSSZGET, sector_size},
    {BLKPBSZGET, sector_size}, {BLKBSZGET, sector_size},  {BLKROGET, read_only},
    {BLKFLSBUF, flush},
};

#define COUNT(table) (sizeof table / sizeof *table)

static const struct disk_request *find(unsigned request)
{
    for (size_t at = 0; at < COUNT(netbsd_requests); at++)
        if ((request & DIRECTION) && netbsd_requests[at].number == (request & ~DIRECTION))
            return &netbsd_requests[at];
    for (size_t at = 0; at < COUNT(linux_requests); at++)
        if (linux_requests[at].number == request)
            return &linux_requests[at];
    return NULL;
}

bool shim_is_disk_request(unsigned request)
{
    return find(request) != NULL;
}

int shim_disk_ioctl(struct shim_file *file, unsigned request, void *argument)
{
    const struct disk_request *found = find(request);

    return found == NULL ? ENOTTY : found->answer(file, argument);
}
