internal import Base

/// Where results go: the channel of a worker, or a test.
final class MediaOutput {
    private let emit: (UInt8, [Bytes]) throws(MediaFailure) -> Void

    init(_ emit: @escaping (UInt8, [Bytes]) throws(MediaFailure) -> Void) {
        self.emit = emit
    }

    func send(_ kind: UInt8, _ parts: Bytes...) throws(MediaFailure) {
        try emit(kind, parts)
    }

    func sendJSON(_ kind: UInt8, _ value: some Encodable) throws(MediaFailure) {
        try emit(kind, [try MediaJSON.encode(value)])
    }
}
