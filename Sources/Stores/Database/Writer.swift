internal import Base
internal import Synchronization

/// One queued write: tried within a group, finished once the group is on disk or lost.
struct PendingWrite: Sendable {
    /// Runs the body; what it throws stays with the write and rolls back its own part only.
    let attempt: @Sendable (Transaction) throws -> Void
    /// Resumes the caller: nil once the write is durable, else why it is not.
    let finish: @Sendable ((any Error)?) -> Void
}

/// The one thread that writes. Whatever waits when it is free goes into one commit, so the price
/// of reaching the disk is shared.
struct Writer {
    let connection: Connection
    let queue: BlockingQueue<PendingWrite>
    let counters: DatabaseCounters
    private static let groupMax = 128

    func run() {
        while let group = queue.take(atMost: Self.groupMax) {
            commit(group)
        }
    }

    private func commit(_ group: [PendingWrite]) {
        var outcomes = [(any Error)?](repeating: nil, count: group.count)
        var followUps: [@Sendable () -> Void] = []
        do {
            try connection.run("begin immediate")
            for (index, write) in group.enumerated() {
                outcomes[index] = try attempt(write, &followUps)
            }
            try connection.run("commit")
            counters.commits.add(1, ordering: .relaxed)
        } catch {
            // The disk refused, or SQLite ended the transaction: no body of the group was kept.
            rollBack()
            followUps = []
            for index in outcomes.indices where outcomes[index] == nil {
                outcomes[index] = error
            }
        }
        for action in followUps { action() }
        for (write, outcome) in zip(group, outcomes) {
            write.finish(outcome)
        }
    }

    private func rollBack() {
        guard !connection.isIdle else { return }
        do throws(DatabaseError) {
            try connection.run("rollback")
        } catch {
            // The next group cannot begin then and is told so; nothing is acknowledged wrongly.
            Log.error("the database cannot roll back", ["why": "\(error)"])
        }
    }

    /// Runs one body in a savepoint of its own. Returns what the body threw; throws when the
    /// whole group is lost.
    private func attempt(
        _ write: PendingWrite, _ followUps: inout [@Sendable () -> Void]
    ) throws(DatabaseError) -> (any Error)? {
        try connection.run("savepoint one")
        let transaction = Transaction(connection)
        defer { transaction.invalidate() }
        var failure: (any Error)?
        do {
            try write.attempt(transaction)
            if connection.hasBrokenReferences {
                failure = DatabaseError.constraint(.foreignKey)
            }
        } catch {
            failure = error
        }
        if connection.isIdle {
            throw failure as? DatabaseError ?? .inputOutput("the transaction was ended early")
        }
        if failure == nil {
            followUps += transaction.followUps
        } else {
            try connection.run("rollback to one")
        }
        try connection.run("release one")
        return failure
    }
}
