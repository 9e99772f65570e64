internal import Base

/// What the headers of the resumable upload protocol say (tus 1.0.0). Pure; takes any text.
enum TusHeaders {
    static let version = "1.0.0"
    static let extensions = "creation,creation-with-upload,expiration,checksum,termination"
    static let bodyType = "application/offset+octet-stream"
    static let metadataBytesMax = 8_192

    /// The pairs of `Upload-Metadata`: `key base64, key base64, …`; nil when it is malformed or
    /// names a key twice. Values that are no text are kept out.
    static func metadata(_ header: String) -> [String: String]? {
        guard header.utf8.count <= metadataBytesMax else { return nil }
        var pairs: [String: String] = [:]
        if header.utf8.allSatisfy({ $0 == 0x20 }) { return pairs }
        for item in header.split(separator: ",", omittingEmptySubsequences: false) {
            let words = item.split(separator: " ", omittingEmptySubsequences: true)
            guard (1...2).contains(words.count), pairs[String(words[0])] == nil,
                words[0].utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
            else { return nil }
            guard words.count == 2 else {
                pairs[String(words[0])] = ""
                continue
            }
            guard let bytes = TextEncoding.decodeBase64(words[1]) else { return nil }
            guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
            pairs[String(words[0])] = text
        }
        return pairs
    }

    /// A plain decimal of a length or an offset.
    static func number(_ header: String?) -> Int64? {
        guard let header, (1...19).contains(header.utf8.count),
            header.utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        return Int64(header)
    }

    /// What `Upload-Checksum` promises.
    struct Checksum: Equatable {
        let algorithm: StreamingDigest.Algorithm
        let digest: [UInt8]
    }

    /// `algorithm base64`; nil for another algorithm or a digest of another length.
    static func checksum(_ header: String) -> Checksum? {
        let words = header.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 2,
            let algorithm = StreamingDigest.Algorithm(rawValue: String(words[0])),
            let digest = TextEncoding.decodeBase64(words[1]),
            digest.count == algorithm.byteCount
        else { return nil }
        return Checksum(algorithm: algorithm, digest: digest)
    }
}
