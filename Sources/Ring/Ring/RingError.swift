public import Base

/// Why the engine could not start.
public enum RingError: Error, Equatable, Sendable, CustomStringConvertible {
    /// io_uring is switched off, by seccomp or by sysctl.
    case notAllowed
    /// The kernel has no io_uring, or one older than 6.1.
    case kernelTooOld
    /// Something else failed, in the words of the system.
    case failed(String)

    init(setUp error: Errno) {
        switch error {
        case .permission, .accessDenied: self = .notAllowed
        case .noSystemCall, .invalid: self = .kernelTooOld
        default: self = .failed("cannot set up io_uring: \(error)")
        }
    }

    public var description: String {
        switch self {
        case .notAllowed:
            "io_uring is not allowed here: see sysctl kernel.io_uring_disabled and the seccomp "
                + "profile of the container"
        case .kernelTooOld: "io_uring of Linux 6.1 or newer is needed"
        case .failed(let reason): reason
        }
    }
}

/// Why reading or writing a socket ended.
public enum IOError: Error, Equatable, Sendable {
    /// The peer took too long.
    case timedOut
    /// The connection was closed, by the peer or by us.
    case closed
    /// The system refused.
    case system(Errno)

    init(_ error: Errno) {
        switch error {
        case .connectionReset, .brokenPipe, .canceled: self = .closed
        case .timedOut: self = .timedOut
        default: self = .system(error)
        }
    }
}
