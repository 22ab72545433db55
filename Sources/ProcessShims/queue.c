#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "process_shims.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>

#define BATCH 256

#ifdef __linux__

#include <sys/epoll.h>

int noizylab_queue_make(void) { return epoll_create1(EPOLL_CLOEXEC); }

int noizylab_queue_add(int queue, int descriptor, int interest, uint64_t token) {
    struct epoll_event event = {.events = interest == NOIZYLAB_WRITE ? EPOLLOUT : EPOLLIN, .data = {.u64 = token}};
    return epoll_ctl(queue, EPOLL_CTL_ADD, descriptor, &event) == 0 ? 0 : errno;
}

void noizylab_queue_remove(int queue, int descriptor, int interest) {
    (void)interest;
    epoll_ctl(queue, EPOLL_CTL_DEL, descriptor, NULL);
}

int noizylab_queue_wait(int queue, uint64_t *tokens, int capacity, int milliseconds) {
    struct epoll_event events[BATCH];
    int count = epoll_wait(queue, events, capacity < BATCH ? capacity : BATCH, milliseconds);
    for (int index = 0; index < count; index++) tokens[index] = events[index].data.u64;
    return count < 0 ? 0 : count;
}

#else

#include <fcntl.h>
#include <sys/event.h>
#include <time.h>

int noizylab_queue_make(void) {
    int queue = kqueue();
    if (queue >= 0) fcntl(queue, F_SETFD, FD_CLOEXEC);
    return queue;
}

static short filter_of(int interest) {
    return interest == NOIZYLAB_READ ? EVFILT_READ : interest == NOIZYLAB_WRITE ? EVFILT_WRITE : EVFILT_PROC;
}

int noizylab_queue_add(int queue, int descriptor, int interest, uint64_t token) {
    struct kevent event;
    EV_SET(&event, descriptor, filter_of(interest), EV_ADD, interest == NOIZYLAB_EXIT ? NOTE_EXIT : 0, 0,
           (void *)(uintptr_t)token);
    return kevent(queue, &event, 1, NULL, 0, NULL) == 0 ? 0 : errno;
}

void noizylab_queue_remove(int queue, int descriptor, int interest) {
    struct kevent event;
    EV_SET(&event, descriptor, filter_of(interest), EV_DELETE, 0, 0, NULL);
    kevent(queue, &event, 1, NULL, 0, NULL);
}

int noizylab_queue_wait(int queue, uint64_t *tokens, int capacity, int milliseconds) {
    struct kevent events[BATCH];
    struct timespec limit = {.tv_sec = milliseconds / 1000, .tv_nsec = (long)(milliseconds % 1000) * 1000000};
    int count = kevent(queue, NULL, 0, events, capacity < BATCH ? capacity : BATCH, milliseconds < 0 ? NULL : &limit);
    for (int index = 0; index < count; index++) tokens[index] = (uint64_t)(uintptr_t)events[index].udata;
    return count < 0 ? 0 : count;
}

#endif

void noizylab_name_thread(const char *name) {
#ifdef __linux__
    pthread_setname_np(pthread_self(), name);
#else
    pthread_setname_np(name);
#endif
}
