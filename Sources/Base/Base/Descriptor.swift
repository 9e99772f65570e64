internal import Glibc

/// Owns a file descriptor; closed when it goes away.
public struct Descriptor: ~Copyable, Sendable {
    /// The number, valid while this lives.
    public let number: Int32

    /// Takes ownership of an open descriptor.
    public init(owning number: Int32) {
        self.number = number
    }

    /// Gives the descriptor up without closing it.
    public consuming func take() -> Int32 {
        let number = number
        discard self
        return number
    }

    deinit { Glibc.close(number) }
}
