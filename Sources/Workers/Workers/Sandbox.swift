public import Base
internal import CSandbox

/// What a worker gives up before it reads a byte from outside.
public enum Sandbox {
    /// What a worker may use.
    public struct Limits: Sendable {
        public var addressSpaceBytes: UInt64
        public var cpuSeconds: UInt64
        public var openFiles: UInt64

        public init(addressSpaceBytes: UInt64, cpuSeconds: UInt64, openFiles: UInt64 = 16) {
            self.addressSpaceBytes = addressSpaceBytes
            self.cpuSeconds = cpuSeconds
            self.openFiles = openFiles
        }
    }

    /// Which of the walls stand.
    public struct Report: Sendable, Equatable {
        public let hasNamespaces: Bool
        public let hasLimits: Bool
        public let hasLandlock: Bool
        public let hasSystemCallFilter: Bool
    }

    /// Closes all descriptors but the channel and the standard ones, and sees to it that the worker
    /// does not outlive its parent. First thing in a worker.
    public static func prepare() -> Bool {
        csandbox_close_from(ChildChannel.number + 1)
        return csandbox_die_with_parent(0) == 0
    }

    /// Enters for good: no files, no network, no new processes, no executable memory.
    ///
    /// - Throws: When the system call filter cannot be set; no work may be done then.
    public static func enter(_ limits: Limits) throws(Errno) -> Report {
        var profile = csandbox_profile(
            address_space_bytes: limits.addressSpaceBytes, cpu_seconds: limits.cpuSeconds,
            open_files: limits.openFiles)
        let held = unsafe csandbox_enter(&profile)
        guard held >= 0 else { throw Errno(-held) }
        return Report(
            hasNamespaces: held & Int32(csandbox_namespaces) != 0,
            hasLimits: held & Int32(csandbox_limits) != 0,
            hasLandlock: held & Int32(csandbox_landlock) != 0,
            hasSystemCallFilter: held & Int32(csandbox_seccomp) != 0)
    }
}
