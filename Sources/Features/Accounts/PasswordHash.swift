internal import Base
internal import CArgon2

/// A password as it is stored: Argon2id (RFC 9106) in the PHC text form, which carries its own
/// parameters, so that they can be raised later without a new column.
struct PasswordHash: Hashable, Sendable {
    /// What one hash costs.
    struct Cost: Hashable, Sendable {
        let memoryKiB: UInt32
        let passes: UInt32
        let lanes: UInt32

        /// OWASP's first choice: 19 MiB, two passes, one lane.
        static let standard = Cost(memoryKiB: 19 * 1024, passes: 2, lanes: 1)
        /// As cheap as the algorithm allows, for tests.
        static let cheap = Cost(memoryKiB: 8, passes: 1, lanes: 1)

        var prefix: String { "$argon2id$v=19$m=\(memoryKiB),t=\(passes),p=\(lanes)$" }
    }

    /// `$argon2id$v=19$m=…,t=…,p=…$salt$hash`.
    let text: String

    /// Takes what the database holds.
    init(stored text: String) {
        self.text = text
    }

    /// Hashes `password` with a fresh salt. Takes tens of milliseconds: never on a core.
    init(hashing password: String, cost: Cost) throws(AccountsError) {
        let salt = Cryptography.randomBytes(16)
        let password = Array(password.utf8)
        var encoded = [CChar](repeating: 0, count: 256)
        // Safe because: each buffer is passed with its own length and outlives the call.
        let status = unsafe argon2id_hash_encoded(
            cost.passes, cost.memoryKiB, cost.lanes, password, password.count,
            salt, salt.count, 32, &encoded, encoded.count)
        guard status == ARGON2_OK.rawValue else { throw .hashingFailed }
        text = String(
            decoding: encoded.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Whether `password` is the one that was hashed. Costs as much as hashing.
    func matches(_ password: String) -> Bool {
        let password = Array(password.utf8)
        // Safe because: Swift passes the text NUL-terminated for the time of the call.
        return unsafe argon2id_verify(text, password, password.count) == ARGON2_OK.rawValue
    }

    /// Whether this was made at another cost than `cost`, and should be made anew at next sign-in.
    func isOutdated(for cost: Cost) -> Bool { !text.hasPrefix(cost.prefix) }
}
