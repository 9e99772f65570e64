public import Base
public import HTTP
internal import HTTPWire

/// Why the store did not do what it was asked.
public enum ObjectStoreError: Error, Equatable, Sendable {
    /// There is no such object.
    case notFound
    /// The disk would become too full; HTTP says 507.
    case noSpace
    /// An object has the name of a folder of others, or the other way round.
    case blocked
    /// The writer was published or aborted before.
    case ended
    /// Too many writers are open, or too many calls wait.
    case busy
    /// The file system failed.
    case system(Errno)

    init(_ error: Errno) {
        switch error {
        case .notFound: self = .notFound
        case .noSpace, .quota: self = .noSpace
        case .isDirectory, .notDirectory, .notEmpty: self = .blocked
        case .noBufferSpace, .tooManyFiles, .tooManyFilesInSystem: self = .busy
        default: self = .system(error)
        }
    }
}

extension ObjectStoreError: ProblemConvertible {
    public var problem: Problem {
        switch self {
        case .notFound: .notFound
        case .noSpace: .insufficientStorage
        case .blocked, .ended: .conflict("Something of that name is in the way.")
        case .busy:
            Problem(
                .serviceUnavailable, "The server is busy. Please try again.",
                headers: ["Retry-After": "2"])
        case .system: .internalError
        }
    }
}
