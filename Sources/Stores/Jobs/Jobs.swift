public import Base
public import Database
internal import Synchronization

/// A durable queue of work, kept in the database.
///
/// A job runs on one worker at a time, by a lease that its node renews. What a dead process held
/// is taken up again: at once by the same node when it starts anew, by others when the lease has
/// run out. So a handler may run more than once and must bear it; ``JobContext/saveCheckpoint(_:)``
/// lets it go on from where it was, ``JobContext/complete(in:)`` makes its result and its end one.
public final class Jobs: Sendable {
    public typealias Handler = @Sendable (JobContext) async throws -> Void
    /// Starts a task where the caller wants it, such as `{ core.spawn($0) }`.
    public typealias Spawn =
        @Sendable (@escaping @Sendable () async -> Void) -> Task<Void, Never>

    let database: Database
    let store: JobStore
    let settings: JobSettings
    let state = Mutex(State())
    let signal = Signal()
    private let observe: @Sendable (Identifier) -> Void

    struct State {
        var kinds: [String: Kind] = [:]
        var running: [Identifier: Running] = [:]
        var loop: Task<Void, Never>?
        var isStopping = false
        var counts = JobCounts()
        var renewAfter = ContinuousClock.now
        var pruneAfter = ContinuousClock.now
    }

    struct Kind {
        let concurrency: Int
        let spawn: Spawn
        let handler: Handler
    }

    struct Running {
        let context: JobContext
        var task: Task<Void, Never>?
        var isCancelled = false
        var isLost = false
    }

    /// - Parameter observe: Told which job changed its state or its progress; called on whatever
    ///   thread saw it, so it only passes the message on.
    public init(
        database: Database, node: NodeIdentity, settings: JobSettings = JobSettings(),
        observe: @escaping @Sendable (Identifier) -> Void = { _ in }
    ) {
        self.database = database
        self.settings = settings
        self.observe = observe
        store = JobStore(node: node.name)
    }

    /// Queues work within a transaction of the caller: both are kept, or neither.
    ///
    /// - Parameters:
    ///   - key: When a job of the same kind and key is queued or running, that one is meant and
    ///     none is added.
    ///   - priority: Higher goes first.
    /// - Returns: The job that is now queued or running.
    @discardableResult
    public func enqueue(
        kind: String, payload: some Encodable, key: String? = nil, priority: Int = 0,
        runAfter: Timestamp? = nil, maxAttempts: Int = 5, in transaction: Transaction
    ) throws -> Identifier {
        guard !kind.isEmpty, kind.utf8.count <= 64, (key?.utf8.count ?? 0) <= 256,
            (1...1000).contains(maxAttempts)
        else { throw JobFailure.refused("kind, key or attempts") }
        let text = try Self.encode(payload)
        let (id, now) = (Identifier(), Timestamp.now)
        let added = try transaction.first(
            """
            insert into jobs (id, kind, key, payload, state, priority, attempts, max_attempts,
                run_after, created_at, updated_at)
            values (\(id), \(kind), \(key), \(text), \(JobState.queued), \(priority), \(0),
                \(maxAttempts), \(runAfter ?? now), \(now), \(now))
            on conflict (kind, key) where state in ('queued', 'running') do nothing
            returning id
            """
        ) { row in try row.get(0, as: Identifier.self) }
        guard added == nil else {
            transaction.afterCommit { self.changed(id) }
            return id
        }
        let active = try transaction.value(
            """
            select id from jobs where kind = \(kind) and key = \(key)
                and state in ('queued', 'running')
            """, as: Identifier.self)
        guard let active else { throw DatabaseError.busy }
        return active
    }

    /// Queues work in a transaction of its own; durable when this returns.
    @discardableResult
    public func enqueue(
        kind: String, payload: some Encodable & Sendable, key: String? = nil, priority: Int = 0,
        runAfter: Timestamp? = nil, maxAttempts: Int = 5
    ) async throws -> Identifier {
        try await database.write { transaction in
            try self.enqueue(
                kind: kind, payload: payload, key: key, priority: priority, runAfter: runAfter,
                maxAttempts: maxAttempts, in: transaction)
        }
    }

    /// The job as it stands; nil when there is none, or it ended long ago.
    public func job(_ id: Identifier) async throws -> Job? {
        let store = store
        return try await database.read { reader in try store.job(id, in: reader) }
    }

    /// The newest jobs, optionally of one kind or state, before `cursor`.
    public func list(
        kind: String? = nil, state: JobState? = nil, before cursor: Identifier? = nil,
        limit: Int = 50
    ) async throws -> [Job] {
        var conditions: [SQL] = ["1 = 1"]
        if let kind { conditions.append("kind = \(kind)") }
        if let state { conditions.append("state = \(state)") }
        if let cursor { conditions.append("id < \(cursor)") }
        let filter = conditions.joined(separator: " and ")
        let limit = min(max(limit, 1), 200)
        return try await database.read { reader in
            try reader.query(
                """
                select \(sql: Job.columns) from jobs where \(sql: filter)
                order by id desc limit \(limit)
                """
            ) { row in try Job(row) }
        }
    }

    /// Asks a job to stop: a queued one is over at once, the handler of a running one is
    /// cancelled, on whatever node it is.
    ///
    /// - Returns: Whether there was something to stop.
    @discardableResult
    public func cancel(_ id: Identifier) async throws -> Bool {
        let found = try await database.write { transaction in
            try transaction.execute(
                """
                update jobs set cancel_requested = 1, updated_at = \(Timestamp.now),
                    state = case when state = 'queued' then 'cancelled' else state end
                where id = \(id) and state in ('queued', 'running')
                """) == 1
        }
        if found {
            stopHandler(id) { $0.isCancelled = true }
            observe(id)
        }
        return found
    }

    /// What the queue did on this node since it started.
    public var counts: JobCounts {
        state.withLock { state in
            var counts = state.counts
            counts.running = state.running.count
            return counts
        }
    }

    /// Tells the observer and looks at the queue.
    func changed(_ id: Identifier) {
        observe(id)
        signal.raise()
    }

    func tell(_ id: Identifier) { observe(id) }

    /// Cancels a handler of this node, remembering why.
    func stopHandler(_ id: Identifier, _ why: (inout Running) -> Void) {
        let running = state.withLock { state -> Running? in
            guard var running = state.running[id] else { return nil }
            why(&running)
            state.running[id] = running
            return running
        }
        running?.context.markCancelled()
        running?.task?.cancel()
    }
}

/// What the queue did on this node.
public struct JobCounts: Equatable, Sendable {
    public var running = 0
    public var done = 0
    public var failed = 0
    public var retried = 0
    public var cancelled = 0
    /// Taken back from a process that died.
    public var reclaimed = 0
    /// Leases that went to somebody else while the handler ran.
    public var lost = 0
}
