public import Base
public import Contracts
internal import Database

/// An account as its owner and the administrators see it.
public struct Account: Hashable, Codable, Sendable {
    public let id: Identifier
    public let username: String
    public let email: String?
    public let displayName: String
    public let colour: String
    public let role: Role
    public let createdAt: Timestamp
    public let disabledAt: Timestamp?

    /// What goes into ``init(_:)``, in this order.
    static let columns: SQL =
        "users.id, username, email, display_name, colour, role, users.created_at, disabled_at"

    init(_ row: borrowing Row) throws(DatabaseError) {
        id = try row.get(0)
        username = try row.get(1)
        email = try row.get(2)
        displayName = try row.get(3)
        colour = try row.get(4)
        let role = try row.get(5, as: String.self)
        createdAt = try row.get(6)
        disabledAt = try row.get(7)
        guard let role = Role(rawValue: role) else {
            throw .mismatch("column role is \(role)")
        }
        self.role = role
    }

    init(id: Identifier, username: String, email: String?, role: Role, createdAt: Timestamp) {
        self.id = id
        self.username = username
        self.email = email
        self.role = role
        self.createdAt = createdAt
        displayName = username
        colour = Self.colour(for: id)
        disabledAt = nil
    }

    var principal: Principal { Principal(userID: id, username: username, role: role) }

    var publicUser: PublicUser {
        PublicUser(id: id, username: username, displayName: displayName, colour: colour)
    }

    /// A first colour, readable on dark and on light.
    private static func colour(for id: Identifier) -> String {
        let palette = [
            "#d9534f", "#c9742a", "#a58a1f", "#5b9a3a", "#2f9e84", "#3a8fc7", "#5f7de8", "#9a68d8",
            "#c75aa8", "#7d8a99",
        ]
        return palette[Int(id.low % UInt64(palette.count))]
    }
}
