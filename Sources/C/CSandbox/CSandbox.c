#define _GNU_SOURCE
#include "CSandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#else
#error "the sandbox knows x86-64 and AArch64"
#endif

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, action)
#define ALLOW(name) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), RETURN(SECCOMP_RET_ALLOW)
#define REFUSE(name, error) \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), RETURN(SECCOMP_RET_ERRNO | (error))
// The low half of an argument; the flags that we look at all lie there.
#define ARGUMENT(index) LOAD(args[index])

static int filter_system_calls(void) {
    struct sock_filter program[] = {
        LOAD(arch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCH, 1, 0),
        RETURN(SECCOMP_RET_KILL_PROCESS),
        LOAD(nr),
#if defined(__x86_64__)
        // The x32 calls share the architecture and would slip through.
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1),
        RETURN(SECCOMP_RET_KILL_PROCESS),
#endif
        ALLOW(read),
        ALLOW(write),
        ALLOW(pread64),
        ALLOW(sendmsg),
        ALLOW(recvmsg),
        ALLOW(close),
        ALLOW(dup),
        ALLOW(poll),
        ALLOW(fstat),
        ALLOW(lseek),
        ALLOW(munmap),
        ALLOW(mremap),
        ALLOW(madvise),
        ALLOW(brk),
        ALLOW(futex),
        ALLOW(sched_yield),
        ALLOW(sched_getaffinity),
        ALLOW(rt_sigprocmask),
        ALLOW(rt_sigaction),
        ALLOW(rt_sigreturn),
        ALLOW(set_robust_list),
        ALLOW(rseq),
        ALLOW(exit),
        ALLOW(exit_group),
        ALLOW(getrusage),
        ALLOW(clock_gettime),
        ALLOW(getrandom),
        ALLOW(gettid),
        ALLOW(getpid),
        // glibc looks at /proc and /sys for its own tuning and can do without.
        REFUSE(openat, ENOENT),
        REFUSE(newfstatat, ENOENT),
        REFUSE(prctl, EPERM),
        REFUSE(sched_setaffinity, EPERM),
        // With clone3 the flags lie in memory, out of sight; glibc falls back to clone.
        REFUSE(clone3, ENOSYS),
        // No new executable memory.
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 0, 4),
        ARGUMENT(2),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),
        RETURN(SECCOMP_RET_KILL_PROCESS),
        RETURN(SECCOMP_RET_ALLOW),
        // Threads, but no processes.
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3),
        ARGUMENT(0),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 1),
        RETURN(SECCOMP_RET_ALLOW),
        RETURN(SECCOMP_RET_KILL_PROCESS),
    };
    struct sock_fprog filter = {sizeof program / sizeof program[0], program};
    // All threads at once; there is one so far.
    long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter);
    return result == 0 ? 0 : -errno;
}

// Landlock (since Linux 5.13), with numbers of our own: the headers here may be older than the kernel.
struct landlock_ruleset {
    uint64_t files;
    uint64_t network;
    uint64_t scopes;
};

static int deny_files(void) {
    enum { create_ruleset = 444, restrict_self = 446, ask_version = 1 };
    long version = syscall(create_ruleset, NULL, 0, ask_version);
    if (version < 1) return -1;
    struct landlock_ruleset rules = {0};
    int file_rights = version >= 5 ? 16 : version >= 3 ? 15 : version >= 2 ? 14 : 13;
    rules.files = (1ull << file_rights) - 1;
    size_t size = sizeof rules.files;
    if (version >= 4) {
        rules.network = 3;
        size = offsetof(struct landlock_ruleset, scopes);
    }
    if (version >= 6) {
        rules.scopes = 3;
        size = sizeof rules;
    }
    int ruleset = (int)syscall(create_ruleset, &rules, size, 0);
    if (ruleset < 0) return -1;
    int result = (int)syscall(restrict_self, ruleset, 0);
    close(ruleset);
    return result;
}

static int limit(int which, uint64_t value) {
    struct rlimit both = {value, value};
    return setrlimit(which, &both);
}

int csandbox_enter(const struct csandbox_profile *profile) {
    int held = 0;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC) == 0) held |= csandbox_namespaces;
    int refused = limit(RLIMIT_AS, profile->address_space_bytes) | limit(RLIMIT_CPU, profile->cpu_seconds) |
                  limit(RLIMIT_NOFILE, profile->open_files) | limit(RLIMIT_CORE, 0) | limit(RLIMIT_FSIZE, 0);
    if (refused == 0) held |= csandbox_limits;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -errno;
    held |= csandbox_no_new_privileges;
    if (deny_files() == 0) held |= csandbox_landlock;
    int result = filter_system_calls();
    if (result != 0) return result;
    return held | csandbox_seccomp;
}

int csandbox_die_with_parent(int expected_parent) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return -1;
    return expected_parent == 0 || getppid() == expected_parent ? 0 : -1;
}

void csandbox_close_from(int first) {
    if (syscall(SYS_close_range, (unsigned)first, ~0u, 0) == 0) return;
    for (int descriptor = first; descriptor < 1024; descriptor++) close(descriptor);
}

int csandbox_spawn(const char *path, const char *kind, int channel, int errors) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    // First out of the way of the numbers that they are to have.
    int error = 0;
    int high_channel = fcntl(channel, F_DUPFD_CLOEXEC, 10);
    int high_errors = fcntl(errors, F_DUPFD_CLOEXEC, 10);
    if (high_channel < 0 || high_errors < 0) error = errno;
    if (!error) error = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (!error) error = posix_spawn_file_actions_adddup2(&actions, high_errors, 1);
    if (!error) error = posix_spawn_file_actions_adddup2(&actions, high_errors, 2);
    if (!error) error = posix_spawn_file_actions_adddup2(&actions, high_channel, 3);
    sigset_t none, standard;
    sigemptyset(&none);
    sigemptyset(&standard);
    sigaddset(&standard, SIGPIPE);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &standard);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    char *const arguments[] = {"sluice", "worker", (char *)kind, NULL};
    char *const environment[] = {"LANG=C.UTF-8", NULL};
    pid_t process = -1;
    if (!error) error = posix_spawn(&process, path, &actions, &attributes, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (high_channel >= 0) close(high_channel);
    if (high_errors >= 0) close(high_errors);
    return error ? -error : process;
}

int csandbox_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }
