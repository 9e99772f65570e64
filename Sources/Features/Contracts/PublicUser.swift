public import Base

/// What anybody may know of an account.
public struct PublicUser: Hashable, Codable, Sendable {
    public let id: Identifier
    public let username: String
    public let displayName: String
    /// The colour of the name in chat, as `#rrggbb`.
    public let colour: String

    public init(id: Identifier, username: String, displayName: String, colour: String) {
        self.id = id
        self.username = username
        self.displayName = displayName
        self.colour = colour
    }
}

/// Names for ids, for features that show who made what.
public protocol UserDirectory: Sendable {
    /// The users among `ids` that exist; at most a page of ids at a time.
    func users(_ ids: [Identifier]) async throws -> [Identifier: PublicUser]
}
