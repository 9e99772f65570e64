public import Base
public import Database

/// Where a job stands.
public enum JobState: String, Codable, Sendable, CaseIterable, SQLConvertible {
    /// Waits for its time and a free worker.
    case queued
    /// A node holds it by a lease.
    case running
    /// Ended well.
    case done
    /// Ended for good without success; ``Job/error`` says why.
    case failed
    /// Ended because somebody asked for it.
    case cancelled

    /// Whether nothing more will happen.
    public var isFinal: Bool { self == .done || self == .failed || self == .cancelled }
}

/// A piece of work that outlives the process, as the queue knows it.
public struct Job: Codable, Equatable, Sendable {
    public let id: Identifier
    public let kind: String
    /// At most one job of a kind and key is queued or running.
    public let key: String?
    public let state: JobState
    /// Higher goes first.
    public let priority: Int
    /// Tries since the last checkpoint that moved on.
    public let attempts: Int
    public let maxAttempts: Int
    /// Not before this time.
    public let runAfter: Timestamp
    /// From 0 to 1.
    public let progress: Double
    /// A few words about what is being done.
    public let detail: String?
    /// Why the last try failed.
    public let error: String?
    public let createdAt: Timestamp
    public let updatedAt: Timestamp

    static let columns: SQL = """
        id, kind, key, state, priority, attempts, max_attempts, run_after, progress, detail,
        error, created_at, updated_at
        """

    init(_ row: borrowing Row) throws(DatabaseError) {
        id = try row.get(0)
        kind = try row.get(1)
        key = try row.get(2)
        state = try row.get(3)
        priority = try row.get(4)
        attempts = try row.get(5)
        maxAttempts = try row.get(6)
        runAfter = try row.get(7)
        progress = try row.get(8)
        detail = try row.get(9)
        error = try row.get(10)
        createdAt = try row.get(11)
        updatedAt = try row.get(12)
    }
}

/// How a handler says that it failed. Any other error counts as worth another try.
public enum JobFailure: Error, Equatable, Sendable {
    /// Trying again cannot help: the input is bad.
    case permanent(String)
    /// Worth another try, after a while that the queue chooses.
    case retryable(String)
    /// The lease went to somebody else, or the job is over: stop, and keep nothing.
    case lost
    /// What is to be queued breaks a limit.
    case refused(String)
}
