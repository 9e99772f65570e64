import Base
import Glibc
import HTTP
import HTTPWire
import Ring
import Testing

@testable import ObjectStore

@Suite("Object keys and signed URLs") struct ObjectKeyTests {
    @Test(
        "what is no key",
        arguments: [
            "", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/../b", "a/./b", "a b",
            "a\u{0}b",
            "a\\b", "é", "a%2fb", "~", "a:b", "a\n", "*", String(repeating: "a", count: 201),
            String(repeating: "a/", count: 16) + "a",
            (0..<3).map { _ in String(repeating: "a", count: 180) }.joined(separator: "/"),
        ])
    func refused(text: String) {
        #expect(ObjectKey(text) == nil)
    }

    @Test(
        "what is a key", arguments: ["a", "A/b-c_d.0", "...", ".hidden", "a/..b", "a..b/c..", "-"])
    func taken(text: String) throws {
        let key = try #require(ObjectKey(text))
        #expect(key.description == text)
        #expect(try #require(key.appending("x")).description == text + "/x")
        #expect(key.appending("../x") == nil)
    }

    @Test("no text whatever leads out of the store", arguments: [UInt64(1), 2, 3, 4])
    func random(seed: UInt64) {
        var generator = SplitMix(seed)
        let alphabet = Array("ab./._-%\\ \u{0}~".unicodeScalars)
        for _ in 0..<20_000 {
            var text = ""
            for _ in 0..<Int.random(in: 0..<12, using: &generator) {
                text.unicodeScalars.append(
                    alphabet[Int.random(in: 0..<alphabet.count, using: &generator)])
            }
            guard let key = ObjectKey(text) else { continue }
            let segments = key.description.split(separator: "/", omittingEmptySubsequences: false)
            #expect(
                segments.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }, "\(seed): \(text)")
            #expect(key.description.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "\(seed): \(text)")
        }
    }

    @Test("a signed URL says what it allows, and nothing of it can be altered")
    func signed() throws {
        let signer = URLSigner(keys: [URLSigner.Key(id: "k", secret: Array("secret".utf8))])
        let key = try #require(ObjectKey("uploads/1"))
        let url = SignedObjectURL(.put, key, sizeMax: 100, contentType: "video/mp4; a=\"b&c\"")
        let now = Timestamp(seconds: 1_000)
        let text = url.issue(base: "/objects", expires: Timestamp(seconds: 2_000), signer: signer)
        let parts = text.split(separator: "?", maxSplits: 1)
        let path = String(parts[0])
        func verify(
            _ method: HTTPWire.Method, _ path: String, _ query: String, now: Timestamp
        ) throws -> SignedObjectURL {
            try SignedObjectURL.verify(
                base: "/objects", method: method, path: path,
                query: try #require(Query(parsing: query)), signer: signer, now: now)
        }
        let query = String(parts[1])
        #expect(try verify(.put, path, query, now: now) == url)
        #expect(throws: URLSigner.Failure.altered) { try verify(.get, path, query, now: now) }
        #expect(throws: URLSigner.Failure.malformed) { try verify(.post, path, query, now: now) }
        #expect(throws: URLSigner.Failure.altered) {
            try verify(.put, "/objects/uploads/2", query, now: now)
        }
        #expect(throws: URLSigner.Failure.malformed) {
            try verify(.put, "/objects/uploads/../1", query, now: now)
        }
        #expect(throws: URLSigner.Failure.expired) {
            try verify(.put, path, query, now: Timestamp(seconds: 2_000))
        }
        let altered = query.replacing("max=100", with: "max=999")
        #expect(throws: URLSigner.Failure.altered) { try verify(.put, path, altered, now: now) }
        let dropped = query.replacing("&max=100", with: "")
        #expect(throws: URLSigner.Failure.altered) { try verify(.put, path, dropped, now: now) }
        let retyped = query.replacing("&type=", with: "&type=x")
        #expect(throws: URLSigner.Failure.altered) { try verify(.put, path, retyped, now: now) }
    }
}

/// A small generator with a seed (Steele, Lea, Flood 2014).
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

@Suite("Object store", .timeLimit(.minutes(1))) struct ObjectStoreTests {
    let folder: TemporaryFolder
    let cores: CoreGroup

    init() throws {
        folder = try TemporaryFolder()
        cores = try CoreGroup(count: 1, pinned: false)
    }

    /// Runs `body` on a core with a store.
    private func withStore(
        minimumFree: UInt64 = 0, _ body: @escaping @Sendable (DiskStore) async throws -> Void
    ) async throws {
        let root = folder.path
        defer { cores.stop() }
        try await cores.cores[0].run {
            let store = try await DiskStore.open(root: root, minimumFreeBytes: minimumFree)
            try await body(store)
            #expect(store.reservedBytes == 0)
        }
    }

    private static func key(_ text: String) throws -> ObjectKey { try #require(ObjectKey(text)) }

    @Test("what is put is read, replaced as a whole and deleted")
    func round() async throws {
        try await withStore { store in
            let key = try Self.key("videos/1/master.m3u8")
            let first = try await store.put(key, Bytes("one"))
            #expect(first.sizeBytes == 3)
            let old = try await store.open(key)
            #expect(old.status == first)
            let second = try await store.put(key, Bytes("two!"))
            #expect(second.etag != first.etag)
            #expect(try await store.read(key) == Bytes("two!"))
            #expect(try await old.file.read(at: 0, count: 10) == Bytes("one"))
            #expect(try await store.delete(key))
            #expect(try await !store.delete(key))
            await #expect(throws: ObjectStoreError.notFound) { try await store.open(key) }
            await #expect(throws: ObjectStoreError.notFound) {
                try await store.open(Self.key("videos/1"))
            }
            await #expect(throws: ObjectStoreError.notFound) {
                try await store.open(Self.key("videos/1/master.m3u8/x"))
            }
        }
    }

    @Test("nothing is seen before it is published, and nothing is left of what is not")
    func invisible() async throws {
        let tmp = folder.file("tmp")
        try await withStore { store in
            let key = try Self.key("a/b")
            let writer = try await store.writer(key, expectedSize: 6)
            try await writer.append(Bytes("abc"))
            #expect(store.reservedBytes == 3)
            await #expect(throws: ObjectStoreError.notFound) { try await store.open(key) }
            #expect(try await store.list().isEmpty)
            try await writer.append(Bytes("def"))
            try await writer.publish()
            #expect(try await store.read(key) == Bytes("abcdef"))
            await #expect(throws: ObjectStoreError.ended) { try await writer.publish() }
            await #expect(throws: ObjectStoreError.ended) { try await writer.append(Bytes("x")) }

            let aborted = try await store.writer(try Self.key("a/c"), expectedSize: 1 << 20)
            try await aborted.append(Bytes("x"))
            aborted.abort()
            _ = try await store.writer(try Self.key("a/d"))
            #expect(try FolderWalk.entries(tmp).isEmpty)
            #expect(try await store.list().map(\.key.description) == ["a/b"])
        }
    }

    @Test("an upload goes on where it was, also in another process")
    func resumable() async throws {
        try await withStore { store in
            let (id, key) = (Identifier(), try Self.key("uploads/1"))
            do {
                let writer = try await store.resumableWriter(id, for: key, expectedSize: 8)
                try await writer.append(Bytes("1234"))
                try await writer.synchronize()
                await #expect(throws: ObjectStoreError.busy) {
                    try await store.resumableWriter(id, for: key)
                }
            }
            let again = try await DiskStore.open(root: store.root, minimumFreeBytes: 0)
            let writer = try await again.resumableWriter(id, for: key, expectedSize: 8)
            #expect(writer.sizeBytes == 4)
            #expect(again.reservedBytes == 4)
            await #expect(throws: ObjectStoreError.busy) {
                try await store.resumableWriter(id, for: key)
            }
            try await writer.append(Bytes("5678"))
            try await writer.publish()
            #expect(try await store.read(key) == Bytes("12345678"))
        }
    }

    @Test("the disk is never filled beyond the minimum, counting what is announced")
    func space() async throws {
        try await withStore { store in
            let free = try store.freeBytes()
            let most = free / 2
            let greedy = try await DiskStore.open(root: store.root, minimumFreeBytes: free - most)
            let writer = try await greedy.writer(try Self.key("a"), expectedSize: most / 2)
            await #expect(throws: ObjectStoreError.noSpace) {
                try await greedy.writer(Self.key("b"), expectedSize: most * 3 / 4)
            }
            await #expect(throws: ObjectStoreError.noSpace) {
                try await greedy.writer(Self.key("b"), expectedSize: .max)
            }
            #expect(throws: ObjectStoreError.noSpace) { try writer.reserve(upTo: most * 2) }
            writer.abort()
            #expect(greedy.reservedBytes == 0)
            let full = try await DiskStore.open(root: store.root, minimumFreeBytes: .max)
            await #expect(throws: ObjectStoreError.noSpace) {
                try await full.put(Self.key("b"), Bytes("x"))
            }
            #expect(try await full.list().isEmpty)
        }
    }

    @Test("lists come in the order of keys, in pages that neither skip nor repeat")
    func listing() async throws {
        try await withStore { store in
            let names = [
                "a", "a-b", "a.b/x", "ab/1", "ab/2/z", "ab/2-", "ab/20", "b/c/d/e", "b/c/d0", "c",
            ]
            for name in names.shuffled() { try await store.put(try Self.key(name), Bytes(name)) }
            let sorted = try names.map(Self.key).sorted()
            #expect(try await store.list().map(\.key) == sorted)
            for limit in 1...4 {
                var (seen, cursor) = ([ObjectKey](), ObjectKey?.none)
                while true {
                    let page = try await store.list(after: cursor, limit: limit)
                    #expect(page.count <= limit)
                    guard let last = page.last else { break }
                    seen += page.map(\.key)
                    cursor = last.key
                }
                #expect(seen == sorted)
            }
            let below = try await store.list(try Self.key("ab")).map(\.key.description)
            #expect(below == ["ab/1", "ab/2-", "ab/2/z", "ab/20"])
            #expect(try await store.list(try Self.key("zzz")).isEmpty)

            try await store.deleteAll(try Self.key("ab"))
            try await store.deleteAll(try Self.key("c"))
            try await store.deleteAll(try Self.key("none/at/all"))
            let left = try await store.list().map(\.key.description)
            #expect(left == ["a", "a-b", "a.b/x", "b/c/d/e", "b/c/d0"])
            try await store.put(try Self.key("ab/1"), Bytes("again"))
            #expect(try await store.read(try Self.key("ab/1")) == Bytes("again"))
        }
    }

    @Test("an object and a folder of one name exclude each other, with a clear error")
    func blocked() async throws {
        try await withStore { store in
            try await store.put(try Self.key("a/b"), Bytes("x"))
            await #expect(throws: ObjectStoreError.blocked) {
                try await store.put(Self.key("a"), Bytes("x"))
            }
            await #expect(throws: ObjectStoreError.blocked) {
                try await store.put(Self.key("a/b/c"), Bytes("x"))
            }
            #expect(try await store.list().map(\.key.description) == ["a/b"])
        }
    }

    @Test("a sweep removes what nobody knows or writes, and nothing else")
    func sweep() async throws {
        let folder = folder
        try await withStore { store in
            for name in ["known/1", "orphan/1"] {
                try await store.put(try Self.key(name), Bytes("x"))
            }
            let writer = try await store.writer(try Self.key("known/2"))
            try await writer.append(Bytes("y"))
            let (kept, lost) = (Identifier(), Identifier())
            for id in [kept, lost] {
                let writer = try await store.resumableWriter(id, for: try Self.key("known/3"))
                try await writer.append(Bytes("z"))
            }
            let debris = try await File.open(folder.file("tmp/debris"), .createNew)
            _ = debris.number
            let young = try await store.sweepOrphans(
                olderThan: .seconds(3_600), isKnownUpload: { _ in false }, isKnown: { _ in false })
            #expect(young == DiskStore.Sweep())
            let sweep = try await store.sweepOrphans(
                olderThan: .seconds(-60), isKnownUpload: { $0 == kept },
                isKnown: { $0.description.hasPrefix("known/") })
            #expect(sweep == DiskStore.Sweep(temporary: 1, partial: 1, objects: 1))
            try await writer.publish()
            #expect(
                try await store.list().map(\.key.description) == ["known/1", "known/2"])
            let resumed = try await store.resumableWriter(kept, for: try Self.key("known/3"))
            #expect(resumed.sizeBytes == 1)
            resumed.abort()
        }
    }

    @Test("writers of one key at once leave one whole object")
    func concurrent() async throws {
        try await withStore { store in
            let key = try Self.key("deep/down/same")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<32 {
                    group.addTask {
                        let piece = Bytes([UInt8](repeating: UInt8(number), count: 10_000))
                        let writer = try await store.writer(key, expectedSize: 30_000)
                        for _ in 0..<3 { try await writer.append(piece) }
                        try await writer.publish()
                        if number % 8 == 0 {
                            try await store.deleteAll(try Self.key("deep"))
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await store.put(key, Bytes([UInt8](repeating: 7, count: 30_000)))
            let found = try await store.read(key).array
            #expect(found.count == 30_000)
            #expect(Set(found).count == 1)
        }
    }

    @Test("a worker's descriptor reads and cannot write")
    func descriptor() async throws {
        try await withStore { store in
            let key = try Self.key("a")
            try await store.put(key, Bytes("abc"))
            let descriptor = try await store.descriptor(for: key)
            var buffer = [UInt8](repeating: 0, count: 8)
            #expect(pread(descriptor.number, &buffer, 8, 0) == 3)
            #expect(Glibc.write(descriptor.number, buffer, 1) == -1)
        }
    }
}
