public import Base
internal import Ring

extension DiskStore {
    /// The objects below `prefix`, or all, in the order of their keys.
    ///
    /// - Parameters:
    ///   - cursor: Only what comes after this key: the last one of the page before.
    ///   - limit: 1...1000.
    public func list(
        _ prefix: ObjectKey? = nil, after cursor: ObjectKey? = nil, limit: Int = 1000
    ) async throws(ObjectStoreError) -> [ListedObject] {
        let objects = root + "/objects"
        let limit = min(max(limit, 1), 1000)
        return try await blocking { () throws(Errno) in
            try FolderWalk.list(
                objects: objects, prefix: prefix?.description ?? "", after: cursor?.description,
                limit: limit)
        }
    }

    /// Removes everything below `prefix`, and the object of that key. It is gone at once for
    /// everybody; the disk is freed when this returns.
    public func deleteAll(_ prefix: ObjectKey) async throws(ObjectStoreError) {
        if try await delete(prefix) { return }
        let (folder, trash) = (path(prefix), "\(root)/tmp/\(Identifier())")
        do throws(Errno) {
            try await FileSystem.rename(folder, to: trash)
            forgetDurable(below: folder)
            let parent = prefix.parent.map { "\(root)/objects/\($0)" } ?? "\(root)/objects"
            try await FileSystem.synchronizeDirectory(parent)
        } catch .notFound {
            return
        } catch .notDirectory {
            return
        } catch {
            throw ObjectStoreError(error)
        }
        try await blocking { () throws(Errno) in try FolderWalk.removeTree(trash) }
    }

    /// What a sweep removed.
    public struct Sweep: Equatable, Sendable {
        /// Files that nobody writes any more.
        public var temporary = 0
        /// Resumable uploads that nobody knows.
        public var partial = 0
        /// Published objects that nobody knows.
        public var objects = 0
    }

    /// Removes what a crash left behind: files that are not being written, and objects and
    /// uploads that nobody knows. Nothing younger than `age` is touched, so that an object may be
    /// published before its row is committed.
    public func sweepOrphans(
        olderThan age: Duration, isKnownUpload: @Sendable (Identifier) async throws -> Bool,
        isKnown: @Sendable (ObjectKey) async throws -> Bool
    ) async throws -> Sweep {
        var sweep = Sweep()
        let limit = Timestamp.now + (.zero - age)
        let (temporary, partial) = (root + "/tmp", root + "/partial")
        for entry in try await blocking({ () throws(Errno) in
            try FolderWalk.entries(temporary)
        }) where entry.modified < limit {
            let path = temporary + "/" + entry.name
            let isRemoved = try await blocking { () throws(Errno) in
                guard entry.isFolder else { return try FolderWalk.removeUnlocked(path) }
                try FolderWalk.removeTree(path)
                return true
            }
            if isRemoved { sweep.temporary += 1 }
        }
        for entry in try await blocking({ () throws(Errno) in
            try FolderWalk.entries(partial)
        }) where entry.modified < limit {
            if let id = Identifier(entry.name), try await isKnownUpload(id) { continue }
            let path = partial + "/" + entry.name
            let isRemoved = try await blocking { () throws(Errno) in
                try FolderWalk.removeUnlocked(path)
            }
            if isRemoved { sweep.partial += 1 }
        }
        var cursor: ObjectKey?
        while true {
            let page = try await list(after: cursor, limit: 500)
            for object in page where object.modified < limit {
                if try await isKnown(object.key) { continue }
                if try await delete(object.key) { sweep.objects += 1 }
            }
            guard let last = page.last else { return sweep }
            cursor = last.key
        }
    }

    private func blocking<T: Sendable>(
        _ body: @escaping @Sendable () throws(Errno) -> T
    ) async throws(ObjectStoreError) -> T {
        do {
            return try await worker.run(body)
        } catch {
            throw (error as? Errno).map(ObjectStoreError.init) ?? .busy
        }
    }
}
