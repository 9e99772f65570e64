import Base
import Database
import Synchronization
import Testing

@testable import Jobs

/// A queue with a way to wait for what happens in it.
struct Bench: Sendable {
    let database: Database
    let jobs: Jobs
    private let events: AsyncStream<Identifier>

    init(
        folder: TemporaryFolder, node: String = "node", lease: Duration = .seconds(30)
    ) throws {
        database = try Database.open(
            path: folder.file("jobs.db"), migrations: Jobs.migrations, readers: 1)
        var settings = JobSettings()
        settings.lease = lease
        settings.pulse = .milliseconds(20)
        settings.poll = .milliseconds(50)
        settings.backoff = .milliseconds(2)
        let (events, told) = AsyncStream.makeStream(of: Identifier.self)
        self.events = events
        jobs = Jobs(database: database, node: NodeIdentity(name: node), settings: settings) { id in
            told.yield(id)
        }
    }

    /// Waits until the job is as `condition` wants.
    func wait(
        for id: Identifier, until condition: (Job) -> Bool
    ) async throws -> Job {
        var looked = try await jobs.job(id)
        if let job = looked, condition(job) { return job }
        for await _ in events {
            looked = try await jobs.job(id)
            if let job = looked, condition(job) { return job }
        }
        throw CancellationError()
    }

    func wait(for id: Identifier, _ state: JobState) async throws -> Job {
        try await wait(for: id) { $0.state == state }
    }
}

struct Work: Codable, Equatable, Sendable {
    var film = "a"
    var size = 1
}

/// Passes once it is opened.
actor Gate {
    private var isOpen = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func open() {
        isOpen = true
        for continuation in waiting { continuation.resume() }
        waiting = []
    }

    func pass() async {
        if isOpen { return }
        await withCheckedContinuation { waiting.append($0) }
    }
}

@Suite("Jobs", .timeLimit(.minutes(1))) struct JobsTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test("a job runs once, with its payload, and ends with progress 1")
    func runs() async throws {
        let bench = try Bench(folder: folder)
        let seen = Mutex<[Work]>([])
        bench.jobs.run(kind: "film", concurrency: 2) { context in
            let work = try context.payload(as: Work.self)
            context.report(progress: 0.5, detail: "half")
            seen.withLock { $0.append(work) }
        }
        try await bench.jobs.start()
        let id = try await bench.jobs.enqueue(kind: "film", payload: Work(film: "b", size: 7))
        let job = try await bench.wait(for: id, .done)
        #expect(job.progress == 1)
        #expect(job.detail == "half")
        #expect(job.attempts == 1)
        await bench.jobs.stop()
        #expect(seen.withLock { $0 } == [Work(film: "b", size: 7)])
        #expect(bench.jobs.counts.done == 1)
    }

    @Test("what is worth it is tried again, with its checkpoint; what is not fails at once")
    func failures() async throws {
        let bench = try Bench(folder: folder)
        bench.jobs.run(kind: "shaky", concurrency: 1) { context in
            let reached = context.checkpoint(as: Int.self) ?? 0
            guard reached < 3 else { return }
            try await context.saveCheckpoint(reached + 1)
            throw JobFailure.retryable("not yet")
        }
        bench.jobs.run(kind: "bad", concurrency: 1) { _ in throw JobFailure.permanent("no film") }
        bench.jobs.run(kind: "hopeless", concurrency: 1) { _ in throw JobFailure.retryable("x") }
        bench.jobs.run(kind: "typed", concurrency: 1) { context in
            _ = try context.payload(as: [Int].self)
        }
        try await bench.jobs.start()
        // Two tries at most, but each moves on, so it gets through.
        let shaky = try await bench.jobs.enqueue(kind: "shaky", payload: Work(), maxAttempts: 2)
        #expect(try await bench.wait(for: shaky, .done).error == nil)
        let bad = try await bench.jobs.enqueue(kind: "bad", payload: Work())
        let failed = try await bench.wait(for: bad, .failed)
        #expect(failed.error == "no film")
        #expect(failed.attempts == 1)
        let hopeless = try await bench.jobs.enqueue(
            kind: "hopeless", payload: Work(), maxAttempts: 3)
        #expect(try await bench.wait(for: hopeless, .failed).attempts == 3)
        let typed = try await bench.jobs.enqueue(kind: "typed", payload: Work())
        #expect(try await bench.wait(for: typed, .failed).attempts == 1)
        await bench.jobs.stop()
    }

    @Test("of one key only one is active, however many ask at once")
    func keys() async throws {
        let bench = try Bench(folder: folder)
        let ids = try await withThrowingTaskGroup(of: Identifier.self) { group in
            for _ in 0..<40 {
                group.addTask {
                    try await bench.jobs.enqueue(kind: "film", payload: Work(), key: "video-1")
                }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(ids.count == 1)
        let id = try #require(ids.first)
        let other = try await bench.jobs.enqueue(kind: "other", payload: Work(), key: "video-1")
        #expect(other != id)
        bench.jobs.run(kind: "film", concurrency: 1) { _ in }
        try await bench.jobs.start()
        _ = try await bench.wait(for: id, .done)
        let next = try await bench.jobs.enqueue(kind: "film", payload: Work(), key: "video-1")
        #expect(next != id)
        await bench.jobs.stop()
    }

    @Test("a job of a transaction that fails was never queued")
    func transactional() async throws {
        struct Refused: Error {}
        let bench = try Bench(folder: folder)
        let jobs = bench.jobs
        await #expect(throws: Refused.self) {
            try await bench.database.write { transaction in
                try jobs.enqueue(kind: "film", payload: Work(), in: transaction)
                throw Refused()
            }
        }
        #expect(try await jobs.list().isEmpty)
    }

    @Test("no more run at once than allowed, and all that are allowed do")
    func concurrency() async throws {
        let bench = try Bench(folder: folder)
        let flight = Mutex((now: 0, most: 0))
        let gate = Gate()
        bench.jobs.run(kind: "film", concurrency: 3) { _ in
            let count = flight.withLock { flight in
                flight.now += 1
                flight.most = max(flight.most, flight.now)
                return flight.now
            }
            if count == 3 { await gate.open() }
            await gate.pass()
            flight.withLock { $0.now -= 1 }
        }
        try await bench.jobs.start()
        var ids: [Identifier] = []
        for number in 0..<20 {
            ids.append(
                try await bench.jobs.enqueue(kind: "film", payload: Work(size: number)))
        }
        for id in ids { _ = try await bench.wait(for: id, .done) }
        await bench.jobs.stop()
        #expect(flight.withLock { $0.most } == 3)
        #expect(bench.jobs.counts.done == 20)
    }

    @Test("urgent goes first, then in the order of asking; not before its time")
    func order() async throws {
        let bench = try Bench(folder: folder)
        let order = Mutex<[Int]>([])
        var last = Identifier()
        for (size, priority) in [(1, 0), (2, 0), (3, 5), (4, -1)] {
            last = try await bench.jobs.enqueue(
                kind: "film", payload: Work(size: size), priority: priority)
        }
        let later = try await bench.jobs.enqueue(
            kind: "film", payload: Work(size: 9), priority: 9,
            runAfter: .now + .seconds(3_600))
        bench.jobs.run(kind: "film", concurrency: 1) { context in
            let size = try context.payload(as: Work.self).size
            order.withLock { $0.append(size) }
        }
        try await bench.jobs.start()
        _ = try await bench.wait(for: last, .done)
        await bench.jobs.stop()
        #expect(order.withLock { $0 } == [3, 1, 2, 4])
        #expect(try await bench.jobs.job(later)?.state == .queued)
    }

    @Test("cancelling ends a queued job at once and stops the handler of a running one")
    func cancelling() async throws {
        let bench = try Bench(folder: folder)
        let queued = try await bench.jobs.enqueue(kind: "film", payload: Work())
        #expect(try await bench.jobs.cancel(queued))
        #expect(try await bench.jobs.job(queued)?.state == .cancelled)
        #expect(try await !bench.jobs.cancel(queued))
        #expect(try await !bench.jobs.cancel(Identifier()))

        let started = Gate()
        bench.jobs.run(kind: "film", concurrency: 1) { context in
            await started.open()
            while !context.isCancelled { try await Task.sleep(for: .seconds(60)) }
        }
        try await bench.jobs.start()
        let running = try await bench.jobs.enqueue(kind: "film", payload: Work())
        await started.pass()
        _ = try await bench.wait(for: running, .running)
        #expect(try await bench.jobs.cancel(running))
        _ = try await bench.wait(for: running, .cancelled)
        await bench.jobs.stop()
        #expect(bench.jobs.counts.cancelled == 1)
    }

    @Test("a stopped queue gives its jobs back, and the try does not count")
    func stopping() async throws {
        let bench = try Bench(folder: folder)
        let started = Gate()
        bench.jobs.run(kind: "film", concurrency: 1) { _ in
            await started.open()
            try await Task.sleep(for: .seconds(60))
        }
        try await bench.jobs.start()
        let id = try await bench.jobs.enqueue(kind: "film", payload: Work())
        await started.pass()
        await bench.jobs.stop()
        let job = try #require(try await bench.jobs.job(id))
        #expect(job.state == .queued)
        #expect(job.attempts == 0)
    }

    @Test("the same node takes up its jobs at once; the old holder is told that it lost them")
    func restart() async throws {
        let old = try Bench(folder: folder)
        let (started, resumed, told) = (Gate(), Gate(), Gate())
        let lost = Mutex<JobFailure?>(nil)
        old.jobs.run(kind: "film", concurrency: 1) { context in
            try await context.saveCheckpoint(["segments": 4])
            await started.open()
            await resumed.pass()
            do {
                try await context.saveCheckpoint(["segments": 5])
            } catch {
                lost.withLock { $0 = error as? JobFailure }
                await told.open()
                throw error
            }
        }
        try await old.jobs.start()
        let id = try await old.jobs.enqueue(kind: "film", payload: Work())
        await started.pass()

        let new = try Bench(folder: folder)
        let found = Mutex<[String: Int]?>(nil)
        new.jobs.run(kind: "film", concurrency: 1) { context in
            found.withLock { $0 = context.checkpoint() }
        }
        try await new.jobs.start()
        _ = try await new.wait(for: id, .done)
        #expect(found.withLock { $0 } == ["segments": 4])
        await resumed.open()
        await told.pass()
        await old.jobs.stop()
        #expect(lost.withLock { $0 } == .lost)
        #expect(try await new.jobs.job(id)?.state == .done)
        #expect(new.jobs.counts.reclaimed == 1)
        await new.jobs.stop()
    }

    @Test("another node takes a job only when the lease of the silent one has run out")
    func expiry() async throws {
        let silent = try Bench(folder: folder, node: "silent", lease: .milliseconds(300))
        let (started, never) = (Gate(), Gate())
        silent.jobs.run(kind: "film", concurrency: 1) { _ in
            await started.open()
            await never.pass()
        }
        try await silent.jobs.start()
        let id = try await silent.jobs.enqueue(kind: "film", payload: Work())
        await started.pass()
        let other = try Bench(folder: folder, node: "other", lease: .milliseconds(300))
        other.jobs.run(kind: "film", concurrency: 1) { _ in }
        try await other.jobs.start()
        #expect(try await other.jobs.job(id)?.state == .running)
        silent.database.close()
        let job = try await other.wait(for: id, .done)
        #expect(job.attempts == 2)
        await other.jobs.stop()
        await never.open()
        await silent.jobs.stop()
    }

    @Test("a job that takes its holder down each time fails in the end")
    func poison() async throws {
        let database = try Database.open(
            path: folder.file("jobs.db"), migrations: Jobs.migrations, readers: 1)
        let bench = try Bench(folder: folder)
        let id = try await bench.jobs.enqueue(kind: "film", payload: Work(), maxAttempts: 2)
        for _ in 0..<2 {
            let dead = JobStore(node: "node")
            let claimed = try await database.write { transaction in
                try dead.claim(
                    kind: "film", atMost: 5, lease: .seconds(30), in: transaction
                ).map(\.id)
            }
            #expect(claimed == [id])
            let heir = JobStore(node: "node")
            let reclaimed = try await database.write { try heir.reclaimOwn(in: $0) }
            #expect(reclaimed == 1)
        }
        #expect(try await bench.jobs.job(id)?.state == .failed)
        // A node whose name begins alike keeps its own.
        let (long, short) = (JobStore(node: "node-1"), JobStore(node: "node"))
        try await bench.jobs.enqueue(kind: "film", payload: Work())
        _ = try await database.write { transaction in
            try long.claim(
                kind: "film", atMost: 1, lease: .seconds(30), in: transaction
            ).count
        }
        #expect(try await database.write { try short.reclaimOwn(in: $0) } == 0)
    }

    @Test("a result and the end of its job are kept together")
    func completing() async throws {
        let bench = try Bench(folder: folder)
        let database = bench.database
        try await database.write { try $0.execute("create table results (id text primary key)") }
        let checked = Gate()
        bench.jobs.run(kind: "film", concurrency: 1) { context in
            try await database.write { transaction in
                try transaction.execute("insert into results values (\(context.id))")
                try context.complete(in: transaction)
            }
            await #expect(throws: JobFailure.lost) {
                try await database.write { try context.complete(in: $0) }
            }
            await checked.open()
        }
        try await bench.jobs.start()
        let id = try await bench.jobs.enqueue(kind: "film", payload: Work())
        _ = try await bench.wait(for: id, .done)
        await checked.pass()
        await bench.jobs.stop()
        let count = try await database.read { try $0.value("select count(*) from results") ?? 0 }
        #expect(count == 1)
    }

    @Test("limits of what can be queued")
    func limits() async throws {
        let bench = try Bench(folder: folder)
        let long = String(repeating: "x", count: 2 << 20)
        for enqueue: @Sendable () async throws -> Void in [
            { try await bench.jobs.enqueue(kind: "", payload: Work()) },
            { try await bench.jobs.enqueue(kind: "film", payload: Work(film: long)) },
            { try await bench.jobs.enqueue(kind: "film", payload: Work(), maxAttempts: 0) },
            { try await bench.jobs.enqueue(kind: "film", payload: Work(), key: long) },
        ] {
            let error = await #expect(throws: JobFailure.self) { try await enqueue() }
            guard case .refused = error else {
                Issue.record("not refused: \(String(describing: error))")
                continue
            }
        }
        #expect(String(repeating: "é", count: 3_000).clipped.utf8.count == 2_000)
    }

    @Test("waits double, are capped, and differ")
    func backoff() {
        let settings = JobSettings()
        #expect(settings.wait(afterAttempt: 1, random: 1) == .seconds(2))
        #expect(settings.wait(afterAttempt: 4, random: 1) == .seconds(16))
        #expect(settings.wait(afterAttempt: 4, random: 0) == .seconds(8))
        #expect(settings.wait(afterAttempt: 500, random: 1) == .seconds(600))
        #expect(settings.wait(afterAttempt: -3, random: 0) == .seconds(1))
    }

    @Test("a node keeps its name")
    func node() throws {
        let first = try NodeIdentity.load(directory: folder.path)
        #expect(try NodeIdentity.load(directory: folder.path) == first)
        #expect(throws: Errno.notFound) {
            try NodeIdentity.load(directory: folder.file("nowhere"))
        }
    }
}
