internal import Base
internal import Contracts
public import Database
internal import Synchronization

/// The secrets of one purpose. They are made at the first start, kept in the database, and can be
/// changed: the newest signs, the older ones still verify what they signed.
public final class KeyRing: Sendable {
    public struct Key: Sendable {
        public let id: String
        public let secret: [UInt8]
    }

    private let purpose: String
    private let database: Database
    /// Newest first.
    private let keys: Mutex<[Key]>
    /// Older ones are forgotten.
    private static let keysMax = 4

    /// Reads the keys for `purpose`, making the first when there is none.
    public init(purpose: String, database: Database) async throws {
        self.purpose = purpose
        self.database = database
        keys = Mutex(try await Self.load(purpose, database, addsKey: false))
    }

    /// Newest first; never empty.
    public var all: [Key] { keys.withLock { $0 } }

    /// The key that signs.
    public var newest: Key? { keys.withLock(\.first) }

    /// The key called `id`.
    public func secret(_ id: String) -> [UInt8]? {
        keys.withLock { keys in keys.first { $0.id == id }?.secret }
    }

    /// Makes a new key that signs from now on. The oldest beyond the fourth stops to verify.
    public func rotate() async throws {
        let loaded = try await Self.load(purpose, database, addsKey: true)
        keys.withLock { $0 = loaded }
    }

    private static func load(
        _ purpose: String, _ database: Database, addsKey: Bool
    ) async throws -> [Key] {
        try await database.write { transaction in
            let stored = try transaction.first(
                "select count(*) from secret_keys where purpose = \(purpose)"
            ) { try $0.get(0, as: Int.self) }
            if addsKey || stored == 0 {
                // The time keeps the order; the random part keeps ids of two machines apart.
                let id = TextEncoding.hex(Cryptography.randomBytes(4))
                let secret = TextEncoding.base64url(Cryptography.randomBytes(32))
                try transaction.execute(
                    """
                    insert into secret_keys (id, purpose, secret, created_at)
                    values (\(id), \(purpose), \(secret), \(Timestamp.now))
                    """)
            }
            let keys = try transaction.query(
                """
                select id, secret from secret_keys where purpose = \(purpose)
                order by created_at desc, id desc limit \(keysMax)
                """
            ) { row in
                let secret = try row.get(1, as: String.self)
                guard let bytes = TextEncoding.decodeBase64url(secret), bytes.count >= 32 else {
                    throw DatabaseError.mismatch("a key of \(purpose) is damaged")
                }
                return Key(id: try row.get(0), secret: bytes)
            }
            try transaction.execute(
                """
                delete from secret_keys
                where purpose = \(purpose) and not id in \(list: keys.map(\.id))
                """)
            return keys
        }
    }
}
