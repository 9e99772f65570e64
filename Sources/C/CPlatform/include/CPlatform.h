#pragma once
// What Swift cannot see of Linux: macros, variadic calls, thread-locals and structures made of unions.

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// The object that the calling thread runs for (a Core), or NULL.
void *cplatform_thread_object(void);
void cplatform_set_thread_object(void *object);

// Starts a named thread; returns 0 or an error number.
int cplatform_thread_start(const char *name, void (*body)(void *), void *context, uint64_t *thread);
int cplatform_thread_join(uint64_t thread);
// Pins the calling thread to the index-th CPU it may run on; returns 0 or an error number.
int cplatform_pin_to_cpu(int index);
// How many CPUs the process may run on.
int cplatform_cpu_count(void);

// Raises the soft limit of open files to the hard one; returns the limit in force.
uint64_t cplatform_raise_open_files(void);

// Blocks the given signals for the process's threads and returns a signalfd, or -errno.
int cplatform_signal_descriptor(const int *signals, int count);
// The next signal waiting on a signalfd, 0 when there is none, or -errno.
int cplatform_next_signal(int descriptor);
void cplatform_ignore_sigpipe(void);

int cplatform_event_descriptor(void);

// A TCP listener: SO_REUSEADDR, optionally SO_REUSEPORT; returns a descriptor or -errno.
int cplatform_listen(const void *address, uint32_t length, int reuse_port, int backlog);
// A TCP socket for a connection to that family; returns a descriptor or -errno.
int cplatform_tcp_socket(int family);
void cplatform_set_no_delay(int descriptor);
// Socket pair (stream, close on exec); returns 0 or -errno.
int cplatform_socket_pair(int descriptors[2]);

// splice without blocking; returns bytes or -errno.
ssize_t cplatform_splice(int from, int64_t offset, int to, int64_t to_offset, size_t count, int more);
// A pipe of the asked size where the system allows; returns its size or -errno.
int cplatform_pipe(int descriptors[2], int size);

// sendmsg and recvmsg without blocking, descriptors by SCM_RIGHTS; return bytes or -errno.
ssize_t cplatform_send(int socket, const void *bytes, size_t count, const int *descriptors, int descriptor_count);
ssize_t cplatform_receive(int socket, void *bytes, size_t count, int *descriptors, int *descriptor_count);

// A descriptor that becomes readable when the process ends, or -errno.
int cplatform_process_descriptor(pid_t process);
// Reaps the process: its exit status (0...255), 256 + signal when a signal ended it, or -errno.
int cplatform_reap(int process_descriptor);

// Free bytes for unprivileged users on the file system of a path, or -errno.
int64_t cplatform_free_bytes(const char *path);
