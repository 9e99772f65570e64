public import Base

/// Something that happened, told to whoever listens.
public struct BusMessage: Sendable, Equatable {
    public let topic: String
    /// Framed once by who tells it, and passed by reference to all who hear it.
    public let payload: Bytes

    public init(topic: String, payload: Bytes) {
        self.topic = topic
        self.payload = payload
    }
}
