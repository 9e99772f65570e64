internal import Base
internal import Database
internal import Synchronization

extension Jobs {
    /// Lets this node work on jobs of `kind`, `concurrency` at once. Call before ``start()``.
    ///
    /// - Parameter spawn: Where the handlers run; by default on the shared pool.
    public func run(
        kind: String, concurrency: Int, spawn: @escaping Spawn = { body in Task { await body() } },
        handler: @escaping Handler
    ) {
        let kindOfWork = Kind(concurrency: max(1, concurrency), spawn: spawn, handler: handler)
        state.withLock { $0.kinds[kind] = kindOfWork }
        signal.raise()
    }

    /// Takes up what an earlier life of this node left, and begins to work.
    public func start() async throws {
        let store = store
        let reclaimed = try await database.write { transaction in
            try store.reclaimOwn(in: transaction)
        }
        if reclaimed > 0 { Log.info("jobs taken up again", ["count": "\(reclaimed)"]) }
        state.withLock { state in
            state.counts.reclaimed += reclaimed
            guard state.loop == nil, !state.isStopping else { return }
            state.renewAfter = .now + settings.lease / 3
            state.loop = Task { await self.loop() }
        }
    }

    /// Cancels the handlers, gives their jobs back to the queue and waits until all is kept.
    public func stop() async {
        let (loop, running) = state.withLock { state in
            state.isStopping = true
            return (state.loop, Array(state.running.values))
        }
        signal.raise()
        for running in running {
            running.context.markCancelled()
            running.task?.cancel()
        }
        await loop?.value
        // The loop may have started some more before it saw the end.
        let late = state.withLock { Array($0.running.values) }
        for running in late {
            running.context.markCancelled()
            running.task?.cancel()
            await running.task?.value
        }
    }

    private func loop() async {
        var isFirst = true
        while !state.withLock({ $0.isStopping }) {
            var pause = settings.poll
            do {
                if !isFirst { try await pulse() }
                isFirst = false
                pause = try await fill()
            } catch {
                // The database is busy, full or failing: the jobs are safe there, so go on trying.
                Log.warning("the job queue cannot be read", ["why": "\(error)"])
            }
            if state.withLock({ !$0.running.isEmpty }) { pause = min(pause, settings.pulse) }
            await signal.wait(atMost: pause)
        }
    }

    /// Starts as many jobs as there is room for; returns how long nothing is due.
    private func fill() async throws -> Duration {
        let (room, held) = state.withLock { state in
            let room = state.kinds.mapValues { $0.concurrency }.merging(
                Dictionary(grouping: state.running.values) { $0.context.kind }
                    .mapValues { -$0.count }
            ) { $0 + $1 }
            return (room, Array(state.running.keys))
        }
        let (store, lease) = (store, settings.lease)
        let kinds = room.keys.filter { (room[$0] ?? 0) > 0 }
        let (next, hasExpired) = try await database.read { reader in
            (
                try kinds.compactMap { try store.nextTime(kind: $0, in: reader) }.min(),
                try store.hasExpired(except: held, in: reader)
            )
        }
        let isDue = next.map { $0 <= Timestamp.now } ?? false
        if isDue || hasExpired {
            let (claimed, reclaimed) = try await database.write { transaction in
                let reclaimed =
                    hasExpired ? try store.reclaimExpired(except: held, in: transaction) : 0
                let claimed = try kinds.flatMap { kind in
                    try store.claim(
                        kind: kind, atMost: min(room[kind] ?? 0, 64), lease: lease,
                        in: transaction)
                }
                return (claimed, reclaimed)
            }
            state.withLock { $0.counts.reclaimed += reclaimed }
            for job in claimed { begin(job) }
            // More may be due than one look takes.
            return claimed.isEmpty ? settings.poll : .zero
        }
        guard let next else { return settings.poll }
        return min(settings.poll, max(.milliseconds(1), next - Timestamp.now))
    }

    private func begin(_ job: ClaimedJob) {
        let context = JobContext(job, database: database, store: store)
        let kind = state.withLock { state -> Kind? in
            state.running[job.id] = Running(context: context)
            return state.kinds[job.kind]
        }
        guard let kind else { return }
        let task = kind.spawn {
            let failure: (any Error)?
            do {
                try await kind.handler(context)
                failure = nil
            } catch {
                failure = error
            }
            await self.finish(job, context, failure)
        }
        let mustStop = state.withLock { state in
            state.running[job.id]?.task = task
            return state.isStopping || state.running[job.id]?.isCancelled == true
        }
        if mustStop { task.cancel() }
        tell(job.id)
    }

    /// Writes down how a try ended, and frees its place.
    private func finish(
        _ job: ClaimedJob, _ context: JobContext, _ failure: (any Error)?
    ) async {
        let end = state.withLock { state in
            self.end(job, failure, state.running[job.id], isStopping: state.isStopping)
        }
        if let end, !context.hasEnded {
            await keep(end, of: job, context)
        }
        state.withLock { state in
            let wasLost = state.running.removeValue(forKey: job.id)?.isLost ?? false
            switch wasLost ? nil : end {
            case nil: state.counts.lost += 1
            case .done: state.counts.done += 1
            case .failed: state.counts.failed += 1
            case .cancelled: state.counts.cancelled += 1
            case .retry: state.counts.retried += 1
            case .released: break
            }
        }
        changed(job.id)
    }

    /// What a handler's end means; nil when the job is no longer ours.
    private func end(
        _ job: ClaimedJob, _ failure: (any Error)?, _ running: Running?, isStopping: Bool
    ) -> JobEnd? {
        guard let failure else { return .done }
        if running?.isLost == true { return nil }
        if running?.isCancelled == true { return .cancelled }
        let why: String
        switch failure {
        case JobFailure.lost: return nil
        case JobFailure.permanent(let reason), JobFailure.refused(let reason):
            return .failed(reason)
        case JobFailure.retryable(let reason): why = reason
        case is CancellationError where isStopping: return .released
        default: why = "\(failure)"
        }
        if isStopping { return .released }
        let attempts = running?.context.countedAttempts ?? job.attempt
        guard attempts < job.maxAttempts else { return .failed(why) }
        let wait = settings.wait(
            afterAttempt: attempts, random: Double.random(in: 0..<1))
        return .retry(why, after: wait)
    }

    /// Keeps an end; while the database refuses, tries again, since the work is done. Gives up
    /// when the lease must have run out: then the job is taken up anew.
    private func keep(_ end: JobEnd, of job: ClaimedJob, _ context: JobContext) async {
        let store = store
        let progress = context.takeProgress()
        let deadline = ContinuousClock.now + settings.lease
        while true {
            do {
                _ = try await database.detachedWrite { transaction in
                    if let progress {
                        try store.saveProgress(
                            job.id, progress.progress, progress.detail, in: transaction)
                    }
                    return try store.end(job.id, end, in: transaction)
                }
                return
            } catch {
                Log.warning(
                    "the end of a job cannot be kept", ["job": "\(job.id)", "why": "\(error)"])
                guard error as? DatabaseError != .closed, ContinuousClock.now < deadline else {
                    return
                }
                await Task { try? await Task.sleep(for: .milliseconds(500)) }.value
            }
        }
    }

    /// Writes down progress, renews leases when it is time, and learns of cancellations.
    private func pulse() async throws {
        let (contexts, isTimeToRenew) = state.withLock { state in
            let isTime = ContinuousClock.now >= state.renewAfter
            if isTime { state.renewAfter = .now + settings.lease / 3 }
            return (state.running.values.map(\.context), isTime)
        }
        let reports = contexts.compactMap { context in
            context.takeProgress().map { (id: context.id, report: $0) }
        }
        try await prune()
        guard !reports.isEmpty || isTimeToRenew && !contexts.isEmpty else { return }
        let (store, until) = (store, Timestamp.now + settings.lease)
        let ids = isTimeToRenew ? contexts.map(\.id) : []
        let asked = try await database.write { transaction in
            for (id, report) in reports {
                try store.saveProgress(id, report.progress, report.detail, in: transaction)
            }
            return try ids.map { id in
                (id: id, isCancelled: try store.renew(id, until: until, in: transaction))
            }
        }
        for (id, isCancelled) in asked {
            switch isCancelled {
            case nil: stopHandler(id) { $0.isLost = true }
            case true?: stopHandler(id) { $0.isCancelled = true }
            case false?: continue
            }
        }
        for (id, _) in reports { tell(id) }
    }

    private func prune() async throws {
        let isTime = state.withLock { state in
            guard ContinuousClock.now >= state.pruneAfter else { return false }
            state.pruneAfter = .now + .seconds(3_600)
            return true
        }
        guard isTime else { return }
        let store = store
        let moment = Timestamp.now + (.zero - settings.retention)
        try await database.write { transaction in
            _ = try store.prune(endedBefore: moment, in: transaction)
        }
    }
}
