internal import Base
internal import HTTP

/// Makes the addresses of media: `/media/{id}/…` with a query that signs everything below that
/// prefix, so that a playlist hands its own query on to all it names.
struct MediaLinks: Sendable {
    let signer: URLSigner
    let origin: String?
    let lifetime: Duration
    let now: @Sendable () -> Timestamp

    /// A query good for all media of `id` until ``lifetime`` from now.
    func query(for id: Identifier) -> String {
        signer.sign(path: "/media/\(id)/", expires: now() + lifetime)
    }

    /// The whole address of `name` below the media of `id`.
    func url(_ name: String, of id: Identifier, query: String) -> String {
        (origin ?? "") + "/media/\(id)/" + name + "?" + query
    }
}
