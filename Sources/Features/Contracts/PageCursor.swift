public import Base
public import HTTP
internal import HTTPWire

/// A place in a list ordered by a number and then by id, newest or highest first. Lists go on from
/// a place, not from a count, so that what is added or removed meanwhile makes them neither skip
/// nor repeat.
///
/// To clients it is opaque text. It holds nothing secret, so it is checked but not signed: a made-up
/// cursor shows no more than a real one could.
public struct PageCursor: Hashable, Sendable {
    /// Which list the cursor belongs to, so that one list's place is not read as another's.
    public let list: String
    /// The ordering number of the last item shown.
    public let position: Int64
    /// Its id.
    public let id: Identifier
    /// The moment at which the list was begun, for orders that change with time.
    public let asOf: Timestamp

    public init(list: String, position: Int64, id: Identifier, asOf: Timestamp) {
        self.list = list
        self.position = position
        self.id = id
        self.asOf = asOf
    }

    private static let version: UInt8 = 1
    private static let listBytesMax = 32

    /// The text that clients send back.
    public var text: String {
        var writer = ByteWriter(capacity: 34 + list.utf8.count)
        writer.write(Self.version)
        writer.write(position)
        writer.write(id.high)
        writer.write(id.low)
        writer.write(asOf.milliseconds)
        writer.write(list)
        return TextEncoding.base64url(writer.array)
    }

    /// Reads `text`, which must be a place in `list`; anything else is nil.
    public init?(_ text: some StringProtocol, list: String) {
        guard text.utf8.count <= 128, let bytes = TextEncoding.decodeBase64url(text),
            bytes.count == 33 + list.utf8.count, list.utf8.count <= Self.listBytesMax
        else { return nil }
        let copy = Bytes(bytes)
        var reader = ByteReader(copy.span)
        do {
            guard try reader.read(UInt8.self) == Self.version else { return nil }
            let position = try reader.read(Int64.self)
            let id = Identifier(high: try reader.read(), low: try reader.read())
            let asOf = Timestamp(milliseconds: try reader.read())
            guard try reader.readArray(list.utf8.count).elementsEqual(list.utf8) else { return nil }
            // Beyond the year 9999 or before 1970 nobody began a list; arithmetic stays safe.
            guard (0...253_402_300_799_000).contains(asOf.milliseconds) else { return nil }
            self.init(list: list, position: position, id: id, asOf: asOf)
        } catch {
            return nil
        }
    }
}

/// The `cursor` and `limit` of a list request.
public struct PageRequest: Sendable {
    public let cursor: PageCursor?
    public let limit: Int

    /// Reads both from the query.
    ///
    /// - Throws: 422 naming the parameter that is no cursor of `list`, or no number in `1...max`.
    public init(
        _ request: Request, list: String, defaultLimit: Int = 20, maximum: Int = 100
    ) throws(Problem) {
        if let text = request.query["cursor"], !text.isEmpty {
            guard let cursor = PageCursor(text, list: list) else {
                throw Problem.unprocessable([
                    FieldError(field: "cursor", detail: "is not a cursor of this list")
                ])
            }
            self.cursor = cursor
        } else {
            cursor = nil
        }
        if let text = request.query["limit"] {
            guard let limit = Int(text), (1...maximum).contains(limit) else {
                throw Problem.unprocessable([
                    FieldError(field: "limit", detail: "must be a number from 1 to \(maximum)")
                ])
            }
            self.limit = limit
        } else {
            limit = defaultLimit
        }
    }
}

/// One page of a list, as clients get it.
public struct Page<Item: Encodable & Sendable>: Encodable, Sendable {
    public let items: [Item]
    /// Send it as `cursor` for the next page; absent on the last.
    public let nextCursor: String?

    public init(items: [Item], nextCursor: String?) {
        self.items = items
        self.nextCursor = nextCursor
    }
}
