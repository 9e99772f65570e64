public import Base
internal import Glibc
internal import Ring
internal import Synchronization

/// Objects as files below one folder.
///
///     objects/<key>     what is published, and nothing else
///     tmp/<id>          what is being written, or removed
///     partial/<id>      resumable uploads
///
/// All three are on one file system, so publishing is one rename after the contents are on disk.
/// Everything but the space guard waits on the ring: call it from a core.
public final class DiskStore: Sendable {
    let root: String
    let space: SpaceGuard
    let worker: BlockingWorker
    private let state = Mutex(State())

    private struct State {
        /// Folders whose entries up to the root are known to be on disk.
        var durable: Set<String> = []
        var writers = 0
        var resumable: Set<String> = []
    }

    /// The most writers that are open at once.
    public static let writersMax = 4_096
    private static let durableMax = 20_000

    /// Opens the store below `root`, which is made when it is missing.
    ///
    /// - Parameter minimumFreeBytes: Writers are refused before less than this is free.
    public static func open(
        root: String, minimumFreeBytes: UInt64
    ) async throws(ObjectStoreError) -> DiskStore {
        do throws(Errno) {
            for folder in ["objects", "tmp", "partial"] {
                try await FileSystem.makeDirectories(root + "/" + folder)
            }
            try await FileSystem.synchronizeDirectory(root)
            return DiskStore(
                root: root, space: SpaceGuard(path: root, minimumFree: minimumFreeBytes),
                worker: try BlockingWorker())
        } catch {
            throw ObjectStoreError(error)
        }
    }

    private init(root: String, space: SpaceGuard, worker: BlockingWorker) {
        self.root = root
        self.space = space
        self.worker = worker
    }

    func path(_ key: ObjectKey) -> String { "\(root)/objects/\(key)" }

    /// Bytes that can be used on the file system.
    public func freeBytes() throws(ObjectStoreError) -> UInt64 {
        do throws(Errno) { return try space.freeBytes() } catch { throw ObjectStoreError(error) }
    }

    /// Bytes that open writers have announced and not yet written.
    public var reservedBytes: UInt64 { space.reservedBytes }

    /// Opens an object for reading.
    public func open(_ key: ObjectKey) async throws(ObjectStoreError) -> StoredObject {
        do throws(Errno) {
            let file = try await File.open(path(key), .read)
            let statistics = try file.statistics()
            guard !statistics.isDirectory else { throw .notFound }
            return StoredObject(file: file, status: ObjectStatus(statistics))
        } catch .notDirectory {
            throw .notFound
        } catch {
            throw ObjectStoreError(error)
        }
    }

    /// Reads a whole small object; one larger than `limit` bytes is ``ObjectStoreError/noSpace``.
    public func read(
        _ key: ObjectKey, limit: Int = 16 << 20
    ) async throws(ObjectStoreError) -> Bytes {
        let object = try await open(key)
        guard object.sizeBytes <= UInt64(max(0, limit)) else { throw .noSpace }
        do throws(Errno) {
            return try await object.file.read(at: 0, count: Int(object.sizeBytes))
        } catch {
            throw ObjectStoreError(error)
        }
    }

    /// A read-only descriptor of an object, to be handed to a worker.
    public func descriptor(for key: ObjectKey) async throws(ObjectStoreError) -> Descriptor {
        let object = try await open(key)
        do throws(Errno) {
            let number = object.file.number
            return Descriptor(owning: try systemCall { fcntl(number, F_DUPFD_CLOEXEC, 0) })
        } catch {
            throw ObjectStoreError(error)
        }
    }

    /// Begins to write an object.
    ///
    /// - Parameter expectedSize: Room for so many bytes is kept free from now on.
    public func writer(
        _ key: ObjectKey, expectedSize: UInt64 = 0
    ) async throws(ObjectStoreError) -> ObjectWriter {
        try await writer(
            key, path: "\(root)/tmp/\(Identifier())", .createNew, expectedSize: expectedSize,
            isResumable: false)
    }

    /// Begins to write an object, or goes on with what an earlier writer of the same `upload`
    /// wrote, also after a restart. One writer of an upload is open at a time; another is
    /// ``ObjectStoreError/busy``.
    public func resumableWriter(
        _ upload: Identifier, for key: ObjectKey, expectedSize: UInt64 = 0
    ) async throws(ObjectStoreError) -> ObjectWriter {
        let path = "\(root)/partial/\(upload)"
        guard state.withLock({ $0.resumable.insert(path).inserted }) else { throw .busy }
        do throws(ObjectStoreError) {
            return try await writer(
                key, path: path, .readWrite, expectedSize: expectedSize, isResumable: true)
        } catch {
            state.withLock { _ = $0.resumable.remove(path) }
            throw error
        }
    }

    private func writer(
        _ key: ObjectKey, path: String, _ mode: File.Mode, expectedSize: UInt64,
        isResumable: Bool
    ) async throws(ObjectStoreError) -> ObjectWriter {
        let isRoom = state.withLock { state in
            guard state.writers < Self.writersMax else { return false }
            state.writers += 1
            return true
        }
        guard isRoom else { throw .busy }
        var announced: UInt64 = 0
        do throws(Errno) {
            let file = try await File.open(path, mode)
            let number = file.number
            // Held as long as the file is open: the sweep knows by it what is still written,
            // whichever process writes.
            try systemCall { flock(number, LOCK_EX | LOCK_NB) }
            let size = try file.statistics().sizeBytes
            if isResumable, size == 0 {
                // Before an offset of it is acknowledged, its entry must be on disk too.
                try await FileSystem.synchronizeDirectory(root + "/partial")
            }
            announced = expectedSize > size ? expectedSize - size : 0
            do throws(ObjectStoreError) {
                try space.reserve(announced)
            } catch {
                if !isResumable { unsafe unlink(path) }
                throw Errno.noSpace
            }
            return ObjectWriter(
                key: key, file: file, path: path, size: size, reservedEnd: size + announced,
                isResumable: isResumable, store: self)
        } catch {
            state.withLock { $0.writers -= 1 }
            throw error == .wouldBlock ? .busy : ObjectStoreError(error)
        }
    }

    /// Writes a whole small object; visible and durable when this returns.
    @discardableResult
    public func put(
        _ key: ObjectKey, _ bytes: Bytes
    ) async throws(ObjectStoreError) -> ObjectStatus {
        let writer = try await writer(key, expectedSize: UInt64(bytes.count))
        do throws(ObjectStoreError) {
            try await writer.append(bytes)
            return try await writer.publish()
        } catch {
            writer.abort()
            throw error
        }
    }

    /// Removes an object; durable when this returns. Returns whether there was one.
    @discardableResult
    public func delete(_ key: ObjectKey) async throws(ObjectStoreError) -> Bool {
        do throws(Errno) {
            try await FileSystem.remove(path(key))
            try await FileSystem.synchronizeDirectory(folder(of: key))
            return true
        } catch .notFound {
            return false
        } catch .notDirectory {
            return false
        } catch .isDirectory {
            return false
        } catch {
            throw ObjectStoreError(error)
        }
    }

    private func folder(of key: ObjectKey) -> String {
        key.parent.map { "\(root)/objects/\($0)" } ?? "\(root)/objects"
    }

    /// A writer ended.
    func closed(_ path: String, isResumable: Bool) {
        state.withLock { state in
            state.writers -= 1
            if isResumable { state.resumable.remove(path) }
        }
    }

    /// Gives the file at `path` the name `key` and waits until that is on disk.
    func rename(_ path: String, to key: ObjectKey) async throws(ObjectStoreError) {
        let folder = folder(of: key)
        do throws(Errno) {
            try await move(path, to: key, in: folder)
            do throws(Errno) {
                try await FileSystem.synchronizeDirectory(folder)
            } catch .notFound {
                // The folder was removed right after: the object was there, and is gone again.
                forgetDurable(below: folder)
            }
        } catch {
            throw ObjectStoreError(error)
        }
    }

    private func move(
        _ path: String, to key: ObjectKey, in folder: String
    ) async throws(Errno) {
        var attempts = 0
        while true {
            do throws(Errno) {
                try await makeDurable(folder)
                try await FileSystem.rename(path, to: self.path(key))
                return
            } catch {
                // A removal of the folder came between: it is made again.
                attempts += 1
                guard error == .notFound, attempts < 16 else { throw error }
                forgetDurable(below: folder)
            }
        }
    }

    /// Makes a folder and those above it, with their entries on disk.
    private func makeDurable(_ folder: String) async throws(Errno) {
        if state.withLock({ $0.durable.contains(folder) }) { return }
        let top = "\(root)/objects"
        guard folder.utf8.count > top.utf8.count, let slash = folder.lastIndex(of: "/") else {
            return
        }
        let parent = String(folder[..<slash])
        try await makeDurable(parent)
        try await FileSystem.makeDirectory(folder)
        try await FileSystem.synchronizeDirectory(parent)
        state.withLock { state in
            if state.durable.count >= Self.durableMax { state.durable = [] }
            state.durable.insert(folder)
        }
    }

    func forgetDurable(below folder: String) {
        state.withLock { state in
            state.durable = state.durable.filter { known in
                known != folder && !known.hasPrefix(folder + "/") && !folder.hasPrefix(known + "/")
            }
        }
    }
}
