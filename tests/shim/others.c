/*
 * A program that uses files, and no device mapper: it prints what every call gave, for the
 * same to be seen with the shim and without.
 *
 *     others DIRECTORY
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static int line;
static void *volatile nowhere; /* which the compiler shall not know */

/* Print a call with what it gave, and why if it failed. */
static long show(const char *call, long result)
{
    printf("%d %s = %ld%s%s\n", ++line, call, result, result < 0 ? " " : "",
           result < 0 ? strerror(errno) : "");
    errno = 0;
    return result;
}

#define SHOW(call) show(#call, (long)(call))

static void open_and_close(void)
{
    int fd = (int)SHOW(open("file", O_RDWR | O_CREAT, 0640));

    SHOW(write(fd, "some text\n", 10));
    SHOW(lseek(fd, 5, SEEK_SET));
    SHOW(dup(fd));
    SHOW(dup2(fd, 20));
    SHOW(dup3(fd, 21, O_CLOEXEC));
    SHOW(dup3(fd, fd, 0));
    SHOW(dup2(fd, fd));
    SHOW(fcntl(fd, F_DUPFD, 30));
    SHOW(fcntl(fd, F_DUPFD_CLOEXEC, 30));
    SHOW(fcntl(31, F_GETFD));
    SHOW(fcntl(fd, F_SETFD, FD_CLOEXEC));
    SHOW(fcntl(fd, F_GETFL) & O_ACCMODE);
    SHOW(close(fd));
    SHOW(close(fd));
    SHOW(close_range(20, 40, 0));
    SHOW(fcntl(31, F_GETFD));
    SHOW(open("file", O_RDONLY | O_CREAT | O_EXCL, 0600));
    SHOW(open("missing", O_RDONLY));
    SHOW(openat(AT_FDCWD, "file", O_RDONLY | O_DIRECTORY));
    SHOW(creat("other", 0600));
    SHOW(open("/dev/map", O_RDONLY));
    SHOW(open("/dev/mapper-not", O_RDONLY));
}

static void read_and_write(void)
{
    char text[16] = "";
    struct iovec parts[] = {{text, 4}, {text + 8, 4}};
    int fd = (int)SHOW(open("file", O_RDWR));

    SHOW(read(fd, text, 4));
    SHOW(pread(fd, text, 4, 2));
    SHOW(pwrite(fd, "TEXT", 4, 5));
    SHOW(readv(fd, parts, 2));
    SHOW(preadv(fd, parts, 2, 0));
    SHOW(pwritev(fd, parts, 1, 0));
    SHOW(lseek(fd, 0, SEEK_END));
    SHOW(read(fd, nowhere, 4));
    SHOW(pread(fd, nowhere, 4, 0));
    SHOW(fsync(fd));
    SHOW(fdatasync(fd));
    SHOW(fallocate(fd, 0, 0, 100));
    SHOW(ioctl(fd, FIONREAD, text));
    SHOW(ioctl(fd, 0xC010FD00, NULL));
    SHOW(ioctl(fd, 0x80081272, text));
    SHOW(close(fd));
    SHOW(read(fd, text, 1));
    SHOW(write(fd, text, 1));
    SHOW(lseek(fd, 0, SEEK_SET));
    SHOW(fsync(fd));
    SHOW(ioctl(fd, FIONREAD, text));
}

static void look_at(const char *path)
{
    struct stat status;
    struct statx extended;

    printf("%s\n", path);
    SHOW(stat(path, &status) == 0 ? (long)status.st_mode : -1);
    SHOW(lstat(path, &status) == 0 ? (long)status.st_nlink : -1);
    SHOW(fstatat(AT_FDCWD, path, &status, AT_SYMLINK_NOFOLLOW));
    SHOW(statx(AT_FDCWD, path, 0, STATX_ALL, &extended));
    SHOW(access(path, R_OK));
    SHOW(faccessat(AT_FDCWD, path, F_OK, AT_EACCESS));
    SHOW(lgetxattr(path, "user.none", &status, sizeof status));
}

static void change(void)
{
    SHOW(mkdir("directory", 0755));
    SHOW(mkdir("directory", 0755));
    SHOW(rename("other", "directory/other"));
    SHOW(chmod("file", 0600));
    SHOW(chown("file", (uid_t)-1, (gid_t)-1));
    SHOW(mknod("pipe", S_IFIFO | 0600, 0));
    SHOW(symlink("file", "link"));
    look_at("file");
    look_at("link");
    look_at("missing");
    SHOW(unlink("directory"));
    SHOW(unlink("directory/other"));
    SHOW(rmdir("directory"));
    SHOW(remove("pipe"));
    SHOW(rename("missing", "other"));
}

static int compare(const void *one, const void *other)
{
    return strcmp(*(char *const *)one, *(char *const *)other);
}

static void list(void)
{
    char *names[16];
    size_t count = 0;
    DIR *directory = opendir(".");
    struct dirent *entry;

    while ((entry = readdir(directory)) != NULL)
        names[count++] = strdup(entry->d_name);
    SHOW(dirfd(directory) > 2);
    rewinddir(directory);
    SHOW(readdir(directory) != NULL);
    SHOW(closedir(directory));
    qsort(names, count, sizeof *names, compare);
    for (size_t at = 0; at < count; at++) {
        printf("%s\n", names[at]);
        free(names[at]);
    }
    SHOW(opendir("missing") == NULL);
}

static void stream(void)
{
    FILE *file = fopen("stream", "w+");
    char text[32];

    SHOW(fputs("a line\n", file) >= 0);
    rewind(file);
    SHOW(fgets(text, sizeof text, file) != NULL);
    SHOW(fclose(file));
    SHOW(fopen("missing", "r") == NULL);
    file = popen("echo hello", "r");
    SHOW(fgets(text, sizeof text, file) != NULL);
    SHOW(pclose(file));
    file = fdopen(open("stream", O_RDONLY), "r");
    SHOW(getc(file));
    SHOW(fclose(file));
}

static void talk(void)
{
    int pair[2], ends[2];
    struct timeval now = {0, 0};
    fd_set ready;
    char text[8];

    SHOW(pipe(ends));
    SHOW(write(ends[1], "pipe", 4));
    SHOW(read(ends[0], text, sizeof text));
    SHOW(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    SHOW(write(pair[0], "pair", 4));
    FD_ZERO(&ready);
    FD_SET(pair[1], &ready);
    SHOW(select(pair[1] + 1, &ready, NULL, NULL, &now));
    SHOW(read(pair[1], text, sizeof text));
    SHOW(ioctl(pair[0], 0xC010FD00, text));
    SHOW(sendfile(pair[0], open("stream", O_RDONLY), NULL, 4));
    SHOW(splice(ends[0], NULL, pair[0], NULL, 0, 0));
}

static void run(void)
{
    int status;
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child == 0) {
        closefrom(3);
        _exit(open("/dev/null", O_RDONLY));
    }
    SHOW(waitpid(child, &status, 0) == child ? WEXITSTATUS(status) : -1);
    SHOW(system("exit 5") >> 8);
    child = vfork();
    if (child == 0) {
        dup2(1, 9);
        close(9);
        execlp("true", "true", NULL);
        _exit(1);
    }
    SHOW(waitpid(child, &status, 0) == child ? WEXITSTATUS(status) : -1);
}

int main(int argc, char **argv)
{
    if (argc != 2 || chdir(argv[1]) != 0)
        return 2;
    open_and_close();
    read_and_write();
    change();
    list();
    stream();
    talk();
    run();
    return 0;
}
