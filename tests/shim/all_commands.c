/*
 * Every command, over descriptors of its own, from eight threads at once, then from a child of
 * fork that goes on with its parent's descriptor.
 *
 *     all_commands TIMES
 */
#include <pthread.h>
#include <sys/wait.h>

#include "client.h"

#define THREADS 8
#define TEXT_BYTES 4096

/* One client: the device it works on, and the descriptor it works through. */
struct client {
    int fd;
    char name[32];
};

/* Send what `format` says of the client's device; the reply must have `wanted` in it. */
static void expect(const struct client *client, const char *wanted, const char *format, ...)
{
    char text[TEXT_BYTES];
    struct plistref reply;
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    reply = ask(client->fd, text);
    CHECK(strstr(reply.pref_plist, wanted) != NULL, "no %s in the reply to\n%s\n%s", wanted, text,
          (char *)reply.pref_plist);
    done(reply);
}

#define NAME "<key>name</key><string>%s</string>"
#define FLAGS(flags) "<key>flags</key>\n\t<integer>" flags "</integer>"

static void make(const struct client *client)
{
    expect(client, "<integer>0x10</integer>", REQUEST("version", ""));
    expect(client, "<string>linear</string>", REQUEST("targets", ""));
    expect(client, "<key>minor</key>", REQUEST("create", NAME), client->name);
    expect(client, client->name, REQUEST("names", ""));
    expect(client, FLAGS("0x4"), REQUEST("info", NAME), client->name);
    expect(client, "<key>target_count</key>", REQUEST("mknodes", NAME), client->name);
    expect(client, "<array/>", REQUEST("status", NAME), client->name);
}

static void load(const struct client *client)
{
    expect(client, FLAGS("0x44"),
           REQUEST("reload", "<key>cmd_data</key><array><dict><key>length</key>"
                             "<integer>0x40</integer><key>params</key><string>/dev/wd1a 8</string>"
                             "<key>start</key><integer>0x0</integer><key>type</key>"
                             "<string>linear</string></dict></array>" NAME),
           client->name);
}

static void run(const struct client *client)
{
    expect(client, FLAGS("0x4"), REQUEST("resume", NAME), client->name);
    expect(client, "<string>/dev/wd1a 8</string>",
           "<plist version=\"1.0\"><dict><key>command</key><string>table</string><key>flags</key>"
           "<integer>0x14</integer>" NAME VERSION "</dict></plist>",
           client->name);
    expect(client, "<integer>0x40</integer>", REQUEST("status", NAME), client->name);
    expect(client, "<integer>50432</integer>", REQUEST("deps", NAME), client->name);
    expect(client, FLAGS("0x26"), REQUEST("suspend", NAME), client->name);
    expect(client, FLAGS("0x4"), REQUEST("resume", NAME), client->name);
    load(client);
    expect(client, FLAGS("0x4"), REQUEST("clear", NAME), client->name);
}

/* Those that NetBSD's library sends, and its driver lacks. */
static void others(const struct client *client)
{
    expect(client, "<key>event_nr</key>",
           REQUEST("waitevent", "<key>event_nr</key><integer>0x0</integer>" NAME), client->name);
    expect(client, "<string>message</string>",
           REQUEST("message", "<key>cmd_data</key><array><dict><key>message</key>"
                              "<string>hello</string><key>sector</key><integer>0x0</integer>"
                              "</dict></array>" NAME),
           client->name);
    expect(client, "<integer>0x20</integer>",
           REQUEST("setgeometry", "<key>cmd_data</key><array><dict><key>cylinders</key>"
                                  "<integer>0x1</integer><key>heads</key><integer>0x2</integer>"
                                  "<key>sectors</key><integer>0x20</integer><key>start</key>"
                                  "<integer>0x0</integer></dict></array>" NAME),
           client->name);
    expect(client, "<string>iostat</string>", REQUEST("iostat", NAME), client->name);
}

/* What fails is no failure of the ioctl: NetBSD's library would free its task twice. */
static void fail(const struct client *client)
{
    expect(client, "<key>cmd_data</key>", REQUEST("names", ""));
    expect(client, FLAGS("0x4"), REQUEST("create", NAME), client->name);
    expect(client, FLAGS("0x0"), REQUEST("info", "<key>name</key><string>no-%s</string>"),
           client->name);
    expect(client, "<string>nosuch</string>", REQUEST("nosuch", ""));
}

static void end(const struct client *client)
{
    expect(client, client->name,
           REQUEST("rename", "<key>cmd_data</key><array><string>new-%s</string></array>" NAME),
           client->name, client->name);
    expect(client, FLAGS("0x4"), REQUEST("remove", "<key>name</key><string>new-%s</string>"),
           client->name);
    expect(client, FLAGS("0x0"), REQUEST("info", "<key>name</key><string>new-%s</string>"),
           client->name);
}

static void all(const struct client *client, long times)
{
    while (times-- > 0) {
        make(client);
        load(client);
        run(client);
        others(client);
        fail(client);
        end(client);
    }
}

static long times;

/* Half of the threads share a descriptor, the others have one each. */
static int shared;

static void *run_thread(void *argument)
{
    int number = *(int *)argument;
    struct client client = {number % 2 ? shared : open_control(), ""};

    snprintf(client.name, sizeof client.name, "thread%d", number);
    all(&client, times);
    if (client.fd != shared)
        close(client.fd);
    return NULL;
}

static void run_threads(void)
{
    pthread_t threads[THREADS];
    int numbers[THREADS];

    for (int at = 0; at < THREADS; at++) {
        numbers[at] = at;
        CHECK(pthread_create(&threads[at], NULL, run_thread, &numbers[at]) == 0, "a thread");
    }
    for (int at = 0; at < THREADS; at++)
        pthread_join(threads[at], NULL);
}

/* Both work at the same time through what was one descriptor. */
static void run_child(void)
{
    struct client client = {shared, "parent"};
    pid_t child = fork();
    int status;

    if (child == 0)
        strcpy(client.name, "child");
    all(&client, times);
    if (child == 0) {
        close(shared);
        exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0, "the child: %#x", (unsigned)status);
}

int main(int argc, char **argv)
{
    struct client client;

    times = argc > 1 ? atol(argv[1]) : 1;
    shared = open_control();
    run_threads();
    run_child();
    client = (struct client){shared, "last"};
    expect(&client, "<string>remove_all</string>", REQUEST("remove_all", ""));
    close(shared);
    return 0;
}
