#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "process_shims.h"

#ifdef __linux__

#include <link.h>
#include <malloc.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

static int release_code(struct dl_phdr_info *object, size_t size, void *context) {
    (void)size;
    (void)context;
    for (int index = 0; index < object->dlpi_phnum; index++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[index];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X) || (part->p_flags & PF_W)) continue;
        uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE) - 1;
        uintptr_t begin = (object->dlpi_addr + part->p_vaddr) & ~page;
        uintptr_t end = (object->dlpi_addr + part->p_vaddr + part->p_filesz + page) & ~page;
        madvise((void *)begin, end - begin, MADV_DONTNEED);
    }
    return 0;
}

void noizylab_release_code(void) { dl_iterate_phdr(release_code, NULL); }

#ifdef __GLIBC__
void noizylab_keep_freed_memory(size_t block, size_t total) {
    mallopt(M_MMAP_THRESHOLD, (int)block);
    mallopt(M_TRIM_THRESHOLD, (int)total);
}
#else
void noizylab_keep_freed_memory(size_t block, size_t total) {
    (void)block;
    (void)total;
}
#endif

#else

void noizylab_release_code(void) {}

void noizylab_keep_freed_memory(size_t block, size_t total) {
    (void)block;
    (void)total;
}

#endif
