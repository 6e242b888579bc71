/* What the environment says, read once: a program may change it later for its children. */
#include "shim.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEFAULT_CONTROL "/dev/mapper/control"
#define SOCKET_NAME "netbsd-dm.sock"

struct shim_settings shim_settings_found;
atomic_bool shim_settings_ready;

static pthread_once_t once = PTHREAD_ONCE_INIT;

/* `path` from the root, so that it holds after a chdir; false if it is too long. */
static bool absolute(const char *path, char *to, size_t size)
{
    char here[PATH_MAX];
    int length;

    if (path[0] == '/' || getcwd(here, sizeof here) == NULL)
        length = snprintf(to, size, "%s", path);
    else
        length = snprintf(to, size, "%s/%s", here, path);
    return length >= 0 && (size_t)length < size;
}

static void set_address(struct sockaddr_un *address, const char *path)
{
    address->sun_family = AF_UNIX;
    if (!absolute(path, address->sun_path, sizeof address->sun_path)) {
        shim_explain("too long for a socket", path, ENAMETOOLONG);
        address->sun_path[0] = '\0';
    }
}

static bool is_set(const char *value)
{
    return value != NULL && value[0] != '\0';
}

/* As netbsd_dm/wire/address.py has it. */
static void find_socket(void)
{
    const char *named = getenv("NETBSD_DM_SOCKET");
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    const char *temporary = getenv("TMPDIR");
    char path[PATH_MAX];

    if (is_set(named))
        snprintf(path, sizeof path, "%s", named);
    else if (is_set(runtime))
        snprintf(path, sizeof path, "%s/" SOCKET_NAME, runtime);
    else
        snprintf(path, sizeof path, "%s/netbsd-dm-%u/" SOCKET_NAME,
                 is_set(temporary) ? temporary : "/tmp", (unsigned)geteuid());
    set_address(&shim_settings_found.socket, path);
}

static void find_control(void)
{
    struct shim_settings *settings = &shim_settings_found;
    const char *named = getenv("NETBSD_DM_CONTROL");
    char *slash;

    if (!is_set(named) || !absolute(named, settings->control, sizeof settings->control))
        strcpy(settings->control, DEFAULT_CONTROL);
    slash = strrchr(settings->control, '/');
    if (slash == NULL || slash == settings->control || slash[1] == '\0') {
        shim_explain("no path of a node in a directory", settings->control, EINVAL);
        strcpy(settings->control, DEFAULT_CONTROL);
        slash = strrchr(settings->control, '/');
    }
    settings->directory_length = (size_t)(slash - settings->control);
    settings->control_name = slash + 1;
}

static void find(void)
{
    const char *nbd = getenv("NETBSD_DM_NBD");

    find_socket();
    find_control();
    if (is_set(nbd))
        set_address(&shim_settings_found.nbd, nbd);
    atomic_store_explicit(&shim_settings_ready, true, memory_order_release);
}

__attribute__((constructor)) void shim_settings_find(void)
{
    pthread_once(&once, find);
}

void shim_explain(const char *what, const char *path, int error)
{
    static atomic_bool is_said;

    if (getenv("NETBSD_DM_SHIM_DEBUG") != NULL && !atomic_exchange(&is_said, true))
        dprintf(STDERR_FILENO, "netbsd-dm shim: %s: %s: %s\n", path, what, strerror(error));
}
