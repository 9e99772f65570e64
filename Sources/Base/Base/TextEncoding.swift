/// Binary as text: base64url without padding (RFC 4648 section 5) and lower-case hexadecimal.
public enum TextEncoding {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    public static func base64url(_ bytes: [UInt8]) -> String {
        var out: [UInt8] = []
        out.reserveCapacity((bytes.count * 4 + 2) / 3)
        var buffer: UInt32 = 0
        var bits: UInt32 = 0
        for byte in bytes {
            buffer = buffer << 8 | UInt32(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                out.append(alphabet[Int(buffer >> bits & 63)])
            }
        }
        if bits > 0 { out.append(alphabet[Int(buffer << (6 - bits) & 63)]) }
        return String(decoding: out, as: UTF8.self)
    }

    /// Strict: padding, other alphabets, or stray bits in the last character are nil.
    public static func decodeBase64url(_ text: some StringProtocol) -> [UInt8]? {
        decode(text) { byte in
            switch byte {
            case 0x41...0x5A: byte - 0x41
            case 0x61...0x7A: byte - 0x47
            case 0x30...0x39: byte + 4
            case 0x2D: 62
            case 0x5F: 63
            default: nil
            }
        }
    }

    /// The standard alphabet (RFC 4648 section 4), with or without padding.
    public static func decodeBase64(_ text: some StringProtocol) -> [UInt8]? {
        let body = text.utf8.reversed().drop { $0 == 0x3D }
        guard text.utf8.count - body.count <= 2 else { return nil }
        return decode(String(decoding: Array(body.reversed()), as: UTF8.self)) { byte in
            switch byte {
            case 0x41...0x5A: byte - 0x41
            case 0x61...0x7A: byte - 0x47
            case 0x30...0x39: byte + 4
            case 0x2B: 62
            case 0x2F: 63
            default: nil
            }
        }
    }

    private static func decode(
        _ text: some StringProtocol, digit: (UInt8) -> UInt8?
    ) -> [UInt8]? {
        var out: [UInt8] = []
        var buffer: UInt32 = 0
        var bits: UInt32 = 0
        for byte in text.utf8 {
            guard let value = digit(byte) else { return nil }
            buffer = buffer << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                out.append(UInt8(truncatingIfNeeded: buffer >> bits))
            }
        }
        guard bits < 6, buffer & ((1 << bits) - 1) == 0 else { return nil }
        return out
    }

    public static func hex(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var out: [UInt8] = []
        for byte in bytes {
            out.append(digits[Int(byte >> 4)])
            out.append(digits[Int(byte & 15)])
        }
        return String(decoding: out, as: UTF8.self)
    }
}
