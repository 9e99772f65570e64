import Base
import Database
import Testing

@Suite("Database") struct DatabaseTests {
    let folder: TemporaryFolder
    let database: Database

    static let notes = Migration(
        number: 900, name: "notes",
        sql: """
            create table notes (id text primary key, title text not null, size bigint,
                score double precision, body bytea, constraint short check (length(title) < 50));
            create unique index notes_title on notes (title);
            create table replies (
                id bigint primary key,
                note text not null references notes (id) deferrable initially deferred);
            """)

    struct Note: Equatable {
        let id: Identifier
        let title: String
        let size: Timestamp?
        let score: Double?
        let body: [UInt8]?
    }

    init() throws {
        folder = try TemporaryFolder()
        database = try Database.open(
            path: folder.file("test.db"), migrations: [Self.notes], readers: 2)
    }

    private func insert(_ title: String) async throws {
        try await database.write { transaction in
            try transaction.execute(
                "insert into notes (id, title) values (\(Identifier()), \(title))")
        }
    }

    private func titles() async throws -> [String] {
        try await database.read { reader in
            try reader.query("select title from notes order by title") { row in try row["title"] }
        }
    }

    @Test("every kind of value comes back as it went in")
    func values() async throws {
        let id = Identifier()
        let moment = Timestamp.now
        try await database.write { transaction in
            try transaction.execute(
                """
                insert into notes (id, title, size, score, body)
                values (\(id), \("é\u{0}ø🎬"), \(moment), \(0.5), \([0, 255] as [UInt8]))
                """)
        }
        try await database.read { reader in
            let found = try reader.first("select * from notes where id = \(id)") { row in
                Note(
                    id: try row["id"], title: try row["title"], size: try row[2],
                    score: try row["score"], body: try row["body"])
            }
            #expect(
                found
                    == Note(
                        id: id, title: "é\u{0}ø🎬", size: moment, score: 0.5, body: [0, 255]))
            #expect(try reader.value("select \(nil as String?)", as: String?.self) == .some(nil))
            #expect(try reader.value("select \(true)", as: Bool.self) == true)
            #expect(try reader.value("select \(Int64.min)", as: Int64.self) == .min)
        }
    }

    @Test("reading another kind, a null or a missing column throws")
    func strictReading() async throws {
        try await insert("one")
        for body: @Sendable (borrowing Row) throws -> Void in [
            { row in _ = try row.get("title", as: Int.self) },
            { row in _ = try row.get("size", as: Int.self) },
            { row in _ = try row.get("nothing", as: Int.self) },
            { row in _ = try row.get(99, as: String.self) },
            { row in _ = try row.get(-1, as: String.self) },
            { row in _ = try row.get("title", as: Identifier.self) },
        ] {
            let error = await #expect(throws: DatabaseError.self) {
                try await database.read { try $0.forEach("select * from notes", body) }
            }
            guard case .mismatch = error else {
                Issue.record("not a mismatch: \(String(describing: error))")
                continue
            }
        }
    }

    @Test(
        "text from outside is a value, whatever it holds",
        arguments: [
            "'; drop table notes; --", "\" or 1=1", "$1", "?1", "\\(sql: x)", ":name", "@x", "%s",
            "') union select sql from sqlite_master --", "\u{0}'", "a'b''c",
        ])
    func injection(text: String) async throws {
        try await insert(text)
        let found = try await database.read { reader in
            try reader.query("select title from notes where title = \(text)") { row in
                try row.get(0, as: String.self)
            }
        }
        #expect(found == [text])
        #expect(try await titles() == [text])
    }

    @Test("statements nest, and their values are numbered anew")
    func nesting() async throws {
        for title in ["a", "b", "c", "d"] { try await insert(title) }
        let filter: SQL = "title in \(list: ["b", "c", "d"]) and title <> \("c")"
        let whole: SQL = "select title from notes where length(title) = \(1) and (\(sql: filter))"
        #expect(
            whole.text
                == "select title from notes where length(title) = $1 and "
                + "(title in ($2, $3, $4) and title <> $5)")
        let found = try await database.read { reader in
            try reader.query(whole + " order by title") { row in try row.get(0, as: String.self) }
        }
        #expect(found == ["b", "d"])
        let none = try await database.read { reader in
            try reader.value(
                "select count(*) from notes where title in \(list: [] as [String])", as: Int.self)
        }
        #expect(none == 0)
    }

    @Test("a body that throws rolls back itself alone, in whatever company")
    func ownSavepoint() async throws {
        struct Refused: Error {}
        await withTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                group.addTask {
                    do {
                        try await self.database.write { transaction in
                            try transaction.execute(
                                """
                                insert into notes (id, title)
                                values (\(Identifier()), \("n\(number)"))
                                """)
                            if number % 3 == 0 { throw Refused() }
                        }
                        return true
                    } catch {
                        #expect(error is Refused)
                        return false
                    }
                }
            }
        }
        let kept = try await titles()
        #expect(Set(kept) == Set((0..<200).filter { $0 % 3 != 0 }.map { "n\($0)" }))
        let commits = database.counts.commits
        #expect(commits < 200, "writes were not grouped")
    }

    @Test("rules of the schema are told apart")
    func constraints() async throws {
        try await insert("same")
        let unique = await #expect(throws: DatabaseError.self) { try await insert("same") }
        #expect(unique == .constraint(.unique(columns: ["notes.title"])))
        let long = String(repeating: "x", count: 60)
        let check = await #expect(throws: DatabaseError.self) { try await insert(long) }
        #expect(check == .constraint(.check("short")))
        let null = await #expect(throws: DatabaseError.self) {
            try await database.write { transaction in
                try transaction.execute("insert into notes (id) values (\("x"))")
            }
        }
        #expect(null == .constraint(.notNull(column: "notes.title")))
        let reference = await #expect(throws: DatabaseError.self) {
            try await database.write { transaction in
                try transaction.execute("insert into replies (id, note) values (1, \("none"))")
            }
        }
        #expect(reference == .constraint(.foreignKey))
        #expect(try await titles() == ["same"])
    }

    @Test("a read cannot write, and one statement is one statement")
    func misuse() async throws {
        for statement: SQL in [
            "delete from notes", "select 1; select 2", "selec 1", "", "select $1",
            "select \"text\"",
        ] {
            let error = await #expect(throws: DatabaseError.self) {
                try await database.read { try $0.forEach(statement) { _ in } }
            }
            guard case .misuse = error else {
                Issue.record("\(statement.text): \(String(describing: error))")
                continue
            }
        }
    }

    @Test("a write sees its own changes; returning works; the same text nests")
    func withinOneTransaction() async throws {
        let found = try await database.write { transaction in
            let first = try transaction.first(
                """
                insert into notes (id, title) values (\("1"), \("a")), (\("2"), \("b"))
                on conflict (id) do update set title = excluded.title returning id
                """
            ) { row in try row.get(0, as: String.self) }
            #expect(first == "1")
            let query: SQL = "select title from notes order by title"
            return try transaction.query(query) { row in
                let inner = try transaction.query(query) { row in try row.get(0, as: String.self) }
                return try row.get(0, as: String.self) + inner.joined()
            }
        }
        #expect(found == ["aab", "bab"])
    }

    @Test("a transaction kept after its end answers closed")
    func keptTooLong() async throws {
        nonisolated(unsafe) var kept: Transaction?
        try await database.write { kept = $0 }
        let transaction = try #require(kept)
        #expect(throws: DatabaseError.closed) { try transaction.execute("delete from notes") }
    }

    @Test("a closed database says so, after finishing what it took")
    func closing() async throws {
        try await insert("kept")
        database.close()
        database.close()
        await #expect(throws: DatabaseError.closed) { try await insert("late") }
        let again = try Database.open(path: folder.file("test.db"), migrations: [Self.notes])
        let count = try await again.read {
            try $0.value("select count(*) from notes", as: Int.self)
        }
        #expect(count == 1)
    }
}
