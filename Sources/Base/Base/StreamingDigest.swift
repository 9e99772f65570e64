internal import COpenSSL

/// A digest fed piece by piece, of a kind that is chosen at run time.
@safe
public struct StreamingDigest: ~Copyable {
    public enum Algorithm: String, CaseIterable, Sendable {
        /// For checksums against accidents only; never for security.
        case sha1
        case sha256

        /// The length of the result.
        public var byteCount: Int {
            switch self {
            case .sha1: 20
            case .sha256: 32
            }
        }
    }

    private let context: OpaquePointer?
    private let algorithm: Algorithm

    public init(_ algorithm: Algorithm) {
        self.algorithm = algorithm
        unsafe context = EVP_MD_CTX_new()
        let status =
            switch algorithm {
            case .sha1: unsafe EVP_DigestInit_ex(context, EVP_sha1(), nil)
            case .sha256: unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil)
            }
        invariant(status == 1, "digest failed")
    }

    public mutating func update(_ span: RawSpan) {
        // Safe because: the context is ours, and the span is read within the call only.
        let status = unsafe span.withUnsafeBytes {
            unsafe EVP_DigestUpdate(context, $0.baseAddress, $0.count)
        }
        invariant(status == 1, "digest failed")
    }

    /// The digest of all that was fed. Call once.
    public mutating func finish() -> [UInt8] {
        var out = [UInt8](repeating: 0, count: algorithm.byteCount)
        let status = unsafe EVP_DigestFinal_ex(context, &out, nil)
        invariant(status == 1, "digest failed")
        return out
    }

    deinit { unsafe EVP_MD_CTX_free(context) }
}
