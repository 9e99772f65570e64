public import Base
internal import CPlatform
internal import Glibc

/// One end of a socket pair, over which bytes and descriptors go to another process.
public final class UnixSocket {
    private let socket: TCPSocket

    /// Takes over one end. Call on the core that is to use it.
    public init(adopting descriptor: consuming Descriptor) {
        socket = TCPSocket(
            adopting: descriptor, peer: SocketAddress(four: 0, port: 0))
    }

    /// Makes a connected pair; both ends close on exec.
    public static func pair() throws(Errno) -> UnixSocketPair {
        var ends: (Int32, Int32) = (-1, -1)
        let status = unsafe withUnsafeMutableBytes(of: &ends) {
            unsafe cplatform_socket_pair($0.baseAddress?.assumingMemoryBound(to: Int32.self))
        }
        guard status == 0 else { throw Errno(-status) }
        return UnixSocketPair(
            first: Descriptor(owning: ends.0), second: Descriptor(owning: ends.1))
    }

    /// Sends all of `bytes`; `descriptors` are duplicated into the other process with the first.
    public func send(
        _ bytes: Bytes, descriptors: [Int32] = [], timeout: Duration?
    ) async throws(IOError) {
        var sent = 0
        while sent < bytes.count {
            if socket.isClosed { throw .closed }
            let passing = sent == 0 ? descriptors : []
            let result = unsafe bytes.withUnsafeBytes { memory in
                unsafe cplatform_send(
                    socket.link.number, memory.baseAddress?.advanced(by: sent),
                    memory.count - sent, passing, Int32(passing.count))
            }
            if result > 0 {
                sent += result
            } else if result == -Int(EAGAIN) {
                try await socket.poll(Int32(POLLOUT), timeout: timeout)
            } else {
                throw result == 0 ? .closed : IOError(Errno(Int32(-result)))
            }
        }
    }

    /// Waits for up to `count` bytes; empty at the end of the stream. Descriptors that came along
    /// belong to the caller.
    public func receive(
        count: Int, timeout: Duration?
    ) async throws(IOError) -> (bytes: Bytes, descriptors: [File]) {
        while true {
            if socket.isClosed { throw .closed }
            var descriptors = [Int32](repeating: -1, count: 16)
            var descriptorCount: Int32 = 0
            var result = 0
            let bytes = unsafe Bytes(capacity: count) { memory in
                result = unsafe cplatform_receive(
                    socket.link.number, memory.baseAddress, memory.count, &descriptors,
                    &descriptorCount)
                return max(0, result)
            }
            if result >= 0 {
                let files = descriptors[..<Int(descriptorCount)].map {
                    File(owning: Descriptor(owning: $0))
                }
                return (bytes, files)
            }
            guard result == -Int(EAGAIN) else { throw IOError(Errno(Int32(-result))) }
            try await socket.poll(Int32(POLLIN), timeout: timeout)
        }
    }

    /// Closes at once.
    public func close() { socket.close() }
}

/// Both ends of a socket pair.
public struct UnixSocketPair: ~Copyable {
    public let first: Descriptor
    public let second: Descriptor

    /// Keeps the first end and closes the second.
    public consuming func takeFirst() -> Descriptor { first }
}
