/// A `Range` header in bytes (RFC 9110 section 14).
public enum ByteRange {
    /// What a request asks for.
    public enum Outcome: Equatable, Sendable {
        /// No range, or one that is to be ignored.
        case whole
        /// Ranges within the representation, at least one.
        case parts([Range<UInt64>])
        /// Nothing of it lies within.
        case unsatisfiable
    }

    private static let partsMax = 16

    /// Reads `bytes=0-99,-5` against a representation of `size` bytes.
    ///
    /// Too many or overlapping ranges are a way to make a server work, so they get the whole.
    public static func parse(_ header: String?, size: UInt64) -> Outcome {
        guard let header, header.hasPrefix("bytes=") else { return .whole }
        var parts: [Range<UInt64>] = []
        let specs = header.dropFirst(6).split(separator: ",", omittingEmptySubsequences: false)
        guard specs.count <= partsMax else { return .whole }
        for spec in specs {
            let text = Characters.trimmedLowercase(spec)
            guard let dash = text.firstIndex(of: "-") else { return .whole }
            let (first, last) = (text[..<dash], text[text.index(after: dash)...])
            if first.isEmpty {
                guard let count = number(last) else { return .whole }
                if count > 0 && size > 0 { parts.append((size - min(count, size))..<size) }
            } else {
                guard let start = number(first) else { return .whole }
                guard last.isEmpty || number(last) != nil else { return .whole }
                let end = number(last) ?? .max
                guard end >= start else { return .whole }
                if start < size { parts.append(start..<(min(end, size - 1) + 1)) }
            }
        }
        if parts.isEmpty { return .unsatisfiable }
        let sorted = parts.sorted { $0.lowerBound < $1.lowerBound }
        let overlaps = zip(sorted, sorted.dropFirst()).contains { $0.upperBound > $1.lowerBound }
        return overlaps ? .whole : .parts(parts)
    }

    private static func number(_ text: Substring) -> UInt64? {
        guard !text.isEmpty, text.utf8.count <= 18,
            text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 })
        else { return nil }
        return UInt64(text)
    }
}
