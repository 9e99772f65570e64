public import Base
public import Database
internal import FoundationEssentials
internal import Synchronization

/// What a handler knows about its job, and how it tells how far it is.
public final class JobContext: Sendable {
    public let id: Identifier
    public let kind: String
    /// 1 on the first try.
    public let attempt: Int

    private let payload: String
    private let checkpoint: Mutex<String?>
    private let database: Database
    private let store: JobStore
    private let report = Mutex(Report())

    struct Report {
        var progress = 0.0
        var detail: String?
        var isDirty = false
        var isCancelled = false
        var hasEnded = false
        var attempts = 1
    }

    init(_ job: ClaimedJob, database: Database, store: JobStore) {
        id = job.id
        kind = job.kind
        attempt = job.attempt
        payload = job.payload
        checkpoint = Mutex(job.checkpoint)
        self.database = database
        self.store = store
        report.withLock { $0.attempts = job.attempt }
    }

    /// The tries that count: those since the last checkpoint that moved on.
    var countedAttempts: Int { report.withLock { $0.attempts } }

    /// What was queued, read as `type`; a payload of another shape fails the job for good.
    public func payload<Value: Decodable>(
        as type: Value.Type = Value.self
    ) throws(JobFailure) -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(payload.utf8))
        } catch {
            throw .permanent("the payload is not a \(type): \(error)")
        }
    }

    /// Where an earlier try got to; nil on a fresh start, or when it was kept in another form.
    public func checkpoint<Value: Decodable>(as type: Value.Type = Value.self) -> Value? {
        guard let text = checkpoint.withLock({ $0 }) else { return nil }
        return try? JSONDecoder().decode(type, from: Data(text.utf8))
    }

    /// Keeps where the job got to; durable when this returns.
    ///
    /// - Throws: ``JobFailure/lost`` when the job is no longer ours: stop and keep nothing.
    public func saveCheckpoint(_ value: some Encodable & Sendable) async throws {
        let text = try Jobs.encode(value)
        let (id, store) = (id, store)
        let attempts = try await database.write { transaction in
            try store.saveCheckpoint(id, text, in: transaction)
        }
        checkpoint.withLock { $0 = text }
        report.withLock { $0.attempts = attempts }
    }

    /// Tells how far it is. Cheap: written down about once a second, the newest wins.
    public func report(progress: Double, detail: String? = nil) {
        let progress = progress.isFinite ? min(max(progress, 0), 1) : 0
        report.withLock { report in
            report.progress = progress
            report.detail = detail?.clipped
            report.isDirty = true
        }
    }

    /// Ends the job well within a transaction of the caller, so that its result and its end are
    /// kept together or not at all.
    ///
    /// - Throws: ``JobFailure/lost`` when the job is no longer ours: let it roll back.
    public func complete(in transaction: Transaction) throws {
        guard try store.end(id, .done, in: transaction) else { throw JobFailure.lost }
        transaction.afterCommit { self.report.withLock { $0.hasEnded = true } }
    }

    /// Whether somebody asked to stop. The handler's task is cancelled at the same time.
    public var isCancelled: Bool { report.withLock { $0.isCancelled } }

    func markCancelled() { report.withLock { $0.isCancelled = true } }
    var hasEnded: Bool { report.withLock { $0.hasEnded } }

    /// The progress not yet written down.
    func takeProgress() -> (progress: Double, detail: String?)? {
        report.withLock { report in
            guard report.isDirty else { return nil }
            report.isDirty = false
            return (report.progress, report.detail)
        }
    }
}

extension Jobs {
    /// `value` as JSON within the limit of a payload.
    static func encode(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let data = try encoder.encode(value)
        guard data.count <= JobSettings.payloadMax else {
            throw JobFailure.refused("payload of \(data.count) bytes")
        }
        return String(decoding: data, as: UTF8.self)
    }
}
