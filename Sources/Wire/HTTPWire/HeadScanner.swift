internal import Base

/// Reads the lines of a head (RFC 9112 sections 3 and 5).
struct HeadScanner {
    struct Line {
        let method: Method
        let target: String
        let isVersion11: Bool
    }

    private let head: Bytes
    private let limits: RequestHead.Limits
    private var offset = 0

    init(head: Bytes, limits: RequestHead.Limits) {
        self.head = head
        self.limits = limits
    }

    /// The range of the next line without its CRLF.
    private mutating func nextLine() throws(HTTPError) -> Range<Int> {
        let head = head
        let span = head.span
        guard let feed = span.firstIndex(of: 0x0A, from: offset) else {
            throw .malformed("A line does not end.")
        }
        guard feed > offset, span.unsafeLoadChecked(at: feed - 1) == 0x0D else {
            throw .malformed("A line must end in CRLF.")
        }
        let line = offset..<(feed - 1)
        offset = feed + 1
        return line
    }

    mutating func requestLine() throws(HTTPError) -> Line {
        let line = try nextLine()
        guard line.count <= limits.lineBytesMax else { throw .requestLineTooLong }
        let head = head
        let span = head.span
        guard let first = span.firstIndex(of: 0x20, from: line.lowerBound), first < line.upperBound,
            let second = span.firstIndex(of: 0x20, from: first + 1), second < line.upperBound
        else { throw .malformed("The request line is not METHOD TARGET VERSION.") }
        let method = line.lowerBound..<first
        guard !method.isEmpty, method.count <= 32,
            method.allSatisfy({ Characters.isToken(span.unsafeLoadChecked(at: $0)) })
        else { throw .malformed("The method is not a token.") }
        let target = (first + 1)..<second
        guard !target.isEmpty,
            target.allSatisfy({ Characters.isTarget(span.unsafeLoadChecked(at: $0)) })
        else { throw .malformed("The target holds characters that must be percent-encoded.") }
        let version = head[(second + 1)..<line.upperBound].string
        switch version {
        case "HTTP/1.1", "HTTP/1.0": break
        case _ where version.hasPrefix("HTTP/"): throw .versionNotSupported
        default: throw .malformed("The request line is not METHOD TARGET VERSION.")
        }
        return Line(
            method: Method(head[method].string), target: head[target].string,
            isVersion11: version == "HTTP/1.1")
    }

    mutating func fields() throws(HTTPError) -> (fields: [Headers.Parsed], facts: FramingFacts) {
        var fields: [Headers.Parsed] = []
        fields.reserveCapacity(16)
        var facts = FramingFacts()
        while true {
            let line = try nextLine()
            if line.isEmpty { break }
            guard fields.count < limits.fieldsMax else { throw .headerTooLarge }
            let field = try field(line)
            fields.append(field)
            try note(field, in: &facts)
        }
        guard offset == head.count else { throw .malformed("Bytes follow the head.") }
        return (fields, facts)
    }

    private func field(_ line: Range<Int>) throws(HTTPError) -> Headers.Parsed {
        let span = head.span
        var colon = line.lowerBound
        while colon < line.upperBound, Characters.isToken(span.unsafeLoadChecked(at: colon)) {
            colon += 1
        }
        // Also refuses folded lines and a space before the colon.
        guard colon > line.lowerBound, colon < line.upperBound,
            span.unsafeLoadChecked(at: colon) == 0x3A
        else { throw .malformed("A header line is not NAME: VALUE.") }
        var start = colon + 1
        var end = line.upperBound
        while start < end, Characters.isBlank(span.unsafeLoadChecked(at: start)) { start += 1 }
        while end > start, Characters.isBlank(span.unsafeLoadChecked(at: end - 1)) { end -= 1 }
        for index in start..<end where !Characters.isFieldValue(span.unsafeLoadChecked(at: index)) {
            throw .malformed("A header value holds a control character.")
        }
        return Headers.Parsed(
            nameStart: UInt32(line.lowerBound), nameEnd: UInt32(colon),
            valueStart: UInt32(start), valueEnd: UInt32(end))
    }

    /// Looks at the few fields that decide framing, told apart by their length first.
    private func note(
        _ field: Headers.Parsed, in facts: inout FramingFacts
    ) throws(HTTPError) {
        switch field.nameEnd - field.nameStart {
        case 4 where isNamed(field, "host"): facts.hostCount += 1
        case 6 where isNamed(field, "expect"):
            guard isValue(field, "100-continue") else { throw .expectationFailed }
            facts.expectsContinue = true
        case 10 where isNamed(field, "connection"): noteConnection(field, in: &facts)
        case 14 where isNamed(field, "content-length"):
            facts.lengths.append(try length(field))
        case 17 where isNamed(field, "transfer-encoding"):
            guard !facts.hasTransferCoding else {
                throw .malformed("The length of the body is ambiguous.")
            }
            facts.hasTransferCoding = true
            facts.isChunked = isValue(field, "chunked")
        default: break
        }
    }

    private func noteConnection(_ field: Headers.Parsed, in facts: inout FramingFacts) {
        let value = head[Int(field.valueStart)..<Int(field.valueEnd)].string
        for option in value.split(separator: ",") {
            switch Characters.trimmedLowercase(option) {
            case "close": facts.hasClose = true
            case "keep-alive": facts.hasKeepAlive = true
            default: break
            }
        }
    }

    /// Digits only: no sign, no list, no white space, at most 2^63.
    private func length(_ field: Headers.Parsed) throws(HTTPError) -> UInt64 {
        let span = head.span
        var value: UInt64 = 0
        let digits = Int(field.valueStart)..<Int(field.valueEnd)
        guard !digits.isEmpty, digits.count <= 18 else {
            throw .malformed("Content-Length is not a number.")
        }
        for index in digits {
            let byte = span.unsafeLoadChecked(at: index)
            guard byte >= 0x30, byte <= 0x39 else {
                throw .malformed("Content-Length is not a number.")
            }
            value = value * 10 + UInt64(byte - 0x30)
        }
        return value
    }

    private func isNamed(_ field: Headers.Parsed, _ name: StaticString) -> Bool {
        isText(Int(field.nameStart)..<Int(field.nameEnd), name)
    }

    private func isValue(_ field: Headers.Parsed, _ value: StaticString) -> Bool {
        isText(Int(field.valueStart)..<Int(field.valueEnd), value)
    }

    private func isText(_ range: Range<Int>, _ text: StaticString) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        let span = head.span
        return text.withUTF8Buffer { expected in
            for index in 0..<expected.count
            where unsafe Headers.lowercase(span.unsafeLoadChecked(at: range.lowerBound + index))
                != expected[index]
            {
                return false
            }
            return true
        }
    }
}
