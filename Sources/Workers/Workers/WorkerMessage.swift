public import Base

/// One message between the server and a worker: a length of four bytes, a kind of one, the payload.
public struct WorkerMessage: Sendable, Equatable {
    /// Larger messages are refused on both sides.
    public static let payloadBytesMax = 64 << 20

    /// What it means; each kind of work has its own numbers.
    public let kind: UInt8
    public let payload: Bytes

    public init(kind: UInt8, payload: Bytes) {
        self.kind = kind
        self.payload = payload
    }

    /// The five bytes before the payload.
    public var head: Bytes {
        var writer = ByteWriter(capacity: 5)
        writer.write(UInt32(payload.count))
        writer.write(kind)
        return writer.bytes
    }
}

/// Finds messages in a stream of bytes, however it is cut.
public struct WorkerMessageReader: Sendable {
    /// A length that no message may have.
    public struct Oversized: Error, Equatable, Sendable {}

    private var head: [UInt8] = []
    private var payload: [UInt8] = []
    private var missing = 0

    public init() {}

    /// Whether the stream could end here.
    public var isBetweenMessages: Bool { head.isEmpty }

    /// How many bytes to ask for next; reading more would take those of a later message.
    public var wanted: Int { head.count < 5 ? 5 - head.count : min(missing, 1 << 20) }

    /// Takes at most ``wanted`` bytes; gives the message once it is whole.
    public mutating func feed(_ bytes: Bytes) throws(Oversized) -> WorkerMessage? {
        if head.count < 5 {
            head += bytes.array
            guard head.count == 5 else { return nil }
            let length = head[..<4].reduce(0) { $0 << 8 | Int($1) }
            guard length <= WorkerMessage.payloadBytesMax else { throw Oversized() }
            missing = length
            payload.reserveCapacity(min(length, 1 << 20))
        } else {
            payload += bytes.array
            missing -= bytes.count
        }
        guard missing == 0 else { return nil }
        let message = WorkerMessage(kind: head[4], payload: Bytes(payload))
        head = []
        payload = []
        return message
    }
}
