#pragma once
// Gives up everything that a media worker does not need, before it reads a byte from outside.

#include <stdint.h>

enum {
    csandbox_namespaces = 1,
    csandbox_limits = 2,
    csandbox_no_new_privileges = 4,
    csandbox_landlock = 8,
    csandbox_seccomp = 16,
};

struct csandbox_profile {
    uint64_t address_space_bytes;
    uint64_t cpu_seconds;
    uint64_t open_files;
};

// Enters the sandbox for good and returns what took hold, or -errno when the system call filter,
// without which no work may start, did not.
int csandbox_enter(const struct csandbox_profile *profile);

// Dies with the parent; returns 0, or -1 when it is gone already.
int csandbox_die_with_parent(int expected_parent);
// Closes every descriptor from `first` on.
void csandbox_close_from(int first);

// Starts `path worker <kind>` with `channel` as descriptor 3 and `errors` as its
// standard error; no environment but LANG. Returns the process id or -errno.
int csandbox_spawn(const char *path, const char *kind, int channel, int errors);

// A pipe that closes on exec; returns 0, or -1 with errno.
int csandbox_pipe(int ends[2]);
