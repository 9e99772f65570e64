internal import Base
internal import HTTPWire
internal import Ring
internal import TLS

extension HTTPConnection {
    /// Sends the whole of a response. A failure in the middle throws, and the connection breaks
    /// rather than ending as if all had been well.
    func send(_ response: Response, to request: Request, keepsAlive: Bool) async throws {
        var response = response
        Self.compress(&response, request)
        let timeout = server.limits.stallTimeout
        let length = response.body.contentLength
        let hasBody = request.method != .head && !response.status.forbidsBody
        let isChunked = length == nil && request.head.isVersion11
        let keepsAlive = keepsAlive && (length != nil || isChunked || !hasBody)
        if hasBody, case .bytes(let bytes) = response.body, bytes.count <= Self.joinedBytesMax {
            let whole = ResponseHead.bytes(
                response, length: length, keepsAlive: keepsAlive, isChunked: isChunked,
                requestID: request.id, body: bytes)
            try await stream.send(whole, timeout: timeout)
            if !keepsAlive { throw ConnectionOver() }
            return
        }
        let head = ResponseHead.bytes(
            response, length: length, keepsAlive: keepsAlive, isChunked: isChunked,
            requestID: request.id)
        guard hasBody else {
            try await stream.send(head, timeout: timeout)
            if !keepsAlive { throw ConnectionOver() }
            return
        }
        switch response.body {
        case .none:
            try await stream.send(head, timeout: timeout)
        case .bytes(let bytes):
            try await stream.send([head, bytes], timeout: timeout)
        case .file(let file, let offset, let count):
            try await stream.send(head, timeout: timeout)
            try await stream.sendFile(file, offset: offset, count: count, timeout: timeout)
        case .pieces(let pieces):
            try await stream.send(head, timeout: timeout)
            try await send(pieces)
        case .stream(let contentLength, let produce):
            try await stream.send(head, timeout: timeout)
            let writer = BodyWriter(
                stream: stream, contentLength: contentLength, isChunked: isChunked,
                timeout: timeout)
            try await produce(writer)
            guard writer.isComplete else { throw IOError.closed }
            try await writer.finish()
        }
        if !keepsAlive { throw ConnectionOver() }
    }

    private func send(_ pieces: [ResponsePiece]) async throws {
        let timeout = server.limits.stallTimeout
        for piece in pieces {
            switch piece {
            case .bytes(let bytes): try await stream.send(bytes, timeout: timeout)
            case .file(let file, let offset, let count):
                try await stream.sendFile(file, offset: offset, count: count, timeout: timeout)
            }
        }
    }

    /// A body up to this goes out in one piece with its head: copying it costs less than a second
    /// piece does.
    private static let joinedBytesMax = 4096
    private static let compressedBytesMin = 512
    private static let compressedBytesMax = 4 << 20

    /// Text that the client takes compressed, unless the handler saw to it: one with an entity tag
    /// speaks of exact bytes and is left alone.
    private static func compress(_ response: inout Response, _ request: Request) {
        guard case .bytes(let bytes) = response.body, response.status == .ok,
            bytes.count >= compressedBytesMin, bytes.count <= compressedBytesMax,
            response.headers["Content-Encoding"] == nil, response.headers["ETag"] == nil,
            let type = response.headers["Content-Type"], ContentCoding.isWorthwhile(for: type)
        else { return }
        response.headers.append("Vary", "Accept-Encoding")
        guard let coding = ContentCoding.preferred(by: request.headers["Accept-Encoding"]),
            let encoded = coding.encode(bytes), encoded.count < bytes.count
        else { return }
        response.headers.append("Content-Encoding", coding.rawValue)
        response.body = .bytes(encoded)
    }
}

/// Thrown after a response that ends its connection, which is then closed in good order.
struct ConnectionOver: Error {}

/// The head of a response as bytes.
enum ResponseHead {
    static func bytes(
        _ response: Response, length: UInt64?, keepsAlive: Bool, isChunked: Bool,
        requestID: String, body: Bytes = Bytes()
    ) -> Bytes {
        var writer = ByteWriter(capacity: 512 + body.count)
        writer.write("HTTP/1.1 ")
        writer.write(response.status.description)
        writer.write("\r\nDate: ")
        writer.write(DateClock.now())
        writer.write("\r\nX-Request-Id: ")
        writer.write(requestID)
        writer.write("\r\n")
        response.headers.forEach { name, value in
            writer.write(name)
            writer.write(": ")
            writer.write(value)
            writer.write("\r\n")
        }
        if let length, response.status != .notModified, response.status.code >= 200,
            response.status != .noContent
        {
            writer.write("Content-Length: ")
            writer.write(String(length))
            writer.write("\r\n")
        } else if isChunked, !response.status.forbidsBody {
            writer.write("Transfer-Encoding: chunked\r\n")
        }
        if !keepsAlive { writer.write("Connection: close\r\n") }
        writer.write("\r\n")
        if !body.isEmpty { writer.write(body.span) }
        return writer.bytes
    }
}
