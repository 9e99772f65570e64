/// The name of an object: segments of `A-Z a-z 0-9 . _ -` with `/` between them.
///
/// By its form it can name nothing outside the store: no segment is empty, `.` or `..`, and there
/// is no other way to be absolute or to go up.
public struct ObjectKey: Hashable, Sendable, LosslessStringConvertible, Codable {
    /// The most bytes of a key.
    public static let bytesMax = 512
    /// The most bytes of one segment; file systems take 255.
    public static let segmentMax = 200
    /// The most segments.
    public static let depthMax = 16

    public let description: String

    /// Nil unless `text` is a key.
    public init?(_ text: String) {
        guard (1...Self.bytesMax).contains(text.utf8.count) else { return nil }
        let segments = text.utf8.split(separator: 0x2F, omittingEmptySubsequences: false)
        guard segments.count <= Self.depthMax, segments.allSatisfy(Self.isSegment) else {
            return nil
        }
        description = text
    }

    /// The key of `segments` below this one; nil unless that is a key.
    public func appending(_ segments: String) -> ObjectKey? {
        ObjectKey(description + "/" + segments)
    }

    private static func isSegment(_ segment: Substring.UTF8View) -> Bool {
        guard (1...segmentMax).contains(segment.count) else { return false }
        guard !segment.elementsEqual(".".utf8), !segment.elementsEqual("..".utf8) else {
            return false
        }
        return segment.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
            default: false
            }
        }
    }

    /// The key without its last segment; nil at the top.
    var parent: String? {
        description.lastIndex(of: "/").map { String(description[..<$0]) }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let key = ObjectKey(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a key")
        }
        self = key
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension ObjectKey: Comparable {
    /// By bytes.
    public static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        left.description.utf8.lexicographicallyPrecedes(right.description.utf8)
    }
}
