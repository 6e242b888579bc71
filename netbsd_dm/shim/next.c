/* The functions of libc that ours stand in for. */
#include "shim.h"

#include <dlfcn.h>
#include <stdlib.h>

void *shim_next(_Atomic(void *) *found, const char *name)
{
    void *next = atomic_load_explicit(found, memory_order_relaxed);

    if (next == NULL) {
        next = dlsym(RTLD_NEXT, name);
        if (next == NULL)
            abort(); /* whoever calls it was linked against it, so libc has it */
        atomic_store_explicit(found, next, memory_order_relaxed);
    }
    return next;
}
