internal import Base
internal import Database

/// What a node took from the queue.
struct ClaimedJob: Sendable {
    let id: Identifier
    let kind: String
    let attempt: Int
    let maxAttempts: Int
    let payload: String
    let checkpoint: String?
}

/// The statements of the queue. Whoever holds a lease is named by `owner`, which is the node and
/// its incarnation; a change that needs the lease changes nothing once it is lost.
struct JobStore: Sendable {
    let node: String
    let owner: String

    init(node: String) {
        self.node = node
        owner = "\(node):\(Identifier())"
    }

    /// Takes the next jobs of `kind`, most urgent first.
    func claim(
        kind: String, atMost count: Int, lease: Duration, in transaction: Transaction
    ) throws -> [ClaimedJob] {
        let now = Timestamp.now
        return try transaction.query(
            """
            update jobs set state = \(JobState.running), attempts = attempts + 1,
                lease_owner = \(owner), lease_until = \(now + lease), updated_at = \(now)
            where state = 'queued' and id in (
                select id from jobs
                where kind = \(kind) and state = 'queued' and run_after <= \(now)
                order by priority desc, run_after, id limit \(count))
            returning id, kind, attempts, max_attempts, payload, checkpoint
            """
        ) { row in
            ClaimedJob(
                id: try row.get(0), kind: try row.get(1), attempt: try row.get(2),
                maxAttempts: try row.get(3), payload: try row.get(4), checkpoint: try row.get(5))
        }
    }

    /// When the first queued job of `kind` wants to run; nil when none is queued.
    func nextTime(kind: String, in reader: Reader) throws -> Timestamp? {
        try reader.value(
            "select min(run_after) from jobs where state = 'queued' and kind = \(kind)",
            as: Timestamp?.self) ?? nil
    }

    /// Leases that ran out. Those of the jobs `held`, which run here at this moment, do not
    /// count: their renewal is late, not their work.
    private func expired(except held: [Identifier]) -> SQL {
        let late: SQL = "state = 'running' and lease_until < \(Timestamp.now)"
        guard !held.isEmpty else { return late }
        return late + " and not (lease_owner = \(owner) and id in \(list: held))"
    }

    /// Whether a lease ran out.
    func hasExpired(except held: [Identifier], in reader: Reader) throws -> Bool {
        try reader.value(
            "select 1 from jobs where \(sql: expired(except: held)) limit 1", as: Int.self) != nil
    }

    /// Frees the jobs of nodes that fell silent.
    func reclaimExpired(
        except held: [Identifier], in transaction: Transaction
    ) throws -> Int {
        try reclaim(expired(except: held), in: transaction)
    }

    /// Frees at once what an earlier life of this node held.
    func reclaimOwn(in transaction: Transaction) throws -> Int {
        // Compared by length and prefix: a node's name is never a pattern.
        let prefix = node + ":"
        let own: SQL = """
            state = 'running' and lease_owner <> \(owner)
                and substr(lease_owner, 1, \(prefix.unicodeScalars.count)) = \(prefix)
            """
        return try reclaim(own, in: transaction)
    }

    /// A job whose holder died goes back to the queue, unless it was to be cancelled or has used
    /// up its tries: then it was likely the job that killed its holder.
    private func reclaim(_ which: SQL, in transaction: Transaction) throws -> Int {
        let now = Timestamp.now
        return try transaction.execute(
            """
            update jobs set
                state = case when cancel_requested <> 0 then 'cancelled'
                    when attempts >= max_attempts then 'failed' else 'queued' end,
                error = case when cancel_requested <> 0 then error
                    else 'the worker was lost' end,
                run_after = \(now), lease_owner = null, lease_until = null, updated_at = \(now)
            where \(sql: which)
            """)
    }

    /// Renews the lease; nil when it is lost, else whether somebody asked to cancel.
    func renew(
        _ id: Identifier, until: Timestamp, in transaction: Transaction
    ) throws -> Bool? {
        try transaction.first(
            """
            update jobs set lease_until = \(until)
            where id = \(id) and state = 'running' and lease_owner = \(owner)
            returning cancel_requested
            """
        ) { row in try row.get(0, as: Bool.self) }
    }

    func saveProgress(
        _ id: Identifier, _ progress: Double, _ detail: String?, in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            update jobs set progress = \(progress), detail = \(detail),
                updated_at = \(Timestamp.now)
            where id = \(id) and state = 'running' and lease_owner = \(owner)
            """)
    }

    /// Keeps where the job got to. A checkpoint that moved on gives it all its tries again.
    ///
    /// - Returns: The tries that now count.
    func saveCheckpoint(
        _ id: Identifier, _ checkpoint: String, in transaction: Transaction
    ) throws -> Int {
        let attempts = try transaction.first(
            """
            update jobs set
                attempts = case when checkpoint = \(checkpoint) then attempts else 1 end,
                checkpoint = \(checkpoint), updated_at = \(Timestamp.now)
            where id = \(id) and state = 'running' and lease_owner = \(owner)
            returning attempts
            """
        ) { row in try row.get(0, as: Int.self) }
        guard let attempts else { throw JobFailure.lost }
        return attempts
    }

    /// Ends the holding of a job. Returns false when the lease was lost before.
    func end(_ id: Identifier, _ end: JobEnd, in transaction: Transaction) throws -> Bool {
        let now = Timestamp.now
        let change: SQL =
            switch end {
            case .done: "state = 'done', progress = 1.0, error = null"
            case .failed(let why): "state = 'failed', error = \(why.clipped)"
            case .cancelled: "state = 'cancelled'"
            case .retry(let why, let wait):
                "state = 'queued', error = \(why.clipped), run_after = \(now + wait)"
            case .released: "state = 'queued', attempts = attempts - 1, run_after = \(now)"
            }
        return try transaction.execute(
            """
            update jobs set \(sql: change), lease_owner = null, lease_until = null,
                updated_at = \(now)
            where id = \(id) and state = 'running' and lease_owner = \(owner)
            """) == 1
    }

    func job(_ id: Identifier, in reader: Reader) throws -> Job? {
        try reader.first("select \(sql: Job.columns) from jobs where id = \(id)") { row in
            try Job(row)
        }
    }

    /// Forgets jobs that ended before `moment`, at most a thousand at once.
    func prune(endedBefore moment: Timestamp, in transaction: Transaction) throws -> Int {
        try transaction.execute(
            """
            delete from jobs where id in (
                select id from jobs where state in ('done', 'failed', 'cancelled')
                    and updated_at < \(moment) limit 1000)
            """)
    }
}

/// How a try ended.
enum JobEnd: Equatable, Sendable {
    case done
    case failed(String)
    case cancelled
    case retry(String, after: Duration)
    /// The node stops: the job waits for the next one, and the try does not count.
    case released
}
