import Base
import Database
import Glibc
import Jobs
import Ring
import Testing

@testable import ObjectStore

/// The program that writes until it is killed.
private final class FaultWriter {
    private let process: pid_t
    private let output: Descriptor

    static let path: String? = {
        // The products lie beside the bundle of the tests, which the process was started with.
        for argument in CommandLine.arguments + [executable] {
            guard let slash = argument.lastIndex(of: "/") else { continue }
            let path = argument[...slash] + "store-fault-writer"
            if access(String(path), X_OK) == 0 { return String(path) }
        }
        return nil
    }()

    private static var executable: String {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = buffer.withUnsafeMutableBytes { memory in
            memory.baseAddress.map { readlink("/proc/self/exe", $0, memory.count) } ?? 0
        }
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }

    init(folder: String) throws {
        var pipe: [Int32] = [0, 0]
        try systemCall { Glibc.pipe(&pipe) }
        for end in pipe { try systemCall { fcntl(end, F_SETFD, FD_CLOEXEC) } }
        output = Descriptor(owning: pipe[0])
        let input = Descriptor(owning: pipe[1])
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input.number, 1)
        let path = try #require(Self.path)
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup(path), strdup(folder), nil]
        defer { for argument in arguments { free(argument) } }
        var process = pid_t()
        let status = posix_spawn(&process, path, &actions, nil, &arguments, environ)
        guard status == 0 else { throw Errno(status) }
        self.process = process
    }

    /// Reads whole lines until `count` were seen, then kills the program in whatever it does, and
    /// returns all lines it had printed by then.
    func kill(afterLines count: Int) throws -> [String] {
        var text: [UInt8] = []
        var lines = 0
        var isKilled = false
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let got = try systemCall { read(output.number, &buffer, buffer.count) }
            if got == 0 { break }
            text += buffer.prefix(got)
            lines += buffer.prefix(got).count { $0 == 0x0A }
            if lines >= count, !isKilled {
                Glibc.kill(process, SIGKILL)
                isKilled = true
            }
        }
        var status: Int32 = 0
        try systemCall { waitpid(process, &status, 0) }
        #expect(status & 0x7F == SIGKILL, "it ended by itself: \(status)")
        return String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}

/// All that a run of kills was told is kept.
private struct Acknowledged {
    var records: Set<String> = []
    var jobs: Set<String> = []
    var steps: [String: Int] = [:]
    var objects: [String: UInt8] = [:]
    var shared: Set<String> = []
    var offset: UInt64 = 0

    mutating func take(_ line: String) {
        let words = line.split(separator: " ").map(String.init)
        switch (words.first, words.count) {
        case ("record", 2): records.insert(words[1])
        case ("job", 2): jobs.insert(words[1])
        case ("step", 3): steps[words[1]] = max(steps[words[1]] ?? 0, Int(words[2]) ?? 0)
        case ("object", 3): objects[words[1]] = UInt8(words[2])
        case ("shared", 2): shared.insert(words[1])
        case ("offset", 2): offset = UInt64(words[1]) ?? 0
        case ("resumed", 2):
            #expect(UInt64(words[1]) ?? 0 >= offset, "an acknowledged offset went back")
        case ("failed", _): Issue.record("\(line)")
        default: break
        }
    }
}

@Suite("Stores under kill -9", .enabled(if: FaultWriter.path != nil)) struct StoreFaultTests {
    @Test(
        "whatever moment it dies, nothing acknowledged is lost and nothing half is seen",
        arguments: [UInt64(11), 12, 13, 14, 15])
    func killed(seed: UInt64) async throws {
        let folder = try TemporaryFolder()
        var generator = SplitMix(seed)
        var told = Acknowledged()
        // Eleven deaths for each of five seeds.
        for _ in 0..<11 {
            let writer = try FaultWriter(folder: folder.path)
            let lines = Int.random(in: 1..<400, using: &generator)
            for line in try writer.kill(afterLines: lines) { told.take(line) }
        }
        try await checkDatabase(folder, told)
        try await checkObjects(folder, told)
        #expect(!told.records.isEmpty && !told.objects.isEmpty && told.offset > 0)
        #expect(told.steps.count > 10 && told.shared.count == 3)
    }

    private func checkDatabase(_ folder: TemporaryFolder, _ told: Acknowledged) async throws {
        let records = Migration(
            number: 900, name: "records",
            sql: "create table records (id text primary key, worker bigint not null)")
        let database = try Database.open(
            path: folder.file("faults.db"), migrations: Jobs.migrations + [records], readers: 1)
        try await database.read { reader in
            #expect(try reader.value("pragma integrity_check", as: String.self) == "ok")
            let kept = try reader.query("select id from records") { row in
                try row.get(0, as: String.self)
            }
            #expect(told.records.subtracting(kept).isEmpty)
            let jobs = try reader.query("select id, checkpoint from jobs") { row in
                (try row.get(0, as: String.self), try row.get(1, as: String?.self))
            }
            // A record and its job were one transaction: there are as many of each.
            #expect(jobs.count == kept.count)
            #expect(told.jobs.subtracting(jobs.map(\.0)).isEmpty)
            let reached = Dictionary(uniqueKeysWithValues: jobs)
            for (id, step) in told.steps {
                let kept = reached[id].flatMap { $0 }.flatMap { Int($0) } ?? 0
                #expect(kept >= step, "a checkpoint went back")
            }
        }
    }

    private func checkObjects(_ folder: TemporaryFolder, _ told: Acknowledged) async throws {
        let cores = try CoreGroup(count: 1, pinned: false)
        defer { cores.stop() }
        try await cores.cores[0].run {
            let store = try await DiskStore.open(root: folder.file("store"), minimumFreeBytes: 0)
            for (name, value) in told.objects {
                let key = try #require(ObjectKey(name))
                let bytes = try await store.read(key).array
                #expect(bytes.count == 28_000 && bytes.allSatisfy { $0 == value }, "\(name)")
            }
            for name in told.shared {
                #expect(try await store.open(#require(ObjectKey(name))).sizeBytes == 28_000)
            }
            // Also what was never acknowledged is whole when it is seen.
            var cursor: ObjectKey?
            while true {
                let page = try await store.list(after: cursor, limit: 1_000)
                for object in page {
                    let bytes = try await store.read(object.key).array
                    #expect(bytes.count == 28_000 && Set(bytes).count == 1, "\(object.key)")
                }
                guard let last = page.last else { break }
                cursor = last.key
            }
            let sweep = try await store.sweepOrphans(
                olderThan: .seconds(-60), isKnownUpload: { _ in true }, isKnown: { _ in true })
            #expect(sweep.objects == 0 && sweep.partial == 0)
            #expect(try FolderWalk.entries(folder.file("store/tmp")).isEmpty)
        }
    }
}
