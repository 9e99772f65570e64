internal import Base
internal import Synchronization

/// What the database did since it was opened.
public struct DatabaseCounts: Equatable, Sendable {
    /// Groups of writes that reached the disk.
    public var commits = 0
    /// Writes that were acknowledged.
    public var writes = 0
    /// Reads that were answered.
    public var reads = 0
    /// Requests that were refused because too many were waiting.
    public var refused = 0
}

final class DatabaseCounters: Sendable {
    let commits = Atomic<Int>(0)
    let writes = Atomic<Int>(0)
    let reads = Atomic<Int>(0)
    let refused = Atomic<Int>(0)
}

/// A SQLite database: one thread writes and groups commits, several threads read.
///
/// A write is acknowledged, that is its `await` returns, only once it is on disk. Callers never
/// block: they wait as tasks and go on where they were.
public final class Database: Sendable {
    private let counters: DatabaseCounters
    let path: String
    private let writes: BlockingQueue<PendingWrite>
    private let reads: BlockingQueue<PendingRead>
    private let threads: [Thread]
    private let isClosed = Atomic<Bool>(false)

    private static let waitingMax = 8_192

    /// Opens the database at `path`, made when it is missing, and brings its schema up to date.
    ///
    /// - Parameters:
    ///   - migrations: Every step this release knows, in any order.
    ///   - readers: The number of threads that read, 1...64.
    public static func open(
        path: String, migrations: [Migration], readers: Int = 4
    ) throws(DatabaseError) -> Database {
        guard !path.isEmpty, path.utf8.count < 4_096, !path.utf8.contains(0) else {
            throw .misuse("not a path")
        }
        guard (1...64).contains(readers) else { throw .misuse("readers must be 1 to 64") }
        let writer = try Connection(path: path, mode: .readWrite)
        try writer.migrate(migrations)
        var connections: [Connection] = []
        for _ in 0..<readers {
            connections.append(try Connection(path: path, mode: .readOnly))
        }
        return try Database(path: path, writer: writer, readers: connections)
    }

    private init(
        path: String, writer: Connection, readers: [Connection]
    ) throws(DatabaseError) {
        let counters = DatabaseCounters()
        let writes = BlockingQueue<PendingWrite>(limit: Self.waitingMax)
        let reads = BlockingQueue<PendingRead>(limit: Self.waitingMax)
        var threads: [Thread] = []
        do throws(Errno) {
            threads.append(
                try Thread {
                    Writer(connection: writer, queue: writes, counters: counters).run()
                })
            for connection in readers {
                threads.append(
                    try Thread {
                        while let next = reads.take(atMost: 1) {
                            for read in next { read.run(connection) }
                        }
                    })
            }
        } catch {
            writes.close()
            reads.close()
            for thread in threads { thread.join() }
            throw .inputOutput("no thread: \(error)")
        }
        self.path = path
        self.counters = counters
        self.writes = writes
        self.reads = reads
        self.threads = threads
    }

    deinit { close() }

    /// Reads within one snapshot, on a thread of the database.
    public func read<T: Sendable>(
        _ body: @escaping @Sendable (Reader) throws -> T
    ) async throws -> T {
        try Task.checkCancellation()
        let counters = counters
        return try await withCheckedThrowingContinuation { continuation in
            let read = PendingRead { connection in
                let result = Result { try connection.snapshot(body) }
                counters.reads.add(1, ordering: .relaxed)
                continuation.resume(with: result)
            }
            do throws(DatabaseError) {
                try put(read, in: reads)
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    /// Writes in one transaction, on the thread that writes, and returns once it is durable.
    ///
    /// What the body throws is thrown here and nothing of it is kept; other writes of the same
    /// commit are not touched. A write that was queued is done even if its task is cancelled.
    @discardableResult
    public func write<T: Sendable>(
        _ body: @escaping @Sendable (Transaction) throws -> T
    ) async throws -> T {
        try Task.checkCancellation()
        return try await detachedWrite(body)
    }

    /// As ``write(_:)``, but also from a task that was cancelled: to keep how it ended.
    @discardableResult
    public func detachedWrite<T: Sendable>(
        _ body: @escaping @Sendable (Transaction) throws -> T
    ) async throws -> T {
        let counters = counters
        let outcome = Outcome<T>()
        return try await withCheckedThrowingContinuation { continuation in
            let write = PendingWrite(
                attempt: { transaction in
                    let value = try body(transaction)
                    outcome.value.withLock { $0 = value }
                },
                finish: { failure in
                    if let failure {
                        continuation.resume(throwing: failure)
                    } else if let value = outcome.value.withLock({ $0 }) {
                        counters.writes.add(1, ordering: .relaxed)
                        continuation.resume(returning: value)
                    } else {
                        continuation.resume(throwing: DatabaseError.closed)
                    }
                })
            do throws(DatabaseError) {
                try put(write, in: writes)
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    private func put<Element>(
        _ element: Element, in queue: BlockingQueue<Element>
    ) throws(DatabaseError) {
        do throws(BlockingQueue<Element>.Refusal) {
            try queue.put(element)
        } catch {
            counters.refused.add(1, ordering: .relaxed)
            throw error == .full ? .busy : .closed
        }
    }

    /// What it did so far.
    public var counts: DatabaseCounts {
        DatabaseCounts(
            commits: counters.commits.load(ordering: .relaxed),
            writes: counters.writes.load(ordering: .relaxed),
            reads: counters.reads.load(ordering: .relaxed),
            refused: counters.refused.load(ordering: .relaxed))
    }

    /// Finishes what is queued, then closes the file. Blocks until done; calling again is nothing.
    public func close() {
        guard !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        writes.close()
        reads.close()
        for thread in threads { thread.join() }
    }
}

/// One queued read, which resumes its caller itself.
struct PendingRead: Sendable {
    let run: @Sendable (Connection) -> Void
}

/// What a body returned, kept until the group is on disk.
private final class Outcome<Value: Sendable>: Sendable {
    let value = Mutex<Value?>(nil)
}

extension Connection {
    /// Runs `body` in one read transaction.
    func snapshot<T>(_ body: (Reader) throws -> T) throws -> T {
        try run("begin")
        let reader = Reader(self)
        defer {
            reader.invalidate()
            // Ends a read: there is nothing that could fail to be kept.
            if !isIdle { try? run("rollback") }
        }
        return try body(reader)
    }
}
