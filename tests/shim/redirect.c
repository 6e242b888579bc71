/*
 * Runs head with a node as its standard input, by vfork: what the child opens in the memory of
 * its parent must not be taken for the parent's.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct stat status;
    int ended;
    pid_t child;

    if (argc != 2 || open("/dev/mapper/control", O_RDWR) < 0)
        return 2;
    child = vfork();
    if (child == 0) {
        int fd = open(argv[1], O_RDONLY);

        dup2(fd, 0);
        close(fd);
        execlp("head", "head", "-c", "6", (char *)NULL);
        _exit(1);
    }
    if (waitpid(child, &ended, 0) != child || ended != 0)
        return 3;
    /* It gets the number that the child's node had. */
    return fstat(open("/dev/null", O_RDONLY), &status) == 0 && S_ISCHR(status.st_mode) &&
                   major(status.st_rdev) == 1
               ? 0
               : 4;
}
