import Base
import Database
import Glibc
import Ring
import Testing

@testable import ObjectStore

/// A file system of four mebibytes, where the tests may mount one.
private final class TinyDisk: Sendable {
    let path: String
    private let folder: TemporaryFolder

    static let isAvailable: Bool = (try? TinyDisk()) != nil

    init() throws {
        folder = try TemporaryFolder()
        let path = folder.file("disk")
        try systemCall { mkdir(path, 0o700) }
        try systemCall { mount("tmpfs", path, "tmpfs", 0, "size=4m") }
        self.path = path
    }

    /// Takes room that can be given back.
    func addBallast(_ count: Int) throws {
        let path = path + "/ballast"
        let file = Descriptor(
            owning: try systemCall { open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600) })
        let number = file.number
        guard posix_fallocate(number, 0, count) == 0 else { throw Errno.noSpace }
    }

    func removeBallast() { unlink(path + "/ballast") }

    deinit { umount2(path, Int32(MNT_DETACH)) }
}

@Suite("Stores on a full disk", .enabled(if: TinyDisk.isAvailable, "may not mount a small disk"))
struct FullDiskTests {
    @Test("a database that finds no room says so, keeps what it promised, and goes on with room")
    func database() async throws {
        let disk = try TinyDisk()
        try disk.addBallast(1 << 20)
        let table = Migration(
            number: 900, name: "blobs",
            sql: "create table blobs (id bigint primary key, body bytea not null)")
        let path = disk.path + "/full.db"
        let database = try Database.open(path: path, migrations: [table], readers: 1)
        let body = [UInt8](repeating: 7, count: 20_000)
        func insert(_ number: Int) async throws {
            try await database.write { transaction in
                try transaction.execute("insert into blobs (id, body) values (\(number), \(body))")
            }
        }
        func count() async throws -> Int {
            try await database.read { try $0.value("select count(*) from blobs") ?? 0 }
        }
        var promised = 0
        let error = await #expect(throws: DatabaseError.self) {
            for number in 0..<1_000 {
                try await insert(number)
                promised += 1
            }
        }
        #expect(error == .full)
        #expect(promised > 10)
        #expect(try await count() == promised)
        disk.removeBallast()
        try await insert(5_000)
        #expect(try await count() == promised + 1)
        database.close()
        let again = try Database.open(path: path, migrations: [table], readers: 1)
        let kept = try await again.read { reader in
            #expect(try reader.value("pragma integrity_check", as: String.self) == "ok")
            return try reader.value("select count(*) from blobs", as: Int.self)
        }
        #expect(kept == promised + 1)
    }

    @Test("an object that finds no room is refused, and what was published stays whole")
    func objects() async throws {
        let disk = try TinyDisk()
        let cores = try CoreGroup(count: 1, pinned: false)
        defer { cores.stop() }
        let root = disk.path + "/store"
        try await cores.cores[0].run {
            let store = try await DiskStore.open(root: root, minimumFreeBytes: 1 << 20)
            let kept = try #require(ObjectKey("kept"))
            let piece = Bytes([UInt8](repeating: 1, count: 100_000))
            try await store.put(kept, piece)
            // Announced at once: refused before a byte is written.
            let key = try #require(ObjectKey("big"))
            await #expect(throws: ObjectStoreError.noSpace) {
                try await store.writer(key, expectedSize: 3 << 20)
            }
            // Not announced: refused on the way, while the minimum is still free.
            let writer = try await store.writer(key)
            await #expect(throws: ObjectStoreError.noSpace) {
                for _ in 0..<100 { try await writer.append(piece) }
            }
            #expect(try store.freeBytes() >= 1 << 20)
            #expect(writer.sizeBytes > 1 << 20)
            writer.abort()
            // Somebody else fills the disk: the system's refusal has the same name.
            let bold = try await DiskStore.open(root: root, minimumFreeBytes: 0)
            let other = try await bold.writer(key, expectedSize: 3 << 20)
            try disk.addBallast(2 << 20)
            await #expect(throws: ObjectStoreError.noSpace) {
                for _ in 0..<31 { try await other.append(piece) }
            }
            other.abort()
            await #expect(throws: ObjectStoreError.notFound) { try await bold.open(key) }
            #expect(try await bold.read(kept) == piece)
            #expect(bold.reservedBytes == 0)
            disk.removeBallast()
            try await bold.put(key, piece)
            #expect(try await bold.read(key) == piece)
        }
    }
}
