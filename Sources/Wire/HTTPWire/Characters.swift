/// The classes of characters of RFC 9110 section 5.6.
enum Characters {
    private static let token: [Bool] = {
        var table = [Bool](repeating: false, count: 256)
        for byte in "!#$%&'*+-.^_`|~0123456789".utf8 { table[Int(byte)] = true }
        for byte in 0x41...0x5A { table[byte] = true }
        for byte in 0x61...0x7A { table[byte] = true }
        return table
    }()

    @inline(__always)
    static func isToken(_ byte: UInt8) -> Bool { token[Int(byte)] }

    /// Visible ASCII: what may stand in a request target.
    @inline(__always)
    static func isTarget(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7F }

    @inline(__always)
    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// Anything but control characters; bytes above 127 pass as opaque.
    @inline(__always)
    static func isFieldValue(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != 0x7F || byte == 0x09
    }

    static func trimmedLowercase(_ text: Substring) -> String {
        var bytes = Array(text.utf8)[...]
        while let first = bytes.first, isBlank(first) { bytes.removeFirst() }
        while let last = bytes.last, isBlank(last) { bytes.removeLast() }
        return String(decoding: bytes.map(Headers.lowercase), as: UTF8.self)
    }
}
