/// Keeps passwords of other things than accounts, such as a film's, with the same care.
public protocol PasswordHashing: Sendable {
    /// A hash of `password` that can be stored. Runs on a thread of its own.
    func passwordHash(_ password: String) async throws -> String
    /// Whether `password` is the one behind `hash`.
    func matches(_ password: String, hash: String) async throws -> Bool
}
