import Base
import Database
import Glibc
import Jobs
import ObjectStore
import Ring

/// Writes records, objects, uploads and jobs below the folder of the first argument until it is
/// killed, and prints each acknowledgement on a line of its own as soon as it has it. The test
/// beside it kills it at any moment and checks what was acknowledged.
@main enum StoreFaultWriter {
    static let records = Migration(
        number: 900, name: "records",
        sql: "create table records (id text primary key, worker bigint not null)")

    static func main() async throws {
        guard CommandLine.arguments.count == 2 else {
            acknowledge("usage: store-fault-writer <folder>")
            return
        }
        let folder = CommandLine.arguments[1]
        let cores = try CoreGroup(count: 1, pinned: false)
        let core = cores.cores[0]
        let database = try Database.open(
            path: folder + "/faults.db", migrations: Jobs.migrations + [records], readers: 1)
        let jobs = Jobs(database: database, node: try NodeIdentity.load(directory: folder))
        let store = try await core.run {
            try await DiskStore.open(root: folder + "/store", minimumFreeBytes: 0)
        }
        jobs.run(kind: "steps", concurrency: 2, spawn: { core.spawn($0) }) { context in
            let reached = context.checkpoint(as: Int.self) ?? 0
            for step in (reached + 1)...(reached + 5) {
                try await context.saveCheckpoint(step)
                acknowledge("step \(context.id) \(step)")
            }
        }
        try await jobs.start()
        acknowledge("ready")
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<3 {
                group.addTask { await write(records: worker, database, jobs) }
                group.addTask {
                    await core.spawn { await write(objects: worker, store) }.value
                }
            }
            group.addTask { await core.spawn { await upload(store) }.value }
        }
        acknowledge("stopped")
    }

    private static func write(
        records worker: Int, _ database: Database, _ jobs: Jobs
    ) async {
        do {
            while true {
                let id = Identifier()
                let job = try await database.write { transaction in
                    try transaction.execute(
                        "insert into records (id, worker) values (\(id), \(worker))")
                    return try jobs.enqueue(kind: "steps", payload: id, in: transaction)
                }
                acknowledge("record \(id)")
                acknowledge("job \(job)")
            }
        } catch {
            acknowledge("failed record \(error)")
        }
    }

    /// Objects whose every byte is the same: half of one, or two mixed, would show.
    private static func write(objects worker: Int, _ store: DiskStore) async {
        do {
            var number = 0
            while true {
                number += 1
                let isShared = number % 3 == 0
                let name = isShared ? "shared/\(worker)" : "own/\(worker)/\(number % 50)/\(number)"
                guard let key = ObjectKey(name) else { return }
                let piece = Bytes([UInt8](repeating: UInt8(number % 251), count: 7_000))
                let writer = try await store.writer(key, expectedSize: 28_000)
                for _ in 0..<4 { try await writer.append(piece) }
                try await writer.publish()
                acknowledge(isShared ? "shared \(name)" : "object \(name) \(number % 251)")
            }
        } catch {
            acknowledge("failed object \(error)")
        }
    }

    private static func upload(_ store: DiskStore) async {
        do {
            guard let key = ObjectKey("uploads/1") else { return }
            let id = Identifier(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0001)
            let writer = try await store.resumableWriter(id, for: key)
            acknowledge("resumed \(writer.sizeBytes)")
            while true {
                try await writer.append(Bytes([UInt8](repeating: 9, count: 3_000)))
                try await writer.synchronize()
                acknowledge("offset \(writer.sizeBytes)")
            }
        } catch {
            acknowledge("failed upload \(error)")
        }
    }

    /// One write call a line, so that a line is there wholly or not at all.
    private static func acknowledge(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = Glibc.write(1, bytes, bytes.count)
    }
}
