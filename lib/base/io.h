/*
 * Descriptors and files.  Every descriptor that is made here is
 * close-on-exec.
 */
#ifndef CAL_BASE_IO_H
#define CAL_BASE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"

/* Opens /dev/null on each of 0, 1, 2 that is closed.  First thing in main. */
void cal_io_sanitize(void);

/*
 * A pipe.  The end of ours (0: read, 1: write) does not block, the other end
 * does.  CAL_EOS.
 */
int cal_io_pipe(int fds[2], int ours, struct cal_err *err);

/* Closes *fdp unless it is -1, and sets it to -1.  Keeps errno. */
void cal_io_close(int *fdp);

/*
 * Reads what is there, up to len bytes, to the end of buf, whatever its
 * limit.  Returns the count, 0 at the end of the file, -1 with errno.
 * Interrupted reads are repeated.
 */
ssize_t cal_io_read(int fd, struct cal_buf *buf, size_t len);

/*
 * Reads until size bytes are there, or to the end of the file.  The count, or
 * -1 with errno.
 */
ssize_t cal_io_fill(int fd, void *ptr, size_t size);

/* Writes all, waiting as long as it takes.  -1 with errno. */
int cal_io_write_all(int fd, const void *ptr, size_t len);

/*
 * The whole of a file ("-": standard input) at the end of buf, up to buf's
 * limit: CAL_ENOINPUT when it cannot be opened, CAL_EIO, CAL_EDATA when it is
 * larger.
 */
int cal_io_load(struct cal_buf *buf, const char *path, struct cal_err *err);

/* The same for what is open; name is for words only.  Does not close fd. */
int cal_io_load_fd(struct cal_buf *buf, int fd, const char *name,
    struct cal_err *err);

#endif
