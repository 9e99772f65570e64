public import Contracts

extension Accounts: PasswordHashing {
    public func passwordHash(_ password: String) async throws -> String {
        try await hash(password).text
    }

    public func matches(_ password: String, hash: String) async throws -> Bool {
        try await compare(password, with: PasswordHash(stored: hash))
    }
}
