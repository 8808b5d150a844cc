/* A wall clock of its own for one process (LD_PRELOAD): the machine's, and so many seconds ahead as the eight bytes
 * of the file $TESTS_CLOCK say at the moment. Other clocks, and waits, go on as they are: a deadline of the wall
 * clock is handed to the kernel in the machine's time, as if the step had happened there.
 *
 * libfaketime does not do: it deadlocks with allocators that ask for the time, as Envoy's does. Here nothing is
 * looked up when the first question comes. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const int64_t none = 0;
static const volatile int64_t *ahead;

static int64_t ahead_s(void) {
    if (!ahead) {
        const char *path = getenv("TESTS_CLOCK");
        int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        void *page = file < 0 ? MAP_FAILED : mmap(NULL, sizeof none, PROT_READ, MAP_SHARED, file, 0);
        if (file >= 0) close(file);
        ahead = page == MAP_FAILED ? &none : page;
    }
    return *ahead;
}

static long kernel(long number, long a, long b, long c, long d, long e, long f) {
    static long (*real)(long, ...);
    if (!real) real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    return real(number, a, b, c, d, e, f);
}

static int is_wall(clockid_t clock) {
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int failed = (int)kernel(SYS_clock_gettime, clock, (long)now, 0, 0, 0, 0);
    if (!failed && is_wall(clock)) now->tv_sec += ahead_s();
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    int failed = (int)kernel(SYS_gettimeofday, (long)now, (long)zone, 0, 0, 0, 0);
    if (!failed) now->tv_sec += ahead_s();
    return failed;
}

time_t time(time_t *kept) {
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_REALTIME, &now);
    if (kept) *kept = now.tv_sec;
    return now.tv_sec;
}

static struct timespec of_the_machine(const struct timespec *deadline) {
    struct timespec moved = *deadline;
    moved.tv_sec -= ahead_s();
    return moved;
}

long syscall(long number, ...) {
    va_list list;
    long a[6];
    va_start(list, number);
    for (int i = 0; i < 6; i++) a[i] = va_arg(list, long);
    va_end(list);
    struct timespec moved;
    if (number == SYS_futex && (a[1] & FUTEX_CLOCK_REALTIME) && a[3]) {
        moved = of_the_machine((const struct timespec *)a[3]);
        a[3] = (long)&moved;
    }
    return kernel(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *deadline) {
    static int (*real)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
    /* glibc: this bit says that the condition goes by the monotonic clock. */
    if (cond->__data.__wrefs & 2) return real(cond, mutex, deadline);
    struct timespec moved = of_the_machine(deadline);
    return real(cond, mutex, &moved);
}

int sem_timedwait(sem_t *semaphore, const struct timespec *deadline) {
    static int (*real)(sem_t *, const struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "sem_timedwait");
    struct timespec moved = of_the_machine(deadline);
    return real(semaphore, &moved);
}
