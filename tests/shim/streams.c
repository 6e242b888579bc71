/* A node as a stream: what is read, sought and written, and the descriptor behind it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/fs.h>

static void check(int is_right, const char *what)
{
    if (!is_right) {
        perror(what);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    FILE *stream = argc == 2 ? fopen(argv[1], "r+") : NULL;
    unsigned long long size;
    struct stat status;
    char text[17] = "";

    check(stream != NULL, "fopen");
    check(fileno(stream) > 2, "fileno");
    check(fstat(fileno(stream), &status) == 0 && S_ISBLK(status.st_mode), "fstat");
    check(ioctl(fileno(stream), BLKGETSIZE64, &size) == 0 && size == 1 << 20, "ioctl");
    check(fseek(stream, 1024, SEEK_SET) == 0 && fread(text, 1, 16, stream) == 16, "fread");
    printf("%s\n", text);
    check(fseek(stream, 512, SEEK_SET) == 0 && fputs("stream", stream) >= 0, "fputs");
    check(fflush(stream) == 0 && fsync(fileno(stream)) == 0, "fflush");
    check(fseek(stream, 0, SEEK_END) == 0 && ftell(stream) == 1 << 20, "ftell");
    check(getc(stream) == EOF && feof(stream) && !ferror(stream), "the end");
    check(fclose(stream) == 0, "fclose");
    stream = fopen(argv[1], "w");
    check(stream != NULL && getc(stream) == EOF && ferror(stream), "a stream for writing");
    check(fclose(stream) == 0, "fclose");
    check(fopen("/dev/mapper/nosuch", "r") == NULL, "a node that is not there");
    check(fopen(argv[1], "q") == NULL, "a mode that is none");
    return 0;
}
