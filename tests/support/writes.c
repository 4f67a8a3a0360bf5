/* Notes every write, truncation and sync below a folder, in their order, so that a test can play them up
 * to any point as a power cut would leave them. Preloaded (LD_PRELOAD) into the program under test.
 *
 * HALLWATCH_WRITES_BELOW   the folder
 * HALLWATCH_WRITES_LOG     where it is noted: kind (1 byte), length of the path (2), offset (8), length of
 *                          the data (8), path, data; little-endian
 * HALLWATCH_SYNC_FAILS     every so many syncs one fails with EIO
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -2;
static long syncs = 0;

static void put(const void *bytes, size_t length) {
    const char *at = bytes;
    while (length > 0) {
        long written = syscall(SYS_write, log_fd, at, length);
        if (written <= 0) return;
        at += written;
        length -= (size_t)written;
    }
}

/* The path of a file below the folder, relative to it; 0 where it is another one. */
static int path_of(int fd, char *path, size_t room) {
    const char *below = getenv("HALLWATCH_WRITES_BELOW");
    char link[64], whole[4096];
    if (!below || fd < 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, whole, sizeof whole - 1);
    size_t prefix = strlen(below);
    if (length <= 0) return 0;
    whole[length] = 0;
    if (strncmp(whole, below, prefix) != 0 || whole[prefix] != '/') return 0;
    snprintf(path, room, "%s", whole + prefix + 1);
    return 1;
}

static void note(char kind, const char *path, uint64_t offset, const void *data, uint64_t length) {
    if (log_fd == -2) {
        const char *name = getenv("HALLWATCH_WRITES_LOG");
        log_fd = name ? (int)syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CREAT | O_APPEND, 0600) : -1;
    }
    if (log_fd < 0) return;
    uint16_t path_length = (uint16_t)strlen(path);
    put(&kind, 1);
    put(&path_length, 2);
    put(&offset, 8);
    put(&length, 8);
    put(path, path_length);
    if (data) put(data, length);
}

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

#define WRITES_AT(name, offset_type) \
    ssize_t name(int fd, const void *data, size_t length, offset_type offset) { \
        REAL(ssize_t, #name, int, const void *, size_t, offset_type); \
        char path[4096]; \
        if (!path_of(fd, path, sizeof path)) return real(fd, data, length, offset); \
        pthread_mutex_lock(&lock); \
        ssize_t done = real(fd, data, length, offset); \
        if (done > 0) note('w', path, (uint64_t)offset, data, (uint64_t)done); \
        pthread_mutex_unlock(&lock); \
        return done; \
    }
WRITES_AT(pwrite, off_t)
WRITES_AT(pwrite64, off64_t)

ssize_t write(int fd, const void *data, size_t length) {
    REAL(ssize_t, "write", int, const void *, size_t);
    char path[4096];
    if (!path_of(fd, path, sizeof path)) return real(fd, data, length);
    pthread_mutex_lock(&lock);
    off_t offset = lseek(fd, 0, SEEK_CUR);
    ssize_t done = real(fd, data, length);
    if (done > 0) note('w', path, offset < 0 ? 0 : (uint64_t)offset, data, (uint64_t)done);
    pthread_mutex_unlock(&lock);
    return done;
}

#define TRUNCATES(name, offset_type) \
    int name(int fd, offset_type length) { \
        REAL(int, #name, int, offset_type); \
        char path[4096]; \
        if (!path_of(fd, path, sizeof path)) return real(fd, length); \
        pthread_mutex_lock(&lock); \
        int done = real(fd, length); \
        if (done == 0) note('t', path, (uint64_t)length, 0, 0); \
        pthread_mutex_unlock(&lock); \
        return done; \
    }
TRUNCATES(ftruncate, off_t)
TRUNCATES(ftruncate64, off64_t)

#define SYNCS(name) \
    int name(int fd) { \
        REAL(int, #name, int); \
        char path[4096]; \
        if (!path_of(fd, path, sizeof path)) return real(fd); \
        pthread_mutex_lock(&lock); \
        const char *fails = getenv("HALLWATCH_SYNC_FAILS"); \
        syncs++; \
        int done = -1; \
        if (fails && syncs % atol(fails) == 0) { \
            errno = EIO; \
        } else { \
            done = real(fd); \
            if (done == 0) note('s', path, 0, 0, 0); \
        } \
        pthread_mutex_unlock(&lock); \
        return done; \
    }
SYNCS(fsync)
SYNCS(fdatasync)

int unlink(const char *name) {
    REAL(int, "unlink", const char *);
    const char *below = getenv("HALLWATCH_WRITES_BELOW");
    size_t prefix = below ? strlen(below) : 0;
    int ours = below && strncmp(name, below, prefix) == 0 && name[prefix] == '/';
    pthread_mutex_lock(&lock);
    int done = real(name);
    if (ours && done == 0) note('u', name + prefix + 1, 0, 0, 0);
    pthread_mutex_unlock(&lock);
    return done;
}
