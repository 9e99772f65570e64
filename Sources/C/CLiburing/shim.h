#pragma once
// Swift refuses a structure that looks different in two modules, and glibc gives fd_set another
// member name under the features that liburing.h asks for. So it is read first as all others see it.
#include <sys/select.h>
#include <liburing.h>
#include <sys/stat.h>

// What the importer cannot see as values.
static const unsigned cl_setup_flags =
    IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_COOP_TASKRUN |
    IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE;
static const unsigned cl_recv_poll_first = IORING_RECVSEND_POLL_FIRST;
static const unsigned char cl_buffer_select = IOSQE_BUFFER_SELECT;
static const unsigned cl_cqe_more = IORING_CQE_F_MORE;
static const unsigned cl_cqe_buffer = IORING_CQE_F_BUFFER;
static const unsigned cl_cqe_buffer_shift = IORING_CQE_BUFFER_SHIFT;

static inline int cl_init(unsigned entries, unsigned completions, struct io_uring *ring) {
    struct io_uring_params parameters = {0};
    parameters.flags = cl_setup_flags;
    parameters.cq_entries = completions;
    return io_uring_queue_init_params(entries, ring, &parameters);
}

// The next free entry; submits what waits when the queue is full, NULL only when that fails.
static inline struct io_uring_sqe *cl_sqe(struct io_uring *ring) {
    struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
    if (__builtin_expect(sqe == NULL, 0)) {
        io_uring_submit(ring);
        sqe = io_uring_get_sqe(ring);
    }
    return sqe;
}

static inline int cl_submit_and_wait(struct io_uring *ring, unsigned wait, long long timeout_ns) {
    struct io_uring_cqe *cqe = NULL;
    if (wait == 0) return io_uring_submit_and_get_events(ring);
    if (timeout_ns < 0) return io_uring_submit_and_wait(ring, wait);
    struct __kernel_timespec limit = {timeout_ns / 1000000000, timeout_ns % 1000000000};
    return io_uring_submit_and_wait_timeout(ring, &cqe, wait, &limit, NULL);
}

// Copies up to `max` completions out and frees their slots.
static inline unsigned cl_take(struct io_uring *ring, uint64_t *data, int32_t *results, uint32_t *flags, unsigned max) {
    struct io_uring_cqe *cqes[64];
    if (max > 64) max = 64;
    unsigned count = io_uring_peek_batch_cqe(ring, cqes, max);
    for (unsigned i = 0; i < count; i++) {
        data[i] = cqes[i]->user_data;
        results[i] = cqes[i]->res;
        flags[i] = cqes[i]->flags;
    }
    io_uring_cq_advance(ring, count);
    return count;
}

static inline void cl_set(struct io_uring_sqe *sqe, uint64_t data) { sqe->user_data = data; }

static inline void cl_prep_receive(struct io_uring_sqe *sqe, int fd, size_t length, unsigned short group, int poll_first) {
    io_uring_prep_recv(sqe, fd, NULL, length, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = group;
    if (poll_first) sqe->ioprio |= IORING_RECVSEND_POLL_FIRST;
}

static inline void cl_prep_cancel(struct io_uring_sqe *sqe, uint64_t data) {
    io_uring_prep_cancel64(sqe, data, 0);
}

// A ring of equal buffers that the kernel picks from.
static inline struct io_uring_buf_ring *cl_buffers_register(
    struct io_uring *ring, void *memory, unsigned entries, unsigned short group) {
    struct io_uring_buf_reg registration = {0};
    registration.ring_addr = (unsigned long long)(uintptr_t)memory;
    registration.ring_entries = entries;
    registration.bgid = group;
    if (io_uring_register_buf_ring(ring, &registration, 0) != 0) return NULL;
    struct io_uring_buf_ring *buffers = memory;
    io_uring_buf_ring_init(buffers);
    return buffers;
}

static inline void cl_buffers_give(
    struct io_uring_buf_ring *buffers, void *base, unsigned size, unsigned short index, unsigned entries) {
    io_uring_buf_ring_add(buffers, (char *)base + (size_t)index * size, size, index, (int)(entries - 1), 0);
    io_uring_buf_ring_advance(buffers, 1);
}
