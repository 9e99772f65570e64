public import Base
public import HTTP
public import HTTPWire

/// A URL by which somebody without an account may read or write one object.
///
/// Everything in it is covered by the signature of ``URLSigner``: the method, the key, the moment
/// of expiry, the largest size and the content type of an upload.
public struct SignedObjectURL: Equatable, Sendable {
    /// `GET` (which covers HEAD) or `PUT`.
    public let method: Method
    public let key: ObjectKey
    /// The most bytes that may be put.
    public let sizeMax: UInt64?
    /// The content type that must be put.
    public let contentType: String?

    public init(
        _ method: Method, _ key: ObjectKey, sizeMax: UInt64? = nil, contentType: String? = nil
    ) {
        self.method = method
        self.key = key
        self.sizeMax = sizeMax
        self.contentType = contentType
    }

    private var extra: [String] {
        [sizeMax.map { "max=\($0)" } ?? "", contentType.map { "type=\($0)" } ?? ""]
    }

    /// The path and query, below `base` (such as `/objects`), good until `expires`.
    public func issue(base: String, expires: Timestamp, signer: URLSigner) -> String {
        let path = base + "/" + key.description
        var query = signer.sign(path: path, method: method, expires: expires, extra: extra)
        if let sizeMax { query += "&max=\(sizeMax)" }
        if let contentType { query += "&type=" + PercentCoding.encode(contentType) }
        return path + "?" + query
    }

    /// Reads and checks the URL of a request.
    ///
    /// - Parameter path: Decoded, as the request has it.
    /// - Throws: Why it is not good; ``URLSigner/Failure/malformed`` also for what is no key.
    public static func verify(
        base: String, method: Method, path: String, query: Query, signer: URLSigner,
        now: Timestamp = .now
    ) throws(URLSigner.Failure) -> SignedObjectURL {
        guard path.hasPrefix(base + "/"),
            let key = ObjectKey(String(path.dropFirst(base.count + 1))),
            method == .get || method == .head || method == .put,
            query.count(of: "max") <= 1, query.count(of: "type") <= 1
        else { throw .malformed }
        var sizeMax: UInt64?
        if let text = query["max"] {
            guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = UInt64(text)
            else { throw .malformed }
            sizeMax = value
        }
        let url = SignedObjectURL(
            method == .head ? .get : method, key, sizeMax: sizeMax, contentType: query["type"])
        try signer.verify(path: path, method: method, query: query, now: now, extra: url.extra)
        return url
    }
}
