internal import Base
internal import HTTPWire
internal import Ring
internal import TLS

/// A body as it comes over a connection.
final class ConnectionBodySource: BodySource {
    private enum State {
        case length(UInt64)
        case chunked(ChunkedDecoder)
        case done
    }

    private unowned let connection: HTTPConnection
    private var state: State
    private var owesContinue: Bool
    private var pieces: [Bytes] = []
    private var received: UInt64 = 0
    private var started: Timestamp?

    init(_ connection: HTTPConnection, head: RequestHead) {
        self.connection = connection
        owesContinue = head.expectsContinue
        state =
            switch head.framing {
            case .none: .done
            case .length(let length): .length(length)
            case .chunked: .chunked(ChunkedDecoder())
            }
    }

    override func next() async throws -> Bytes? {
        while true {
            if !pieces.isEmpty { return pieces.removeFirst() }
            switch state {
            case .done: return nil
            case .length(let left):
                let bytes = try await more()
                let used = bytes[0..<Int(min(left, UInt64(bytes.count)))]
                if used.count < bytes.count { connection.putBack(bytes.dropFirst(used.count)) }
                let rest = left - UInt64(used.count)
                state = rest == 0 ? .done : .length(rest)
                return used
            case .chunked(let decoder):
                try takeChunks(decoder, from: try await more())
            }
        }
    }

    private func takeChunks(_ decoder: ChunkedDecoder, from bytes: Bytes) throws(HTTPError) {
        var decoder = decoder
        let used = try decoder.feed(bytes.span) { pieces.append(Bytes($0)) }
        guard decoder.isDone else {
            state = .chunked(decoder)
            return
        }
        if used < bytes.count { connection.putBack(bytes.dropFirst(used)) }
        state = .done
    }

    /// Waits for bytes, and sees that the peer keeps a pace.
    private func more() async throws -> Bytes {
        try await sendContinue()
        let limits = connection.server.limits
        let start = started ?? .now
        started = start
        let bytes: Bytes
        do {
            bytes = try await connection.receive()
        } catch IOError.timedOut {
            throw HTTPError.timedOut
        }
        if bytes.isEmpty { throw HTTPError.truncated }
        received += UInt64(bytes.count)
        let seconds = (Timestamp.now - start).milliseconds / 1000
        if seconds > limits.stallTimeout.milliseconds / 1000,
            received / UInt64(max(1, seconds)) < UInt64(limits.bodyBytesPerSecondMin)
        {
            throw HTTPError.timedOut
        }
        return bytes
    }

    private func sendContinue() async throws {
        guard owesContinue else { return }
        owesContinue = false
        try await connection.stream.send(
            Bytes("HTTP/1.1 100 Continue\r\n\r\n"), timeout: connection.server.limits.stallTimeout)
    }

    override func write(to file: File, at offset: UInt64, limit: UInt64) async throws
        -> BodyTransfer
    {
        guard case .length(let length) = state, pieces.isEmpty,
            connection.stream.canReceiveIntoFile
        else { return try await super.write(to: file, at: offset, limit: limit) }
        try await sendContinue()
        var count: UInt64 = 0
        let first = connection.takePending(length)
        if !first.isEmpty {
            try await file.write(first, at: offset)
            count = UInt64(first.count)
        }
        do {
            count += try await connection.stream.receiveIntoFile(
                file, offset: offset + count, count: length - count,
                timeout: connection.server.limits.stallTimeout)
        } catch {
            throw error == .system(.noSpace) ? Problem.insufficientStorage : error
        }
        state = .done
        let isComplete = count == length
        // What follows a broken body is not a request.
        if !isComplete { connection.breakOff() }
        return BodyTransfer(count: count, isComplete: isComplete)
    }

    /// Whether what was not read is little enough to be read and forgotten.
    func canBeSkipped(within limit: Int) -> Bool {
        switch state {
        case .done: true
        // A client that was not told to go on may never send the body.
        case .length(let left): !owesContinue && left <= UInt64(limit)
        case .chunked: false
        }
    }

    /// Reads and forgets the rest, so that the next request can be found.
    func skip() async throws {
        while try await next() != nil {}
    }
}
