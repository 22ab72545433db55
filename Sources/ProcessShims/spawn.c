#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "process_shims.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/syscall.h>
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#endif

// Every signal at its default and none blocked: what the parent ignores or blocks is no business of the child's.
static int prepare_attributes(posix_spawnattr_t *attributes) {
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    sigdelset(&all, SIGKILL);
    sigdelset(&all, SIGSTOP);
    short flags = POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
#ifdef __APPLE__
    flags |= POSIX_SPAWN_CLOEXEC_DEFAULT;
#endif
    int failure = posix_spawnattr_setsigmask(attributes, &none);
    if (failure == 0) failure = posix_spawnattr_setsigdefault(attributes, &all);
    if (failure == 0) failure = posix_spawnattr_setflags(attributes, flags);
    return failure;
}

static int prepare_actions(posix_spawn_file_actions_t *actions, const char *directory, int input, int output,
                           int error) {
    int failure = posix_spawn_file_actions_adddup2(actions, input, 0);
    if (failure == 0) failure = posix_spawn_file_actions_adddup2(actions, output, 1);
    if (failure == 0) failure = posix_spawn_file_actions_adddup2(actions, error, 2);
#ifdef __linux__
    if (failure == 0) failure = posix_spawn_file_actions_addclosefrom_np(actions, 3);
#endif
#ifdef __APPLE__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
#endif
    if (failure == 0) failure = posix_spawn_file_actions_addchdir_np(actions, directory);
#ifdef __APPLE__
#pragma clang diagnostic pop
#endif
    return failure;
}

int noizylab_spawn(const char *path, char *const argv[], char *const envp[], const char *directory, int input,
                   int output, int error, pid_t *pid, int *pidfd) {
    *pidfd = -1;
    posix_spawnattr_t attributes;
    int failure = posix_spawnattr_init(&attributes);
    if (failure != 0) return failure;
    posix_spawn_file_actions_t actions;
    failure = posix_spawn_file_actions_init(&actions);
    if (failure != 0) {
        posix_spawnattr_destroy(&attributes);
        return failure;
    }
    failure = prepare_attributes(&attributes);
    if (failure == 0) failure = prepare_actions(&actions, directory, input, output, error);
    if (failure == 0) failure = posix_spawn(pid, path, &actions, &attributes, argv, envp);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
#ifdef __linux__
    // The child is not reaped before we do it, so this names it and no other.
    if (failure == 0) *pidfd = (int)syscall(SYS_pidfd_open, *pid, 0);
#endif
    return failure;
}

int noizylab_pipe(int ends[2]) {
#ifdef __linux__
    return pipe2(ends, O_CLOEXEC) == 0 ? 0 : errno;
#else
    if (pipe(ends) != 0) return errno;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    return 0;
#endif
}

void noizylab_widen_pipe(int descriptor) {
#ifdef __linux__
    fcntl(descriptor, F_SETPIPE_SZ, 1 << 20);
#else
    (void)descriptor;
#endif
}
