internal import Base
internal import Glibc

extension Database {
    /// Copies the database, as it is at one moment, into a new file at `path`, while others go on
    /// reading and writing. The file appears whole and durable, or not at all.
    ///
    /// - Throws: ``DatabaseError/misuse(_:)`` when something is at `path` already.
    public func backup(to path: String) async throws {
        let source = self.path
        let worker: BlockingWorker
        do throws(Errno) {
            worker = try BlockingWorker()
        } catch {
            throw DatabaseError.inputOutput("no thread: \(error)")
        }
        try await worker.run { () throws(DatabaseError) in
            try Self.copy(source, to: path)
        }
    }

    private static func copy(_ source: String, to path: String) throws(DatabaseError) {
        guard !path.isEmpty, !path.utf8.contains(0), !source.isEmpty else {
            throw .misuse("not a path")
        }
        let partial = "\(path).\(Identifier())"
        defer { unsafe unlink(partial) }
        try Connection(path: source, mode: .readOnly).copy(to: partial)
        do throws(Errno) {
            try synchronize(partial, O_RDONLY)
            // Linked, not renamed: what is there already is never overwritten.
            try systemCall { unsafe link(partial, path) }
            let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
            try synchronize(folder, O_RDONLY | O_DIRECTORY)
        } catch .exists {
            throw .misuse("\(path) exists already")
        } catch .noSpace {
            throw .full
        } catch {
            throw .inputOutput("\(error)")
        }
    }

    private static func synchronize(_ path: String, _ flags: Int32) throws(Errno) {
        let file = Descriptor(
            owning: try systemCall { unsafe Glibc.open(path, flags | O_CLOEXEC) })
        try systemCall { fsync(file.number) }
    }
}
