internal import Glibc

/// The error number of a system call.
public struct Errno: Error, Hashable, Sendable, CustomStringConvertible {
    public let code: Int32

    public init(_ code: Int32) {
        self.code = code
    }

    /// The calling thread's last error.
    public static var last: Errno { Errno(errno) }

    public static let interrupted = Errno(EINTR)
    public static let notFound = Errno(ENOENT)
    public static let exists = Errno(EEXIST)
    public static let wouldBlock = Errno(EAGAIN)
    public static let canceled = Errno(ECANCELED)
    public static let timedOut = Errno(ETIMEDOUT)
    public static let connectionReset = Errno(ECONNRESET)
    public static let brokenPipe = Errno(EPIPE)
    public static let noSpace = Errno(ENOSPC)
    public static let noBufferSpace = Errno(ENOBUFS)
    public static let addressInUse = Errno(EADDRINUSE)
    public static let permission = Errno(EPERM)
    public static let accessDenied = Errno(EACCES)
    public static let noSystemCall = Errno(ENOSYS)
    public static let invalid = Errno(EINVAL)

    /// The system's words for it.
    public var description: String {
        var buffer = [CChar](repeating: 0, count: 128)
        guard unsafe strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
        return String(
            decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

/// Calls `body` until it is not interrupted; a negative result becomes the thread's `errno`.
@discardableResult
public func systemCall<T: SignedInteger>(_ body: () -> T) throws(Errno) -> T {
    while true {
        let result = body()
        if result >= 0 { return result }
        let error = Errno.last
        if error != .interrupted { throw error }
    }
}
