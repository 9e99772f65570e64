public import Base
internal import Ring
internal import TLS

/// Sends a body piece by piece; waits when the peer is slow.
public final class BodyWriter {
    private let stream: Stream
    private let isChunked: Bool
    private let timeout: Duration
    private var left: UInt64?

    init(stream: Stream, contentLength: UInt64?, isChunked: Bool, timeout: Duration) {
        self.stream = stream
        self.isChunked = isChunked
        self.timeout = timeout
        left = contentLength
    }

    /// Sends one piece.
    public func write(_ bytes: Bytes) async throws {
        if bytes.isEmpty { return }
        if let left {
            invariant(UInt64(bytes.count) <= left, "a body longer than its Content-Length")
            self.left = left - UInt64(bytes.count)
        }
        if isChunked {
            let size = Bytes(String(bytes.count, radix: 16) + "\r\n")
            try await stream.send([size, bytes, Self.lineEnd], timeout: timeout)
        } else {
            try await stream.send(bytes, timeout: timeout)
        }
    }

    /// Whether as many bytes were written as promised.
    var isComplete: Bool { left == nil || left == 0 }

    func finish() async throws {
        if isChunked { try await stream.send(Self.lastChunk, timeout: timeout) }
    }

    private static let lineEnd = Bytes("\r\n")
    private static let lastChunk = Bytes("0\r\n\r\n")
}
