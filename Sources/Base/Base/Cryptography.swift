internal import COpenSSL

/// The few primitives that the rest needs, by OpenSSL.
public enum Cryptography {
    /// SHA-256 (FIPS 180-4) of `bytes`.
    public static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        unsafe digest(bytes, count: 32, EVP_sha256())
    }

    /// SHA-1, for tus checksums only; never for security.
    public static func sha1(_ bytes: [UInt8]) -> [UInt8] {
        unsafe digest(bytes, count: 20, EVP_sha1())
    }

    private static func digest(
        _ bytes: [UInt8], count: Int, _ kind: OpaquePointer?
    ) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: count)
        let status = unsafe EVP_Digest(bytes, bytes.count, &out, nil, kind, nil)
        invariant(status == 1, "digest failed")
        return out
    }

    /// HMAC-SHA-256 (RFC 2104).
    public static func hmacSHA256(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        let result = unsafe HMAC(
            EVP_sha256(), key, Int32(key.count), message, message.count, &out, &length)
        invariant(unsafe result != nil && length == 32, "HMAC failed")
        return out
    }

    /// `count` bytes from the system's secure generator.
    public static func randomBytes(_ count: Int) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: count)
        let status = unsafe RAND_bytes(&out, Int32(count))
        invariant(status == 1, "no randomness")
        return out
    }

    /// Compares in a time that depends on the lengths only.
    public static func constantTimeEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for index in left.indices { difference |= left[index] ^ right[index] }
        return difference == 0
    }
}

/// A SHA-256 fed piece by piece.
@safe
public struct SHA256Digest: ~Copyable {
    private let context: OpaquePointer?

    public init() {
        unsafe context = EVP_MD_CTX_new()
        let status = unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil)
        invariant(status == 1, "digest failed")
    }

    public mutating func update(_ span: RawSpan) {
        let status = unsafe span.withUnsafeBytes {
            unsafe EVP_DigestUpdate(context, $0.baseAddress, $0.count)
        }
        invariant(status == 1, "digest failed")
    }

    /// The digest of all that was fed. Call once.
    public mutating func finish() -> [UInt8] {
        var out = [UInt8](repeating: 0, count: 32)
        let status = unsafe EVP_DigestFinal_ex(context, &out, nil)
        invariant(status == 1, "digest failed")
        return out
    }

    deinit { unsafe EVP_MD_CTX_free(context) }
}
