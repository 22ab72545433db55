// What Swift's importer does not see of the system: posix_spawn's newer parts, pidfd, epoll.
#ifndef NOIZYLAB_PROCESS_SHIMS_H
#define NOIZYLAB_PROCESS_SHIMS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// Starts `path` in a new session with descriptors 0, 1 and 2 as given and every other one closed, signals reset, in
// `directory`. Returns 0 or an errno; on success `*pid` is set, and `*pidfd` too where the system has it (else -1).
int noizylab_spawn(const char *path, char *const argv[], char *const envp[], const char *directory, int input,
                   int output, int error, pid_t *pid, int *pidfd);

// A pipe whose ends no child inherits. Returns 0 or an errno.
int noizylab_pipe(int ends[2]);

// Makes a pipe hold a megabyte, where that can be had.
void noizylab_widen_pipe(int descriptor);

// An event queue: epoll, or kqueue on Darwin. Level-triggered. Each thing waited for carries a token.
#define NOIZYLAB_READ 0
#define NOIZYLAB_WRITE 1
#define NOIZYLAB_EXIT 2
int noizylab_queue_make(void);
// `NOIZYLAB_EXIT` takes a pidfd on Linux and a process number on Darwin. Returns 0 or an errno.
int noizylab_queue_add(int queue, int descriptor, int interest, uint64_t token);
void noizylab_queue_remove(int queue, int descriptor, int interest);
// How many tokens were written; 0 when the time passed. Negative milliseconds: waits for ever.
int noizylab_queue_wait(int queue, uint64_t *tokens, int capacity, int milliseconds);

// Unmaps the pages of program code that this process has touched so far; those still needed come back from the system's
// cache when they are next run. Nothing where the system does not count them.
void noizylab_release_code(void);

// Blocks up to `block` bytes come from the heap, and up to `total` freed bytes stay there for the next. Where malloc
// can be told.
void noizylab_keep_freed_memory(size_t block, size_t total);

// Names the calling thread for debuggers.
void noizylab_name_thread(const char *name);

// Lets the calling thread go before others, where the system allows it.
void noizylab_raise_thread(void);

#endif
