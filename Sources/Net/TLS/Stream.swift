public import Base
public import Ring

/// A connection as the protocols above see it: plain TCP or TLS, one concrete type for both.
public final class Stream {
    /// The connection underneath.
    public let socket: TCPSocket

    /// A plain connection.
    public init(plain socket: TCPSocket) {
        self.socket = socket
    }

    /// Whether bytes are encrypted on the wire.
    public var isSecure: Bool { false }

    /// The other side.
    public var peer: SocketAddress { socket.peer }

    /// Whether ``close()`` was called.
    public var isClosed: Bool { socket.isClosed }

    /// See ``TCPSocket/receive(timeout:_:)``.
    public func receive<R>(
        timeout: Duration?, _ body: (RawSpan) throws -> R
    ) async throws -> R {
        try await socket.receive(timeout: timeout, body)
    }

    /// See ``TCPSocket/send(_:timeout:)``.
    public func send(_ parts: [Bytes], timeout: Duration?) async throws(IOError) {
        try await socket.send(parts, timeout: timeout)
    }

    /// See ``TCPSocket/send(_:timeout:)``.
    public func send(_ bytes: Bytes, timeout: Duration?) async throws(IOError) {
        try await socket.send(bytes, timeout: timeout)
    }

    /// Waits until the kernel has everything.
    public func flush(timeout: Duration?) async throws(IOError) {
        try await socket.flush(timeout: timeout)
    }

    /// See ``TCPSocket/sendFile(_:offset:count:timeout:)``.
    public func sendFile(
        _ file: File, offset: UInt64, count: UInt64, timeout: Duration?
    ) async throws(IOError) {
        try await socket.sendFile(file, offset: offset, count: count, timeout: timeout)
    }

    /// Whether ``receiveIntoFile(_:offset:count:timeout:)`` can be used.
    public var canReceiveIntoFile: Bool { true }

    /// See ``TCPSocket/receiveIntoFile(_:offset:count:timeout:)``.
    public func receiveIntoFile(
        _ file: File, offset: UInt64, count: UInt64, timeout: Duration?
    ) async throws(IOError) -> UInt64 {
        try await socket.receiveIntoFile(file, offset: offset, count: count, timeout: timeout)
    }

    /// Tells the peer that nothing more comes.
    public func shutdownWrite() { socket.shutdownWrite() }

    /// Closes at once.
    public func close() { socket.close() }
}
