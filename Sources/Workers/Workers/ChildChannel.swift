public import Base
internal import CPlatform
internal import Glibc

/// The worker's end of its socket: blocking, since a worker does one thing.
public struct ChildChannel: ~Copyable {
    /// The descriptor that the parent leaves it.
    public static let number: Int32 = 3

    private var reader = WorkerMessageReader()
    /// Descriptors that came with messages and were not taken yet.
    private var descriptors: [Int32] = []

    public init() {}

    /// Waits for a message; nil when the parent has closed its end.
    public mutating func receive() throws(Errno) -> WorkerMessage? {
        while true {
            let piece = try receivePiece(count: reader.wanted)
            if piece.isEmpty { return nil }
            do throws(WorkerMessageReader.Oversized) {
                if let message = try reader.feed(piece) { return message }
            } catch {
                throw .invalid
            }
        }
    }

    private mutating func receivePiece(count: Int) throws(Errno) -> Bytes {
        while true {
            var ready = pollfd(fd: Self.number, events: Int16(POLLIN), revents: 0)
            try systemCall { unsafe poll(&ready, 1, -1) }
            var numbers = [Int32](repeating: -1, count: 16)
            var numberCount: Int32 = 0
            var result = 0
            let bytes = unsafe Bytes(capacity: count) { memory in
                result = unsafe cplatform_receive(
                    Self.number, memory.baseAddress, memory.count, &numbers, &numberCount)
                return max(0, result)
            }
            descriptors += numbers[..<Int(numberCount)]
            if result >= 0 { return bytes }
            let error = Errno(Int32(-result))
            if error == .wouldBlock { continue }
            if error == .connectionReset { return Bytes() }
            throw error
        }
    }

    /// Takes the descriptor that came first.
    public mutating func takeDescriptor() -> Descriptor? {
        guard !descriptors.isEmpty else { return nil }
        return Descriptor(owning: descriptors.removeFirst())
    }

    /// Sends a message; waits while the parent is slow.
    public static func send(_ kind: UInt8, _ parts: [Bytes]) throws(Errno) {
        let total = parts.reduce(0) { $0 + $1.count }
        guard total <= WorkerMessage.payloadBytesMax else { throw .invalid }
        var head = ByteWriter(capacity: 5)
        head.write(UInt32(total))
        head.write(kind)
        try write(head.bytes)
        for part in parts { try write(part) }
    }

    private static func write(_ bytes: Bytes) throws(Errno) {
        var rest = bytes
        while !rest.isEmpty {
            let count = try systemCall {
                unsafe rest.withUnsafeBytes { unsafe Glibc.write(number, $0.baseAddress, $0.count) }
            }
            rest = rest.dropFirst(count)
        }
    }
}
