// The floor for starting processes: posix_spawn of one program, COUNT times, PARALLEL at a time, waiting for each.
//
//   spawn_floor COUNT PARALLEL [PROGRAM]      prints one JSON line
#define _GNU_SOURCE
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

struct running {
    pid_t pid;
    double started;
};

static double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static double cpu_us(int who) {
    struct rusage u;
    getrusage(who, &u);
    return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 + u.ru_utime.tv_usec + u.ru_stime.tv_usec;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: spawn_floor COUNT PARALLEL [PROGRAM]\n");
        return 2;
    }
    int count = atoi(argv[1]), parallel = atoi(argv[2]);
    char *program = argc > 3 ? argv[3] : "/bin/true";
    if (count < 1 || parallel < 1) return 2;
    struct running *living = calloc(parallel, sizeof *living);
    double *took = calloc(count, sizeof *took);
    int started = 0, finished = 0;
    double begin = now_us();
    while (finished < count) {
        for (int i = 0; i < parallel && started < count; i++) {
            if (living[i].pid) continue;
            char *arguments[] = {program, NULL};
            living[i].started = now_us();
            int error = posix_spawn(&living[i].pid, program, NULL, NULL, arguments, environ);
            if (error) {
                fprintf(stderr, "spawn_floor: %s: %s\n", program, strerror(error));
                return 1;
            }
            started++;
        }
        pid_t pid = wait(NULL);
        for (int i = 0; i < parallel; i++) {
            if (living[i].pid != pid) continue;
            took[finished++] = now_us() - living[i].started;
            living[i].pid = 0;
        }
    }
    double wall = now_us() - begin;
    qsort(took, count, sizeof *took, ascending);
    printf("{\"peer\": \"posix_spawn\", \"in_flight\": %d, \"count\": %d, \"p50_us\": %.1f, \"p90_us\": %.1f, "
           "\"p99_us\": %.1f, \"max_us\": %.1f, \"rate\": %.1f, \"cpu_us_per_op\": %.1f, \"wall_s\": %.4f}\n",
           parallel, count, took[count / 2], took[count * 9 / 10], took[count * 99 / 100], took[count - 1],
           count / wall * 1e6, (cpu_us(RUSAGE_SELF) + cpu_us(RUSAGE_CHILDREN)) / count, wall / 1e6);
    return 0;
}
