import Base
import Database
import Glibc
import Testing

@Suite("Migrations and backups") struct MigrationTests {
    let folder: TemporaryFolder
    var path: String { folder.file("m.db") }

    init() throws { folder = try TemporaryFolder() }

    static let first = Migration(number: 1, name: "one", sql: "create table a (x bigint not null)")
    static let second = Migration(
        number: 2, name: "two", sql: "create table b (x bigint); insert into a values (7)")

    private func open(_ migrations: [Migration]) throws -> Database {
        try Database.open(path: path, migrations: migrations, readers: 1)
    }

    @Test("new steps are applied once, in the order of their numbers")
    func forward() async throws {
        try open([Self.first]).close()
        for _ in 0..<2 {
            let database = try open([Self.second, Self.first])
            let rows = try await database.read {
                try $0.value("select count(*) from a", as: Int.self)
            }
            #expect(rows == 1)
            database.close()
        }
    }

    @Test("a newer database refuses an older release, by name")
    func newer() throws {
        try open([Self.first, Self.second]).close()
        let error = #expect(throws: DatabaseError.self) { try open([Self.first]) }
        #expect(error == .newer(number: 2, name: "two"))
        #expect("\(DatabaseError.newer(number: 2, name: "two"))".contains("newer release"))
    }

    @Test("a step that was changed after it was applied is refused")
    func changed() throws {
        try open([Self.first]).close()
        let altered = Migration(number: 1, name: "one", sql: "create table a (y bigint)")
        let renamed = Migration(number: 1, name: "uno", sql: Self.first.sql)
        for migration in [altered, renamed] {
            let error = #expect(throws: DatabaseError.self) { try open([migration]) }
            guard case .migration(1, _) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
        let twice = #expect(throws: DatabaseError.self) { try open([Self.first, altered]) }
        guard case .migration(1, _) = twice else {
            Issue.record("\(String(describing: twice))")
            return
        }
    }

    @Test(
        "a step that fails leaves the file as it was",
        arguments: ["create table c (x bigint); nonsense", "create table c (x bigint); commit"])
    func failing(sql: String) async throws {
        try open([Self.first]).close()
        let bad = Migration(number: 3, name: "bad", sql: sql)
        let error = #expect(throws: DatabaseError.self) {
            try open([Self.first, Self.second, bad])
        }
        guard case .migration(3, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        if !sql.hasSuffix("commit") {
            let database = try open([Self.first])
            let rows = try await database.read {
                try $0.value("select count(*) from a", as: Int.self)
            }
            #expect(rows == 0)
        }
    }

    @Test("what is no database is refused, not overwritten")
    func foreign() throws {
        let descriptor = Descriptor(
            owning: try systemCall { Glibc.open(path, O_CREAT | O_WRONLY, 0o600) })
        let text = [UInt8](repeating: 0x41, count: 8_192)
        #expect(Glibc.write(descriptor.number, text, text.count) == text.count)
        let error = #expect(throws: DatabaseError.self) { try open([Self.first]) }
        guard case .corrupt = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        for path in ["", "/nowhere/at/all.db", "a\u{0}b", folder.path] {
            #expect(throws: DatabaseError.self) {
                try Database.open(path: path, migrations: [], readers: 1)
            }
        }
        #expect(throws: DatabaseError.self) {
            try Database.open(path: folder.file("x"), migrations: [], readers: 0)
        }
    }

    @Test("a backup is one moment of a database that is being written")
    func backup() async throws {
        let database = try open([Self.first])
        let copyPath = folder.file("copy.db")
        let writer = Task {
            var number = 0
            while !Task.isCancelled {
                let value = number
                // Always in pairs: a copy that is one moment holds an even number of rows.
                try await database.write { transaction in
                    for _ in 0..<2 { try transaction.execute("insert into a values (\(value))") }
                }
                number += 1
            }
        }
        while database.counts.writes < 20 { await Task.yield() }
        let before = database.counts.writes
        try await database.backup(to: copyPath)
        writer.cancel()
        _ = await writer.result
        let copy = try Database.open(path: copyPath, migrations: [Self.first], readers: 1)
        let rows = try await copy.read { try $0.value("select count(*) from a", as: Int.self) ?? 0 }
        #expect(rows >= before * 2)
        #expect(rows % 2 == 0)
        #expect(
            try await copy.read { try $0.value("pragma integrity_check", as: String.self) } == "ok")
        await #expect(throws: DatabaseError.misuse("\(copyPath) exists already")) {
            try await database.backup(to: copyPath)
        }
        await #expect(throws: DatabaseError.self) {
            try await database.backup(to: folder.file("nowhere/copy.db"))
        }
    }
}
