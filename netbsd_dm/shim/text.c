/* As much of property lists as the shim needs: it writes requests, and looks into replies. */
#include "shim.h"

#include <stdio.h>
#include <stdlib.h>

#define DEPTH_MAX 4

/* Not a command, so that no journal, count or fault sees it (protocol/monitor.md). */
static const char head[] =
    "<plist version=\"1.0\"><dict><key>netbsd-dm</key><string>nodes</string>";
static const char tail[] = "</dict></plist>";

struct entity {
    const char *text;
    char character;
};

static const struct entity entities[] = {{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}};

#define ENTITIES (sizeof entities / sizeof *entities)
#define ENTITY_MAX 5

/* Append `name` with entities for what is markup; gives the end. */
static char *escaped(char *to, const char *name)
{
    for (; *name != '\0'; name++) {
        const char *text = NULL;

        for (size_t at = 0; at < ENTITIES; at++)
            if (entities[at].character == *name)
                text = entities[at].text;
        if (text != NULL)
            to = stpcpy(to, text);
        else
            *to++ = *name;
    }
    return to;
}

int shim_compose(struct shim_request *request, const char *name, unsigned minor)
{
    size_t size = sizeof head + sizeof tail + 128;
    char *end;

    if (name != NULL)
        size += ENTITY_MAX * strlen(name);
    request->text = size <= sizeof request->own ? request->own : malloc(size);
    if (request->text == NULL)
        return ENOMEM;
    end = stpcpy(request->text, head);
    if (name != NULL) {
        end = escaped(stpcpy(end, "<key>name</key><string>"), name);
        end = stpcpy(end, "</string>");
    } else if (minor != 0) {
        end += sprintf(end, "<key>minor</key><integer>0x%x</integer>", minor);
    }
    end = stpcpy(end, tail);
    request->length = (size_t)(end - request->text);
    return 0;
}

void shim_request_free(struct shim_request *request)
{
    if (request->text != request->own)
        free(request->text);
}

const char *shim_find_key(const char *text, unsigned depth, const char *key)
{
    static const char tabs[DEPTH_MAX + 1] = "\t\t\t\t";
    char pattern[64];
    const char *indent = tabs + DEPTH_MAX - depth;
    int length = snprintf(pattern, sizeof pattern, "\n%s<key>%s</key>\n%s", indent, key, indent);
    const char *found = strstr(text, pattern);

    return found == NULL ? NULL : found + length;
}

bool shim_find_number(const char *text, unsigned depth, const char *key, uint64_t *number)
{
    static const char integer[] = "<integer>";
    const char *value = shim_find_key(text, depth, key);

    if (value == NULL || strncmp(value, integer, sizeof integer - 1) != 0)
        return false;
    *number = strtoull(value + sizeof integer - 1, NULL, 0);
    return true;
}

bool shim_string_at(const char *value, char *to, size_t size)
{
    static const char string[] = "<string>";

    if (size == 0)
        return false;
    *to = '\0'; /* an empty one is <string/> */
    if (strncmp(value, string, sizeof string - 1) != 0)
        return true;
    for (value += sizeof string - 1; *value != '<' && *value != '\0'; size--, to++) {
        size_t length = 1;

        if (size < 2)
            return false;
        *to = *value;
        for (size_t at = 0; at < ENTITIES; at++) {
            if (strncmp(value, entities[at].text, strlen(entities[at].text)) == 0) {
                *to = entities[at].character;
                length = strlen(entities[at].text);
            }
        }
        value += length;
        to[1] = '\0';
    }
    return true;
}

int shim_reply_error(const char *text)
{
    static const char start[] = "<dict>\n\t<key>errno</key>\n\t<integer>0x";
    static const char end[] = "</integer>\n";
    const char *root = strstr(text, "<dict>");
    uint64_t number;
    char *after;

    if (root == NULL || strncmp(root, start, sizeof start - 1) != 0)
        return 0;
    number = strtoull(root + sizeof start - 1, &after, 16);
    if (strncmp(after, end, sizeof end - 1) != 0)
        return 0;
    after += sizeof end - 1;
    /* Any other key: a request that has such a key itself, come back. */
    if (strncmp(after, "</dict>", 7) != 0 && strncmp(after, "\t<key>error</key>", 17) != 0)
        return 0;
    return shim_host_error(number);
}
