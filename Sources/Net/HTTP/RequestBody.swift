public import Base
internal import HTTPWire
public import Ring

/// The body of a request, taken once, as it comes.
public final class RequestBody {
    /// The length that was announced; nil when chunked.
    public let expectedLength: UInt64?
    let source: BodySource
    private var isTaken = false
    private let contentType: String?

    init(source: BodySource, expectedLength: UInt64?, contentType: String?) {
        self.source = source
        self.expectedLength = expectedLength
        self.contentType = contentType
    }

    /// A body that is there already; its content type counts as JSON.
    public convenience init(bytes: Bytes) {
        self.init(
            source: MemoryBodySource(bytes), expectedLength: UInt64(bytes.count),
            contentType: "application/json")
    }

    /// Whether there is none.
    public var isEmpty: Bool { expectedLength == 0 }

    /// The next piece; nil at the end.
    public func next() async throws -> Bytes? {
        isTaken = true
        return try await source.next()
    }

    /// Calls `body` with each piece.
    public func forEach(_ body: (Bytes) async throws -> Void) async throws {
        while let piece = try await next() { try await body(piece) }
    }

    /// The whole body.
    ///
    /// - Throws: 413 when it is larger than `limit` bytes.
    public func collect(limit: Int) async throws -> Bytes {
        if let expectedLength, expectedLength > UInt64(limit) { throw tooLarge(limit) }
        var first: Bytes?
        var all: [UInt8] = []
        while let piece = try await next() {
            guard (first?.count ?? 0) + all.count + piece.count <= limit || piece.isEmpty else {
                throw tooLarge(limit)
            }
            if first == nil && all.isEmpty {
                first = piece
                continue
            }
            if let held = first {
                all = held.array
                first = nil
            }
            guard all.count + piece.count <= limit else { throw tooLarge(limit) }
            all += piece.array
        }
        return first ?? Bytes(all)
    }

    private func tooLarge(_ limit: Int) -> Problem {
        .contentTooLarge("The body may have at most \(limit) bytes.")
    }

    /// Decodes JSON in snake_case.
    ///
    /// - Throws: 415 for another content type, 413, and what ``JSON/decode(_:from:)`` throws.
    public func json<T: Decodable>(
        _ type: T.Type, limit: Int = 65_536
    ) async throws -> T {
        let media = contentType?.split(separator: ";").first.map {
            String($0).lowercased().filter { $0 != " " }
        }
        guard media == "application/json" else {
            throw Problem.unsupportedMediaType("The body must be application/json.")
        }
        return try JSON.decode(type, from: try await collect(limit: limit))
    }

    /// Writes the body into `file` from `offset` on; spliced where the connection allows, so that
    /// the bytes are not held here.
    ///
    /// - Returns: How many bytes were written, also when the client went away in the middle.
    /// - Throws: 413 as soon as more than `limit` bytes come.
    public func write(
        to file: File, at offset: UInt64, limit: UInt64
    ) async throws -> BodyTransfer {
        if let expectedLength, expectedLength > limit {
            throw Problem.contentTooLarge("The body may have at most \(limit) bytes.")
        }
        isTaken = true
        return try await source.write(to: file, at: offset, limit: limit)
    }
}

/// What became of a body that was written to a file.
public struct BodyTransfer: Sendable, Equatable {
    /// Bytes that are in the file.
    public let count: UInt64
    /// Whether the body came to its end.
    public let isComplete: Bool
}

/// Where a body comes from.
class BodySource {
    func next() async throws -> Bytes? { nil }

    /// Piece by piece; a source that can splice does better.
    func write(to file: File, at offset: UInt64, limit: UInt64) async throws -> BodyTransfer {
        var count: UInt64 = 0
        do {
            while let piece = try await next() {
                guard count + UInt64(piece.count) <= limit else {
                    throw Problem.contentTooLarge("The body may have at most \(limit) bytes.")
                }
                try await file.write(piece, at: offset + count)
                count += UInt64(piece.count)
            }
        } catch is IOError {
            return BodyTransfer(count: count, isComplete: false)
        } catch HTTPError.truncated {
            return BodyTransfer(count: count, isComplete: false)
        }
        return BodyTransfer(count: count, isComplete: true)
    }
}

private final class MemoryBodySource: BodySource {
    private var bytes: Bytes?

    init(_ bytes: Bytes) {
        self.bytes = bytes.isEmpty ? nil : bytes
    }

    override func next() async throws -> Bytes? {
        defer { bytes = nil }
        return bytes
    }
}
